//! What each element of a feed means: where it begins, and where its text is read.
//!
//! One table for the beginnings, one for the ends, in the one spelling of names that [`super::names`] gives.

use super::address;
use super::reading::{Category, Fields, Link, Media, Origin, Person, Text, TextKind};
use super::repairs::Repair;
use super::tree::Element;
use super::walk::Walk;
use super::{meaning, meaning::Params, people};
use crate::gather::dates;

/// Where media:category is from when it does not say.
const MEDIA_SCHEME: &str = "http://search.yahoo.com/mrss/category_schema";
const ITUNES_SCHEME: &str = "http://www.itunes.com/";

/// Values that are addresses.
const ADDRESSES: [&str; 8] = [
    "comments", "docs", "href", "icon", "id", "link", "logo", "url",
];

const PLAIN: &str = "text/plain";
const HTML: &str = "text/html";

impl<'t> Walk<'t> {
    pub(super) fn start(&mut self, element: &'t Element<'t>) {
        let expects = self.in_feed || self.in_entry || self.in_source;
        match element.name.as_ref() {
            "rss" | "rdf:rdf" => self.name_dialect(element),
            "channel" | "feed" => {
                self.name_dialect(element);
                self.in_feed = true;
                self.own_fields(element);
            }
            "item" | "entry" => self.start_entry(element),
            "image" => self.start_image(),
            "textinput" => {
                self.text_input.get_or_insert_default();
                self.in_text_input = true;
                self.title_depth = None;
                self.push("textinput", false);
            }
            "author" | "managingeditor" | "dc:author" | "dc:creator" | "itunes:author" => {
                self.in_author = true;
                self.push("author", true);
                self.context().authors.push(Person::default());
            }
            "contributor" | "dc:contributor" => {
                self.in_contributor = true;
                self.push("contributor", false);
            }
            "itunes:owner" => {
                self.in_publisher = true;
                self.push("publisher", false);
            }
            "webmaster" | "dc:publisher" => self.push("publisher", true),
            "name" | "itunes:name" => self.push("name", false),
            "email" | "itunes:email" => self.push("email", false),
            "url" | "homepage" | "uri" => self.push("href", true),
            "subtitle" | "tagline" | "itunes:subtitle" => {
                self.push_text("subtitle", element, PLAIN, true);
            }
            "rights" | "copyright" | "dc:rights" => self.push_text("rights", element, PLAIN, true),
            "title" | "dc:title" | "media:title" => {
                self.push_text("title", element, PLAIN, expects);
            }
            "info" | "feedburner:browserfriendly" => self.push_text("info", element, PLAIN, true),
            "description" | "dc:description" | "media:description" => {
                self.start_summary("description", element, HTML, expects);
            }
            "abstract" => self.push_text("description", element, PLAIN, expects),
            "summary" | "itunes:summary" => self.start_summary("summary", element, PLAIN, true),
            "content" => self.start_content(element, PLAIN),
            "content:encoded" | "fullitem" => self.start_content(element, HTML),
            // Outside a feed it is the page that somebody wrapped the feed in.
            "body" | "xhtml:body" if expects => {
                self.origin = Origin::Own;
                self.push_text("content", element, "application/xhtml+xml", true);
            }
            "language" | "dc:language" => self.push("language", true),
            "published" | "issued" | "pubdate" | "dcterms:issued" => self.push("published", true),
            "updated" | "modified" | "lastbuilddate" | "dc:date" | "dcterms:modified" => {
                self.push("updated", true);
            }
            "created" | "dcterms:created" => self.push("created", true),
            "category" | "keywords" | "dc:subject" => self.start_category(element, None),
            "media:category" => self.start_category(element, Some(MEDIA_SCHEME)),
            "itunes:category" => {
                let term = element.get("text").map(str::to_owned);
                self.add_category(term, Some(ITUNES_SCHEME.to_owned()), None);
                self.push("category", true);
            }
            "tags" | "media:keywords" | "itunes:keywords" => self.push("keywords", true),
            "link" => self.start_link(element, expects),
            "guid" | "id" => {
                let permanent = element.get("ispermalink").unwrap_or("true");
                self.guid_is_link = permanent.eq_ignore_ascii_case("true");
                self.push("id", true);
            }
            "generator" => self.push("generator", true),
            "admin:generatoragent" => {
                let agent = element.get("rdf:resource").map(str::to_owned);
                let generator = &mut self.context().generator;
                *generator = agent.or(generator.take());
            }
            "ttl" => self.push("ttl", true),
            "enclosure" => self.enclosure(element),
            "source" => {
                self.push("source", true);
                self.in_source = true;
                self.title_depth = None;
            }
            "media:content" | "media:thumbnail" | "itunes:image" => self.media(element),
            "cc:license" => self.license(element.get("rdf:resource")),
            "creativecommons:license" => self.push("license", true),
            name if element.attributes.is_empty() => self.push(name, true),
            _ => {}
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        match name {
            "channel" | "feed" => self.in_feed = false,
            "item" | "entry" => {
                self.pop("item");
                self.note_guid_link();
                self.in_entry = false;
                self.has_content = false;
            }
            "image" => {
                self.pop("image");
                self.in_image = false;
            }
            "textinput" => {
                self.pop("textinput");
                self.in_text_input = false;
            }
            "author" | "managingeditor" | "dc:author" | "dc:creator" | "itunes:author" => {
                self.end_author();
            }
            "contributor" | "dc:contributor" => {
                self.pop("contributor");
                self.in_contributor = false;
            }
            "itunes:owner" => {
                self.pop("publisher");
                self.in_publisher = false;
            }
            "webmaster" | "dc:publisher" => {
                self.pop("publisher");
            }
            "name" | "itunes:name" => {
                let name = self.pop("name");
                self.note_person(|person| &mut person.name, name);
            }
            "email" | "itunes:email" => {
                let email = self.pop("email");
                self.note_person(|person| &mut person.email, email);
            }
            "url" | "homepage" | "uri" => {
                let href = self.pop("href").filter(|_| self.in_author);
                self.note_person(|person| &mut person.href, href);
            }
            "subtitle" | "tagline" | "itunes:subtitle" => drop(self.pop_text("subtitle")),
            "rights" | "copyright" | "dc:rights" => drop(self.pop_text("rights")),
            "title" | "dc:title" | "media:title" => self.end_title(name == "media:title"),
            "info" | "feedburner:browserfriendly" => drop(self.pop_text("info")),
            "description" | "dc:description" | "media:description" | "abstract" => {
                self.end_summary("description");
            }
            "summary" | "itunes:summary" => self.end_summary("summary"),
            "content" | "content:encoded" | "fullitem" | "body" | "xhtml:body" => {
                self.end_content();
            }
            "language" | "dc:language" => drop(self.pop("language")),
            "published" | "issued" | "pubdate" | "dcterms:issued" => {
                self.end_date("published", |fields| &mut fields.published);
            }
            "updated" | "modified" | "lastbuilddate" | "dc:date" | "dcterms:modified" => {
                self.end_date("updated", |fields| &mut fields.updated);
            }
            "created" | "dcterms:created" => self.end_date("created", |fields| &mut fields.created),
            "category" | "keywords" | "dc:subject" | "media:category" | "itunes:category" => {
                self.end_category();
            }
            "tags" | "media:keywords" => self.end_keywords(None),
            "itunes:keywords" => self.end_keywords(Some(ITUNES_SCHEME)),
            "link" => drop(self.pop("link")),
            "guid" | "id" => self.end_guid(),
            "generator" => drop(self.pop("generator")),
            "source" => {
                self.in_source = false;
                self.pop("source");
                self.source = Fields::default();
            }
            "creativecommons:license" => {
                let license = self.pop("license");
                self.license(license.as_deref());
            }
            name => drop(self.pop(name)),
        }
    }

    fn start_entry(&mut self, element: &Element) {
        let mut fields = Fields {
            id: element.get("rdf:about").map(str::to_owned),
            ..Fields::default()
        };
        if element.get("xml:lang").is_some() {
            fields.language = self.language().map(str::to_owned);
        }
        self.entries.push(fields);
        self.push("item", false);
        self.in_entry = true;
        self.guid_is_link = false;
        self.title_depth = None;
        self.own_fields(element);
    }

    /// CDF has dates and addresses as attributes.
    fn own_fields(&mut self, element: &Element) {
        if let Some(date) = element.get("lastmod") {
            let date = self.date(date);
            self.context().updated = date;
        }
        if let Some(href) = element.get("href") {
            let href = address::join(&self.base, href);
            let fields = self.context();
            fields.links.push(Link {
                rel: "alternate".to_owned(),
                kind: Some(HTML.to_owned()),
                href: Some(href.clone()),
                ..Link::default()
            });
            fields.link = Some(href);
        }
    }

    fn start_image(&mut self) {
        if !self.in_entry {
            self.image.get_or_insert_default();
        }
        self.in_image = true;
        self.title_depth = None;
        self.push("image", false);
    }

    fn end_author(&mut self) {
        self.pop("author");
        self.in_author = false;
        let fields = self.context();
        let written = fields.author.clone().unwrap_or_default();
        if let Some(person) = fields.authors.last_mut()
            && person.is_nobody()
        {
            *person = people::person(&written);
        }
    }

    fn note_person(
        &mut self,
        field: impl Fn(&mut Person) -> &mut Option<String>,
        value: Option<String>,
    ) {
        if !self.in_author && !self.in_publisher {
            return;
        }
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return;
        };
        let fields = self.context();
        if fields.authors.is_empty() {
            fields.authors.push(Person::default());
        }
        if let Some(person) = fields.authors.last_mut() {
            *field(person) = Some(value);
        }
    }

