//! Finds the pictures that a post of a folder refers to, and names them for publication.
//!
//! A reference is resolved beside the post, then from the folder's root, upper and lower case alike; never outside
//! the folder, not even by a link in the file system. A missing picture, or one that is too large to read, is a warning
//! with its place in the text.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use url::Url;

use crate::gather::{identity, prose};
use crate::model::{Diagnostic, PostFile};

/// A picture that is looked for by its name lies no deeper than this.
const MAX_DEPTH: usize = 8;

/// A larger file is no picture for a letter, in bytes: the most that copies are made of.
const MAX_PICTURE: u64 = 10_000_000;

/// Pictures of a post that are looked for; each may be looked for in every folder of the source.
const MOST_PICTURES: usize = 1_000;

/// The pictures of one post.
pub(super) struct Pictures<'a> {
    /// The folder, without symbolic links.
    root: &'a Path,
    /// Where the post lies.
    beside: &'a Path,
    /// The post's text, to point into, and how the user names it.
    text: &'a str,
    name: &'a Path,
    found: Vec<Found>,
    /// What each reference came to: a file that is shown often is looked for once.
    known: HashMap<String, Option<String>>,
    pub(super) faults: Vec<Diagnostic>,
}

struct Found {
    file: PostFile,
    size: Option<(u32, u32)>,
}

/// Why a post goes without a picture.
enum Unfit {
    /// There is no picture of that name that this user may read.
    NotThere,
    /// In bytes.
    TooLarge(u64),
}

impl From<io::Error> for Unfit {
    fn from(_: io::Error) -> Self {
        Self::NotThere
    }
}

impl<'a> Pictures<'a> {
    pub(super) fn new(root: &'a Path, beside: &'a Path, text: &'a str, name: &'a Path) -> Self {
        Self {
            root,
            beside,
            text,
            name,
            found: Vec::new(),
            known: HashMap::new(),
            faults: Vec::new(),
        }
    }

    /// The address of a picture: absolute as it is, a file as `/img/…`; `None`, with a warning, where there is none.
    pub(super) fn resolve(&mut self, reference: &str) -> Option<String> {
        let reference = reference.trim();
        if let Ok(url) = Url::parse(reference) {
            return matches!(url.scheme(), "http" | "https").then(|| url.into());
        }
        if reference.starts_with("//") {
            return Url::parse(&format!("https:{reference}"))
                .ok()
                .map(Into::into);
        }
        if let Some(known) = self.known.get(reference) {
            return known.clone();
        }
        if self.known.len() >= MOST_PICTURES {
            return None;
        }
        let address = self.look_for(reference);
        self.known.insert(reference.to_owned(), address.clone());
        address
    }

    fn look_for(&mut self, reference: &str) -> Option<String> {
        let found = match self.find(reference) {
            Some(path) => read(&path),
            None => Err(Unfit::NotThere),
        };
        match found {
            Ok(found) => {
                let address = format!("/{}", found.file.name);
                if self.size_of(&address).is_none() {
                    self.found.push(found);
                }
                Some(address)
            }
            Err(why) => {
                self.warn(reference, why);
                None
            }
        }
    }

    /// The files to be published with the post.
    pub(super) fn files(&self) -> Vec<PostFile> {
        self.found.iter().map(|found| found.file.clone()).collect()
    }

    /// Width and height in pixels: outer `None` for a picture that is not ours.
    pub(super) fn size_of(&self, address: &str) -> Option<Option<(u32, u32)>> {
        self.found
            .iter()
            .find(|found| address.strip_prefix('/') == Some(&found.file.name))
            .map(|found| found.size)
    }

    fn find(&self, reference: &str) -> Option<PathBuf> {
        let reference = reference.split(['?', '#']).next().unwrap_or(reference);
        let decoded = percent_decoded(reference);
        let relative = Path::new(decoded.trim_start_matches('/'));
        // A folder of the post's own (Hexo), and where Hugo and Hexo keep what their pages show.
        let own = self.name.file_stem().map(|stem| self.beside.join(stem));
        let starts = [
            Some(self.beside.to_owned()),
            Some(self.root.to_owned()),
            own,
            Some(self.root.join("static")),
            Some(self.root.join("source")),
        ];
        let found = starts
            .iter()
            .flatten()
            .filter_map(|start| step_by_step(start, relative))
            .filter_map(|path| path.canonicalize().ok())
            .find(|path| path.starts_with(self.root) && path.is_file());
        found.or_else(|| match relative.components().count() {
            1 => by_name(self.root, relative.to_str()?, 0),
            _ => None,
        })
    }

    fn warn(&mut self, reference: &str, why: Unfit) {
        let (what, hint) = match why {
            Unfit::NotThere => ("is not there".to_owned(), "put it beside the post"),
            Unfit::TooLarge(length) => {
                let size = length.div_ceil(1_000_000);
                let most = MAX_PICTURE / 1_000_000;
                let what = format!("has {size} MB, and {most} MB is the most that is read");
                (what, "make it smaller")
            }
        };
        let mut fault = Diagnostic::warning(format!("the picture `{reference}` {what}"))
            .in_file(self.name)
            .hint(format!("{hint}; the post goes out without it"));
        if let Some(at) = self.text.find(reference).filter(|_| !reference.is_empty()) {
            fault = fault.at_span(self.text, at..at + reference.len());
        }
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

/// Names of the pictures in a directory, as they are spelled there.
pub(super) fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| prose::has_image_extension(name))
        .collect();
    names.sort();
    names
}

