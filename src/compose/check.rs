//! Tries every template before anything is sent.
//!
//! In go the files and a press; out come their faults as diagnostics. Each template is read for unknown names, then rendered with
//! made-up issues in the press's language. A digest that does not say how to leave, or who sends it, is a fault too.

use std::collections::BTreeSet;

use handlebars::{RenderError, RenderErrorReason, TemplateError, TemplateErrorReason};

use super::error::Error;
use super::files::{Files, shown_path};
use super::names::{self, Names, offset, word_from};
use super::press::Press;
use super::trials::views;
use super::vocabulary::{broken_words, line_of};
use super::words::WordsError;
use super::{letters, sample};
use crate::model::{Diagnostic, Slot};

/// Characters of all `<style>` together that Gmail keeps (it drops a longer block whole).
const STYLE_LENGTH: usize = 16_384;

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
        let printed = press
            .context(view)
            .and_then(|context| press.print(name, &context));
        let fault = match printed {
            Ok(rendered) => incomplete(name, &rendered),
            Err(error) => Some(unrendered(files, press, &error)),
        };
        faults.extend(fault.filter(|fault| !faults.contains(fault)));
    }
    none(faults)
}

/// A view that could not be made: a message that asks for a value nobody gives.
fn unviewed(error: &Error) -> Diagnostic {
    Diagnostic::error(error.to_string())
}

/// The folders of mails: what the law and the reader demand of them is looked for.
const MAILS: [&str; 4] = ["confirm/", "digest/", "goodbye/", "welcome/"];

/// A mail that lacks what the law and the reader demand, or that Gmail would strip of its styles.
fn incomplete(name: &str, rendered: &str) -> Option<Diagnostic> {
    if !MAILS.iter().any(|folder| name.starts_with(folder)) {
        return None;
    }
    let issue = sample::issues().ok()?.into_iter().next()?;
    let fault = |message: &str, hint: &str| {
        Diagnostic::error(message)
            .in_file(shown_path(&format!("{name}.hbs")))
            .hint(hint)
    };
    let digest = name.starts_with("digest/");
    if digest && !rendered.contains(&Slot::Unsubscribe.token(&issue.nonce)) {
        return Some(fault(
            "this digest does not tell how to unsubscribe",
            "put `{{reader.unsubscribe}}` behind the words `{{t \"unsubscribe\"}}`",
        ));
    }
    if name.starts_with("welcome/") && !has_link(rendered, letters::SAMPLE_UNSUBSCRIBE) {
        return Some(fault(
            "this letter does not tell how to unsubscribe",
            "put `{{unsubscribe}}` behind the words `{{t \"unsubscribe\"}}`",
        ));
    }
    if name.starts_with("confirm/") && !has_link(rendered, letters::SAMPLE_CONFIRM) {
        return Some(fault(
            "this letter has no link to confirm with",
            "`{{link}}` is where the button leads",
        ));
    }
    if !rendered.contains(&issue.masthead.address) {
        let what = if digest { "digest" } else { "letter" };
        return Some(fault(
            &format!("this {what} lacks the sender's postal address, which the law demands"),
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
            "the styles that stay in this mail have more than 16384 characters",
            "Gmail drops them all: move rules to `mail/style.hbs`, which is inlined",
        )
    })
}

/// Whether the address stands in a rendered template, escaped or not.
fn has_link(rendered: &str, address: &str) -> bool {
    rendered.contains(address) || rendered.contains(&super::markup::escape(address))
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

/// `Ok` where there are no faults.
pub(super) fn none(faults: Vec<Diagnostic>) -> Result<(), Vec<Diagnostic>> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}
