//! Tells whom a refusal for good is about: us, this reader, or nobody can say yet.
//!
//! Pure. One reply alone proves little: relays say "user", "quota" and `5.7.1` of senders and of readers alike. So its
//! words only say what to do with that one delivery, and [`Suspects`](super::suspects::Suspects) asks whether others are
//! told the same. The first rule that fits decides:
//!
//! | rule | about | this one delivery |
//! |---|---|---|
//! | phrases that only a sender can be told (sending limit, your account, relay access denied, not verified, sender rejected), except under 5.2.2; status 5.1.7, 5.1.8, 5.7.60 | us | put off until the issue expires, never suppressed |
//! | status 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10 | the reader, who is gone | failed; `audience` decides whether that is believed |
//! | any status 5.2.x, 5.6.7 | the reader | failed, once the relay takes another, or no more are left |
//! | single words of that kind (outgoing, daily, credit), which may be names | us | put off |
//! | words about mailbox, user or storage, an unknown recipient | the reader | failed, as above |
//! | words that may be told to either (quota, limit, paused, suspended, too many) | us | put off |
//! | "address rejected" and its like, with a status 5.1.x or 5.4.x | the reader | failed, as above |
//! | anything else | unclear | put off until the relay takes another, then failed |
//!
//! | the same reply to | and no acceptance between | then |
//! |---|---|---|
//! | us, at `MAIL` or `AUTH` | | it is about us |
//! | 2 readers of 2 domains, or 3 where the list has one domain; about us, or unclear | yes | it is about us |
//! | 5 readers of 3 domains, or 10 where the list has one domain; about the reader | yes | it is about us |
//! | all of a list: 2 readers of 2 domains, or 3 where it has one; about the reader by words alone | | it is about us |

mod phrases;

use self::phrases::{ADDRESSES, EITHERS, OUR_PHRASES, OUR_WORDS, READERS};
use super::reply::{is_permanent, line};
use crate::model::{EmailAddress, Reply, Words};

/// Statuses that say "there is no such mailbox": unknown user, unknown host, bad syntax, moved away, null MX
/// (RFC 3463 §3.2, RFC 7505 §4.2). Never 5.7.x or 5.2.2: those say something about us, or about today.
const GONE: [&str; 5] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"];

/// Statuses about the sender: bad address, bad system (RFC 3463 §3.2), and Exchange's "cannot send as this sender".
const OUR_SENDER: [&str; 3] = ["5.1.7", "5.1.8", "5.7.60"];

/// Whom a refusal is about, as far as its words go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// Who sends, and how much.
    Us,
    /// This reader's mailbox, as the status says: it may be there again tomorrow.
    Mailbox,
    /// The same, as far as words go.
    Reader,
    /// This reader, who is not there any more.
    Gone,
    /// Nothing in it says so.
    Unclear,
}

/// Whom a refusal for good is about.
pub(super) fn blame(reply: &Reply) -> Blame {
    let status = reply.enhanced.as_deref().unwrap_or_default();
    let words = Words::of(&reply.text);
    let is_full = status.get(1..) == Some(".2.2");
    if OUR_SENDER.contains(&status) || (!is_full && words.say(&OUR_PHRASES)) {
        Blame::Us
    } else if GONE.contains(&status) {
        Blame::Gone
    } else if is_of_mailbox(status) || status == "5.6.7" {
        Blame::Mailbox
    } else if words.say(&OUR_WORDS) {
        Blame::Us
    } else if words.say(&READERS) {
        Blame::Reader
    } else if words.say(&EITHERS) {
        Blame::Us
    } else if is_of_address(status) && words.say(&ADDRESSES) {
        Blame::Reader
    } else {
        Blame::Unclear
    }
}

/// Whether a status is about the address or the way to it (RFC 3463 §3.2, §3.5).
fn is_of_address(status: &str) -> bool {
    let rest = status.get(1..).unwrap_or_default();
    rest.starts_with(".1.") || rest.starts_with(".4.")
}

/// Whether a status is about the mailbox (RFC 3463 §3.3).
fn is_of_mailbox(status: &str) -> bool {
    status.get(1..).is_some_and(|rest| rest.starts_with(".2."))
}

/// Whether it may be the connection that it refuses, and not the mail: a new one may then carry the same mail. `named`: a
/// reader had been named.
pub(super) fn may_be_of_session(reply: &Reply, named: bool) -> bool {
    if !named || is_of_session(reply) {
        return !reply.is_greylisting();
    }
    let of_reader = matches!(blame(reply), Blame::Mailbox | Blame::Reader);
    !is_permanent(reply) && !reply.is_greylisting() && !of_reader
}

/// Whether it speaks of the connection.
pub(super) fn is_of_session(reply: &Reply) -> bool {
    let text = reply.text.to_lowercase();
    let words = [
        "session",
        "connection",
        "too many messages",
        "too many mails",
    ];
    words.iter().any(|word| text.contains(word))
}

/// Whether it says for good that the mailbox does not exist.
pub(super) fn is_gone(reply: &Reply) -> bool {
    is_permanent(reply) && blame(reply) == Blame::Gone
}

