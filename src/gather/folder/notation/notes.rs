//! Reads the notation of notes (Obsidian, Logseq, Bear, kramdown and their kin) where its meaning is plain: links between
//! notes become their words, marks become marks, callouts become quotes with a title; block names, lists of attributes and
//! properties go. What would show another note, a film or an answer to a question is left out and told of.

use super::code::{self, Code};
use super::letters::{beginning, ends_line, line_end, whole_lines};
use super::working::{Edit, Working};
use crate::gather::markup::escape_into;
use crate::gather::prose;

/// Languages of code blocks that ask a program for something, which only that program answers.
const QUERIES: [&str; 9] = [
    "dataview",
    "dataviewjs",
    "query",
    "tasks",
    "button",
    "base",
    "templater",
    "chartsview",
    "tracker",
];

/// How spans of code begin that ask for something.
const INLINE_QUERIES: [&str; 3] = ["= this", "$= ", "=this"];

/// Lines that only show where a table of contents would be.
const CONTENTS: [&str; 5] = ["[toc]", "[[toc]]", "[[_toc_]]", "@[toc]", "{:toc}"];

/// How lines of Logseq and Org begin that say nothing to a reader.
const MACHINERY: [&str; 6] = [
    "#+begin_",
    "#+end_",
    "scheduled: <",
    "deadline: <",
    ":logbook:",
    ":end:",
];

/// Properties that a program keeps for itself.
const OF_THE_PROGRAM: [&str; 7] = [
    "id",
    "collapsed",
    "heading",
    "background-color",
    "alias",
    "logseq.order-list-type",
    "query-table",
];

/// Longest inside of a link, in bytes.
const MAX_LINK: usize = 600;

/// Longest note or addition within a line, in bytes: beyond that a closing mark belongs to something else.
const MAX_INLINE: usize = 2_000;

const HINT: &str = "write in words what a reader should see";

/// Reads all notation of a text; gives the tags that stood on lines of their own.
pub(super) fn read(working: &mut Working<'_>) -> Vec<String> {
    queries(working);
    let topics = lines(working);
    read_inline(working);
    topics
}

/// Takes out code that is a question.
fn queries(working: &mut Working<'_>) {
    let text = working.text.clone();
    let mut edits = Vec::new();
    for (at, language) in code::markdown(&text) {
        let span = text[at.clone()].trim_matches('`');
        let asks = match &language {
            Some(language) => {
                let name = language.split_whitespace().next().unwrap_or_default();
                QUERIES.contains(&name.to_lowercase().trim_matches(['{', '}']))
            }
            None => INLINE_QUERIES.iter().any(|begin| span.starts_with(begin)),
        };
        if !asks {
            continue;
        }
        let end = line_end(&text, at.start).min(at.end);
        let message = format!(
            "`{}` is left out: only its own program answers it",
            text[at.start..end].trim_matches('`')
        );
        working.tell(message, HINT, &(at.start..end));
        edits.push(Edit {
            at: match language {
                Some(_) => whole_lines(&text, at),
                None => at,
            },
            with: String::new(),
        });
    }
    working.apply(edits);
}

/// Reads what is a line of its own.
fn lines(working: &mut Working<'_>) -> Vec<String> {
    let text = working.text.clone();
    let code = Code::of(&text, working.kind);
    let mut topics = Vec::new();
    let mut edits = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start..start + line.len();
        start = at.end;
        let begin = at.start + line.len() - line.trim_start().len();
        if line.trim().is_empty() || code.end(begin).is_some() {
            continue;
        }
        if let Some(tags) = tags_of(line) {
            topics.extend(tags);
            edits.push(Edit {
                at,
                with: String::new(),
            });
        } else if let Some(key) = property(line) {
            if !OF_THE_PROGRAM.contains(&key.to_lowercase().as_str()) {
                let message = format!("the property `{key}` is left out");
                working.tell(message, HINT, &(begin..begin + line.trim().len()));
            }
            edits.push(Edit {
                at,
                with: String::new(),
            });
        } else if let Some(with) = line_instead(line) {
            edits.push(Edit { at, with });
        }
    }
    working.apply(edits);
    topics
}

