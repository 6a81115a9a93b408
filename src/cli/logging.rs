//! Log lines to stderr: silent unless asked for by `-v`, `RUST_LOG`, or something went wrong.
//!
//! Libraries that log by the `log` crate are not heard at all, whatever is asked for: those of HTML and templates would
//! write down every word of a post, and the mailbox's every address. So `tracing-subscriber` comes without `tracing-log`.

use tracing_subscriber::EnvFilter;

use super::args::{Global, LogFormat};

/// Sets up the log. The SMTP library has no log of its own here, since it would write down passwords.
pub fn start(global: &Global) {
    let default = match global.verbose {
        0 => "courant=warn",
        1 => "courant=info",
        2 => "courant=debug",
        _ => "courant=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
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
