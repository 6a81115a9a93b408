//! The pages: an issue, the archive's index, a post of our own, unsubscribing, errors.
//!
//! In go issues, posts or a state; out comes whole HTML that any web server can serve. No page needs a script. Those
//! about one reader ask not to be indexed and send no referrer; nothing personal stands on any of the others.

use jiff::civil::Date;
use serde::Serialize;

use super::call::CallView;
use super::digest::print;
use super::error::Error;
use super::markup::absolute_addresses;
use super::palette::accent;
use super::picture::{Picture, hero};
use super::press::Press;
use super::prose::excerpt;
use super::view::{Frame, IssueView, Stories, Story, Viewer};
use super::words::DateStyle;
use super::{Composer, subject};
use crate::model::{Issue, IssueNumber, Language, Masthead, Post};

/// Words of a page's description: what a search engine or a shared link shows.
const DESCRIPTION_WORDS: usize = 30;

/// One line of the archive's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueListing {
    /// Its number.
    pub number: IssueNumber,
    /// The local day it bears.
    pub date: Date,
    /// The title of its lead, plain text.
    pub lead: String,
    /// Number of its stories.
    pub stories: usize,
}

/// What the unsubscribe page says. Addresses are masked: a forwarded link must not tell whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsubscribe<'a> {
    /// Asks; the button posts to `action`.
    Ask {
        /// Masked.
        address: &'a str,
        /// Where the form posts to.
        action: &'a str,
    },
    /// It is done.
    Done {
        /// Masked.
        address: &'a str,
    },
    /// The link is not one of ours, or its reader is gone.
    Invalid,
}

/// The head of a page.
#[derive(Debug, Default, Serialize)]
struct Page {
    title: String,
    description: Option<String>,
    canonical: Option<String>,
    image: Option<Picture>,
    /// About one reader or no page at all: not to be indexed.
    private: bool,
    /// An article, not a place.
    article: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct IssuePage {
    #[serde(flatten)]
    frame: Frame,
    page: Page,
    issue: IssueView,
    #[serde(flatten)]
    stories: Stories,
}

#[derive(Debug, Serialize)]
pub(super) struct IndexPage {
    #[serde(flatten)]
    frame: Frame,
    page: Page,
    issues: Vec<ListedIssue>,
}

#[derive(Debug, Serialize)]
struct ListedIssue {
    number: i64,
    title: String,
    date: String,
    iso_date: String,
    url: String,
    count: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct PostPage {
    #[serde(flatten)]
    frame: Frame,
    page: Page,
    post: Story,
    /// Sanitised: the only value that a template may write unescaped.
    html: String,
    call: Option<CallView>,
}

#[derive(Debug, Serialize)]
pub(super) struct UnsubscribePage {
    #[serde(flatten)]
    frame: Frame,
    page: Page,
    ask: bool,
    done: bool,
    address: Option<String>,
    action: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ErrorPage {
    #[serde(flatten)]
    frame: Frame,
    page: Page,
    /// The fault is the visitor's or the link's, not ours.
    not_found: bool,
    status: u16,
}

impl Composer {
    /// The page of an issue: the same stories as the digest, all of them, nothing about a reader.
    ///
    /// # Errors
    /// Fails when a template does not render.
    pub fn issue_page(&self, issue: &Issue) -> Result<String, Error> {
        let press = self.press(&[&issue.masthead.language]);
        print(press, "page/issue", &issue_view(press, issue)?)
    }

    /// The archive's index, in the order given.
    ///
    /// # Errors
    /// Fails when a template does not render.
    pub fn index_page(
        &self,
        masthead: &Masthead,
        issues: &[IssueListing],
    ) -> Result<String, Error> {
        let press = self.press(&[&masthead.language]);
        print(press, "page/index", &index_view(press, masthead, issues)?)
    }

    /// The page of a post that has no link of its own, with its whole text.
    ///
    /// # Errors
    /// Fails when a template does not render.
    pub fn post_page(&self, masthead: &Masthead, post: &Post) -> Result<String, Error> {
        let own = post.language.as_ref().unwrap_or(&masthead.language);
        let press = self.press(&[own, &masthead.language]);
        print(press, "page/post", &post_view(press, masthead, post)?)
    }

    /// The unsubscribe page, in the reader's language.
    ///
    /// # Errors
    /// Fails when a template does not render.
    pub fn unsubscribe_page(
        &self,
        masthead: &Masthead,
        language: &Language,
        state: Unsubscribe<'_>,
    ) -> Result<String, Error> {
        let press = self.press(&[language, &masthead.language]);
        print(
            press,
            "page/unsubscribe",
            &unsubscribe_view(press, masthead, state)?,
        )
    }

