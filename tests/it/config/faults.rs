//! What every fault looks like.

use super::*;

#[test]
fn a_fault_in_the_environment_is_shown_as_one_in_a_file() {
    let folder = Folder::with("");
    let variables = [
        ("COURANT_DELIVERY__RELAI", "mailbox"),
        ("COURANT_DELIVERY__RATE", "100 per minute"),
        ("COURANT_DELIVERY__CONNECTIONS", "many"),
        ("COURANT_DELIVRY__HELLO", "a.example"),
        ("COURANT_NEWSLETTER__NAME", "\"unclosed"),
        ("COURANT_NEWSLETTER__PASWORD", "geheim"),
        ("DATABASE_URL", "mysql://jan:geheim@db.example.nl/courant"),
    ];
    let flags = Flags::default().set("--listen", "serve.listen", "8080");
    let shown = folder.show(&folder.load_with(&variables, &flags).unwrap_err());
    insta::assert_snapshot!("environment_faults", shown);
    assert!(!shown.contains("geheim"));
}

#[test]
fn all_faults_of_all_files_are_found_at_once() {
    let folder = Folder::of(&[
        (
            "courant.toml",
            r##"[newsletter]
naam = "De Courant"
language = "Nederlands!"
url = "nieuws.example.nl"
from = "De Courant courant@example.nl"
reply_to = "redactie"
address = 12
accent = "red"
timezone = "Amsterdam"
call_to_action = { text = "", button = "Lees" }

[[source]]
name = "Blog"
url = "ftp://blog.example.nl/"
topics = ["Verkoop", 3]

[[source]]
name = "eigen"
folder = "berichten"
topic = ["verkoop"]

[[source]]
name = "eigen"

[[source]]
name = "beide"
url = "https://blog.example.nl/"
folder = "posts"

[delivery]
relay = "mail.example.nl"
rate = "fast"
connections = 0
on_unknown = "holt"
expire = "4 months"
hello = "my machine"
tls_root = "ca.pem"

[store]
url = "mysql://jan:geheim@db.example.nl/courant"

[gather]
allow = ["intranet"]
timeout = 30

[feeds]
items = "post"
hub = "hub.example"
hubs = []

[serve]
listen = "8080"

[deliver]
relay = "mailbox"
"##,
        ),
        (
            "schedules/weekly.toml",
            "cron = \"0 8 * * MOO\"\nmin_posts = 9\nmax_posts = 5\ncatch_up = \"lates\"\nfirst_run = \"always\"\n",
        ),
        (
            "schedules/Daily.toml",
            "cron = \"@dayly\"\nevery = \"2h\"\n",
        ),
        (
            "schedules/often.toml",
            "every = \"90s\"\ntopics = []\nmax_lateness = \"soon\"\n",
        ),
        (
            "schedules/never.toml",
            "cron = \"0 8 31 2 *\"\ntopics = [\"*\", \"verkoop\"]\ndefault = 1\n",
        ),
        (
            "schedules/none.toml",
            "timezone = \"Europe/Amsterdm\"\nintro = \"\"\n",
        ),
        ("schedules/broken.toml", "cron = \"0 8 * * MON\n"),
    ]);
    folder.write("templates/digest.html.hbs", b"<p>ok</p>\n\xff\xfe");
    let shown = folder.faults();
    insta::assert_snapshot!("all_faults", shown);
    assert!(!shown.contains("geheim"));
}

#[test]
fn what_is_missing_is_named() {
    let folder = Folder::of(&[("courant.toml", "")]);
    insta::assert_snapshot!("missing_settings", folder.faults());

    let empty = tempfile::tempdir().unwrap();
    let faults = Config::load(empty.path(), &environment(&[]), &Flags::default()).unwrap_err();
    let shown = faults[0]
        .to_string()
        .replace(&format!("{}/", empty.path().display()), "")
        .replace(&empty.path().display().to_string(), "/…");
    insta::assert_snapshot!("missing_file", shown);
}

