//! `courant init`: a newsletter's directory that runs at once.

use std::path::{Path, PathBuf};

use super::summary::show_commands;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::shown;
use crate::cli::session::Session;
use crate::config;

/// Writes the directory, which is where `--config` points unless it is named, and says what to type next.
pub fn init(session: &Session, directory: Option<PathBuf>) -> Result<Exit, Failure> {
    let directory = directory.as_ref().unwrap_or(&session.global.config);
    let folder = match directory.file_name() {
        _ if directory == Path::new(".") => Path::new(""),
        Some(name) if name == "courant.toml" => directory.parent().unwrap_or(directory),
        _ => directory,
    };
    let written = config::init(folder).map_err(|fault| Failure {
        exit: Exit::CannotWrite,
        faults: vec![*fault],
    })?;
    session.printer.either(&written, |printer| {
        for path in &written {
            printer.line(format!("wrote {}", shown(path)));
        }
        let program = session.program_on(directory);
        let next = [
            (format!("{program} check"), "is everything in order?"),
            (format!("{program} run"), "make and send the first issue"),
        ];
        printer.line("");
        show_commands(
            printer,
            &next.map(|(command, what)| (command, what.to_owned())),
        );
    });
    Ok(Exit::Done)
}
