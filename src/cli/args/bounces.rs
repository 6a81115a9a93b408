//! The arguments of `courant bounces`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `courant bounces`.
#[derive(Debug, Subcommand)]
pub enum Bounces {
    /// Read what came back: bounces and complaints suppress readers, each report once
    #[command(after_help = "Example: courant bounces ingest\n\
        Example of another inbox: courant bounces ingest ~/Maildir\n\
        Example for a pipe of the mail server: courant bounces ingest -q -\n\
        Example that changes nothing: courant bounces ingest --dry-run reports.mbox")]
    Ingest(IngestArgs),
}

/// `courant bounces ingest …`
#[derive(Debug, Args)]
pub struct IngestArgs {
    /// A Maildir, whose messages are marked as seen; a message or an mbox; `-` for one of these on stdin; without it the
    /// `inbox` of `[bounces]`, else stdin
    #[arg(value_name = "MAILDIR|FILE|-")]
    pub from: Option<PathBuf>,
    /// Show what would be done; save and mark nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Suppress however many it would be: without it, more than a twentieth of the readers (`bounces_at_most`) stops all of it
    #[arg(long)]
    pub yes: bool,
}