/// Whether it speaks of us, be it for good or for now: a limit, our account, our sender.
pub(super) fn is_about_us(reply: &Reply) -> bool {
    blame(reply) == Blame::Us
}

/// What a reply says when all is cut out of it that differs from one reader to the next: digits, addresses, names of
/// hosts, ids. Two refusals that leave the same are the same.
pub(super) fn kind(reply: &Reply, to: &EmailAddress) -> String {
    let (local, domain) = (to.local().to_lowercase(), to.ascii_domain());
    let line = line(reply);
    let mut words = line.split_whitespace();
    // The code, and the status behind it, tell kinds apart.
    let mut kind = words.next().unwrap_or_default().to_owned();
    if reply.enhanced.is_some() {
        kind.push(' ');
        kind.push_str(words.next().unwrap_or_default());
    }
    for word in words {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let lower = bare.to_lowercase();
        let differs = lower.contains(|c: char| c.is_ascii_digit() || "@…./\\=_".contains(c))
            || lower == local
            || lower == domain
            || is_id(bare);
        if !differs && !lower.is_empty() {
            kind.push(' ');
            kind.push_str(&lower);
        }
    }
    kind
}

/// Whether a word without digits is an id all the same: small and capital letters in no order, as in Base64.
fn is_id(word: &str) -> bool {
    let steps = word.chars().zip(word.chars().skip(1));
    let rises = steps.filter(|(a, b)| a.is_lowercase() && b.is_uppercase());
    rises.count() >= 2
}

#[cfg(test)]
mod tests {
    use super::super::reply::parse;
    use super::*;

