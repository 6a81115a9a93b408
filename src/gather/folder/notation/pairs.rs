//! Puts tags together with those that close them, and writes what they mean.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::super::Kind;
use super::code::Code;
use super::letters::line_end;
use super::meaning::{self, Meaning};
use super::tags::{self, Form, Tag};
use super::working::{Edit, Working};
use crate::gather::markup::escape_into;

/// A tag is shown in messages up to so many characters.
const MAX_SHOWN: usize = 60;

/// Stands for all names of a form; no name has a star.
const ANY: &str = "*";

const HINT: &str = "write it in plain Markdown or HTML, or take it out";

/// Reads all tags, or only those that WordPress and its page builders are known by.
pub(super) fn read(working: &mut Working<'_>, of_wordpress_alone: bool) {
    let is_possible = ["{{", "{%", "<%", "["]
        .iter()
        .any(|mark| working.text.contains(mark));
    if !is_possible {
        return;
    }
    let text = working.text.clone();
    let mut tags = tags::find(&text, &Code::of(&text, working.kind));
    if of_wordpress_alone {
        tags.retain(|tag| {
            let written = tag.inner.trim_start_matches('/');
            tag.form == Form::WordPress && meaning::is_of_wordpress(&tag.name, written)
        });
    }
    let closing = partners(&tags);
    let mut writer = Writer {
        working,
        text: &text,
        edits: Vec::new(),
        written: HashSet::new(),
    };
    let mut from = 0;
    for (at, tag) in tags.iter().enumerate() {
        if tag.at.start < from {
            continue;
        }
        from = writer.tag(tag, closing[at].map(|close| &tags[close]));
    }
    let mut edits = writer.edits;
    edits.sort_by_key(|edit| edit.at.start);
    working.apply(edits);
}

/// For each tag the one that closes it.
fn partners(tags: &[Tag]) -> Vec<Option<usize>> {
    let mut closing = vec![None; tags.len()];
    let mut open: Vec<usize> = Vec::new();
    // How many of each are open: the stack is searched only where there is one to find.
    let mut counts: HashMap<(Form, &str), usize> = HashMap::new();
    for (at, tag) in tags.iter().enumerate() {
        let own = (tag.form, tag.name.as_str());
        if !tag.closes {
            if !tag.ends_itself {
                open.push(at);
                *counts.entry(own).or_default() += 1;
                *counts.entry((tag.form, ANY)).or_default() += 1;
            }
            continue;
        }
        // `{% end %}` closes whatever is open.
        let wanted = match own {
            (Form::Liquid, "") => (Form::Liquid, ANY),
            own => own,
        };
        while counts.get(&wanted).is_some_and(|count| *count > 0)
            && let Some(last) = open.pop()
        {
            let other = &tags[last];
            for key in [other.name.as_str(), ANY] {
                if let Some(count) = counts.get_mut(&(other.form, key)) {
                    *count -= 1;
                }
            }
            if other.form == tag.form && (other.name == tag.name || wanted.1 == ANY) {
                closing[last] = Some(at);
                break;
            }
        }
    }
    closing
}

/// Writes edits for tags.
struct Writer<'a, 'w> {
    working: &'a mut Working<'w>,
    text: &'a str,
    edits: Vec<Edit>,
    /// Where edits begin.
    written: HashSet<usize>,
}

impl Writer<'_, '_> {
    /// Writes a tag, and what closes it; gives the place from which on tags are looked at.
    fn tag(&mut self, tag: &Tag, close: Option<&Tag>) -> usize {
        if let Some(inner) = escaped(tag) {
            self.put(tag.at.clone(), entities(inner));
            return tag.at.end;
        }
        if tag.closes {
            self.put(tag.at.clone(), String::new());
            return tag.at.end;
        }
        let meaning = meaning::of(tag, close.is_some());
        match close {
            Some(close) => self.pair(tag, close, meaning),
            None => {
                self.single(tag, meaning);
                tag.at.end
            }
        }
    }

    fn single(&mut self, tag: &Tag, meaning: Meaning) {
        let with = match meaning {
            Meaning::Picture {
                source,
                alt,
                caption,
                link,
            } => self.picture(&source, &alt, caption.as_deref(), link.as_deref()),
            Meaning::Link(address, words) => self.link(&address, words.as_deref()),
            Meaning::Words(words) => words,
            Meaning::Heading(words) => self.heading(&words),
            Meaning::LeftOut(why) => {
                self.tell(tag, why);
                String::new()
            }
            _ => String::new(),
        };
        let with = self.apart(with, &tag.at);
        self.put(tag.at.clone(), with);
    }

