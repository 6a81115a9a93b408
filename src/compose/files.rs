//! The files of `templates/`: those built in, and the user's own that stand in their place.
//!
//! In go the user's files by path; out comes each template once, the user's where there is one, and the words of each
//! language in layers. Refuses a file whose name nothing would ever read: it is a slip of the pen.

use std::collections::BTreeMap;

use crate::model::{Diagnostic, Language};

/// Lists files of the repository's own `templates/` folder with their text.
macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

/// Every file that is built in, by its path below `templates/`.
const BUILT_IN: &[(&str, &str)] = built_in![
    "confirm/html.hbs",
    "confirm/text.hbs",
    "digest/call.hbs",
    "digest/contributors.hbs",
    "digest/footer.hbs",
    "digest/html.hbs",
    "digest/lead.hbs",
    "digest/story.hbs",
    "digest/text-contributors.hbs",
    "digest/text-lead.hbs",
    "digest/text-story.hbs",
    "digest/text.hbs",
    "goodbye/html.hbs",
    "goodbye/text.hbs",
    "mail/button.hbs",
    "mail/foot.hbs",
    "mail/head.hbs",
    "mail/masthead.hbs",
    "mail/sender.hbs",
    "mail/style-kept.hbs",
    "mail/style.hbs",
    "page/byline.hbs",
    "page/call.hbs",
    "page/error.hbs",
    "page/foot.hbs",
    "page/head.hbs",
    "page/index.hbs",
    "page/issue.hbs",
    "page/post.hbs",
    "page/story.hbs",
    "page/style.hbs",
    "page/text-feed.hbs",
    "page/topic.hbs",
    "page/unsubscribe.hbs",
    "welcome/html.hbs",
    "welcome/text.hbs",
    "words/en.ftl",
    "words/nl.ftl",
];

/// A file that is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its path below `templates/`: `digest/html.hbs`.
    pub path: &'static str,
    /// What it holds.
    pub text: &'static str,
}

impl BuiltIn {
    /// Every file that is built in, by its path.
    pub fn all() -> impl Iterator<Item = Self> {
        BUILT_IN.iter().map(|(path, text)| Self { path, text })
    }

    /// The one that is meant: its path, with or without the ending.
    pub fn find(name: &str) -> Option<Self> {
        let name = name.trim_start_matches("templates/");
        Self::all().find(|file| {
            let stem = file
                .path
                .rsplit_once('.')
                .map_or(file.path, |(stem, _)| stem);
            file.path == name || stem == name
        })
    }

    /// A path that is so like `name` that it may be meant.
    pub fn nearest(name: &str) -> Option<&'static str> {
        nearest(name, BUILT_IN.iter().map(|(path, _)| *path))
    }

    /// What it is for: the comment that it begins with.
    pub fn purpose(self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        let comment = first.trim_start_matches("{{!--").trim_start_matches('#');
        comment.trim_end_matches("--}}").trim()
    }
}

/// The user's own template and word files: path below `templates/` (`digest/html.hbs`) to text.
///
/// The caller reads them: every file of the folder that ends in `.hbs` or `.ftl`, with `/` between folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides(pub BTreeMap<String, String>);

/// The files that count, after overriding. A file of the user's that is byte for byte the built-in one counts as built in.
pub(super) struct Files {
    /// Template name (path without `.hbs`) to text.
    pub templates: BTreeMap<String, String>,
    /// Language to its word files, the built-in one first.
    pub words: BTreeMap<Language, Vec<WordFile>>,
    /// Some template is the user's own.
    pub own_templates: bool,
}

/// One Fluent file.
pub(super) struct WordFile {
    pub text: String,
    /// The user wrote it: its messages stand in the place of those built in.
    pub own: bool,
}

/// Path of a file as the user would name it.
pub(super) fn shown_path(path: &str) -> String {
    format!("templates/{path}")
}

/// Lays the user's files over those built in.
pub(super) fn resolve(overrides: &Overrides) -> Result<Files, Vec<Diagnostic>> {
    let mut files = Files {
        templates: BTreeMap::new(),
        words: BTreeMap::new(),
        own_templates: false,
    };
    for (path, text) in BUILT_IN {
        files.put(path, text, false);
    }
    let mut unknown = Vec::new();
    let is_built_in = |path: &str, text: &str| BUILT_IN.contains(&(path, text));
    for (path, text) in &overrides.0 {
        if is_built_in(path, text) {
            continue;
        }
        if !files.put(path, text, true) {
            unknown.push(unknown_file(path));
        }
    }
    if unknown.is_empty() {
        Ok(files)
    } else {
        Err(unknown)
    }
}

