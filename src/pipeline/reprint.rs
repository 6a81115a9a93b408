//! The last issue once more, with the templates, settings and readers of today: for whoever works on a template between
//! two issues, when there is nothing new to try it on. Nothing is sealed or sent, and the sealed issue stays what it is.

use std::collections::HashMap;

use super::planning::planned_variants;
use super::proofs::{Proof, proof_readers};
use super::report::Plan;
use super::{Fault, Pipeline, RunReport, World};
use crate::model::{Issue, Schedule};

impl Pipeline {
    /// The schedule's last issue as it would be made now, in the place of a proof that has nothing to show; `None` if
    /// there was none, or nobody would read it.
    pub async fn reprint(
        &self,
        schedule: &Schedule,
        empty: &Proof,
        world: &World<'_>,
    ) -> Result<Option<Proof>, Fault> {
        let issues = self.store.issue_list().await?;
        let mut issues = issues.into_iter();
        let Some(last) = issues.find(|issue| issue.schedule == schedule.name) else {
            return Ok(None);
        };
        let Some(sealed) = self.store.issue_load(last.number).await? else {
            return Ok(None);
        };
        let issue = Issue {
            masthead: self.config.newsletter.masthead(Some(schedule)),
            ..sealed
        };
        let list = self
            .look_at_readers(world, &mut RunReport::default())
            .await?;
        let readership = self.grouped(schedule, &issue.posts, &list, &HashMap::new());
        let taken = self.subjects_of_others(&issue).await?;
        let variants = self.render_beside(&issue, &readership, schedule, &taken)?;
        if variants.is_empty() {
            return Ok(None);
        }
        let faults = empty.plan.faults.iter().cloned();
        let found = self.preflight(&issue, &variants, schedule);
        let plan = Plan {
            schedule: schedule.name.clone(),
            posts: empty.plan.posts.clone(),
            variants: planned_variants(&variants, &readership),
            readers: readership.entitled.len(),
            skipped: empty.plan.skipped.clone(),
            nothing_new: empty.plan.nothing_new,
            quiet: empty.plan.quiet.clone(),
            caps: empty.plan.caps.clone(),
            held: empty.plan.held.clone(),
            sources: empty.plan.sources.clone(),
            faults: faults.chain(found).collect(),
        };
        let readers = proof_readers(&list.subscribers, &readership);
        Ok(Some(Proof::new(plan, readers, issue, variants)))
    }

    /// Subjects that are taken, but for those that this issue has itself.
    async fn subjects_of_others(&self, issue: &Issue) -> Result<Vec<String>, Fault> {
        let own = self.store.variant_list(issue.number).await?;
        let is_own = |subject: &String| own.iter().any(|sealed| sealed.digest.subject == *subject);
        let mut taken = self.store.subjects().await?;
        taken.retain(|subject| !is_own(subject));
        Ok(taken)
    }
}
