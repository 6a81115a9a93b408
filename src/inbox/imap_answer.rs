//! One answer of an IMAP server: its text, and the data of announced length that stands in it (RFC 9051 §4.3).

use super::Trouble;
use super::dialogue::Dialogue;

/// Pieces of data in one answer, at most: one mail is asked for at a time.
const MOST_PIECES: usize = 8;

/// An answer. Each piece of data leaves its place `{…}` in the text.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) text: String,
    pieces: Vec<Vec<u8>>,
}

impl Answer {
    /// Reads one; a piece of data may have `most` octets.
    pub(super) async fn read(dialogue: &mut Dialogue, most: usize) -> Result<Self, Trouble> {
        let mut answer = Self::default();
        loop {
            let line = dialogue.text().await?;
            answer.text.push_str(&line);
            let Some(octets) = announced(&line) else {
                return Ok(answer);
            };
            if octets > most as u64 {
                return Err(Trouble::TooLarge);
            }
            if answer.pieces.len() == MOST_PIECES {
                return Err(Trouble::Endless);
            }
            let octets = usize::try_from(octets).map_err(|_| Trouble::TooLarge)?;
            answer.pieces.push(dialogue.octets(octets).await?);
        }
    }

    /// What it takes to keep it.
    pub(super) fn octets(&self) -> usize {
        self.text.len() + self.pieces.iter().map(Vec::len).sum::<usize>()
    }

    /// Whether it may answer what we ask: servers tell of much else.
    pub(super) fn is_kept(&self) -> bool {
        let lists = ["CAPABILITY ", "SEARCH"];
        lists.iter().any(|word| self.text.starts_with(word)) || self.text.contains("BODY[]")
    }

    /// The number and the beginning of a mail, if this is one: `12 FETCH (UID 5 BODY[]<0> {1234}…)`.
    pub(super) fn body(self) -> Option<(u32, Vec<u8>)> {
        let (_, rest) = self.text.split_once(" FETCH (")?;
        let (_, uid) = rest.split_once("UID ")?;
        let digits = uid.split(|c: char| !c.is_ascii_digit()).next()?;
        let uid = digits.parse().ok()?;
        let (before, after) = rest.split_once("BODY[]")?;
        let value = after.strip_prefix("<0>").unwrap_or(after).trim_start();
        // Pieces that stand before it are another item's.
        let earlier = before.matches('{').count();
        if value.starts_with('{') || value.starts_with("~{") {
            return Some((uid, self.pieces.into_iter().nth(earlier)?));
        }
        // A quoted string is one line, and no mail; `NIL` is none at all.
        value.starts_with('"').then_some((uid, Vec::new()))
    }
}

/// How an answer went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
    Bye,
    Preauth,
}

/// The status that a text begins with, and the words behind it.
pub(super) fn status(text: &str) -> Option<(Status, &str)> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let status = match word.to_ascii_uppercase().as_str() {
        "OK" => Status::Ok,
        "NO" => Status::No,
        "BAD" => Status::Bad,
        "BYE" => Status::Bye,
        "PREAUTH" => Status::Preauth,
        _ => return None,
    };
    Some((status, rest))
}

/// The numbers of mails in a list; `None` if it holds anything else.
pub(super) fn numbers(list: &str) -> Option<Vec<u32>> {
    // `(MODSEQ 917162500)` may follow (RFC 7162 §3.1.5).
    let list = list.split('(').next().unwrap_or(list);
    list.split_whitespace()
        .map(|word| word.parse().ok().filter(|number| *number > 0))
        .collect()
}

/// The length that a line announces for the data behind it: `… {1234}`.
fn announced(line: &str) -> Option<u64> {
    let (_, length) = line.strip_suffix('}')?.rsplit_once('{')?;
    let digits = length.strip_suffix('+').unwrap_or(length);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // A number that does not fit is larger than anything allowed.
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_nothing_else_is_taken_for_one() {
        assert_eq!(announced("* 1 FETCH (BODY[] {12}"), Some(12));
        assert_eq!(announced("x {12+}"), Some(12));
        assert_eq!(announced("x {99999999999999999999999}"), Some(u64::MAX));
        for text in ["x {}", "x {-1}", "x {a}", "{12} x", "12}"] {
            assert_eq!(announced(text), None, "{text}");
        }
    }

    #[test]
    fn a_mail_is_found_in_an_answer_in_each_form() {
        let body = |text: &str, pieces: &[&str]| {
            let pieces = pieces.iter().map(|piece| piece.as_bytes().to_vec());
            let (text, pieces) = (text.to_owned(), pieces.collect());
            Answer { text, pieces }.body()
        };
        let mail = Some((5, b"mail".to_vec()));
        assert_eq!(body("1 FETCH (UID 5 BODY[]<0> {4})", &["mail"]), mail);
        assert_eq!(body("1 FETCH (BODY[]<0> {4} UID 5)", &["mail"]), mail);
        assert_eq!(body("1 FETCH (UID 5 BODY[] ~{4})", &["mail"]), mail);
        let two = "1 FETCH (UID 5 X {1} BODY[]<0> {4})";
        assert_eq!(body(two, &["x", "mail"]), mail);
        let empty = Some((5, vec![]));
        assert_eq!(body("1 FETCH (UID 5 BODY[]<0> \"\")", &[]), empty);
        for text in [
            "1 FETCH (UID 5 BODY[]<0> NIL)",
            "1 FETCH (UID 5 FLAGS (\\Seen))",
            "1 FETCH (BODY[]<0> {4})",
            "1 FETCH (UID 5 BODY[]<0> {4})",
        ] {
            assert_eq!(body(text, &[]), None, "{text}");
        }
    }

    #[test]
    fn a_list_of_numbers_holds_nothing_else() {
        assert_eq!(numbers(" 4 2 9"), Some(vec![4, 2, 9]));
        assert_eq!(numbers(""), Some(vec![]));
        assert_eq!(numbers(" 4 (MODSEQ 917)"), Some(vec![4]));
        for list in [" 0", " x", " 4,5", " 99999999999"] {
            assert_eq!(numbers(list), None, "{list}");
        }
    }
}
