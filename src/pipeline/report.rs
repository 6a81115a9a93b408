//! What a run did, as values: the command line prints them, `--json` gives them as they are.

mod relays;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use relays::{Paced, RelayEnd, RelayReport, SlowedDown};

use super::returning::InboxReport;
use crate::model::{
    Account, AlsoAt, Diagnostic, Flood, Forecast, IssueNumber, IssueStanding, NotAsked, PostId,
    Schedule, ScheduleName, SourceName, SuppressionReason,
};
use crate::store::SyncReport;

/// What one run did.
#[derive(Debug, Default, Serialize)]
pub struct RunReport {
    /// Another run holds the lock: nothing was done.
    pub already_running: bool,
    /// Another run took the lock over, so this one made no further issue.
    pub overtaken: bool,
    /// It was asked to end: the message in hand was finished, and no further issue was made.
    pub asked_to_end: bool,
    /// Each source that was asked.
    pub sources: Vec<SourceReport>,
    /// Posts that came in a flood, now or earlier, and wait for a person.
    pub held: Vec<HeldPosts>,
    /// What was found in the inbox, if there is one.
    pub inbox: Option<InboxReport>,
    /// Changes of the subscribers' list.
    pub readers: Option<SyncReport>,
    /// Issues that were sealed or continued.
    pub issues: Vec<IssueReport>,
    /// Schedules that made no issue, and why.
    pub quiet: Vec<QuietSchedule>,
    /// Issues that wait for the operator's approval.
    pub plans: Vec<PlanSaved>,
    /// The saved plan that was to be sent, and why it was not.
    pub refused: Option<PlanRefused>,
    /// Files written below `state/public`.
    pub published: Vec<PathBuf>,
    /// Where the embedded mailbox keeps its messages, if it was used.
    pub mailbox: Option<PathBuf>,
    /// Faults in sources, posts and subscribers; the rest went on.
    pub faults: Vec<Diagnostic>,
}

impl RunReport {
    /// Says why a schedule made no issue.
    pub(super) fn keep_quiet(&mut self, schedule: &Schedule, why: Quiet) {
        let schedule = schedule.name.clone();
        self.quiet.push(QuietSchedule { schedule, why });
    }
}

/// What came of asking one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceReport {
    /// Its name.
    pub name: SourceName,
    /// Posts it showed.
    pub found: usize,
    /// Of these, not known before.
    pub new: usize,
    /// Of these, known but changed.
    pub changed: usize,
    /// The server or the hash said that nothing changed.
    pub unchanged: bool,
    /// Of these, known, but under guids or links that they did not have before.
    pub renewed: usize,
    /// Of these, new and passed over by the source's filters.
    pub filtered: usize,
    /// Of these, new and brought by another source too.
    pub joined: usize,
    /// Why the new ones are held for a person, if they came in a flood.
    pub held: Option<Flood>,
    /// Why it could not be read.
    pub error: Option<String>,
    /// Since when it cannot be read.
    #[serde(skip)]
    pub failing_since: Option<Timestamp>,
    /// Titles that were made by us of the text, for the operator to look at.
    pub derived_titles: Vec<String>,
    /// Why it was not asked this time.
    pub not_asked: Option<NotAsked>,
    /// What else the visit showed: that it moved, that it answers again.
    pub notes: Vec<String>,
}

impl SourceReport {
    /// Of a source of which nothing is known yet.
    pub(super) fn of(name: &SourceName) -> Self {
        Self {
            name: name.clone(),
            found: 0,
            new: 0,
            changed: 0,
            unchanged: false,
            renewed: 0,
            filtered: 0,
            joined: 0,
            held: None,
            error: None,
            failing_since: None,
            derived_titles: vec![],
            not_asked: None,
            notes: vec![],
        }
    }
}

/// Posts of a source that wait for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldPosts {
    /// The source.
    pub source: SourceName,
    /// How many of its posts wait.
    pub posts: usize,
    /// How many came in the floods that they came in.
    pub came: usize,
    /// Why.
    pub why: String,
}

/// What became of one issue in this run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IssueReport {
    /// Its number.
    pub number: IssueNumber,
    /// Its schedule.
    pub schedule: ScheduleName,
    /// The subject of the variant with most readers.
    pub subject: String,
    /// Posts it carries.
    pub posts: usize,
    /// Renderings that its readers share.
    pub variants: usize,
    /// Sealed by an earlier run and continued by this one.
    pub resumed: bool,
    /// Whether the operator paused or cancelled it, before or while it was sent.
    pub standing: IssueStanding,
    /// It was paused in this run, since its deadline (`done_by`) had passed.
    pub late: bool,
    /// Where its deliveries stand now.
    pub account: Account,
    /// Where they stood when this run took it up, where an earlier one had sealed it.
    #[serde(skip)]
    pub before: Option<Account>,
    /// What happened to deliveries that a broken run left behind.
    pub recovered: Option<Recovery>,
    /// Readers of the schedule who were left out at sealing.
    pub skipped: Vec<Skipped>,
    /// Readers who have all of its posts already, or want none of their topics.
    pub nothing_new: usize,
    /// What was slowed down, since the relay asked for it.
    pub slowed: Vec<SlowedDown>,
    /// What was still to go at its pace when sending ended.
    pub paced: Option<Paced>,
    /// The relays that it was given to, in order.
    pub relays: Vec<RelayReport>,
    /// Why sending stopped early, if it did: no relay could take the rest.
    pub stopped: Option<String>,
    /// Whether it stopped since a relay will not have our mail, whoever it is for.
    pub refused: bool,
    /// Readers whom the relay refused as gone, and so many that it was not believed: the issue is paused.
    pub taken_back: i64,
    /// Readers whom the relay refused as gone, and that was not believed: they failed for this issue, and are not suppressed.
    pub doubted: i64,
    /// Deliveries that could go now, and wait for room under a relay's cap.
    pub waiting: i64,
    /// When the earliest queued delivery is tried again.
    pub next_try: Option<Timestamp>,
}