/// Tags alone on a line, two or more: one alone may be a heading that lacks its space.
fn tags_of(line: &str) -> Option<Vec<String>> {
    let tag = |word: &str| {
        let name = word.strip_prefix('#')?;
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
        let has_letter = name.chars().any(char::is_alphabetic);
        (has_letter && name.chars().all(is_name)).then(|| name.to_owned())
    };
    let tags: Option<Vec<String>> = line.split_whitespace().map(tag).collect();
    tags.filter(|tags| tags.len() > 1)
}

/// What stands in the place of a line, with its line break; `None` where it stays as it is.
fn line_instead(line: &str) -> Option<String> {
    let content = line.trim();
    let lower = content.to_lowercase();
    if CONTENTS.contains(&lower.as_str()) || MACHINERY.iter().any(|begin| lower.starts_with(begin))
    {
        return Some(String::new());
    }
    if is_attributes(content) {
        return Some(String::new());
    }
    if content.starts_with('^') && is_block_name(&content[1..]) {
        return Some(String::new());
    }
    if let Some(rest) = content.strip_prefix(":::") {
        let title = container_title(rest);
        return Some(match title.is_empty() {
            true => String::new(),
            false => format!("<strong>{title}</strong>\n\n"),
        });
    }
    callout(line)
}

/// `{: .lead #id }`, as kramdown has it.
fn is_attributes(content: &str) -> bool {
    content.starts_with("{:") && content.ends_with('}') && !content[1..].contains('{')
}

/// The key of `id:: 64a1` on a line, as Logseq and Dataview have it.
fn property(line: &str) -> Option<&str> {
    let content = line.trim_start();
    let content = content.strip_prefix("- ").unwrap_or(content);
    let (key, rest) = content.split_once("::")?;
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_property =
        is_key && key.chars().all(is_name) && (rest.trim().is_empty() || rest.starts_with(' '));
    is_property.then_some(key)
}

/// The title of `:::tip[Mind]`, `:::tip Mind` and `::: {.tip}`.
fn container_title(rest: &str) -> String {
    let rest = rest.trim_start_matches(':').trim_start();
    let after = rest.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let after = after.trim();
    let title = match after
        .strip_prefix('[')
        .and_then(|title| title.split_once(']'))
    {
        Some((title, _)) => title,
        None => after.split('{').next().unwrap_or_default(),
    };
    title.trim().to_owned()
}

/// `> [!note] Title`: a quote whose first line is its title.
fn callout(line: &str) -> Option<String> {
    let trimmed = line.trim_end();
    let at = trimmed.find("[!")?;
    let prefix = &trimmed[..at];
    if !prefix.contains('>')
        || !prefix
            .chars()
            .all(|c| matches!(c, '>' | ' ' | '\t' | '-' | '*'))
    {
        return None;
    }
    let (kind, rest) = trimmed[at + 2..].split_once(']')?;
    let is_kind = kind
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '|' | ' '));
    if kind.is_empty() || !is_kind {
        return None;
    }
    let title = rest.trim_start_matches(['-', '+']).trim();
    let quote = prefix.trim_end().replace(['-', '*'], " ");
    if title.is_empty() {
        let is_item = prefix.contains(['-', '*']);
        return Some(if is_item {
            prefix.to_owned()
        } else {
            String::new()
        });
    }
    let begins = format!("{prefix}<strong>{title}</strong>");
    let ends = if line.ends_with('\n') { "\n" } else { "" };
    Some(format!("{begins}\n{quote}{ends}"))
}

fn is_block_name(name: &str) -> bool {
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    // A short number is a power: 10 m ^2.
    let is_power = name.len() < 3 && name.bytes().all(|octet| octet.is_ascii_digit());
    !name.is_empty() && is_name && !is_power
}

