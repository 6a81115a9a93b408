//! The press: all templates with the words of one language, ready to print.
//!
//! In go template sources and words; out comes rendered text. Strict: a field, helper or message that is not there is
//! an error with its place, never an empty spot. HTML templates escape every value, the text ones none.

use std::collections::BTreeMap;
use std::sync::Arc;

use handlebars::template::TemplateElement;
use handlebars::{
    BlockContext, Context, Handlebars, RenderContext, RenderError, Renderable, StringOutput,
    Template, TemplateError, no_escape,
};
use serde::Serialize;

use super::helpers;
use super::inlining::Inliner;
use super::joined::{joined, may_join};
use super::kept::frames::{self, Frames};
use super::markup::escape;
use super::words::Words;

/// Templates and words of one language.
pub(super) struct Press {
    pub words: Arc<Words>,
    pub inliner: Inliner,
    /// Each template as it was written, whose faults have their place.
    written: Kinds,
    /// Each with its partials laid in, which is quick.
    joined: Kinds,
    /// The digest's, with marks for its stories, and those stories.
    frames: Frames,
}

/// The templates that make HTML, and those that make text.
struct Kinds {
    html: Handlebars<'static>,
    text: Handlebars<'static>,
}

/// Parses every template, once for all languages; the faults of those that do not parse, with their names.
pub(super) fn parsed(
    sources: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Template>, Vec<(String, TemplateError)>> {
    let mut registry = Handlebars::new();
    registry.set_prevent_indent(true);
    let mut faults = Vec::new();
    for (name, source) in sources {
        if let Err(error) = registry.register_template_string(name, source) {
            faults.push((name.clone(), error));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let templates = registry.get_templates().iter();
    Ok(templates
        .map(|(name, template)| (name.clone(), template.clone()))
        .collect())
}

impl Press {
    /// The templates, as written and as parsed, with the words of a language.
    pub fn new(
        sources: &BTreeMap<String, String>,
        templates: &BTreeMap<String, Template>,
        words: Words,
    ) -> Self {
        let words = Arc::new(words);
        let mut written = Kinds::new(&words);
        for (name, template) in templates {
            written
                .of_mut(name)
                .register_template(name, template.clone());
        }
        let may = |name: &str| sources.get(name).is_some_and(|source| may_join(source));
        let find = |name: &str| written.of(name).get_template(name).filter(|_| may(name));
        Self {
            joined: join(sources, &written, &words),
            frames: Frames::new(&find),
            words,
            inliner: Inliner::default(),
            written,
        }
    }

    /// What templates are rendered with, made once for several of them.
    pub fn context(&self, view: &impl Serialize) -> Result<Context, RenderError> {
        Context::wraps(view)
    }

    /// Renders a template by its name.
    pub fn print(&self, name: &str, context: &Context) -> Result<String, RenderError> {
        let quick = self.joined.of(name).render_with_context(name, context);
        // What fails, fails again as it was written: with the name of its file and its place.
        quick.or_else(|_| self.written.of(name).render_with_context(name, context))
    }

    /// The parsed template of that name.
    pub fn template(&self, name: &str) -> Option<&Template> {
        self.written.of(name).get_template(name)
    }

    /// The frame of a digest's template as it is for one issue; `None` where its stories cannot be told apart.
    pub fn frame(&self, name: &str, context: &Context) -> Option<Template> {
        let frame = self.frames.frame(name)?;
        let registry = self.joined.of(name);
        let say = |element: &TemplateElement| rendered(element, registry, context, None).ok();
        Some(frames::for_the_issue(frame, &say))
    }

    /// Renders a frame of that name; `None` where it fails.
    pub fn print_frame(&self, name: &str, frame: &Template, context: &Context) -> Option<String> {
        rendered(frame, self.joined.of(name), context, None).ok()
    }

    /// Renders the story that is the lead of the context, by a template of that name; `None` where it cannot be told
    /// apart, or fails.
    pub fn print_story(&self, name: &str, context: &Context) -> Option<String> {
        let story = self.frames.story(name)?;
        rendered(story, self.joined.of(name), context, Some("lead")).ok()
    }
}

/// Renders a part of a template that sees the whole, or one field of it.
fn rendered(
    part: &impl Renderable,
    registry: &Handlebars<'_>,
    context: &Context,
    field: Option<&str>,
) -> Result<String, RenderError> {
    let mut render = RenderContext::new(None);
    if let Some(field) = field {
        let mut block = BlockContext::new();
        block.base_path_mut().push(field.to_owned());
        render.push_block(block);
    }
    let mut out = StringOutput::new();
    part.render(registry, context, &mut render, &mut out)?;
    Ok(out.into_string()?)
}

impl Kinds {
    fn new(words: &Arc<Words>) -> Self {
        let (mut html, mut text) = (registry(words), registry(words));
        html.register_escape_fn(escape);
        text.register_escape_fn(no_escape);
        frames::register(&mut html, true);
        frames::register(&mut text, false);
        Self { html, text }
    }

    fn of(&self, name: &str) -> &Handlebars<'static> {
        match is_text(name) {
            true => &self.text,
            false => &self.html,
        }
    }

    fn of_mut(&mut self, name: &str) -> &mut Handlebars<'static> {
        match is_text(name) {
            true => &mut self.text,
            false => &mut self.html,
        }
    }
}

/// The same templates with their partials laid in, where that can be done.
fn join(templates: &BTreeMap<String, String>, written: &Kinds, words: &Arc<Words>) -> Kinds {
    let mut made = Kinds::new(words);
    let may = |name: &str| templates.get(name).is_some_and(|source| may_join(source));
    for name in templates.keys() {
        let of_kind = written.of(name);
        let find = |name: &str| of_kind.get_template(name).filter(|_| may(name));
        if let Some(template) = of_kind.get_template(name) {
            let template = match may(name) {
                true => joined(template, &find),
                false => template.clone(),
            };
            made.of_mut(name).register_template(name, template);
        }
    }
    made
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
    helpers::register(&mut registry, words);
    registry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::files::{Files, Overrides, resolve};
    use crate::compose::trials;
    use crate::model::Language;

    fn press(files: &Files, tag: &str) -> Press {
        press_of(&files.templates, files, tag)
    }

    fn press_of(sources: &BTreeMap<String, String>, files: &Files, tag: &str) -> Press {
        let language = Language::parse(tag).unwrap();
        let words = Words::read(&language, &files.words[&language]);
        let templates = parsed(sources).unwrap_or_else(|_| panic!("a template does not parse"));
        Press::new(
            sources,
            &templates,
            words.unwrap_or_else(|_| panic!("no words")),
        )
    }

    #[test]
    fn templates_say_the_same_with_their_partials_laid_in() {
        let files = resolve(&Overrides::default()).unwrap();
        for press in ["nl", "en"].map(|tag| press(&files, tag)) {
            for (name, view) in trials::views(&press).unwrap() {
                let written = press.written.of(name).render(name, &view).unwrap();
                let joined = press.joined.of(name).render(name, &view).unwrap();
                assert_eq!(written, joined, "{name}");
            }
            let left = |name: &str| {
                let template = press.joined.of(name).get_template(name).unwrap();
                format!("{template:?}").matches("PartialExpression").count()
            };
            assert_eq!(left("digest/html") + left("digest/text"), 0);
        }
    }

    #[test]
    fn a_partial_that_looks_up_stays_a_call() {
        let templates = [
            (
                "digest/html",
                "{{#each a}}{{> digest/up}}{{> digest/down}}{{> digest/self}}{{/each}}",
            ),
            ("digest/up", "[{{../../b}}]"),
            ("digest/down", "({{@index}} {{this}})"),
            (
                "digest/self",
                "{{#if @last}}{{else}}{{> digest/down}}{{/if}}",
            ),
        ];
        let templates = templates.map(|(name, source)| (name.to_owned(), source.to_owned()));
        let files = resolve(&Overrides::default()).unwrap();
        let press = press_of(&templates.into(), &files, "nl");
        let view = serde_json::json!({"a": ["x", "y"], "b": "z"});
        let written = press.written.of("").render("digest/html", &view).unwrap();
        let context = press.context(&view).unwrap();
        assert_eq!(press.print("digest/html", &context).unwrap(), written);
        assert!(
            written.contains("(0 x)(0 x)") && written.contains("(1 y)"),
            "{written}"
        );
    }
}
