//! Log lines to stderr: silent unless asked for by `-v`, `RUST_LOG`, or something went wrong.

use tracing_subscriber::EnvFilter;

use super::args::{Global, LogFormat};

/// The mailbox's library would log every command, addresses included.
const SILENCED: &str = "mailin=off";

/// Sets up the log. The SMTP library has no log of its own here, since it would write down passwords.
pub fn start(global: &Global) {
    let default = match global.verbose {
        0 => "courant=warn",
        1 => "courant=info",
        2 => "courant=debug",
        _ => "courant=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let filter = match SILENCED.parse() {
        Ok(silenced) => filter.add_directive(silenced),
        Err(_) => filter,
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start in the same process (a test) keeps the first log.
    let _ = match global.log_format {
        LogFormat::Text => lines
            .with_target(false)
            .with_ansi(!global.no_color)
            .try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
