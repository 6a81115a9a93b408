//! The page around the digest: what can be chosen, and what was.
//!
//! Works by links and one form alone; the script only follows changes and makes the frames as high as what is in them.
//! The words are English, as those of the command line are.

use super::choice::{Choice, Chosen, Images, Part, Scheme, Width};
use super::{Sheet, Show, ShownCopy, ShownReader, ShownVariant};
use crate::model::{Diagnostic, Format, Severity};

/// Readers that the picker lists; of a longer list one is asked for by address.
const LISTED: usize = 500;

/// The widths of the frames, in CSS pixels: a usual phone, and more than the card of the digest needs.
const FRAMES: [(Width, &str, u32); 2] = [
    (Width::Phone, "Phone", 375),
    (Width::Desktop, "Desktop", 700),
];

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
        "<!doctype html>\n<html lang=\"en\" data-revision=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
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

fn faults(faults: &[Diagnostic]) -> String {
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
    match &sheet.quiet {
        Some(why) => format!(
            "<p class=\"quiet\">No issue would be made now: {}.</p>\n",
            escape(why)
        ),
        None => String::new(),
    }
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
         <button id=\"show\">Show</button>\n</form>\n"
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

fn shown(show: &Show, chosen: &Chosen<'_>, choice: &Choice) -> String {
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

/// The part that is looked at: a text-only mail has no digest in HTML.
fn part_of(chosen: &Chosen<'_>, choice: &Choice) -> Part {
    let format = variant_of(chosen).map(|variant| variant.format);
    match (choice.part, format) {
        (Part::Digest, Some(Format::Text)) => Part::Text,
        (Part::Text | Part::Headers, None) => Part::Digest,
        (part, _) => part,
    }
}

fn variant_of<'a>(chosen: &Chosen<'a>) -> Option<&'a ShownVariant> {
    let index = chosen.variant.as_ref().ok()?;
    chosen.sheet.variants.get(*index)
}

fn subject<'a>(chosen: &Chosen<'a>) -> Option<&'a str> {
    variant_of(chosen).map(|variant| variant.subject.as_str())
}

/// A row of links, of which one is where we are.
fn group(name: &str, options: impl Iterator<Item = (String, String, bool)>) -> String {
    let links: String = options
        .map(|(href, label, is_current)| link(&href, &label, is_current))
        .collect();
    format!(
        "<nav class=\"group\" aria-label=\"{name}\">\n<span>{name}</span>\n<ul>\n{links}</ul>\n</nav>\n"
    )
}

fn link(href: &str, label: &str, is_current: bool) -> String {
    let current = if is_current {
        " aria-current=\"true\""
    } else {
        ""
    };
    format!(
        "<li><a href=\"{}\"{current}>{label}</a></li>\n",
        escape(href)
    )
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Escapes for HTML text and for attribute values in either quote.
pub(super) fn escape(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
