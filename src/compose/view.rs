//! What templates see: every field by its name, already in words, sizes and absolute addresses.
//!
//! In go issue, posts and words; out come plain values for Handlebars. Every field is always there, empty ones as null,
//! so that a template may ask for it and a misspelt one is an error. What a post says is a value here, never a template.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Serialize;
use url::Url;

use super::call::CallView;
use super::contributors::Contributor;
use super::markup::reading_minutes;
use super::palette::{Accents, Scheme};
use super::phrases::DateStyle;
use super::picture::{Picture, hero, portrait, thumbnail};
use super::prose::{excerpt, one_line, paragraphs};
use super::sections::arrange;
use super::words::{Words, WordsError};
use crate::model::{Author, Issue, Masthead, Post};

/// Words of the lead's summary.
const LEAD_WORDS: usize = 45;

/// So many other places are named: it is a quiet line.
const MOST_PLACES: usize = 3;

/// Words of a story's summary, and of an author's biography.
pub(super) const STORY_WORDS: usize = 30;

/// Words of the editor's intro.
const INTRO_WORDS: usize = 60;

/// What every template sees.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    /// BCP 47 tag.
    language: String,
    /// `ltr` or `rtl`.
    direction: String,
    newsletter: Newsletter,
    light: Scheme,
    dark: Scheme,
}

#[derive(Debug, Serialize)]
struct Newsletter {
    name: String,
    tagline: Option<String>,
    url: String,
    from: String,
    reply_to: Option<String>,
    /// Postal.
    address: String,
    archive: String,
    feed: String,
}

/// The issue's own line.
#[derive(Debug, Serialize)]
pub(super) struct IssueView {
    number: i64,
    schedule: String,
    /// Saturday 12 September 2026
    date: String,
    /// 2026-09-12
    iso_date: String,
    url: String,
    /// Its paragraphs.
    intro: Vec<String>,
    /// Number of its stories.
    count: usize,
}

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

/// Stories under one heading; `label` is null for what belongs under none.
#[derive(Debug, Serialize)]
pub(super) struct SectionView {
    label: Option<String>,
    stories: Vec<Story>,
}

/// Stories for which there was no room.
#[derive(Debug, Serialize)]
pub(super) struct More {
    count: usize,
}

/// Lead, sections and call of an issue.
#[derive(Debug, Serialize)]
pub(super) struct Stories {
    lead: Option<Story>,
    sections: Vec<SectionView>,
    call: Option<CallView>,
    contributors: Vec<Contributor>,
    more: Option<More>,
}

/// Makes views in one language.
pub(super) struct Viewer<'a> {
    pub(super) words: &'a Words,
    pub(super) masthead: &'a Masthead,
    /// The day that dates are seen from; without it every date has its year.
    today: Option<Date>,
    zone: TimeZone,
}

impl<'a> Viewer<'a> {
    /// Takes the time zone from those bundled with the program: this room reads no files. An unknown one is UTC.
    pub fn new(words: &'a Words, masthead: &'a Masthead, today: Option<Date>) -> Self {
        let zone = TimeZoneDatabase::bundled().get(&masthead.timezone);
        Self {
            words,
            masthead,
            today,
            zone: zone.unwrap_or(TimeZone::UTC),
        }
    }

    /// What every template sees.
    pub fn frame(&self, accents: &Accents) -> Result<Frame, WordsError> {
        let masthead = self.masthead;
        Ok(Frame {
            language: self.words.language.to_string(),
            direction: self.words.say("direction", &[])?,
            newsletter: Newsletter {
                name: masthead.name.clone(),
                tagline: masthead
                    .tagline_for(&self.words.language)
                    .map(str::to_owned),
                url: masthead.url.clone(),
                from: masthead.from.to_string(),
                reply_to: masthead.reply_to.as_ref().map(ToString::to_string),
                address: masthead.address.clone(),
                archive: masthead.archive(),
                feed: masthead.feed(),
            },
            light: Scheme::light(accents),
            dark: Scheme::dark(accents),
        })
    }

    /// The issue's own line.
    pub fn issue(&self, issue: &Issue, count: usize) -> Result<IssueView, WordsError> {
        Ok(IssueView {
            number: issue.number.0,
            schedule: issue.schedule.to_string(),
            date: self.words.date(DateStyle::Full, issue.date)?,
            iso_date: issue.date.to_string(),
            url: self.masthead.issue_page(issue.number),
            intro: paragraphs(
                self.masthead
                    .intro_for(&self.words.language)
                    .unwrap_or_default(),
                INTRO_WORDS,
            ),
            count,
        })
    }

