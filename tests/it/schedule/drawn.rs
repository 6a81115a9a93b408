//! Schedules and times drawn by chance: what holds for each of them.

use super::*;

/// Draws from a list.
fn pick<T: Copy>(chance: &SeededChance, from: &[T]) -> T {
    from[usize::try_from(chance.identifier()).unwrap() % from.len()]
}

/// Schedules in many shapes, each with an instant near a clock change of its zone.
fn drawn_cases(seed: u64, count: usize) -> Vec<(Schedule, Timestamp)> {
    let chance = SeededChance::new(seed);
    let minutes = ["0", "30", "*/15", "5,45", "*"];
    let hours = ["2", "0", "1-3", "*/2", "*", "2,14"];
    let days = ["* *", "* SUN", "29 *", "1 MON"];
    let zones = [
        AMSTERDAM,
        LORD_HOWE,
        KOLKATA,
        "America/St_Johns",
        "Africa/Casablanca",
        "UTC",
    ];
    let starts = [
        "2026-03-29T00:00Z",
        "2026-10-25T00:00Z",
        "2026-10-03T15:00Z",
        "2026-04-04T15:00Z",
        "2027-03-14T05:00Z",
        "2026-11-01T04:00Z",
        "2028-02-28T00:00Z",
    ];
    (0..count)
        .map(|_| {
            let zone = pick(&chance, &zones);
            let schedule = if pick(&chance, &[true, true, true, false]) {
                let (dom, dow) = pick(&chance, &days).split_once(' ').unwrap();
                let (minute, hour) = (pick(&chance, &minutes), pick(&chance, &hours));
                cron(&format!("{minute} {hour} {dom} * {dow}"), zone)
            } else {
                every(pick(&chance, &["10min", "1h", "7h", "45min"]), zone)
            };
            let jitter = SignedDuration::from_millis(chance.identifier() % 86_400_000);
            (schedule, at(pick(&chance, &starts)) - jitter)
        })
        .collect()
}

#[test]
fn slots_rise_and_no_edition_comes_twice() {
    for (schedule, start) in drawn_cases(1, 150) {
        let mut editions = HashSet::new();
        let mut after = start;
        for _ in 0..60 {
            let slot = next(&schedule, after).unwrap();
            assert!(
                slot > after,
                "{:?} {slot} is not after {after}",
                schedule.cadence
            );
            assert!(
                editions.insert(edition(&schedule, slot)),
                "{:?} {slot}",
                schedule.cadence
            );
            after = slot;
        }
    }
}

#[test]
fn the_newest_due_is_the_last_of_the_slots_before() {
    for (schedule, start) in drawn_cases(2, 150) {
        let mut before = next(&schedule, start).unwrap();
        for _ in 0..40 {
            let after = next(&schedule, before).unwrap();
            for now in [
                before,
                after - SignedDuration::from_secs(1),
                after - SignedDuration::from_nanos(1),
            ] {
                assert_eq!(
                    newest_due(&schedule, now),
                    Some(before),
                    "{:?} at {now} in {:?}",
                    schedule.cadence,
                    schedule.timezone.iana_name()
                );
            }
            before = after;
        }
    }
}

#[test]
fn what_was_served_is_never_due_again() {
    let chance = SeededChance::new(3);
    for (schedule, start) in drawn_cases(3, 100) {
        let (mut now, mut served, mut editions) = (start, None, HashSet::new());
        for _ in 0..80 {
            if let Due::Now(slot) = due(&schedule, served, now) {
                assert!(slot <= now);
                assert!(served.is_none_or(|last| slot > last));
                assert!(
                    editions.insert(edition(&schedule, slot)),
                    "{:?} {slot}",
                    schedule.cadence
                );
                served = Some(slot);
                assert!(!matches!(due(&schedule, served, now), Due::Now(_)));
            }
            // Mostly on, now and then back: clocks are set by people.
            now += SignedDuration::from_secs(chance.identifier() % 5_400 - 600);
        }
    }
}
