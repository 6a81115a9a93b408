//! The variants of an issue, composed together: the same bytes as each alone, whatever its templates ask for.

use std::collections::BTreeSet;

use courant::compose::{Composer, Overrides, OwnLines};
use courant::model::{
    AlsoAt, CallToAction, Digest, Format, Issue, Localised, Post, SourceName, Variant,
};

use super::stories::{english, issue, post, thirty, twelve};
use super::{composer, language};

const STORY: &str = include_str!("../../../templates/digest/story.hbs");
const LEAD: &str = include_str!("../../../templates/digest/lead.hbs");
const TEXT_STORY: &str = include_str!("../../../templates/digest/text-story.hbs");
const TEXT: &str = include_str!("../../../templates/digest/text.hbs");
const HTML: &str = include_str!("../../../templates/digest/html.hbs");

/// A composer with some files of the user's own.
fn with(files: &[(&str, String)]) -> Composer {
    let files = files.iter();
    let files = files.map(|(name, text)| ((*name).to_owned(), text.clone()));
    Composer::new(&Overrides(files.collect())).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Variants of an issue: all posts, each half, every third, one alone, all but the first, and all again; as HTML and as
/// text, in two languages.
fn variants(issue: &Issue) -> Vec<Variant> {
    let ids: Vec<_> = issue.posts.iter().map(|(id, _)| *id).collect();
    let (one, other) = ids.split_at(ids.len() / 2);
    let third: Vec<_> = ids.iter().copied().step_by(3).collect();
    let choices = [&ids[..], other, one, &third, &ids[..1], &ids[1..], &ids];
    let choices = choices.into_iter().filter(|choice| !choice.is_empty());
    choices
        .flat_map(|posts| {
            ["nl", "en"].into_iter().flat_map(move |tag| {
                [Format::Html, Format::Text].map(|format| Variant {
                    posts: posts.to_vec(),
                    language: language(tag),
                    format,
                })
            })
        })
        .collect()
}

/// Composes every variant together and alone; the digests.
fn assert_same(composer: &Composer, issue: &Issue, own: &OwnLines<'_>) -> Vec<Digest> {
    let mut digests = composer.digests(issue);
    let mut earlier = Vec::new();
    let mut made = Vec::new();
    for variant in variants(issue) {
        let alone = composer.digest(issue, &variant, own, &earlier).unwrap();
        let together = digests.digest(&variant, own, &earlier).unwrap();
        if let (Some(together), Some(alone)) = (&together.html, &alone.html) {
            for (one, other) in together.lines().zip(alone.lines()) {
                assert_eq!(one, other, "{variant:?}");
            }
        }
        assert_eq!(together, alone, "{variant:?}");
        if made.len() % 5 == 0 {
            earlier.push(alone.subject.clone());
        }
        made.push(alone);
    }
    made
}

/// Posts with what a post may have beside words: a call of its own, other places, another language, odd letters.
fn odd() -> Vec<Post> {
    let mut posts = twelve();
    for (at, post) in (0..).zip(&mut posts) {
        if at % 3 == 0 {
            post.call_to_action = Some(CallToAction {
                text: format!("Oproep {at}"),
                label: None,
                url: (at % 2 == 0).then(|| format!("/oproep/{at}")),
                image: None,
            });
        }
        if at % 4 == 1 {
            let place = |name: &str, link: Option<&str>| AlsoAt {
                source: SourceName::parse("elders").unwrap(),
                place: Some(name.to_owned()),
                link: link.map(str::to_owned),
            };
            post.also = vec![
                place("Elders", Some("https://elders.example/1")),
                place("Nog elders", Some("https://elders.example/2")),
            ];
        }
    }
    posts[2].language = Some(language("de"));
    posts[3].title = "<b> & \"a\" > 'b' {{title}} <!-- kept --> lead\n\n 0.1".into();
    posts[4].summary = "  Een <p> en\n\n-- \nkept 0.2 <!--kept-->  ".into();
    posts.push(post("Alleen een titel"));
    posts
}

#[test]
fn variants_composed_together_have_the_bytes_they_have_alone() {
    let subject: Localised = "{newsletter}: {lead}, {count}, {more}".into();
    let lines = OwnLines {
        subject: Some(&subject),
        preheader: None,
    };
    for own in [OwnLines::default(), lines] {
        for posts in [twelve(), thirty(), english(), odd(), vec![post("Eén")]] {
            assert_same(composer(), &issue(posts), &own);
        }
    }
}

#[test]
fn the_first_variant_of_a_process_has_the_bytes_of_all_others() {
    let issue = issue(twelve());
    let alone = super::digest(&issue, "nl");
    let fresh = with(&[]);
    let mut digests = fresh.digests(&issue);
    for _ in 0..3 {
        let variant = super::variant(&issue, "nl", Format::Html);
        let made = digests.digest(&variant, &OwnLines::default(), &[]);
        assert_eq!(made.unwrap(), alone);
    }
}

#[test]
fn issues_keep_nothing_of_each_other() {
    let first = issue(twelve());
    let mut second = first.clone();
    second.masthead.accent = "#1d4fa3".into();
    second.masthead.name = "Het Weekblad".into();
    second.masthead.call_to_action = None;
    second.masthead.url = "https://elders.example".into();
    second.nonce.0 = "f".repeat(32);
    second.posts[0].1.call_to_action = Some(CallToAction {
        text: "Kom naar Het Weekblad".into(),
        label: None,
        url: Some("/kom".into()),
        image: None,
    });
    let issues = [first, second];
    let mut both = issues.each_ref().map(|issue| composer().digests(issue));
    for at in 0..variants(&issues[0]).len() {
        for (digests, issue) in both.iter_mut().zip(&issues) {
            let variant = &variants(issue)[at];
            let own = OwnLines::default();
            let alone = composer().digest(issue, variant, &own, &[]).unwrap();
            assert_eq!(digests.digest(variant, &own, &[]).unwrap(), alone);
        }
    }
}

#[test]
fn a_variant_that_fails_spoils_no_other() {
    let mut posts = twelve();
    posts[5].title = "x".repeat(110_000);
    let issue = issue(posts);
    let mut digests = composer().digests(&issue);
    let own = OwnLines::default();
    let of = |ids: &[usize]| Variant {
        posts: ids.iter().map(|at| issue.posts[*at].0).collect(),
        language: language("nl"),
        format: Format::Html,
    };
    for (ids, fails) in [
        (&[0, 1, 2][..], false),
        (&[5, 1, 2], false),
        (&[5], true),
        (&[0, 5, 1], false),
        (&[0, 1, 2], false),
    ] {
        let alone = composer().digest(&issue, &of(ids), &own, &[]);
        let together = digests.digest(&of(ids), &own, &[]);
        assert_eq!(alone.is_err(), fails, "{ids:?}");
        match (alone, together) {
            (Ok(alone), Ok(together)) => assert_eq!(alone, together),
            (Err(alone), Err(together)) => assert_eq!(alone.to_string(), together.to_string()),
            (alone, together) => panic!("{alone:?} and {together:?}"),
        }
    }
}

/// A story of the user's own that asks for something, in the place of its first `{{title}}`.
fn asking(story: &str, what: &str) -> String {
    story.replacen("{{title}}", what, 1)
}

#[test]
fn a_story_that_asks_for_its_variant_is_not_kept() {
    for what in [
        "{{@root.subject}}",
        "{{@root.preheader}}",
        "{{@root.issue.count}}",
        "{{lookup @root.issue \"count\"}}",
        "{{t \"more-stories\" count=@root.issue.count}}",
        "{{#if @root.lead}}{{@root.lead.title}}{{/if}}",
        "{{#each @root.contributors}}{{name}}{{/each}}",
    ] {
        let files = [
            ("digest/story.hbs", asking(STORY, what)),
            ("digest/lead.hbs", asking(LEAD, what)),
            ("digest/text-story.hbs", asking(TEXT_STORY, what)),
        ];
        let composer = with(&files);
        let made = assert_same(&composer, &issue(twelve()), &OwnLines::default());
        let pages: BTreeSet<_> = made
            .iter()
            .filter_map(|digest| digest.html.as_ref())
            .collect();
        assert!(pages.len() > 4, "{what} says the same everywhere");
    }
}

#[test]
fn a_story_that_asks_for_its_place_is_not_kept() {
    for what in [
        "{{@index}}",
        "{{#if @first}}eerst{{else}}later{{/if}}",
        "{{#unless @last}}nog een{{/unless}}",
        "{{#if ../../label}}{{../../label}}{{/if}}",
        "{{#each also}}{{@../index}}{{/each}}",
        "{{#with this}}{{@index}}{{/with}}",
    ] {
        let files = [
            ("digest/story.hbs", asking(STORY, what)),
            ("digest/text-story.hbs", asking(TEXT_STORY, what)),
        ];
        assert_same(&with(&files), &issue(odd()), &OwnLines::default());
    }
}

#[test]
fn templates_of_the_users_own_have_the_same_bytes() {
    let rule = "{{#each sections}}\n<tr><td class=\"pad section\">";
    let contents = format!(
        "{{{{#each sections}}}}{{{{#each stories}}}}<tr><td>{{{{title}}}}{{{{#if (not summary)}}}} -{{{{/if}}}}</td></tr>{{{{/each}}}}{{{{/each}}}}\n{rule}"
    );
    let plain = "<tr><td><p style=\"margin: 0\"><a href=\"{{url}}\">{{title}}</a></p></td></tr>\n";
    let call = "{{> digest/story}}";
    for files in [
        // Only one of the templates can be told apart.
        vec![("digest/story.hbs", asking(STORY, "{{@index}}"))],
        vec![("digest/text-story.hbs", asking(TEXT_STORY, "{{@index}}"))],
        vec![("digest/lead.hbs", asking(LEAD, "{{@root.subject}}"))],
        // It asks for what is the same for the whole issue.
        vec![(
            "digest/story.hbs",
            asking(STORY, "{{@root.newsletter.name}} {{@root.issue.number}}"),
        )],
        // It is not plainly written, brings styles, has none of its lines' ends, or is empty.
        vec![(
            "digest/story.hbs",
            STORY.replace("<h3 class=\"title\">", "<h3 class='title'>"),
        )],
        vec![("digest/story.hbs", plain.to_owned())],
        vec![(
            "digest/story.hbs",
            format!("<style>.x {{ color: {{{{@root.light.ink}}}} }}</style>{STORY}"),
        )],
        vec![("digest/story.hbs", STORY.trim_end().to_owned())],
        vec![("digest/story.hbs", format!("\n\n   {STORY}   "))],
        vec![
            ("digest/story.hbs", String::new()),
            ("digest/text-story.hbs", String::new()),
        ],
        vec![("digest/text-story.hbs", TEXT_STORY.trim_end().to_owned())],
        vec![("digest/text-story.hbs", format!("\n\n{TEXT_STORY}\n\n\n"))],
        vec![(
            "digest/story.hbs",
            STORY.replace("</td></tr>", "</td></tr><!--x-->"),
        )],
        // The frame asks for stories too, calls one within other things, or says it twice.
        vec![("digest/html.hbs", HTML.replace(rule, &contents))],
        vec![(
            "digest/html.hbs",
            HTML.replace(call, &format!("<!-- {call} -->{call}")),
        )],
        vec![(
            "digest/html.hbs",
            HTML.replace(call, &format!("{call}{call}")),
        )],
        vec![(
            "digest/html.hbs",
            HTML.replace(call, &format!("{{{{#with this}}}}{call}{{{{/with}}}}")),
        )],
        vec![(
            "digest/html.hbs",
            HTML.replace(call, &format!("{{{{#if ../label}}}}{call}{{{{/if}}}}")),
        )],
        vec![("digest/html.hbs", HTML.replace("{{> digest/lead}}", call))],
        vec![(
            "digest/text.hbs",
            TEXT.replace("{{> digest/text-story}}", "  {{> digest/text-story}}"),
        )],
        vec![(
            "digest/text.hbs",
            TEXT.replace("{{> digest/text-story}}", "x {{> digest/text-story}} y"),
        )],
        // The style sheet asks for the variant.
        vec![
            (
                "mail/style-kept.hbs",
                "<style data-css-inline=\"keep\">.a { width: {{len preheader}}px }</style>"
                    .to_owned(),
            ),
            (
                "mail/style.hbs",
                include_str!("../../../templates/mail/style.hbs")
                    .replace("img {", ".x { width: {{len subject}}px }\nimg {"),
            ),
        ],
    ] {
        let composer = with(&files);
        assert_same(&composer, &issue(odd()), &OwnLines::default());
    }
}
