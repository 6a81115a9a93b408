//! One story as templates see it: a post in words, sizes and absolute addresses.
//!
//! In goes a post and the form in which it is told; out comes a plain value. Nothing in it depends on the posts around it,
//! so a story is the same in every variant of an issue in one language.

use jiff::civil::Date;
use serde::Serialize;
use url::Url;

use super::markup::reading_minutes;
use super::outline::Form;
use super::picture::{Picture, hero, portrait, thumbnail};
use super::prose::{excerpt, name_line, one_line};
use super::view::Viewer;
use super::words::WordsError;
use crate::model::{Author, Post};

/// Words of the lead's summary.
const LEAD_WORDS: usize = 45;

/// Words of a story's summary, and of an author's biography.
pub(super) const STORY_WORDS: usize = 30;

/// So many other places are named: it is a quiet line.
const MOST_PLACES: usize = 3;

/// One story.
#[derive(Debug, Serialize)]
pub(super) struct Story {
    title: String,
    url: String,
    /// Its language, where that is not the digest's.
    language: Option<String>,
    summary: Option<String>,
    author: Option<AuthorView>,
    /// Date and minutes, as far as known: "12 September · 9 min".
    dateline: Option<String>,
    iso_date: Option<String>,
    image: Option<Picture>,
    /// Other places that brought it.
    also: Vec<AlsoView>,
}

/// Another place that brought a story; without an address where it leads to the story's own.
#[derive(Debug, Serialize)]
struct AlsoView {
    place: String,
    url: Option<String>,
}

#[derive(Debug, Serialize)]
struct AuthorView {
    name: String,
    /// "editor"
    role: Option<String>,
    bio: Option<String>,
    photo: Option<String>,
}

impl Viewer<'_> {
    /// A post as the digest tells it.
    pub fn story_in(&self, form: Form, post: &Post) -> Result<Story, WordsError> {
        let (words, image) = match form {
            Form::Lead => (LEAD_WORDS, self.hero(post)),
            Form::Pictured => (STORY_WORDS, self.thumbnail(post)),
            Form::Plain => (STORY_WORDS, None),
        };
        self.story(post, words, image)
    }

    /// Whether a post has a picture to stand beside its story.
    pub fn has_thumbnail(&self, post: &Post) -> bool {
        self.thumbnail(post).is_some()
    }

    fn thumbnail(&self, post: &Post) -> Option<Picture> {
        let shown = thumbnail(post.image.as_ref()?, &post.title, &self.masthead.url);
        shown.filter(|picture| self.may_show(&picture.url))
    }

    /// The picture of a post as the lead shows it.
    pub fn hero(&self, post: &Post) -> Option<Picture> {
        let shown = hero(post.image.as_ref()?, &post.title, &self.masthead.url);
        shown.filter(|picture| self.may_show(&picture.url))
    }

    /// The address of an author's portrait.
    pub fn portrait(&self, photo: &str) -> Option<String> {
        portrait(photo, &self.masthead.url).filter(|address| self.may_show(address))
    }

    /// One post as a story of at most `words` words.
    pub fn story(
        &self,
        post: &Post,
        words: usize,
        image: Option<Picture>,
    ) -> Result<Story, WordsError> {
        let date = post.published.map(|instant| self.local_date(instant));
        let own = &self.words.language;
        let language = post
            .language
            .as_ref()
            .filter(|l| l.primary() != own.primary());
        Ok(Story {
            title: one_line(&post.title),
            url: post.address(&self.masthead.url),
            language: language.map(ToString::to_string),
            summary: Some(excerpt(&post.summary, words)).filter(|text| !text.is_empty()),
            author: post.author.as_ref().map(|author| self.author(author)),
            dateline: self.dateline(date, reading_minutes(&post.html))?,
            iso_date: date.map(|date| date.to_string()),
            image,
            also: also(post),
        })
    }

    fn author(&self, author: &Author) -> AuthorView {
        let bio = author.bio.as_deref().map(|bio| excerpt(bio, STORY_WORDS));
        let photo = author.photo.as_deref();
        AuthorView {
            name: name_line(&author.name),
            role: author
                .role
                .as_deref()
                .map(name_line)
                .filter(|role| !role.is_empty()),
            bio: bio.filter(|text| !text.is_empty()),
            photo: photo.and_then(|photo| self.portrait(photo)),
        }
    }

    fn dateline(
        &self,
        date: Option<Date>,
        minutes: Option<usize>,
    ) -> Result<Option<String>, WordsError> {
        let mut parts = Vec::new();
        if let Some(date) = date {
            parts.push(self.words.near_date(date, self.today)?);
        }
        if let Some(minutes) = minutes {
            parts.push(self.words.say("minutes", &[("minutes", minutes.into())])?);
        }
        Ok((!parts.is_empty()).then(|| parts.join("\u{a0}·\u{a0}")))
    }
}

/// The other places of a post, by the name that they give themselves, else by their host; without either, and without an
/// address, there is nothing to say.
fn also(post: &Post) -> Vec<AlsoView> {
    let views = post.also.iter().filter_map(|at| {
        let host = || Some(Url::parse(at.link.as_deref()?).ok()?.host_str()?.to_owned());
        let place = at.place.clone().or_else(host)?;
        let link = at.link.clone()?;
        Some(AlsoView {
            place: one_line(&place),
            url: Some(link).filter(|link| Some(link) != post.link.as_ref()),
        })
    });
    views.take(MOST_PLACES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::sample;
    use crate::compose::view::tests::with_viewer;

    #[test]
    fn a_bare_post_lacks_every_line_it_has_nothing_for() {
        let issue = sample::issue();
        with_viewer(&issue.masthead, |viewer| {
            let bare = sample::bare_post();
            for form in [Form::Lead, Form::Pictured, Form::Plain] {
                let story = viewer.story_in(form, &bare).unwrap();
                assert!(story.author.is_none() && story.image.is_none());
                assert_eq!(
                    (story.dateline, story.iso_date, story.summary),
                    (None, None, None)
                );
            }
        });
    }
}