impl Files {
    /// Takes a file in; `false` if nothing would ever read one of that name.
    fn put(&mut self, path: &str, text: &str, own: bool) -> bool {
        if let Some(language) = language_of(path) {
            let text = text.to_owned();
            let layers = self.words.entry(language).or_default();
            layers.push(WordFile { text, own });
            return true;
        }
        let known = BUILT_IN.iter().any(|(name, _)| *name == path);
        if let (true, Some(name)) = (known, path.strip_suffix(".hbs")) {
            self.templates.insert(name.to_owned(), text.to_owned());
            self.own_templates |= own;
        }
        known
    }

    /// Whether all that makes this language's mails and pages is built in, so that our own tests have tried it.
    pub fn are_built_in(&self, language: &Language) -> bool {
        let layers = self.words.get(language).map_or(&[][..], Vec::as_slice);
        !self.own_templates && layers.iter().all(|layer| !layer.own)
    }
}

/// The language of `words/nl.ftl`.
fn language_of(path: &str) -> Option<Language> {
    let tag = path.strip_prefix("words/")?.strip_suffix(".ftl")?;
    Language::parse(tag)
        .ok()
        .filter(|language| language.as_str() == tag)
}

fn unknown_file(path: &str) -> Diagnostic {
    let names = || BUILT_IN.iter().map(|(name, _)| *name);
    let list = "`courant templates list` names those that are";
    let hint = match nearest(path, names()) {
        Some(name) => format!("did you mean `{name}`? {list}"),
        None => format!("{list}; a language is `words/`, its tag and `.ftl`"),
    };
    Diagnostic::error(format!("`{path}` is no template that Courant reads"))
        .in_file(shown_path(path))
        .hint(hint)
}

/// The candidate most like `name`, if any is near enough for a slip of the pen.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (name.chars().count() / 2).clamp(1, 3);
    candidates
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(path: &str) -> Overrides {
        Overrides([(path.to_owned(), "x".to_owned())].into())
    }

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        let mut found = Vec::new();
        for folder in [
            "confirm", "digest", "goodbye", "mail", "page", "welcome", "words",
        ] {
            for entry in std::fs::read_dir(format!("{root}/{folder}")).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                found.push(format!("{folder}/{name}"));
            }
        }
        found.sort();
        let mut listed: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }

    #[test]
    fn every_file_says_what_it_is_for() {
        for file in BuiltIn::all() {
            let comment = file.text.starts_with("{{!-- ") || file.text.starts_with("# ");
            let length = file.purpose().chars().count();
            assert!(comment && (10..=140).contains(&length), "{}", file.path);
        }
    }

    #[test]
    fn a_file_is_found_with_or_without_its_ending() {
        for name in [
            "digest/html",
            "digest/html.hbs",
            "templates/digest/html.hbs",
        ] {
            assert_eq!(BuiltIn::find(name).unwrap().path, "digest/html.hbs");
        }
        assert_eq!(BuiltIn::find("words/nl").unwrap().path, "words/nl.ftl");
        assert_eq!(BuiltIn::find("digest"), None);
    }

    #[test]
    fn one_file_is_overridden_and_the_rest_kept() {
        let files = resolve(&overrides("digest/lead.hbs")).unwrap();
        assert_eq!(files.templates["digest/lead"], "x");
        assert_eq!(files.templates.len(), BUILT_IN.len() - 2);
    }

    #[test]
    fn a_copy_of_a_built_in_file_counts_as_built_in() {
        let copies = BUILT_IN
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let mut overrides = Overrides(copies.collect());
        let (nl, en) = (
            Language::parse("nl").unwrap(),
            Language::parse("en").unwrap(),
        );
        let files = resolve(&overrides).unwrap();
        assert!(files.are_built_in(&nl) && files.are_built_in(&en));
        let change = |overrides: &mut Overrides, path: &str| {
            overrides
                .0
                .entry(path.to_owned())
                .and_modify(|text| text.push('\n'));
        };
        change(&mut overrides, "words/nl.ftl");
        let files = resolve(&overrides).unwrap();
        assert!(!files.are_built_in(&nl) && files.are_built_in(&en));
        change(&mut overrides, "mail/foot.hbs");
        let files = resolve(&overrides).unwrap();
        assert!(!files.are_built_in(&nl) && !files.are_built_in(&en));
    }

    #[test]
    fn a_third_language_is_one_file() {
        let files = resolve(&overrides("words/de.ftl")).unwrap();
        let tags: Vec<_> = files.words.keys().map(Language::as_str).collect();
        assert_eq!(tags, ["de", "en", "nl"]);
    }

    #[test]
    fn a_name_nobody_reads_is_refused_with_the_names_that_are() {
        let Err(faults) = resolve(&overrides("digest/htlm.hbs")) else {
            panic!("accepted");
        };
        let shown = faults[0].to_string();
        assert!(shown.contains("templates/digest/htlm.hbs"), "{shown}");
        assert!(shown.contains("did you mean `digest/html.hbs`?"), "{shown}");
        for path in [
            "words/DE.ftl",
            "words/.ftl",
            "page/words/de.ftl",
            "html.hbs",
        ] {
            assert!(resolve(&overrides(path)).is_err(), "{path}");
        }
    }
}
