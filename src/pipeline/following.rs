//! Keeps the list in step with `subscribers.toml` while a run sends, which may take hours: who is taken out meanwhile is not
//! mailed any more.
//!
//! A file that is being written looks broken for a moment. One that stays so, or is not believed, ends the run as SIGTERM
//! would; what it says is said by the next one too.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::report::RunReport;
use super::{Fault, Pipeline, World};
use crate::config;

/// Between two looks at the file: one question to the file system.
const LOOK: Duration = Duration::from_secs(2);

/// So many looks in a row find a broken file before the run ends: saving takes less than one.
const PATIENCE: u32 = 3;

/// Why the run was ended, if it was.
#[derive(Default)]
pub(super) struct Broken(Mutex<Option<Fault>>);

impl Broken {
    /// The fault.
    pub(super) fn take(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What shows that a file was written.
type Mark = Option<(SystemTime, u64)>;

impl Pipeline {
    /// Looks at the file as long as it is polled, and takes over what changes; never ends.
    pub(super) async fn follow_the_list(
        &self,
        world: &World<'_>,
        broken: &Broken,
    ) -> std::convert::Infallible {
        let file = config::subscribers_file(&self.config);
        let (mut seen, mut failures) = (mark(&file), 0);
        loop {
            tokio::time::sleep(LOOK).await;
            let now = mark(&file);
            if now == seen && failures == 0 {
                continue;
            }
            seen = now;
            match self
                .bring_in_readers(world, &mut RunReport::default())
                .await
            {
                Ok(_) => failures = 0,
                // The database is busy, or worse: the run hears of that by itself.
                Err(Fault::Store(error)) => {
                    tracing::warn!(%error, "the list could not be brought in step");
                    failures = 1;
                }
                Err(fault) => {
                    failures += 1;
                    if failures == PATIENCE {
                        *broken.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
                        world.stop.stop();
                        return std::future::pending().await;
                    }
                }
            }
        }
    }
}

fn mark(file: &Path) -> Mark {
    let data = std::fs::metadata(file).ok()?;
    Some((data.modified().ok()?, data.len()))
}
