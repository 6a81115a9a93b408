//! Folders, with files as people write them.

use std::fs;
use std::path::PathBuf;

use courant::gather::{Error, FetchSettings, Fetcher, Gathered, fingerprint, gather};
use courant::model::{CallToAction, Hold, Severity, Source, SourceKind, Topic};
use tempfile::TempDir;

use super::{now, show, show_all, source};

/// A GIF of 32 by 16 pixels, as far as anybody reads it.
const GIF: &[u8] = b"GIF89a\x20\x00\x10\x00\x80\x00\x00";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("posts")
    }

    fn source(&self) -> Source {
        source(SourceKind::Folder(self.path()))
    }

    async fn read(&self) -> Gathered {
        read(&self.source()).await.unwrap()
    }
}

async fn read(source: &Source) -> Result<Gathered, Error> {
    let fetcher = Fetcher::new(FetchSettings::new("courant/test")).unwrap();
    gather(source, None, &fetcher, now()).await
}

fn titles(gathered: &Gathered) -> Vec<&str> {
    gathered
        .posts
        .iter()
        .map(|post| post.title.as_str())
        .collect()
}

#[tokio::test]
async fn markdown_with_everything() {
    let folder = Folder::new()
        .with(
            "posts/2026-10-30-de-bel.md",
            include_str!("../../fixtures/gather/de-bel.md"),
        )
        .with("posts/bel.gif", GIF)
        .with("posts/img/Roos.GIF", [GIF, b"x"].concat());
    let mut source = folder.source();
    source.topics = vec![Topic::parse("winkel").unwrap()];
    insta::assert_snapshot!("markdown", show_all(&read(&source).await.unwrap()));
}

#[tokio::test]
async fn a_page_saved_as_html() {
    let folder = Folder::new()
        .with(
            "posts/praktijk/balie.html",
            include_str!("../../fixtures/gather/balie.html"),
        )
        .with("posts/praktijk/balie.gif", GIF);
    insta::assert_snapshot!("page", show_all(&folder.read().await));
}

#[tokio::test]
async fn plain_text_as_the_first_user_has_it() {
    let folder = Folder::new()
        .with(
            "posts/tekst 3.txt",
            include_str!("../../fixtures/gather/eerste-gebruiker.txt"),
        )
        .with(
            "posts/Stockfoto_123.jpg",
            b"\xff\xd8\xff\xc0\0\x11\x08\x01\xe0\x02\x80\x03",
        )
        .with("posts/roos.gif", GIF);
    let mut source = folder.source();
    source.call_to_action = Some(CallToAction {
        text: "Lees meer".into(),
        label: Some("Naar de gids".into()),
        url: Some("https://loket.example.nl/gids".into()),
        image: None,
    });
    insta::assert_snapshot!("text", show_all(&read(&source).await.unwrap()));
}

#[tokio::test]
async fn a_title_is_found_in_the_best_place_there_is() {
    let long = "Een alinea die lang genoeg is om na een kop te komen, zoals dat hoort.";
    let folder = Folder::new()
        .with("posts/a.txt", format!("De eerste regel als kop\n\n{long}"))
        .with(
            "posts/b.txt",
            format!("---\ntitle: Uit de kop van het bestand\n---\n{long}"),
        )
        .with("posts/c.txt", long)
        .with("posts/c.toml", "title = \"Uit het bestand ernaast\"")
        .with("posts/de-bel-aan-de-deur.txt", long)
        .with("posts/img_2041.txt", format!("Wie wacht, wint. {long}"));
    let gathered = folder.read().await;
    assert_eq!(
        titles(&gathered),
        [
            "De eerste regel als kop",
            "Uit de kop van het bestand",
            "Uit het bestand ernaast",
            "De bel aan de deur",
            "Wie wacht, wint"
        ]
    );
    let derived: Vec<bool> = gathered
        .posts
        .iter()
        .map(|post| post.title_derived)
        .collect();
    assert_eq!(derived, [false, false, false, false, true]);
    assert_eq!(gathered.posts[0].html, format!("<p>{long}</p>"));
    assert_eq!(
        gathered.posts[4].summary, long,
        "a derived title is not said twice"
    );
}

