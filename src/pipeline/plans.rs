//! A saved plan: what an issue would be, frozen under a hash, to be sent as it is or not at all.
//!
//! A plan is a file below `state/plans`, named by the hash of its content; one that was altered is not taken. It holds the
//! posts in full, a hash of each rendering, and who would get which, by number and without addresses. Beside a run that
//! sends it stands everything that could have changed since: [`SavedPlan::changes`] names it.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::choosing::Chosen;
use super::folders::{Access, write_whole};
use super::report::{PlannedDomain, PlannedPost};
use super::{Fault, Pipeline};
use crate::model::{
    Digest, Hold, IssueNumber, LedgerEntry, Masthead, Post, PostId, ScheduleName, SealedVariant,
    SlotNonce, Standing, Subscriber,
};
use crate::select::Readership;
use crate::store::Seal;

/// The folder of saved plans, below `state`.
const FOLDER: &str = "plans";

/// Hexadecimal digits of a plan's name: 64 bits, far more than anyone saves plans.
const DIGITS: usize = 16;

/// Of each kind of change, how many are named.
const NAMED: usize = 5;

/// What an issue would be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SavedPlan {
    pub schedule: ScheduleName,
    pub made_at: Timestamp,
    /// The due time that it would serve.
    pub slot: Option<Timestamp>,
    pub number: IssueNumber,
    pub date: Date,
    pub nonce: SlotNonce,
    pub masthead: Masthead,
    /// Posts in, the lead first, before their pictures were copied.
    pub posts: Vec<(PostId, Post)>,
    /// Every post that was looked at, in or out.
    pub verdicts: Vec<SavedVerdict>,
    pub variants: Vec<SavedVariant>,
    /// Readers by the domain of their address, most first.
    pub domains: Vec<PlannedDomain>,
    /// What the preflight remarked.
    pub preflight: Vec<String>,
}

/// A post that was looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SavedVerdict {
    pub title: String,
    pub source: String,
    pub carried: bool,
    pub reason: String,
}

/// One rendering and its readers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SavedVariant {
    pub subject: String,
    pub language: String,
    pub format: String,
    pub posts: Vec<PostId>,
    pub html_bytes: Option<usize>,
    pub text_bytes: usize,
    pub hash: String,
    /// Its readers' numbers, in order.
    pub readers: Vec<i64>,
}

impl SavedPlan {
    /// Freezes what was prepared to be sealed; `posts` are the chosen ones before their pictures were copied.
    pub(super) fn of(
        seal: &Seal,
        posts: Vec<(PostId, Post)>,
        looked_at: &[PlannedPost],
        preflight: Vec<String>,
    ) -> Self {
        let mut domains: BTreeMap<&str, usize> = BTreeMap::new();
        for delivery in &seal.deliveries {
            let domain = delivery.reader.address.ascii_domain();
            *domains.entry(domain).or_default() += 1;
        }
        let named = |(domain, readers): (&str, usize)| PlannedDomain {
            domain: domain.to_owned(),
            readers,
        };
        let mut domains: Vec<_> = domains.into_iter().map(named).collect();
        domains.sort_by_key(|domain| std::cmp::Reverse(domain.readers));
        let issue = &seal.issue;
        Self {
            schedule: issue.schedule.clone(),
            made_at: issue.sealed_at,
            slot: seal.served,
            number: issue.number,
            date: issue.date,
            nonce: issue.nonce.clone(),
            masthead: issue.masthead.clone(),
            posts,
            verdicts: looked_at.iter().map(saved_verdict).collect(),
            variants: seal
                .variants
                .iter()
                .map(|one| saved_variant(one, seal))
                .collect(),
            domains,
            preflight,
        }
    }

    /// How many would get it.
    pub(super) fn readers(&self) -> usize {
        self.variants
            .iter()
            .map(|variant| variant.readers.len())
            .sum()
    }

    /// What keeps its posts from going out now, one clause each.
    pub(super) fn lost_posts(&self, chosen: &Chosen) -> Vec<String> {
        let ledger: HashMap<PostId, &LedgerEntry> = chosen
            .ledger
            .iter()
            .map(|entry| (entry.id, entry))
            .collect();
        let posts = self.posts.iter();
        let lost = posts.filter_map(|(id, post)| {
            let why = lost(ledger.get(id).copied(), &self.schedule)?;
            Some(format!("“{}” {why}", post.title))
        });
        lost.collect()
    }

    /// What is different from the plan, one clause each: number, masthead, renderings, readers. Readers who left are no
    /// change: that they get nothing is promised.
    pub(super) fn changes(
        &self,
        number: IssueNumber,
        masthead: &Masthead,
        variants: &[SealedVariant],
        readership: &Readership<'_>,
    ) -> Vec<String> {
        let mut changes = Vec::new();
        if number != self.number {
            let last = number.0 - 1;
            changes.push(format!(
                "issue {last} was sealed since, so that this one would be issue {number} and not {}",
                self.number
            ));
        }
        if *masthead != self.masthead {
            changes.push("what `courant.toml` or the schedule says of the newsletter".to_owned());
        }
        changes.extend(self.changed_readers(readership));
        if changes.is_empty() {
            changes.extend(self.changed_renderings(variants));
        }
        changes
    }

    /// Renderings that read differently. One whose readers have all left is not missed.
    fn changed_renderings(&self, variants: &[SealedVariant]) -> Vec<String> {
        let changed = variants.iter().filter_map(|now| {
            let (language, format) = (now.digest.language.as_str(), now.variant.format.as_str());
            let then = self.variants.iter().find(|then| {
                then.language == language
                    && then.format == format
                    && then.posts == now.variant.posts
            });
            let same = then.is_some_and(|then| then.hash == hash_of(&now.digest));
            (!same).then(|| {
                format!(
                    "the digest in {language} as {format}: a template, a picture or the program"
                )
            })
        });
        changed.collect()
    }

