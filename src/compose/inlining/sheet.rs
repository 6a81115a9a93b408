//! Whether a style sheet is plain: whether what a rule is for shows from an element's name and classes alone.
//!
//! In goes CSS, out comes yes or no. In doubt the answer is no.

/// What Outlook.com writes into a page that it darkens; no page has it before, so a rule for it touches nothing here.
pub(super) const OUTLOOK_MARK: &str = "data-ogs";

/// Whether every rule is for `name`, `.class` or `name.class`, in `@media` (which stays in the sheet) or for
/// Outlook.com alone; and no value depends on the elements around it, as a variable does.
pub(super) fn is_plain(css: &str) -> bool {
    if css.contains("/*") || css.contains("var(") || css.contains('\\') {
        return false;
    }
    let mut rest = css;
    while let Some((selectors, after)) = rest.split_once('{') {
        let selectors = selectors.trim();
        let end = if selectors.starts_with("@media") {
            end_of_block(after)
        } else if selectors.split(',').all(is_plain_selector) {
            after.find('}')
        } else {
            None
        };
        let Some(end) = end else {
            return false;
        };
        rest = &after[end + 1..];
    }
    rest.trim().is_empty()
}

fn is_plain_selector(selector: &str) -> bool {
    let selector = selector.trim();
    if let Some(marked) = selector.strip_prefix('[') {
        return marked.starts_with(OUTLOOK_MARK) && marked.contains("] ");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    // A parser adds the body of a table where it is not written.
    !selector.is_empty() && selector.bytes().all(plain) && !selector.starts_with("tbody")
}

/// Where the `}` is that closes a block which holds rules.
fn end_of_block(css: &str) -> Option<usize> {
    let mut open = 1;
    css.bytes().position(|byte| {
        match byte {
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        open == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_classes_are_plain_and_nothing_else_is() {
        for css in [
            "",
            "p, .a, td.b, a.b.c { color: red }\n.a { font: 1px 'Times New Roman' }",
            "@media (max-width: 599px) { .a > b { x: y } p { x: y } } .b { x: y }",
            "[data-ogsc] .a, [data-ogsb] td.b { x: y }",
        ] {
            assert!(is_plain(css), "{css}");
        }
        for css in [
            ".a .b { x: y }",
            ".a > .b { x: y }",
            ".a + .b, p { x: y }",
            "a[href] { x: y }",
            "[lang] .a { x: y }",
            "[data-ogsc] .a, [lang] .a { x: y }",
            "* { x: y }",
            "tbody { x: y }",
            "#a { x: y }",
            "a:hover { x: y }",
            "p:first-child { x: y }",
            "@layer a { p { x: y } }",
            "@import url(x.css); p { x: y }",
            ".a { color: var(--b) }",
            ".a\\:b { x: y }",
            "p { x: y } /* .a > .b */",
            "p { content: \"} .a > .b {\" }",
            "p { content: \"}\" } q { x: y }",
            "p { x: y",
            "@media screen { p { x: y }",
            "p { x: y } q",
        ] {
            assert!(!is_plain(css), "{css}");
        }
    }
}
