//! Asks the sources without making an issue: what is new is kept for the next one.

use std::collections::HashSet;

use super::gathering::{self, Trace};
use super::{Fault, Pipeline, RunReport, World};
use crate::model::{Occasion, Source, SourceName};

impl Pipeline {
    /// Asks the sources that are due, or those that are named whether due or not, and keeps what is new.
    pub async fn poll(
        &self,
        named: &HashSet<SourceName>,
        world: &World<'_>,
    ) -> Result<RunReport, Fault> {
        let mut report = RunReport::default();
        let Some(tenure) = self.begin_run(world, &mut report.faults).await? else {
            return Ok(RunReport {
                already_running: true,
                ..RunReport::default()
            });
        };
        let result = tokio::select! {
            result = self.poll_locked(named, world, &mut report) => result,
            never = tenure.pulse(world.clock) => match never {},
        };
        let ended = tenure.end().await;
        result?;
        ended?;
        Ok(report)
    }

    async fn poll_locked(
        &self,
        named: &HashSet<SourceName>,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let readers = match self.look_at_readers(world, report).await {
            // Whom the file has lost is no matter here: nothing is sealed or sent.
            Err(Fault::List(doubt)) => doubt.had,
            list => gathering::count(&list?),
        };
        let meant = |source: &&Source| named.is_empty() || named.contains(&source.name);
        let sources: Vec<_> = self.config.sources.iter().filter(meant).collect();
        let on = |source: &Source| match named.contains(&source.name) {
            true => Occasion::Named,
            false => Occasion::Poll,
        };
        let gathered = self.gather_from(&sources, on, Trace::Save, readers, world);
        let gathering = gathered.await?;
        report.sources = gathering.sources;
        report.faults.extend(gathering.faults);
        report.asked_to_end = world.stop.is_stopped();
        Ok(())
    }
}
