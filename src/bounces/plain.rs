//! Bounces that are no report of the standard: qmail's, Exim's own, and those of whatever calls itself a mailer daemon.
//!
//! Their words are for people, so little is read of them: whom they name, and an enhanced status, where there is one.

use super::class::class;
use super::fields::addresses;
use crate::model::{EmailAddress, Notice, ReportKind};

/// What qmail begins with, as its format for bounces demands (QSBMF).
const QMAIL: [&str; 2] = ["Hi. This is the", "This is the qmail"];

/// How subjects of warnings, which are no bounces, are told.
const WARNINGS: [&str; 4] = [
    "delayed",
    "warning",
    "still being retried",
    "not yet been delivered",
];

/// How subjects of bounces are told, where a postmaster writes.
const FAILURES: [&str; 6] = [
    "undeliver",
    "returned mail",
    "failure",
    "failed",
    "could not be delivered",
    "delivery status",
];

/// What a bounce in plain words is told by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain<'a> {
    /// The local part of `From`.
    pub(super) from: &'a str,
    pub(super) subject: &'a str,
    /// Exim's header.
    pub(super) failed: Option<&'a str>,
    pub(super) text: &'a str,
}

/// What it says and whom it names; `None` if it is no bounce.
pub(super) fn bounce(mail: Plain<'_>) -> Option<(ReportKind, Vec<EmailAddress>)> {
    let (from, subject) = (mail.from.to_lowercase(), mail.subject.to_lowercase());
    let says = |words: &[&str]| words.iter().any(|word| subject.contains(word));
    let is_qmail = QMAIL
        .iter()
        .any(|words| mail.text.trim_start().starts_with(words));
    let is_daemon = from.starts_with("mailer-daemon")
        || (matches!(from.as_str(), "postmaster" | "mail-daemon") && says(&FAILURES));
    if mail.failed.is_none() && !is_qmail && !is_daemon {
        // Exim warns in the same voice as it bounces.
        return None;
    }
    if mail.failed.is_none() && says(&WARNINGS) {
        return Some((ReportKind::Notice(Notice::Delayed), vec![]));
    }
    let words = own_words(mail.text);
    let named = mail.failed.unwrap_or(&words);
    let recipients = addresses(named).filter_map(|word| EmailAddress::parse(word).ok());
    Some((
        ReportKind::Bounce(class(None, &words)),
        recipients.collect(),
    ))
}

/// The text up to the returned message, which every one of them sets off by a line of dashes.
fn own_words(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.starts_with("---"));
    lines.flat_map(|line| [line, "\n"]).collect()
}
