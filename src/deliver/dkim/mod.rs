//! DKIM signatures (RFC 6376, RFC 8463): relaxed/relaxed, one for each key, over the body and the headers that matter.
//!
//! A message and the keys come in; header lines that stand above all others go out. The body is hashed once for all
//! keys. Each signed name is listed once more than it occurs, so that nobody can add a second one (RFC 6376 §8.15).

mod canonical;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;

use super::Error;
use super::message::Message;
use crate::model::{DkimKey, DkimSecret};

pub(super) use canonical::relaxed_lines;

use canonical::{body_hash, header_lines};

/// What is signed of a message's headers, where it occurs.
const SIGNED: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "mime-version",
    "content-type",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "feedback-id",
];

/// Characters of base64 on a folded line.
const FOLD: usize = 72;

/// Signs messages with every key, RSA on twice as many threads as there are cores: none then waits for its next message.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    keys: Arc<[DkimKey]>,
    cores: Arc<Semaphore>,
}

impl Signer {
    pub(super) fn new(keys: Arc<[DkimKey]>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            keys,
            cores: Arc::new(Semaphore::new(cores * 2)),
        }
    }

    /// The message with its signatures; unchanged where there are no keys.
    ///
    /// An RSA signature takes the better part of a millisecond: it is made on a thread of its own.
    pub(super) async fn sign(&self, message: Message) -> Result<Message, Error> {
        if self.keys.is_empty() {
            return Ok(message);
        }
        if !self.keys.iter().any(|key| key.is_rsa()) {
            return signed(message, &self.keys);
        }
        let core = self.cores.clone().acquire_owned().await;
        let keys = self.keys.clone();
        let signing = tokio::task::spawn_blocking(move || {
            let _core = core;
            signed(message, &keys)
        });
        signing.await.map_err(|_| Error::Signing)?
    }
}

/// Signs a message with each key.
pub(super) fn signed(mut message: Message, keys: &[DkimKey]) -> Result<Message, Error> {
    let body = STANDARD.encode(body_hash(message.body()));
    let headers = header_lines(&message.head());
    let signatures: Result<String, Error> = keys
        .iter()
        .map(|key| signature(key, &headers, &body))
        .collect();
    message.sign(signatures?);
    Ok(message)
}

/// One `DKIM-Signature` header, with its CRLF.
fn signature(key: &DkimKey, headers: &[(String, String)], body: &str) -> Result<String, Error> {
    let mut names = String::new();
    let mut data = String::new();
    for name in SIGNED {
        let present = headers.iter().filter(|(other, _)| other == name);
        // The last one counts first (RFC 6376 §5.4.2); there is one of each.
        for (_, line) in present {
            data += line;
            data += "\r\n";
            names = names + name + ":";
        }
    }
    names += &SIGNED.join(":");
    let names = fold_names(&names);
    let open = format!(
        "DKIM-Signature: v=1; a={}; c=relaxed/relaxed; d={};\r\n s={};\r\n h={names};\r\n bh={body};\r\n b=",
        key.algorithm(),
        key.domain,
        key.selector,
    );
    data += &canonical::header_line(&open).1;
    let sealed = STANDARD.encode(sign(key, data.as_bytes())?);
    let mut lines = String::with_capacity(sealed.len() + 16);
    for (at, c) in sealed.chars().enumerate() {
        if at > 0 && at % FOLD == 0 {
            lines += "\r\n ";
        }
        lines.push(c);
    }
    Ok(open + &lines + "\r\n")
}

/// The list of names on lines of bearable length.
fn fold_names(names: &str) -> String {
    let mut folded = String::with_capacity(names.len() + 16);
    let mut column = 3;
    for (at, name) in names.split(':').enumerate() {
        if at > 0 {
            folded.push(':');
            column += 1;
        }
        if column + name.len() > FOLD {
            folded += "\r\n  ";
            column = 2;
        }
        folded += name;
        column += name.len();
    }
    folded
}

fn sign(key: &DkimKey, data: &[u8]) -> Result<Vec<u8>, Error> {
    match key.secret() {
        DkimSecret::Rsa(pair) => {
            let mut signature = vec![0; pair.public().modulus_len()];
            let padding = &ring::signature::RSA_PKCS1_SHA256;
            pair.sign(padding, &blinding(), data, &mut signature)
                .map_err(|_| Error::Signing)?;
            Ok(signature)
        }
        // RFC 8463 §3: what is signed is the hash, not the text.
        DkimSecret::Ed25519(pair) => {
            let hash = digest::digest(&digest::SHA256, data);
            Ok(pair.sign(hash.as_ref()).as_ref().to_vec())
        }
    }
}

/// Chance that hides the key's arithmetic from observers: the signature is the same whatever comes of it.
#[expect(clippy::disallowed_methods, reason = "changes nothing that goes out")]
fn blinding() -> SystemRandom {
    SystemRandom::new()
}
