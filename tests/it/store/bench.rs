//! What the scenarios work on: a fresh database of either engine, and small posts, readers and issues.

use courant::model::*;
use courant::store::{NewPost, Seal, SealOutcome, SourceSaved, Store, StoreTarget};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use sqlx::{Connection, Executor, PgConnection, Row, SqliteConnection};
use tempfile::TempDir;

use crate::support::postgres::Postgres;

/// The relay that the scenarios send over.
pub const RELAY: &str = "courant@one.example:465";

/// The relays that are configured, where it is that one.
pub fn relays() -> Vec<String> {
    vec![RELAY.to_owned()]
}

/// A database and the store over it.
pub struct Bench {
    pub store: Store,
    pub target: StoreTarget,
    _folder: Option<TempDir>,
}

impl Bench {
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let target = StoreTarget::Sqlite(folder.path().join("state/courant.db"));
        Self {
            store: Store::open(&target).await.unwrap(),
            target,
            _folder: Some(folder),
        }
    }

    /// `None` where there is no PostgreSQL.
    pub async fn postgres(scenario: &str) -> Option<Self> {
        let server = Postgres::of_all_tests(scenario).await?;
        let target = StoreTarget::Postgres(server.create(scenario).await);
        Some(Self {
            store: Store::open(&target).await.unwrap(),
            target,
            _folder: None,
        })
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.target, StoreTarget::Sqlite(_))
    }
}

/// What a `SELECT COUNT(*)` of the test's own says, beside the store.
pub async fn count(target: &StoreTarget, text: &'static str) -> i64 {
    match target {
        StoreTarget::Sqlite(path) => {
            let url = format!("sqlite://{}", path.display());
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            let row = connection.fetch_one(text).await.unwrap();
            connection.close().await.unwrap();
            row.get(0)
        }
        StoreTarget::Postgres(url) => {
            let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
            let row = connection.fetch_one(text).await.unwrap();
            connection.close().await.unwrap();
            row.get(0)
        }
    }
}

