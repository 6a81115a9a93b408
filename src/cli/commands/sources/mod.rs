//! `courant sources`: one file a subcommand.

mod add;
mod change;
mod list;
mod naming;
mod opml;
mod review;
mod test;

use crate::cli::args::Sources;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;

/// Runs one of the subcommands.
pub async fn sources(session: &Session, command: Sources) -> Result<Exit, Failure> {
    match command {
        Sources::List => list::list(session).await,
        Sources::Review { name, accept, drop } => {
            review::review(session, &name, review::Decision { accept, drop }).await
        }
        Sources::Test { what } => test::test(session, &what).await,
        Sources::Add(wanted) => add::add(session, wanted).await,
        Sources::Pause { name } => change::pause(session, &name).await,
        Sources::Resume { name } => change::resume(session, &name).await,
        Sources::Remove { name } => change::remove(session, &name).await,
        Sources::Import {
            file,
            topic,
            dry_run,
        } => opml::import(session, &file, &topic, dry_run),
        Sources::Export { out } => opml::export(session, out).await,
        Sources::Parse { manifest } => super::parse::parse(&manifest),
    }
}
