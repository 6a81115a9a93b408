//! A proof: the next issue, rendered for each reader as a run would, to be looked at and thrown away.
//!
//! Made by the steps of a run up to sealing, so that what is looked at is what would be sent. Nothing is sealed, saved or
//! sent. A copy is what one reader would get, byte for byte, but for what must not be real before the issue is: its
//! unsubscribe token opens nothing, so that no click on a proof makes a reader leave, and its Message-ID is none that a
//! delivery will bear, so that no mailbox takes the real one for a second copy. Both are as long as the real ones.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::civil::Date;

use super::choosing::{reason_for_no_issue, skipped};
use super::gathering::Trace;
use super::planning::{planned_posts, planned_variants};
use super::report::Plan;
use super::shelf::Keep;
use super::{Fault, Pipeline, RunReport, World};
use crate::compose;
use crate::deliver::Stencil;
use crate::model::{
    EmailAddress, Issue, Reader, Schedule, SealedVariant, Slot, Subscriber, SubscriberId,
    SuppressionReason, Topic,
};
use crate::select::Readership;

/// Stands where a reader's unsubscribe token will: as long, and signed by nobody.
const INERT_TOKEN: &str = "preview-preview-preview-preview-preview-preview-pre";

/// Whom a copy is for when no reader is named (RFC 2606 reserves the domain).
const SAMPLE_ADDRESS: &str = "lezer@voorbeeld.example";

/// The next issue of a schedule, as it would be sealed now.
pub struct Proof {
    /// The choice, with its reasons, and all faults.
    pub plan: Plan,
    /// Everyone on the list, in its order, and what each would get.
    pub readers: Vec<ProofReader>,
    issue: Issue,
    variants: Vec<SealedVariant>,
}

/// A reader, and what the issue brings them.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofReader {
    /// The address.
    pub address: EmailAddress,
    /// How to greet.
    pub name: Option<String>,
    /// Topics wanted; empty = all.
    pub topics: Vec<Topic>,
    /// The day of sign-up.
    pub since: Option<Date>,
    /// What they would get.
    pub gets: Gets,
}

/// What an issue brings a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gets {
    /// The variant of this index.
    Variant(usize),
    /// Nothing: they left, bounced or complained.
    NothingSince(SuppressionReason),
    /// Nothing: they have its posts already, or want none of their topics.
    NothingNew,
    /// Nothing: they chose other schedules.
    NotThisSchedule,
}

/// What one reader would get.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    /// The HTML part, with the reader's own fields.
    pub html: Option<String>,
    /// The text part, with the reader's own fields.
    pub text: String,
    /// The whole message with CRLF line ends, as the relay would get it.
    pub message: String,
    /// The unsubscribe link that stands in it, which opens nothing.
    pub unsubscribe: String,
}

impl Proof {
    pub(super) fn new(
        plan: Plan,
        readers: Vec<ProofReader>,
        issue: Issue,
        variants: Vec<SealedVariant>,
    ) -> Self {
        Self {
            plan,
            readers,
            issue,
            variants,
        }
    }

    /// The issue, as it would be sealed now.
    pub fn issue(&self) -> &Issue {
        &self.issue
    }

    /// Its renderings, most readers first.
    pub fn variants(&self) -> &[SealedVariant] {
        &self.variants
    }
}

impl Pipeline {
    /// The schedule's next issue, rendered. Asks the sources, saves nothing of theirs, seals nothing; pictures are fetched
    /// as a run would, and left where the run finds them.
    pub async fn proof(&self, schedule: &Schedule, world: &World<'_>) -> Result<Proof, Fault> {
        let mut report = RunReport::default();
        let list = self.look_at_readers(world, &mut report).await?;
        let gathering = self.gather(Trace::Leave, &list, world).await?;
        let mut chosen = self.choose(schedule, &gathering, world.clock.now()).await?;
        self.host_pictures(&mut chosen.posts, Keep::Aside, world, &mut report)
            .await?;
        let readership = self.readership(schedule, &chosen.posts, &list).await?;
        let issue = self
            .new_issue(schedule, None, chosen.posts.clone(), world)
            .await?;
        let variants = self.render(&issue, &readership, schedule).await?;
        let found = self.preflight(&issue, &variants, schedule);
        let held = self.held(&gathering).await?;
        let faults = report.faults.into_iter().chain(gathering.faults);
        let quiet = reason_for_no_issue(schedule, &chosen, &readership);
        let foreseen = match quiet {
            None => {
                self.foresee(schedule, readership.entitled.len(), world)
                    .await?
            }
            Some(_) => None,
        };
        let (caps, too_late) = foreseen.unzip();
        let plan = Plan {
            schedule: schedule.name.clone(),
            posts: planned_posts(schedule, &chosen),
            variants: planned_variants(&variants, &readership),
            readers: readership.entitled.len(),
            skipped: skipped(&readership),
            nothing_new: readership.nothing_new.len(),
            quiet,
            caps,
            held,
            sources: gathering.sources,
            faults: faults
                .chain(found)
                .chain(too_late.unwrap_or_default())
                .collect(),
        };
        let readers = proof_readers(&list.subscribers, &readership);
        Ok(Proof::new(plan, readers, issue, variants))
    }

