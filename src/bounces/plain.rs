//! Bounces that are no report of the standard: qmail's, Exim's and Exchange's own, and those of whatever calls itself a
//! mailer daemon.
//!
//! Their words are for people, so little is read of them: what became of the mail, whom they name, and an enhanced status,
//! where there is one. Who is still trying, or has delivered, or asks somebody first, reports no bounce.

use super::Said;
use super::class::class;
use super::fields::addresses;
use super::status::{refusal, smtp_code};
use super::words::{self, Fate};
use crate::model::{Bounce, BounceClass, EmailAddress, Notice, ReportKind, Words};

/// What qmail begins with, as its format for bounces demands (QSBMF).
const QMAIL: [&str; 2] = ["Hi. This is the", "This is the qmail"];

/// Who writes nothing but reports, by the begin of the local part; the last is Exchange's.
const DAEMONS: [&str; 5] = [
    "mailer-daemon",
    "mail-daemon",
    "mailerdaemon",
    "mdaemon",
    "microsoftexchange",
];

/// How a person's answer is marked, and a mail that was handed on.
const ANSWERED: [&str; 12] = [
    "antw", "antwort", "aw", "betreft", "fw", "fwd", "re", "res", "rif", "sv", "tr", "wg",
];

/// Whom a report names to be asked, by the local part: nobody whose mail came back.
const ROLES: [&str; 4] = ["postmaster", "mailer-daemon", "abuse", "helpdesk"];

/// Where the returned mail, or its head, begins.
const RETURNED: [&str; 4] = ["---", "===", "Received: ", "Return-Path: "];

/// Lines of a text that are read: what a server says comes first.
const MOST_LINES: usize = 300;

/// Octets of what a server said, round its code, and the lines that this may go on for.
const BEFORE: usize = 60;
const AFTER: usize = 400;
const LINES: usize = 4;

/// What a bounce in plain words is told by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain<'a> {
    /// The local part of `From`; all of it where it has no address.
    pub(super) from: &'a str,
    pub(super) subject: &'a str,
    /// Exim's header.
    pub(super) failed: Option<&'a str>,
    pub(super) text: &'a str,
    /// Whether no person sent it, as its head says.
    pub(super) is_automatic: bool,
}

/// What it says and whom it names; `None` if it is no bounce.
pub(super) fn bounce(mail: Plain<'_>) -> Option<Said> {
    if !is_report(mail) {
        return None;
    }
    let own = own_words(mail.text);
    let said = Words::of(&own);
    let kind = match fate(mail.subject, &own, &said) {
        Fate::Delayed => ReportKind::Notice(Notice::Delayed),
        Fate::Arrived => ReportKind::Notice(Notice::Arrived),
        Fate::Held => ReportKind::Notice(Notice::Other),
        Fate::Failed => ReportKind::Bounce(failure(&own, &said)),
    };
    if matches!(kind, ReportKind::Notice(_)) {
        return Some(Said::about_nobody(kind));
    }
    let named = mail.failed.unwrap_or(&own);
    let recipients = addresses(named).filter_map(|word| EmailAddress::parse(word).ok());
    let is_reader =
        |address: &EmailAddress| !ROLES.contains(&address.local().to_lowercase().as_str());
    let recipients: Vec<_> = recipients.filter(is_reader).collect();
    Some(Said {
        kind,
        failed: recipients.clone(),
        recipients,
    })
}

fn is_report(mail: Plain<'_>) -> bool {
    let from = mail.from.to_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| from.starts_with(word));
    let is_qmail = || {
        let text = mail.text.trim_start();
        QMAIL.iter().any(|words| text.starts_with(words))
    };
    mail.failed.is_some()
        || begins(&DAEMONS)
        || from.ends_with("mailer-daemon>")
        || is_qmail()
        || (from == "postmaster" && !is_answer(mail.subject) && of_subject(mail.subject).is_some())
        // A program may have written it that answers for a person, in words that begin with ours.
        || (mail.is_automatic && words::fate_at_once(&Words::of(head(mail.subject))).is_some())
}

/// What became of the mail. The subject goes first, and what it says behind a colon last: that is our own subject.
fn fate(subject: &str, own: &str, told_in: &Words) -> Fate {
    let told = of_subject(subject);
    let permanent = refusal(own).is_some_and(|status| status.starts_with('5'))
        || smtp_code(own).is_some_and(|code| (550..=557).contains(&code));
    let goes_on = !permanent && !words::are_final(told_in);
    match (told, words::fate(told_in)) {
        (Some(told @ (Fate::Delayed | Fate::Arrived | Fate::Held)), _) => told,
        (Some(Fate::Failed), Some(Fate::Delayed)) if goes_on => Fate::Delayed,
        (None, Some(fate)) if goes_on => fate,
        _ => Fate::Failed,
    }
}

fn of_subject(subject: &str) -> Option<Fate> {
    let begin = Words::of(head(subject));
    if subject.contains(':') && words::are_a_receipt(&begin) {
        return Some(Fate::Arrived);
    }
    words::fate(&begin).or_else(|| words::fate(&Words::of(subject)))
}

/// Whether a person answers, who may well be the postmaster, or hands a mail on.
fn is_answer(subject: &str) -> bool {
    subject.contains(':') && Words::of(head(subject)).are(&ANSWERED)
}

fn head(subject: &str) -> &str {
    subject.split_once(':').map_or(subject, |(head, _)| head)
}

