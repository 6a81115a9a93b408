//! Behaviour of `schedule`: cron lines, clock changes, what is due and what was missed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod drawn;

use std::collections::HashSet;

use courant::model::{
    Cadence, CatchUp, Chance, Edition, FirstRun, Schedule, ScheduleName, SeededChance,
};
use courant::schedule::{
    Due, Error, MissedReason, deadline, due, edition, explain, manual_edition, newest_due, next,
    parse_cron, parse_every,
};
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const AMSTERDAM: &str = "Europe/Amsterdam";

/// A zone whose clock is set by half an hour.
const LORD_HOWE: &str = "Australia/Lord_Howe";

/// A zone half an hour off, without clock changes.
const KOLKATA: &str = "Asia/Kolkata";

fn schedule(cadence: Cadence, zone: &str) -> Schedule {
    Schedule {
        name: ScheduleName::parse("weekly").unwrap(),
        cadence,
        timezone: TimeZone::get(zone).unwrap(),
        topics: None,
        min_posts: 1,
        max_posts: 20,
        catch_up: CatchUp::Latest,
        max_lateness: SignedDuration::from_hours(12),
        first_run: FirstRun::Baseline,
        default: true,
        approve: false,
        done_by: None,
        intro: None,
        subject: None,
        preheader: None,
    }
}

fn cron(line: &str, zone: &str) -> Schedule {
    schedule(parse_cron(line).unwrap(), zone)
}

