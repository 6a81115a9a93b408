//! The fields that a person or a program writes above a post, in every form that site generators and note-takers have.
//!
//! What says that a text is not for readers counts in all its words ([`withheld`]). A known field that cannot be what it
//! should be, and a slip of a known key, are faults with their place: a post whose date cannot be read must not go out
//! today. Unknown keys do nothing, since folders are shared with site generators; they are told of once each.

mod fence;
mod names;
mod tree;
mod values;
mod withheld;

use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{Diagnostic, Language};
use names::Role;
use tree::{Field, Value};
use values::Reader;

pub(super) use tree::Syntax;
pub(super) use withheld::Withheld;

/// Fields of a site's own design yield to those at the top, whatever they are called.
const OF_THE_DESIGN: usize = 1_000;

/// The known fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct FrontMatter {
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) date: Option<Timestamp>,
    pub(super) author: Option<Person>,
    pub(super) bio: Option<String>,
    pub(super) language: Option<Language>,
    /// As people write them.
    pub(super) topics: Vec<String>,
    pub(super) summary: Option<String>,
    pub(super) image: Option<String>,
    pub(super) image_alt: Option<String>,
    pub(super) lead: bool,
    pub(super) slug: Option<String>,
    pub(super) link: Option<String>,
    pub(super) call_to_action: Option<Call>,
    pub(super) withheld: Withheld,
    /// Keys that mean nothing, each with a word about it.
    pub(super) unknown: Vec<(String, Diagnostic)>,
}

/// A name, or a name with more.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) role: Option<String>,
    pub(super) bio: Option<String>,
    pub(super) photo: Option<String>,
}

/// What a post asks of its reader.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) text: String,
    pub(super) label: Option<String>,
    pub(super) url: Option<String>,
}

/// Takes the front matter off a text; gives the fields and where the text begins.
pub(super) fn split(text: &str, zone: &TimeZone) -> Result<(FrontMatter, usize), Box<Diagnostic>> {
    let (front, body) = match fence::find(text)? {
        Some(found) => {
            let front = parse(text, found.fields, found.syntax, zone)?;
            (front, found.body)
        }
        None => (FrontMatter::default(), 0),
    };
    fence::refuse_misplaced(text, body)?;
    Ok((front, body))
}

/// Parses the fields that stand at `range` of `text`; a fault has its place in the whole text.
pub(super) fn parse(
    text: &str,
    range: Range<usize>,
    syntax: Syntax,
    zone: &TimeZone,
) -> Result<FrontMatter, Box<Diagnostic>> {
    let fields = tree::parse(text, range, syntax)?;
    let mut reading = Reading {
        reader: Reader { text, zone },
        found: Ranked::default(),
        front: FrontMatter::default(),
    };
    for field in &fields {
        reading.field(field)?;
    }
    Ok(reading.finish())
}

impl FrontMatter {
    /// These fields, with those of a second place where they say nothing; what keeps a text back counts in both.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            id: self.id.or(other.id),
            title: self.title.or(other.title),
            date: self.date.or(other.date),
            author: self.author.or(other.author),
            bio: self.bio.or(other.bio),
            language: self.language.or(other.language),
            topics: match self.topics.is_empty() {
                true => other.topics,
                false => self.topics,
            },
            summary: self.summary.or(other.summary),
            image: self.image.or(other.image),
            image_alt: self.image_alt.or(other.image_alt),
            lead: self.lead || other.lead,
            slug: self.slug.or(other.slug),
            link: self.link.or(other.link),
            call_to_action: self.call_to_action.or(other.call_to_action),
            withheld: self.withheld.and(other.withheld),
            unknown: [self.unknown, other.unknown].concat(),
        }
    }
}

/// What was found under keys of which the best named wins.
#[derive(Default)]
struct Ranked {
    date: Best<Timestamp>,
    author: Best<Person>,
    language: Best<Language>,
    summary: Best<String>,
    image: Best<(String, Option<String>)>,
    image_alt: Best<String>,
    topics: Vec<(usize, Vec<String>)>,
}

/// The value with the lowest rank.
struct Best<T>(Option<(usize, T)>);

