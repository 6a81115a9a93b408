//! Finds what a plain text asks of its reader: its last block, where that holds an asking verb.

use super::text::Block;
use crate::gather::words;
use crate::model::{CallToAction, Language};

/// Words that ask, by language, lower-case.
const ASKING: [(&str, &[&str]); 4] = [
    (
        "nl",
        &[
            "download",
            "meld je aan",
            "meld u aan",
            "schrijf je in",
            "schrijf u in",
            "abonneer je",
            "abonneer u",
            "neem contact op",
            "vraag hem aan",
            "vraag aan",
            "plan een",
            "boek",
            "bestel",
            "probeer",
            "bel ons",
            "mail ons",
            "kom langs",
            "doe mee",
            "lees verder",
        ],
    ),
    (
        "en",
        &[
            "download",
            "sign up",
            "subscribe",
            "register",
            "get in touch",
            "contact us",
            "book a",
            "order",
            "try it",
            "call us",
            "join us",
            "request a",
            "learn more",
        ],
    ),
    (
        "de",
        &[
            "herunterladen",
            "lade",
            "melde dich an",
            "melden sie sich an",
            "abonniere",
            "abonnieren sie",
            "kontaktiere uns",
            "kontaktieren sie uns",
            "bestelle",
            "bestellen sie",
            "jetzt anmelden",
        ],
    ),
    (
        "fr",
        &[
            "téléchargez",
            "inscrivez-vous",
            "abonnez-vous",
            "contactez-nous",
            "commandez",
            "réservez",
            "essayez",
        ],
    ),
];

/// A longer block is a paragraph that happens to hold such a word.
const MAX_WORDS: usize = 40;

/// Takes the call to action. Where there is an address for it, in the block or by the source's setting (`button`), the
/// block leaves the text for a button; else its words stay where they are.
pub(super) fn take(
    blocks: &mut Vec<Block>,
    language: Option<&Language>,
    button: bool,
) -> Option<CallToAction> {
    let at = blocks.iter().rposition(|block| !block.text.is_empty())?;
    let block = &blocks[at];
    // The only block of a text is the text.
    if at == 0 || words::count(&block.text) > MAX_WORDS || !asks(&block.text, language) {
        return None;
    }
    let url = block
        .text
        .split_whitespace()
        .map(|word| word.trim_matches(['.', ',', '(', ')', '!', '<', '>']))
        .find(|word| word.starts_with("https://") || word.starts_with("http://"))
        .map(str::to_owned);
    let text = match &url {
        // What led up to the address, without the mark that stood before or after it.
        Some(url) => {
            let text = words::line(&block.text.replace(url.as_str(), ""));
            text.trim_end_matches([':', '.', ',', ' ']).to_owned()
        }
        None => words::line(&block.text),
    };
    if url.is_some() || button {
        blocks[at].text.clear();
        blocks.retain(|block| !block.text.is_empty() || !block.pictures.is_empty());
    }
    Some(CallToAction {
        text,
        label: None,
        url,
        image: None,
    })
}

/// Whether a text asks, in the language that is declared, or in any where none is.
fn asks(text: &str, language: Option<&Language>) -> bool {
    let text = text.to_lowercase();
    ASKING
        .iter()
        .filter(|(tag, _)| language.is_none_or(|language| language.primary() == *tag))
        .flat_map(|(_, verbs)| *verbs)
        .any(|verb| has_words(&text, verb))
}

fn has_words(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        !text[..at].ends_with(char::is_alphanumeric)
            && !text[at + words.len()..].starts_with(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(last: &str) -> (Option<CallToAction>, usize) {
        let block = |text: &str| Block {
            text: text.to_owned(),
            pictures: Vec::new(),
        };
        let mut blocks = vec![block("Een alinea."), block(last)];
        let call = take(&mut blocks, None, false);
        (call, blocks.len())
    }

    #[test]
    fn without_an_address_there_is_no_button_and_the_words_stay() {
        let (call, left) = call("Wil je meer weten? Download de gids.");
        let call = call.unwrap();
        assert_eq!(call.text, "Wil je meer weten? Download de gids.");
        assert_eq!((call.url, left), (None, 2));
    }

    #[test]
    fn an_address_of_its_own_makes_a_button() {
        let (call, left) = call("Meld je aan: https://example.nl/cursus.");
        let call = call.unwrap();
        assert_eq!(call.text, "Meld je aan");
        assert_eq!(call.url.as_deref(), Some("https://example.nl/cursus"));
        assert_eq!(left, 1);
    }

    #[test]
    fn what_does_not_ask_is_text() {
        assert_eq!(call("Zo verkoop je eerlijk.").0, None);
        assert_eq!(call("Hij heeft een downloadprobleem.").0, None);
    }
}
