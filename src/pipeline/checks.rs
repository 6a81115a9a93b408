//! What is checked and shown before a run, with the line of the configuration that is to blame.

use super::Fault;
use crate::compose::{self, Composer, Overrides};
use crate::config::{self, Config, Setting, StoreUrl};
use crate::gather;
use crate::model::{Diagnostic, Source};
use crate::store::StoreTarget;

/// Where the configuration puts the store.
pub fn store_target(config: &Config) -> StoreTarget {
    match &config.store {
        StoreUrl::Sqlite(path) => StoreTarget::Sqlite(path.clone()),
        StoreUrl::Postgres(url) => StoreTarget::Postgres(url.clone()),
    }
}

/// Parses every template and renders it with samples; the accent must be readable in both schemes.
pub fn check_templates(config: &Config) -> Result<Composer, Fault> {
    let composer = Composer::new(&Overrides(config.template_overrides.clone()));
    let mut faults = Vec::new();
    if let Err(error) = compose::accent(&config.newsletter.accent) {
        let fault = Diagnostic::error(error.to_string());
        faults.push(config::point(config, fault, Setting::Accent));
    }
    match composer {
        Ok(composer) if faults.is_empty() => Ok(composer),
        Ok(_) => Err(Fault::Config(faults)),
        Err(more) => Err(Fault::Config([faults, more].concat())),
    }
}

/// A source that could not be asked, shown where it is named.
pub fn source_fault(config: &Config, source: &Source, error: &gather::Error) -> Diagnostic {
    let fault = Diagnostic::error(format!("source `{}`: {error}", source.name));
    let fault = match error.advice() {
        Some(advice) => fault.hint(advice),
        None => fault,
    };
    config::point(config, fault, Setting::Source(&source.name))
}
