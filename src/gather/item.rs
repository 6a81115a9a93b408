//! One item of a feed becomes a post: the best link, title, text, author, picture and date that it brings.

use feed_rs::model::{Content, Entry, Feed, MediaObject, Person, Text};
use jiff::Timestamp;
use url::Url;

use super::clean::{self, Clean, Reference, TooDeep};
use super::feed::Fields;
use super::identity::{self, Marks};
use super::{dates, folder, language, links, prose, words};
use crate::model::{Author, Diagnostic, Image, Language, Post, Source, Topic};

/// Names that blog software gives to posts without a topic (English, Dutch, German, French).
const NO_TOPICS: [&str; 7] = [
    "uncategorized",
    "uncategorised",
    "geen-categorie",
    "ongecategoriseerd",
    "allgemein",
    "unkategorisiert",
    "non-classé",
];

/// A post that still lacks its identity and slug, and what they are made of.
pub(super) struct Item {
    pub(super) post: Post,
    pub(super) marks: Marks,
    pub(super) fault: Option<Diagnostic>,
}

/// Reads one item; `None` where there is nothing to show.
pub(super) fn read(
    entry: Entry,
    feed: &Feed,
    fields: &Fields,
    page: Option<&str>,
    url: &Url,
    source: &Source,
) -> Option<Item> {
    let guid = Some(entry.id.trim().to_owned()).filter(|guid| identity::is_guid(guid));
    let link = link_of(fields, page, url);
    let base = base_of(&entry, link.as_deref(), url);
    let body = body_of(&entry, &base);
    let (body, is_summary, too_deep) = match body {
        Ok((body, is_summary)) => (body, is_summary, false),
        Err(TooDeep) => (Clean::default(), false, true),
    };
    let (title, title_derived) = title_of(entry.title.as_ref(), &body.prose, link.as_deref())?;
    let published = entry
        .published
        .or(entry.updated)
        .and_then(|date| Timestamp::from_millisecond(date.timestamp_millis()).ok());
    let marks = Marks {
        guid,
        link: link.as_deref().and_then(links::canonical_link),
        title: title.clone(),
        date: published.map(|date| date.as_second().to_string()),
    };
    // After the marks, so that what was known by such a date stays known.
    let published = published.filter(|date| !dates::is_none(*date));
    let image = image_of(&entry.media, &base, &body);
    let fault = too_deep.then(|| {
        Diagnostic::warning(format!(
            "the text of `{title}` nests too deep to be shown safely"
        ))
        .hint("the post goes out with its summary and link")
    });
    let post = Post {
        source: source.name.clone(),
        identity: String::new(),
        alternate: None,
        slug: String::new(),
        title_derived,
        link,
        author: author_of(&entry.authors, &feed.authors),
        published,
        language: language_of(&entry, feed, source, &body.text),
        topics: topics_of(&entry, source),
        summary: summary_of(&entry, &body, is_summary),
        image,
        call_to_action: source.call_to_action.clone(),
        lead: false,
        hold: None,
        files: Vec::new(),
        also: Vec::new(),
        html: worth_showing(&entry, body),
        title,
    };
    Some(Item { post, marks, fault })
}

/// A path-safe name that no other post of the source has.
pub(super) fn slug(title: &str, identity: &str) -> String {
    let hash = &identity::short_hash(identity.as_bytes())[..8];
    match words::slug(title).as_str() {
        "" => hash.to_owned(),
        slug => format!("{slug}-{hash}"),
    }
}

/// The page of the post, as the feed says or as its guid does, else the page that it is related to.
///
/// A relative address is relative to its xml:base, else to the feed's own `page`, else to the feed's address.
fn link_of(fields: &Fields, page: Option<&str>, url: &Url) -> Option<String> {
    let related = || {
        let link = fields.links.iter().find(|link| link.rel == "related")?;
        link.href.as_deref()
    };
    let found = fields.link.as_deref().or_else(related)?;
    let relative = fields
        .links
        .iter()
        .filter(|link| link.href.as_deref() == Some(found))
        .find_map(|link| link.relative.as_deref());
    let at_page = relative.and_then(|relative| {
        let page = Url::parse(page?).ok()?;
        links::absolute(&page, relative)
    });
    at_page
        .or_else(|| links::absolute(url, found))
        .filter(|href| href.starts_with("http"))
}

