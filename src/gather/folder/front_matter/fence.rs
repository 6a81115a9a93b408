//! Finds where the fields of a text stand: between fences, in braces, or as bare lines at its top.
//!
//! The forms are those of site generators and note-takers: `---` (YAML), `+++` (TOML), `;;;` or a pair of braces (JSON),
//! with white space above them or not; lines of `key: value` without fences (Pelican, MultiMarkdown, Hexo) and of
//! `key:: value` (Logseq). Where a block looks like fields and does not stand where they are read, that is a fault: it
//! may say that the text is not for readers.

use std::ops::Range;

use super::names;
use super::tree::{self, Syntax};
use crate::model::Diagnostic;

/// Fields that slipped below the top are looked for so many lines deep.
const MISPLACED_WITHIN: usize = 40;

/// Where fields stand, and where the text begins.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) fields: Range<usize>,
    pub(super) syntax: Syntax,
    pub(super) body: usize,
}

/// A line without its end, where it begins, and where the next one does.
#[derive(Clone, Copy)]
struct Line<'t> {
    text: &'t str,
    start: usize,
    next: usize,
}

/// Finds the fields at the top of a text.
pub(super) fn find(text: &str) -> Result<Option<Found>, Box<Diagnostic>> {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}');
    let top = text.len() - text.trim_start_matches(blank).len();
    let top = text[..top].rfind('\n').map_or(0, |end| end + 1);
    let Some(first) = lines(text, top).next() else {
        return Ok(None);
    };
    if let Some((fence, syntax)) = opening(first.text) {
        return fenced(text, first, &fence, syntax, top == 0);
    }
    if is_object(&text[top..]) {
        return braces(text, top);
    }
    refuse_title_block(text, first)?;
    Ok(bare(text, top))
}

/// Refuses the fields of Pandoc (`% title`) and Org (`#+title:`): they may say that a text is not for readers.
fn refuse_title_block(text: &str, first: Line<'_>) -> Result<(), Box<Diagnostic>> {
    let line = first.text.trim_end();
    let of_org = line
        .strip_prefix("#+")
        .is_some_and(|rest| tree::bare_line(rest).is_some());
    let second = lines(text, first.next).next();
    let of_pandoc = line.starts_with("% ") && second.is_some_and(|line| is_titles(line.text));
    if !of_org && !of_pandoc {
        return Ok(());
    }
    Err(Box::new(
        Diagnostic::error("fields of Pandoc and Org are not read")
            .at_span(text, first.start..first.start + line.len())
            .hint("write them between lines of `---`, such as `title: A walk`"),
    ))
}

/// Whether a line goes on with a title block, or ends it.
fn is_titles(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with(['%', ' '])
}

fn lines(text: &str, from: usize) -> impl Iterator<Item = Line<'_>> + Clone {
    let mut start = from;
    text[from..].split_inclusive('\n').map(move |line| {
        let here = start;
        start += line.len();
        Line {
            text: line.trim_end_matches(['\n', '\r']),
            start: here,
            next: start,
        }
    })
}

/// What closes the fields that this line opens, and how they are written.
fn opening(line: &str) -> Option<(String, Syntax)> {
    let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let marks = line.len() - line.trim_start_matches('-').len();
    if marks >= 3 {
        let syntax = match line[marks..].trim().to_lowercase().as_str() {
            "" | "yaml" | "yml" => Syntax::Yaml,
            "toml" => Syntax::Toml,
            "json" => Syntax::Json,
            _ => return None,
        };
        return Some(("-".repeat(marks), syntax));
    }
    match line {
        "+++" => Some((line.to_owned(), Syntax::Toml)),
        ";;;" => Some((line.to_owned(), Syntax::Json)),
        _ => None,
    }
}

fn fenced(
    text: &str,
    first: Line<'_>,
    fence: &str,
    syntax: Syntax,
    is_top: bool,
) -> Result<Option<Found>, Box<Diagnostic>> {
    let closes = |line: &Line<'_>| {
        let line = line.text.trim_end();
        line == fence || line.trim_start() == fence && is_indented(first.text) || line == "..."
    };
    let inner = lines(text, first.next).take_while(|line| !closes(line));
    // A rule with more white space or more dashes than a fence has is one only above fields.
    let is_plain = is_top && fence.len() == 3 && !is_indented(first.text);
    if !is_plain && !inner.clone().any(|line| is_field(line.text, syntax)) {
        return Ok(None);
    }
    match lines(text, first.next).find(closes) {
        Some(end) => Ok(Some(Found {
            fields: first.next..end.start,
            syntax,
            body: end.next,
        })),
        None if !is_plain
            && !inner
                .clone()
                .take(3)
                .any(|line| key_of(line.text).and_then(names::role).is_some()) =>
        {
            Ok(None)
        }
        None => Err(Box::new(
            Diagnostic::error(format!(
                "the front matter is not closed by a line `{fence}`"
            ))
            .at_span(text, first.start..first.start + first.text.trim_end().len())
            .hint("to begin a text with a rule, write `***`"),
        )),
    }
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// Whether a line is a field, as far as one line tells.
fn is_field(line: &str, syntax: Syntax) -> bool {
    match syntax {
        Syntax::Toml => line.contains('='),
        Syntax::Json => line.trim_start().starts_with(['"', '{']),
        Syntax::Yaml | Syntax::Bare => tree::bare_line(line.trim_start()).is_some(),
    }
}

