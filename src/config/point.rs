//! Finds where a setting stands, for a fault that shows only after loading: a source that cannot be reached, an accent
//! that cannot be read.
//!
//! Reads `courant.toml` once more. If the file has changed by then, the fault names the file alone.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::Config;
use super::document::Faults;
use super::files::read_document;
use crate::model::{Diagnostic, EmailAddress, InboxPlace, Language, MailServer, Relay, SourceName};

/// A setting of `courant.toml`.
#[derive(Debug, Clone, Copy)]
pub enum Setting<'a> {
    /// `accent` of `[newsletter]`.
    Accent,
    /// `from` of `[newsletter]`.
    From,
    /// `reply_to` of `[newsletter]`.
    ReplyTo,
    /// `language` of `[newsletter]`.
    Language,
    /// `url` of `[newsletter]`.
    Url,
    /// `operator` of `[newsletter]`.
    Operator,
    /// `address` of `[newsletter]`, the postal one.
    Address,
    /// `bounces` of `[delivery]`.
    Bounces,
    /// A relay of `[delivery]`, by its place in the list.
    Relay(usize),
    /// A key of `[[delivery.dkim]]`, by its place in the list.
    DkimKey(usize),
    /// `inbox` of `[bounces]`.
    Inbox,
    /// Where a source is: its `url` or `folder`.
    Source(&'a SourceName),
    /// Another key of a source.
    SourceKey(&'a SourceName, &'static str),
}

/// Points the fault at the setting's value.
pub fn point(config: &Config, fault: Diagnostic, setting: Setting<'_>) -> Diagnostic {
    let Ok(document) = read_document(&config.file, &config.file) else {
        return fault.in_file(&config.file);
    };
    let table = document.parse(&Faults::default());
    let found = table.as_ref().and_then(|table| match setting {
        Setting::Accent => accent(table, &config.newsletter.accent),
        Setting::From => address(table, ("newsletter", "from"), &config.newsletter.from),
        Setting::ReplyTo => {
            let typed = config.newsletter.reply_to.as_ref()?;
            address(table, ("newsletter", "reply_to"), typed)
        }
        Setting::Operator => {
            let typed = config.newsletter.operator.as_ref()?;
            address(table, ("newsletter", "operator"), typed)
        }
        Setting::Address => text(table, "address", &config.newsletter.address),
        Setting::Language => language(table, config),
        Setting::Url => url(table, &config.newsletter.url),
        Setting::Bounces => {
            let typed = config.delivery.bounces.as_ref()?;
            address(table, ("delivery", "bounces"), typed)
        }
        Setting::Relay(index) => relay(table, index, &config.delivery.relays.get(index)?.relay),
        Setting::DkimKey(index) => {
            let typed = &config.delivery.dkim.get(index)?.selector;
            dkim_key(table, index, typed)
        }
        Setting::Inbox => inbox(table, config),
        Setting::Source(name) => place(source(table, name)?),
        Setting::SourceKey(name, key) => {
            let source = source(table, name)?;
            source.get(key).or_else(|| place(source))
        }
    });
    match found {
        Some(value) => document.point(fault, value.span()),
        None => fault.in_file(&config.file),
    }
}

/// The accent, unless a stronger layer than the file has set it.
fn accent<'a>(table: &'a DeTable<'_>, value: &str) -> Option<&'a Spanned<DeValue<'a>>> {
    let node = key(table, "newsletter", "accent")?;
    let typed = node.get_ref().as_str()?;
    typed.eq_ignore_ascii_case(value).then_some(node)
}

/// A text of `[newsletter]`, unless a stronger layer than the file has set it.
fn text<'a>(table: &'a DeTable<'_>, name: &str, value: &str) -> Option<&'a Spanned<DeValue<'a>>> {
    let node = key(table, "newsletter", name)?;
    let typed = node.get_ref().as_str()?;
    (typed.trim() == value).then_some(node)
}

