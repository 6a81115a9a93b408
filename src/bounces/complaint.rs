//! Complaints that providers hand on: abuse reports (RFC 5965, RFC 9477) and the older form of Microsoft's.
//!
//! They go to an address that was agreed on with the provider, who mostly takes the reader's out: the mail that they return
//! is what tells.

use mail_parser::{Message, PartType};

use super::Said;
use super::fields::{addresses, groups};
use super::parts::{part, text_of, values};
use super::traces::returned_heads;
use crate::model::{EmailAddress, Notice, ReportKind};

/// What Microsoft writes into the head of a mail that it returns.
const RECIPIENT: &str = "X-HmXmrOriginalRecipient";

/// How it begins the subject, and who writes.
const SUBJECT: &str = "complaint about message from";
const WRITER: &str = "staff@";

/// A report of abuse, and the return path in its fields.
pub(super) fn complaint(mail: &Message<'_>) -> Option<(Said, Vec<String>)> {
    let Some(report) = part(mail, &["feedback-report"]) else {
        return forwarded(mail).map(|said| (said, vec![]));
    };
    let groups = groups(&text_of(report));
    let get = |name| groups.iter().find_map(|group| group.get(name));
    let feedback = get("Feedback-Type").unwrap_or("").to_lowercase();
    // RFC 5965 §7.3; `opt-out` and its kin are of the years before it.
    let kind = match feedback.as_str() {
        "abuse" | "fraud" | "other" | "opt-out" | "opt-out-list" | "complaint"
        | "miscategorized" => ReportKind::Complaint(feedback),
        _ => ReportKind::Notice(Notice::Feedback),
    };
    let paths = get("Original-Mail-From").into_iter().flat_map(addresses);
    let paths = paths.map(str::to_owned).collect();
    let recipients = get("Original-Rcpt-To").into_iter().flat_map(addresses);
    let recipients = recipients.filter_map(|word| EmailAddress::parse(word).ok());
    let said = Said {
        recipients: recipients.collect(),
        ..Said::about_nobody(kind)
    };
    Some((said, paths))
}

/// The mail itself, and nothing beside it. A reader who forwards one as an attachment does neither of the two that tell.
fn forwarded(mail: &Message<'_>) -> Option<Said> {
    let is_message = |body: &PartType<'_>| matches!(body, PartType::Message(_));
    mail.parts.iter().find(|part| is_message(&part.body))?;
    let heads = returned_heads(mail);
    let mut groups = heads.iter().flatten();
    let outer = values(mail, RECIPIENT).into_iter().next();
    let marked = groups.find_map(|group| group.get(RECIPIENT));
    let marked = marked.or(outer.as_deref());
    let subject = mail.subject().unwrap_or("").trim().to_lowercase();
    let from = values(mail, "From").join(" ").to_lowercase();
    let is_staff = || {
        let mut writers = addresses(&from);
        subject.starts_with(SUBJECT) && writers.any(|writer| writer.starts_with(WRITER))
    };
    if marked.is_none() && !is_staff() {
        return None;
    }
    let named = marked.into_iter().flat_map(addresses);
    let recipients = named.filter_map(|word| EmailAddress::parse(word).ok());
    Some(Said {
        recipients: recipients.collect(),
        ..Said::about_nobody(ReportKind::Complaint("abuse".to_owned()))
    })
}
