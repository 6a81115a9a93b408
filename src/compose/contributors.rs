//! Who wrote an issue, each once.
//!
//! In go the posts that are shown; out come those authors of whom there is more to say than the name that stands with
//! their story. The lead's author is left out where the lead tells it already.

use std::borrow::Borrow;

use serde::Serialize;

use super::prose::{excerpt, name_line};
use super::story::STORY_WORDS;
use super::view::Viewer;
use crate::model::Post;

/// Fewer are no list: their stories name them.
const MIN_CONTRIBUTORS: usize = 2;

/// More would make the list longer than what they wrote.
const MAX_CONTRIBUTORS: usize = 6;

/// An author with something to say.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Contributor {
    name: String,
    role: Option<String>,
    bio: String,
    photo: Option<String>,
}

impl Contributor {
    /// Whether there is a portrait.
    pub fn has_portrait(&self) -> bool {
        self.photo.is_some()
    }
}

impl Viewer<'_> {
    /// The contributors of these posts, in their order; none where there would be too few.
    pub fn contributors(&self, posts: &[&Post]) -> Vec<Contributor> {
        let found = posts.iter().map(|post| self.contributor(post));
        listed(posts.first().copied(), found.flatten())
    }

    /// The author of a post, if there is more to say than the name.
    pub fn contributor(&self, post: &Post) -> Option<Contributor> {
        let author = post.author.as_ref()?;
        let bio = excerpt(author.bio.as_deref()?, STORY_WORDS);
        let role = author.role.as_deref().map(name_line);
        let photo = author.photo.as_deref();
        (!bio.is_empty()).then(|| Contributor {
            name: name_line(&author.name),
            role: role.filter(|role| !role.is_empty()),
            bio,
            photo: photo.and_then(|photo| self.portrait(photo)),
        })
    }
}

/// Those of the authors found who belong in the list below this lead: each once, and none where there would be too few.
pub(super) fn listed<C: Borrow<Contributor>>(
    lead: Option<&Post>,
    found: impl Iterator<Item = C>,
) -> Vec<C> {
    let told = lead.and_then(|post| post.author.as_ref());
    let told = told.map(|author| name_line(&author.name));
    let mut listed: Vec<C> = Vec::new();
    for one in found {
        let name = &one.borrow().name;
        let known = listed.iter().any(|known| known.borrow().name == *name);
        if !known && told.as_ref() != Some(name) {
            listed.push(one);
        }
    }
    listed.truncate(MAX_CONTRIBUTORS);
    if listed.len() < MIN_CONTRIBUTORS {
        listed.clear();
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::sample;
    use crate::compose::view::tests::with_viewer;
    use crate::model::Author;

    fn by(name: &str, bio: Option<&str>) -> Post {
        Post {
            author: Some(Author {
                name: name.into(),
                role: None,
                bio: bio.map(str::to_owned),
                photo: None,
            }),
            ..sample::bare_post()
        }
    }

    #[test]
    fn each_is_named_once_and_the_leads_author_is_told_already() {
        let posts = [
            by("Noor", Some("Schrijft.")),
            by("Sjoerd", Some("Rekent.")),
            by("Ayşe", None),
            by("Sjoerd ", Some("Rekent.")),
            by("Noor", Some("Schrijft.")),
            by("Marijke", Some("Meet.")),
        ];
        let posts: Vec<_> = posts.iter().collect();
        with_viewer(&sample::issue().masthead, |viewer| {
            let names = |posts: &[&Post]| {
                let found = viewer.contributors(posts).into_iter();
                found.map(|one| one.name).collect::<Vec<_>>()
            };
            assert_eq!(names(&posts), ["Sjoerd", "Marijke"]);
            assert_eq!(names(&posts[..4]), [""; 0], "one makes no list");
        });
    }
}
