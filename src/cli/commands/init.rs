//! `courant init`: a newsletter's directory that runs at once. Asks on a terminal what it can hardly guess.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use super::summary::show_commands;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, shown};
use crate::cli::session::{Session, program_on};
use crate::config::{self, Answer, Placeholder, Question};

/// Writes the directory, which is where `--config` points unless it is named, and says what to type next.
pub fn init(session: &Session, directory: Option<PathBuf>) -> Result<Exit, Failure> {
    let directory = directory.as_ref().unwrap_or(&session.global.config);
    let folder = match directory.file_name() {
        _ if directory == Path::new(".") => Path::new(""),
        Some(name) if name == "courant.toml" => directory.parent().unwrap_or(directory),
        _ => directory,
    };
    let cannot = |fault| Failure {
        exit: Exit::CannotWrite,
        faults: vec![fault],
    };
    config::init_possible(folder).map_err(|fault| cannot(*fault))?;
    let answers = match may_ask(session) {
        true => ask()?,
        false => vec![],
    };
    let made = config::init(folder, &answers).map_err(|fault| cannot(*fault))?;
    session.printer.either(&made, |printer| {
        for path in &made.files {
            printer.line(format!("wrote {}", shown(path)));
        }
        show_placeholders(printer, &made.placeholders);
        let program = program_on(directory);
        let next = [
            (format!("{program} check"), "is everything in order?"),
            (format!("{program} run"), "make and send the first issue"),
        ];
        printer.line("");
        show_commands(
            printer,
            &next.map(|(command, what)| (command, what.to_owned())),
        );
    });
    Ok(Exit::Done)
}

/// Whether somebody is there to answer.
fn may_ask(session: &Session) -> bool {
    let global = &session.global;
    let is_there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    is_there && !(global.yes || global.quiet || global.json)
}

/// Asks until each answer will do; an empty one leaves what stands in brackets.
fn ask() -> Result<Vec<Answer>, Failure> {
    say(
        "An empty answer keeps what stands in brackets; all of it can be changed later, in courant.toml.\n",
    );
    let mut answers = Vec::new();
    for question in Question::ALL {
        let kept = match question {
            Question::Zone => own_zone(),
            other => other.placeholder().to_owned(),
        };
        loop {
            say(&format!("{} [{kept}]: ", question.words()));
            let typed = line()?;
            let answer = match typed.trim() {
                "" => &kept,
                typed => typed,
            };
            match question.check(answer) {
                Ok(()) => {
                    answers.push((question, answer.to_owned()));
                    break;
                }
                Err(why) => say(&format!("That will not do: {why}.\n")),
            }
        }
    }
    Ok(answers)
}

/// The zone of this machine.
fn own_zone() -> String {
    let system = jiff::tz::TimeZone::system();
    let name = system
        .iana_name()
        .filter(|name| Question::Zone.check(name).is_ok());
    name.unwrap_or(Question::Zone.placeholder()).to_owned()
}

fn say(text: &str) {
    let mut terminal = anstream::stderr();
    let _ = write!(terminal, "{text}");
    let _ = terminal.flush();
}

fn line() -> Result<String, Failure> {
    let mut typed = String::new();
    match std::io::stdin().read_line(&mut typed) {
        Ok(read) if read > 0 => Ok(typed),
        _ => Err(Failure::new(
            Exit::Usage,
            "the questions were not answered, and nothing was written",
        )
        .hint("`courant init --yes` asks none")),
    }
}

fn show_placeholders(printer: &Printer, placeholders: &[Placeholder]) {
    printer.line("");
    printer.line("What must change before it goes to readers:");
    let places: Vec<String> = placeholders
        .iter()
        .map(|one| format!("{}:{}", shown(&one.file), one.line))
        .collect();
    let width = places.iter().map(|place| place.chars().count()).max();
    let width = width.unwrap_or(0);
    for (place, one) in places.iter().zip(placeholders) {
        printer.line(format!("  {place:<width$}  {}", one.what));
    }
}
