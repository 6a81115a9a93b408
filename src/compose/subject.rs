//! The subject and the preheader of a digest, by rule.
//!
//! In go the titles of the issue's stories and the subjects of earlier issues; out come a subject of at most 60
//! characters that no earlier issue has, and a preheader of 40 to 110 that tells what else there is.

use crate::model::{Issue, Post};

use super::phrases::DateStyle;
use super::prose::{cut, without_emoji};
use super::words::{Words, WordsError};

/// What a phone shows of a subject, in characters.
pub(super) const SUBJECT_LENGTH: usize = 60;

/// A title cut shorter than this says nothing: then the tail goes instead.
const MIN_TITLE: usize = 20;

/// Shorter, a mail program fills the line with the digest's first words.
pub(super) const PREHEADER_MIN: usize = 40;

/// Longer, no mail program shows it.
pub(super) const PREHEADER_MAX: usize = 110;

/// Stories the preheader names.
const PREHEADER_STORIES: usize = 3;

/// What the publisher says instead of the rules, in the reader's language.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Own<'a> {
    /// May hold fields such as `{lead}`.
    pub subject: Option<&'a str>,
    /// As the subject.
    pub preheader: Option<&'a str>,
}

/// Fields that differ from issue to issue: a subject without any of them would be the same every time.
const TELLING: [&str; 3] = ["{date}", "{lead}", "{number}"];

/// The subject: the schedule's own or made of the lead's title.
///
/// One of the schedule's own that would be the same for every issue bears the issue's number; so does any other that
/// is among the `earlier` ones.
pub(super) fn subject(
    issue: &Issue,
    posts: &[&Post],
    own: Own,
    earlier: &[String],
    words: &Words,
) -> Result<String, WordsError> {
    let mut tail = None;
    let title = match own.subject {
        Some(own) => filled(own, issue, posts, words)?,
        None => {
            if let more @ 1.. = posts.len().saturating_sub(1) {
                tail = Some(words.say("subject-more", &[("count", more.into())])?);
            }
            posts.first().map_or("", |post| &post.title).to_owned()
        }
    };
    let title = [title.as_str(), &issue.masthead.name]
        .into_iter()
        .map(without_emoji)
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let telling = own
        .subject
        .is_none_or(|own| TELLING.iter().any(|field| own.contains(field)));
    let made = with_tail(&title, tail.as_deref());
    if telling && !is_taken(&made, earlier) {
        return Ok(made);
    }
    let number = words.say("subject-number", &[("number", issue.number.0.into())])?;
    let room = SUBJECT_LENGTH.saturating_sub(number.chars().count() + 3);
    Ok(format!("{} · {number}", cut(&title, room)))
}

fn is_taken(subject: &str, earlier: &[String]) -> bool {
    let subject = subject.to_lowercase();
    earlier
        .iter()
        .any(|earlier| earlier.to_lowercase() == subject)
}

