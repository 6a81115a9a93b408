//! The preflight over whole digests, and the page that documents the templates.

use std::collections::{BTreeMap, BTreeSet};

use courant::compose::{Composer, Overrides, OwnLines, Preflight};
use courant::model::{Format, Issue, Localised, Post, Severity};

use super::stories::{english, issue, post, thirty, twelve};
use super::{composer, html, language, variant};

const STORY: &str = include_str!("../../../templates/digest/story.hbs");
const DOCUMENTED: &str = include_str!("../../../docs/templates.md");
const GERMAN: &str = include_str!("../../fixtures/compose/de.ftl");

fn with(path: &str, text: &str) -> Composer {
    Composer::new(&Overrides([(path.to_owned(), text.to_owned())].into())).unwrap()
}

/// What the preflight says of an issue, each fault with its severity.
fn looked(composer: &Composer, issue: &Issue, subject: Option<&str>) -> Vec<String> {
    let variant = variant(issue, "nl", Format::Html);
    let subject = subject.map(Localised::from);
    let own = OwnLines {
        subject: subject.as_ref(),
        preheader: None,
    };
    let digest = composer.digest(issue, &variant, &own, &[]).unwrap();
    let found = Preflight {
        issue,
        variant: &variant,
        digest: &digest,
        own,
        weights: &BTreeMap::from([(
            "https://nieuws.example.nl/img/zwaar.jpg".to_owned(),
            900_000,
        )]),
    }
    .look();
    let word = |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    found
        .into_iter()
        .map(|fault| format!("{}: {}", word(fault.severity), fault.message))
        .collect()
}

#[test]
fn good_digests_pass_without_a_remark() {
    for posts in [
        twelve(),
        thirty(),
        english(),
        vec![post("Alleen een titel")],
    ] {
        assert_eq!(looked(composer(), &issue(posts), None), [""; 0]);
    }
}

#[test]
fn what_an_editor_would_not_send_is_found() {
    let mut posts = twelve();
    posts[0].image.as_mut().unwrap().url = "/img/zwaar.jpg".into();
    posts[1].link = Some("artikel.html".into());
    posts[2].link = Some("https://bit.ly/3xYz".into());
    let found = looked(
        composer(),
        &issue(posts),
        Some("Een onderwerp van onszelf dat veel langer is dan een telefoon laat zien"),
    );
    insta::assert_snapshot!("preflight_posts", found.join("\n"));
}

#[test]
fn a_template_that_forgets_something_is_found_in_what_it_makes() {
    let forgetful = STORY.replace(" alt=\"{{image.alt}}\"", "").replace(
        "<h3 class=\"title\"><a class=\"plain\" href=\"{{url}}\">{{title}}</a></h3>",
        "<h3>Nog een</h3><h3></h3>",
    );
    assert_ne!(forgetful, STORY);
    let composer = with("digest/story.hbs", &forgetful);
    let found = looked(&composer, &issue(twelve()[..2].to_vec()), None);
    insta::assert_snapshot!("preflight_template", found.join("\n"));
}

#[test]
fn posts_past_the_budget_are_counted() {
    let posts: Vec<Post> = (0..90)
        .map(|n| Post {
            title: format!("Verhaal {n} van velen"),
            link: Some(format!("https://blog.example.nl/{n}/")),
            ..twelve().remove(1)
        })
        .collect();
    let found = looked(composer(), &issue(posts), None);
    assert!(
        found.len() == 1 && found[0].starts_with("warning: the nl digest has no room for "),
        "{found:?}"
    );
}

#[test]
fn a_third_language_is_one_file_though_some_words_are_missing() {
    let composer = with("words/de.ftl", GERMAN);
    let warning = composer.warnings()[0].to_string();
    assert!(
        warning.contains("more messages are missing") && warning.contains("words/de.ftl"),
        "{warning}"
    );
    let issue = issue(twelve()[..2].to_vec());
    let variant = variant(&issue, "de", Format::Html);
    let digest = composer
        .digest(&issue, &variant, &OwnLines::default(), &[])
        .unwrap();
    assert_eq!(digest.language, language("de"));
    assert!(
        digest.subject.ends_with("· und eine weitere Geschichte"),
        "{}",
        digest.subject
    );
    for words in [
        "Ausgabe\u{a0}37 · Samstag, 12.\u{a0}September 2026",
        "Online lesen",
        "Abmelden",
        "Follow by RSS",
    ] {
        assert!(digest.text.contains(words), "{words}");
    }
    assert!(html(&digest).contains("lang=\"de\""));
}

/// The names in the first column of the tables between two headings.
fn documented(from: &str, to: &str) -> BTreeSet<String> {
    let (_, after) = DOCUMENTED.split_once(from).unwrap();
    let (part, _) = after.split_once(to).unwrap();
    part.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn the_documentation_lists_every_field_and_no_other() {
    let fields = |template: &str| -> BTreeSet<String> {
        let fields = composer().fields(template, &language("nl")).unwrap();
        fields.into_iter().map(|field| field.name).collect()
    };
    assert_eq!(
        fields("digest/html"),
        documented("## Fields of the digest", "## Fields of the letters")
    );
    let shared = |name: &String| {
        let first = name.split('.').next().unwrap_or_default();
        ["dark", "light", "newsletter", "language", "direction"].contains(&first)
    };
    for (letter, next) in [
        ("confirm", "### welcome"),
        ("welcome", "### goodbye"),
        ("goodbye", "## Subject"),
    ] {
        let own: BTreeSet<String> = fields(&format!("{letter}/html"))
            .into_iter()
            .filter(|name| !shared(name))
            .collect();
        assert_eq!(own, documented(&format!("### {letter}"), next), "{letter}");
    }
}

#[test]
fn the_documentations_helpers_work() {
    let (_, after) = DOCUMENTED.split_once("## Helpers").unwrap();
    let (part, _) = after.split_once("And Handlebars").unwrap();
    let calls: Vec<&str> = part
        .lines()
        .filter_map(|line| line.split('`').nth(3))
        .filter(|call| call.starts_with("{{"))
        .collect();
    assert_eq!(calls.len(), 7);
    let template = include_str!("../../../templates/digest/html.hbs");
    let composer = with(
        "digest/html.hbs",
        &template.replace(
            "{{> mail/foot}}",
            &format!(
                "<p>{{{{#if lead.iso_date}}}}{}{{{{/if}}}}</p>{{{{> mail/foot}}}}",
                calls.join("|")
            ),
        ),
    );
    let issue = issue(twelve());
    let digest = composer
        .digest(
            &issue,
            &variant(&issue, "nl", Format::Html),
            &OwnLines::default(),
            &[],
        )
        .unwrap();
    let page = html(&digest).replace('\u{a0}', " ");
    for made in [
        "Nummer 37|",
        "|zaterdag 12 september 2026|12.345|verhalen|",
        "|https://nieuws.example.nl/over-ons/|DE COURANT<",
    ] {
        assert!(page.contains(made), "{made}");
    }
}
