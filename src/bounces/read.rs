//! Reads one mail: a delivery status notification (RFC 3464), a complaint (RFC 5965), a bounce in plain words, or nothing.

use std::collections::HashSet;

use mail_parser::{Message, MessageParser};

use super::Said;
use super::class::class;
use super::complaint::complaint;
use super::fields::{Group, addresses, groups};
use super::letter::letter;
use super::parts::{part, text_of, values};
use super::plain::{self, Plain};
use super::traces::{Traces, traces};
use crate::model::{BounceClass, EmailAddress, Notice, Report, ReportKind, Words};

/// Where a mail's own return path may stand, the surest first. Delivering servers write the first three (some in small
/// letters, which no token survives).
const SENT_TO: [&str; 5] = [
    "X-Original-To",
    "Delivered-To",
    "Envelope-To",
    "X-Envelope-To",
    "To",
];

/// How subjects of automatic answers begin, written as [`Words`] are, where no header says so.
const ANSWERS: [&str; 30] = [
    "abwesend",
    "abwesenheit",
    "absence du bureau",
    "afwezig",
    "auto reply",
    "auto response",
    "automated reply",
    "automatic reply",
    "automatisch antwoord",
    "automatische antwort",
    "automatische reactie",
    "autoreply",
    "autoresponse",
    "away from",
    "ausser haus",
    "fuera de la oficina",
    "fuori sede",
    "fuori ufficio",
    "ich bin nicht im",
    "message d absence",
    "nicht im buero",
    "niet aanwezig",
    "out of office",
    "out of the office",
    "reponse automatique",
    "respuesta automatica",
    "resposta automatica",
    "risposta automatica",
    "urlaubsmeldung",
    "vacation re",
];

/// Exchange says so of its reports.
const EXCHANGE: &str = "X-MS-Exchange-Message-Is-Ndr";

/// Reads a mail; `None` if it is none.
pub fn read(bytes: &[u8]) -> Option<Report> {
    let mail = MessageParser::default().parse(bytes)?;
    let sent_to = SENT_TO.iter().flat_map(|name| values(&mail, name));
    let mut paths: Vec<String> = sent_to
        .flat_map(|value| addresses(&value).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let said = match notification(&mail, &paths) {
        Some(said) => said,
        None => match complaint(&mail) {
            Some((said, more)) => {
                paths.extend(more);
                said
            }
            None => unstructured(&mail),
        },
    };
    // A person who answers or forwards a mail has its head too, and reports nothing.
    let found = match said.kind {
        ReportKind::Bounce(_) | ReportKind::Complaint(_) => traces(&mail),
        ReportKind::Letter(_) | ReportKind::Notice(_) => Traces::default(),
    };
    paths.extend(found.paths);
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    Some(Report {
        paths,
        links: found.links,
        message_ids: found.message_ids,
        recipients: said.recipients,
        failed: said.failed,
        kind: said.kind,
    })
}

/// A delivery status notification, also outside of `multipart/report` (RFC 3464, RFC 6533).
///
/// What a server says of an address of ours, to which the report was sent, it does not say of the reader.
fn notification(mail: &Message<'_>, ours: &[String]) -> Option<Said> {
    let status = part(mail, &["delivery-status", "global-delivery-status"])?;
    let groups = groups(&text_of(status));
    let of_recipients = groups.iter().filter(|group| {
        ["Action", "Status", "Final-Recipient"]
            .iter()
            .any(|name| group.get(name).is_some())
    });
    let mut said = Said::about_nobody(ReportKind::Notice(Notice::Other));
    for group in of_recipients {
        let mut kind = of_recipient(group);
        if let ReportKind::Bounce(bounce) = &mut kind
            && is_about(group.get("Diagnostic-Code").unwrap_or(""), ours)
        {
            bounce.class = BounceClass::Policy;
        }
        let named = |name| {
            let words = group.get(name).into_iter().flat_map(addresses);
            words.filter_map(|word| EmailAddress::parse(word).ok())
        };
        said.recipients.extend(named("Original-Recipient"));
        said.recipients.extend(named("Final-Recipient"));
        if matches!(&kind, ReportKind::Bounce(bounce) if bounce.class == BounceClass::Hard) {
            said.failed.extend(named("Final-Recipient"));
        }
        if weight(&kind) > weight(&said.kind) {
            said.kind = kind;
        }
    }
    Some(said)
}

/// Whether of all addresses in a text the first is one of these.
fn is_about(said: &str, ours: &[String]) -> bool {
    let first = addresses(said).next();
    first.is_some_and(|first| ours.iter().any(|own| own.eq_ignore_ascii_case(first)))
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

/// What is no report of a standard.
fn unstructured(mail: &Message<'_>) -> Said {
    let receipts = [
        "disposition-notification",
        "global-disposition-notification",
    ];
    if part(mail, &receipts).is_some() {
        return Said::about_nobody(ReportKind::Notice(Notice::Receipt));
    }
    let writer = values(mail, "From").join(" ");
    let from = addresses(&writer).next().and_then(|a| a.rsplit_once('@'));
    let failed = values(mail, "X-Failed-Recipients").join(", ");
    let text = mail.body_text(0).unwrap_or_default();
    let is_answer = is_automatic(mail);
    let found = plain::bounce(Plain {
        from: from.map_or(&writer, |(local, _)| local),
        subject: mail.subject().unwrap_or(""),
        failed: Some(failed.as_str()).filter(|failed| !failed.is_empty()),
        text: &text,
        is_automatic: is_answer || has_no_sender(mail) || !values(mail, EXCHANGE).is_empty(),
    });
    found.unwrap_or_else(|| match is_answer {
        true => Said::about_nobody(ReportKind::Notice(Notice::AutoReply)),
        false => {
            let (kind, recipients) = letter(mail);
            Said {
                recipients,
                ..Said::about_nobody(kind)
            }
        }
    })
}

/// Whether its envelope had no sender, so that nobody could answer it (RFC 5321 §4.5.5).
fn has_no_sender(mail: &Message<'_>) -> bool {
    values(mail, "Return-Path").iter().any(|path| path == "<>")
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
    let subject = mail.subject().unwrap_or("");
    // Exchange's "Auto: …"; in Dutch it is a car as well.
    let is_marked = subject.trim_start().to_lowercase().starts_with("auto:");
    (has("Auto-Submitted") && !says("Auto-Submitted", "no"))
        || has("X-Autoreply")
        || has("X-Autorespond")
        || says("Precedence", "auto_reply")
        || is_marked
        || Words::of(subject).begin_with(&ANSWERS)
}
