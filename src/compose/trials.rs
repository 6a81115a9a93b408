//! What each template is tried with: made-up issues, pages and letters.

use serde::Serialize;
use serde_json::Value;

use super::error::Error;
use super::pages::{self, IssueListing, Neighbours, TopicListing, Unsubscribe};
use super::press::Press;
use super::{archive, digest, letters, sample};
use crate::model::{Issue, Post, Topic};

/// What each template is tried with: its name and a view.
pub(super) fn views(press: &Press) -> Result<Vec<(&'static str, Value)>, Error> {
    let issues = sample::issues().map_err(|error| unserialised("the sample", &error))?;
    let mut views = Views::default();
    for issue in &issues {
        let posts: Vec<&Post> = issue.posts.iter().map(|(_, post)| post).collect();
        views.add_digests(press, issue, &posts)?;
        views.add_archive(press, issue, &posts)?;
        views.add_answers(press, issue)?;
    }
    Ok(views.0)
}

#[derive(Default)]
struct Views(Vec<(&'static str, Value)>);

impl Views {
    fn add_digests(&mut self, press: &Press, issue: &Issue, posts: &[&Post]) -> Result<(), Error> {
        for shown in [posts.len(), 1] {
            let lines = ["Onderwerp", "Plus: drie andere verhalen"].map(str::to_owned);
            let view = digest::view(press, issue, posts, shown, lines)?;
            self.add("digest/html", &view)?;
            self.add("digest/text", &view)?;
        }
        Ok(())
    }

    /// The pages that stand beside the feed.
    fn add_archive(&mut self, press: &Press, issue: &Issue, posts: &[&Post]) -> Result<(), Error> {
        let masthead = &issue.masthead;
        for around in [Neighbours::default(), both_sides(issue)] {
            let view = archive::issue_view(press, issue, around)?;
            self.add("page/issue", &view)?;
        }
        let style = archive::feed_style_view(press, masthead)?;
        self.add("page/text-feed", &style)?;
        let topics: Vec<TopicListing> = posts
            .iter()
            .flat_map(|post| &post.topics)
            .map(listed)
            .collect();
        if let Some(TopicListing { topic, .. }) = topics.first() {
            let view = archive::topic_view(press, masthead, topic, posts)?;
            self.add("page/topic", &view)?;
        }
        for post in posts {
            let view = pages::post_view(press, masthead, post)?;
            self.add("page/post", &view)?;
        }
        for listed in [vec![], vec![listing(issue)]] {
            let view = archive::index_view(press, masthead, &listed, &topics)?;
            self.add("page/index", &view)?;
        }
        Ok(())
    }

    /// What answers a reader who asks for something: pages and letters.
    fn add_answers(&mut self, press: &Press, issue: &Issue) -> Result<(), Error> {
        let masthead = &issue.masthead;
        let (address, action) = ("j…@example.nl", "/unsubscribe?t=0");
        for state in [
            Unsubscribe::Ask { address, action },
            Unsubscribe::Done { address },
            Unsubscribe::Invalid,
        ] {
            let view = pages::unsubscribe_view(press, masthead, state)?;
            self.add("page/unsubscribe", &view)?;
        }
        for letter in letters::samples() {
            let view = letters::view(press, masthead, "lezer@example.nl", letter)?;
            for name in letter.templates() {
                self.add(name, &view)?;
            }
        }
        for status in [404, 500] {
            let view = pages::error_view(press, masthead, status)?;
            self.add("page/error", &view)?;
        }
        Ok(())
    }

    fn add(&mut self, name: &'static str, view: &impl Serialize) -> Result<(), Error> {
        let view = serde_json::to_value(view).map_err(|error| unserialised(name, &error))?;
        self.0.push((name, view));
        Ok(())
    }
}

fn both_sides(issue: &Issue) -> Neighbours {
    Neighbours {
        earlier: Some(issue.number),
        later: Some(issue.number),
    }
}

fn listed(topic: &Topic) -> TopicListing {
    TopicListing {
        topic: topic.clone(),
        stories: 1,
    }
}

fn listing(issue: &Issue) -> IssueListing {
    IssueListing {
        number: issue.number,
        date: issue.date,
        lead: issue
            .posts
            .first()
            .map_or(String::new(), |(_, post)| post.title.clone()),
        stories: issue.posts.len(),
    }
}

fn unserialised(what: &str, error: &serde_json::Error) -> Error {
    Error::Template {
        template: what.to_owned(),
        reason: error.to_string(),
    }
}
