use std::collections::BTreeMap;

use super::super::reply::parse;
use super::*;
use crate::model::{
    DeliveryKey, EmailAddress, IssueNumber, PerHour, Reader, Reply, Security, SmtpRelay,
    SubscriberId,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn per(messages: u32, minutes: i64) -> Option<Rate> {
    let span = SignedDuration::from_mins(minutes);
    Some(Rate { messages, span })
}

fn limits(domains: &[&str], rate: Option<Rate>, connections: Option<usize>) -> DomainLimits {
    let domains = domains.iter().map(|domain| (*domain).to_owned());
    DomainLimits {
        domains: domains.collect(),
        rate,
        connections,
    }
}

fn relay(domains: Vec<DomainLimits>) -> RelaySettings {
    let server = SmtpRelay {
        host: "127.0.0.1".into(),
        port: 25,
        security: Security::Loopback,
        user: None,
    };
    RelaySettings {
        domains,
        ..RelaySettings::new(server, "sender.example.nl")
    }
}

fn opened(relay: &RelaySettings, learnt: &[LearntPace], now: Instant) -> Lanes {
    let expires_at = noon() + SignedDuration::from_hours(96);
    Lanes::new(relay, learnt, expires_at, (noon(), now))
}

fn delivery(number: i64, domain: &str) -> ClaimedDelivery {
    let key = DeliveryKey {
        issue: IssueNumber(1),
        number,
    };
    ClaimedDelivery {
        claim: Claim { key, fence: 1 },
        subscriber: SubscriberId(number),
        variant: 0,
        reader: Reader {
            address: EmailAddress::parse(&format!("reader{number}@{domain}")).unwrap(),
            name: None,
            greeting: String::new(),
            since: String::new(),
            unsubscribe_token: String::new(),
            message_id: String::new(),
        },
        attempts: 0,
        unknowns: 0,
    }
}

/// Lays deliveries on the shelf, numbered from 0, each for a domain.
fn put(lanes: &mut Lanes, domains: &[&str], now: Instant) {
    for (number, domain) in (0..).zip(domains) {
        lanes.put(delivery(number, domain), now);
    }
}

fn next(lanes: &mut Lanes, now: Instant) -> Option<i64> {
    lanes.next(now).map(|delivery| delivery.claim.key.number)
}

/// All that may go at an instant.
fn all(lanes: &mut Lanes, now: Instant) -> Vec<i64> {
    std::iter::from_fn(|| next(lanes, now)).collect()
}

fn record(number: i64, outcome: Outcome) -> OutcomeRecord {
    OutcomeRecord {
        claim: delivery(number, "any.example").claim,
        outcome,
        at: noon(),
    }
}

fn ok() -> Outcome {
    Outcome::Sent(parse("250 ok"))
}

fn later() -> Reply {
    parse("451 4.7.1 too many")
}

fn complaint(domain: Option<&str>) -> Complaint {
    Complaint {
        relay: domain.is_none(),
        domain: domain.map(str::to_owned),
        reply: later(),
    }
}

fn slowed(domain: Option<&str>, per_minute: u64) -> Slowed {
    Slowed {
        domain: domain.map(str::to_owned),
        pace: PerHour::new(per_minute * 60),
        reply: "451 4.7.1 too many".into(),
    }
}

#[test]
fn a_domain_that_waits_for_its_slot_holds_up_nobody() {
    let now = Instant::now();
    let settings = relay(vec![limits(&["slow.example"], per(1, 1), None)]);
    let mut lanes = opened(&settings, &[], now);
    let (slow, fast) = ("slow.example", "fast.example");
    put(&mut lanes, &[slow, slow, fast, slow, fast, fast], now);
    assert_eq!(all(&mut lanes, now), [0, 2, 4, 5]);
    assert_eq!(lanes.wake(now), Some(now + MINUTE));
    assert_eq!(all(&mut lanes, now + MINUTE - SECOND), [0; 0]);
    assert_eq!(all(&mut lanes, now + MINUTE), [1]);
    assert_eq!(all(&mut lanes, now + 2 * MINUTE), [3]);
}

#[test]
fn whoever_shares_a_lane_shares_its_places_and_its_pace() {
    let now = Instant::now();
    let both = ["outlook.example", "hotmail.example"];
    let settings = relay(vec![limits(&both, per(60, 1), Some(2))]);
    let mut lanes = opened(&settings, &[], now);
    put(&mut lanes, &[both[0], both[1], both[0], both[1]], now);
    assert_eq!(all(&mut lanes, now), [0]);
    assert_eq!(all(&mut lanes, now + 10 * SECOND), [1]);
    let later = now + 20 * SECOND;
    assert_eq!(all(&mut lanes, later), [0; 0], "two are under way");
    lanes.settled(&record(1, ok()), later);
    assert_eq!(all(&mut lanes, later), [2]);
    lanes.ended(&delivery(0, both[0]).claim);
    assert_eq!(all(&mut lanes, later + SECOND), [3]);
}

#[test]
fn the_relays_pace_holds_for_all_of_them() {
    let now = Instant::now();
    let mut settings = relay(vec![limits(&["a.example"], per(600, 1), None)]);
    settings.rate = per(60, 1);
    let mut lanes = opened(&settings, &[], now);
    assert_eq!(lanes.room(now), 61);
    put(&mut lanes, &["b.example", "a.example", "b.example"], now);
    assert_eq!(lanes.room(now), 58);
    for second in 0..3 {
        let then = now + SECOND * u32::try_from(second).unwrap();
        assert_eq!(all(&mut lanes, then), [second]);
        assert_eq!(all(&mut lanes, then + SECOND / 2), [0; 0]);
    }
}

#[test]
fn more_than_a_minute_of_mail_goes_back_until_its_turn_and_moves_no_slot() {
    let now = Instant::now();
    let settings = relay(vec![limits(&["slow.example"], per(20, 1), None)]);
    let mut lanes = opened(&settings, &[], now);
    put(&mut lanes, &["slow.example"; 200], now);
    let back = lanes.overdue(now);
    let dues: Vec<_> = back.iter().map(|one| one.due.unwrap() - now).collect();
    assert!(dues.is_sorted(), "{dues:?}");
    assert_eq!((lanes.len(), dues.len()), (21, 179));
    // The last of 200 has its turn after 199 times three seconds, and is expected in the twenty seconds before.
    assert_eq!(dues.first(), Some(&MINUTE));
    assert_eq!(dues.last(), Some(&(580 * SECOND)));
    assert_eq!(next(&mut lanes, now), Some(0), "no slot was used");
    assert!(lanes.overdue(now).is_empty());
    assert!(!lanes.is_done() && !lanes.is_expected(now + MINUTE - SECOND));
    assert!(lanes.is_expected(now + MINUTE));
    assert!(!lanes.is_expected(now + MINUTE), "it is told once");
    lanes.expect_nothing();
    lanes.drain();
    assert!(lanes.is_done());
}

#[test]
fn what_lies_on_the_shelf_for_a_quarter_of_its_lease_goes_back() {
    let now = Instant::now();
    let settings = relay(vec![limits(&["slow.example"], None, Some(1))]);
    let mut lanes = opened(&settings, &[], now);
    put(&mut lanes, &["slow.example", "slow.example"], now);
    assert_eq!(next(&mut lanes, now), Some(0));
    let quarter = settings.lease.unsigned_abs() / 4;
    assert_eq!(lanes.wake(now), Some(now + quarter));
    assert!(lanes.overdue(now + quarter - SECOND).is_empty());
    let back = lanes.overdue(now + quarter);
    assert_eq!(back.len(), 1);
    assert!(back[0].due.is_none() && back[0].delivery.claim.key.number == 1);
}

/// A queue, a lane and a clock: what is put back is claimed again once it is due.
#[test]
fn everybody_has_a_turn_at_the_lanes_pace_and_little_is_claimed_in_vain() {
    let start = Instant::now();
    let settings = relay(vec![limits(&["slow.example"], per(20, 1), None)]);
    let mut lanes = opened(&settings, &[], start);
    let mut queue: BTreeMap<i64, Instant> = (0..300).map(|number| (number, start)).collect();
    let (mut claims, mut sent, mut now) = (0, Vec::new(), start);
    while !queue.is_empty() || !lanes.is_done() {
        lanes.is_expected(now);
        let due: Vec<_> = queue.iter().filter(|(_, due)| **due <= now).collect();
        let due: Vec<_> = due.into_iter().take(16).map(|(n, _)| *n).collect();
        for number in due {
            claims += 1;
            queue.remove(&number);
            lanes.put(delivery(number, "slow.example"), now);
        }
        for back in lanes.overdue(now) {
            queue.insert(back.delivery.claim.key.number, back.due.unwrap());
        }
        if let Some(number) = next(&mut lanes, now) {
            sent.push((number, now));
        }
        now += SECOND / 10;
    }
    assert_eq!(sent.len(), 300);
    let slots = sent.windows(2).map(|two| two[1].1 - two[0].1);
    assert!(slots.clone().all(|pause| pause >= 3 * SECOND - SECOND / 10));
    assert!(
        sent[299].1 - start <= 299 * 3 * SECOND + SECOND,
        "a slot was lost"
    );
    assert!(claims <= 600, "{claims} claims for 300 mails");
}

#[test]
fn a_complaint_slows_its_domain_alone() {
    let now = Instant::now();
    let mut lanes = opened(&relay(vec![]), &[], now);
    put(
        &mut lanes,
        &["a.example", "b.example", "a.example", "b.example"],
        now,
    );
    assert_eq!(
        (next(&mut lanes, now), next(&mut lanes, now)),
        (Some(0), Some(1))
    );
    lanes.settled(&record(0, ok()), now);
    lanes.settled(&record(1, ok()), now);
    // Two messages in ten seconds, one of them for this domain: six a minute, and half of that.
    let told = lanes.complained(&complaint(Some("a.example")), now);
    assert_eq!(told, [slowed(Some("a.example"), 3)]);
    assert_eq!(lanes.complained(&complaint(Some("a.example")), now), []);
    assert_eq!(all(&mut lanes, now), [3]);
    lanes.put(delivery(4, "a.example"), now);
    lanes.put(delivery(5, "b.example"), now);
    assert_eq!(all(&mut lanes, now + 19 * SECOND), [5]);
    assert_eq!(all(&mut lanes, now + 20 * SECOND), [2]);
    assert_eq!(all(&mut lanes, now + 40 * SECOND), [4]);
}

#[test]
fn what_waits_for_nobody_moves_into_a_lane_that_is_slowed() {
    let now = Instant::now();
    let mut lanes = opened(&relay(vec![]), &[], now);
    put(
        &mut lanes,
        &["a.example", "b.example", "a.example", "a.example"],
        now,
    );
    assert_eq!(next(&mut lanes, now), Some(0));
    lanes.complained(&complaint(Some("a.example")), now);
    assert_eq!(all(&mut lanes, now), [1]);
    assert_eq!(lanes.wake(now), Some(now + 20 * SECOND));
}

#[test]
fn complaints_from_three_domains_slow_the_relay() {
    let now = Instant::now();
    let mut lanes = opened(&relay(vec![]), &[], now);
    let complain = |lanes: &mut Lanes, domain| {
        let told = lanes.complained(&complaint(Some(domain)), now);
        lanes.settled(&record(0, Outcome::Deferred(later(), noon())), now);
        told.iter().filter(|slowed| slowed.domain.is_none()).count()
    };
    assert_eq!(complain(&mut lanes, "a.example"), 0);
    assert_eq!(complain(&mut lanes, "b.example"), 0);
    assert_eq!(complain(&mut lanes, "b.example"), 0);
    assert_eq!(complain(&mut lanes, "c.example"), 1);
}

#[test]
fn a_slowed_relay_slows_all_and_finds_back() {
    let mut now = Instant::now();
    let mut settings = relay(vec![]);
    settings.rate = per(120, 1);
    let mut lanes = opened(&settings, &[], now);
    for number in 0..120 {
        lanes.put(delivery(number, "a.example"), now);
        assert_eq!(next(&mut lanes, now), Some(number));
        lanes.settled(&record(number, ok()), now);
        now += SECOND / 2;
    }
    let told = lanes.complained(&complaint(None), now - SECOND / 2);
    assert_eq!(told, [slowed(None, 60)]);
    // Sixty a minute, then 75, 94, 117, and after four good minutes as configured.
    let mut sent = Vec::new();
    for minute in 0..6 {
        let end = now + MINUTE;
        let mut count = 0;
        while now < end {
            lanes.put(delivery(1_000 + minute, "a.example"), now);
            count += i64::from(next(&mut lanes, now).is_some());
            lanes.settled(&record(1_000 + minute, ok()), now);
            lanes.drain();
            now += SECOND / 100;
        }
        sent.push(count);
    }
    for (count, expected) in sent.iter().zip([60, 60, 75, 94, 117, 120]) {
        assert!((count - expected).abs() <= 2, "{sent:?}");
    }
    assert!(!lanes.relay.is_slowed());
    let news = lanes.news(noon());
    assert_eq!(
        (news.len(), news[0].pace),
        (1, None),
        "nothing is left to remember"
    );
}

#[test]
fn what_was_learnt_is_told_once_and_believed_by_the_next_run() {
    let now = Instant::now();
    let settings = relay(vec![limits(&["a.example", "b.example"], per(60, 1), None)]);
    let mut lanes = opened(&settings, &[], now);
    for domain in [Some("b.example"), Some("c.example"), None] {
        lanes.complained(&complaint(domain), now);
    }
    let mut news = lanes.news(noon());
    assert_eq!(lanes.news(noon()), []);
    let paces: Vec<_> = news
        .iter()
        .map(|one| (one.domain.as_deref(), one.pace.unwrap().get()))
        .collect();
    let all_of_them = [
        (None, 180),
        (Some("a.example"), 180),
        (Some("c.example"), 180),
    ];
    assert_eq!(paces, all_of_them);

    // Its pace was noted two hours ago, and has doubled twice.
    for one in &mut news {
        one.noted_at = noon() - SignedDuration::from_hours(2);
    }
    let next = opened(&settings, &news, now);
    assert_eq!(next.relay.interval(), Some(5 * SECOND));
    let of = |domain: &str| next.lanes[next.by_domain[domain]].interval();
    assert_eq!(
        (of("b.example"), of("c.example")),
        (Some(5 * SECOND), Some(5 * SECOND))
    );
    let deaf = RelaySettings {
        slow_down: false,
        ..settings
    };
    let mut deaf = opened(&deaf, &news, now);
    assert_eq!((deaf.relay.interval(), deaf.lanes.len()), (None, 1));
    assert_eq!(deaf.complained(&complaint(None), now), []);
}

#[test]
fn a_lane_that_finds_back_is_asked_about_before_the_time() {
    let now = Instant::now();
    let mut lanes = opened(&relay(vec![]), &[], now);
    lanes.complained(&complaint(Some("a.example")), now);
    put(&mut lanes, &["a.example"; 100], now);
    let back = lanes.overdue(now);
    let last = back.iter().filter_map(|one| one.due).max().unwrap();
    // A hundred times twenty seconds, if it stays as slow as it is.
    assert!(last <= now + 17 * MINUTE, "{:?}", last - now);
}

#[test]
fn where_there_is_no_limit_no_domain_is_looked_at() {
    let now = Instant::now();
    let mut lanes = opened(&relay(vec![]), &[], now);
    put(&mut lanes, &["a.example"; 1_000], now);
    assert!(lanes.overdue(now).is_empty());
    assert_eq!(all(&mut lanes, now).len(), 1_000);
    assert!(lanes.by_domain.is_empty() && lanes.under_way.is_empty());
}
