//! The tokens in links: 38 bytes, 51 characters, judged without the database.
//!
//! `base64url(kid, purpose, subscriber, epoch, expiry, 16-byte keyed BLAKE3)`. Each purpose has a key of its own, so
//! that a link for one thing opens nothing else. Compared in constant time. The holder of an unsubscribe token can
//! only leave: it never expires (RFC 8058 §3.1 asks that the link keeps working).
//!
//! Mail programs and people hand links on with a full stop, a bracket or a slash behind them, escaped once more, or with
//! parameters of their own. A token's length is fixed, so what stands around it is no part of it.

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

/// Characters of a token: base64url without padding.
const LENGTH: usize = (BODY + TAG) * 4 / 3 + 1;

/// Layers of percent-encoding that are taken off: the link's own, and one that a program put on top.
const LAYERS: usize = 2;

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
    /// No 51 characters of base64url, or an unknown key.
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

    /// The 51 characters that may be a token in what came as one, without what was put around them: escapes, marks before and
    /// behind it, parameters. `None` where there is nothing of the kind.
    pub fn cut(text: &str) -> Option<String> {
        let mut text = text.to_owned();
        for _ in 0..LAYERS {
            text = unescaped(&text);
        }
        let text = text.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let (token, rest) = text.split_at_checked(LENGTH)?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let ends = rest
            .bytes()
            .next()
            .is_none_or(|b| !b.is_ascii_alphanumeric());
        (ends && token.bytes().all(fits)).then(|| token.to_owned())
    }

    /// Checks a token that should be for `purpose`, as [`Self::cut`] finds it.
    pub fn decode(
        text: &str,
        purpose: Purpose,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let text = Self::cut(text).ok_or(TokenError::Malformed)?;
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

/// The text with one layer of percent-encoding (RFC 3986 §2.1) taken off; what is no escape stays.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok());
        let digits = digits.filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        let escaped = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        match escaped.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
    fn what_mail_programs_put_around_a_token_is_no_part_of_it() {
        let keys = Keys::from_parts(vec![(1, [7; 32])], [8; 32]);
        let clean = token().encode(&keys);
        let whole = |text: &str| {
            let decoded = Token::decode(text, Purpose::Unsubscribe, &keys, now());
            assert_eq!(decoded, Ok(token()), "{text}");
            assert_eq!(Token::cut(text).as_deref(), Some(&*clean), "{text}");
        };
        for behind in [
            ".",
            ",",
            ")",
            ">",
            "/",
            "//",
            "/.",
            "!",
            "?",
            ";",
            ":",
            "'",
            "\"",
            "]",
            "}",
            "*",
            "_",
            "-",
            "--",
            "|",
            "\\",
            "=",
            "…",
            "”",
            "»",
            "。",
            "謝謝",
            "\u{200b}",
            " ",
            "\r\n",
            "&utm_source=x",
            "?utm_source=x",
            "#top",
            "/extra",
            "%",
            "%3E",
            "%253E",
            "%3e%2E",
            "%22%3E",
            "%E2%80%9D",
            "%FF",
            "%20",
            "%0D%0A",
            "%2",
            "%zz",
            "&gt;",
        ] {
            whole(&format!("{clean}{behind}"));
        }
        for before in ["<", "%3C", "%253C", " ", "\"", "(", "/"] {
            whole(&format!("{before}{clean}>"));
        }
        // Escaped once or twice, whole or in part.
        let escape = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02x}")).collect() };
        whole(&escape(&clean));
        whole(&escape(&clean).replace('%', "%25"));
        whole(&format!("{}{}", escape(&clean[..9]), &clean[9..]));
        // More letters are another text, and so are fewer.
        for other in [
            format!("{clean}A"),
            format!("{clean}%41"),
            clean[..50].to_owned(),
            format!("A{clean}"),
        ] {
            let decoded = Token::decode(&other, Purpose::Unsubscribe, &keys, now());
            assert_eq!(decoded, Err(TokenError::Malformed), "{other}");
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