#[tokio::test]
async fn front_matter_that_is_wrong_is_shown_where_it_is() {
    let folder = Folder::new()
        .with("posts/goed.md", "---\ntitle: Goed\n---\nTekst.")
        .with(
            "posts/datum.md",
            "---\ntitle: Datum\ndate: volgende week # of later\n---\nTekst.",
        )
        .with(
            "posts/datum-toml.md",
            "+++\ntitle = \"Datum\"\ndate = \"31 februari 2026\"\n+++\nTekst.",
        )
        .with("posts/lijst.md", "---\ntitle: [een, twee]\n---\nTekst.")
        .with(
            "posts/ja.md",
            "---\ntitle: Ja\ndraft: misschien\n---\nTekst.",
        )
        .with(
            "posts/link.md",
            "---\ntitle: Link\nlink: loket.example.nl\n---\nTekst.",
        )
        .with("posts/open.md", "---\ntitle: Open\n\nTekst zonder einde.")
        .with(
            "posts/tab.md",
            "---\ntitle: Een \"titel\"\n  bio: x: y\n---\nTekst.",
        )
        .with(
            "posts/toml.md",
            "+++\ntitle = Zonder aanhalingstekens\n+++\nTekst.",
        )
        .with("posts/leeg.md", "---\ndraft: false\n---\n\n");
    let gathered = folder.read().await;
    assert_eq!(titles(&gathered), ["Goed"]);
    assert!(
        gathered
            .faults
            .iter()
            .all(|fault| fault.severity == Severity::Error)
    );
    insta::assert_snapshot!(
        "front_matter_faults",
        show_all(&Gathered {
            posts: Vec::new(),
            ..gathered
        })
    );
}

#[tokio::test]
async fn one_bad_file_leaves_the_others() {
    let folder = Folder::new()
        .with("posts/oud.txt", b"Caf\xe9 Ren\xe9\n\nEen tekst die ooit in een ander programma is geschreven, met accenten.")
        .with("posts/goed.md", "# Goed\n\nTekst.")
        .with("posts/diep.html", "<div>".repeat(999));
    let gathered = folder.read().await;
    assert_eq!(titles(&gathered), ["Goed", "Café René"]);
    let faults: Vec<String> = gathered.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "error: the text nests too deep to be shown safely\n  --> posts/diep.html",
            "warning: the file is not UTF-8; it was read as windows-1252\n  --> posts/oud.txt\nhint: save it as UTF-8",
        ]
    );
}

