//! The pages that lead to stories: an issue, the archive's index, a topic; and the sheet that shows a feed.
//!
//! In go issues, listings and posts; out come views for `page/issue`, `page/index`, `page/topic` and `page/text-feed`.

use serde::Serialize;

use super::error::Error;
use super::page_head::{Page, PageImage, feeds, own_feeds, sign, tab_title};
use super::pages::{IssueListing, IssueWords, Neighbours, TopicListing, frame};
use super::phrases::DateStyle;
use super::press::Press;
use super::story::Story;
use super::subject;
use super::view::{Frame, IssueView, Stories, Viewer};
use crate::model::{Issue, IssueNumber, Masthead, Post, Topic};

/// Width and height of an issue's `share.png`, in pixels.
const SHARE_SIZE: (u32, u32) = (1200, 630);

/// Where a link leads, and its words.
#[derive(Debug, Serialize)]
struct Way {
    url: String,
    label: String,
}

#[derive(Debug, Serialize)]
pub(super) struct IssuePage {
    #[serde(flatten)]
    frame: Frame,
    page: Page,
    issue: IssueView,
    earlier: Option<Way>,
    later: Option<Way>,
    #[serde(flatten)]
    stories: Stories,
}

#[derive(Debug, Serialize)]
pub(super) struct IndexPage {
    #[serde(flatten)]
    frame: Frame,
    page: Page,
    years: Vec<Year>,
    topics: Vec<ListedTopic>,
}

/// The issues of one year.
#[derive(Debug, Serialize)]
struct Year {
    year: String,
    issues: Vec<ListedIssue>,
}

