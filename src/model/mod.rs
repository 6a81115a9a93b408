//! The nouns that travel through the rooms: plain values, no I/O, no clock, no chance.
//!
//! `Source → Post → Selection → Issue → Digest → Delivery → Outcome`. Every type here is parsed at the border
//! (an address, a topic, a name) and trusted afterwards. Nothing in this room imports another room.

mod access;
mod address;
mod caps;
mod cause;
mod delivery;
mod diagnostic;
mod dkim;
mod dmarc;
mod filter;
mod forecast;
mod inbox;
mod issue;
mod leaving;
mod localised;
mod names;
mod network;
mod pace;
mod post;
mod reader;
mod relay;
mod report;
mod schedule;
mod sender;
mod source;
mod source_standing;
mod standing;
mod words;
mod world;

pub use access::{AccessTokens, NoAccess};
pub use address::{AddressError, EmailAddress};
pub use caps::{Cap, Caps, RelayUse, Room, WarmUp};
pub use cause::{CANCELLED, Cause, EXPIRED, REMOVED};
pub use delivery::{
    Account, Claim, ClaimedDelivery, DeliveryKey, DeliveryState, Intent, IntentRefusal,
    IssueStanding, Outcome, OutcomeRecord, Reader, Reply, Revised, Revision, TurnRequest,
    TurnResult,
};
pub use diagnostic::{Diagnostic, Severity};
pub use dkim::{DkimKey, DkimKeyError, DkimSecret};
pub use dmarc::{Dmarc, DmarcPolicy, DmarcRecord};
pub use filter::{Field, FilteredBy, Filters, Pattern, PatternError, Rule};
pub use forecast::{Carrier, Forecast, Share, forecast};
pub use inbox::{InboxError, InboxPlace, MailProtocol, MailServer};
pub use issue::{
    Digest, Edition, Issue, Masthead, NewDelivery, SealedVariant, Selection, Slot, SlotNonce,
    Variant, Verdict, VerdictReason,
};
pub use leaving::{LEAVING_SUBJECT, Leaving, leaving_to};
pub use localised::{Localised, LocalisedCall};
pub use names::{
    Format, IssueNumber, Language, NameError, PostId, ScheduleName, SourceName, SubscriberId, Topic,
};
pub use network::Network;
pub use pace::{LearntPace, PerHour};
pub use post::{
    Author, CallToAction, Hold, Image, ImageCopy, LedgerEntry, Post, PostFile, absolute,
};
pub use reader::{ListFile, Origin, Subscriber, SubscriberEntry, SuppressionReason};
pub use relay::{Login, Relay, RelayError, Security, SmtpRelay};
pub use report::{Bounce, BounceClass, BounceLimits, Letter, Notice, Report, ReportKind};
pub use schedule::{Cadence, CatchUp, FirstRun, SUBJECT_FIELDS, Schedule};
pub use sender::Spf;
pub use source::{Pages, Source, SourceKind, Validators};
pub use source_standing::{
    Ending, HostHold, Move, NotAsked, Occasion, Pace, Shown, SourceEvent, SourceStanding, Visit,
};
pub use standing::{AlsoAt, Flood, JoinReason, Joined, Likeness, Standing};
pub use words::Words;
pub use world::{Chance, Clock, FixedClock, SeededChance};
