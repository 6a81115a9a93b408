//! Front matter as fields with their places, whatever it is written in: YAML, TOML, JSON or bare lines.
//!
//! A value is text as it was typed (so that `id: 0012` stays `0012`), a list, or fields of its own. All places are byte
//! ranges of the whole file, so that a fault of any value can be shown.

use std::collections::HashMap;
use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::Diagnostic;

/// Fields within fields go no deeper: nobody files a post under more.
const MAX_DEPTH: usize = 32;

/// How the fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gather::folder) enum Syntax {
    Yaml,
    Toml,
    Json,
    /// `key: value` or `key:: value`, a line each, no quotes.
    Bare,
}

/// What a field says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nothing,
    Text(String),
    List(Vec<Node>),
    Fields(Vec<Field>),
}

/// A value where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) at: Range<usize>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) key: String,
    /// Where the key stands.
    pub(super) at: Range<usize>,
    pub(super) node: Node,
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

/// Reads the fields that stand at `range` of `text`.
pub(super) fn parse(text: &str, range: Range<usize>, syntax: Syntax) -> Parsed<Vec<Field>> {
    if text[range.clone()].trim().is_empty() {
        return Ok(Vec::new());
    }
    match syntax {
        Syntax::Yaml => yaml(text, range),
        Syntax::Toml => toml(text, range),
        Syntax::Json => json(text, range),
        Syntax::Bare => Ok(bare(text, range)),
    }
}

fn yaml(text: &str, range: Range<usize>) -> Parsed<Vec<Field>> {
    let start = range.start;
    let mut reader = Yaml {
        parser: Parser::new_from_str(&text[range]),
        text,
        start,
        anchors: HashMap::new(),
    };
    let (event, span) = reader.next()?;
    match reader.node(event, span, 0)?.value {
        Value::Fields(fields) => no_key_twice(text, fields),
        Value::Nothing => Ok(Vec::new()),
        _ => Err(Box::new(
            Diagnostic::error("this is no front matter: it has no fields")
                .at_span(text, start..start)
                .hint("fields are lines such as `title: A walk`; to begin a text with a rule, write `***`"),
        )),
    }
}

fn no_key_twice(text: &str, fields: Vec<Field>) -> Parsed<Vec<Field>> {
    for (at, field) in fields.iter().enumerate() {
        if fields[..at].iter().any(|before| before.key == field.key) {
            let message = format!("the key `{}` stands here twice", field.key);
            let fault = Diagnostic::error(message).at_span(text, field.at.clone());
            return Err(Box::new(fault));
        }
    }
    Ok(fields)
}

/// Builds the tree of one YAML document.
struct Yaml<'t> {
    parser: Parser<'t, StrInput<'t>>,
    text: &'t str,
    start: usize,
    anchors: HashMap<usize, Node>,
}

