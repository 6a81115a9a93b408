//! A text that is being rewritten, which still knows where each part of it stood in its file.

use std::ops::Range;

use super::super::Kind;
use super::Rewritten;
use crate::model::Diagnostic;

/// Of one file so many are told of: each is looked up in the whole text.
const MAX_TOLD: usize = 50;

/// A place in the text, and what shall stand there.
#[derive(Debug, PartialEq)]
pub(super) struct Edit {
    pub(super) at: Range<usize>,
    pub(super) with: String,
}

/// The text as it is now.
pub(super) struct Working<'w> {
    pub(super) text: String,
    pub(super) kind: Kind,
    whole: &'w str,
    /// Places of the text and of the whole file that belong together; between them both count alike.
    places: Vec<(usize, usize)>,
    left_out: Vec<Diagnostic>,
    /// Where the beginning ends, in the whole file.
    beginning: Option<usize>,
}

impl<'w> Working<'w> {
    pub(super) fn of(whole: &'w str, body: usize, kind: Kind) -> Self {
        Self {
            text: whole[body..].to_owned(),
            kind,
            whole,
            places: vec![(0, body)],
            left_out: Vec::new(),
            beginning: None,
        }
    }

    pub(super) fn finish(self, topics: Vec<String>) -> Rewritten {
        let beginning = self.beginning.map(|origin| {
            let at = self.places.iter().find(|(_, of_whole)| *of_whole >= origin);
            at.map_or(self.text.len(), |(here, _)| *here)
        });
        Rewritten {
            beginning,
            text: self.text,
            left_out: self.left_out,
            topics,
        }
    }

    /// Where a place of the text stands in the whole file.
    fn origin(&self, at: usize) -> usize {
        let before = self.places.partition_point(|(here, _)| *here <= at);
        let (here, of_whole) = self.places[before.saturating_sub(1)];
        of_whole + (at - here)
    }

    /// Makes edits, which are in order and do not overlap.
    pub(super) fn apply(&mut self, edits: Vec<Edit>) {
        if edits.is_empty() {
            return;
        }
        let mut text = String::with_capacity(self.text.len());
        let mut places = Vec::with_capacity(self.places.len() + 2 * edits.len());
        let mut from = 0;
        for edit in edits {
            if edit.at.start < from {
                continue;
            }
            self.keep(from..edit.at.start, &mut text, &mut places);
            places.push((text.len(), self.origin(edit.at.start)));
            text.push_str(&edit.with);
            from = edit.at.end;
        }
        self.keep(from..self.text.len(), &mut text, &mut places);
        self.text = text;
        self.places = places;
    }

    fn keep(&self, part: Range<usize>, text: &mut String, places: &mut Vec<(usize, usize)>) {
        places.push((text.len(), self.origin(part.start)));
        let first = self.places.partition_point(|(here, _)| *here <= part.start);
        let within = self.places[first..].iter();
        for (here, of_whole) in within.take_while(|(here, _)| *here < part.end) {
            places.push((text.len() + here - part.start, *of_whole));
        }
        text.push_str(&self.text[part]);
    }

    /// A fault at a place of the text, shown where it stands in the file.
    pub(super) fn at(&self, fault: Diagnostic, at: &Range<usize>) -> Diagnostic {
        let start = self.origin(at.start);
        fault.at_span(self.whole, start..start + at.len())
    }

    /// Tells that something is left out.
    pub(super) fn tell(&mut self, message: String, hint: &str, at: &Range<usize>) {
        if self.left_out.len() < MAX_TOLD {
            let told = self.at(Diagnostic::warning(message).hint(hint), at);
            self.left_out.push(told);
        }
    }

    /// Notes that the beginning ends here, unless it has ended.
    pub(super) fn end_beginning(&mut self, at: usize) {
        let origin = self.origin(at);
        self.beginning.get_or_insert(origin);
    }
}
