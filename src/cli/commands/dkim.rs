//! `courant dkim`: makes a key with the DNS record that belongs to it, and holds the keys in use against DNS.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

use crate::cli::args::{Dkim, DkimAlgorithm};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::shown;
use crate::cli::session::Session;
use crate::config::{self, Config};
use crate::deliver::{Dns, Published, Unanswered};
use crate::model::{DkimKey, DkimSecret};

/// Runs one of the subcommands.
pub async fn dkim(session: &Session, command: Dkim) -> Result<Exit, Failure> {
    match command {
        Dkim::Generate {
            selector,
            algorithm,
            out,
        } => generate(session, selector, algorithm, out).await,
        Dkim::Check { name_server } => check(session, name_server).await,
    }
}

/// A new key, without its secret.
#[derive(Serialize)]
struct Made {
    file: PathBuf,
    name: String,
    record: String,
}

async fn generate(
    session: &Session,
    selector: String,
    algorithm: DkimAlgorithm,
    out: Option<PathBuf>,
) -> Result<Exit, Failure> {
    let config = session.config()?;
    let file = out.unwrap_or_else(|| config.state.join(format!("dkim-{selector}.pem")));
    let pem = match algorithm {
        DkimAlgorithm::Ed25519 => {
            let mut seed = [0; 32];
            session.world().chance.fill(&mut seed);
            DkimSecret::ed25519_pem(&seed)
        }
        DkimAlgorithm::Rsa => tokio::task::spawn_blocking(rsa_pem)
            .await
            .map_err(|_| Failure::new(Exit::Ours, "the key could not be made"))??,
    };
    let secret = DkimSecret::from_pem(&pem)
        .map_err(|why| Failure::new(Exit::Ours, format!("what was made {why}")))?;
    write(&file, &pem)?;
    let domain = config.newsletter.from.ascii_domain().to_owned();
    let key = DkimKey::new(domain, selector, secret);
    let made = Made {
        file: file.clone(),
        name: key.record_name(),
        record: key.secret().record(),
    };
    session.printer.either(&made, |printer| {
        let path = shown(file.strip_prefix(&config.root).unwrap_or(&file));
        printer.line(format!(
            "The key is in `{path}`. Put this record into DNS:\n"
        ));
        printer.data(format!(
            "{}. IN TXT {}",
            made.name,
            key.secret().record_strings()
        ));
        printer.line(format!(
            "\nand, once `courant dkim check` finds it there, this into courant.toml:\n\n\
             [[delivery.dkim]]\nselector = \"{}\"\nkey_file = \"{path}\"",
            key.selector
        ));
    });
    Ok(Exit::Done)
}

/// An RSA key of 2,048 bits from OpenSSL: what signs here makes no RSA keys.
fn rsa_pem() -> Result<String, Failure> {
    let hint = "install `openssl`, or make an Ed25519 key, which fewer receivers check: `--algorithm ed25519`";
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA"])
        .args(["-pkeyopt", "rsa_keygen_bits:2048"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    match made {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout)
            .map_err(|_| Failure::new(Exit::Ours, "`openssl` made no key in PEM form")),
        Ok(output) => {
            let fault = format!("`openssl genpkey` failed: {}", output.status);
            Err(Failure::new(Exit::Unavailable, fault).hint(hint))
        }
        Err(error) => {
            let fault = format!("cannot run `openssl`: {}", config::cause(&error));
            Err(Failure::new(Exit::Unavailable, fault).hint(hint))
        }
    }
}

/// Writes a new file that only its owner may read; an old key is never overwritten.
fn write(file: &Path, pem: &str) -> Result<(), Failure> {
    let cannot = |error: &std::io::Error| {
        let fault = format!("cannot write `{}`: {}", shown(file), config::cause(error));
        let failure = Failure::new(Exit::CannotWrite, fault);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => failure
                .hint("take another `--selector`: the old key is needed until DNS has the new one"),
            _ => failure,
        }
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|e| cannot(&e))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut opened = options.open(file).map_err(|e| cannot(&e))?;
    opened.write_all(pem.as_bytes()).map_err(|e| cannot(&e))?;
    opened.sync_all().map_err(|e| cannot(&e))
}

/// What DNS says of one key.
#[derive(Serialize)]
struct Found {
    name: String,
    algorithm: &'static str,
    state: &'static str,
    wanted: String,
    found: Option<String>,
}

async fn check(session: &Session, name_server: Option<SocketAddr>) -> Result<Exit, Failure> {
    let config = session.config()?;
    let made = made_keys(&config);
    let keys: Vec<&DkimKey> = config.delivery.dkim.iter().chain(&made).collect();
    if keys.is_empty() {
        return Err(Failure::new(Exit::Config, "no DKIM key is configured")
            .hint("`courant dkim generate` makes one"));
    }
    let dns = Dns::new(name_server)
        .map_err(|unanswered| Failure::new(Exit::TryAgain, unanswered.to_string()))?;
    let mut found = Vec::new();
    for key in keys {
        found.push(found_of(key, dns.published(key).await));
    }
    session.printer.either(&found, |printer| {
        for key in &found {
            printer.line(format!("{}: {}", key.name, said(key)));
        }
    });
    let worst = found.iter().map(|key| match key.state {
        "published" => Exit::Done,
        "unknown" => Exit::TryAgain,
        _ => Exit::Config,
    });
    Ok(worst.max().unwrap_or(Exit::Done))
}

/// The keys that `generate` made and `courant.toml` does not name yet: their records are looked for before they sign.
fn made_keys(config: &Config) -> Vec<DkimKey> {
    let domain = config.newsletter.from.ascii_domain();
    let entries = std::fs::read_dir(&config.state).into_iter().flatten();
    let mut keys: Vec<DkimKey> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let selector = name.strip_prefix("dkim-")?.strip_suffix(".pem")?;
            let pem = std::fs::read_to_string(entry.path()).ok()?;
            let secret = DkimSecret::from_pem(&pem).ok()?;
            Some(DkimKey::new(domain.to_owned(), selector.to_owned(), secret))
        })
        .filter(|key| {
            let named = config.delivery.dkim.iter();
            !{ named }.any(|named| named.secret().record() == key.secret().record())
        })
        .collect();
    keys.sort_by(|one, other| one.selector.cmp(&other.selector));
    keys
}

fn found_of(key: &DkimKey, published: Result<Published, Unanswered>) -> Found {
    let (state, found) = match published {
        Ok(Published::Same) => ("published", None),
        Ok(Published::Other(record)) => ("different", Some(record)),
        Ok(Published::Absent) => ("absent", None),
        Err(why) => ("unknown", Some(why.to_string())),
    };
    Found {
        name: key.record_name(),
        algorithm: key.algorithm(),
        state,
        wanted: key.secret().record(),
        found,
    }
}

fn said(key: &Found) -> String {
    match (key.state, &key.found) {
        ("published", _) => format!("DNS has this key ({})", key.algorithm),
        ("different", Some(record)) => format!(
            "DNS has another key\n  there: {record}\n  here:  {}",
            key.wanted
        ),
        ("unknown", Some(why)) => why.clone(),
        _ => format!(
            "there is no such record in DNS; it should be: {}",
            key.wanted
        ),
    }
}
