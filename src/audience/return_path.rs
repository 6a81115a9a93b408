//! The return path of one delivery (VERP): the operator's address with a token that names reader and issue.
//!
//! Whoever reports to it proves that the mail went that way. The token is the only thing believed of a report: what
//! else it says of the reader can be written by anybody.

use jiff::{SignedDuration, Timestamp};

use super::{Keys, Purpose, Token, TokenError};
use crate::model::{EmailAddress, IssueNumber, SubscriberId};

/// How long a report is believed, from the try on: relays give up within five days, complaints come within weeks.
pub(super) const LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Characters of a token.
const TOKEN: usize = 51;

/// What stands between the operator's local part and the token (RFC 5233 §1).
const SEPARATOR: char = '+';

/// Longest local part of the operator's address: with separator and token it has 64 octets (RFC 5321 §4.5.3.1.1).
pub const LONGEST_LOCAL: usize = 64 - TOKEN - 1;

/// Whose return path it was: one issue to one reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Returned {
    /// Who.
    pub subscriber: SubscriberId,
    /// Which issue.
    pub issue: IssueNumber,
}

/// The envelope sender of a delivery that is tried now: `bounces+TOKEN@example.nl`.
///
/// `None` if there can be none: the address is too long for a token, or the issue's number too large.
pub fn return_path(
    address: &EmailAddress,
    delivery: Returned,
    keys: &Keys,
    now: Timestamp,
) -> Option<EmailAddress> {
    let token = Token {
        purpose: Purpose::Bounce,
        subscriber: delivery.subscriber,
        epoch: u32::try_from(delivery.issue.0).ok()?,
        expires_at: Some(now + LIFETIME),
    };
    if address.local().len() > LONGEST_LOCAL {
        return None;
    }
    let (local, domain) = (address.local(), address.ascii_domain());
    let token = token.encode(keys);
    EmailAddress::parse(&format!("{local}{SEPARATOR}{token}@{domain}")).ok()
}

/// The delivery of which this address is the return path.
///
/// The operator's own part of it is not looked at: mail may be forwarded to another inbox.
///
/// # Errors
/// If it holds no token, a forged one, or one that has expired.
pub fn returned(address: &str, keys: &Keys, now: Timestamp) -> Result<Returned, TokenError> {
    let token = token_in(address).ok_or(TokenError::Malformed)?;
    let token = Token::decode(token, Purpose::Bounce, keys, now)?;
    Ok(Returned {
        subscriber: token.subscriber,
        issue: IssueNumber(token.epoch.into()),
    })
}

/// What stands in the place of a token.
pub(super) fn token_in(address: &str) -> Option<&str> {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.rsplit_once(SEPARATOR).map(|(_, token)| token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::from_parts(vec![(1, [7; 32])], [8; 32])
    }

    fn now() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    fn delivery() -> Returned {
        Returned {
            subscriber: SubscriberId(i64::MAX - 7),
            issue: IssueNumber(41),
        }
    }

    #[test]
    fn a_return_path_fits_a_local_part_and_says_whose_it_is() {
        let longest = EmailAddress::parse("bounces-2026@example.nl").unwrap();
        let path = return_path(&longest, delivery(), &keys(), now()).unwrap();
        assert_eq!(path.local().len(), 64);
        assert_eq!(returned(&path.wire(), &keys(), now()), Ok(delivery()));
        let longer = EmailAddress::parse("bounces-20261@example.nl").unwrap();
        assert_eq!(return_path(&longer, delivery(), &keys(), now()), None);
    }

    #[test]
    fn only_a_token_of_ours_for_this_and_of_these_days_is_believed() {
        let address = EmailAddress::parse("bounces@example.nl").unwrap();
        let path = return_path(&address, delivery(), &keys(), now()).unwrap();
        let path = path.wire();
        let others = Keys::from_parts(vec![(1, [9; 32])], [8; 32]);
        assert_eq!(returned(&path, &others, now()), Err(TokenError::Forged));
        let leaving = Token {
            purpose: Purpose::Unsubscribe,
            subscriber: delivery().subscriber,
            epoch: 41,
            expires_at: None,
        };
        let leaving = format!("bounces+{}@example.nl", leaving.encode(&keys()));
        assert_eq!(returned(&leaving, &keys(), now()), Err(TokenError::Forged));
        assert!(
            returned(
                &path,
                &keys(),
                now() + LIFETIME - SignedDuration::from_secs(1)
            )
            .is_ok()
        );
        assert_eq!(
            returned(&path, &keys(), now() + LIFETIME),
            Err(TokenError::Expired)
        );
        for none in ["bounces@example.nl", "", "+@", &path.to_lowercase()] {
            assert!(returned(none, &keys(), now()).is_err(), "{none}");
        }
    }
}
