//! What is checked and shown before a run, with the line of the configuration that is to blame.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Fault;
use crate::compose::{self, Composer, Overrides};
use crate::config::{self, Config, Setting, StoreUrl};
use crate::gather::{self, Gathered};
use crate::model::{Diagnostic, NotAsked, Pages, Source, SourceName};
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
    config::point(config, fault.about(about_source(&source.name)), setting)
}

/// What faults of a source that cannot be read are about.
pub fn about_source(name: &SourceName) -> String {
    format!("source {name}")
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

/// A source that was left alone although readers might miss it; `None` where that is as it should be.
pub fn not_asked_fault(
    config: &Config,
    source: &Source,
    why: &NotAsked,
    last_error: Option<&str>,
) -> Option<Diagnostic> {
    let zone = &config.newsletter.timezone;
    let day = |at: &Timestamp| day_of(*at, zone);
    let name = &source.name;
    let last = last_error.unwrap_or("it fails");
    let fault = match why {
        NotAsked::NotDue { .. } => return None,
        NotAsked::BackingOff { since, .. } => {
            let message = format!("source `{name}`: {last}, since {}", day(since));
            let hint = format!("`courant gather {name}` asks it now");
            Diagnostic::error(message).hint(hint)
        }
        NotAsked::Held { host, until } => {
            let until = until.to_zoned_datetime(zone.clone());
            let until = until.strftime("%H:%M");
            Diagnostic::error(format!(
                "source `{name}`: `{host}` asked us to come back later, and is left alone until {until}"
            ))
        }
        NotAsked::Gone { since } => {
            let message = format!(
                "source `{name}`: gone since {}, and not asked any more",
                day(since)
            );
            let hint = format!(
                "correct its address, or remove it; `courant gather {name}` asks it once more"
            );
            Diagnostic::warning(message).hint(hint)
        }
    };
    let fault = fault.about(about_source(name));
    Some(config::point(config, fault, Setting::Source(name)))
}

/// "3 November 2026".
pub fn day_of(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned_datetime(zone.clone());
    local.strftime("%-d %B %Y").to_string()
}
