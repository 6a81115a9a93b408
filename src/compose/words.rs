//! What the newsletter says itself, in one language: messages, dates, greetings.
//!
//! In go the Fluent files of a language; out come sentences. Month and weekday names are messages too, so that another
//! language is one file and a sealed issue reads the same whatever a library thinks of dates next year.
//! A message that is missing, or that asks for a value nobody gives, is an error and never an empty place.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};
use jiff::civil::Date;

use super::files::{WordFile, shown_path};
use crate::model::{Diagnostic, Language};

/// Messages of every language that no file needs to bring: what the plural rules call a number (Unicode CLDR).
const RULES: &str = "plural-category = { $count ->
    [zero] zero
    [one] one
    [two] two
    [few] few
    [many] many
   *[other] other
 }
";

/// Digits in a group of thousands.
const GROUP: usize = 3;

/// Numbers below this have no groups: 2026, and 12.026.
const MIN_GROUPED: usize = 5;

/// A name as a value: `newsletter`, `count`, `date`.
pub(super) type Args<'a> = [(&'a str, FluentValue<'a>)];

/// Why a message could not be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WordsError {
    /// No such message.
    #[error("the words of `{language}` have no message `{id}`")]
    Missing { id: String, language: Language },
    /// The message refers to something that is not there.
    #[error("the message `{id}` of `{language}` cannot be written: {reason}")]
    Broken {
        id: String,
        language: Language,
        reason: String,
    },
}

/// How a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateStyle {
    /// 12 September
    Short,
    /// 12 September 2026
    Long,
    /// Saturday 12 September 2026
    Full,
}

/// The words of one language.
pub(super) struct Words {
    pub language: Language,
    bundle: FluentBundle<FluentResource>,
    /// Ids of its messages, in the files' order.
    ids: Vec<String>,
}

impl Words {
    /// Reads the layers of a language; a message of a later layer stands in the place of an earlier one.
    pub fn read(language: &Language, layers: &[WordFile]) -> Result<Self, Vec<Diagnostic>> {
        let tag = language.as_str().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        bundle.set_use_isolating(false);
        if let Ok(rules) = FluentResource::try_new(RULES.to_owned()) {
            bundle.add_resource_overriding(rules);
        }
        let mut ids = Vec::new();
        for layer in layers {
            let resource = parse(language, &layer.text)?;
            ids.extend(ids_of(&resource).map(str::to_owned));
            bundle.add_resource_overriding(resource);
        }
        // Fails only where a function of that name exists, and this bundle is new.
        let _ = bundle.add_builtins();
        Ok(Self {
            language: language.clone(),
            bundle,
            ids,
        })
    }

