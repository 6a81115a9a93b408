//! Behaviour of `deliver`: messages, the dialogue with relays good and bad, outcomes, the embedded mailbox.

mod breaking;
mod ending;
mod mailbox;
mod message;
mod outbox;
mod refusing;
mod securing;
mod sending;
mod world;
