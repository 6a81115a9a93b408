//! One numbered, sealed edition of a schedule: its choice of posts, its variants, its digests.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::leaving::{LEAVING_SUBJECT, leaving_to};
use super::{
    CallToAction, EmailAddress, Format, IssueNumber, Language, Leaving, Localised, LocalisedCall,
    Post, PostId, Reader, ScheduleName, SubscriberId,
};

/// Which edition of a schedule an issue is, in local time without offset, so that a clock change cannot make two.
///
/// `2026-11-23T08:00` for a due time, `2026-11-23#2` for the second run by hand of a day. UNIQUE with the schedule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Edition(pub String);

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The choice for an issue, with a reason for every post in or out.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Posts of the issue, the lead first.
    pub chosen: Vec<PostId>,
    /// One verdict a post that was looked at, newest first.
    pub verdicts: Vec<Verdict>,
}

/// Why a post is in or out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The post.
    pub post: PostId,
    /// The reason.
    pub reason: VerdictReason,
}

/// The reasons that `plan` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerdictReason {
    /// In: no issue of this schedule carried it.
    New,
    /// Out: an earlier issue of this schedule carried it.
    CarriedBy(IssueNumber),
    /// Out: none of its topics is the schedule's.
    OutsideTopics,
    /// Out: it was there before this schedule's or its source's first run.
    OlderThanFirstRun,
    /// Out for now: the issue is full; it waits for the next.
    OverMaxPosts,
    /// Out for now: a draft, or dated ahead.
    Held(super::Hold),
    /// Out for now: it came in a flood, and waits for a person.
    Quarantined(super::Flood),
    /// Out: a person dropped it.
    Dropped,
    /// Out: its source's filters.
    Filtered(super::FilteredBy),
    /// Out: another source's post stands for it.
    Joined(super::JoinReason, PostId),
}

/// What the top and foot of every digest of a newsletter say. Frozen with the issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Masthead {
    /// The newsletter's name.
    pub name: String,
    /// One line below it.
    pub tagline: Option<Localised>,
    /// Its language, for readers who name none.
    pub language: Language,
    /// Where its archive, feeds and unsubscribe page answer; no trailing slash.
    pub url: String,
    /// Display name of From.
    pub from_name: Option<String>,
    /// Address of From.
    pub from: EmailAddress,
    /// A mailbox that a person reads.
    pub reply_to: Option<EmailAddress>,
    /// Postal address, required by law.
    pub address: String,
    /// `#rrggbb`.
    pub accent: String,
    /// IANA time zone of the schedule, for dates.
    pub timezone: String,
    /// A few words by the editor at the top of this issue.
    pub intro: Option<Localised>,
    /// The newsletter's own call to action.
    pub call_to_action: Option<LocalisedCall>,
    /// How readers leave.
    #[serde(default)]
    pub leaving: Leaving,
}

impl Masthead {
    /// The line below the name, in the language nearest to the wanted one.
    pub fn tagline_for(&self, language: &Language) -> Option<&str> {
        let tagline = self.tagline.as_ref()?.nearest(language, &self.language);
        Some(tagline).filter(|text| !text.trim().is_empty())
    }

    /// The editor's words, where they are written in that language: a letter in a language that its reader did not ask
    /// for is no welcome.
    pub fn intro_for(&self, language: &Language) -> Option<&str> {
        let intro = self.intro.as_ref()?.written_in(language, &self.language);
        intro.filter(|text| !text.trim().is_empty())
    }

    /// The newsletter's own call to action, in the language nearest to the wanted one.
    pub fn call_for(&self, language: &Language) -> Option<CallToAction> {
        Some(
            self.call_to_action
                .as_ref()?
                .nearest(language, &self.language),
        )
    }

    /// Address of the archive's index.
    pub fn archive(&self) -> String {
        format!("{}/issues/", self.url)
    }

