//! `courant status`: what ran, what waits and why, which sources fail, who receives.

use serde_json::{Value, json};

use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Script, SmtpServer, Stage, at};

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_what_waits_and_why() {
    let full = at(Stage::Rcpt).to("reader1@example.nl");
    let gone = at(Stage::Rcpt).to("reader2@example.nl");
    let script = Script::new()
        .rule(full.say("452 4.2.2 mailbox full"))
        .rule(gone.say("550 5.1.1 no such user"));
    let server = SmtpServer::start(script).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append(
        "courant.toml",
        "[gather]\nallow = [\"127.0.0.1\"]\n\n[[source]]\nname = \"blog\"\nurl = \"http://127.0.0.1:1/feed\"\n",
    );
    newsletter.readers(4);
    let status = async || -> Value {
        let ended = newsletter.run_beside(&["status", "--json"]).await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    };

    let before = status().await;
    assert!(!newsletter.path("state").exists(), "looking made something");
    assert_eq!(before["last_run"], Value::Null);
    assert_eq!(before["readers"], json!({"active": 4}));
    assert_eq!(before["schedules"][0]["schedule"], "weekly");
    assert!(before["schedules"][0]["next_run"].is_string());
    assert_eq!(before["schedules"][0]["last_run"], Value::Null);

    newsletter.run_beside(&["-q", "run"]).await;
    let after = status().await;
    assert!(after["last_run"].is_string(), "{after}");
    assert!(after["schedules"][0]["last_run"].is_string(), "{after}");
    let issue = &after["waiting"][0];
    assert_eq!(
        (&issue["issue"], &issue["account"]["queued"]),
        (&json!(1), &json!(1))
    );
    assert!(issue["next_try"].is_string(), "{after}");
    let reason = json!({"cause": "mailbox full", "said": "452 mailbox full", "deliveries": 1});
    assert_eq!(issue["reasons"], json!([reason]));
    assert_eq!(after["failing"][0]["source"], "blog");
    assert!(after["failing"][0]["since"].is_string(), "{after}");
    assert_eq!(after["readers"], json!({"active": 3, "bounced": 1}));
    assert_eq!(after["told"][0]["about"], "issue 1");

    let text = newsletter.run_beside(&["status"]).await;
    for words in [
        "Last run: ",
        "Schedule weekly: last run ",
        "Issue 1 of weekly waits: 2 sent, 1 failed, 0 suppressed, 0 held, 1 queued; next try from ",
        "  1 mail, mailbox full: 452 mailbox full",
        "Source blog: fails since ",
        "Readers: 3 active, 1 bounced",
        "Told, and not over: issue 1: ",
    ] {
        assert!(text.stdout.contains(words), "{words}\n{}", text.stdout);
    }
    assert_eq!(newsletter.run_beside(&["-q", "status"]).await.stdout, "");
}
