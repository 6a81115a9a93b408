//! The fields that a person writes above a post: YAML between `---` lines or TOML between `+++` lines.
//!
//! Unknown fields are ignored, since folders are shared with site generators. A known field that cannot be what it
//! should be is a fault with its place: a post whose date cannot be read must not go out today.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use url::Url;

use crate::gather::dates;
use crate::model::{Diagnostic, Language};

/// The known fields, as written.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct FrontMatter {
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) date: Option<Day>,
    pub(super) author: Option<Person>,
    pub(super) bio: Option<String>,
    #[serde(alias = "lang")]
    pub(super) language: Option<Tag>,
    pub(super) topics: Option<Labels>,
    pub(super) tags: Option<Labels>,
    pub(super) categories: Option<Labels>,
    pub(super) summary: Option<String>,
    pub(super) description: Option<String>,
    pub(super) image: Option<String>,
    pub(super) image_alt: Option<String>,
    pub(super) draft: Option<Switch>,
    pub(super) lead: Option<Switch>,
    pub(super) slug: Option<String>,
    pub(super) link: Option<Address>,
    pub(super) call_to_action: Option<Call>,
}

/// A date in any form that people write.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Day(pub(super) Timestamp);

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Switch(pub(super) bool);

/// A language tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tag(pub(super) Language);

/// An absolute http(s) address.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Address(pub(super) String);

/// One label or several: `a`, `a, b` or a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Labels(pub(super) Vec<String>);

/// A name, or a name with more.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) role: Option<String>,
    pub(super) bio: Option<String>,
    pub(super) photo: Option<String>,
}

/// What a post asks of its reader.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Call {
    pub(super) text: String,
    pub(super) label: Option<String>,
    pub(super) url: Option<Address>,
}

/// How the fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Yaml,
    Toml,
}

/// Takes the front matter off a text; gives the fields and where the text begins.
pub(super) fn split(text: &str) -> Result<(FrontMatter, usize), Box<Diagnostic>> {
    let (fence, syntax) = match text {
        text if fenced(text, "---") => ("---", Syntax::Yaml),
        text if fenced(text, "+++") => ("+++", Syntax::Toml),
        _ => return Ok((FrontMatter::default(), 0)),
    };
    let start = text.find('\n').map_or(text.len(), |end| end + 1);
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if line.trim_end() == fence {
            let fields = parse(text, start..at, syntax)?;
            return Ok((fields, at + line.len()));
        }
        at += line.len();
    }
    let fault = Diagnostic::error(format!(
        "the front matter is not closed by a line `{fence}`"
    ))
    .at_span(text, 0..fence.len())
    .hint("to begin a text with a rule, put an empty line above it");
    Err(Box::new(fault))
}

fn fenced(text: &str, fence: &str) -> bool {
    text.lines()
        .next()
        .is_some_and(|line| line.trim_end() == fence)
}

/// Parses the fields that stand at `range` of `text`; a fault has its place in the whole text.
pub(super) fn parse(
    text: &str,
    range: Range<usize>,
    syntax: Syntax,
) -> Result<FrontMatter, Box<Diagnostic>> {
    let fields = &text[range.clone()];
    if fields.trim().is_empty() {
        return Ok(FrontMatter::default());
    }
    match syntax {
        Syntax::Toml => {
            toml::from_str(fields).map_err(|error| Box::new(toml_fault(&error, text, range.start)))
        }
        Syntax::Yaml => serde_saphyr::from_str(fields)
            .map_err(|error| Box::new(yaml_fault(&error, text, range.start))),
    }
}

fn toml_fault(error: &toml::de::Error, text: &str, start: usize) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    Diagnostic::error(one_clause(error.message()))
        .at_span(text, start + span.start..start + span.end)
}

fn yaml_fault(error: &serde_saphyr::Error, text: &str, start: usize) -> Diagnostic {
    let fault = Diagnostic::error(one_clause(&error.without_snippet().to_string()));
    let Some(place) = error.location() else {
        return fault.at_span(text, start..start);
    };
    let before = text[..start].matches('\n').count();
    let line = before + usize::try_from(place.line()).unwrap_or(1);
    let column = usize::try_from(place.column()).unwrap_or(1);
    let mut fault = fault.at(text, line, column);
    fault.length = length_at(fault.line_text.as_deref().unwrap_or_default(), column);
    match fault.message.starts_with("mapping values") {
        true => fault.hint("a value with `: ` in it stands in quotes"),
        false => fault,
    }
}

/// The value under the caret: to the end of the line, without a comment.
fn length_at(line: &str, column: usize) -> usize {
    let rest: String = line.chars().skip(column.saturating_sub(1)).collect();
    let value = rest.split(" #").next().unwrap_or_default().trim_end();
    value.chars().count().max(1)
}

