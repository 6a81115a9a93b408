//! Tries words and templates before anything is sent.
//!
//! In go the files; out come their faults as diagnostics. Each template is read for unknown names, then rendered with
//! made-up issues in the press's language. A digest that does not say how to leave, or who sends it, is a fault too.

use std::collections::BTreeSet;

use handlebars::{RenderError, RenderErrorReason, TemplateError, TemplateErrorReason};
use jiff::civil::date;
use serde_json::Value;

use super::files::{Files, nearest, shown_path};
use super::names::{self, Names, offset, word_from};
use super::pages::{self, IssueListing, Neighbours, TopicListing, Unsubscribe};
use super::press::Press;
use super::words::{Words, WordsError, ids_in, path_of};
use super::{archive, digest, error::Error, sample};
use crate::model::{Diagnostic, Issue, Language, Post, Slot, Topic};

/// Characters of all `<style>` together that Gmail keeps (it drops a longer block whole).
const STYLE_LENGTH: usize = 16_384;

/// Finds what the words of each language lack, beside what is built in for English.
pub(super) fn words(files: &Files) -> Result<(), Vec<Diagnostic>> {
    let demanded: Vec<(String, String)> = files
        .words
        .iter()
        .filter(|(language, _)| language.as_str() == super::LAST_RESORT)
        .flat_map(|(_, layers)| layers.first())
        .flat_map(|layer| {
            ids_in(&layer.text)
                .into_iter()
                .map(|id| (line_of(&layer.text, &id), id))
        })
        .map(|(line, id)| (id, line))
        .collect();
    let mut faults = Vec::new();
    for (language, layers) in &files.words {
        let words = match Words::read(language, layers) {
            Ok(words) => words,
            Err(found) => {
                faults.extend(found);
                continue;
            }
        };
        for (id, english) in demanded.iter().filter(|(id, _)| !words.has(id)) {
            faults.push(
                Diagnostic::error(format!("the message `{id}` is missing"))
                    .in_file(path_of(language))
                    .hint(format!("in English it is `{english}`")),
            );
        }
        faults.extend(unread(files, language, &demanded));
        faults.extend(unsaid(
            &words,
            layers.last().map_or("", |layer| &layer.text),
        ));
    }
    none(faults)
}

/// The user's messages that no template and no rule asks for: slips of the pen.
fn unread(files: &Files, language: &Language, demanded: &[(String, String)]) -> Vec<Diagnostic> {
    let own = files.words[language].iter().filter(|layer| layer.own);
    let mut faults = Vec::new();
    for text in own.map(|layer| layer.text.as_str()) {
        for id in ids_in(text) {
            let asked = demanded.iter().any(|(known, _)| *known == id)
                || files.templates.values().any(|source| source.contains(&id))
                || text.contains(&format!("{{ {id} }}"));
            if !asked {
                let known = demanded.iter().map(|(known, _)| known.as_str());
                let hint = match nearest(&id, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        format!("a template asks for it by `{{{{t \"{id}\"}}}}`; else take it out")
                    }
                };
                faults.push(
                    Diagnostic::error(format!("nothing asks for the message `{id}`"))
                        .in_file(path_of(language))
                        .at_span(text, word_from(text, 0, &id))
                        .hint(hint),
                );
            }
        }
    }
    faults
}

/// Greetings and dates that cannot be said: no template asks for those, so no template would find out.
fn unsaid(words: &Words, text: &str) -> Vec<Diagnostic> {
    [0, 12, 18]
        .into_iter()
        .flat_map(|hour| {
            [
                words.greeting(Some("Jan"), hour),
                words.greeting(None, hour),
            ]
        })
        .chain([words.since(None), words.since(Some(date(2026, 9, 12)))])
        .filter_map(Result::err)
        .filter(|error| matches!(error, WordsError::Broken { .. }))
        .map(|error| broken_words(&error, &words.language, text))
        .collect()
}

fn broken_words(error: &WordsError, language: &Language, text: &str) -> Diagnostic {
    let (WordsError::Missing { id, .. } | WordsError::Broken { id, .. }) = error;
    Diagnostic::error(error.to_string())
        .in_file(path_of(language))
        .at_span(text, word_from(text, 0, id))
        .hint("the message of `words/en.ftl` shows which values there are")
}

