//! The whole text of a post whose feed gives a summary only: from its page, and never over the publisher's own words.
//!
//! A text is wanted where the feed has none, or one that ends where more was meant. It is taken where it is longer than
//! what the feed says and agrees with it; title, author, date and summary stay the feed's. Each page is read once: an
//! item that did not change since is settled, and keeps in the ledger what it got.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use url::Url;

use super::fetch::Fetcher;
use super::memory::{Memory, mark};
use super::pages::{self, Article};
use super::robots::Guide;
use super::{Error, Gathered, charset, identity, markup, plain};
use crate::model::{Diagnostic, Post, Source};

/// Pages read in one run; the rest of the posts keep their summary until the next.
const MOST_A_RUN: usize = 20;

/// Share of the summary's words that the page's text must have.
const AGREEMENT: f64 = 0.6;

/// Shorter words are in every text, in characters.
const MIN_WORD: usize = 4;

/// Ends of a text that goes on elsewhere: Dutch, English, German, French.
const GOES_ON: [&str; 16] = [
    "…",
    "...",
    "[…]",
    "[...]",
    "lees verder",
    "lees meer",
    "verder lezen",
    "read more",
    "continue reading",
    "keep reading",
    "read the full article",
    "weiterlesen",
    "mehr lesen",
    "lire la suite",
    "en savoir plus",
    "meer weten",
];

/// Characters at the end of a text in which a link to the rest may stand behind it.
const TAIL: usize = 60;

/// Completes the posts of a feed; what is known of a page's text from an earlier run stays as it is.
pub(super) async fn complete(
    mut gathered: Gathered,
    source: &Source,
    mut memory: Memory,
    fetcher: &Fetcher,
    now: Timestamp,
) -> Gathered {
    if gathered.unchanged {
        gathered.memory = Some(memory);
        return gathered;
    }
    memory.more = false;
    let earlier = std::mem::take(&mut memory.completed);
    let mut guide = Guide {
        fetcher,
        now,
        copies: std::mem::take(&mut memory.robots),
    };
    let mut asked = 0;
    let mut completed = BTreeMap::new();
    let mut settled = HashSet::new();
    let waiting: Vec<String> = gathered
        .posts
        .iter()
        .map(|post| mark(&post.identity))
        .collect();
    for post in gathered.posts.iter_mut().filter(|post| is_cut_short(post)) {
        let mark = mark(&post.identity);
        let own = identity::fingerprint(post);
        if earlier.get(&mark) == Some(&own) {
            settled.insert(post.identity.clone());
            completed.insert(mark, own);
            continue;
        }
        if asked == MOST_A_RUN {
            memory.more = true;
            continue;
        }
        asked += 1;
        let is_settled = match read(post, source, &mut guide).await {
            Ok(article) => {
                take(post, article);
                true
            }
            Err(error) => {
                gathered.faults.push(left(post, &error));
                !error.is_transient() || memory.fail(&post.identity)
            }
        };
        if is_settled {
            memory.recover(&post.identity);
            completed.insert(mark, own);
        }
    }
    memory.trim(&completed.keys().cloned().chain(waiting).collect());
    memory.completed = completed;
    memory.robots = guide.into_copies();
    gathered.settled = settled;
    gathered.memory = Some(memory);
    gathered
}

/// Whether the feed gives a beginning only.
fn is_cut_short(post: &Post) -> bool {
    if post.link.is_none() {
        return false;
    }
    let text = text_of(&post.html);
    let length = |text: &str| text.chars().count();
    // A text that says no more than the summary is the summary.
    if length(&text) <= length(&post.summary) + TAIL {
        return true;
    }
    let tail: String = text
        .chars()
        .skip(length(&text).saturating_sub(TAIL))
        .collect();
    let tail = tail.to_lowercase();
    let tail = tail.trim_end_matches([' ', '\n', '»', '›', '→', '>', '.', ':', ']', ')']);
    let marks = GOES_ON.map(|mark| mark.trim_end_matches(['.', ']']));
    text.trim_end().ends_with("...")
        || marks
            .iter()
            .any(|mark| !mark.is_empty() && tail.ends_with(mark))
}

fn text_of(html: &str) -> String {
    one_line(&plain::text(&markup::pieces(html)))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The post's page, if its text may stand for the post.
async fn read(post: &Post, source: &Source, guide: &mut Guide<'_>) -> Result<Article, Error> {
    let link = post.link.as_deref().and_then(|link| Url::parse(link).ok());
    let link = link.ok_or(Error::NoText)?;
    let document = guide.page(&link).await?;
    let selector = source.article.clone();
    let (summary, own) = (post.summary.clone(), text_of(&post.html));
    let fetcher = guide.fetcher;
    let read = fetcher.read_apart(move || {
        let text = charset::decode(&document.bytes, document.content_type.as_deref()).text;
        let article = pages::read_article(&text, &document.url, selector.as_deref())?;
        let found = one_line(&article.body.text);
        if found.chars().count() <= own.chars().count().max(summary.chars().count()) {
            return Err(Error::Shorter);
        }
        match agrees(&found, &summary) {
            true => Ok(article),
            false => Err(Error::OtherText),
        }
    });
    read.await
}

/// Whether most of the summary's words are in the text.
fn agrees(text: &str, summary: &str) -> bool {
    let words = |text: &str| -> HashSet<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().count() >= MIN_WORD)
            .map(str::to_lowercase)
            .collect()
    };
    let (text, summary) = (words(text), words(summary));
    let found = summary.intersection(&text).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
    let share = found as f64 / summary.len().max(1) as f64;
    summary.is_empty() || share >= AGREEMENT
}

/// The text, and a picture or author where the feed has none.
fn take(post: &mut Post, article: Article) {
    post.html = article.body.html;
    if post.image.is_none() {
        post.image = article.image;
    }
    if post.author.is_none() {
        post.author = article.author.map(|name| crate::model::Author {
            name,
            role: None,
            bio: None,
            photo: None,
        });
    }
}

fn left(post: &Post, error: &Error) -> Diagnostic {
    Diagnostic::warning(format!("`{}` keeps its summary: {error}", post.title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_agrees_where_it_has_the_words_of_the_summary() {
        let text = "Wie een winkel binnenloopt, wil gezien worden zonder bekeken te worden. Groet iedereen.";
        assert!(agrees(
            text,
            "Wie een winkel binnenloopt, wil gezien worden …"
        ));
        assert!(!agrees(
            text,
            "Onze website gebruikt cookies om bezoekers beter te helpen."
        ));
        assert!(agrees(text, ""));
    }
}
