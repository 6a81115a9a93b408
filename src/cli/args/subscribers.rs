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
}