/// What relative addresses of the text are relative to: its xml:base, else the post's link, else the feed's address.
fn base_of(entry: &Entry, link: Option<&str>, url: &Url) -> Url {
    entry
        .base
        .as_deref()
        .and_then(|base| url.join(base).ok())
        .or_else(|| Url::parse(link?).ok())
        .unwrap_or_else(|| url.clone())
}

/// The whole text, or the summary where there is no more; and whether it is the summary, as it stands.
fn body_of(entry: &Entry, base: &Url) -> Result<(Clean, bool), TooDeep> {
    let mut is_summary = false;
    let html = match (&entry.content, &entry.summary) {
        (
            Some(Content {
                body: Some(body),
                content_type,
                ..
            }),
            _,
        ) if !body.trim().is_empty() => as_html(body, content_type.as_str()),
        (_, Some(text)) => {
            is_summary = true;
            summary_html(text)
        }
        _ => String::new(),
    };
    let html = match folder::without_shortcodes(&html) {
        Some(without) => {
            is_summary &= without == html;
            without
        }
        None => html,
    };
    let clean = clean::clean(&html, |reference| match reference {
        Reference::Link(href) => links::absolute(base, href).map(Into::into),
        Reference::Picture(src) => links::picture(base, src).map(Into::into),
    })?;
    Ok((clean, is_summary))
}

fn as_html(body: &str, content_type: &str) -> String {
    match content_type {
        "text/plain" => prose::paragraphs(body),
        kind if kind.contains("html") || kind.contains("xml") || kind.starts_with("text/") => {
            body.to_owned()
        }
        // A base64 document of another kind is no text.
        _ => String::new(),
    }
}

/// A description in RSS is called HTML by the parser even where it is plain text with line breaks.
fn summary_html(text: &Text) -> String {
    match words::is_html(&text.content) || text.content_type.as_str().contains("xhtml") {
        true => text.content.clone(),
        false => prose::paragraphs(&text.content),
    }
}

/// A plain description that the summary already says whole is not repeated as the post's text.
fn worth_showing(entry: &Entry, body: Clean) -> String {
    let whole = entry
        .content
        .as_ref()
        .and_then(|content| content.body.as_deref())
        .is_some_and(|body| !body.trim().is_empty());
    let plain = entry
        .summary
        .as_ref()
        .is_none_or(|text| !words::is_html(&text.content));
    let said = words::summary(&body.text) == words::line(&body.text);
    match !whole && plain && said {
        true => String::new(),
        false => body.html,
    }
}

/// The item's title, else one made of its text, else its link's last part.
fn title_of(title: Option<&Text>, text: &str, link: Option<&str>) -> Option<(String, bool)> {
    let own = title.map(|title| words::line_of_markup(&title.content));
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        return Some((own, false));
    }
    let derived = words::derived_title(text);
    if !derived.is_empty() {
        return Some((derived, true));
    }
    let link = link?.trim_end_matches('/');
    let last = link.rsplit('/').next().unwrap_or(link);
    Some((words::line(last), true))
}

fn summary_of(entry: &Entry, body: &Clean, is_summary: bool) -> String {
    let own = entry.summary.as_ref().map(|summary| match is_summary {
        true => body.text.clone(),
        false => {
            let html = summary_html(summary);
            clean::clean(&html, |_| None)
                .map(|clean| clean.text)
                .unwrap_or_default()
        }
    });
    let own = own.map(|own| without_tail(&own));
    match own.filter(|own| !own.is_empty()) {
        Some(own) => words::summary(&own),
        None => words::summary(&without_tail(&body.prose)),
    }
}

