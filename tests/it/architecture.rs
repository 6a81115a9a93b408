//! Holds the `use` lines and the names of heavy crates against the table of rooms in ARCHITECTURE.md.
//!
//! Cargo cannot say "only `store` may name the driver"; this can. If it fails, change the code, or change
//! ARCHITECTURE.md and this table on purpose, in one commit.

use std::fs;
use std::path::{Path, PathBuf};

/// A room: whom it may name, which heavy crates live in it, and whether it is pure.
struct Room {
    name: &'static str,
    may_name: &'static [&'static str],
    crates: &'static [&'static str],
    pure: bool,
}

const ROOMS: [Room; 19] = [
    room("model", &[], &["regex", "regex_syntax", "ring"], true),
    room("select", &["model"], &[], true),
    room("schedule", &["model"], &["croner"], true),
    room(
        "compose",
        &["model"],
        &["handlebars", "css_inline", "fluent_bundle"],
        true,
    ),
    room(
        "syndicate",
        &["model"],
        &["rss", "atom_syndication", "quick_xml"],
        true,
    ),
    room(
        "pictures",
        &[],
        &["image", "ab_glyph", "fast_image_resize"],
        true,
    ),
    room("bounces", &["model"], &["mail_parser"], true),
    room(
        "config",
        &["model", "schedule"],
        &["toml", "toml_edit"],
        false,
    ),
    room(
        "gather",
        &["model"],
        &[
            "reqwest",
            "feed_rs",
            "ammonia",
            "dom_query",
            "dom_smoothie",
            "quick_xml",
            "pulldown_cmark",
            "serde_saphyr",
            "chardetng",
            "whatlang",
            "toml",
            "rustls",
        ],
        false,
    ),
    room("wire", &[], &["tokio_rustls", "rustls"], false),
    room("inbox", &["model", "wire"], &[], false),
    room(
        "deliver",
        &["model", "wire"],
        &["lettre", "mailin", "hickory_resolver", "ring"],
        false,
    ),
    room("journal", &["model"], &[], false),
    room(
        "login",
        &["model", "wire"],
        &["reqwest", "ring", "rustls"],
        false,
    ),
    room("store", &["model", "journal"], &["sqlx", "rusqlite"], false),
    room("audience", &["model", "store"], &["subtle"], false),
    room(
        "web",
        &["model", "audience", "compose", "store"],
        &["axum", "hyper", "hyper_util", "brotli"],
        false,
    ),
    room(
        "pipeline",
        &[
            "model",
            "select",
            "schedule",
            "compose",
            "syndicate",
            "pictures",
            "config",
            "gather",
            "deliver",
            "journal",
            "login",
            "store",
            "audience",
            "inbox",
            "bounces",
        ],
        &["nix"],
        false,
    ),
    room(
        "cli",
        &[
            "model",
            "select",
            "schedule",
            "compose",
            "syndicate",
            "pictures",
            "config",
            "gather",
            "deliver",
            "journal",
            "login",
            "store",
            "audience",
            "inbox",
            "web",
            "pipeline",
        ],
        &[
            "clap",
            "clap_complete",
            "clap_mangen",
            "indicatif",
            "anstream",
            "anstyle",
            "nix",
            "terminal_size",
            "tracing_subscriber",
            "ring",
        ],
        false,
    ),
];

const fn room(
    name: &'static str,
    may_name: &'static [&'static str],
    crates: &'static [&'static str],
    pure: bool,
) -> Room {
    Room {
        name,
        may_name,
        crates,
        pure,
    }
}

/// What a pure room may not contain: waiting, files, sockets, a runtime.
const IMPURE: [&str; 6] = [
    "async fn",
    ".await",
    "std::fs",
    "std::net::Tcp",
    "tokio::",
    "std::env::var",
];

