//! Who wrote an issue, each once.
//!
//! In go the posts that are shown; out come those authors of whom there is more to say than the name that stands with
//! their story. The lead's author is left out where the lead tells it already.

use serde::Serialize;

use super::picture::portrait;
use super::prose::{excerpt, one_line};
use super::view::{STORY_WORDS, Viewer};
use crate::model::{Author, Post};

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

impl Viewer<'_> {
    /// The contributors of these posts, in their order; none where there would be too few.
    pub fn contributors(&self, posts: &[&Post]) -> Vec<Contributor> {
        let lead = posts.first().and_then(|post| post.author.as_ref());
        let told = lead.map(|author| one_line(&author.name));
        let mut found: Vec<Contributor> = Vec::new();
        for author in posts.iter().filter_map(|post| post.author.as_ref()) {
            let Some(contributor) = self.contributor(author) else {
                continue;
            };
            let known = found.iter().any(|known| known.name == contributor.name);
            if !known && told.as_ref() != Some(&contributor.name) {
                found.push(contributor);
            }
        }
        found.truncate(MAX_CONTRIBUTORS);
        if found.len() < MIN_CONTRIBUTORS {
            found.clear();
        }
        found
    }

    fn contributor(&self, author: &Author) -> Option<Contributor> {
        let bio = excerpt(author.bio.as_deref()?, STORY_WORDS);
        let role = author.role.as_deref().map(one_line);
        let photo = author.photo.as_deref();
        (!bio.is_empty()).then(|| Contributor {
            name: one_line(&author.name),
            role: role.filter(|role| !role.is_empty()),
            bio,
            photo: photo.and_then(|photo| portrait(photo, &self.masthead.url)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::sample;
    use crate::compose::view::tests::with_viewer;

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
