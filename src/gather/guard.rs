//! Decides which network addresses may be connected to.
//!
//! A source's address is a text that a stranger can choose (a redirect, a DNS record), so a gatherer is a way into the
//! network it runs in. Every address is held against this list: those written as numbers before asking, those that a
//! name resolves to in [`GuardedResolver`], whose answer is the very address that is connected to.
//! What is refused can be allowed by naming its network in the settings, never by a switch for everything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::Error;
use crate::model::Network;

/// IPv4 networks that are not public (RFC 6890 and its IANA registry; 192.88.99.0/24 is the 6to4 relay, RFC 7526).
const CLOSED_V4: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (Ipv4Addr::new(255, 255, 255, 255), 32),
];

/// All IPv6 that is routed today (RFC 4291 §2.4); NAT64, unique local, link-local and multicast lie outside.
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Parts of it that are not public: protocol assignments with Teredo, documentation (twice), 6to4.
const CLOSED_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Says yes or no to an address.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    allowed: Vec<Network>,
}

impl Guard {
    pub(super) fn new(allowed: Vec<Network>) -> Self {
        Self { allowed }
    }

    /// Refuses other schemes, and addresses written as numbers that may not be connected to.
    pub(super) fn check(&self, url: &Url) -> Result<(), Error> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Scheme(url.scheme().to_owned()));
        }
        let address = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(Error::Unresolved(String::new())),
        };
        match self.permits(address) {
            true => Ok(()),
            false => Err(Error::Private(address.to_string())),
        }
    }

    /// Whether the address may be connected to. An IPv4 address in IPv6 clothes (`::ffff:10.0.0.1`) is judged as IPv4.
    pub(super) fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|network| network.contains(address)) || is_public(address)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => !CLOSED_V4.iter().any(|&network| lies_in(network, address)),
        IpAddr::V6(_) => {
            lies_in(GLOBAL_V6, address)
                && !CLOSED_V6.iter().any(|&network| lies_in(network, address))
        }
    }
}

fn lies_in<A: Into<IpAddr>>((network, prefix): (A, u8), address: IpAddr) -> bool {
    Network::new(network.into(), prefix).contains(address)
}

/// Resolves a name by the system and keeps only the addresses that the guard permits.
pub(super) struct GuardedResolver(pub(super) Arc<Guard>);

/// How the resolver tells the fetcher what went wrong, through the HTTP library's chain of causes.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("only private addresses")]
    Private(String),
    #[error("no address")]
    Unresolved(String),
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map(Iterator::collect)
                .unwrap_or_default();
            if found.is_empty() {
                return Err(Refusal::Unresolved(name).into());
            }
            let permitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| guard.permits(address.ip()))
                .collect();
            if permitted.is_empty() {
                return Err(Refusal::Private(name).into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allowed: &[Network]) -> Guard {
        Guard::new(allowed.to_vec())
    }

    #[test]
    fn private_addresses_are_refused_however_they_are_spelled() {
        for text in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://10.0.0.1/",
            "http://172.31.255.255/",
            "http://192.168.1.1/",
            "http://169.254.169.254/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://255.255.255.255/",
            "http://224.0.0.1/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fe80::1]/",
            "http://[fd00::1]/",
            "http://[ff02::1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001::1]/",
            "http://[2001:db8::1]/",
        ] {
            let url = Url::parse(text).unwrap();
            assert!(
                matches!(guard(&[]).check(&url), Err(Error::Private(_))),
                "{text} was let through"
            );
        }
    }

    #[test]
    fn public_addresses_and_names_pass() {
        for text in [
            "http://9.9.9.9/",
            "https://[2620:fe::fe]/",
            "http://172.32.0.1/",
            "https://example.org/",
        ] {
            assert!(guard(&[]).check(&Url::parse(text).unwrap()).is_ok());
        }
    }

    #[test]
    fn only_the_named_network_is_allowed() {
        let guard = guard(&[Network::parse("10.1.0.0/16").unwrap()]);
        assert!(guard.permits("10.1.2.3".parse().unwrap()));
        assert!(guard.permits("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!guard.permits("10.2.0.1".parse().unwrap()));
    }

    #[test]
    fn other_schemes_are_refused() {
        for text in [
            "file:///etc/passwd",
            "ftp://example.org/",
            "gopher://example.org/",
        ] {
            assert!(matches!(
                guard(&[]).check(&Url::parse(text).unwrap()),
                Err(Error::Scheme(_))
            ));
        }
    }
}