    /// What a reader of the proof would get in this variant, or a made-up reader where none is named.
    pub fn copy_of(
        &self,
        proof: &Proof,
        sealed: &SealedVariant,
        reader: Option<&ProofReader>,
    ) -> Result<Copy, Fault> {
        let (issue, digest) = (&proof.issue, &sealed.digest);
        let reader = match reader {
            Some(reader) => self.reader_of(proof, sealed, reader),
            None => {
                let sample = EmailAddress::parse(SAMPLE_ADDRESS);
                let address = sample.unwrap_or_else(|_| issue.masthead.from.clone());
                self.sample_reader(proof, sealed, address)
            }
        };
        let unsubscribe = issue.masthead.way_out(&reader.unsubscribe_token);
        let fill = |text: &str, html: bool| {
            compose::fill(text, html, &issue.nonce, |slot| match slot {
                Slot::Greeting => reader.greeting.clone(),
                Slot::Address => reader.address.to_string(),
                Slot::Since => reader.since.clone(),
                Slot::Unsubscribe => unsubscribe.clone(),
            })
        };
        Ok(Copy {
            html: digest.html.as_ref().map(|html| fill(html, true)),
            text: fill(&digest.text, false),
            message: Stencil::new(issue, digest)?.message(&reader),
            unsubscribe: unsubscribe.clone(),
        })
    }

    /// Where a picture that the proof shows lies on disk, by its name below the newsletter's address.
    pub fn proof_picture(&self, proof: &Proof, name: &str) -> Option<PathBuf> {
        self.picture_of(&proof.issue, name)
    }

    /// The HTML with pictures that may not be published yet shown from where they lie.
    pub(super) fn with_local_pictures(&self, proof: &Proof, html: &str) -> String {
        let issue = &proof.issue;
        let files = issue.posts.iter().flat_map(|(_, post)| &post.files);
        let files = files.map(|file| format!("/{}", file.name));
        let copies = self.addresses_of_copies(issue).cloned();
        files.chain(copies).fold(html.to_owned(), |html, address| {
            let published = format!("{}{address}", issue.masthead.url);
            match self.picture_of(issue, address.trim_start_matches('/')) {
                Some(path) => html.replace(&published, &format!("file://{}", path.display())),
                None => html,
            }
        })
    }

    /// A reader at this address of whom nothing else is known.
    pub(super) fn sample_reader(
        &self,
        proof: &Proof,
        sealed: &SealedVariant,
        address: EmailAddress,
    ) -> Reader {
        let sample = ProofReader {
            address,
            name: None,
            topics: vec![],
            since: None,
            gets: Gets::NothingNew,
        };
        self.reader_of(proof, sealed, &sample)
    }

    fn reader_of(&self, proof: &Proof, sealed: &SealedVariant, reader: &ProofReader) -> Reader {
        let language = &sealed.digest.language;
        let at = self.local(&proof.issue);
        // Another for each proof and reader, as short as the real one, and of no key.
        let name = format!("{}{}", proof.issue.nonce.0, reader.address);
        Reader {
            address: reader.address.clone(),
            name: reader.name.clone(),
            greeting: self
                .composer
                .greeting(language, reader.name.as_deref(), &at),
            since: self.composer.since(language, reader.since),
            unsubscribe_token: INERT_TOKEN.to_owned(),
            message_id: blake3::hash(name.as_bytes()).to_hex()[..32].to_owned(),
        }
    }
}

/// Everyone on the list, with what the readership has for them.
pub(super) fn proof_readers(list: &[Subscriber], readership: &Readership<'_>) -> Vec<ProofReader> {
    let mut gets: HashMap<SubscriberId, Gets> = HashMap::new();
    for entitled in &readership.entitled {
        gets.insert(entitled.subscriber.id, Gets::Variant(entitled.variant));
    }
    for (subscriber, reason) in &readership.suppressed {
        gets.insert(subscriber.id, Gets::NothingSince(*reason));
    }
    for subscriber in &readership.nothing_new {
        gets.insert(subscriber.id, Gets::NothingNew);
    }
    let gets = |id| gets.get(&id).copied().unwrap_or(Gets::NotThisSchedule);
    list.iter()
        .map(|subscriber| ProofReader {
            address: subscriber.address.clone(),
            name: subscriber.name.clone(),
            topics: subscriber.topics.clone(),
            since: subscriber.since,
            gets: gets(subscriber.id),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::{Keys, Purpose, Token};

    #[test]
    fn the_token_of_a_proof_is_as_long_as_a_real_one_and_opens_nothing() {
        let keys = Keys::from_parts(vec![(1, [7; 32])], [8; 32]);
        let token = Token {
            purpose: Purpose::Unsubscribe,
            subscriber: SubscriberId(7),
            epoch: 0,
            expires_at: None,
        };
        assert_eq!(INERT_TOKEN.len(), token.encode(&keys).len());
        let now = jiff::Timestamp::UNIX_EPOCH;
        assert!(Token::decode(INERT_TOKEN, Purpose::Unsubscribe, &keys, now).is_err());
    }
}