#[derive(Debug, Serialize)]
struct ListedTopic {
    label: String,
    url: String,
    count: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct TopicPage {
    #[serde(flatten)]
    frame: Frame,
    page: Page,
    topic: String,
    count: usize,
    stories: Vec<Story>,
}

/// The sheet of the feeds has colours, and one sentence as a string of CSS.
#[derive(Debug, Serialize)]
pub(super) struct FeedStyle {
    #[serde(flatten)]
    frame: Frame,
    note: String,
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

pub(super) fn issue_words(press: &Press, issue: &Issue) -> Result<IssueWords, Error> {
    let words = &press.words;
    let number = || ("number", issue.number.0.into());
    let name = issue.masthead.name.as_str();
    let posts: Vec<&Post> = issue.posts.iter().map(|(_, post)| post).collect();
    let lead = posts.first().map(|post| post.title.clone());
    let own = words.say("issue-title", &[("newsletter", name.into()), number()])?;
    let edition = words.say("issue-number", &[number()])?;
    let date = words.date(DateStyle::Full, issue.date)?;
    let summary = subject::preheader(
        issue,
        &posts,
        subject::Own::default(),
        lead.as_deref().unwrap_or_default(),
        words,
    )?;
    Ok(IssueWords {
        title: match &lead {
            Some(lead) => format!("{lead} · {own}"),
            None => own.clone(),
        },
        own,
        lead: lead.unwrap_or_default(),
        edition: format!("{edition} · {}", date.replace('\u{a0}', " ")),
        summary,
    })
}

pub(super) fn issue_view(
    press: &Press,
    issue: &Issue,
    around: Neighbours,
) -> Result<IssuePage, Error> {
    let masthead = &issue.masthead;
    let viewer = Viewer::of_page(&press.words, masthead, Some(issue.date));
    let posts: Vec<&Post> = issue.posts.iter().map(|(_, post)| post).collect();
    let words = issue_words(press, issue)?;
    let own = words.own.clone();
    let name = match words.lead.is_empty() {
        true => own.clone(),
        false => words.lead,
    };
    let canonical = masthead.issue_page(issue.number);
    let way = |number: Option<IssueNumber>, word| -> Result<Option<Way>, Error> {
        let Some(number) = number else {
            return Ok(None);
        };
        let label = press.words.say(word, &[("number", number.0.into())])?;
        let url = masthead.issue_page(number);
        Ok(Some(Way { url, label }))
    };
    Ok(IssuePage {
        frame: frame(&viewer, masthead)?,
        page: Page {
            image: Some(PageImage {
                url: format!("{canonical}share.png"),
                alt: words.title.clone(),
                width: Some(SHARE_SIZE.0),
                height: Some(SHARE_SIZE.1),
            }),
            title: tab_title(&name, &own),
            name,
            description: Some(words.summary),
            canonical: Some(canonical),
            published: Some(issue.date.to_string()),
            feeds: own_feeds(masthead),
            article: true,
            private: false,
        },
        issue: viewer.issue(issue, posts.len())?,
        earlier: way(around.earlier, "issue-earlier")?,
        later: way(around.later, "issue-later")?,
        stories: viewer.stories(&posts, posts.len())?,
    })
}

pub(super) fn index_view(
    press: &Press,
    masthead: &Masthead,
    issues: &[IssueListing],
    topics: &[TopicListing],
) -> Result<IndexPage, Error> {
    let viewer = Viewer::of_page(&press.words, masthead, None);
    let title = [("newsletter", masthead.name.as_str().into())];
    let mut years: Vec<Year> = Vec::new();
    for issue in issues {
        let listed = ListedIssue {
            number: issue.number.0,
            title: issue.lead.clone(),
            date: press.words.date(DateStyle::Full, issue.date)?,
            iso_date: issue.date.to_string(),
            url: masthead.issue_page(issue.number),
            count: issue.stories,
        };
        let year = issue.date.year().to_string();
        match years.last_mut().filter(|last| last.year == year) {
            Some(last) => last.issues.push(listed),
            None => years.push(Year {
                year,
                issues: vec![listed],
            }),
        }
    }
    let listed_topic = |listing: &TopicListing| ListedTopic {
        label: listing.topic.label(),
        url: topic_address(masthead, &listing.topic),
        count: listing.stories,
    };
    Ok(IndexPage {
        frame: frame(&viewer, masthead)?,
        page: Page {
            title: press.words.say("archive-title", &title)?,
            name: press.words.say("archive-title", &title)?,
            description: masthead
                .tagline_for(&press.words.language)
                .map(str::to_owned),
            canonical: Some(masthead.archive()),
            image: sign(masthead),
            feeds: own_feeds(masthead),
            ..Page::default()
        },
        years,
        topics: topics.iter().map(listed_topic).collect(),
    })
}

fn topic_address(masthead: &Masthead, topic: &Topic) -> String {
    format!("{}/topics/{topic}/", masthead.url)
}

pub(super) fn topic_view(
    press: &Press,
    masthead: &Masthead,
    topic: &Topic,
    posts: &[&Post],
) -> Result<TopicPage, Error> {
    let viewer = Viewer::of_page(&press.words, masthead, None);
    let label = topic.label();
    let about = [
        ("newsletter", masthead.name.as_str().into()),
        ("topic", label.as_str().into()),
    ];
    let title = format!("{label} · {}", masthead.name);
    Ok(TopicPage {
        frame: frame(&viewer, masthead)?,
        page: Page {
            description: Some(press.words.say("topic-about", &about)?),
            canonical: Some(topic_address(masthead, topic)),
            image: sign(masthead),
            feeds: feeds(masthead, &title, &format!("/topics/{topic}")),
            title: tab_title(&label, &masthead.name),
            name: title,
            ..Page::default()
        },
        topic: label,
        count: posts.len(),
        stories: viewer.section_stories(posts)?,
    })
}

pub(super) fn feed_style_view(press: &Press, masthead: &Masthead) -> Result<FeedStyle, Error> {
    let viewer = Viewer::of_page(&press.words, masthead, None);
    let note = press.words.say("feed-note", &[])?;
    Ok(FeedStyle {
        frame: frame(&viewer, masthead)?,
        note: css_string(&note),
    })
}

/// A text as the inside of a quoted string of CSS (CSS Syntax 3 §4.3.5).
fn css_string(text: &str) -> String {
    let mut string = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => string.extend(['\\', c]),
            c if c.is_control() => string.push(' '),
            c => string.push(c),
        }
    }
    string
}
