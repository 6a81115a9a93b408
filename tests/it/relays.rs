//! Several relays, and what each may carry: the next takes over what one leaves, each reader gets one copy, and what one
//! relay may have is never given to another.

mod bound;
mod caps;
mod failing;
mod giving_up;
mod plan;
mod warming;

use courant::pipeline::{IssueReport, RelayEnd, RunReport};

use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::SmtpServer;
use crate::support::timed::Timed;

/// Just after the weekly schedule's due time, Monday at 8 in Amsterdam.
const MONDAY: &str = "2026-11-23T07:00:05Z";

/// A newsletter that sends over these servers in this order, one connection each, with more lines for `[delivery]`.
fn newsletter(servers: &[&SmtpServer], readers: usize, more: &str) -> Newsletter {
    let addresses: Vec<String> = servers
        .iter()
        .map(|server| format!("\"smtp://{}\"", server.address()))
        .collect();
    let newsletter = Newsletter::new("mailbox");
    newsletter.replace(
        "courant.toml",
        "relay = \"mailbox\"\n",
        &format!(
            "connections = 1\nrelay = [{}]\n{more}",
            addresses.join(", ")
        ),
    );
    newsletter.readers(readers);
    newsletter
}

/// The same, at a time that the test sets.
fn timed(servers: &[&SmtpServer], readers: usize, more: &str) -> Timed {
    Timed::new(newsletter(servers, readers, more), MONDAY)
}

/// What a server goes by as a relay.
fn name(server: &SmtpServer) -> String {
    server.address().to_string()
}

fn reader(number: usize) -> String {
    format!("reader{number}@example.nl")
}

/// Each reader has one copy, over all servers.
fn everyone_has_one(servers: &[&SmtpServer], readers: usize) {
    for number in 0..readers {
        let copies = servers.iter().map(|server| server.copies(&reader(number)));
        assert_eq!(copies.sum::<usize>(), 1, "{}", reader(number));
    }
}

/// The one issue of a run.
fn only(report: &RunReport) -> &IssueReport {
    let [issue] = &report.issues[..] else {
        panic!("{report:?}");
    };
    issue
}

/// How many each relay took, by its name.
fn shares(issue: &IssueReport) -> Vec<(&str, u64)> {
    let each = issue.relays.iter();
    each.map(|one| (one.relay.as_str(), one.sent)).collect()
}

/// From when on the relay has room that this run filled.
fn room_from(issue: &IssueReport, place: usize) -> String {
    match &issue.relays[place].ended {
        Some(RelayEnd::Full { room_from, .. }) => room_from.to_string(),
        other => panic!("{other:?} in {issue:?}"),
    }
}

/// The program ended so.
fn ended_with(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
}