/// Reads what stands within lines.
pub(super) fn read_inline(working: &mut Working<'_>) {
    const MARKS: [&str; 9] = ["[[", "==", "^", "((", "{++", "{==", "{~~", "![", "::"];
    if !MARKS.iter().any(|mark| working.text.contains(mark)) {
        return;
    }
    // Marks may stand in each other: what is outside is read first.
    for _ in 0..2 {
        let text = working.text.clone();
        let code = Code::of(&text, working.kind);
        let mut edits = Vec::new();
        let mut at = 0;
        while let Some(next) = text.as_bytes()[at..]
            .iter()
            .position(|octet| matches!(octet, b'[' | b'!' | b'=' | b'^' | b'(' | b'{' | b' '))
            .map(|next| at + next)
        {
            if let Some(end) = code.end(next) {
                at = end;
                continue;
            }
            match inline(working, &text, next) {
                Some(edit) => {
                    at = edit.at.end.max(next + 1);
                    edits.push(edit);
                }
                None => at = next + 1,
            }
        }
        if edits.is_empty() {
            return;
        }
        working.apply(edits);
    }
}

fn inline(working: &mut Working<'_>, text: &str, at: usize) -> Option<Edit> {
    let rest = &text[at..];
    let replaced = |length: usize, with: String| {
        Some(Edit {
            at: at..at + length,
            with,
        })
    };
    if rest.starts_with("![[") {
        return embed(working, text, at);
    }
    if rest.starts_with("![") {
        return sized(text, at);
    }
    if rest.starts_with("[[") {
        return link(text, at);
    }
    if rest.starts_with("==") {
        return mark(text, at);
    }
    if let Some(inner) = rest.strip_prefix("^[") {
        let end = beginning(inner, MAX_INLINE)
            .find(']')
            .filter(|end| !inner[..*end].contains('\n'))?;
        return replaced(end + 3, format!(" ({})", &inner[..end]));
    }
    if rest.starts_with(" ^") {
        let name = &text[at + 2..];
        let length = name
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .unwrap_or(name.len());
        let is_name = is_block_name(&name[..length]) && ends_line(text, at + 2 + length);
        return is_name.then(|| Edit {
            at: at..line_end(text, at),
            with: String::new(),
        });
    }
    if let Some(inner) = rest.strip_prefix("((") {
        let end = 36;
        let is_id = inner.get(..end).is_some_and(|id| {
            id.bytes()
                .all(|octet| octet.is_ascii_hexdigit() || octet == b'-')
        }) && inner[end..].starts_with("))");
        if is_id {
            let range = at..at + end + 4;
            working.tell(
                format!(
                    "`{}` is left out: it shows another note",
                    &text[range.clone()]
                ),
                HINT,
                &range,
            );
            return replaced(end + 4, String::new());
        }
        return None;
    }
    for (open, close) in [("{++", "++}"), ("{==", "==}")] {
        if let Some(inner) = rest.strip_prefix(open) {
            let end = beginning(inner, MAX_INLINE).find(close)?;
            return replaced(end + 6, inner[..end].to_owned());
        }
    }
    let inner = rest.strip_prefix("{~~")?;
    let end = beginning(inner, MAX_INLINE).find("~~}")?;
    let (_, new) = inner[..end].split_once("~>")?;
    replaced(end + 6, new.to_owned())
}

/// The inside of `[[…]]` that begins at a place, and where it ends.
fn brackets(text: &str, at: usize) -> Option<(&str, usize)> {
    let inner = beginning(&text[at + 2..], MAX_LINK).lines().next()?;
    let end = inner.find("]]")?;
    (end > 0 && !inner[..end].contains('[')).then_some((&inner[..end], at + 2 + end + 2))
}

