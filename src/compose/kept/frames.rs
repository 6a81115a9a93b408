//! A digest's templates without its stories: frames, in which a mark stands for each.
//!
//! In go the templates of a digest; out come frames and the templates of stories, where those can be rendered apart: where
//! they ask for nothing but their story. A frame is then made an issue's own: what is the same for the whole issue is words
//! in it already.

use std::collections::BTreeMap;

use handlebars::template::{HelperTemplate, TemplateElement};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError,
    RenderErrorReason, Template,
};

use super::asks;
use crate::compose::joined::joined;
use crate::compose::outline::Form;

/// The helper that writes a mark. No template can name it: `check` refuses helpers that are not in its list.
const MARK: &str = "kept";

/// The templates of a digest's parts, each with those of its stories.
const DIGESTS: [(&str, [(&str, &str); 2]); 2] = [
    (HTML, [(LEAD, "lead"), (STORY, "story")]),
    (TEXT, [(TEXT_LEAD, "lead"), (TEXT_STORY, "story")]),
];

pub(in crate::compose) const HTML: &str = "digest/html";
pub(in crate::compose) const TEXT: &str = "digest/text";
const LEAD: &str = "digest/lead";
const STORY: &str = "digest/story";
const TEXT_LEAD: &str = "digest/text-lead";
const TEXT_STORY: &str = "digest/text-story";

impl Form {
    /// The templates that tell a story in this form, as HTML and as text.
    pub(super) fn templates(self) -> [&'static str; 2] {
        match self {
            Self::Lead => [LEAD, TEXT_LEAD],
            Self::Pictured | Self::Plain => [STORY, TEXT_STORY],
        }
    }
}

/// The frames of a press, and the stories that are laid into them.
#[derive(Default)]
pub(in crate::compose) struct Frames {
    frames: BTreeMap<&'static str, Template>,
    stories: BTreeMap<&'static str, Template>,
}

impl Frames {
    /// Makes what can be made. `find` gives the templates that may be laid into others.
    pub fn new<'a>(find: &impl Fn(&str) -> Option<&'a Template>) -> Self {
        let mut made = Self::default();
        for (name, stories) in DIGESTS {
            let mut marks = BTreeMap::new();
            for (story, form) in stories {
                let told = find(story).map(|template| joined(template, find));
                let apart = told.filter(asks::for_its_story);
                if let (Some(template), Some(mark)) = (apart, mark(form)) {
                    made.stories.insert(story, template);
                    marks.insert(story, mark);
                }
            }
            if let Some(template) = find(name).filter(|_| !marks.is_empty()) {
                let or_mark = |name: &str| marks.get(name).or_else(|| find(name));
                made.frames.insert(name, joined(template, &or_mark));
            }
        }
        made
    }

    /// A template's frame.
    pub fn frame(&self, name: &str) -> Option<&Template> {
        self.frames.get(name)
    }

    /// The template of a story that can be rendered apart.
    pub fn story(&self, name: &str) -> Option<&Template> {
        self.stories.get(name)
    }
}

fn mark(form: &str) -> Option<Template> {
    Template::compile(&format!("{{{{{{{MARK} \"{form}\"}}}}}}")).ok()
}

/// A frame in which what is the same for the whole issue is words already. `say` renders an element.
pub(in crate::compose) fn for_the_issue(
    frame: &Template,
    say: &impl Fn(&TemplateElement) -> Option<String>,
) -> Template {
    let mut made = Template::new();
    let mut words = String::new();
    for element in &frame.elements {
        if asks::for_the_issue(element)
            && let Some(said) = say(element)
        {
            words.push_str(&said);
            continue;
        }
        push_words(&mut made, &mut words);
        made.elements.push(match element {
            TemplateElement::HelperBlock(block) => {
                TemplateElement::HelperBlock(Box::new(inside(block, say)))
            }
            other => other.clone(),
        });
    }
    push_words(&mut made, &mut words);
    made
}

fn push_words(made: &mut Template, words: &mut String) {
    if !words.is_empty() {
        let words = std::mem::take(words);
        made.elements.push(TemplateElement::RawString(words));
    }
}

/// The branches of a choice see what is around it; other blocks see something else.
fn inside(
    block: &HelperTemplate,
    say: &impl Fn(&TemplateElement) -> Option<String>,
) -> HelperTemplate {
    let mut block = block.clone();
    if matches!(block.name.as_name(), Some("if" | "unless")) {
        let branches = [&mut block.template, &mut block.inverse];
        for branch in branches.into_iter().flatten() {
            *branch = for_the_issue(branch, say);
        }
    }
    block
}

/// What every mark of an issue begins with; the token in it keeps a post from containing one.
pub(in crate::compose) fn mark_of(token: &str) -> String {
    format!("{MARK}{token}")
}

/// Writes a mark on a line of its own, in HTML as a comment: the issue's, and the place of the story that it stands for,
/// `lead` or `0.2`. Refuses any other place, where the story would not be the one that is kept.
struct Mark {
    comment: bool,
}

/// Gives a registry the helper that writes marks.
pub(in crate::compose) fn register(registry: &mut Handlebars<'static>, html: bool) {
    registry.register_helper(MARK, Box::new(Mark { comment: html }));
}

impl HelperDef for Mark {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let form = helper.param(0).and_then(|form| form.value().as_str());
        let block = render.block().filter(|block| block.base_value().is_none());
        let path = block.map(|block| block.base_path().as_slice());
        let token = context.data()["reader"]["greeting"].as_str();
        let (Some(form), Some(path), Some(token)) = (form, path, token) else {
            return Err(misplaced());
        };
        let place = match (form, path) {
            ("lead", [lead]) if lead == "lead" => ["lead", "", ""],
            ("story", [sections, at, stories, story])
                if sections == "sections" && stories == "stories" =>
            {
                [at, ".", story]
            }
            _ => return Err(misplaced()),
        };
        let [before, after] = match self.comment {
            true => ["<!--", "-->\n"],
            false => ["", "\n"],
        };
        // There are as many marks as stories: each is one write.
        let words = [
            before, MARK, token, " ", place[0], place[1], place[2], after,
        ];
        Ok(out.write(&words.concat())?)
    }
}

fn misplaced() -> RenderError {
    RenderErrorReason::Other("a story stands where none is kept".to_owned()).into()
}