#[test]
fn a_file_that_is_not_toml_is_pointed_at() {
    let folder = Folder::of(&[("courant.toml", "[newsletter]\nname = De Courant\n")]);
    let unclosed = Folder::of(&[("courant.toml", "[newsletter]\nname = \"De Courant\n")]);
    let twice = Folder::of(&[("courant.toml", "[newsletter]\nname = \"a\"\nname = \"b\"\n")]);
    let latin = Folder::with("");
    latin.write("courant.toml", b"[newsletter]\nname = \"Caf\xe9\"\n");
    let shown = [&folder, &unclosed, &twice, &latin].map(Folder::faults);
    insta::assert_snapshot!("not_toml", shown.join("\n\n"));
}

#[test]
fn a_topic_that_no_source_names_is_a_warning() {
    let source = "[[source]]\nname = \"blog\"\nurl = \"https://blog.example.nl/\"\ntopics = [\"sales\", \"verkoop\"]\n";
    let folder = Folder::with(source);
    folder.write(
        "schedules/weekly.toml",
        "cron = \"0 8 * * MON\"\ntopics = [\"nieuws\", \"verkop\", \"sales\"]\n",
    );
    insta::assert_snapshot!("unknown_topics", folder.warnings());
    let topics = folder.config().schedules[0].topics.clone().unwrap();
    assert_eq!(topics.len(), 3);
}

#[test]
fn a_newsletter_without_a_default_schedule_is_warned_of() {
    let folder = Folder::with("");
    folder.write("schedules/daily.toml", "cron = \"@daily\"\n");
    let none = Folder::with("");
    fs::remove_dir_all(none.path().join("schedules")).unwrap();
    let shown = [folder.warnings(), none.warnings()].join("\n\n");
    insta::assert_snapshot!("schedule_warnings", shown);
}

#[test]
fn less_common_faults_are_shown_too() {
    let folder = Folder::of(&[
        (
            "courant.toml",
            r##"gather = 3

[newsletter]
name = " "
tagline = "one\ntwo"
url = "https://jan:geheim@example.nl/"
from = "Bad\tName <courant@example.nl>"
address = "Straat 1"
call_to_action = { text = "Lees", url = "javascript:alert(1)" }

[[source]]
url = "https://blog.example.nl/"
language = 7

[source.data]

[delivery]
relay = "http://mail.example.nl"
rate = "0/min"
connections = 9999999999
tls_root = "plain.pem"
password_file = ["geheim"]

[serve]
listen = 8080
"##,
        ),
        ("plain.pem", "no certificate"),
        ("schedules/fields.toml", "cron = \"0 8 * *\"\n"),
        (
            "schedules/nickname.toml",
            "cron = \"@dayly\"\nmax_posts = 0\n",
        ),
        (
            "schedules/escaped.toml",
            "cron = \"0 8 * * \\u004DOO\"\r\nsubject = \"a\\u0007b\"\r\n",
        ),
    ]);
    let shown = folder.faults();
    insta::assert_snapshot!("less_common_faults", shown);
    assert!(!shown.contains("geheim@"));
}

#[test]
fn a_fault_in_the_words_of_one_language_is_pointed_at() {
    let folder = Folder::with(
        "tagline = { nl = \"Elke week\", \"en glish\" = \"Every week\", de = \"\", fr = 3 }\n\
         call_to_action = { text = {}, url = { nl = \"javascript:alert(1)\" } }\n",
    );
    folder.write(
        "schedules/weekly.toml",
        "cron = \"@weekly\"\nintro = [\"Hallo\"]\nsubject.en = \"a\\tb\"\n",
    );
    insta::assert_snapshot!("words_by_language", folder.faults());
}

#[test]
fn a_base_address_is_one_that_can_be_added_to() {
    for (url, accepted) in [
        ("https://example.nl", true),
        ("http://127.0.0.1:8080/nieuws/", true),
        ("https://example.nl/?a=b", false),
        ("https://example.nl/#top", false),
        ("https://jan@example.nl/", false),
        ("mailto:jan@example.nl", false),
        ("/nieuws", false),
    ] {
        let folder = Folder::with("");
        let variables = [("COURANT_NEWSLETTER__URL", url)];
        let loaded = folder.load_with(&variables, &Flags::default());
        assert_eq!(loaded.is_ok(), accepted, "{url}");
    }
}
