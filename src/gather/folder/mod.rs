//! A folder with files that people wrote becomes posts: Markdown, HTML and plain text, with or without front matter.
//!
//! Folders are read with all below them; hidden files, `README`s and names that begin with `_` are not posts, what lies
//! in a folder of drafts is one, and of a site's root only what the site itself takes for posts is read. Nothing outside
//! the folder is read, not even through a symbolic link. A file that cannot be read, or that is no text, is a fault with
//! its place and leaves the others alone.

mod byline;
mod call;
mod copies;
mod front_matter;
mod markdown;
mod notation;
mod page;
mod pictures;
mod post;
mod site;
mod text;
mod word;

pub(super) use notation::without_shortcodes;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::budget::{self, Budget};
use super::{Error, Gathered, charset, identity};
use crate::model::{Author, CallToAction, Diagnostic, Language, Post, Source};
use front_matter::{FrontMatter, Syntax};

/// Larger files are no posts, in bytes.
const MAX_FILE: u64 = 10_000_000;

/// Deeper folders are not read: nobody files posts this deep.
const MAX_DEPTH: usize = 16;

/// Folders whose files are drafts, lower-case.
const DRAFTS: [&str; 3] = ["drafts", "_drafts", "draft"];

/// How the files of other programs begin, and what they are.
const NO_TEXT: [(&[u8], &str); 9] = [
    (b"%PDF-", "a PDF"),
    (
        b"PK\x03\x04",
        "a ZIP archive or a document of an office program",
    ),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a picture, a sound or a film"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\xd0\xcf\x11\xe0", "a document of an office program"),
    (b"{\\rtf", "RTF"),
];

/// Of a text at most one character in so many is a control.
const CONTROLS: usize = 200;

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
    /// It lies in a folder of drafts.
    is_draft: bool,
}

/// What a file gave.
struct Read {
    /// The file, as in [`File`].
    relative: String,
    name: PathBuf,
    post: Post,
    faults: Vec<Diagnostic>,
    /// Keys of its front matter that mean nothing.
    unknown: Vec<(String, Diagnostic)>,
}

/// Reads all posts of a folder, in the order of their paths.
pub fn read(folder: &Path, source: &Source, now: Timestamp) -> Result<Gathered, Error> {
    read_within(&Budget::default(), folder, source, now)
}

/// Reads them, each file within a budget of its own; [`Error::Ended`] where the program was asked to end meanwhile.
pub(super) fn read_within(
    budget: &Budget,
    folder: &Path,
    source: &Source,
    now: Timestamp,
) -> Result<Gathered, Error> {
    let unreadable = |source| Error::Folder {
        path: folder.to_owned(),
        source,
    };
    let root = folder.canonicalize().map_err(unreadable)?;
    let shown = PathBuf::from(folder.file_name().unwrap_or(folder.as_os_str()));
    let mut walk = Walk {
        root: &root,
        shown: &shown,
        site: site::of(&root),
        files: Vec::new(),
        faults: Vec::new(),
    };
    walk.directory(&root, 0).map_err(unreadable)?;
    walk.files.sort_by(|a, b| a.relative.cmp(&b.relative));
    let mut gathered = Gathered {
        faults: walk.faults,
        ..Gathered::default()
    };
    let mut read = Vec::new();
    for file in &walk.files {
        let one = budget::within(budget, || Ok(read_file(file, &root, source, now)));
        match one {
            Ok(Ok(one)) => read.push(one),
            Ok(Err(fault)) => gathered.faults.push(fault.in_file(&file.name)),
            Err(Error::Ended) => return Err(Error::Ended),
            Err(error) => {
                let fault = Diagnostic::error(error.to_string());
                gathered.faults.push(match error.advice() {
                    Some(advice) => fault.in_file(&file.name).hint(advice),
                    None => fault.in_file(&file.name),
                });
            }
        }
    }
    let (read, copies) = copies::one_each(read);
    gathered.faults.extend(copies);
    let mut unknown = Vec::new();
    for one in read {
        gathered.posts.push(one.post);
        gathered.faults.extend(one.faults);
        unknown.extend(one.unknown);
    }
    gathered.notes = once_a_key(unknown);
    part_twins(&mut gathered.posts, &mut gathered.faults);
    Ok(gathered)
}

fn read_file(
    file: &File,
    root: &Path,
    source: &Source,
    now: Timestamp,
) -> Result<Read, Box<Diagnostic>> {
    let bytes = read_bytes(&file.path)?;
    refuse_known(&bytes)?;
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
    refuse_controls(&text)?;
    let zone = &source.timezone;
    let (mut front, at) = front_matter::split(&text, zone)?;
    if let Some(beside) = sidecar(&file.path, zone)? {
        front = front.or(beside);
    }
    let unknown = std::mem::take(&mut front.unknown).into_iter();
    let unknown = unknown.map(|(key, told)| (key, in_file_or(told, &file.name)));
    let unknown = unknown.collect();
    words_alone(&mut front);
    let rewritten = notation::rewrite(&text, at, file.kind)?;
    let left_out = rewritten.left_out.into_iter();
    faults.extend(left_out.map(|told| told.in_file(&file.name)));
    let body = rewritten.text.as_str();
    let mut draft = match file.kind {
        Kind::Markdown => markdown::read(body, front.title.as_deref(), rewritten.beginning),
        Kind::Page => page::read(body, zone),
        Kind::Text => {
            let beside = file.path.parent().map(pictures::names_in);
            text::read(
                body,
                &beside.unwrap_or_default(),
                front.title.as_deref(),
                front.language.as_ref(),
                source
                    .call_to_action
                    .as_ref()
                    .is_some_and(|call| call.url.is_some()),
            )
        }
    };
    draft.topics.extend(rewritten.topics);
    let (post, more) = post::assemble(file, root, &text, front, draft, source, now)?;
    faults.extend(more);
    Ok(Read {
        relative: file.relative.clone(),
        name: file.name.clone(),
        post,
        faults,
        unknown,
    })
}

