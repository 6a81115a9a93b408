//! Log lines to stderr: silent unless asked for by `-v`, `RUST_LOG`, or something went wrong.

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::args::{Global, LogFormat};
use super::cleaned::Log;

/// Whose log lines are written: ours alone, also under `RUST_LOG=trace`. The libraries for SMTP, HTML, templates and HTTP
/// would write down addresses, whole mails and tokens.
const OURS: &str = "courant";

/// Sets up the log.
pub fn start(global: &Global) {
    let default = match global.verbose {
        0 => "courant=warn",
        1 => "courant=info",
        2 => "courant=debug",
        _ => "courant=trace",
    };
    let asked = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    // What is wrong is JSON under `--json`, and nothing else may stand between.
    let json = global.json || !matches!(global.log_format, LogFormat::Text);
    let lines = tracing_subscriber::fmt::layer().with_writer(Log { json });
    let lines = match json {
        false => lines.with_target(false).with_ansi(is_coloured()).boxed(),
        true => lines.json().flatten_event(true).boxed(),
    };
    let ours = filter_fn(|metadata| metadata.target().starts_with(OURS));
    // A second start in the same process (a test) keeps the first log.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(ours))
        .with(asked)
        .try_init();
}

/// As for all that is printed: on a terminal, unless `--no-color` or `NO_COLOR` says otherwise.
fn is_coloured() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}
