//! Changes the sources in `courant.toml` as a careful person would: comments, order and everything else stay.
//!
//! The changed text is read by our own loader before it replaces the file, so that a broken file is never left behind; it
//! is written beside the file and renamed, with the file's own permissions. A source's own comment, right above its header,
//! leaves with it; all others stay.

use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use toml_edit::{
    Array, ArrayOfTables, Document as Parsed, DocumentMut, Item, Table, TomlError, value,
};
use url::Url;

use super::document::Document;
use super::files::{cause, read_document};
use super::{Config, Environment, Flags, Loaded};
use crate::model::{Diagnostic, Pages, SourceName, Topic};

/// The key of the list of sources.
const SOURCE: &str = "source";

/// The key of a source that is passed over.
const PAUSED: &str = "paused";

/// A source to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSource {
    /// Its name, which no source has.
    pub name: SourceName,
    /// Its address.
    pub url: Url,
    /// Topics of all its posts.
    pub topics: Vec<Topic>,
    /// How its posts are found, where it has no feed.
    pub pages: Option<Pages>,
    /// Selector of the text on its pages.
    pub article: Option<String>,
    /// Whether pages are read where the feed gives a summary.
    pub full_text: bool,
}

/// What to change.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceEdit {
    /// New sources behind the last.
    Add(Vec<NewSource>),
    /// Pass over a source.
    Pause(SourceName),
    /// Read it again.
    Resume(SourceName),
    /// Take it out.
    Remove(SourceName),
}

/// What became of the file.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// Whether its text is another now.
    pub changed: bool,
    /// The lines that were added.
    pub added: String,
    /// The configuration as it is with the change.
    pub config: Config,
}

/// Why nothing was changed.
#[derive(Debug)]
pub enum EditFault {
    /// The file is at fault, or would be.
    Config(Vec<Diagnostic>),
    /// It cannot be written.
    Write(Box<Diagnostic>),
}

impl From<Vec<Diagnostic>> for EditFault {
    fn from(faults: Vec<Diagnostic>) -> Self {
        Self::Config(faults)
    }
}

/// Changes `courant.toml`, or only tells what would change unless `write`.
///
/// # Errors
/// The faults of the file as it is, or as it would be; or why it cannot be written. It is as it was then.
pub fn edit_sources(
    path: &Path,
    environment: &Environment,
    flags: &Flags,
    edit: &SourceEdit,
    write: bool,
) -> Result<Edited, EditFault> {
    let file = super::locate(path).map_err(|fault| vec![*fault])?;
    let before = read_document(&file, &file).map_err(|fault| vec![*fault])?;
    Config::of_document(&file, &before, environment, flags)?;
    let text = before.text();
    let (after, added) = changed(text, edit).map_err(|fault| vec![fault.in_file(&file)])?;
    let document = Document::file(&file, after.clone());
    let Loaded { config, .. } = Config::of_document(&file, &document, environment, flags)?;
    let differs = after != text;
    if write && differs {
        replace(&file, &after).map_err(|error| {
            let message = format!("cannot write `{}`: {}", file.display(), cause(&error));
            EditFault::Write(Diagnostic::error(message).into())
        })?;
    }
    Ok(Edited {
        file,
        changed: differs,
        added,
        config,
    })
}

type Fault = Box<Diagnostic>;

/// The text with the change, and what was added to it.
fn changed(text: &str, edit: &SourceEdit) -> Result<(String, String), Fault> {
    let crlf = text.contains("\r\n");
    let plain = text.replace("\r\n", "\n");
    let (after, added) = match edit {
        SourceEdit::Add(sources) => add(&plain, sources)?,
        SourceEdit::Pause(name) => (set_paused(&plain, name, true)?, String::new()),
        SourceEdit::Resume(name) => (set_paused(&plain, name, false)?, String::new()),
        SourceEdit::Remove(name) => (remove(&plain, name)?, String::new()),
    };
    match crlf {
        true => Ok((after.replace('\n', "\r\n"), added)),
        false => Ok((after, added)),
    }
}

fn parsed(text: &str) -> Result<DocumentMut, Fault> {
    text.parse().map_err(|error: TomlError| unread(&error))
}

fn unread(error: &TomlError) -> Fault {
    Diagnostic::error(error.message().to_owned()).into()
}

