//! The pages: no reader in the public ones, no robot in the private ones, no script in any.

use courant::compose::{Composer, IssueListing, Neighbours, Overrides, TopicListing, Unsubscribe};
use courant::model::{CallToAction, Image, IssueNumber, Post, Topic};

use super::stories::{issue, masthead, post, twelve};
use super::{composer, language};

/// A page without its style sheet.
fn unstyled(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").unwrap();
    let (style, after) = rest.split_once("</style>").unwrap();
    assert!(style.len() < 6_000, "{}", style.len());
    format!("{before}{}", after.trim_start())
}

fn own_post() -> Post {
    Post {
        link: None,
        html: "<p>Eerst <em>luisteren</em>, dan <a href=\"/posts/ander/\">praten</a>.</p><p><img src=\"/img/x.jpg\" alt=\"\"></p>".into(),
        call_to_action: Some(CallToAction {
            text: "Download de lijst.".into(),
            label: None,
            url: Some("/img/lijst.pdf".into()),
            image: None,
        }),
        ..twelve().remove(1)
    }
}

fn both_sides() -> Neighbours {
    Neighbours {
        earlier: Some(IssueNumber(36)),
        later: Some(IssueNumber(38)),
    }
}

fn topic() -> Topic {
    Topic::parse("eerlijk-verkopen").unwrap()
}

#[test]
fn the_page_of_a_topic_lists_its_stories_and_has_feeds_of_its_own() {
    let posts = twelve();
    let posts: Vec<&Post> = posts[..2].iter().collect();
    let page = composer()
        .topic_page(&masthead(), &topic(), &posts)
        .unwrap();
    insta::assert_snapshot!("page_topic", unstyled(&page));
    assert!(!page.contains("noindex"));
}

#[test]
fn the_sheet_of_the_feeds_holds_a_sentence_as_css_wants_it() {
    let own = "feed-note = Zo: \"quotes\" \\ en <b> & meer\n".to_owned();
    let overrides = Overrides([("words/nl.ftl".to_owned(), own)].into());
    let sheet = Composer::new(&overrides).unwrap().feed_style(&masthead());
    let sheet = sheet.unwrap();
    assert!(
        sheet.contains("content: \"Zo: \\\"quotes\\\" \\\\ en <b> & meer\""),
        "{sheet}"
    );
    assert!(sheet.contains("#f5f2ea") && sheet.contains("#12110f"));
    assert_eq!(sheet.matches('{').count(), sheet.matches('}').count());
}

#[test]
fn the_page_of_an_issue_names_its_place_and_no_reader() {
    let issue = issue(twelve()[..4].to_vec());
    let page = composer().issue_page(&issue, both_sides()).unwrap();
    insta::assert_snapshot!("page_issue", unstyled(&page));
    assert!(
        !page.contains(&issue.nonce.0),
        "a slot stands in a public page"
    );
    assert!(
        page.contains("<link rel=\"canonical\" href=\"https://nieuws.example.nl/issues/37/\">")
    );
    assert!(page.contains(
        "<meta property=\"og:image\" content=\"https://nieuws.example.nl/issues/37/share.png\">"
    ));
    assert!(page.contains("<a rel=\"prev\" href=\"https://nieuws.example.nl/issues/36/\">"));
    assert!(!page.contains("noindex"));
}

#[test]
fn the_page_of_an_issue_has_every_story_whatever_its_size() {
    let posts: Vec<Post> = (0..120)
        .map(|n| Post {
            title: format!("Verhaal {n} van velen"),
            ..twelve().remove(1)
        })
        .collect();
    let page = composer()
        .issue_page(&issue(posts), Neighbours::default())
        .unwrap();
    assert!(page.contains("Verhaal 119 van velen"));
}

#[test]
fn the_archive_lists_issues_or_says_there_are_none() {
    let listing = |number, stories| IssueListing {
        number: IssueNumber(number),
        date: jiff::civil::date(2026, 9, 12),
        lead: "Luisteren & <verkopen>".into(),
        stories,
    };
    let older = IssueListing {
        date: jiff::civil::date(2025, 12, 27),
        ..listing(35, 3)
    };
    let topics = [TopicListing {
        topic: topic(),
        stories: 7,
    }];
    let issues = [listing(37, 12), listing(36, 1), older];
    let page = composer().index_page(&masthead(), &issues, &topics);
    insta::assert_snapshot!("page_index", unstyled(&page.unwrap()));
    let empty = composer().index_page(&masthead(), &[], &[]).unwrap();
    assert!(empty.contains("Er is nog geen nummer verschenen"));
}

#[test]
fn a_post_of_our_own_has_a_page_with_its_whole_text() {
    let page = composer().post_page(&masthead(), &own_post()).unwrap();
    insta::assert_snapshot!("page_post", unstyled(&page));
    assert!(
        page.contains("<em>luisteren</em>"),
        "sanitised text is not escaped"
    );
    assert!(page.contains("src=\"https://nieuws.example.nl/img/x.jpg\""));
}

