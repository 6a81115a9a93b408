//! Web addresses: made absolute, freed of what follows the reader around, and brought to the one form by which two
//! spellings are the same page.

use url::Url;

use super::budget;
use super::head::without_www;

/// Query parameters that name the way a reader came, by exact name.
const TRACKERS: [&str; 22] = [
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "twclid",
    "yclid",
    "igshid",
    "igsh",
    "mkt_tok",
    "vero_id",
    "oly_enc_id",
    "oly_anon_id",
    "_hsenc",
    "_hsmi",
    "hsctatracking",
    "ref_src",
    "s_cid",
    "wickedid",
    "ttclid",
];

/// The same by beginning.
const TRACKER_PREFIXES: [&str; 6] = ["utm_", "mc_", "pk_", "mtm_", "hsa_", "itm_"];

/// Octets of an address that others are relative to; longer ones are not passed on by most software.
const MAX_BASE: usize = 2_000;

/// Octets of an address that is kept: it stands in every mail, feed and page. Browsers and proxies pass on as much (RFC 9110
/// §4.1 asks for 8,000).
pub(super) const MAX_ADDRESS: usize = 8_000;

/// Query parameters that only defeat caches.
const CACHE_BUSTERS: [&str; 1] = ["v"];

/// The link as a reader gets it: absolute, http(s), `mailto:` or `tel:`, without trackers; `None` for anything else.
pub(super) fn absolute(base: &Url, href: &str) -> Option<String> {
    let mut url = joined(base, href)?;
    match url.scheme() {
        "http" | "https" => {
            strip(&mut url, is_tracker);
            Some(url.into())
        }
        "mailto" | "tel" => Some(url.into()),
        _ => None,
    }
}

/// A picture's address, absolute; only http(s).
pub(super) fn picture(base: &Url, src: &str) -> Option<String> {
    let url = joined(base, src)?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// The address that a reference means. What it gets from the base is counted, and a base of more than [`MAX_BASE`] gives
/// nothing but its host: ten thousand references of one letter would make ten thousand times the base.
fn joined(base: &Url, reference: &str) -> Option<Url> {
    let long = base.as_str().len() > MAX_BASE;
    let url = match long {
        true => base.join("/").ok()?.join(reference.trim()),
        false => base.join(reference.trim()),
    };
    let url = url.ok().filter(|url| url.as_str().len() <= MAX_ADDRESS)?;
    budget::keep(url.as_str().len());
    Some(url)
}

/// The one form of a page's address: https, no fragment, no trackers, no `?v=` that defeats caches, host in ASCII.
///
/// `None` where the text is no absolute http(s) address.
pub fn canonical_link(link: &str) -> Option<String> {
    let mut url = Url::parse(link.trim()).ok()?;
    match url.scheme() {
        "https" => {}
        "http" => url.set_scheme("https").ok()?,
        _ => return None,
    }
    url.set_fragment(None);
    // A video page is told from the next one by its `v`.
    let video = url.path().ends_with("/watch");
    strip(&mut url, |name| {
        is_tracker(name) || (!video && CACHE_BUSTERS.contains(&name))
    });
    Some(url.into())
}

/// The canonical link without scheme and host: survives a move to another domain. `None` where nothing is left that
/// tells one post from another.
pub(super) fn beyond_host(canonical: &str) -> Option<String> {
    let url = Url::parse(canonical).ok()?;
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    (!path.trim_matches('/').is_empty()).then_some(path)
}

/// The host of an address, or the one that a `tag:` URI was made by (RFC 4151 §2.1), without its `www.`; `None` where there
/// is none.
pub fn host_of(name: &str) -> Option<String> {
    if let Some(tag) = name.strip_prefix("tag:") {
        let authority = tag.split([',', ':']).next()?;
        let domain = authority.rsplit('@').next()?;
        return (!domain.is_empty()).then(|| without_www(&domain.to_ascii_lowercase()).to_owned());
    }
    host(&Url::parse(name).ok()?)
}

/// The host of a web address without its `www.`.
pub(super) fn host(url: &Url) -> Option<String> {
    matches!(url.scheme(), "http" | "https")
        .then(|| url.host_str().map(|host| without_www(host).to_owned()))?
}

/// A canonical link by which posts of several sources are held against each other: the same with and without `www.` and a
/// slash at its end.
pub(super) fn across_sources(canonical: &str) -> Option<String> {
    let url = Url::parse(canonical).ok()?;
    let (host, path) = (url.host_str()?, beyond_host(canonical)?);
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let (path, query) = path
        .split_once('?')
        .map_or((path.as_str(), String::new()), |(path, query)| {
            (path, format!("?{query}"))
        });
    let path = path.trim_end_matches('/');
    Some(format!("https://{}{port}{path}{query}", without_www(host)))
}

fn is_tracker(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TRACKERS.contains(&name.as_str())
        || TRACKER_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// Removes parameters by name and leaves the spelling of the others alone.
fn strip(url: &mut Url, unwanted: impl Fn(&str) -> bool) {
    let Some(query) = url.query() else {
        return;
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !unwanted(pair.split('=').next().unwrap_or_default()))
        .collect();
    let kept = kept.join("&");
    url.set_query((!kept.is_empty()).then_some(kept.as_str()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_page_are_one_link() {
        for text in [
            "http://Blog.example.nl/een/?utm_source=x&utm_medium=y",
            "https://blog.example.nl/een/#boven",
            " https://blog.example.nl:443/een/?v=1234&fbclid=z ",
            "https://blog.example.nl/een/?mc_cid=1&_hsenc=2",
        ] {
            assert_eq!(
                canonical_link(text).as_deref(),
                Some("https://blog.example.nl/een/"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_tells_pages_apart_stays() {
        assert_eq!(
            canonical_link("https://video.example/watch?v=abc&utm_x=1").as_deref(),
            Some("https://video.example/watch?v=abc")
        );
        assert_eq!(
            canonical_link("https://x.example/?p=12&q=%20a").as_deref(),
            Some("https://x.example/?p=12&q=%20a")
        );
        assert_eq!(canonical_link("mailto:jan@example.nl"), None);
        assert_eq!(canonical_link("/relatief"), None);
    }

    #[test]
    fn the_second_identity_survives_a_move() {
        assert_eq!(
            beyond_host("https://oud.example/een/?p=1").as_deref(),
            Some("/een/?p=1")
        );
        assert_eq!(beyond_host("https://oud.example/"), None);
    }
}
