//! A variant of an issue becomes a digest.
//!
//! In go the sealed issue and what the variant chose of it; out come subject, preheader, HTML with every style inlined,
//! and text. Both parts tell the same stories. Past the size that mail programs show, the last stories make way for a
//! link to the issue's page.

use handlebars::Context;
use serde::Serialize;

use super::error::Error;
use super::palette::accent;
use super::press::Press;
use super::prose::wrap;
use super::view::{Frame, IssueView, Stories, Viewer};
use super::{Composer, subject};
use crate::model::{
    Digest, Format, Issue, Language, Localised, Post, Schedule, Slot, SlotNonce, Variant,
};

/// Bytes of a part at most: well below the about 102,000 at which Gmail clips a message.
pub(super) const BUDGET: usize = 80_000;

/// Bytes at which nothing is made at all.
pub(super) const LIMIT: usize = 100_000;

/// Columns of the text part: room for a few `>` in a window of 80 (RFC 3676 §4.2).
pub(super) const COLUMNS: usize = 72;

/// What the digest's templates see.
#[derive(Debug, Serialize)]
pub(super) struct DigestView {
    #[serde(flatten)]
    frame: Frame,
    subject: String,
    preheader: String,
    issue: IssueView,
    #[serde(flatten)]
    stories: Stories,
    /// Tokens, one a reader's field.
    reader: ReaderView,
}

#[derive(Debug, Serialize)]
struct ReaderView {
    greeting: String,
    address: String,
    since: String,
    unsubscribe: String,
}

/// What a schedule says in the place of the rules for subject and preheader.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnLines<'a> {
    /// May hold [`SUBJECT_FIELDS`](crate::model::SUBJECT_FIELDS) in braces.
    pub subject: Option<&'a Localised>,
    /// As the subject.
    pub preheader: Option<&'a Localised>,
}

impl<'a> OwnLines<'a> {
    /// What a schedule says.
    pub fn of(schedule: &'a Schedule) -> Self {
        Self {
            subject: schedule.subject.as_ref(),
            preheader: schedule.preheader.as_ref(),
        }
    }

    fn nearest(&self, wanted: &Language, own: &Language) -> subject::Own<'a> {
        subject::Own {
            subject: self.subject.map(|text| text.nearest(wanted, own)),
            preheader: self.preheader.map(|text| text.nearest(wanted, own)),
        }
    }
}

impl ReaderView {
    fn tokens(nonce: &SlotNonce) -> Self {
        Self {
            greeting: Slot::Greeting.token(nonce),
            address: Slot::Address.token(nonce),
            since: Slot::Since.token(nonce),
            unsubscribe: Slot::Unsubscribe.token(nonce),
        }
    }
}

impl Composer {
    /// Renders a variant of an issue. `earlier` are the subjects that are taken.
    ///
    /// # Errors
    /// Fails when the variant has no post of the issue, a template does not render, or one story is too large.
    pub fn digest(
        &self,
        issue: &Issue,
        variant: &Variant,
        own: &OwnLines<'_>,
        earlier: &[String],
    ) -> Result<Digest, Error> {
        let press = self.press_for(issue, variant);
        made(
            press,
            issue,
            variant,
            own,
            earlier,
            |posts, shown, lines| {
                let posts: Vec<&Post> = posts.iter().map(|post| post.post).collect();
                let view = view(press, issue, &posts, shown, lines.clone())?;
                let context = context(press, &view)?;
                let html = match variant.format {
                    Format::Html => Some(html(press, &context)?),
                    Format::Text => None,
                };
                Ok((html, text(press, &context)?))
            },
        )
    }

    /// The press of the language that a variant of an issue is in.
    pub(super) fn press_for(&self, issue: &Issue, variant: &Variant) -> &Press {
        self.press(&[&variant.language, &issue.masthead.language])
    }
}

/// A post of a variant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen<'a> {
    /// Its place in the issue, from 0.
    pub at: usize,
    pub post: &'a Post,
}

impl<'a> From<Chosen<'a>> for &'a Post {
    fn from(chosen: Chosen<'a>) -> Self {
        chosen.post
    }
}

/// HTML, if the variant has it, and text.
pub(super) type Parts = (Option<String>, String);

