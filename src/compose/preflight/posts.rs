//! Looks over posts before any issue: what `check` can say of a folder without gathering or sending.

use super::links;
use crate::compose::picture::is_safe;
use crate::model::{Diagnostic, Masthead, Post, absolute};

/// What deserves a look in these posts and in the newsletter's own call to action. All are warnings.
pub fn preflight_posts(masthead: &Masthead, posts: &[Post]) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let call = masthead.call_for(&masthead.language);
    if let Some(fault) = call.and_then(|call| links::judge(&call.url?, &masthead.url)) {
        faults.push(warning("call_to_action", &fault.message));
    }
    for post in posts {
        let call = post.call_to_action.as_ref();
        let addresses = [
            Some(post.address(&masthead.url)),
            call.and_then(|c| c.url.clone()),
        ];
        for address in addresses.into_iter().flatten() {
            let address = absolute(&masthead.url, &address);
            if let Some(fault) = links::judge(&address, &masthead.url) {
                faults.push(warning(&post.title, &fault.message));
            }
        }
        faults.extend(picture(post));
    }
    faults
}

fn picture(post: &Post) -> Option<Diagnostic> {
    let image = post.image.as_ref()?;
    if !is_safe(&image.url) {
        return Some(
            warning(
                &post.title,
                &format!("its picture `{}` is left out", image.url),
            )
            .hint("mail programs draw JPEG, PNG and GIF"),
        );
    }
    image.alt.trim().is_empty().then(|| {
        warning(&post.title, "its picture has no words in its place").hint(
            "`image_alt` in the front matter says what it shows; until then the title stands in",
        )
    })
}

fn warning(title: &str, message: &str) -> Diagnostic {
    Diagnostic::warning(format!("“{title}”: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::sample;
    use crate::model::{CallToAction, Image};

    #[test]
    fn posts_are_looked_over() {
        let masthead = sample::issue().masthead;
        assert!(preflight_posts(&masthead, &[sample::full_post(), sample::bare_post()]).is_empty());
        let image = |url: &str| Image {
            url: url.into(),
            alt: " ".into(),
            size: None,
            copies: Vec::new(),
        };
        let with = |link: &str, picture: &str| Post {
            link: Some(link.into()),
            image: Some(image(picture)),
            call_to_action: Some(CallToAction {
                text: "Kom".into(),
                label: None,
                url: Some("https://t.co/x".into()),
                image: None,
            }),
            ..sample::bare_post()
        };
        let posts = [
            with("artikel.html", "/a.jpg"),
            with("https://a.example/", "/a.svg"),
        ];
        let found: Vec<_> = preflight_posts(&masthead, &posts)
            .iter()
            .map(ToString::to_string)
            .collect();
        for (at, words) in [
            (0, "is relative"),
            (1, "is shortened"),
            (2, "no words in its place"),
            (3, "is shortened"),
            (4, "`/a.svg` is left out"),
        ] {
            assert!(found[at].contains(words), "{}", found[at]);
        }
    }
}
