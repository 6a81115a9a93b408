//! `[[delivery.dkim]]`: the keys that every message is signed with.
//!
//! A key lies alone in a PEM file that only its owner may read; `courant dkim generate` makes one.

use std::path::Path;

use super::files::read_text;
use super::password::warn_if_open;
use super::section::Section;
use super::value::Value;
use crate::model::{DkimKey, DkimSecret, EmailAddress};

/// Longest selector: one label of a DNS name (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// Reads the keys; `None` if one of them is of no use, which was reported.
pub(super) fn read(
    sections: Vec<Section<'_>>,
    root: &Path,
    from: Option<&EmailAddress>,
) -> Option<Vec<DkimKey>> {
    // All are read, so that the faults of all are found.
    let keys: Vec<_> = sections
        .into_iter()
        .map(|section| read_key(section, root, from))
        .collect();
    keys.into_iter().collect()
}

fn read_key(mut section: Section<'_>, root: &Path, from: Option<&EmailAddress>) -> Option<DkimKey> {
    section.refuse_secret(
        "key",
        "a private key does not belong in this file",
        "put it alone in a file and name that with `key_file`",
    );
    let selector = section.required("selector", |v| v.parse(parse_selector));
    let secret = section.required("key_file", |v| read_secret(v, root));
    let own = from.map(|from| from.ascii_domain().to_owned());
    let domain = section.or("domain", own.clone(), |v| {
        let domain = v.parse(parse_domain)?;
        warn_if_strange(v, &domain, own.as_deref());
        Some(Some(domain))
    });
    section.finish();
    Some(DkimKey::new(domain??, selector?, secret?))
}

/// Labels of letters, digits and hyphens (RFC 6376 §3.1).
fn parse_selector(text: &str) -> Result<String, &'static str> {
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.len() <= LONGEST_LABEL && label.chars().all(inner)
    };
    if text.split('.').all(label) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("a selector is a short word of letters and digits, such as `courant2026`")
    }
}

fn parse_domain(text: &str) -> Result<String, &'static str> {
    let ascii = idna::domain_to_ascii(text).unwrap_or_default();
    if ascii.contains('.') && ascii.split('.').all(|label| !label.is_empty()) {
        Ok(ascii)
    } else {
        Err("not the name of a domain")
    }
}

/// Receivers hold the domain of a signature against From's (RFC 7489 §3.1).
fn warn_if_strange(value: &Value<'_>, domain: &str, own: Option<&str>) {
    let Some(own) = own else { return };
    if own != domain && !own.ends_with(&format!(".{domain}")) {
        value.warn(
            format!("a signature of `{domain}` says nothing about mail from `{own}`"),
            format!("leave `domain` out, or write `{own}`"),
        );
    }
}

fn read_secret(value: &Value<'_>, root: &Path) -> Option<DkimSecret> {
    let typed = value.line_of_text()?;
    let path = root.join(&typed);
    let text = match read_text(&path, Path::new(&typed)) {
        Ok(text) => text,
        Err(fault) => {
            let hint = "`courant dkim generate` makes a key";
            value.report(fault.message, Some(fault.hint.unwrap_or(hint.into())));
            return None;
        }
    };
    warn_if_open(value, &path, &typed, "the DKIM key");
    match DkimSecret::from_pem(&text) {
        Ok(secret) => Some(secret),
        Err(why) => {
            let hint = "`courant dkim generate` makes a key";
            value.report(format!("`{typed}` {why}"), Some(hint.into()));
            None
        }
    }
}
