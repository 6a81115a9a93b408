//! Makes a newsletter that runs at once: its first `courant run` sends a welcome to the embedded mailbox.
//!
//! What a person answered stands in its files; what nobody did is a placeholder, which is named so that it is changed
//! before the newsletter goes to readers.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::files::cause;
use super::newsletter::{parse_base_url, parse_mailbox};
use super::subscribers;
use crate::model::Diagnostic;

/// The postal address that stands in a new newsletter.
pub(super) const STARTER_ADDRESS: &str = "Street 1, 1234 AB Town";

/// The reader who stands in a new newsletter.
pub(super) const STARTER_READER: &str = "reader@example.org";

/// The first post of a new newsletter.
pub(super) const STARTER_WELCOME: &str = include_str!("starter/welcome.md");

/// Every file of a new newsletter, in the order in which a person would read them.
const FILES: [(&str, &str); 6] = [
    (super::FILE, include_str!("starter/courant.toml")),
    (subscribers::FILE, include_str!("starter/subscribers.toml")),
    ("schedules/weekly.toml", include_str!("starter/weekly.toml")),
    (WELCOME, STARTER_WELCOME),
    ("templates/README.md", include_str!("starter/templates.md")),
    (".gitignore", include_str!("starter/gitignore")),
];

/// The first post.
const WELCOME: &str = "posts/welcome.md";

/// The column of the remarks in the starter's `courant.toml`.
const REMARK: usize = 41;

/// What a person is asked for a new newsletter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Its name.
    Name,
    /// Its address on the web.
    Site,
    /// Who sends it.
    Sender,
    /// The zone of its times.
    Zone,
    /// Its postal address.
    Address,
}

impl Question {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 5] = [
        Self::Name,
        Self::Site,
        Self::Sender,
        Self::Zone,
        Self::Address,
    ];

    /// The question in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Name => "Name of the newsletter",
            Self::Site => "Its address on the web, where readers also leave",
            Self::Sender => "E-mail address that sends it",
            Self::Zone => "Time zone, such as Europe/Amsterdam",
            Self::Address => "Postal address, which the law wants in each mail",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Site => "url",
            Self::Sender => "from",
            Self::Zone => "timezone",
            Self::Address => "address",
        }
    }

    /// What stands in the starter.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Name => "My newsletter",
            Self::Site => "http://127.0.0.1:8080",
            Self::Sender => "news@example.org",
            Self::Zone => "UTC",
            Self::Address => STARTER_ADDRESS,
        }
    }

    /// Judges an answer.
    ///
    /// # Errors
    /// Why it will not do, in a clause.
    pub fn check(self, answer: &str) -> Result<(), String> {
        if answer.chars().any(char::is_control) {
            return Err("it has a control character".to_owned());
        }
        match self {
            Self::Name | Self::Address => Ok(()),
            Self::Site => parse_base_url(answer).map(drop).map_err(str::to_owned),
            Self::Sender => parse_mailbox(answer)
                .map(drop)
                .map_err(|error| error.to_string()),
            Self::Zone => TimeZone::get(answer)
                .map(drop)
                .map_err(|_| format!("there is no time zone `{answer}`")),
        }
    }
}

/// An answer to a question.
pub type Answer = (Question, String);

/// What was made.
#[derive(Debug, Serialize)]
pub struct Made {
    /// The files.
    pub files: Vec<PathBuf>,
    /// What must be changed in them before it goes to readers.
    pub placeholders: Vec<Placeholder>,
}

/// What stands in a file until somebody knows better.
#[derive(Debug, Serialize)]
pub struct Placeholder {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: usize,
    /// What it is.
    pub what: &'static str,
}

/// Whether a new newsletter can be written into a folder.
///
/// # Errors
/// If any of its files is there already.
pub fn init_possible(folder: &Path) -> Result<(), Box<Diagnostic>> {
    for (name, _) in FILES {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok() {
            let fault = Diagnostic::error(format!("`{}` is there already", path.display()));
            let hint = "nothing was written; name a new folder: `courant init my-newsletter`";
            return Err(Box::new(fault.hint(hint)));
        }
    }
    Ok(())
}

/// Writes a new newsletter into a folder, which is made if need be.
///
/// # Errors
/// If any of the files is there already, in which case nothing is written; or if one cannot be written.
pub fn init(folder: &Path, answers: &[Answer]) -> Result<Made, Box<Diagnostic>> {
    init_possible(folder)?;
    let mut made = Made {
        files: Vec::new(),
        placeholders: Vec::new(),
    };
    for (name, starter) in FILES {
        let path = folder.join(name);
        let text = match name {
            super::FILE => answered(starter, answers),
            _ => starter.to_owned(),
        };
        // The list holds addresses.
        let mode = if name == subscribers::FILE {
            0o600
        } else {
            0o666
        };
        write_new(&path, &text, mode)?;
        made.placeholders.extend(placeholders(name, &path, &text));
        made.files.push(path);
    }
    Ok(made)
}

