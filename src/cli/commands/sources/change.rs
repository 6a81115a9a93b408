//! `courant sources pause`, `resume` and `remove`: one source of `courant.toml`, the rest of the file as it was.

use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{count, quoted_names, shown};
use crate::cli::session::Session;
use crate::config::{Config, SourceEdit};
use crate::model::SourceName;
use crate::pipeline::Fault;

/// What `--json` gives.
#[derive(Serialize)]
struct Changed<'a> {
    name: &'a SourceName,
    state: &'static str,
    changed: bool,
    posts_in_ledger: i64,
    file: String,
}

/// Passes over a source from now on.
pub async fn pause(session: &Session, typed: &str) -> Result<Exit, Failure> {
    let name = named(&session.config()?, typed)?;
    change(session, &name, "paused", SourceEdit::Pause(name.clone())).await
}

/// Reads a paused source again.
pub async fn resume(session: &Session, typed: &str) -> Result<Exit, Failure> {
    let name = named(&session.config()?, typed)?;
    change(session, &name, "read", SourceEdit::Resume(name.clone())).await
}

/// Takes a source out.
pub async fn remove(session: &Session, typed: &str) -> Result<Exit, Failure> {
    let name = named(&session.config()?, typed)?;
    change(session, &name, "removed", SourceEdit::Remove(name.clone())).await
}

async fn change(
    session: &Session,
    name: &SourceName,
    state: &'static str,
    edit: SourceEdit,
) -> Result<Exit, Failure> {
    let edited = session.edit_sources(&edit, true)?;
    let changed = Changed {
        name,
        state,
        changed: edited.changed,
        posts_in_ledger: posts_of(session, &edited.config, name).await?,
        file: shown(&edited.file),
    };
    session.printer.either(&changed, |printer| {
        let file = &changed.file;
        let posts = usize::try_from(changed.posts_in_ledger).unwrap_or(0);
        printer.line(match (state, changed.changed) {
            ("paused", true) => format!("`{name}` is paused in {file}: runs pass over it"),
            ("paused", false) => format!("`{name}` was paused already"),
            ("read", true) => format!("`{name}` is read again from the next run on"),
            ("read", false) => format!("`{name}` was not paused"),
            _ => format!("`{name}` is out of {file}"),
        });
        match (state, posts) {
            ("removed", 0) => printer.line("The ledger has no post of it."),
            ("removed", posts) => printer.line(format!(
                "{} of it {} in the ledger: what was not sent yet may still go out, and nothing comes as new if you add it again.",
                count(posts, "post", "posts"),
                if posts == 1 { "stays" } else { "stay" },
            )),
            _ => {}
        }
    });
    Ok(Exit::Done)
}

async fn posts_of(session: &Session, config: &Config, name: &SourceName) -> Result<i64, Failure> {
    let Some(store) = session.store(config).await? else {
        return Ok(0);
    };
    let state = store.source_state(name).await.map_err(Fault::from)?;
    Ok(state.map_or(0, |state| state.posts))
}

/// The source that is meant.
pub fn named(config: &Config, typed: &str) -> Result<SourceName, Failure> {
    let found = config
        .sources
        .iter()
        .find(|source| source.name.as_str() == typed);
    found.map(|source| source.name.clone()).ok_or_else(|| {
        let known = config.sources.iter().map(|source| source.name.as_str());
        Failure::new(Exit::NoInput, format!("there is no source `{typed}`"))
            .hint(quoted_names("sources", known))
    })
}
