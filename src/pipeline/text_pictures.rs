//! The pictures that stand in the text of a post which has a page here: copied as those of a mail are.
//!
//! A page asks no other server for anything, so a picture of the web in a post of our own is fetched once, when an issue
//! is sealed, and its copy stands in its place on the page and in the feeds. What cannot be had becomes a link there. Of a
//! post that lives elsewhere, feeds hold the text as its publisher wrote it, and there is no page.

use std::time::Duration;

use jiff::Timestamp;

use super::pictures::Purpose;
use super::shelf::Keep;
use super::{Fault, Pipeline};
use crate::model::{Diagnostic, Post};

/// The most pictures of one text that are fetched: more than any story shows, and an end for one that is made of them.
const IN_A_TEXT: usize = 20;

/// The longest that the pictures of one text may take together: what comes later is a link.
const PATIENCE: Duration = Duration::from_secs(60);

impl Pipeline {
    /// Makes copies of the pictures in a post's text, and says which could not be had.
    pub(super) async fn host_text(
        &self,
        post: &Post,
        keep: Keep,
        now: Timestamp,
    ) -> Result<Vec<Diagnostic>, Fault> {
        if post.link.is_some() || !self.config.gather.pictures {
            return Ok(Vec::new());
        }
        let all = pictures_of_the_web(&post.html);
        let mut lost = Vec::new();
        let fetched = async {
            for (done, (_, address)) in all.iter().enumerate() {
                let why = match done < IN_A_TEXT {
                    true => {
                        let wanted = (Purpose::Picture, keep);
                        self.host(post, address, wanted, now).await?.err()
                    }
                    false => Some(format!("{IN_A_TEXT} of a text are fetched")),
                };
                lost.extend(why.map(|why| left_as_link(post, address, &why)));
            }
            Ok::<(), Fault>(())
        };
        match tokio::time::timeout(PATIENCE, fetched).await {
            Ok(fetched) => fetched?,
            Err(_) => {
                let why = format!("its pictures took more than {} s", PATIENCE.as_secs());
                lost.push(left_as_link(post, "", &why));
            }
        }
        Ok(lost)
    }

    /// The post's text with the copies that there are in the places of their originals; nothing is fetched.
    pub(super) fn text_with_copies(&self, post: &Post) -> Result<String, Fault> {
        let mut html = post.html.clone();
        if post.link.is_some() {
            return Ok(html);
        }
        for (written, address) in pictures_of_the_web(&post.html) {
            let copies = self.remembered(&address, Purpose::Picture, Keep::Published)?;
            if let Some(copy) = copies.as_ref().and_then(|copies| copies.last()) {
                let (old, new) = (
                    format!(" src=\"{written}\""),
                    format!(" src=\"{}\"", copy.url),
                );
                html = html.replace(&old, &new);
            }
        }
        Ok(html)
    }
}

/// The addresses of pictures in HTML that a serialiser wrote, as they are written and as they are, each once.
fn pictures_of_the_web(html: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for tag in html.split("<img ").skip(1) {
        // Names stand at even places between quotes, values at odd ones; the tag ends outside of them.
        let mut parts = tag.split('"');
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            if name.contains('>') {
                break;
            }
            if name.trim() != "src=" {
                continue;
            }
            let address = value.replace("&amp;", "&");
            let of_the_web = address.starts_with("https://") || address.starts_with("http://");
            if of_the_web && !found.iter().any(|(known, _)| known == value) {
                found.push((value.to_owned(), address));
            }
        }
    }
    found
}

fn left_as_link(post: &Post, address: &str, why: &str) -> Diagnostic {
    let fault = Diagnostic::warning(format!(
        "the page of “{}” links to a picture that it cannot show: {why}",
        post.title
    ));
    let fault = match address.is_empty() {
        true => fault,
        false => fault.in_file(address),
    };
    fault.hint("put the picture beside the post, and the page shows it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_where_they_are_and_once() {
        let html = "<p><img alt=\"a > b\" src=\"https://a.example/?x=1&amp;y=2\"><img src=\"/img/x.jpg\"> \
                    <a href=\"https://a.example/z\">src=\"https://no.example/\"</a>\
                    <img src=\"https://a.example/?x=1&amp;y=2\" alt=\"\"><img src=\"http://b.example/\"></p>";
        let found = pictures_of_the_web(html);
        assert_eq!(
            found,
            [
                (
                    "https://a.example/?x=1&amp;y=2",
                    "https://a.example/?x=1&y=2"
                ),
                ("http://b.example/", "http://b.example/"),
            ]
            .map(|(written, address)| (written.to_owned(), address.to_owned()))
        );
        assert_eq!(pictures_of_the_web("<img alt=\"<img src=\">"), []);
    }
}
