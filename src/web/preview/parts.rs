//! What is looked at: the digest in its frames, the text part, the headers, or the findings.

use super::choice::{Choice, Chosen, Part, Width};
use super::markup::escape;
use super::{Sheet, Show, ShownCopy, ShownVariant};
use crate::model::{Diagnostic, Format, Severity};

/// The widths of the frames, in CSS pixels: a usual phone, and more than the card of the digest needs.
const FRAMES: [(Width, &str, u32); 2] = [
    (Width::Phone, "Phone", 375),
    (Width::Desktop, "Desktop", 700),
];

/// The chosen part, below the digest's line in a list of mails.
pub(super) fn shown(show: &Show, chosen: &Chosen<'_>, choice: &Choice) -> String {
    let part = part_of(chosen, choice);
    let content = match (&chosen.variant, part) {
        (_, Part::Findings) => findings(chosen.sheet),
        (Err(why), _) => nothing(chosen, why),
        (Ok(_), Part::Digest) => frames(show, choice),
        (Ok(variant), _) => match chosen.sheet.copies.copy(*variant, chosen.reader) {
            Ok(copy) if part == Part::Text => plain("The text part", &copy.text),
            Ok(copy) => headers(&copy),
            Err(fault) => faults(&[*fault]),
        },
    };
    let line = variant_of(chosen).map(|variant| inbox_line(show, variant));
    format!("<main>\n{}{content}</main>\n", line.unwrap_or_default())
}

/// Why nothing is shown, and of whom that is said.
fn nothing(chosen: &Chosen<'_>, why: &str) -> String {
    let reader = chosen.reader.map(|index| &chosen.sheet.readers[index]);
    let words = match reader {
        Some(reader) => {
            let who = reader.name.as_ref().unwrap_or(&reader.address);
            format!("{who} would get nothing: {why}.")
        }
        None => format!("Nothing is shown: {why}."),
    };
    format!("<p class=\"nothing\">{}</p>\n", escape(&words))
}

/// The digest's line in a reader's list of mails.
fn inbox_line(show: &Show, variant: &ShownVariant) -> String {
    format!(
        "<p class=\"inbox\"><b>{}</b> <span class=\"subject\">{}</span> <span class=\"preheader\">{}</span></p>\n",
        escape(&show.newsletter),
        escape(&variant.subject),
        escape(&variant.preheader)
    )
}

fn frames(show: &Show, choice: &Choice) -> String {
    let wanted = FRAMES.iter();
    let wanted = wanted.filter(|(width, ..)| [*width, Width::Both].contains(&choice.width));
    let source = choice.href("/frame");
    let joint = if source.contains('?') { '&' } else { '?' };
    let source = escape(&format!("{source}{joint}seen={}", show.revision));
    let scheme = choice.scheme.name();
    let frame = |(_, name, width): &(Width, &str, u32)| {
        format!(
            "<figure class=\"{scheme}\">\n<figcaption id=\"at{width}\">{name}, {width} px</figcaption>\n\
             <div class=\"pane\" tabindex=\"0\" role=\"group\" aria-labelledby=\"at{width}\">\n\
             <iframe id=\"frame{width}\" class=\"{scheme}\" width=\"{width}\" height=\"800\" title=\"The digest, {width} px wide\" \
             sandbox=\"allow-same-origin allow-popups allow-popups-to-escape-sandbox\" src=\"{source}\"></iframe>\n\
             </div>\n</figure>\n"
        )
    };
    format!(
        "<div class=\"stage\">\n{}</div>\n",
        wanted.map(frame).collect::<String>()
    )
}

fn plain(name: &str, text: &str) -> String {
    format!(
        "<pre class=\"sheet\" tabindex=\"0\" role=\"group\" aria-label=\"{name}\">{}</pre>\n",
        escape(text)
    )
}

fn headers(copy: &ShownCopy) -> String {
    let head = copy.message.split("\r\n\r\n").next().unwrap_or_default();
    let unfolded = head.replace("\r\n ", "\n ");
    let size = copy.message.len().div_ceil(1000);
    format!(
        "<p class=\"size\">The message has {size} KB. Its Message-ID and the token of its unsubscribe link are made up; \
         its Date is that of this preview; all else is what the relay would get.</p>\n{}",
        plain("The headers", &unfolded.replace("\r\n", "\n"))
    )
}

fn findings(sheet: &Sheet) -> String {
    match sheet.faults.is_empty() {
        true => "<p class=\"nothing\">The preflight found nothing to mend.</p>\n".to_owned(),
        false => faults(&sheet.faults),
    }
}

/// A list of faults, each as the command line shows it.
pub(super) fn faults(faults: &[Diagnostic]) -> String {
    let one = |fault: &Diagnostic| {
        let kind = match fault.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let text = escape(&fault.to_string());
        format!("<li class=\"{kind}\"><pre tabindex=\"0\">{text}</pre></li>\n")
    };
    let list: String = faults.iter().map(one).collect();
    format!("<ul class=\"faults\">\n{list}</ul>\n")
}

/// The part that is looked at: a text-only mail has no digest in HTML.
pub(super) fn part_of(chosen: &Chosen<'_>, choice: &Choice) -> Part {
    let format = variant_of(chosen).map(|variant| variant.format);
    match (choice.part, format) {
        (Part::Digest, Some(Format::Text)) => Part::Text,
        (Part::Text | Part::Headers, None) => Part::Digest,
        (part, _) => part,
    }
}

pub(super) fn variant_of<'a>(chosen: &Chosen<'a>) -> Option<&'a ShownVariant> {
    let index = chosen.variant.as_ref().ok()?;
    chosen.sheet.variants.get(*index)
}
