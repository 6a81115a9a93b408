//! What each template is tried with: made-up issues, pages and letters.

use serde_json::Value;

use super::error::Error;
use super::pages::{self, IssueListing, Neighbours, TopicListing, Unsubscribe};
use super::press::Press;
use super::{archive, digest, letters, sample};
use crate::model::{Issue, Post, Topic};

/// What each template is tried with: its name and a view.
pub(super) fn views(press: &Press) -> Result<Vec<(&'static str, Value)>, Error> {
    let issues = sample::issues().map_err(|error| unserialised("the sample", &error))?;
    let mut views = Vec::new();
    let mut add = |name, view: Result<Value, serde_json::Error>| match view {
        Ok(view) => {
            views.push((name, view));
            Ok(())
        }
        Err(error) => Err(unserialised(name, &error)),
    };
    for issue in &issues {
        let posts: Vec<&Post> = issue.posts.iter().map(|(_, post)| post).collect();
        for shown in [posts.len(), 1] {
            let lines = ["Onderwerp", "Plus: drie andere verhalen"].map(str::to_owned);
            let view = digest::view(press, issue, &posts, shown, lines)?;
            add("digest/html", serde_json::to_value(&view))?;
            add("digest/text", serde_json::to_value(&view))?;
        }
        let masthead = &issue.masthead;
        for around in [Neighbours::default(), both_sides(issue)] {
            let view = archive::issue_view(press, issue, around)?;
            add("page/issue", serde_json::to_value(view))?;
        }
        let style = archive::feed_style_view(press, masthead)?;
        add("page/text-feed", serde_json::to_value(style))?;
        let topics: Vec<TopicListing> = posts
            .iter()
            .flat_map(|post| &post.topics)
            .map(listed)
            .collect();
        if let Some(TopicListing { topic, .. }) = topics.first() {
            let view = archive::topic_view(press, masthead, topic, &posts)?;
            add("page/topic", serde_json::to_value(view))?;
        }
        for post in posts {
            let view = pages::post_view(press, masthead, post)?;
            add("page/post", serde_json::to_value(view))?;
        }
        for listed in [vec![], vec![listing(issue)]] {
            let view = archive::index_view(press, masthead, &listed, &topics)?;
            add("page/index", serde_json::to_value(view))?;
        }
        let (address, action) = ("j…@example.nl", "/unsubscribe?t=0");
        for state in [
            Unsubscribe::Ask { address, action },
            Unsubscribe::Done { address },
            Unsubscribe::Invalid,
        ] {
            let view = pages::unsubscribe_view(press, masthead, state)?;
            add("page/unsubscribe", serde_json::to_value(view))?;
        }
        for letter in letters::samples() {
            let view = letters::view(press, masthead, "lezer@example.nl", letter)?;
            for name in letter.templates() {
                add(name, serde_json::to_value(&view))?;
            }
        }
        for status in [404, 500] {
            let view = pages::error_view(press, masthead, status)?;
            add("page/error", serde_json::to_value(view))?;
        }
    }
    Ok(views)
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