/// A statement of the test's own, beside the store.
pub async fn execute(target: &StoreTarget, text: &'static str) {
    match target {
        StoreTarget::Sqlite(path) => {
            let url = format!("sqlite://{}", path.display());
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            connection.execute(text).await.unwrap();
            connection.close().await.unwrap();
        }
        StoreTarget::Postgres(url) => {
            let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
            connection.execute(text).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// Half past midnight, some seconds later.
pub fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T00:30:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

pub fn source() -> SourceName {
    SourceName::parse("blog").unwrap()
}

pub fn schedule(name: &str) -> ScheduleName {
    ScheduleName::parse(name).unwrap()
}

pub fn post(number: i64) -> Post {
    Post {
        source: source(),
        identity: format!("https://blog.example.nl/{number}"),
        alternate: Some(format!("/{number}")),
        slug: format!("post-{number}"),
        title: format!("Post {number}"),
        title_derived: false,
        link: Some(format!("https://blog.example.nl/{number}")),
        author: None,
        published: Some(at(-3600 + number)),
        language: Some(Language::parse("nl").unwrap()),
        topics: vec![Topic::parse("verkoop").unwrap()],
        summary: "Eerlijk duurt het langst.".into(),
        html: "<p>Eerlijk duurt het langst.</p>".into(),
        image: None,
        call_to_action: None,
        lead: false,
        hold: None,
        files: Vec::new(),
        also: Vec::new(),
    }
}

/// As if every post had a title, a link and a text of its own.
pub fn likeness(number: i64) -> Likeness {
    Likeness {
        link: Some(format!("https://blog.example.nl/{number}")),
        title: format!("title {number}"),
        text: Some(format!("text {number}")),
        sketch: Some(number << 32),
        words: 60,
    }
}

pub fn new_post(number: i64) -> NewPost {
    NewPost {
        id: PostId(number),
        post: post(number),
        fingerprint: format!("fingerprint {number}"),
        baseline: false,
        standing: Standing::Open,
        likeness: likeness(number),
        aliases: Vec::new(),
    }
}

/// A successful reading that brings these posts.
pub fn reading(seconds: i64, posts: impl IntoIterator<Item = i64>) -> SourceSaved {
    SourceSaved {
        source: source(),
        location: "https://blog.example.nl/feed.xml".into(),
        at: at(seconds),
        validators: None,
        error: None,
        new: posts.into_iter().map(new_post).collect(),
        changed: Vec::new(),
        memory: None,
        visit: Visit::default(),
        recognised: Vec::new(),
        withdrawn: Vec::new(),
    }
}

pub fn address(number: i64) -> EmailAddress {
    EmailAddress::parse(&format!("lezer{number}@example.nl")).unwrap()
}

pub fn address_hash(number: i64) -> String {
    format!("hash of {number}")
}

fn delivery(number: i64) -> NewDelivery {
    NewDelivery {
        number,
        subscriber: SubscriberId(1000 + number),
        address_hash: address_hash(number),
        variant: 0,
        reader: Reader {
            address: address(number),
            name: Some("Zoë".into()),
            greeting: "Goedemorgen Zoë,".into(),
            since: "sinds 1 september 2026".into(),
            unsubscribe_token: format!("token{number}"),
            message_id: format!("message{number}"),
        },
    }
}

fn masthead() -> Masthead {
    Masthead {
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
    }
}

/// An issue with one variant of these posts, for readers 0 and following; it expires after a day.
pub fn seal(number: i64, schedule_name: &str, posts: &[i64], readers: i64) -> Seal {
    let ids: Vec<_> = posts.iter().copied().map(PostId).collect();
    Seal {
        issue: Issue {
            number: IssueNumber(number),
            schedule: schedule(schedule_name),
            edition: Edition(format!("2026-11-{:02}T08:00", 10 + number)),
            sealed_at: at(0),
            date: "2026-11-23".parse().unwrap(),
            expires_at: at(86_400),
            masthead: masthead(),
            posts: posts.iter().map(|&id| (PostId(id), post(id))).collect(),
            nonce: SlotNonce("0".repeat(32)),
        },
        variants: vec![SealedVariant {
            number: 0,
            variant: Variant {
                posts: ids,
                language: Language::parse("nl").unwrap(),
                format: Format::Html,
            },
            digest: Digest {
                subject: format!("Uitgave {number}"),
                preheader: "Eerlijk duurt het langst, ook in de verkoop van vandaag.".into(),
                html: Some("<p>slot</p>".into()),
                text: "slot".into(),
                language: Language::parse("nl").unwrap(),
            },
        }],
        deliveries: (0..readers).map(delivery).collect(),
        served: None,
        done_by: None,
    }
}

/// The list has these readers and no other.
pub async fn listed(store: &Store, readers: impl IntoIterator<Item = i64>) {
    let entries: Vec<_> = readers.into_iter().map(listed_entry).collect();
    store.subscriber_sync(&entries, &[], at(0)).await.unwrap();
}

fn listed_entry(number: i64) -> (SubscriberId, SubscriberEntry, String) {
    let entry = SubscriberEntry {
        address: address(number),
        name: None,
        language: None,
        topics: vec![],
        schedules: vec![],
        format: Format::Html,
        since: None,
        data: serde_json::Map::new(),
        line: 1,
    };
    (SubscriberId(1000 + number), entry, address_hash(number))
}

/// Gathers posts 1 to 3 and seals issue 1 of `weekly` with them, for readers who are on the list.
pub async fn sealed(store: &Store, readers: i64) -> IssueNumber {
    store.source_save(&reading(-60, 1..=3)).await.unwrap();
    listed(store, 0..readers).await;
    let outcome = store
        .issue_seal(&seal(1, "weekly", &[1, 2, 3], readers))
        .await;
    assert_eq!(outcome.unwrap(), SealOutcome::Sealed);
    IssueNumber(1)
}

/// A turn at `seconds` with a lease of a minute.
pub fn turn(issue: IssueNumber, seconds: i64) -> TurnRequest {
    TurnRequest {
        issue,
        outcomes: Vec::new(),
        revisions: Vec::new(),
        intents: Vec::new(),
        claim: 0,
        now: at(seconds),
        lease_until: at(seconds + 60),
    }
}

/// Claims up to `most` deliveries.
pub async fn claim(
    store: &Store,
    issue: IssueNumber,
    seconds: i64,
    most: usize,
) -> Vec<ClaimedDelivery> {
    let request = TurnRequest {
        claim: most,
        ..turn(issue, seconds)
    };
    store.outbox_turn(RELAY, &request).await.unwrap().claimed
}

/// Asks for intents.
pub async fn intend(
    store: &Store,
    issue: IssueNumber,
    seconds: i64,
    claims: &[Claim],
) -> TurnResult {
    let request = TurnRequest {
        intents: claims
            .iter()
            .map(|&claim| Intent {
                claim,
                behind: None,
            })
            .collect(),
        ..turn(issue, seconds)
    };
    store.outbox_turn(RELAY, &request).await.unwrap()
}

/// Records one outcome, and gives back the claims that had lost theirs.
pub async fn record(store: &Store, seconds: i64, claim: Claim, outcome: Outcome) -> Vec<Claim> {
    let record = OutcomeRecord {
        claim,
        outcome,
        at: at(seconds),
    };
    let request = TurnRequest {
        outcomes: vec![record],
        ..turn(claim.key.issue, seconds)
    };
    store
        .outbox_turn(RELAY, &request)
        .await
        .unwrap()
        .lost_outcomes
}

pub fn reply(code: u16, enhanced: &str, text: &str) -> Reply {
    Reply {
        code,
        enhanced: Some(enhanced.into()),
        text: text.into(),
    }
}

pub fn ok() -> Outcome {
    Outcome::Sent(reply(250, "2.0.0", "queued"))
}

/// The issue's account, which balances.
pub async fn account(store: &Store, issue: IssueNumber) -> Account {
    let account = store.issue_account(issue).await.unwrap().unwrap();
    assert!(account.balances(), "{account:?}");
    account
}

/// One delivery's row.
pub async fn row(store: &Store, issue: IssueNumber, number: i64) -> courant::store::DeliveryRow {
    let mut rows = store
        .delivery_list(issue, None, number - 1, 1)
        .await
        .unwrap();
    assert_eq!(rows[0].key.number, number);
    rows.remove(0)
}
