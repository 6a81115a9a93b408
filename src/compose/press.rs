//! The press: all templates with the words of one language, ready to print.
//!
//! In go template sources and words; out comes rendered text. Strict: a field, helper or message that is not there is
//! an error with its place, never an empty spot. HTML templates escape every value, the text ones none.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluent_bundle::FluentValue;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy, Output, RenderContext,
    RenderError, RenderErrorReason, Renderable, ScopedJson, TemplateError, no_escape,
};
use serde::Serialize;
use serde_json::Value;

use super::markup::escape;
use super::prose::excerpt;
use super::words::Words;

/// The helpers a template may call beside Handlebars' own `each`, `with`, `lookup`, `eq`, `and`, `or`, `not` and their kin.
pub(super) const OWN_HELPERS: [&str; 5] = ["excerpt", "if", "t", "unless", "upper"];

/// Handlebars' own helpers that stay.
pub(super) const BUILT_IN_HELPERS: [&str; 14] = [
    "and", "each", "eq", "gt", "gte", "len", "lookup", "lt", "lte", "ne", "not", "or", "raw",
    "with",
];

/// Templates and words of one language.
pub(super) struct Press {
    pub words: Arc<Words>,
    html: Handlebars<'static>,
    text: Handlebars<'static>,
}

impl Press {
    /// Parses every template; the faults of those that do not parse, with their names.
    pub fn new(
        templates: &BTreeMap<String, String>,
        words: Words,
    ) -> Result<Self, Vec<(String, TemplateError)>> {
        let words = Arc::new(words);
        let mut html = registry(&words);
        html.register_escape_fn(escape);
        let mut text = registry(&words);
        text.register_escape_fn(no_escape);
        let mut faults = Vec::new();
        for (name, source) in templates {
            let registry = if is_text(name) { &mut text } else { &mut html };
            if let Err(error) = registry.register_template_string(name, source) {
                faults.push((name.clone(), error));
            }
        }
        if faults.is_empty() {
            Ok(Self { words, html, text })
        } else {
            Err(faults)
        }
    }

    /// Renders a template by its name.
    pub fn print(&self, name: &str, view: &impl Serialize) -> Result<String, RenderError> {
        self.registry(name).render(name, view)
    }

    /// The parsed template of that name.
    pub fn template(&self, name: &str) -> Option<&handlebars::Template> {
        self.registry(name).get_template(name)
    }

    fn registry(&self, name: &str) -> &Handlebars<'static> {
        if is_text(name) {
            &self.text
        } else {
            &self.html
        }
    }
}

/// Whether a template makes plain text: its file's name begins with `text`.
pub(super) fn is_text(name: &str) -> bool {
    name.rsplit('/')
        .next()
        .is_some_and(|file| file.starts_with("text"))
}

fn registry(words: &Arc<Words>) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.set_prevent_indent(true);
    registry.unregister_helper("log");
    registry.register_helper("t", Box::new(Say(Arc::clone(words))));
    registry.register_helper("if", Box::new(Choose(true)));
    registry.register_helper("unless", Box::new(Choose(false)));
    registry.register_helper("upper", Box::new(Upper));
    registry.register_helper("excerpt", Box::new(Excerpt));
    registry
}

/// `{{t "message" name=value}}`: says a message.
struct Say(Arc<Words>);

impl HelperDef for Say {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let id = text_param(helper, "t")?;
        let mut args = Vec::with_capacity(helper.hash().len());
        for (name, value) in helper.hash() {
            if value.is_value_missing() {
                return Err(RenderError::strict_error(value.relative_path()));
            }
            args.push((*name, fluent_value(value.value())));
        }
        let said = self.0.say(id, &args);
        said.map(|text| ScopedJson::Derived(Value::String(text)))
            .map_err(|error| RenderErrorReason::NestedError(Box::new(error)).into())
    }
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
        if value.is_value_missing() {
            return Err(RenderError::strict_error(value.relative_path()));
        }
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

/// `{{upper text}}`: in capitals, for plain text that has no other emphasis.
struct Upper;

impl HelperDef for Upper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let text = text_param(helper, "upper")?.to_uppercase();
        Ok(ScopedJson::Derived(Value::String(text)))
    }
}

/// `{{excerpt text 20}}`: at most so many words, to the end of a sentence where one fits.
struct Excerpt;

impl HelperDef for Excerpt {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let text = text_param(helper, "excerpt")?;
        let words = helper
            .param(1)
            .and_then(|words| words.value().as_u64())
            .and_then(|words| usize::try_from(words).ok())
            .ok_or(RenderErrorReason::ParamNotFoundForIndex("excerpt", 1))?;
        Ok(ScopedJson::Derived(Value::String(excerpt(text, words))))
    }
}

/// The first parameter as text; null is empty.
fn text_param<'h>(helper: &'h Helper<'_>, name: &'static str) -> Result<&'h str, RenderError> {
    let param = helper
        .param(0)
        .ok_or(RenderErrorReason::ParamNotFoundForIndex(name, 0))?;
    if param.is_value_missing() {
        return Err(RenderError::strict_error(param.relative_path()));
    }
    match param.value() {
        Value::String(text) => Ok(text),
        Value::Null => Ok(""),
        _ => Err(RenderErrorReason::InvalidParamType("text").into()),
    }
}
