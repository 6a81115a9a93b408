//! Reads the parsed templates for names that nothing answers to: fields, helpers, partials, messages.
//!
//! In go a parsed template, its source and the names there are; out come diagnostics with a caret. Rendering with
//! samples finds only what the samples reach; this finds a slip in any branch.

use std::collections::BTreeSet;

use handlebars::template::{BlockParam, HelperTemplate, Parameter, TemplateElement};
use handlebars::{Path, PathSeg, Template};
use serde_json::Value;

use super::files::{nearest, shown_path};
use super::helpers::{BUILT_IN_HELPERS, OWN_HELPERS};
use super::words::Words;
use crate::model::Diagnostic;

/// The names that templates may use.
pub(super) struct Names<'a> {
    /// Every field of every view, whatever its depth.
    pub fields: BTreeSet<String>,
    /// Template names, for partials.
    pub templates: BTreeSet<String>,
    pub words: &'a Words,
}

impl Names<'_> {
    /// Adds the keys of a view, at every depth.
    pub fn learn_fields(&mut self, view: &Value) {
        match view {
            Value::Object(map) => {
                for (key, value) in map {
                    self.fields.insert(key.clone());
                    self.learn_fields(value);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.learn_fields(value)),
            _ => {}
        }
    }

    /// Adds what a template itself gives names to: block parameters, arguments of partials, inline partials.
    pub fn learn_template(&mut self, template: &Template) {
        for element in &template.elements {
            match element {
                TemplateElement::HelperBlock(helper) => {
                    match &helper.block_param {
                        Some(BlockParam::Single(one)) => self.learn_name(one),
                        Some(BlockParam::Pair((one, other))) => {
                            self.learn_name(one);
                            self.learn_name(other);
                        }
                        _ => {}
                    }
                    let inner = [&helper.template, &helper.inverse];
                    inner
                        .into_iter()
                        .flatten()
                        .for_each(|t| self.learn_template(t));
                }
                TemplateElement::PartialExpression(partial)
                | TemplateElement::PartialBlock(partial) => {
                    self.fields.extend(partial.hash.keys().cloned());
                    partial.template.iter().for_each(|t| self.learn_template(t));
                }
                TemplateElement::DecoratorBlock(decorator) => {
                    if let Some(Parameter::Literal(Value::String(name))) = decorator.params.first()
                    {
                        self.templates.insert(name.clone());
                    }
                    decorator
                        .template
                        .iter()
                        .for_each(|t| self.learn_template(t));
                }
                _ => {}
            }
        }
    }
}

impl Names<'_> {
    fn learn_name(&mut self, parameter: &Parameter) {
        self.fields.extend(parameter.as_name().map(str::to_owned));
    }
}

/// The names a template uses and nothing answers to.
pub(super) fn unknown(
    name: &str,
    source: &str,
    template: &Template,
    names: &Names,
) -> Vec<Diagnostic> {
    let mut reader = Reader {
        name,
        source,
        names,
        at: 0,
        faults: Vec::new(),
    };
    reader.read(template);
    reader.faults
}