#[tokio::test]
async fn what_is_no_post_is_passed_over() {
    let folder = Folder::new()
        .with("posts/post.md", "# Post\n\nTekst.")
        .with("posts/README.md", "# Uitleg")
        .with("posts/leesmij.pdf", "x")
        .with("posts/_sjabloon.md", "# Sjabloon")
        .with("posts/.verborgen.md", "# Verborgen")
        .with("posts/.git/een.md", "# Git")
        .with("posts/_oud/een.md", "# Oud")
        .with("posts/map/dieper/twee.MARKDOWN", "# Twee\n\nTekst.");
    let gathered = folder.read().await;
    assert_eq!(titles(&gathered), ["Twee", "Post"]);
    assert_eq!(gathered.posts[0].identity, "map/dieper/twee.MARKDOWN");
    assert_eq!(gathered.faults, []);
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_outside_the_folder_is_read() {
    let folder = Folder::new()
        .with(
            "posts/post.md",
            "# Post\n\n![](../geheim.gif) ![](link.gif)\n",
        )
        .with("posts/onder/derde.md", "# Derde\n")
        .with("geheim.md", "# Geheim")
        .with("geheim.gif", GIF);
    std::os::unix::fs::symlink("../geheim.md", folder.path().join("link.md")).unwrap();
    std::os::unix::fs::symlink("../geheim.gif", folder.path().join("link.gif")).unwrap();
    std::os::unix::fs::symlink("..", folder.path().join("omhoog")).unwrap();
    std::os::unix::fs::symlink("onder/derde.md", folder.path().join("tweede.md")).unwrap();
    let gathered = folder.read().await;
    assert_eq!(titles(&gathered), ["Derde", "Post", "Derde"]);
    assert!(
        gathered
            .posts
            .iter()
            .all(|post| post.files.is_empty() && post.html.is_empty())
    );
    let messages: Vec<&str> = gathered
        .faults
        .iter()
        .map(|fault| fault.message.as_str())
        .collect();
    assert!(
        messages.contains(&"a link that leads out of the folder is not followed"),
        "{messages:?}"
    );
    assert!(
        messages.contains(&"the picture `../geheim.gif` is not there"),
        "{messages:?}"
    );
}

#[tokio::test]
async fn drafts_and_posts_dated_ahead_are_held() {
    let folder = Folder::new()
        .with(
            "posts/concept.md",
            "---\ndraft: true\ndate: 2027-01-01\n---\n# Concept\n\nTekst.",
        )
        .with("posts/2026-12-24-kerst.md", "# Kerst\n\nTekst.")
        .with(
            "posts/nu.md",
            "---\ndate: 2026-11-02T13:00:00+01:00\n---\n# Nu\n\nTekst.",
        );
    let holds: Vec<Option<Hold>> = folder
        .read()
        .await
        .posts
        .into_iter()
        .map(|post| post.hold)
        .collect();
    let christmas = "2026-12-24T00:00:00Z".parse().unwrap();
    assert_eq!(
        holds,
        [Some(Hold::Until(christmas)), Some(Hold::Draft), None]
    );
}

#[tokio::test]
async fn an_edit_is_no_new_post_and_twins_are_told_apart() {
    let folder = Folder::new()
        .with("posts/a/weekbericht.md", "# Een\n\nTekst.")
        .with("posts/b/weekbericht.md", "# Twee\n\nTekst.")
        .with(
            "posts/vast.md",
            "---\nid: vaste-naam\nslug: Mijn Post!\n---\n# Drie\n\nTekst.",
        );
    let before = folder.read().await;
    let folder = folder
        .with("posts/a/weekbericht.md", "# Een, verbeterd\n\nTekst.")
        .with(
            "posts/vast.md",
            "---\nid: vaste-naam\nslug: anders\n---\n# Drie\n\nTekst.",
        );
    let after = folder.read().await;
    let identities = |gathered: &Gathered| -> Vec<String> {
        gathered
            .posts
            .iter()
            .map(|post| post.identity.clone())
            .collect()
    };
    assert_eq!(
        identities(&before),
        ["a/weekbericht.md", "b/weekbericht.md", "vaste-naam"]
    );
    assert_eq!(identities(&before), identities(&after));
    assert_ne!(fingerprint(&before.posts[0]), fingerprint(&after.posts[0]));
    assert_eq!(fingerprint(&before.posts[2]), fingerprint(&after.posts[2]));
    let slugs: Vec<&str> = before.posts.iter().map(|post| post.slug.as_str()).collect();
    assert_eq!((slugs[0], slugs[2]), ("weekbericht", "mijn-post"));
    assert!(slugs[1].starts_with("weekbericht-"));
    assert!(
        before
            .posts
            .iter()
            .all(|post| post.alternate.as_deref() == Some(post.slug.as_str()))
    );
}

#[tokio::test]
async fn the_same_id_twice_is_a_fault() {
    let folder = Folder::new()
        .with("posts/a.md", "---\nid: x\n---\n# Een\n\nTekst.")
        .with("posts/b.md", "---\nid: x\n---\n# Twee\n\nTekst.");
    let gathered = folder.read().await;
    assert_eq!(titles(&gathered), ["Een"]);
    assert_eq!(gathered.faults[0].message, "two posts have the id `x`");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error() {
    let error = read(&source(SourceKind::Folder("/bestaat/niet".into())))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the folder `/bestaat/niet` cannot be read"
    );
    assert!(
        Folder::new()
            .with("posts/x.pdf", "")
            .read()
            .await
            .posts
            .is_empty()
    );
}

#[tokio::test]
async fn hostile_files_come_out_harmless() {
    let folder = Folder::new()
        .with("posts/a.md", "# Titel\n\n<script>alert(1)</script>Dag <img src=x onerror=alert(1)>\n\n[x](javascript:alert(1))")
        .with("posts/b.html", "<h1>Titel</h1><p onclick=alert(1)>Dag</p><iframe src='//evil.example'></iframe>")
        .with("posts/c.txt", "Titel als kop\n\n<script>alert(1)</script> staat hier gewoon als tekst te lezen.");
    let gathered = folder.read().await;
    for post in &gathered.posts {
        assert!(
            !post.html.contains("<script") && !post.html.contains("onclick"),
            "{}",
            show(post)
        );
        assert!(
            !post.html.contains("javascript:") && !post.html.contains("<iframe"),
            "{}",
            show(post)
        );
    }
    assert!(
        gathered.posts[2]
            .html
            .contains("&lt;script&gt;alert(1)&lt;/script&gt;")
    );
}
