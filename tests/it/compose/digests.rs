//! What stands in a digest, of which posts, and how much of it.

use super::*;

#[test]
fn readers_of_text_get_text_alone() {
    let issue = issue(twelve());
    let variant = variant(&issue, "nl", Format::Text);
    let text_only = composer()
        .digest(&issue, &variant, &OwnLines::default(), &[])
        .unwrap();
    assert_eq!(text_only.html, None);
    assert_eq!(text_only.text, digest(&issue, "nl").text);
}

#[test]
fn a_variant_holds_its_own_posts_in_the_issues_order() {
    let issue = issue(twelve());
    let variant = Variant {
        posts: vec![PostId(4), PostId(2)],
        language: language("nl"),
        format: Format::Html,
    };
    let digest = composer()
        .digest(&issue, &variant, &OwnLines::default(), &[])
        .unwrap();
    let titles: Vec<_> = issue.posts.iter().map(|(_, post)| &post.title).collect();
    assert_eq!(
        digest.subject,
        "Luisteren kost niets, behalve je… · en nog een verhaal"
    );
    assert!(digest.text.rfind(titles[1]) < digest.text.rfind(titles[3]));
    for (at, title) in titles.iter().enumerate() {
        assert_eq!(digest.text.contains(*title), at == 1 || at == 3, "{title}");
    }
}

#[test]
fn a_variant_without_posts_of_the_issue_is_refused() {
    let issue = issue(twelve());
    let variant = Variant {
        posts: vec![PostId(99)],
        ..variant(&issue, "nl", Format::Html)
    };
    let result = composer().digest(&issue, &variant, &OwnLines::default(), &[]);
    assert!(matches!(result, Err(Error::NoPosts)), "{result:?}");
}

#[test]
fn twelve_and_thirty_stories_keep_within_their_size() {
    for (posts, bytes) in [(twelve(), 36_000), (thirty(), 66_000)] {
        for posts in [posts.clone(), completed(posts)] {
            let (count, issue) = (posts.len(), issue(posts));
            let html = filled(&issue, html(&digest(&issue, "nl")), true);
            assert!(
                html.len() <= bytes,
                "{count} stories make {} bytes",
                html.len()
            );
            for (_, post) in &issue.posts {
                assert!(html.contains(&post.title), "{} is missing", post.title);
            }
        }
    }
}

/// The posts with everything that a post can have: a long summary, a picture, an author with a portrait.
fn completed(mut posts: Vec<Post>) -> Vec<Post> {
    let full = twelve().remove(0);
    for post in &mut posts {
        post.summary.clone_from(&full.summary);
        post.image.clone_from(&full.image);
        post.author.clone_from(&full.author);
        post.published = full.published;
        post.html.clone_from(&full.html);
    }
    posts
}

#[test]
fn past_the_budget_the_last_stories_make_way_for_a_link() {
    let posts: Vec<Post> = (0..120)
        .map(|n| story(&format!("Verhaal {n} van velen")))
        .collect();
    let issue = issue(posts);
    let digest = digest(&issue, "nl");
    assert!(html(&digest).len() <= 80_000, "{}", html(&digest).len());
    assert_eq!(digest.subject, "Verhaal 0 van velen · en nog 119 verhalen");
    let shown = digest.text.matches("* Verhaal").count();
    assert!((30..120).contains(&shown), "{shown}");
    let html = html(&digest).replace("&nbsp;", "\u{a0}");
    for part in [&html, &digest.text] {
        assert!(part.contains(&format!(
            "En nog {}\u{a0}verhalen in dit nummer",
            120 - shown
        )));
        assert!(part.contains(&format!("Verhaal {} van", shown - 1)));
        assert!(!part.contains(&format!("Verhaal {shown} van")));
    }
}

fn story(title: &str) -> Post {
    Post {
        title: title.into(),
        ..twelve().remove(1)
    }
}

#[test]
fn other_places_of_a_post_are_a_quiet_line() {
    let also = |place: Option<&str>, link: Option<&str>| AlsoAt {
        source: SourceName::parse("ander").unwrap(),
        place: place.map(str::to_owned),
        link: link.map(str::to_owned),
    };
    let mut posts = twelve();
    posts.truncate(3);
    posts[0].also = vec![
        also(Some("Het <Andere> Blad"), Some("https://ander.example/a")),
        also(None, Some("https://derde.example/b")),
    ];
    posts[1].also = vec![
        also(Some("Zelfde adres"), posts[1].link.as_deref()),
        // A folder has no place that readers know.
        also(None, None),
    ];
    let issue = issue(posts);
    for (tag, words) in [("nl", "Ook bij"), ("en", "Also at")] {
        let digest = digest(&issue, tag);
        let mut archived = issue.clone();
        archived.masthead.language = language(tag);
        let page = composer()
            .issue_page(&archived, Neighbours::default())
            .unwrap();
        for part in [html(&digest), &page] {
            let lines: Vec<&str> = part.lines().filter(|line| line.contains(words)).collect();
            assert_eq!(lines.len(), 2, "{part}");
            assert!(
                lines[0].contains("Het &lt;Andere&gt; Blad</a>, <a"),
                "{lines:?}"
            );
            assert!(lines[0].contains(">derde.example</a>"), "{lines:?}");
            assert!(
                lines[1].contains(&format!("{words}: Zelfde adres</p>")),
                "{lines:?}"
            );
        }
        let text: Vec<&str> = digest
            .text
            .lines()
            .filter(|line| line.contains(words))
            .collect();
        assert_eq!(
            text,
            ["Het <Andere> Blad", "derde.example", "Zelfde adres"]
                .map(|place| format!("  {words}: {place}"))
        );
    }
    let none = digest(&self::issue(twelve()), "nl");
    assert!(!html(&none).contains("Ook bij") && !none.text.contains("Ook bij"));
}

#[test]
fn one_story_that_is_too_large_is_refused() {
    let issue = issue(vec![Post {
        link: Some(format!("https://example.nl/{}", "x".repeat(60_000))),
        ..post("Te groot")
    }]);
    let result = composer().digest(
        &issue,
        &variant(&issue, "nl", Format::Html),
        &OwnLines::default(),
        &[],
    );
    assert!(matches!(result, Err(Error::TooLarge { .. })), "{result:?}");
}
