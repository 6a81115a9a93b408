//! Looks over what is about to be sealed, as a careful editor would: once more, from the reader's side.
//!
//! In go an issue and a rendered variant; out come errors, which stop the issue, and warnings, which are shown. Judges the
//! very bytes that are sealed, so that a user's own template is looked at like ours. Asks nobody: a link is judged by its
//! looks, not by fetching it.

mod images;
mod links;
mod posts;
mod reading;
mod sections;
mod sizes;

use std::collections::{BTreeMap, BTreeSet};

pub use posts::preflight_posts;

use super::OwnLines;
use super::markup::escape;
use super::palette::accent;
use super::prose::one_line;
use crate::model::{Diagnostic, Digest, Issue, Post, Slot, Variant};
use reading::Page;

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Preflight<'a> {
    /// The issue, about to be sealed.
    pub issue: &'a Issue,
    /// Which of its posts, and for whom.
    pub variant: &'a Variant,
    /// As it was rendered, with slots.
    pub digest: &'a Digest,
    /// What the schedule said in the place of rules.
    pub own: OwnLines<'a>,
    /// Bytes of pictures by their absolute address, where they are known.
    pub weights: &'a BTreeMap<String, u64>,
}

impl Preflight<'_> {
    /// Everything that is found, errors and warnings; nothing twice.
    pub fn look(&self) -> Vec<Diagnostic> {
        let page = self.digest.html.as_deref().map(Page::read);
        let mut found = sizes::of_lines(self);
        found.extend(self.accent());
        found.extend(sizes::of_parts(self));
        found.extend(self.leaving());
        found.extend(self.links(page.as_ref()));
        if let Some(page) = &page {
            found.extend(images::faults(page, self.weights));
            found.extend(sections::faults(page));
            found.extend(self.differences(page));
        }
        let mut once: Vec<Diagnostic> = Vec::new();
        for fault in found {
            if !once.contains(&fault) {
                once.push(fault);
            }
        }
        once
    }

    /// The variant's posts that the digest shows: those past its budget are only counted in it.
    fn shown(&self) -> impl Iterator<Item = &Post> {
        let base = &self.issue.masthead.url;
        let posts = self.issue.posts.iter();
        posts
            .filter(|(id, _)| self.variant.posts.contains(id))
            .map(|(_, post)| post)
            .filter(|post| self.digest.text.contains(&post.address(base)))
    }

    fn accent(&self) -> Option<Diagnostic> {
        let error = accent(&self.issue.masthead.accent).err()?;
        Some(Diagnostic::error(error.to_string()))
    }

    /// Every part must tell how to leave and who sends it.
    fn leaving(&self) -> Vec<Diagnostic> {
        let token = Slot::Unsubscribe.token(&self.issue.nonce);
        let address = &self.issue.masthead.address;
        let html = self.digest.html.iter().map(|html| ("HTML", html, true));
        let text = [("text", &self.digest.text, false)];
        let mut faults = Vec::new();
        for (name, part, is_html) in html.chain(text) {
            if !part.contains(&token) {
                faults.push(Diagnostic::error(format!(
                    "the {name} part has no unsubscribe link"
                )));
            }
            let words = part.split_whitespace().collect::<Vec<_>>().join(" ");
            let stands = words.contains(address) || (is_html && words.contains(&escape(address)));
            if !stands {
                faults.push(Diagnostic::error(format!(
                    "the {name} part lacks the sender's postal address, which the law demands"
                )));
            }
        }
        faults
    }

    fn links(&self, page: Option<&Page>) -> Vec<Diagnostic> {
        let tokens = self.tokens();
        let of_text = links::of_text(&self.digest.text);
        let of_page = page.map(Page::links).unwrap_or_default();
        of_page
            .union(&of_text)
            .filter(|link| !tokens.contains(*link))
            .filter_map(|link| links::judge(link, &self.issue.masthead.url))
            .collect()
    }

    /// The two parts say the same: a reader may see either, and filters compare them.
    fn differences(&self, page: &Page) -> Vec<Diagnostic> {
        let text = links::of_text(&self.digest.text);
        let tokens = self.tokens();
        let html = page.links().difference(&tokens).cloned().collect();
        let mut faults = Vec::new();
        for (one, other, has, lacks) in [
            (&html, &text, "HTML", "text"),
            (&text, &html, "text", "HTML"),
        ] {
            // An address that is words in the page is a link in every mail program.
            let is_missing = |link: &&String| lacks != "HTML" || !page.text.contains(link.as_str());
            if let Some(link) = one.difference(other).find(is_missing) {
                faults.push(
                    Diagnostic::warning(format!(
                        "the link `{link}` is in the {has} part and not in the {lacks} part"
                    ))
                    .hint(format!(
                        "`templates/digest/` makes both; {lacks} readers miss it"
                    )),
                );
            }
        }
        let words = one_line(&self.digest.text);
        let shown = one_line(&page.text);
        for post in self.shown() {
            let title = one_line(&post.title);
            for (part, name) in [(&words, "text"), (&shown, "HTML")] {
                if !part.contains(&title) {
                    faults.push(Diagnostic::warning(format!(
                        "the {name} part does not name “{title}”"
                    )));
                }
            }
        }
        faults
    }

    fn tokens(&self) -> BTreeSet<String> {
        let tokens = Slot::ALL.map(|slot| slot.token(&self.issue.nonce));
        tokens.into_iter().collect()
    }
}
