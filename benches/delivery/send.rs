//! Courant itself: seals into a database with `synchronous=FULL`, and sends from there.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use courant::deliver::{
    Job, ListGuard, Outbox, OutboxError, RelaySettings, Stencil, Stop, deliver,
};
use courant::model::{
    BounceLimits, Clock, DkimKey, DkimSecret, IssueNumber, Security, SmtpRelay, TurnRequest,
    TurnResult,
};
use courant::store::{Store, StoreTarget};
use jiff::{SignedDuration, Timestamp};

use super::issue;

/// A key of nobody.
pub const RSA: &str = include_str!("../../tests/fixtures/deliver/dkim-rsa-of-tests.pem");

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The outbox, which counts its turns and their microseconds.
struct StoreOutbox<'a>(&'a Store, AtomicU64, AtomicU64);

impl Outbox for StoreOutbox<'_> {
    async fn turn(&self, request: TurnRequest) -> Result<TurnResult, OutboxError> {
        let started = Instant::now();
        let result = self.0.outbox_turn("sink", &request).await?;
        self.1.fetch_add(1, Ordering::Relaxed);
        self.2
            .fetch_add(started.elapsed().as_micros() as u64, Ordering::Relaxed);
        Ok(result)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().unwrap()
}

async fn open(database: &Path) -> Store {
    let target = StoreTarget::Sqlite(database.to_owned());
    Store::open(&target).await.unwrap()
}

pub fn seal(readers: usize, database: &Path) {
    runtime().block_on(async {
        let store = open(database).await;
        let seal = issue::seal(readers);
        let listed = seal.deliveries.iter().map(issue::listed);
        let listed: Vec<_> = listed.collect();
        store
            .subscriber_sync(&listed, &[], seal.issue.sealed_at)
            .await
            .unwrap();
        let started = Instant::now();
        store.issue_seal(&seal).await.unwrap();
        let seconds = started.elapsed().as_secs_f64();
        let bytes: u64 = ["", "-wal"]
            .iter()
            .filter_map(|end| std::fs::metadata(format!("{}{end}", database.display())).ok())
            .map(|data| data.len())
            .sum();
        println!("{{\"readers\":{readers},\"seconds\":{seconds:.3},\"bytes\":{bytes}}}");
    });
}

fn keys(sign: Option<&str>) -> Vec<DkimKey> {
    let pem = match sign {
        None => return Vec::new(),
        Some("rsa") => RSA.to_owned(),
        Some("ed25519") => DkimSecret::ed25519_pem(&[7; 32]),
        Some(other) => panic!("no such key: {other}"),
    };
    let secret = DkimSecret::from_pem(&pem).unwrap();
    vec![DkimKey::new("example.nl".into(), "bench".into(), secret)]
}

pub fn send(port: u16, connections: usize, database: &Path, sign: Option<&str>) {
    runtime().block_on(async {
        let store = open(database).await;
        let issue = store.issue_load(IssueNumber(1)).await.unwrap().unwrap();
        let variants = store.variant_list(issue.number).await.unwrap();
        let relay = SmtpRelay {
            host: "127.0.0.1".into(),
            port,
            security: Security::Loopback,
            user: None,
        };
        let settings = RelaySettings {
            connections,
            dkim: keys(sign).into(),
            messages_per_connection: 1_000_000,
            ..RelaySettings::new(relay, "bench.example.nl")
        };
        let job = Job {
            issue: &issue,
            variants: &variants,
            relay: &settings,
            has_successor: false,
            resend_unknown: true,
            guard: ListGuard {
                limits: BounceLimits {
                    soft: 5,
                    span: SignedDuration::from_hours(168),
                    share: 100,
                    always: 10,
                },
                readers: u64::MAX,
                one_domain: false,
            },
            return_paths: None,
        };
        let outbox = StoreOutbox(&store, 0.into(), 0.into());
        let started = Instant::now();
        let report = deliver(&job, &outbox, &SystemClock, &Stop::new(), &())
            .await
            .unwrap();
        let seconds = started.elapsed().as_secs_f64();
        let account = store.issue_account(issue.number).await.unwrap().unwrap();
        assert!(account.balances() && account.sent == account.planned, "{account:?} {report:?}");
        let (turns, micros) = (outbox.1.into_inner(), outbox.2.into_inner());
        println!(
            "{{\"messages\":{},\"seconds\":{seconds:.3},\"rate\":{:.0},\"cpu_ms\":{:.3},\"turns\":{turns},\
             \"turn_ms\":{:.3},\"peak_mb\":{:.1}}}",
            report.sent,
            report.sent as f64 / seconds,
            cpu().as_secs_f64() * 1e3 / report.sent as f64,
            micros as f64 / 1e3 / turns as f64,
            peak_mb(),
        );
    });
}

/// What a copy costs, and what a signature adds to it.
pub fn copies() {
    let issue = issue::issue();
    let stencil = Stencil::new(&issue, &issue::digest(&issue)).unwrap();
    let octets = stencil.copy(&issue::reader(0)).octets();
    assert!(octets.abs_diff(issue::OCTETS) < 2_048, "{octets}");
    let micros = |work: &dyn Fn(usize)| {
        let mut times: Vec<f64> = (0..50)
            .map(|round| {
                let started = Instant::now();
                (0..40).for_each(|n| work(round * 40 + n));
                started.elapsed().as_secs_f64() * 1e6 / 40.0
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let readers: Vec<_> = (0..2_000).map(issue::reader).collect();
    let splice = micros(&|n| drop(std::hint::black_box(stencil.copy(&readers[n]))));
    let whole = micros(&|n| drop(std::hint::black_box(stencil.message(&readers[n]))));
    let signed = |sign: &str| {
        let keys = keys(Some(sign));
        micros(&|n| {
            drop(std::hint::black_box(
                stencil.signed_copy(&readers[n], &keys).unwrap(),
            ))
        })
    };
    let (ed25519, rsa) = (signed("ed25519"), signed("rsa"));
    println!(
        "{{\"octets\":{octets},\"splice_us\":{splice:.2},\"put_together_us\":{whole:.2},\
         \"ed25519_us\":{ed25519:.1},\"rsa_us\":{rsa:.1}}}"
    );
}

/// Processor time of this process, in ticks of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes / 1024.0
}
