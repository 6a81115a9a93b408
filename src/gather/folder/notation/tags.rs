//! Finds the tags of site generators in a text: Hugo's `{{< >}}` and `{{% %}}`, Liquid's, Nunjucks' and Tera's `{% %}` and
//! `{{ }}`, templates' `<% %>`, WordPress's `[name …]`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::code::Code;
use super::letters::beginning;
use super::meaning;

/// Longest tag, in bytes: beyond that a closing mark belongs to something else.
const MAX_TAG: usize = 4_000;

/// Tags whose content is not looked at: it is as written.
pub(super) const AS_WRITTEN: [&str; 7] = [
    "raw",
    "verbatim",
    "highlight",
    "codeblock",
    "code",
    "sourcecode",
    "prism",
];

/// The languages of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    Hugo,
    Liquid,
    /// `{{ … }}`
    Output,
    /// `<% … %>`
    Template,
    WordPress,
}

/// One tag where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tag {
    pub(super) at: Range<usize>,
    pub(super) form: Form,
    /// Lower-case letters and digits; of an `include` the name of what it includes.
    pub(super) name: String,
    pub(super) closes: bool,
    pub(super) ends_itself: bool,
    /// Keys as names are; empty for what stands by itself.
    pub(super) arguments: Vec<(String, String)>,
    /// What stands between its marks.
    pub(super) inner: String,
}

impl Tag {
    /// The first argument under one of these keys.
    pub(super) fn named(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| {
            let found = self.arguments.iter().find(|(name, _)| name == key);
            found
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())
        })
    }

    /// What stands by itself, in order.
    pub(super) fn bare(&self) -> impl Iterator<Item = &str> {
        let bare = self.arguments.iter().filter(|(key, _)| key.is_empty());
        bare.map(|(_, value)| value.as_str())
    }
}

/// Where names stand behind `[` for the first time, and behind `[/` for the last.
struct Pairs<'t> {
    opened: HashMap<&'t str, usize>,
    closed: HashMap<&'t str, usize>,
}

impl<'t> Pairs<'t> {
    fn of(text: &'t str) -> Self {
        let mut pairs = Self {
            opened: HashMap::new(),
            closed: HashMap::new(),
        };
        for (at, _) in text.match_indices('[') {
            let rest = &text[at + 1..];
            let (closes, rest) = match rest.strip_prefix('/') {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
                .unwrap_or(rest.len());
            match closes {
                true => {
                    pairs.closed.insert(&rest[..end], at);
                }
                false => {
                    pairs.opened.entry(&rest[..end]).or_insert(at);
                }
            }
        }
        pairs
    }
}

/// All tags of a text that stand outside of its code.
pub(super) fn find(text: &str, code: &Code) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let pairs = Pairs::of(text);
    let mut never_closed: HashSet<(Form, String)> = HashSet::new();
    let mut at = 0;
    while let Some(next) = text.as_bytes()[at..]
        .iter()
        .position(|octet| matches!(octet, b'{' | b'<' | b'['))
        .map(|next| at + next)
    {
        if let Some(end) = code.end(next) {
            at = end;
            continue;
        }
        let Some(tag) = tag_at(text, next, &pairs) else {
            at = next + 1;
            continue;
        };
        at = tag.at.end;
        if !tag.closes && AS_WRITTEN.contains(&tag.name.as_str()) {
            let kind = (tag.form, tag.name.clone());
            if !never_closed.contains(&kind) {
                match closing_of(text, &tag, &pairs) {
                    Some(close) => at = close,
                    None => {
                        never_closed.insert(kind);
                    }
                }
            }
        }
        tags.push(tag);
    }
    tags
}

/// Where the tag stands that closes one whose content is as written.
fn closing_of(text: &str, tag: &Tag, pairs: &Pairs<'_>) -> Option<usize> {
    let rest = &text[tag.at.end..];
    let starts = rest
        .match_indices(['{', '['])
        .map(|(at, _)| tag.at.end + at);
    let mut tags = starts.filter_map(|at| tag_at(text, at, pairs));
    let close = tags.find(|other| other.closes && other.form == tag.form && other.name == tag.name);
    close.map(|close| close.at.start)
}

fn tag_at(text: &str, at: usize, pairs: &Pairs<'_>) -> Option<Tag> {
    let rest = &text[at..];
    let (form, open, close) = match rest {
        _ if rest.starts_with("{{<") => (Form::Hugo, "{{<", ">}}"),
        _ if rest.starts_with("{{%") => (Form::Hugo, "{{%", "%}}"),
        _ if rest.starts_with("{%") => (Form::Liquid, "{%", "%}"),
        _ if rest.starts_with("{{{") => (Form::Output, "{{{", "}}}"),
        _ if rest.starts_with("{{") => (Form::Output, "{{", "}}"),
        _ if rest.starts_with("<%") => (Form::Template, "<%", "%>"),
        _ if rest.starts_with('[') => return wordpress(text, at, pairs),
        _ => return None,
    };
    let length = end_of(&rest[open.len()..], close)?;
    let inner = &rest[open.len()..open.len() + length];
    let range = at..at + open.len() + length + close.len();
    Some(tag_of(form, inner, range))
}

