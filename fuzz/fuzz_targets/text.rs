//! Any bytes, as a file that somebody left in the folder of posts: plain text, Markdown or HTML.
#![no_main]

use std::sync::LazyLock;

use courant::gather;
use courant::model::{Source, SourceKind, SourceName};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("a folder"));

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let name = ["post.txt", "post.md", "post.html"][usize::from(kind) % 3];
    let path = FOLDER.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    let source = Source::new(
        SourceName::parse("eigen").expect("a name"),
        SourceKind::Folder(FOLDER.path().to_owned()),
    );
    let gathered = gather::read_folder(FOLDER.path(), &source, Timestamp::UNIX_EPOCH);
    std::fs::remove_file(&path).expect("the file");
    for post in gathered.expect("a folder").posts {
        assert!(!post.title.is_empty());
        assert!(!post.html.to_ascii_lowercase().contains("<script"));
    }
});
