//! Lays partials into the templates that call them.
//!
//! In go parsed templates, out come the same without calls. Handlebars gives each partial a copy of all that its caller
//! sees, which for a digest is the whole issue, six times; laid in, it looks at the caller's own. Only where nobody can
//! tell the difference: calls without parameters, partials that look neither up nor at block parameters.

use handlebars::Template;
use handlebars::template::{DecoratorTemplate, HelperTemplate, TemplateElement};

/// What makes a partial depend on being called: a path upwards, a block parameter, a partial or block of the caller's.
const TELLING: [&str; 4] = ["../", "as |", "#*", "@partial-block"];

/// Whether a template may be laid into another, or have others laid into it.
pub(super) fn may_join(source: &str) -> bool {
    !TELLING.iter().any(|mark| source.contains(mark))
}

/// A template with its partials laid in. `find` gives those that may be.
pub(super) fn joined<'a>(
    template: &Template,
    find: &impl Fn(&str) -> Option<&'a Template>,
) -> Template {
    lay_in(template, find, &mut Vec::new())
}

/// `open` are the partials that are being laid in: one that calls itself is left as a call.
fn lay_in<'a>(
    template: &Template,
    find: &impl Fn(&str) -> Option<&'a Template>,
    open: &mut Vec<String>,
) -> Template {
    let mut made = template.clone();
    made.elements.clear();
    made.mapping.clear();
    for (at, element) in template.elements.iter().enumerate() {
        let laid = match element {
            TemplateElement::PartialExpression(call) => partial(call, find, open),
            TemplateElement::HelperBlock(block) => Some(vec![TemplateElement::HelperBlock(
                Box::new(inside(block, find, open)),
            )]),
            _ => None,
        };
        let laid = laid.unwrap_or_else(|| vec![element.clone()]);
        let place = template.mapping.get(at).cloned();
        made.mapping
            .extend(place.into_iter().cycle().take(laid.len()));
        made.elements.extend(laid);
    }
    made
}

/// The elements of a partial that is called plainly.
fn partial<'a>(
    call: &DecoratorTemplate,
    find: &impl Fn(&str) -> Option<&'a Template>,
    open: &mut Vec<String>,
) -> Option<Vec<TemplateElement>> {
    let name = call.name.as_name()?;
    let plain = call.params.is_empty() && call.hash.is_empty() && call.template.is_none();
    if !plain || open.iter().any(|one| one == name) {
        return None;
    }
    let found = find(name)?;
    open.push(name.to_owned());
    let laid = lay_in(found, find, open);
    open.pop();
    Some(laid.elements)
}

fn inside<'a>(
    block: &HelperTemplate,
    find: &impl Fn(&str) -> Option<&'a Template>,
    open: &mut Vec<String>,
) -> HelperTemplate {
    let mut block = block.clone();
    let branches = [&mut block.template, &mut block.inverse];
    for template in branches.into_iter().flatten() {
        *template = lay_in(template, find, open);
    }
    block
}