impl<'t> Yaml<'t> {
    /// The next event that is part of a tree.
    fn next(&mut self) -> Parsed<(Event<'t>, Span)> {
        loop {
            let Some(next) = self.parser.next_event() else {
                return Ok((Event::StreamEnd, Span::default()));
            };
            let (event, span) = next.map_err(|error| self.fault(&error))?;
            let is_end = matches!(
                event,
                Event::SequenceEnd | Event::MappingEnd | Event::StreamEnd
            );
            if is_end || event.is_node() {
                return Ok((event, span));
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Parsed<Node> {
        let mut at = self.byte(span.start)..self.byte(span.end);
        if depth > MAX_DEPTH {
            let fault = Diagnostic::error("the front matter nests too deep");
            return Err(Box::new(fault.at_span(self.text, at)));
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style), anchor),
            Event::SequenceStart(_, anchor, _) => {
                let (items, end) = self.list(depth)?;
                at.end = end.max(at.end);
                (Value::List(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => {
                let (fields, end) = self.fields(depth)?;
                at.end = end.max(at.end);
                (Value::Fields(fields), anchor)
            }
            Event::Alias(anchor) => {
                let named = self.anchors.get(&anchor).map(|node| node.value.clone());
                (named.unwrap_or(Value::Nothing), 0)
            }
            _ => (Value::Nothing, 0),
        };
        let at = self.trimmed(at);
        let node = Node { value, at };
        // Only what is flat is kept, or a few lines of aliases would grow beyond all bounds.
        if anchor != 0 && is_flat(&node.value) {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// The items of a list, and where it ends.
    fn list(&mut self, depth: usize) -> Parsed<(Vec<Node>, usize)> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, span) => {
                    return Ok((items, self.byte(span.end)));
                }
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    /// The fields of a map, and where it ends.
    fn fields(&mut self, depth: usize) -> Parsed<(Vec<Field>, usize)> {
        let mut fields = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                fields.extend(merged);
                return Ok((fields, self.byte(span.end)));
            }
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            match (key.value, node.value) {
                (Value::Text(name), Value::Fields(inner)) if name == "<<" => merged.extend(inner),
                (Value::Text(key_text), value) => fields.push(Field {
                    key: key_text,
                    at: key.at,
                    node: Node { value, at: node.at },
                }),
                _ => {}
            }
        }
    }

    fn byte(&self, marker: Marker) -> usize {
        let slice = &self.text[self.start..];
        let offset = marker.byte_offset().unwrap_or_else(|| {
            let mut chars = slice.char_indices();
            chars.nth(marker.index()).map_or(slice.len(), |(at, _)| at)
        });
        (self.start + offset).min(self.text.len())
    }

    fn trimmed(&self, at: Range<usize>) -> Range<usize> {
        match self.text.get(at.clone()) {
            Some(slice) => at.start..at.start + slice.trim_end().len(),
            None => at,
        }
    }

    fn fault(&self, error: &ScanError) -> Box<Diagnostic> {
        let fault = Diagnostic::error(one_clause(error.info().as_str()));
        let before = self.text[..self.start].matches('\n').count();
        let line = before + error.marker().line();
        let column = error.marker().col() + 1;
        let mut fault = fault.at(self.text, line, column);
        fault.length = length_at(fault.line_text.as_deref().unwrap_or_default(), column);
        Box::new(match fault.message.starts_with("mapping values") {
            true => fault.hint("a value with `: ` in it stands in quotes"),
            false => fault,
        })
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let is_null = matches!(text, "" | "~" | "null" | "Null" | "NULL");
    match style == ScalarStyle::Plain && is_null {
        true => Value::Nothing,
        false => Value::Text(text.to_owned()),
    }
}

fn is_flat(value: &Value) -> bool {
    let is_leaf = |value: &Value| matches!(value, Value::Text(_) | Value::Nothing);
    match value {
        Value::Fields(fields) => fields.iter().all(|field| is_leaf(&field.node.value)),
        Value::List(items) => items.iter().all(|item| is_leaf(&item.value)),
        _ => true,
    }
}

fn toml(text: &str, range: Range<usize>) -> Parsed<Vec<Field>> {
    let start = range.start;
    let table = DeTable::parse(&text[range]).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let fault = Diagnostic::error(one_clause(error.message()));
        Box::new(fault.at_span(text, start + span.start..start + span.end))
    })?;
    Ok(toml_fields(table.get_ref(), start))
}

fn toml_fields(table: &DeTable<'_>, start: usize) -> Vec<Field> {
    let mut fields: Vec<Field> = table
        .iter()
        .map(|(key, node)| Field {
            key: key.get_ref().to_string(),
            at: moved(&key.span(), start),
            node: toml_node(node, start),
        })
        .collect();
    fields.sort_by_key(|field| field.at.start);
    fields
}

fn toml_node(node: &Spanned<DeValue<'_>>, start: usize) -> Node {
    let value = match node.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Text(number.to_string()),
        DeValue::Float(number) => Value::Text(number.to_string()),
        DeValue::Boolean(flag) => Value::Text(flag.to_string()),
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| toml_node(item, start)).collect())
        }
        DeValue::Table(table) => Value::Fields(toml_fields(table, start)),
    };
    Node {
        value,
        at: moved(&node.span(), start),
    }
}

fn moved(span: &Range<usize>, start: usize) -> Range<usize> {
    span.start + start..span.end + start
}

fn json(text: &str, range: Range<usize>) -> Parsed<Vec<Field>> {
    let slice = &text[range.clone()];
    let braces = slice.trim_start().starts_with('{');
    // Hexo leaves the braces out.
    let whole = match braces {
        true => slice.to_owned(),
        false => format!("{{{}}}", slice.trim_end().trim_end_matches(',')),
    };
    let value: serde_json::Value = serde_json::from_str(&whole).map_err(|error| {
        let before = text[..range.start].matches('\n').count();
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let fault = Diagnostic::error(format!("the front matter is no JSON: {message}"));
        Box::new(fault.at(text, before + error.line(), error.column().max(1)))
    })?;
    match json_node(text, range.clone(), value, range).value {
        Value::Fields(fields) => Ok(fields),
        _ => Ok(Vec::new()),
    }
}

/// A value of JSON; its keys are looked for where it stands, and are shown where they are found first.
fn json_node(text: &str, within: Range<usize>, value: serde_json::Value, at: Range<usize>) -> Node {
    let value = match value {
        serde_json::Value::Null => Value::Nothing,
        serde_json::Value::Bool(flag) => Value::Text(flag.to_string()),
        serde_json::Value::Number(number) => Value::Text(number.to_string()),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => {
            let items = items.into_iter();
            let node = |item| json_node(text, within.clone(), item, at.clone());
            Value::List(items.map(node).collect())
        }
        serde_json::Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Fields(
                fields
                    .map(|(key, value)| {
                        let (key_at, value_at) = json_places(text, within.clone(), &key);
                        Field {
                            node: json_node(text, within.clone(), value, value_at),
                            at: key_at,
                            key,
                        }
                    })
                    .collect(),
            )
        }
    };
    Node { value, at }
}

