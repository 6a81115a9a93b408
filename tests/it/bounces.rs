//! What comes back: reports as real servers send them, read, judged by their token, and acted on once.

mod inbox;
mod judging;
mod leaving;
mod reading;
mod running;
mod servers;
mod tokens;
mod ways;

use crate::support::smtp::{Received, SmtpServer};

/// The setting that gives every mail a return path of its own.
const SETTING: &str = "bounces = \"bounces@proef.example\"\n";

/// The fixture as it would come back of a mail: its return path, and its reader.
fn come_back(fixture: &str, mail: &Received) -> String {
    about(fixture, &mail.from, &mail.to[0])
}

fn about(fixture: &str, path: &str, reader: &str) -> String {
    reading::fixture(fixture)
        .replace(reading::PATH, path)
        .replace("jan@example.org", reader)
}

/// The newest mail to a reader.
fn mail_to(server: &SmtpServer, reader: &str) -> Received {
    let received = server.received().into_iter().rev();
    let mut to = received.filter(|mail| mail.to[0] == reader);
    to.next().unwrap()
}
