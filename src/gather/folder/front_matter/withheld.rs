//! Whether the front matter of a post keeps it from readers, and how long: drafts, days ahead, days past, and what is not
//! for everybody. All that is said counts, and the strictest wins. A word that may mean either is a fault: nothing is
//! mailed by guess.

use jiff::Timestamp;

use super::names::{Role, plain};
use super::tree::{Field, Node, Value};
use super::values::{Reader, switch_of};
use crate::gather::dates;
use crate::model::{Diagnostic, Hold};

/// States of a text that readers may see, as they are compared.
const OUT: &str = "published publish public live done final finished complete completed sent active posted released \
    online evergreen budding gepubliceerd klaar veröffentlicht publié";

/// States of a text that is not ready.
const NOT_YET: &str = "draft drafts pending pendingreview autodraft trash trashed deleted skip unpublished wip todo \
    inprogress inreview review needsreview notstarted idea planned backlog onhold ready offline concept \
    idee entwurf brouillon";

/// States of a text that waits for its day.
const ON_ITS_DAY: &str = "scheduled future gepland";

/// Words for a text that is not for everybody.
const NOT_FOR_ALL: &str = "private hidden unlisted members member paid tiers tier subscribers premium password \
    passwordprotected protected internal archived archive none";

/// Words for a text that is.
const FOR_ALL: &str = "public all everyone everybody open visible listed published";

/// What keeps a post from readers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::gather::folder) struct Withheld {
    pub(super) draft: bool,
    pub(super) private: bool,
    /// It waits for its day: a draft where no day is named.
    pub(super) on_its_day: bool,
    pub(in crate::gather::folder) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

impl Withheld {
    /// Why a post of this day waits now, if it does.
    pub(in crate::gather::folder) fn hold(
        &self,
        published: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Hold> {
        let from = self.from.max(published);
        if self.draft || self.on_its_day && from.is_none() {
            return Some(Hold::Draft);
        }
        if self.private {
            return Some(Hold::Private);
        }
        match (self.until, from) {
            (Some(until), _) if until <= now => Some(Hold::Expired(until)),
            (_, Some(from)) if from > now => Some(Hold::Until(from)),
            _ => None,
        }
    }

    /// A text in a folder of drafts is one, whatever it says.
    pub(in crate::gather::folder) fn into_draft(mut self) -> Self {
        self.draft = true;
        self
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            draft: self.draft || other.draft,
            private: self.private || other.private,
            on_its_day: self.on_its_day || other.on_its_day,
            from: self.from.max(other.from),
            until: match (self.until, other.until) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
        }
    }

    /// Takes one field, if it is of this kind.
    pub(super) fn take(
        &mut self,
        role: Role,
        field: &Field,
        reader: &Reader<'_>,
    ) -> Result<(), Box<Diagnostic>> {
        let node = &field.node;
        match role {
            Role::Draft => self.draft |= reader.switch(node)? == Some(true),
            Role::Public => self.private |= is_never(reader, node)?,
            Role::Private => self.private |= reader.switch(node)? == Some(true),
            Role::Password => self.private |= is_said(node),
            Role::Permalink => self.private |= is_text(node, "false"),
            Role::Build => self.private |= is_never_built(node),
            Role::From => self.from = self.from.max(reader.day(node)?),
            Role::Until => {
                let until = reader.day(node)?;
                *self = std::mem::take(self).and(Self {
                    until,
                    ..Self::default()
                });
            }
            Role::Published => self.published(reader, node)?,
            Role::Visibility => {
                for word in words(reader, node)? {
                    self.visibility(reader, node, &word)?;
                }
            }
            Role::Status => {
                for word in words(reader, node)? {
                    self.status(reader, node, &word)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `published` and `publish`: yes or no, or the day.
    fn published(&mut self, reader: &Reader<'_>, node: &Node) -> Result<(), Box<Diagnostic>> {
        let Some(text) = reader.line(node)? else {
            return Ok(());
        };
        match switch_of(&text) {
            Some(flag) => self.draft |= !flag,
            None if dates::instant_in(&text, reader.zone).is_none() && !dates::says_none(&text) => {
                let message = format!("`{text}` is not true, false or a date");
                return Err(Box::new(reader.fault(node, message)));
            }
            None => self.from = self.from.max(reader.day(node)?),
        }
        Ok(())
    }

    fn visibility(
        &mut self,
        reader: &Reader<'_>,
        node: &Node,
        word: &str,
    ) -> Result<(), Box<Diagnostic>> {
        match plain(word) {
            known if has(FOR_ALL, &known) => {}
            known if has(NOT_FOR_ALL, &known) => self.private = true,
            known if has(NOT_YET, &known) => self.draft = true,
            _ => {
                let message = format!("`{word}` says neither public nor private");
                let fault = reader.fault(node, message);
                return Err(Box::new(fault.hint("write `public` or `private`")));
            }
        }
        Ok(())
    }

    fn status(
        &mut self,
        reader: &Reader<'_>,
        node: &Node,
        word: &str,
    ) -> Result<(), Box<Diagnostic>> {
        match plain(word) {
            known if has(OUT, &known) => {}
            known if has(NOT_YET, &known) => self.draft = true,
            known if has(ON_ITS_DAY, &known) => self.on_its_day = true,
            known if has(NOT_FOR_ALL, &known) => self.private = true,
            _ => {
                let message = format!("`{word}` says neither published nor draft");
                let fault = reader.fault(node, message);
                return Err(Box::new(fault.hint("write `published` or `draft`")));
            }
        }
        Ok(())
    }
}

fn has(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

fn words(reader: &Reader<'_>, node: &Node) -> Result<Vec<String>, Box<Diagnostic>> {
    let labels = reader.labels(node)?;
    let words = labels.iter().map(|label| label.trim().to_owned());
    Ok(words.filter(|word| !word.is_empty()).collect())
}

/// `false`, or Hugo's `never`.
fn is_never(reader: &Reader<'_>, node: &Node) -> Result<bool, Box<Diagnostic>> {
    match &node.value {
        Value::Text(text) if matches!(text.trim(), "never" | "always" | "link" | "local") => {
            Ok(text.trim() == "never")
        }
        _ => Ok(reader.switch(node)? == Some(false)),
    }
}

fn is_never_built(node: &Node) -> bool {
    let Value::Fields(fields) = &node.value else {
        return false;
    };
    fields.iter().any(|field| {
        let is_kept_out = is_text(&field.node, "never") || is_text(&field.node, "false");
        matches!(plain(&field.key).as_str(), "render" | "list") && is_kept_out
    })
}

fn is_text(node: &Node, expected: &str) -> bool {
    matches!(&node.value, Value::Text(text) if text.trim().eq_ignore_ascii_case(expected))
}

fn is_said(node: &Node) -> bool {
    match &node.value {
        Value::Nothing => false,
        Value::Text(text) => !text.trim().is_empty() && switch_of(text) != Some(false),
        _ => true,
    }
}
