//! Behaviour of `syndicate`: posts and issues become feeds in three formats, with archives.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop the test that they serve"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use courant::gather::read_feed;
use courant::model::{
    Author, EmailAddress, Hold, Image, ImageCopy, Language, LedgerEntry, Masthead, Post, PostId,
    Source, SourceKind, SourceName, Topic,
};
use courant::syndicate::{Document, Feed, Item, Location, documents, outline, sitemap};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::support::programs::not_run;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn masthead() -> Masthead {
    Masthead {
        name: "De Bel & Co".into(),
        tagline: Some("Over verkopen zonder trucs".into()),
        language: Language::parse("nl").unwrap(),
        url: "https://krant.example.nl/post".into(),
        from_name: None,
        from: EmailAddress::parse("redactie@krant.example.nl").unwrap(),
        reply_to: None,
        address: "Waag 1, Wilgersluis".into(),
        leaving: courant::model::Leaving::Web,
        accent: "#a3271d".into(),
        timezone: "Europe/Amsterdam".into(),
        intro: None,
        call_to_action: None,
    }
}

fn entry(id: i64, title: &str, first_seen: &str) -> LedgerEntry {
    LedgerEntry {
        id: PostId(id),
        post: Post {
            source: SourceName::parse("brieven").unwrap(),
            identity: format!("{id} crème.md"),
            alternate: None,
            slug: format!("post-{id}"),
            title: title.into(),
            title_derived: false,
            link: None,
            author: None,
            published: None,
            language: None,
            topics: Vec::new(),
            summary: String::new(),
            html: String::new(),
            image: None,
            call_to_action: None,
            lead: false,
            hold: None,
            files: Vec::new(),
            also: Vec::new(),
        },
        first_seen: at(first_seen),
        baseline: false,
        standing: Default::default(),
        carried: Vec::new(),
    }
}

/// One post with everything, one with nothing, one held.
fn posts() -> Vec<LedgerEntry> {
    let mut full = entry(
        1,
        "Crème brûlée à la carte: <b> & ’t Hoekje",
        "2026-11-02T07:00:00Z",
    );
    full.post.identity = "tag:krant.example.nl,2026:/creme".into();
    full.post.link = Some("https://blog.example.nl/creme?a=1&b=2".into());
    full.post.author = Some(Author {
        name: "Zoë d’Hulst".into(),
        role: None,
        bio: None,
        photo: None,
    });
    full.post.published = Some(at("2026-11-01T18:30:00Z"));
    full.post.topics = vec![Topic::parse("eerlijk-verkopen").unwrap()];
    full.post.summary = "Eén zin met < en &. En nog één.".into();
    full.post.html =
        "<p>Eén <em>zin</em> ]]&gt; met ]]> erin.</p><img src=\"/img/0011.jpg\" alt=\"\">\
                      <p><a href=\"/posts/post-2/\">Zie</a> <code>src=\"/x\"</code></p>"
            .into();
    full.post.image = Some(Image {
        url: "/img/0011.jpg".into(),
        alt: "Een schaaltje".into(),
        size: Some((3000, 2000)),
        copies: vec![ImageCopy {
            url: "/img/0011-1200.jpg".into(),
            width: 1200,
            height: 800,
        }],
    });
    let bare = entry(2, "Een kaal bericht", "2026-11-02T08:00:00Z");
    let mut held = entry(3, "Geheim concept", "2026-11-02T09:00:00Z");
    held.post.hold = Some(Hold::Draft);
    vec![full, bare, held]
}

fn read_back(text: &str) -> Vec<Post> {
    let url = Url::parse("https://krant.example.nl/post/feed.xml").unwrap();
    let source = Source::new(
        SourceName::parse("zelf").unwrap(),
        SourceKind::Url(url.clone()),
    );
    read_feed(text.as_bytes(), None, &url, &source)
        .unwrap()
        .posts
}

/// Parses by Python's expat, which forgives nothing; `false` where there is no Python.
fn is_well_formed(xml: &str) -> bool {
    let program = "import sys, xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())";
    let python = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut python) = python else {
        not_run("python3", "the check of a feed's XML");
        return true;
    };
    python
        .stdin
        .take()
        .unwrap()
        .write_all(xml.as_bytes())
        .unwrap();
    python.wait().unwrap().success()
}

/// The feeds of these posts, the first of which came out first, a minute after each other.
fn published(masthead: &Masthead, posts: &[LedgerEntry], hub: Option<&str>) -> Vec<Document> {
    let start = at("2026-11-02T10:00:00Z");
    let appeared = |n: usize| start + SignedDuration::from_mins(i64::try_from(n).unwrap());
    let items = posts.iter().enumerate();
    documents(&Feed {
        masthead,
        title: masthead.name.clone(),
        home: format!("{}/", masthead.url),
        folder: String::new(),
        hub,
        items: items
            .map(|(n, entry)| Item::of_post(masthead, entry, appeared(n)))
            .collect(),
    })
    .unwrap()
}

fn text<'a>(documents: &'a [Document], path: &str) -> &'a str {
    let found = documents.iter().find(|document| document.path == path);
    &found.unwrap().text
}