    /// Ids of all messages.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    /// Whether there is such a message.
    pub fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id)
    }

    /// Says a message with the values it asks for.
    pub fn say(&self, id: &str, args: &Args) -> Result<String, WordsError> {
        let missing = || WordsError::Missing {
            id: id.to_owned(),
            language: self.language.clone(),
        };
        let message = self.bundle.get_message(id).ok_or_else(missing)?;
        let pattern = message.value().ok_or_else(missing)?;
        let args: FluentArgs = args
            .iter()
            .map(|(name, value)| (*name, value.clone()))
            .collect();
        let mut errors = Vec::new();
        let said = self
            .bundle
            .format_pattern(pattern, Some(&args), &mut errors)
            .into_owned();
        match errors.first() {
            None => Ok(said),
            Some(error) => Err(WordsError::Broken {
                id: id.to_owned(),
                language: self.language.clone(),
                reason: reason(error),
            }),
        }
    }

    /// Writes a date.
    pub fn date(&self, style: DateStyle, date: Date) -> Result<String, WordsError> {
        let id = match style {
            DateStyle::Short => "date-short",
            DateStyle::Long => "date-long",
            DateStyle::Full => "date-full",
        };
        self.say(
            id,
            &[
                ("day", date.day().into()),
                ("month", date.month().into()),
                ("weekday", date.weekday().to_monday_one_offset().into()),
                ("year", date.year().into()),
            ],
        )
    }

    /// Writes a number, given as `1234.5`, with the language's marks for thousands and decimals.
    pub fn number(&self, plain: &str) -> Result<String, WordsError> {
        let (whole, decimals) = plain.split_once('.').unwrap_or((plain, ""));
        let digits = whole.trim_start_matches('-');
        let mut written = whole[..whole.len() - digits.len()].replace('-', "\u{2212}");
        let grouped = digits.len() >= MIN_GROUPED && digits.bytes().all(|b| b.is_ascii_digit());
        let mark = self.say("mark-thousands", &[])?;
        for (at, digit) in digits.char_indices() {
            if grouped && at > 0 && (digits.len() - at).is_multiple_of(GROUP) {
                written.push_str(&mark);
            }
            written.push(digit);
        }
        if !decimals.is_empty() {
            written.push_str(&self.say("mark-decimal", &[])?);
            written.push_str(decimals);
        }
        Ok(written)
    }

    /// The category of a count by the language's plural rules: `one`, `other`, in some languages more.
    pub fn plural(&self, count: i64) -> Result<String, WordsError> {
        self.say("plural-category", &[("count", count.into())])
    }

    /// Writes a date as briefly as the day of reading allows: without the year if it is that of `today`.
    pub fn near_date(&self, date: Date, today: Option<Date>) -> Result<String, WordsError> {
        let style = if today.is_some_and(|today| today.year() == date.year()) {
            DateStyle::Short
        } else {
            DateStyle::Long
        };
        self.date(style, date)
    }

    /// The greeting line at a local hour, 0 to 23.
    pub fn greeting(&self, name: Option<&str>, hour: i8) -> Result<String, WordsError> {
        let time = match hour {
            0..12 => "morning",
            12..18 => "afternoon",
            _ => "evening",
        };
        match name.map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => self.say(
                "greeting-named",
                &[("time", time.into()), ("name", name.into())],
            ),
            None => self.say("greeting", &[("time", time.into())]),
        }
    }

    /// The day of sign-up, or the words in its place.
    pub fn since(&self, date: Option<Date>) -> Result<String, WordsError> {
        match date {
            Some(date) => {
                let date = self.date(DateStyle::Long, date)?;
                self.say("since-date", &[("date", date.into())])
            }
            None => self.say("since-unknown", &[]),
        }
    }
}

fn parse(language: &Language, text: &str) -> Result<FluentResource, Vec<Diagnostic>> {
    FluentResource::try_new(text.to_owned()).map_err(|(_, errors)| {
        errors
            .into_iter()
            .map(|error| {
                Diagnostic::error(format!(
                    "this is no Fluent message: {}",
                    lower(&error.kind.to_string())
                ))
                .in_file(path_of(language))
                .at_span(text, error.pos)
                .hint("a message is `name = words`; its further lines begin with a space")
            })
            .collect()
    })
}

/// Path of a language's file, as the user would name it.
pub(super) fn path_of(language: &Language) -> String {
    shown_path(&format!("words/{language}.ftl"))
}

/// Ids of the messages of a file's text, in its order; none if it does not parse.
pub(super) fn ids_in(text: &str) -> Vec<String> {
    FluentResource::try_new(text.to_owned())
        .map(|resource| ids_of(&resource).map(str::to_owned).collect())
        .unwrap_or_default()
}

/// Ids of messages: lines of the source that begin with a name and `=`; terms and comments begin otherwise.
fn ids_of(resource: &FluentResource) -> impl Iterator<Item = &str> {
    resource.source().lines().filter_map(|line| {
        let (id, _) = line.split_once('=')?;
        let id = id.trim_end();
        let starts = id.starts_with(|c: char| c.is_ascii_alphabetic());
        let plain = id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (starts && plain).then_some(id)
    })
}

