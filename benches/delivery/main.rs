//! How fast an issue leaves: the parts of `benches/delivery/run`, each a process of its own.
//!
//! ```text
//! sink [--delay MS]                                a cheap SMTP server that discards; prints its port
//! seal --readers N --db FILE                       seals an issue for N readers: seconds and bytes
//! send --to PORT|null --connections N --db FILE [--sign ed25519|rsa]    sends what is sealed, and the peak of memory;
//!                                                  `null` is a sink in a process of its own
//! lettre --to PORT --connections N --messages M    lettre, held no-delay connections, a message built per reader
//! cores                                            RSA-2048 signatures a second on all cores
//! copies                                           microseconds for a reader's copy of 40 KB, unsigned and signed
//! ```
//!
//! Every part prints one line of JSON.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures with the real clock, prints, and stops at the first fault"
)]

mod issue;
mod peer;
mod send;
mod sink;

use std::path::PathBuf;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let word = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let number = |name: &str| word(name).map(|text| text.parse::<usize>().unwrap());
    let mut apart = None;
    let mut port = || match word("--to").unwrap().as_str() {
        "null" => {
            let (sink, port) = sink::Apart::start();
            apart = Some(sink);
            port
        }
        port => port.parse().unwrap(),
    };
    let database = || PathBuf::from(word("--db").unwrap());
    match arguments.first().map(String::as_str) {
        Some("sink") => sink::serve(number("--delay").unwrap_or(0)),
        Some("seal") => send::seal(number("--readers").unwrap(), &database()),
        Some("send") => send::send(
            port(),
            number("--connections").unwrap(),
            &database(),
            word("--sign").as_deref(),
        ),
        Some("lettre") => peer::lettre(
            port(),
            number("--connections").unwrap(),
            number("--messages").unwrap(),
        ),
        Some("cores") => peer::cores(),
        Some("copies") => send::copies(),
        _ => println!("see benches/delivery/README.md"),
    }
    drop(apart);
}
