//! The page around the digest: what can be chosen, and what was.
//!
//! Works by links and one form alone; the script only follows changes and makes the frames as high as what is in them.
//! The words are English, as those of the command line are.

use super::choice::{Choice, Chosen, Images, Part, Scheme, Width};
use super::markup::{count, escape, group, link};
use super::parts::{faults, part_of, shown, variant_of};
use super::{Sheet, Show, ShownReader, ShownVariant};
use crate::model::Format;

/// Readers that the picker lists; of a longer list one is asked for by address.
const LISTED: usize = 500;

/// The whole page.
pub(super) fn page(show: &Show, choice: &Choice) -> String {
    let chosen = choice.of(show);
    let body = match &chosen {
        Some(chosen) => [
            broken(show),
            schedules(show, choice, chosen),
            quiet(chosen.sheet),
            variants(chosen, choice),
            "<section aria-label=\"How it is shown\">\n".to_owned(),
            picker(chosen, choice),
            controls(chosen, choice),
            "</section>\n".to_owned(),
            shown(show, chosen, choice),
        ]
        .concat(),
        None if show.broken.is_empty() => waiting(show),
        None => broken(show),
    };
    let title = chosen.as_ref().and_then(subject).unwrap_or("Preview");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\" data-revision=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{} · {}</title>\n\
         <link rel=\"icon\" href=\"/icon.svg\">\n<link rel=\"stylesheet\" href=\"/shell.css\">\n\
         <script src=\"/shell.js\" defer></script>\n</head>\n<body>\n{}{body}</body>\n</html>\n",
        show.revision,
        escape(title),
        escape(&show.newsletter),
        head(show, chosen.as_ref()),
    )
}

fn head(show: &Show, chosen: Option<&Chosen<'_>>) -> String {
    let of = chosen.map(|chosen| format!(" of <b>{}</b>", escape(&chosen.sheet.schedule)));
    format!(
        "<header>\n<p class=\"name\">{}</p>\n<h1>The next issue{}</h1>\n\
         <p id=\"state\" role=\"status\">Nothing is sent.</p>\n</header>\n",
        escape(&show.newsletter),
        of.unwrap_or_default(),
    )
}

fn waiting(show: &Show) -> String {
    match show.revision {
        0 => "<main><p class=\"nothing\">Asking the sources…</p></main>\n".to_owned(),
        _ => "<main><p class=\"nothing\">No schedule is marked as default: name one.</p></main>\n"
            .to_owned(),
    }
}

/// Why what is shown is not what was saved last.
fn broken(show: &Show) -> String {
    if show.broken.is_empty() {
        return String::new();
    }
    let below = match show.sheets.is_empty() {
        true => "",
        false => "<p>Below is the last version that worked.</p>\n",
    };
    format!(
        "<section class=\"broken\" role=\"alert\">\n<h2>What you saved does not work yet</h2>\n{}{below}</section>\n",
        faults(&show.broken)
    )
}

fn schedules(show: &Show, choice: &Choice, chosen: &Chosen<'_>) -> String {
    if show.sheets.len() < 2 {
        return String::new();
    }
    let options = show.sheets.iter().map(|sheet| {
        let href = choice
            .with(|choice| {
                choice.schedule = Some(sheet.schedule.clone());
                choice.variant = None;
            })
            .href("/");
        let is_current = sheet.schedule == chosen.sheet.schedule;
        (href, escape(&sheet.schedule), is_current)
    });
    group("Schedule", options)
}

fn quiet(sheet: &Sheet) -> String {
    let Some(why) = &sheet.quiet else {
        return String::new();
    };
    let again = sheet.again.as_ref().map_or(String::new(), |number| {
        format!(" Shown is issue {number} again, as it would be made now.")
    });
    format!(
        "<p class=\"quiet\">No issue would be made now: {}.{again}</p>\n",
        escape(why)
    )
}

/// One tab a rendering.
fn variants(chosen: &Chosen<'_>, choice: &Choice) -> String {
    let tab = |(index, variant): (usize, &ShownVariant)| {
        let href = choice
            .with(|choice| {
                choice.variant = (index > 0).then_some(index + 1);
                choice.reader = None;
            })
            .href("/");
        let label = format!(
            "<b>{}. {} · {}</b><span>{}</span><span>{}, {}</span>",
            index + 1,
            escape(&variant.language),
            variant.format.as_str(),
            escape(&variant.topics),
            count(variant.posts, "post", "posts"),
            count(variant.readers, "reader", "readers"),
        );
        let is_current = chosen.variant.as_ref() == Ok(&index);
        link(&href, &label, is_current)
    };
    let tabs: String = chosen.sheet.variants.iter().enumerate().map(tab).collect();
    match tabs.is_empty() {
        true => String::new(),
        false => {
            format!("<nav class=\"tabs\" aria-label=\"Variants\">\n<ul>\n{tabs}</ul>\n</nav>\n")
        }
    }
}

