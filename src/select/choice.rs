//! Which posts an issue carries: its places are dealt round, one a source and turn, each time the source's newest, so that
//! whoever publishes most crowds nobody out. Newest first; the lead is the newest post that asks to be one, else the newest.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::Timestamp;

use crate::model::{
    FirstRun, LedgerEntry, PostId, Schedule, Selection, SourceName, Standing, Verdict,
    VerdictReason,
};

/// Chooses the posts of the schedule's next issue.
///
/// `first_run_at` is when the schedule ran for the first time, or `None` if this is that run.
pub fn select(
    schedule: &Schedule,
    ledger: &[LedgerEntry],
    first_run_at: Option<Timestamp>,
    now: Timestamp,
) -> Selection {
    let mut newest_first: Vec<&LedgerEntry> = ledger.iter().collect();
    newest_first.sort_by_key(|entry| newest(entry));
    let to_begin_with = match (schedule.first_run, first_run_at) {
        (FirstRun::Newest(posts), None) => posts,
        _ => 0,
    };
    let mut reasons: HashMap<PostId, VerdictReason> = HashMap::new();
    for entry in &newest_first {
        let reason = reason_to_leave_out(schedule, entry, first_run_at, now);
        reasons.extend(reason.map(|reason| (entry.id, reason)));
    }
    let may_be_carried = newest_first
        .iter()
        .filter_map(|entry| match reasons.get(&entry.id) {
            None => Some((*entry, false)),
            Some(VerdictReason::OlderThanFirstRun) => Some((*entry, true)),
            Some(_) => None,
        });
    let dealt = deal(may_be_carried, schedule.max_posts, to_begin_with);
    let chosen = newest_first
        .iter()
        .filter(|entry| dealt.contains(&entry.id));
    let chosen: Vec<&LedgerEntry> = chosen.copied().collect();
    let verdicts = newest_first.iter().map(|entry| {
        let reason = match (dealt.contains(&entry.id), reasons.remove(&entry.id)) {
            (true, _) => VerdictReason::New,
            (false, reason) => reason.unwrap_or(VerdictReason::OverMaxPosts),
        };
        Verdict {
            post: entry.id,
            reason,
        }
    });
    Selection {
        verdicts: verdicts.collect(),
        chosen: lead_first(&chosen),
    }
}

/// Newest first. Posts of one moment stand in an order that a plan and the run after it share: a row's number is none.
fn newest(entry: &LedgerEntry) -> impl Ord {
    let times = std::cmp::Reverse((entry.dated(), entry.first_seen));
    let (source, identity) = (entry.post.source.clone(), entry.post.identity.clone());
    (times, source, identity, entry.id)
}

/// Deals the places of an issue: in each turn every source that has one left gives its newest post, newest first. At most
/// `older` posts from before the first run are among them.
fn deal<'a>(
    newest_first: impl Iterator<Item = (&'a LedgerEntry, bool)>,
    places: usize,
    mut older: usize,
) -> HashSet<PostId> {
    let mut hands: HashMap<&SourceName, VecDeque<(&LedgerEntry, bool)>> = HashMap::new();
    for (entry, is_older) in newest_first {
        let hand = hands.entry(&entry.post.source).or_default();
        hand.push_back((entry, is_older));
    }
    let mut dealt = HashSet::new();
    loop {
        let fronts = hands.values_mut().filter_map(VecDeque::pop_front);
        let mut turn: Vec<(&LedgerEntry, bool)> = fronts.collect();
        if turn.is_empty() {
            return dealt;
        }
        turn.sort_by_key(|(entry, _)| newest(entry));
        for (entry, is_older) in turn {
            if dealt.len() == places {
                return dealt;
            }
            if is_older && older == 0 {
                continue;
            }
            older -= usize::from(is_older);
            dealt.insert(entry.id);
        }
    }
}

