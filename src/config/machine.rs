//! `[store]`, `[gather]` and `[serve]`: where this machine keeps, fetches and answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use secrecy::SecretString;
use url::Url;

use super::environment::DATABASE_URL;
use super::section::Section;
use super::value::Value;
use crate::model::Network;

/// The folder that the program makes, beside `courant.toml`.
const STATE: &str = "state";

/// The database's file, in the state folder.
const DATABASE: &str = "courant.db";

/// The file of the key that signs links and names messages, in the state folder.
const SECRET: &str = "secret";

/// The longest a source may take, from connecting to the last byte.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(60);

/// What the documents that are read at once may take in sum, in octets; one may take half of it.
const MEMORY: u64 = 200_000_000;

/// The least that may be set.
const LEAST_MEMORY: u64 = 20_000_000;

/// Where `serve` listens unless told: behind a web server on the same machine.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Which database.
#[derive(Debug, Clone)]
pub enum StoreUrl {
    /// A file, as an absolute path.
    Sqlite(PathBuf),
    /// An address that may hold a password.
    Postgres(SecretString),
}

/// By what the database was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreNamed {
    /// By nothing: it is the file in the state folder.
    Default,
    /// By `[store]`, so for this newsletter.
    Store,
    /// By the variable that many programs read, so perhaps for another one.
    DatabaseUrl,
}

/// What `[store]` says.
pub(super) struct Storage {
    pub(super) url: StoreUrl,
    pub(super) named: StoreNamed,
    pub(super) state: PathBuf,
    pub(super) secret_file: PathBuf,
}

/// How sources are fetched.
#[derive(Debug, Clone)]
pub struct GatherConfig {
    /// In the place of our own User-Agent.
    pub user_agent: Option<String>,
    /// Networks that sources may lie in although they are private.
    pub allow: Vec<Network>,
    /// The longest a source may take, from connecting to the last byte.
    pub timeout: SignedDuration,
    /// What the documents of sources that are read at once may take in sum, in octets.
    pub memory: u64,
    /// Whether pictures on other servers are fetched for an issue; posts go out without them otherwise.
    pub pictures: bool,
}

/// How `serve` answers.
#[derive(Debug, Clone)]
pub struct Serve {
    /// Where it listens.
    pub listen: SocketAddr,
}

/// The folder that the program makes for the newsletter at a path, unless its configuration says otherwise; `None` where
/// there is none yet.
pub fn state_by_default(newsletter: &Path) -> Option<PathBuf> {
    let file = super::locate(newsletter).ok()?;
    let state = file.with_file_name(STATE);
    state.is_dir().then_some(state)
}

/// Reads `[store]`; paths are relative to `root`.
pub(super) fn read_store(mut section: Section<'_>, root: &Path) -> Option<Storage> {
    let path = |v: &Value<'_>| v.line_of_text().map(|typed| root.join(typed));
    let state = section.or("state", root.join(STATE), path)?;
    let default = || (StoreUrl::Sqlite(state.join(DATABASE)), StoreNamed::Default);
    let url = section.or("url", default(), |v| {
        let named = match v.document().is_variable(DATABASE_URL) {
            true => StoreNamed::DatabaseUrl,
            false => StoreNamed::Store,
        };
        Some((read_url(v, root)?, named))
    });
    let secret_file = section.or("secret_file", state.join(SECRET), path);
    section.finish();
    let (url, named) = url?;
    Some(Storage {
        url,
        named,
        state,
        secret_file: secret_file?,
    })
}

/// `sqlite:path` or `postgres://…`. The address is never repeated: it may hold a password.
fn read_url(value: &Value<'_>, root: &Path) -> Option<StoreUrl> {
    let typed = value.string()?;
    if let Some(path) = typed.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return Some(StoreUrl::Sqlite(root.join(path)));
    }
    match Url::parse(typed) {
        Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => {
            warn_of_password(value, &url);
            Some(StoreUrl::Postgres(SecretString::from(typed)))
        }
        _ => {
            value.report_secret(
                "invalid `url`: not the address of a database",
                "write `sqlite:state/courant.db` or `postgres://user@host/name`",
            );
            None
        }
    }
}

fn warn_of_password(value: &Value<'_>, url: &Url) {
    if url.password().is_some() && !value.document().is_untyped() {
        value.warn(
            "a password stands in this file",
            "leave `url` out and set DATABASE_URL instead".to_owned(),
        );
    }
}

/// Reads `[gather]`.
pub(super) fn read_gather(mut section: Section<'_>) -> Option<GatherConfig> {
    let user_agent = section.optional("user_agent", Value::line_of_text);
    let allow = section.or("allow", vec![], |v| v.list(read_network));
    let timeout = section.or("timeout", TIMEOUT, Value::duration);
    let memory = section.or("memory", MEMORY, read_memory);
    let pictures = section.or("pictures", true, Value::boolean);
    section.finish();
    Some(GatherConfig {
        user_agent,
        allow: allow?,
        timeout: timeout?,
        memory: memory?,
        pictures: pictures?,
    })
}

/// `200 MB`, or in GB; at least what an honest feed of some megabytes takes.
fn read_memory(value: &Value<'_>) -> Option<u64> {
    value.parse(|text| {
        let (number, unit) =
            text.split_at(text.trim_end_matches(|c: char| c.is_alphabetic()).len());
        let times = match unit.to_ascii_uppercase().as_str() {
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            _ => return Err("write a size such as `200 MB` or `1 GB`"),
        };
        let octets = number.trim().parse::<u64>().ok();
        let octets = octets.and_then(|number| number.checked_mul(times));
        octets
            .filter(|octets| *octets >= LEAST_MEMORY)
            .ok_or("write a size of at least 20 MB, such as `200 MB`")
    })
}

fn read_network(value: &Value<'_>) -> Option<Network> {
    value.parse(|text| {
        Network::parse(text).ok_or("write a network as `10.1.0.0/16`, or a single address")
    })
}

/// Reads `[serve]`.
pub(super) fn read_serve(mut section: Section<'_>) -> Option<Serve> {
    let listen = section.or("listen", LISTEN, |v| {
        v.parse(|text| {
            text.parse()
                .map_err(|_| "write an address and a port, such as `127.0.0.1:8080`")
        })
    });
    section.finish();
    Some(Serve { listen: listen? })
}
