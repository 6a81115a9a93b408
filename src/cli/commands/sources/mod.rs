//! `courant sources`: one file a subcommand.

mod list;
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
        Sources::Parse { manifest } => super::parse::parse(&manifest),
    }
}
