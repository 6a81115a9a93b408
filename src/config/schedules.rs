//! `schedules/*.toml`: one file a schedule, named after it.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::document::Faults;
use super::files::{list_folder, read_document};
use super::localised;
use super::newsletter::{Newsletter, read_timezone};
use super::section::{Layer, Section, did_you_mean, quoted};
use super::value::Value;
use crate::model::{
    Cadence, CatchUp, Diagnostic, FirstRun, SUBJECT_FIELDS, Schedule, ScheduleName, Source, Topic,
};
use crate::schedule::{Error, parse_cron, parse_every};

/// The folder of schedules.
pub(super) const FOLDER: &str = "schedules";

/// How many posts an issue holds at most, unless told.
const MAX_POSTS: u32 = 20;

/// More posts than any issue could show.
const MOST_POSTS: u32 = 1_000;

/// How late a run may start, unless told: a machine that was off for the night still sends in the morning.
const MAX_LATENESS: SignedDuration = SignedDuration::from_hours(12);

/// Stands for all topics.
const ALL_TOPICS: &str = "*";

/// What schedules take from the rest of the configuration.
pub(super) struct Surroundings {
    /// The zone of schedules that name none; `None` = it was faulty, and reported.
    timezone: Option<TimeZone>,
    /// Topics that a source names.
    topics: BTreeSet<Topic>,
    /// Whether there is an operator to ask; said of a faulty section too, which is reported.
    operator: bool,
}

impl Surroundings {
    pub(super) fn of(newsletter: Option<&Newsletter>, sources: &[Source]) -> Self {
        let topics = sources.iter().flat_map(|source| {
            let mapped = source.filters.topics();
            source.topics.iter().chain(mapped).cloned()
        });
        Self {
            timezone: newsletter.map(|newsletter| newsletter.timezone.clone()),
            topics: topics.collect(),
            operator: newsletter.is_none_or(|newsletter| newsletter.operator.is_some()),
        }
    }
}

/// Reads all schedules of `root`, which people know as `shown`.
pub(super) fn read(
    root: &Path,
    shown: &Path,
    around: &Surroundings,
    faults: &Faults,
) -> Vec<Schedule> {
    let paths = match list_folder(&root.join(FOLDER), &shown.join(FOLDER)) {
        Ok(paths) => paths,
        Err(fault) => {
            faults.push(fault);
            return Vec::new();
        }
    };
    let files: Vec<_> = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    let only = files.len() == 1;
    let schedules: Vec<Schedule> = files
        .iter()
        .filter_map(|path| {
            let shown = shown.join(FOLDER).join(path.file_name()?);
            read_file(path, &shown, only, around, faults)
        })
        .collect();
    warn_of_missing(files.len(), &schedules, shown, faults);
    schedules
}

fn warn_of_missing(files: usize, schedules: &[Schedule], shown: &Path, faults: &Faults) {
    let folder = shown.join(FOLDER);
    if files == 0 {
        faults.push(
            Diagnostic::warning(format!(
                "there is no schedule in `{}`, so no issue will be made",
                folder.display()
            ))
            .hint("write one, such as `schedules/weekly.toml` with `cron = \"0 8 * * MON\"`"),
        );
    } else if files == schedules.len() && !schedules.iter().any(|schedule| schedule.default) {
        faults.push(
            Diagnostic::warning(
                "no schedule is marked `default = true`, so readers who name none receive nothing",
            )
            .in_file(folder),
        );
    }
}

fn read_file(
    path: &Path,
    shown: &Path,
    only: bool,
    around: &Surroundings,
    faults: &Faults,
) -> Option<Schedule> {
    let document = read_document(path, shown)
        .map_err(|fault| faults.push(fault))
        .ok()?;
    let stem = path.file_stem()?.to_string_lossy();
    let name = ScheduleName::parse(&stem)
        .map_err(|error| {
            let message = format!("a schedule cannot be named `{stem}`: {error}");
            faults.push(document.fault_anywhere(message).hint("rename the file"));
        })
        .ok();
    let table = document.parse(faults)?;
    let section = Section::root(Vec::new(), Layer::whole(&document, &table), faults);
    read_schedule(section, name, only, around)
}

fn read_schedule(
    mut section: Section<'_>,
    name: Option<ScheduleName>,
    only: bool,
    around: &Surroundings,
) -> Option<Schedule> {
    let cadence = read_cadence(&mut section);
    let timezone = match section.get("timezone") {
        Some(value) => read_timezone(&value),
        None => around.timezone.clone(),
    };
    let topics = section.or("topics", None, |v| {
        read_topics(v, name.as_ref(), &around.topics)
    });
    let min_posts = section.or("min_posts", 1, |v| v.whole(1..=MOST_POSTS));
    let max_posts = section.or("max_posts", MAX_POSTS, |v| read_max_posts(v, min_posts));
    let catch_up = section.or("catch_up", CatchUp::default(), |v| {
        v.choice(&[("latest", CatchUp::Latest), ("skip", CatchUp::Skip)])
    });
    let max_lateness = section.or("max_lateness", MAX_LATENESS, Value::duration);
    let first_run = section.or("first_run", FirstRun::default(), read_first_run);
    let default = section.or("default", only, Value::boolean);
    let approve = section.or("approve", false, |v| read_approve(v, around.operator));
    let done_by = section.or("done_by", None, |v| {
        v.parse_or_hint(parse_time, "write it as `09:00`")
    });
    let intro = section.optional("intro", |v| localised::read(v, Value::text));
    let subject = section.optional("subject", |v| localised::read(v, with_fields));
    let preheader = section.optional("preheader", |v| localised::read(v, with_fields));
    section.finish();
    Some(Schedule {
        name: name?,
        cadence: cadence?,
        timezone: timezone?,
        topics: topics?,
        min_posts: usize::try_from(min_posts?).ok()?,
        max_posts: usize::try_from(max_posts?).ok()?,
        catch_up: catch_up?,
        max_lateness: max_lateness?,
        first_run: first_run?,
        default: default?,
        approve: approve?,
        done_by: done_by?,
        intro,
        subject,
        preheader,
    })
}

