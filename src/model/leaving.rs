//! How readers leave: by a page on the web, by a mail to the inbox, or by either.

use serde::{Deserialize, Serialize};

use super::EmailAddress;

/// Behind the address of a mail that leaves: people see what they send.
pub const LEAVING_SUBJECT: &str = "?subject=unsubscribe";

/// The ways out that a mail offers. The address is the inbox's; a token stands behind its `+`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leaving {
    /// A page below the newsletter's address.
    #[default]
    Web,
    /// A mail, since the newsletter has no server for a page.
    Mail(EmailAddress),
    /// Whichever the mail program prefers.
    Both(EmailAddress),
}

impl Leaving {
    /// Where a mail that leaves is sent.
    pub fn inbox(&self) -> Option<&EmailAddress> {
        match self {
            Self::Web => None,
            Self::Mail(address) | Self::Both(address) => Some(address),
        }
    }

    /// Whether there is a page.
    pub fn has_page(&self) -> bool {
        !matches!(self, Self::Mail(_))
    }
}

/// A mail to the inbox by the bearer of a token, as a URL (RFC 6068): `mailto:bounces+TOKEN@example.nl`.
pub fn leaving_to(address: &EmailAddress, token: &str) -> String {
    let local = escaped(address.local());
    format!("mailto:{local}+{token}@{}", address.ascii_domain())
}

/// A local part as it stands in a URL: what could be taken for a part of the URL is escaped (RFC 6068 §2).
fn escaped(local: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$'*+".contains(&b);
    let escape = |b: u8| match plain(b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    local.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_a_link_that_means_it() {
        let link = |text| leaving_to(&EmailAddress::parse(text).unwrap(), "T-k_n");
        assert_eq!(link("uit@example.nl"), "mailto:uit+T-k_n@example.nl");
        assert_eq!(
            link("a&b=c/d?e@x.nl"),
            "mailto:a%26b%3Dc%2Fd%3Fe+T-k_n@x.nl"
        );
        assert_eq!(link("a@bücher.nl"), "mailto:a+T-k_n@xn--bcher-kva.nl");
    }
}
