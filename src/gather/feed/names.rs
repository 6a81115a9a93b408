//! The names of elements and attributes in one spelling, whatever prefix and namespace a feed gives them.
//!
//! RSS, Atom and their like have no prefix here (`title`), known modules the usual one (`dc:creator`); what is not
//! known keeps its own. A prefix that nobody declared is read by habit.

use std::borrow::Cow;

use super::dialect::Signs;

/// Prefixes in scope at once; more than any feed has.
const MAX_SCOPES: usize = 256;

/// The usual prefix of a namespace, by its address in lower case without a last `/` or `#`; empty for feeds themselves.
fn usual(address: &str) -> Option<&'static str> {
    Some(match address.trim_end_matches(['/', '#']) {
        "" => "",
        "http://purl.org/rss/1.0"
        | "http://purl.org/net/rss1.1"
        | "http://my.netscape.com/rdf/simple/0.9"
        | "http://channel.netscape.com/rdf/simple/0.9"
        | "http://blogs.law.harvard.edu/tech/rss"
        | "http://cyber.law.harvard.edu/rss/rss.html"
        | "http://www.rssboard.org/rss-specification"
        | "http://purl.org/rss/1.0/modules/rss091"
        | "http://www.w3.org/2005/atom"
        | "https://www.w3.org/2005/atom"
        | "http://purl.org/atom/ns"
        | "http://purl.org/atom"
        | "http://purl.org/echo"
        | "http://purl.org/pie"
        | "http://example.com/newformat"
        | "http://example.com/necho"
        | "uri/of/echo/namespace" => "",
        address if address.contains("backend.userland.com/rss") => "",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns" => "rdf",
        "http://purl.org/dc/elements/1.1" => "dc",
        "http://purl.org/dc/terms" => "dcterms",
        "http://purl.org/rss/1.0/modules/content" => "content",
        "http://purl.org/rss/1.0/modules/syndication" => "sy",
        "http://purl.org/rss/1.0/modules/slash" => "slash",
        "http://search.yahoo.com/mrss" | "https://search.yahoo.com/mrss" => "media",
        "http://www.itunes.com/dtds/podcast-1.0.dtd"
        | "https://www.itunes.com/dtds/podcast-1.0.dtd"
        | "http://example.com/dtds/podcast-1.0.dtd" => "itunes",
        "http://rssnamespace.org/feedburner/ext/1.0" => "feedburner",
        "http://www.w3.org/1999/xhtml" => "xhtml",
        "http://www.w3.org/1999/xlink" => "xlink",
        "http://www.w3.org/xml/1998/namespace" => "xml",
        "http://webns.net/mvcb" => "admin",
        "http://web.resource.org/cc" | "http://creativecommons.org/ns#license" => "cc",
        "http://cyber.law.harvard.edu/rss/creativecommonsrssmodule.html"
        | "http://backend.userland.com/creativecommonsrssmodule" => "creativecommons",
        "http://wellformedweb.org/commentapi" => "wfw",
        "http://purl.org/syndication/thread/1.0" => "thr",
        "http://www.georss.org/georss" => "georss",
        "http://www.w3.org/2003/01/geo/wgs84_pos" => "geo",
        "http://www.opengis.net/gml" => "gml",
        "http://podlove.org/simple-chapters" => "psc",
        _ => return None,
    })
}

/// What a declared prefix stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    Known(&'static str),
    Unknown,
}

/// The prefixes in scope, innermost last.
#[derive(Debug, Default)]
pub(super) struct Scopes<'a> {
    declared: Vec<(usize, &'a str, Space)>,
    pub(super) signs: Signs,
}

impl<'a> Scopes<'a> {
    /// Takes the declarations of an element at this depth.
    pub(super) fn declare(&mut self, depth: usize, attributes: &[(&'a str, Cow<'a, str>)]) {
        for (name, address) in attributes {
            let prefix = match name.split_once(':') {
                Some((xmlns, prefix)) if xmlns.eq_ignore_ascii_case("xmlns") => prefix,
                None if name.eq_ignore_ascii_case("xmlns") => "",
                _ => continue,
            };
            let address = address.trim().to_ascii_lowercase();
            self.signs.note_namespace(&address);
            let space = usual(&address).map_or(Space::Unknown, Space::Known);
            if self.declared.len() < MAX_SCOPES {
                self.declared.push((depth, prefix, space));
            }
        }
    }

    /// Forgets what was declared at this depth or deeper.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.declared.last().is_some_and(|(at, _, _)| *at >= depth) {
            self.declared.pop();
        }
    }

    fn space(&self, prefix: &str) -> Option<Space> {
        self.declared
            .iter()
            .rev()
            .find(|(_, known, _)| *known == prefix)
            .map(|(_, _, space)| *space)
    }

    /// An element's name in the one spelling, and the prefix, where nobody declared it.
    pub(super) fn element(&self, name: &'a str) -> (Cow<'a, str>, Option<&'a str>) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        match self.space(prefix) {
            Some(Space::Known(usual)) => (spelled(name, usual, prefix, local), None),
            _ if prefix.is_empty() => (lower(local), None),
            Some(Space::Unknown) => (lower(name), None),
            None if prefix.eq_ignore_ascii_case("atom") => (lower(local), Some(prefix)),
            None => (lower(name), Some(prefix)),
        }
    }

    /// An attribute's name in the one spelling; without a prefix it belongs to its element.
    pub(super) fn attribute(&self, name: &'a str) -> Cow<'a, str> {
        let Some((prefix, local)) = name.split_once(':') else {
            return lower(name);
        };
        match self.space(prefix) {
            Some(Space::Known(usual @ ("rdf" | "xml" | "xlink"))) => {
                spelled(name, usual, prefix, local)
            }
            _ => lower(name),
        }
    }
}

fn spelled<'a>(name: &'a str, usual: &str, prefix: &str, local: &'a str) -> Cow<'a, str> {
    if usual.is_empty() {
        return lower(local);
    }
    if usual == prefix {
        return lower(name);
    }
    Cow::Owned(format!("{usual}:{}", lower(local)))
}

fn lower(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        let mut scopes = Scopes::default();
        scopes.declare(
            1,
            &[
                ("xmlns", "http://www.w3.org/2005/Atom".into()),
                ("xmlns:x", "http://purl.org/dc/elements/1.1/".into()),
                ("xmlns:y", "urn:mine".into()),
            ],
        );
        for (name, expected, undeclared) in [
            ("Title", "title", None),
            ("x:creator", "dc:creator", None),
            ("y:Thing", "y:thing", None),
            ("content:encoded", "content:encoded", Some("content")),
        ] {
            assert_eq!(scopes.element(name), (Cow::Borrowed(expected), undeclared));
        }
        scopes.leave(1);
        assert_eq!(scopes.element("x:creator").0, "x:creator");
    }
}