/// Makes a variant of what `parts` renders of its posts, so many of them, under a subject and a preheader.
pub(super) fn made<'a>(
    press: &Press,
    issue: &'a Issue,
    variant: &Variant,
    own: &OwnLines<'_>,
    earlier: &[String],
    mut parts: impl FnMut(&[Chosen<'a>], usize, &[String; 2]) -> Result<Parts, Error>,
) -> Result<Digest, Error> {
    let chosen = chosen(issue, variant)?;
    let posts: Vec<&Post> = chosen.iter().map(|post| post.post).collect();
    let own = own.nearest(&press.words.language, &issue.masthead.language);
    let subject = subject::subject(issue, &posts, own, earlier, &press.words)?;
    let preheader = subject::preheader(issue, &posts, own, &subject, &press.words)?;
    let lines = [subject, preheader];
    let mut shown = posts.len();
    let (html, text) = loop {
        let (html, text) = parts(&chosen, shown, &lines)?;
        let bytes = text.len().max(html.as_ref().map_or(0, String::len));
        if bytes <= BUDGET || (shown == 1 && bytes <= LIMIT) {
            break (html, text);
        }
        shown = fewer(shown, bytes)?;
    };
    let [subject, preheader] = lines;
    Ok(Digest {
        subject,
        preheader,
        html,
        text,
        language: press.words.language.clone(),
    })
}

/// The variant's posts, in the issue's order.
pub(super) fn chosen<'a>(issue: &'a Issue, variant: &Variant) -> Result<Vec<Chosen<'a>>, Error> {
    let posts = issue.posts.iter().enumerate();
    let posts: Vec<_> = posts
        .filter(|(_, (id, _))| variant.posts.contains(id))
        .map(|(at, (_, post))| Chosen { at, post })
        .collect();
    if posts.is_empty() {
        return Err(Error::NoPosts);
    }
    Ok(posts)
}

/// How many stories to try next when `shown` made so many bytes.
fn fewer(shown: usize, bytes: usize) -> Result<usize, Error> {
    if shown <= 1 {
        return Err(Error::TooLarge { bytes });
    }
    Ok((shown * BUDGET / bytes).clamp(1, shown - 1))
}

/// What the templates see of the first `shown` posts.
pub(super) fn view(
    press: &Press,
    issue: &Issue,
    posts: &[&Post],
    shown: usize,
    [subject, preheader]: [String; 2],
) -> Result<DigestView, Error> {
    let viewer = Viewer::new(&press.words, &issue.masthead, Some(issue.date));
    Ok(DigestView {
        frame: viewer.frame(&accent(&issue.masthead.accent)?)?,
        subject,
        preheader,
        issue: viewer.issue(issue, posts.len())?,
        stories: viewer.stories(posts, shown)?,
        reader: ReaderView::tokens(&issue.nonce),
    })
}

/// The HTML part.
pub(super) fn html(press: &Press, context: &Context) -> Result<String, Error> {
    press
        .inliner
        .inline(&print_with(press, "digest/html", context)?)
}

/// The text part.
pub(super) fn text(press: &Press, context: &Context) -> Result<String, Error> {
    Ok(wrap(&print_with(press, "digest/text", context)?, COLUMNS))
}

/// What several templates are rendered with.
pub(super) fn context(press: &Press, view: &impl Serialize) -> Result<Context, Error> {
    press
        .context(view)
        .map_err(|error| Error::of_render("a view", &error))
}

/// Renders a template by its name.
pub(super) fn print_with(press: &Press, name: &str, context: &Context) -> Result<String, Error> {
    press
        .print(name, context)
        .map_err(|error| Error::of_render(name, &error))
}

/// Renders one template by its name.
pub(super) fn print(press: &Press, name: &str, view: &impl Serialize) -> Result<String, Error> {
    print_with(press, name, &context(press, view)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_stories_are_tried_until_one_is_left() {
        assert_eq!(fewer(100, 160_000).unwrap(), 50);
        assert_eq!(fewer(100, 80_001).unwrap(), 99);
        assert_eq!(fewer(2, 900_000).unwrap(), 1);
        assert!(matches!(
            fewer(1, 120_000),
            Err(Error::TooLarge { bytes: 120_000 })
        ));
    }
}
