//! What the relay offers, read from its reply to `EHLO` (RFC 5321 §4.1.1.1); keywords in any case.

/// The extensions that matter to us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// PIPELINING (RFC 2920).
    pub(super) pipelining: bool,
    /// SIZE (RFC 1870).
    pub(super) size: bool,
    /// The largest message, in octets, where SIZE names one.
    pub(super) largest: Option<usize>,
    /// STARTTLS (RFC 3207).
    pub(super) starttls: bool,
    /// 8BITMIME (RFC 6152).
    pub(super) eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub(super) smtputf8: bool,
    /// AUTH (RFC 4954) with PLAIN (RFC 4616).
    pub(super) plain: bool,
    /// AUTH with LOGIN, which was never standardised and is all that some relays have.
    pub(super) login: bool,
    /// AUTH with XOAUTH2, the way to log in with an access token.
    pub(super) xoauth2: bool,
    /// AUTH with OAUTHBEARER, the same as a standard (RFC 7628).
    pub(super) oauth_bearer: bool,
}

impl Offers {
    /// Reads a whole reply; its first line is the relay's name.
    pub(super) fn read(reply: &str) -> Self {
        let mut offers = Self::default();
        for line in reply.lines().skip(1).filter_map(|line| line.get(4..)) {
            // `AUTH=LOGIN` is an old spelling of `AUTH LOGIN`.
            let line = line.to_ascii_uppercase().replace('=', " ");
            let mut words = line.split_whitespace();
            match words.next() {
                Some("PIPELINING") => offers.pipelining = true,
                Some("SIZE") => {
                    offers.size = true;
                    // "0" says that there is no fixed limit (RFC 1870 §4).
                    let largest = words.next().and_then(|octets| octets.parse().ok());
                    offers.largest = largest.filter(|octets| *octets > 0);
                }
                Some("STARTTLS") => offers.starttls = true,
                Some("8BITMIME") => offers.eight_bit = true,
                Some("SMTPUTF8") => offers.smtputf8 = true,
                Some("AUTH") => {
                    for mechanism in words {
                        offers.plain |= mechanism == "PLAIN";
                        offers.login |= mechanism == "LOGIN";
                        offers.xoauth2 |= mechanism == "XOAUTH2";
                        offers.oauth_bearer |= mechanism == "OAUTHBEARER";
                    }
                }
                _ => {}
            }
        }
        offers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_of_nought_is_no_limit() {
        let largest = |line: &str| {
            let offers = Offers::read(&format!("250-x\r\n250 {line}\r\n"));
            (offers.size, offers.largest)
        };
        assert_eq!(largest("SIZE 10240000"), (true, Some(10_240_000)));
        assert_eq!(largest("size 0"), (true, None));
        assert_eq!(largest("SIZE"), (true, None));
        assert_eq!(largest("SIZES 5"), (false, None));
    }

    #[test]
    fn keywords_are_read_in_any_case_and_the_name_is_none() {
        let offers =
            Offers::read("250-STARTTLS\r\n250-8bitmime\r\n250-auth=login\r\n250 Auth PLAIN X\r\n");
        let wanted = Offers {
            eight_bit: true,
            plain: true,
            login: true,
            ..Offers::default()
        };
        assert_eq!(offers, wanted);
    }
}
