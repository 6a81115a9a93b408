//! An e-mail address that has been checked once and is trusted afterwards.

use std::fmt;

use email_address::{EmailAddress as Checked, Options};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Longest address that SMTP carries, in octets (RFC 5321 §4.5.3.1.3 less its angle brackets).
const MAX_OCTETS: usize = 254;

/// Why a text is not an address that can be mailed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not of the form `local@domain` (RFC 5321 §4.1.2, RFC 6531).
    #[error("not an e-mail address")]
    Syntax,
    /// The domain has no valid ASCII form (RFC 5891).
    #[error("the domain of this address is not valid")]
    Domain,
    /// Longer than 254 octets.
    #[error("an address has at most {MAX_OCTETS} octets")]
    TooLong,
}

/// A mailbox address: a local part as typed and a domain that has an ASCII form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    local: String,
    domain: String,
    ascii_domain: String,
}

impl EmailAddress {
    /// Parses `local@domain`, without display name or comment; text is brought to NFC first.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text: String = text.trim().nfc().collect();
        if text.len() > MAX_OCTETS {
            return Err(AddressError::TooLong);
        }
        let options = Options::default()
            .without_display_text()
            .without_domain_literal()
            .with_required_tld();
        Checked::parse_with_options(&text, options).map_err(|_| AddressError::Syntax)?;
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Syntax)?;
        if text.chars().any(char::is_control) {
            return Err(AddressError::Syntax);
        }
        let ascii_domain =
            idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::Domain)?;
        Ok(Self {
            local: local.to_owned(),
            domain: domain.to_lowercase(),
            ascii_domain,
        })
    }

    /// The part before the `@`, as typed.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in its ASCII form (`xn--…`), as it goes over the wire.
    pub fn ascii_domain(&self) -> &str {
        &self.ascii_domain
    }

    /// `local@ascii-domain`: what SMTP is given. Non-ASCII only where [`Self::needs_smtputf8`] says so.
    pub fn wire(&self) -> String {
        format!("{}@{}", self.local, self.ascii_domain)
    }

    /// Whether the local part asks for SMTPUTF8 (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// What makes two spellings one reader: lower-case local part at the ASCII domain.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.ascii_domain)
    }

    /// The address as a log may show it: first letter and domain.
    pub fn masked(&self) -> String {
        let first = self.local.chars().next().unwrap_or('?');
        format!("{first}…@{}", self.domain)
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// Debug output goes to logs, so it is masked.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> String {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internationalised_domain_has_an_ascii_form() {
        let address = EmailAddress::parse("Zoë@bücher.example").unwrap();
        assert_eq!(address.wire(), "Zoë@xn--bcher-kva.example");
        assert_eq!(address.key(), "zoë@xn--bcher-kva.example");
        assert_eq!(address.to_string(), "Zoë@bücher.example");
        assert!(address.needs_smtputf8());
    }

    #[test]
    fn two_spellings_are_one_reader() {
        let a = EmailAddress::parse("Jan@Example.NL").unwrap();
        let b = EmailAddress::parse("jan@example.nl").unwrap();
        assert_eq!(a.key(), b.key());
    }

    #[test]
    fn what_cannot_be_mailed_is_refused() {
        for text in [
            "",
            "jan",
            "jan@",
            "@example.nl",
            "jan@localhost",
            "a b@example.nl",
            "Jan <jan@example.nl>",
            "jan@exa mple.nl",
            "jan@example.nl\r\nBcc: x@example.nl",
            "jan@[127.0.0.1]",
            "jan@-example.nl",
        ] {
            assert!(EmailAddress::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn debug_output_is_masked() {
        let address = EmailAddress::parse("jan@example.nl").unwrap();
        assert_eq!(format!("{address:?}"), "EmailAddress(j…@example.nl)");
    }
}