    /// The page in place of one that could not be shown; `status` is the HTTP status it goes with.
    ///
    /// # Errors
    /// Fails when a template does not render.
    pub fn error_page(&self, masthead: &Masthead, status: u16) -> Result<String, Error> {
        let press = self.press(&[&masthead.language]);
        print(press, "page/error", &error_view(press, masthead, status)?)
    }
}

fn frame(viewer: &Viewer, masthead: &Masthead) -> Result<Frame, Error> {
    Ok(viewer.frame(&accent(&masthead.accent)?)?)
}

pub(super) fn issue_view(press: &Press, issue: &Issue) -> Result<IssuePage, Error> {
    let masthead = &issue.masthead;
    let viewer = Viewer::new(&press.words, masthead, Some(issue.date));
    let posts: Vec<&Post> = issue.posts.iter().map(|(_, post)| post).collect();
    let lead = posts.first();
    let title = press.words.say(
        "issue-title",
        &[
            ("newsletter", masthead.name.as_str().into()),
            ("number", issue.number.0.into()),
        ],
    )?;
    let image = lead.and_then(|post| Some((post.image.as_ref()?, post)));
    Ok(IssuePage {
        frame: frame(&viewer, masthead)?,
        page: Page {
            title: lead.map_or(title.clone(), |post| format!("{} · {title}", post.title)),
            description: Some(subject::preheader(
                issue,
                &posts,
                subject::Own::default(),
                lead.map_or("", |post| &post.title),
                &press.words,
            )?),
            canonical: Some(masthead.issue_page(issue.number)),
            image: image.and_then(|(image, post)| hero(image, &post.title, &masthead.url)),
            article: true,
            private: false,
        },
        issue: viewer.issue(issue, posts.len())?,
        stories: viewer.stories(&posts, posts.len())?,
    })
}

pub(super) fn index_view(
    press: &Press,
    masthead: &Masthead,
    issues: &[IssueListing],
) -> Result<IndexPage, Error> {
    let viewer = Viewer::new(&press.words, masthead, None);
    let title = [("newsletter", masthead.name.as_str().into())];
    let mut listed = Vec::with_capacity(issues.len());
    for issue in issues {
        listed.push(ListedIssue {
            number: issue.number.0,
            title: issue.lead.clone(),
            date: press.words.date(DateStyle::Full, issue.date)?,
            iso_date: issue.date.to_string(),
            url: masthead.issue_page(issue.number),
            count: issue.stories,
        });
    }
    Ok(IndexPage {
        frame: frame(&viewer, masthead)?,
        page: Page {
            title: press.words.say("archive-title", &title)?,
            description: masthead
                .tagline_for(&press.words.language)
                .map(str::to_owned),
            canonical: Some(masthead.archive()),
            ..Page::default()
        },
        issues: listed,
    })
}

pub(super) fn post_view(
    press: &Press,
    masthead: &Masthead,
    post: &Post,
) -> Result<PostPage, Error> {
    let viewer = Viewer::new(&press.words, masthead, None);
    let base = &masthead.url;
    let image = post.image.as_ref();
    let picture = image.and_then(|image| hero(image, &post.title, base));
    // A picture that stands in the text already is not shown above it again.
    let above = picture
        .clone()
        .filter(|_| image.is_some_and(|image| !post.html.contains(&image.url)));
    let description = excerpt(&post.summary, DESCRIPTION_WORDS);
    let call = post.call_to_action.as_ref();
    Ok(PostPage {
        frame: frame(&viewer, masthead)?,
        page: Page {
            title: format!("{} · {}", post.title, masthead.name),
            description: Some(description).filter(|text| !text.is_empty()),
            canonical: Some(post.address(base)),
            image: picture,
            article: true,
            private: false,
        },
        post: viewer.story(post, DESCRIPTION_WORDS, above)?,
        html: absolute_addresses(&post.html, base),
        call: call.map(|call| viewer.call_view(call)).transpose()?,
    })
}

pub(super) fn unsubscribe_view(
    press: &Press,
    masthead: &Masthead,
    state: Unsubscribe<'_>,
) -> Result<UnsubscribePage, Error> {
    let viewer = Viewer::new(&press.words, masthead, None);
    let (title, address, action) = match state {
        Unsubscribe::Ask { address, action } => ("unsubscribe", Some(address), Some(action)),
        Unsubscribe::Done { address } => ("unsubscribe-done-title", Some(address), None),
        Unsubscribe::Invalid => ("unsubscribe-invalid-title", None, None),
    };
    Ok(UnsubscribePage {
        frame: frame(&viewer, masthead)?,
        page: Page {
            title: press.words.say(title, &[])?,
            private: true,
            ..Page::default()
        },
        ask: action.is_some(),
        done: address.is_some() && action.is_none(),
        address: address.map(unbroken),
        action: action.map(str::to_owned),
    })
}

/// A masked address that no line ends within: the ellipsis would let it (UAX 14, class IN).
fn unbroken(address: &str) -> String {
    address.replace('…', "…\u{2060}")
}

pub(super) fn error_view(
    press: &Press,
    masthead: &Masthead,
    status: u16,
) -> Result<ErrorPage, Error> {
    let viewer = Viewer::new(&press.words, masthead, None);
    let not_found = (400..500).contains(&status);
    let title = if not_found {
        "error-not-found-title"
    } else {
        "error-other-title"
    };
    Ok(ErrorPage {
        frame: frame(&viewer, masthead)?,
        page: Page {
            title: press.words.say(title, &[])?,
            private: true,
            ..Page::default()
        },
        not_found,
        status,
    })
}
