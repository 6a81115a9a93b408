//! Refusals that are about us, as providers word them: nobody is failed for them, and nobody counts as gone, however short
//! the list; another relay takes all over.

use courant::deliver::{Job, ListGuard, Report, Stop, Stopped, deliver};
use courant::model::{DeliveryState, Outcome};

use super::outbox::MemoryOutbox;
use super::world::{address, clock, guard, issue, job, now, reader, settings, variants};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

/// What providers say of a sender, and where; numbers differ from mail to mail where they put one.
const WORDINGS: [(Stage, &str); 32] = [
    (
        Stage::Dot,
        "550 5.4.5 Daily user sending limit exceeded. o65sm2535pga.71 - gsmtp",
    ),
    (Stage::Dot, "554 Sending paused for this account."),
    (
        Stage::Dot,
        "554 Message rejected: Email address is not verified. The following identities failed the check",
    ),
    (
        Stage::Rcpt,
        "550 Sending rate limit reached for this account (200/h)",
    ),
    (Stage::Dot, "550 5.4.6 mail rate exceeded limit"),
    (
        Stage::Dot,
        "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
    ),
    (
        Stage::Dot,
        "552 C13ypH3DXQO9CC140p6S9y Message would take you over your relay quota of 500 Current quota used: 487",
    ),
    (Stage::Rcpt, "550 sorry, too many emails (#5.7.1)"),
    (Stage::Dot, "554 5.7.1 Your account has been suspended"),
    (
        Stage::Dot,
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    ),
    (Stage::Rcpt, "554 5.7.1 Relay access denied"),
    (Stage::Rcpt, "550 relay not permitted"),
    (
        Stage::Rcpt,
        "554 5.7.1 Recipient address rejected: You have exceeded your Outmail quota.",
    ),
    (
        Stage::Rcpt,
        "550 User has exceeded its 24-hour sending limit. Messages to 25 recipients out of 25",
    ),
    (
        Stage::Dot,
        "554 Your account is on probation and domains are limited to 100 messages / hour.",
    ),
    (
        Stage::Dot,
        "554 5.7.0 Your message could not be sent. The limit on the number of allowed outgoing messages was exceeded.",
    ),
    (
        Stage::Data,
        "554 5.7.1 <DATA>: Data command rejected: only 10 messages per day",
    ),
    (Stage::Dot, "550 5.7.1 Your mail limit has been reached."),
    (
        Stage::Rcpt,
        "550 Domain example.nl has exceeded the max emails per hour (250/200 (125%)) allowed.",
    ),
    (
        Stage::Dot,
        "550 The from address does not match a verified Sender Identity.",
    ),
    (
        Stage::Mail,
        "550 This domain is not associated with your account",
    ),
    (
        Stage::Mail,
        "550 5.1.8 Sender address rejected: Domain not found",
    ),
    (
        Stage::Rcpt,
        "550 5.7.1 To protect our users from spam, mail sent from your IP address has been blocked",
    ),
    (
        Stage::Rcpt,
        "550 De gebruiker heeft de verzendlimiet bereikt",
    ),
    (
        Stage::Rcpt,
        "550 Der Benutzer hat das Versandlimit erreicht",
    ),
    (Stage::Dot, "550 L'utilisateur a atteint sa limite d'envoi"),
    (Stage::Rcpt, "550 User not authorized"),
    (Stage::Rcpt, "550 User over quota: 300 of 300 mails in 1h"),
    (Stage::Data, "550 SMTP user is disabled due to abuse"),
    (
        Stage::Rcpt,
        "554 5.7.1 Recipient address rejected: Access denied",
    ),
    // No word in these says whom they are about.
    (
        Stage::Dot,
        "554 Transaction failed Reject due to policy restrictions.",
    ),
    (
        Stage::Rcpt,
        "550 5.7.1 [CSR] Our system has detected an unusual amount of unsolicited mail",
    ),
];

const SIZES: [usize; 6] = [1, 2, 5, 15, 30, 300];

/// A list of so many readers, at one domain or at several.
fn list(size: usize, one_domain: bool) -> MemoryOutbox {
    MemoryOutbox::new((0..size).map(|n| {
        let domain = if one_domain { 0 } else { n % 3 };
        let to = format!("reader{n}@d{domain}.example");
        (reader(address(&to)), 0)
    }))
}

async fn send(
    server: &SmtpServer,
    outbox: &MemoryOutbox,
    (one_domain, has_successor): (bool, bool),
) -> Report {
    let (issue, mut settings) = (issue(), settings(server.relay()));
    settings.connections = 4;
    let variants = variants(&issue);
    let job = Job {
        has_successor,
        guard: ListGuard {
            one_domain,
            ..guard()
        },
        ..job(&issue, &variants, &settings)
    };
    let sent = deliver(&job, outbox, &clock(), &Stop::new(), outbox).await;
    sent.unwrap()
}

