//! Behaviour of `config`: what is read from where, and what every fault looks like.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod domains;
mod faults;
mod init;
mod relays;
mod secrets;
mod subscribers;

use std::fs;
use std::path::Path;

use courant::config::{
    Config, Environment, Flags, Loaded, OnUnknown, StoreUrl, Subscribers, init, subscribers,
};
use courant::model::{
    Cadence, CatchUp, Diagnostic, FirstRun, Format, Network, Relay, Severity, SourceKind,
};
use jiff::SignedDuration;
use jiff::civil::date;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

const NEWSLETTER: &str = r##"[newsletter]
name = "De Courant"
url = "https://nieuws.example.nl/"
from = "De Courant <courant@example.nl>"
address = "Straat 1, 1234 AB Plaats"
"##;

const WEEKLY: &str = "cron = \"0 8 * * MON\"\n";

/// A newsletter's folder that vanishes with the test.
struct Folder(TempDir);

impl Folder {
    /// A sound newsletter with one schedule, and `more` below its `[newsletter]`.
    fn with(more: &str) -> Self {
        Self::of(&[("courant.toml", &format!("{NEWSLETTER}{more}"))])
    }

    /// These files, and a weekly schedule unless one is given.
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        if !files.iter().any(|(name, _)| name.starts_with("schedules/")) {
            folder.write("schedules/weekly.toml", WEEKLY);
        }
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn load(&self) -> Result<Loaded, Vec<Diagnostic>> {
        self.load_with(&[], &Flags::default())
    }

    fn load_with(
        &self,
        variables: &[(&str, &str)],
        flags: &Flags,
    ) -> Result<Loaded, Vec<Diagnostic>> {
        Config::load(self.path(), &environment(variables), flags)
    }

    fn config(&self) -> Config {
        self.load()
            .unwrap_or_else(|faults| panic!("{}", self.show(&faults)))
            .config
    }

    /// The faults of a configuration that is refused.
    fn faults(&self) -> String {
        self.show(&self.load().unwrap_err())
    }

    /// The warnings of a configuration that is accepted.
    fn warnings(&self) -> String {
        self.show(&self.load().unwrap().warnings)
    }

    fn subscribers(&self, text: &str) -> Result<Subscribers, Box<Diagnostic>> {
        self.write("subscribers.toml", text);
        subscribers(&self.config())
    }

