//! A relay that says of everybody that there is no such mailbox suppresses nobody; and an operator's word about one address.

use crate::support::smtp::{Script, SmtpServer, Stage, at};

use super::refusals::newsletter;

const GONE: &str = "550 5.1.1 User unknown in virtual mailbox table";

fn states(list: &serde_json::Value) -> Vec<&str> {
    let readers = list.as_array().unwrap().iter();
    readers.map(|one| one["state"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_knows_nobody_of_a_short_list_suppresses_nobody() {
    for readers in [1, 2, 10] {
        let rule = at(Stage::Rcpt).say(GONE);
        let server = SmtpServer::start(Script::new().rule(rule)).await;
        let newsletter = newsletter(&[&server], readers, true);
        let ended = newsletter.run_beside(&["run"]).await;
        assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
        let list = newsletter.json(&["subscribers", "list"]);
        assert_eq!(states(&list), vec!["active"; readers]);
        let account = newsletter.account("1").await;
        assert_eq!(account["failed"], readers, "{account}");
        assert!(
            ended.stderr.contains("subscribers suppress"),
            "{}",
            ended.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn most_of_a_short_list_is_not_believed_and_a_few_are() {
    for (gone, state) in [(6, "active"), (4, "bounced")] {
        let rule = at(Stage::Rcpt).times(gone).say(GONE);
        let server = SmtpServer::start(Script::new().rule(rule)).await;
        let newsletter = newsletter(&[&server], 10, true);
        newsletter.run_beside(&["run"]).await;
        let list = newsletter.json(&["subscribers", "list"]);
        let found = states(&list).into_iter().filter(|one| *one == state);
        let wanted = if state == "active" { 10 } else { gone };
        assert_eq!(found.count(), wanted, "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_suppresses_and_revives_with_a_reason() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = newsletter(&[&server], 2, true);
    let order = async |what: &str, why: &str| {
        let arguments = ["subscribers", what, "reader0@example.nl", "--reason", why];
        newsletter.run_beside(&arguments).await
    };
    assert_eq!(newsletter.run_beside(&["run"]).await.code, 0);
    assert_eq!(order("suppress", "asked by phone").await.code, 0);
    let list = newsletter.json(&["subscribers", "list"]);
    assert!(states(&list).contains(&"manual"), "{list}");
    let shown = newsletter
        .run_beside(&["subscribers", "show", "reader0@example.nl"])
        .await;
    assert!(shown.stdout.contains("asked by phone"), "{}", shown.stdout);
    assert_eq!(order("revive", "a mistake").await.code, 0);
    let list = newsletter.json(&["subscribers", "list"]);
    assert_eq!(states(&list), ["active"; 2]);
    let shown = newsletter
        .run_beside(&["subscribers", "show", "reader0@example.nl"])
        .await;
    assert!(shown.stdout.contains("a mistake"), "{}", shown.stdout);
}
