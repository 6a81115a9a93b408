//! What a feed says, field by field, in its own words: before anything is made of it.
//!
//! Every dialect is read into this one shape. Texts are as the feed has them, unsafe; addresses are absolute where the
//! feed gives them a base.

use std::rc::Rc;

use jiff::Timestamp;

use super::repairs::Repairs;

/// A feed document.
#[derive(Debug, Default)]
pub(in crate::gather) struct Reading {
    /// The dialect, in the words that feed readers use: `rss20`, `atom10`, `rss10`, `cdf`, `json11`; empty: none.
    pub(in crate::gather) kind: &'static str,
    pub(in crate::gather) feed: Fields,
    pub(in crate::gather) entries: Vec<Fields>,
    pub(in crate::gather) repairs: Repairs,
    /// The document ends inside its last entry.
    pub(in crate::gather) cut: bool,
}

impl Reading {
    pub(in crate::gather) fn is_atom(&self) -> bool {
        self.kind.starts_with("atom")
    }
}

/// The fields of a feed, or of one of its entries.
#[derive(Debug, Default, Clone)]
pub(in crate::gather) struct Fields {
    pub(in crate::gather) id: Option<String>,
    /// The guid says that it is an address.
    pub(in crate::gather) guid_is_link: bool,
    pub(in crate::gather) title: Option<Text>,
    pub(in crate::gather) subtitle: Option<Text>,
    pub(in crate::gather) summary: Option<Text>,
    /// The summary is the first content over again.
    pub(in crate::gather) summary_is_content: bool,
    pub(in crate::gather) content: Vec<Text>,
    pub(in crate::gather) rights: Option<Text>,
    pub(in crate::gather) link: Option<String>,
    pub(in crate::gather) links: Vec<Link>,
    pub(in crate::gather) authors: Vec<Person>,
    /// The author as one text, as it stands in the feed.
    pub(in crate::gather) author: Option<String>,
    pub(in crate::gather) published: Option<Timestamp>,
    pub(in crate::gather) updated: Option<Timestamp>,
    pub(in crate::gather) created: Option<Timestamp>,
    pub(in crate::gather) language: Option<String>,
    pub(in crate::gather) generator: Option<String>,
    pub(in crate::gather) ttl: Option<String>,
    pub(in crate::gather) categories: Vec<Category>,
    pub(in crate::gather) media: Vec<Media>,
    /// At which depth a field was read: a deeper one does not replace it.
    pub(super) depths: Vec<(&'static str, usize)>,
}

/// How a text is to be understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::gather) enum TextKind {
    #[default]
    Plain,
    Html,
    Xhtml,
    /// Something else, by its media type.
    Other(String),
}

impl TextKind {
    pub(in crate::gather) fn media_type(&self) -> &str {
        match self {
            Self::Plain => "text/plain",
            Self::Html => "text/html",
            Self::Xhtml => "application/xhtml+xml",
            Self::Other(kind) => kind,
        }
    }

    pub(in crate::gather) fn is_html(&self) -> bool {
        matches!(self, Self::Html | Self::Xhtml)
    }
}

/// Where a content comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::gather) enum Origin {
    /// It is the entry's own.
    #[default]
    Own,
    /// It is a second summary, which other feed readers call content.
    Second,
    /// It describes what is attached.
    Media,
}

/// A text with its kind and what its relative addresses are relative to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::gather) struct Text {
    pub(in crate::gather) value: String,
    pub(in crate::gather) kind: TextKind,
    pub(in crate::gather) base: Rc<str>,
    /// The base is an xml:base, not the document's address.
    pub(in crate::gather) based: bool,
    pub(in crate::gather) origin: Origin,
}

/// A link or an enclosure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::gather) struct Link {
    pub(in crate::gather) rel: String,
    pub(in crate::gather) kind: Option<String>,
    pub(in crate::gather) href: Option<String>,
    pub(in crate::gather) title: Option<String>,
    pub(in crate::gather) length: Option<String>,
    /// As written, where it is relative and no xml:base was in force.
    pub(in crate::gather) relative: Option<String>,
}

/// An author.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::gather) struct Person {
    pub(in crate::gather) name: Option<String>,
    pub(in crate::gather) email: Option<String>,
    pub(in crate::gather) href: Option<String>,
}

impl Person {
    pub(in crate::gather) fn is_nobody(&self) -> bool {
        self.name.is_none() && self.email.is_none() && self.href.is_none()
    }
}

/// A category, tag or keyword.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::gather) struct Category {
    pub(in crate::gather) term: Option<String>,
    pub(in crate::gather) scheme: Option<String>,
    pub(in crate::gather) label: Option<String>,
}

/// Something attached: a picture, a sound, a film, or the thumbnail of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::gather) struct Media {
    pub(in crate::gather) url: String,
    pub(in crate::gather) kind: Option<String>,
    pub(in crate::gather) medium: Option<String>,
    pub(in crate::gather) width: Option<String>,
    pub(in crate::gather) height: Option<String>,
    pub(in crate::gather) thumbnail: bool,
}