/// Where the closing mark stands, not counting those in quotes.
fn end_of(text: &str, close: &str) -> Option<usize> {
    let text = beginning(text, MAX_TAG);
    let first = text.find(close)?;
    let mut from = 0;
    loop {
        let Some(end) = text[from..].find(close).map(|end| from + end) else {
            return Some(first);
        };
        let Some(quote) = text[from..end].find(['"', '`']).map(|at| from + at) else {
            return Some(end);
        };
        let mark = &text[quote..=quote];
        let Some(length) = text[quote + 1..].find(mark) else {
            return Some(first);
        };
        from = quote + 1 + length + 1;
    }
}

fn tag_of(form: Form, inner: &str, at: Range<usize>) -> Tag {
    let mut words = inner
        .trim()
        .trim_start_matches(['-', '~', '+', '_', '*', '='])
        .trim();
    words = words.trim_end_matches(['-', '~', '_']).trim_end();
    let ends_itself = form == Form::Hugo && words.ends_with('/');
    words = words.strip_suffix('/').unwrap_or(words).trim_end();
    let mut closes = false;
    if let Some(rest) = words.strip_prefix('/') {
        closes = true;
        words = rest.trim_start();
    } else if form == Form::Output {
        words = words.trim_start_matches(['#', '^', '>', '&']).trim_start();
    }
    let end = words
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':')))
        .unwrap_or(words.len());
    let mut name = meaning::plain(&words[..end]);
    if form == Form::Liquid
        && let Some(closed) = name.strip_prefix("end")
    {
        name = closed.to_owned();
        closes = true;
    }
    let mut arguments = arguments_of(&words[end..]);
    if matches!(
        name.as_str(),
        "include" | "includerelative" | "includecached" | "render" | "partial"
    ) {
        let file = arguments.iter().position(|(key, _)| key.is_empty());
        if let Some(file) = file {
            let (_, path) = arguments.remove(file);
            let stem = path.rsplit('/').next().unwrap_or_default();
            name = meaning::plain(stem.split('.').next().unwrap_or_default());
        }
    }
    Tag {
        at,
        form,
        name,
        closes,
        ends_itself,
        arguments,
        inner: inner.trim().to_owned(),
    }
}

/// `[name]`, `[name key="value"]`, `[/name]`; nothing that Markdown has a meaning for.
fn wordpress(text: &str, at: usize, pairs: &Pairs<'_>) -> Option<Tag> {
    let rest = &text[at + 1..];
    let before = text[..at].chars().next_back();
    if matches!(before, Some('!' | '\\' | '[')) {
        return None;
    }
    let begin = rest.strip_prefix('/').unwrap_or(rest);
    if !begin.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let length = end_of(rest, "]")?;
    let inner = &rest[..length];
    let after = rest[length + 1..].chars().next();
    if inner.contains(['[', '\n']) && !inner.contains('=') || matches!(after, Some('(' | ']')) {
        return None;
    }
    let tag = tag_of(Form::WordPress, inner, at..at + length + 2);
    let name_end = begin
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
        .unwrap_or(begin.len());
    let follows = begin[name_end..].chars().next();
    let is_shaped = matches!(follows, Some(' ' | ']' | '=' | '/' | '\n' | '\t'));
    let has_keys = tag.arguments.iter().any(|(key, _)| !key.is_empty());
    let is_pair = || {
        let (name, before) = (&begin[..name_end], tag.closes);
        match before {
            true => pairs.opened.get(name).is_some_and(|first| *first < at),
            false => pairs.closed.get(name).is_some_and(|last| *last > at),
        }
    };
    let is_known = meaning::is_of_wordpress(&tag.name, &begin[..name_end]);
    let is_tag = is_shaped && (is_known || has_keys || name_end > 0 && is_pair());
    is_tag.then_some(tag)
}

/// `key="value"`, `key=value`, `key: value` and values by themselves, with commas or brackets between them or not.
fn arguments_of(text: &str) -> Vec<(String, String)> {
    let mut arguments = Vec::new();
    let mut rest = text.trim_start_matches(['(', '=', ' ']);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')'));
        if rest.is_empty() {
            return arguments;
        }
        let key_end = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
            .unwrap_or(rest.len());
        let after = rest[key_end..].trim_start();
        let is_key = key_end > 0 && after.starts_with('=') && !after.starts_with("==");
        let (key, from) = match is_key {
            true => (meaning::plain(&rest[..key_end]), after[1..].trim_start()),
            false => (String::new(), rest),
        };
        let (value, next) = value_of(from);
        arguments.push((key, value.to_owned()));
        rest = next;
    }
}

fn value_of(text: &str) -> (&str, &str) {
    const QUOTES: [(char, char); 7] = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('“', '”'),
        ('”', '”'),
        ('″', '″'),
        ('‘', '’'),
    ];
    for (open, close) in QUOTES {
        if let Some(inner) = text.strip_prefix(open)
            && let Some(end) = inner.find(close)
        {
            return (&inner[..end], &inner[end + close.len_utf8()..]);
        }
    }
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, ',' | ')'))
        .unwrap_or(text.len());
    // Never less than a character, so that the text comes to its end.
    let end = end.max(text.chars().next().map_or(0, char::len_utf8));
    text.split_at(end)
}
