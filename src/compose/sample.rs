//! An issue made up to try templates with: every template is rendered with it before anything is sent.
//!
//! Nothing comes in; out come a post that has everything and one that has nothing but its title, in an issue of many
//! and in an issue of one.

use crate::model::{Author, Issue, Post, PostId};

/// The made-up issue: first the full post, then the bare one.
const SAMPLE: &str = include_str!("sample.json");

/// The issues to try: a full lead with sections, contributors and the newsletter's call; a bare post alone; a bare lead
/// before others; one post whose author is but a name, whose picture has no known size, and that asks without a link.
pub(super) fn issues() -> Result<[Issue; 4], serde_json::Error> {
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
    let [sjoerd, zoe] = [
        by(&full, "Sjoerd Hoekstra", Some("Sjoerd rekent het na.")),
        by(&full, "Zoë d’Hulst", Some("Zoë luistert mee.")),
    ];
    let many = [
        &uncalled(full.clone())[..],
        &sjoerd,
        &full,
        &zoe,
        &foreign(&full),
        &bare,
    ]
    .concat();
    let turned = [&bare[..], &full, &by(&full, "Ayşe Demir", None)].concat();
    let named = by(&asking(full.clone()), "Ayşe Demir", None);
    Ok([with(many), sparse, with(turned), without_call(with(named))])
}

/// The posts with a text that takes minutes to read.
fn lengthened(mut posts: Vec<Post>) -> Vec<Post> {
    for post in &mut posts {
        post.html = post.html.repeat(30);
    }
    posts
}

/// The same posts by someone else.
fn by(posts: &[Post], name: &str, bio: Option<&str>) -> Vec<Post> {
    let mut posts = posts.to_vec();
    for post in &mut posts {
        post.author = Some(Author {
            name: name.to_owned(),
            role: None,
            bio: bio.map(str::to_owned),
            photo: None,
        });
    }
    posts
}

/// The posts without a call of their own.
fn uncalled(mut posts: Vec<Post>) -> Vec<Post> {
    for post in &mut posts {
        post.call_to_action = None;
    }
    posts
}

/// The posts with a call that leads nowhere, and a picture of unknown size.
fn asking(mut posts: Vec<Post>) -> Vec<Post> {
    for post in &mut posts {
        if let Some(call) = &mut post.call_to_action {
            call.url = None;
        }
        if let Some(image) = &mut post.image {
            image.size = None;
        }
    }
    posts
}

fn without_call(mut issue: Issue) -> Issue {
    issue.masthead.call_to_action = None;
    issue
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
        let [many, sparse, turned, named] = super::issues().unwrap();
        assert_eq!(
            [&many, &sparse, &turned, &named].map(|issue| issue.posts.len()),
            [6, 1, 3, 1]
        );
        assert!(sparse.posts[0].1.summary.is_empty());
    }
}