/// What was done with the claims of a run that broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Recovery {
    /// Claimed, no message data offered: queued again.
    pub released: i64,
    /// Unknown, and sent once more.
    pub resent: i64,
    /// Unknown, and held.
    pub held: i64,
}

/// A schedule that made no issue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuietSchedule {
    /// Its name.
    pub schedule: ScheduleName,
    /// Why.
    #[serde(flatten)]
    pub why: Quiet,
}

/// A plan that was saved: what `run --plan` would send.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanSaved {
    /// Its schedule.
    pub schedule: ScheduleName,
    /// Its name: a hash of everything in it.
    pub plan: String,
    /// Posts it carries.
    pub posts: usize,
    /// Renderings that its readers share.
    pub variants: usize,
    /// Who would get it.
    pub readers: usize,
    /// These by the domain of their address, most first.
    pub domains: Vec<PlannedDomain>,
    /// The operator's address, masked, once a preview was mailed there.
    pub asked: Option<String>,
}

/// Readers of a plan whose addresses are at one domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedDomain {
    /// The domain.
    pub domain: String,
    /// How many.
    pub readers: usize,
}

/// A saved plan that does not hold any more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanRefused {
    /// Its name.
    pub plan: String,
    /// What has changed, one clause each.
    pub changes: Vec<String>,
}

/// A reader of the schedule who is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Skipped {
    /// The address, masked.
    pub reader: String,
    /// Why.
    pub reason: SuppressionReason,
}

/// Why a schedule made no issue.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Quiet {
    /// Fewer new posts than `min_posts`.
    NothingNew {
        /// New posts there are.
        new: usize,
        /// Posts an issue needs.
        needed: usize,
    },
    /// The first run marked what exists as seen.
    Baseline {
        /// How many posts.
        posts: usize,
    },
    /// No reader wants its posts and lacks them.
    NoReaders,
    /// Whoever would receive it has left or bounced.
    NobodyLeft {
        /// How many are suppressed, by the word of the reason.
        left: BTreeMap<&'static str, usize>,
    },
    /// Its time has not come.
    NotDue {
        /// The next due time.
        next: Option<Timestamp>,
    },
    /// Its due time passed too long ago.
    Missed {
        /// The due time.
        slot: Timestamp,
        /// Why it was passed over.
        why: String,
        /// The schedule had run before: somebody may have waited for this issue.
        promised: bool,
    },
    /// The preflight found errors in its digests; they stand among the faults.
    Preflight {
        /// How many.
        errors: usize,
    },
    /// It is planned, and waits for the operator to send the plan.
    AwaitsApproval {
        /// The plan's name.
        plan: String,
    },
    /// This edition was sealed before.
    Sealed {
        /// By this issue.
        number: IssueNumber,
    },
}

/// One post of a plan, with its verdict in words a person reads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedPost {
    /// Its row; negative for a post that no run has seen yet. Not in JSON, whose readers round numbers of this size.
    #[serde(skip)]
    pub id: PostId,
    /// Its title.
    pub title: String,
    /// The title was made by us.
    pub title_derived: bool,
    /// Its source.
    pub source: SourceName,
    /// The date that counts.
    pub dated: Timestamp,
    /// Whether the issue carries it.
    pub carried: bool,
    /// Why.
    pub reason: String,
    /// Other sources that brought it too.
    pub also: Vec<AlsoAt>,
}

/// What the next issue of a schedule would be.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// The schedule.
    pub schedule: ScheduleName,
    /// Every post that was looked at, newest first.
    pub posts: Vec<PlannedPost>,
    /// The renderings, most readers first.
    pub variants: Vec<PlannedVariant>,
    /// Readers who would receive it.
    pub readers: usize,
    /// Readers of the schedule who left or bounced.
    pub skipped: Vec<Skipped>,
    /// Readers who have all of its posts already, or want none of their topics.
    pub nothing_new: usize,
    /// Why no issue would be made, if so.
    pub quiet: Option<Quiet>,
    /// What the relays' caps mean for it, where there are any.
    pub caps: Option<Forecast>,
    /// Posts that came in a flood, now or earlier, and wait for a person.
    pub held: Vec<HeldPosts>,
    /// Each source that was asked.
    pub sources: Vec<SourceReport>,
    /// Faults in sources, posts and subscribers.
    pub faults: Vec<Diagnostic>,
}

impl Plan {
    /// Of which nothing is known but its schedule.
    pub(super) fn empty(schedule: &ScheduleName) -> Self {
        Self {
            schedule: schedule.clone(),
            posts: vec![],
            variants: vec![],
            readers: 0,
            skipped: vec![],
            nothing_new: 0,
            quiet: None,
            caps: None,
            held: vec![],
            sources: vec![],
            faults: vec![],
        }
    }
}

/// One rendering of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedVariant {
    /// Its subject.
    pub subject: String,
    /// Its language.
    pub language: String,
    /// `html` or `text`.
    pub format: String,
    /// Posts it shows.
    pub posts: usize,
    /// Readers who share it.
    pub readers: usize,
    /// Size of the HTML part, in bytes.
    pub html_bytes: Option<usize>,
}
