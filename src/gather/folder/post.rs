//! Puts a post together: what its front matter says first, then what its text shows, then what its file is called.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use url::Url;

use super::front_matter::{Call, FrontMatter, Person};
use super::pictures::Pictures;
use super::{Draft, File};
use crate::gather::clean::{self, Clean, Reference, Target, TooDeep};
use crate::gather::{dates, identity, language, links, words};
use crate::model::{Author, CallToAction, Diagnostic, Image, Language, Post, Source, Topic};

/// Names that programs give to files, lower-case: they tell nothing.
const BLANK_NAMES: [&str; 12] = [
    "untitled",
    "naamloos",
    "unbenannt",
    "sans titre",
    "document",
    "new text document",
    "nieuw tekstdocument",
    "neues textdokument",
    "nouveau document texte",
    "nieuw document",
    "new document",
    "index",
];

/// Puts the post together; gives it with the warnings, or the error that keeps it out.
pub(super) fn assemble(
    file: &File,
    root: &Path,
    text: &str,
    front: FrontMatter,
    draft: Draft,
    source: &Source,
    now: Timestamp,
) -> Result<(Post, Vec<Diagnostic>), Box<Diagnostic>> {
    let beside = file.path.parent().unwrap_or(root);
    let mut pictures = Pictures::new(root, beside, text, &file.name);
    let (clean, lost) = cleaned(&draft.html, &front, &mut pictures)?;
    let stem = Stem::of(file, &source.timezone);
    let (title, title_derived) = title_of(&front, &draft, &stem, &clean)
        .ok_or_else(|| Diagnostic::error("the post is empty"))?;
    let author = author_of(&front, draft.author, &mut pictures);
    let image = image_of(&front, draft.image, &clean, &mut pictures);
    let published = front.date.or(draft.published).or(stem.date);
    let withheld = match file.is_draft {
        true => front.withheld.clone().into_draft(),
        false => front.withheld.clone(),
    };
    let slug = slug_of(&front, &stem, file);
    let post = Post {
        source: source.name.clone(),
        identity: identity_of(&front, file),
        alternate: Some(slug.clone()),
        slug,
        title_derived,
        link: front.link.clone(),
        author,
        published,
        language: language_of(&front, draft.language, source, &clean.text),
        topics: topics_of(&front, &draft.topics, source),
        summary: summary_of(
            &front,
            draft.summary,
            &clean,
            title_derived.then_some(title.as_str()),
        ),
        image,
        call_to_action: call_of(front.call_to_action, draft.call_to_action, source),
        lead: front.lead,
        hold: withheld.hold(published, now),
        files: pictures.files(),
        also: Vec::new(),
        html: clean.html,
        title,
    };
    let mut faults = pictures.faults;
    faults.extend(lost.iter().map(|href| lost_link(href, text, file)));
    Ok((post, faults))
}

/// The text with its pictures, and the links that lead nowhere.
fn cleaned(
    html: &str,
    front: &FrontMatter,
    pictures: &mut Pictures,
) -> Result<(Clean, Vec<String>), Box<Diagnostic>> {
    let mut lost = Vec::new();
    // What the front matter says of a picture that it does not name is about the first one of the text.
    let mut alt = front.image_alt.clone().filter(|_| front.image.is_none());
    let clean = clean::clean(html, |reference| match reference {
        Reference::Picture(name) => pictures.resolve(name).map(|address| Target {
            size: pictures.size_of(&address).flatten(),
            alt: alt.take().map(|alt| words::line(&alt)),
            address,
        }),
        Reference::Link(href) => link_in_text(href, &mut lost).map(Target::from),
    })
    .map_err(|TooDeep| Diagnostic::error("the text nests too deep to be shown safely"))?;
    Ok((clean, lost))
}

/// What a file's name tells, without its day.
struct Stem {
    date: Option<Timestamp>,
    rest: String,
}

