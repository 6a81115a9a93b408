//! The picture that stands for a page.

use url::Url;

use crate::gather::clean::Clean;
use crate::gather::head::Head;
use crate::gather::{links, words};
use crate::model::Image;

/// The picture for sharing, else the article's, else the first of the text.
pub(super) fn image_of(head: &Head, base: &Url, body: &Clean) -> Option<Image> {
    let shared = head.article_image().or_else(|| {
        head.meta(&["og:image:secure_url", "og:image", "twitter:image"])
            .map(str::to_owned)
    });
    let shared = shared.and_then(|src| links::picture(base, &src));
    // The site's mark stands for every page of it.
    let is_mark = |url: &String| url.to_lowercase().contains("logo");
    let Some(url) = shared.filter(|url| !is_mark(url)) else {
        return body.first_image.clone();
    };
    let same = body.first_image.as_ref().filter(|image| image.url == url);
    let alt = head.meta(&["og:image:alt"]).map(words::line);
    let side = |name: &str| head.meta(&[name]).and_then(|text| text.parse().ok());
    Some(Image {
        alt: alt
            .or_else(|| same.map(|image| image.alt.clone()))
            .unwrap_or_default(),
        size: side("og:image:width")
            .zip(side("og:image:height"))
            .or_else(|| same?.size),
        copies: Vec::new(),
        url,
    })
}
