//! `courant init`: a newsletter's directory that runs at once.

use std::path::Path;

use super::run::shown;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::config;

/// Writes the directory and says what to type next.
pub fn init(session: &Session, directory: &Path) -> Result<Exit, Failure> {
    let written = config::init(directory).map_err(|fault| Failure {
        exit: Exit::CannotWrite,
        faults: vec![*fault],
    })?;
    session.printer.either(&written, |printer| {
        for path in &written {
            printer.line(format!("wrote {}", shown(path)));
        }
        printer.line("");
        printer.line("What to type next:");
        printer.line(format!("  courant -c {} check", directory.display()));
        printer.line(format!("  courant -c {} run", directory.display()));
    });
    Ok(Exit::Done)
}
