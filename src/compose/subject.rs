//! The subject and the preheader of a digest, by rule.
//!
//! In go the titles of the issue's stories and the subjects of earlier issues; out come a subject of at most 60
//! characters that no earlier issue has, and a preheader of 40 to 110 that tells what else there is.

use crate::model::{Issue, Post};

use super::prose::{cut, without_emoji};
use super::words::{DateStyle, Words, WordsError};

/// What a phone shows of a subject, in characters.
const SUBJECT_LENGTH: usize = 60;

/// A title cut shorter than this says nothing: then the tail goes instead.
const MIN_TITLE: usize = 20;

/// Shorter, a mail program fills the line with the digest's first words.
const PREHEADER_MIN: usize = 40;

/// Longer, no mail program shows it.
const PREHEADER_MAX: usize = 110;

/// Stories the preheader names.
const PREHEADER_STORIES: usize = 3;

/// The subject: the schedule's own or made of the lead's title; told apart by the issue's number from `earlier` ones.
pub(super) fn subject(
    issue: &Issue,
    posts: &[&Post],
    fixed: Option<&str>,
    earlier: &[String],
    words: &Words,
) -> Result<String, WordsError> {
    let lead = posts.first().map_or("", |post| post.title.as_str());
    let title = [fixed.unwrap_or(lead), &issue.masthead.name]
        .into_iter()
        .map(without_emoji)
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let tail = match (fixed, posts.len()) {
        (None, 2..) => Some(words.say("subject-more", &[("count", (posts.len() - 1).into())])?),
        _ => None,
    };
    let made = with_tail(&title, tail.as_deref());
    if !earlier.contains(&made) {
        return Ok(made);
    }
    let number = words.say("subject-number", &[("number", issue.number.0.into())])?;
    let room = SUBJECT_LENGTH.saturating_sub(number.chars().count() + 3);
    Ok(format!("{} · {number}", cut(&title, room)))
}

fn with_tail(title: &str, tail: Option<&str>) -> String {
    let Some(tail) = tail else {
        return cut(title, SUBJECT_LENGTH);
    };
    let room = SUBJECT_LENGTH.saturating_sub(tail.chars().count() + 3);
    let short = cut(title, room);
    if short != title && short.chars().count() < MIN_TITLE {
        return cut(title, SUBJECT_LENGTH);
    }
    format!("{short} · {tail}")
}

/// The preheader: three other stories, or what the only one says, filled up until it is long enough.
pub(super) fn preheader(
    issue: &Issue,
    posts: &[&Post],
    words: &Words,
) -> Result<String, WordsError> {
    let mut made = String::new();
    let others: Vec<&str> = posts
        .iter()
        .skip(1)
        .take(PREHEADER_STORIES)
        .map(|post| post.title.as_str())
        .collect();
    if !others.is_empty() {
        let plus = words.say("preheader-plus", &[])?;
        made = cut(&format!("{plus} {}", others.join(" · ")), PREHEADER_MAX);
    }
    let masthead = &issue.masthead;
    let number = words.say(
        "preheader-number",
        &[
            ("number", issue.number.0.into()),
            ("newsletter", masthead.name.as_str().into()),
            ("date", words.date(DateStyle::Full, issue.date)?.into()),
        ],
    )?;
    let only = posts.first().filter(|_| others.is_empty());
    let fillers = [
        only.filter(|post| !post.summary.starts_with(&post.title))
            .map(|post| post.summary.clone()),
        Some(number),
        masthead.tagline_for(&words.language).map(str::to_owned),
        Some(masthead.issue_page(issue.number)),
    ];
    for filler in fillers
        .into_iter()
        .flatten()
        .filter(|text| !text.trim().is_empty())
    {
        if made.chars().count() >= PREHEADER_MIN {
            break;
        }
        let separator = if made.is_empty() { "" } else { " · " };
        made = cut(&format!("{made}{separator}{filler}"), PREHEADER_MAX);
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::{files, sample};
    use crate::model::Language;

    fn words(tag: &str) -> Words {
        let language = Language::parse(tag).unwrap();
        let files = files::resolve(&files::Overrides::default()).unwrap();
        Words::read(&language, &files.words[&language]).unwrap()
    }

    fn posts(titles: &[&str]) -> Vec<Post> {
        titles
            .iter()
            .map(|title| Post {
                title: (*title).into(),
                ..sample::bare_post()
            })
            .collect()
    }

    fn made(titles: &[&str], fixed: Option<&str>, earlier: &[String]) -> String {
        let posts = posts(titles);
        let posts: Vec<_> = posts.iter().collect();
        let subject = subject(&sample::issue(), &posts, fixed, earlier, &words("nl")).unwrap();
        assert!(subject.chars().count() <= 60, "{subject}");
        subject
    }

    #[test]
    fn the_lead_and_how_many_more() {
        assert_eq!(made(&["Luister"], None, &[]), "Luister");
        assert_eq!(
            made(&["Luister", "b"], None, &[]),
            "Luister · en nog een verhaal"
        );
        assert_eq!(
            made(&["Luister 🎉", "b", "c"], None, &[]),
            "Luister · en nog 2 verhalen"
        );
    }

    #[test]
    fn a_long_title_is_cut_at_a_word() {
        let long = "Waarom een klant die twijfelt meer waard is dan een klant die meteen koopt";
        assert_eq!(
            made(&[long, "b", "c"], None, &[]),
            "Waarom een klant die twijfelt meer… · en nog 2 verhalen"
        );
        assert_eq!(
            made(&[long], None, &[]),
            "Waarom een klant die twijfelt meer waard is dan een klant…"
        );
    }

    #[test]
    fn no_two_issues_have_the_same_subject() {
        let earlier = ["Luister".to_owned(), "Weekbericht".to_owned()];
        assert_eq!(made(&["Luister"], None, &earlier), "Luister · nr. 37");
        assert_eq!(
            made(&["a", "b"], Some("Weekbericht"), &earlier),
            "Weekbericht · nr. 37"
        );
        assert_eq!(
            made(&["a", "b"], Some("Ander bericht"), &earlier),
            "Ander bericht"
        );
    }

    #[test]
    fn the_preheader_is_long_enough_and_never_too_long() {
        let long = "Een titel die bijna niet ophoudt en toch nog een paar woorden verder gaat";
        for titles in [
            &["a"][..],
            &["a", "b"],
            &[long, long, long, long],
            &["a", "b", "c", "d", "e"],
        ] {
            let posts = posts(titles);
            let posts: Vec<_> = posts.iter().collect();
            for tag in ["nl", "en"] {
                let made = preheader(&sample::issue(), &posts, &words(tag)).unwrap();
                assert!((40..=110).contains(&made.chars().count()), "{made}");
            }
        }
    }
}