fn json_places(text: &str, within: Range<usize>, key: &str) -> (Range<usize>, Range<usize>) {
    let quoted = format!("\"{key}\"");
    let found = text[within.clone()]
        .match_indices(&quoted)
        .find_map(|(at, _)| {
            let start = within.start + at;
            let rest = &text[start + quoted.len()..within.end];
            let value = rest.trim_start().strip_prefix(':')?.trim_start();
            let value = value.lines().next().unwrap_or_default();
            let value = value.trim_end_matches([',', '}', ' ', '\r']);
            let from = start + rest.find(value).unwrap_or(0) + quoted.len();
            Some((start..start + quoted.len(), from..from + value.len()))
        });
    found.unwrap_or((within.start..within.start, within.start..within.start))
}

/// `key: value` and `key:: value` lines; an indented line goes on with the value before it.
fn bare(text: &str, range: Range<usize>) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    let mut at = range.start;
    for line in text[range].split_inclusive('\n') {
        let start = at;
        at += line.len();
        match bare_line(line) {
            Some((key, value)) => {
                let place = |part: &str| start + (part.as_ptr() as usize - line.as_ptr() as usize);
                let (key_at, value_at) = (place(key), place(value));
                let content = match value {
                    "" => Value::Nothing,
                    value => Value::Text(value.to_owned()),
                };
                fields.push(Field {
                    key: key.to_owned(),
                    at: key_at..key_at + key.len(),
                    node: Node {
                        value: content,
                        at: value_at..value_at + value.len(),
                    },
                });
            }
            None => {
                if let Some(Value::Text(value)) = fields.last_mut().map(|f| &mut f.node.value) {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            }
        }
    }
    fields
}

/// Key and value of a line, `None` where it has none.
pub(super) fn bare_line(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_end();
    let inner = line.strip_prefix("- ").unwrap_or(line);
    let (key, value) = inner.split_once(':')?;
    let is_key = key.starts_with(char::is_alphabetic)
        && key.chars().count() <= 40
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let value = value.strip_prefix(':').unwrap_or(value);
    let apart = value.is_empty() || value.starts_with([' ', '\t']);
    (is_key && apart).then_some((key, value.trim()))
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
    first.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str, syntax: Syntax) -> Vec<(String, String, String)> {
        let fields = parse(text, 0..text.len(), syntax).unwrap();
        let shown = fields.into_iter().map(|field| {
            let value = match field.node.value {
                Value::Text(text) => text,
                other => format!("{other:?}"),
            };
            (field.key, value, text[field.node.at].to_owned())
        });
        shown.collect()
    }

    #[test]
    fn all_forms_keep_what_was_typed_and_where() {
        let own = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let yaml = "id: 0012 # mine\ndraft: true\ntitle: 'Tea: a \"cup\"'\n";
        assert_eq!(
            flat(yaml, Syntax::Yaml),
            [
                own("id", "0012", "0012"),
                own("draft", "true", "true"),
                own("title", "Tea: a \"cup\"", "'Tea: a \"cup\"'"),
            ]
        );
        let toml = "title = \"Tea\"\ndate = 2026-11-02\n";
        assert_eq!(
            flat(toml, Syntax::Toml),
            [
                own("title", "Tea", "\"Tea\""),
                own("date", "2026-11-02", "2026-11-02")
            ]
        );
        let json = "{ \"title\": \"Tea\",\n  \"draft\": true }";
        assert_eq!(
            flat(json, Syntax::Json),
            [own("title", "Tea", "\"Tea\""), own("draft", "true", "true")]
        );
        let bare = "Title: Tea: a cup\nTags: a, b\n";
        assert_eq!(
            flat(bare, Syntax::Bare),
            [
                own("Title", "Tea: a cup", "Tea: a cup"),
                own("Tags", "a, b", "a, b")
            ]
        );
        let logseq = "title:: Tea\n- public:: false\n";
        assert_eq!(
            flat(logseq, Syntax::Bare),
            [own("title", "Tea", "Tea"), own("public", "false", "false")]
        );
    }

    #[test]
    fn what_is_named_once_is_meant_where_it_is_called() {
        let text = "base: &b { draft: true }\n<<: *b\n";
        let fields = parse(text, 0..text.len(), Syntax::Yaml).unwrap();
        assert!(
            fields.iter().any(|field| field.key == "draft"),
            "{fields:?}"
        );
        let bomb = "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c]\n";
        assert!(format!("{:?}", parse(bomb, 0..bomb.len(), Syntax::Yaml)).len() < 5_000);
    }
}
