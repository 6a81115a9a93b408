//! What touches everybody: nothing is fetched, nothing is sent.

use std::fs;

use sqlx::{Connection as _, Executor as _, SqliteConnection};

use super::Watched;
use crate::support::newsletter::Newsletter;

/// A way to spoil a sound newsletter.
type Spoil = fn(&Watched);

/// Each kind of fault that a file can have.
const FAULTS: [(&str, Spoil); 21] = [
    ("an unknown key", |w| {
        w.newsletter.replace("courant.toml", "relay = ", "relai = ");
    }),
    ("a file that is not TOML", |w| {
        w.newsletter
            .replace("courant.toml", "name = \"De Proef\"", "name = De Proef");
    }),
    ("a bad cron line", |w| {
        w.newsletter
            .replace("schedules/weekly.toml", "0 8 * * MON", "0 8 * * MOO");
    }),
    ("an unknown time zone", |w| {
        w.newsletter.replace(
            "schedules/weekly.toml",
            "Europe/Amsterdam",
            "Europe/Amsterdm",
        );
    }),
    ("a schedule that leads nowhere", |w| {
        w.dangle("schedules/weekly.toml");
    }),
    ("a file where the schedules should be", |w| {
        fs::remove_dir_all(w.newsletter.path("schedules")).unwrap();
        w.newsletter.write("schedules", "");
    }),
    ("a template that leads nowhere", |w| {
        w.dangle("templates/digest/html.hbs");
    }),
    ("a template that is not text", |w| {
        let folder = w.newsletter.path("templates/digest");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("html.hbs"), b"<p>ok</p>\n\xff\xfe").unwrap();
    }),
    ("templates that lead nowhere", |w| w.dangle("templates")),
    ("a template of no known name", |w| {
        w.newsletter.write("templates/digest/htlm.hbs", "");
    }),
    ("a template that does not parse", |w| {
        w.newsletter.write(
            "templates/digest/text.hbs",
            "{{#if lead}}\n{{lead.title}}\n{{/each}}\n",
        );
    }),
    ("a template with an unknown field", |w| {
        w.newsletter.write(
            "templates/digest/text.hbs",
            "{{subject}}\n{{newsleter.name}}\n",
        );
    }),
    ("a template that asks for one that is missing", |w| {
        w.newsletter
            .write("templates/digest/text.hbs", "{{> digest/verhaal}}\n");
    }),
    ("an accent that cannot be read", |w| {
        w.newsletter.replace(
            "courant.toml",
            "language = \"nl\"",
            "language = \"nl\"\naccent = \"#FFCC00\"",
        );
    }),
    ("a relay's user without a password", |w| {
        w.newsletter
            .replace("courant.toml", "smtp://127", "smtp://jan@127");
    }),
    ("a password file that leads nowhere", |w| {
        w.newsletter
            .replace("courant.toml", "smtp://127", "smtp://jan@127");
        w.newsletter.replace(
            "courant.toml",
            "[delivery]\n",
            "[delivery]\npassword_file = \"wachtwoord\"\n",
        );
        w.dangle("wachtwoord");
    }),
    ("a folder that is not there", |w| {
        fs::remove_dir_all(w.newsletter.path("posts")).unwrap();
    }),
    ("a file where a folder should be", |w| {
        fs::remove_dir_all(w.newsletter.path("posts")).unwrap();
        w.newsletter.write("posts", "");
    }),
    ("subscribers that are not TOML", |w| {
        w.newsletter
            .append("subscribers.toml", "[[subscriber]\nemail = 3\n");
    }),
    ("subscribers that lead nowhere", |w| {
        w.dangle("subscribers.toml");
    }),
    ("subscribers under another name", |w| {
        w.newsletter
            .append("subscribers.toml", "[[suscriber]]\nemail = \"a@b.nl\"\n");
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_newsletter_asks_the_feed_and_the_relay() {
    let watched = Watched::new().await;
    watched.expect(&["check"], 0).await;
    assert_eq!(watched.seen(), (0, 0), "a check asked somebody");
    assert!(!watched.newsletter.path("state").exists());
    watched.expect(&["run"], 0).await;
    let (requests, connections) = watched.seen();
    assert_eq!(requests, 1);
    assert!(connections > 0);
    assert_eq!(watched.smtp.received().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_a_file_stops_every_command_and_is_shown_where_it_stands() {
    let mut shown = String::new();
    for (name, spoil) in FAULTS {
        let watched = Watched::new().await;
        spoil(&watched);
        // A list that cannot be read is data, and no setting.
        let code = match name {
            "subscribers that lead nowhere" => 66,
            list if list.starts_with("subscribers") => 65,
            _ => 78,
        };
        let run = watched.refused(&["run"], code).await;
        let check = watched.refused(&["check"], code).await;
        assert_eq!(run, check, "{name}: `check` says something else than `run`");
        for arguments in [&["run", "--due"][..], &["send-test", "jan@example.nl"]] {
            assert_eq!(watched.refused(arguments, code).await, run, "{name}");
        }
        shown.push_str(&format!("## {name}\n{run}\n"));
    }
    insta::assert_snapshot!("stopping_faults", shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_gives_faults_as_data() {
    let watched = Watched::new().await;
    watched
        .newsletter
        .replace("courant.toml", "relay = ", "relai = ");
    let ended = watched.expect(&["check", "--json"], 78).await;
    let checked: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let fault = &checked["faults"][0];
    assert_eq!(fault["message"], "unknown key `relai` in `[delivery]`");
    assert_eq!(fault["file"], "courant.toml");
    assert_eq!(ended.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_or_database_that_does_not_fit_stops_the_next_run() {
    let watched = Watched::new().await;
    watched.expect(&["run"], 0).await;
    watched.newsletter.post("tweede", "Het tweede bericht");
    let other = Newsletter::new("mailbox");
    other.expect(&["run"], 0);
    let secret = watched.newsletter.path("state/secret");
    let ours = fs::read(&secret).unwrap();
    let mut shown = String::new();
    let mut refuse = async |name: &str| {
        let run = watched.refused(&["run"], 78).await;
        assert_eq!(watched.refused(&["check"], 78).await, run, "{name}");
        shown.push_str(&format!("## {name}\n{run}\n"));
    };

    fs::copy(other.path("state/secret"), &secret).unwrap();
    refuse("the secret of another database").await;
    fs::write(&secret, "geheim\n").unwrap();
    refuse("a secret that is none").await;
    fs::remove_file(&secret).unwrap();
    refuse("a secret that is gone").await;
    fs::write(&secret, ours).unwrap();
    refuse("a secret that others can read").await;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&secret, mode).unwrap();

    newer(&watched.newsletter).await;
    refuse("a database of a newer version").await;
    // With each migration it is another one.
    let newest = regex::Regex::new(r"versions up to \d+").unwrap();
    let shown = newest.replace(&shown, "versions up to [newest]");
    insta::assert_snapshot!("secret_and_database", shown);
}

/// Makes the database one of a later version.
async fn newer(newsletter: &Newsletter) {
    let url = format!("sqlite://{}", newsletter.path("state/courant.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let statement = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         SELECT 999, description, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    connection.execute(statement).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_written_stops_with_73() {
    let watched = Watched::new().await;
    watched.newsletter.write("state", "a file");
    let mut shown = String::new();
    let mut refuse = async |arguments: &[&str]| {
        let said = watched.refused(arguments, 73).await;
        shown.push_str(&format!("## courant {}\n{said}\n", arguments.join(" ")));
    };
    refuse(&["run"]).await;
    refuse(&["check"]).await;
    fs::remove_file(watched.newsletter.path("state")).unwrap();
    watched.newsletter.write("plek", "a file");
    refuse(&["init", "."]).await;
    refuse(&["init", "plek"]).await;
    refuse(&["init", "plek/onder"]).await;
    refuse(&["man", "--out", "plek"]).await;
    insta::assert_snapshot!("cannot_write", shown);
    let preview = watched.expect(&["preview", "--out", "plek"], 73).await;
    assert!(preview.stderr.contains("cannot write `plek/"));
    assert_eq!(
        watched.smtp.arrivals(crate::support::smtp::Stage::Connect),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_and_not_there_is_said_and_the_code_tells_whose_fault_it_is() {
    let watched = Watched::new().await;
    let mut shown = String::new();
    let cases: [(&[&str], i32); 17] = [
        (&["run", "dagelijks"], 66),
        (&["run", "--dry-run", "Weekly!"], 66),
        (&["plan", "dagelijks"], 66),
        (&["preview", "dagelijks"], 66),
        (&["schedule", "next", "dagelijks"], 66),
        (&["schedule", "explain", "dagelijks"], 66),
        (
            &["send-test", "jan@example.nl", "--schedule", "dagelijks"],
            66,
        ),
        (&["send-test", "jan"], 2),
        (&["subscribers", "show", "jan"], 2),
        (&["subscribers", "show", "jan@example.nl"], 66),
        (&["issues", "show", "een"], 2),
        (&["issues", "show", "7"], 66),
        (&["issues", "account", "7"], 66),
        (&["sources", "test", "nergens"], 66),
        (&["-c", "nergens", "run"], 78),
        (&["-c", "posts", "check"], 78),
        (&["-c", "nergens/courant.toml", "issues", "list"], 78),
    ];
    for (arguments, code) in cases {
        let said = watched.refused(arguments, code).await;
        shown.push_str(&format!(
            "## courant {} ({code})\n{said}\n",
            arguments.join(" ")
        ));
    }
    insta::assert_snapshot!("named_and_not_there", shown);
    assert!(
        !watched.newsletter.path("state").exists(),
        "a question made `state`"
    );
}
