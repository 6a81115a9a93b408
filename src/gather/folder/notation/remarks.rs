//! Cuts remarks out of a text: what a writer meant for nobody, or for the next writer.
//!
//! Where one begins and does not end, the rest is a remark if it begins a line (so Obsidian and HTML show it), and else
//! the text is refused. It is refused as well where two remarks that are a line each would hide all between them.

use super::super::Kind;
use super::code::Code;
use super::letters::{beginning, begins_line, ends_line, line_end, whole_lines};
use super::working::{Edit, Working};
use crate::model::Diagnostic;

/// How remarks begin and end.
const REMARKS: [(&str, &str); 10] = [
    ("%%", "%%"),
    ("<!--", "-->"),
    ("{>>", "<<}"),
    ("{--", "--}"),
    ("{{/*", "*/}}"),
    ("{{!--", "--}}"),
    ("{{!", "}}"),
    ("{/*", "*/}"),
    ("{::comment}", "{:/"),
    ("{#", "#}"),
];

/// How lines begin that are a remark each: definitions of links that nobody follows.
const LINES: [&str; 3] = ["[//]:", "[comment]:", "[_comment]:"];

/// Remarks that begin code which goes on behind them make the rest to be read anew. A text is refused that would be read
/// so often that it comes to so many bytes.
const MAX_READ: usize = 16 << 20;

/// Longest address before two percent signs, in bytes.
const MAX_ADDRESS: usize = 2_000;

const HINT: &str =
    "close the remark, also at the end of the text; two percent signs that are meant are `\\%\\%`";

/// A remark, and whether it may change what is code behind it.
struct Found {
    edit: Edit,
    may_cut: bool,
}

/// Cuts all remarks out.
pub(super) fn cut(working: &mut Working<'_>) -> Result<(), Box<Diagnostic>> {
    let mut read = 0;
    while read <= MAX_READ {
        read += working.text.len();
        let code = Code::of(&working.text, working.kind);
        let (edits, again) = round(working, &code)?;
        working.apply(edits);
        if !again {
            return Ok(());
        }
    }
    Err(Box::new(Diagnostic::error("the text has too many remarks")))
}

/// A line without remarks; one that is not closed goes to its end.
pub(super) fn cut_from_line(text: &str) -> String {
    let mut rest = text.to_owned();
    for (open, close) in REMARKS {
        while let Some(at) = rest.find(open) {
            let inner = at + open.len();
            let end = rest[inner..]
                .find(close)
                .map(|end| inner + end + close.len());
            if end.is_none() && !matches!(open, "%%" | "<!--") {
                break;
            }
            rest.replace_range(at..end.unwrap_or(rest.len()), "");
        }
    }
    rest
}

/// Remarks up to the first that has code in it; whether there may be more.
fn round(working: &mut Working<'_>, code: &Code) -> Result<(Vec<Edit>, bool), Box<Diagnostic>> {
    let text = working.text.clone();
    let mut edits = Vec::new();
    let mut at = 0;
    let last_raw = text.rfind("endraw").unwrap_or(0);
    let mut never_closed = Vec::new();
    while let Some(next) = next_mark(&text, at) {
        if let Some(end) = code.end(next) {
            at = end;
            continue;
        }
        if next < last_raw
            && let Some(end) = raw_end(&text, next)
        {
            at = end;
            continue;
        }
        if let Some(end) = rule_end(&text, next) {
            at = end;
            continue;
        }
        match remark(working, &text, next, &mut never_closed)? {
            Some(found) => {
                at = found.edit.at.end;
                let cuts_code = found.may_cut && code.begins_within(&found.edit.at);
                edits.push(found.edit);
                if cuts_code {
                    return Ok((edits, true));
                }
            }
            None => at = next + 1,
        }
    }
    Ok((edits, false))
}

fn next_mark(text: &str, from: usize) -> Option<usize> {
    let marks = text.as_bytes()[from..].iter();
    let mut marks = marks.enumerate();
    marks
        .find(|(_, octet)| matches!(octet, b'%' | b'<' | b'{' | b'[' | b'#'))
        .map(|(at, _)| from + at)
}

/// Where a `{% raw %}` ends that begins here: what stands in it is no notation.
fn raw_end(text: &str, at: usize) -> Option<usize> {
    (liquid(&text[at..])?.0 == "raw").then_some(())?;
    let end = text[at..].find("endraw")?;
    Some(at + end)
}

/// The name of a tag of Liquid that begins a text, and the tag's length.
fn liquid(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix("{%")?;
    let end = beginning(inner, 1_000).find("%}")?;
    let words = inner[..end].trim_matches(['-', ' ', '\t', '\n', '\r']);
    let name = words.split_whitespace().next().unwrap_or_default();
    Some((name, end + 4))
}