struct Reader<'a> {
    name: &'a str,
    source: &'a str,
    names: &'a Names<'a>,
    /// Where the element being read begins, in bytes.
    at: usize,
    faults: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn read(&mut self, template: &Template) {
        for (i, element) in template.elements.iter().enumerate() {
            // The parts of an else-chain carry no place of their own: theirs is their opening's.
            if let Some(mapping) = template.mapping.get(i) {
                self.at = offset(self.source, mapping.0, mapping.1);
            }
            self.element(element);
        }
    }

    fn element(&mut self, element: &TemplateElement) {
        match element {
            TemplateElement::Expression(helper) | TemplateElement::HtmlExpression(helper) => {
                self.expression(helper);
            }
            TemplateElement::HelperBlock(helper) => {
                self.helper(helper);
                let inner = [&helper.template, &helper.inverse];
                inner.into_iter().flatten().for_each(|t| self.read(t));
            }
            TemplateElement::PartialExpression(partial)
            | TemplateElement::PartialBlock(partial) => {
                if let Some(name) = partial.name.as_name() {
                    self.partial(name);
                }
                partial.params.iter().for_each(|p| self.parameter(p));
                partial.hash.values().for_each(|p| self.parameter(p));
                partial.template.iter().for_each(|t| self.read(t));
            }
            TemplateElement::DecoratorBlock(decorator) => {
                decorator.template.iter().for_each(|t| self.read(t));
            }
            _ => {}
        }
    }

    /// `{{name}}` is a helper or a field; with parameters it is a helper.
    fn expression(&mut self, helper: &HelperTemplate) {
        let bare = helper.params.is_empty() && helper.hash.is_empty();
        if bare && !helper.name.as_name().is_some_and(is_helper) {
            self.parameter(&helper.name);
        } else {
            self.helper(helper);
        }
    }

    fn helper(&mut self, helper: &HelperTemplate) {
        let name = helper.name.as_name().unwrap_or_default();
        if !is_helper(name) {
            let all = || OWN_HELPERS.into_iter().chain(BUILT_IN_HELPERS);
            let list = all().collect::<Vec<_>>().join("`, `");
            self.fault(
                "helper",
                name,
                nearest(name, all()),
                &format!("helpers: `{list}`"),
            );
        }
        if let ("t", Some(Parameter::Literal(Value::String(id)))) = (name, helper.params.first()) {
            self.message(id);
        }
        helper.params.iter().for_each(|p| self.parameter(p));
        helper.hash.values().for_each(|p| self.parameter(p));
    }

    fn message(&mut self, id: &str) {
        let words = self.names.words;
        if !words.has(id) {
            let file = super::words::path_of(&words.language);
            self.fault(
                "message",
                id,
                nearest(id, words.ids()),
                &format!("add it to `{file}`"),
            );
        }
    }

    fn partial(&mut self, name: &str) {
        let templates = &self.names.templates;
        if name != "@partial-block" && !templates.contains(name) {
            let near = nearest(name, templates.iter().map(String::as_str));
            self.fault(
                "partial",
                name,
                near,
                "a partial is a file of `templates/`, without `.hbs`",
            );
        }
    }

    fn parameter(&mut self, parameter: &Parameter) {
        match parameter {
            Parameter::Path(Path::Relative((segments, _))) => {
                for segment in segments {
                    if let PathSeg::Named(name) = segment {
                        self.field(name);
                    }
                }
            }
            Parameter::Subexpression(inner) => self.element(&inner.element),
            _ => {}
        }
    }

    fn field(&mut self, name: &str) {
        let fields = &self.names.fields;
        let known =
            name == "this" || name.bytes().all(|b| b.is_ascii_digit()) || fields.contains(name);
        if !known {
            let near = nearest(name, fields.iter().map(String::as_str));
            let list = fields.iter().map(String::as_str).collect::<Vec<_>>();
            self.fault(
                "field",
                name,
                near,
                &format!("fields: `{}`", list.join("`, `")),
            );
        }
    }

    fn fault(&mut self, kind: &str, name: &str, near: Option<&str>, otherwise: &str) {
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => otherwise.to_owned(),
        };
        self.faults.push(
            Diagnostic::error(format!("unknown {kind} `{name}`"))
                .in_file(shown_path(&format!("{}.hbs", self.name)))
                .at_span(self.source, word_from(self.source, self.at, name))
                .hint(hint),
        );
    }
}

fn is_helper(name: &str) -> bool {
    OWN_HELPERS.contains(&name) || BUILT_IN_HELPERS.contains(&name)
}

/// Byte offset of a line and column, both from 1.
pub(super) fn offset(source: &str, line: usize, column: usize) -> usize {
    let before: usize = source
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let within: usize = source[before..]
        .chars()
        .take(column.saturating_sub(1))
        .map(char::len_utf8)
        .sum();
    before + within
}

/// Byte range of the first whole word `word` at or after `from`; that very place if it is not there.
pub(super) fn word_from(source: &str, from: usize, word: &str) -> std::ops::Range<usize> {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let whole = |at: &usize| {
        let before = source[..*at].chars().next_back();
        let after = source[at + word.len()..].chars().next();
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    };
    source[from..]
        .match_indices(word)
        .map(|(at, _)| from + at)
        .find(whole)
        .map_or(from..from, |at| at..at + word.len())
}
