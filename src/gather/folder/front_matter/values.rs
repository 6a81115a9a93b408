//! What single values of front matter say: a line, yes or no, a day, a person, a picture. A value that cannot be what it
//! should be is a fault with its place.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use url::Url;

use super::names::plain;
use super::tree::{Field, Node, Value};
use super::{Call, Person};
use crate::gather::{dates, prose};
use crate::model::{Diagnostic, Language};

/// Yes and no, in the languages of the programs and people that write them.
const YES: [&str; 9] = ["true", "yes", "on", "1", "y", "ja", "oui", "waar", "wahr"];
const NO: [&str; 10] = [
    "false", "no", "off", "0", "n", "nee", "nein", "non", "onwaar", "falsch",
];

/// What Eleventy takes for the date of a file: to us it is none.
const FILE_DATES: [&str; 4] = [
    "created",
    "last modified",
    "git created",
    "git last modified",
];

/// Marks of templates: a value that still has them was never filled in.
const UNFILLED: [&str; 3] = ["{{", "{%", "<%"];

/// Reads values of one file.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) zone: &'a TimeZone,
}

type Read<T> = Result<T, Box<Diagnostic>>;

impl Reader<'_> {
    /// A line of text; an empty one is none.
    pub(super) fn line(&self, node: &Node) -> Read<Option<String>> {
        match &node.value {
            Value::Nothing => Ok(None),
            Value::Text(text) if UNFILLED.iter().any(|mark| text.contains(mark)) => Err(self
                .fault(node, "this was never filled in by its template")
                .hint("write what should stand there")
                .into()),
            Value::Text(text) => Ok(Some(text.clone()).filter(|text| !text.trim().is_empty())),
            _ => Err(self.fault(node, "this is not a line of text").into()),
        }
    }

    /// Yes or no; nothing is neither.
    pub(super) fn switch(&self, node: &Node) -> Read<Option<bool>> {
        let Some(text) = self.line(node)? else {
            return Ok(None);
        };
        match switch_of(&text) {
            Some(flag) => Ok(Some(flag)),
            None => Err(self
                .fault(node, format!("`{text}` is not true or false"))
                .into()),
        }
    }

    /// An instant; what stands for no date is none.
    pub(super) fn day(&self, node: &Node) -> Read<Option<Timestamp>> {
        let Some(text) = self.line(node)? else {
            return Ok(None);
        };
        if FILE_DATES.contains(&text.trim().to_lowercase().as_str()) || dates::says_none(&text) {
            return Ok(None);
        }
        match dates::instant_in(&text, self.zone) {
            Some(instant) => Ok(Some(instant).filter(|instant| !dates::is_none(*instant))),
            None => Err(self
                .fault(
                    node,
                    format!(
                        "`{text}` is not a date such as 2026-11-02 or 2026-11-02T08:00:00+01:00"
                    ),
                )
                .into()),
        }
    }

    pub(super) fn language(&self, node: &Node) -> Read<Option<Language>> {
        let Some(text) = self.line(node)? else {
            return Ok(None);
        };
        match Language::parse(&text) {
            Ok(language) => Ok(Some(language)),
            Err(_) => Err(self
                .fault(node, format!("`{text}` is not a language such as nl or en"))
                .into()),
        }
    }

    pub(super) fn address(&self, node: &Node) -> Read<Option<String>> {
        let Some(text) = self.line(node)? else {
            return Ok(None);
        };
        match Url::parse(text.trim()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url.into())),
            _ => Err(self
                .fault(
                    node,
                    format!("`{text}` is not an address that begins with https://"),
                )
                .into()),
        }
    }

    /// One label or several: `a`, `a, b` or a list.
    pub(super) fn labels(&self, node: &Node) -> Read<Vec<String>> {
        match &node.value {
            Value::Nothing => Ok(Vec::new()),
            Value::Text(text) => Ok(text.split(',').map(str::to_owned).collect()),
            Value::List(items) => {
                let lines = items.iter().map(|item| self.line(item));
                let lines: Vec<Option<String>> = lines.collect::<Result<_, _>>()?;
                Ok(lines.into_iter().flatten().collect())
            }
            Value::Fields(_) => Err(self
                .fault(node, "this is not a word or a list of words")
                .into()),
        }
    }

    /// A name, a name with more, or several of them.
    pub(super) fn person(&self, node: &Node) -> Read<Option<Person>> {
        match &node.value {
            Value::List(items) => {
                let people = items.iter().map(|item| self.person(item));
                let people: Vec<Option<Person>> = people.collect::<Result<_, _>>()?;
                let people: Vec<Person> = people.into_iter().flatten().collect();
                Ok(match people.as_slice() {
                    [] => None,
                    [one] => Some(one.clone()),
                    several => Some(Person {
                        name: several
                            .iter()
                            .map(|person| person.name.as_str())
                            .collect::<Vec<_>>()
                            .join(", "),
                        ..Person::default()
                    }),
                })
            }
            Value::Fields(fields) => {
                let name = self.inner(fields, &["name"])?;
                Ok(Some(Person {
                    name: name.ok_or_else(|| self.fault(node, "a person needs a `name`"))?,
                    role: self.inner(fields, &["role", "title"])?,
                    bio: self.inner(fields, &["bio"])?,
                    photo: self.inner(fields, &["photo", "avatar", "picture"])?,
                }))
            }
            _ => Ok(self.line(node)?.map(|name| Person {
                name,
                ..Person::default()
            })),
        }
    }

    /// What a post asks of its reader.
    pub(super) fn call(&self, node: &Node) -> Read<Option<Call>> {
        let fields = match &node.value {
            Value::Nothing => return Ok(None),
            Value::Fields(fields) => fields,
            _ => {
                let what = "a call to action is `text`, `label` and `url`";
                return Err(self.fault(node, what).into());
            }
        };
        let url = fields.iter().find(|field| plain(&field.key) == "url");
        Ok(Some(Call {
            text: self
                .inner(fields, &["text"])?
                .ok_or_else(|| self.fault(node, "a call to action needs a `text`"))?,
            label: self.inner(fields, &["label"])?,
            url: match url {
                Some(field) => self.address(&field.node)?,
                None => None,
            },
        }))
    }

    /// The name of a picture and what it shows. Under other keys than `image` only what can be a picture is taken for one.
    pub(super) fn picture(&self, field: &Field) -> Read<Option<(String, Option<String>)>> {
        const NAMES: [&str; 9] = [
            "src",
            "url",
            "path",
            "image",
            "file",
            "filename",
            "feature",
            "teaser",
            "overlayimage",
        ];
        let node = match &field.node.value {
            Value::List(items) => items.first(),
            _ => Some(&field.node),
        };
        let Some(node) = node else {
            return Ok(None);
        };
        let is_ours = plain(&field.key) == "image";
        match &node.value {
            Value::Fields(fields) => {
                let names = NAMES.iter().find_map(|name| {
                    let named = fields.iter().find(|field| plain(&field.key) == *name)?;
                    match &named.node.value {
                        Value::Text(text) if is_picture(text) => Some(text.clone()),
                        _ => None,
                    }
                });
                let alt = self.inner(fields, &["alt", "imagealt"])?;
                Ok(names.map(|name| (name, alt)))
            }
            Value::Text(text) if !is_ours => Ok(is_picture(text).then(|| (text.clone(), None))),
            _ => Ok(self.line(node)?.map(|name| (name, None))),
        }
    }

    fn inner(&self, fields: &[Field], names: &[&str]) -> Read<Option<String>> {
        for name in names {
            if let Some(field) = fields.iter().find(|field| plain(&field.key) == *name) {
                return self.line(&field.node);
            }
        }
        Ok(None)
    }

    pub(super) fn fault(&self, node: &Node, message: impl Into<String>) -> Diagnostic {
        let at = match self.text.get(node.at.clone()) {
            Some(_) if !node.at.is_empty() => node.at.clone(),
            _ => node.at.start..node.at.start,
        };
        Diagnostic::error(message).at_span(self.text, at)
    }
}

/// Whether a text means yes or no.
pub(super) fn switch_of(text: &str) -> Option<bool> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        yes if YES.contains(&yes) => Some(true),
        no if NO.contains(&no) => Some(false),
        _ => None,
    }
}

fn is_picture(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or(text);
    prose::has_image_extension(path.trim()) || text.contains("://")
}