    /// As a person sees them, with names below the folder.
    fn show(&self, diagnostics: &[Diagnostic]) -> String {
        let shown: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        shown
            .join("\n\n")
            .replace(&format!("{}/", self.path().display()), "")
    }
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn as_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn what_is_left_out_has_a_default() {
    let folder = Folder::with("");
    let config = folder.config();
    assert_eq!(config.newsletter.url, "https://nieuws.example.nl");
    assert_eq!(config.newsletter.from_name.as_deref(), Some("De Courant"));
    assert_eq!(config.newsletter.from.to_string(), "courant@example.nl");
    assert_eq!(config.newsletter.language.as_str(), "en");
    assert_eq!(config.newsletter.accent, "#a3271d");
    assert_eq!(config.delivery.relays[0].relay, Relay::Mailbox);
    assert_eq!(config.delivery.relays[0].rate, None);
    assert_eq!(config.delivery.relays[0].connections, 4);
    assert_eq!(config.delivery.on_unknown, OnUnknown::Resend);
    assert_eq!(config.delivery.expire, SignedDuration::from_hours(96));
    assert!(
        matches!(&config.store, StoreUrl::Sqlite(path) if *path == folder.path().join("state/courant.db"))
    );
    assert_eq!(config.secret_file, folder.path().join("state/secret"));
    assert_eq!(config.serve.listen.to_string(), "127.0.0.1:8080");
    assert!(config.gather.allow.is_empty());
    let weekly = &config.schedules[0];
    assert_eq!(weekly.name.as_str(), "weekly");
    assert_eq!(weekly.timezone.iana_name(), Some("UTC"));
    assert_eq!(
        (weekly.min_posts, weekly.max_posts, weekly.default),
        (1, 20, true)
    );
    assert_eq!(
        (weekly.catch_up, weekly.first_run),
        (CatchUp::Latest, FirstRun::Baseline)
    );
    assert_eq!(weekly.max_lateness, SignedDuration::from_hours(12));
    assert_eq!(weekly.topics, None);
}

#[test]
fn every_setting_is_read() {
    let folder = Folder::of(&[
        (
            "courant.toml",
            r##"[newsletter]
name = "De Courant"
tagline = "Eerlijk verkopen"
language = "nl"
url = "https://example.nl/nieuws/"
from = '"Jansen, de krant" <courant@example.nl>'
reply_to = "redactie@example.nl"
address = "Straat 1, 1234 AB Plaats"
accent = "#00AAff"
timezone = "Europe/Amsterdam"
call_to_action = { text = "Lees verder", label = "Lees", url = "https://example.nl/lees" }

[[source]]
name = "blog"
url = "https://blog.example.nl/feed.xml"
topics = ["verkoop"]
language = "nl"

[[source]]
name = "eigen"
folder = "berichten"
[source.call_to_action]
text = "Bel ons"

[delivery]
relay = "smtp://jan%40example.nl@mail.example.nl"
password_file = "geheim"
rate = "100/min"
connections = 8
on_unknown = "hold"
expire = "2 days"
hello = "nieuws.example.nl"
tls_root = "ca.pem"

[store]
url = "sqlite:data/courant.db"
state = "data"
secret_file = "sleutel"

[gather]
user_agent = "courant-proef"
allow = ["10.1.0.0/16", "::1"]
timeout = "30s"

[serve]
listen = "[::1]:9000"
"##,
        ),
        ("berichten/een.md", "Een."),
        ("ca.pem", "-----BEGIN CERTIFICATE-----\n"),
        ("geheim", "s3 cret \n"),
        (
            "schedules/daily.toml",
            "every = \"2h\"\ntimezone = \"Europe/Berlin\"\ntopics = [\"verkoop\"]\nmin_posts = 2\nmax_posts = 5\ncatch_up = \"skip\"\nmax_lateness = \"1h\"\nfirst_run = \"send\"\ndefault = true\nintro = \"\"\"\nHallo.\n\nTot zo.\"\"\"\nsubject = \"Nieuws\"\n",
        ),
        ("templates/digest.html.hbs", "<p>"),
        ("templates/words/nl.ftl", "hello = Hallo"),
        ("templates/README.md", "left out"),
        ("templates/.hidden", "left out"),
    ]);
    let config = folder.config();
    let masthead = config.newsletter.masthead(Some(&config.schedules[0]));
    insta::assert_snapshot!("masthead", as_json(&masthead));
    assert_eq!(config.sources[0].topics[0].as_str(), "verkoop");
    assert!(
        matches!(&config.sources[0].kind, SourceKind::Url(url) if url.as_str() == "https://blog.example.nl/feed.xml")
    );
    assert_eq!(
        config.sources[1].kind,
        SourceKind::Folder(folder.path().join("berichten"))
    );
    assert_eq!(
        config.sources[1].call_to_action.as_ref().unwrap().text,
        "Bel ons"
    );
    let delivery = &config.delivery;
    let [relay] = &delivery.relays[..] else {
        panic!("{delivery:?}");
    };
    assert_eq!(relay.password.as_ref().unwrap().expose_secret(), "s3 cret ");
    assert_eq!(relay.rate, Some((100, SignedDuration::from_mins(1))));
    assert_eq!(
        (relay.connections, delivery.on_unknown),
        (8, OnUnknown::Hold)
    );
    assert_eq!(delivery.expire, SignedDuration::from_hours(48));
    assert_eq!(relay.hello.as_deref(), Some("nieuws.example.nl"));
    assert!(
        relay
            .tls_root
            .as_ref()
            .unwrap()
            .starts_with(b"-----BEGIN CERTIFICATE")
    );
    assert!(
        matches!(&config.store, StoreUrl::Sqlite(path) if *path == folder.path().join("data/courant.db"))
    );
    assert_eq!(config.secret_file, folder.path().join("sleutel"));
    assert_eq!(config.gather.user_agent.as_deref(), Some("courant-proef"));
    let allowed: Vec<String> = config
        .gather
        .allow
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(allowed, ["10.1.0.0/16", "::1/128"]);
    assert_eq!(config.gather.timeout, SignedDuration::from_secs(30));
    assert_eq!(config.serve.listen.to_string(), "[::1]:9000");
    let daily = &config.schedules[0];
    assert_eq!(daily.cadence, Cadence::Every(SignedDuration::from_hours(2)));
    assert_eq!((daily.min_posts, daily.max_posts), (2, 5));
    assert_eq!(
        (daily.catch_up, daily.first_run),
        (CatchUp::Skip, FirstRun::Send)
    );
    assert_eq!(daily.intro, Some("Hallo.\n\nTot zo.".into()));
    assert_eq!(daily.subject, Some("Nieuws".into()));
    let names: Vec<&str> = config
        .template_overrides
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names, ["digest.html.hbs", "words/nl.ftl"]);
}

