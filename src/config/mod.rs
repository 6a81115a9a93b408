//! Files and environment become a checked configuration; what is wrong is said where it stands.
//!
//! Comes in: a newsletter's folder, the environment, the flags. Goes out: a [`Config`], or every fault that was found,
//! each with file, line, column, caret and hint. Defaults < file < environment < flags. Nothing here fetches, sends or
//! opens a database. The only room that reads the newsletter's files and the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::model::{Diagnostic, Schedule, Source};

mod bounces;
mod delivery;
mod dkim;
mod document;
mod domains;
mod edit;
mod environment;
mod feeds;
mod files;
mod filters;
mod init;
mod localised;
mod machine;
mod newsletter;
mod pages;
mod password;
mod placeholders;
mod point;
mod publish;
mod relays;
mod schedules;
mod section;
mod sources;
mod subscribers;
mod templates;
mod value;
mod watch;

pub use bounces::Bounces;
pub use delivery::{Delivery, OnUnknown};
pub use domains::DomainLimits;
pub use edit::{EditFault, Edited, NewSource, SourceEdit, edit_sources};
pub use environment::{Environment, Flags};
pub use feeds::{FeedItems, Feeds};
pub use files::{cause, shell_word};
pub use init::{Answer, Made, Placeholder, Question, init, init_possible};
pub use machine::{GatherConfig, Serve, StoreNamed, StoreUrl, state_by_default};
pub use newsletter::Newsletter;
pub use placeholders::placeholders;
pub use point::{Setting, point};
pub use relays::RelayConfig;
pub use subscribers::{Subscribers, subscribers, subscribers_file};
pub use templates::template_add;
pub use watch::{Look, look};

use document::{Document, Faults};
use files::{read_document, without_dot};
use schedules::Surroundings;
use section::{Layer, Section};

/// The file that makes a folder a newsletter.
const FILE: &str = "courant.toml";

/// A newsletter's settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The newsletter's folder, absolute.
    pub root: PathBuf,
    /// `courant.toml` as the user would name it.
    pub file: PathBuf,
    /// Who publishes.
    pub newsletter: Newsletter,
    /// What is read, in the file's order.
    pub sources: Vec<Source>,
    /// How mail is handed over.
    pub delivery: Delivery,
    /// Where what comes back is read.
    pub bounces: Bounces,
    /// Which database.
    pub store: StoreUrl,
    /// By what it was named.
    pub store_named: StoreNamed,
    /// How sources are fetched.
    pub gather: GatherConfig,
    /// What the feeds hold.
    pub feeds: Feeds,
    /// How `serve` answers.
    pub serve: Serve,
    /// The folder that the program makes, absolute; it may not exist yet.
    pub state: PathBuf,
    /// The folder of the published files, absolute; it may not exist yet.
    pub public: PathBuf,
    /// The file of the key that signs links and names messages, absolute; it may not exist yet.
    pub secret_file: PathBuf,
    /// All schedules, by name.
    pub schedules: Vec<Schedule>,
    /// Texts of `templates/` by their path within it, with `/` between the parts.
    pub template_overrides: BTreeMap<String, String>,
}

/// A configuration, and what in it deserves a look.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What does not stop anything.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// Loads a newsletter from its `courant.toml` or the folder that holds it.
    ///
    /// # Errors
    /// Every fault that was found, errors first, then warnings.
    pub fn load(
        path: &Path,
        environment: &Environment,
        flags: &Flags,
    ) -> Result<Loaded, Vec<Diagnostic>> {
        let file = locate(path).map_err(|fault| vec![*fault])?;
        let main = read_document(&file, &file).map_err(|fault| vec![*fault])?;
        Self::of_document(&file, &main, environment, flags)
    }

    /// The same, of a text for `file` that may not stand there yet.
    fn of_document(
        file: &Path,
        main: &Document,
        environment: &Environment,
        flags: &Flags,
    ) -> Result<Loaded, Vec<Diagnostic>> {
        let stronger: Vec<Document> = flags.settings().chain(environment.settings()).collect();
        let faults = Faults::default();
        let config = read(file, main, &stronger, environment, &faults);
        match config {
            Some(config) if !faults.has_errors() => Ok(Loaded {
                config,
                warnings: faults.into_sorted(),
            }),
            _ => Err(faults.into_sorted()),
        }
    }
}

