//! The state of a newsletter opened: its database, its secret and its journal, which belong together.
//!
//! Nothing is written before they were held against each other. A secret that was used says that there was a database; so an
//! empty one is refused, as is one in which another program lives, and one that knows less than the journal. Who wants that
//! all the same says so.

use std::path::{Path, PathBuf};

use super::checks::store_target;
use super::folders::make_state;
use super::{Fault, World};
use crate::audience::{self, FINGERPRINT, Keys, Secret, SecretError};
use crate::config::{Config, StoreNamed, StoreUrl};
use crate::journal::{self, Journal, Mended};
use crate::model::{Diagnostic, IssueNumber};
use crate::store::{self, Found, Store, Unknown};

/// The journal's file, in the state folder.
const JOURNAL: &str = "journal";

/// Issues that are named; of more, how many there are.
const NAMED: usize = 12;

/// What the operator says of a database that is opened to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Opening {
    /// An empty database is taken, and one in which another program lives; what the journal knows is taken over.
    pub new_database: bool,
}

/// What was taken over from the journal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Replayed {
    /// What the database did not know.
    #[serde(flatten)]
    pub unknown: Unknown,
    /// Deliveries that are held, since they may have been sent after the database was saved.
    pub held: i64,
    /// What was done about a journal that was damaged.
    pub mended: Option<Mended>,
}

/// The state, opened.
pub(super) struct State {
    pub store: Store,
    pub keys: Keys,
    /// That the database knows less than the journal, where it does.
    pub behind: Option<Diagnostic>,
}

/// Where the journal is.
pub fn journal_path(config: &Config) -> PathBuf {
    config.state.join(JOURNAL)
}

