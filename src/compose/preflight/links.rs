//! Judges a link by its looks.

use std::collections::BTreeSet;

use url::{Host, Url};

use crate::model::Diagnostic;

/// Hosts that hide where a link leads; filters hold that against a mail (SpamAssassin has a rule for such links).
const SHORTENERS: [&str; 20] = [
    "bit.ly",
    "bl.ink",
    "buff.ly",
    "cutt.ly",
    "dlvr.it",
    "fb.me",
    "goo.gl",
    "is.gd",
    "lnkd.in",
    "ow.ly",
    "rb.gy",
    "rebrand.ly",
    "s.id",
    "shorturl.at",
    "t.co",
    "t.ly",
    "tiny.cc",
    "tinyurl.com",
    "trib.al",
    "v.gd",
];

/// Schemes that a mail program opens.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// The addresses that stand in a text, each once.
pub(super) fn of_text(text: &str) -> BTreeSet<String> {
    text.split_whitespace()
        .filter(|word| {
            let begins = |scheme: &str| word.starts_with(scheme);
            begins("https://") || begins("http://") || begins("mailto:")
        })
        .map(str::to_owned)
        .collect()
}

/// What is wrong with a link of a newsletter that answers at `base`.
pub(super) fn judge(link: &str, base: &str) -> Option<Diagnostic> {
    if link.is_empty() || link.starts_with('#') {
        let fault = format!("the link `{link}` leads nowhere");
        return Some(Diagnostic::error(fault).hint("mail programs follow no links within a mail"));
    }
    let Ok(url) = Url::parse(link) else {
        let fault = format!("the link `{link}` is relative: from a mail it leads nowhere");
        return Some(Diagnostic::error(fault).hint(
            "write it whole, from `https://`; in a template `{{absolute \"/a/\"}}` makes it so",
        ));
    };
    if !SCHEMES.contains(&url.scheme()) {
        let fault = format!("mail programs do not open `{link}`");
        return Some(Diagnostic::error(fault).hint("write an address that begins with `https://`"));
    }
    if is_shortened(&url) {
        let fault = format!("the link `{link}` is shortened: filters and readers distrust it");
        return Some(Diagnostic::warning(fault).hint("link to the page itself"));
    }
    let here = Url::parse(base).is_ok_and(|base| is_here(&base));
    if is_here(&url) && !here {
        let fault = format!("the link `{link}` leads to this machine, where no reader is");
        return Some(Diagnostic::warning(fault));
    }
    None
}

fn is_shortened(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    SHORTENERS.contains(&host.trim_start_matches("www."))
}

/// A host that only this machine or its network knows.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => !name.contains('.') || name.ends_with(".local"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(link: &str) -> Option<String> {
        judge(link, "https://nieuws.example.nl").map(|fault| fault.to_string())
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        for link in [
            "https://a.example/x?y=1#z",
            "http://a.example/",
            "mailto:jan@example.nl",
            "tel:+31201234567",
            "https://bitterzoet.example/bit.ly",
        ] {
            assert_eq!(judged(link), None);
        }
    }

    #[test]
    fn links_that_do_not_are_named() {
        for (link, word) in [
            ("", "leads nowhere"),
            ("#top", "leads nowhere"),
            ("artikel.html", "is relative"),
            ("/artikel/", "is relative"),
            ("//a.example/", "is relative"),
            ("javascript:alert(1)", "do not open"),
            ("https://bit.ly/3xY", "is shortened"),
            ("https://www.tinyurl.com/x", "is shortened"),
            ("http://localhost:8080/", "to this machine"),
            ("http://192.168.1.4/x", "to this machine"),
        ] {
            let shown = judged(link).unwrap();
            assert!(shown.contains(word), "{shown}");
        }
    }

    #[test]
    fn a_newsletter_on_this_machine_may_link_to_itself() {
        let link = "http://127.0.0.1:8080/issues/1/";
        assert_eq!(judge(link, "http://127.0.0.1:8080"), None);
    }
}