/// The sources as `[[source]]` tables; a list in one line has no place for a person's comments.
fn sources(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, Fault> {
    let item = document
        .entry(SOURCE)
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or_else(|| {
        let fault = Diagnostic::error("the sources are not written as `[[source]]` tables");
        Box::new(fault.hint("this command changes no other form; change the file by hand"))
    })
}

fn named(tables: &ArrayOfTables, name: &SourceName) -> Result<usize, Fault> {
    let is_named = |table: &Table| table.get("name").and_then(Item::as_str) == Some(name.as_str());
    tables
        .iter()
        .position(is_named)
        .ok_or_else(|| Diagnostic::error(format!("there is no source `{name}`")).into())
}

fn add(text: &str, new: &[NewSource]) -> Result<(String, String), Fault> {
    let mut document = parsed(text)?;
    let tables = sources(&mut document)?;
    let mut added = DocumentMut::new();
    let mut shown = ArrayOfTables::new();
    for source in new {
        let mut table = table_of(source);
        shown.push(table.clone());
        table.decor_mut().set_prefix("\n");
        tables.push(table);
    }
    added.insert(SOURCE, Item::ArrayOfTables(shown));
    let mut after = document.to_string();
    if text.is_empty() {
        after = after.trim_start().to_owned();
    }
    Ok((after, added.to_string()))
}

fn table_of(source: &NewSource) -> Table {
    let mut table = Table::new();
    table.insert("name", value(source.name.as_str()));
    table.insert("url", value(source.url.as_str()));
    match &source.pages {
        None => {}
        Some(Pages::Links(selector)) => drop(table.insert("posts", value(selector))),
        Some(Pages::Sitemap { at, below }) => {
            let at = at.as_ref().map_or(value(true), |at| value(at.as_str()));
            table.insert("sitemap", at);
            if let Some(below) = below {
                table.insert("match", value(below));
            }
        }
    }
    if let Some(article) = &source.article {
        table.insert("article", value(article));
    }
    if source.full_text {
        table.insert("full_text", value(true));
    }
    if !source.topics.is_empty() {
        let topics: Array = source.topics.iter().map(Topic::as_str).collect();
        table.insert("topics", value(topics));
    }
    table
}

/// Sets or removes `paused`; with a comment of a person's beside it, it is set to `false` instead.
fn set_paused(text: &str, name: &SourceName, paused: bool) -> Result<String, Fault> {
    let mut document = parsed(text)?;
    let tables = sources(&mut document)?;
    let at = named(tables, name)?;
    let Some(table) = tables.get_mut(at) else {
        return Ok(text.to_owned());
    };
    let commented = is_commented(table);
    match table.get_mut(PAUSED).and_then(Item::as_value_mut) {
        Some(old) if paused || commented => {
            let decor = old.decor().clone();
            *old = paused.into();
            *old.decor_mut() = decor;
        }
        Some(_) => drop(table.remove(PAUSED)),
        None if paused => drop(table.insert(PAUSED, value(true))),
        None => {}
    }
    Ok(document.to_string())
}

fn is_commented(table: &Table) -> bool {
    let has_hash = |text: Option<&toml_edit::RawString>| {
        text.and_then(toml_edit::RawString::as_str)
            .is_some_and(|text| text.contains('#'))
    };
    let above = table.key(PAUSED).map(|key| key.leaf_decor());
    let behind = table
        .get(PAUSED)
        .and_then(Item::as_value)
        .map(toml_edit::Value::decor);
    has_hash(above.and_then(|decor| decor.prefix()))
        || has_hash(behind.and_then(|decor| decor.suffix()))
}

/// Takes out the lines of a source: its comment right above, its keys, its own tables, comments right below.
fn remove(text: &str, name: &SourceName) -> Result<String, Fault> {
    let at = named(sources(&mut parsed(text)?)?, name)?;
    let document = Parsed::parse(text).map_err(|error| unread(&error))?;
    let tables = document.get(SOURCE).and_then(Item::as_array_of_tables);
    let span = tables.and_then(|tables| span_of(tables.get(at)?));
    let Some(span) = span else {
        let fault = format!("the lines of `{name}` cannot be found");
        return Err(Diagnostic::error(fault).into());
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line_of = |byte: usize| text[..byte].matches('\n').count();
    let (mut first, mut last) = (line_of(span.start), line_of(span.end.saturating_sub(1)));
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    while first > 0 && is_comment(lines[first - 1]) {
        first -= 1;
    }
    // What stands at the very top speaks of the file.
    if first == 0 {
        first = line_of(span.start);
    }
    while lines.get(last + 1).is_some_and(|line| is_comment(line)) {
        last += 1;
    }
    // One gap is left where there were two.
    let is_blank = |line: Option<&&str>| line.is_none_or(|line| line.trim().is_empty());
    let after = lines.len().min(last + 1);
    let behind = match first == 0 || is_blank(lines.get(first - 1)) {
        true => lines[after..]
            .iter()
            .take_while(|line| line.trim().is_empty())
            .count(),
        false => 0,
    };
    let mut left = lines[..first].concat() + &lines[after + behind..].concat();
    if lines.len() == after + behind {
        left = left.trim_end().to_owned();
        left.push('\n');
    }
    Ok(left)
}

/// From the header to the last byte of the last value, those of inner tables too.
fn span_of(table: &Table) -> Option<Range<usize>> {
    let mut span = table.span()?;
    for (_, item) in table.iter() {
        let inner = match item {
            Item::Table(inner) => span_of(inner),
            Item::ArrayOfTables(list) => {
                list.iter().filter_map(span_of).max_by_key(|span| span.end)
            }
            item => item.span(),
        };
        if let Some(inner) = inner {
            span.end = span.end.max(inner.end);
        }
    }
    Some(span)
}

/// Replaces a file as a whole, with its permissions; a link stays a link.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let target = file.canonicalize()?;
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}~", std::process::id()));
    let beside = target.with_file_name(name);
    let written = write_beside(&beside, &target, text);
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_beside(beside: &Path, target: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::File::create_new(beside)?;
    let about = fs::metadata(target)?;
    // Root leaves the file to whom it belongs; nobody else could give one away.
    let _ = std::os::unix::fs::fchown(&file, Some(about.uid()), Some(about.gid()));
    file.set_permissions(about.permissions())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# The newsletter.\n\n[newsletter]\nname = \"x\"  # short\n\n# Our own.\n[[source]]\nname = \"eigen\"\n\
                        folder = \"posts\"\n\n# A paragraph that speaks of all.\n\n# The blog.\n[[source]]\nname = \"blog\"\n\
                        url = \"https://blog.example/feed\"\n# topics = [\"a\"]\n\n[source.call_to_action]\ntext = \"Kom\"\n\n\
                        # How mail goes.\n[delivery]\nrelay = \"mailbox\"\n";

    fn name(text: &str) -> SourceName {
        SourceName::parse(text).unwrap()
    }

    #[test]
    fn a_source_leaves_with_its_own_comment_and_nothing_else() {
        let left = remove(FILE, &name("blog")).unwrap();
        let start = FILE.find("# The blog.").unwrap();
        let end = FILE.find("# How mail goes.").unwrap();
        assert_eq!(left, format!("{}{}", &FILE[..start], &FILE[end..]));
        let left = remove(&left, &name("eigen")).unwrap();
        assert!(
            left.contains("# short\n\n# A paragraph that speaks of all.\n\n# How mail"),
            "{left}"
        );
    }

    #[test]
    fn pausing_and_resuming_leaves_the_file_as_it_was() {
        let paused = set_paused(FILE, &name("blog"), true).unwrap();
        assert_ne!(paused, FILE);
        assert_eq!(set_paused(&paused, &name("blog"), true).unwrap(), paused);
        assert_eq!(set_paused(&paused, &name("blog"), false).unwrap(), FILE);
        let commented = FILE.replace("folder = ", "paused = true # holiday\nfolder = ");
        let resumed = set_paused(&commented, &name("eigen"), false).unwrap();
        assert_eq!(resumed, commented.replace("true #", "false #"));
    }

    #[test]
    fn a_new_source_comes_behind_the_last_one() {
        let new = NewSource {
            name: name("nieuw"),
            url: Url::parse("https://nieuw.example/").unwrap(),
            topics: vec![Topic::parse("kaas").unwrap()],
            pages: Some(Pages::Links("h2 a[href^='/']".to_owned())),
            article: None,
            full_text: false,
        };
        let (after, added) = add(FILE, &[new]).unwrap();
        assert_eq!(
            added,
            "[[source]]\nname = \"nieuw\"\nurl = \"https://nieuw.example/\"\nposts = \"h2 a[href^='/']\"\ntopics = [\"kaas\"]\n"
        );
        let at = FILE.find("\n# How mail goes.").unwrap();
        assert_eq!(after, format!("{}\n{added}{}", &FILE[..at], &FILE[at..]));
    }

    #[test]
    fn line_ends_stay_what_they_were_and_other_forms_are_left_alone() {
        let windows = FILE.replace('\n', "\r\n");
        let (paused, _) = changed(&windows, &SourceEdit::Pause(name("eigen"))).unwrap();
        assert_eq!(paused.matches('\n').count(), paused.matches("\r\n").count());
        let inline = "source = [{ name = \"a\", folder = \"posts\" }]\n";
        assert!(changed(inline, &SourceEdit::Pause(name("a"))).is_err());
    }
}
