//! One normalised item of a source, and its row in the ledger.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AlsoAt, IssueNumber, Language, PostId, ScheduleName, SourceName, Standing, Topic};

/// A post as gathered: plain safe text, sanitised HTML, absolute addresses.
///
/// An address that begins with `/` is relative to the newsletter's own address: a file that we publish.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// The source that brought it.
    pub source: SourceName,
    /// What makes it this post: a real guid, else its canonical link, else a hash of source, title and date.
    pub identity: String,
    /// A second identity, without scheme and host, that survives a move.
    pub alternate: Option<String>,
    /// Path-safe name, for the page that we make of a post without a link of its own.
    pub slug: String,
    /// Plain text, never empty.
    pub title: String,
    /// The title was made by us of the text; the operator is told.
    pub title_derived: bool,
    /// Where the publisher shows it; `None` for a folder's post, which we publish ourselves.
    pub link: Option<String>,
    /// Who wrote it.
    pub author: Option<Author>,
    /// When it was published, as the source says.
    pub published: Option<Timestamp>,
    /// Declared or recognised.
    pub language: Option<Language>,
    /// The source's topics and its own, each once.
    pub topics: Vec<Topic>,
    /// Plain text, whole sentences, up to about 240 characters.
    pub summary: String,
    /// The whole text, sanitised; may be empty where a feed gives a summary only.
    pub html: String,
    /// The picture that stands for it.
    pub image: Option<Image>,
    /// What it asks the reader to do.
    pub call_to_action: Option<CallToAction>,
    /// Wanted as the lead of its issue.
    pub lead: bool,
    /// Kept out of issues for now.
    pub hold: Option<Hold>,
    /// Files beside the post that its HTML and image refer to, to be published with it.
    pub files: Vec<PostFile>,
    /// Other sources that brought the same post; empty as gathered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoAt>,
}

impl Post {
    /// Where readers find it, absolute: its own link, or the page that we make of it below `base` (no trailing slash).
    pub fn address(&self, base: &str) -> String {
        match &self.link {
            Some(link) => absolute(base, link),
            None => format!("{base}/posts/{}/", self.slug),
        }
    }
}

/// Makes an address that begins with `/` absolute below `base`, which has no trailing slash; others stay as they are.
pub fn absolute(base: &str, address: &str) -> String {
    if address.starts_with('/') && !address.starts_with("//") {
        format!("{base}{address}")
    } else {
        address.to_owned()
    }
}

/// Who wrote a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Plain text.
    pub name: String,
    /// What the author does, as it stands behind the name: "editor", "redacteur binnenland".
    #[serde(default)]
    pub role: Option<String>,
    /// A sentence or two about the author.
    pub bio: Option<String>,
    /// Address of a portrait.
    pub photo: Option<String>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Absolute address, or one that begins with `/`.
    pub url: String,
    /// Text in its place; may be empty for decoration.
    pub alt: String,
    /// Width and height in pixels, where known.
    pub size: Option<(u32, u32)>,
    /// Copies of it that we host, the smallest first; empty for a picture that nobody has looked at yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<ImageCopy>,
}

/// A copy of a picture that we host: a JPEG, no larger than its original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageCopy {
    /// Address, beginning with `/`.
    pub url: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

impl Image {
    /// The smallest copy with a side of at least `pixels`, else the largest; `None` where there are no copies.
    pub fn copy_for(&self, pixels: u32) -> Option<&ImageCopy> {
        self.copies
            .iter()
            .find(|copy| copy.width.max(copy.height) >= pixels)
            .or(self.copies.last())
    }

    /// Address and size of the largest copy, or of the picture itself where there are none.
    pub fn largest(&self) -> (&str, Option<(u32, u32)>) {
        match self.copies.last() {
            Some(copy) => (&copy.url, Some((copy.width, copy.height))),
            None => (&self.url, self.size),
        }
    }
}

/// What a post or newsletter asks the reader to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallToAction {
    /// The sentence that asks.
    pub text: String,
    /// The words on the button.
    pub label: Option<String>,
    /// Where the button leads; without it there is no button.
    pub url: Option<String>,
    /// The picture above the words; without alt it is decoration.
    #[serde(default)]
    pub image: Option<Image>,
}

/// Why a post waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// It is written for later: its front matter says so, or its folder does.
    Draft,
    /// Its front matter says that it is not for everybody.
    Private,
    /// It was for readers until this instant.
    Expired(Timestamp),
    /// Its date lies ahead.
    Until(Timestamp),
    /// Its publisher took it back before it went out: its file is gone, or its feed left it out twice.
    Withdrawn,
    /// Its feed left it out at the last visit, and still shows older ones: the next visit decides.
    Missed,
}

/// A file that a post refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostFile {
    /// Where it lies on disk, absolute.
    pub path: PathBuf,
    /// Where it is published, below `public/`, with no leading slash: `img/1f2e….jpg`.
    pub name: String,
}

/// A post's row in the ledger; it outlives the post.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerEntry {
    /// The row.
    pub id: PostId,
    /// The post as last seen.
    pub post: Post,
    /// When we first saw it.
    pub first_seen: Timestamp,
    /// It was there when its source was gathered for the first time.
    pub baseline: bool,
    /// Whether issues may carry it.
    pub standing: Standing,
    /// The issues that carried it.
    pub carried: Vec<(IssueNumber, ScheduleName)>,
}

impl LedgerEntry {
    /// The date that counts: as published, never later than first seen, and first seen where there is none.
    pub fn dated(&self) -> Timestamp {
        self.post
            .published
            .map_or(self.first_seen, |published| published.min(self.first_seen))
    }

    /// Lets this post stand for another source's: its readers are this post's too, and find it there as well.
    ///
    /// `standing` is that of the other post.
    pub fn stand_for(&mut self, source: SourceName, twin: &Post, standing: &Standing) {
        for topic in &twin.topics {
            if !self.post.topics.contains(topic) {
                self.post.topics.push(topic.clone());
            }
        }
        let place = match standing {
            Standing::Joined(joined) => joined.place.clone(),
            _ => None,
        };
        let link = twin.link.clone();
        let also = AlsoAt {
            source,
            place,
            link,
        };
        if !self.post.also.contains(&also) {
            self.post.also.push(also);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_copy_that_is_large_enough_is_taken() {
        let copy = |width, height| ImageCopy {
            url: format!("/img/{width}.jpg"),
            width,
            height,
        };
        let mut image = Image {
            url: "/img/a.png".to_owned(),
            alt: String::new(),
            size: Some((3000, 2000)),
            copies: vec![copy(160, 240), copy(1200, 800)],
        };
        let taken = |image: &Image, pixels| image.copy_for(pixels).map(|copy| copy.width);
        assert_eq!(taken(&image, 240), Some(160));
        assert_eq!(taken(&image, 241), Some(1200));
        assert_eq!(taken(&image, 2000), Some(1200));
        assert_eq!(image.largest(), ("/img/1200.jpg", Some((1200, 800))));
        image.copies.clear();
        assert_eq!(taken(&image, 1), None);
        assert_eq!(image.largest(), ("/img/a.png", Some((3000, 2000))));
    }

    #[test]
    fn an_address_of_ours_becomes_absolute_and_others_stay() {
        let base = "https://example.nl/nieuws";
        assert_eq!(
            absolute(base, "/img/a.jpg"),
            "https://example.nl/nieuws/img/a.jpg"
        );
        for other in [
            "https://a.example/",
            "//a.example/x",
            "mailto:jan@example.nl",
        ] {
            assert_eq!(absolute(base, other), other);
        }
    }
}
