//! Faults in templates and words, as the person who wrote them sees them.

use courant::compose::{Composer, Overrides};

const STORY: &str = include_str!("../../../templates/digest/story.hbs");

/// What is shown for one file that stands in the place of the built-in one.
fn shown(path: &str, text: &str) -> String {
    let overrides = Overrides([(path.to_owned(), text.to_owned())].into());
    match Composer::new(&overrides) {
        Ok(_) => panic!("accepted"),
        Err(faults) => {
            let shown: Vec<_> = faults.iter().map(ToString::to_string).collect();
            shown.join("\n\n")
        }
    }
}

fn accepted(path: &str, text: &str) {
    let overrides = Overrides([(path.to_owned(), text.to_owned())].into());
    if let Err(faults) = Composer::new(&overrides) {
        panic!("{}", faults[0]);
    }
}

#[test]
fn a_syntax_error() {
    insta::assert_snapshot!(
        "fault_syntax",
        shown("digest/story.hbs", "<p>\n{{#if title}}x{{/unless}}\n")
    );
    insta::assert_snapshot!(
        "fault_unclosed",
        shown("digest/story.hbs", "<p>\n  {{title\n</p>")
    );
}

#[test]
fn an_unknown_field() {
    let text = STORY.replace("{{title}}", "{{titel}}");
    insta::assert_snapshot!("fault_field", shown("digest/story.hbs", &text));
}

#[test]
fn an_unknown_field_in_a_branch_that_is_never_taken() {
    let text = format!("{STORY}{{{{#if false}}}}{{{{author.naam}}}}{{{{/if}}}}");
    let shown = shown("digest/story.hbs", &text);
    assert!(
        shown.contains("unknown field `naam`") && shown.contains("did you mean `name`?"),
        "{shown}"
    );
}

#[test]
fn a_known_field_in_the_wrong_place() {
    let text = "{{#if image}}\n  {{image.title}}\n{{/if}}";
    insta::assert_snapshot!("fault_place", shown("digest/story.hbs", text));
    let shown = shown("digest/story.hbs", "{{#if preheader}}x{{/if}}");
    assert!(
        shown.contains("there is no field `preheader` here"),
        "{shown}"
    );
}

#[test]
fn an_unknown_helper() {
    insta::assert_snapshot!(
        "fault_helper",
        shown("digest/story.hbs", "<p>{{uper title}}</p>")
    );
}

#[test]
fn an_unknown_partial() {
    insta::assert_snapshot!("fault_partial", shown("page/error.hbs", "{{> page/haed}}"));
}

#[test]
fn a_missing_message() {
    insta::assert_snapshot!(
        "fault_message",
        shown("digest/story.hbs", "<p>é {{t \"read-storey\"}}</p>")
    );
}

/// The warnings about one file that is taken in all the same.
fn warned(path: &str, text: &str) -> String {
    let overrides = Overrides([(path.to_owned(), text.to_owned())].into());
    let composer = Composer::new(&overrides).unwrap();
    let shown: Vec<_> = composer
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    shown.join("\n\n")
}

#[test]
fn a_language_that_lacks_messages_is_filled_up_and_named() {
    let english = include_str!("../../../templates/words/en.ftl");
    let one = english.replace("feed = Follow by RSS\n", "");
    let shown = [
        warned("words/de.ftl", &one),
        warned("words/de.ftl", "unsubscribe = Abmelden\n"),
    ];
    insta::assert_snapshot!("fault_language", shown.join("\n\n"));
    assert_eq!(warned("words/de.ftl", english), "");
    assert_eq!(
        warned("words/nl-be.ftl", "unsubscribe = Uitschrijven maar\n"),
        "",
        "what Flemish lacks is Dutch, and no surprise"
    );
}

#[test]
fn a_message_that_nothing_asks_for() {
    insta::assert_snapshot!(
        "fault_unread",
        shown("words/nl.ftl", "# eigen\nunsubscibe = Weg ermee\n")
    );
    accepted("words/nl.ftl", "unsubscribe = Weg ermee\n");
}

#[test]
fn a_message_that_asks_for_a_value_nobody_gives() {
    insta::assert_snapshot!(
        "fault_value",
        shown("words/nl.ftl", "footer-why = Hallo { $adres }\n")
    );
    let shown = shown("words/nl.ftl", "greeting-named = Hoi { $naam }\n");
    assert!(
        shown.contains("unknown variable: $naam") && shown.contains("words/nl.ftl:1:1"),
        "{shown}"
    );
}

#[test]
fn words_that_do_not_parse() {
    insta::assert_snapshot!("fault_fluent", shown("words/nl.ftl", "feed Volg via RSS\n"));
}

#[test]
fn a_file_that_nobody_reads() {
    insta::assert_snapshot!("fault_file", shown("digest/htlm.hbs", "x"));
}

#[test]
fn a_digest_must_tell_how_to_leave_and_who_sends_it() {
    let text = "{{t \"unsubscribe\"}} {{newsletter.address}}";
    insta::assert_snapshot!("fault_unsubscribe", shown("digest/footer.hbs", text));
    let shown = shown("digest/text.hbs", "{{reader.unsubscribe}}");
    assert!(
        shown.contains("lacks the sender's postal address"),
        "{shown}"
    );
}

#[test]
fn styles_that_gmail_would_drop() {
    let text = format!(
        "<style data-css-inline=\"keep\">{}</style>",
        " ".repeat(16_385)
    );
    let shown = shown("mail/style-kept.hbs", &text);
    assert!(shown.contains("more than 16384 characters"), "{shown}");
}

#[test]
fn what_a_template_names_itself_is_known() {
    accepted(
        "page/error.hbs",
        "{{#each newsletter as |value key|}}{{key}}={{value}}{{/each}}{{> page/call text=status url=null label=status}}",
    );
}

#[test]
fn one_file_is_overridden_and_the_rest_kept() {
    accepted(
        "digest/story.hbs",
        "<tr><td>{{title}} {{excerpt summary 5}} {{upper title}}</td></tr>",
    );
    accepted(
        "page/error.hbs",
        "{{#each this}}{{@key}}{{/each}}{{@root.page.title}}",
    );
}
