//! What makes a post this post, and what makes it look different.
//!
//! Identity decides who is mailed twice, so it never hangs on a title or a date where there is anything better: a real
//! guid, else the canonical link, else a hash of source, title and date. "Real" means not empty and unique inside its
//! feed. The second identity, the link without scheme and host, recognises a post after a move.

use std::collections::{HashMap, HashSet};

use super::links;
use crate::model::{Post, SourceName};

/// Longest identity that is kept as it is, in octets: PostgreSQL indexes no row over 2,700.
pub(super) const MAX_IDENTITY: usize = 1_000;

/// What software writes where it has no guid to give.
const NO_GUIDS: [&str; 12] = [
    "n/a",
    "na",
    "none",
    "null",
    "nil",
    "nan",
    "undefined",
    "unknown",
    "empty",
    "guid",
    "false",
    "0",
];

/// Whether a feed's guid may name a post: more than marks, and no word for "there is none".
pub(super) fn is_guid(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    !bare.is_empty() && !NO_GUIDS.contains(&bare.to_lowercase().as_str())
}

/// An identity for a new post whose own is that of another post of its source already.
pub fn identity_beside(post: &Post) -> String {
    let mut hash = Fields::new();
    hash.add(post.source.as_str());
    hash.add(&post.identity);
    hash.add(&post.title);
    hash.add_option(post.published.map(|date| date.to_string()).as_deref());
    format!("hash:{}", &hash.finish()[..32])
}

/// What a feed says of an item that identity can be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) guid: Option<String>,
    /// Canonical.
    pub(super) link: Option<String>,
    pub(super) title: String,
    /// As text, to the second.
    pub(super) date: Option<String>,
}

/// First and second identity of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) identity: String,
    pub(super) alternate: Option<String>,
}

/// The identities of all items of a feed, in order; `None` for an item that only repeats an earlier one.
pub(super) fn identify(source: &SourceName, items: &[Marks]) -> Vec<Option<Identity>> {
    let repeated = repeated(items);
    let paths: Vec<Option<String>> = items.iter().map(path_of).collect();
    let guids = count(items.iter().map(|item| item.guid.as_deref()), &repeated);
    let links = count(items.iter().map(|item| item.link.as_deref()), &repeated);
    let alternates = count(paths.iter().map(Option::as_deref), &repeated);
    let unique = |text: &Option<String>, times: &HashMap<&str, usize>| {
        text.clone()
            .filter(|text| times.get(text.as_str()) == Some(&1))
    };
    let mut taken = HashSet::new();
    let of_item = |(at, item): (usize, &Marks)| {
        let identity = unique(&item.guid, &guids)
            .or_else(|| unique(&item.link, &links))
            .unwrap_or_else(|| hashed(source, item));
        let is_new = !repeated[at] && taken.insert(identity.clone());
        is_new.then(|| Identity {
            identity: bounded(identity),
            alternate: unique(&paths[at], &alternates).map(bounded),
        })
    };
    items.iter().enumerate().map(of_item).collect()
}

/// Marks items that repeat an earlier one. An item that a feed brings twice is one item, or its guid would not be
/// unique, and its identity would change with the next, shorter feed.
fn repeated(items: &[Marks]) -> Vec<bool> {
    let mut seen = HashSet::new();
    items
        .iter()
        .map(|item| !seen.insert((&item.guid, &item.link, &item.title)))
        .collect()
}

/// The link without scheme and host, or the guid's, where it is an address itself.
fn path_of(item: &Marks) -> Option<String> {
    let link = item
        .link
        .clone()
        .or_else(|| item.guid.as_deref().and_then(links::canonical_link))?;
    links::beyond_host(&link)
}

/// How often each text occurs among the items that repeat no other.
fn count<'a>(
    texts: impl Iterator<Item = Option<&'a str>>,
    repeated: &[bool],
) -> HashMap<&'a str, usize> {
    let mut times = HashMap::new();
    for (text, _) in texts.zip(repeated).filter(|(_, again)| !**again) {
        if let Some(text) = text {
            *times.entry(text).or_insert(0) += 1;
        }
    }
    times
}

/// A text as it is, or its hash where it is too long to be looked up.
pub(super) fn bounded(text: String) -> String {
    if text.len() <= MAX_IDENTITY {
        return text;
    }
    format!("hash:{}", &blake3::hash(text.as_bytes()).to_hex()[..32])
}

fn hashed(source: &SourceName, item: &Marks) -> String {
    let mut hash = Fields::new();
    hash.add(source.as_str());
    hash.add(&item.title);
    hash.add_option(item.date.as_deref());
    format!("hash:{}", &hash.finish()[..32])
}