#[test]
fn words_may_differ_by_language() {
    let folder = Folder::with("");
    folder.write(
        "courant.toml",
        r#"[newsletter]
name = "De Courant"
language = "nl"
url = "https://example.nl"
from = "courant@example.nl"
address = "Straat 1, Plaats"
tagline = { nl = "Elke week", en = "Every week" }

[newsletter.call_to_action]
text.nl = "Doe mee"
text.en = "Join us"
label.en = "Join"
url = "https://example.nl/mee"
"#,
    );
    folder.write(
        "schedules/weekly.toml",
        "cron = \"@weekly\"\nsubject = { en = \"News\" }\n[intro]\nnl = \"Hallo.\"\nen_GB = \"Hello.\"\n",
    );
    let config = folder.config();
    let masthead = config.newsletter.masthead(Some(&config.schedules[0]));
    insta::assert_snapshot!("masthead_in_two_languages", as_json(&masthead));
    let subject = config.schedules[0].subject.as_ref().unwrap();
    assert_eq!(
        subject.nearest(&masthead.language, &masthead.language),
        "News"
    );
}

#[test]
fn flags_beat_the_environment_and_that_beats_the_file() {
    let folder =
        Folder::with("[delivery]\nrate = \"1/min\"\nconnections = 1\nhello = \"a.example\"\n");
    let variables = [
        ("COURANT_DELIVERY__CONNECTIONS", "2"),
        ("COURANT_DELIVERY__HELLO", "b.example"),
        ("COURANT_NEWSLETTER__CALL_TO_ACTION__TEXT", "Doe mee"),
        ("COURANT_GATHER__ALLOW", "[\"127.0.0.0/8\"]"),
        ("COURANT_NEWSLETTER__NAME", "2026"),
        ("COURANT_SERVE__LISTEN", ""),
        ("COURANT_CONFIG", "no setting"),
        (
            "DATABASE_URL",
            "postgres://jan:geheim@db.example.nl/courant",
        ),
    ];
    let flags = Flags::default().set("--hello", "delivery.hello", "c.example");
    let config = folder.load_with(&variables, &flags).unwrap().config;
    assert_eq!(
        config.delivery.relays[0].rate,
        Some((1, SignedDuration::from_mins(1)))
    );
    assert_eq!(config.delivery.relays[0].connections, 2);
    assert_eq!(
        config.delivery.relays[0].hello.as_deref(),
        Some("c.example")
    );
    assert_eq!(config.newsletter.name, "2026");
    assert_eq!(
        config.newsletter.call_to_action.unwrap().text,
        "Doe mee".into()
    );
    assert_eq!(
        config.gather.allow,
        [Network::parse("127.0.0.0/8").unwrap()]
    );
    assert_eq!(config.serve.listen.to_string(), "127.0.0.1:8080");
    assert!(!format!("{:?}", config.store).contains("geheim"));
    match config.store {
        StoreUrl::Postgres(url) => assert!(url.expose_secret().contains("geheim@db")),
        StoreUrl::Sqlite(path) => panic!("{}", path.display()),
    }

    let ours = [variables[7], ("COURANT_STORE__URL", "sqlite:mine.db")];
    let config = folder.load_with(&ours, &Flags::default()).unwrap().config;
    assert!(matches!(config.store, StoreUrl::Sqlite(path) if path.ends_with("mine.db")));
}

#[test]
fn brackets_and_quotes_in_the_environment_are_toml_where_they_can_be() {
    let folder = Folder::with("");
    let source = r#"[{ name = "blog", url = "https://blog.example.nl/", topics = ["verkoop"] }]"#;
    // `source` has no section, so its variable needs the separator at its end.
    let faults = folder
        .load_with(&[("COURANT_SOURCE__X", source)], &Flags::default())
        .unwrap_err();
    assert_eq!(
        faults[0].message,
        "`source` must be a list of tables, not a table"
    );

    let quoted = [("COURANT_NEWSLETTER__NAME", "\"De \\\"Courant\\\"\"")];
    let config = folder.load_with(&quoted, &Flags::default()).unwrap().config;
    assert_eq!(config.newsletter.name, "De \"Courant\"");

    let bracketed = [("COURANT_SERVE__LISTEN", "[::1]:9000")];
    let config = folder.load_with(&bracketed, &Flags::default());
    let listen = config.unwrap().config.serve.listen;
    assert_eq!(listen.to_string(), "[::1]:9000");
}

#[test]
fn the_file_or_its_folder_may_be_named() {
    let folder = Folder::with("");
    let by_file = Config::load(
        &folder.path().join("courant.toml"),
        &environment(&[]),
        &Flags::default(),
    );
    assert_eq!(by_file.unwrap().config.root, folder.config().root);
}

#[test]
fn the_system_is_asked_for_its_variables() {
    // Cargo sets this one for every test that it runs.
    let system = Environment::from_system();
    assert_eq!(system.get("CARGO_PKG_NAME"), Some("courant"));
}
