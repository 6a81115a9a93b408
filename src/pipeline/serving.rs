//! Which schedules a run serves: those that its wish names, or those whose time has come and was not served.

use jiff::Timestamp;

use super::report::{Quiet, RunReport};
use super::{Fault, Pipeline, Wish, World};
use crate::model::Schedule;
use crate::schedule::{self, Due};

impl Pipeline {
    /// The schedules that the wish names and whose time has come, each with its due time where it has one.
    pub(super) async fn schedules_to_serve(
        &self,
        wish: &Wish,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<Vec<(&Schedule, Option<Timestamp>)>, Fault> {
        let mut served = Vec::new();
        for schedule in &self.config.schedules {
            let wanted = match wish {
                Wish::Default => schedule.default,
                Wish::Named(name) => *name == schedule.name,
                Wish::Due => match self.due_slot(schedule, world, report).await? {
                    Some(slot) => {
                        served.push((schedule, Some(slot)));
                        continue;
                    }
                    None => false,
                },
            };
            if wanted {
                served.push((schedule, None));
            }
        }
        Ok(served)
    }

    /// The due time to serve now, or a line in the report that says why there is none.
    async fn due_slot(
        &self,
        schedule: &Schedule,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<Option<Timestamp>, Fault> {
        let now = world.clock.now();
        let quiet = match self.due(schedule, now).await? {
            Due::Now(slot) => return Ok(Some(slot)),
            Due::Later(next) => Quiet::NotDue { next: Some(next) },
            Due::Never => Quiet::NotDue { next: None },
            Due::Missed { slot, why } => {
                let state = self.store.schedule_state(&schedule.name).await?;
                let promised = state
                    .is_some_and(|state| state.last_due.is_some() || state.first_run_at <= slot);
                self.store.schedule_first_run(&schedule.name, now).await?;
                self.store
                    .schedule_served(&schedule.name, slot, now)
                    .await?;
                Quiet::Missed {
                    slot,
                    why: why.to_string(),
                    promised,
                }
            }
        };
        report.keep_quiet(schedule, quiet);
        Ok(None)
    }

    /// Whether the schedule is due, held against what was served.
    pub async fn due(&self, schedule: &Schedule, now: Timestamp) -> Result<Due, Fault> {
        let state = self.store.schedule_state(&schedule.name).await?;
        Ok(schedule::due(
            schedule,
            state.and_then(|state| state.last_due),
            now,
        ))
    }
}
