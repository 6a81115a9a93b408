//! When an issue is made, from what and for whom: one file of `schedules/`, checked.

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::{Localised, ScheduleName, Topic};

/// What a subject or preheader of the publisher's own may hold in braces, such as `{lead}`; each is filled at sealing.
pub const SUBJECT_FIELDS: [&str; 6] = ["count", "date", "lead", "more", "newsletter", "number"];

/// A checked schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its file's name without `.toml`.
    pub name: ScheduleName,
    /// When it is due.
    pub cadence: Cadence,
    /// The zone that its times and dates are in.
    pub timezone: TimeZone,
    /// Topics of its posts; `None` = all (`["*"]`).
    pub topics: Option<Vec<Topic>>,
    /// Fewer new posts than this: no issue.
    pub min_posts: usize,
    /// More new posts than this wait for the next issue.
    pub max_posts: usize,
    /// What to do with a due time that nobody was there for.
    pub catch_up: CatchUp,
    /// A due time older than this is passed over.
    pub max_lateness: SignedDuration,
    /// What the very first run does with the posts that already exist.
    pub first_run: FirstRun,
    /// Readers who name no schedule receive this one.
    pub default: bool,
    /// A run stops at the plan and asks the operator, who sends it with `run --plan`.
    pub approve: bool,
    /// The local time of day by which its issues are sent; what is not, waits for a person.
    pub done_by: Option<Time>,
    /// A few words by the editor at the top of each issue, for readers of the languages it is written in.
    pub intro: Option<Localised>,
    /// A subject of the publisher's own instead of the one made by rule; it may hold [`SUBJECT_FIELDS`] in braces.
    pub subject: Option<Localised>,
    /// A preheader of the publisher's own, with the same fields.
    pub preheader: Option<Localised>,
}

/// A cron line or a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cadence {
    /// Five fields or a nickname, as written.
    Cron(String),
    /// A fixed period, counted from the Unix epoch.
    Every(SignedDuration),
}

/// What to do with a missed due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CatchUp {
    /// Run the newest one, if it is not older than `max_lateness`.
    #[default]
    Latest,
    /// Wait for the next.
    Skip,
}

/// What the first run does with what exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FirstRun {
    /// Mark it as seen, send nothing.
    #[default]
    Baseline,
    /// Send the newest so many posts, and mark the rest as seen.
    Newest(usize),
    /// Send it.
    Send,
}