impl Stem {
    fn of(file: &File, zone: &TimeZone) -> Self {
        let own = stem_of(&file.path);
        // `een-post/index.md`: the folder has the name.
        let name = match own.eq_ignore_ascii_case("index") && file.relative.contains('/') {
            true => file.path.parent().map(stem_of).unwrap_or_default(),
            false => own,
        };
        match dates::of_file_name(&name, zone) {
            Some((date, rest)) => Self {
                date: Some(date),
                rest: rest.to_owned(),
            },
            None => Self {
                date: None,
                rest: name,
            },
        }
    }

    /// The name as a title, where it is words that a person chose.
    fn telling(&self) -> Option<String> {
        let words_of = self.rest.replace(['-', '_'], " ");
        let line = words::line(&words_of);
        let lower = line.to_lowercase();
        let bare =
            lower.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '(' | ')' | ' '));
        let real = line
            .split(' ')
            .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 2)
            .count();
        if real < 2 || BLANK_NAMES.contains(&bare) {
            return None;
        }
        let mut chars = line.chars();
        let first = chars.next()?;
        Some(first.to_uppercase().chain(chars).collect())
    }
}

fn stem_of(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn title_of(
    front: &FrontMatter,
    draft: &Draft,
    stem: &Stem,
    clean: &Clean,
) -> Option<(String, bool)> {
    if clean.html.is_empty() && front.title.is_none() && draft.title.is_none() {
        return None;
    }
    let given = front.title.as_deref().or(draft.title.as_deref());
    given
        .map(words::line)
        .filter(|title| !title.is_empty())
        .or_else(|| stem.telling())
        .map(|title| (title, false))
        .or_else(|| Some((words::derived_title(&clean.prose), true)))
        .filter(|(title, _)| !title.is_empty())
        .or_else(|| Some((stem.rest.clone(), true)))
        .filter(|(title, _)| !title.is_empty())
}

/// What the front matter calls the post for good, else its place in the folder.
fn identity_of(front: &FrontMatter, file: &File) -> String {
    let own = front.id.as_deref().map(words::line);
    own.filter(|id| !id.is_empty())
        .unwrap_or_else(|| file.relative.clone())
}

fn slug_of(front: &FrontMatter, stem: &Stem, file: &File) -> String {
    let given = front.slug.as_deref().map(words::slug);
    given
        .filter(|slug| !slug.is_empty())
        .or_else(|| Some(words::slug(&stem.rest)).filter(|slug| !slug.is_empty()))
        .unwrap_or_else(|| identity::short_hash(file.relative.as_bytes()))
}

fn author_of(
    front: &FrontMatter,
    drafted: Option<Author>,
    pictures: &mut Pictures,
) -> Option<Author> {
    let own = front.author.clone().map(
        |Person {
             name,
             role,
             bio,
             photo,
         }| Author {
            name: words::line(&name),
            role: role.map(|role| words::line(&role)),
            bio: bio.map(|bio| words::line(&bio)),
            photo,
        },
    );
    let mut author = own.or(drafted).filter(|author| !author.name.is_empty())?;
    if let Some(bio) = &front.bio {
        author.bio = Some(words::line(bio));
    }
    author.photo = author.photo.and_then(|photo| pictures.resolve(&photo));
    Some(author)
}

fn image_of(
    front: &FrontMatter,
    drafted: Option<(String, String)>,
    clean: &Clean,
    pictures: &mut Pictures,
) -> Option<Image> {
    let alt = words::line(front.image_alt.as_deref().unwrap_or_default());
    let named = match &front.image {
        Some(name) => Some((name.clone(), alt.clone())),
        None => drafted,
    };
    let resolved = named.and_then(|(name, alt)| Some((pictures.resolve(&name)?, alt)));
    let mut image = match resolved {
        Some((url, alt)) => Image {
            url,
            alt: words::line(&alt),
            size: None,
            copies: Vec::new(),
        },
        None => clean.first_image.clone()?,
    };
    if image.alt.is_empty() {
        image.alt = alt;
    }
    if let Some(size) = pictures.size_of(&image.url) {
        image.size = size;
    }
    Some(image)
}

/// What the front matter says is meant; what a page or the source declares yields to what the text shows.
fn language_of(
    front: &FrontMatter,
    drafted: Option<Language>,
    source: &Source,
    text: &str,
) -> Option<Language> {
    match &front.language {
        Some(language) => Some(language.clone()),
        None => language::settle(drafted.or_else(|| source.language.clone()), text),
    }
}

/// The source's topics, then the post's own, each once; what a page declares counts where the front matter is silent.
fn topics_of(front: &FrontMatter, drafted: &[String], source: &Source) -> Vec<Topic> {
    let mut topics = source.topics.clone();
    let mut labels: Vec<&String> = front.topics.iter().collect();
    if labels.is_empty() {
        labels.extend(drafted);
    }
    for label in labels {
        if let Some(topic) = Topic::from_label(label)
            && !topics.contains(&topic)
        {
            topics.push(topic);
        }
    }
    topics
}

/// The post's own words about itself as they are, else whole sentences of its text; a derived title is not said twice.
fn summary_of(
    front: &FrontMatter,
    drafted: Option<String>,
    clean: &Clean,
    derived_title: Option<&str>,
) -> String {
    if let Some(own) = front
        .summary
        .as_deref()
        .map(words::line)
        .filter(|own| !own.is_empty())
    {
        return words::summary(&own);
    }
    if let Some(drafted) = drafted {
        return words::summary(&words::line(&drafted));
    }
    // A film or another page that is only named is no sentence.
    let is_address = |line: &&str| line.contains("://") && !line.contains(char::is_whitespace);
    let lines = clean.prose.lines().filter(|line| !is_address(line));
    let prose = lines.collect::<Vec<_>>().join("\n");
    let prose = if prose.trim().is_empty() {
        &clean.prose
    } else {
        &prose
    };
    let rest = derived_title
        .and_then(|title| prose.strip_prefix(title))
        .map(|rest| rest.trim_start_matches(['.', ':', ';', ',', '!', '?', '…', ' ', '\n']))
        .filter(|rest| rest.starts_with(char::is_uppercase));
    words::summary(rest.unwrap_or(prose))
}

/// The post's own with its address; without one, its words over the source's address; else the source's.
fn call_of(
    front: Option<Call>,
    drafted: Option<CallToAction>,
    source: &Source,
) -> Option<CallToAction> {
    let own = front
        .map(|call| CallToAction {
            text: words::line(&call.text),
            label: call.label.map(|label| words::line(&label)),
            url: call.url,
            image: None,
        })
        .or(drafted);
    match (own, &source.call_to_action) {
        (Some(own), Some(of_source)) if own.url.is_none() => Some(CallToAction {
            text: own.text,
            label: own.label.or_else(|| of_source.label.clone()),
            url: of_source.url.clone(),
            image: of_source.image.clone(),
        }),
        (Some(own), _) => Some(own),
        (None, of_source) => of_source.clone(),
    }
}

/// A link to somewhere on the web stays; one to a place on this disk would lead nowhere.
fn link_in_text(href: &str, lost: &mut Vec<String>) -> Option<String> {
    let href = href.trim();
    if let Ok(base) = Url::parse(href) {
        return links::absolute(&base, href);
    }
    if href.starts_with("//") {
        return link_in_text(&format!("https:{href}"), lost);
    }
    if href.starts_with('/') {
        return Some(href.to_owned());
    }
    if !href.is_empty() && !href.starts_with('#') {
        lost.push(href.to_owned());
    }
    None
}

fn lost_link(href: &str, text: &str, file: &File) -> Diagnostic {
    let fault = Diagnostic::warning(format!("the link `{href}` leads nowhere for a reader"))
        .in_file(&file.name)
        .hint("write the whole address; the words go out without a link");
    match text.find(href) {
        Some(at) => fault.at_span(text, at..at + href.len()),
        None => fault,
    }
}
