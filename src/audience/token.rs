//! The tokens in links: 38 bytes, 51 characters, judged without the database.
//!
//! `base64url(kid, purpose, subscriber, epoch, expiry, 16-byte keyed BLAKE3)`. Each purpose has a key of its own, so
//! that a link for one thing opens nothing else. Compared in constant time. The holder of an unsubscribe token can
//! only leave: it never expires (RFC 8058 §3.1 asks that the link keeps working).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::Keys;
use crate::model::SubscriberId;

/// Bytes before the tag: key number, purpose, subscriber, epoch, expiry.
const BODY: usize = 1 + 1 + 8 + 4 + 8;

/// Bytes of the tag: 128 bits, beyond any guessing over a network.
const TAG: usize = 16;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Leave: never expires, can only remove.
    Unsubscribe = 1,
    /// See and change what one receives.
    Preferences = 2,
    /// Prove that an address is one's own.
    Confirm = 3,
    /// The return path of one delivery.
    Bounce = 4,
    /// One's own copy of an issue on the web.
    ViewOnline = 5,
}

impl Purpose {
    /// The context string that separates this purpose's key from all others (BLAKE3 `derive_key`).
    pub(super) fn context(self) -> &'static str {
        match self {
            Self::Unsubscribe => "courant 2026-11 token unsubscribe",
            Self::Preferences => "courant 2026-11 token preferences",
            Self::Confirm => "courant 2026-11 token confirm",
            Self::Bounce => "courant 2026-11 token bounce",
            Self::ViewOnline => "courant 2026-11 token view online",
        }
    }
}

/// What a token says, once its tag has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is for.
    pub purpose: Purpose,
    /// Whose it is.
    pub subscriber: SubscriberId,
    /// The subscriber's epoch when it was made; a raised epoch revokes it. Of a return path: the number.
    pub epoch: u32,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// Why a token is not accepted. Whoever asks gets one and the same answer for all of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not 51 characters of base64url, or an unknown key.
    #[error("not a token")]
    Malformed,
    /// Made for something else, or by somebody else.
    #[error("the token's tag does not match")]
    Forged,
    /// Too old.
    #[error("the token has expired")]
    Expired,
}

impl Token {
    /// Signs the token with the newest key: 51 characters of base64url without padding (RFC 4648 §5).
    pub fn encode(&self, keys: &Keys) -> String {
        let (kid, key) = keys.newest(self.purpose);
        let mut bytes = [0; BODY + TAG];
        bytes[..BODY].copy_from_slice(&self.body(kid));
        let tag = blake3::keyed_hash(&key, &bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&tag.as_bytes()[..TAG]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Checks a token that should be for `purpose`.
    pub fn decode(
        text: &str,
        purpose: Purpose,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| TokenError::Malformed)?;
        let bytes: [u8; BODY + TAG] = bytes.try_into().map_err(|_| TokenError::Malformed)?;
        let key = keys
            .numbered(bytes[0], purpose)
            .ok_or(TokenError::Malformed)?;
        let tag = blake3::keyed_hash(&key, &bytes[..BODY]);
        let genuine: bool = tag.as_bytes()[..TAG].ct_eq(&bytes[BODY..]).into();
        if !genuine || bytes[1] != purpose as u8 {
            return Err(TokenError::Forged);
        }
        let token = Self {
            purpose,
            subscriber: SubscriberId(number(&bytes[2..10])),
            epoch: u32::try_from(number(&bytes[10..14])).unwrap_or(u32::MAX),
            expires_at: match number(&bytes[14..22]) {
                0 => None,
                ms => Some(Timestamp::from_millisecond(ms).map_err(|_| TokenError::Malformed)?),
            },
        };
        match token.expires_at {
            Some(end) if end <= now => Err(TokenError::Expired),
            _ => Ok(token),
        }
    }

    fn body(&self, kid: u8) -> [u8; BODY] {
        let mut body = [0; BODY];
        body[0] = kid;
        body[1] = self.purpose as u8;
        body[2..10].copy_from_slice(&self.subscriber.0.to_be_bytes());
        body[10..14].copy_from_slice(&self.epoch.to_be_bytes());
        let expiry = self.expires_at.map_or(0, Timestamp::as_millisecond);
        body[14..22].copy_from_slice(&expiry.to_be_bytes());
        body
    }
}

/// Reads at most eight big-endian bytes.
fn number(bytes: &[u8]) -> i64 {
    bytes
        .iter()
        .fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn token() -> Token {
        Token {
            purpose: Purpose::Unsubscribe,
            subscriber: SubscriberId(i64::MAX - 7),
            epoch: u32::MAX,
            expires_at: None,
        }
    }

    fn now() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_token_has_51_characters_and_comes_back_whole() {
        let keys = Keys::from_parts(vec![(1, [7; 32])], [8; 32]);
        let text = token().encode(&keys);
        assert_eq!(text.len(), 51);
        assert_eq!(
            Token::decode(&text, Purpose::Unsubscribe, &keys, now()),
            Ok(token())
        );
    }

    #[test]
    fn any_changed_character_is_refused() {
        let keys = Keys::from_parts(vec![(1, [7; 32])], [8; 32]);
        let text = token().encode(&keys);
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(
                Token::decode(&changed, Purpose::Unsubscribe, &keys, now()).is_err(),
                "{place}"
            );
        }
        for garbage in ["", "x", "====", &text[1..], &format!("{text}A")] {
            assert!(Token::decode(garbage, Purpose::Unsubscribe, &keys, now()).is_err());
        }
    }

    #[test]
    fn a_token_opens_nothing_but_its_purpose() {
        let keys = Keys::from_parts(vec![(1, [7; 32])], [8; 32]);
        let text = Token {
            purpose: Purpose::Preferences,
            ..token()
        }
        .encode(&keys);
        let answer = Token::decode(&text, Purpose::Unsubscribe, &keys, now());
        assert_eq!(answer, Err(TokenError::Forged));
    }

    #[test]
    fn old_keys_verify_and_the_newest_signs() {
        let old = Keys::from_parts(vec![(1, [7; 32])], [8; 32]);
        let both = Keys::from_parts(vec![(1, [7; 32]), (2, [9; 32])], [8; 32]);
        let text = token().encode(&old);
        assert!(Token::decode(&text, Purpose::Unsubscribe, &both, now()).is_ok());
        let newer = token().encode(&both);
        assert_eq!(
            Token::decode(&newer, Purpose::Unsubscribe, &old, now()),
            Err(TokenError::Malformed)
        );
    }

    #[test]
    fn a_token_ends_when_it_says() {
        let keys = Keys::from_parts(vec![(1, [7; 32])], [8; 32]);
        let end = now() + SignedDuration::from_secs(1);
        let text = Token {
            expires_at: Some(end),
            ..token()
        }
        .encode(&keys);
        assert!(Token::decode(&text, Purpose::Unsubscribe, &keys, now()).is_ok());
        assert_eq!(
            Token::decode(&text, Purpose::Unsubscribe, &keys, end),
            Err(TokenError::Expired)
        );
    }
}