impl<T> Default for Best<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Best<T> {
    fn offer(&mut self, rank: usize, value: Option<T>) {
        let better = self.0.as_ref().is_none_or(|(best, _)| rank < *best);
        if let Some(value) = value.filter(|_| better) {
            self.0 = Some((rank, value));
        }
    }

    fn take(self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }
}

/// Fields being read.
struct Reading<'a> {
    reader: Reader<'a>,
    found: Ranked,
    front: FrontMatter,
}

impl Reading<'_> {
    fn field(&mut self, field: &Field) -> Result<(), Box<Diagnostic>> {
        match names::ranked(&field.key) {
            Some((rank, role)) => self.known(rank, role, field),
            None => self.unknown(field),
        }
    }

    fn known(&mut self, rank: usize, role: Role, field: &Field) -> Result<(), Box<Diagnostic>> {
        let reader = &self.reader;
        let node = &field.node;
        self.front.withheld.take(role, field, reader)?;
        match role {
            Role::Id => self.front.id = reader.line(node)?,
            Role::Title => self.front.title = reader.line(node)?,
            Role::Date | Role::From => self.found.date.offer(rank, reader.day(node)?),
            Role::Published => self.found.date.offer(rank, self.front.withheld.from),
            Role::Author => self.found.author.offer(rank, reader.person(node)?),
            Role::Bio => self.front.bio = reader.line(node)?,
            Role::Language => self.found.language.offer(rank, reader.language(node)?),
            Role::Topics => self.found.topics.push((rank, reader.labels(node)?)),
            Role::Summary => self.found.summary.offer(rank, reader.line(node)?),
            Role::Image => self.found.image.offer(rank, reader.picture(field)?),
            Role::ImageAlt => self.found.image_alt.offer(rank, reader.line(node)?),
            Role::Lead => self.front.lead = reader.switch(node)? == Some(true),
            Role::Slug => self.front.slug = reader.line(node)?,
            Role::Link => self.front.link = reader.address(node)?,
            Role::Call => self.front.call_to_action = reader.call(node)?,
            Role::More => self.of_the_design(field)?,
            _ => {}
        }
        Ok(())
    }

    /// Fields within `params`, `extra` and `taxonomies`: what they say about the text is heard, the rest is the design's.
    fn of_the_design(&mut self, outer: &Field) -> Result<(), Box<Diagnostic>> {
        let Value::Fields(fields) = &outer.node.value else {
            return Ok(());
        };
        for field in fields {
            let Some((rank, role)) = names::ranked(&field.key) else {
                continue;
            };
            let is_told = !matches!(
                role,
                Role::Id | Role::Title | Role::Slug | Role::Link | Role::Lead | Role::More
            );
            if is_told {
                self.known(OF_THE_DESIGN + rank, role, field)?;
            }
        }
        Ok(())
    }

    fn unknown(&mut self, field: &Field) -> Result<(), Box<Diagnostic>> {
        if names::is_foreign(&field.key) {
            return Ok(());
        }
        let text = self.reader.text;
        if let Some(meant) = names::meant(&field.key) {
            let fault = Diagnostic::error(format!("unknown key `{}`", field.key))
                .at_span(text, field.at.clone())
                .hint(format!("did you mean `{meant}`?"));
            return Err(Box::new(fault));
        }
        let told = Diagnostic::warning(format!("the key `{}` means nothing here", field.key))
            .at_span(text, field.at.clone())
            .hint("`courant help posts` lists the keys that are read");
        self.front.unknown.push((names::plain(&field.key), told));
        Ok(())
    }

    fn finish(self) -> FrontMatter {
        let Ranked {
            date,
            author,
            language,
            summary,
            image,
            image_alt,
            mut topics,
        } = self.found;
        topics.sort_by_key(|(rank, _)| *rank);
        let (image, own_alt) = image.take().unzip();
        FrontMatter {
            date: date.take(),
            author: author.take(),
            language: language.take(),
            summary: summary.take(),
            image,
            image_alt: image_alt.take().or(own_alt.flatten()),
            topics: topics.into_iter().flat_map(|(_, labels)| labels).collect(),
            ..self.front
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Hold;

    fn read(text: &str) -> Result<FrontMatter, Box<Diagnostic>> {
        split(text, &TimeZone::UTC).map(|(front, _)| front)
    }

    fn hold(fields: &str) -> Option<Hold> {
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        let front = read(&format!("---\n{fields}\n---\nText")).unwrap();
        front.withheld.hold(front.date, now)
    }

    #[test]
    fn both_syntaxes_give_the_same_fields() {
        let yaml = "---\ntitle: Eerlijk\ndate: 2026-11-02\nauthor:\n  name: Zoë\n  bio: Schrijft.\ntags: [a, b]\n\
                    draft: true\ncall_to_action:\n  text: Meld je aan\n  url: https://example.nl/\n---\nTekst";
        let toml = "+++\ntitle = \"Eerlijk\"\ndate = 2026-11-02\ntags = [\"a\", \"b\"]\ndraft = true\n\
                    [author]\nname = \"Zoë\"\nbio = \"Schrijft.\"\n[call_to_action]\ntext = \"Meld je aan\"\n\
                    url = \"https://example.nl/\"\n+++\nTekst";
        let json = "{\"title\": \"Eerlijk\", \"date\": \"2026-11-02\", \"tags\": [\"a\", \"b\"], \"draft\": true,\n\
                    \"author\": {\"name\": \"Zoë\", \"bio\": \"Schrijft.\"},\n\
                    \"call_to_action\": {\"text\": \"Meld je aan\", \"url\": \"https://example.nl/\"}}\nTekst";
        let fields = read(yaml).unwrap();
        assert_eq!(fields.date.unwrap().to_string(), "2026-11-02T00:00:00Z");
        assert_eq!(fields.author.as_ref().unwrap().name, "Zoë");
        assert_eq!(read(toml).unwrap(), fields);
        assert_eq!(read(json).unwrap(), fields);
    }

    #[test]
    fn simple_forms_are_understood() {
        let fields =
            read("---\nauthor: [Jan, Piet]\ntopics: kassa, gevel\ntag: x\ndate: 2 nov 2026\ntitle:\nid: 0012\n---\n")
                .unwrap();
        assert_eq!(fields.author.unwrap().name, "Jan, Piet");
        assert_eq!(fields.topics, ["kassa", " gevel", "x"]);
        assert_eq!(fields.title, None);
        assert_eq!(fields.id.as_deref(), Some("0012"));
        assert!(fields.date.is_some());
    }

    #[test]
    fn what_is_not_for_readers_yet_waits() {
        for fields in [
            "draft: true",
            "Draft: yes",
            "DRAFT: 'True'",
            "drafts: true",
            "draft: ja",
            "isDraft: on",
            "published: false",
            "publish: false",
            "Published: no",
            "dg-publish: false",
            "status: draft",
            "Status: Draft",
            "status: \"In progress\"",
            "post_status: auto-draft",
            "status: pending",
            "status: future",
            "status: [Draft]",
            "published: true\nstatus: draft",
            "draft: false\nDraft: true",
        ] {
            assert_eq!(hold(fields), Some(Hold::Draft), "{fields}");
        }
    }

    #[test]
    fn what_is_not_for_everybody_waits() {
        for fields in [
            "private: true",
            "visibility: private",
            "visibility: Hidden",
            "visibility: members",
            "unlisted: true",
            "hidden: true",
            "status: private",
            "status: hidden",
            "listed: false",
            "public: no",
            "password: geheim",
            "render: never",
            "build:\n  list: never",
            "_build: { render: never }",
            "permalink: false",
            "eleventyExcludeFromCollections: true",
            "archived: true",
            "headless: true",
        ] {
            assert_eq!(hold(fields), Some(Hold::Private), "{fields}");
        }
    }

    #[test]
    fn days_ahead_and_days_past_count_under_every_name() {
        let ahead = "2027-01-15T00:00:00Z".parse().unwrap();
        for fields in [
            "date: 2027-01-15",
            "Date: 2027-01-15",
            "publishDate: 2027-01-15",
            "publish_date: 2027-01-15",
            "publish-date: 15 jan 2027",
            "pubDate: 2027-01-15T01:00+01:00",
            "published_at: 2027-01-15",
            "published: 2027-01-15",
            "date: 2026-01-01\npublishDate: 2027-01-15",
            "embargo: 2027-01-15",
            "date: 2027-01-15\npublishDate: 2026-01-01",
            "status: scheduled\ndate: 2027-01-15",
        ] {
            assert_eq!(hold(fields), Some(Hold::Until(ahead)), "{fields}");
        }
        let past = "2026-11-25T00:00:00Z".parse().unwrap();
        for fields in [
            "expiryDate: 2026-11-25",
            "expiry_date: 2026-11-25",
            "expires: 2026-11-25",
            "unpublishdate: 2026-11-25",
            "expires: 2026-11-25\nexpiryDate: 2027-01-01",
        ] {
            assert_eq!(hold(fields), Some(Hold::Expired(past)), "{fields}");
        }
    }

    #[test]
    fn what_says_nothing_against_readers_goes() {
        for fields in [
            "draft: false",
            "draft:",
            "published: true",
            "publish: true",
            "published:",
            "status: published",
            "status: publish",
            "status: Done",
            "visibility: public",
            "private: false",
            "unlisted: no",
            "date: 2026-11-30",
            "publishDate: 0001-01-01",
            "date: 0001-01-01T00:00:00Z",
            "date: Created",
            "date: '0000-00-00 00:00:00'",
            "expiryDate: 2027-01-01",
            "expiryDate: 0001-01-01T00:00:00Z",
            "published: 2026-11-01",
            "password: ''",
            "password:",
            "status: future\ndate: 2026-11-01",
            "params:\n  mood: x",
            "permalink: /a/b/",
            "build: { render: always }",
            "layout: post\nweight: 3",
        ] {
            assert_eq!(hold(fields), None, "{fields}");
        }
    }

    #[test]
    fn what_may_mean_either_is_a_fault_where_it_stands() {
        for (fields, message, column) in [
            ("daet: 2027-01-15", "unknown key `daet`", 1),
            ("draft: misschien", "`misschien` is not true or false", 8),
            (
                "status: idees",
                "`idees` says neither published nor draft",
                9,
            ),
            (
                "publish: someday",
                "`someday` is not true, false or a date",
                10,
            ),
            (
                "visibility: my friends",
                "`my friends` says neither public nor private",
                13,
            ),
            (
                "title: '{{ title }}'",
                "this was never filled in by its template",
                8,
            ),
            ("title: A\ntitle: B", "the key `title` stands here twice", 1),
        ] {
            let fault = read(&format!("---\n{fields}\n---\nText")).unwrap_err();
            assert_eq!(fault.message, message);
            let lines = fields.matches('\n').count();
            assert_eq!(fault.place, Some((2 + lines, column)), "{fields}");
        }
    }

    #[test]
    fn a_picture_is_found_under_every_name() {
        for fields in [
            "image: p.jpg",
            "cover: p.jpg",
            "coverImage: p.jpg",
            "cover:\n  image: p.jpg",
            "featured_image: p.jpg",
            "featuredImage: p.jpg",
            "thumbnail: p.jpg",
            "images: [p.jpg, q.jpg]",
            "header:\n  image: p.jpg",
            "header:\n  teaser: p.jpg",
            "heroImage: p.jpg",
            "feature_image: p.jpg",
            "image: { src: p.jpg }",
            "params:\n  image: p.jpg",
            "cover: red\nthumbnail: p.jpg",
            "og_image: p.jpg\nextra: { image: q.jpg }",
        ] {
            let front = read(&format!("---\n{fields}\n---\nText")).unwrap();
            assert_eq!(front.image.as_deref(), Some("p.jpg"), "{fields}");
        }
        let front = read("---\ncover:\n  image: p.jpg\n  alt: A mill\n---\nText").unwrap();
        assert_eq!(front.image_alt.as_deref(), Some("A mill"));
    }

    #[test]
    fn an_unknown_key_is_told_of_and_a_generators_own_is_not() {
        let front =
            read("---\nmood: good\nlayout: post\ncssclasses: [a]\nparams: { x: y }\n---\nText")
                .unwrap();
        let keys: Vec<&str> = front.unknown.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["mood"]);
    }
}