    fn end_title(&mut self, of_media: bool) {
        let value = self.pop_text("title");
        if value.is_some_and(|value| !value.is_empty()) && !of_media {
            self.title_depth = Some(self.depth);
        }
    }

    /// A second summary is the content, unless there is content.
    fn start_summary(
        &mut self,
        key: &'static str,
        element: &Element,
        default: &str,
        expects: bool,
    ) {
        self.summary_as_content = self.context().summary.is_some() && !self.has_content;
        match self.summary_as_content {
            true => {
                self.start_content(element, PLAIN);
                self.origin = match element.name.as_ref() {
                    "media:description" => Origin::Media,
                    _ => Origin::Second,
                };
            }
            false => self.push_text(key, element, default, expects),
        }
    }

    fn end_summary(&mut self, key: &'static str) {
        match std::mem::take(&mut self.summary_as_content) {
            true => self.end_content(),
            false => drop(self.pop_text(key)),
        }
    }

    fn start_content(&mut self, element: &Element, default: &str) {
        self.has_content = true;
        self.origin = Origin::Own;
        self.push_text("content", element, default, true);
    }

    fn end_content(&mut self) {
        let readable = self.params.as_ref().is_some_and(Params::is_readable);
        let before = self.context().content.len();
        self.pop_text("content");
        let fields = self.context();
        if readable && fields.summary.is_none() && fields.content.len() > before {
            fields.summary = fields.content.last().cloned();
            fields.summary_is_content = true;
        }
    }

