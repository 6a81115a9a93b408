//! Copies that a synchroniser leaves beside a file when two machines changed it: one post, not two.
//!
//! In go the posts of a folder with their files; out come those that stay, and a warning for each that does not. A file is a
//! copy if its name says so and the file that it is of is there, or if a file in the same folder has the same title, date and
//! text. A copy whose original is gone is all there is of it, and stays.

use std::collections::{HashMap, HashSet};

use super::Read;
use crate::model::Diagnostic;

/// The word that every synchroniser has in the name of a copy, in most languages: `conflicted`, `sync-conflict`, `conflit`,
/// `Konflikt`.
const CONFLICT: [&str; 3] = ["conflict", "conflit", "konflikt"];

/// Where the mark of a copy begins in the name without its extension.
const MARKS: [&str; 4] = [" (", ".", "_", "-"];

/// Leaves of each post one file.
pub(super) fn one_each(read: Vec<Read>) -> (Vec<Read>, Vec<Diagnostic>) {
    let names: HashSet<String> = read.iter().map(|one| one.relative.to_lowercase()).collect();
    let mut first: HashMap<_, String> = HashMap::new();
    // The shortest name is the one that a person gave: copies have something added to it.
    let mut by_length: Vec<&Read> = read.iter().collect();
    by_length.sort_by_key(|one| (one.relative.chars().count(), &one.relative));
    let mut of = HashMap::new();
    for one in by_length {
        let said = (
            folder_of(&one.relative),
            &one.post.title,
            one.post.published,
            &one.post.html,
        );
        let marked = original(&one.relative).filter(|name| names.contains(&name.to_lowercase()));
        if let Some(name) = marked {
            of.insert(one.relative.clone(), name);
        } else if let Some(name) = first.get(&said) {
            of.insert(one.relative.clone(), name.clone());
        } else {
            first.insert(said, one.relative.clone());
        }
    }
    let mut faults = Vec::new();
    let mut left = Vec::new();
    for one in read {
        match of.get(&one.relative) {
            Some(name) => faults.push(
                Diagnostic::warning(format!(
                    "this is a copy of `{name}`, and no post of its own"
                ))
                .in_file(&one.name)
                .hint("keep the text that is right in one of them, and remove the other"),
            ),
            None => left.push(one),
        }
    }
    (left, faults)
}

fn folder_of(relative: &str) -> &str {
    relative.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name of the file that a file whose name bears a mark is a copy of.
fn original(relative: &str) -> Option<String> {
    let (stem, extension) = relative.rsplit_once('.')?;
    let start = stem.rfind('/').map_or(0, |slash| slash + 1);
    let name = &stem[start..];
    MARKS.iter().find_map(|mark| {
        let at = match *mark {
            " (" => name.strip_suffix(')')?.rfind(mark)?,
            // What follows the mark begins with the word.
            _ => name.match_indices(mark).map(|(at, _)| at).find(|at| {
                let rest = name[at + mark.len()..].to_lowercase();
                let rest = rest.strip_prefix("sync-").unwrap_or(&rest);
                CONFLICT.iter().any(|word| rest.starts_with(word))
            })?,
        };
        let said = name[at..].to_lowercase();
        let is_copy = at > 0 && CONFLICT.iter().any(|word| said.contains(word));
        is_copy.then(|| format!("{}{}.{extension}", &stem[..start], &name[..at]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_synchronisers_make_are_read() {
        for (copy, of) in [
            ("bread (conflicted copy 2026-11-30).md", "bread.md"),
            (
                "a/bread (Jan's conflicted copy 2026-11-30).md",
                "a/bread.md",
            ),
            (
                "bread (Exemplaar met conflict van Jan 2026-11-30).md",
                "bread.md",
            ),
            (
                "bread (SFConflict jan@example.nl 2026-11-30-12-00-00).md",
                "bread.md",
            ),
            ("bread (In Konflikt stehende Kopie von Jan).md", "bread.md"),
            ("bread.sync-conflict-20261130-120000-ABCDEFG.md", "bread.md"),
            ("bread_conflict-20261130-120000.md", "bread.md"),
            ("bread.Conflict.md", "bread.md"),
            ("a.b (copie en conflit de Jan).txt", "a.b.txt"),
        ] {
            assert_eq!(original(copy).as_deref(), Some(of), "{copy}");
        }
        for own in [
            "conflict.md",
            "het-conflict-van-de-week/bread.md",
            "bread (part 2).md",
            "een conflict.md",
            "(conflict).md",
            "bread",
        ] {
            assert_eq!(original(own), None, "{own}");
        }
        // A title may end so as well: it is a copy only where the file that it would be of is there.
        assert_eq!(original("bread-conflict.md").as_deref(), Some("bread.md"));
    }
}
