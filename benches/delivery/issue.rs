//! An issue of one variant whose message has 40 KB, and its readers.

use courant::model::*;
use courant::store::Seal;
use jiff::{SignedDuration, Timestamp};

/// Octets of a message: a digest of 12 posts.
pub const OCTETS: usize = 40 * 1024;

/// Sentences of words as a digest has them.
fn text(octets: usize) -> String {
    let sentence = "Wie één prijs vraagt, hoeft niets te onthouden, en dat is rustig verkopen.\n";
    sentence.repeat(octets / sentence.len())
}

pub fn issue() -> Issue {
    let now = Timestamp::now();
    Issue {
        number: IssueNumber(1),
        schedule: ScheduleName::parse("wekelijks").unwrap(),
        edition: Edition("2026-11-23T09:00".into()),
        sealed_at: now,
        date: "2026-11-23".parse().unwrap(),
        expires_at: now + SignedDuration::from_hours(96),
        masthead: Masthead {
            name: "De Courant".into(),
            tagline: None,
            language: Language::parse("nl").unwrap(),
            url: "https://nieuws.example.nl".into(),
            from_name: Some("De Courant".into()),
            from: EmailAddress::parse("courant@example.nl").unwrap(),
            reply_to: None,
            address: "Straat 1, 1234 AB Plaats".into(),
            leaving: courant::model::Leaving::Web,
            accent: "#a3271d".into(),
            timezone: "Europe/Amsterdam".into(),
            intro: None,
            call_to_action: None,
        },
        posts: Vec::new(),
        nonce: SlotNonce("0123456789abcdef0123456789abcdef".into()),
    }
}

pub fn digest(issue: &Issue) -> Digest {
    let slot = |slot: Slot| slot.token(&issue.nonce);
    let (greeting, address) = (slot(Slot::Greeting), slot(Slot::Address));
    let (since, leave) = (slot(Slot::Since), slot(Slot::Unsubscribe));
    let foot = format!("Verstuurd aan {address}, lezer sinds {since}. {leave}\n");
    Digest {
        subject: "Eén prijs voor iedereen · en nog 11 verhalen".into(),
        preheader: "Plus: de klant die nee zei, en wat een offerte kost".into(),
        html: Some(format!(
            "<!doctype html>\n<p>{greeting}</p>\n{}<p>{foot}</p>\n",
            text(31 * 1024)
        )),
        text: format!("{greeting}\n\n{}\n-- \n{foot}", text(3 * 1024)),
        language: Language::parse("nl").unwrap(),
    }
}

pub fn reader(number: usize) -> Reader {
    let hash = blake3::hash(&number.to_le_bytes()).to_hex();
    Reader {
        address: EmailAddress::parse(&format!("lezer{number}@example.nl")).unwrap(),
        name: Some("Zoë de Vries".into()),
        greeting: "Goedemorgen Zoë,".into(),
        since: "1 september 2026".into(),
        unsubscribe_token: format!("t{}", &hash[..50]),
        message_id: hash[..32].to_owned(),
    }
}

/// The reader of a delivery as the list has them.
pub fn listed(delivery: &NewDelivery) -> (SubscriberId, SubscriberEntry, String) {
    let entry = SubscriberEntry {
        address: delivery.reader.address.clone(),
        name: None,
        language: None,
        topics: Vec::new(),
        schedules: Vec::new(),
        format: Format::Html,
        since: None,
        data: serde_json::Map::new(),
        line: 1,
    };
    (delivery.subscriber, entry, delivery.address_hash.clone())
}

pub fn seal(readers: usize) -> Seal {
    let issue = issue();
    let digest = digest(&issue);
    Seal {
        done_by: None,
        variants: vec![SealedVariant {
            number: 0,
            variant: Variant {
                posts: Vec::new(),
                language: Language::parse("nl").unwrap(),
                format: Format::Html,
            },
            digest,
        }],
        deliveries: (0..readers)
            .map(|n| NewDelivery {
                number: i64::try_from(n).unwrap(),
                subscriber: SubscriberId(i64::try_from(n).unwrap() + 1),
                address_hash: blake3::hash(&n.to_be_bytes()).to_hex().to_string(),
                variant: 0,
                reader: reader(n),
            })
            .collect(),
        issue,
        served: None,
    }
}
