//! Where each story of a digest stands, and in which form it is told.
//!
//! In go the posts that are shown; out come a lead and sections with their headings. Pictures in a section are an accent:
//! never two in a row.

use super::sections::arrange;
use super::view::Viewer;
use super::words::WordsError;
use crate::model::Post;

/// How a story is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// At the top, with all there is.
    Lead,
    /// In a section, with a small picture.
    Pictured,
    /// In a section, in words alone.
    Plain,
}

/// The order of a digest's stories.
pub(super) struct Outline<P> {
    pub lead: Option<P>,
    pub sections: Vec<OutlineSection<P>>,
}

/// Stories under one heading.
pub(super) struct OutlineSection<P> {
    pub label: Option<String>,
    pub stories: Vec<(P, Form)>,
}

impl<P: Copy> Outline<P> {
    /// All stories, from the top.
    pub fn stories(&self) -> impl Iterator<Item = (P, Form)> {
        let lead = self.lead.map(|lead| (lead, Form::Lead));
        let sections = self.sections.iter();
        let rest = sections.flat_map(|section| section.stories.iter().copied());
        lead.into_iter().chain(rest)
    }
}

impl Viewer<'_> {
    /// Arranges posts. `has_thumbnail` says of which there is a picture to show in a section.
    pub fn outline<'p, P: Copy + Into<&'p Post>>(
        &self,
        posts: &[P],
        has_thumbnail: impl Fn(P) -> bool,
    ) -> Result<Outline<P>, WordsError> {
        let (lead, rest) = match posts.split_first() {
            Some((lead, rest)) => (Some(*lead), rest),
            None => (None, posts),
        };
        let arranged = arrange(rest);
        let several = arranged.len() > 1;
        let mut sections = Vec::with_capacity(arranged.len());
        for section in arranged {
            sections.push(OutlineSection {
                label: match section.topic {
                    Some(topic) => Some(topic.label()),
                    None if several => Some(self.words.say("section-rest", &[])?),
                    None => None,
                },
                stories: in_forms(&section.posts, &has_thumbnail),
            });
        }
        Ok(Outline { lead, sections })
    }
}

/// The posts of a section with the form of each.
pub(super) fn in_forms<P: Copy>(posts: &[P], has_thumbnail: impl Fn(P) -> bool) -> Vec<(P, Form)> {
    let mut above = false;
    let form = |post: &P| {
        above = !above && has_thumbnail(*post);
        let form = if above { Form::Pictured } else { Form::Plain };
        (*post, form)
    };
    posts.iter().map(form).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_two_pictures_in_a_row() {
        let forms = |has: &[bool]| {
            let forms = in_forms(has, |has| has).into_iter();
            forms
                .map(|(_, form)| form == Form::Pictured)
                .collect::<Vec<_>>()
        };
        assert_eq!(forms(&[true; 4]), [true, false, true, false]);
        assert_eq!(
            forms(&[false, true, true, false, true]),
            [false, true, false, false, true]
        );
    }
}