fn reason_to_leave_out(
    schedule: &Schedule,
    entry: &LedgerEntry,
    first_run_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<VerdictReason> {
    if let Some((number, _)) = entry.carried.iter().find(|(_, by)| *by == schedule.name) {
        return Some(VerdictReason::CarriedBy(*number));
    }
    if let Some(reason) = kept_out(&entry.standing) {
        return Some(reason);
    }
    if !is_of_the_topics(schedule, entry) {
        return Some(VerdictReason::OutsideTopics);
    }
    if schedule.first_run != FirstRun::Send && is_baseline(entry, first_run_at) {
        return Some(VerdictReason::OlderThanFirstRun);
    }
    match &entry.post.hold {
        Some(crate::model::Hold::Until(date)) if *date <= now => None,
        Some(hold) => Some(VerdictReason::Held(hold.clone())),
        None => None,
    }
}

/// Why no issue may carry it, whatever the schedule.
fn kept_out(standing: &Standing) -> Option<VerdictReason> {
    match standing {
        Standing::Open => None,
        Standing::Quarantined { why, .. } => Some(VerdictReason::Quarantined(*why)),
        Standing::Dropped { .. } => Some(VerdictReason::Dropped),
        Standing::Filtered { by } => Some(VerdictReason::Filtered(by.clone())),
        Standing::Joined(joined) => Some(VerdictReason::Joined(joined.because, joined.to)),
    }
}

fn is_of_the_topics(schedule: &Schedule, entry: &LedgerEntry) -> bool {
    match &schedule.topics {
        None => true,
        Some(topics) => entry.post.topics.iter().any(|topic| topics.contains(topic)),
    }
}

/// A draft or a post dated ahead was not there for readers at the first run, so it is new when its time comes.
fn is_baseline(entry: &LedgerEntry, first_run_at: Option<Timestamp>) -> bool {
    if entry.post.hold.is_some() {
        return false;
    }
    entry.baseline || first_run_at.is_none_or(|first| entry.first_seen <= first)
}

fn lead_first(chosen: &[&LedgerEntry]) -> Vec<PostId> {
    let lead = chosen
        .iter()
        .find(|entry| entry.post.lead)
        .or(chosen.first());
    let rest = chosen
        .iter()
        .filter(|entry| lead.is_none_or(|lead| lead.id != entry.id));
    lead.into_iter().chain(rest).map(|entry| entry.id).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::SignedDuration;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::model::{
        Cadence, CatchUp, Hold, IssueNumber, Post, ScheduleName, SourceName, Topic,
    };

    pub(in crate::select) fn weekly() -> Schedule {
        Schedule {
            name: ScheduleName::parse("weekly").unwrap(),
            cadence: Cadence::Cron("0 8 * * MON".into()),
            timezone: TimeZone::UTC,
            topics: None,
            min_posts: 1,
            max_posts: 20,
            catch_up: CatchUp::Latest,
            max_lateness: SignedDuration::from_hours(12),
            first_run: FirstRun::Send,
            default: true,
            approve: false,
            done_by: None,
            intro: None,
            subject: None,
            preheader: None,
        }
    }

    pub(in crate::select) fn entry(id: i64, day: i64) -> LedgerEntry {
        let at = at(day);
        LedgerEntry {
            id: PostId(id),
            post: Post {
                source: SourceName::parse("blog").unwrap(),
                identity: format!("post {id}"),
                alternate: None,
                slug: format!("post-{id}"),
                title: format!("Post {id}"),
                title_derived: false,
                link: None,
                author: None,
                published: Some(at),
                language: None,
                topics: vec![],
                summary: String::new(),
                html: String::new(),
                image: None,
                call_to_action: None,
                lead: false,
                hold: None,
                files: vec![],
                also: Vec::new(),
            },
            first_seen: at,
            baseline: false,
            standing: Standing::Open,
            carried: vec![],
        }
    }

    pub(in crate::select) fn topics(names: &[&str]) -> Vec<Topic> {
        names
            .iter()
            .map(|name| Topic::parse(name).unwrap())
            .collect()
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
    }

    fn reasons(selection: &Selection) -> Vec<(i64, VerdictReason)> {
        selection
            .verdicts
            .iter()
            .map(|v| (v.post.0, v.reason.clone()))
            .collect()
    }

    #[test]
    fn new_posts_come_newest_first() {
        let ledger = [entry(1, 1), entry(2, 3), entry(3, 2)];
        let selection = select(&weekly(), &ledger, Some(at(0)), at(9));
        assert_eq!(selection.chosen, [PostId(2), PostId(3), PostId(1)]);
        assert!(
            selection
                .verdicts
                .iter()
                .all(|v| v.reason == VerdictReason::New)
        );
    }

    #[test]
    fn a_post_that_asks_for_it_leads() {
        let mut ledger = [entry(1, 1), entry(2, 3), entry(3, 2)];
        ledger[0].post.lead = true;
        let selection = select(&weekly(), &ledger, Some(at(0)), at(9));
        assert_eq!(selection.chosen, [PostId(1), PostId(2), PostId(3)]);
    }

    #[test]
    fn only_an_issue_of_this_schedule_takes_a_post_out() {
        let mut ledger = [entry(1, 1), entry(2, 2)];
        ledger[0].carried = vec![(IssueNumber(3), ScheduleName::parse("weekly").unwrap())];
        ledger[1].carried = vec![(IssueNumber(2), ScheduleName::parse("monthly").unwrap())];
        let selection = select(&weekly(), &ledger, Some(at(0)), at(9));
        assert_eq!(
            reasons(&selection),
            [
                (2, VerdictReason::New),
                (1, VerdictReason::CarriedBy(IssueNumber(3)))
            ]
        );
    }

    #[test]
    fn posts_outside_the_topics_and_over_the_limit_stay_out() {
        let mut ledger = [entry(1, 1), entry(2, 2), entry(3, 3)];
        ledger[0].post.topics = topics(&["sales"]);
        ledger[1].post.topics = topics(&["sales", "team"]);
        ledger[2].post.topics = topics(&["garden"]);
        let schedule = Schedule {
            topics: Some(topics(&["sales"])),
            max_posts: 1,
            ..weekly()
        };
        let selection = select(&schedule, &ledger, Some(at(0)), at(9));
        assert_eq!(
            reasons(&selection),
            [
                (3, VerdictReason::OutsideTopics),
                (2, VerdictReason::New),
                (1, VerdictReason::OverMaxPosts)
            ]
        );
    }

    #[test]
    fn the_first_run_of_a_baseline_schedule_sends_nothing() {
        let schedule = Schedule {
            first_run: FirstRun::Baseline,
            ..weekly()
        };
        let ledger = [entry(1, 1)];
        let first = select(&schedule, &ledger, None, at(2));
        assert_eq!(reasons(&first), [(1, VerdictReason::OlderThanFirstRun)]);
        let later = select(&schedule, &[entry(1, 1), entry(2, 3)], Some(at(2)), at(4));
        assert_eq!(
            reasons(&later),
            [
                (2, VerdictReason::New),
                (1, VerdictReason::OlderThanFirstRun)
            ]
        );
    }

    #[test]
    fn the_first_run_may_send_the_newest_few_and_no_later_run_sends_the_rest() {
        let schedule = Schedule {
            first_run: FirstRun::Newest(2),
            ..weekly()
        };
        let mut ledger = [entry(1, 1), entry(2, 1), entry(3, 1)];
        let first = select(&schedule, &ledger, None, at(2));
        assert_eq!(first.chosen.len(), 2);
        for id in first.chosen {
            let carried = ledger.iter_mut().find(|entry| entry.id == id).unwrap();
            carried.carried = vec![(IssueNumber(1), schedule.name.clone())];
        }
        let later = select(&schedule, &ledger, Some(at(2)), at(4));
        assert_eq!(later.chosen, []);
    }

    #[test]
    fn what_a_new_source_brings_at_first_is_baseline() {
        let schedule = Schedule {
            first_run: FirstRun::Baseline,
            ..weekly()
        };
        let mut old = entry(1, 5);
        old.baseline = true;
        let selection = select(&schedule, &[old], Some(at(2)), at(9));
        assert_eq!(reasons(&selection), [(1, VerdictReason::OlderThanFirstRun)]);
    }

    fn of(source: &str, id: i64, day: i64) -> LedgerEntry {
        let mut entry = entry(id, day);
        entry.post.source = SourceName::parse(source).unwrap();
        entry
    }

    #[test]
    fn places_are_dealt_round_one_a_source_and_turn() {
        let loud = (10..60).map(|n| of("loud", n, n));
        let others = [of("quiet", 1, 1), of("calm", 2, 2), of("calm", 3, 3)];
        let ledger: Vec<LedgerEntry> = loud.chain(others).collect();
        let dealt = |max_posts| {
            let schedule = Schedule {
                max_posts,
                ..weekly()
            };
            let chosen = select(&schedule, &ledger, Some(at(0)), at(99)).chosen;
            chosen.iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(dealt(1), [59]);
        assert_eq!(dealt(2), [59, 3]);
        assert_eq!(dealt(3), [59, 3, 1]);
        assert_eq!(dealt(4), [59, 58, 3, 1]);
        assert_eq!(dealt(5), [59, 58, 3, 2, 1]);
        assert_eq!(dealt(7), [59, 58, 57, 56, 3, 2, 1]);
        assert_eq!(dealt(99).len(), 53);
    }

    #[test]
    fn posts_of_one_moment_are_chosen_alike_whatever_their_rows_and_their_order() {
        let schedule = Schedule {
            max_posts: 3,
            ..weekly()
        };
        let titles = |rows: [i64; 6]| {
            let post = |(n, row): (usize, i64)| {
                let mut entry = of(["a", "b"][n % 2], row, 1);
                entry.post.identity = format!("post {n}");
                entry
            };
            let ledger: Vec<LedgerEntry> = rows.into_iter().enumerate().map(post).collect();
            let chosen = select(&schedule, &ledger, Some(at(0)), at(9)).chosen;
            let named = |id: &PostId| ledger.iter().find(|entry| entry.id == *id).unwrap();
            chosen
                .iter()
                .map(|id| named(id).post.identity.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(titles([1, 2, 3, 4, 5, 6]), ["post 0", "post 2", "post 1"]);
        assert_eq!(titles([-6, 9, -4, 3, 2, 1]), ["post 0", "post 2", "post 1"]);
    }

    #[test]
    fn the_first_runs_newest_are_dealt_round_too() {
        let schedule = Schedule {
            first_run: FirstRun::Newest(2),
            ..weekly()
        };
        let ledger = [of("loud", 1, 5), of("loud", 2, 4), of("quiet", 3, 1)];
        let chosen = select(&schedule, &ledger, None, at(9)).chosen;
        assert_eq!(chosen, [PostId(1), PostId(3)]);
    }

    #[test]
    fn drafts_and_posts_dated_ahead_wait_and_then_go_out() {
        let mut draft = entry(1, 1);
        draft.post.hold = Some(Hold::Draft);
        let mut ahead = entry(2, 1);
        ahead.post.hold = Some(Hold::Until(at(5)));
        let schedule = Schedule {
            first_run: FirstRun::Baseline,
            ..weekly()
        };
        let early = select(
            &schedule,
            &[draft.clone(), ahead.clone()],
            Some(at(2)),
            at(4),
        );
        assert_eq!(
            reasons(&early),
            [
                (1, VerdictReason::Held(Hold::Draft)),
                (2, VerdictReason::Held(Hold::Until(at(5))))
            ]
        );
        let later = select(&schedule, &[draft, ahead], Some(at(2)), at(5));
        assert_eq!(later.chosen, [PostId(2)]);
    }
}
