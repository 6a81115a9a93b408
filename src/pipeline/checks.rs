//! What is checked and shown before a run, with the line of the configuration that is to blame.

use super::Fault;
use crate::compose::{self, Composer, Overrides};
use crate::config::{self, Config, Setting, StoreUrl};
use crate::gather::{self, Gathered};
use crate::model::{Diagnostic, Pages, Source};
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
    let setting = match error.key() {
        Some(key) => Setting::SourceKey(&source.name, key),
        None => Setting::Source(&source.name),
    };
    config::point(config, fault, setting)
}

/// What is worth knowing when a page's feed was found: told once, where the page is named.
pub fn source_found(config: &Config, source: &Source, gathered: &Gathered) -> Option<Diagnostic> {
    let found = gathered.found.as_ref()?;
    let message = format!(
        "source `{}`: this is a web page; its feed is at `{}`",
        source.name, found.feed
    );
    let hint = match found.others.as_slice() {
        [] => "from now on that is read".to_owned(),
        others => {
            let others: Vec<String> = others.iter().map(|other| format!("`{other}`")).collect();
            format!(
                "from now on that is read; to read another, name it: {}",
                others.join(", ")
            )
        }
    };
    let told = Diagnostic::warning(message).hint(hint);
    Some(config::point(config, told, Setting::Source(&source.name)))
}

/// Refuses selectors that are none, where they stand.
pub fn check_selectors(config: &Config) -> Result<(), Fault> {
    let mut faults = Vec::new();
    for source in &config.sources {
        let posts = match &source.pages {
            Some(Pages::Links(selector)) => Some(("posts", selector)),
            _ => None,
        };
        let article = source
            .article
            .as_ref()
            .map(|selector| ("article", selector));
        for (key, selector) in posts.into_iter().chain(article) {
            if !gather::is_selector(selector) {
                let fault = Diagnostic::error(format!(
                    "invalid `{key}`: `{selector}` is not a CSS selector"
                ))
                .hint("write it as in a style sheet: `main article h2 a`");
                let setting = Setting::SourceKey(&source.name, key);
                faults.push(config::point(config, fault, setting));
            }
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Fault::Config(faults)),
    }
}