    fn pair(&mut self, tag: &Tag, close: &Tag, meaning: Meaning) -> usize {
        let whole = tag.at.start..close.at.end;
        let inner = &self.text[tag.at.end..close.at.start];
        let (before, after) = match meaning {
            Meaning::Frame(None) => (String::new(), String::new()),
            Meaning::Frame(Some(title)) => (self.strong(&title), String::new()),
            Meaning::Unknown => {
                self.tell(tag, "only the words in it stay");
                (String::new(), String::new())
            }
            Meaning::LinkAround(address) => (self.opening(&address), self.ending(&address)),
            Meaning::Quote if self.working.kind != Kind::Text => (
                "<blockquote>\n\n".to_owned(),
                "\n\n</blockquote>".to_owned(),
            ),
            Meaning::Quote => (String::new(), String::new()),
            Meaning::Raw => {
                self.put(tag.at.clone(), String::new());
                self.put(close.at.clone(), String::new());
                return whole.end;
            }
            meaning => {
                let with = match meaning {
                    Meaning::Caption => self.caption(inner),
                    Meaning::Address => self.link(inner.trim(), None),
                    Meaning::Link(address, words) => self.link(&address, words.as_deref()),
                    Meaning::Code => self.code(inner),
                    Meaning::LeftOut(why) => {
                        self.tell(tag, why);
                        String::new()
                    }
                    _ => String::new(),
                };
                let with = self.apart(with, &whole);
                self.put(whole.clone(), with);
                return whole.end;
            }
        };
        self.put(tag.at.clone(), before);
        self.put(close.at.clone(), after);
        tag.at.end
    }

    fn put(&mut self, at: Range<usize>, with: String) {
        // The closing tag of a frame is written with its opening one.
        if self.written.insert(at.start) {
            self.edits.push(Edit { at, with });
        }
    }

    /// A block of HTML ends at an empty line.
    fn apart(&self, mut with: String, at: &Range<usize>) -> String {
        // Lines may be long: they are looked at only where it matters.
        if self.working.kind != Kind::Markdown || !is_block(&with) {
            return with;
        }
        let end = line_end(self.text, at.end);
        let is_end = self.text[at.end..end].trim().is_empty();
        let next = self.text[end..].trim_start_matches(['\r', '\n']);
        let follows = self.text[end..].len() - next.len() == 1 && !next.is_empty();
        if is_end && follows {
            with.push('\n');
        }
        with
    }

    fn picture(
        &self,
        source: &str,
        alt: &str,
        caption: Option<&str>,
        link: Option<&str>,
    ) -> String {
        if self.working.kind == Kind::Text {
            return source.to_owned();
        }
        let mut html = format!("<img src=\"{}\" alt=\"{}\">", escape(source), escape(alt));
        if let Some(link) = link {
            html = format!("<a href=\"{}\">{html}</a>", escape(link));
        }
        if let Some(caption) = caption {
            html.push_str(&format!("<figcaption>{}</figcaption>", escape(caption)));
        }
        format!("<figure>{html}</figure>")
    }

    fn link(&self, address: &str, words: Option<&str>) -> String {
        match self.working.kind {
            Kind::Text => address.to_owned(),
            _ => format!(
                "<a href=\"{}\">{}</a>",
                escape(address),
                escape(words.unwrap_or(address))
            ),
        }
    }

    fn opening(&self, address: &str) -> String {
        match self.working.kind {
            Kind::Text => String::new(),
            _ => format!("<a href=\"{}\">", escape(address)),
        }
    }

    fn ending(&self, address: &str) -> String {
        match self.working.kind {
            Kind::Text => format!(" ({address})"),
            _ => "</a>".to_owned(),
        }
    }

    fn strong(&self, title: &str) -> String {
        match self.working.kind {
            Kind::Text => format!("{title} "),
            _ => format!("<strong>{}</strong> ", escape(title)),
        }
    }

    fn heading(&self, words: &str) -> String {
        match self.working.kind {
            Kind::Text => words.to_owned(),
            _ => format!("<h2>{}</h2>", escape(words)),
        }
    }

    /// The picture, and what stands beside it as its caption.
    fn caption(&self, inner: &str) -> String {
        let Some(end) = inner
            .find("<img")
            .and_then(|at| Some(at + inner[at..].find('>')? + 1))
        else {
            return inner.to_owned();
        };
        let end = match inner[end..].trim_start().strip_prefix("</a>") {
            Some(rest) => inner.len() - rest.len(),
            None => end,
        };
        let (picture, words) = (inner[..end].trim(), inner[end..].trim());
        match words.is_empty() {
            true => picture.to_owned(),
            false => format!("<figure>{picture}<figcaption>{words}</figcaption></figure>"),
        }
    }

    fn code(&self, inner: &str) -> String {
        let inner = inner.trim_matches(['\n', '\r']);
        match self.working.kind {
            Kind::Text => inner.to_owned(),
            _ => format!("<pre><code>{}</code></pre>", escape(inner)),
        }
    }

    fn tell(&mut self, tag: &Tag, why: &str) {
        let shown: String = self.text[tag.at.clone()].chars().take(MAX_SHOWN).collect();
        let shown = shown.lines().next().unwrap_or_default();
        let message = format!("`{shown}` is left out: {why}");
        self.working.tell(message, HINT, &tag.at);
    }
}

/// What a tag shows that is escaped, so that readers see the tag itself.
fn escaped(tag: &Tag) -> Option<(&'static str, &str, &'static str)> {
    let inner = tag.inner.strip_prefix("/*")?.strip_suffix("*/")?;
    (tag.form == Form::Hugo).then_some(("&#123;&#123;&lt;", inner, "&gt;&#125;&#125;"))
}

fn entities((open, inner, close): (&str, &str, &str)) -> String {
    format!("{open}{}{close}", escape(inner))
}

fn is_block(html: &str) -> bool {
    ["<figure", "<pre", "<h2", "<blockquote"]
        .iter()
        .any(|tag| html.starts_with(tag))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape_into(&mut escaped, text);
    escaped
}