    /// Readers who are more, fewer, or get other posts.
    fn changed_readers(&self, readership: &Readership<'_>) -> Vec<String> {
        let then: HashMap<i64, &[PostId]> = self.variants.iter().flat_map(of_variant).collect();
        let mut now: HashMap<i64, &[PostId]> = HashMap::new();
        let (mut more, mut other) = (Vec::new(), Vec::new());
        for entitled in &readership.entitled {
            let reader = entitled.subscriber;
            let posts = readership.variants[entitled.variant].posts.as_slice();
            now.insert(reader.id.0, posts);
            match then.get(&reader.id.0) {
                None => more.push(reader),
                Some(then) if *then != posts => other.push(reader),
                Some(_) => {}
            }
        }
        let left = readership.suppressed.iter().map(|(reader, _)| reader.id.0);
        let left: std::collections::HashSet<i64> = left.collect();
        let fewer = then
            .keys()
            .filter(|id| !now.contains_key(id) && !left.contains(id));
        let fewer = fewer.count();
        let mut changes = Vec::new();
        if !more.is_empty() {
            changes.push(format!("readers who were not planned: {}", masked(&more)));
        }
        if !other.is_empty() {
            changes.push(format!(
                "readers who would get other posts: {}",
                masked(&other)
            ));
        }
        if fewer > 0 {
            changes.push(format!(
                "readers who were planned and would get nothing, though they did not leave: {fewer}"
            ));
        }
        changes
    }
}

fn of_variant(variant: &SavedVariant) -> impl Iterator<Item = (i64, &[PostId])> {
    let posts = variant.posts.as_slice();
    variant.readers.iter().map(move |reader| (*reader, posts))
}

/// Why a post of the ledger cannot go out in an issue of the schedule.
fn lost(entry: Option<&LedgerEntry>, schedule: &ScheduleName) -> Option<String> {
    let Some(entry) = entry else {
        return Some("is not in the ledger any more".to_owned());
    };
    let carried = entry.carried.iter().find(|(_, by)| by == schedule);
    if let Some((number, _)) = carried {
        return Some(format!("went out with issue {number}"));
    }
    if entry.standing != Standing::Open {
        return Some("was held back, dropped, filtered or joined to another post".to_owned());
    }
    match entry.post.hold {
        None => None,
        Some(Hold::Withdrawn) => Some("was withdrawn".to_owned()),
        Some(Hold::Missed) => Some("is no longer in its feed".to_owned()),
        Some(_) => Some("was held back by its source".to_owned()),
    }
}

/// The first few, masked, and how many more.
fn masked(readers: &[&Subscriber]) -> String {
    let named = readers.iter().take(NAMED);
    let named: Vec<_> = named.map(|reader| reader.address.masked()).collect();
    match readers.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn saved_verdict(post: &PlannedPost) -> SavedVerdict {
    SavedVerdict {
        title: post.title.clone(),
        source: post.source.to_string(),
        carried: post.carried,
        reason: post.reason.clone(),
    }
}

fn saved_variant(sealed: &SealedVariant, seal: &Seal) -> SavedVariant {
    let ours = seal
        .deliveries
        .iter()
        .filter(|d| d.variant == sealed.number);
    let mut readers: Vec<_> = ours.map(|delivery| delivery.subscriber.0).collect();
    readers.sort_unstable();
    SavedVariant {
        subject: sealed.digest.subject.clone(),
        language: sealed.digest.language.to_string(),
        format: sealed.variant.format.as_str().to_owned(),
        posts: sealed.variant.posts.clone(),
        html_bytes: sealed.digest.html.as_ref().map(String::len),
        text_bytes: sealed.digest.text.len(),
        hash: hash_of(&sealed.digest),
        readers,
    }
}

/// Of everything that a reader would see.
fn hash_of(digest: &Digest) -> String {
    let parts = [
        digest.subject.as_str(),
        &digest.preheader,
        digest.html.as_deref().unwrap_or_default(),
        &digest.text,
    ];
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

impl Pipeline {
    /// Writes a plan and gives its name.
    pub(super) fn save_plan(&self, plan: &SavedPlan) -> Result<String, Fault> {
        let text = serde_json::to_string(plan).map_err(|error| Fault::Plan(error.to_string()))?;
        let name = name_of(&text);
        write_whole(&self.plan_file(&name), text.as_bytes(), Access::Owner)?;
        Ok(name)
    }

    /// Reads a plan by its name, and refuses one that is not what its name says.
    pub(super) fn load_plan(&self, name: &str) -> Result<SavedPlan, Fault> {
        let is_name = name.len() == DIGITS && name.bytes().all(|b| b.is_ascii_hexdigit());
        let path = self.plan_file(&name.to_ascii_lowercase());
        let text = match is_name.then(|| std::fs::read_to_string(path)) {
            Some(Ok(text)) => text,
            Some(Err(_)) | None => return Err(Fault::NoPlan(name.to_owned())),
        };
        if name_of(&text) != name.to_ascii_lowercase() {
            return Err(Fault::PlanAltered(name.to_owned()));
        }
        serde_json::from_str(&text).map_err(|_| Fault::PlanAltered(name.to_owned()))
    }

    fn plan_file(&self, name: &str) -> PathBuf {
        self.config.state.join(FOLDER).join(format!("{name}.json"))
    }
}

fn name_of(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..DIGITS].to_owned()
}