#[test]
fn a_bare_post_has_a_page_too() {
    let page = composer()
        .post_page(&masthead(), &post("Alleen een titel"))
        .unwrap();
    assert!(page.contains("<h1>Alleen een titel</h1>"));
    for absent in ["byline", "og:image\"", "class=\"call\"", "<time"] {
        assert!(
            !page.split("</style>").nth(1).unwrap().contains(absent),
            "{absent}"
        );
    }
}

#[test]
fn a_picture_within_the_text_is_not_shown_twice() {
    let mut own = own_post();
    own.html = format!("<p><img src=\"{}\"></p>", own.image.as_ref().unwrap().url);
    let page = composer().post_page(&masthead(), &own).unwrap();
    let body = page.split("<main>").nth(1).unwrap();
    assert_eq!(body.matches("luisteren-kost-niets").count(), 1);
}

#[test]
fn unsubscribing_asks_does_and_explains_in_the_readers_language() {
    let action = "/unsubscribe?t=abc&x=\"";
    let page = |tag, state| {
        let page = composer().unsubscribe_page(&masthead(), &language(tag), state);
        let page = page.unwrap();
        assert!(page.contains("content=\"noindex, nofollow\""));
        assert!(page.contains("content=\"no-referrer\""));
        assert!(!page.contains("canonical"));
        page
    };
    let address = "j…@example.nl";
    let ask = page("nl", Unsubscribe::Ask { address, action });
    insta::assert_snapshot!("page_unsubscribe", unstyled(&ask));
    let done = page("en", Unsubscribe::Done { address });
    assert!(done.contains("You have been unsubscribed"));
    assert!(
        done.contains("j…\u{2060}@example.nl"),
        "no line may end within the address"
    );
    assert!(!done.contains("<form"));
    let invalid = page("nl", Unsubscribe::Invalid);
    assert!(invalid.contains("Deze link werkt niet") && !invalid.contains("<form"));
}

#[test]
fn an_error_says_whose_fault_it_is() {
    let lost = composer().error_page(&masthead(), 404).unwrap();
    let ours = composer().error_page(&masthead(), 503).unwrap();
    assert!(lost.contains("Deze pagina is er niet") && lost.contains("404"));
    assert!(ours.contains("Er ging iets mis") && ours.contains("503"));
}

#[test]
fn no_page_shows_a_picture_of_another_server() {
    let composer = composer();
    let far = "https://elders.example/x.jpg";
    let mut own = own_post();
    own.html =
        format!("<p><img src=\"{far}\" alt=\"Kaart van de kade\"> <img src=\"/img/x.jpg\"></p>");
    let posts: Vec<Post> = std::iter::once(own)
        .chain(twelve())
        .map(|mut post| {
            let image = post.image.get_or_insert_with(|| Image {
                url: String::new(),
                alt: String::new(),
                size: Some((1200, 800)),
                copies: Vec::new(),
            });
            image.url = far.to_owned();
            if let Some(author) = &mut post.author {
                author.photo = Some(far.to_owned());
            }
            post
        })
        .collect();
    let shown: Vec<&Post> = posts.iter().collect();
    for page in [
        composer.issue_page(&issue(posts.clone()), both_sides()),
        composer.topic_page(&masthead(), &topic(), &shown),
        composer.post_page(&masthead(), &posts[0]),
    ] {
        let page = page.unwrap();
        assert!(!page.contains(&format!("src=\"{far}")), "{page}");
        assert!(!page.contains(&format!("content=\"{far}")), "{page}");
        for banned in ["srcset", "poster=", "url(", "<image", "<video", "<source"] {
            assert!(!page.contains(banned), "{banned}");
        }
        assert!(page.contains("img-src 'self' https://nieuws.example.nl/;"));
    }
    let page = composer.post_page(&masthead(), &posts[0]).unwrap();
    assert!(page.contains(&format!("<a href=\"{far}\">Kaart van de kade</a>")));
    assert!(page.contains("src=\"https://nieuws.example.nl/img/x.jpg\""));
}

#[test]
fn no_page_needs_a_script_or_loads_anything_but_pictures() {
    let composer = composer();
    for page in [
        composer.issue_page(&issue(twelve()), both_sides()).unwrap(),
        composer.index_page(&masthead(), &[], &[]).unwrap(),
        composer
            .topic_page(&masthead(), &topic(), &[&own_post()])
            .unwrap(),
        composer.post_page(&masthead(), &own_post()).unwrap(),
        composer.error_page(&masthead(), 404).unwrap(),
    ] {
        for banned in [
            "<script",
            "<iframe",
            "stylesheet",
            "@import",
            " onclick",
            " style=\"",
        ] {
            assert!(!page.contains(banned), "{banned}");
        }
        assert!(page.contains("default-src 'none'"));
        assert!(!page.contains("{{"));
    }
}
