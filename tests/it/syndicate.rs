//! Behaviour of `syndicate`: posts become a feed.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests stop the test that they serve"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use courant::gather::read_feed;
use courant::model::{
    Author, EmailAddress, Hold, Image, Language, LedgerEntry, Masthead, Post, PostId, Source,
    SourceKind, SourceName, Topic,
};
use courant::syndicate::rss;
use jiff::Timestamp;
use url::Url;

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
        size: Some((1200, 800)),
    });
    let bare = entry(2, "Een kaal bericht", "2026-11-02T08:00:00Z");
    let mut held = entry(3, "Geheim concept", "2026-11-02T09:00:00Z");
    held.post.hold = Some(Hold::Draft);
    vec![full, bare, held]
}

fn read_back(xml: &str) -> Vec<Post> {
    let url = Url::parse("https://krant.example.nl/post/feed.xml").unwrap();
    let source = Source::new(
        SourceName::parse("zelf").unwrap(),
        SourceKind::Url(url.clone()),
    );
    read_feed(xml.as_bytes(), None, &url, &source)
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
        eprintln!("not run: the check by python3, which is not there");
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

#[test]
fn the_feed_as_readers_get_it() {
    let xml = rss(&masthead(), &posts(), Some(at("2026-11-02T10:00:00Z"))).unwrap();
    assert!(is_well_formed(&xml));
    insta::assert_snapshot!("rss_out", xml);
}

#[test]
fn what_goes_out_comes_back_in() {
    let back = read_back(&rss(&masthead(), &posts(), None).unwrap());
    assert_eq!(back.len(), 2, "a held post is not published");
    let (bare, full) = (&back[0], &back[1]);
    assert_eq!(
        bare.link.as_deref(),
        Some("https://krant.example.nl/post/posts/post-2/")
    );
    assert_eq!(bare.identity, "urn:courant:brieven:2%20cr%C3%A8me.md");
    assert_eq!(full.identity, "tag:krant.example.nl,2026:/creme");
    assert_eq!(full.title, "Crème brûlée à la carte: <b> & ’t Hoekje");
    assert_eq!(
        full.link.as_deref(),
        Some("https://blog.example.nl/creme?a=1&b=2")
    );
    assert_eq!(full.author.as_ref().unwrap().name, "Zoë d’Hulst");
    assert_eq!(full.published, Some(at("2026-11-01T18:30:00Z")));
    assert_eq!(full.summary, "Eén zin met < en &. En nog één.");
    assert_eq!(full.topics[0].as_str(), "eerlijk-verkopen");
    let image = full.image.as_ref().unwrap();
    assert_eq!(image.url, "https://krant.example.nl/post/img/0011.jpg");
    assert_eq!(image.size, Some((1200, 800)));
    assert!(
        full.html
            .contains("<img src=\"https://krant.example.nl/post/img/0011.jpg\"")
    );
    assert!(
        full.html.contains("<code>src=\"/x\"</code>"),
        "text is no address"
    );
}

#[test]
fn the_same_posts_give_the_same_bytes_in_any_order() {
    let mut turned = posts();
    turned.reverse();
    assert_eq!(
        rss(&masthead(), &posts(), None).unwrap(),
        rss(&masthead(), &turned, None).unwrap()
    );
    let xml = rss(&masthead(), &posts(), None).unwrap();
    assert!(
        xml.contains("<lastBuildDate>Mon, 2 Nov 2026 08:00:00 +0000</lastBuildDate>"),
        "{xml}"
    );
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
    let xml = rss(&masthead, &posts, None).unwrap();
    assert!(is_well_formed(&xml));
    assert!(xml.contains("<title>abcde</title>"));
}

#[test]
fn an_empty_feed_is_a_feed_and_a_full_one_holds_the_newest_fifty() {
    let empty = rss(&masthead(), &[], None).unwrap();
    assert!(is_well_formed(&empty) && read_back(&empty).is_empty());
    let many: Vec<LedgerEntry> = (0..60)
        .map(|id| {
            entry(
                id,
                &format!("Post {id}"),
                &format!("2026-11-01T00:{id:02}:00Z"),
            )
        })
        .collect();
    let back = read_back(&rss(&masthead(), &many, None).unwrap());
    assert_eq!(back.len(), 50);
    assert_eq!(
        (back[0].title.as_str(), back[49].title.as_str()),
        ("Post 59", "Post 10")
    );
}
