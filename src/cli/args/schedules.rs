//! The arguments of `courant schedule`.

use clap::Subcommand;

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