/// The key that a line sets, in YAML or TOML.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim();
    let of_yaml = tree::bare_line(line).map(|(key, _)| key);
    of_yaml.or_else(|| line.split_once('=').map(|(key, _)| key.trim()))
}

/// Whether a text begins with an object of JSON, rather than with a generator's braces.
fn is_object(text: &str) -> bool {
    let inner = text.trim_start().strip_prefix('{').map(str::trim_start);
    // Comments are no JSON: that is said, rather than fields mailed as text.
    let begins = |inner: &str| {
        ["\"", "//", "/*"]
            .iter()
            .any(|mark| inner.starts_with(mark))
    };
    inner.is_some_and(|inner| begins(inner) && inner.contains('"') && inner.contains(':'))
}

fn braces(text: &str, top: usize) -> Result<Option<Found>, Box<Diagnostic>> {
    let mut objects =
        serde_json::Deserializer::from_str(&text[top..]).into_iter::<serde_json::Value>();
    let read = objects.next();
    let end = top + objects.byte_offset();
    match read {
        Some(Ok(_)) => {
            let rest = text[end..].lines().next().unwrap_or_default();
            Ok(rest.trim().is_empty().then(|| Found {
                fields: top..end,
                syntax: Syntax::Json,
                body: text[end..].find('\n').map_or(text.len(), |at| end + at + 1),
            }))
        }
        Some(Err(error)) => {
            let before = text[..top].matches('\n').count();
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Err(Box::new(
                Diagnostic::error(format!("the front matter is no JSON: {message}"))
                    .at(text, before + error.line(), error.column().max(1))
                    .hint("to begin a text with a brace, put a word before it"),
            ))
        }
        None => Ok(None),
    }
}

/// Lines of `key: value` without an opening fence, up to a blank line or a closing one.
fn bare(text: &str, top: usize) -> Option<Found> {
    let first = lines(text, top).next()?;
    tree::bare_line(first.text)?;
    let mut keys = Vec::new();
    let mut doubled = false;
    let mut end = (top, top, Syntax::Bare);
    for line in lines(text, top) {
        let trimmed = line.text.trim();
        if matches!(trimmed, "---" | ";;;") {
            let syntax = if trimmed == "---" {
                Syntax::Yaml
            } else {
                Syntax::Json
            };
            end = (line.start, line.next, syntax);
            break;
        }
        let field = tree::bare_line(line.text);
        if trimmed.is_empty() || field.is_none() && doubled {
            end.1 = line.start;
            break;
        }
        match field {
            Some((key, _)) => {
                doubled = line.text.contains("::");
                keys.push(key);
            }
            None if is_indented(line.text) => {}
            None => return None,
        }
        end = (line.next, line.next, Syntax::Bare);
    }
    let telling = keys.iter().any(|key| names::withholds(key));
    let all_known = keys.iter().all(|key| names::is_of_a_generator(key));
    let is_title = names::role(keys.first()?) == Some(names::Role::Title);
    let is_fenced = end.2 != Syntax::Bare && keys.iter().any(|key| names::role(key).is_some());
    let is_front = doubled || telling || is_fenced || all_known && (keys.len() > 1 || is_title);
    is_front.then_some(Found {
        fields: top..end.0,
        syntax: end.2,
        body: end.1,
    })
}

/// Refuses fields that stand below the top, where they would be mailed as text.
pub(super) fn refuse_misplaced(text: &str, body: usize) -> Result<(), Box<Diagnostic>> {
    let mut in_code = false;
    let all: Vec<Line<'_>> = lines(text, body).take(MISPLACED_WITHIN).collect();
    refuse_properties(text, &all)?;
    for (at, line) in all.iter().enumerate() {
        let trimmed = line.text.trim_start();
        in_code ^= trimmed.starts_with("```") || trimmed.starts_with("~~~");
        let fence = line.text.trim_end();
        if in_code || !matches!(fence, "---" | "+++") {
            continue;
        }
        let inner: Vec<&Line<'_>> = all[at + 1..]
            .iter()
            .take_while(|line| line.text.trim_end() != fence)
            .collect();
        let closed = all.len() > at + 1 + inner.len();
        let fields = inner.iter().filter(|line| !line.text.trim().is_empty());
        let are_fields = fields.clone().all(|line| {
            let is_more = is_indented(line.text) || line.text.starts_with(['-', '#']);
            is_more || is_field(line.text, Syntax::Yaml) || is_field(line.text, Syntax::Toml)
        });
        if closed
            && are_fields
            && fields
                .clone()
                .any(|line| key_of(line.text).is_some_and(names::withholds))
        {
            return Err(Box::new(
                Diagnostic::error("these fields are not read: they do not stand at the top")
                    .at_span(text, line.start..line.start + fence.len())
                    .hint("front matter is one block, at the top of the file"),
            ));
        }
    }
    Ok(())
}

