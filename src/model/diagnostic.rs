//! A fault in something a person wrote, shown where it stands: file, line, column, caret, hint.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Whether the fault stops the run or is only reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Stops, or would stop, what was asked.
    Error,
    /// Reported; the rest goes on.
    Warning,
}

/// One fault, with its place where a file is to blame. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// One lower-case clause; what the user typed stands in backticks.
    pub message: String,
    /// The file, as the user would name it.
    pub file: Option<PathBuf>,
    /// Line and column, where known.
    pub place: Option<(usize, usize)>,
    /// The text of that line.
    pub line_text: Option<String>,
    /// How many characters the caret underlines; at least 1.
    pub length: usize,
    /// What to do.
    pub hint: Option<String>,
    /// What it is about, in words that are the same in every run: `source blog`. Whoever is told of a thing once knows it
    /// again by this.
    #[serde(skip)]
    pub about: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            file: None,
            place: None,
            line_text: None,
            length: 1,
            hint: None,
            about: None,
        }
    }

    /// A warning without a place yet.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(message)
        }
    }

    /// Says what it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.about = Some(subject.into());
        self
    }

    /// Names the file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Points at a byte range of the file's text.
    #[must_use]
    pub fn at_span(mut self, text: &str, span: std::ops::Range<usize>) -> Self {
        let start = floor_char_boundary(text, span.start);
        let end = floor_char_boundary(text, span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
        let line = text[..start].matches('\n').count() + 1;
        let column = text[line_start..start].chars().count() + 1;
        self.length = text[start..end.min(line_end)].chars().count().max(1);
        self.place = Some((line, column));
        self.line_text = Some(text[line_start..line_end].trim_end_matches('\r').to_owned());
        self
    }

    /// Points at a line and column of the file's text.
    #[must_use]
    pub fn at(mut self, text: &str, line: usize, column: usize) -> Self {
        self.place = Some((line, column));
        self.line_text = text.lines().nth(line.saturating_sub(1)).map(str::to_owned);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{word}: {}", self.message)?;
        if let Some(file) = &self.file {
            write!(f, "\n  --> {}", file.display())?;
            if let Some((line, column)) = self.place {
                write!(f, ":{line}:{column}")?;
            }
        }
        if let (Some((line, column)), Some(text)) = (self.place, &self.line_text) {
            let gutter = " ".repeat(line.to_string().len());
            let lead: String = text
                .chars()
                .take(column.saturating_sub(1))
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            write!(
                f,
                "\n{gutter} |\n{line} | {text}\n{gutter} | {lead}{}",
                "^".repeat(self.length)
            )?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_under_the_fault() {
        let text = "[delivery]\nrelai = \"mailbox\"\n";
        let shown = Diagnostic::error("unknown key `relai`")
            .in_file("courant.toml")
            .at_span(text, 11..16)
            .hint("did you mean `relay`?")
            .to_string();
        assert_eq!(
            shown,
            "error: unknown key `relai`\n  --> courant.toml:2:1\n  |\n2 | relai = \"mailbox\"\n  | ^^^^^\nhint: did you mean `relay`?"
        );
    }

    #[test]
    fn a_span_past_the_end_points_at_the_end() {
        let shown = Diagnostic::error("ends early")
            .in_file("x")
            .at_span("é", 9..12);
        assert_eq!(shown.place, Some((1, 2)));
    }
}
