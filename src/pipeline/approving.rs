//! From a plan to its issue: saves what would be sealed, asks the operator, and seals exactly that when told to.
//!
//! A plan is made by the steps of a run up to the seal. When it is sent, its posts are taken as they were frozen, everything
//! else is made anew, and what comes out is held against the plan: any difference refuses it, and nothing is sealed. The
//! one thing that may have changed is that readers left.

use super::choosing::{reason_for_no_issue, skipped};
use super::gathering::{Gathering, Trace};
use super::planning::{planned_posts, planned_variants};
use super::plans::SavedPlan;
use super::proofs::{Proof, proof_readers};
use super::report::{Plan, PlanRefused, PlanSaved, Quiet, RunReport};
use super::sealing::{Prepared, Sealed};
use super::shelf::Keep;
use super::tenure::Tenure;
use super::{Fault, Pipeline, World, preflight};
use crate::audience::SyncedList;
use crate::deliver;
use crate::model::{Diagnostic, EmailAddress, Issue, Schedule};
use crate::schedule;
use crate::store::Seal;

impl Pipeline {
    /// Saves the schedule's next issue as a plan. Asks the sources and keeps what they show, as a run would; seals nothing.
    /// `None`: another run is under way.
    pub async fn plan_and_save(
        &self,
        schedule: &Schedule,
        world: &World<'_>,
    ) -> Result<Option<(Plan, Option<PlanSaved>)>, Fault> {
        let Some(tenure) = self.begin(world).await? else {
            return Ok(None);
        };
        let result = tokio::select! {
            result = self.plan_locked(schedule, world) => result,
            never = tenure.pulse(world.clock) => match never {},
        };
        tenure.end().await?;
        result.map(Some)
    }

    async fn plan_locked(
        &self,
        schedule: &Schedule,
        world: &World<'_>,
    ) -> Result<(Plan, Option<PlanSaved>), Fault> {
        let mut report = RunReport::default();
        let readers = self.bring_in_readers(world, &mut report).await?;
        let gathering = self.gather(Trace::Save, &readers, world).await?;
        let chosen = self.choose(schedule, &gathering, world.clock.now()).await?;
        let readership = self.readership(schedule, &chosen.posts, &readers).await?;
        let quiet = reason_for_no_issue(schedule, &chosen, &readership);
        let prepared = self
            .prepare(
                schedule,
                None,
                chosen,
                readership,
                Keep::Aside,
                world,
                &mut report,
            )
            .await?;
        let Some(prepared) = prepared else {
            return Ok((Plan::empty(&schedule.name), None));
        };
        let quiet = quiet.or_else(|| match preflight::errors(&report.faults) {
            0 => None,
            errors => Some(Quiet::Preflight { errors }),
        });
        let held = self.held(&gathering).await?;
        let Prepared {
            chosen,
            readership,
            seal,
        } = &prepared;
        let saved = match quiet {
            None => Some(self.freeze_plan(schedule, &prepared, &report)?),
            Some(_) => None,
        };
        let faults = report.faults.into_iter().chain(gathering.faults);
        let plan = Plan {
            schedule: schedule.name.clone(),
            posts: planned_posts(schedule, chosen),
            variants: planned_variants(&seal.variants, readership),
            readers: readership.entitled.len(),
            skipped: skipped(readership),
            nothing_new: readership.nothing_new.len(),
            quiet,
            held,
            sources: gathering.sources,
            faults: faults.collect(),
        };
        Ok((plan, saved))
    }

    fn freeze_plan(
        &self,
        schedule: &Schedule,
        prepared: &Prepared<'_>,
        report: &RunReport,
    ) -> Result<PlanSaved, Fault> {
        let Prepared { chosen, seal, .. } = prepared;
        let looked_at = planned_posts(schedule, chosen);
        let remarks = report.faults.iter().map(|fault| fault.message.clone());
        let plan = SavedPlan::of(seal, chosen.posts.clone(), &looked_at, remarks.collect());
        Ok(PlanSaved {
            schedule: schedule.name.clone(),
            plan: self.save_plan(&plan)?,
            posts: plan.posts.len(),
            variants: plan.variants.len(),
            readers: plan.readers(),
            domains: plan.domains,
            asked: None,
        })
    }

    /// Saves what is about to be sealed as a plan, and mails it to the operator with the command that sends it.
    pub(super) async fn ask_for_approval(
        &self,
        schedule: &Schedule,
        prepared: Prepared<'_>,
        readers: &SyncedList,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let mut saved = self.freeze_plan(schedule, &prepared, report)?;
        let plan = saved.plan.clone();
        let Some(operator) = &self.config.newsletter.operator else {
            return Err(Fault::NoOperator);
        };
        let slot = prepared.seal.served;
        match self
            .mail_plan(&saved, prepared, readers, operator, world)
            .await
        {
            Ok(()) => {
                saved.asked = Some(operator.masked());
                if let Some(slot) = slot {
                    let now = world.clock.now();
                    self.store
                        .schedule_served(&schedule.name, slot, now)
                        .await?;
                }
            }
            Err(why) => {
                let fault = Diagnostic::error(format!("the operator could not be asked: {why}"));
                let hint = format!("to send the plan: `courant run --plan {plan}`");
                report.faults.push(fault.hint(hint));
            }
        }
        report.plans.push(saved);
        report.keep_quiet(schedule, Quiet::AwaitsApproval { plan });
        Ok(())
    }

