//! The arguments of `courant subscribers`.

use clap::Subcommand;

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
    /// Take over `subscribers.toml` although it is gone, empty or much shorter than before
    #[command(after_help = "Example: courant subscribers accept --gone 13\n\
        The number is the one that the run printed: it stops instead of taking so many off the list by a slip.")]
    Accept {
        /// How many readers are gone from it
        #[arg(long, value_name = "NUMBER")]
        gone: usize,
    },
    /// Never mail an address again, whatever the list says
    #[command(
        after_help = "Example: courant subscribers suppress jan@example.nl --reason \"asked by phone\""
    )]
    Suppress {
        /// The address
        address: String,
        /// Why, for the record
        #[arg(long, value_name = "WORDS", default_value = "ordered by the operator")]
        reason: String,
    },
    /// Mail an address again that bounced or that you suppressed; never one whose reader left or complained
    #[command(
        after_help = "Example: courant subscribers revive jan@example.nl --reason \"the relay was set up wrongly\""
    )]
    Revive {
        /// The address
        address: String,
        /// Why, for the record
        #[arg(long, value_name = "WORDS", default_value = "ordered by the operator")]
        reason: String,
    },
}
