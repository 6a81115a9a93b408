//! One reader's copy of a variant: a few words of its own, and the rest by reference to the stencil.
//!
//! It goes to the network in slices, never put together; the same copy gives the same bytes for ever.

use std::fmt;
use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;

use super::stencil::Plate;

/// A message for one reader, with CRLF line ends and no line that opens with a dot.
#[derive(Debug)]
pub struct Message {
    plate: Arc<Plate>,
    /// What stands above all other headers.
    signatures: String,
    own: String,
    spans: Vec<Span>,
    /// The first span of the body.
    head: usize,
    octets: usize,
}

/// A stretch of a message.
#[derive(Debug, Clone)]
pub(super) enum Span {
    /// A piece of the stencil.
    Shared(usize),
    /// A range of the copy's own words.
    Own(Range<usize>),
}

impl Message {
    pub(super) fn new(plate: Arc<Plate>, own: String, spans: Vec<Span>, head: usize) -> Self {
        Self {
            octets: plate.octets() + own.len(),
            plate,
            signatures: String::new(),
            own,
            spans,
            head,
        }
    }

    /// Octets of the message as it goes over the wire, without the final dot.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Puts header lines above all others: signatures are made last and stand first.
    pub(super) fn sign(&mut self, signatures: String) {
        self.octets = self.octets - self.signatures.len() + signatures.len();
        self.signatures = signatures;
    }

    /// The message in slices, in order.
    pub(super) fn slices<'a>(&'a self, slices: &mut Vec<IoSlice<'a>>) {
        if !self.signatures.is_empty() {
            slices.push(IoSlice::new(self.signatures.as_bytes()));
        }
        slices.extend(self.texts().map(|text| IoSlice::new(text.as_bytes())));
    }

    /// The headers without signatures.
    pub(super) fn head(&self) -> String {
        self.spans[..self.head]
            .iter()
            .map(|s| self.text(s))
            .collect()
    }

    /// The body, piece by piece: what a signature sees of the shared pieces, and the copy's own as they are.
    pub(super) fn body(&self) -> impl Iterator<Item = Stretch<'_>> {
        self.spans[self.head..].iter().map(|span| match span {
            Span::Shared(at) => Stretch::Relaxed(self.plate.relaxed(*at)),
            Span::Own(range) => Stretch::Raw(&self.own[range.clone()]),
        })
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.spans.iter().map(|span| self.text(span))
    }

    fn text(&self, span: &Span) -> &str {
        match span {
            Span::Shared(at) => self.plate.shared(*at),
            Span::Own(range) => &self.own[range.clone()],
        }
    }
}

/// A stretch of a body: whole lines.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stretch<'a> {
    /// In the canonical form already.
    Relaxed(&'a str),
    Raw(&'a str),
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signatures)?;
        self.texts().try_for_each(|text| f.write_str(text))
    }
}