    fn end_date(&mut self, key: &str, field: impl Fn(&mut Fields) -> &mut Option<jiff::Timestamp>) {
        let date = self.pop(key).and_then(|text| self.date(&text));
        *field(self.context()) = date;
    }

    fn date(&mut self, text: &str) -> Option<jiff::Timestamp> {
        let read = dates::read(text);
        match &read {
            Some(read) if read.odd => self.repairs.note(Repair::OddDate, text),
            None if !text.trim().is_empty() => self.repairs.note(Repair::NoDate, text),
            _ => {}
        }
        read.map(|read| read.instant)
    }

    fn start_category(&mut self, element: &Element, default_scheme: Option<&str>) {
        let field = |name: &str| element.get(name).map(str::to_owned);
        let scheme = field("scheme")
            .or_else(|| field("domain"))
            .or_else(|| default_scheme.map(str::to_owned));
        self.add_category(field("term"), scheme, field("label"));
        self.push("category", true);
    }

    fn add_category(
        &mut self,
        term: Option<String>,
        scheme: Option<String>,
        label: Option<String>,
    ) {
        let is_empty = |text: &Option<String>| text.as_deref().unwrap_or_default().is_empty();
        if is_empty(&term) && is_empty(&scheme) && is_empty(&label) {
            return;
        }
        let category = Category {
            term,
            scheme,
            label,
        };
        let categories = &mut self.context().categories;
        // Looked for among the last ones only: a feed with thousands of categories is no friend.
        if !categories
            .iter()
            .rev()
            .take(200)
            .any(|known| *known == category)
        {
            categories.push(category);
        }
    }