/// Who wants to be asked must be reachable.
fn read_approve(value: &Value<'_>, operator: bool) -> Option<bool> {
    let approve = value.boolean()?;
    if approve && !operator {
        let hint =
            "name who approves: `operator = \"you@example.org\"` in `[newsletter]` of courant.toml";
        value.report("there is nobody to ask for approval", Some(hint.to_owned()));
        return None;
    }
    Some(approve)
}

/// A time of day, `09:00`.
fn parse_time(text: &str) -> Result<Option<Time>, &'static str> {
    Time::strptime("%H:%M", text)
        .map(Some)
        .map_err(|_| "not a time of day")
}

/// A word, or how many of the newest posts.
fn read_first_run(value: &Value<'_>) -> Option<FirstRun> {
    if value.is_whole() {
        let posts = value.whole(1..=MOST_POSTS)?;
        return Some(FirstRun::Newest(usize::try_from(posts).ok()?));
    }
    value.choice(&[("baseline", FirstRun::Baseline), ("send", FirstRun::Send)])
}

/// A line that may hold fields in braces, such as `{lead}`.
fn with_fields(value: &Value<'_>) -> Option<String> {
    let text = value.line_of_text()?;
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else {
            let hint = format!("write a field as {}", fields());
            value.report("a `{` is not closed", Some(hint));
            return None;
        };
        if !SUBJECT_FIELDS.contains(&name) {
            let hint = did_you_mean(name, SUBJECT_FIELDS.into_iter())
                .unwrap_or_else(|| format!("fields: {}", fields()));
            value.report(format!("unknown field `{{{name}}}`"), Some(hint));
            return None;
        }
        rest = behind;
    }
    Some(text)
}

/// The fields as one types them.
fn fields() -> String {
    let typed = SUBJECT_FIELDS.map(|name| format!("`{{{name}}}`"));
    typed.join(", ")
}

fn read_cadence(section: &mut Section<'_>) -> Option<Cadence> {
    const HINT: &str = "write `cron = \"0 8 * * MON\"` or `every = \"2h\"`";
    match (section.get("cron"), section.get("every")) {
        (Some(cron), None) => read_with(&cron, parse_cron),
        (None, Some(every)) => read_with(&every, parse_every),
        (Some(_), Some(every)) => {
            every.report(
                "a schedule has `cron` or `every`, not both",
                Some(HINT.to_owned()),
            );
            None
        }
        (None, None) => {
            section.report_here(
                "a schedule needs `cron` or `every`".to_owned(),
                Some(HINT.to_owned()),
            );
            None
        }
    }
}

fn read_with(value: &Value<'_>, parse: fn(&str) -> Result<Cadence, Error>) -> Option<Cadence> {
    parse(value.string()?)
        .map_err(|error| value.report_within(error.to_string(), error.range(), error.hint()))
        .ok()
}

fn read_max_posts(value: &Value<'_>, min_posts: Option<u32>) -> Option<u32> {
    let max_posts = value.whole(1..=MOST_POSTS)?;
    if let Some(min_posts) = min_posts.filter(|min_posts| *min_posts > max_posts) {
        value.report(
            format!("`max_posts` may not be less than `min_posts`, which is {min_posts}"),
            None,
        );
        return None;
    }
    Some(max_posts)
}

/// `None` in the place of a list = all topics.
///
/// A topic that no source names is a warning and no fault: posts bring topics of their own in their front matter or
/// feed, which nobody knows before they are gathered.
fn read_topics(
    value: &Value<'_>,
    name: Option<&ScheduleName>,
    known: &BTreeSet<Topic>,
) -> Option<Option<Vec<Topic>>> {
    let words = value.list(|item| {
        let typed = item.string()?;
        if typed == ALL_TOPICS {
            return Some(None);
        }
        let topic = item.parse_name(Topic::parse)?;
        if !known.contains(&topic) {
            warn_of_topic(item, name, &topic, known);
        }
        Some(Some(topic))
    })?;
    if words.is_empty() {
        value.report(
            "`topics` is empty",
            Some("leave it out, or write `[\"*\"]`, for all topics".to_owned()),
        );
        return None;
    }
    if words.contains(&None) && words.len() > 1 {
        value.report("`*` stands for all topics, so it stands alone", None);
        return None;
    }
    Some(words.into_iter().collect())
}

fn warn_of_topic(
    item: &Value<'_>,
    name: Option<&ScheduleName>,
    topic: &Topic,
    known: &BTreeSet<Topic>,
) {
    let schedule = name.map(|name| format!(" `{name}`")).unwrap_or_default();
    let words = || known.iter().map(Topic::as_str);
    let hint = did_you_mean(topic.as_str(), words()).unwrap_or_else(|| match known.len() {
        0 => "no source names a topic; posts may still bring it themselves".to_owned(),
        _ => format!(
            "known topics: {}; posts may still bring it themselves",
            quoted(words())
        ),
    });
    item.warn(
        format!("schedule{schedule} names the unknown topic `{topic}`"),
        hint,
    );
}
