//! A link of our own, by which we know our own site: it is signed as a reader's link is, and for nobody.
//!
//! Whoever holds the secret answers it with a proof that nobody else can make; every other site answers as it answers a
//! stranger. It opens nothing and changes nothing.

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

use super::{Keys, Purpose, Token};
use crate::model::{Chance, SubscriberId};

/// Whose link it is: readers' numbers are positive.
const NOBODY: SubscriberId = SubscriberId(0);

/// How long a link can be answered: nobody waits longer for a page.
const LIFE: SignedDuration = SignedDuration::from_mins(10);

/// A new link's token.
pub fn site_question(keys: &Keys, chance: &dyn Chance, now: Timestamp) -> String {
    let mut nonce = [0; 4];
    chance.fill(&mut nonce);
    let token = Token {
        purpose: Purpose::Unsubscribe,
        subscriber: NOBODY,
        epoch: u32::from_be_bytes(nonce),
        expires_at: now.checked_add(LIFE).ok(),
    };
    token.encode(keys)
}

/// What the site says to such a token; `None` where it is a reader's, or not ours.
pub fn site_answer(keys: &Keys, token: &str, now: Timestamp) -> Option<String> {
    let read = Token::decode(token, Purpose::Unsubscribe, keys, now).ok()?;
    (read.subscriber == NOBODY).then(|| keys.site_proof(token))
}

/// Whether this is what our own site says to the token.
pub fn is_site_answer(keys: &Keys, token: &str, said: &[u8]) -> bool {
    said.trim_ascii()
        .ct_eq(keys.site_proof(token).as_bytes())
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Always the same bytes.
    struct Fixed;

    impl Chance for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[test]
    fn only_who_holds_the_secret_answers_and_only_for_a_while() {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let ours = Keys::from_parts(vec![(1, [7; 32])], [8; 32]);
        let theirs = Keys::from_parts(vec![(1, [9; 32])], [10; 32]);
        let token = site_question(&ours, &Fixed, now);
        let answer = site_answer(&ours, &token, now).unwrap();
        assert!(is_site_answer(
            &ours,
            &token,
            format!("{answer}\n").as_bytes()
        ));
        assert_eq!(site_answer(&theirs, &token, now), None);
        let forged = theirs.site_proof(&token);
        assert!(!is_site_answer(&ours, &token, forged.as_bytes()));
        assert!(!is_site_answer(&ours, &token, b""));
        assert_eq!(site_answer(&ours, &token, now + LIFE), None);
        let reader = Token {
            purpose: Purpose::Unsubscribe,
            subscriber: SubscriberId(5),
            epoch: 0,
            expires_at: None,
        };
        assert_eq!(site_answer(&ours, &reader.encode(&ours), now), None);
    }
}
