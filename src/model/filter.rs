//! What a source's filters let through: patterns over title, topics, author and text, and a map of topics.
//!
//! Patterns are regular expressions of an engine that takes time in proportion to the text, whatever the pattern, and
//! ignore case unless they say otherwise. `exclude` keeps a post out by any match; `include` demands a match for each
//! field that it names.

use std::fmt;
use std::ops::Range;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::{Post, Topic};

/// Largest compiled pattern, in bytes: more than anybody writes by hand.
const MAX_PATTERN: usize = 1 << 20;

/// A regular expression as the operator wrote it.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// One clause.
    pub message: String,
    /// The bytes of the pattern that are to blame, where known.
    pub at: Option<Range<usize>>,
}

impl Pattern {
    /// Reads a pattern; case is ignored unless it says `(?-i)`.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if let Err(error) = regex_syntax::ParserBuilder::new()
            .case_insensitive(true)
            .build()
            .parse(text)
        {
            return Err(fault_of(&error));
        }
        let built = RegexBuilder::new(text)
            .case_insensitive(true)
            .size_limit(MAX_PATTERN)
            .build();
        built.map(Self).map_err(|_| PatternError {
            message: "the pattern grows too large".to_owned(),
            at: None,
        })
    }

    /// Whether it is found anywhere in a text.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

fn fault_of(error: &regex_syntax::Error) -> PatternError {
    let (message, span) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), Some(error.span())),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), Some(error.span())),
        other => (other.to_string(), None),
    };
    PatternError {
        message,
        at: span.map(|span| span.start.offset..span.end.offset),
    }
}

/// What of a post a pattern is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Its title.
    Title,
    /// Any of its topics, as `sales-tips` and as `sales tips`.
    Topic,
    /// Its author's name.
    Author,
    /// The plain text of it, or its summary where there is no more.
    Text,
}

impl Field {
    /// All fields, in the order in which they are looked at.
    pub const ALL: [Self; 4] = [Self::Title, Self::Topic, Self::Author, Self::Text];

    /// The key of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Topic => "topic",
            Self::Author => "author",
            Self::Text => "text",
        }
    }
}

/// The patterns over one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Held against what.
    pub field: Field,
    /// One match is enough.
    pub patterns: Vec<Pattern>,
}

/// What a source's posts must and must not be, and what their topics are called here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filters {
    /// A post must match each.
    pub include: Vec<Rule>,
    /// A post must match none.
    pub exclude: Vec<Rule>,
    /// New names for the feed's own categories, in order.
    pub topic_map: Vec<(Topic, Option<Topic>)>,
    /// What becomes of categories that the map does not name: kept where it is `None`; dropped, or given one name.
    pub other_topics: Option<Option<Topic>>,
}

/// Which filter passed a post over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilteredBy {
    /// Whether a pattern of `exclude` was found, or one of `include` was not.
    pub excluded: bool,
    /// In which field.
    pub field: Field,
    /// The pattern as written; several of `include` with "or" between them.
    pub pattern: String,
}

impl fmt::Display for FilteredBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, pattern) = (self.field.as_str(), &self.pattern);
        match self.excluded {
            true => write!(f, "excluded by {field} `{pattern}`"),
            false => write!(f, "not included: {field} does not match `{pattern}`"),
        }
    }
}

impl Filters {
    /// Why a post is passed over; `None` where it may come in. `text` gives its plain text, and is asked for only if a
    /// pattern needs it.
    pub fn passed_over(&self, post: &Post, text: impl Fn() -> String) -> Option<FilteredBy> {
        let excluded = self.exclude.iter().find_map(|rule| {
            let pattern = rule.first_match(post, &text)?;
            Some(FilteredBy {
                excluded: true,
                field: rule.field,
                pattern: pattern.to_string(),
            })
        });
        excluded.or_else(|| {
            let missed = |rule: &&Rule| rule.first_match(post, &text).is_none();
            let rule = self.include.iter().find(missed)?;
            let patterns: Vec<String> = rule.patterns.iter().map(ToString::to_string).collect();
            Some(FilteredBy {
                excluded: false,
                field: rule.field,
                pattern: patterns.join("` or `"),
            })
        })
    }

    /// The topics of a post under their names here; those that the source itself gives (`given`) stay.
    pub fn map_topics(&self, topics: &[Topic], given: &[Topic]) -> Vec<Topic> {
        let mut mapped: Vec<Topic> = Vec::with_capacity(topics.len());
        for topic in topics {
            let named = match given.contains(topic) {
                true => Some(topic.clone()),
                false => self.named_here(topic),
            };
            mapped.extend(named.filter(|named| !mapped.contains(named)));
        }
        mapped
    }

    fn named_here(&self, topic: &Topic) -> Option<Topic> {
        let entry = self.topic_map.iter().find(|(from, _)| from == topic);
        match (entry, &self.other_topics) {
            (Some((_, to)), _) => to.clone(),
            (None, Some(others)) => others.clone(),
            (None, None) => Some(topic.clone()),
        }
    }

    /// The topics that posts may get from the map.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        let mapped = self.topic_map.iter().filter_map(|(_, to)| to.as_ref());
        mapped.chain(self.other_topics.iter().flatten())
    }
}

impl Rule {
    fn first_match(&self, post: &Post, text: &impl Fn() -> String) -> Option<&Pattern> {
        let values: Vec<String> = match self.field {
            Field::Title => vec![post.title.clone()],
            Field::Author => post
                .author
                .iter()
                .map(|author| author.name.clone())
                .collect(),
            Field::Text => vec![text()],
            Field::Topic => post
                .topics
                .iter()
                .flat_map(|topic| [topic.to_string(), topic.as_str().replace('-', " ")])
                .collect(),
        };
        let found = |pattern: &&Pattern| values.iter().any(|value| pattern.matches(value));
        self.patterns.iter().find(found)
    }
}