/// Follows a path one component at a time, taking the exact name first and then one that differs only in case.
fn step_by_step(start: &Path, relative: &Path) -> Option<PathBuf> {
    let mut here = start.to_owned();
    for component in relative.components() {
        match component {
            Component::Normal(name) => {
                let exact = here.join(name);
                here = match exact.exists() {
                    true => exact,
                    false => here.join(like(&here, name.to_str()?)?),
                };
            }
            Component::ParentDir => here = here.parent()?.to_owned(),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(here)
}

/// A picture of this name anywhere below a directory, as notes name theirs; links are not followed.
fn by_name(directory: &Path, name: &str, depth: usize) -> Option<PathBuf> {
    if depth > MAX_DEPTH || !prose::has_image_extension(name) {
        return None;
    }
    let entries = fs::read_dir(directory).ok()?.flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let named = |path: &&PathBuf| {
        let own = path.file_name().and_then(|own| own.to_str());
        own.is_some_and(|own| own.to_lowercase() == name.to_lowercase())
            && fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file())
    };
    if let Some(path) = paths.iter().find(named) {
        return Some(path.clone());
    }
    let folders = paths.iter().filter(|path| {
        let is_hidden = path
            .file_name()
            .and_then(|own| own.to_str())
            .is_none_or(|own| own.starts_with('.'));
        !is_hidden && fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
    });
    folders
        .filter_map(|folder| by_name(folder, name, depth + 1))
        .next()
}

fn like(directory: &Path, name: &str) -> Option<String> {
    let wanted = name.to_lowercase();
    fs::read_dir(directory)
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .find(|found| found.to_lowercase() == wanted)
}

/// Its kind and its size are looked at before it is read: a file with holes in it may be larger than the memory.
fn read(path: &Path) -> Result<Found, Unfit> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let extension = extension.map(str::to_lowercase).unwrap_or_default();
    if !prose::IMAGE_EXTENSIONS.contains(&extension.as_str()) {
        return Err(Unfit::NotThere);
    }
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(Unfit::NotThere);
    }
    let mut bytes = Vec::new();
    if about.len() <= MAX_PICTURE {
        let file = fs::File::open(path)?;
        file.take(MAX_PICTURE + 1).read_to_end(&mut bytes)?;
    }
    let length = about.len().max(bytes.len() as u64);
    if length > MAX_PICTURE {
        return Err(Unfit::TooLarge(length));
    }
    Ok(Found {
        file: PostFile {
            path: path.to_owned(),
            name: format!("img/{}.{extension}", identity::short_hash(&bytes)),
        },
        size: dimensions(&bytes),
    })
}

/// Width and height from the first bytes of a PNG, GIF or JPEG.
fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((big_endian(bytes, 16, 4)?, big_endian(bytes, 20, 4)?));
    }
    if bytes.starts_with(b"GIF8") {
        let side = |at: usize| {
            Some(u32::from(u16::from_le_bytes([
                *bytes.get(at)?,
                *bytes.get(at + 1)?,
            ])))
        };
        return Some((side(6)?, side(8)?));
    }
    if bytes.starts_with(b"\xff\xd8") {
        return jpeg_dimensions(bytes);
    }
    None
}

/// Walks the segments of a JPEG to its frame header (ITU T.81 §B.2.2).
fn jpeg_dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xff => at += 1,
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Some((big_endian(bytes, at + 7, 2)?, big_endian(bytes, at + 5, 2)?));
            }
            _ => at += 2 + big_endian(bytes, at + 2, 2)? as usize,
        }
    }
}

fn big_endian(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let slice = bytes.get(at..at + length)?;
    Some(
        slice
            .iter()
            .fold(0, |sum, &byte| sum << 8 | u32::from(byte)),
    )
}

/// `een%20foto.jpg` as the file is called; text that is not valid UTF-8 afterwards is left as it was.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = match (first, tail) {
            (b'%', [a, b, ..]) => std::str::from_utf8(&[*a, *b])
                .ok()
                .and_then(|hex| u8::from_str_radix(hex, 16).ok()),
            _ => None,
        };
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_read_from_the_header() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0";
        assert_eq!(dimensions(png), Some((640, 480)));
        assert_eq!(dimensions(b"GIF89a\x20\0\x10\0"), Some((32, 16)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x11\x08\x01\xe0\x02\x80\x03";
        assert_eq!(dimensions(jpeg), Some((640, 480)));
        assert_eq!(dimensions(b"\xff\xd8\xff"), None);
        assert_eq!(dimensions(b"RIFF"), None);
    }

    #[test]
    fn percent_signs_are_undone_where_they_are_codes() {
        assert_eq!(percent_decoded("een%20foto%.jpg%2"), "een foto%.jpg%2");
        assert_eq!(percent_decoded("%ff"), "%ff");
    }
}