fn reason(error: &FluentError) -> String {
    match error {
        FluentError::ResolverError(error) => lower(&error.to_string()),
        error => lower(&error.to_string()),
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::files::{Overrides, resolve};

    fn words(tag: &str) -> Words {
        let language = Language::parse(tag).unwrap();
        let files = resolve(&Overrides::default()).unwrap();
        Words::read(&language, &files.words[&language]).unwrap()
    }

    #[test]
    fn dates_are_written_as_each_language_does() {
        let day = jiff::civil::date(2026, 9, 12);
        for (tag, full, long) in [
            (
                "nl",
                "zaterdag 12\u{a0}september 2026",
                "12\u{a0}september 2026",
            ),
            (
                "en",
                "Saturday 12\u{a0}September 2026",
                "12\u{a0}September 2026",
            ),
        ] {
            assert_eq!(words(tag).date(DateStyle::Full, day).unwrap(), full);
            assert_eq!(words(tag).date(DateStyle::Long, day).unwrap(), long);
        }
        let eve = jiff::civil::date(2025, 12, 31);
        assert_eq!(
            words("nl").near_date(eve, Some(day)).unwrap(),
            "31\u{a0}december 2025"
        );
        assert_eq!(
            words("nl").near_date(day, Some(day)).unwrap(),
            "12\u{a0}september"
        );
    }

    #[test]
    fn every_month_and_weekday_has_its_own_name() {
        for tag in ["nl", "en"] {
            let words = words(tag);
            let mut months = std::collections::BTreeSet::new();
            for month in 1..=12 {
                months.insert(
                    words
                        .date(DateStyle::Short, jiff::civil::date(2026, month, 1))
                        .unwrap(),
                );
            }
            assert_eq!(months.len(), 12);
            let mut days = std::collections::BTreeSet::new();
            for day in 1..=7 {
                let date = words
                    .date(DateStyle::Full, jiff::civil::date(2026, 6, day))
                    .unwrap();
                days.insert(date.split(' ').next().unwrap().to_owned());
            }
            assert_eq!(days.len(), 7);
        }
    }

    #[test]
    fn plurals_follow_the_language() {
        let say = |tag: &str, count: i64| {
            words(tag)
                .say("subject-more", &[("count", count.into())])
                .unwrap()
        };
        assert_eq!(say("nl", 1), "en nog een verhaal");
        assert_eq!(say("nl", 11), "en nog 11 verhalen");
        assert_eq!(say("en", 1), "and one more story");
        assert_eq!(say("en", 2), "and 2 more stories");
    }

    #[test]
    fn the_greeting_knows_the_hour_and_the_name() {
        let nl = words("nl");
        assert_eq!(nl.greeting(Some("Zoë"), 8).unwrap(), "Goedemorgen Zoë,");
        assert_eq!(nl.greeting(None, 12).unwrap(), "Goedemiddag,");
        assert_eq!(nl.greeting(Some(" "), 18).unwrap(), "Goedenavond,");
    }

    #[test]
    fn the_day_of_sign_up_or_the_words_in_its_place() {
        let since = jiff::civil::date(2026, 9, 1);
        assert_eq!(
            words("en").since(Some(since)).unwrap(),
            "on 1\u{a0}September 2026"
        );
        assert_eq!(words("nl").since(None).unwrap(), "eerder");
    }

    #[test]
    fn a_missing_message_and_a_missing_value_are_errors() {
        let nl = words("nl");
        assert!(matches!(
            nl.say("nothing", &[]),
            Err(WordsError::Missing { .. })
        ));
        let Err(error) = nl.say("subject-number", &[]) else {
            panic!("said");
        };
        assert_eq!(
            error.to_string(),
            "the message `subject-number` of `nl` cannot be written: unknown variable: $number"
        );
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let language = Language::parse("nl").unwrap();
        let layer = WordFile {
            text: "direction = ltr\nfeed Volg\n".into(),
            own: true,
        };
        let Err(faults) = Words::read(&language, &[layer]) else {
            panic!("accepted");
        };
        assert_eq!(faults[0].place, Some((2, 6)), "{}", faults[0]);
    }
}
