//! The helpers that a template may call, beside Handlebars' own `each`, `with`, `lookup`, `eq` and their kin.
//!
//! In go the words of one language; out come helpers that say messages, dates, numbers and plurals in it, shorten texts
//! and make links absolute. Each refuses a field that does not exist, which Handlebars' own would take for empty.

use std::sync::Arc;

use fluent_bundle::FluentValue;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy, Output, PathAndJson,
    RenderContext, RenderError, RenderErrorReason, Renderable, ScopedJson,
};
use jiff::civil::Date;
use serde_json::Value;

use super::phrases::DateStyle;
use super::prose::excerpt;
use super::words::{Words, WordsError};
use crate::model::absolute;

/// Ours.
pub(super) const OWN_HELPERS: [&str; 9] = [
    "absolute", "day", "digits", "excerpt", "if", "plural", "t", "unless", "upper",
];

/// Handlebars' own that stay.
pub(super) const BUILT_IN_HELPERS: [&str; 14] = [
    "and", "each", "eq", "gt", "gte", "len", "lookup", "lt", "lte", "ne", "not", "or", "raw",
    "with",
];

/// Gives a registry its helpers.
pub(super) fn register(registry: &mut Handlebars<'static>, words: &Arc<Words>) {
    registry.unregister_helper("log");
    registry.register_helper("if", Box::new(Choose(true)));
    registry.register_helper("unless", Box::new(Choose(false)));
    let mut add = |name, say: Say| {
        let words = Arc::clone(words);
        registry.register_helper(name, Box::new(Speaker { words, say }));
    };
    add("t", message);
    add("day", day);
    add("digits", digits);
    add("plural", plural);
    add("upper", |call| Ok(call.text(0)?.to_uppercase()));
    add("excerpt", |call| Ok(excerpt(call.text(0)?, call.whole(1)?)));
    add("absolute", link);
}

/// What a helper was called with.
struct Call<'a, 'h, 'rc> {
    words: &'a Words,
    helper: &'h Helper<'rc>,
    /// What the whole template sees.
    root: &'a Value,
}

impl<'h> Call<'_, 'h, '_> {
    /// A parameter that must be there; `{{helper}}` alone, or a field that does not exist, is refused.
    fn value(&self, at: usize) -> Result<&'h Value, RenderError> {
        let name = self.helper.name().to_owned();
        let param = self
            .helper
            .param(at)
            .ok_or_else(|| broken(format!("`{name}` lacks what it should be called with")))?;
        existing(param)?;
        Ok(param.value())
    }

    /// A parameter as text; null is empty.
    fn text(&self, at: usize) -> Result<&'h str, RenderError> {
        match self.value(at)? {
            Value::String(text) => Ok(text),
            Value::Null => Ok(""),
            other => Err(self.refused(other, "a text")),
        }
    }

    /// A parameter as a whole number from 0.
    fn whole(&self, at: usize) -> Result<usize, RenderError> {
        let value = self.value(at)?;
        let number = value.as_u64().and_then(|n| usize::try_from(n).ok());
        number.ok_or_else(|| self.refused(value, "a whole number"))
    }

    fn refused(&self, value: &Value, wanted: &str) -> RenderError {
        let name = self.helper.name();
        broken(format!("`{name}` takes {wanted}, and `{value}` is none"))
    }
}

/// Makes what a helper says.
type Say = fn(&Call) -> Result<String, RenderError>;

/// A helper that says something; Handlebars escapes it as it escapes a field.
struct Speaker {
    words: Arc<Words>,
    say: Say,
}

impl HelperDef for Speaker {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let said = (self.say)(&Call {
            words: &self.words,
            helper,
            root: context.data(),
        })?;
        Ok(ScopedJson::Derived(Value::String(said)))
    }
}

/// `{{t "message" name=value}}`: says a message.
fn message(call: &Call) -> Result<String, RenderError> {
    let id = call.text(0)?;
    let mut args = Vec::with_capacity(call.helper.hash().len());
    for (name, value) in call.helper.hash() {
        existing(value)?;
        args.push((*name, fluent_value(value.value())));
    }
    call.words.say(id, &args).map_err(unsaid)
}

/// `{{day post.iso_date "full"}}`: a date `2026-09-12` as the language writes it: `short`, `long` or `full`.
fn day(call: &Call) -> Result<String, RenderError> {
    let typed = call.text(0)?;
    if typed.is_empty() {
        return Ok(String::new());
    }
    let date: Date = typed
        .parse()
        .map_err(|_| broken(format!("`{typed}` is no date such as `2026-09-12`")))?;
    let style = match call.text(1)? {
        "short" => DateStyle::Short,
        "long" => DateStyle::Long,
        "full" => DateStyle::Full,
        other => {
            let known = "`short`, `long` or `full`";
            return Err(broken(format!("`{other}` is no style of dates: {known}")));
        }
    };
    call.words.date(style, date).map_err(unsaid)
}

/// `{{digits 12345}}`: a number as the language writes it: 12.345 in Dutch, 12,345 in English.
fn digits(call: &Call) -> Result<String, RenderError> {
    let value = call.value(0)?;
    if !value.is_number() {
        return Err(call.refused(value, "a number"));
    }
    call.words.number(&value.to_string()).map_err(unsaid)
}

/// `{{plural count one="verhaal" other="verhalen"}}`: the word that the language's plural rules choose.
fn plural(call: &Call) -> Result<String, RenderError> {
    let value = call.value(0)?;
    let Some(count) = value.as_i64() else {
        return Err(call.refused(value, "a whole number"));
    };
    let category = call.words.plural(count).map_err(unsaid)?;
    let word = |name: &str| call.helper.hash_get(name);
    let Some(word) = word(&category).or_else(|| word("other")) else {
        return Err(broken("`plural` lacks `other=\"…\"`".to_owned()));
    };
    existing(word)?;
    Ok(word.value().as_str().unwrap_or_default().to_owned())
}

/// `{{absolute "/over-ons/"}}`: an address of the newsletter's own website made absolute; others stay as they are.
fn link(call: &Call) -> Result<String, RenderError> {
    let base = call.root.pointer("/newsletter/url").and_then(Value::as_str);
    Ok(absolute(base.unwrap_or_default(), call.text(0)?))
}

fn fluent_value(value: &Value) -> FluentValue<'_> {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::Null => "".into(),
        other => other.to_string().into(),
    }
}

/// Refuses a field that does not exist.
fn existing(param: &PathAndJson) -> Result<(), RenderError> {
    if param.is_value_missing() {
        return Err(RenderError::strict_error(param.relative_path()));
    }
    Ok(())
}

fn unsaid(error: WordsError) -> RenderError {
    RenderErrorReason::NestedError(Box::new(error)).into()
}

/// A call that cannot be answered, in one clause.
fn broken(reason: String) -> RenderError {
    RenderErrorReason::Other(reason).into()
}

/// `{{#if field}}` and `{{#unless field}}` that refuse a field that does not exist; Handlebars' own take it for false.
struct Choose(bool);

impl HelperDef for Choose {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let value = helper
            .param(0)
            .ok_or(RenderErrorReason::ParamNotFoundForIndex("if", 0))?;
        existing(value)?;
        let branch = if value.value().is_truthy(false) == self.0 {
            helper.template()
        } else {
            helper.inverse()
        };
        match branch {
            Some(template) => template.render(registry, context, render, out),
            None => Ok(()),
        }
    }
}
