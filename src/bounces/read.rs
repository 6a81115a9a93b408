//! Reads one mail: a delivery status notification (RFC 3464), a complaint (RFC 5965), a bounce in plain words, or nothing.

use std::collections::HashSet;

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::class::class;
use super::fields::{Group, addresses, groups};
use super::letter::letter;
use super::plain::{self, Plain};
use crate::model::{BounceClass, EmailAddress, Notice, Report, ReportKind};

/// Where a mail's own return path may stand, the surest first. Delivering servers write the first three (some in small
/// letters, which no token survives).
const SENT_TO: [&str; 5] = [
    "X-Original-To",
    "Delivered-To",
    "Envelope-To",
    "X-Envelope-To",
    "To",
];

/// How subjects of automatic answers begin, in the languages that are built in, where no header says so.
const ANSWERS: [&str; 5] = [
    "automatic reply",
    "automatisch antwoord",
    "out of office",
    "afwezig",
    "auto:",
];

/// Reads a mail; `None` if it is none.
pub fn read(bytes: &[u8]) -> Option<Report> {
    let mail = MessageParser::default().parse(bytes)?;
    let mut paths: Vec<String> = SENT_TO
        .iter()
        .flat_map(|name| values(&mail, name))
        .flat_map(|value| owned(addresses(&value)))
        .collect();
    let (kind, recipients) = match notification(&mail) {
        Some(found) => found,
        None => match complaint(&mail) {
            Some((kind, recipients, more)) => {
                paths.extend(more);
                (kind, recipients)
            }
            None => unstructured(&mail),
        },
    };
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    Some(Report {
        paths,
        recipients,
        kind,
    })
}

type Said = (ReportKind, Vec<EmailAddress>);

/// A delivery status notification, also outside of `multipart/report` (RFC 3464, RFC 6533).
fn notification(mail: &Message<'_>) -> Option<Said> {
    let status = part(mail, &["delivery-status", "global-delivery-status"])?;
    let groups = groups(&text_of(status));
    let of_recipients = groups.iter().filter(|group| {
        ["Action", "Status", "Final-Recipient"]
            .iter()
            .any(|name| group.get(name).is_some())
    });
    let mut worst = ReportKind::Notice(Notice::Other);
    let mut recipients = Vec::new();
    for group in of_recipients {
        let kind = of_recipient(group);
        let names = ["Original-Recipient", "Final-Recipient"].map(|name| group.get(name));
        let named = names.into_iter().flatten().flat_map(addresses);
        recipients.extend(named.filter_map(|word| EmailAddress::parse(word).ok()));
        if weight(&kind) > weight(&worst) {
            worst = kind;
        }
    }
    Some((worst, recipients))
}

/// What became of one recipient (RFC 3464 §2.3.3); where `Action` is missing, `Status` tells.
fn of_recipient(group: &Group) -> ReportKind {
    let first = |value: &str| value.split_whitespace().next().unwrap_or("").to_lowercase();
    let status = group.get("Status");
    let action = group.get("Action").map(first);
    let said = group.get("Diagnostic-Code").unwrap_or("");
    match action.as_deref() {
        Some("delayed") => ReportKind::Notice(Notice::Delayed),
        Some("delivered" | "relayed" | "expanded") => ReportKind::Notice(Notice::Arrived),
        Some("failed") => ReportKind::Bounce(class(status, said)),
        _ => match status.and_then(|status| status.chars().next()) {
            Some('4') => ReportKind::Notice(Notice::Delayed),
            Some('2') => ReportKind::Notice(Notice::Arrived),
            _ => ReportKind::Bounce(class(status, said)),
        },
    }
}

/// Of several recipients the worst counts: our mail has one.
fn weight(kind: &ReportKind) -> u8 {
    match kind {
        ReportKind::Notice(Notice::Other) | ReportKind::Letter(_) => 0,
        ReportKind::Notice(_) => 1,
        ReportKind::Bounce(bounce) => match bounce.class {
            BounceClass::Policy => 2,
            BounceClass::Soft => 3,
            BounceClass::Hard => 4,
        },
        ReportKind::Complaint(_) => 5,
    }
}

