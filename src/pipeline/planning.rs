//! What the next issue would be: the choice with its reasons, and files or a test mail of it. Nothing is sealed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::choosing::Chosen;
use super::folders::{Access, write_whole};
use super::proofs::Proof;
use super::report::{Plan, PlannedPost, PlannedVariant};
use super::{Fault, Pipeline, World};
use crate::model::{
    Diagnostic, EmailAddress, Hold, LedgerEntry, PostId, Reply, Schedule, ScheduleName,
    SealedVariant, Verdict, VerdictReason,
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
    /// The relay that it went to.
    pub relay: String,
    /// What the relay said.
    pub reply: Reply,
    /// Where the embedded mailbox keeps it, if that was the relay.
    pub mailbox: Option<PathBuf>,
    /// Faults in sources, posts and subscribers, and relays that could not be used.
    pub faults: Vec<Diagnostic>,
}

impl Pipeline {
    /// What the schedule's next issue would be. Asks the sources, saves nothing of theirs, seals nothing.
    pub async fn plan(&self, schedule: &Schedule, world: &World<'_>) -> Result<Plan, Fault> {
        Ok(self.proof(schedule, world).await?.plan)
    }

    /// Writes each variant of the schedule's next issue below `folder`, with sample reader's fields, and names the files.
    pub async fn preview(
        &self,
        schedule: &Schedule,
        folder: &Path,
        world: &World<'_>,
    ) -> Result<Preview, Fault> {
        let proof = self.proof(schedule, world).await?;
        let mut files = Vec::with_capacity(proof.variants().len());
        for sealed in proof.variants() {
            files.push(self.preview_files(folder, &proof, sealed)?);
        }
        Ok(Preview {
            schedule: schedule.name.clone(),
            faults: proof.plan.faults,
            variants: proof.plan.variants,
            files,
        })
    }

    fn preview_files(
        &self,
        folder: &Path,
        proof: &Proof,
        sealed: &SealedVariant,
    ) -> Result<Vec<PathBuf>, Fault> {
        let number = sealed.number + 1;
        let language = &sealed.digest.language;
        let name = format!("{}-{number}-{language}", proof.plan.schedule);
        let copy = self.copy_of(proof, sealed, None)?;
        let access = match folder.starts_with(&self.config.state) {
            true => Access::Owner,
            false => Access::AsUmask,
        };
        let mut files = Vec::new();
        if let Some(html) = &copy.html {
            let shown = self.with_local_pictures(proof, html);
            files.push(folder.join(format!("{name}.html")));
            write_whole(&files[0], shown.as_bytes(), access)?;
        }
        let path = folder.join(format!("{name}.txt"));
        write_whole(&path, copy.text.as_bytes(), access)?;
        files.push(path);
        Ok(files)
    }

    /// Sends the first variant of the schedule's next issue to one address, outside the outbox: over the relay of this place
    /// in the configuration, or the first that answers.
    pub async fn send_test(
        &self,
        schedule: &Schedule,
        address: EmailAddress,
        relay: Option<usize>,
        world: &World<'_>,
    ) -> Result<Option<TestMail>, Fault> {
        let proof = self.proof(schedule, world).await?;
        let Some(sealed) = proof.variants().first() else {
            return Ok(None);
        };
        let reader = self.sample_reader(&proof, sealed, address);
        let (issue, digest) = (proof.issue(), &sealed.digest);
        let sent = self.send_copy(issue, digest, &reader, relay, world).await?;
        let unusable = sent.passed_over.iter().map(|(relay, why)| {
            Diagnostic::warning(format!("the relay `{relay}` could not be used: {why}"))
        });
        Ok(Some(TestMail {
            subject: digest.subject.clone(),
            relay: sent.relay,
            reply: sent.reply,
            mailbox: sent.mailbox,
            faults: unusable.chain(proof.plan.faults.clone()).collect(),
        }))
    }
}

pub(super) fn planned_posts(schedule: &Schedule, chosen: &Chosen) -> Vec<PlannedPost> {
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
        VerdictReason::Held(Hold::Withdrawn) => "withdrawn: its source has it no longer".to_owned(),
        VerdictReason::Held(Hold::Missed) => {
            "held: its source left it out, while older posts are still there; the next visit decides"
                .to_owned()
        }
        VerdictReason::Held(Hold::Private) => "held: not for everybody".to_owned(),
        VerdictReason::Held(Hold::Expired(at)) => format!("held: expired on {}", day(at)),
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

pub(super) fn planned_variants(
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
