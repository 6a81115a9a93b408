//! The arguments of `courant templates`.

use clap::Subcommand;

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
