//! The variants of one issue become digests, and what they have in common is made once.
//!
//! In go an issue and its variants, one after the other; out come the digests that [`Composer::digest`] makes, byte for
//! byte. For each language it keeps what an issue's every variant sees, each story's view, and each story as HTML with its
//! styles and as wrapped text, where the templates let stories be told apart. Nothing outlives the issue.

mod asks;
pub(super) mod frames;
mod story;

use std::collections::BTreeMap;

use handlebars::{Context, Template};
use serde::Serialize;
use serde_json::Value;

use super::contributors::{Contributor, listed};
use super::digest::{self, Chosen, OwnLines, Parts};
use super::error::Error;
use super::inlining::Laid;
use super::outline::{Form, Outline};
use super::press::Press;
use super::prose::Wrapped;
use super::view::{More, Viewer};
use super::{Composer, Language};
use crate::model::{Digest, Format, Issue, Post, Slot, Variant};
use frames::{HTML, TEXT};
use story::{Key, Story};

/// Makes the digests of one issue.
pub struct Digests<'a> {
    composer: &'a Composer,
    issue: &'a Issue,
    kept: BTreeMap<Language, Kept<'a>>,
}

/// What the variants of an issue in one language have in common.
struct Kept<'a> {
    press: &'a Press,
    viewer: Viewer<'a>,
    /// What the templates see. What differs from variant to variant is set anew for each.
    context: Context,
    /// Whether each post has a picture for its story in a section.
    thumbnails: Vec<bool>,
    /// Each post's author, where there is more to say than the name.
    contributors: Vec<Option<Contributor>>,
    stories: BTreeMap<Key, Story>,
    html: Option<Template>,
    text: Option<Template>,
    /// What the marks begin with.
    mark: String,
    /// The stories with their styles.
    laid: Laid<Key>,
}

impl Composer {
    /// Composes the variants of one issue, quicker than each for itself.
    pub fn digests<'a>(&'a self, issue: &'a Issue) -> Digests<'a> {
        Digests {
            composer: self,
            issue,
            kept: BTreeMap::new(),
        }
    }
}

impl Digests<'_> {
    /// Renders a variant of the issue. `earlier` are the subjects that are taken.
    ///
    /// # Errors
    /// As [`Composer::digest`].
    pub fn digest(
        &mut self,
        variant: &Variant,
        own: &OwnLines<'_>,
        earlier: &[String],
    ) -> Result<Digest, Error> {
        let press = self.composer.press_for(self.issue, variant);
        let language = &press.words.language;
        // Not put back where the variant fails: it may be half set.
        let mut kept = match self.kept.remove(language) {
            Some(kept) => kept,
            None => Kept::new(press, self.issue)?,
        };
        let parts = |posts: &[Chosen], shown, lines: &[String; 2]| {
            kept.parts(posts, shown, lines, variant.format)
        };
        let digest = digest::made(press, self.issue, variant, own, earlier, parts)?;
        self.kept.insert(language.clone(), kept);
        Ok(digest)
    }
}

impl<'a> Kept<'a> {
    fn new(press: &'a Press, issue: &'a Issue) -> Result<Self, Error> {
        let viewer = Viewer::new(&press.words, &issue.masthead, Some(issue.date));
        let view = digest::view(press, issue, &[], 0, <[String; 2]>::default())?;
        let context = digest::context(press, &view)?;
        let posts = || issue.posts.iter().map(|(_, post)| post);
        Ok(Self {
            thumbnails: posts().map(|post| viewer.has_thumbnail(post)).collect(),
            contributors: posts().map(|post| viewer.contributor(post)).collect(),
            stories: BTreeMap::new(),
            html: press.frame(HTML, &context),
            text: press.frame(TEXT, &context),
            mark: frames::mark_of(&Slot::Greeting.token(&issue.nonce)),
            laid: Laid::default(),
            press,
            viewer,
            context,
        })
    }

    /// The parts of a variant that shows the first of these posts.
    fn parts(
        &mut self,
        posts: &[Chosen],
        shown: usize,
        lines: &[String; 2],
        format: Format,
    ) -> Result<Parts, Error> {
        let has_thumbnail = |post: Chosen| self.thumbnails[post.at];
        let outline = self.viewer.outline(&posts[..shown], has_thumbnail)?;
        for (post, form) in outline.stories() {
            self.tell(post, form, format)?;
        }
        self.set(&outline, posts, shown, lines)?;
        let html = match format {
            Format::Html => Some(self.html(&outline)),
            Format::Text => None,
        };
        let text = self.text(&outline);
        self.take_back(&outline);
        Ok((html.transpose()?, text?))
    }

