//! The arguments of `courant preview`.

use std::path::PathBuf;

use clap::Args;

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
