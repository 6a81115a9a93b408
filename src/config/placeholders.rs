//! What stands in a new newsletter only to be replaced: names that no mail and no reader can reach, the starter's postal
//! address, its reader, its welcome post. Harmless as long as mail stays on this machine; to readers it would be an embarrassment, and
//! links that lead nowhere keep them from leaving.

use std::net::IpAddr;

use url::{Host, Url};

use super::Config;
use super::document::Faults;
use super::files::read_document;
use super::init::{STARTER_ADDRESS, STARTER_READER, STARTER_WELCOME};
use super::point::{Setting, point};
use super::subscribers;
use crate::model::{Diagnostic, EmailAddress, Relay, SourceKind};

/// Top-level names that are nobody's (RFC 2606 §2).
const RESERVED: [&str; 4] = ["example", "invalid", "localhost", "test"];

/// Domains that are kept for examples (RFC 2606 §3).
const EXAMPLES: [&str; 3] = ["example.com", "example.net", "example.org"];

/// The name of this machine, as old host files have it.
const LOCAL: &str = "localhost.localdomain";

/// The file of the starter's welcome, in each folder source.
const WELCOME: &str = "welcome.md";

/// Each placeholder that would go out to readers, where it stands; none while all mail stays on this machine, or is a test.
pub fn placeholders(config: &Config) -> Vec<Diagnostic> {
    let mut relays = config.delivery.relays.iter();
    if config.newsletter.test || !relays.any(|one| leaves_this_machine(&one.relay)) {
        return vec![];
    }
    let mut found = vec![];
    found.extend(of_url(config));
    found.extend(of_addresses(config));
    found.extend(of_postal_address(config));
    found.extend(of_reader(config));
    found.extend(
        config
            .sources
            .iter()
            .filter_map(|source| match &source.kind {
                SourceKind::Folder(folder) => of_welcome(config, &config.root.join(folder)),
                SourceKind::Url(_) => None,
            }),
    );
    if let Some(last) = found.last_mut() {
        let hint = last.hint.take().unwrap_or_default();
        last.hint = Some(format!("{hint}; {TRIAL}"));
    }
    found
}

fn leaves_this_machine(relay: &Relay) -> bool {
    match relay {
        Relay::Mailbox => false,
        Relay::Smtp(relay) => !relay.is_here(),
    }
}

fn of_url(config: &Config) -> Option<Diagnostic> {
    let url = &config.newsletter.url;
    let host = Url::parse(url).ok()?.host()?.to_owned();
    let why = match host {
        Host::Domain(name) => why_not(&name)?,
        Host::Ipv4(address) => why_no_address(address.into())?,
        Host::Ipv6(address) => why_no_address(address.into())?,
    };
    let fault = Diagnostic::error(format!(
        "`{url}` is a placeholder: {why}, and each link in the mail leads there, also the one to leave"
    ))
    .hint("write the address where readers reach `courant serve`");
    Some(point(config, fault, Setting::Url))
}

fn of_addresses(config: &Config) -> Vec<Diagnostic> {
    let newsletter = &config.newsletter;
    let addresses = [
        (Some(&newsletter.from), Setting::From),
        (newsletter.reply_to.as_ref(), Setting::ReplyTo),
        (newsletter.operator.as_ref(), Setting::Operator),
        (config.delivery.bounces.as_ref(), Setting::Bounces),
    ];
    let found = addresses.into_iter().filter_map(|(address, setting)| {
        let address: &EmailAddress = address?;
        let domain = address.ascii_domain();
        let literal = domain.trim_matches(['[', ']']).trim_start_matches("IPv6:");
        let why = match literal.parse() {
            Ok(ip) => why_no_address(ip),
            Err(_) => why_not(domain),
        }?;
        let fault = Diagnostic::error(format!("`{address}` is a placeholder: {why}"))
            .hint("write an address of your own");
        Some(point(config, fault, setting))
    });
    found.collect()
}

fn of_postal_address(config: &Config) -> Option<Diagnostic> {
    let address = &config.newsletter.address;
    if words(address) != words(STARTER_ADDRESS) {
        return None;
    }
    let fault = Diagnostic::error(format!(
        "`{address}` is a placeholder: `courant init` wrote it, and the law wants your own in each mail"
    ))
    .hint("write the postal address of who publishes");
    Some(point(config, fault, Setting::Address))
}

