//! What was repaired on the way from bytes to posts, said in short sentences, each kind once with a count.

use super::super::words;

/// Longest example in a sentence, in characters.
const MAX_EXAMPLE: usize = 40;

/// A kind of repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gather) enum Repair {
    Guessed,
    Recoded,
    Mojibake,
    Prefix,
    SecondDeclaration,
    BareAmpersand,
    HtmlEntity,
    UnknownEntity,
    BareLess,
    OpenTag,
    OpenComment,
    Unclosed,
    StrayEnd,
    TooDeep,
    UnknownPrefix,
    Wrapped,
    Json,
    OddDate,
    NoDate,
    GuidLink,
    Base64,
    MarkupAsText,
    Cut,
    LaidBack,
}

/// The repairs of one document.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::gather) struct Repairs(Vec<(Repair, String, usize)>);

impl Repairs {
    /// Notes one; the first example of a kind is kept.
    pub(in crate::gather) fn note(&mut self, kind: Repair, example: &str) {
        match self.0.iter_mut().find(|(known, _, _)| *known == kind) {
            Some((_, _, times)) => *times += 1,
            None => self
                .0
                .push((kind, words::shorten(&words::line(example), MAX_EXAMPLE), 1)),
        }
    }

    /// Adds those of another step.
    pub(in crate::gather) fn extend(&mut self, other: Repairs) {
        for (kind, example, times) in other.0 {
            match self.0.iter_mut().find(|(known, _, _)| *known == kind) {
                Some((_, _, known)) => *known += times,
                None => self.0.push((kind, example, times)),
            }
        }
    }

    /// A sentence a kind.
    pub(in crate::gather) fn sentences(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|(kind, example, times)| {
                let sentence = sentence(*kind, example);
                match times {
                    1 => sentence,
                    times => format!("{sentence} ({times} times)"),
                }
            })
            .collect()
    }
}

fn sentence(kind: Repair, example: &str) -> String {
    match kind {
        Repair::Guessed => {
            format!("nothing said how the bytes are to be read: they were read as {example}")
        }
        Repair::Recoded => {
            format!("the feed is not in the encoding that it names: it was read as {example}")
        }
        Repair::Mojibake => format!("text that was encoded twice was set right: `{example}`"),
        Repair::Prefix => "what stood before the feed was skipped".to_owned(),
        Repair::SecondDeclaration => "a second XML declaration was skipped".to_owned(),
        Repair::BareAmpersand => "a bare `&` was read as text".to_owned(),
        Repair::HtmlEntity => format!("`&{example};` was read as in HTML"),
        Repair::UnknownEntity => format!("the unknown reference `&{example};` was read as text"),
        Repair::BareLess => "a bare `<` was read as text".to_owned(),
        Repair::OpenTag => format!("a tag without its `>` was closed: `{example}`"),
        Repair::OpenComment => "a comment without an end was skipped".to_owned(),
        Repair::Unclosed => format!("`<{example}>` was not closed where it should be"),
        Repair::StrayEnd => format!("`</{example}>` closes nothing and was skipped"),
        Repair::TooDeep => "elements that nest deeper than 256 were left out".to_owned(),
        Repair::UnknownPrefix => {
            format!("the prefix `{example}:` is not declared and was read by habit")
        }
        Repair::Wrapped => "the feed stood inside other markup".to_owned(),
        Repair::Json => format!("a field is not as JSON Feed wants it: `{example}`"),
        Repair::OddDate => {
            format!("the date `{example}` is not in the feed's own form and was read all the same")
        }
        Repair::NoDate => format!("`{example}` could not be read as a date"),
        Repair::GuidLink => "a guid that is an address was taken as the link".to_owned(),
        Repair::Base64 => "text in base64 was unpacked".to_owned(),
        Repair::MarkupAsText => "markup stood unescaped in the text and was kept".to_owned(),
        Repair::Cut if example == "1" => {
            "the feed ends in the middle of an item: 1 whole item was kept".to_owned()
        }
        Repair::Cut => {
            format!("the feed ends in the middle of an item: {example} whole items were kept")
        }
        Repair::LaidBack => format!("the parser lost a field, which was laid back: {example}"),
    }
}
