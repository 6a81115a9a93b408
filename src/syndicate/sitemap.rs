//! The sitemap (sitemaps.org, protocol 0.9): every page of the archive, for search engines.

use jiff::civil::Date;

use super::text;

/// The most pages that one sitemap may name.
const MOST: usize = 50_000;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Absolute.
    pub url: String,
    /// The day it last changed, where known.
    pub changed: Option<Date>,
}

/// Writes the pages in their order; what is beyond the most that a sitemap may name is left out.
pub fn sitemap(pages: &[Location]) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
                   <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
        .to_owned();
    for page in pages.iter().take(MOST) {
        let address = text::escape(&text::legal(&page.url));
        xml.push_str(&format!("<url><loc>{address}</loc>"));
        if let Some(day) = page.changed {
            xml.push_str(&format!("<lastmod>{day}</lastmod>"));
        }
        xml.push_str("</url>\n");
    }
    xml.push_str("</urlset>\n");
    xml
}
