//! A mail that a person wrote, or a mail program in a person's name: what in it may be a wish to leave.

use mail_parser::Message;

use super::fields::addresses;
use super::parts::values;
use crate::model::{EmailAddress, Letter, ReportKind};

/// Characters of a token: 38 bytes in base64url.
const TOKEN: usize = 51;

/// The longest word that is looked at: a token with what mail programs put around it.
const LONGEST: usize = 4 * TOKEN;

/// Most words of a subject that are looked at: a link gives two.
const MOST_WORDS: usize = 100;

/// Subjects of people who want to leave, in the words of the languages that are built in.
const WISHES: [&str; 3] = ["unsubscribe", "afmelden", "uitschrijven"];

/// What the letter says, and who seems to have written it.
pub(super) fn letter(mail: &Message<'_>) -> (ReportKind, Vec<EmailAddress>) {
    let subject = mail.subject().unwrap_or("").trim();
    let words = subject.split_whitespace().take(MOST_WORDS);
    let tokens = words.filter(|word| may_be_token(word));
    let wish = subject.trim_end_matches(['.', '!']).to_lowercase();
    let letter = Letter {
        tokens: tokens.map(str::to_owned).collect(),
        asks_to_leave: WISHES.contains(&wish.as_str()),
    };
    let from = values(mail, "From").join(" ");
    let writers = addresses(&from).filter_map(|word| EmailAddress::parse(word).ok());
    (ReportKind::Letter(letter), writers.take(1).collect())
}

/// Whether one may stand in it: who judges tokens knows how to cut it out.
fn may_be_token(word: &str) -> bool {
    (TOKEN..=LONGEST).contains(&word.len())
}
