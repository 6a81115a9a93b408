//! The one call to action of an issue, or of a post's page.
//!
//! In go the calls of posts and newsletter; out comes one, with words on its button and a picture that fits its box.

use serde::Serialize;

use super::picture::{Picture, poster};
use super::prose::one_line;
use super::view::Viewer;
use super::words::WordsError;
use crate::model::{CallToAction, Post, absolute};

/// The call to action.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CallView {
    text: String,
    /// The words on the button.
    label: String,
    /// Where the button leads; without it there is none.
    url: Option<String>,
    image: Option<Picture>,
}

impl Viewer<'_> {
    /// The one call of an issue: the lead's, else the newsletter's, else the first that leads anywhere, else the first.
    ///
    /// A post's call is its own or that of its source.
    pub fn call(&self, posts: &[&Post]) -> Result<Option<CallView>, WordsError> {
        let of_posts = || posts.iter().filter_map(|post| post.call_to_action.as_ref());
        let leads = |call: &&CallToAction| call.url.is_some();
        let of_lead = posts.first().and_then(|post| post.call_to_action.as_ref());
        let own = self.masthead.call_for(&self.words.language);
        let call = of_lead
            .filter(leads)
            .or(own.as_ref())
            .or_else(|| of_posts().find(leads))
            .or_else(|| of_posts().next());
        call.map(|call| self.call_view(call)).transpose()
    }

    /// A call to action with the words of its button.
    pub fn call_view(&self, call: &CallToAction) -> Result<CallView, WordsError> {
        let base = &self.masthead.url;
        let label = match &call.label {
            Some(label) => label.clone(),
            None => self.words.say("call-button", &[])?,
        };
        let image = call.image.as_ref().and_then(|image| poster(image, base));
        Ok(CallView {
            text: one_line(&call.text),
            label,
            url: call.url.as_deref().map(|url| absolute(base, url)),
            image: image.filter(|image| self.may_show(&image.url)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::sample;
    use crate::compose::view::tests::with_viewer;
    use crate::model::{Image, LocalisedCall};

    #[test]
    fn the_leads_own_call_comes_before_the_newsletters() {
        let call = |text: &str, url: Option<&str>| CallToAction {
            text: text.into(),
            label: None,
            url: url.map(str::to_owned),
            image: None,
        };
        let with = |own| Post {
            call_to_action: own,
            ..sample::bare_post()
        };
        let (linked, bare) = (
            with(Some(call("lead", Some("/x")))),
            with(Some(call("bare", None))),
        );
        let mut masthead = sample::issue().masthead;
        let mut chosen = |newsletter: Option<CallToAction>, posts: &[&Post]| {
            masthead.call_to_action = newsletter.map(|call| LocalisedCall {
                text: call.text.as_str().into(),
                label: call.label.as_deref().map(Into::into),
                url: call.url.as_deref().map(Into::into),
                image: None,
            });
            with_viewer(&masthead, |viewer| {
                viewer.call(posts).unwrap().map(|call| call.text)
            })
        };
        let own = Some(call("newsletter", None));
        assert_eq!(
            chosen(own.clone(), &[&linked, &bare]).as_deref(),
            Some("lead")
        );
        assert_eq!(
            chosen(own, &[&bare, &linked]).as_deref(),
            Some("newsletter")
        );
        assert_eq!(chosen(None, &[&bare, &linked]).as_deref(), Some("lead"));
        assert_eq!(chosen(None, &[&bare]).as_deref(), Some("bare"));
        assert_eq!(chosen(None, &[&with(None)]), None);
    }

    #[test]
    fn a_picture_fits_the_box_and_may_be_decoration() {
        let call = CallToAction {
            text: "Kom langs".into(),
            label: None,
            url: None,
            image: Some(Image {
                url: "https://a.example/zaal.jpg".into(),
                alt: String::new(),
                size: Some((960, 400)),
                copies: Vec::new(),
            }),
        };
        with_viewer(&sample::issue().masthead, |viewer| {
            let image = viewer.call_view(&call).unwrap().image.unwrap();
            assert_eq!((image.width, image.height), (480, Some(200)));
            assert_eq!(image.alt, "");
        });
    }
}
