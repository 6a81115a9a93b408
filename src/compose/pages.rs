//! The pages: an issue, the archive's index, a topic, a post of our own, unsubscribing, errors.
//!
//! In go issues, posts or a state; out comes whole HTML that any web server can serve. No page needs a script, or shows
//! a picture of another server. Those about one reader ask not to be indexed and send no referrer; nothing personal
//! stands on any of the others.

use jiff::civil::Date;
use serde::Serialize;

use super::Composer;
use super::archive::{feed_style_view, index_view, issue_view, issue_words, topic_view};
use super::call::CallView;
use super::digest::print;
use super::elsewhere::with_links;
use super::error::Error;
use super::markup::absolute_addresses;
use super::page_head::{Page, own_feeds, shared, sign, tab_title};
use super::palette::accent;
use super::press::Press;
use super::prose::excerpt;
use super::story::Story;
use super::view::{Frame, Viewer};
use crate::model::{Image, Issue, IssueNumber, Language, Masthead, Post, Topic};

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

/// One line of the archive's list of topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicListing {
    /// The topic.
    pub topic: Topic,
    /// Number of its stories.
    pub stories: usize,
}

/// The issues beside one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Neighbours {
    /// The one before it.
    pub earlier: Option<IssueNumber>,
    /// The one after it.
    pub later: Option<IssueNumber>,
}

/// How an issue is called outside its own page, in the newsletter's language; plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueWords {
    /// The lead's title and the issue's: for a feed, or a browser's tab.
    pub title: String,
    /// The newsletter's name and the issue's number.
    pub own: String,
    /// The lead's title alone; empty for an issue without posts.
    pub lead: String,
    /// Number and date.
    pub edition: String,
    /// What else is in it.
    pub summary: String,
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
    pub fn issue_page(&self, issue: &Issue, around: Neighbours) -> Result<String, Error> {
        let press = self.press(&[&issue.masthead.language]);
        print(press, "page/issue", &issue_view(press, issue, around)?)
    }

    /// How the issue is called elsewhere.
    ///
    /// # Errors
    /// Fails when a message cannot be said.
    pub fn issue_words(&self, issue: &Issue) -> Result<IssueWords, Error> {
        issue_words(self.press(&[&issue.masthead.language]), issue)
    }

    /// The archive's index: issues in the order given, and topics.
    ///
    /// # Errors
    /// Fails when a template does not render.
    pub fn index_page(
        &self,
        masthead: &Masthead,
        issues: &[IssueListing],
        topics: &[TopicListing],
    ) -> Result<String, Error> {
        let press = self.press(&[&masthead.language]);
        let view = index_view(press, masthead, issues, topics)?;
        print(press, "page/index", &view)
    }

    /// The page of a topic: these stories, in the order given.
    ///
    /// # Errors
    /// Fails when a template does not render.
    pub fn topic_page(
        &self,
        masthead: &Masthead,
        topic: &Topic,
        posts: &[&Post],
    ) -> Result<String, Error> {
        let press = self.press(&[&masthead.language]);
        print(
            press,
            "page/topic",
            &topic_view(press, masthead, topic, posts)?,
        )
    }

    /// The style sheet that shows a feed to a person who opens it in a browser.
    ///
    /// # Errors
    /// Fails when a template does not render.
    pub fn feed_style(&self, masthead: &Masthead) -> Result<String, Error> {
        let press = self.press(&[&masthead.language]);
        print(press, "page/text-feed", &feed_style_view(press, masthead)?)
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

pub(super) fn frame(viewer: &Viewer, masthead: &Masthead) -> Result<Frame, Error> {
    Ok(viewer.frame(&accent(&masthead.accent)?)?)
}

pub(super) fn post_view(
    press: &Press,
    masthead: &Masthead,
    post: &Post,
) -> Result<PostPage, Error> {
    let viewer = Viewer::of_page(&press.words, masthead, None);
    let base = &masthead.url;
    let image = post.image.as_ref();
    // A picture that stands in the text already is not shown above it again.
    let stands =
        |image: &Image| post.html.contains(&image.url) || post.html.contains(image.largest().0);
    let above = image
        .filter(|image| !stands(image))
        .and_then(|_| viewer.hero(post));
    let shared = image.and_then(|image| shared(image, post, base));
    let shared = shared.filter(|image| viewer.may_show(&image.url));
    let description = excerpt(&post.summary, DESCRIPTION_WORDS);
    let call = post.call_to_action.as_ref();
    Ok(PostPage {
        frame: frame(&viewer, masthead)?,
        page: Page {
            title: tab_title(&post.title, &masthead.name),
            name: post.title.clone(),
            description: Some(description).filter(|text| !text.is_empty()),
            canonical: Some(post.address(base)),
            image: shared.or_else(|| sign(masthead)),
            published: post.published.map(|instant| instant.to_string()),
            feeds: own_feeds(masthead),
            article: true,
            private: false,
        },
        post: viewer.story(post, DESCRIPTION_WORDS, above)?,
        html: absolute_addresses(&with_links(&post.html, base, &press.words)?, base),
        call: call.map(|call| viewer.call_view(call)).transpose()?,
    })
}

pub(super) fn unsubscribe_view(
    press: &Press,
    masthead: &Masthead,
    state: Unsubscribe<'_>,
) -> Result<UnsubscribePage, Error> {
    let viewer = Viewer::of_page(&press.words, masthead, None);
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
            feeds: own_feeds(masthead),
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
    let viewer = Viewer::of_page(&press.words, masthead, None);
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
            feeds: own_feeds(masthead),
            ..Page::default()
        },
        not_found,
        status,
    })
}
