//! All printing: data to stdout, all else to stderr, JSON where asked, nothing on success where asked. What others wrote is
//! made harmless here ([`cleaned`]).
//!
//! A reader of stdout that went away (`| head`) ends the printing quietly. On a terminal a row of a table is one line, cut
//! where the terminal ends; in a pipe it is whole.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use super::cleaned;
use crate::config;
use crate::model::{Diagnostic, Severity};

/// What was said of stdout when it took no more; nobody who prints has to look.
static BROKEN: OnceLock<String> = OnceLock::new();

/// Where a command prints.
#[derive(Debug, Clone)]
pub struct Printer {
    /// JSON instead of text.
    pub json: bool,
    /// Nothing on success.
    pub quiet: bool,
    /// How the user starts this program on this newsletter, from any folder.
    pub program: String,
}

impl Printer {
    /// A line of data.
    pub fn line(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.data(format!("{}\n", text.as_ref()));
        }
    }

    /// Data that was asked for by name, quiet or not.
    pub fn data(&self, text: impl AsRef<str>) {
        heed(write!(
            anstream::stdout(),
            "{}",
            cleaned::text(text.as_ref())
        ));
    }

    /// The program's own words, in its own colours.
    pub fn help(&self, text: &str) {
        heed(write!(anstream::stdout(), "{text}"));
    }

    /// Data as it is, which is no text for a terminal.
    pub fn bytes(&self, bytes: &[u8]) {
        heed(std::io::stdout().write_all(bytes));
    }

    /// Data as JSON.
    pub fn json(&self, value: &impl Serialize) {
        let Ok(mut value) = serde_json::to_value(value) else {
            return;
        };
        self.type_hints(&mut value);
        if let Ok(text) = serde_json::to_string_pretty(&value) {
            heed(writeln!(std::io::stdout(), "{}", cleaned::json(&text)));
        }
    }

    /// JSON where it was asked for, else the text.
    pub fn either(&self, value: &impl Serialize, text: impl FnOnce(&Self)) {
        if self.json {
            self.json(value)
        } else {
            text(self)
        }
    }

    /// Rows in columns, two spaces apart, the first row as their heads.
    pub fn table(&self, heads: &[&str], rows: &[Vec<String>]) {
        let bold = Style::new().bold();
        let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
        let rows = rows.iter().map(|cells| {
            let cells = cells.iter().map(|cell| cleaned::line(cell).into_owned());
            cells.collect()
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let widths = widths(&heads, &rows);
        let room = room();
        let line = |cells| shortened(&row(cells, &widths), room);
        if !self.quiet {
            self.help(&format!("{bold}{}{bold:#}\n", line(&heads)));
        }
        for cells in &rows {
            self.line(line(cells));
        }
    }

    /// A fault or warning, to stderr, also when quiet; under `--json` an object on a line of its own.
    pub fn fault(&self, fault: &Diagnostic) {
        let fault = self.as_typed(fault.clone());
        if self.json {
            if let Ok(text) = serde_json::to_string(&fault) {
                let _ = writeln!(std::io::stderr(), "{}", cleaned::json(&text));
            }
            return;
        }
        let color = match fault.severity {
            Severity::Error => AnsiColor::Red,
            Severity::Warning => AnsiColor::Yellow,
        };
        let style = Style::new().bold().fg_color(Some(color.into()));
        let text = fault.to_string();
        let text = cleaned::text(&text);
        let shown = match text.split_once(':') {
            Some((word, rest)) => format!("{style}{word}{style:#}:{rest}"),
            None => text.into_owned(),
        };
        let _ = writeln!(anstream::stderr(), "{shown}");
    }

    /// That something which was told is over, to stderr, also when quiet.
    pub fn note(&self, text: &str) {
        let style = Style::new().bold().fg_color(Some(AnsiColor::Green.into()));
        let _ = writeln!(
            anstream::stderr(),
            "{style}note{style:#}: {}",
            cleaned::text(text)
        );
    }

    /// Several faults, a blank line between them.
    pub fn faults(&self, faults: &[Diagnostic]) {
        for (index, fault) in faults.iter().enumerate() {
            if index > 0 && !self.json {
                let _ = writeln!(anstream::stderr());
            }
            self.fault(fault);
        }
    }

    /// As [`Self::as_typed`], of all hints in what is given as JSON.
    fn type_hints(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match field {
                        Value::String(hint) if name == "hint" => {
                            *hint = as_typed(hint, &self.program);
                        }
                        _ => self.type_hints(field),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.type_hints(item)),
            _ => {}
        }
    }

    /// The fault with the commands of its hint as they can be typed here: rooms write `courant run`, and know neither
    /// where the newsletter is nor how the program was started.
    pub fn as_typed(&self, fault: Diagnostic) -> Diagnostic {
        let hint = fault.hint.map(|hint| as_typed(&hint, &self.program));
        Diagnostic { hint, ..fault }
    }
}