/// `[[note#heading|words]]` is its words, else the note's name or its heading's.
fn link(text: &str, at: usize) -> Option<Edit> {
    let (inner, end) = brackets(text, at)?;
    if text[end..].starts_with(['(', '[', ':']) || text[..at].ends_with('\\') {
        return None;
    }
    let (target, words) = parts(inner);
    let words = match words {
        Some(words) => words.to_owned(),
        None => name_of(target),
    };
    let from = match text[..at].ends_with('#') {
        // `#[[a tag]]` of Logseq.
        true => at - 1,
        false => at,
    };
    Some(Edit {
        at: from..end,
        with: words,
    })
}

/// Target and words; in a table the mark between them is escaped.
fn parts(inner: &str) -> (&str, Option<&str>) {
    match inner.split_once('|') {
        Some((target, words)) => (target.trim_end_matches('\\').trim(), Some(words.trim())),
        None => (inner.trim(), None),
    }
}

fn name_of(target: &str) -> String {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let name = path.rsplit('/').next().unwrap_or(path).trim();
    match name.is_empty() {
        true => heading.trim_start_matches('^').to_owned(),
        false => name.strip_suffix(".md").unwrap_or(name).to_owned(),
    }
}

/// `![[picture.png|words|300]]`; what is no picture is left out.
fn embed(working: &mut Working<'_>, text: &str, at: usize) -> Option<Edit> {
    let (inner, end) = brackets(text, at + 1)?;
    let range = at..end;
    let mut parts = inner
        .split('|')
        .map(|part| part.trim_end_matches('\\').trim());
    let name = parts.next().unwrap_or_default();
    let path = name.split('#').next().unwrap_or(name);
    let is_shown = prose::has_image_extension(path) || path.to_lowercase().ends_with(".svg");
    if !is_shown {
        let shown = &text[range.clone()];
        working.tell(
            format!("`{shown}` is left out: it shows another file"),
            HINT,
            &range,
        );
        return Some(Edit {
            at: range,
            with: String::new(),
        });
    }
    let mut alt = String::new();
    let mut size = String::new();
    for part in parts {
        match size_of(part) {
            Some((width, height)) => {
                size = format!(" width=\"{width}\"");
                if let Some(height) = height {
                    size.push_str(&format!(" height=\"{height}\""));
                }
            }
            None => alt = part.to_owned(),
        }
    }
    let mut with = String::from("<img src=\"");
    escape_into(&mut with, path);
    with.push_str("\" alt=\"");
    escape_into(&mut with, &alt);
    with.push('"');
    with.push_str(&size);
    with.push('>');
    Some(Edit { at: range, with })
}

/// `300` or `300x200`.
fn size_of(part: &str) -> Option<(u32, Option<u32>)> {
    match part.split_once('x') {
        Some((width, height)) => Some((width.parse().ok()?, Some(height.parse().ok()?))),
        None => Some((part.parse().ok()?, None)),
    }
}

/// `![words|300](picture.png)`: the size is no word.
fn sized(text: &str, at: usize) -> Option<Edit> {
    let line = beginning(&text[at..], MAX_LINK);
    let close = line.find("](").filter(|end| !line[..*end].contains('\n'))?;
    let bar = line[..close].rfind('|')?;
    size_of(line[bar + 1..close].trim())?;
    Some(Edit {
        at: at + bar..at + close,
        with: String::new(),
    })
}

/// `==words==`, where the marks stand at the words and apart from others.
fn mark(text: &str, at: usize) -> Option<Edit> {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '=');
    if !apart(text[..at].chars().next_back()) {
        return None;
    }
    let inner = &text[at + 2..];
    let end = inner.find("==")?;
    let words = &inner[..end];
    let is_one = !words.is_empty()
        && !words.starts_with([' ', '=', '\n'])
        && !words.ends_with([' ', '\n'])
        && !words.contains("\n\n")
        && apart(inner[end + 2..].chars().next());
    is_one.then(|| Edit {
        at: at..at + 4 + end,
        with: format!("<mark>{words}</mark>"),
    })
}