    /// Makes a story's view, and tells it apart where that can be done.
    fn tell(&mut self, post: Chosen, form: Form, format: Format) -> Result<(), Error> {
        let key = (post.at, form);
        if !self.stories.contains_key(&key) {
            let view = value(self.press, &self.viewer.story_in(form, post.post)?)?;
            self.stories.insert(key, Story::new(view));
        }
        let Some(story) = self.stories.get_mut(&key) else {
            return Ok(());
        };
        story.tell(form, format, self.press, &mut self.context);
        Ok(())
    }

    /// Sets all that differs from variant to variant.
    fn set(
        &mut self,
        outline: &Outline<Chosen>,
        posts: &[Chosen],
        shown: usize,
        [subject, preheader]: &[String; 2],
    ) -> Result<(), Error> {
        let shown_posts: Vec<&Post> = posts[..shown].iter().map(|post| post.post).collect();
        let found = posts[..shown].iter();
        let found = found.filter_map(|post| self.contributors[post.at].as_ref());
        let contributors = listed(shown_posts.first().copied(), found);
        let portraits = contributors.iter().any(|one| one.has_portrait());
        let contributors = value(self.press, &contributors)?;
        let call = value(self.press, &self.viewer.call(&shown_posts)?)?;
        let more = value(self.press, &More::of(posts.len(), shown))?;
        let mut take = |post: Chosen, form| match self.stories.get_mut(&(post.at, form)) {
            Some(story) => story.view.take(),
            None => Value::Null,
        };
        let lead = outline.lead.map(|post| take(post, Form::Lead));
        let sections = outline.sections.iter().map(|section| {
            let stories = section.stories.iter();
            let stories: Vec<Value> = stories.map(|(post, form)| take(*post, *form)).collect();
            serde_json::json!({ "label": section.label, "stories": stories })
        });
        let sections = sections.collect();
        let data = self.context.data_mut();
        data["subject"] = subject.as_str().into();
        data["preheader"] = preheader.as_str().into();
        data["issue"]["count"] = posts.len().into();
        data["lead"] = lead.unwrap_or_default();
        data["sections"] = Value::Array(sections);
        data["call"] = call;
        data["contributors"] = contributors;
        data["portraits"] = portraits.into();
        data["more"] = more;
        Ok(())
    }

    /// Puts the views of the stories back.
    fn take_back(&mut self, outline: &Outline<Chosen>) {
        let data = self.context.data_mut();
        let mut views = vec![data["lead"].take()];
        for section in data["sections"].as_array_mut().into_iter().flatten() {
            let stories = section["stories"].as_array_mut().into_iter().flatten();
            views.extend(stories.map(Value::take));
        }
        for ((post, form), view) in outline.stories().zip(views) {
            if let Some(story) = self.stories.get_mut(&(post.at, form)) {
                story.view = view;
            }
        }
    }

    fn html(&mut self, outline: &Outline<Chosen>) -> Result<String, Error> {
        match self.laid_html(outline) {
            Some(html) => Ok(html),
            None => digest::html(self.press, &self.context),
        }
    }

    /// The HTML of its frame and of the stories told apart.
    fn laid_html(&mut self, outline: &Outline<Chosen>) -> Option<String> {
        let frame = self.html.as_ref()?;
        let page = self.press.print_frame(HTML, frame, &self.context)?;
        let (stories, inliner) = (&self.stories, &self.press.inliner);
        let find = |place: &str| {
            let key = outline.at(place)?;
            Some((key, stories.get(&key)?.html()?))
        };
        inliner.inline_with(&page, &self.mark, &mut self.laid, find)
    }

    fn text(&self, outline: &Outline<Chosen>) -> Result<String, Error> {
        match self.laid_text(outline) {
            Some(text) => Ok(text),
            None => digest::text(self.press, &self.context),
        }
    }

