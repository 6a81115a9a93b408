//! Recognises the root of a generator's site, where only some folders hold posts: beside them lie its layouts, its
//! templates for new posts, the pages of its themes and what it has built.

use std::path::Path;

/// How a site keeps its posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    /// Jekyll and Hexo: in folders named `_posts`, and drafts in `_drafts`.
    PostsAnywhere,
    /// Hugo and Zola: below `content`.
    Content,
}

/// Files that say that a folder is a site's root.
const OF_JEKYLL: [&str; 3] = ["_config.yml", "_config.yaml", "_config.toml"];
const OF_HUGO: [&str; 8] = [
    "hugo.toml",
    "hugo.yaml",
    "hugo.yml",
    "hugo.json",
    "config.toml",
    "config.yaml",
    "config.yml",
    "config.json",
];

/// The kind of site that a folder is the root of, if it is one.
pub(super) fn of(root: &Path) -> Option<Site> {
    let has_file = |name: &&str| root.join(name).is_file();
    let has_folder = |name: &str| root.join(name).is_dir();
    if OF_JEKYLL.iter().any(&has_file) && (has_folder("_posts") || has_folder("source/_posts")) {
        return Some(Site::PostsAnywhere);
    }
    (OF_HUGO.iter().any(&has_file) && has_folder("content")).then_some(Site::Content)
}

impl Site {
    /// Whether a file in these folders, the outermost last, is one of its posts.
    pub(super) fn has_post(self, folders: &[&str]) -> bool {
        match self {
            Self::PostsAnywhere => folders
                .iter()
                .any(|name| matches!(*name, "_posts" | "_drafts")),
            Self::Content => folders.last() == Some(&"content"),
        }
    }
}
