//! The dialect that a feed is written in: its root element says it, with its version, namespaces and doctype.

use super::tree::Element;

/// What a document shows of its dialect beside its elements.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Signs {
    /// Its doctype is Netscape's.
    pub(super) netscape: bool,
    atom: bool,
    rss090: bool,
    rss10: bool,
    rss11: bool,
}

impl Signs {
    /// Notes a namespace by its address, in lower case.
    pub(super) fn note_namespace(&mut self, address: &str) {
        self.atom |= address == "http://www.w3.org/2005/atom";
        self.rss090 |= address.ends_with(".netscape.com/rdf/simple/0.9/");
        self.rss10 |= address == "http://purl.org/rss/1.0/";
        self.rss11 |= address.starts_with("http://purl.org/net/rss1.1");
    }

    /// The dialect of a root element, in the words that feed readers use; `None` where the element does not say.
    pub(super) fn dialect(self, root: &Element) -> Option<&'static str> {
        let version = root.get("version").unwrap_or_default().trim();
        Some(match root.name.as_ref() {
            "rss" if self.netscape => "rss091n",
            "rss" => match version {
                "0.91" => "rss091u",
                "0.92" => "rss092",
                "0.93" => "rss093",
                "0.94" => "rss094",
                version if version.starts_with("2.") => "rss20",
                _ => "rss",
            },
            "feed" if self.atom => "atom10",
            "feed" => match version {
                "0.1" => "atom01",
                "0.2" => "atom02",
                "0.3" => "atom03",
                _ => "atom",
            },
            "rdf:rdf" if self.rss10 => "rss10",
            "rdf:rdf" if self.rss090 => "rss090",
            "channel" if self.rss11 => "rss11",
            "channel" => "cdf",
            _ => return None,
        })
    }
}