/// A library's message as one lower-case clause: first line, no place (we show it), no full stop.
fn one_clause(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default().trim();
    let first = first.split(" at line ").next().unwrap_or(first);
    let first = first.split(": ").next().map_or(first, |head| match head {
        // "error: line 2 column 7: what is wrong" and the like.
        head if head.starts_with("error") || head.starts_with("line ") => {
            first.rsplit(": ").next().unwrap_or(first)
        }
        _ => first,
    });
    match first.trim_end_matches('.') {
        "expected string scalar" => "this is not a line of text".to_owned(),
        other => other.to_owned(),
    }
}

struct Expect<T> {
    what: &'static str,
    make: fn(&str) -> Option<T>,
}

impl<'de, T> Visitor<'de> for Expect<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.make)(text).ok_or_else(|| E::custom(format!("`{text}` is not {}", self.what)))
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<T, E> {
        self.visit_str(if flag { "true" } else { "false" })
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    /// A date of TOML, which comes as a map with a private key.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let date = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))
            .map_err(|_| A::Error::custom(format!("this is not {}", self.what)))?;
        self.visit_str(&date.to_string())
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Expect {
            what: "a date such as 2026-11-02 or 2026-11-02T08:00:00+01:00",
            make: |text| dates::instant(text).map(Self),
        })
    }
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Expect {
            what: "true or false",
            make: |text| match text.to_lowercase().as_str() {
                "true" | "yes" | "ja" => Some(Self(true)),
                "false" | "no" | "nee" => Some(Self(false)),
                _ => None,
            },
        })
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Expect {
            what: "a language such as nl or en",
            make: |text| Language::parse(text).ok().map(Self),
        })
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Expect {
            what: "an address that begins with https://",
            make: |text| {
                let url = Url::parse(text.trim()).ok()?;
                matches!(url.scheme(), "http" | "https").then(|| Self(url.into()))
            },
        })
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Labels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a list of words")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Labels, E> {
                Ok(Labels(text.split(',').map(str::to_owned).collect()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Labels, A::Error> {
                let mut labels = Vec::new();
                while let Some(label) = list.next_element::<String>()? {
                    labels.push(label);
                }
                Ok(Labels(labels))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

impl<'de> Deserialize<'de> for Person {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            name: String,
            role: Option<String>,
            bio: Option<String>,
            photo: Option<String>,
        }
        struct NameOrMore;
        impl<'de> Visitor<'de> for NameOrMore {
            type Value = Person;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or `name`, `role`, `bio` and `photo`")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Person, E> {
                Ok(Person {
                    name: name.to_owned(),
                    ..Person::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Person, A::Error> {
                let Fields {
                    name,
                    role,
                    bio,
                    photo,
                } = Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Person {
                    name,
                    role,
                    bio,
                    photo,
                })
            }
        }
        deserializer.deserialize_any(NameOrMore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_syntaxes_give_the_same_fields() {
        let yaml = "---\ntitle: Eerlijk\ndate: 2026-11-02\nauthor:\n  name: Zoë\n  bio: Schrijft.\ntags: [a, b]\n\
                    draft: true\nonbekend: 3\ncall_to_action:\n  text: Meld je aan\n  url: https://example.nl/\n---\nTekst";
        let toml = "+++\ntitle = \"Eerlijk\"\ndate = 2026-11-02\ntags = [\"a\", \"b\"]\ndraft = true\nonbekend = 3\n\
                    [author]\nname = \"Zoë\"\nbio = \"Schrijft.\"\n[call_to_action]\ntext = \"Meld je aan\"\n\
                    url = \"https://example.nl/\"\n+++\nTekst";
        let (fields, at) = split(yaml).unwrap();
        assert_eq!(&yaml[at..], "Tekst");
        assert_eq!(fields.date.unwrap().0.to_string(), "2026-11-02T00:00:00Z");
        assert_eq!(fields.author.as_ref().unwrap().name, "Zoë");
        let (same, at) = split(toml).unwrap();
        assert_eq!(&toml[at..], "Tekst");
        assert_eq!(fields, same);
    }

    #[test]
    fn a_text_without_front_matter_is_left_alone() {
        assert_eq!(split("Tekst\n---\n").unwrap().1, 0);
        assert_eq!(split("").unwrap().1, 0);
        assert_eq!(split("---\n---\nTekst").unwrap().1, 8);
    }

    #[test]
    fn simple_forms_are_understood() {
        let (fields, _) =
            split("---\nauthor: Jan\ntopics: kassa, gevel\ndate: 2 nov 2026\ntitle:\n---\n")
                .unwrap();
        assert_eq!(fields.author.unwrap().name, "Jan");
        assert_eq!(fields.topics.unwrap().0, ["kassa", " gevel"]);
        assert_eq!(fields.title, None);
        assert!(fields.date.is_some());
    }
}
