//! What the next issue would be: the choice with its reasons, the variants, and previews of each. Nothing is sealed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::choosing::{Chosen, reason_for_no_issue, skipped};
use super::gathering::Trace;
use super::report::{Plan, PlannedPost, PlannedVariant};
use super::{Fault, Pipeline, RunReport, World, publishing};
use crate::compose;
use crate::deliver;
use crate::model::{
    Diagnostic, EmailAddress, Hold, Issue, LedgerEntry, PostId, Reader, Reply, Schedule,
    ScheduleName, SealedVariant, Slot, Verdict, VerdictReason,
};
use crate::select::Readership;

/// A rendered preview.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Preview {
    /// Of this schedule's next issue.
    pub schedule: ScheduleName,
    /// What it shows.
    pub variants: Vec<PlannedVariant>,
    /// The files of each variant: HTML where it has any, and text.
    pub files: Vec<Vec<PathBuf>>,
    /// Faults in sources, posts and subscribers.
    pub faults: Vec<Diagnostic>,
}

/// What came of a test mail.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TestMail {
    /// Its subject.
    pub subject: String,
    /// What the relay said.
    pub reply: Reply,
    /// Where the embedded mailbox keeps it, if that was the relay.
    pub mailbox: Option<PathBuf>,
    /// Faults in sources, posts and subscribers.
    pub faults: Vec<Diagnostic>,
}

/// A plan with everything it was made of.
struct Draft {
    plan: Plan,
    issue: Issue,
    variants: Vec<SealedVariant>,
}

impl Pipeline {
    /// What the schedule's next issue would be. Asks the sources, saves nothing of theirs, seals nothing.
    pub async fn plan(&self, schedule: &Schedule, world: &World<'_>) -> Result<Plan, Fault> {
        Ok(self.draft(schedule, world).await?.plan)
    }

    /// Writes each variant of the schedule's next issue below `folder`, with sample reader's fields, and names the files.
    pub async fn preview(
        &self,
        schedule: &Schedule,
        folder: &Path,
        world: &World<'_>,
    ) -> Result<Preview, Fault> {
        let draft = self.draft(schedule, world).await?;
        let mut files = Vec::with_capacity(draft.variants.len());
        for sealed in &draft.variants {
            files.push(self.preview_files(schedule, folder, &draft.issue, sealed)?);
        }
        Ok(Preview {
            schedule: schedule.name.clone(),
            faults: draft.plan.faults,
            variants: draft.plan.variants,
            files,
        })
    }

    fn preview_files(
        &self,
        schedule: &Schedule,
        folder: &Path,
        issue: &Issue,
        sealed: &SealedVariant,
    ) -> Result<Vec<PathBuf>, Fault> {
        let number = sealed.number + 1;
        let name = format!("{}-{number}-{}", schedule.name, sealed.digest.language);
        let mut files = Vec::new();
        if let Some(html) = &sealed.digest.html {
            let shown = with_local_pictures(issue, &self.fill_sample(issue, sealed, html, true));
            files.push(folder.join(format!("{name}.html")));
            publishing::write_whole(&files[0], shown.as_bytes())?;
        }
        let shown = self.fill_sample(issue, sealed, &sealed.digest.text, false);
        let path = folder.join(format!("{name}.txt"));
        publishing::write_whole(&path, shown.as_bytes())?;
        files.push(path);
        Ok(files)
    }

    /// Sends the first variant of the schedule's next issue to one address, outside the outbox.
    pub async fn send_test(
        &self,
        schedule: &Schedule,
        address: EmailAddress,
        world: &World<'_>,
    ) -> Result<Option<TestMail>, Fault> {
        let draft = self.draft(schedule, world).await?;
        let Some(sealed) = draft.variants.into_iter().next() else {
            return Ok(None);
        };
        let language = &sealed.digest.language;
        let reader = Reader {
            greeting: self
                .composer
                .greeting(language, None, &self.local(&draft.issue)),
            since: self.composer.since(language, None),
            unsubscribe_token: "preview".to_owned(),
            message_id: format!("test.{:016x}", world.chance.identifier()),
            name: None,
            address,
        };
        let mut relay = self.relay();
        let settings = relay.settings(&self.config, world).await?;
        let reply = deliver::send_one(&draft.issue, &sealed.digest, &reader, settings).await?;
        let mut report = RunReport::default();
        relay.close(&mut report).await;
        Ok(Some(TestMail {
            subject: sealed.digest.subject,
            reply,
            mailbox: report.mailbox,
            faults: draft.plan.faults,
        }))
    }

