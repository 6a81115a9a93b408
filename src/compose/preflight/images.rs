//! Judges the pictures of a page: their words, their size, their weight.

use std::collections::BTreeMap;

use super::reading::Page;
use crate::model::Diagnostic;

/// A picture heavier than this is a burden on a phone, in bytes.
const HEAVY: u64 = 500_000;

/// All pictures of a digest together, in bytes: about a second and a half of a usual mobile line.
const HEAVY_TOGETHER: u64 = 2_000_000;

/// What is wrong with the pictures.
pub(super) fn faults(page: &Page, weights: &BTreeMap<String, u64>) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut together = 0;
    for image in page.elements("img") {
        let address = image.attribute("src").unwrap_or_default();
        if image.attribute("alt").is_none() {
            faults.push(
                Diagnostic::error(format!("the picture `{address}` has no `alt`"))
                    .hint("write `alt=\"{{image.alt}}\"`, or `alt=\"\"` for decoration"),
            );
        }
        if !address.starts_with("https://") && !address.starts_with("http://") {
            let fault = format!("the picture `{address}` is at no address of the web");
            faults.push(Diagnostic::error(fault));
        }
        if image.attribute("width").is_none() {
            faults.push(Diagnostic::warning(format!(
                "the picture `{address}` has no `width`, and Outlook shows it as large as it is"
            )));
        }
        let weight = weights.get(&address).copied().unwrap_or(0);
        together += weight;
        if weight > HEAVY {
            let fault = format!("the picture `{address}` has {}", kilobytes(weight));
            let hint = format!("up to {} is kind to phones", kilobytes(HEAVY));
            faults.push(Diagnostic::warning(fault).hint(hint));
        }
    }
    if together > HEAVY_TOGETHER {
        let fault = format!("the pictures together have {}", kilobytes(together));
        let hint = format!("up to {} is kind to phones", kilobytes(HEAVY_TOGETHER));
        faults.push(Diagnostic::warning(fault).hint(hint));
    }
    faults
}

fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes.div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str, weights: &[(&str, u64)]) -> Vec<String> {
        let weights = weights.iter().map(|(at, n)| ((*at).to_owned(), *n));
        let faults = faults(&Page::read(html), &weights.collect());
        faults.into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn a_picture_says_what_it_is_and_how_wide() {
        let good = "<img src=\"https://a.example/a.jpg\" alt=\"\" width=\"9\">";
        assert!(shown(good, &[("https://a.example/a.jpg", 500_000)]).is_empty());
        assert_eq!(
            shown("<img src=\"/a.jpg\">", &[]),
            [
                "the picture `/a.jpg` has no `alt`",
                "the picture `/a.jpg` is at no address of the web",
                "the picture `/a.jpg` has no `width`, and Outlook shows it as large as it is",
            ]
        );
    }

    #[test]
    fn heavy_pictures_are_weighed_alone_and_together() {
        let image = |n| format!("<img src=\"https://a.example/{n}.jpg\" alt=\"\" width=\"9\">");
        let html: String = (0..5).map(image).collect();
        let addresses: Vec<_> = (0..5)
            .map(|n| format!("https://a.example/{n}.jpg"))
            .collect();
        let weights: Vec<_> = addresses.iter().map(|at| (at.as_str(), 450_000)).collect();
        assert_eq!(
            shown(&html, &weights),
            ["the pictures together have 2250 KB"]
        );
        assert_eq!(
            shown(&image(0), &[("https://a.example/0.jpg", 500_001)]),
            ["the picture `https://a.example/0.jpg` has 501 KB"]
        );
    }
}