const HUB: Option<&str> = Some("https://hub.example/");

#[test]
fn the_feeds_as_readers_get_them() {
    let documents = published(&masthead(), &posts(), HUB);
    let paths: Vec<_> = documents.iter().map(|d| d.path.as_str()).collect();
    assert_eq!(paths, ["feed.xml", "atom.xml", "feed.json"]);
    assert!(documents.iter().all(|document| document.current));
    assert!(is_well_formed(text(&documents, "feed.xml")));
    assert!(is_well_formed(text(&documents, "atom.xml")));
    insta::assert_snapshot!("rss_out", text(&documents, "feed.xml"));
    insta::assert_snapshot!("atom_out", text(&documents, "atom.xml"));
    insta::assert_snapshot!("json_out", text(&documents, "feed.json"));
}

#[test]
fn what_goes_out_comes_back_in_from_every_format() {
    let documents = published(&masthead(), &posts(), None);
    for document in &documents {
        let path = &document.path;
        let back = read_back(&document.text);
        assert_eq!(back.len(), 2, "{path}: a held post is not published");
        let (bare, full) = (&back[0], &back[1]);
        assert_eq!(
            bare.link.as_deref(),
            Some("https://krant.example.nl/post/posts/post-2/"),
            "{path}"
        );
        assert_eq!(
            bare.identity, "urn:courant:brieven:2%20cr%C3%A8me.md",
            "{path}"
        );
        assert_eq!(full.identity, "tag:krant.example.nl,2026:/creme", "{path}");
        assert_eq!(
            full.title, "Crème brûlée à la carte: <b> & ’t Hoekje",
            "{path}"
        );
        assert_eq!(
            full.link.as_deref(),
            Some("https://blog.example.nl/creme?a=1&b=2"),
            "{path}"
        );
        assert_eq!(full.author.as_ref().unwrap().name, "Zoë d’Hulst", "{path}");
        assert_eq!(full.published, Some(at("2026-11-01T18:30:00Z")), "{path}");
        assert_eq!(full.topics[0].as_str(), "eerlijk-verkopen", "{path}");
        let image = full.image.as_ref().unwrap();
        assert_eq!(
            image.url, "https://krant.example.nl/post/img/0011-1200.jpg",
            "{path}"
        );
        assert!(
            full.html
                .contains("<img src=\"https://krant.example.nl/post/img/0011.jpg\""),
            "{path}"
        );
        assert!(
            full.html.contains("<code>src=\"/x\"</code>"),
            "{path}: text is no address"
        );
    }
    let full = &read_back(text(&documents, "feed.xml"))[1];
    assert_eq!(full.summary, "Eén zin met < en &. En nog één.");
    assert_eq!(full.image.as_ref().unwrap().size, Some((1200, 800)));
}

#[test]
fn the_same_posts_give_the_same_bytes_and_the_newest_change_is_the_feeds_date() {
    let first = published(&masthead(), &posts(), HUB);
    assert_eq!(first, published(&masthead(), &posts(), HUB));
    let newest = "<lastBuildDate>Mon, 2 Nov 2026 10:01:00 +0000</lastBuildDate>";
    assert!(text(&first, "feed.xml").contains(newest));
    assert!(text(&first, "atom.xml").contains("<updated>2026-11-02T10:01:00+00:00</updated>"));
}

#[test]
fn characters_that_xml_forbids_do_not_get_through() {
    let mut posts = posts();
    let dirty = "a\u{0}b\u{8}c\u{1b}d\u{fffe}e";
    let post = &mut posts[0].post;
    for field in [
        &mut post.title,
        &mut post.summary,
        &mut post.html,
        &mut post.identity,
    ] {
        field.push_str(dirty);
    }
    post.author.as_mut().unwrap().name.push_str(dirty);
    post.image.as_mut().unwrap().alt.push_str(dirty);
    let masthead = Masthead {
        name: dirty.into(),
        tagline: Some(dirty.into()),
        ..masthead()
    };
    let documents = published(&masthead, &posts, Some("https://hub.example/?a=1&b=\"2\""));
    for path in ["feed.xml", "atom.xml"] {
        assert!(is_well_formed(text(&documents, path)), "{path}");
        assert!(
            text(&documents, path).contains("<title>abcde</title>"),
            "{path}"
        );
    }
    let json: serde_json::Value = serde_json::from_str(text(&documents, "feed.json")).unwrap();
    assert_eq!(json["title"], "abcde");
    assert!(is_well_formed(&outline(&masthead, &[]).unwrap()));
}

fn many(count: i64) -> Vec<LedgerEntry> {
    (0..count)
        .map(|id| {
            let seen = at("2026-11-01T00:00:00Z") + SignedDuration::from_mins(id);
            entry(id, &format!("Post {id}"), &seen.to_string())
        })
        .collect()
}

