//! What is read, as a list of subscriptions (OPML 2.0, opml.org/spec2.opml) that any feed reader opens.
//!
//! Sources come in, grouped below an outline for their first topic, the others as categories. Folders have no address
//! that anybody else could read, and are for the caller to leave out. A site without a feed is a link.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::{Error, text};
use crate::model::Topic;

/// A source as others may subscribe to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// What it is called.
    pub text: String,
    /// Its feed; `None` for a site that has none.
    pub feed: Option<String>,
    /// Its page, where known.
    pub page: Option<String>,
    /// What it is about.
    pub topics: Vec<Topic>,
}

/// Writes the list; `owner` publishes the newsletter, and `created` stands in it where given.
pub fn opml(
    title: &str,
    owner: &str,
    created: Option<Timestamp>,
    outlines: &[Outline],
) -> Result<String, Error> {
    let refused = |error: std::io::Error| Error::Write(error.to_string());
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut writer, title, owner, created, outlines).map_err(refused)?;
    let mut xml =
        String::from_utf8(writer.into_inner()).map_err(|error| Error::Write(error.to_string()))?;
    xml.push('\n');
    Ok(xml)
}

type Xml = Writer<Vec<u8>>;

fn write(
    writer: &mut Xml,
    title: &str,
    owner: &str,
    created: Option<Timestamp>,
    outlines: &[Outline],
) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.write_event(Event::Start(
        BytesStart::new("opml").with_attributes([("version", "2.0")]),
    ))?;
    writer.write_event(Event::Start(BytesStart::new("head")))?;
    // RFC 822, as the specification asks: years have four digits.
    let created = created.and_then(|created| {
        let printer = DateTimePrinter::new();
        printer.timestamp_to_rfc9110_string(&created).ok()
    });
    for (name, value) in [
        ("title", Some(title)),
        ("dateCreated", created.as_deref()),
        ("ownerName", Some(owner)),
    ] {
        let Some(value) = value.map(text::legal) else {
            continue;
        };
        writer
            .create_element(name)
            .write_text_content(BytesText::new(&value))?;
    }
    writer.write_event(Event::End(BytesEnd::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("body")))?;
    for (topic, group) in groups(outlines) {
        if let Some(topic) = topic {
            let mut folder = BytesStart::new("outline");
            folder.push_attribute(("text", label(topic).as_str()));
            writer.write_event(Event::Start(folder))?;
        }
        for outline in group {
            writer.write_event(Event::Empty(element(outline)))?;
        }
        if topic.is_some() {
            writer.write_event(Event::End(BytesEnd::new("outline")))?;
        }
    }
    writer.write_event(Event::End(BytesEnd::new("body")))?;
    writer.write_event(Event::End(BytesEnd::new("opml")))
}

/// Outlines by their first topic, in the order in which topics first occur; those without one come first.
fn groups(outlines: &[Outline]) -> Vec<(Option<&Topic>, Vec<&Outline>)> {
    let mut groups: Vec<(Option<&Topic>, Vec<&Outline>)> = Vec::new();
    for outline in outlines {
        let topic = outline.topics.first();
        match groups.iter_mut().find(|(known, _)| *known == topic) {
            Some((_, group)) => group.push(outline),
            None => groups.push((topic, vec![outline])),
        }
    }
    groups.sort_by_key(|(topic, _)| topic.is_some());
    groups
}

fn element(outline: &Outline) -> BytesStart<'static> {
    let mut element = BytesStart::new("outline");
    let mut add = |name: &str, value: &str| {
        let value = text::legal(value);
        element.push_attribute((name, value.as_str()));
    };
    add("text", &outline.text);
    match (&outline.feed, &outline.page) {
        (Some(feed), page) => {
            // The same words, as the specification would have it of subscriptions.
            add("title", &outline.text);
            add("type", "rss");
            add("xmlUrl", feed);
            if let Some(page) = page {
                add("htmlUrl", page);
            }
        }
        (None, Some(page)) => {
            add("type", "link");
            add("url", page);
        }
        (None, None) => {}
    }
    if outline.topics.len() > 1 {
        let others: Vec<String> = outline.topics[1..]
            .iter()
            .map(|topic| format!("/{topic}"))
            .collect();
        add("category", &others.join(","));
    }
    element
}

/// The topic in words, where it can be read back from them.
fn label(topic: &Topic) -> String {
    let label = topic.label();
    match Topic::from_label(&label).as_ref() == Some(topic) {
        true => label,
        false => topic.to_string(),
    }
}