/// Whose copy is looked at.
fn picker(chosen: &Chosen<'_>, choice: &Choice) -> String {
    let readers = &chosen.sheet.readers;
    let picked = choice.reader.as_deref().unwrap_or_default();
    let field = if readers.len() > LISTED {
        format!(
            "<input id=\"reader\" name=\"reader\" type=\"search\" value=\"{}\" placeholder=\"the address of one of {}\">",
            escape(picked),
            readers.len()
        )
    } else {
        let options: String = readers
            .iter()
            .enumerate()
            .map(|(index, reader)| option(reader, chosen.reader == Some(index)))
            .collect();
        format!(
            "<select id=\"reader\" name=\"reader\">\n<option value=\"\">a made-up reader</option>\n{options}</select>"
        )
    };
    let kept = choice.with(|choice| choice.reader = None).fields();
    let kept: String = kept
        .iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                escape(value)
            )
        })
        .collect();
    format!(
        "<form action=\"/\" method=\"get\">\n{kept}<label for=\"reader\">As read by</label>\n{field}\n\
         <button id=\"show\" type=\"submit\">Show</button>\n</form>\n"
    )
}

fn option(reader: &ShownReader, is_picked: bool) -> String {
    let name = match &reader.name {
        Some(name) => format!("{name} <{}>", reader.address),
        None => reader.address.clone(),
    };
    let gets = match &reader.gets {
        Ok(index) => format!("variant {}", index + 1),
        Err(why) => format!("nothing: {why}"),
    };
    let picked = if is_picked { " selected" } else { "" };
    format!(
        "<option value=\"{}\"{picked}>{} · {}</option>\n",
        escape(&reader.address),
        escape(&name),
        escape(&gets)
    )
}

/// Which part, how wide, which scheme, with pictures or without.
fn controls(chosen: &Chosen<'_>, choice: &Choice) -> String {
    let part = part_of(chosen, choice);
    let format = variant_of(chosen).map(|variant| variant.format);
    let findings = chosen.sheet.faults.len();
    let parts: &[Part] = match format {
        Some(Format::Html) => &[Part::Digest, Part::Text, Part::Headers, Part::Findings],
        Some(Format::Text) => &[Part::Text, Part::Headers, Part::Findings],
        None => &[Part::Digest, Part::Findings],
    };
    let parts = parts.iter().copied();
    let parts = parts.map(|one| {
        let label = match one {
            Part::Digest => "Digest".to_owned(),
            Part::Text => "Text part".to_owned(),
            Part::Headers => "Headers".to_owned(),
            Part::Findings => format!("Findings <span class=\"count\">{findings}</span>"),
        };
        (
            choice.with(|choice| choice.part = one).href("/"),
            label,
            one == part,
        )
    });
    let mut bar = group("Part", parts);
    if part == Part::Digest && format.is_some() {
        bar += &looks(choice);
    }
    if format.is_some() {
        let href = escape(&choice.href("/message.eml"));
        bar += &format!("<a class=\"message\" href=\"{href}\" download>Message as .eml</a>\n");
    }
    format!("<div class=\"bar\">\n{bar}</div>\n")
}

fn looks(choice: &Choice) -> String {
    let widths = [
        (Width::Both, "Both"),
        (Width::Phone, "Phone"),
        (Width::Desktop, "Desktop"),
    ];
    let widths = widths.map(|(width, name)| {
        let href = choice.with(|choice| choice.width = width).href("/");
        (href, name.to_owned(), width == choice.width)
    });
    let schemes = [(Scheme::Light, "Light"), (Scheme::Dark, "Dark")];
    let schemes = schemes.map(|(scheme, name)| {
        let href = choice.with(|choice| choice.scheme = scheme).href("/");
        (href, name.to_owned(), scheme == choice.scheme)
    });
    let images = [(Images::On, "Shown"), (Images::Off, "Blocked")];
    let images = images.map(|(images, name)| {
        let href = choice.with(|choice| choice.images = images).href("/");
        (href, name.to_owned(), images == choice.images)
    });
    [
        group("Width", widths.into_iter()),
        group("Scheme", schemes.into_iter()),
        group("Pictures", images.into_iter()),
    ]
    .concat()
}

fn subject<'a>(chosen: &Chosen<'a>) -> Option<&'a str> {
    variant_of(chosen).map(|variant| variant.subject.as_str())
}
