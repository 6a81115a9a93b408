//! Joins addresses as they are written: nothing but what is missing is added (RFC 3986 §5.2), so that a link in a feed
//! stays the publisher's own spelling.

use super::super::budget;

/// The address that `reference` means where `base` is in force; the reference itself where there is no base.
pub fn join(base: &str, reference: &str) -> String {
    // A thousand references that say little have a long base each.
    budget::keep(base.len() + reference.len());
    let reference = tidy(reference);
    if base.is_empty() || scheme(&reference).is_some() {
        return reference;
    }
    if reference.is_empty() {
        return base.to_owned();
    }
    let Some((root, path)) = split(base) else {
        return reference;
    };
    if reference.starts_with("//") {
        let scheme = base.split(':').next().unwrap_or_default();
        return format!("{scheme}:{reference}");
    }
    let path = path.split('#').next().unwrap_or_default();
    if reference.starts_with('#') {
        return format!("{root}{path}{reference}");
    }
    let path = path.split('?').next().unwrap_or_default();
    if reference.starts_with('?') {
        return format!("{root}{path}{reference}");
    }
    let end = reference.find(['?', '#']).unwrap_or(reference.len());
    let (relative, tail) = reference.split_at(end);
    let merged = match relative.starts_with('/') {
        true => relative.to_owned(),
        false => match path.rfind('/') {
            Some(at) => format!("{}{relative}", &path[..=at]),
            None => format!("/{relative}"),
        },
    };
    format!("{root}{}{tail}", without_dots(&merged))
}

/// Without spaces around and line breaks inside; `http:///host` has one slash too many.
fn tidy(reference: &str) -> String {
    let trimmed = reference.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let mut text: String = trimmed
        .chars()
        .filter(|c| !matches!(c, '\n' | '\r' | '\t'))
        .collect();
    if let Some(at) = text
        .find(":///")
        .filter(|_| scheme(&text).is_some_and(|s| s != "file"))
    {
        let rest = text[at + 3..].trim_start_matches('/').to_owned();
        text.truncate(at + 3);
        text.push_str(&rest);
    }
    text
}

/// The scheme of an absolute address (RFC 3986 §3.1).
pub(super) fn scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    valid.then_some(scheme)
}

/// `https://host` and what follows; `None` where the base has no host.
fn split(base: &str) -> Option<(&str, &str)> {
    let start = base.find("://")? + 3;
    let length = base[start..]
        .find(['/', '?', '#'])
        .unwrap_or(base.len() - start);
    Some(base.split_at(start + length))
}

fn without_dots(path: &str) -> String {
    if !path.contains("/.") {
        return path.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." if last => kept.push(""),
            "." => {}
            ".." => {
                kept.pop();
                if last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_joined_and_left_as_they_are_written() {
        for (base, reference, expected) in [
            ("https://a.example/b/c?d#e", "f", "https://a.example/b/f"),
            (
                "https://a.example/b/c",
                "../f/./g?h#i",
                "https://a.example/f/g?h#i",
            ),
            ("https://a.example", "f", "https://a.example/f"),
            ("https://a.example/b", "?x", "https://a.example/b?x"),
            ("https://a.example/b?y", "#x", "https://a.example/b?y#x"),
            (
                "https://a.example/b",
                "//c.example/d",
                "https://c.example/d",
            ),
            (
                "https://a.example/b",
                " HTTP://X.example ",
                "HTTP://X.example",
            ),
            ("https://a.example/b", "urn:x:y", "urn:x:y"),
            (
                "https://a.example/b",
                "http:///c.example/",
                "http://c.example/",
            ),
            ("", "f", "f"),
            ("https://a.example/b", "", "https://a.example/b"),
            ("urn:x", "f", "f"),
        ] {
            assert_eq!(join(base, reference), expected, "{base} {reference}");
        }
    }
}
