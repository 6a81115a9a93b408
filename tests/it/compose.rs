//! Behaviour of `compose`: whole digests and pages, and the faults of templates as people see them.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "fixtures stand outside the test functions, and a panic is how a test fails"
)]

mod digests;
mod faults;
mod inlining;
mod kept;
mod pages;
mod preflight;
mod shapes;
pub mod stories;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use courant::compose::{Composer, Error, Neighbours, Overrides, OwnLines, fill};
use courant::model::{
    AlsoAt, Digest, Format, Issue, Language, Localised, LocalisedCall, Post, PostId, Slot,
    SourceName, Variant,
};

use stories::{english, issue, post, thirty, twelve};

/// The composer of the built-in files, set up once.
fn composer() -> &'static Composer {
    static COMPOSER: LazyLock<Composer> =
        LazyLock::new(|| Composer::new(&Overrides::default()).unwrap());
    &COMPOSER
}

fn language(tag: &str) -> Language {
    Language::parse(tag).unwrap()
}

fn variant(issue: &Issue, tag: &str, format: Format) -> Variant {
    Variant {
        posts: issue.posts.iter().map(|(id, _)| *id).collect(),
        language: language(tag),
        format,
    }
}

fn digest(issue: &Issue, tag: &str) -> Digest {
    let variant = variant(issue, tag, Format::Html);
    composer()
        .digest(issue, &variant, &OwnLines::default(), &[])
        .unwrap()
}

fn html(digest: &Digest) -> &str {
    digest.html.as_deref().unwrap()
}

/// The copy of a reader with values of usual length.
fn filled(issue: &Issue, text: &str, html: bool) -> String {
    fill(text, html, &issue.nonce, |slot| match slot {
        Slot::Greeting => "Goedemorgen Zoë,".into(),
        Slot::Address => "zoe@example.nl".into(),
        Slot::Since => "op 1 september 2026".into(),
        Slot::Unsubscribe => format!("https://nieuws.example.nl/unsubscribe?t={}", "k".repeat(51)),
    })
}

/// Addresses of the HTML's links, each once.
fn html_links(html: &str) -> BTreeSet<String> {
    html.split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(|link| link.replace("&amp;", "&"))
        .collect()
}

/// Addresses that stand in the text, each once.
fn text_links(text: &str) -> BTreeSet<String> {
    text.split_whitespace()
        .filter(|word| word.starts_with("https://"))
        .map(str::to_owned)
        .collect()
}

/// What stands between `<body` and its end, one element a line, without the styles that every digest has.
fn body_of(html: &str) -> String {
    let body = html.split_once("<body").unwrap().1;
    let mut plain = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once(" style=\"") {
        plain.push_str(before);
        rest = after.split_once('"').unwrap().1;
    }
    plain.push_str(rest);
    plain.replace("\u{34f}\u{200c}&nbsp;", "")
}

#[test]
fn a_full_digest_in_dutch() {
    let issue = issue(twelve()[..5].to_vec());
    let digest = digest(&issue, "nl");
    insta::assert_snapshot!(
        "digest_dutch_html",
        filled(&issue, &body_of(html(&digest)), true)
    );
    insta::assert_snapshot!("digest_dutch_text", filled(&issue, &digest.text, false));
}

#[test]
fn a_digest_in_english() {
    let issue = issue(english());
    let digest = digest(&issue, "en");
    assert_eq!(digest.language, language("en"));
    insta::assert_snapshot!("digest_english_text", digest_with_head(&issue, &digest));
}

#[test]
fn the_publishers_own_words_follow_the_readers_language() {
    let each = |nl: &str, en: &str| {
        let texts = [("nl", nl), ("en", en)].map(|(tag, text)| (language(tag), text.to_owned()));
        Localised::Each(texts.into())
    };
    let mut issue = issue(english());
    let subject = each("Het weekbericht", "The weekly letter");
    let mut made = |intro: Localised, tag: &str| {
        let masthead = &mut issue.masthead;
        masthead.tagline = Some(each("Elke zaterdag", "Every Saturday"));
        masthead.intro = Some(intro);
        masthead.call_to_action = Some(LocalisedCall {
            text: each("Kom langs.", "Come along."),
            label: Some("Open middag".into()),
            url: Some(each("https://a.example/nl", "https://a.example/en")),
            image: None,
        });
        let variant = variant(&issue, tag, Format::Html);
        let own = OwnLines {
            subject: Some(&subject),
            preheader: None,
        };
        let digest = composer().digest(&issue, &variant, &own, &[]);
        let digest = digest.unwrap();
        let parts = [html(&digest).to_owned(), digest.text];
        let subject = digest.subject;
        move |word: &str| match parts.each_ref().map(|part| part.contains(word)) {
            _ if subject == word => true,
            [html, text] => {
                assert_eq!(html, text, "{word} is in one part alone");
                html
            }
        }
    };
    let both = each("Eerste alinea.\n\nTweede alinea.", "Dear readers.");
    let (dutch, english) = (made(both.clone(), "nl"), made(both, "en"));
    for (nl, en) in [
        ("Het weekbericht · nr. 37", "The weekly letter · no. 37"),
        ("Elke zaterdag", "Every Saturday"),
        ("Tweede alinea.", "Dear readers."),
        ("Kom langs.", "Come along."),
        ("https://a.example/nl", "https://a.example/en"),
    ] {
        assert!(dutch(nl) && !dutch(en), "{nl}");
        assert!(english(en) && !english(nl), "{en}");
    }
    assert!(dutch("Open middag") && english("Open middag"));
    let (dutch, english) = (
        made("Hallo lezers.".into(), "nl"),
        made("Hallo lezers.".into(), "en"),
    );
    assert!(dutch("Hallo lezers."));
    assert!(
        !english("Hallo lezers."),
        "an intro in a language not asked for"
    );
}

