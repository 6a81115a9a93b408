//! Puts the reader's own fields into a rendered digest.
//!
//! In go a text with slot tokens and the value of each slot; out comes the reader's copy. One pass, so that a value
//! that looks like a token stays what it is. Previews use it; `deliver` splices the encoded message by the same tokens.

use super::markup::escape;
use crate::model::{Slot, SlotNonce};

/// Replaces the slot tokens of `text` by `values`, escaped where the text is HTML.
pub fn fill(text: &str, html: bool, nonce: &SlotNonce, values: impl Fn(Slot) -> String) -> String {
    let filled = Slot::ALL.map(|slot| {
        let value = values(slot);
        let value = if html { escape(&value) } else { value };
        (slot.token(nonce), value)
    });
    let mark = format!("slot{}", nonce.0);
    let mut copy = String::with_capacity(text.len() + 256);
    let mut rest = text;
    while let Some(at) = rest.find(&mark) {
        let (before, from_token) = rest.split_at(at);
        copy.push_str(before);
        match filled
            .iter()
            .find(|(token, _)| from_token.starts_with(token))
        {
            Some((token, value)) => {
                copy.push_str(value);
                rest = &from_token[token.len()..];
            }
            None => {
                copy.push_str(&mark);
                rest = &from_token[mark.len()..];
            }
        }
    }
    copy.push_str(rest);
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce() -> SlotNonce {
        SlotNonce("0123456789abcdef0123456789abcdef".into())
    }

    #[test]
    fn values_are_escaped_in_html_alone() {
        let text = format!("<p>{}</p>", Slot::Greeting.token(&nonce()));
        let value = |_: Slot| "Dag <Jan> & \"co\",".to_owned();
        assert_eq!(
            fill(&text, true, &nonce(), value),
            "<p>Dag &lt;Jan&gt; &amp; &quot;co&quot;,</p>"
        );
        assert_eq!(
            fill(&text, false, &nonce(), value),
            "<p>Dag <Jan> & \"co\",</p>"
        );
    }

    #[test]
    fn a_value_that_looks_like_a_token_is_not_filled_again() {
        let token = Slot::Address.token(&nonce());
        let text = format!("{}|{token}|", Slot::Greeting.token(&nonce()));
        let filled = fill(&text, false, &nonce(), |slot| match slot {
            Slot::Greeting => token.clone(),
            _ => "x".into(),
        });
        assert_eq!(filled, format!("{token}|x|"));
    }

    #[test]
    fn an_unknown_word_after_the_mark_stays() {
        let text = format!("a slot{} b", nonce().0);
        assert_eq!(fill(&text, true, &nonce(), |_| "x".into()), text);
    }
}