/// Refuses the properties of a page that Notion exported: lines of fields below the heading that begins the text.
fn refuse_properties(text: &str, all: &[Line<'_>]) -> Result<(), Box<Diagnostic>> {
    let filled = all.iter().skip_while(|line| line.text.trim().is_empty());
    let mut filled = filled.skip_while(|line| line.text.starts_with("# "));
    if !all.iter().any(|line| line.text.starts_with("# "))
        || !filled
            .next()
            .is_some_and(|line| line.text.trim().is_empty())
    {
        return Ok(());
    }
    let block: Vec<&Line<'_>> = filled
        .take_while(|line| !line.text.trim().is_empty())
        .collect();
    let keys = block.iter().map(|line| tree::bare_line(line.text));
    let keys: Option<Vec<&str>> = keys.map(|field| field.map(|(key, _)| key)).collect();
    match keys {
        Some(keys) if keys.len() > 1 && keys.iter().any(|key| names::withholds(key)) => {
            Err(Box::new(
                Diagnostic::error("these fields are not read: they do not stand at the top")
                    .at_span(text, block[0].start..block[0].start + block[0].text.len())
                    .hint("write them above the title, between lines of `---`"),
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> &str {
        match find(text).unwrap() {
            Some(found) => &text[found.body..],
            None => text,
        }
    }

    #[test]
    fn fields_are_found_in_every_form_that_programs_write() {
        for text in [
            "---\ntitle: A\n---\nText",
            "\u{feff}\n \n---\ntitle: A\n---\nText",
            "\u{a0}\n---  \ntitle: A\n---  \nText",
            "  ---\n  title: A\n  ---\nText",
            "---\ntitle: A\n...\nText",
            "--- yaml\ntitle: A\n---\nText",
            "---toml\ntitle = \"A\"\n---\nText",
            "-----\ntitle: A\n-----\nText",
            "\n+++\ntitle = \"A\"\n+++\nText",
            "{\n  \"title\": \"A\",\n  \"draft\": true\n}\nText",
            "\n{ \"title\": \"A\" }\r\nText",
            ";;;\n\"title\": \"A\"\n;;;\nText",
            "\"title\": \"A\",\n\"draft\": true\n;;;\nText",
            "title: A\ndate: 2026-11-02\n---\nText",
            "Title: A\nDate: 2026-11-02\n\nText",
            "Title: A\n\nText",
            "Status: draft\nMood: good\n\nText",
            "title:: A\npublic:: false\nText",
        ] {
            if text.starts_with("\"title\"") {
                // Braces and the opening fence both left out: too little to tell it from a text.
                continue;
            }
            assert_eq!(body(text).trim_start(), "Text", "{text}");
        }
    }

    #[test]
    fn what_is_no_front_matter_is_text() {
        for text in [
            "",
            "Text\n---\n",
            "\n---\n\nA rule above.\n\n---\n",
            "{{< figure src=\"a.jpg\" >}}\nText",
            "{ is a brace: said he",
            "{\"a\": 1} is JSON",
            "Date: Saturday 5 December\nPlace: town hall\n\nCome!",
            "Note: closed tomorrow.\n\nText",
            "https://example.nl/a\n\nText",
            "----\n\nText",
            "% of us is a line of its own\nText",
            "#+ is no key\nText",
        ] {
            assert_eq!(find(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn fields_that_are_not_closed_or_slipped_below_the_top_are_refused() {
        for text in [
            "---\ntitle: A\n\nText",
            "\n---\ndraft: true\n\nText",
            "{\n  // not yet\n  \"title\": \"A\",\n  \"draft\": true\n}\n\nText",
            "% Title\n% Jan\n% 2099-01-01\n\nText",
            "#+TITLE: A\n#+DRAFT: t\n\nText",
        ] {
            assert!(find(text).is_err(), "{text}");
        }
        for text in [
            "# Title\n\n---\ndraft: true\n---\n\nText",
            "\n---\ntags: [a]\n\npublish: false\n---\nText",
            "# Title\n\nStatus: Draft\nTags: a\n\nText",
        ] {
            assert!(refuse_misplaced(text, 0).is_err(), "{text}");
        }
        for text in [
            "A\n\n---\n\nB: c\n\n---\n",
            "```\n---\ndraft: true\n---\n```\n",
            "---\n\nText with date: none.\n\n---",
            "# Title\n\nStatus: draft means that it is not ready.\n\nText",
            "# Title\n\nBring:\nBoots: two\n\nText",
        ] {
            assert!(refuse_misplaced(text, 0).is_ok(), "{text}");
        }
    }
}
