//! Small pieces of the preview's HTML.

/// A row of links, of which one is where we are.
pub(super) fn group(name: &str, options: impl Iterator<Item = (String, String, bool)>) -> String {
    let links: String = options
        .map(|(href, label, is_current)| link(&href, &label, is_current))
        .collect();
    format!(
        "<nav class=\"group\" aria-label=\"{name}\">\n<span>{name}</span>\n<ul>\n{links}</ul>\n</nav>\n"
    )
}

pub(super) fn link(href: &str, label: &str, is_current: bool) -> String {
    let current = if is_current {
        " aria-current=\"true\""
    } else {
        ""
    };
    format!(
        "<li><a href=\"{}\"{current}>{label}</a></li>\n",
        escape(href)
    )
}

pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Escapes for HTML text and for attribute values in either quote.
pub(super) fn escape(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
