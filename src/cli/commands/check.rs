//! `courant check`: everything that can be said without fetching or sending.
//!
//! Configuration, schedules, templates, secret and database first (78), then subscribers and posts in folders (65).

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::print::count;
use crate::cli::session::Session;
use crate::config::{self, Config};
use crate::gather;
use crate::model::{Diagnostic, Severity, SourceKind};
use crate::pipeline::{self, Fault};
use crate::store::Store;

/// What was checked.
#[derive(Serialize)]
struct Checked {
    sources: usize,
    schedules: usize,
    subscribers: usize,
    posts: usize,
    faults: Vec<Diagnostic>,
}

/// Checks, and says what was checked.
pub async fn check(session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    pipeline::check_templates(&config)?;
    Store::check_version(&pipeline::store_target(&config))
        .await
        .map_err(Fault::from)?;
    let subscribers =
        config::subscribers(&config).map_err(|fault| Failure::config(vec![*fault]))?;
    let (posts, post_faults) = check_folders(session, &config).await;
    let checked = Checked {
        sources: config.sources.len(),
        schedules: config.schedules.len(),
        subscribers: subscribers.entries.len(),
        posts,
        faults: [one_click(&config), subscribers.faults, post_faults].concat(),
    };
    session.printer.faults(&checked.faults);
    session.printer.either(&checked, |printer| {
        printer.line(format!(
            "{}, {}, {}, {} in folders",
            count(checked.sources, "source", "sources"),
            count(checked.schedules, "schedule", "schedules"),
            count(checked.subscribers, "subscriber", "subscribers"),
            count(checked.posts, "post", "posts"),
        ));
    });
    let faulty = checked
        .faults
        .iter()
        .any(|fault| fault.severity == Severity::Error);
    Ok(if faulty { Exit::Data } else { Exit::Done })
}

/// Reads the posts of folder sources; sources on the network are left alone.
async fn check_folders(session: &Session, config: &Config) -> (usize, Vec<Diagnostic>) {
    let mut posts = 0;
    let mut faults = Vec::new();
    for source in &config.sources {
        let SourceKind::Folder(folder) = &source.kind else {
            continue;
        };
        match gather::read_folder(folder, source, session.clock().now()) {
            Ok(gathered) => {
                posts += gathered.posts.len();
                faults.extend(gathered.faults);
            }
            Err(error) => {
                faults.push(
                    Diagnostic::error(format!("source `{}`: {error}", source.name))
                        .in_file(PathBuf::from(folder)),
                );
            }
        }
    }
    (posts, faults)
}

/// Mail programs offer their unsubscribe button only for an https link (RFC 8058 §3.1).
fn one_click(config: &Config) -> Vec<Diagnostic> {
    let url = &config.newsletter.url;
    let on_this_machine = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    if url.starts_with("https://") || on_this_machine.iter().any(|here| url.starts_with(here)) {
        return vec![];
    }
    vec![
        Diagnostic::warning(format!(
            "`{url}` is not https: mail programs will not offer one-click unsubscribing"
        ))
        .in_file(config.file.clone())
        .hint("put a web server with a certificate before `courant serve`"),
    ]
}