    /// The first `shown` of the posts: a lead, sections, one call, and how many were left out.
    pub fn stories(&self, posts: &[&Post], shown: usize) -> Result<Stories, WordsError> {
        let shown = shown.min(posts.len());
        let (lead, rest) = match posts[..shown].split_first() {
            Some((lead, rest)) => (Some(self.lead(lead)?), rest),
            None => (None, &[][..]),
        };
        Ok(Stories {
            lead,
            sections: self.sections(rest)?,
            call: self.call(&posts[..shown])?,
            contributors: self.contributors(&posts[..shown]),
            more: Some(posts.len() - shown)
                .filter(|count| *count > 0)
                .map(|count| More { count }),
        })
    }

    fn sections(&self, posts: &[&Post]) -> Result<Vec<SectionView>, WordsError> {
        let sections = arrange(posts);
        let several = sections.len() > 1;
        sections
            .into_iter()
            .map(|section| {
                let label = match section.topic {
                    Some(topic) => Some(topic.label()),
                    None if several => Some(self.words.say("section-rest", &[])?),
                    None => None,
                };
                let stories = self.section_stories(&section.posts)?;
                Ok(SectionView { label, stories })
            })
            .collect()
    }

    /// The stories of a section; never two pictures in a row, so that they stay an accent.
    pub fn section_stories(&self, posts: &[&Post]) -> Result<Vec<Story>, WordsError> {
        let mut above = false;
        let mut stories = Vec::with_capacity(posts.len());
        for post in posts {
            let image = post.image.as_ref().filter(|_| !above);
            let image = image.and_then(|image| thumbnail(image, &post.title, &self.masthead.url));
            above = image.is_some();
            stories.push(self.story(post, STORY_WORDS, image)?);
        }
        Ok(stories)
    }

    fn lead(&self, post: &Post) -> Result<Story, WordsError> {
        let image = post.image.as_ref();
        let image = image.and_then(|image| hero(image, &post.title, &self.masthead.url));
        self.story(post, LEAD_WORDS, image)
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
            name: one_line(&author.name),
            role: author
                .role
                .as_deref()
                .map(one_line)
                .filter(|role| !role.is_empty()),
            bio: bio.filter(|text| !text.is_empty()),
            photo: photo.and_then(|photo| portrait(photo, &self.masthead.url)),
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

    /// The day of an instant in the newsletter's zone.
    fn local_date(&self, instant: Timestamp) -> Date {
        instant.to_zoned_datetime(self.zone.clone()).date()
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
pub(super) mod tests {
    use super::*;
    use crate::compose::{files, sample};
    use crate::model::Language;

    /// Looks at a masthead in Dutch, on 12 September 2026.
    pub(in crate::compose) fn with_viewer<T>(
        masthead: &Masthead,
        check: impl FnOnce(&Viewer) -> T,
    ) -> T {
        let language = Language::parse("nl").unwrap();
        let files = files::resolve(&files::Overrides::default()).unwrap();
        let words = Words::read(&language, &files.words[&language]).unwrap();
        let today = jiff::civil::date(2026, 9, 12);
        check(&Viewer::new(&words, masthead, Some(today)))
    }

    #[test]
    fn a_bare_post_lacks_every_line_it_has_nothing_for() {
        let issue = sample::issue();
        with_viewer(&issue.masthead, |viewer| {
            let story = viewer.story(&sample::bare_post(), 30, None).unwrap();
            assert!(story.author.is_none() && story.image.is_none());
            assert_eq!(
                (story.dateline, story.iso_date, story.summary),
                (None, None, None)
            );
        });
    }

    #[test]
    fn a_day_is_that_of_the_newsletters_zone() {
        let issue = sample::issue();
        with_viewer(&issue.masthead, |viewer| {
            let late = "2026-09-11T22:30:00Z".parse().unwrap();
            assert_eq!(viewer.local_date(late), jiff::civil::date(2026, 9, 12));
        });
    }

    #[test]
    fn never_two_pictures_in_a_row() {
        let issue = sample::issue();
        let post = sample::full_post();
        with_viewer(&issue.masthead, |viewer| {
            let stories = viewer.section_stories(&[&post; 4]).unwrap();
            let shown: Vec<_> = stories.iter().map(|s| s.image.is_some()).collect();
            assert_eq!(shown, [true, false, true, false]);
        });
    }
}