/// The starter's reader, who does not exist.
fn of_reader(config: &Config) -> Option<Diagnostic> {
    let path = subscribers::subscribers_file(config);
    let name = config.file.with_file_name(subscribers::FILE);
    let document = read_document(&path, &name).ok()?;
    // A long list is read a second time only where he may stand in it.
    if !document
        .text()
        .to_ascii_lowercase()
        .contains(STARTER_READER)
    {
        return None;
    }
    let table = document.parse(&Faults::default())?;
    let entries = table.get("subscriber")?.get_ref().as_array()?;
    let mut addresses = entries.iter().filter_map(|one| one.get_ref().get("email"));
    let found = addresses.find(|one| {
        let address = one.get_ref().as_str();
        address.is_some_and(|address| address.trim().eq_ignore_ascii_case(STARTER_READER))
    })?;
    let fault = Diagnostic::error(format!(
        "`{STARTER_READER}` is a placeholder: `courant init` wrote it, and nobody reads there"
    ))
    .hint("write the addresses of those who asked for the newsletter");
    Some(document.point(fault, found.span()))
}

/// The starter's welcome, also under another title: it tells the publisher, and no reader, what to do.
fn of_welcome(config: &Config, folder: &std::path::Path) -> Option<Diagnostic> {
    let path = folder.join(WELCOME);
    let below = path.strip_prefix(&config.root).unwrap_or(&path);
    let document = read_document(&path, &config.file.with_file_name(below)).ok()?;
    let opening = opening(STARTER_WELCOME)?;
    let start = document.text().find(opening)?;
    let fault = Diagnostic::error(
        "this post is a placeholder: `courant init` wrote it for you, and not for readers",
    )
    .hint("delete the file, or write your own words into it");
    Some(document.point(fault, start..start + opening.len()))
}

/// The first sentence below the front matter.
fn opening(post: &str) -> Option<&str> {
    let (_, body) = post.strip_prefix("---")?.split_once("---")?;
    body.trim_start().split_inclusive('.').next()
}

/// How to try it all the same; said once, behind the last of them.
const TRIAL: &str = "to try it all the same, `test = true` in `[newsletter]` marks each subject with [test] and mails 20 readers at most";

/// Why nobody is reached under a name; `None` where somebody may be.
fn why_not(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_below = |domain: &str| {
        let rest = name.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if is_below("localhost") || is_below(LOCAL) {
        Some("it is this very machine")
    } else if RESERVED
        .iter()
        .chain(&EXAMPLES)
        .any(|domain| is_below(domain))
    {
        Some("such a name is kept for examples (RFC 2606)")
    } else {
        None
    }
}

fn why_no_address(address: IpAddr) -> Option<&'static str> {
    let address = address.to_canonical();
    (address.is_loopback() || address.is_unspecified()).then_some("it is this very machine")
}

/// A text in lower case, however its words are set apart.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_nobodys_are_known() {
        for name in [
            "example.org",
            "news.example.org",
            "EXAMPLE.com",
            "example.net.",
            "krant.example",
            "krant.test",
            "a.invalid",
            "localhost",
            "krant.localhost",
            "localhost.localdomain",
        ] {
            assert!(why_not(name).is_some(), "{name}");
        }
        for name in [
            "example.nl",
            "myexample.org",
            "example.org.nl",
            "test.nl",
            "mylocalhost",
            "krant.nl",
        ] {
            assert_eq!(why_not(name), None, "{name}");
        }
        for ip in [
            "127.0.0.1",
            "127.8.9.1",
            "::1",
            "0.0.0.0",
            "::",
            "::ffff:127.0.0.1",
        ] {
            assert!(why_no_address(ip.parse().unwrap()).is_some(), "{ip}");
        }
        for ip in ["192.168.1.2", "198.51.100.7", "2001:db8::1"] {
            assert_eq!(why_no_address(ip.parse().unwrap()), None, "{ip}");
        }
    }

    #[test]
    fn the_starter_is_known_by_its_own_words() {
        let starter = include_str!("starter/courant.toml");
        assert!(starter.contains(&format!("address = \"{STARTER_ADDRESS}\"")));
        assert_eq!(
            opening(STARTER_WELCOME),
            Some("This is the first post of your newsletter.")
        );
    }
}