    fn laid_text(&self, outline: &Outline<Chosen>) -> Option<String> {
        let frame = self.text.as_ref()?;
        let text = self.press.print_frame(TEXT, frame, &self.context)?;
        let mut made = Wrapped::new(digest::COLUMNS, text.len() * 2);
        let mut marks = 0;
        for line in text.lines() {
            match line.strip_prefix(&self.mark) {
                Some(place) => {
                    let key = outline.at(place.strip_prefix(' ')?)?;
                    made.lay(self.stories.get(&key)?.text()?);
                    marks += 1;
                }
                None => made.push(line),
            }
        }
        // A mark within a line has been overlooked.
        (marks == text.matches(&self.mark).count()).then(|| made.end())
    }
}

fn value(press: &Press, view: &impl Serialize) -> Result<Value, Error> {
    Ok(digest::context(press, view)?.data_mut().take())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::{Overrides, sample};

    /// A variant of all posts.
    fn whole(issue: &Issue) -> Variant {
        Variant {
            posts: issue.posts.iter().map(|(id, _)| *id).collect(),
            language: issue.masthead.language.clone(),
            format: Format::Html,
        }
    }

    /// Tells the stories of these posts, and sets all for a variant that shows so many.
    fn set(kept: &mut Kept, posts: &[Chosen], shown: usize, lines: &[String; 2]) {
        let outline = outline(kept, &posts[..shown]);
        for (post, form) in outline.stories() {
            kept.tell(post, form, Format::Html).unwrap();
        }
        kept.set(&outline, posts, shown, lines).unwrap();
    }

    fn outline<'a>(kept: &Kept, posts: &[Chosen<'a>]) -> Outline<Chosen<'a>> {
        let has_thumbnail = |post: Chosen| kept.viewer.has_thumbnail(post.post);
        kept.viewer.outline(posts, has_thumbnail).unwrap()
    }

    #[test]
    fn templates_see_of_a_variant_what_they_see_of_it_alone() {
        let composer = Composer::new(&Overrides::default()).unwrap();
        for issue in sample::issues().unwrap() {
            let press = composer.press_for(&issue, &whole(&issue));
            let mut kept = Kept::new(press, &issue).unwrap();
            let all = digest::chosen(&issue, &whole(&issue)).unwrap();
            for first in (0..all.len()).chain([0]) {
                let posts = &all[first..];
                for shown in [posts.len(), 1] {
                    let lines = [format!("s{first}"), format!("p{shown}")];
                    set(&mut kept, posts, shown, &lines);
                    let alone: Vec<&Post> = posts.iter().map(|post| post.post).collect();
                    let view = digest::view(press, &issue, &alone, shown, lines).unwrap();
                    let seen = serde_json::to_string(kept.context.data()).unwrap();
                    assert_eq!(seen, serde_json::to_string(&view).unwrap());
                    kept.take_back(&outline(&kept, &posts[..shown]));
                }
            }
        }
    }

    #[test]
    fn the_stories_of_our_own_templates_are_told_apart() {
        let composer = Composer::new(&Overrides::default()).unwrap();
        for issue in sample::issues().unwrap() {
            let press = composer.press_for(&issue, &whole(&issue));
            let mut kept = Kept::new(press, &issue).unwrap();
            let posts = digest::chosen(&issue, &whole(&issue)).unwrap();
            let lines = ["s", "p"].map(str::to_owned);
            set(&mut kept, &posts, posts.len(), &lines);
            let html = digest::html(press, &kept.context).unwrap();
            let text = digest::text(press, &kept.context).unwrap();
            let outline = outline(&kept, &posts);
            assert_eq!(kept.laid_html(&outline), Some(html));
            assert_eq!(kept.laid_text(&outline), Some(text));
        }
    }

    #[test]
    fn a_story_that_asks_for_more_is_not() {
        let own = "<tr><td>{{title}}{{@index}}</td></tr>\n".to_owned();
        let own = Overrides([("digest/story.hbs".to_owned(), own)].into());
        let composer = Composer::new(&own).unwrap();
        let [issue, ..] = sample::issues().unwrap();
        let press = composer.press_for(&issue, &whole(&issue));
        let mut kept = Kept::new(press, &issue).unwrap();
        let posts = digest::chosen(&issue, &whole(&issue)).unwrap();
        set(&mut kept, &posts, posts.len(), &<[String; 2]>::default());
        for ((_, form), story) in &kept.stories {
            let apart = (story.html().is_some(), story.text().is_some());
            assert_eq!(apart, (*form == Form::Lead, true));
        }
    }
}
