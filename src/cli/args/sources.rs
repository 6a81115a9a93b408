//! The arguments of `courant sources`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
