//! An issue made up to try templates with: every template is rendered with it before anything is sent.
//!
//! Nothing comes in; out come a post that has everything and one that has nothing but its title, in an issue of many
//! and in an issue of one.

use crate::model::{Issue, Post, PostId};

/// The made-up issue: first the full post, then the bare one.
const SAMPLE: &str = include_str!("sample.json");

/// The issues to try: full lead with sections, a picture and a topic each; a bare post alone; a bare lead before others.
pub(super) fn issues() -> Result<[Issue; 3], serde_json::Error> {
    let issue: Issue = serde_json::from_str(SAMPLE)?;
    let (full, bare): (Vec<Post>, Vec<Post>) = issue
        .posts
        .iter()
        .map(|(_, post)| post.clone())
        .partition(|post| post.link.is_some());
    let full = lengthened(full);
    let with = |posts: Vec<Post>| Issue {
        posts: (1..).map(PostId).zip(posts).collect(),
        ..issue.clone()
    };
    let mut sparse = with(bare.clone());
    sparse.masthead.tagline = None;
    sparse.masthead.intro = None;
    sparse.masthead.reply_to = None;
    sparse.masthead.call_to_action = None;
    let many = [&full[..], &full, &full, &full, &foreign(&full), &bare].concat();
    let turned = [&bare[..], &full, &full].concat();
    Ok([with(many), sparse, with(turned)])
}

/// The posts with a text that takes minutes to read.
fn lengthened(mut posts: Vec<Post>) -> Vec<Post> {
    for post in &mut posts {
        post.html = post.html.repeat(30);
    }
    posts
}

/// The same posts in a language that no digest here is written in.
fn foreign(posts: &[Post]) -> Vec<Post> {
    let mut posts = posts.to_vec();
    for post in &mut posts {
        post.language = crate::model::Language::parse("fr").ok();
    }
    posts
}

/// The issue as it is written.
#[cfg(test)]
pub(super) fn issue() -> Issue {
    serde_json::from_str(SAMPLE).unwrap()
}

/// A post that has everything.
#[cfg(test)]
pub(super) fn full_post() -> Post {
    issue().posts.remove(0).1
}

/// A post with nothing but a title, and no link of its own.
#[cfg(test)]
pub(super) fn bare_post() -> Post {
    issue().posts.remove(1).1
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sample_tries_every_field() {
        let [many, sparse, turned] = super::issues().unwrap();
        assert_eq!(
            (many.posts.len(), sparse.posts.len(), turned.posts.len()),
            (6, 1, 3)
        );
        assert!(sparse.posts[0].1.summary.is_empty());
    }
}
