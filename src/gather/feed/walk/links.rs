//! What leads elsewhere: links, guids that are addresses, enclosures, pictures and films, licences.

use super::super::address;
use super::super::reading::{Link, Media};
use super::super::repairs::Repair;
use super::super::tree::Element;
use super::{HTML, Walk};

impl Walk<'_> {
    pub(super) fn start_link(&mut self, element: &Element, expects: bool) {
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

    pub(super) fn start_guid(&mut self, element: &Element) {
        let permanent = element.get("ispermalink").unwrap_or("true");
        self.guid_is_link = permanent.eq_ignore_ascii_case("true");
        self.push("id", true);
    }

    pub(super) fn end_guid(&mut self) {
        let value = self.pop("id");
        let guid_is_link = self.guid_is_link;
        let fields = self.context();
        fields.guid_is_link = guid_is_link && fields.link.is_none();
        if guid_is_link && fields.link.is_none() {
            fields.link = value;
        }
    }

    /// Says so where the entry had no link but its guid.
    pub(super) fn note_guid_link(&mut self) {
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

    pub(super) fn enclosure(&mut self, element: &Element) {
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

    pub(super) fn media(&mut self, element: &Element) {
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

    pub(super) fn end_license(&mut self) {
        let license = self.pop("license");
        self.license(license.as_deref());
    }

    pub(super) fn license(&mut self, href: Option<&str>) {
        let href = href.map(str::to_owned);
        self.context().links.push(Link {
            rel: "license".to_owned(),
            href,
            ..Link::default()
        });
    }
}

/// Where a link or enclosure leads, by any of the names that feeds use.
fn href_of<'e>(element: &'e Element) -> Option<&'e str> {
    ["url", "uri", "href"]
        .into_iter()
        .find_map(|name| element.get(name).filter(|href| !href.is_empty()))
        .or_else(|| element.get("href"))
}