    fn end_category(&mut self) {
        let Some(value) = self.pop("category").filter(|value| !value.is_empty()) else {
            return;
        };
        match self.context().categories.last_mut() {
            Some(last) if last.term.as_deref().unwrap_or_default().is_empty() => {
                last.term = Some(value);
            }
            _ => self.add_category(Some(value), None, None),
        }
    }

    fn end_keywords(&mut self, scheme: Option<&str>) {
        let words = self.pop("keywords").unwrap_or_default();
        for word in words
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            self.add_category(Some(word.to_owned()), scheme.map(str::to_owned), None);
        }
    }

    fn start_link(&mut self, element: &Element, expects: bool) {
        let rel = element
            .get("rel")
            .unwrap_or("alternate")
            .to_ascii_lowercase();
        let default = match rel.as_str() {
            "self" => "application/atom+xml",
            _ => HTML,
        };
        let kind = element.get("type").unwrap_or(default).to_ascii_lowercase();
        let written = href_of(element).map(str::to_owned);
        let href = written
            .as_deref()
            .map(|href| address::join(&self.base, href));
        let is_page = rel == "alternate"
            && matches!(
                kind.as_str(),
                "text/html" | "html" | "xhtml" | "application/xhtml+xml"
            );
        let relative = written.filter(|href| address::scheme(href).is_none() && !self.based);
        let skipped = self.in_entry && self.in_image;
        let fields = self.context();
        if let Some(href) = href.as_ref().filter(|_| is_page) {
            fields.link = Some(href.clone());
        }
        let bare = href.is_none();
        if !skipped {
            fields.links.push(Link {
                rel,
                kind: Some(kind),
                href,
                title: element.get("title").map(str::to_owned),
                length: None,
                relative,
            });
        }
        if bare {
            self.push("link", expects);
        }
    }

    fn end_guid(&mut self) {
        let value = self.pop("id");
        let guid_is_link = self.guid_is_link;
        let fields = self.context();
        fields.guid_is_link = guid_is_link && fields.link.is_none();
        if guid_is_link && fields.link.is_none() {
            fields.link = value;
        }
    }

    /// Says so where the entry had no link but its guid.
    fn note_guid_link(&mut self) {
        let alone = self.entries.last().is_some_and(|entry| {
            let link = entry
                .link
                .as_deref()
                .filter(|link| link.starts_with("http"));
            entry.guid_is_link
                && link.is_some()
                && entry
                    .links
                    .iter()
                    .all(|known| known.href.as_deref() != link)
        });
        if alone {
            self.repairs.note(Repair::GuidLink, "");
        }
    }

    fn enclosure(&mut self, element: &Element) {
        let field = |name: &str| element.get(name).map(str::to_owned);
        let link = Link {
            rel: "enclosure".to_owned(),
            kind: field("type").map(|kind| kind.to_ascii_lowercase()),
            href: href_of(element).map(str::to_owned),
            title: None,
            length: field("length"),
            relative: None,
        };
        let media = link.href.as_ref().map(|href| Media {
            url: address::join(&self.base, href),
            kind: link.kind.clone(),
            ..Media::default()
        });
        let fields = self.context();
        fields.links.push(link);
        fields.media.extend(media);
    }

    fn license(&mut self, href: Option<&str>) {
        let href = href.map(str::to_owned);
        self.context().links.push(Link {
            rel: "license".to_owned(),
            href,
            ..Link::default()
        });
    }

    fn media(&mut self, element: &Element) {
        let field = |name: &str| element.get(name).map(str::to_owned);
        if let Some(url) = element.get("url").or_else(|| element.get("href")) {
            let media = Media {
                url: address::join(&self.base, url),
                kind: field("type").map(|kind| kind.to_ascii_lowercase()),
                medium: field("medium"),
                width: field("width"),
                height: field("height"),
                thumbnail: element.name != "media:content",
            };
            self.context().media.push(media);
        }
        if element.name != "media:content" {
            self.push(element.name.as_ref().to_owned(), false);
        }
    }

    /// A text that was read becomes a field's value.
    pub(super) fn value(
        &mut self,
        key: &str,
        mut text: String,
        mut params: Params,
    ) -> Option<String> {
        if params.base64
            && !text.is_empty()
            && let Some(unpacked) = meaning::unpacked(&text)
        {
            self.repairs.note(Repair::Base64, "");
            text = unpacked;
        }
        let mut relative = None;
        if ADDRESSES.contains(&key) && !text.is_empty() && (key != "id" || self.guid_is_link) {
            if address::scheme(&text).is_none() && !self.based {
                relative = Some(text.clone());
            }
            text = address::join(&self.base, &text);
        }
        if !self.kind.starts_with("atom")
            && params.kind() == TextKind::Plain
            && meaning::looks_like_html(&text)
        {
            params = Params::new(HTML, None);
        }
        let (text, twice) = meaning::set_right(text);
        if twice {
            self.repairs.note(Repair::Mojibake, &text);
        }
        let hidden = key == "title" && self.title_depth.is_some_and(|depth| depth <= self.depth);
        if !hidden && !matches!(key, "category" | "keywords") {
            self.store(key, &text, params.kind(), relative);
        }
        Some(text)
    }

    fn store(&mut self, key: &str, value: &str, kind: TextKind, relative: Option<String>) {
        let of_entry = self.in_entry && !self.in_source;
        if !of_entry && !self.in_feed && !self.in_source {
            return;
        }
        let text = || Text {
            value: value.to_owned(),
            kind,
            base: self.base.clone(),
            based: self.based,
            origin: self.origin,
        };
        let text = match key {
            "title" | "subtitle" | "summary" | "description" | "content" | "rights" => text(),
            _ => Text::default(),
        };
        let (depth, in_image) = (self.depth, self.in_image);
        let fields = match of_entry {
            true => self.entries.last_mut().unwrap_or(&mut self.feed),
            false => self.context(),
        };
        let key = match (key, of_entry) {
            ("description", true) => "summary",
            ("description", false) => "subtitle",
            (key, _) => key,
        };
        if key == "link" {
            if !(of_entry && in_image) {
                store_link(fields, value, relative);
            }
            return;
        }
        if key == "content" {
            fields.content.push(text);
            return;
        }
        if of_entry && !shallow_enough(fields, key, depth) {
            return;
        }
        let line = Some(value.to_owned());
        match key {
            "title" => fields.title = Some(text),
            "subtitle" => fields.subtitle = Some(text),
            "rights" => fields.rights = Some(text),
            "summary" => {
                fields.summary = Some(text);
                fields.summary_is_content = false;
            }
            "id" => fields.id = line,
            "author" => fields.author = line,
            "language" => fields.language = line,
            "generator" => fields.generator = line,
            "ttl" => fields.ttl = line,
            _ => {}
        }
    }
}

/// A text replaces one that stands as deep or deeper.
fn shallow_enough(fields: &mut Fields, key: &str, depth: usize) -> bool {
    const KEYS: [&str; 8] = [
        "title",
        "subtitle",
        "rights",
        "summary",
        "id",
        "author",
        "language",
        "generator",
    ];
    let Some(key) = KEYS.iter().find(|known| **known == key) else {
        return true;
    };
    match fields.depths.iter_mut().find(|(known, _)| known == key) {
        Some((_, known)) if *known < depth => false,
        Some((_, known)) => {
            *known = depth;
            true
        }
        None => {
            fields.depths.push((key, depth));
            true
        }
    }
}

fn store_link(fields: &mut Fields, value: &str, relative: Option<String>) {
    fields.link = Some(value.to_owned());
    if let Some(last) = fields.links.last_mut().filter(|_| !value.is_empty()) {
        last.href = Some(value.to_owned());
        last.relative = relative;
    }
}

/// Where a link or enclosure leads, by any of the names that feeds use.
fn href_of<'e>(element: &'e Element) -> Option<&'e str> {
    ["url", "uri", "href"]
        .into_iter()
        .find_map(|name| element.get(name).filter(|href| !href.is_empty()))
        .or_else(|| element.get("href"))
}
