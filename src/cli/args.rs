//! The command line as clap reads it: names, help texts, an example each.

mod bounces;
mod dkim;
mod issues;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use bounces::{Bounces, IngestArgs};
pub use dkim::{Dkim, DkimAlgorithm};
pub use issues::{AccountState, Issues};

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
        value_name = "PATH"
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
    /// Answer the feed, the archive and the unsubscribe links over HTTP
    #[command(after_help = "Example: courant serve --listen 127.0.0.1:8080")]
    Serve {
        /// Address and port, instead of the configured ones
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
    },
    /// Explain a command, or a topic: `delivery` says what is promised about every mail, `bounces` what comes back
    #[command(
        after_help = "Example: courant help delivery\nExample for a command: courant help issues retry"
    )]
    Help {
        /// `delivery`, `bounces`, or a command; without it, the list of commands
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

/// `courant preview …`
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The schedule; without it, those marked as default
    pub schedule: Option<String>,
    /// Serve it to the browser of this machine, and open that: each variant and reader, phone and desktop, light and
    /// dark; shown anew when a template, post or setting changes
    #[arg(long)]
    pub open: bool,
    /// Serve it on this port of 127.0.0.1, instead of a free one; without --open no browser is started
    #[arg(long)]
    pub port: Option<u16>,
    /// Write the message that the relay would get to FILE or stdout, with an unsubscribe link that opens nothing
    #[arg(long, num_args = 0..=1, default_missing_value = "-", value_name = "FILE", conflicts_with_all = ["open", "port"])]
    pub eml: Option<PathBuf>,
    /// The message of this reader, instead of a made-up one
    #[arg(long, value_name = "ADDRESS", requires = "eml")]
    pub reader: Option<String>,
    /// Without --open, --port and --eml: the folder to write files to, instead of `state/preview`
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["open", "port", "eml"])]
    pub out: Option<PathBuf>,
}

/// `courant subscribers …`
#[derive(Debug, Subcommand)]
pub enum Subscribers {
    /// List the readers: who receives, who left
    #[command(after_help = "Example: courant subscribers list --json")]
    List,
    /// Show a reader and what became of each mail
    #[command(after_help = "Example: courant subscribers show jan@example.nl")]
    Show {
        /// The address
        address: String,
    },
}

/// `courant sources …`
#[derive(Debug, Subcommand)]
pub enum Sources {
    /// List the sources and how they fare
    #[command(after_help = "Example: courant sources list")]
    List,
    /// Show posts that came in a flood and are held; let them in or drop them
    #[command(
        after_help = "Example: courant sources review blog\nExample: courant sources review blog --accept 1 3 --drop 2"
    )]
    Review {
        /// The source
        name: String,
        /// Let in all, or those with these numbers or identities: they are new for the next issue
        #[arg(long, num_args = 0.., value_name = "POST")]
        accept: Option<Vec<String>>,
        /// Drop all, or those with these numbers or identities: they are in no issue, ever
        #[arg(long, num_args = 0.., value_name = "POST")]
        drop: Option<Vec<String>>,
    },
    /// Show what would come of a source, an address or a file, post by post; save nothing
    #[command(after_help = "Example: courant sources test https://blog.example.nl/feed.xml")]
    Test {
        /// A source's name, an http(s) address, a feed's file, or a folder
        what: String,
    },
    /// Read feed documents and print their fields, a JSON line each; for machines, needs no newsletter
    #[command(after_help = "Example: courant sources parse --manifest feeds.jsonl")]
    Parse {
        /// JSON lines of `{id, path, url, headers}`; `-` reads standard input
        #[arg(long, value_name = "FILE")]
        manifest: String,
    },
    /// Find the feed of an address, show what would come of it, and add it to courant.toml
    #[command(
        after_help = "Example: courant sources add https://blog.example.nl --topic verkoop\n\
        Example for a site without a feed: courant sources add https://example.nl/nieuws --posts \"main h2 a\""
    )]
    Add(NewSourceArgs),
    /// Pass over a source until it is resumed
    #[command(after_help = "Example: courant sources pause blog")]
    Pause {
        /// Its name
        name: String,
    },
    /// Read a paused source again
    #[command(after_help = "Example: courant sources resume blog")]
    Resume {
        /// Its name
        name: String,
    },
    /// Take a source out of courant.toml; what it brought stays in the ledger
    #[command(after_help = "Example: courant sources remove blog")]
    Remove {
        /// Its name
        name: String,
    },
    /// Add the sources of a list of subscriptions (OPML); outlines around them become topics
    #[command(after_help = "Example: courant sources import subscriptions.opml --topic vakbladen")]
    Import {
        /// The list; `-` for stdin
        file: PathBuf,
        /// A topic of all of them; may be given more than once
        #[arg(long, value_name = "TOPIC")]
        topic: Vec<String>,
        /// Show what would be added; write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the sources as a list of subscriptions (OPML); folders are left out
    #[command(after_help = "Example: courant sources export --out sources.opml")]
    Export {
        /// The file to write to, instead of stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// `courant sources add …`
#[derive(Debug, Args)]
pub struct NewSourceArgs {
    /// A feed, or a page whose feed is found
    pub url: String,
    /// Its name, instead of one made of its title
    #[arg(long)]
    pub name: Option<String>,
    /// A topic of all its posts; may be given more than once
    #[arg(long, value_name = "TOPIC")]
    pub topic: Vec<String>,
    /// For a page without a feed: a CSS selector of the links to its posts
    #[arg(long, value_name = "SELECTOR", conflicts_with = "sitemap")]
    pub posts: Option<String>,
    /// For a site without a feed: find its posts by its sitemap
    #[arg(long)]
    pub sitemap: bool,
    /// How the paths of posts in the sitemap begin
    #[arg(long = "match", value_name = "PATH", requires = "sitemap")]
    pub below: Option<String>,
    /// A CSS selector of the text on a post's page
    #[arg(long, value_name = "SELECTOR")]
    pub article: Option<String>,
    /// Read the page of each post whose feed gives a summary only
    #[arg(long, conflicts_with_all = ["posts", "sitemap"])]
    pub full_text: bool,
    /// Show what would be added; write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `courant templates …`
#[derive(Debug, Subcommand)]
pub enum Templates {
    /// Render every template with made-up posts in every language, and say what is wrong
    #[command(after_help = "Example: courant templates check")]
    Check,
    /// List the built-in templates and words, and which of them are yours
    #[command(after_help = "Example: courant templates list")]
    List,
    /// List the fields that a mail's or page's templates may ask for, with an example of each
    #[command(after_help = "Example: courant templates fields digest/html")]
    Fields {
        /// The template that the mail or page begins with
        name: String,
    },
    /// Copy a built-in template into `templates/`, to change it there
    #[command(after_help = "Example: courant templates copy digest/story")]
    Copy {
        /// Its path, with or without the ending
        name: String,
    },
}

/// `courant schedule …`
#[derive(Debug, Subcommand)]
pub enum Schedules {
    /// List the schedules with their next due times
    #[command(after_help = "Example: courant schedule list")]
    List,
    /// Print the next due times
    #[command(after_help = "Example: courant schedule next weekly --count 10")]
    Next {
        /// The schedule; without it, all
        schedule: Option<String>,
        /// How many, of each
        #[arg(long, default_value_t = 5, value_name = "N")]
        count: usize,
    },
    /// Say in words when a schedule is due, and what happens when the clocks change
    #[command(after_help = "Example: courant schedule explain weekly")]
    Explain {
        /// The schedule; without it, all
        schedule: Option<String>,
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
