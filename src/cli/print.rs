//! All printing: data to stdout, all else to stderr, JSON where asked, nothing on success where asked.
//!
//! A reader of stdout that went away (`| head`) ends the printing quietly. On a terminal a row of a table is one line, cut
//! where the terminal ends; in a pipe it is whole.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::model::{Diagnostic, Severity};

/// Where a command prints.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    /// JSON instead of text.
    pub json: bool,
    /// Nothing on success.
    pub quiet: bool,
}

impl Printer {
    /// A line of data.
    pub fn line(&self, text: impl AsRef<str>) {
        if !self.quiet {
            let _ = writeln!(anstream::stdout(), "{}", text.as_ref());
        }
    }

    /// Data that was asked for by name, quiet or not.
    pub fn data(&self, text: impl AsRef<str>) {
        let _ = write!(anstream::stdout(), "{}", text.as_ref());
    }

    /// Data as JSON.
    pub fn json(&self, value: &impl Serialize) {
        if let Ok(text) = serde_json::to_string_pretty(value) {
            self.data(format!("{text}\n"));
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
        let widths = widths(&heads, rows);
        let room = room();
        let line = |cells| shortened(&row(cells, &widths), room);
        self.line(format!("{bold}{}{bold:#}", line(&heads)));
        for cells in rows {
            self.line(line(cells));
        }
    }

    /// A fault or warning, to stderr, also when quiet.
    pub fn fault(&self, fault: &Diagnostic) {
        let color = match fault.severity {
            Severity::Error => AnsiColor::Red,
            Severity::Warning => AnsiColor::Yellow,
        };
        let style = Style::new().bold().fg_color(Some(color.into()));
        let text = fault.to_string();
        let shown = match text.split_once(':') {
            Some((word, rest)) => format!("{style}{word}{style:#}:{rest}"),
            None => text,
        };
        let _ = writeln!(anstream::stderr(), "{shown}");
    }

    /// That something which was told is over, to stderr, also when quiet.
    pub fn note(&self, text: &str) {
        let style = Style::new().bold().fg_color(Some(AnsiColor::Green.into()));
        let _ = writeln!(anstream::stderr(), "{style}note{style:#}: {text}");
    }

    /// Several faults, a blank line between them.
    pub fn faults(&self, faults: &[Diagnostic]) {
        for (index, fault) in faults.iter().enumerate() {
            if index > 0 {
                let _ = writeln!(anstream::stderr());
            }
            self.fault(fault);
        }
    }
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
        .and_then(|here| path.strip_prefix(here).ok())
        .unwrap_or(path);
    short.display().to_string()
}

/// A path as one word of a shell's command line.
pub fn quoted(path: &Path) -> String {
    let text = shown(path);
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:,=%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
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
    fn a_path_is_quoted_where_a_shell_would_take_it_apart() {
        assert_eq!(quoted(Path::new("nieuws/2026")), "nieuws/2026");
        assert_eq!(quoted(Path::new("mijn krant")), "'mijn krant'");
        assert_eq!(quoted(Path::new("jan's")), r"'jan'\''s'");
    }
}