/// Nobody failed, nobody is called gone, and what was not sent is due.
fn nobody_paid(outbox: &MemoryOutbox, size: usize, told: &str) {
    for n in 0..size {
        let row = outbox.row(n);
        let is_well = matches!(row.state, DeliveryState::Sent | DeliveryState::Queued);
        assert!(is_well, "{told}: {row:?}");
        let gone = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_, true));
        assert!(!row.outcomes.iter().any(gone), "{told}: {row:?}");
    }
}

/// One wording, from the first mail on and after half of the list, at a list of one domain or of several, with one relay and
/// with two.
async fn blames(stage: Stage, said: &str, size: usize, one_domain: bool) {
    for taken in [0, size / 2] {
        let told = format!("{said:?} to {size} after {taken}, one domain: {one_domain}");
        for has_successor in [false, true] {
            let rule = at(stage).skip(taken).say(said);
            let one = SmtpServer::start(Script::new().rule(rule)).await;
            let outbox = list(size, one_domain);
            let report = send(&one, &outbox, (one_domain, has_successor)).await;
            nobody_paid(&outbox, size, &told);
            // Of those whose envelope was accepted, some may not have been said yet.
            let received = one.received().len();
            assert!(
                received <= taken && (stage != Stage::Dot || received == taken),
                "{told}"
            );
            let least = if one_domain { 3 } else { 2 };
            if size - taken >= least || stage == Stage::Mail {
                let refused = report.stopped.as_ref().is_some_and(Stopped::is_refusal);
                assert!(refused, "{told}: {report:?}");
                let due = |n| outbox.row(n).next_at <= now();
                assert!((0..size).all(due), "{told}");
                assert!(
                    one.arrivals(stage) <= taken + 12,
                    "{told}: it went on asking"
                );
            }
            if has_successor {
                let two = SmtpServer::start(Script::new()).await;
                send(&two, &outbox, (one_domain, false)).await;
                assert_eq!(two.received().len(), size - received, "{told}");
                assert_eq!(outbox.account().sent, size as i64, "{told}");
            }
        }
    }
}

#[tokio::test]
async fn no_wording_of_a_refusal_of_us_costs_a_reader_on_a_short_list() {
    for (stage, said) in WORDINGS {
        for size in &SIZES[..3] {
            for one_domain in [false, true] {
                blames(stage, said, *size, one_domain).await;
            }
        }
    }
}

#[tokio::test]
async fn no_wording_of_a_refusal_of_us_costs_a_reader_on_a_long_list() {
    for (number, (stage, said)) in WORDINGS.into_iter().enumerate() {
        blames(stage, said, 30, number % 2 == 0).await;
    }
    for (stage, said) in [WORDINGS[0], WORDINGS[10], WORDINGS[22]] {
        blames(stage, said, 300, false).await;
    }
}

/// `cargo nextest run --test it the_whole_grid --run-ignored all`
#[tokio::test]
#[ignore = "half a minute: all wordings, all sizes, all kinds of list"]
async fn the_whole_grid() {
    for (stage, said) in WORDINGS {
        for size in SIZES {
            for one_domain in [false, true] {
                blames(stage, said, size, one_domain).await;
            }
        }
    }
}

#[tokio::test]
async fn the_readers_own_refusals_fail_them_and_nobody_else() {
    let rules = [
        at(Stage::Rcpt)
            .to("reader0@d0.example")
            .say("552 5.2.2 mailbox full"),
        at(Stage::Rcpt)
            .to("reader1@d1.example")
            .say("552 5.2.2 mailbox full"),
        at(Stage::Dot)
            .to("reader4@d1.example")
            .say("554 5.6.0 not of this form"),
        at(Stage::Rcpt)
            .to("reader7@d1.example")
            .say("550 quota exceeded"),
        at(Stage::Rcpt)
            .to("reader9@d0.example")
            .say("550 No such user"),
    ];
    let script = rules.into_iter().fold(Script::new(), Script::rule);
    let server = SmtpServer::start(script).await;
    let outbox = list(10, false);
    let report = send(&server, &outbox, (false, false)).await;
    let states: Vec<_> = (0..10).map(|n| outbox.row(n).state).collect();
    for (n, state) in (0..).zip(states) {
        let wanted = match n {
            0 | 1 | 4 | 9 => DeliveryState::Failed,
            // Whose quota it is, nobody says.
            7 => DeliveryState::Queued,
            _ => DeliveryState::Sent,
        };
        assert_eq!(state, wanted, "{n}");
    }
    assert_eq!((report.failed, report.deferred, report.sent), (4, 1, 5));
    assert_eq!(report.stopped, None);
}