/// A report of abuse. It goes to an address that was agreed on with the provider, so the return path is in its fields or
/// in the returned mail.
fn complaint(mail: &Message<'_>) -> Option<(ReportKind, Vec<EmailAddress>, Vec<String>)> {
    let report = part(mail, &["feedback-report"])?;
    let groups = groups(&text_of(report));
    let get = |name| groups.iter().find_map(|group| group.get(name));
    let feedback = get("Feedback-Type").unwrap_or("").to_lowercase();
    // RFC 5965 §7.3; `opt-out` and its kin are of the years before it.
    let kind = match feedback.as_str() {
        "abuse" | "fraud" | "other" | "opt-out" | "opt-out-list" | "complaint"
        | "miscategorized" => ReportKind::Complaint(feedback),
        _ => ReportKind::Notice(Notice::Feedback),
    };
    let mut paths = owned(get("Original-Mail-From").into_iter().flat_map(addresses));
    for returned in returned_heads(mail) {
        let path = returned.iter().filter_map(|group| group.get("Return-Path"));
        paths.extend(owned(path.flat_map(addresses)));
    }
    let recipients = get("Original-Rcpt-To").into_iter().flat_map(addresses);
    let recipients = recipients.filter_map(|word| EmailAddress::parse(word).ok());
    Some((kind, recipients.collect(), paths))
}

/// The headers of what was returned: a whole message, or its head alone (`text/rfc822-headers`, RFC 6522 §4).
fn returned_heads(mail: &Message<'_>) -> Vec<Vec<Group>> {
    let heads = mail.parts.iter().filter_map(|part| match &part.body {
        PartType::Message(inner) => {
            let lines = inner.headers_raw();
            let text: String = lines
                .map(|(name, value)| format!("{name}:{value}"))
                .collect();
            Some(groups(&text))
        }
        _ if is_type(part, &["rfc822-headers", "global-headers"]) => Some(groups(&text_of(part))),
        _ => None,
    });
    heads.collect()
}

/// What is no report of a standard.
fn unstructured(mail: &Message<'_>) -> Said {
    if part(
        mail,
        &[
            "disposition-notification",
            "global-disposition-notification",
        ],
    )
    .is_some()
    {
        return (ReportKind::Notice(Notice::Receipt), vec![]);
    }
    let from = values(mail, "From").join(" ");
    let from = addresses(&from).next().and_then(|a| a.rsplit_once('@'));
    let failed = values(mail, "X-Failed-Recipients").join(", ");
    let text = mail.body_text(0).unwrap_or_default();
    let found = plain::bounce(Plain {
        from: from.map_or("", |(local, _)| local),
        subject: mail.subject().unwrap_or(""),
        failed: Some(failed.as_str()).filter(|failed| !failed.is_empty()),
        text: &text,
    });
    found.unwrap_or_else(|| match is_automatic(mail) {
        true => (ReportKind::Notice(Notice::AutoReply), vec![]),
        false => letter(mail),
    })
}

/// Whether a program answered (RFC 3834 §5), or says so in an older way.
fn is_automatic(mail: &Message<'_>) -> bool {
    let says = |name, word: &str| {
        let values = values(mail, name);
        values
            .iter()
            .any(|value| value.to_lowercase().starts_with(word))
    };
    let has = |name| !values(mail, name).is_empty();
    let subject = mail.subject().unwrap_or("").trim_start().to_lowercase();
    (has("Auto-Submitted") && !says("Auto-Submitted", "no"))
        || has("X-Autoreply")
        || has("X-Autorespond")
        || says("Precedence", "auto_reply")
        || ANSWERS.iter().any(|word| subject.starts_with(word))
}

/// The first part of one of these subtypes; what lies inside a returned message is not looked at.
fn part<'a, 'x>(mail: &'a Message<'x>, subtypes: &[&str]) -> Option<&'a MessagePart<'x>> {
    mail.parts.iter().find(|part| is_type(part, subtypes))
}

fn is_type(part: &MessagePart<'_>, subtypes: &[&str]) -> bool {
    let subtype = part.content_type().and_then(|kind| kind.subtype());
    subtype.is_some_and(|known| subtypes.iter().any(|s| s.eq_ignore_ascii_case(known)))
}

fn text_of(part: &MessagePart<'_>) -> String {
    String::from_utf8_lossy(part.contents()).into_owned()
}

/// The values of a header, unfolded, in their order.
pub(super) fn values(mail: &Message<'_>, name: &str) -> Vec<String> {
    mail.headers_raw()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn owned<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.map(str::to_owned).collect()
}
