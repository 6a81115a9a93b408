//! Sends a saved plan: exactly what was planned, or nothing.
//!
//! Its posts are taken as they were frozen, everything else is made anew, and what comes out is held against the plan: any
//! difference refuses it, and nothing is sealed. The one thing that may have changed is that readers left. No source is
//! asked, so that what was written since waits for the next issue.

use super::following::Broken;
use super::gathering::Gathering;
use super::plans::SavedPlan;
use super::report::{PlanRefused, RunReport};
use super::sealing::Sealed;
use super::shelf::Keep;
use super::tenure::Tenure;
use super::{Fault, Pipeline, World};
use crate::audience::SyncedList;
use crate::model::{Issue, Post, PostId, Schedule};
use crate::schedule;
use crate::store::Seal;

impl Pipeline {
    /// A run that sends a saved plan and makes no other issue: continues what is open, and asks no source.
    pub async fn run_plan(&self, name: &str, world: &World<'_>) -> Result<RunReport, Fault> {
        let plan = self.load_plan(name)?;
        let mut report = RunReport::default();
        let Some(tenure) = self.begin_run(world, &mut report.faults).await? else {
            return Ok(RunReport {
                already_running: true,
                ..RunReport::default()
            });
        };
        let broken = Broken::default();
        let result = tokio::select! {
            result = self.run_plan_locked(name, plan, &tenure, world, &mut report) => result,
            never = tenure.pulse(world.clock) => match never {},
            never = self.follow_the_list(world, &broken) => match never {},
        };
        let ended = tenure.end().await;
        result?;
        ended?;
        broken.take().map_or(Ok(report), Err)
    }

    async fn run_plan_locked(
        &self,
        name: &str,
        plan: SavedPlan,
        tenure: &Tenure,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        self.read_inbox(world, report).await?;
        let readers = self.bring_in_readers(world, report).await?;
        let mut relays = self.relays();
        self.continue_open_issues(tenure, &mut relays, world, report)
            .await?;
        if !world.stop.is_stopped() && !report.overtaken {
            let sealed = self
                .seal_planned(name, plan, &readers, world, report)
                .await?;
            if let Some(sealed) = sealed {
                self.publish(world, report).await?;
                self.send(sealed, tenure, &mut relays, world, report)
                    .await?;
            }
        }
        report.asked_to_end = world.stop.is_stopped();
        self.publish_what_is_missing(world, report).await?;
        relays.close(report).await;
        Ok(())
    }

    /// Seals exactly what was planned, or says in the report what has changed.
    pub(super) async fn seal_planned(
        &self,
        name: &str,
        plan: SavedPlan,
        readers: &SyncedList,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<Option<Sealed>, Fault> {
        let refuse = |report: &mut RunReport, changes| {
            let plan = name.to_owned();
            report.refused = Some(PlanRefused { plan, changes });
        };
        let schedules = self.config.schedules.iter();
        let schedule = schedules
            .clone()
            .find(|schedule| schedule.name == plan.schedule);
        let Some(schedule) = schedule else {
            refuse(
                report,
                vec![format!("the schedule `{}` is gone", plan.schedule)],
            );
            return Ok(None);
        };
        let now = world.clock.now();
        let chosen = self.choose(schedule, &Gathering::default(), now).await?;
        let mut lost = plan.lost_posts(&chosen);
        if lost.is_empty() {
            lost = self.taken_back(&plan, world).await?;
        }
        if !lost.is_empty() {
            refuse(report, lost);
            return Ok(None);
        }
        let mut posts = plan.posts.clone();
        let keep = Keep::Published;
        if !self.host_in_time(&mut posts, keep, world, report).await? {
            return Ok(None);
        }
        let readership = self.readership(schedule, &posts, readers).await?;
        let issue = self.planned_issue(&plan, schedule, posts, world).await?;
        let variants = self.render(&issue, &readership, schedule).await?;
        let changes = plan.changes(issue.number, &issue.masthead, &variants, &readership);
        if !changes.is_empty() {
            refuse(report, changes);
            return Ok(None);
        }
        let deliveries = self.deliveries(&issue, &variants, &readership);
        let done_by = schedule::deadline(schedule, issue.sealed_at);
        let seal = Seal {
            issue,
            variants,
            deliveries,
            served: plan.slot,
            done_by,
        };
        self.seal_now(schedule, seal, &readership, report).await
    }

    /// Posts of the plan whose pages are gone since, one clause each.
    async fn taken_back(&self, plan: &SavedPlan, world: &World<'_>) -> Result<Vec<String>, Fault> {
        let posts: Vec<_> = plan.posts.iter().collect();
        let gone = self
            .gone_pages(&posts, &Gathering::default(), world)
            .await?;
        self.store.post_withdraw(&gone).await?;
        let lost = posts.iter().filter(|(id, _)| gone.contains(id));
        Ok(lost
            .map(|(_, post)| format!("“{}” was withdrawn: its page is gone (410)", post.title))
            .collect())
    }

    /// The plan's issue, with all that could be told of it when it was planned.
    async fn planned_issue(
        &self,
        plan: &SavedPlan,
        schedule: &Schedule,
        posts: Vec<(PostId, Post)>,
        world: &World<'_>,
    ) -> Result<Issue, Fault> {
        let fresh = self.new_issue(schedule, plan.slot, posts, world).await?;
        let edition = match plan.slot {
            Some(slot) => schedule::edition(schedule, slot),
            None => self.next_manual_edition(schedule, plan.date).await?,
        };
        Ok(Issue {
            edition,
            date: plan.date,
            nonce: plan.nonce.clone(),
            ..fresh
        })
    }
}
