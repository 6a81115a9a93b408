//! What strangers wrote, made harmless for who reads it: a title, a guid or a server's reply can bear escapes that set a
//! terminal's title or clear it, and marks that turn the text around them (Unicode TR36 §2.6). Printing and the
//! log go through here, whatever the rooms have cleaned before; progress shows numbers alone.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Stderr, Write};

use tracing_subscriber::fmt::MakeWriter;

/// Text for people: what is harmful is shown as `�`; line ends and tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        |c| !matches!(c, '\n' | '\t'),
        |_, clean| clean.push(char::REPLACEMENT_CHARACTER),
    )
}

/// Text for a place that is one line, such as the cell of a table.
pub fn line(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        |_| true,
        |c, clean| {
            clean.push(if c.is_whitespace() {
                ' '
            } else {
                char::REPLACEMENT_CHARACTER
            });
        },
    )
}

/// JSON with the same meaning: what is harmful can only stand in its strings, and is escaped there (RFC 8259 §7).
pub fn json(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        |c| !matches!(c, '\n' | '\t'),
        |c, clean| {
            let _ = write!(clean, "\\u{:04x}", u32::from(c));
        },
    )
}

/// XML with the same meaning, by references (XML 1.0 §4.1).
pub fn xml(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        |c| !matches!(c, '\n' | '\t'),
        |c, clean| {
            let _ = write!(clean, "&#x{:x};", u32::from(c));
        },
    )
}

fn replaced(
    text: &str,
    is_meant: impl Fn(char) -> bool,
    replace: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    let is_meant = |c: char| is_harmful(c) && is_meant(c);
    let Some(first) = text.find(is_meant) else {
        return Cow::Borrowed(text);
    };
    let (before, rest) = text.split_at(first);
    let mut clean = before.to_owned();
    for c in rest.chars() {
        match is_meant(c) {
            true => replace(c, &mut clean),
            false => clean.push(c),
        }
    }
    Cow::Owned(clean)
}

/// C0, DEL and C1; lines and paragraphs of Unicode's own; what orders text anew, alone or as an embedding.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Where the log is written: stderr, each line made harmless.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    /// Whether lines are JSON; else they are text, which may bear the log's own colours.
    pub json: bool,
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = CleanLines;

    fn make_writer(&'a self) -> CleanLines {
        CleanLines {
            log: *self,
            to: io::stderr(),
        }
    }
}

/// The log's writer, which is given whole lines.
pub struct CleanLines {
    log: Log,
    to: Stderr,
}

impl Write for CleanLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let said = String::from_utf8_lossy(bytes);
        let clean = match self.log.json {
            true => json(&said),
            false => Cow::Owned(but_for_colours(&said)),
        };
        self.to.write_all(clean.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// As [`text`], but for the log's own colours: what others wrote has no escapes any more when it gets here.
fn but_for_colours(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        clean.push_str(&text(before));
        let colour = after.strip_prefix('[').and_then(|code| {
            let length = code.find(|c: char| !c.is_ascii_digit() && c != ';')?;
            code[length..]
                .starts_with('m')
                .then(|| &after[..length + 2])
        });
        match colour {
            Some(colour) => clean.push_str(&format!("\u{1b}{colour}")),
            None => clean.push(char::REPLACEMENT_CHARACTER),
        }
        rest = &after[colour.map_or(0, str::len)..];
    }
    clean.push_str(&text(rest));
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str =
        "a\u{1b}]0;x\u{7}b\u{9b}31m\u{202e}c\u{2066}\u{7f}\r\u{85}\u{2028}\u{61c}d";

    fn is_harmless(text: &str) -> bool {
        !text.contains(is_harmful)
    }

    #[test]
    fn nothing_that_moves_a_terminal_or_turns_text_is_left() {
        for clean in [text(HOSTILE), line(HOSTILE), json(HOSTILE), xml(HOSTILE)] {
            assert!(is_harmless(&clean), "{clean:?}");
            assert!(clean.starts_with('a') && clean.ends_with('d'), "{clean:?}");
        }
        assert_eq!(
            text("één\ttwee\ndrie \u{1f469}\u{200d}\u{1f4bb}"),
            "één\ttwee\ndrie \u{1f469}\u{200d}\u{1f4bb}"
        );
        assert_eq!(line("één\ntwee\u{1b}[2J"), "één twee\u{fffd}[2J");
    }

    #[test]
    fn json_and_xml_keep_their_meaning() {
        let data = serde_json::json!({ "guid": HOSTILE, "lines": "a\nb" });
        let pretty = serde_json::to_string_pretty(&data).unwrap();
        let clean = json(&pretty);
        assert!(is_harmless(&clean.replace('\n', "")), "{clean:?}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&clean).unwrap(),
            data
        );
        assert_eq!(xml("<a b=\"\u{202e}\"/>"), "<a b=\"&#x202e;\"/>");
    }

    #[test]
    fn the_logs_own_colours_stay_and_no_other_escape() {
        let line = "\u{1b}[2m2026\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m said \u{1b}]0;x\u{7} \u{1b}[2J \u{1b}[31 \u{9b}31m\n";
        let wanted = "\u{1b}[2m2026\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m said \u{fffd}]0;x\u{fffd} \u{fffd}[2J \u{fffd}[31 \u{fffd}31m\n";
        assert_eq!(but_for_colours(line), wanted);
    }
}