/// A template that does not parse.
pub(super) fn syntax(files: &Files, name: &str, error: &TemplateError) -> Diagnostic {
    let source = files.templates.get(name).map_or("", String::as_str);
    let (message, hint) = match error.reason() {
        TemplateErrorReason::MismatchingClosedHelper(open, close)
        | TemplateErrorReason::MismatchingClosedDecorator(open, close) => (
            format!("`{open}` was opened, but `{close}` is closing"),
            format!("close it with `{{{{/{open}}}}}`"),
        ),
        _ => (
            "this is no Handlebars syntax".to_owned(),
            "each `{{` needs its `}}`, and each `{{#name}}` its `{{/name}}`".to_owned(),
        ),
    };
    let fault = Diagnostic::error(message)
        .in_file(shown_path(&format!("{name}.hbs")))
        .hint(hint);
    match error.pos() {
        Some((line, column)) => fault.at(source, line, column),
        None => fault,
    }
}

/// Reads every template for unknown names and renders each with samples.
pub(super) fn templates(files: &Files, press: &Press) -> Result<(), Vec<Diagnostic>> {
    let views = views(press).map_err(|error| vec![unviewed(&error)])?;
    let mut names = Names {
        fields: BTreeSet::new(),
        templates: files.templates.keys().cloned().collect(),
        words: &press.words,
    };
    views.iter().for_each(|(_, view)| names.learn_fields(view));
    let parsed = || {
        files
            .templates
            .iter()
            .filter_map(|(name, source)| Some((name, source, press.template(name)?)))
    };
    parsed().for_each(|(_, _, template)| names.learn_template(template));
    let unknown = parsed()
        .flat_map(|(name, source, template)| names::unknown(name, source, template, &names))
        .collect();
    none(unknown)?;
    let mut faults: Vec<Diagnostic> = Vec::new();
    for (name, view) in &views {
        let fault = match press.print(name, view) {
            Ok(rendered) => incomplete(name, &rendered),
            Err(error) => Some(unrendered(files, press, &error)),
        };
        faults.extend(fault.filter(|fault| !faults.contains(fault)));
    }
    none(faults)
}

/// What each template is tried with: its name and a view.
fn views(press: &Press) -> Result<Vec<(&'static str, Value)>, Error> {
    let issues = sample::issues().map_err(|error| unserialised("the sample", &error))?;
    let mut views = Vec::new();
    let mut add = |name, view: Result<Value, serde_json::Error>| match view {
        Ok(view) => {
            views.push((name, view));
            Ok(())
        }
        Err(error) => Err(unserialised(name, &error)),
    };
    for issue in &issues {
        let posts: Vec<&Post> = issue.posts.iter().map(|(_, post)| post).collect();
        for shown in [posts.len(), 1] {
            let view = digest::view(press, issue, &posts, shown, "Onderwerp".into())?;
            add("digest/html", serde_json::to_value(&view))?;
            add("digest/text", serde_json::to_value(&view))?;
        }
        let masthead = &issue.masthead;
        for around in [Neighbours::default(), both_sides(issue)] {
            let view = archive::issue_view(press, issue, around)?;
            add("page/issue", serde_json::to_value(view))?;
        }
        let style = archive::feed_style_view(press, masthead)?;
        add("page/text-feed", serde_json::to_value(style))?;
        let topics: Vec<TopicListing> = posts
            .iter()
            .flat_map(|post| &post.topics)
            .map(listed)
            .collect();
        if let Some(TopicListing { topic, .. }) = topics.first() {
            let view = archive::topic_view(press, masthead, topic, &posts)?;
            add("page/topic", serde_json::to_value(view))?;
        }
        for post in posts {
            let view = pages::post_view(press, masthead, post)?;
            add("page/post", serde_json::to_value(view))?;
        }
        for listed in [vec![], vec![listing(issue)]] {
            let view = archive::index_view(press, masthead, &listed, &topics)?;
            add("page/index", serde_json::to_value(view))?;
        }
        let (address, action) = ("j…@example.nl", "/unsubscribe?t=0");
        for state in [
            Unsubscribe::Ask { address, action },
            Unsubscribe::Done { address },
            Unsubscribe::Invalid,
        ] {
            let view = pages::unsubscribe_view(press, masthead, state)?;
            add("page/unsubscribe", serde_json::to_value(view))?;
        }
        for status in [404, 500] {
            let view = pages::error_view(press, masthead, status)?;
            add("page/error", serde_json::to_value(view))?;
        }
    }
    Ok(views)
}

