//! Styles in elements: the quick way must give every element what css-inline gives it.

use std::sync::LazyLock;

use courant::compose::{Composer, Letter, Overrides, OwnLines};
use courant::model::{Format, Issue, Post};

use super::stories::{english, issue, masthead, post, thirty, twelve};
use super::{composer, language, variant};

/// A composer whose sheet has a rule for elements that there are none of, and which only a tree can tell: it makes every
/// page go through css-inline as a whole.
fn thorough() -> &'static Composer {
    static COMPOSER: LazyLock<Composer> = LazyLock::new(|| {
        let sheet = include_str!("../../../templates/mail/style.hbs");
        let sheet = sheet.replace("</style>", ".nobody > .nothing { color: red }\n</style>");
        Composer::new(&Overrides([("mail/style.hbs".to_owned(), sheet)].into())).unwrap()
    });
    &COMPOSER
}

fn made(composer: &Composer, issue: &Issue, tag: &str) -> String {
    let variant = variant(issue, tag, Format::Html);
    let digest = composer.digest(issue, &variant, &OwnLines::default(), &[]);
    digest.unwrap().html.unwrap()
}

/// What a parser makes of a page, with the styles that stand in its elements: its tags and words, attributes sorted.
fn read_again(html: &str) -> Vec<String> {
    let options = css_inline::CSSInliner::options().inline_style_tags(false);
    let read = options.build().inline(html).unwrap();
    let mut quoted = false;
    let tags_end = move |c: char| {
        quoted ^= c == '"';
        c == '>' && !quoted
    };
    let pieces = read.split_inclusive(tags_end).flat_map(|piece| {
        let (words, tag) = piece.split_at(piece.find('<').unwrap_or(piece.len()));
        let mut attributes: Vec<&str> = tag.trim_end_matches('>').split("\" ").collect();
        attributes
            .iter_mut()
            .skip(1)
            .for_each(|one| *one = one.trim_end_matches('"'));
        attributes.sort_unstable();
        [words.trim().to_owned(), attributes.join("\n")]
    });
    pieces.filter(|piece| !piece.is_empty()).collect()
}

fn assert_same(quick: &str, whole: &str) {
    let (quick, whole) = (read_again(quick), read_again(whole));
    for (one, other) in quick.iter().zip(&whole) {
        assert_eq!(one, other);
    }
    assert_eq!(quick.len(), whole.len());
}

#[test]
fn the_quick_way_gives_every_element_the_styles_that_css_inline_gives_it() {
    let odd = Post {
        title: "<b> & \"aanhalingen\" > 'enkele' &nbsp; \u{a0} {{title}} <!--".into(),
        ..twelve().remove(0)
    };
    let issues = [
        ("nl", twelve()),
        ("nl", thirty()),
        ("en", english()),
        ("nl", vec![post("Alleen een titel")]),
        ("nl", vec![odd]),
        ("en", (0..9).map(|_| twelve().remove(5)).collect()),
    ];
    for (tag, posts) in issues {
        let issue = issue(posts);
        let quick = made(composer(), &issue, tag);
        let whole = made(thorough(), &issue, tag);
        assert_same(&quick, &whole);
        assert_ne!(quick, whole, "one of them went the other's way");
        assert_eq!(quick, made(composer(), &issue, tag), "not the same twice");
    }
}

#[test]
fn letters_too() {
    let (newsletter, again) = (masthead(), Some("https://nieuws.example.nl/"));
    for tag in ["nl", "en"] {
        let [quick, whole] = [composer(), thorough()].map(|composer| {
            let letter = Letter::Goodbye { again };
            let made = composer.letter(&newsletter, &language(tag), "zoe@example.nl", letter);
            made.unwrap().html.unwrap()
        });
        assert_same(&quick, &whole);
    }
}
