//! A small newsletter with readers, and a run over it.

use courant::deliver::{
    Deadlines, Error, Job, ListGuard, Outbox, Progress, RelaySettings, Report, Stop, deliver,
};
use courant::model::{
    BounceLimits, Clock, Digest, Edition, EmailAddress, FixedClock, Format, Issue, IssueNumber,
    Language, Masthead, PostId, Reader, ScheduleName, SealedVariant, Slot, SlotNonce, SmtpRelay,
    Variant,
};
use jiff::{SignedDuration, Timestamp};

use super::outbox::MemoryOutbox;

/// The instant of every test.
pub fn now() -> Timestamp {
    "2026-11-23T08:00:05Z".parse().unwrap()
}

pub fn clock() -> FixedClock {
    FixedClock::new(now())
}

pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub fn issue() -> Issue {
    Issue {
        number: IssueNumber(7),
        schedule: ScheduleName::parse("wekelijks").unwrap(),
        edition: Edition("2026-11-23T09:00".into()),
        sealed_at: "2026-11-23T08:00:00Z".parse().unwrap(),
        date: "2026-11-23".parse().unwrap(),
        expires_at: now() + SignedDuration::from_hours(96),
        masthead: Masthead {
            name: "De Courant".into(),
            tagline: None,
            language: Language::parse("nl").unwrap(),
            url: "https://nieuws.example.nl".into(),
            from_name: Some("De Courant".into()),
            from: address("courant@example.nl"),
            reply_to: Some(address("redactie@example.nl")),
            address: "Straat 1, 1234 AB Plaats".into(),
            leaving: courant::model::Leaving::Both(address("bounces@example.nl")),
            accent: "#a3271d".into(),
            timezone: "Europe/Amsterdam".into(),
            intro: None,
            call_to_action: None,
        },
        posts: Vec::new(),
        nonce: SlotNonce("0123456789abcdef0123456789abcdef".into()),
    }
}

/// A digest with every slot in both parts.
pub fn digest(issue: &Issue, html: bool) -> Digest {
    let slot = |slot: Slot| slot.token(&issue.nonce);
    let (greeting, address) = (slot(Slot::Greeting), slot(Slot::Address));
    let (since, leave) = (slot(Slot::Since), slot(Slot::Unsubscribe));
    Digest {
        subject: "Eén prijs voor iedereen · en nog 2 verhalen".into(),
        preheader: "Plus: de klant die nee zei, en wat een offerte kost".into(),
        html: html.then(|| {
            format!(
                "<!doctype html>\n<html lang=\"nl\"><body>\n<p>{greeting}</p>\n\
                 <p>Wie één prijs vraagt, hoeft niets te onthouden. Dat is rustig verkopen, en de \
                 klant merkt het.</p>\n<p>Verstuurd aan {address}, lezer sinds {since}. \
                 <a href=\"{leave}\">Uitschrijven</a></p>\n</body></html>\n"
            )
        }),
        text: format!(
            "Plus: de klant die nee zei\n\n{greeting}\n\nWie één prijs vraagt, hoeft niets te \
             onthouden.\n.Een punt vooraan\n\n-- \nVerstuurd aan {address}, lezer sinds {since}.\n\
             Uitschrijven: {leave}\n"
        ),
        language: Language::parse("nl").unwrap(),
    }
}

/// Variant 0 has HTML and text, variant 1 text alone.
pub fn variants(issue: &Issue) -> Vec<SealedVariant> {
    let variant = |number: i64, format: Format| SealedVariant {
        number,
        variant: Variant {
            posts: vec![PostId(1)],
            language: Language::parse("nl").unwrap(),
            format,
        },
        digest: digest(issue, format == Format::Html),
    };
    vec![variant(0, Format::Html), variant(1, Format::Text)]
}

pub fn reader(address: EmailAddress) -> Reader {
    let hash = blake3::hash(address.key().as_bytes()).to_hex();
    Reader {
        name: Some("Zoë & Jan".into()),
        greeting: "Goedemorgen Zoë & Jan,".into(),
        since: "1 september 2026".into(),
        unsubscribe_token: format!("t{}", &hash[..50]),
        message_id: hash[..32].to_owned(),
        address,
    }
}

/// The address of the n-th reader.
pub fn nth(n: usize) -> String {
    format!("reader{n}@example.nl")
}

/// Readers 0 to `count`, in turn of variant 0 and 1.
pub fn outbox(count: usize) -> MemoryOutbox {
    MemoryOutbox::new((0..count).map(|n| {
        let variant = i64::try_from(n % 2).unwrap();
        (reader(address(&nth(n))), variant)
    }))
}

/// Settings with one connection and deadlines that no honest server of a test comes near. Nothing slows down by itself,
/// whatever the server says: `pacing` has the tests of that.
pub fn settings(relay: SmtpRelay) -> RelaySettings {
    RelaySettings {
        connections: 1,
        slow_down: false,
        ..RelaySettings::new(relay, "sender.example.nl")
    }
}

/// Deadlines for a server that is known to fall silent: the test waits for them. Long enough for an honest reply on a
/// busy machine.
pub fn short_deadlines() -> Deadlines {
    let short = std::time::Duration::from_secs(1);
    Deadlines {
        greeting: short,
        command: short,
        data: short,
        dot: short,
        stop: short,
        ..Deadlines::default()
    }
}

/// A run in which an unknown may be sent again.
pub async fn run(settings: &RelaySettings, outbox: &MemoryOutbox) -> Report {
    run_with(settings, outbox, true, &clock(), &Stop::new())
        .await
        .unwrap()
}

/// A list so long that it has no guard.
pub fn guard() -> ListGuard {
    ListGuard {
        limits: BounceLimits {
            soft: 5,
            span: SignedDuration::from_hours(168),
            share: 5,
            always: 10,
        },
        readers: 1_000_000,
        one_domain: false,
    }
}

pub async fn run_with(
    settings: &RelaySettings,
    outbox: &MemoryOutbox,
    resend_unknown: bool,
    clock: &dyn Clock,
    stop: &Stop,
) -> Result<Report, Error> {
    run_over(settings, outbox, resend_unknown, clock, stop).await
}

/// The same over any outbox.
pub async fn run_over<O: Outbox + Progress>(
    settings: &RelaySettings,
    outbox: &O,
    resend_unknown: bool,
    clock: &dyn Clock,
    stop: &Stop,
) -> Result<Report, Error> {
    let issue = issue();
    let variants = variants(&issue);
    let job = Job {
        resend_unknown,
        ..job(&issue, &variants, settings)
    };
    deliver(&job, outbox, clock, stop, outbox).await
}

/// A job without another relay, for a long list of several domains.
pub fn job<'a>(
    issue: &'a Issue,
    variants: &'a [SealedVariant],
    relay: &'a RelaySettings,
) -> Job<'a> {
    Job {
        issue,
        variants,
        relay,
        has_successor: false,
        resend_unknown: true,
        guard: guard(),
        return_paths: None,
    }
}