/// Follows `prev-archive` (RFC 5005 §4) from the feed to the oldest archive: the titles of all, the newest first.
fn followed(
    documents: &[Document],
    file: &str,
    next: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut titles = Vec::new();
    let mut path = file.to_owned();
    loop {
        let document = text(documents, &path);
        titles.extend(read_back(document).into_iter().map(|post| post.title));
        match next(document) {
            Some(address) => {
                let relative = address.strip_prefix("https://krant.example.nl/post/");
                path = relative.unwrap().to_owned();
            }
            None => return titles,
        }
    }
}

fn previous_of_xml(document: &str) -> Option<String> {
    let link = document
        .split("<")
        .find(|tag| tag.contains("rel=\"prev-archive\""))?;
    Some(link.split("href=\"").nth(1)?.split('"').next()?.to_owned())
}

fn previous_of_json(document: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(document).unwrap();
    Some(json["next_url"].as_str()?.to_owned())
}

#[test]
fn every_post_is_found_by_following_the_archives() {
    let posts = many(130);
    let documents = published(&masthead(), &posts, HUB);
    let expected: Vec<String> = (0..130).rev().map(|id| format!("Post {id}")).collect();
    assert_eq!(followed(&documents, "feed.xml", previous_of_xml), expected);
    assert_eq!(followed(&documents, "atom.xml", previous_of_xml), expected);
    assert_eq!(
        followed(&documents, "feed.json", previous_of_json),
        expected
    );
    assert_eq!(read_back(text(&documents, "feed.xml")).len(), 30);
    let archive = text(&documents, "archive/4/feed.xml");
    assert!(archive.contains("<fh:archive/>"), "{archive}");
    assert!(
        archive.contains("rel=\"current\" href=\"https://krant.example.nl/post/feed.xml\"")
            || archive.contains("href=\"https://krant.example.nl/post/feed.xml\" rel=\"current\"")
    );
    assert!(
        !archive.contains("hub.example"),
        "nobody subscribes to an archive"
    );
    assert!(!text(&documents, "feed.xml").contains("fh:archive"));
    insta::assert_snapshot!(
        "atom_archive",
        text(&documents, "archive/1/atom.xml")
            .lines()
            .take(28)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn an_archive_keeps_its_bytes_when_posts_come_and_go() {
    let before = published(&masthead(), &many(80), HUB);
    let mut more = many(120);
    more[40].post.hold = Some(Hold::Withdrawn);
    let after = published(&masthead(), &more, HUB);
    for path in [
        "archive/1/feed.xml",
        "archive/1/atom.xml",
        "archive/1/feed.json",
    ] {
        assert_eq!(text(&before, path), text(&after, path), "{path}");
    }
    let second = read_back(text(&after, "archive/2/feed.xml"));
    assert_eq!(second.len(), 24, "a withdrawn post leaves its place empty");
}

#[test]
fn an_empty_feed_is_a_feed() {
    let documents = published(&masthead(), &[], None);
    assert_eq!(documents.len(), 3);
    assert!(is_well_formed(text(&documents, "feed.xml")));
    assert!(is_well_formed(text(&documents, "atom.xml")));
    assert!(read_back(text(&documents, "feed.xml")).is_empty());
}

#[test]
fn an_issue_is_one_item_with_all_of_its_stories() {
    let issue = super::compose::stories::issue(super::compose::stories::twelve());
    let item = Item::of_issue(&issue, "Luisteren & meer · nummer 37", "Plus: meer");
    assert_eq!(item.link, "https://nieuws.example.nl/issues/37/");
    assert_eq!(item.html.matches("<h2><a href=").count(), 12);
    assert!(!item.id.contains(&issue.nonce.0), "{}", item.id);
    let mut renamed = issue.clone();
    renamed.masthead.url = "https://elders.example".into();
    renamed.posts.truncate(1);
    assert_eq!(Item::of_issue(&renamed, "Anders", "").id, item.id);
}

#[test]
fn the_outline_names_public_sources_and_keeps_keys_to_itself() {
    let source = |name: &str, address: &str| {
        let kind = SourceKind::Url(Url::parse(address).unwrap());
        Source::new(SourceName::parse(name).unwrap(), kind)
    };
    let folder = |name: &str| {
        let kind = SourceKind::Folder("posts".into());
        Source::new(SourceName::parse(name).unwrap(), kind)
    };
    let opml = outline(
        &masthead(),
        &[
            folder("eigen"),
            folder("oud"),
            source("blog", "https://blog.example.nl/feed?a=1&b=2"),
            source("geheim", "https://jan:geheim@blog.example.nl/feed"),
            source("sleutel", "https://blog.example.nl/feed?api_key=1234"),
        ],
    )
    .unwrap();
    assert!(is_well_formed(&opml));
    insta::assert_snapshot!("opml_out", opml);
}

#[test]
fn a_sitemap_escapes_what_xml_reads() {
    let xml = sitemap(&[Location {
        url: "https://krant.example.nl/?a=1&b=2".into(),
        changed: Some(jiff::civil::date(2026, 9, 12)),
    }]);
    assert!(is_well_formed(&xml));
    assert!(
        xml.contains(
            "<loc>https://krant.example.nl/?a=1&amp;b=2</loc><lastmod>2026-09-12</lastmod>"
        )
    );
}
