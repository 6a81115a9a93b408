//! A folder with files that people wrote becomes posts: Markdown, HTML and plain text, with or without front matter.
//!
//! Folders are read with all below them; hidden files, `README`s and names that begin with `_` are not posts. Nothing
//! outside the folder is read, not even through a symbolic link. A file that cannot be read is a fault with its place
//! and leaves the others alone.

mod byline;
mod call;
mod front_matter;
mod markdown;
mod page;
mod pictures;
mod post;
mod text;
mod word;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Error, Gathered, charset, identity};
use crate::model::{Author, CallToAction, Diagnostic, Language, Post, Source};
use front_matter::{FrontMatter, Syntax};

/// Larger files are no posts, in bytes.
const MAX_FILE: u64 = 10_000_000;

/// Deeper folders are not read: nobody files posts this deep.
const MAX_DEPTH: usize = 16;

/// How a file is read, by its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Markdown,
    Page,
    Text,
}

/// What the text of a file itself says, before the front matter has its word.
#[derive(Debug, Clone, Default, PartialEq)]
struct Draft {
    title: Option<String>,
    author: Option<Author>,
    language: Option<Language>,
    published: Option<Timestamp>,
    summary: Option<String>,
    /// Reference and alternative text.
    image: Option<(String, String)>,
    call_to_action: Option<CallToAction>,
    /// As people write them.
    topics: Vec<String>,
    /// Neither sanitised nor resolved.
    html: String,
}

/// A file of the folder that may be a post.
struct File {
    path: PathBuf,
    /// With forward slashes, relative to the folder.
    relative: String,
    /// As the user would name it: from the folder's own name on.
    name: PathBuf,
    kind: Kind,
}

/// Reads all posts of a folder, in the order of their paths.
pub fn read(folder: &Path, source: &Source, now: Timestamp) -> Result<Gathered, Error> {
    let unreadable = |source| Error::Folder {
        path: folder.to_owned(),
        source,
    };
    let root = folder.canonicalize().map_err(unreadable)?;
    let shown = PathBuf::from(folder.file_name().unwrap_or(folder.as_os_str()));
    let mut walk = Walk {
        root: &root,
        shown: &shown,
        files: Vec::new(),
        faults: Vec::new(),
    };
    walk.directory(&root, 0).map_err(unreadable)?;
    walk.files.sort_by(|a, b| a.relative.cmp(&b.relative));
    let mut gathered = Gathered {
        faults: walk.faults,
        ..Gathered::default()
    };
    for file in &walk.files {
        match read_file(file, &root, source, now) {
            Ok((post, faults)) => {
                gathered.posts.push(post);
                gathered.faults.extend(faults);
            }
            Err(fault) => gathered.faults.push(fault.in_file(&file.name)),
        }
    }
    part_twins(&mut gathered.posts, &mut gathered.faults);
    Ok(gathered)
}

fn read_file(
    file: &File,
    root: &Path,
    source: &Source,
    now: Timestamp,
) -> Result<(Post, Vec<Diagnostic>), Box<Diagnostic>> {
    let bytes = read_bytes(&file.path)?;
    let decoded = charset::decode(&bytes, None);
    let mut faults = Vec::new();
    if decoded.guessed {
        faults.push(
            Diagnostic::warning("the file is not UTF-8; it was read as windows-1252")
                .in_file(&file.name)
                .hint("save it as UTF-8"),
        );
    }
    let text = decoded.text;
    let (mut front, at) = front_matter::split(&text)?;
    if at == 0 && file.kind == Kind::Text {
        front = sidecar(&file.path)?.unwrap_or_default();
    }
    let body = &text[at..];
    let draft = match file.kind {
        Kind::Markdown => markdown::read(body, front.title.as_deref()),
        Kind::Page => page::read(body),
        Kind::Text => {
            let beside = file.path.parent().map(pictures::names_in);
            text::read(
                body,
                &beside.unwrap_or_default(),
                front.title.as_deref(),
                front.language.as_ref().map(|tag| &tag.0),
                source
                    .call_to_action
                    .as_ref()
                    .is_some_and(|call| call.url.is_some()),
            )
        }
    };
    let (post, more) = post::assemble(file, root, &text, front, draft, source, now)?;
    faults.extend(more);
    Ok((post, faults))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
    let cannot = |error: io::Error| Diagnostic::error(format!("the file cannot be read: {error}"));
    let size = fs::metadata(path).map_err(cannot)?.len();
    if size > MAX_FILE {
        return Err(Box::new(Diagnostic::error(format!(
            "the file is larger than {} MB",
            MAX_FILE / 1_000_000
        ))));
    }
    Ok(fs::read(path).map_err(cannot)?)
}