/// What is wrong with the state as it lies there, before the database is opened; writes nothing.
pub async fn check_state(config: &Config) -> Result<Option<Diagnostic>, Fault> {
    let journal = look_at_journal(config)?;
    match Halves::look(config, journal.as_ref()).await {
        Ok(halves) => Ok(halves.fault(config, Opening::default())),
        // A secret that cannot be read is told by whoever needs it.
        Err(Fault::Secret(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// That the database knows less than the journal, if it does; writes nothing.
pub async fn check_journal(config: &Config, store: &Store) -> Result<Option<Diagnostic>, Fault> {
    let Some(journal) = look_at_journal(config)? else {
        return Ok(None);
    };
    let unknown = store
        .clone()
        .with_journal(journal)
        .journal_unknown(true)
        .await?;
    Ok(behind(config, &unknown))
}

/// Opens the state, and makes what a first run makes.
pub(super) async fn open(
    config: &Config,
    opening: Opening,
    world: &World<'_>,
) -> Result<State, Fault> {
    let journal = look_at_journal(config)?;
    let halves = Halves::look(config, journal.as_ref()).await?;
    if let Some(fault) = halves.fault(config, opening) {
        return Err(Fault::State(Box::new(fault)));
    }
    make_state(&config.state)?;
    let store = Store::open(&store_target(config)).await?;
    let keys = audience::load_or_create(&config.secret_file, &store, world.chance).await?;
    let Some(journal) = journal else {
        let id = format!("{:016x}", world.chance.identifier());
        let path = journal_path(config);
        let store = store.journal_begin(&path, &id, &keys.fingerprint()).await?;
        return Ok(State {
            store,
            keys,
            behind: None,
        });
    };
    let store = store.with_journal(journal);
    if halves.found.setting.is_none() {
        // A database that was taken for a new one: the operator said so.
        let (unknown, held) = store.journal_replay(world.clock.now()).await?;
        tracing::info!(
            ?unknown,
            held,
            "a new database took over what the journal knows"
        );
    }
    let behind = behind(config, &store.journal_unknown(false).await?);
    if behind.is_none() {
        store.journal_follow().await?;
    }
    Ok(State {
        store,
        keys,
        behind,
    })
}

/// The database and the keys, opened to be written; refused where the database knows less than the journal.
pub async fn open_state(
    config: &Config,
    opening: Opening,
    world: &World<'_>,
) -> Result<(Store, Keys), Fault> {
    let State {
        store,
        keys,
        behind,
    } = open(config, opening, world).await?;
    match behind {
        Some(fault) => Err(Fault::State(Box::new(fault))),
        None => Ok((store, keys)),
    }
}

/// Takes over what the journal knows, into the database as it is, be it empty; `None` while a run is under way.
pub async fn restore(
    config: &Config,
    opening: Opening,
    world: &World<'_>,
) -> Result<Option<Replayed>, Fault> {
    let mut mended = None;
    let mut looked = look_at_journal(config);
    if let Err(Fault::Store(store::Error::Journal(journal::Error::Damaged { .. }))) = looked {
        // Nobody can tell whose it is but by the secret beside it.
        mended = mend(config, world)?;
        looked = look_at_journal(config);
    }
    let Some(mut journal) = looked? else {
        return Err(Fault::NoJournal(journal_path(config)));
    };
    let halves = Halves::look(config, Some(&journal)).await?;
    if let Some(fault) = halves.fault_of_others(config, opening) {
        return Err(Fault::State(Box::new(fault)));
    }
    if mended.is_none() {
        mended = mend(config, world)?;
        journal = look_at_journal(config)?.unwrap_or(journal);
    }
    make_state(&config.state)?;
    let store = Store::open(&store_target(config)).await?;
    audience::load_or_create(&config.secret_file, &store, world.chance).await?;
    let store = store.with_journal(journal);
    let holder = format!("restore {:016x}", world.chance.identifier());
    let now = world.clock.now();
    let Some(tenure) = super::Tenure::begin(&store, &holder, now).await? else {
        return Ok(None);
    };
    let replayed = store.journal_replay(now).await;
    tenure.end().await?;
    let (unknown, held) = replayed?;
    store.journal_follow().await?;
    store.close().await;
    Ok(Some(Replayed {
        unknown,
        held,
        mended,
    }))
}

/// Puts what is whole of a damaged journal in its place.
fn mend(config: &Config, world: &World<'_>) -> Result<Option<Mended>, Fault> {
    let Some(secret) = audience::read_secret(&config.secret_file)? else {
        return Ok(None);
    };
    let id = format!("{:016x}", world.chance.identifier());
    let mended = Journal::mend(&journal_path(config), &id, &secret.keys.fingerprint());
    Ok(mended.map_err(store::Error::from)?)
}

fn look_at_journal(config: &Config) -> Result<Option<Journal>, Fault> {
    Ok(Journal::look(&journal_path(config)).map_err(store::Error::from)?)
}

/// The secret, the journal's word on it, and what lies where the database is.
struct Halves {
    secret: Option<Secret>,
    fingerprint: Option<String>,
    /// Whether the journal was written under this secret; `None` without a journal.
    is_journals: Option<bool>,
    found: Found,
}

impl Halves {
    async fn look(config: &Config, journal: Option<&Journal>) -> Result<Self, Fault> {
        // The secret first: one that says that it is used has its database by then. And once more where the database knows
        // one that was not there: it was made meanwhile.
        let mut secret = audience::read_secret(&config.secret_file)?;
        let found = store_target(config).look(FINGERPRINT).await?;
        if secret.is_none() && found.setting.is_some() {
            secret = audience::read_secret(&config.secret_file)?;
        }
        let fingerprint = secret.as_ref().map(|secret| secret.keys.fingerprint());
        Ok(Self {
            is_journals: journal.map(|one| fingerprint.as_deref() == Some(one.secret())),
            fingerprint,
            secret,
            found,
        })
    }

    /// Why they are not to be used together.
    fn fault(&self, config: &Config, opening: Opening) -> Option<Diagnostic> {
        if let Some(fault) = self.fault_of_others(config, opening) {
            return Some(fault);
        }
        let was_used = match &self.secret {
            Some(secret) => !secret.is_unused || self.is_journals.is_some(),
            None => false,
        };
        let is_lost = was_used && self.found.setting.is_none() && !opening.new_database;
        is_lost.then(|| lost(config, self.is_journals.is_some()))
    }

    /// The same, but for an empty database.
    fn fault_of_others(&self, config: &Config, opening: Opening) -> Option<Diagnostic> {
        if self.found.foreign_migrations || !self.found.foreign.is_empty() {
            let is_ours = config.store_named == StoreNamed::Store || opening.new_database;
            if self.found.foreign_migrations || !is_ours {
                return Some(foreign(config, &self.found));
            }
        }
        // Where the store knows another secret as well, opening says so.
        let is_told = self.found.setting.is_some() && self.found.setting != self.fingerprint;
        if self.is_journals != Some(false) || is_told {
            return None;
        }
        let path = &config.secret_file;
        if self.secret.is_none() {
            let path = path.clone();
            return Some(Diagnostic::error(SecretError::Missing { path }.to_string()));
        }
        let (journal, secret) = (shown(config, &journal_path(config)), shown(config, path));
        let fault =
            format!("the journal `{journal}` was written with another secret than `{secret}`");
        Some(Diagnostic::error(fault).hint(
            "restore the two that belong together; a journal of another newsletter is to be moved away",
        ))
    }
}

/// What to say of an empty database beside a secret that was used.
fn lost(config: &Config, has_journal: bool) -> Diagnostic {
    let secret = shown(config, &config.secret_file);
    let fault = Diagnostic::error(format!(
        "the database {} is empty, but the secret `{secret}` was used with another: everybody who left would be mailed again",
        place(config)
    ));
    let first = match config.store_named {
        StoreNamed::DatabaseUrl => "is DATABASE_URL meant for another program? Else restore",
        StoreNamed::Default | StoreNamed::Store => "restore",
    };
    fault.hint(match has_journal {
        true => format!(
            "{first} its backup, or run `courant restore --replay`, which makes one of what `state/journal` knows of issues and of who left"
        ),
        false => format!("{first} its backup; if there never was one, `courant run --new-database` begins one, once"),
    })
}

/// What to say of a database in which others live.
fn foreign(config: &Config, found: &Found) -> Diagnostic {
    let tables: Vec<String> = found
        .foreign
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let fault = Diagnostic::error(format!(
        "the database {} belongs to another program: it has the tables {}, and none of ours",
        place(config),
        tables.join(", ")
    ));
    let hint = match found.foreign_migrations {
        true => {
            "that program counts its migrations where ours are counted: give the newsletter a database of its own"
        }
        false => {
            "give the newsletter a database of its own; to use this one all the same, name it as `url` in `[store]`, or say \
             `courant run --new-database` once"
        }
    };
    fault.hint(hint)
}

/// What to say of a database that knows less than the journal.
fn behind(config: &Config, unknown: &Unknown) -> Option<Diagnostic> {
    if unknown.is_empty() {
        return None;
    }
    let fault = Diagnostic::error(format!(
        "the database {} is older than `{}`, which knows what it does not: {}",
        place(config),
        shown(config, &journal_path(config)),
        in_words(unknown)
    ));
    Some(fault.hint(
        "a restored backup? `courant restore --replay` takes it over: nobody is mailed again, and who left stays left",
    ))
}

/// What the journal knows, in words.
pub fn in_words(unknown: &Unknown) -> String {
    let mut parts = Vec::new();
    parts.extend(numbered(&unknown.issues));
    parts.extend(numbered(&unknown.sent).map(|issues| format!("what was sent of {issues}")));
    parts.extend(match unknown.suppressions {
        0 => None,
        1 => Some("one reader who is not to be mailed".to_owned()),
        many => Some(format!("{many} readers who are not to be mailed")),
    });
    if parts.is_empty() && unknown.replay {
        parts.push("that a backup was restored, and what was held for it".to_owned());
    }
    parts.join(", ")
}

fn numbered(issues: &[IssueNumber]) -> Option<String> {
    let numbers: Vec<String> = issues.iter().map(ToString::to_string).collect();
    match &numbers[..] {
        [] => None,
        [one] => Some(format!("issue {one}")),
        [first, .., last] if numbers.len() > NAMED => {
            Some(format!("{} issues from {first} to {last}", numbers.len()))
        }
        [rest @ .., last] => Some(format!("issues {} and {last}", rest.join(", "))),
    }
}

/// The database, as people call it; never its password.
fn place(config: &Config) -> String {
    let by = match config.store_named {
        StoreNamed::DatabaseUrl => " that DATABASE_URL names",
        StoreNamed::Default | StoreNamed::Store => "",
    };
    match &config.store {
        StoreUrl::Sqlite(path) => format!("`{}`{by}", shown(config, path)),
        StoreUrl::Postgres(_) if by.is_empty() => "on PostgreSQL".to_owned(),
        StoreUrl::Postgres(_) => format!("on PostgreSQL{by}"),
    }
}

/// A path as it stands below the newsletter's folder.
fn shown(config: &Config, path: &Path) -> String {
    let short = path.strip_prefix(&config.root).unwrap_or(path);
    short.display().to_string()
}