/// Parses all documents and lays the stronger ones over the file.
fn read(
    file: &Path,
    main: &Document,
    stronger: &[Document],
    environment: &Environment,
    faults: &Faults,
) -> Option<Config> {
    let main_table = main.parse(faults);
    let tables: Vec<_> = stronger
        .iter()
        .filter_map(|document| Some((document, document.parse(faults)?)))
        .collect();
    let layers = tables
        .iter()
        .map(|(document, table)| Layer::whole(document, table))
        .collect();
    let main_table = main_table?;
    let top = Section::root(layers, Layer::whole(main, &main_table), faults);
    read_parts(top, file, environment)
}

/// Reads all parts before it gives up on any, so that their faults are found together.
fn read_parts(mut top: Section<'_>, file: &Path, environment: &Environment) -> Option<Config> {
    let faults = top.faults();
    let shown = file.parent().unwrap_or(Path::new(""));
    let root = absolute(shown, faults)?;

    let newsletter = newsletter::read(top.section("newsletter"));
    let mut sources = sources::read(top.sections("source"), &root);
    let from = newsletter.as_ref().map(|newsletter| &newsletter.from);
    let delivery = delivery::read(top.section("delivery"), &root, environment, from);
    let address = delivery.as_ref().map(|delivery| delivery.bounces.as_ref());
    let url = newsletter
        .as_ref()
        .map(|newsletter| newsletter.url.as_str());
    let around = bounces::Around {
        root: &root,
        environment,
        address,
        url,
    };
    let bounces = bounces::read(top.section("bounces"), &around);
    let storage = machine::read_store(top.section("store"), &root);
    let gather = machine::read_gather(top.section("gather"));
    let feeds = feeds::read(top.section("feeds"));
    let serve = machine::read_serve(top.section("serve"));
    let published = top.section("publish");
    let public = storage
        .as_ref()
        .map(|storage| publish::read(published, &root, &storage.state, &sources));
    top.finish();
    let around = Surroundings::of(newsletter.as_ref(), &sources);
    let schedules = schedules::read(&root, shown, &around, faults);
    let template_overrides = templates::read(&root, shown, faults);
    if let Some(newsletter) = &newsletter {
        let zone = zone_of_posts(newsletter, &schedules);
        for source in &mut sources {
            source.timezone = zone.clone();
        }
    }

    let storage = storage?;
    let (bounces, leaving) = bounces?;
    Some(Config {
        root,
        file: file.to_owned(),
        newsletter: Newsletter {
            leaving,
            ..newsletter?
        },
        sources,
        delivery: delivery?,
        bounces,
        store: storage.url,
        store_named: storage.named,
        gather: gather?,
        feeds: feeds?,
        serve: serve?,
        public: public??,
        state: storage.state,
        secret_file: storage.secret_file,
        schedules,
        template_overrides,
    })
}

/// The newsletter's zone; where it names none, the one that all schedules share.
fn zone_of_posts(newsletter: &Newsletter, schedules: &[Schedule]) -> TimeZone {
    match schedules {
        [first, rest @ ..]
            if !newsletter.names_timezone
                && rest.iter().all(|other| other.timezone == first.timezone) =>
        {
            first.timezone.clone()
        }
        _ => newsletter.timezone.clone(),
    }
}

/// The `courant.toml` that is meant, as the user would name it.
fn locate(path: &Path) -> Result<PathBuf, Box<Diagnostic>> {
    let file = if path.is_dir() {
        path.join(FILE)
    } else {
        path.to_owned()
    };
    if file.is_file() {
        return Ok(without_dot(&file));
    }
    let message = format!("there is no `{}`", without_dot(&file).display());
    let folder = match path.file_name().is_some_and(|name| name == FILE) {
        true => path.parent().unwrap_or(path),
        false => path,
    };
    let hint = format!(
        "`courant init {}` makes a newsletter there; `--config` names one elsewhere",
        shell_word(folder)
    );
    Err(Box::new(Diagnostic::error(message).hint(hint)))
}

fn absolute(folder: &Path, faults: &Faults) -> Option<PathBuf> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    std::path::absolute(folder)
        .map_err(|error| faults.push(Diagnostic::error(files::cause(&error)).in_file(folder)))
        .ok()
}