fn remark(
    working: &mut Working<'_>,
    text: &str,
    at: usize,
    never_closed: &mut Vec<&'static str>,
) -> Result<Option<Found>, Box<Diagnostic>> {
    let rest = &text[at..];
    let is_escaped = text[..at].ends_with('\\');
    if let Some((name, length)) = liquid(rest) {
        return match name {
            "comment" => of_liquid(working, text, at, length).map(Some),
            _ if name.starts_with('#') => Ok(Some(found(text, at, at + length))),
            _ => Ok(None),
        };
    }
    let starts_line = at == 0 || text[..at].ends_with('\n');
    if starts_line && LINES.iter().any(|line| rest.starts_with(line)) {
        return Ok(Some(found(text, at, line_end(text, at))));
    }
    if starts_line
        && rest.len() >= 15
        && rest.as_bytes()[..15].eq_ignore_ascii_case(b"#+BEGIN_COMMENT")
    {
        let mut places = rest.as_bytes().windows(13);
        let close = places.position(|place| place.eq_ignore_ascii_case(b"#+END_COMMENT"));
        let end = close.map(|end| line_end(text, at + end));
        return end
            .map(|end| Some(found(text, at, end)))
            .ok_or_else(|| unclosed(working, at, 15));
    }
    let Some((open, close)) = REMARKS.iter().find(|(open, _)| rest.starts_with(open)) else {
        return Ok(None);
    };
    if is_escaped || !opens(working.kind, text, at, open) {
        return Ok(None);
    }
    let inner = at + open.len();
    let end = match never_closed.contains(close) {
        true => None,
        false => text[inner..].find(close),
    };
    match end {
        Some(end) => {
            let end = inner + end;
            check_end(working, text, at..end, open)?;
            let mut end = end + close.len();
            if *open == "{::comment}" {
                end = text[end..].find('}').map_or(end, |brace| end + brace + 1);
            }
            if *open == "<!--" && says_more(&text[inner..end]) {
                working.end_beginning(at);
            }
            Ok(Some(found(text, at, end)))
        }
        None if hides_the_rest(working.kind, text, at, open) => {
            working.tell(
                "the remark that begins here is not closed: the rest of the text is left out"
                    .to_owned(),
                HINT,
                &(at..inner),
            );
            Ok(Some(Found {
                edit: Edit {
                    at: at..text.len(),
                    with: String::new(),
                },
                may_cut: false,
            }))
        }
        None if working.kind == Kind::Text && *open != "%%" => {
            never_closed.push(close);
            Ok(None)
        }
        None => Err(unclosed(working, at, open.len())),
    }
}

/// Where a rule ends that is a line of percent signs: more than two.
fn rule_end(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].strip_prefix("%%")?;
    let end = text.len() - rest.trim_start_matches('%').len();
    let begin = text[..at].trim_end_matches('%').len();
    (end - begin > 2 && begins_line(text, begin) && ends_line(text, end)).then_some(end)
}

/// Whether these letters begin a remark here.
fn opens(kind: Kind, text: &str, at: usize, open: &str) -> bool {
    let rest = &text[at + open.len()..];
    match open {
        // Two of them in an address are part of it.
        "%%" => {
            let mut from = at.saturating_sub(MAX_ADDRESS);
            while !text.is_char_boundary(from) {
                from += 1;
            }
            let word = text[from..at].rsplit(char::is_whitespace).next();
            let is_address = word.is_some_and(|word| word.contains("://")) && !rest.contains("%%");
            !is_address
        }
        // `{#id}` names a heading.
        "{#" => rest.starts_with([' ', '-', '\n']),
        "{--" | "{>>" => kind != Kind::Page,
        _ => true,
    }
}

fn hides_the_rest(kind: Kind, text: &str, at: usize, open: &str) -> bool {
    match open {
        "%%" => begins_line(text, at),
        "<!--" => kind == Kind::Page || kind == Kind::Markdown && begins_line(text, at),
        _ => false,
    }
}

/// Refuses a remark that ends at the beginning of a line with words: two remarks of a line each look like that.
fn check_end(
    working: &Working<'_>,
    text: &str,
    at: std::ops::Range<usize>,
    open: &str,
) -> Result<(), Box<Diagnostic>> {
    if open != "%%" {
        return Ok(());
    }
    let inner = &text[at.start + 2..at.end];
    let has_gap =
        inner.lines().count() > 2 && inner.lines().skip(1).any(|line| line.trim().is_empty());
    let is_second = inner.contains('\n') && begins_line(text, at.end);
    match !ends_line(text, at.end + 2) && (has_gap || is_second) {
        true => {
            let fault = Diagnostic::error("where the remark ends that begins here is not plain")
                .hint("end each remark with `%%` at the end of a line, or on its own line");
            Err(Box::new(working.at(fault, &(at.start..at.start + 2))))
        }
        false => Ok(()),
    }
}

fn of_liquid(
    working: &Working<'_>,
    text: &str,
    at: usize,
    length: usize,
) -> Result<Found, Box<Diagnostic>> {
    let mut from = at + length;
    while let Some(next) = text[from..].find("{%").map(|next| from + next) {
        match liquid(&text[next..]) {
            Some(("endcomment", length)) => return Ok(found(text, at, next + length)),
            _ => from = next + 2,
        }
    }
    Err(unclosed(working, at, length))
}

fn unclosed(working: &Working<'_>, at: usize, length: usize) -> Box<Diagnostic> {
    let fault = Diagnostic::error("the remark that begins here is not closed").hint(HINT);
    Box::new(working.at(fault, &(at..at + length)))
}

fn found(text: &str, at: usize, end: usize) -> Found {
    let inner = &text[at..end];
    let may_cut = inner.contains('`')
        || inner.contains("~~~")
        || inner.contains('<') && !inner.starts_with("<!--");
    Found {
        edit: Edit {
            at: whole_lines(text, at..end),
            with: String::new(),
        },
        may_cut,
    }
}

/// `<!--more-->`, as WordPress, Hugo, Zola and Hexo have it.
fn says_more(comment: &str) -> bool {
    let words = comment.trim_end_matches("-->").trim().to_lowercase();
    words == "more" || words.starts_with("more ")
}
