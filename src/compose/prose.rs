//! Measures of plain text: excerpts that end at a sentence or a word, lines of 72 columns, titles without emoji.
//!
//! In goes plain text, out comes plain text. Never cuts within a word, never breaks an address.

use crate::model::Slot;

/// What a slot's token counts for when lines are wrapped: about as long as what will stand there.
const SLOT_COLUMNS: usize = 20;

/// What a title begins with; its further lines stand under its first word.
const BULLET: &str = "* ";

/// Says the text in at most `words` words: whole sentences where enough of them fit, else cut at a word with an ellipsis.
pub(super) fn excerpt(text: &str, words: usize) -> String {
    let all: Vec<&str> = text.split_whitespace().collect();
    if all.len() <= words {
        return all.join(" ");
    }
    let sentence_end = (1..=words)
        .rev()
        .find(|&n| ends_sentence(all[n - 1]) && all[n].starts_with(|c: char| !c.is_lowercase()));
    match sentence_end {
        Some(end) if end * 3 >= words => all[..end].join(" "),
        _ => ellipsis(&all[..words].join(" ")),
    }
}

/// A text's paragraphs, parted by empty lines, with at most `words` words together.
pub(super) fn paragraphs(text: &str, words: usize) -> Vec<String> {
    let mut left = words;
    let mut made = Vec::new();
    for paragraph in text.split("\n\n").map(one_line) {
        if paragraph.is_empty() {
            continue;
        }
        if left == 0 {
            break;
        }
        let shown = excerpt(&paragraph, left);
        left = left.saturating_sub(paragraph.split(' ').count());
        made.push(shown);
    }
    made
}

fn ends_sentence(word: &str) -> bool {
    word.trim_end_matches(['"', '\'', '”', '’', '»', ')'])
        .ends_with(['.', '!', '?', '…'])
}

/// The text on one line, each gap one space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name or role on one line that is not broken behind an initial or abbreviation: `J. P. de Wit`, `adj. redacteur`.
pub(super) fn name_line(name: &str) -> String {
    one_line(name).replace(". ", ".\u{a0}")
}

/// Cuts a text at a word so that it has at most `length` characters, the ellipsis included.
pub(super) fn cut(text: &str, length: usize) -> String {
    let text = one_line(text);
    if text.chars().count() <= length {
        return text;
    }
    let room = length.saturating_sub(1);
    let kept: String = text.chars().take(room).collect();
    let next = text.chars().nth(room);
    let kept = match kept.rfind(' ') {
        Some(space) if next != Some(' ') => &kept[..space],
        _ => &kept,
    };
    ellipsis(kept)
}

fn ellipsis(text: &str) -> String {
    let bare = text.trim_end_matches(|c: char| c.is_whitespace() || ".,;:–—-·…(\"“‘".contains(c));
    format!("{bare}…")
}

/// The text without emoji and what joins them.
pub(super) fn without_emoji(text: &str) -> String {
    let kept: String = text.chars().filter(|&c| !is_emoji(c)).collect();
    one_line(&kept)
}

/// Whether a character is a pictograph or joins pictographs (blocks of Unicode 16 that hold emoji).
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}'
        | '\u{FE0F}' | '\u{200D}' | '\u{20E3}' | '\u{231A}'..='\u{23FF}' | '\u{E0000}'..='\u{E007F}')
}

/// Wraps each line longer than `columns` at its spaces, under its own indent or behind its bullet, and leaves at most one line empty in a row.
///
/// A word longer than a line, such as an address, stays whole. Trailing spaces go, save in the signature mark `-- ` (RFC 3676 §4.3).
pub(super) fn wrap(text: &str, columns: usize) -> String {
    let mut wrapped = Wrapped::new(columns, text.len());
    text.lines().for_each(|line| wrapped.push(line));
    wrapped.end()
}

/// Wraps a part of a text that begins and ends with a line, to be laid into it; `None` if it does not end with one.
pub(super) fn wrap_part(text: &str, columns: usize) -> Option<String> {
    if !text.is_empty() && !text.ends_with('\n') {
        return None;
    }
    let mut wrapped = Wrapped::new(columns, text.len());
    wrapped.empty = false;
    text.lines().for_each(|line| wrapped.push(line));
    Some(wrapped.text)
}

/// A text that is being wrapped line by line.
pub(super) struct Wrapped {
    text: String,
    columns: usize,
    /// The line above is empty, or there is none.
    empty: bool,
}

impl Wrapped {
    /// For a text of about `length` bytes.
    pub fn new(columns: usize, length: usize) -> Self {
        Self {
            text: String::with_capacity(length + length / 40),
            columns,
            empty: true,
        }
    }

    /// Adds a line.
    pub fn push(&mut self, line: &str) {
        let line = if line == "-- " { line } else { line.trim_end() };
        if line.is_empty() && self.empty {
            return;
        }
        self.empty = line.is_empty();
        wrap_line(line, self.columns, &mut self.text);
        self.text.push('\n');
    }

    /// Lays in a part that [`wrap_part`] made.
    pub fn lay(&mut self, part: &str) {
        let part = match self.empty {
            true => part.strip_prefix('\n').unwrap_or(part),
            false => part,
        };
        if !part.is_empty() {
            self.empty = part == "\n" || part.ends_with("\n\n");
            self.text.push_str(part);
        }
    }

    /// The whole, which ends with one line's end.
    pub fn end(mut self) -> String {
        let length = self.text.trim_end_matches('\n').len();
        self.text.truncate(length);
        self.text.push('\n');
        self.text
    }
}

