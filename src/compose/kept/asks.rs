//! What a template asks for, read from its parsed paths.
//!
//! In goes a template; out comes whether its output can be kept: whether it asks for nothing but the story that it is
//! given, or nothing but what is the same for the whole issue. In doubt the answer is no.

use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{Path, PathSeg, Template};

use crate::compose::helpers::{BUILT_IN_HELPERS, OWN_HELPERS};

/// Fields of the whole view that no variant of an issue in one language has otherwise, [`COUNT`] excepted.
const SAME: [&str; 7] = [
    "dark",
    "direction",
    "issue",
    "language",
    "light",
    "newsletter",
    "reader",
];

/// What differs within `issue`: the number of a variant's stories.
const COUNT: &str = "count";

/// What `{{#each}}` says of its turn.
const OF_A_TURN: [&str; 4] = ["first", "index", "key", "last"];

/// Whether a template that is given a story asks for nothing but that, and what is the same for the whole issue.
pub(super) fn for_its_story(template: &Template) -> bool {
    let place = Place {
        whole: false,
        turn: false,
    };
    place.template(template)
}

/// Whether an element that sees the whole view asks for nothing but what is the same for the whole issue.
pub(super) fn for_the_issue(element: &TemplateElement) -> bool {
    let place = Place {
        whole: true,
        turn: false,
    };
    place.element(element)
}

/// Where in a template something stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// A name is a field of the whole view, not of the story or of what a block has chosen.
    whole: bool,
    /// Within an `{{#each}}` of the template itself.
    turn: bool,
}

impl Place {
    fn template(self, template: &Template) -> bool {
        template
            .elements
            .iter()
            .all(|element| self.element(element))
    }

    fn element(self, element: &TemplateElement) -> bool {
        match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => true,
            TemplateElement::Expression(helper)
            | TemplateElement::HtmlExpression(helper)
            | TemplateElement::HelperBlock(helper) => self.helper(helper),
            // Partials that are called still, and decorators: who knows what they see.
            _ => false,
        }
    }

    fn helper(self, helper: &HelperTemplate) -> bool {
        let name = helper.name.as_name().unwrap_or_default();
        let known = OWN_HELPERS.contains(&name) || BUILT_IN_HELPERS.contains(&name);
        let bare = !helper.block && helper.params.is_empty() && helper.hash.is_empty();
        let named = match bare {
            true => self.parameter(&helper.name),
            false => known,
        };
        let inside = match name {
            "each" => Self {
                whole: false,
                turn: true,
            },
            "with" => Self {
                whole: false,
                ..self
            },
            _ => self,
        };
        let mut asked = helper.params.iter().chain(helper.hash.values());
        named
            && helper.block_param.is_none()
            && asked.all(|parameter| self.parameter(parameter))
            && helper.template.iter().all(|t| inside.template(t))
            && helper.inverse.iter().all(|t| self.template(t))
    }

    fn parameter(self, parameter: &Parameter) -> bool {
        match parameter {
            Parameter::Literal(_) => true,
            Parameter::Path(path) => self.path(path),
            Parameter::Name(name) => Path::parse(name).is_ok_and(|path| self.path(&path)),
            Parameter::Subexpression(inner) => self.element(&inner.element),
            _ => false,
        }
    }

    fn path(self, path: &Path) -> bool {
        let (segments, written) = match path {
            Path::Local((level, name, _)) => {
                return self.turn && *level == 0 && OF_A_TURN.contains(&name.as_str());
            }
            Path::Relative((segments, written)) => (segments, written),
        };
        if written.contains("..") {
            return false;
        }
        let names = segments.iter().filter_map(|segment| match segment {
            PathSeg::Named(name) => Some(name.as_str()),
            _ => None,
        });
        let names: Vec<&str> = names.collect();
        match self.whole || written.starts_with("@root") {
            true => is_same(&names),
            false => names.len() == segments.len(),
        }
    }
}

/// Whether a field of the whole view, given by the names on its path, is the same for the whole issue.
fn is_same(names: &[&str]) -> bool {
    match names {
        [] | ["issue"] | ["issue", COUNT, ..] => false,
        [first, ..] => SAME.contains(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(source: &str) -> Template {
        Template::compile(source).unwrap()
    }

    #[test]
    fn a_template_that_asks_for_its_story_alone() {
        for source in [
            "",
            "{{! words }}<p>words</p>",
            "{{title}} {{author.name}} {{this.title}} {{{summary}}} {{lookup this \"title\"}}",
            "{{#if image}}{{image.url}}{{else if author}}{{author.name}}{{else}}{{url}}{{/if}}",
            "{{#with author}}{{name}}{{/with}}",
            "{{#each also}}{{place}}{{#unless @last}}, {{/unless}}{{@index}}{{/each}}",
            "{{#each also}}{{#with this}}{{@first}}{{/with}}{{/each}}",
            "{{t \"also-at\"}} {{t \"x\" name=title}} {{upper (excerpt summary 3)}}",
            "{{@root.newsletter.name}} {{@root/light/ink}} {{@root.issue.url}} {{@root.reader.address}}",
            "{{#with @root.newsletter}}{{name}}{{/with}}",
        ] {
            assert!(for_its_story(&parsed(source)), "{source}");
        }
    }

    #[test]
    fn a_template_that_asks_for_more() {
        for source in [
            "{{../label}}",
            "{{#if ../label}}x{{/if}}",
            "{{#each also}}{{../../label}}{{/each}}",
            "{{@index}}",
            "{{#if @first}}x{{/if}}",
            "{{#with author}}{{@last}}{{/with}}",
            "{{#each also}}{{place}}{{else}}{{@index}}{{/each}}",
            "{{#each also}}{{@../index}}{{/each}}",
            "{{@root.subject}}",
            "{{@root.preheader}}",
            "{{@root.lead.title}}",
            "{{@root.issue.count}}",
            "{{lookup @root.issue \"count\"}}",
            "{{lookup @root \"subject\"}}",
            "{{#with @root}}{{subject}}{{/with}}",
            "{{t \"more-stories\" count=@root.issue.count}}",
            "{{upper (excerpt @root.subject 3)}}",
            "{{#each also as |one|}}{{one.place}}{{/each}}",
            "{{> digest/other}}",
            "{{> (lookup this \"title\")}}",
            "{{#> digest/other}}x{{/digest/other}}",
            "{{#*inline \"a\"}}x{{/inline}}",
            "{{nobody title}}",
        ] {
            assert!(!for_its_story(&parsed(source)), "{source}");
        }
    }

    #[test]
    fn what_is_the_same_for_the_whole_issue() {
        let all = |source: &str| parsed(source).elements.iter().all(for_the_issue);
        for source in [
            "{{light.ink}}{{language}}{{t \"issue-number\" number=issue.number}}",
            "{{#if newsletter.tagline}}{{newsletter.tagline}}{{/if}}",
            "{{#each issue.intro}}{{this}}{{@index}}{{/each}}",
        ] {
            assert!(all(source), "{source}");
        }
        for source in [
            "{{subject}}",
            "{{title}}",
            "{{this}}",
            "{{issue.count}}",
            "{{#if lead}}x{{/if}}",
            "{{#with lead}}{{title}}{{/with}}",
            "{{#each sections}}x{{/each}}",
            "{{#if newsletter.tagline}}{{subject}}{{/if}}",
            "{{#with @root}}{{language}}{{/with}}",
        ] {
            assert!(!all(source), "{source}");
        }
    }
}