/// The starter's `courant.toml` with what was answered in its lines.
fn answered(starter: &str, answers: &[Answer]) -> String {
    let name = answers
        .iter()
        .find(|(question, _)| *question == Question::Name);
    let name = name.map_or(Question::Name.placeholder(), |(_, name)| name);
    let mut text = String::new();
    for line in starter.lines() {
        let answer = answers
            .iter()
            .find(|(question, _)| is_line(line, *question));
        match answer {
            Some((Question::Sender, address)) if !address.contains('<') => {
                put(&mut text, line, &format!("{name} <{address}>"));
            }
            Some((_, answer)) => put(&mut text, line, answer),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// Whether a line of the starter is the one of a question: the first of its key, which stands in `[newsletter]`.
fn is_line(line: &str, question: Question) -> bool {
    let value = line.strip_prefix(question.key());
    value.is_some_and(|rest| rest.starts_with(" = ") && line.contains(question.placeholder()))
}

/// The line with another value, and its remark where it was.
fn put(text: &mut String, line: &str, value: &str) {
    let key = line.split(" = ").next().unwrap_or_default();
    let set = format!("{key} = {}", toml_edit::Value::from(value));
    match line.split_once("  # ") {
        Some((_, remark)) => text.push_str(&format!("{set:<width$}# {remark}", width = REMARK)),
        None => text.push_str(&set),
    }
}

/// What of a new file is nobody's answer.
fn placeholders(name: &str, path: &Path, text: &str) -> Vec<Placeholder> {
    let wanted: Vec<(&str, &str, &'static str)> = match name {
        super::FILE => vec![
            ("name = ", "\"My newsletter\"", "the name"),
            (
                "url = ",
                "//127.0.0.1:8080\"",
                "the address on the web: it is this machine's own",
            ),
            ("from = ", "<news@example.org>", "the sender"),
            (
                "address = ",
                "\"Street 1, 1234 AB Town\"",
                "the postal address",
            ),
            (
                "relay = ",
                "\"mailbox\"",
                "the relay: no mail leaves this machine",
            ),
        ],
        subscribers::FILE => vec![("email = ", STARTER_READER, "a reader who does not exist")],
        WELCOME => vec![(
            "title: ",
            "Welcome",
            "the first post: write one of your own, and delete this",
        )],
        _ => vec![],
    };
    let mut found: Vec<Placeholder> = Vec::new();
    for (begin, part, what) in wanted {
        let is_it = |line: &str| line.starts_with(begin) && line.contains(part);
        let at = text.lines().position(is_it);
        found.extend(at.map(|at| Placeholder {
            file: path.to_owned(),
            line: at + 1,
            what,
        }));
    }
    found
}

/// Writes a file that is not there yet, and the folders above it; the umask may take more from `mode`.
pub(super) fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Box<Diagnostic>> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| options.open(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let message = format!("cannot write `{}`: {}", path.display(), cause(&error));
        Box::new(Diagnostic::error(message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment, Flags};

    #[test]
    fn answers_stand_in_the_file_whatever_is_in_them_and_the_rest_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let answers = [
            (Question::Name, "Jan's \"krant\" \\ #1".to_owned()),
            (Question::Site, "https://nieuws.proef.nl/".to_owned()),
            (Question::Sender, "redactie@proef.nl".to_owned()),
            (Question::Zone, "Europe/Amsterdam".to_owned()),
            (Question::Address, "Straat 1, 1234 AB Plaats".to_owned()),
        ];
        for (question, answer) in &answers {
            question.check(answer).unwrap();
        }
        let made = init(folder.path(), &answers).unwrap();
        let loaded = Config::load(folder.path(), &Environment::default(), &Flags::default());
        let newsletter = loaded.unwrap().config.newsletter;
        assert_eq!(newsletter.name, answers[0].1);
        assert_eq!(newsletter.url, "https://nieuws.proef.nl");
        assert_eq!(newsletter.from.to_string(), "redactie@proef.nl");
        assert_eq!(newsletter.address, answers[4].1);
        let zone = newsletter.timezone;
        assert_eq!(zone.iana_name(), Some("Europe/Amsterdam"));
        let left: Vec<&str> = made.placeholders.iter().map(|one| one.what).collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }

    #[test]
    fn what_nobody_answered_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let made = init(folder.path(), &[]).unwrap();
        assert_eq!(made.placeholders.len(), 7, "{:#?}", made.placeholders);
        for one in &made.placeholders {
            let text = fs::read_to_string(&one.file).unwrap();
            assert!(!text.lines().nth(one.line - 1).unwrap().starts_with('#'));
        }
    }

    #[test]
    fn an_answer_that_will_not_do_is_refused() {
        for (question, answer) in [
            (Question::Name, "a\nb"),
            (Question::Site, "nieuws.proef.nl"),
            (Question::Sender, "redactie"),
            (Question::Zone, "Amsterdam-Oost"),
        ] {
            assert!(question.check(answer).is_err(), "{answer:?}");
        }
    }
}