fn wrap_line(line: &str, columns: usize, out: &mut String) {
    let words = line.trim_start_matches(' ');
    let indent = line.len() - words.len();
    let hanging = indent
        + if words.starts_with(BULLET) {
            BULLET.len()
        } else {
            0
        };
    // A line of so few bytes has no more columns than that.
    if line == "-- "
        || line.len() <= columns
        || indent + words.split(' ').map(|w| width(w) + 1).sum::<usize>() <= columns + 1
    {
        out.push_str(line);
        return;
    }
    out.push_str(&line[..indent]);
    let mut used = indent;
    for (at, word) in words.split(' ').enumerate() {
        let width = width(word);
        if at > 0 && used + 1 + width > columns {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hanging));
            used = hanging;
        } else if at > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
    }
}

/// Columns of a word; a slot's token counts for what will stand there.
fn width(word: &str) -> usize {
    if is_slot(word) {
        SLOT_COLUMNS
    } else {
        word.chars().count()
    }
}

fn is_slot(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',']);
    word.strip_prefix("slot").is_some_and(|rest| {
        rest.len() > 32 && rest.bytes().take(32).all(|b| b.is_ascii_hexdigit()) && {
            let nonce = crate::model::SlotNonce(rest[..32].to_owned());
            Slot::ALL.iter().any(|slot| slot.token(&nonce) == word)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_ends_with_a_sentence_where_one_ends_in_time() {
        let text = "Een twee drie vier. Vijf zes zeven acht negen tien.";
        assert_eq!(excerpt(text, 10), text);
        assert_eq!(excerpt(text, 9), "Een twee drie vier.");
        assert_eq!(excerpt("Een  twee\ndrie, vier vijf", 3), "Een twee drie…");
        assert_eq!(
            excerpt("Nu. Een twee drie vier vijf zes zeven acht negen tien", 9),
            "Nu. Een twee drie vier vijf zes zeven acht…"
        );
    }

    #[test]
    fn paragraphs_share_their_words() {
        let text = "Een twee.\n\n \n\ndrie vier vijf\n zes";
        assert_eq!(paragraphs(text, 6), ["Een twee.", "drie vier vijf zes"]);
        assert_eq!(paragraphs(text, 4), ["Een twee.", "drie vier…"]);
        assert_eq!(paragraphs(text, 2), ["Een twee."]);
        assert!(paragraphs("", 60).is_empty());
    }

    #[test]
    fn an_abbreviation_before_a_small_letter_ends_no_sentence() {
        assert_eq!(
            excerpt("Dit is o.a. zo en ook zus", 5),
            "Dit is o.a. zo en…"
        );
    }

    #[test]
    fn a_name_is_not_broken_behind_an_initial() {
        assert_eq!(
            name_line("Drs.  J. P.\nde Wit-van Dam"),
            "Drs.\u{a0}J.\u{a0}P.\u{a0}de Wit-van Dam"
        );
    }

    #[test]
    fn a_cut_falls_at_a_word() {
        assert_eq!(cut("een twee drie", 13), "een twee drie");
        assert_eq!(cut("een twee drie", 12), "een twee…");
        assert_eq!(cut("een twee drie", 9), "een twee…");
        assert_eq!(cut("een, twee", 6), "een…");
        assert_eq!(cut("onafgebroken", 5), "onaf…");
    }

    #[test]
    fn emoji_go_and_accents_stay() {
        assert_eq!(without_emoji("🎉 Één café ☕ erbij 👩‍👧"), "Één café erbij");
    }

    #[test]
    fn lines_wrap_under_their_indent_and_addresses_stay_whole() {
        let url = format!("https://a.example/{}", "x".repeat(80));
        let text = format!("  een twee drie vier\n  {url}\n\n\n\n-- \nslot");
        assert_eq!(
            wrap(&text, 12),
            format!("  een twee\n  drie vier\n  {url}\n\n-- \nslot\n")
        );
    }

    #[test]
    fn a_part_that_is_laid_in_reads_as_if_it_had_been_there() {
        let parts = [
            "",
            "\n",
            "\n\n",
            "a b c\n",
            "\na b c\n\n\n",
            "* a b c\n\nd\n",
            "  \n x \n",
        ];
        let around = ["", "\n", "x y z\n", "x\n\n"];
        for (part, above, below) in parts
            .iter()
            .flat_map(|part| around.map(|above| (part, above)))
            .flat_map(|(part, above)| around.map(|below| (part, above, below)))
        {
            let mut laid = Wrapped::new(4, 0);
            above.lines().for_each(|line| laid.push(line));
            laid.lay(&wrap_part(part, 4).unwrap());
            laid.lay(&wrap_part(part, 4).unwrap());
            below.lines().for_each(|line| laid.push(line));
            let whole = format!("{above}{part}{part}{below}");
            assert_eq!(laid.end(), wrap(&whole, 4), "{whole:?}");
        }
        assert_eq!(wrap_part("a\n b", 4), None);
    }

    #[test]
    fn a_title_wraps_behind_its_bullet() {
        assert_eq!(wrap("* een twee drie", 9), "* een\n  twee\n  drie\n");
    }

    #[test]
    fn a_slot_counts_for_what_will_stand_there() {
        let token = Slot::Address.token(&crate::model::SlotNonce("0".repeat(32)));
        assert_eq!(width(&token), SLOT_COLUMNS);
        assert_eq!(width(&format!("{token},")), SLOT_COLUMNS);
        assert_eq!(width("slotwoord"), 9);
    }
}