/// Subject and text, filled in the digest's own language.
fn digest_with_head(issue: &Issue, digest: &Digest) -> String {
    let at = "2026-09-12T08:00[Europe/Amsterdam]".parse().unwrap();
    let text = fill(&digest.text, false, &issue.nonce, |slot| match slot {
        Slot::Greeting => composer().greeting(&digest.language, Some("Zoë"), &at),
        Slot::Address => "zoe@example.nl".into(),
        Slot::Since => composer().since(&digest.language, Some(jiff::civil::date(2026, 9, 1))),
        Slot::Unsubscribe => "https://nieuws.example.nl/unsubscribe?t=abc".into(),
    });
    format!("Subject: {}\n\n{text}", digest.subject)
}

#[test]
fn every_slot_survives_inlining_once_or_more_and_nothing_else_does() {
    let issue = issue(twelve());
    let digest = digest(&issue, "nl");
    for part in [html(&digest), &digest.text] {
        for slot in Slot::ALL {
            assert!(part.contains(&slot.token(&issue.nonce)), "{slot:?}");
        }
        assert!(!part.contains("{{"), "a template's tag is left");
        assert!(!filled(&issue, part, true).contains(&issue.nonce.0));
    }
    assert!(html(&digest).contains(&format!(
        "href=\"{}\"",
        Slot::Unsubscribe.token(&issue.nonce)
    )));
}

#[test]
fn the_html_reads_well_without_a_style_sheet_and_keeps_little_of_one() {
    let issue = issue(twelve());
    let digest = digest(&issue, "nl");
    let head = html(&digest).split_once("</head>").unwrap().0;
    let kept = head
        .split("<style")
        .skip(1)
        .map(|rest| rest.split("</style>").next().unwrap());
    let kept: Vec<&str> = kept.collect();
    assert_eq!(
        kept.len(),
        4,
        "Outlook for Windows, phone, dark, Outlook.com"
    );
    assert!(kept.iter().map(|style| style.len()).sum::<usize>() <= 16_384);
    let body = html(&digest).split_once("<body").unwrap().1;
    for element in ["<p ", "<h1 ", "<h2 ", "<h3 ", "<td "] {
        let tags = body
            .split(element)
            .skip(1)
            .filter_map(|rest| rest.split('>').next());
        for tag in tags {
            assert!(tag.contains("style=\""), "{element}{tag}");
        }
    }
    for banned in [
        "<script", "<form", "@import", "var(--", "flex", "<svg", "base64",
    ] {
        assert!(!html(&digest).contains(banned), "{banned}");
    }
}

#[test]
fn every_image_says_what_it_is_and_how_large() {
    let issue = issue(twelve());
    let digest = digest(&issue, "nl");
    let images: Vec<_> = html(&digest)
        .split("<img")
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .collect();
    assert!(images.len() >= 4, "{}", images.len());
    for image in images {
        for attribute in [" alt=\"", " width=\"", " height=\"", " src=\"https://"] {
            assert!(image.contains(attribute), "{attribute} in {image}");
        }
    }
}

#[test]
fn both_parts_have_the_same_links() {
    for posts in [twelve(), english(), vec![post("Alleen een titel")]] {
        let issue = issue(posts);
        let digest = digest(&issue, "nl");
        let text = filled(&issue, &digest.text, false);
        let html = filled(&issue, html(&digest), true);
        assert_eq!(html_links(&html), text_links(&text));
        assert!(text_links(&text).len() >= 6);
    }
}