/// What a person says above a text has no remarks and no notation either.
fn words_alone(front: &mut FrontMatter) {
    let author = front.author.as_mut();
    let (name, bio) = author.map_or((None, None), |author| {
        (Some(&mut author.name), author.bio.as_mut())
    });
    let texts = [
        front.title.as_mut(),
        front.summary.as_mut(),
        front.image_alt.as_mut(),
        front.bio.as_mut(),
        name,
        bio,
    ];
    for text in texts.into_iter().flatten() {
        *text = notation::line(text);
    }
}

fn in_file_or(told: Diagnostic, name: &Path) -> Diagnostic {
    match told.file {
        Some(_) => told,
        None => told.in_file(name),
    }
}

/// Refuses what another program wrote, whatever it is called.
fn refuse_known(bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    match NO_TEXT.iter().find(|(begin, _)| bytes.starts_with(begin)) {
        Some((_, what)) => Err(no_text(&format!("this is no text: it is {what}"))),
        None => Ok(()),
    }
}

/// Refuses what has more controls than a text has.
fn refuse_controls(text: &str) -> Result<(), Box<Diagnostic>> {
    let is_control = |c: &char| c.is_control() && !c.is_whitespace();
    let controls = text.chars().filter(is_control).count();
    match text.contains('\0') || controls * CONTROLS > text.chars().count() {
        true => Err(no_text("this is no text")),
        false => Ok(()),
    }
}

fn no_text(message: &str) -> Box<Diagnostic> {
    let hint = "a post is text in UTF-8; move other files elsewhere, or save this one as text";
    Box::new(Diagnostic::error(message).hint(hint))
}

/// One word about each key that means nothing, at the first place where it stands.
fn once_a_key(unknown: Vec<(String, Diagnostic)>) -> Vec<Diagnostic> {
    let mut told: Vec<(String, Diagnostic, usize)> = Vec::new();
    for (key, fault) in unknown {
        match told.iter_mut().find(|(known, ..)| *known == key) {
            Some((_, _, more)) => *more += 1,
            None => told.push((key, fault, 0)),
        }
    }
    told.into_iter()
        .map(|(_, mut fault, more)| {
            if more > 0 {
                let files = if more == 1 { "file has" } else { "files have" };
                fault.message = format!("{}; {more} more {files} it", fault.message);
            }
            fault
        })
        .collect()
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

/// Fields that stand in a file of the same name: `post.txt` and `post.toml`, `post.yaml` or `post.json`.
fn sidecar(path: &Path, zone: &TimeZone) -> Result<Option<FrontMatter>, Box<Diagnostic>> {
    for (extension, syntax) in [
        ("toml", Syntax::Toml),
        ("yaml", Syntax::Yaml),
        ("yml", Syntax::Yaml),
        ("json", Syntax::Json),
        ("11tydata.json", Syntax::Json),
    ] {
        let beside = path.with_extension(extension);
        if beside.is_file() {
            let bytes = read_bytes(&beside)?;
            let text = charset::decode(&bytes, None).text;
            let name = beside.file_name().unwrap_or_default().to_string_lossy();
            let parsed = front_matter::parse(&text, 0..text.len(), syntax, zone);
            return parsed
                .map(|front| Some(told_beside(front, &name)))
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

/// Says of unknown keys in which file they stand.
fn told_beside(mut front: FrontMatter, name: &str) -> FrontMatter {
    for (_, told) in &mut front.unknown {
        told.message = format!("in `{name}` beside it: {}", told.message);
    }
    front
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
    site: Option<site::Site>,
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
            let kind = fs::symlink_metadata(&path)?.file_type();
            if is_passed_over(name, kind.is_dir()) {
                continue;
            }
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
        let folders: Vec<&str> = relative.rsplit('/').skip(1).collect();
        if self.site.is_some_and(|site| !site.has_post(&folders)) {
            return;
        }
        let is_draft = folders
            .iter()
            .any(|folder| DRAFTS.contains(&folder.to_lowercase().as_str()));
        self.files.push(File {
            name: self.shown_name(&path),
            relative,
            path,
            kind,
            is_draft,
        });
    }

    fn shown_name(&self, path: &Path) -> PathBuf {
        self.shown
            .join(path.strip_prefix(self.root).unwrap_or(path))
    }
}

/// A hidden name, one with an underscore that is no generator's folder of posts, a `README`, a program's own things.
fn is_passed_over(name: &str, is_folder: bool) -> bool {
    let lower = name.to_lowercase();
    let is_of_posts = is_folder && matches!(lower.as_str(), "_posts" | "_drafts");
    lower.starts_with('.')
        || lower.starts_with('_') && !is_of_posts
        || lower.starts_with("readme")
        || lower == "node_modules"
        || lower.ends_with(".excalidraw.md")
}

fn kind_of(path: &Path) -> Option<Kind> {
    match path.extension()?.to_str()?.to_lowercase().as_str() {
        "md" | "markdown" => Some(Kind::Markdown),
        "html" | "htm" => Some(Kind::Page),
        "txt" => Some(Kind::Text),
        _ => None,
    }
}