    #[test]
    fn what_providers_say_of_us_is_told_from_what_they_say_of_a_reader() {
        use Blame::{Gone, Mailbox, Reader, Unclear, Us};
        for (said, whom) in [
            // Said of us.
            (
                "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to x. - gsmtp",
                Us,
            ),
            (
                "550 5.4.5 Daily user sending quota exceeded. o65sm25351206pga.71 - gsmtp",
                Us,
            ),
            (
                "554 Sending paused for this account. For more information, please check the inbox of the email address",
                Us,
            ),
            (
                "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1",
                Us,
            ),
            (
                "550 Sending rate limit reached for this account (200/h)",
                Us,
            ),
            ("550 5.4.6 mail rate exceeded limit", Us),
            (
                "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
                Us,
            ),
            (
                "552 Message would take you over your relay quota of 500 Current quota used: 487",
                Us,
            ),
            ("550 sorry, too many emails (#5.7.1)", Us),
            ("554 5.7.1 Your account has been suspended", Us),
            (
                "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
                Us,
            ),
            ("554 5.7.1 <jan@example.nl>: Relay access denied", Us),
            ("550 5.7.1 Relaying denied", Us),
            ("550 relay not permitted", Us),
            (
                "554 5.7.1 <jan@example.nl>: Recipient address rejected: You have exceeded your Outmail quota.",
                Us,
            ),
            (
                "550 5.7.1 <jan@example.nl>: Recipient address rejected: Email Sending Quota Exceeded",
                Us,
            ),
            (
                "554 Your account is on probation and domains are limited to 100 messages / hour. Account will be enabled in 341 seconds",
                Us,
            ),
            (
                "550 User jan@example.nl has exceeded its 24-hour sending limit. Messages to 25 recipients out of 25",
                Us,
            ),
            (
                "554 5.7.0 Your message could not be sent. The limit on the number of allowed outgoing messages was exceeded. Try again later.",
                Us,
            ),
            ("550 5.7.1 Your mail limit has been reached.", Us),
            (
                "554 5.7.1 <DATA>: Data command rejected: limit of 400 rcpts per 24 hours for client x reached",
                Us,
            ),
            (
                "550 Domain example.nl has exceeded the max emails per hour (250/200 (125%)) allowed. Message discarded.",
                Us,
            ),
            ("550 Too many emails sent from user jan@example.nl", Us),
            (
                "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.",
                Us,
            ),
            ("550 From header sender domain not verified.", Us),
            ("550 This domain is not associated with your account", Us),
            ("550 5.1.1 Sender verify failed", Us),
            ("550 5.1.8 Bad sender's system address", Us),
            (
                "554 5.2.0 STOREDRV.Submission.Exception: the sender's submission quota was exceeded",
                Us,
            ),
            ("550 Zu viele Nachrichten, Versandlimit überschritten", Us),
            ("550 Authentication required", Us),
            ("552 5.3.4 Message size exceeds fixed limit", Us),
            (
                "550 5.7.1 To protect our users from spam, mail sent from your IP address has been blocked",
                Us,
            ),
            ("550 De gebruiker heeft de verzendlimiet bereikt", Us),
            ("550 Der Benutzer hat das Versandlimit erreicht", Us),
            ("550 L'utilisateur a atteint sa limite d’envoi", Us),
            ("550 El usuario ha superado el limite de envio", Us),
            ("550 L'utente ha superato il limite di invio", Us),
            ("550 User not authorized", Us),
            ("550 SMTP user has been blocked, contact support", Us),
            ("550 SMTP user is disabled due to abuse", Us),
            ("550 User over quota: 300 of 300 mails in 1h", Us),
            (
                "550 Your IP is on our block list; senders of unsolicited mail harm our users",
                Us,
            ),
            ("550 5.1.1 Relaying denied", Us),
            ("554 5.7.1 Unknown. Client host rejected: Access denied", Us),
            ("550 Afzenderadres geweigerd", Us),
            ("550 Maximum aantal berichten per uur bereikt", Us),
            ("552 Credits used up", Us),
            // Said of a reader.
            ("550 5.1.1 User unknown in virtual mailbox table", Gone),
            (
                "550 5.1.1 <jan@example.nl>: Recipient address rejected: User unknown in relay recipient table",
                Gone,
            ),
            (
                "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
                Gone,
            ),
            (
                "552 5.2.2 Quota exceeded (mailbox for user is full)",
                Mailbox,
            ),
            ("552 5.2.2 Over STORAGE quota", Mailbox),
            (
                "552 Requested mail action aborted: exceeded storage allocation",
                Reader,
            ),
            ("550 User has too many messages on the server", Reader),
            (
                "550 Benutzer hat das Speichervolumen ueberschritten.",
                Reader,
            ),
            (
                "550 5.2.1 The email account that you tried to reach is disabled",
                Mailbox,
            ),
            (
                "554 delivery error: dd This user doesn't have a yahoo.de account",
                Reader,
            ),
            ("550 No such user here", Reader),
            ("550 Mailbox quota exceeded", Reader),
            (
                "553 5.6.7 the relay does not offer SMTPUTF8, which this address needs",
                Mailbox,
            ),
            ("550 5.1.1 mx1.creditmail.nl: User unknown", Gone),
            ("550 5.1.1 outgoing... User unknown", Gone),
            (
                "550 5.1.1 daily: unknown, see https://monthly.example/help",
                Gone,
            ),
            (
                "550 5.1.1 unknown. You reached an authenticated relay",
                Gone,
            ),
            ("552 5.2.2 Mailbox has reached its daily limit", Mailbox),
            (
                "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [x.prod.protection.outlook.com]",
                Reader,
            ),
            ("550 5.1.0 Address rejected", Reader),
            ("550 Address unknown", Reader),
            ("550 Unknown address error 550-'no'", Reader),
            ("550 Adresse unbekannt", Reader),
            ("550 Empfaenger existiert nicht", Reader),
            ("550 Empfänger existiert nicht", Reader),
            ("550 Ontvanger onbekend", Reader),
            ("550 Adresse inconnue", Reader),
            ("550 Account inactive", Reader),
            (
                "550 this account has been disabled or discontinued [#102]",
                Reader,
            ),
            ("550 mailbox is not activated", Reader),
            ("550 User is not listed in Domino Directory", Reader),
            ("550 unknown user.Please check", Reader),
            // Said of nobody.
            (
                "554 5.7.1 <jan@example.nl>: Recipient address rejected: Access denied",
                Unclear,
            ),
            ("554 mx.sendinglimit.example said no", Unclear),
            (
                "554 Transaction failed Reject due to policy restrictions.",
                Unclear,
            ),
            ("550 5.7.1 Message rejected as spam", Unclear),
            ("554 no", Unclear),
        ] {
            assert_eq!(blame(&parse(said)), whom, "{said}");
        }
    }

    #[test]
    fn phrases_are_written_as_words_are() {
        let all = [&OUR_PHRASES[..], &OUR_WORDS, &READERS, &EITHERS, &ADDRESSES];
        for phrase in all.into_iter().flatten() {
            let read = Words::of(&phrase.replace('#', "1"));
            assert!(read.are(&[phrase.trim_end()]), "{phrase}: {read:?}");
        }
    }

    #[test]
    fn replies_that_differ_in_names_and_numbers_alone_are_of_one_kind() {
        let kind = |said: &str, to: &str| kind(&parse(said), &EmailAddress::parse(to).unwrap());
        let same = [
            (
                "550 5.4.5 Daily user sending limit exceeded. o65sm25351206pga.71 - gsmtp",
                "550 5.4.5 Daily user sending limit exceeded. s5sm12197523qke.120 - gsmtp",
            ),
            (
                "552 VLxpLjeSfWEfjfLPLqj Message would take you over 500",
                "552 C13ypH3DXQO9CC140p6S9y Message would take you over 501",
            ),
            (
                "550 jan is not welcome at a.example, see https://x.example/?p=1",
                "550 piet is not welcome at b.example, see https://x.example/?p=2",
            ),
        ];
        for (one, other) in same {
            assert_eq!(kind(one, "jan@a.example"), kind(other, "piet@b.example"));
        }
        let one = kind("550 5.7.1 no", "jan@a.example");
        for other in ["550 5.7.1 never", "554 5.7.1 no", "550 5.7.2 no", "550 no"] {
            assert_ne!(one, kind(other, "jan@a.example"), "{other}");
        }
    }
}
