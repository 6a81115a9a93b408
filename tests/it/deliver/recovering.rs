//! A slowed pace finds its way back, in this run and the next: told by what the table `pace` of a real database is given to
//! keep. A quiet minute is a few milliseconds here, and as many steps as ever.

use std::sync::Mutex;
use std::time::Duration;

use courant::deliver::{
    DomainLimits, Outbox, OutboxError, Progress, Rate, Recorded, RelaySettings, Report, Stop,
};
use courant::model::{LearntPace, PerHour, TurnRequest, TurnResult};
use courant::store::{Store, StoreTarget};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::time::Instant;

use super::outbox::MemoryOutbox;
use super::world::{address, clock, now, reader, run_over, settings};
use crate::support::smtp::{Rule, Script, SmtpServer, Stage, at};

/// The relay as the table names it.
const RELAY: &str = "courant@one.example:465";

/// Messages that go before the relay complains: over ten seconds, the shortest time that a pace is told from, one in 50 ms.
const BEFORE: usize = 200;

/// The pace after the complaint: half of that.
const HALF: u64 = 36_000;

/// A quarter more each time; without a limit it is over at four times what was too fast.
const TO_NO_LIMIT: i32 = 10;

/// The same for the next run, to which four times what it remembers is no limit.
const FROM_MEMORY: i32 = 6;

/// Deliveries in memory, paces in a database.
struct Remembering {
    deliveries: MemoryOutbox,
    store: Store,
    kept: Mutex<Vec<LearntPace>>,
    _folder: TempDir,
}

impl Remembering {
    /// So many deliveries to readers at one domain.
    async fn of(count: usize) -> Self {
        let readers = (0..count).map(|n| (reader(address(&format!("r{n}@a.example"))), 1));
        let folder = TempDir::new().unwrap();
        let target = StoreTarget::Sqlite(folder.path().join("courant.db"));
        Self {
            deliveries: MemoryOutbox::new(readers),
            store: Store::open(&target).await.unwrap(),
            kept: Mutex::default(),
            _folder: folder,
        }
    }

    /// What the table holds.
    async fn remembered(&self) -> Vec<LearntPace> {
        self.store.pace_list(RELAY).await.unwrap()
    }

    /// What was kept since this was last asked: the pace in force at each step, and `None` once it was over.
    fn steps(&self, domain: Option<&str>) -> Vec<Option<u64>> {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap());
        let step = |one: LearntPace| {
            assert_eq!(one.domain.as_deref(), domain);
            one.pace.map(PerHour::get)
        };
        kept.into_iter().map(step).collect()
    }
}

impl Outbox for Remembering {
    async fn turn(&self, request: TurnRequest) -> Result<TurnResult, OutboxError> {
        self.deliveries.turn(request).await
    }

    async fn paces(&self) -> Result<Vec<LearntPace>, OutboxError> {
        Ok(self.store.pace_list(RELAY).await?)
    }

    async fn keep_paces(&self, learnt: Vec<LearntPace>) -> Result<(), OutboxError> {
        let forget = Timestamp::MIN;
        self.store.pace_save(RELAY, &learnt, forget).await?;
        self.kept.lock().unwrap().extend(learnt);
        Ok(())
    }
}

