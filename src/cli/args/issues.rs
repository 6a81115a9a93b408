//! `courant issues …` as clap reads it.
//!
//! What each order does to a send that is under way is said where it is asked for.

use clap::{Subcommand, ValueEnum};

/// `courant issues …`
#[derive(Debug, Subcommand)]
pub enum Issues {
    /// List the sealed issues, newest first
    #[command(after_help = "Example: courant issues list --json")]
    List,
    /// Show an issue: its posts and its variants
    #[command(after_help = "Example: courant issues show 3")]
    Show {
        /// Its number
        #[arg(value_parser = issue_number)]
        number: i64,
    },
    /// Show what became of every mail of an issue, by state, domain and cause
    #[command(
        after_help = "Example: courant issues account 3 --list held\nWhat the states mean: courant help delivery"
    )]
    Account {
        /// Its number
        #[arg(value_parser = issue_number)]
        number: i64,
        /// Name the readers in this state
        #[arg(long, value_enum, value_name = "STATE")]
        list: Option<AccountState>,
    },
    /// Queue mails of an issue again, for the run that is sending or the next one
    #[command(after_help = "Example: courant issues retry 3 --failed\n\
        Without a flag: --deferred. What was held may arrive twice: we do not know whether it arrived.")]
    Retry {
        /// Its number
        #[arg(value_parser = issue_number)]
        number: i64,
        /// Those that the relay put off: now, and not at their next try
        #[arg(long)]
        deferred: bool,
        /// Those that are held: a reader who has the mail already gets it twice
        #[arg(long)]
        held: bool,
        /// Those that failed, but for mailboxes that do not exist and readers who left
        #[arg(long)]
        failed: bool,
    },
    /// Send nothing more of an issue until it is resumed; a run that is sending finishes the message in hand
    #[command(after_help = "Example: courant issues pause 3")]
    Pause {
        /// Its number
        #[arg(value_parser = issue_number)]
        number: i64,
    },
    /// Let a paused issue go on, with the next run
    #[command(after_help = "Example: courant issues resume 3 && courant run --due")]
    Resume {
        /// Its number
        #[arg(value_parser = issue_number)]
        number: i64,
    },
    /// Send nothing more of an issue, ever: what had not begun is suppressed
    #[command(after_help = "Example: courant issues cancel 3")]
    Cancel {
        /// Its number
        #[arg(value_parser = issue_number)]
        number: i64,
    },
}

/// The states of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum AccountState {
    /// Taken by the relay
    Sent,
    /// Refused for good, or expired
    Failed,
    /// Left or bounced before sending began
    Suppressed,
    /// Nobody knows whether the relay took it
    Held,
    /// Still being tried
    Queued,
}

impl AccountState {
    /// The word of the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
            Self::Held => "held",
            Self::Queued => "queued",
        }
    }
}

/// Issues are counted from 1.
fn issue_number(text: &str) -> Result<i64, &'static str> {
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("the number of an issue is 1 or more; `courant issues list` shows them"),
    }
}