fn every(period: &str, zone: &str) -> Schedule {
    schedule(parse_every(period).unwrap(), zone)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next `count` slots as `2026-03-28T02:30+01`.
fn slots(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    std::iter::successors(next(schedule, at(after)), |slot| next(schedule, *slot))
        .take(count)
        .map(|slot| local(schedule, slot))
        .collect()
}

fn local(schedule: &Schedule, slot: Timestamp) -> String {
    let zoned = slot.to_zoned_datetime(schedule.timezone.clone());
    zoned.strftime("%Y-%m-%dT%H:%M%:::z").to_string()
}

#[test]
fn a_weekly_line_keeps_its_local_time_over_both_clock_changes() {
    let weekly = cron("0 8 * * MON", AMSTERDAM);
    assert_eq!(
        slots(&weekly, "2026-03-20T00:00Z", 2),
        ["2026-03-23T08:00+01", "2026-03-30T08:00+02"]
    );
    assert_eq!(
        slots(&weekly, "2026-10-17T00:00Z", 2),
        ["2026-10-19T08:00+02", "2026-10-26T08:00+01"]
    );
}

#[test]
fn a_time_that_the_spring_day_lacks_is_due_right_after_the_gap() {
    let daily = cron("30 2 * * *", AMSTERDAM);
    assert_eq!(
        slots(&daily, "2026-03-28T00:00Z", 3),
        [
            "2026-03-28T02:30+01",
            "2026-03-29T03:00+02",
            "2026-03-30T02:30+02"
        ]
    );
    let half_hour_gap = cron("15 2 * * *", LORD_HOWE);
    assert_eq!(
        slots(&half_hour_gap, "2026-10-02T00:00Z", 3),
        [
            "2026-10-03T02:15+10:30",
            "2026-10-04T02:30+11",
            "2026-10-05T02:15+11"
        ]
    );
}

#[test]
fn a_time_that_the_autumn_day_has_twice_is_due_once() {
    let daily = cron("30 2 * * *", AMSTERDAM);
    assert_eq!(
        slots(&daily, "2026-10-24T12:00Z", 2),
        ["2026-10-25T02:30+02", "2026-10-26T02:30+01"]
    );
    let frequent = cron("*/30 * * * *", AMSTERDAM);
    assert_eq!(
        slots(&frequent, "2026-10-24T23:30Z", 5),
        [
            "2026-10-25T02:00+02",
            "2026-10-25T02:30+02",
            "2026-10-25T03:00+01",
            "2026-10-25T03:30+01",
            "2026-10-25T04:00+01"
        ]
    );
    let half_hour_fold = cron("45 1 * * *", LORD_HOWE);
    assert_eq!(
        slots(&half_hour_fold, "2026-04-04T00:00Z", 2),
        ["2026-04-05T01:45+11", "2026-04-06T01:45+10:30"]
    );
}

#[test]
fn after_the_second_pass_the_first_pass_is_still_the_newest() {
    let frequent = cron("*/30 * * * *", AMSTERDAM);
    let in_second_pass = at("2026-10-25T01:40Z");
    let newest = newest_due(&frequent, in_second_pass).unwrap();
    assert_eq!(local(&frequent, newest), "2026-10-25T02:30+02");
    assert_eq!(
        due(&frequent, Some(newest), in_second_pass),
        Due::Later(at("2026-10-25T02:00Z"))
    );
}

#[test]
fn a_period_counts_from_the_epoch_and_gives_no_local_time_twice() {
    let hourly = every("1h", AMSTERDAM);
    assert_eq!(
        slots(&hourly, "2026-10-24T23:30Z", 3),
        [
            "2026-10-25T02:00+02",
            "2026-10-25T03:00+01",
            "2026-10-25T04:00+01"
        ]
    );
    // 02:00 comes twice, but only its second pass is a multiple of seven hours: it stays.
    let odd = every("7h", AMSTERDAM);
    let in_fold = std::iter::successors(next(&odd, at("2000-01-01T00:00Z")), |s| next(&odd, *s))
        .take_while(|slot| *slot < at("2040-01-01T00:00Z"))
        .map(|slot| local(&odd, slot))
        .filter(|slot| slot.contains("-10-") && slot.ends_with("T02:00+01"))
        .count();
    assert!(in_fold > 0);
    assert_eq!(
        slots(&every("2h", KOLKATA), "2026-11-23T00:00Z", 2),
        ["2026-11-23T07:30+05:30", "2026-11-23T09:30+05:30"]
    );
}

#[test]
fn nicknames_and_leap_days_are_understood() {
    assert_eq!(
        slots(&cron("@weekly", AMSTERDAM), "2026-11-23T12:00Z", 1),
        ["2026-11-29T00:00+01"]
    );
    assert_eq!(
        slots(&cron("@Daily", KOLKATA), "2026-11-23T12:00Z", 1),
        ["2026-11-24T00:00+05:30"]
    );
    assert_eq!(
        slots(&cron("0 8 29 2 *", AMSTERDAM), "2026-11-23T12:00Z", 2),
        ["2028-02-29T08:00+01", "2032-02-29T08:00+01"]
    );
    let before = newest_due(
        &cron("0 8 29 2 *", AMSTERDAM),
        at("2028-02-29T06:59:59.999Z"),
    );
    assert_eq!(before, Some(at("2024-02-29T07:00Z")));
}

#[test]
fn day_of_month_and_day_of_week_are_either_or() {
    // crontab(5): with both fields restricted, a day that fits either of them counts.
    assert_eq!(
        slots(&cron("0 8 13 * FRI", AMSTERDAM), "2026-11-05T12:00Z", 3),
        [
            "2026-11-06T08:00+01",
            "2026-11-13T08:00+01",
            "2026-11-20T08:00+01"
        ]
    );
}

#[test]
fn a_bad_line_blames_its_field() {
    let cases = [
        ("61 8 * * *", "61"),
        ("0 24 * * *", "24"),
        ("0 8 32 * *", "32"),
        ("0 8 0 * *", "0"),
        ("0 8 * 13 *", "13"),
        ("0 8 * * MOO", "MOO"),
        ("0 8 MON * *", "MON"),
        ("0 8 * MON *", "MON"),
        ("0 8 * * SUNDAY", "SUNDAY"),
        ("  0  8-  * * *", "8-"),
        ("0 8,, * * *", "8,,"),
        ("0 */0 * * *", "*/0"),
        ("0 8 * * é", "é"),
        ("0 8 31 2 *", "31 2"),
        ("0 8 31 4,6,9,11 *", "31 4,6,9,11"),
    ];
    for (line, blamed) in cases {
        let error = parse_cron(line).unwrap_err();
        let range = error.range().unwrap();
        let last = line.rfind(blamed).unwrap();
        assert_eq!(&line[range.clone()], blamed, "{line}: {error}");
        // `0` occurs twice in its line: the later one is to blame.
        assert_eq!(range.start, last, "{line}: {error}");
    }
}

#[test]
fn a_bad_line_says_what_is_allowed() {
    let shown: Vec<String> = [
        "0 8 * *",
        "0 0 8 * * MON",
        "@fortnightly",
        "0 8 * * MOO",
        "0 8 31 2 *",
    ]
    .iter()
    .map(|line| {
        let error = parse_cron(line).unwrap_err();
        format!("{line}\n  {error}\n  {}", error.hint())
    })
    .collect();
    insta::assert_snapshot!("cron_faults", shown.join("\n"));
    assert_eq!(parse_cron("").unwrap_err(), Error::FieldCount(0));
}

#[test]
fn an_edition_bears_the_local_time() {
    let weekly = cron("0 8 * * MON", AMSTERDAM);
    let slot = next(&weekly, at("2026-11-22T12:00Z")).unwrap();
    assert_eq!(
        edition(&weekly, slot),
        Edition("2026-11-23T08:00".to_owned())
    );
    assert_eq!(
        manual_edition(date(2026, 11, 23), 2),
        Edition("2026-11-23#2".to_owned())
    );
}

#[test]
fn only_the_newest_slot_is_run_and_only_once() {
    let daily = cron("0 8 * * *", AMSTERDAM);
    let now = at("2026-11-23T09:00Z");
    let slot = at("2026-11-23T07:00Z");
    assert_eq!(due(&daily, None, now), Due::Now(slot));
    assert_eq!(
        due(&daily, Some(at("2026-11-01T07:00Z")), now),
        Due::Now(slot)
    );
    assert_eq!(
        due(&daily, Some(slot), now),
        Due::Later(at("2026-11-24T07:00Z"))
    );
}

#[test]
fn a_clock_that_is_set_back_serves_nothing_again() {
    let daily = cron("0 8 * * *", AMSTERDAM);
    let served = at("2026-11-23T07:00Z");
    assert_eq!(
        due(&daily, Some(served), at("2026-11-10T12:00Z")),
        Due::Later(at("2026-11-24T07:00Z"))
    );
}

#[test]
fn a_slot_that_is_too_late_is_missed() {
    let daily = cron("0 8 * * *", AMSTERDAM);
    let slot = at("2026-11-23T07:00Z");
    assert_eq!(
        due(&daily, None, slot + SignedDuration::from_hours(12)),
        Due::Now(slot)
    );
    let late = SignedDuration::from_hours(12) + SignedDuration::from_secs(1);
    let why = MissedReason::TooLate {
        late,
        max: SignedDuration::from_hours(12),
    };
    assert_eq!(due(&daily, None, slot + late), Due::Missed { slot, why });
    assert_eq!(why.to_string(), "12h 1s late, and `max_lateness` is 12h");
}

#[test]
fn skipping_forgives_an_hour_and_no_more() {
    let daily = Schedule {
        catch_up: CatchUp::Skip,
        ..cron("0 8 * * *", AMSTERDAM)
    };
    let slot = at("2026-11-23T07:00Z");
    assert_eq!(
        due(&daily, None, slot + SignedDuration::from_mins(60)),
        Due::Now(slot)
    );
    let late = SignedDuration::from_mins(61);
    let why = MissedReason::Skipped { late };
    assert_eq!(due(&daily, None, slot + late), Due::Missed { slot, why });
    assert_eq!(why.to_string(), "1h 1m late, and `catch_up` is `skip`");
}

#[test]
fn schedules_explain_themselves() {
    let now = at("2026-11-23T12:00Z");
    let explained = [
        cron("0 8 * * MON", AMSTERDAM),
        cron("30 2 * * *", AMSTERDAM),
        cron("*/15 * * * *", AMSTERDAM),
        cron("0 8 1,15 * FRI", KOLKATA),
        every("2h", "UTC"),
        every("7h", AMSTERDAM),
    ]
    .map(|schedule| explain(&schedule, now));
    insta::assert_snapshot!("explain_before_spring", explained.join("\n"));

    let summer = at("2026-07-01T12:00Z");
    let explained = [
        cron("0 8 * * MON", AMSTERDAM),
        cron("30 2 * * *", AMSTERDAM),
        cron("*/15 * * * *", AMSTERDAM),
        every("30min", LORD_HOWE),
        every("1h", AMSTERDAM),
    ]
    .map(|schedule| explain(&schedule, summer));
    insta::assert_snapshot!("explain_before_autumn", explained.join("\n"));
}

#[test]
fn a_deadline_is_the_next_time_that_the_clocks_show_it() {
    let by = |hour, minute| Schedule {
        done_by: Some(jiff::civil::time(hour, minute, 0, 0)),
        ..cron("0 8 * * MON", AMSTERDAM)
    };
    let found =
        |schedule: &Schedule, after| deadline(schedule, at(after)).map(|at| local(schedule, at));
    for (hour, minute, sealed, expected) in [
        (9, 0, "2026-11-23T07:00:05Z", "2026-11-23T09:00+01"),
        (9, 0, "2026-11-23T08:00:00Z", "2026-11-24T09:00+01"),
        (1, 0, "2026-11-23T22:30:00Z", "2026-11-24T01:00+01"),
        // The spring day lacks half past two; the autumn day has it twice.
        (2, 30, "2026-03-28T23:30:00Z", "2026-03-29T03:30+02"),
        (2, 30, "2026-10-24T23:30:00Z", "2026-10-25T02:30+02"),
    ] {
        assert_eq!(found(&by(hour, minute), sealed).as_deref(), Some(expected));
    }
    assert_eq!(
        found(&cron("0 8 * * MON", AMSTERDAM), "2026-11-23T07:00:05Z"),
        None
    );
}
