//! What a run publishes: pictures that are brought home, feeds and the hub that hears of them, pages, cards.

mod elsewhere;
mod hostile_pictures;
mod topics;

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, Rgb, RgbImage};

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;
use crate::support::served::Served;

/// A picture of two colours.
fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let pixels = RgbImage::from_fn(width, height, |x, _| match x < width / 2 {
        true => Rgb([200, 40, 40]),
        false => Rgb([40, 40, 200]),
    });
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn newsletter() -> Newsletter {
    let mut newsletter = Newsletter::new("mailbox");
    newsletter.set("COURANT_GATHER__PICTURES", "true");
    newsletter.readers(1);
    newsletter
}

/// The files of `state/public/img`.
fn copies(newsletter: &Newsletter) -> Vec<String> {
    let Ok(entries) = fs::read_dir(newsletter.path("state/public/img")) else {
        return vec![];
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn size(path: &Path) -> (u32, u32) {
    image::image_dimensions(path).unwrap()
}

/// A message without the soft line breaks and escapes of quoted-printable.
fn unfolded(message: &str) -> String {
    message
        .replace("=\r\n", "")
        .replace("=\n", "")
        .replace("=3D", "=")
}

#[test]
fn a_mail_shows_copies_of_ours_with_their_true_sizes() {
    let newsletter = newsletter();
    let text = "---\ntitle: Met een foto\ndate: 2026-11-02\n---\n\n![Twee kleuren](foto.png)\n\nWoorden genoeg om te lezen.\n";
    newsletter.write("posts/eerste.md", text);
    let original = picture(2400, 1600, ImageFormat::Png);
    fs::write(newsletter.path("posts/foto.png"), &original).unwrap();
    newsletter.expect(&["run"], 0);
    let names = copies(&newsletter);
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().all(|name| name.ends_with(".jpg")), "{names:?}");
    let large = names
        .iter()
        .find(|name| name.ends_with("-1200.jpg"))
        .unwrap();
    let path = newsletter.path(&format!("state/public/img/{large}"));
    assert_eq!(size(&path), (1200, 800));
    let shown = format!("src=\"http://127.0.0.1:8080/img/{large}\" alt=\"Twee kleuren\"");
    let mail = unfolded(&newsletter.mailbox()[0]);
    assert!(mail.contains(&shown), "{mail}");
    let tag = mail.split("<img").nth(1).unwrap();
    let tag = tag.split('>').next().unwrap();
    assert!(tag.contains(" width=\"600\""), "{tag}");
    assert!(tag.contains(" height=\"400\""), "{tag}");
    for page in ["issues/1/index.html", "posts/eerste/index.html", "feed.xml"] {
        let text = newsletter.read(&format!("state/public/{page}"));
        assert!(text.contains(large), "{page}");
    }
}

#[test]
fn a_second_run_makes_no_picture_again() {
    let newsletter = newsletter();
    newsletter.write(
        "posts/eerste.md",
        "# Foto\n\n![](foto.png)\n\nWoorden genoeg.\n",
    );
    let original = picture(600, 400, ImageFormat::Png);
    fs::write(newsletter.path("posts/foto.png"), original).unwrap();
    newsletter.expect(&["run"], 0);
    let names = copies(&newsletter);
    let written = |name: &String| {
        let file = newsletter.path(&format!("state/public/img/{name}"));
        fs::metadata(file).unwrap().modified().unwrap()
    };
    let before: Vec<_> = names.iter().map(written).collect();
    newsletter.post("tweede", "Nog een");
    newsletter.expect(&["run"], 0);
    assert_eq!(copies(&newsletter), names);
    assert_eq!(names.iter().map(written).collect::<Vec<_>>(), before);
}

#[test]
fn a_preview_shows_and_weighs_the_copies_and_publishes_none() {
    let newsletter = newsletter();
    newsletter.write(
        "posts/eerste.md",
        "# Foto\n\n![Vlakken](foto.bmp.png)\n\nWoorden genoeg.\n",
    );
    let mut original = picture(2400, 1600, ImageFormat::Png);
    // What follows the end of a PNG is passed over: a heavy original, and a light picture.
    original.resize(700_000, 0);
    fs::write(newsletter.path("posts/foto.bmp.png"), &original).unwrap();
    let plan = newsletter.json(&["plan"]);
    assert_eq!(plan[0]["faults"], serde_json::json!([]));
    let preview = newsletter.json(&["preview"]);
    assert_eq!(preview[0]["faults"], serde_json::json!([]));
    let page = preview[0]["files"][0][0].as_str().unwrap();
    let html = fs::read_to_string(newsletter.path(page)).unwrap();
    let source = html.split("src=\"file://").nth(1).unwrap();
    let copy = source.split('"').next().unwrap();
    assert_eq!(size(Path::new(copy)), (1200, 800), "{copy}");
    assert!(!newsletter.path("state/public").exists());

    newsletter.expect(&["run"], 0);
    let name = Path::new(copy).file_name().unwrap().to_str().unwrap();
    assert!(
        copies(&newsletter).iter().any(|copy| copy == name),
        "{name}"
    );
    let mail = unfolded(&newsletter.mailbox()[0]);
    assert!(mail.contains(&format!("/img/{name}")), "{mail}");
}

#[test]
fn a_picture_that_cannot_be_had_is_a_warning_and_its_post_goes_without() {
    let newsletter = newsletter();
    newsletter.write(
        "posts/eerste.md",
        "# Foto\n\n![Kapot](foto.png)\n\nWoorden genoeg.\n",
    );
    let whole = picture(600, 400, ImageFormat::Png);
    fs::write(newsletter.path("posts/foto.png"), &whole[..200]).unwrap();
    let ended = newsletter.expect(&["run"], 0);
    assert!(
        ended
            .stderr
            .contains("the picture of “Foto” cannot be shown"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("foto.png"), "{}", ended.stderr);
    let mail = unfolded(&newsletter.mailbox()[0]);
    assert!(!mail.contains("<img"), "{mail}");
}

#[test]
fn feeds_hold_posts_or_issues_or_both() {
    for (items, own, of_issues) in [
        ("posts", "Het eerste bericht</title>", false),
        (
            "issues",
            "Het eerste bericht · De Proef, nummer 1</title>",
            false,
        ),
        ("both", "Het eerste bericht</title>", true),
    ] {
        let newsletter = newsletter();
        newsletter.append("courant.toml", &format!("\n[feeds]\nitems = \"{items}\"\n"));
        newsletter.expect(&["run"], 0);
        let feed = newsletter.read("state/public/feed.xml");
        assert!(feed.contains(own), "{items}: {feed}");
        assert_eq!(
            newsletter.path("state/public/issues/feed.xml").exists(),
            of_issues
        );
    }
}

#[test]
fn what_is_published_is_the_same_after_nothing_happened() {
    let newsletter = Newsletter::of_the_repository();
    newsletter.expect(&["run"], 0);
    let feed = newsletter.read("state/public/feed.xml");
    fs::remove_file(newsletter.path("state/public/issues/1/index.html")).unwrap();
    let again = newsletter.json(&["run"]);
    assert_eq!(
        again["published"],
        serde_json::json!(["issues/1/index.html"])
    );
    assert_eq!(newsletter.read("state/public/feed.xml"), feed);
    assert_eq!(
        size(&newsletter.path("state/public/issues/1/share.png")),
        (1200, 630)
    );
    assert_eq!(size(&newsletter.path("state/public/logo.png")), (144, 144));
    let map = newsletter.read("state/public/sitemap.xml");
    for place in [
        "/issues/",
        "/issues/1/",
        "/topics/verkoop/",
        "/posts/kraam-zeven/",
    ] {
        let location = format!("<loc>http://127.0.0.1:8080{place}</loc>");
        assert_eq!(map.matches(&location).count(), 1, "{place}");
        let page = newsletter.read(&format!("state/public{place}index.html"));
        assert!(!page.contains("noindex"), "{place}");
    }
}

/// The value of a header in a head in small letters.
fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_answered_by_their_kind_packed_and_only_when_they_changed() {
    let newsletter = newsletter();
    newsletter.expect(&["run"], 0);
    let served = Served::start(&newsletter).await;
    for (path, kind) in [
        ("/feed.xml", "application/rss+xml; charset=utf-8"),
        ("/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json; charset=utf-8"),
        ("/sitemap.xml", "application/xml; charset=utf-8"),
        ("/sources.opml", "text/x-opml; charset=utf-8"),
        ("/feed.css", "text/css; charset=utf-8"),
        ("/icon.png", "image/png"),
        ("/issues/1/share.png", "image/png"),
    ] {
        let (status, head, _) = served.ask("GET", path, "", "").await;
        assert_eq!(
            (status, value(&head, "content-type")),
            (200, Some(kind)),
            "{path}"
        );
        assert_eq!(
            value(&head, "access-control-allow-origin"),
            Some("*"),
            "{path}"
        );
        let modified = value(&head, "last-modified").unwrap().to_owned();
        let asked = format!("If-Modified-Since: {modified}\r\n");
        let (status, ..) = served.ask("GET", path, &asked, "").await;
        assert_eq!(status, 304, "{path}: {modified}");
    }
    let tags = [
        "",
        "Accept-Encoding: gzip\r\n",
        "Accept-Encoding: gzip, br\r\n",
    ];
    let mut seen = Vec::new();
    for (asked, coding) in tags.into_iter().zip([None, Some("gzip"), Some("br")]) {
        let (_, head, _) = served.ask("GET", "/feed.xml", asked, "").await;
        assert_eq!(value(&head, "content-encoding"), coding);
        assert_eq!(
            value(&head, "vary"),
            Some("accept-encoding, sec-fetch-dest")
        );
        let tag = value(&head, "etag").unwrap().to_owned();
        assert!(tag.starts_with('"'), "{tag} is weak");
        assert!(!seen.contains(&tag), "{tag} stands for two codings");
        let again = format!("{asked}If-None-Match: {tag}\r\n");
        assert_eq!(served.ask("GET", "/feed.xml", &again, "").await.0, 304);
        let (status, whole, body) = served.ask("HEAD", "/feed.xml", asked, "").await;
        assert_eq!((status, body.as_str()), (200, ""));
        assert_eq!(
            value(&whole, "content-length"),
            value(&head, "content-length")
        );
        seen.push(tag);
    }
    let opened = "Sec-Fetch-Dest: document\r\n";
    let (_, head, _) = served.ask("GET", "/feed.xml", opened, "").await;
    assert_eq!(
        value(&head, "content-type"),
        Some("application/xml; charset=utf-8")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let newsletter = newsletter();
    newsletter.expect(&["run"], 0);
    let served = Served::start(&newsletter).await;
    for path in [
        "/",
        "/issues/1/",
        "/feed.xml",
        "/feed.css",
        "/icon.png",
        "/healthz",
        "/nergens",
        "/unsubscribe/onzin",
    ] {
        let (status, head, _) = served.ask("GET", path, "", "").await;
        let policy = value(&head, "content-security-policy").unwrap_or_default();
        for part in [
            "default-src 'none'",
            "img-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path} {status}: {part}: {policy}");
        }
        assert!(
            !policy.contains("https:;") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(
            value(&head, "referrer-policy"),
            Some("no-referrer"),
            "{path}"
        );
        assert_eq!(value(&head, "x-content-type-options"), Some("nosniff"));
    }
}