fn both_sides(issue: &Issue) -> Neighbours {
    Neighbours {
        earlier: Some(issue.number),
        later: Some(issue.number),
    }
}

fn listed(topic: &Topic) -> TopicListing {
    TopicListing {
        topic: topic.clone(),
        stories: 1,
    }
}

fn listing(issue: &Issue) -> IssueListing {
    IssueListing {
        number: issue.number,
        date: issue.date,
        lead: issue
            .posts
            .first()
            .map_or(String::new(), |(_, post)| post.title.clone()),
        stories: issue.posts.len(),
    }
}

fn unserialised(what: &str, error: &serde_json::Error) -> Error {
    Error::Template {
        template: what.to_owned(),
        reason: error.to_string(),
    }
}

/// A view that could not be made: a message that asks for a value nobody gives.
fn unviewed(error: &Error) -> Diagnostic {
    Diagnostic::error(error.to_string())
}

/// A digest that lacks what the law and the reader demand, or that Gmail would strip of its styles.
fn incomplete(name: &str, rendered: &str) -> Option<Diagnostic> {
    if !name.starts_with("digest/") {
        return None;
    }
    let issue = sample::issues().ok()?.into_iter().next()?;
    let fault = |message: &str, hint: &str| {
        Diagnostic::error(message)
            .in_file(shown_path(&format!("{name}.hbs")))
            .hint(hint)
    };
    if !rendered.contains(&Slot::Unsubscribe.token(&issue.nonce)) {
        return Some(fault(
            "this digest does not tell how to unsubscribe",
            "put `{{reader.unsubscribe}}` behind the words `{{t \"unsubscribe\"}}`",
        ));
    }
    if !rendered.contains(&issue.masthead.address) {
        return Some(fault(
            "this digest lacks the sender's postal address, which the law demands",
            "put `{{newsletter.address}}` at its foot",
        ));
    }
    let styles: usize = rendered
        .split("<style")
        .skip(1)
        .filter_map(|rest| rest.split("</style>").next())
        .filter(|style| style.contains("data-css-inline"))
        .map(|style| style.chars().count())
        .sum();
    (styles > STYLE_LENGTH).then(|| {
        fault(
            "the styles that stay in this digest have more than 16384 characters",
            "Gmail drops them all: move rules to `digest/style.hbs`, which is inlined",
        )
    })
}

/// A template that fails with samples.
fn unrendered(files: &Files, press: &Press, error: &RenderError) -> Diagnostic {
    if let RenderErrorReason::NestedError(nested) = error.reason()
        && let Some(words) = nested.downcast_ref::<WordsError>()
        && let Some(text) = own_words(files, press, words)
    {
        return broken_words(words, &press.words.language, text);
    }
    let name = error.template_name.as_deref().unwrap_or_default();
    let source = files.templates.get(name).map_or("", String::as_str);
    let (message, word) = match error.reason() {
        RenderErrorReason::MissingVariable(Some(field)) => {
            (format!("there is no field `{field}` here"), field.as_str())
        }
        RenderErrorReason::NestedError(nested) => (nested.to_string(), "t"),
        other => (other.to_string().to_lowercase(), ""),
    };
    let fault = Diagnostic::error(message)
        .in_file(shown_path(&format!("{name}.hbs")))
        .hint("the built-in template of that name shows what there is; `@root.` reaches the whole");
    match (error.line_no, error.column_no) {
        (Some(line), Some(column)) => {
            let at = offset(source, line, column);
            fault.at_span(source, word_from(source, at, word))
        }
        _ => fault,
    }
}

/// The user's own file in which a broken message stands: then that file is to blame, not the template that asks for it.
fn own_words<'a>(files: &'a Files, press: &Press, error: &WordsError) -> Option<&'a str> {
    let (WordsError::Missing { id, .. } | WordsError::Broken { id, .. }) = error;
    let layers = files.words.get(&press.words.language)?;
    layers
        .iter()
        .filter(|layer| layer.own && !line_of(&layer.text, id).is_empty())
        .map(|layer| layer.text.as_str())
        .next_back()
}

/// The first line of a message; empty if the text has none of that name.
fn line_of(text: &str, id: &str) -> String {
    text.lines()
        .find(|line| {
            line.strip_prefix(id)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        })
        .unwrap_or_default()
        .to_owned()
}

fn none(faults: Vec<Diagnostic>) -> Result<(), Vec<Diagnostic>> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}