/// The commands of a hint, each in backticks, on this newsletter. Those that need none, or name one, stay as they are.
fn as_typed(hint: &str, program: &str) -> String {
    const OPENING: &str = "`courant ";
    let mut parts = hint.split(OPENING);
    let mut typed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let word = part.split([' ', '`']).next().unwrap_or_default();
        match word {
            "-c" | "init" | "help" => typed.push_str(OPENING),
            _ => typed.push_str(&format!("`{program} ")),
        }
        typed.push_str(part);
    }
    typed
}

/// Remembers why stdout took no more. A reader that went away wanted no more.
fn heed(written: std::io::Result<()>) {
    if let Err(error) = written
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        let _ = BROKEN.set(config::cause(&error));
    }
}

/// Writes what is still kept back, and says why stdout did not take all of it.
pub fn finish() -> Option<&'static str> {
    heed(std::io::stdout().flush());
    BROKEN.get().map(String::as_str)
}

fn widths(heads: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let cell = |cells: &[String], index: usize| cells.get(index).map_or(0, |c| c.chars().count());
    (0..heads.len())
        .map(|index| {
            rows.iter()
                .map(|r| cell(r, index))
                .chain([cell(heads, index)])
                .max()
                .unwrap_or(0)
        })
        .collect()
}

fn row(cells: &[String], widths: &[usize]) -> String {
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:<width$}"))
        .collect();
    padded.join("  ").trim_end().to_owned()
}

/// Columns of the terminal that reads stdout; no limit where none does.
fn room() -> usize {
    let size = std::io::stdout()
        .is_terminal()
        .then(terminal_size::terminal_size);
    match size.flatten() {
        Some((width, _)) => usize::from(width.0),
        None => usize::MAX,
    }
}

/// At most so many characters, with `…` for the rest.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// A title, marked where the program made it of the text.
pub fn titled(title: &str, derived: bool) -> String {
    match derived {
        true => format!("{title} (title made of the text)"),
        false => title.to_owned(),
    }
}

/// An instant as people read it, in a zone.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%d %H:%M %Z")
        .to_string()
}

/// A path as the user would type it from here.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here
        .as_ref()
        .filter(|here| here.parent().is_some())
        .and_then(|here| path.strip_prefix(here).ok())
        .filter(|short| !short.as_os_str().is_empty())
        .unwrap_or(path);
    short.display().to_string()
}

/// "known sources: `a`, `b`", for a hint.
pub fn quoted_names<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.is_empty() {
        true => format!("there are no {what} yet"),
        false => format!("known {what}: {}", names.join(", ")),
    }
}

/// `1 reader`, `2 readers`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["blog".to_owned(), "12".to_owned()],
            vec!["één".to_owned(), "3".to_owned()],
        ];
        let heads = ["source".to_owned(), "posts".to_owned()];
        let widths = widths(&heads, &rows);
        assert_eq!(row(&rows[0], &widths), "blog    12");
        assert_eq!(row(&rows[1], &widths), "één     3");
    }

    #[test]
    fn a_long_row_ends_in_an_ellipsis() {
        assert_eq!(shortened("één twee", 8), "één twee");
        assert_eq!(shortened("één twee", 5), "één …");
    }

    #[test]
    fn a_hint_names_the_newsletter_in_each_of_its_commands() {
        let typed = |hint| as_typed(hint, "courant -c /srv/nieuws");
        let both = "`courant run` or `courant -q run --due`; `serve`";
        let wanted =
            "`courant -c /srv/nieuws run` or `courant -c /srv/nieuws -q run --due`; `serve`";
        assert_eq!(typed(both), wanted);
        for as_it_is in ["`courant init x`", "`courant -c /x run`", "no command", ""] {
            assert_eq!(typed(as_it_is), as_it_is);
        }
    }
}