/// BLAKE3, in hex, of what a reader would see of a post: tells a post that was edited from one that was not.
///
/// Identity, slug, holds and paths on disk are left out.
pub fn fingerprint(post: &Post) -> String {
    let mut hash = Fields::new();
    hash.add(&post.title);
    hash.add_option(post.link.as_deref());
    hash.add_option(post.author.as_ref().map(|author| author.name.as_str()));
    for part in [
        |post: &Post| post.author.as_ref()?.bio.clone(),
        |post: &Post| post.author.as_ref()?.photo.clone(),
        |post: &Post| Some(post.published?.to_string()),
        |post: &Post| Some(post.language.as_ref()?.to_string()),
        |post: &Post| Some(post.image.as_ref()?.url.clone()),
        |post: &Post| Some(post.image.as_ref()?.alt.clone()),
        |post: &Post| Some(post.call_to_action.as_ref()?.text.clone()),
        |post: &Post| post.call_to_action.as_ref()?.label.clone(),
        |post: &Post| post.call_to_action.as_ref()?.url.clone(),
    ] {
        hash.add_option(part(post).as_deref());
    }
    for topic in &post.topics {
        hash.add(topic.as_str());
    }
    hash.add(&post.summary);
    hash.add(&post.html);
    hash.finish()
}

/// Sixteen hex digits for a name on disk or in an address.
pub(super) fn short_hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}

/// A hash over fields that cannot run into each other: each is preceded by its length.
struct Fields(blake3::Hasher);

impl Fields {
    fn new() -> Self {
        Self(blake3::Hasher::new())
    }

    fn add(&mut self, text: &str) {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn add_option(&mut self, text: Option<&str>) {
        self.0.update(&[u8::from(text.is_some())]);
        self.add(text.unwrap_or_default());
    }

    fn finish(self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(guid: Option<&str>, link: Option<&str>, title: &str) -> Marks {
        Marks {
            guid: guid.map(str::to_owned),
            link: link.and_then(links::canonical_link),
            title: title.to_owned(),
            date: None,
        }
    }

    fn identities(items: &[Marks]) -> Vec<Option<String>> {
        let source = SourceName::parse("blog").unwrap();
        identify(&source, items)
            .into_iter()
            .map(|identity| identity.map(|identity| identity.identity))
            .collect()
    }

    #[test]
    fn a_guid_goes_before_the_link_and_the_link_before_a_hash() {
        let found = identities(&[
            marks(Some("g1"), Some("https://a.example/1"), "Een"),
            marks(None, Some("http://a.example/2#x"), "Twee"),
            marks(None, None, "Drie"),
        ]);
        assert_eq!(found[0].as_deref(), Some("g1"));
        assert_eq!(found[1].as_deref(), Some("https://a.example/2"));
        assert!(found[2].as_deref().unwrap().starts_with("hash:"));
    }

    #[test]
    fn a_guid_that_many_items_share_is_none() {
        let found = identities(&[
            marks(Some("blog"), Some("https://a.example/1"), "Een"),
            marks(Some("blog"), Some("https://a.example/2"), "Twee"),
        ]);
        assert_eq!(found[0].as_deref(), Some("https://a.example/1"));
        assert_eq!(found[1].as_deref(), Some("https://a.example/2"));
    }

    #[test]
    fn an_item_that_comes_twice_is_one_item_with_its_own_guid() {
        let item = marks(Some("g1"), Some("https://a.example/1"), "Een");
        let found = identities(&[item.clone(), item]);
        assert_eq!(found, [Some("g1".to_owned()), None]);
    }

    #[test]
    fn the_second_identity_is_only_given_where_it_tells_posts_apart() {
        let source = SourceName::parse("blog").unwrap();
        let found = identify(
            &source,
            &[
                marks(Some("g1"), Some("https://a.example/een/"), "Een"),
                marks(Some("g2"), Some("https://a.example/"), "Twee"),
                marks(Some("https://a.example/?p=3"), None, "Drie"),
            ],
        );
        let alternates: Vec<_> = found
            .into_iter()
            .map(|identity| identity.unwrap().alternate)
            .collect();
        assert_eq!(
            alternates,
            [Some("/een/".to_owned()), None, Some("/?p=3".to_owned())]
        );
    }

    #[test]
    fn a_word_for_no_guid_is_none() {
        for none in ["N/A", " none ", "-", "", "NULL", "(undefined)", "0"] {
            assert!(!is_guid(none), "{none}");
        }
        for guid in ["7", "a", "https://a.example/?p=0", "none-of-us-knew"] {
            assert!(is_guid(guid), "{guid}");
        }
    }

    #[test]
    fn a_guid_of_any_length_can_be_looked_up() {
        let long = format!("urn:{}", "x".repeat(5_000));
        let marks = Marks {
            guid: Some(long),
            link: None,
            title: "t".to_owned(),
            date: None,
        };
        let source = SourceName::parse("blog").unwrap();
        let identity = identify(&source, &[marks])[0].clone().unwrap().identity;
        assert!(
            identity.len() <= MAX_IDENTITY && identity.starts_with("hash:"),
            "{identity}"
        );
    }
}