    /// Address of an issue's page in the archive.
    pub fn issue_page(&self, number: IssueNumber) -> String {
        format!("{}/issues/{number}/", self.url)
    }

    /// The link at the foot by which the bearer of a token leaves: a page where there is one, else a mail.
    pub fn way_out(&self, token: &str) -> String {
        match &self.leaving {
            Leaving::Web | Leaving::Both(_) => format!("{}/unsubscribe/{token}", self.url),
            Leaving::Mail(address) => format!("{}{LEAVING_SUBJECT}", leaving_to(address, token)),
        }
    }

    /// Address of the RSS feed.
    pub fn feed(&self) -> String {
        format!("{}/feed.xml", self.url)
    }
}

/// A sealed issue. Nothing in it changes; nothing later comes from clock or chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Its number.
    pub number: IssueNumber,
    /// Its schedule.
    pub schedule: ScheduleName,
    /// Which edition.
    pub edition: Edition,
    /// When it was sealed; the `Date:` of every copy.
    pub sealed_at: Timestamp,
    /// The local day it bears.
    pub date: Date,
    /// When queued deliveries are given up.
    pub expires_at: Timestamp,
    /// Name, addresses, colours.
    pub masthead: Masthead,
    /// Its posts, the lead first.
    pub posts: Vec<(PostId, Post)>,
    /// 32 hex digits drawn at sealing: marks the slots and the MIME boundary.
    pub nonce: SlotNonce,
}

/// What distinguishes a variant: which posts, in which language and format. Shared by many readers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variant {
    /// Its posts in the issue's order; never empty.
    pub posts: Vec<PostId>,
    /// The language of its words and dates.
    pub language: Language,
    /// HTML and text, or text only.
    pub format: Format,
}

/// The rendered variant. Texts have LF line ends and hold [`Slot`] tokens where the reader's own fields go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Digest {
    /// At most 60 characters, plain text, no slots.
    pub subject: String,
    /// 40 to 110 characters, plain text, no slots.
    pub preheader: String,
    /// The HTML part; `None` for text-only readers.
    pub html: Option<String>,
    /// The text part.
    pub text: String,
    /// For `Content-Language`.
    pub language: Language,
}

/// 32 lower-case hex digits, drawn at sealing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotNonce(pub String);

/// A place in a digest that is filled for each reader.
///
/// The token is letters and digits only, so that neither HTML escaping, CSS inlining nor a URL changes it; the nonce
/// keeps a post from containing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Slot {
    /// The whole greeting line ("Goedemorgen Jan,"), text escaped for where it stands.
    Greeting,
    /// The reader's address.
    Address,
    /// The day of sign-up written in the variant's language, or the words in its place.
    Since,
    /// The unsubscribe link.
    Unsubscribe,
}

impl Slot {
    /// All slots.
    pub const ALL: [Self; 4] = [
        Self::Greeting,
        Self::Address,
        Self::Since,
        Self::Unsubscribe,
    ];

    /// The token that stands in the digest.
    pub fn token(self, nonce: &SlotNonce) -> String {
        let word = match self {
            Self::Greeting => "greeting",
            Self::Address => "address",
            Self::Since => "since",
            Self::Unsubscribe => "unsubscribe",
        };
        format!("slot{}{word}", nonce.0)
    }
}

/// A variant as it is sealed: the digest and the posts it shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SealedVariant {
    /// From 0, within the issue.
    pub number: i64,
    /// What it is.
    pub variant: Variant,
    /// What readers get.
    pub digest: Digest,
}

/// One reader's place in an issue, to be sealed with it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    /// From 0, within the issue: the outbox's key beside the issue's number.
    pub number: i64,
    /// Who.
    pub subscriber: SubscriberId,
    /// Keyed hash of the address, to hold against the suppressions.
    pub address_hash: String,
    /// Which variant.
    pub variant: i64,
    /// The reader's own fields, frozen.
    pub reader: Reader,
}
