//! `courant gather`: asks the sources and keeps what is new, for the next issue. Sends nothing.

use std::collections::HashSet;

use super::summary::{has_errors, source_words};
use super::{signals, telling};
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::config::Config;
use crate::model::SourceName;

/// Asks the sources that are due, or those that are named, due or not.
pub async fn gather(session: &Session, names: &[String]) -> Result<Exit, Failure> {
    let config = session.config()?;
    let named: HashSet<SourceName> = names
        .iter()
        .map(|name| known(&config, name))
        .collect::<Result<_, _>>()?;
    let pipeline = session.pipeline(config).await?;
    let world = session.world();
    let report = signals::stopping(session.stop(), pipeline.poll(&named, &world)).await??;
    session.clear_bars();
    session.printer.either(&report, |printer| {
        if report.already_running {
            printer.line("A run is already under way; this one did nothing.");
        }
        let zone = &pipeline.config.newsletter.timezone;
        for source in &report.sources {
            for line in source_words(source, zone) {
                printer.line(line);
            }
        }
    });
    telling::of_gathering(session, &pipeline, &report);
    pipeline.store.close().await;
    Ok(match has_errors(&report.faults) {
        true if !report.asked_to_end => Exit::Part,
        _ => Exit::Done,
    })
}

/// The source of this name, or a fault that lists the known ones.
fn known(config: &Config, name: &str) -> Result<SourceName, Failure> {
    let found = config
        .sources
        .iter()
        .find(|source| source.name.as_str() == name);
    found.map(|source| source.name.clone()).ok_or_else(|| {
        let known = config
            .sources
            .iter()
            .map(|source| format!("`{}`", source.name));
        let known: Vec<String> = known.collect();
        let hint = match known.as_slice() {
            [] => "no source is configured yet".to_owned(),
            _ => format!("known sources: {}", known.join(", ")),
        };
        Failure::new(Exit::NoInput, format!("there is no source `{name}`")).hint(hint)
    })
}
