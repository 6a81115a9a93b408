//! Writes what was read as one well-formed Atom feed (RFC 4287), whatever it came as.
//!
//! The parser sees nothing but this: known names, escaped text, addresses that can be parsed, no control characters.
//! What Atom has no word for is laid back afterwards, by [`super::lay_back`].

use url::Url;

use super::reading::{Fields, Link, Media, Origin, Person, Text, TextKind};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
    <feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:media=\"http://search.yahoo.com/mrss/\">";

/// The parser keeps the whole of a document in memory twice over: so it is given so much at once, in octets of texts.
const AT_ONCE: usize = 256 * 1024;

/// How many of these entries are enough for one canonical feed: at least one, if there are any.
pub(super) fn enough(entries: &[Fields]) -> usize {
    let texts = entries.iter().scan(0, |size, entry| {
        *size += weight(entry);
        Some(*size)
    });
    let fitting = texts.take_while(|size| *size <= AT_ONCE).count();
    fitting.max(1).min(entries.len())
}

/// What the parser makes of an entry, in octets: each of its lists may be the whole document.
fn weight(entry: &Fields) -> usize {
    let texts = [&entry.title, &entry.summary, &entry.rights];
    let texts = texts.into_iter().flatten().chain(&entry.content);
    let texts: usize = texts.map(|text| text.value.len()).sum();
    let people: usize = entry.authors.iter().map(|_| size_of::<Person>()).sum();
    let links = entry.links.iter().map(|link| {
        let texts = [&link.href, &link.title, &link.kind];
        let texts = texts.into_iter().flatten().map(String::len);
        size_of::<Link>() + texts.sum::<usize>()
    });
    let media = entry
        .media
        .iter()
        .map(|media| size_of::<Media>() + media.url.len());
    let terms = entry.categories.iter().map(|category| {
        let terms = [&category.term, &category.scheme, &category.label];
        let terms = terms.into_iter().flatten().map(String::len);
        size_of::<Link>() + terms.sum::<usize>()
    });
    let lists = links.chain(media).chain(terms).sum::<usize>();
    size_of::<Fields>() + texts + people + lists
}

/// A canonical feed of these entries.
pub(super) fn write(feed: &Fields, entries: &[Fields]) -> String {
    let mut xml = Xml(String::with_capacity(4096));
    xml.0.push_str(HEAD);
    xml.fields(feed);
    xml.text("subtitle", feed.subtitle.as_ref());
    for entry in entries {
        xml.0.push_str("<entry>");
        xml.fields(entry);
        xml.text(
            "summary",
            entry.summary.as_ref().filter(|_| !entry.summary_is_content),
        );
        xml.text("content", body_of(entry));
        for media in &entry.media {
            xml.media(media);
        }
        xml.0.push_str("</entry>\n");
    }
    xml.0.push_str("</feed>");
    xml.0
}

/// The content that a reader is shown: HTML before plain text, the longest of its kind; a second summary only where it
/// says more than the first; never the words under a picture.
pub(super) fn body_of(entry: &Fields) -> Option<&Text> {
    let said = entry
        .summary
        .as_ref()
        .map_or(0, |summary| summary.value.len());
    let best = |html: bool| {
        entry
            .content
            .iter()
            .filter(|text| text.kind.is_html() == html && !matches!(text.kind, TextKind::Other(_)))
            .filter(|text| match text.origin {
                Origin::Own => !text.value.is_empty(),
                Origin::Second => text.value.len() > said,
                Origin::Media => false,
            })
            .max_by_key(|text| text.value.len())
    };
    best(true).or_else(|| best(false))
}

struct Xml(String);

impl Xml {
    fn fields(&mut self, fields: &Fields) {
        self.line("id", fields.id.as_deref());
        self.text("title", fields.title.as_ref());
        self.text("rights", fields.rights.as_ref());
        for (name, date) in [("published", fields.published), ("updated", fields.updated)] {
            self.line(name, date.map(|date| date.to_string()).as_deref());
        }
        for person in fields.authors.iter().filter(|person| !person.is_nobody()) {
            self.person(person);
        }
        for link in &fields.links {
            self.link(link);
        }
        for category in &fields.categories {
            if let Some(term) = category.term.as_deref() {
                self.0.push_str("<category");
                self.attribute("term", Some(term));
                self.attribute("scheme", category.scheme.as_deref());
                self.attribute("label", category.label.as_deref());
                self.0.push_str("/>");
            }
        }
    }

    fn line(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.0.push_str(&format!("<{name}>"));
            self.escaped(value);
            self.0.push_str(&format!("</{name}>"));
        }
    }

    fn text(&mut self, name: &str, text: Option<&Text>) {
        let Some(text) = text.filter(|text| !text.value.is_empty()) else {
            return;
        };
        let kind = match text.kind {
            TextKind::Html | TextKind::Xhtml => "html",
            TextKind::Plain | TextKind::Other(_) => "text",
        };
        self.0.push_str(&format!("<{name} type=\"{kind}\">"));
        self.escaped(&text.value);
        self.0.push_str(&format!("</{name}>"));
    }

    fn person(&mut self, person: &Person) {
        self.0.push_str("<author>");
        self.line("name", person.name.as_deref());
        self.line("email", person.email.as_deref());
        self.line("uri", person.href.as_deref());
        self.0.push_str("</author>");
    }

    fn link(&mut self, link: &Link) {
        let Some(href) = link.href.as_deref().filter(|href| !href.is_empty()) else {
            return;
        };
        self.0.push_str("<link");
        self.attribute("rel", Some(&link.rel));
        self.attribute("type", link.kind.as_deref());
        self.attribute("href", Some(href));
        self.attribute("title", link.title.as_deref());
        self.0.push_str("/>");
    }

    /// Only what can be fetched: the parser gives up a whole feed for one attribute that it does not understand.
    fn media(&mut self, media: &Media) {
        let Ok(url) = Url::parse(&media.url) else {
            return;
        };
        if !matches!(url.scheme(), "http" | "https") {
            return;
        }
        let name = match media.thumbnail {
            true => "media:thumbnail",
            false => "media:content",
        };
        let is_number =
            |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let kind = media.kind.as_deref().filter(|kind| is_media_type(kind)).or(
            match media.medium.as_deref() {
                Some("image") => Some("image/*"),
                _ => None,
            },
        );
        self.0.push_str(&format!("<{name}"));
        self.attribute("url", Some(url.as_str()));
        self.attribute("type", kind.filter(|_| !media.thumbnail));
        self.attribute("width", media.width.as_deref().filter(is_number));
        self.attribute("height", media.height.as_deref().filter(is_number));
        self.0.push_str("/>");
    }

    fn attribute(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.0.push_str(&format!(" {name}=\""));
            self.escaped(value);
            self.0.push('"');
        }
    }

    /// XML allows no other control characters than tab and line breaks (XML 1.0 §2.2).
    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\r' => self.0.push('\n'),
                '\t' | '\n' => self.0.push(c),
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
                c => self.0.push(c),
            }
        }
    }
}

/// `type/subtype`, of letters, digits and what stands between them (RFC 6838 §4.2).
fn is_media_type(kind: &str) -> bool {
    let name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-+._".contains(&byte))
    };
    kind.split_once('/')
        .is_some_and(|(first, second)| name(first) && name(second))
}