#[test]
fn the_text_has_72_columns_whole_addresses_and_a_signature_mark() {
    for posts in [thirty(), english()] {
        let issue = issue(posts);
        let digest = digest(&issue, "nl");
        let text = filled(&issue, &digest.text, false);
        assert!(text.starts_with(&digest.preheader.split(' ').next().unwrap().to_owned()));
        for line in text.lines() {
            assert!(
                line.chars().count() <= 72 || line.trim_start().starts_with("https://"),
                "{line}"
            );
        }
        for (_, post) in &issue.posts {
            let address = post.address(&issue.masthead.url);
            assert!(text.lines().any(|line| line.trim() == address), "{address}");
        }
        let (_, footer) = text.split_once("\n-- \n").unwrap();
        assert!(footer.contains("Uitschrijven") && footer.contains("Voorstraat 1"));
        assert!(!text.contains("\n\n\n"));
    }
}

#[test]
fn subject_and_preheader_have_the_length_that_is_shown() {
    for posts in [twelve(), thirty(), english(), vec![post("Kort")]] {
        let issue = issue(posts);
        let digest = digest(&issue, "nl");
        assert!(digest.subject.chars().count() <= 60, "{}", digest.subject);
        assert!(
            (40..=110).contains(&digest.preheader.chars().count()),
            "{}",
            digest.preheader
        );
        assert!(!digest.preheader.contains(&digest.subject));
        assert!(html(&digest).contains(&format!("<title>{}</title>", digest.subject)));
    }
}

#[test]
fn what_a_post_says_is_never_markup_nor_template() {
    let nasty = "<script>alert(\"1\")</script> & 'x' {{subject}} {{{lead.url}}} {{> digest/lead}}";
    let mut hostile = twelve().remove(0);
    hostile.title = nasty.into();
    hostile.summary = nasty.into();
    hostile.author.as_mut().unwrap().name = nasty.into();
    hostile.image.as_mut().unwrap().alt = nasty.into();
    hostile.link = Some("https://example.nl/?a=1&b=\"><script>".into());
    let issue = issue(vec![hostile; 5]);
    let digest = digest(&issue, "nl");
    let page = composer()
        .issue_page(&issue, courant::compose::Neighbours::default())
        .unwrap();
    for part in [html(&digest), &page] {
        assert!(!part.contains("<script"), "{part}");
        assert!(part.contains("&lt;script&gt;alert("));
        assert!(part.contains("{{subject}} {{{lead.url}}} {{&gt; digest/lead}}"));
        assert!(!part.contains("b=\""), "a quote ended the attribute");
    }
    let text: Vec<&str> = digest.text.split_whitespace().collect();
    assert!(text.join(" ").contains("{{> digest/lead}}"));
}

#[test]
fn a_story_in_another_language_says_so() {
    let mut posts = twelve()[..2].to_vec();
    posts[1].language = Some(language("en"));
    let issue = issue(posts);
    let body = body_of(html(&digest(&issue, "nl")));
    assert_eq!(body.matches("lang=\"en\"").count(), 1);
    assert_eq!(body.matches("lang=\"nl\"").count(), 1, "the digest's own");
}

#[test]
fn the_digest_speaks_the_readers_language_or_the_newsletters() {
    let issue = issue(twelve());
    for (wanted, got, words) in [("en-gb", "en", "Read online"), ("fr", "nl", "Lees online")] {
        let digest = digest(&issue, wanted);
        assert_eq!(digest.language, language(got));
        assert!(html(&digest).contains(&format!("lang=\"{got}\"")));
        assert!(html(&digest).contains(words));
    }
}

#[test]
fn a_newsletter_below_a_path_and_with_its_own_accent() {
    let mut issue = issue(twelve());
    issue.masthead.url = "https://example.nl/nieuws".into();
    issue.masthead.accent = "#0b5c8a".into();
    let digest = digest(&issue, "nl");
    assert!(html(&digest).contains("https://example.nl/nieuws/issues/37/"));
    assert!(html(&digest).contains("https://example.nl/nieuws/img/"));
    assert!(html(&digest).contains("#0b5c8a") && !html(&digest).contains("#a3271d"));
    issue.masthead.accent = "#ffee00".into();
    let result = composer().digest(
        &issue,
        &variant(&issue, "nl", Format::Html),
        &OwnLines::default(),
        &[],
    );
    assert!(matches!(result, Err(Error::Accent(_))), "{result:?}");
}

#[test]
fn the_same_issue_makes_the_same_bytes() {
    let issue = issue(twelve());
    assert_eq!(digest(&issue, "nl"), digest(&issue, "nl"));
}

#[test]
fn a_bare_post_alone() {
    let issue = issue(vec![post("Alleen een titel")]);
    let digest = digest(&issue, "nl");
    insta::assert_snapshot!(
        "digest_bare_html",
        filled(&issue, &body_of(html(&digest)), true)
    );
    insta::assert_snapshot!("digest_bare_text", digest_with_head(&issue, &digest));
}
