//! Finds the codes in what a server said: the enhanced status (RFC 3463) and the reply's own (RFC 5321 §4.2).
//!
//! A number is no code for its form alone: versions, addresses and ids look the same. It is one where it stands as replies
//! have it: behind a reply's code, or first; or where it is called one.

/// Words after which a status is told, in the languages of reports.
const CALLED: [&str; 8] = [
    "status",
    "statuscode",
    "code",
    "error",
    "dsn",
    "fehlercode",
    "foutcode",
    "erreur",
];

/// The first enhanced status of a failure in a field that holds nothing else.
pub(super) fn enhanced(field: &str) -> Option<String> {
    let mut words = field.split_whitespace().map(bare);
    words.find(|word| is_enhanced(word)).map(str::to_owned)
}

/// The enhanced status that refused the mail, in whatever brackets: `550-5.1.1`, `(#5.1.0)`, `550 <jan@x.nl>: 5.1.1`.
pub(super) fn refusal(said: &str) -> Option<String> {
    // What kind of words follows, as in `smtp; 550`.
    let said = match said.split_once(';') {
        Some((kind, said)) if !kind.contains(char::is_whitespace) => said,
        _ => said,
    };
    let mut before = None;
    for part in said.split(|c: char| c.is_whitespace() || matches!(c, '-' | ';')) {
        let word = bare(part);
        if word.is_empty() {
            continue;
        }
        // The last is qmail's way.
        let is_told = before.is_none_or(introduces) || part.starts_with("(#");
        if is_told && is_enhanced(word) {
            return Some(word.to_owned());
        }
        // An address may stand between the two codes.
        if !word.contains('@') {
            before = Some(word);
        }
    }
    None
}

/// The first reply code of a failure in a text.
pub(super) fn smtp_code(text: &str) -> Option<u16> {
    let mut words = text.split(|c: char| !c.is_ascii_digit());
    words.find(|word| is_code(word))?.parse().ok()
}

/// Whether a status may follow this word.
fn introduces(word: &str) -> bool {
    is_code(word) || CALLED.contains(&word.to_lowercase().as_str())
}

fn is_code(word: &str) -> bool {
    word.len() == 3
        && word.starts_with(['4', '5'])
        && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let numeric =
        |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && matches!(parts[0], "4" | "5") && parts.iter().all(numeric)
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}