/// Fields for a plain text that stand in a file of the same name: `post.txt` and `post.toml` or `post.yaml`.
fn sidecar(path: &Path) -> Result<Option<FrontMatter>, Box<Diagnostic>> {
    for (extension, syntax) in [
        ("toml", Syntax::Toml),
        ("yaml", Syntax::Yaml),
        ("yml", Syntax::Yaml),
    ] {
        let beside = path.with_extension(extension);
        if beside.is_file() {
            let bytes = read_bytes(&beside)?;
            let text = charset::decode(&bytes, None).text;
            let name = beside.file_name().unwrap_or_default().to_string_lossy();
            return front_matter::parse(&text, 0..text.len(), syntax)
                .map(Some)
                .map_err(|fault| {
                    Box::new(Diagnostic {
                        message: format!("in `{name}` beside it: {}", fault.message),
                        ..*fault
                    })
                });
        }
    }
    Ok(None)
}

/// Gives posts with the same slug, or the same identity of their own, names that tell them apart.
fn part_twins(posts: &mut Vec<Post>, faults: &mut Vec<Diagnostic>) {
    let mut slugs = HashSet::new();
    let mut identities = HashSet::new();
    posts.retain_mut(|post| {
        if !identities.insert(post.identity.clone()) {
            faults.push(
                Diagnostic::error(format!("two posts have the id `{}`", post.identity))
                    .hint("give each post an id of its own, or none"),
            );
            return false;
        }
        if !slugs.insert(post.slug.clone()) {
            let hash = identity::short_hash(post.identity.as_bytes());
            post.slug = format!("{}-{}", post.slug, &hash[..8]);
            post.alternate = Some(post.slug.clone());
            slugs.insert(post.slug.clone());
        }
        true
    });
}

/// The walk through the folder.
struct Walk<'a> {
    root: &'a Path,
    shown: &'a Path,
    files: Vec<File>,
    faults: Vec<Diagnostic>,
}

impl Walk<'_> {
    fn directory(&mut self, directory: &Path, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            if is_passed_over(name) {
                continue;
            }
            let kind = fs::symlink_metadata(&path)?.file_type();
            if kind.is_dir() {
                self.subfolder(&path, depth);
            } else if let Some(format) = kind_of(&path) {
                self.file(path, format, kind.is_symlink());
            }
        }
        Ok(())
    }

    /// A subfolder that cannot be read is a fault of its own.
    fn subfolder(&mut self, path: &Path, depth: usize) {
        if depth >= MAX_DEPTH {
            return;
        }
        if let Err(error) = self.directory(path, depth + 1) {
            self.faults.push(
                Diagnostic::error(format!("the folder cannot be read: {error}"))
                    .in_file(self.shown_name(path)),
            );
        }
    }

    fn file(&mut self, path: PathBuf, kind: Kind, is_link: bool) {
        let inside = path
            .canonicalize()
            .is_ok_and(|target| target.starts_with(self.root));
        if is_link && !inside {
            self.faults.push(
                Diagnostic::warning("a link that leads out of the folder is not followed")
                    .in_file(self.shown_name(&path)),
            );
            return;
        }
        let relative = path.strip_prefix(self.root).unwrap_or(&path);
        let relative = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/");
        self.files.push(File {
            name: self.shown_name(&path),
            relative,
            path,
            kind,
        });
    }

    fn shown_name(&self, path: &Path) -> PathBuf {
        self.shown
            .join(path.strip_prefix(self.root).unwrap_or(path))
    }
}

fn is_passed_over(name: &str) -> bool {
    name.starts_with(['.', '_']) || name.to_lowercase().starts_with("readme")
}

fn kind_of(path: &Path) -> Option<Kind> {
    match path.extension()?.to_str()?.to_lowercase().as_str() {
        "md" | "markdown" => Some(Kind::Markdown),
        "html" | "htm" => Some(Kind::Page),
        "txt" => Some(Kind::Text),
        _ => None,
    }
}
