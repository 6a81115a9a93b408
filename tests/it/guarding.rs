//! The list's guard: a relay that says of a large part of the list that it does not exist is not believed.

use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Script, SmtpServer, Stage, at};

const NO_SUCH_USER: &str = "550 5.1.1 no such user here";

/// The states of all readers, as the list tells them.
fn states(newsletter: &Newsletter) -> Vec<String> {
    let list = newsletter.json(&["subscribers", "list"]);
    let readers = list.as_array().unwrap().iter();
    readers
        .map(|reader| reader["state"].as_str().unwrap().to_owned())
        .collect()
}

fn sending_to(server: &SmtpServer, readers: usize) -> Newsletter {
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "connections = 1\n");
    newsletter.readers(readers);
    newsletter
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_knows_nobody_costs_no_reader() {
    let lies = at(Stage::Rcpt).times(11).say(NO_SUCH_USER);
    let server = SmtpServer::start(Script::new().rule(lies)).await;
    let newsletter = sending_to(&server, 40);
    let ended = newsletter.expect(&["run"], 69);
    let words =
        "the relay says of 11 of 40 readers that they do not exist: 550 5.1.1 no such user here";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("nobody was suppressed for it"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stdout
            .contains("0 sent, 0 failed, 0 suppressed, 0 held, 40 queued")
    );
    assert!(states(&newsletter).iter().all(|state| state == "active"));
    // A person has to look first.
    newsletter.expect(&["run"], 0);
    assert_eq!(server.arrivals(Stage::Dot), 0);
    newsletter.expect(&["issues", "resume", "1"], 0);
    newsletter.expect(&["run"], 0);
    assert_eq!(server.arrivals(Stage::Dot), 40);
    let account = newsletter.json(&["issues", "account", "1"]);
    assert_eq!(account["sent"], 40, "{account}");
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_as_a_list_can_lose_are_believed() {
    let gone = at(Stage::Rcpt).times(10).say(NO_SUCH_USER);
    let server = SmtpServer::start(Script::new().rule(gone)).await;
    let newsletter = sending_to(&server, 40);
    newsletter.expect(&["run"], 1);
    let bounced = states(&newsletter)
        .iter()
        .filter(|state| *state == "bounced")
        .count();
    assert_eq!(bounced, 10);
    let account = newsletter.json(&["issues", "account", "1"]);
    assert_eq!(
        (&account["sent"], &account["failed"]),
        (&30.into(), &10.into()),
        "{account}"
    );
}
