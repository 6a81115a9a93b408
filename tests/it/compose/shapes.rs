//! The shapes a digest takes, each kept as a snapshot that a person has read: what a post has or lacks, how many there are.

use courant::compose::Letter;
use courant::model::{Format, Post};

use super::stories::{english, issue, masthead, post, thirty, twelve};
use super::{body_of, composer, digest, digest_with_head, filled, html, language, variant};

/// HTML and text of an issue of these posts, as its Dutch reader gets them.
fn both(posts: Vec<Post>) -> String {
    let issue = issue(posts);
    let digest = digest(&issue, "nl");
    let page = filled(&issue, &body_of(html(&digest)), true);
    let stories = page.split_once("class=\"pad welcome\"").unwrap().1;
    format!("{stories}\n\n{}", digest_with_head(&issue, &digest))
}

const LONG: &str = "Waarom een klant die eindeloos twijfelt over een doodgewone fiets meer waard is dan tien klanten die meteen kopen en nooit meer terugkomen";

#[test]
fn a_full_post() {
    insta::assert_snapshot!("shape_full", both(vec![twelve().remove(0)]));
}

#[test]
fn a_long_title() {
    let long = Post {
        title: LONG.into(),
        ..twelve().remove(1)
    };
    insta::assert_snapshot!("shape_long_title", both(vec![long.clone(), long]));
}

#[test]
fn posts_without_a_picture() {
    let bare = |post: Post| Post {
        image: None,
        ..post
    };
    let posts = twelve().into_iter().take(3).map(bare);
    insta::assert_snapshot!("shape_no_image", both(posts.collect()));
}

#[test]
fn one_bare_post_among_others() {
    let posts = vec![twelve().remove(2), post("Alleen een titel")];
    insta::assert_snapshot!("shape_bare_beside", both(posts));
}

#[test]
fn text_only() {
    let issue = issue(twelve());
    let variant = variant(&issue, "nl", Format::Text);
    let digest = composer()
        .digest(&issue, &variant, &Default::default(), &[])
        .unwrap();
    assert_eq!(digest.html, None);
    insta::assert_snapshot!("shape_text_only", digest_with_head(&issue, &digest));
}

#[test]
fn english_html() {
    let issue = issue(english());
    let page = body_of(html(&digest(&issue, "en")));
    insta::assert_snapshot!("shape_english", filled(&issue, &page, true));
}

#[test]
fn thirty_posts() {
    let issue = issue(thirty());
    insta::assert_snapshot!(
        "shape_thirty",
        digest_with_head(&issue, &digest(&issue, "nl"))
    );
}

#[test]
fn the_letters_around_it() {
    let letters = [
        Letter::Confirm {
            link: "https://nieuws.example.nl/confirm/abc",
            days: 7,
        },
        Letter::Welcome {
            unsubscribe: "https://nieuws.example.nl/unsubscribe/abc",
            next: Some(jiff::civil::date(2026, 9, 19)),
            latest: Some("https://nieuws.example.nl/issues/37/"),
        },
        Letter::Goodbye { again: None },
    ];
    let mut shown = String::new();
    for (tag, letter) in ["nl", "en"]
        .into_iter()
        .flat_map(|tag| letters.map(|letter| (tag, letter)))
    {
        let made = composer()
            .letter(&masthead(), &language(tag), "zoe@example.nl", letter)
            .unwrap();
        assert!(made.subject.chars().count() <= 60, "{}", made.subject);
        assert!(
            (40..=110).contains(&made.preheader.chars().count()),
            "{}",
            made.preheader
        );
        let page = made.html.as_deref().unwrap();
        for part in [page, &made.text] {
            assert!(part.contains("Voorstraat 1"), "{part}");
        }
        shown.push_str(&format!(
            "Subject: {}\n\n{}\n=====\n",
            made.subject, made.text
        ));
    }
    insta::assert_snapshot!("letters", shown);
}