/// The publisher's own text with its fields filled; `config` has refused unknown ones.
fn filled(own: &str, issue: &Issue, posts: &[&Post], words: &Words) -> Result<String, WordsError> {
    let lead = posts.first().map_or("", |post| post.title.as_str());
    let date = words.date(DateStyle::Long, issue.date)?;
    let (number, count) = (issue.number.to_string(), posts.len().to_string());
    let more = posts.len().saturating_sub(1).to_string();
    let value = |name: &str| match name {
        "count" => Some(count.as_str()),
        "date" => Some(date.as_str()),
        "lead" => Some(lead),
        "more" => Some(more.as_str()),
        "newsletter" => Some(issue.masthead.name.as_str()),
        "number" => Some(number.as_str()),
        _ => None,
    };
    let mut made = String::new();
    let mut rest = own;
    while let Some((before, after)) = rest.split_once('{') {
        made.push_str(before);
        let field = after
            .split_once('}')
            .and_then(|(name, behind)| Some((value(name)?, behind)));
        match field {
            Some((value, behind)) => {
                made.push_str(value);
                rest = behind;
            }
            None => {
                made.push('{');
                rest = after;
            }
        }
    }
    made.push_str(rest);
    Ok(made)
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

/// The preheader: the schedule's own, or three stories that the subject does not name, or what the only one says; filled
/// up until it is long enough.
pub(super) fn preheader(
    issue: &Issue,
    posts: &[&Post],
    own: Own,
    subject: &str,
    words: &Words,
) -> Result<String, WordsError> {
    let mut made = match own.preheader {
        Some(own) => cut(&filled(own, issue, posts, words)?, PREHEADER_MAX),
        None => others(posts, subject, words)?,
    };
    let masthead = &issue.masthead;
    let number = words.say(
        "preheader-number",
        &[
            ("number", issue.number.0.into()),
            ("newsletter", masthead.name.as_str().into()),
            ("date", words.date(DateStyle::Full, issue.date)?.into()),
        ],
    )?;
    let only = posts.first().filter(|_| posts.len() == 1);
    let fillers = [
        only.map(|post| post.summary.clone()),
        Some(number),
        masthead.tagline_for(&words.language).map(str::to_owned),
        Some(masthead.issue_page(issue.number)),
    ];
    let fillers = fillers.into_iter().flatten();
    for filler in fillers.filter(|text| !text.trim().is_empty() && !repeats(text, subject)) {
        if made.chars().count() >= PREHEADER_MIN {
            break;
        }
        let separator = if made.is_empty() { "" } else { " · " };
        made = cut(&format!("{made}{separator}{filler}"), PREHEADER_MAX);
    }
    Ok(made)
}

/// Three stories that the subject does not name; empty where there are none.
fn others(posts: &[&Post], subject: &str, words: &Words) -> Result<String, WordsError> {
    let titles: Vec<&str> = posts
        .iter()
        .map(|post| post.title.as_str())
        .filter(|title| !repeats(title, subject))
        .take(PREHEADER_STORIES)
        .collect();
    if titles.is_empty() {
        return Ok(String::new());
    }
    let titles = titles.join(" · ");
    let leads = posts
        .first()
        .is_some_and(|lead| repeats(&lead.title, subject));
    if !leads {
        return Ok(cut(&titles, PREHEADER_MAX));
    }
    let plus = words.say("preheader-plus", &[])?;
    Ok(cut(&format!("{plus} {titles}"), PREHEADER_MAX))
}

/// Whether a text says what the subject says: the subject's first part begins it, or the other way round.
pub(super) fn repeats(text: &str, subject: &str) -> bool {
    let plain = |text: &str| {
        let first = text.split(" · ").next().unwrap_or_default();
        without_emoji(first).trim_end_matches('…').to_lowercase()
    };
    let (text, subject) = (plain(text), plain(subject));
    !subject.is_empty() && (text.starts_with(&subject) || text == subject)
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
        let own = Own {
            subject: fixed,
            preheader: None,
        };
        let subject = subject(&sample::issue(), &posts, own, earlier, &words("nl")).unwrap();
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
        assert_eq!(made(&["luister"], None, &earlier), "luister · nr. 37");
    }

    #[test]
    fn a_subject_of_ones_own_is_told_apart_by_a_field_or_by_the_number() {
        let earlier = ["De markt: a".to_owned()];
        let own = |own| made(&["a", "b", "c"], Some(own), &earlier);
        assert_eq!(own("Weekbericht"), "Weekbericht · nr. 37");
        assert_eq!(own("Nummer {number}: {lead}"), "Nummer 37: a");
        assert_eq!(own("{date}"), "12 september 2026");
        assert_eq!(
            own("{newsletter}, {count} stuks en {more} meer"),
            "De Courant, 3 stuks en 2 meer · nr. 37"
        );
        assert_eq!(own("De markt: {lead}"), "De markt: a · nr. 37");
        assert_eq!(own("{lead} {oeps} {"), "a {oeps} {");
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
                for subject in ["a", "Weekbericht", &format!("{long} · x")] {
                    let issue = sample::issue();
                    let made =
                        preheader(&issue, &posts, Own::default(), subject, &words(tag)).unwrap();
                    assert!((40..=110).contains(&made.chars().count()), "{made}");
                    assert!(!repeats(&made, subject), "{made}");
                }
            }
        }
    }

    #[test]
    fn the_preheader_names_what_the_subject_does_not() {
        let posts = posts(&["Luister eens", "b", "c", "d"]);
        let posts: Vec<_> = posts.iter().collect();
        let made = |own: Option<&str>, subject: &str| {
            let own = Own {
                subject: None,
                preheader: own,
            };
            preheader(&sample::issue(), &posts, own, subject, &words("nl")).unwrap()
        };
        let begins = |made: String, with: &str| assert!(made.starts_with(with), "{made}");
        begins(
            made(None, "Luister eens · en nog 3 verhalen"),
            "Plus: b · c · d",
        );
        begins(made(None, "Weekbericht · nr. 37"), "Luister eens · b · c");
        begins(
            made(Some("Deze week {lead}"), "x"),
            "Deze week Luister eens",
        );
    }
}
