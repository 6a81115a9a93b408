//! What templates see: every field by its name, already in words, sizes and absolute addresses.
//!
//! In go issue, posts and words; out come plain values for Handlebars. Every field is always there, empty ones as null,
//! so that a template may ask for it and a misspelt one is an error. What a post says is a value here, never a template.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Serialize;

use super::call::CallView;
use super::contributors::Contributor;
use super::elsewhere::is_ours;
use super::outline::{Form, in_forms};
use super::palette::{Accents, Scheme};
use super::phrases::DateStyle;
use super::prose::paragraphs;
use super::story::Story;
use super::words::{Words, WordsError};
use crate::model::{Issue, Masthead, Post};

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

impl More {
    /// What is left of so many posts.
    pub fn of(posts: usize, shown: usize) -> Option<Self> {
        let count = posts.saturating_sub(shown);
        (count > 0).then_some(Self { count })
    }
}

/// Lead, sections and call of an issue.
#[derive(Debug, Serialize)]
pub(super) struct Stories {
    lead: Option<Story>,
    sections: Vec<SectionView>,
    call: Option<CallView>,
    contributors: Vec<Contributor>,
    /// One of the contributors has a portrait, so that the words of all stand beside that.
    portraits: bool,
    more: Option<More>,
}

/// Makes views in one language.
pub(super) struct Viewer<'a> {
    pub(super) words: &'a Words,
    pub(super) masthead: &'a Masthead,
    /// The day that dates are seen from; without it every date has its year.
    pub(super) today: Option<Date>,
    zone: TimeZone,
    /// Pictures of other servers are left out.
    own_pictures: bool,
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
            own_pictures: false,
        }
    }

    /// As [`Self::new`], for a page: whoever opens it is to ask no other server for anything.
    pub fn of_page(words: &'a Words, masthead: &'a Masthead, today: Option<Date>) -> Self {
        Self {
            own_pictures: true,
            ..Self::new(words, masthead, today)
        }
    }

    /// Whether a picture may be shown here, by its absolute address.
    pub fn may_show(&self, address: &str) -> bool {
        !self.own_pictures || is_ours(address, &self.masthead.url)
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
        let outline = self.outline(&posts[..shown], |post| self.has_thumbnail(post))?;
        let lead = outline.lead.map(|lead| self.story_in(Form::Lead, lead));
        let sections = outline.sections.into_iter().map(|section| {
            Ok(SectionView {
                label: section.label,
                stories: self.each(&section.stories)?,
            })
        });
        let contributors = self.contributors(&posts[..shown]);
        Ok(Stories {
            lead: lead.transpose()?,
            sections: sections.collect::<Result<_, WordsError>>()?,
            call: self.call(&posts[..shown])?,
            portraits: contributors.iter().any(Contributor::has_portrait),
            contributors,
            more: More::of(posts.len(), shown),
        })
    }

    /// The stories of a section of its own.
    pub fn section_stories(&self, posts: &[&Post]) -> Result<Vec<Story>, WordsError> {
        self.each(&in_forms(posts, |post| self.has_thumbnail(post)))
    }

    fn each(&self, stories: &[(&Post, Form)]) -> Result<Vec<Story>, WordsError> {
        let stories = stories.iter();
        stories
            .map(|(post, form)| self.story_in(*form, post))
            .collect()
    }

    /// The day of an instant in the newsletter's zone.
    pub fn local_date(&self, instant: Timestamp) -> Date {
        instant.to_zoned_datetime(self.zone.clone()).date()
    }
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
    fn a_day_is_that_of_the_newsletters_zone() {
        let issue = sample::issue();
        with_viewer(&issue.masthead, |viewer| {
            let late = "2026-09-11T22:30:00Z".parse().unwrap();
            assert_eq!(viewer.local_date(late), jiff::civil::date(2026, 9, 12));
        });
    }
}