    /// Sends the first variant to the operator, with a few lines above it; the words are why it could not.
    async fn mail_plan(
        &self,
        saved: &PlanSaved,
        prepared: Prepared<'_>,
        readers: &SyncedList,
        operator: &EmailAddress,
        world: &World<'_>,
    ) -> Result<(), String> {
        let words = |fault: Fault| fault.to_string();
        let Prepared {
            chosen: _,
            readership,
            seal,
        } = prepared;
        let proof = Proof::new(
            Plan::empty(&saved.schedule),
            proof_readers(&readers.subscribers, &readership),
            seal.issue,
            seal.variants,
        );
        let Some(sealed) = proof.variants().first() else {
            return Err("the plan has no variant".to_owned());
        };
        let reader = self.sample_reader(&proof, sealed, operator.clone());
        let mut digest = sealed.digest.clone();
        let above = self.above(saved);
        digest.subject = format!("[{}] {}", saved.plan, digest.subject);
        digest.text = format!("{above}\n\n{}\n\n{}", "-".repeat(72), digest.text);
        digest.html = digest.html.map(|html| with_box(&html, &above));
        let mut relay = self.relay();
        let settings = relay.settings(&self.config, world).await.map_err(words)?;
        let sent = deliver::send_one(proof.issue(), &digest, &reader, settings).await;
        relay.close(&mut RunReport::default()).await;
        match sent {
            Ok(reply) if (200..300).contains(&reply.code) => Ok(()),
            Ok(reply) => Err(format!("the relay said {} {}", reply.code, reply.text)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What the operator reads first.
    fn above(&self, saved: &PlanSaved) -> String {
        let PlanSaved {
            schedule,
            plan,
            posts,
            variants,
            readers,
            domains,
            ..
        } = saved;
        let domains = domains.iter().take(10);
        let domains: Vec<_> = domains
            .map(|one| format!("{} {}", one.domain, one.readers))
            .collect();
        format!(
            "The next issue of {schedule} waits for you. Nothing was sent to a reader.\n\n\
             posts: {posts}\nvariants: {variants}\nreaders: {readers} ({})\n\n\
             To send exactly this:\n\n    courant -c {} run --plan {plan}\n\n\
             To send nothing, do nothing. Below is what readers of the first variant would get.",
            domains.join(", "),
            self.config.root.display(),
        )
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
        let lost = plan.lost_posts(&chosen);
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
        let fresh = self.new_issue(schedule, plan.slot, posts, world).await?;
        let edition = match plan.slot {
            Some(slot) => schedule::edition(schedule, slot),
            None => self.next_manual_edition(schedule, plan.date).await?,
        };
        let issue = Issue {
            edition,
            date: plan.date,
            nonce: plan.nonce.clone(),
            ..fresh
        };
        let variants = self.render(&issue, &readership, schedule).await?;
        let changes = plan.changes(issue.number, &issue.masthead, &variants, &readership);
        if !changes.is_empty() {
            refuse(report, changes);
            return Ok(None);
        }
        let deliveries = self.deliveries(&issue, &variants, &readership);
        let seal = Seal {
            issue,
            variants,
            deliveries,
            served: plan.slot,
        };
        self.seal_now(schedule, seal, &readership, report).await
    }

    /// A run that sends a saved plan and makes no other issue: continues what is open, and asks no source.
    pub async fn run_plan(&self, name: &str, world: &World<'_>) -> Result<RunReport, Fault> {
        let plan = self.load_plan(name)?;
        let Some(tenure) = self.begin(world).await? else {
            return Ok(RunReport {
                already_running: true,
                ..RunReport::default()
            });
        };
        let mut report = RunReport::default();
        let result = tokio::select! {
            result = self.run_plan_locked(name, plan, &tenure, world, &mut report) => result,
            never = tenure.pulse(world.clock) => match never {},
        };
        let ended = tenure.end().await;
        result?;
        ended?;
        Ok(report)
    }

    async fn run_plan_locked(
        &self,
        name: &str,
        plan: SavedPlan,
        tenure: &Tenure,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let readers = self.bring_in_readers(world, report).await?;
        let mut relay = self.relay();
        self.continue_open_issues(tenure, &mut relay, world, report)
            .await?;
        if !world.stop.is_stopped() && !report.overtaken {
            let sealed = self
                .seal_planned(name, plan, &readers, world, report)
                .await?;
            if let Some(sealed) = sealed {
                self.publish(world, report).await?;
                self.send(sealed, tenure, &mut relay, world, report).await?;
            }
        }
        report.asked_to_end = world.stop.is_stopped();
        self.publish_what_is_missing(world, report).await?;
        relay.close(report).await;
        Ok(())
    }
}

/// The HTML with the text in a box at the top of its body.
fn with_box(html: &str, text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let shown = format!(
        "<pre style=\"font:14px/1.4 monospace;white-space:pre-wrap;background:#fff;color:#000;\
         border:2px solid #000;margin:0;padding:16px\">{text}</pre>"
    );
    let body = html
        .find("<body")
        .and_then(|at| html[at..].find('>').map(|end| at + end + 1));
    let (before, after) = html.split_at(body.unwrap_or(0));
    format!("{before}{shown}{after}")
}
