//! Brings `subscribers.toml` in, or stops where it is not believed: then nothing is sealed and nothing is sent, also not of
//! what was sealed before, until the file is put right or a person accepts it.

use std::collections::HashMap;

use super::report::RunReport;
use super::{Fault, Pipeline, World, trial};
use crate::audience::{self, Acceptance, Doubt, DoubtReason, Synced, SyncedList};
use crate::config::{self, Config, Subscribers};
use crate::model::{Diagnostic, EmailAddress, ListFile, Subscriber};
use crate::store::{Store, SyncReport};

/// Of the readers who are gone from the file, how many are named.
const NAMED: usize = 3;

impl Pipeline {
    /// The readers, in step with the file.
    pub(super) async fn bring_in_readers(
        &self,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<SyncedList, Fault> {
        let file = self.list_file(report)?;
        let order = trial::order(&file.entries);
        let now = world.clock.now();
        let synced = audience::sync(&self.store, &self.keys, file, world.chance, now).await?;
        match synced {
            Synced::List(mut list) => {
                self.keep_few(&mut list.subscribers, &order);
                report.readers = Some(list.report);
                Ok(list)
            }
            Synced::Doubted(doubt) => Err(Fault::List(doubt)),
        }
    }

    /// The readers as a run would bring them in; nothing is saved.
    pub(super) async fn look_at_readers(
        &self,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<SyncedList, Fault> {
        let file = self.list_file(report)?;
        if let Some(doubt) = audience::doubt(&self.store, &file).await? {
            return Err(Fault::List(doubt));
        }
        let order = trial::order(&file.entries);
        let mut subscribers =
            audience::look(&self.store, &self.keys, file.entries, world.chance).await?;
        self.keep_few(&mut subscribers, &order);
        Ok(SyncedList {
            report: SyncReport::default(),
            subscribers,
        })
    }

    /// Takes the file over as it is, if exactly `gone` of its readers are gone from it. `None`: a run is under way.
    pub async fn accept_list(
        &self,
        gone: usize,
        world: &World<'_>,
    ) -> Result<Option<Acceptance>, Fault> {
        let file = self.list_file(&mut RunReport::default())?;
        let Some(tenure) = self.begin(world).await? else {
            return Ok(None);
        };
        let now = world.clock.now();
        let accepted =
            audience::accept(&self.store, &self.keys, file, gone, world.chance, now).await;
        tenure.end().await?;
        Ok(Some(accepted?))
    }

    /// Of a newsletter that is being tried, few.
    fn keep_few(&self, readers: &mut Vec<Subscriber>, order: &HashMap<String, usize>) {
        if self.config.newsletter.test {
            trial::keep_few(readers, order);
        }
    }

    fn list_file(&self, report: &mut RunReport) -> Result<ListFile, Fault> {
        let read = read_list(&self.config)?;
        report.faults.extend(read.faults);
        Ok(read.list)
    }
}

/// Reads the file.
///
/// # Errors
/// It cannot be read, or what it says cannot be trusted.
pub fn read_list(config: &Config) -> Result<Subscribers, Fault> {
    config::subscribers(config).map_err(|fault| Fault::ListFile {
        fault,
        gone: !config::subscribers_file(config).exists(),
    })
}

/// Says why the file would not be believed by a run, if so; `None` also before the first run.
pub async fn list_doubt(config: &Config, store: &Store) -> Result<Option<Doubt>, Fault> {
    let read = read_list(config)?;
    Ok(audience::doubt(store, &read.list).await?)
}

/// A file that is not believed, in words.
pub fn list_fault(doubt: &Doubt) -> Diagnostic {
    let gone = doubt.gone.len();
    let message = match doubt.why {
        DoubtReason::Missing => format!(
            "the file is not there, and {} in it: nothing is sealed or sent",
            stood(doubt.had)
        ),
        DoubtReason::Empty => format!(
            "nobody stands in the file any more, and {} in it: nothing is sealed or sent",
            stood(doubt.had)
        ),
        DoubtReason::Shrunk => format!(
            "{gone} of the {} readers who stood in the file are gone from it ({}): nothing is sealed or sent",
            doubt.had,
            named(&doubt.gone)
        ),
    };
    let hint = format!(
        "put the file right; if they are to go, `courant subscribers accept --gone {gone}` says so"
    );
    Diagnostic::error(message)
        .in_file(doubt.file.clone())
        .hint(hint)
}

fn stood(had: usize) -> String {
    match had {
        1 => "one reader stood".to_owned(),
        many => format!("{many} readers stood"),
    }
}

/// The first few, masked.
fn named(gone: &[EmailAddress]) -> String {
    let first = gone.iter().take(NAMED).map(EmailAddress::masked);
    let mut words: Vec<String> = first.collect();
    if gone.len() > NAMED {
        words.push("…".to_owned());
    }
    words.join(", ")
}
