//! A name for a source that has none yet: made of its feed's title or its host, path-safe, and nobody else's.

use std::collections::HashSet;

use url::Url;

use crate::model::{SourceName, Topic};

/// Longer titles are cut at a word, in characters: a name is typed.
const MAX_NAME: usize = 32;

/// Labels of a host that say nothing about whose it is.
const SAYS_NOTHING: [&str; 6] = ["www", "blog", "feeds", "feed", "rss", "news"];

/// A name that is not taken yet; it is taken from now on.
pub fn name(title: Option<&str>, url: &Url, taken: &mut HashSet<SourceName>) -> SourceName {
    let of_title = title.and_then(short);
    let base = of_title
        .or_else(|| of_host(url))
        .unwrap_or_else(|| "source".to_owned());
    let mut number = 1;
    loop {
        let text = match number {
            1 => base.clone(),
            number => format!("{base}-{number}"),
        };
        number += 1;
        match SourceName::parse(&text) {
            Ok(name) if taken.insert(name.clone()) => return name,
            _ => {}
        }
    }
}

/// The title without what stands behind a dash or bar, as a name.
fn short(title: &str) -> Option<String> {
    let main = title.split(
        [" | ", " – ", " — ", " - ", " » ", ": "]
            .iter()
            .find(|mark| title.contains(**mark))
            .copied()
            .unwrap_or("\n"),
    );
    let main = main.map(str::trim).find(|part| !part.is_empty())?;
    let name = Topic::from_label(main)?;
    let mut cut = String::new();
    for word in name.as_str().split('-') {
        if !cut.is_empty() && cut.chars().count() + 1 + word.chars().count() > MAX_NAME {
            break;
        }
        if !cut.is_empty() {
            cut.push('-');
        }
        cut.push_str(word);
    }
    Some(cut.chars().take(MAX_NAME).collect())
}

/// `waag` of `www.blog.waag.example`.
fn of_host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    if host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[') {
        return Topic::from_label(host).map(String::from);
    }
    let mut labels: Vec<&str> = host.split('.').collect();
    if labels.len() > 1 {
        labels.pop();
    }
    let telling = labels
        .iter()
        .find(|label| !SAYS_NOTHING.contains(label))
        .or(labels.first())?;
    Topic::from_label(telling).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_path_safe_and_nobody_elses() {
        let mut taken = HashSet::new();
        let url = Url::parse("https://www.blog.waag.example/feed").unwrap();
        let mut named = |title: Option<&str>| name(title, &url, &mut taken).to_string();
        assert_eq!(named(Some("Het Volle Pond – brieven")), "het-volle-pond");
        assert_eq!(named(Some("Het volle pond")), "het-volle-pond-2");
        assert_eq!(named(None), "waag");
        assert_eq!(named(Some("///")), "waag-2");
        let long = named(Some(
            "Een heel lange titel waar geen eind aan lijkt te komen",
        ));
        assert_eq!(long, "een-heel-lange-titel-waar-geen");
    }
}
