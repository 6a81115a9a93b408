//! Why nothing could be composed.

use handlebars::{RenderError, RenderErrorReason};

use super::palette::AccentError;
use super::words::WordsError;

/// Why a digest or page could not be made. All of them are permanent: the same issue fails again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The variant names no post that the issue has.
    #[error("the variant has no post of this issue")]
    NoPosts,
    /// The sealed accent is not one that can be read.
    #[error("the newsletter's accent cannot be used")]
    Accent(#[from] AccentError),
    /// A message is missing or asks for a value nobody gives.
    #[error("{reason}")]
    Words {
        /// Which message, of which language, and why.
        reason: String,
    },
    /// A template does not render.
    #[error("`templates/{template}.hbs` does not render: {reason}")]
    Template {
        /// Its name, without the ending.
        template: String,
        /// One clause.
        reason: String,
    },
    /// The style sheet could not be inlined.
    #[error("the digest's styles cannot be inlined")]
    Inline(#[from] css_inline::InlineError),
    /// One story alone is larger than mail programs show.
    #[error("the digest has {bytes} bytes with a single story; mail programs clip it at 100000")]
    TooLarge {
        /// Size of the part, in bytes.
        bytes: usize,
    },
}

impl Error {
    /// Makes a render error our own, in one clause.
    pub(super) fn of_render(name: &str, error: &RenderError) -> Self {
        let reason = match error.reason() {
            RenderErrorReason::NestedError(nested) => nested.to_string(),
            RenderErrorReason::MissingVariable(Some(field)) => format!("unknown field `{field}`"),
            other => other.to_string(),
        };
        Self::Template {
            template: error
                .template_name
                .clone()
                .unwrap_or_else(|| name.to_owned()),
            reason,
        }
    }
}

impl From<WordsError> for Error {
    fn from(error: WordsError) -> Self {
        Self::Words {
            reason: error.to_string(),
        }
    }
}