/// An address, unless a stronger layer than the file has set it.
fn address<'a>(
    table: &'a DeTable<'_>,
    (section, name): (&str, &str),
    value: &EmailAddress,
) -> Option<&'a Spanned<DeValue<'a>>> {
    let node = key(table, section, name)?;
    let typed = node.get_ref().as_str()?;
    // From's address may stand behind a name.
    let bare = typed
        .rsplit_once('<')
        .map(|(_, rest)| rest.trim_end().trim_end_matches('>'));
    let typed = EmailAddress::parse(bare.unwrap_or(typed)).ok()?;
    (typed == *value).then_some(node)
}

/// The newsletter's language, unless a stronger layer than the file has set it.
fn language<'a>(table: &'a DeTable<'_>, config: &Config) -> Option<&'a Spanned<DeValue<'a>>> {
    let node = key(table, "newsletter", "language")?;
    let typed = Language::parse(node.get_ref().as_str()?).ok()?;
    (typed == config.newsletter.language).then_some(node)
}

/// The newsletter's address on the web, unless a stronger layer than the file has set it.
fn url<'a>(table: &'a DeTable<'_>, value: &str) -> Option<&'a Spanned<DeValue<'a>>> {
    let node = key(table, "newsletter", "url")?;
    let typed = node.get_ref().as_str()?.trim_end_matches('/');
    typed.eq_ignore_ascii_case(value).then_some(node)
}

/// Where what comes back lies, unless a stronger layer than the file has set it.
fn inbox<'a>(table: &'a DeTable<'_>, config: &Config) -> Option<&'a Spanned<DeValue<'a>>> {
    let node = key(table, "bounces", "inbox")?;
    let typed = node.get_ref().as_str()?;
    let is_meant = match config.bounces.inbox.as_ref()? {
        InboxPlace::Path(path) => config.root.join(typed) == *path,
        InboxPlace::Server(server) => MailServer::parse(typed).as_ref() == Ok(server),
    };
    is_meant.then_some(node)
}

/// The relay at a place, however it is written, unless a stronger layer than the file has set it.
fn relay<'a>(
    table: &'a DeTable<'_>,
    index: usize,
    value: &Relay,
) -> Option<&'a Spanned<DeValue<'a>>> {
    let node = key(table, "delivery", "relay")?;
    let item = match node.get_ref() {
        DeValue::Array(items) => items.get(index)?,
        _ => Some(node).filter(|_| index == 0)?,
    };
    let node = match item.get_ref() {
        DeValue::Table(relay) => relay.get("url")?,
        _ => item,
    };
    let typed = Relay::parse(node.get_ref().as_str()?).ok()?;
    (typed == *value).then_some(node)
}

/// The key at a place: its selector.
fn dkim_key<'a>(
    table: &'a DeTable<'_>,
    index: usize,
    selector: &str,
) -> Option<&'a Spanned<DeValue<'a>>> {
    let DeValue::Array(keys) = key(table, "delivery", "dkim")?.get_ref() else {
        return None;
    };
    let DeValue::Table(found) = keys.get(index)?.get_ref() else {
        return None;
    };
    let node = found.get("selector")?;
    let typed = node.get_ref().as_str()?;
    typed.eq_ignore_ascii_case(selector).then_some(node)
}

/// A key of a section.
fn key<'a>(table: &'a DeTable<'_>, section: &str, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
    let DeValue::Table(section) = table.get(section)?.get_ref() else {
        return None;
    };
    section.get(name)
}

fn source<'a>(table: &'a DeTable<'_>, name: &SourceName) -> Option<&'a DeTable<'a>> {
    let DeValue::Array(sources) = table.get("source")?.get_ref() else {
        return None;
    };
    let sources: &DeArray<'_> = sources;
    let tables = sources.iter().filter_map(|node| match node.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    });
    let is_named = |table: &&DeTable<'_>| {
        let node = table.get("name").and_then(|node| node.get_ref().as_str());
        node == Some(name.as_str())
    };
    tables.into_iter().find(is_named)
}

/// Where a source is.
fn place<'a>(source: &'a DeTable<'a>) -> Option<&'a Spanned<DeValue<'a>>> {
    source.get("url").or_else(|| source.get("folder"))
}
