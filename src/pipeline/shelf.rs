//! Where the copies of pictures lie: published below `public/img`, or on a shelf below `state/pictures` until they are.
//!
//! A plan or a preview makes the copies that the run would make and leaves them on the shelf, so that the run need not
//! fetch them again and nothing is published that no issue carries. What was made of an address is remembered beside
//! them. The shelf may be deleted: it is made again.

use std::fs;
use std::path::PathBuf;

use super::folders::{Access, write_whole};
use super::pictures::Purpose;
use super::{Fault, Pipeline};
use crate::model::{ImageCopy, Issue};
use crate::pictures::Copy;

/// Where copies are to lie when they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Below `public`, for readers.
    Published,
    /// Where they are, or on the shelf: for a plan or a preview.
    Aside,
}

impl Pipeline {
    /// What was made of an address before, if its files are all there; brought where they are to lie.
    pub(super) fn remembered(
        &self,
        address: &str,
        purpose: Purpose,
        keep: Keep,
    ) -> Result<Option<Vec<ImageCopy>>, Fault> {
        let Some(copies) = self.recall(address, purpose) else {
            return Ok(None);
        };
        if !copies.iter().all(|copy| self.place_of(&copy.url).is_some()) {
            return Ok(None);
        }
        if keep == Keep::Published {
            for copy in &copies {
                self.take_from_shelf(copy)?;
            }
        }
        Ok(Some(copies))
    }

    /// Whether the file has copies that are published in its place, so that the original, with all that it may tell,
    /// stays home.
    pub(super) fn is_copied(&self, name: &str) -> bool {
        let copies = || self.recall(&format!("/{name}"), Purpose::Picture);
        let published = |copy: &ImageCopy| self.published(&copy.url).exists();
        !name.ends_with(".gif") && copies().is_some_and(|copies| copies.iter().all(published))
    }

    /// Keeps copies under names made of what is in them, and remembers them.
    pub(super) fn keep_copies(
        &self,
        address: &str,
        purpose: Purpose,
        made: &[Copy],
        keep: Keep,
    ) -> Result<Vec<ImageCopy>, Fault> {
        let mut copies = Vec::with_capacity(made.len());
        for copy in made {
            let hash = blake3::hash(&copy.bytes).to_hex();
            let url = format!("/img/{}-{}.jpg", &hash[..16], copy.width);
            let there = match keep {
                Keep::Published => self.published(&url).exists(),
                Keep::Aside => self.place_of(&url).is_some(),
            };
            if !there {
                let (path, access) = match keep {
                    Keep::Published => (self.published(&url), Access::Everybody),
                    Keep::Aside => (self.shelved(&url), Access::Owner),
                };
                write_whole(&path, &copy.bytes, access)?;
            }
            copies.push(ImageCopy {
                url,
                width: copy.width,
                height: copy.height,
            });
        }
        let text = serde_json::to_vec(&copies).unwrap_or_default();
        write_whole(&self.memory(address, purpose), &text, Access::Owner)?;
        Ok(copies)
    }

    /// Where a picture of an issue lies, published or not, by its name below `public/`; `None` if the issue has none of
    /// that name.
    pub(super) fn picture_of(&self, issue: &Issue, name: &str) -> Option<PathBuf> {
        let files = issue.posts.iter().flat_map(|(_, post)| &post.files);
        let original = || {
            let file = { files }.find(|file| file.name == name)?;
            Some(file.path.clone())
        };
        let url = format!("/{name}");
        match self.addresses_of_copies(issue).any(|copy| *copy == url) {
            true => self.place_of(&url),
            false => original(),
        }
    }

    /// The addresses, beginning with `/`, of all copies that the posts of an issue show.
    pub(super) fn addresses_of_copies<'a>(
        &self,
        issue: &'a Issue,
    ) -> impl Iterator<Item = &'a String> {
        issue.posts.iter().flat_map(|(_, post)| {
            let copies = post.image.iter().flat_map(|image| &image.copies);
            let author = post.author.as_ref();
            let photo = author.and_then(|author| author.photo.as_ref());
            copies.map(|copy| &copy.url).chain(photo)
        })
    }

    /// Where the copy of this address lies, published or not.
    pub(super) fn place_of(&self, url: &str) -> Option<PathBuf> {
        let name = url.strip_prefix("/img/")?;
        if name.contains(['/', '\\']) {
            return None;
        }
        let places = [self.published(url), self.shelved(url)];
        places.into_iter().find(|path| path.is_file())
    }

    fn take_from_shelf(&self, copy: &ImageCopy) -> Result<(), Fault> {
        let (published, shelved) = (self.published(&copy.url), self.shelved(&copy.url));
        if published.exists() {
            return Ok(());
        }
        let bytes = fs::read(&shelved).map_err(|cause| Fault::Write {
            path: published.clone(),
            cause,
        })?;
        write_whole(&published, &bytes, Access::Everybody)?;
        // What stays on the shelf is only a copy too many.
        let _ = fs::remove_file(shelved);
        Ok(())
    }

    fn recall(&self, address: &str, purpose: Purpose) -> Option<Vec<ImageCopy>> {
        let text = fs::read(self.memory(address, purpose)).ok()?;
        let copies: Vec<ImageCopy> = serde_json::from_slice(&text).ok()?;
        (!copies.is_empty()).then_some(copies)
    }

    fn memory(&self, address: &str, purpose: Purpose) -> PathBuf {
        let hash = blake3::hash(format!("{purpose:?} {address}").as_bytes()).to_hex();
        let name = format!("{}.json", &hash[..32]);
        self.config.state.join("pictures").join(name)
    }

    fn published(&self, url: &str) -> PathBuf {
        self.public().join(url.trim_start_matches('/'))
    }

    fn shelved(&self, url: &str) -> PathBuf {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.config.state.join("pictures").join(name)
    }
}