    async fn draft(&self, schedule: &Schedule, world: &World<'_>) -> Result<Draft, Fault> {
        let mut report = RunReport::default();
        let readers = self.look_at_readers(world, &mut report).await?;
        let gathering = self.gather(Trace::Leave, &readers, world).await?;
        let chosen = self.choose(schedule, &gathering, world.clock.now()).await?;
        let readership = self.readership(schedule, &chosen.posts, &readers).await?;
        let issue = self
            .new_issue(schedule, None, chosen.posts.clone(), world)
            .await?;
        let variants = self.render(&issue, &readership, schedule).await?;
        let found = self.preflight(&issue, &variants, schedule);
        let held = self.held(&gathering).await?;
        let faults = report.faults.into_iter().chain(gathering.faults);
        let plan = Plan {
            schedule: schedule.name.clone(),
            posts: planned_posts(schedule, &chosen),
            variants: planned_variants(&variants, &readership),
            readers: readership.entitled.len(),
            skipped: skipped(&readership),
            nothing_new: readership.nothing_new.len(),
            quiet: reason_for_no_issue(schedule, &chosen, &readership),
            held,
            sources: gathering.sources,
            faults: faults.chain(found).collect(),
        };
        Ok(Draft {
            plan,
            issue,
            variants,
        })
    }

    fn fill_sample(&self, issue: &Issue, sealed: &SealedVariant, text: &str, html: bool) -> String {
        let language = &sealed.digest.language;
        compose::fill(text, html, &issue.nonce, |slot| match slot {
            Slot::Greeting => self.composer.greeting(language, None, &self.local(issue)),
            Slot::Address => "lezer@voorbeeld.example".to_owned(),
            Slot::Since => self.composer.since(language, None),
            Slot::Unsubscribe => format!("{}/unsubscribe/preview", issue.masthead.url),
        })
    }
}

fn planned_posts(schedule: &Schedule, chosen: &Chosen) -> Vec<PlannedPost> {
    let by_id: HashMap<PostId, &LedgerEntry> = chosen
        .ledger
        .iter()
        .map(|entry| (entry.id, entry))
        .collect();
    let verdicts = chosen.selection.verdicts.iter();
    verdicts
        .filter_map(|verdict| by_id.get(&verdict.post).map(|entry| (verdict, *entry)))
        .map(|(verdict, entry)| PlannedPost {
            id: entry.id,
            title: entry.post.title.clone(),
            title_derived: entry.post.title_derived,
            source: entry.post.source.clone(),
            dated: entry.dated(),
            carried: verdict.reason == VerdictReason::New,
            reason: reason(schedule, verdict, &by_id),
            also: entry.post.also.clone(),
        })
        .collect()
}

fn reason(schedule: &Schedule, verdict: &Verdict, by_id: &HashMap<PostId, &LedgerEntry>) -> String {
    let day = |at: &Timestamp| at.to_zoned_datetime(schedule.timezone.clone()).date();
    match &verdict.reason {
        VerdictReason::New => "new".to_owned(),
        VerdictReason::CarriedBy(number) => format!("carried by issue {number}"),
        VerdictReason::OutsideTopics => "outside the topics".to_owned(),
        VerdictReason::OlderThanFirstRun => "older than the first run".to_owned(),
        VerdictReason::OverMaxPosts => {
            format!(
                "over `max_posts` ({}); waits for the next issue",
                schedule.max_posts
            )
        }
        VerdictReason::Held(Hold::Draft) => "held: a draft".to_owned(),
        VerdictReason::Held(Hold::Until(at)) => format!("held until {}", day(at)),
        VerdictReason::Held(Hold::Withdrawn) => "held: no longer in its folder".to_owned(),
        VerdictReason::Quarantined(why) => format!("held: {why}"),
        VerdictReason::Dropped => "dropped after review".to_owned(),
        VerdictReason::Filtered(by) => by.to_string(),
        VerdictReason::Joined(because, to) => match by_id.get(to) {
            Some(kept) => format!(
                "{} as “{}” of `{}`",
                because.as_str(),
                kept.post.title,
                kept.post.source
            ),
            None => format!("{} as an older post", because.as_str()),
        },
    }
}

fn planned_variants(
    variants: &[SealedVariant],
    readership: &Readership<'_>,
) -> Vec<PlannedVariant> {
    variants
        .iter()
        .enumerate()
        .map(|(index, sealed)| PlannedVariant {
            subject: sealed.digest.subject.clone(),
            language: sealed.digest.language.to_string(),
            format: sealed.variant.format.as_str().to_owned(),
            posts: sealed.variant.posts.len(),
            readers: readership
                .entitled
                .iter()
                .filter(|e| e.variant == index)
                .count(),
            html_bytes: sealed.digest.html.as_ref().map(String::len),
        })
        .collect()
}

/// Pictures that are not published yet are shown from where they lie.
fn with_local_pictures(issue: &Issue, html: &str) -> String {
    let files = issue.posts.iter().flat_map(|(_, post)| &post.files);
    files.fold(html.to_owned(), |html, file| {
        let published = format!("{}/{}", issue.masthead.url, file.name);
        html.replace(&published, &format!("file://{}", file.path.display()))
    })
}
