//! The digest as it is shown inside the page: in the scheme that was chosen, with the pictures that may not be published
//! yet, and with an unsubscribe link that is seen and cannot be followed.

use super::ShownCopy;
use super::choice::Scheme;
use super::markup::escape;

/// A feature of every screen, in the place of a scheme that is there.
const ALWAYS: &str = "(min-width: 0px)";

/// A feature of no screen, in the place of a scheme that is not.
const NEVER: &str = "(max-width: 0px)";

/// The HTML part for the frame.
pub(super) fn framed(copy: &ShownCopy, scheme: Scheme) -> String {
    let Some(html) = &copy.html else {
        return String::new();
    };
    let html = in_scheme(html, scheme);
    let html = with_inert_link(&html, &copy.unsubscribe);
    let html = with_own_pictures(&html, &copy.base);
    // Links open beside the preview, not inside it.
    html.replacen("<head>", "<head><base target=\"_blank\">", 1)
}

/// Answers the style sheets' question for the scheme, whatever this machine's screen prefers.
fn in_scheme(html: &str, scheme: Scheme) -> String {
    let mut out = String::with_capacity(html.len() + 256);
    let mut rest = html;
    while let Some(start) = rest.find("<style") {
        let end = rest[start..]
            .find("</style")
            .map_or(rest.len(), |at| start + at);
        out.push_str(&rest[..start]);
        out.push_str(&answered(&rest[start..end], scheme));
        rest = &rest[end..];
    }
    out + rest
}

fn answered(style: &str, scheme: Scheme) -> String {
    let mut out = String::with_capacity(style.len());
    let mut rest = style;
    while let Some(open) = rest.find('(') {
        out.push_str(&rest[..open]);
        let close = rest[open..]
            .find(')')
            .map_or(rest.len(), |at| open + at + 1);
        let asked: String = rest[open..close].split_whitespace().collect();
        match asked.strip_prefix("(prefers-color-scheme:") {
            Some(wanted) if wanted.trim_end_matches(')') == scheme.name() => out.push_str(ALWAYS),
            Some(_) => out.push_str(NEVER),
            None => out.push_str(&rest[open..close]),
        }
        rest = &rest[close..];
    }
    out + rest
}

fn with_inert_link(html: &str, link: &str) -> String {
    let link = escape(link);
    ['"', '\''].iter().fold(html.to_owned(), |html, quote| {
        let old = format!("href={quote}{link}{quote}");
        html.replace(&old, &format!("{old} inert"))
    })
}

fn with_own_pictures(html: &str, base: &str) -> String {
    ['"', '\''].iter().fold(html.to_owned(), |html, quote| {
        let published = format!("src={quote}{}/", escape(base));
        html.replace(&published, &format!("src={quote}/pictures/"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(html: &str) -> ShownCopy {
        ShownCopy {
            html: Some(html.to_owned()),
            text: String::new(),
            message: String::new(),
            unsubscribe: "https://a.example/unsubscribe/x".to_owned(),
            base: "https://a.example".to_owned(),
        }
    }

    #[test]
    fn the_scheme_is_the_chosen_one_and_no_words_of_a_post_change() {
        let html = "<style>@media (prefers-color-scheme: dark) and (max-width: 9px) {}\n\
            @media (prefers-color-scheme:light){}</style><p>(prefers-color-scheme: dark)</p>";
        assert_eq!(
            framed(&copy(html), Scheme::Dark),
            "<style>@media (min-width: 0px) and (max-width: 9px) {}\n\
             @media (max-width: 0px){}</style><p>(prefers-color-scheme: dark)</p>"
        );
        assert!(framed(&copy(html), Scheme::Light).contains("@media (max-width: 0px) and"));
    }

    #[test]
    fn the_way_out_is_seen_and_leads_nowhere() {
        let html = "<head></head><a href=\"https://a.example/unsubscribe/x\">Weg</a>\
            <a href=\"https://a.example/issues/1/\">Lees</a><img src=\"https://a.example/img/1.jpg\">";
        assert_eq!(
            framed(&copy(html), Scheme::Light),
            "<head><base target=\"_blank\"></head><a href=\"https://a.example/unsubscribe/x\" inert>Weg</a>\
             <a href=\"https://a.example/issues/1/\">Lees</a><img src=\"/pictures/img/1.jpg\">"
        );
    }
}
