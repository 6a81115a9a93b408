//! What the relays' caps mean for an issue before it is sealed: how much of it goes now, and when the rest could.
//!
//! Foretold by the same rule that a run gives out places by. Rates, greylisting and faults are not foreseen: it may take
//! longer, and never less.

use jiff::Timestamp;

use super::{Fault, Pipeline, World};
use crate::model::{Carrier, Diagnostic, Forecast, Schedule, forecast};
use crate::schedule;

impl Pipeline {
    /// The forecast of an issue of the schedule that is sent now to so many readers, and warnings of what would come too
    /// late; `None` where no relay has a cap.
    pub(super) async fn foresee(
        &self,
        schedule: &Schedule,
        readers: usize,
        world: &World<'_>,
    ) -> Result<Option<(Forecast, Vec<Diagnostic>)>, Fault> {
        let relays = &self.config.delivery.relays;
        if !relays.iter().any(|one| one.caps.are_set()) {
            return Ok(None);
        }
        let now = world.clock.now();
        let mut carriers = Vec::with_capacity(relays.len());
        for one in relays {
            let name = one.relay.name();
            carriers.push(Carrier {
                used: self.store.relay_use(&name, now).await?,
                caps: one.caps,
                name,
            });
        }
        let ahead = u64::try_from(self.store.outbox_waiting().await?).unwrap_or(0);
        let readers = u64::try_from(readers).unwrap_or(u64::MAX);
        let until = |horizon| forecast(carriers.clone(), ahead, readers, now, horizon);
        let expires = now.saturating_add(self.config.delivery.expire);
        let expires = expires.unwrap_or(Timestamp::MAX);
        let seen = until(expires);
        let mut warnings = Vec::new();
        if let Some(deadline) = schedule::deadline(schedule, now).filter(|at| *at < expires) {
            let missed = until(deadline).missed;
            let hint = "a higher cap or another relay carries more; `done_by` pauses the rest";
            warnings.extend(too_late(missed, "by its `done_by`", hint));
        }
        let hint =
            "a higher cap or another relay carries more; `expire` in `[delivery]` gives it longer";
        warnings.extend(too_late(seen.missed, "before it expires", hint));
        Ok(Some((seen, warnings)))
    }
}

fn too_late(missed: u64, when: &str, hint: &str) -> Option<Diagnostic> {
    let message = format!("the caps of the relays leave {missed} of its mails unsent {when}");
    (missed > 0).then(|| Diagnostic::warning(message).hint(hint))
}
