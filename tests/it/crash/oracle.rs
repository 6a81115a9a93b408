//! Holds what a server has against what the outbox says: who was missed, who got more than the promise allows.
//!
//! It looks at the ends alone, the server's messages and the outbox's lists, and knows nothing of the ways between. A
//! server that lies is found out by it as a program that breaks its promise would be: the tests see to that.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::smtp::{Received, SmtpServer, Stage};

/// Copies that a reader gets at most.
const MOST_COPIES: usize = 3;

/// What the outbox says, and what was done to the program.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Every reader on the issue, once each.
    pub planned: BTreeSet<String>,
    /// The readers by the state in which the outbox lists them.
    pub states: BTreeMap<&'static str, Vec<String>>,
    /// Whether unknowns are held.
    pub hold: bool,
    /// Readers whom the server refused for good.
    pub refused: BTreeSet<String>,
}

/// What the server has: its messages, and the connections that were said goodbye to.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub stored: Vec<Received>,
    /// Connections that were taken.
    pub connections: usize,
    pub goodbyes: BTreeSet<usize>,
    /// The last connection of the first relay, where there is a second: its connections are counted on.
    pub last_of_first: Option<usize>,
}

/// What was found beside what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Each in a line; empty if the promise was kept.
    pub breaches: Vec<String>,
    /// Copies beyond the first, over all readers.
    pub copies: usize,
    pub held: usize,
}

impl Seen {
    /// By now no connection may be open.
    pub fn of(server: &SmtpServer) -> Self {
        let heard = server.heard().into_iter();
        Self {
            stored: server.received(),
            connections: server.arrivals(Stage::Taken),
            goodbyes: heard
                .filter(|heard| heard.line == "QUIT")
                .map(|heard| heard.connection)
                .collect(),
            last_of_first: None,
        }
    }

    /// What both servers have, as of two relays.
    pub fn of_both(first: &SmtpServer, second: &SmtpServer) -> Self {
        let mut both = Self::of(first);
        let (second, offset) = (Self::of(second), both.connections);
        both.stored
            .extend(second.stored.into_iter().map(|message| Received {
                connection: message.connection + offset,
                ..message
            }));
        both.goodbyes
            .extend(second.goodbyes.iter().map(|connection| connection + offset));
        both.connections += second.connections;
        both.last_of_first = Some(offset);
        both
    }

    /// Whether a connection was to the second relay.
    fn is_to_the_second(&self, connection: usize) -> bool {
        self.last_of_first.is_some_and(|last| connection > last)
    }

    /// The stored messages of each reader, by their place in the order of storing.
    fn by_reader(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut readers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, message) in self.stored.iter().enumerate() {
            for to in &message.to {
                readers.entry(to).or_default().push(at);
            }
        }
        readers
    }

    /// The last message that was stored from each connection.
    fn last_of_connections(&self) -> BTreeMap<usize, usize> {
        let each = self.stored.iter().enumerate();
        each.map(|(at, message)| (message.connection, at)).collect()
    }
}

/// Judges.
pub fn judge(told: &Told, seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    everybody_is_in_one_state(told, &mut verdict);
    let readers = seen.by_reader();
    for (state, listed) in &told.states {
        for reader in listed {
            let copies = readers.get(reader.as_str()).map_or(0, Vec::len);
            one_state(state, reader, copies, told, &mut verdict);
        }
    }
    for (reader, copies) in &readers {
        if !told.planned.contains(*reader) {
            verdict.say(format!("{reader} is no reader of the issue, and got it"));
        }
        copies_are_allowed(reader, copies, told, seen, &mut verdict);
        verdict.copies += copies.len() - 1;
    }
    verdict.held = told.states.get("held").map_or(0, Vec::len);
    let broken = seen.connections - seen.goodbyes.len();
    if told.hold && verdict.held > broken {
        let held = verdict.held;
        verdict.say(format!(
            "{held} readers are held, and {broken} connections broke"
        ));
    }
    // Who is sent again is held at the third unknown, and each took a connection of its own.
    if !told.hold && verdict.held * MOST_COPIES > broken {
        let held = verdict.held;
        verdict.say(format!(
            "{held} readers are held, and {broken} connections broke: less than three each"
        ));
    }
    verdict
}

/// The account, by name: each reader is listed once, and nobody else is.
fn everybody_is_in_one_state(told: &Told, verdict: &mut Verdict) {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for reader in told.states.values().flatten() {
        *times.entry(reader).or_default() += 1;
    }
    for reader in &told.planned {
        match times.get(reader.as_str()).copied().unwrap_or(0) {
            1 => {}
            times => verdict.say(format!("{reader} is listed {times} times")),
        }
    }
}

fn one_state(state: &str, reader: &str, copies: usize, told: &Told, verdict: &mut Verdict) {
    let refused = told.refused.contains(reader);
    let fault = match state {
        "sent" if copies == 0 => "is lost: sent, says the outbox, and the server has nothing",
        "failed" | "suppressed" if !refused => "was given up, and the server had not refused",
        "queued" => "is still queued",
        "sent" | "failed" | "suppressed" | "held" => return,
        _ => "stands in a state that nobody knows",
    };
    verdict.say(format!("{reader} {fault}"));
}

/// A copy follows only from the last message of a connection that broke: so a kill makes one at most on each.
fn copies_are_allowed(
    reader: &str,
    copies: &[usize],
    told: &Told,
    seen: &Seen,
    verdict: &mut Verdict,
) {
    let count = copies.len();
    if told.hold && count > 1 {
        verdict.say(format!(
            "{reader} has {count} copies, and unknowns are held"
        ));
    }
    if count > MOST_COPIES {
        verdict.say(format!("{reader} has {count} copies"));
    }
    let first = &seen.stored[copies[0]];
    let same = |at: &usize| seen.stored[*at].content == first.content;
    if !copies.iter().all(same) {
        verdict.say(format!("the copies of {reader} differ"));
    }
    let relay = |at: &usize| seen.is_to_the_second(seen.stored[*at].connection);
    if !copies.iter().all(|at| relay(at) == relay(&copies[0])) {
        verdict.say(format!("{reader} was given to both relays"));
    }
    let last = seen.last_of_connections();
    for earlier in &copies[..count - 1] {
        let connection = seen.stored[*earlier].connection;
        if last[&connection] != *earlier {
            verdict.say(format!(
                "{reader} has a copy, and connection {connection} went on after the first"
            ));
        } else if seen.goodbyes.contains(&connection) {
            verdict.say(format!(
                "{reader} has a copy, and connection {connection} did not break"
            ));
        }
    }
}

impl Verdict {
    fn say(&mut self, breach: String) {
        self.breaches.push(breach);
    }
}
