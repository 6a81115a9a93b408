//! What each element of a feed means: where it begins, and where its text is read.
//!
//! One table says what a name is, in the one spelling that `names` gives; one what is done at the beginning of an element,
//! and one what at its end.

use super::super::tree::Element;
use super::{HTML, PLAIN, Walk};

/// Where media:category is from when it does not say.
const MEDIA_SCHEME: &str = "http://search.yahoo.com/mrss/category_schema";
pub(super) const ITUNES_SCHEME: &str = "http://www.itunes.com/";

/// What an element is to a feed, by whatever name.
enum Role {
    Root,
    Feed,
    Entry,
    Image,
    TextInput,
    Source,
    Author,
    Contributor,
    Owner,
    Publisher,
    PersonName,
    PersonEmail,
    PersonHref,
    Title,
    MediaTitle,
    Description,
    Abstract,
    Summary,
    Content,
    FullContent,
    Body,
    /// Another text, and its field.
    Text(&'static str),
    /// A value of one line, and its field.
    Line(&'static str),
    Published,
    Updated,
    Created,
    /// With its scheme when it does not say.
    Category(Option<&'static str>),
    ItunesCategory,
    /// With their scheme.
    Keywords(Option<&'static str>),
    Link,
    Guid,
    GeneratorAgent,
    Enclosure,
    Media,
    LicenseLink,
    License,
    Unknown,
}

impl Role {
    fn of(name: &str) -> Self {
        match name {
            "rss" | "rdf:rdf" => Self::Root,
            "channel" | "feed" => Self::Feed,
            "item" | "entry" => Self::Entry,
            "image" => Self::Image,
            "textinput" => Self::TextInput,
            "source" => Self::Source,
            "author" | "managingeditor" | "dc:author" | "dc:creator" | "itunes:author" => {
                Self::Author
            }
            "contributor" | "dc:contributor" => Self::Contributor,
            "itunes:owner" => Self::Owner,
            "webmaster" | "dc:publisher" => Self::Publisher,
            "name" | "itunes:name" => Self::PersonName,
            "email" | "itunes:email" => Self::PersonEmail,
            "url" | "homepage" | "uri" => Self::PersonHref,
            "title" | "dc:title" => Self::Title,
            "media:title" => Self::MediaTitle,
            "description" | "dc:description" | "media:description" => Self::Description,
            "abstract" => Self::Abstract,
            "summary" | "itunes:summary" => Self::Summary,
            "content" => Self::Content,
            "content:encoded" | "fullitem" => Self::FullContent,
            "body" | "xhtml:body" => Self::Body,
            "subtitle" | "tagline" | "itunes:subtitle" => Self::Text("subtitle"),
            "rights" | "copyright" | "dc:rights" => Self::Text("rights"),
            "info" | "feedburner:browserfriendly" => Self::Text("info"),
            "language" | "dc:language" => Self::Line("language"),
            "generator" => Self::Line("generator"),
            "ttl" => Self::Line("ttl"),
            "published" | "issued" | "pubdate" | "dcterms:issued" => Self::Published,
            "updated" | "modified" | "lastbuilddate" | "dc:date" | "dcterms:modified" => {
                Self::Updated
            }
            "created" | "dcterms:created" => Self::Created,
            "category" | "keywords" | "dc:subject" => Self::Category(None),
            "media:category" => Self::Category(Some(MEDIA_SCHEME)),
            "itunes:category" => Self::ItunesCategory,
            "tags" | "media:keywords" => Self::Keywords(None),
            "itunes:keywords" => Self::Keywords(Some(ITUNES_SCHEME)),
            "link" => Self::Link,
            "guid" | "id" => Self::Guid,
            "admin:generatoragent" => Self::GeneratorAgent,
            "enclosure" => Self::Enclosure,
            "media:content" | "media:thumbnail" | "itunes:image" => Self::Media,
            "cc:license" => Self::LicenseLink,
            "creativecommons:license" => Self::License,
            _ => Self::Unknown,
        }
    }
}

impl<'t> Walk<'t> {
    /// An element of the feed begins.
    pub(super) fn start(&mut self, element: &'t Element<'t>) {
        let expects = self.in_feed || self.in_entry || self.in_source;
        match Role::of(&element.name) {
            Role::Root => self.name_dialect(element),
            Role::Feed => self.start_feed(element),
            Role::Entry => self.start_entry(element),
            Role::Image => self.start_image(),
            Role::TextInput => self.start_text_input(),
            Role::Source => self.start_source(),
            Role::Author => self.start_author(),
            Role::Contributor => self.push("contributor", false),
            Role::Owner => self.start_owner(),
            Role::Publisher => self.push("publisher", true),
            Role::PersonName => self.push("name", false),
            Role::PersonEmail => self.push("email", false),
            Role::PersonHref => self.push("href", true),
            Role::Title | Role::MediaTitle => self.push_text("title", element, PLAIN, expects),
            Role::Description => self.start_summary("description", element, HTML, expects),
            Role::Abstract => self.push_text("description", element, PLAIN, expects),
            Role::Summary => self.start_summary("summary", element, PLAIN, true),
            Role::Content => self.start_content(element, PLAIN),
            Role::FullContent => self.start_content(element, HTML),
            // Outside a feed it is the page that somebody wrapped the feed in.
            Role::Body if expects => self.start_body(element),
            Role::Text(key) => self.push_text(key, element, PLAIN, true),
            Role::Line(key) => self.push(key, true),
            Role::Published => self.push("published", true),
            Role::Updated => self.push("updated", true),
            Role::Created => self.push("created", true),
            Role::Category(scheme) => self.start_category(element, scheme),
            Role::ItunesCategory => self.start_itunes_category(element),
            Role::Keywords(_) => self.push("keywords", true),
            Role::Link => self.start_link(element, expects),
            Role::Guid => self.start_guid(element),
            Role::GeneratorAgent => self.generator_agent(element),
            Role::Enclosure => self.enclosure(element),
            Role::Media => self.media(element),
            Role::LicenseLink => self.license(element.get("rdf:resource")),
            Role::License => self.push("license", true),
            Role::Body | Role::Unknown if element.attributes.is_empty() => {
                self.push(element.name.as_ref(), true);
            }
            Role::Body | Role::Unknown => {}
        }
    }

    /// An element of the feed ends.
    pub(super) fn end(&mut self, name: &str) {
        match Role::of(name) {
            Role::Feed => self.in_feed = false,
            Role::Entry => self.end_entry(),
            Role::Image => self.end_image(),
            Role::TextInput => self.end_text_input(),
            Role::Source => self.end_source(),
            Role::Author => self.end_author(),
            Role::Contributor => drop(self.pop("contributor")),
            Role::Owner => self.end_owner(),
            Role::Publisher => drop(self.pop("publisher")),
            Role::PersonName => self.end_person_name(),
            Role::PersonEmail => self.end_person_email(),
            Role::PersonHref => self.end_person_href(),
            Role::Title => self.end_title(),
            Role::MediaTitle => drop(self.pop_text("title")),
            Role::Description | Role::Abstract => self.end_summary("description"),
            Role::Summary => self.end_summary("summary"),
            Role::Content | Role::FullContent | Role::Body => self.end_content(),
            Role::Text(key) => drop(self.pop_text(key)),
            Role::Line(key) => drop(self.pop(key)),
            Role::Published => self.end_date("published", |fields| &mut fields.published),
            Role::Updated => self.end_date("updated", |fields| &mut fields.updated),
            Role::Created => self.end_date("created", |fields| &mut fields.created),
            Role::Category(_) | Role::ItunesCategory => self.end_category(),
            Role::Keywords(scheme) => self.end_keywords(scheme),
            Role::Link => drop(self.pop("link")),
            Role::Guid => self.end_guid(),
            Role::License => self.end_license(),
            Role::Root
            | Role::GeneratorAgent
            | Role::Enclosure
            | Role::Media
            | Role::LicenseLink
            | Role::Unknown => drop(self.pop(name)),
        }
    }
}
