//! Leaves out the attributes of an element beyond the first hundred, before a tokenizer sees them: it holds each against
//! all before it, so that 480 KB of them took minutes.
//!
//! Tags are found as the tokenizer finds them (HTML §13.2.5), comments and elements without markup skipped. A mistake here
//! costs an attribute and nothing else: all that is left is tokenized and sanitised behind it.

use std::borrow::Cow;

use super::RAW;

/// More of one element are left out.
const MAX_ATTRIBUTES: usize = 100;

/// The HTML with so many attributes for each element.
pub(super) fn bounded(html: &str) -> Cow<'_, str> {
    let mut reader = Reader { html, at: 0 };
    let mut kept = String::new();
    let mut from = 0;
    while let Some(excess) = reader.next_excess() {
        kept.push_str(&html[from..excess.start]);
        from = excess.end;
    }
    match from {
        0 => Cow::Borrowed(html),
        _ => Cow::Owned(kept + &html[from..]),
    }
}

struct Reader<'a> {
    html: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// Where the next attributes stand that are too many; `None` where there are no more.
    fn next_excess(&mut self) -> Option<std::ops::Range<usize>> {
        let bytes = self.html.as_bytes();
        while self.at < bytes.len() {
            self.at += self.html[self.at..].find('<')? + 1;
            let rest = &bytes[self.at..];
            let excess = match rest {
                [b'!', b'-', b'-', ..] => {
                    self.skip_comment();
                    None
                }
                // What is no comment either: to its first `>`.
                [b'!' | b'?', ..] => {
                    self.skip_while(|byte| byte != b'>');
                    None
                }
                [b'/', next, ..] if next.is_ascii_alphabetic() => self.tag(),
                [b'/', _, ..] => {
                    self.skip_while(|byte| byte != b'>');
                    None
                }
                [next, ..] if next.is_ascii_alphabetic() => self.tag(),
                _ => None,
            };
            if excess.is_some() {
                return excess;
            }
        }
        None
    }

    /// Reads a tag, from behind its `<` to behind its `>`; where its attributes are too many, gives those.
    fn tag(&mut self) -> Option<std::ops::Range<usize>> {
        let begin = self.at;
        self.skip_while(|byte| !is_space(byte) && !matches!(byte, b'/' | b'>'));
        let name = self.html.get(begin..self.at).unwrap_or_default();
        if name.is_empty() {
            // The slash of an end tag.
            self.at += 1;
            self.skip_while(|byte| !is_space(byte) && !matches!(byte, b'/' | b'>'));
        }
        let mut attributes = 0;
        let mut excess = None;
        loop {
            self.skip_while(|byte| is_space(byte) || byte == b'/');
            match self.html.as_bytes().get(self.at) {
                None | Some(b'>') => break,
                Some(_) => {}
            }
            attributes += 1;
            if attributes > MAX_ATTRIBUTES && excess.is_none() {
                excess = Some(self.at);
            }
            self.attribute();
        }
        let end = self.at;
        self.at = (self.at + 1).min(self.html.len());
        if RAW.iter().any(|raw| name.eq_ignore_ascii_case(raw)) {
            self.skip_raw(name);
        }
        excess.map(|start| start..end)
    }

    fn attribute(&mut self) {
        // An equals sign may open a name.
        self.at += 1;
        self.skip_while(|byte| !is_space(byte) && !matches!(byte, b'/' | b'>' | b'='));
        let behind_name = self.at;
        self.skip_while(is_space);
        if self.html.as_bytes().get(self.at) != Some(&b'=') {
            self.at = behind_name;
            return;
        }
        self.at += 1;
        self.skip_while(is_space);
        match self.html.as_bytes().get(self.at) {
            Some(quote @ (b'"' | b'\'')) => {
                let quote = *quote;
                self.at += 1;
                self.skip_while(|byte| byte != quote);
                self.at = (self.at + 1).min(self.html.len());
            }
            _ => self.skip_while(|byte| !is_space(byte) && byte != b'>'),
        }
    }

    /// Moves to the end tag of an element whose content is no markup, or to the end.
    fn skip_raw(&mut self, name: &str) {
        loop {
            self.skip_while(|byte| byte != b'<');
            let Some(rest) = self
                .html
                .as_bytes()
                .get(self.at..)
                .filter(|rest| !rest.is_empty())
            else {
                return;
            };
            let end = rest
                .strip_prefix(b"</")
                .and_then(|rest| rest.get(..name.len()));
            if end.is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes())) {
                return;
            }
            self.at += 1;
        }
    }

    /// Moves behind a comment, from its `!`: `-->` ends it, `--!>` too, and the dashes may be those that open it.
    fn skip_comment(&mut self) {
        loop {
            match self.html[self.at..].find("--") {
                Some(length) => self.at += length + 2,
                None => self.at = self.html.len(),
            }
            match &self.html.as_bytes()[self.at..] {
                [] => return,
                [b'>', ..] | [b'!', b'>', ..] => return,
                // The last of three dashes may be the second of the two that end it.
                [b'-', ..] => self.at -= 1,
                _ => {}
            }
        }
    }

    fn skip_while(&mut self, is_skipped: impl Fn(u8) -> bool) {
        let rest = &self.html.as_bytes()[self.at.min(self.html.len())..];
        let length = rest.iter().position(|&byte| !is_skipped(byte));
        self.at += length.unwrap_or(rest.len());
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::markup::{Piece, pieces};

    fn many(count: usize) -> String {
        (0..count).map(|n| format!(" a{n}='>{n}'")).collect()
    }

    #[test]
    fn what_is_too_much_of_one_element_is_left_out() {
        // What would hide it from a reader that takes these for something else.
        let hidden = "<!-- x --!><!--><?<script><!x <style></ <script>";
        let html = format!(
            "{hidden}een<p{}>twee</p><b{} /><i c=d>é</i>",
            many(300),
            many(100)
        );
        let bounded = bounded(&html);
        let of_p: Vec<usize> = pieces(&html)
            .iter()
            .filter_map(|piece| match piece {
                Piece::Open(element) => Some(element.attributes.len()),
                _ => None,
            })
            .collect();
        assert_eq!(of_p, [100, 100, 1]);
        assert!(bounded.ends_with("<i c=d>é</i>") && bounded.contains(">twee</p><b a0"));
    }

    #[test]
    fn what_looks_like_a_tag_and_is_none_is_left_alone() {
        let words = " x".repeat(500);
        for html in [
            format!("<!-- <a{words} -->"),
            format!("<script>if (a<b && c{words} </script><p>na"),
            format!("<STYLE>a<b{words}</style><p>na"),
            format!("a < b{words}>"),
            format!("<p title=\"{words}\">"),
            format!("<script>a<b{words}"),
            format!("<p{words}").replace(" x", ""),
            format!("<!--->a<!-- b --!>c<!---->d<!-- <a{words} --->"),
            "<".to_owned(),
            "<!--".to_owned(),
            "<!---".to_owned(),
            "</é".to_owned(),
            "</a".to_owned(),
            "<a b=".to_owned(),
            "<a b='é".to_owned(),
        ] {
            assert!(matches!(bounded(&html), Cow::Borrowed(_)), "{html}");
        }
    }
}