fn failure(own: &str, told_in: &Words) -> Bounce {
    let mut bounce = class(None, &said(own));
    if bounce.class == BounceClass::Hard && words::tell_of_another_address(told_in) {
        bounce.class = BounceClass::Soft;
    }
    bounce
}

/// What the refusing server said, in a letter that explains it: round its code, where there is one.
fn said(own: &str) -> String {
    let lines: Vec<&str> = own.lines().collect();
    let place = |has_code: fn(&str) -> bool| lines.iter().position(|line| has_code(line));
    let Some(at) =
        place(|line| refusal(line).is_some()).or_else(|| place(|line| smtp_code(line).is_some()))
    else {
        return String::new();
    };
    let code = refusal(lines[at]).and_then(|code| lines[at].find(&code));
    let first = code.map_or(0, |code| {
        lines[at].floor_char_boundary(code.saturating_sub(BEFORE))
    });
    let more = lines[at + 1..]
        .iter()
        .take_while(|line| !line.trim().is_empty());
    let mut said = lines[at][first..].to_owned();
    for line in more.take(LINES - 1) {
        said.push(' ');
        said.push_str(line);
    }
    said.truncate(said.floor_char_boundary(BEFORE + AFTER));
    said
}

/// The text up to the returned message.
fn own_words(text: &str) -> String {
    // Sendmail's own headings are dashes as well, with spaces before them.
    let is_own = |line: &&str| !RETURNED.iter().any(|mark| line.starts_with(mark));
    let lines = text.lines().take_while(is_own).take(MOST_LINES);
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(from: &str, subject: &str, text: &str) -> String {
        let mail = Plain {
            from,
            subject,
            failed: None,
            text,
            is_automatic: false,
        };
        match bounce(mail).map(|said| said.kind) {
            Some(ReportKind::Bounce(found)) => {
                format!("{:?} {}", found.class, found.status.unwrap_or_default())
            }
            Some(other) => format!("{other:?}"),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn what_became_of_a_mail_is_read_in_the_words_of_many() {
        let hard = "jan@reader.test: 550 5.1.1 unknown";
        for (from, subject, text, expected) in [
            (
                "postmaster",
                "Onbestelbaar: Nog niet te laat",
                hard,
                "Hard 5.1.1",
            ),
            (
                "postmaster",
                "Niet te bezorgen: Een woord",
                hard,
                "Hard 5.1.1",
            ),
            (
                "postmaster",
                "Unzustellbar: Verzögerung",
                hard,
                "Hard 5.1.1",
            ),
            (
                "postmaster",
                "Non distribuable : Un mot",
                hard,
                "Hard 5.1.1",
            ),
            (
                "MAILER-DAEMON",
                "Returned mail: see transcript for details",
                "   ----- The following addresses had permanent fatal errors -----\n<jan@reader.test>\n\n   ----- Transcript of session follows -----\n550 5.1.1 <jan@reader.test>... User unknown\n",
                "Hard 5.1.1",
            ),
            (
                "Mail Delivery Subsystem <MAILER-DAEMON>",
                "Returned mail: User unknown",
                hard,
                "Hard 5.1.1",
            ),
            (
                "mailer-daemon",
                "Mail delivery failed: returning message to sender",
                "SMTP error from remote server for RCPT TO command, host: mx.reader.test (192.0.2.5) reason: 550 5.1.1 unknown",
                "Hard 5.1.1",
            ),
            (
                "postmaster",
                "DELIVERY FAILURE: User jan (jan@reader.test) not listed in Domino Directory",
                "Your message could not be delivered.",
                "Soft ",
            ),
            (
                "mailer-daemon",
                "failure notice",
                "Hi. This is the qmail-send program at x.test.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<jan@reader.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line",
                "Hard 5.1.1",
            ),
            (
                "mailer-daemon",
                "Delivery Status Notification (Failure)",
                "Delivery to jan@reader.test failed permanently: 550-5.1.1 The account does not exist",
                "Hard 5.1.1",
            ),
            (
                "mailer-daemon",
                "Delivery Status Notification (Delay)",
                "We will retry for 46 more hours.",
                "Notice(Delayed)",
            ),
            (
                "mailer-daemon",
                "Delivery Status Notification (Success)",
                "jan@reader.test",
                "Notice(Arrived)",
            ),
            (
                "postmaster",
                "Delivered: A failure",
                "Your message was delivered to jan@reader.test",
                "Notice(Arrived)",
            ),
            (
                "postmaster",
                "Remise retardée : Un mot",
                "jan@reader.test",
                "Notice(Delayed)",
            ),
            (
                "mailer-daemon",
                "Warning: could not send message for past 4 hours",
                "** THIS IS A WARNING MESSAGE ONLY **",
                "Notice(Delayed)",
            ),
            (
                "mailer-daemon",
                "Message",
                "Ihre Nachricht an jan@reader.test wurde noch nicht zugestellt (450 4.2.0).",
                "Notice(Delayed)",
            ),
            (
                "mailer-daemon",
                "Your message awaits approval",
                "",
                "Notice(Other)",
            ),
            ("postmaster", "Dag", "Een mens.", "none"),
            ("postmaster", "Re: Why sales fail", "Mooi stuk!", "none"),
            ("postmaster", "AW: Warning signs", "Ja.", "none"),
            ("jan", "Undeliverable: x", hard, "none"),
        ] {
            assert_eq!(read(from, subject, text), expected, "{subject}");
        }
    }
}
