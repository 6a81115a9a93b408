//! Reads of a certificate whose it is and who issued it, for people to recognise (X.509, RFC 5280 §4.1).
//!
//! Nothing is decided by it but what people are told. What is no certificate gives nothing.

use std::fmt;

use jiff::Timestamp;

/// Characters of a name that are shown.
const MAX_SHOWN: usize = 80;

/// Tags of DER (X.690 §8).
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const OID: u8 = 0x06;

/// `commonName` and `organizationName` (X.520), the surest to be recognised first.
const SHOWN: [&[u8]; 2] = [&[0x55, 0x04, 0x03], &[0x55, 0x04, 0x0a]];

/// `UTCTime` and `GeneralizedTime`, in which instants are written (RFC 5280 §4.1.2.5).
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When a certificate ends.
pub(crate) fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = take(certificate, SEQUENCE)?;
    let (body, _) = take(certificate, SEQUENCE)?;
    let body = take(body, VERSION).map_or(body, |(_, rest)| rest);
    // Serial number, signature's algorithm, issuer.
    let (_, rest) = any(body)?;
    let (_, rest) = any(rest)?;
    let (_, rest) = any(rest)?;
    let (validity, _) = take(rest, SEQUENCE)?;
    let (_, end) = any(validity)?;
    let text = |tag| std::str::from_utf8(take(end, tag)?.0).ok();
    let digits = match (text(UTC_TIME), text(GENERALIZED_TIME)) {
        // Two digits of a year: from 50 on they are of the last century.
        (Some(short), _) if short.get(..1)? >= "5" => format!("19{short}"),
        (Some(short), _) => format!("20{short}"),
        (None, long) => long?.to_owned(),
    };
    let instant = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", digits).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(instant).ok()
}

/// Whose a certificate is, and who issued it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    subject: Option<String>,
    issuer: Option<String>,
    issued_itself: bool,
}

impl Names {
    /// The names in a certificate.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (certificate, _) = take(certificate, SEQUENCE)?;
        let (body, _) = take(certificate, SEQUENCE)?;
        let body = take(body, VERSION).map_or(body, |(_, rest)| rest);
        // Serial number and signature's algorithm come before the issuer, and the validity before the subject.
        let (_, rest) = any(body)?;
        let (_, rest) = any(rest)?;
        let (issuer, rest) = take(rest, SEQUENCE)?;
        let (_, rest) = any(rest)?;
        let (subject, _) = take(rest, SEQUENCE)?;
        Some(Self {
            subject: shown(subject),
            issuer: shown(issuer),
            issued_itself: issuer == subject,
        })
    }
}

/// ` for "mail.lan", issued by "Lan CA",`
impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.subject {
            write!(f, " for \"{subject}\",")?;
        }
        match &self.issuer {
            _ if self.issued_itself => f.write_str(" issued by that server itself,"),
            Some(issuer) => write!(f, " issued by \"{issuer}\","),
            None => Ok(()),
        }
    }
}

/// The common name in a distinguished name, else its organisation (RFC 5280 §4.1.2.4).
fn shown(name: &[u8]) -> Option<String> {
    SHOWN.iter().find_map(|kind| attribute(name, kind))
}

fn attribute(mut name: &[u8], kind: &[u8]) -> Option<String> {
    while let Some((mut set, rest)) = take(name, SET) {
        name = rest;
        while let Some((pair, more)) = take(set, SEQUENCE) {
            set = more;
            let (found, value) = take(pair, OID)?;
            if found == kind {
                let (value, _) = any(value)?;
                let clean = |c: char| if c.is_control() { ' ' } else { c };
                let text = String::from_utf8_lossy(value);
                return Some(text.chars().map(clean).take(MAX_SHOWN).collect());
            }
        }
    }
    None
}

/// What stands in the first value, if it has this tag, and what follows it.
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    (*der.first()? == tag).then(|| any(der))?
}

/// What stands in the first value, and what follows it.
fn any(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.get(1..)?.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        // The length of a certificate has two octets, or three; no length is worth more.
        0x81..=0x83 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            let length = octets
                .iter()
                .fold(0, |n, octet| (n << 8) | usize::from(*octet));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_has_no_names() {
        let made = rcgen::generate_simple_self_signed(vec!["mail.lan".to_owned()]).unwrap();
        let whole = made.cert.der().to_vec();
        let names = Names::of(&whole).unwrap();
        assert!(names.issued_itself && names.subject.is_some(), "{names}");
        for end in 0..whole.len() {
            let _ = Names::of(&whole[..end]);
            let mut torn = whole.clone();
            torn[end] ^= 0x83;
            let _ = (Names::of(&torn), not_after(&torn));
        }
        let ends = not_after(&whole).unwrap();
        assert_eq!(ends.to_string(), "4096-01-01T00:00:00Z");
        assert_eq!(Names::of(b""), None);
        assert_eq!(Names::of(b"\x30\x84\xff\xff\xff\xff"), None);
    }
}
