//! `courant completions` and `courant man`: made of the command line's own definition.

use std::path::PathBuf;

use clap::CommandFactory;

use crate::cli::args::Cli;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::shown;
use crate::cli::session::Session;
use crate::config;

/// Prints a completion script.
pub fn completions(session: &Session, shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "courant", &mut script);
    session.printer.data(String::from_utf8_lossy(&script));
    Exit::Done
}

/// Prints the manual page, or writes one a command.
pub fn man(session: &Session, out: Option<PathBuf>) -> Result<Exit, Failure> {
    let Some(folder) = out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command())
            .render(&mut page)
            .map_err(|error| Failure::new(Exit::Ours, error.to_string()))?;
        session.printer.data(String::from_utf8_lossy(&page));
        return Ok(Exit::Done);
    };
    let cannot = |error: std::io::Error| {
        Failure::new(
            Exit::CannotWrite,
            format!(
                "cannot write to `{}`: {}",
                folder.display(),
                config::cause(&error)
            ),
        )
    };
    std::fs::create_dir_all(&folder).map_err(cannot)?;
    clap_mangen::generate_to(Cli::command(), &folder).map_err(cannot)?;
    session.printer.either(&folder, |printer| {
        printer.line(format!("wrote the manual to {}", shown(&folder)));
    });
    Ok(Exit::Done)
}
