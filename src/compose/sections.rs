//! Arranges the stories of an issue, the lead aside, into sections by topic.
//!
//! In go the posts in the order; out come sections that each hold at least three of them. Each post stands in
//! the rarest of its topics that carries a section, so that sections stay small; what is left comes last.

use std::collections::BTreeMap;

use crate::model::{Post, Topic};

/// Fewer stories make no section: a heading over each story would be a list of headings.
const MIN_STORIES: usize = 3;

/// Stories under one heading.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section<'a, P> {
    /// `None` for what is left.
    pub topic: Option<&'a Topic>,
    /// In the order.
    pub posts: Vec<P>,
}

/// Arranges posts into sections, in the order of their first stories; those without a section come last. `P` refers to
/// a post.
pub(super) fn arrange<'a, P: Copy + Into<&'a Post>>(posts: &[P]) -> Vec<Section<'a, P>> {
    let mut topics: Vec<Option<&Topic>> = vec![None; posts.len()];
    // A topic that keeps too few stories, since others took them, gives its own back: so again, without it.
    let mut refused: Vec<&Topic> = Vec::new();
    loop {
        let counts = count(posts, &refused);
        for (post, topic) in posts.iter().zip(&mut topics) {
            *topic = rarest((*post).into(), &counts);
        }
        match too_small(&topics) {
            Some(topic) => refused.push(topic),
            None => break,
        }
    }
    gather(posts, &topics)
}

fn count<'a, P: Copy + Into<&'a Post>>(
    posts: &[P],
    refused: &[&Topic],
) -> BTreeMap<&'a Topic, usize> {
    let mut counts = BTreeMap::new();
    let posts = posts.iter().map(|post| (*post).into());
    for topic in posts.flat_map(|post: &Post| &post.topics) {
        if !refused.contains(&topic) {
            *counts.entry(topic).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count >= MIN_STORIES);
    counts
}

/// The rarest topic of a post that is counted; the first named of equals.
fn rarest<'a>(post: &'a Post, counts: &BTreeMap<&'a Topic, usize>) -> Option<&'a Topic> {
    post.topics
        .iter()
        .filter_map(|topic| counts.get(topic).map(|count| (count, topic)))
        .min_by_key(|(count, _)| *count)
        .map(|(_, topic)| topic)
}

fn too_small<'a>(topics: &[Option<&'a Topic>]) -> Option<&'a Topic> {
    topics
        .iter()
        .flatten()
        .find(|topic| topics.iter().flatten().filter(|t| t == topic).count() < MIN_STORIES)
        .copied()
}

fn gather<'a, P: Copy>(posts: &[P], topics: &[Option<&'a Topic>]) -> Vec<Section<'a, P>> {
    let mut sections: Vec<Section<P>> = Vec::new();
    for (post, topic) in posts.iter().zip(topics) {
        match sections.iter_mut().find(|section| section.topic == *topic) {
            Some(section) => section.posts.push(*post),
            None => sections.push(Section {
                topic: *topic,
                posts: vec![*post],
            }),
        }
    }
    sections.sort_by_key(|section| section.topic.is_none());
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::sample;

    fn arranged(posts: &[&[&str]]) -> Vec<(Option<String>, usize)> {
        let posts: Vec<Post> = posts
            .iter()
            .map(|topics| Post {
                topics: topics.iter().map(|t| Topic::parse(t).unwrap()).collect(),
                ..sample::bare_post()
            })
            .collect();
        arrange(&posts.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|section| (section.topic.map(Topic::to_string), section.posts.len()))
            .collect()
    }

    fn named(name: &str, count: usize) -> (Option<String>, usize) {
        (Some(name.to_owned()), count)
    }

    #[test]
    fn three_stories_make_a_section_and_the_rest_comes_last() {
        assert_eq!(
            arranged(&[&["b"], &["a"], &["c"], &["a"], &[], &["a"], &["c"], &["c"]]),
            [named("a", 3), named("c", 3), (None, 2)]
        );
    }

    #[test]
    fn a_topic_that_all_share_gives_way_to_rarer_ones() {
        assert_eq!(
            arranged(&[
                &["all", "a"],
                &["all", "a"],
                &["all", "a"],
                &["all"],
                &["all"],
                &["all"]
            ]),
            [named("a", 3), named("all", 3)]
        );
    }

    #[test]
    fn a_topic_left_with_too_few_gives_its_stories_back() {
        assert_eq!(
            arranged(&[&["a", "b"], &["a", "b"], &["a", "b"], &["b"]]),
            [named("a", 3), (None, 1)]
        );
        assert_eq!(arranged(&[&["a"], &["a"]]), [(None, 2)]);
        assert_eq!(arranged(&[]), []);
    }
}
