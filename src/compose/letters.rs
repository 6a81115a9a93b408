//! The short letters around a newsletter: confirm, welcome, goodbye.
//!
//! In go who writes, in which language, and what the letter is about; out come subject, preheader, HTML and text, for one
//! reader. They have the digest's look and nothing of its stories: a letter that was asked for says one thing.

use jiff::civil::Date;
use serde::Serialize;

use super::Composer;
use super::digest::{context, print_with};
use super::error::Error;
use super::palette::accent;
use super::phrases::DateStyle;
use super::press::Press;
use super::prose::{cut, wrap};
use super::subject::{PREHEADER_MAX, SUBJECT_LENGTH};
use super::view::{Frame, Viewer};
use crate::model::{Digest, Language, Masthead};

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letter<'a> {
    /// Asks whether the address is its owner's.
    Confirm {
        /// Where the answer goes.
        link: &'a str,
        /// For how many days the link works.
        days: u32,
    },
    /// Greets a reader whose sign-up is done.
    Welcome {
        /// The unsubscribe link.
        unsubscribe: &'a str,
        /// When the next issue appears, where that is known.
        next: Option<Date>,
        /// The page of the latest issue, if there is one.
        latest: Option<&'a str>,
    },
    /// Tells a reader that the newsletter stops.
    Goodbye {
        /// Where to sign up again, if there is such a place.
        again: Option<&'a str>,
    },
}

impl Letter<'_> {
    /// What its messages' names begin with.
    fn name(self) -> &'static str {
        match self {
            Self::Confirm { .. } => "confirm",
            Self::Welcome { .. } => "welcome",
            Self::Goodbye { .. } => "goodbye",
        }
    }

    /// Its templates: HTML, text.
    pub(super) fn templates(self) -> [&'static str; 2] {
        match self {
            Self::Confirm { .. } => ["confirm/html", "confirm/text"],
            Self::Welcome { .. } => ["welcome/html", "welcome/text"],
            Self::Goodbye { .. } => ["goodbye/html", "goodbye/text"],
        }
    }
}

/// What the letters' templates see; each has the fields of its own kind.
#[derive(Debug, Serialize)]
pub(super) struct LetterView {
    #[serde(flatten)]
    frame: Frame,
    subject: String,
    preheader: String,
    /// The reader's.
    address: String,
    #[serde(flatten)]
    about: About,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum About {
    Confirm {
        link: String,
        days: u32,
    },
    Welcome {
        unsubscribe: String,
        /// "Saturday 12 September 2026"
        next: Option<String>,
        latest: Option<Latest>,
    },
    Goodbye {
        again: Option<String>,
    },
}

#[derive(Debug, Serialize)]
struct Latest {
    url: String,
}

impl Composer {
    /// Renders a letter to one reader.
    ///
    /// # Errors
    /// Fails when a template does not render.
    pub fn letter(
        &self,
        masthead: &Masthead,
        language: &Language,
        address: &str,
        letter: Letter<'_>,
    ) -> Result<Digest, Error> {
        let press = self.press(&[language, &masthead.language]);
        let view = view(press, masthead, address, letter)?;
        let [html, text] = letter.templates();
        let context = context(press, &view)?;
        let html = print_with(press, html, &context)?;
        let text = print_with(press, text, &context)?;
        Ok(Digest {
            html: Some(press.inliner.inline(&html)?),
            text: wrap(&text, super::digest::COLUMNS),
            subject: view.subject,
            preheader: view.preheader,
            language: press.words.language.clone(),
        })
    }
}

/// What the templates of a letter see.
pub(super) fn view(
    press: &Press,
    masthead: &Masthead,
    address: &str,
    letter: Letter<'_>,
) -> Result<LetterView, Error> {
    let words = &press.words;
    let about = match letter {
        Letter::Confirm { link, days } => About::Confirm {
            link: link.to_owned(),
            days,
        },
        Letter::Welcome {
            unsubscribe,
            next,
            latest,
        } => About::Welcome {
            unsubscribe: unsubscribe.to_owned(),
            next: next
                .map(|date| words.date(DateStyle::Full, date))
                .transpose()?,
            latest: latest.map(|url| Latest {
                url: url.to_owned(),
            }),
        },
        Letter::Goodbye { again } => About::Goodbye {
            again: again.map(str::to_owned),
        },
    };
    let say = |what: &str, length| {
        let values = [
            ("newsletter", masthead.name.as_str().into()),
            ("address", address.into()),
        ];
        let said = words.say(&format!("{}-{what}", letter.name()), &values);
        said.map(|text| cut(&text, length))
    };
    Ok(LetterView {
        frame: Viewer::new(words, masthead, None).frame(&accent(&masthead.accent)?)?,
        subject: say("subject", SUBJECT_LENGTH)?,
        preheader: say("preheader", PREHEADER_MAX)?,
        address: address.to_owned(),
        about,
    })
}

/// Where a sample of a confirming letter is answered.
pub(super) const SAMPLE_CONFIRM: &str = "https://nieuws.example.nl/confirm?t=0";

/// How a sample's reader leaves.
pub(super) const SAMPLE_UNSUBSCRIBE: &str = "https://nieuws.example.nl/unsubscribe?t=0";

/// The letters that templates are tried with: each kind, with all that it can say and with as little as it can.
pub(super) fn samples() -> [Letter<'static>; 6] {
    let confirm = |days| Letter::Confirm {
        link: SAMPLE_CONFIRM,
        days,
    };
    let welcome = |next, latest| Letter::Welcome {
        unsubscribe: SAMPLE_UNSUBSCRIBE,
        next,
        latest,
    };
    [
        confirm(7),
        confirm(1),
        welcome(
            Some(jiff::civil::date(2026, 9, 12)),
            Some("https://nieuws.example.nl/issues/37/"),
        ),
        welcome(None, None),
        Letter::Goodbye {
            again: Some("https://nieuws.example.nl/"),
        },
        Letter::Goodbye { again: None },
    ]
}
