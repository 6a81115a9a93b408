//! A page becomes an article: title, authors, date, lead picture and text.
//!
//! What the page says of itself to programs (JSON-LD, `<meta>`, `<time datetime>`) goes before what it shows to people; the
//! text is where the operator's selector says, else where `dom_smoothie` finds it, and goes through the same cleaning as a
//! feed's. Nothing is made up: a page without a date has none.

mod body;
mod byline;
mod date;
mod picture;
mod title;

use jiff::Timestamp;
use url::Url;

use super::tree::NoTree;
use crate::gather::clean::Clean;
use crate::gather::head::Head;
use crate::gather::markup::{self, Piece};
use crate::gather::{identity, item, language, links, words};
use crate::model::{Author, Image, Post, Source, Topic};

/// What a page says, cleaned.
#[derive(Debug, Default)]
pub(in crate::gather) struct Article {
    pub(in crate::gather) title: Option<String>,
    pub(in crate::gather) author: Option<String>,
    pub(in crate::gather) published: Option<Timestamp>,
    pub(in crate::gather) image: Option<Image>,
    pub(in crate::gather) topics: Vec<Topic>,
    /// The address that the page gives itself.
    pub(in crate::gather) canonical: Option<String>,
    pub(in crate::gather) head: Head,
    pub(in crate::gather) body: Clean,
}

/// Why a page is no article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gather) enum Unread {
    TooDeep,
    /// The selector of the text finds nothing.
    NotSelected,
    NoText,
}

impl From<NoTree> for Unread {
    fn from(why: NoTree) -> Self {
        match why {
            NoTree::TooDeep => Self::TooDeep,
            NoTree::Defeated => Self::NoText,
        }
    }
}

/// Reads the page at `url`; `selector` says where its text is.
pub(in crate::gather) fn read(
    html: &str,
    url: &Url,
    selector: Option<&str>,
) -> Result<Article, Unread> {
    let pieces = markup::pieces(html);
    let head = Head::of(&pieces, url);
    let base = head.base(url);
    let found = body::find(&pieces, url, selector)?;
    let title = title::title_of(&head, &pieces, found.title.as_deref());
    let (body, dateline) = body::body_of(&found.html, title.as_deref(), &base)?;
    let site = head.meta(&["og:site_name"]).map(words::line);
    let byline = found.byline.or_else(|| byline::by_in(dateline.as_deref()?));
    let author = byline::author_of(&head, &pieces, byline.as_deref());
    Ok(Article {
        published: date::date_of(&head, &pieces, title.as_deref())
            .or_else(|| date::date_in(dateline.as_deref()?)),
        image: picture::image_of(&head, &base, &body),
        topics: head
            .meta(&["article:section"])
            .and_then(Topic::from_label)
            .into_iter()
            .collect(),
        canonical: head.canonical(url),
        title,
        author: author.filter(|author| Some(author) != site.as_ref()),
        head,
        body,
    })
}

impl Article {
    /// The article as a post of a source without a feed; its identity is the page's address.
    pub(in crate::gather) fn into_post(self, url: &Url, source: &Source) -> Option<Post> {
        let link = links::absolute(url, url.as_str())?;
        let own = self.canonical.or_else(|| links::canonical_link(&link))?;
        let (title, title_derived) = match self.title {
            Some(title) => (title, false),
            None => (words::derived_title(&self.body.prose), true),
        };
        let mut topics = source.topics.clone();
        for topic in self.topics {
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        let declared = self.head.language.or_else(|| source.language.clone());
        Some(Post {
            source: source.name.clone(),
            also: Vec::new(),
            slug: item::slug(&title, &own),
            alternate: links::beyond_host(&own),
            identity: identity::bounded(own),
            title,
            title_derived,
            link: Some(link),
            author: self.author.map(|name| Author {
                name,
                role: None,
                bio: None,
                photo: None,
            }),
            published: self.published,
            language: language::settle(declared, &self.body.text),
            topics,
            summary: words::summary(&self.body.prose),
            html: self.body.html,
            image: self.image,
            call_to_action: source.call_to_action.clone(),
            lead: false,
            hold: None,
            files: Vec::new(),
        })
    }
}

/// Where the element that opens at `start` ends: at the next tag that closes one of its name.
fn end_of(pieces: &[Piece], start: usize) -> Option<usize> {
    let Piece::Open(element) = pieces.get(start)? else {
        return None;
    };
    let mut inside = pieces[start..].iter();
    let length = inside.position(|piece| piece.closes(&element.name))?;
    Some(start + length)
}
