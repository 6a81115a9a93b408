//! Behaviour of `deliver`: messages, the dialogue with relays good and bad, outcomes, the embedded mailbox.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy knows the test functions alone as tests, not what they call"
)]

mod blaming;
mod breaking;
mod ending;
mod mailbox;
mod message;
mod outbox;
mod pacing;
mod pipelining;
mod recovering;
mod refusing;
mod securing;
mod sending;
mod signing;
mod tokens;
mod world;