impl Progress for Remembering {
    fn recorded(&self, _: Recorded<'_>) {}
}

/// One connection, and a "minute" in which even the fastest pace of these tests has a message.
fn listening(server: &SmtpServer) -> RelaySettings {
    RelaySettings {
        slow_down: true,
        quiet: Duration::from_millis(20),
        ..settings(server.relay())
    }
}

/// The same, a connection for each message: what is refused on one that carried others is offered again on a new one.
fn fresh(server: &SmtpServer) -> RelaySettings {
    RelaySettings {
        messages_per_connection: 1,
        ..listening(server)
    }
}

async fn run(settings: &RelaySettings, outbox: &Remembering) -> Report {
    let sent = run_over(settings, outbox, true, &clock(), &Stop::new()).await;
    sent.unwrap()
}

/// A server that complains once, after so many messages.
async fn complaining(rule: Rule) -> SmtpServer {
    SmtpServer::start(Script::new().rule(rule.skip(BEFORE).times(1))).await
}

fn hangs_up() -> Rule {
    at(Stage::Rcpt).say("421 4.3.2 busy")
}

fn throttles() -> Rule {
    at(Stage::Rcpt).say("451 4.7.1 too many of you")
}

/// From a pace up to a limit, a quarter more each time; the last step says that nothing is to be remembered.
fn is_a_way_up(steps: &[Option<u64>], from: u64, rises: i32) {
    let mut expected: Vec<_> = (0..rises)
        .map(|rise| Some((from as f64 * 1.25_f64.powi(rise)).round()))
        .collect();
    expected.push(None);
    assert_eq!(steps.len(), expected.len(), "{steps:?} for {expected:?}");
    for (step, expected) in steps.iter().zip(&expected) {
        let near = match (step, expected) {
            (Some(step), Some(expected)) => (*step as f64 - expected).abs() <= 1.0,
            (step, expected) => step.is_none() && expected.is_none(),
        };
        assert!(near, "{step:?} for {expected:?} in {steps:?}");
    }
}

/// The pace after the complaint; on a machine so slow that the messages took more than ten seconds, less than half.
fn first(steps: &[Option<u64>]) -> u64 {
    let first = steps[0].unwrap();
    assert!((1..=HALF).contains(&first), "{steps:?}");
    first
}

#[tokio::test]
async fn a_relay_that_hung_up_is_given_a_quarter_more_each_quiet_minute_until_nothing_limits_it() {
    let server = complaining(hangs_up()).await;
    let outbox = Remembering::of(BEFORE + 60).await;
    let started = Instant::now();
    let report = run(&listening(&server), &outbox).await;
    assert_eq!((report.sent, report.slowed.len()), (BEFORE as u64 + 60, 1));
    let steps = outbox.steps(None);
    is_a_way_up(&steps, first(&steps), TO_NO_LIMIT);
    assert_eq!(outbox.remembered().await, [], "it has recovered");

    // At each of the paces one went at least; a slot may be used 20 ms late without a loss to the next. That it took no
    // less is no matter of how fast the machine is.
    let between = |pace: &u64| PerHour::new(*pace).interval() - Duration::from_millis(20);
    let slow: Vec<_> = steps.iter().flatten().take(7).map(between).collect();
    assert!(
        started.elapsed() >= slow.iter().sum::<Duration>(),
        "{slow:?}"
    );
}

#[tokio::test]
async fn a_domain_that_was_refused_for_policy_finds_back_to_its_own_rate() {
    let server = complaining(throttles()).await;
    let outbox = Remembering::of(BEFORE + 60).await;
    let mut settings = fresh(&server);
    let rate = Rate {
        messages: 400,
        span: SignedDuration::from_secs(1),
    };
    settings.domains = vec![DomainLimits {
        domains: vec!["a.example".into()],
        rate: Some(rate),
        connections: None,
    }];
    let report = run(&settings, &outbox).await;
    assert_eq!((report.sent, report.deferred), (BEFORE as u64 + 59, 1));
    let steps = outbox.steps(Some("a.example"));
    // 36,000 an hour become 1,440,000: in seventeen steps, if it began there.
    let from = first(&steps);
    let rises = (1_440_000.0 / from as f64).ln() / 1.25_f64.ln();
    is_a_way_up(&steps, from, rises.ceil() as i32);
    assert_eq!(outbox.remembered().await, [], "it has recovered");
}

#[tokio::test]
async fn the_next_run_goes_on_where_this_one_ended_and_forgets_when_it_is_over() {
    let domain = Some("a.example");
    let server = complaining(throttles()).await;
    let outbox = Remembering::of(BEFORE + 80).await;
    let later = now() + SignedDuration::from_mins(30);
    // What is left of the first run is the one that the relay complained about.
    for n in BEFORE + 1..BEFORE + 80 {
        outbox.deliveries.set(n, |row| row.next_at = later);
    }
    // No minute of it is quiet.
    let unquiet = RelaySettings {
        quiet: RelaySettings::QUIET,
        ..fresh(&server)
    };
    let first_run = run(&unquiet, &outbox).await;
    assert_eq!(first_run.slowed.len(), 1, "{first_run:?}");
    let steps = outbox.steps(domain);
    let pace = first(&steps);
    assert_eq!(steps, [Some(pace)]);
    let remembered = outbox.remembered().await;
    assert_eq!(remembered.len(), 1);
    let [one] = &remembered[..] else { panic!() };
    assert_eq!((one.domain.as_deref(), one.noted_at), (domain, now()));
    assert_eq!(one.pace, Some(PerHour::new(pace)));

    // The clock stands still: it is as slow as it was, and its way up begins there.
    for n in BEFORE..BEFORE + 80 {
        outbox.deliveries.set(n, |row| row.next_at = now());
    }
    let started = Instant::now();
    let second_run = run(&fresh(&server), &outbox).await;
    assert_eq!(second_run.slowed, [], "nobody complained");
    let steps = outbox.steps(domain);
    let from = (pace as f64 * 1.25).round() as u64;
    is_a_way_up(&steps, from, FROM_MEMORY);
    assert!(started.elapsed() >= PerHour::new(pace).interval());
    assert_eq!(outbox.remembered().await, [], "it has recovered");
    assert_eq!(outbox.deliveries.account().queued, 0);
}
