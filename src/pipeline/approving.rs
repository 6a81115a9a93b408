//! Saves what would be sealed as a plan, by the steps of a run up to the seal, and asks the operator where the schedule says
//! so.
//!
//! An operator who could not be asked is a fault in the report; the due time then counts as not served, so that the next
//! run asks again.

use super::choosing::{reason_for_no_issue, skipped};
use super::gathering::Trace;
use super::planning::{planned_posts, planned_variants};
use super::plans::SavedPlan;
use super::proofs::{Proof, proof_readers};
use super::report::{Plan, PlanSaved, Quiet, RunReport};
use super::sealing::Prepared;
use super::shelf::Keep;
use super::{Fault, Pipeline, World, preflight};
use crate::audience::SyncedList;
use crate::config;
use crate::model::{Diagnostic, EmailAddress, Schedule};

impl Pipeline {
    /// Saves the schedule's next issue as a plan. Asks the sources and keeps what they show, as a run would; seals nothing.
    /// `None`: another run is under way.
    pub async fn plan_and_save(
        &self,
        schedule: &Schedule,
        world: &World<'_>,
    ) -> Result<Option<(Plan, Option<PlanSaved>)>, Fault> {
        let mut report = RunReport::default();
        let Some(tenure) = self.begin_run(world, &mut report.faults).await? else {
            return Ok(None);
        };
        let result = tokio::select! {
            result = self.plan_locked(schedule, world, report) => result,
            never = tenure.pulse(world.clock) => match never {},
        };
        tenure.end().await?;
        result.map(Some)
    }

    async fn plan_locked(
        &self,
        schedule: &Schedule,
        world: &World<'_>,
        mut report: RunReport,
    ) -> Result<(Plan, Option<PlanSaved>), Fault> {
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
        let readers = readership.entitled.len();
        let (saved, foreseen) = match quiet {
            None => {
                let saved = self.freeze_plan(schedule, &prepared, &report)?;
                (Some(saved), self.foresee(schedule, readers, world).await?)
            }
            Some(_) => (None, None),
        };
        let (caps, too_late) = foreseen.unzip();
        let faults = report.faults.into_iter().chain(gathering.faults);
        let plan = Plan {
            schedule: schedule.name.clone(),
            posts: planned_posts(schedule, chosen),
            variants: planned_variants(&seal.variants, readership),
            readers,
            skipped: skipped(readership),
            nothing_new: readership.nothing_new.len(),
            quiet,
            caps,
            held,
            sources: gathering.sources,
            faults: faults.chain(too_late.unwrap_or_default()).collect(),
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
        let sent = self
            .send_copy(proof.issue(), &digest, &reader, None, world)
            .await;
        let reply = sent.map_err(words)?.reply;
        match reply.code {
            200..300 => Ok(()),
            code => Err(format!("the relay said {code} {}", reply.text)),
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
            config::shell_word(&self.config.root),
        )
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
