//! The command line as clap reads it: names, help texts, an example each.

mod bounces;
mod dkim;
mod issues;
mod login;
mod preview;
mod schedules;
mod sources;
mod subscribers;
mod templates;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use bounces::{Bounces, IngestArgs};
pub use dkim::{Dkim, DkimAlgorithm};
pub use issues::{AccountState, Issues};
pub use login::{ClientArgs, Logins, WayArgs, WhoseArgs};
pub use preview::PreviewArgs;
pub use schedules::Schedules;
pub use sources::{NewSourceArgs, Sources};
pub use subscribers::Subscribers;
pub use templates::Templates;

/// Newsletter and syndication pipeline: from new posts to one good mail.
#[derive(Debug, Parser)]
#[command(
    name = "courant",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
#[command(
    after_help = "Example: courant run\n\nExit codes: 0 done, 1 done in part, 2 usage, 65 bad data, 66 no input, \
    69 relay or database unavailable, 70 our fault, 73 cannot write, 75 try again, 78 configuration."
)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// An empty path is where one is, as it is to the shell's `cd`; an empty `COURANT_CONFIG` is none.
fn folder_or_here(path: OsString) -> PathBuf {
    match path.is_empty() {
        true => PathBuf::from("."),
        false => path.into(),
    }
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The newsletter: its directory, or its courant.toml
    #[arg(
        short,
        long,
        global = true,
        default_value = ".",
        env = "COURANT_CONFIG",
        value_name = "PATH",
        value_parser = OsStringValueParser::new().map(folder_or_here)
    )]
    pub config: PathBuf,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing on success: for cron
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log what is done; twice for more, as `RUST_LOG=courant=debug` does
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Ask nothing: take what would be the answer to an empty line
    #[arg(long, global = true)]
    pub yes: bool,
    /// Take an empty database although this newsletter had another, or one in which another program lives. What
    /// state/journal knows of issues and of who left is taken over; all else that the other one knew is forgotten, and
    /// without a journal also who left
    #[arg(long, global = true)]
    pub new_database: bool,
    /// Print without colour, as NO_COLOR does
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Form of the log lines
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Form of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a newsletter's directory that runs at once
    #[command(after_help = "Example: courant init nieuwsbrief && courant -c nieuwsbrief run")]
    Init {
        /// The directory to make or fill, here if none is named; nothing in it is overwritten
        directory: Option<PathBuf>,
    },
    /// Check configuration, schedules, subscribers, templates and posts; fetch and send nothing
    #[command(after_help = "Example: courant check && git commit")]
    Check,
    /// Try all that a run needs: database, DKIM keys in DNS, relays and inbox with their logins, the page to leave; send
    /// nothing
    #[command(after_help = "Example: courant doctor\nExample for cron: courant -q doctor")]
    Doctor {
        /// The name server to ask, instead of the system's
        #[arg(long, value_name = "ADDRESS:PORT")]
        name_server: Option<SocketAddr>,
    },
    /// Show how it stands: the last and the next run, what waits and why, which sources fail, how many readers there are
    #[command(after_help = "Example: courant status\nExample for a monitor: courant status --json")]
    Status,
    /// Ask the sources that are due and keep what is new for the next issue; send nothing
    #[command(
        after_help = "Example: courant gather\nExample for one, due or not: courant gather blog"
    )]
    Gather {
        /// Ask these, whether due or not; without any, all that are due
        sources: Vec<String>,
    },
    /// Show what the next issue would be, with a reason for every post in or out
    #[command(
        after_help = "Example: courant plan weekly\nExample for a promise: courant plan weekly --save"
    )]
    Plan {
        /// The schedule; without it, those marked as default
        schedule: Option<String>,
        /// Keep it under a hash, so that `run --plan HASH` sends exactly this or nothing
        #[arg(long)]
        save: bool,
    },
    /// Look at the next issue, in the browser, as files or as one message; nothing is sealed or sent
    #[command(after_help = "Example: courant preview --open\n\
        Example for files: courant preview weekly --out /tmp/proef\n\
        Example for a mail program: courant preview weekly --reader jan@example.nl --eml jan.eml")]
    Preview(PreviewArgs),
    /// Gather the new posts, seal an issue, publish feed and archive, and send it to every reader once
    #[command(
        after_help = "Example: courant run\nExample for cron: */5 * * * * courant -c /srv/nieuws -q run --due\nExample for a saved plan: courant run --plan 1f0e9a4b7c2d5e83"
    )]
    Run {
        /// The schedule to run now; without it, those marked as default
        schedule: Option<String>,
        /// Run each schedule whose time has come and was not served
        #[arg(long, conflicts_with = "schedule")]
        due: bool,
        /// Believe the clock of this machine, although an issue was sealed later than it shows; once is enough
        #[arg(long, conflicts_with = "dry_run")]
        clock_is_right: bool,
        /// Send this saved plan exactly as it is, or refuse and say what changed; no source is asked
        #[arg(long, value_name = "HASH", conflicts_with_all = ["schedule", "due", "dry_run"])]
        plan: Option<String>,
        /// Show what would be done; save nothing, send nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Send the next issue to one address as a test; nothing is recorded but that the relay carried one more
    #[command(after_help = "Example: courant send-test redactie@example.nl --schedule weekly")]
    SendTest {
        /// Where to
        address: String,
        /// The schedule; without it, the first marked as default
        #[arg(long)]
        schedule: Option<String>,
        /// The relay, by its host or as reports name it; without it, the first that answers
        #[arg(long)]
        relay: Option<String>,
    },
    /// Look at sealed issues; pause, resume or cancel one, or try its mails again
    #[command(subcommand)]
    Issues(Issues),
    /// Read bounces and complaints that came back
    #[command(subcommand)]
    Bounces(Bounces),
    /// Look at the readers
    #[command(subcommand)]
    Subscribers(Subscribers),
    /// Look at the sources, and change them
    #[command(subcommand)]
    Sources(Sources),
    /// Look at the schedules
    #[command(subcommand)]
    Schedule(Schedules),
    /// Look at the templates of mails and pages, and try them
    #[command(subcommand)]
    Templates(Templates),
    /// Make keys that sign the mail, and compare them with DNS
    #[command(subcommand)]
    Dkim(Dkim),
    /// Log in at a mail provider that takes no passwords, once for all runs; look at such logins, and give them up
    #[command(subcommand)]
    Login(Logins),
    /// Take over what state/journal knows and the database does not, after a backup was restored: issues count as sent,
    /// who left stays left, and what is still queued is held
    #[command(after_help = "Example: courant restore --replay")]
    Restore {
        /// From the journal, into the database as it is
        #[arg(long, required = true)]
        replay: bool,
    },
    /// Answer the feed, the archive and the unsubscribe links over HTTP
    #[command(after_help = "Example: courant serve --listen 127.0.0.1:8080")]
    Serve {
        /// Address and port, instead of the configured ones
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
    },
    /// Explain a command, or a topic: `delivery` says what is promised about every mail, `bounces` what comes back, `posts`
    /// when a text is for readers
    #[command(
        after_help = "Example: courant help delivery\nExample for a command: courant help issues retry"
    )]
    Help {
        /// `delivery`, `bounces`, `posts`, or a command; without it, the list of commands
        #[arg(value_name = "TOPIC")]
        topic: Vec<String>,
    },
    /// Print a completion script for a shell
    #[command(
        after_help = "Example: courant completions bash > ~/.local/share/bash-completion/completions/courant"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for each command into a folder
    #[command(after_help = "Example: courant man --out /usr/local/share/man/man1")]
    Man {
        /// The folder to write to
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_that_does_something_has_an_example() {
        fn walk(command: &clap::Command) {
            if command.get_subcommands().next().is_none() {
                let help = command
                    .get_after_help()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                assert!(
                    help.contains("Example"),
                    "`{}` has no example",
                    command.get_name()
                );
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