/// Without the lines and marks that blog software adds to an excerpt.
fn without_tail(text: &str) -> String {
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !(line.starts_with("The post ") && line.contains(" appeared first on ")))
        .collect();
    let kept = kept.join("\n");
    let kept = kept.trim_end();
    let Some(cut) = ["[…]", "[...]"]
        .iter()
        .find_map(|mark| kept.strip_suffix(mark))
    else {
        return kept.to_owned();
    };
    let cut = cut.trim_end();
    match cut.ends_with(['.', '!', '?', '…']) {
        true => cut.to_owned(),
        false => format!("{cut}…"),
    }
}

/// People of a byline, the first that are named.
const MAX_AUTHORS: usize = 10;

/// The item's authors, else the feed's; never an e-mail address.
fn author_of(own: &[Person], of_feed: &[Person]) -> Option<Author> {
    let names = |people: &[Person]| {
        let mut names: Vec<String> = Vec::new();
        for name in people.iter().filter_map(|person| person.name.as_deref()) {
            if names.len() == MAX_AUTHORS {
                break;
            }
            let name = words::line_of_markup(name);
            let name = name.trim_matches(['(', ')', ' ']).to_owned();
            if !name.is_empty() && !name.contains('@') && !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(", ")
    };
    [own, of_feed]
        .into_iter()
        .map(names)
        .find(|name| !name.is_empty())
        .map(|name| Author {
            name,
            role: None,
            bio: None,
            photo: None,
        })
}

fn language_of(entry: &Entry, feed: &Feed, source: &Source, text: &str) -> Option<Language> {
    let declared = [&entry.language, &feed.language]
        .into_iter()
        .find_map(|tag| Language::parse(tag.as_deref()?).ok())
        .or_else(|| source.language.clone());
    language::settle(declared, text)
}

/// An item's own topics that are kept, its first: each makes pages and feeds of its own.
const MAX_TOPICS: usize = 10;

/// The source's topics, then the item's own, each once.
fn topics_of(entry: &Entry, source: &Source) -> Vec<Topic> {
    let mut topics = source.topics.clone();
    let most = topics.len() + MAX_TOPICS;
    for category in &entry.categories {
        if topics.len() >= most {
            break;
        }
        let label = category.label.as_deref().unwrap_or(&category.term);
        let topic = Topic::from_label(&words::line_of_markup(label));
        if let Some(topic) = topic.filter(|topic| !NO_TOPICS.contains(&topic.as_str()))
            && !topics.contains(&topic)
        {
            topics.push(topic);
        }
    }
    topics
}

/// A picture attached to the item, else the first of its text.
fn image_of(media: &[MediaObject], base: &Url, body: &Clean) -> Option<Image> {
    let attached = media
        .iter()
        .flat_map(|object| &object.content)
        .find_map(|content| {
            let url = content.url.as_ref()?;
            let picture = match &content.content_type {
                Some(kind) => kind.as_str().starts_with("image/"),
                None => prose::has_image_extension(url.path()),
            };
            // The author's portrait, which one large host attaches to every item, is not the post's picture.
            let portrait = url
                .host_str()
                .is_some_and(|host| host.ends_with("gravatar.com"));
            (picture && !portrait).then(|| (url.to_string(), size_of(media, url)))
        });
    let thumbnail = || {
        let image = &media
            .iter()
            .flat_map(|object| &object.thumbnails)
            .next()?
            .image;
        Some((image.uri.clone(), image.width.zip(image.height)))
    };
    let found = attached
        .or_else(thumbnail)
        .and_then(|(url, size)| Some((links::picture(base, &url)?, size)));
    match found {
        Some((url, size)) => {
            let same = body.first_image.as_ref().filter(|image| image.url == url);
            Some(Image {
                alt: same.map(|image| image.alt.clone()).unwrap_or_default(),
                size: size.or_else(|| same?.size),
                url,
                copies: Vec::new(),
            })
        }
        None => body.first_image.clone(),
    }
}

/// The size of a picture, which may be attached more than once and have its size only in one place.
fn size_of(media: &[MediaObject], url: &Url) -> Option<(u32, u32)> {
    media
        .iter()
        .flat_map(|object| &object.content)
        .filter(|content| content.url.as_ref() == Some(url))
        .find_map(|content| content.width.zip(content.height))
}
