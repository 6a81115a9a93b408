//! Plain texts in the shape in which the first user has them, each with what a person reads in it beside it as JSON.
//!
//! What is guessed is counted over all of them: how much of what was found is right, how much of what is there was found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use courant::gather::{Gathered, read_folder};
use courant::model::{Post, Source, SourceKind, SourceName};
use serde_json::Value;

use super::now;

/// A GIF of 32 by 16 pixels, as far as anybody reads it.
const GIF: &[u8] = b"GIF89a\x20\x00\x10\x00\x80\x00\x00";

/// Pictures that lie beside the texts; the others are missing.
const BESIDE: [&str; 3] = ["Aanwezig.jpg", "portret kees-jan.jpg", "sidewalk.gif"];

/// Found and right, found and wrong, there and not found.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Count {
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Count {
    fn of(&mut self, found: &[String], wanted: &[String]) {
        let right = found.iter().filter(|item| wanted.contains(item)).count();
        self.right += right;
        self.wrong += found.len() - right;
        self.missed += wanted.iter().filter(|item| !found.contains(item)).count();
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/folder")
}

fn read() -> Gathered {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().unwrap() != "json" {
            std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    for name in BESIDE {
        // Each with bytes of its own, since equal pictures are published once.
        std::fs::write(folder.path().join(name), [GIF, name.as_bytes()].concat()).unwrap();
    }
    let name = SourceName::parse("blog").unwrap();
    let source = Source::new(name, SourceKind::Folder(folder.path().to_owned()));
    read_folder(folder.path(), &source, now()).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

fn optional(text: Option<&str>) -> Vec<String> {
    text.map(str::to_owned).into_iter().collect()
}

fn headings(html: &str) -> Vec<String> {
    let found = html.split("<h2>").skip(1);
    found
        .map(|rest| rest.split("</h2>").next().unwrap().to_owned())
        .collect()
}

/// What of a picture's name matters, whatever its case.
fn pictures(post: &Post) -> Vec<String> {
    let names = post.files.iter().map(|file| file.path.file_name().unwrap());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().to_lowercase())
        .collect();
    names.sort();
    names
}

fn missing(gathered: &Gathered, name: &str) -> Vec<String> {
    let faults = gathered.faults.iter().filter(|fault| {
        let file = fault.file.as_ref().and_then(|file| file.file_name());
        file.is_some_and(|file| file == name)
    });
    let named = faults.filter_map(|fault| fault.message.strip_prefix("the picture `"));
    named
        .map(|rest| rest.split('`').next().unwrap().to_owned())
        .collect()
}

#[test]
fn what_a_person_reads_in_a_text_is_found_in_it() {
    let gathered = read();
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut remarks = Vec::new();
    let mut read = 0;
    for post in &gathered.posts {
        let path = fixtures().join(format!("{}.json", post.identity));
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        read += 1;
        let want: Value = serde_json::from_str(&text).unwrap();
        let author = post.author.as_ref();
        let bio = author.and_then(|author| author.bio.as_deref());
        let found_bio: Vec<String> = texts(&want["bio"])
            .into_iter()
            .filter(|part| bio.is_some_and(|bio| bio.contains(part)))
            .chain(bio.filter(|_| want["bio"].is_null()).map(str::to_owned))
            .collect();
        let call = post.call_to_action.as_ref().map(|call| call.text.as_str());
        let wanted_call = want["call"].as_str();
        let found_call = call.map(|call| match wanted_call {
            Some(wanted) if call.contains(wanted) => wanted.to_owned(),
            _ => call.to_owned(),
        });
        for (aspect, found, wanted) in [
            ("headings", headings(&post.html), texts(&want["headings"])),
            (
                "author",
                optional(author.map(|author| author.name.as_str())),
                optional(want["author"].as_str()),
            ),
            ("bio", found_bio, texts(&want["bio"])),
            ("pictures", pictures(post), texts(&want["pictures"])),
            (
                "missing pictures",
                missing(&gathered, &post.identity),
                texts(&want["missing"]),
            ),
            (
                "language",
                optional(post.language.as_ref().map(|language| language.primary())),
                optional(want["language"].as_str()),
            ),
            (
                "title",
                optional((!post.title_derived).then_some(post.title.as_str())),
                optional(want["title"].as_str()),
            ),
            (
                "call to action",
                found_call.into_iter().collect(),
                optional(wanted_call),
            ),
        ] {
            let count = counts.entry(aspect).or_default();
            let before = *count;
            count.of(&found, &wanted);
            if (count.wrong, count.missed) != (before.wrong, before.missed) {
                remarks.push(format!(
                    "{} {aspect}: {found:?} not {wanted:?}",
                    post.identity
                ));
            }
        }
        assert_eq!(
            post.title_derived,
            want["derived"].as_bool().unwrap(),
            "{post:?}"
        );
        let shown = format!("{} {} {}", post.title, post.summary, post.html);
        for gone in texts(&want["gone"]) {
            assert!(
                !shown.contains(&gone),
                "{gone} in {}:\n{shown}",
                post.identity
            );
        }
        for kept in texts(&want["kept"]) {
            assert!(
                shown.contains(&kept),
                "{kept} not in {}:\n{shown}",
                post.identity
            );
        }
        assert!(post.summary.chars().count() <= 240, "{}", post.summary);
    }
    assert_eq!(read, 10);
    let shown: String = counts
        .iter()
        .map(|(aspect, count)| format!("{aspect}: {count:?}\n"))
        .collect();
    insta::assert_snapshot!("first_user", format!("{shown}\n{}", remarks.join("\n")));
}

#[test]
fn a_page_that_word_saved() {
    let gathered = read();
    let mut posts = gathered.posts.iter();
    let post = posts.find(|post| post.identity == "uit-word.html").unwrap();
    assert_eq!(
        (post.title.as_str(), post.title_derived),
        ("Een pand met geschiedenis", false)
    );
    assert_eq!(post.author, None, "Word's user is no author");
    assert_eq!(
        missing(&gathered, "uit-word.html"),
        ["uit-word_bestanden/image002.jpg"]
    );
    insta::assert_snapshot!("word", post.html);
}