/// The faults of one file, each in one line.
fn faults(room: &Room, file: &str, text: &str) -> Vec<String> {
    let code = code_of(text);
    let mut faults = Vec::new();
    for other in ROOMS.iter().filter(|other| other.name != room.name) {
        let named = names_room(&code, other.name);
        if named && !room.may_name.contains(&other.name) {
            faults.push(format!(
                "{file}: room `{}` names room `{}`",
                room.name, other.name
            ));
        }
        for heavy in other
            .crates
            .iter()
            .filter(|heavy| !room.crates.contains(heavy))
        {
            if names_crate(&code, heavy) {
                faults.push(format!(
                    "{file}: room `{}` names `{heavy}`, which lives in `{}`",
                    room.name, other.name
                ));
            }
        }
    }
    if room.pure {
        for word in IMPURE.iter().filter(|word| code.contains(**word)) {
            faults.push(format!(
                "{file}: the pure room `{}` contains `{word}`",
                room.name
            ));
        }
    }
    if room.name != "cli"
        && ["println!", "eprintln!", "print!("]
            .iter()
            .any(|word| code.contains(word))
    {
        faults.push(format!("{file}: only `cli` prints"));
    }
    faults
}

/// The text without its comments and without the tests at its end.
fn code_of(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let body = body
        .split("#[cfg(test)]\npub(super) mod tests")
        .next()
        .unwrap_or(body);
    body.lines()
        .map(|line| line.split("//").next().unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn names_room(code: &str, room: &str) -> bool {
    let path = format!("crate::{room}");
    let grouped = code
        .split("use crate::{")
        .skip(1)
        .filter_map(|rest| rest.split("};").next());
    let in_a_group = |group: &str| {
        let mut depth = 0;
        let mut word = String::new();
        let mut words = Vec::new();
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => words.push(std::mem::take(&mut word)),
                c => word.push(c),
            }
        }
        words.push(word);
        words
            .iter()
            .any(|word| word.trim().split("::").next() == Some(room))
    };
    occurs(code, &path) || grouped.into_iter().any(in_a_group)
}

fn names_crate(code: &str, name: &str) -> bool {
    occurs(code, &format!("{name}::")) || occurs(code, &format!("use {name};"))
}

/// Whether the text has the words, not as the end of a longer path or the beginning of a longer name.
fn occurs(code: &str, words: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(words).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + words.len()..].chars().next();
        let starts = before.is_none_or(|c| !continues(c) && c != ':');
        starts && (words.ends_with(':') || after.is_none_or(|c| !continues(c)))
    })
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn room_of(src: &Path, file: &Path) -> Option<&'static Room> {
    let inside = file.strip_prefix(src).unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    ROOMS
        .iter()
        .find(|room| room.name == first.trim_end_matches(".rs"))
}

#[test]
fn no_room_names_what_it_may_not() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for file in rust_files(&src) {
        let name = file.strip_prefix(&src).unwrap().display().to_string();
        if matches!(name.as_str(), "lib.rs" | "main.rs") {
            continue;
        }
        let Some(room) = room_of(&src, &file) else {
            found.push(format!("{name} belongs to no room"));
            continue;
        };
        found.extend(faults(room, &name, &fs::read_to_string(&file).unwrap()));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn architecture_md_names_every_room() {
    let map =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    for room in &ROOMS {
        assert!(
            map.contains(&format!("| `{}` |", room.name)),
            "ARCHITECTURE.md lacks `{}`",
            room.name
        );
    }
}

#[test]
fn a_breach_is_found() {
    let select = ROOMS.iter().find(|room| room.name == "select").unwrap();
    let breaches = [
        "use crate::store::Store;",
        "use crate::{model::Post, store::{Seal, Store}};",
        "let pool: sqlx::SqlitePool;",
        "use lettre::Message;",
        "async fn choose() {}",
        "println!(\"x\");",
    ];
    for breach in breaches {
        assert!(!faults(select, "x.rs", breach).is_empty(), "{breach}");
    }
    let fine = "// crate::store\nuse crate::model::{Post, PostId};\n#[cfg(test)]\nmod tests { use crate::store; }";
    assert!(faults(select, "x.rs", fine).is_empty());
}
