//! What the sources showed, laid over what the ledger says.
//!
//! After a run only what waits is missing from the ledger. A plan saves nothing: its new posts are here alone, under
//! numbers below zero.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::super::brake;
use super::super::report::SourceReport;
use super::super::sorting::Sorted;
use crate::model::{
    Diagnostic, Flood, Hold, LedgerEntry, Likeness, Post, PostId, SourceName, Standing,
};
use crate::store::Twin;

/// What the sources showed, beside what the ledger knows.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Gathering {
    pub sources: Vec<SourceReport>,
    pub faults: Vec<Diagnostic>,
    /// Posts that are not in the ledger: those that wait, and in a plan also the new ones.
    unsaved: Vec<(LedgerEntry, Likeness)>,
    /// Posts of the ledger that look different now.
    seen: HashMap<PostId, Post>,
    /// What each folder holds now: a post that left its folder before it went out is withdrawn.
    folders: HashMap<SourceName, HashSet<PostId>>,
    /// Posts that their feeds miss, or took back.
    gone: HashMap<PostId, Hold>,
    /// Posts that their feeds took back before, and show again.
    back: HashSet<PostId>,
    /// What readers call each source, as it says itself.
    titles: HashMap<SourceName, String>,
    /// The host of the site that each feed that was read says it is of.
    sites: HashMap<SourceName, Option<String>>,
    /// Where posts of the ledger would stand, as a plan found.
    standings: HashMap<PostId, Standing>,
}

impl Gathering {
    /// Takes what is not in the store: posts that wait, and what a plan did not save.
    pub fn take(&mut self, sorted: Sorted, at: Timestamp) {
        let new = sorted.saved.new.into_iter();
        let new = new.map(|new| (new.post, new.baseline, new.standing, new.likeness));
        let waiting = sorted.waiting.into_iter();
        let waiting =
            waiting.map(|(post, baseline)| (post, baseline, Standing::Open, Likeness::default()));
        for (post, baseline, standing, likeness) in new.chain(waiting) {
            let id = PostId(-1 - i64::try_from(self.unsaved.len()).unwrap_or(i64::MAX - 1));
            let entry = LedgerEntry {
                id,
                post,
                first_seen: at,
                baseline,
                standing,
                carried: vec![],
            };
            self.unsaved.push((entry, likeness));
        }
        let changed = sorted.saved.changed.into_iter();
        self.seen.extend(changed.map(|(id, post, _)| (id, post)));
        self.seen.extend(sorted.held);
        self.gone.extend(sorted.gone);
        let withdrawn = sorted.saved.withdrawn.into_iter();
        let back = withdrawn.filter(|(_, withdrawn)| !withdrawn);
        self.back.extend(back.map(|(post, _)| post));
        if let Some(title) = sorted.title {
            self.titles.insert(sorted.report.name.clone(), title);
        }
        if sorted.report.error.is_none() && sorted.report.not_asked.is_none() {
            let site = sorted.saved.visit.standing.site.clone();
            self.sites.insert(sorted.report.name.clone(), site);
        }
        if let Some(present) = sorted.present {
            self.folders.insert(sorted.report.name.clone(), present);
        }
        if let Some(why) = &sorted.report.held {
            self.faults.push(brake::fault(&sorted.report.name, why));
        }
        self.faults.extend(sorted.faults);
        self.sources.push(sorted.report);
    }

    /// Lays what was seen over what the ledger says.
    pub fn over(&self, mut ledger: Vec<LedgerEntry>) -> Vec<LedgerEntry> {
        for entry in &mut ledger {
            if self.back.contains(&entry.id) {
                entry.post.hold = None;
            }
            if let Some(post) = self.seen.get(&entry.id) {
                entry.post = post.clone();
            } else if self.is_withdrawn(entry) {
                entry.post.hold = Some(Hold::Withdrawn);
            } else if let Some(hold) = self.gone.get(&entry.id) {
                entry.post.hold = Some(hold.clone());
            }
        }
        ledger.extend(self.unsaved.iter().map(|(entry, _)| entry.clone()));
        for entry in &mut ledger {
            if let Some(standing) = self.standings.get(&entry.id) {
                entry.standing = standing.clone();
            }
        }
        stand_for_each_other(&mut ledger);
        ledger
    }

    fn is_withdrawn(&self, entry: &LedgerEntry) -> bool {
        let folder = self.folders.get(&entry.post.source);
        entry.carried.is_empty() && folder.is_some_and(|present| !present.contains(&entry.id))
    }

    /// Posts that a plan did not save, as far as they are held against those of other sources.
    pub fn unsaved_twins(&self) -> Vec<Twin> {
        let open = |(entry, _): &&(LedgerEntry, Likeness)| {
            entry.standing == Standing::Open && entry.post.hold.is_none()
        };
        self.unsaved.iter().filter(open).map(twin).collect()
    }

    /// A post that a plan did not save.
    pub fn unsaved_post(&self, id: PostId) -> Option<&Post> {
        // Their numbers go down from -1, in order.
        let (entry, _) = self.unsaved.get(usize::try_from(-1 - id.0).ok()?)?;
        Some(&entry.post)
    }

    /// The floods that a plan did not save.
    pub fn unsaved_floods(&self) -> Vec<(SourceName, Flood)> {
        let mut floods: Vec<(SourceName, Flood)> = Vec::new();
        for (entry, _) in &self.unsaved {
            let Standing::Quarantined { why, .. } = entry.standing else {
                continue;
            };
            let flood = (entry.post.source.clone(), why);
            if !floods.contains(&flood) {
                floods.push(flood);
            }
        }
        floods
    }

    /// The host of the site that each feed that was read says it is of.
    pub fn sites(&self) -> impl Iterator<Item = (&SourceName, &Option<String>)> {
        self.sites.iter()
    }

    /// What readers call a source, as it says itself.
    pub fn title_of(&self, source: &SourceName) -> Option<String> {
        self.titles.get(source).cloned()
    }

    /// Counts a post that another source brought too.
    pub fn count_joined(&mut self, source: &SourceName) {
        let report = self.sources.iter_mut().find(|s| s.name == *source);
        if let Some(report) = report {
            report.joined += 1;
        }
    }

    /// Remembers where posts would stand, for a plan that saves nothing.
    pub fn stand(&mut self, standings: Vec<(PostId, Standing)>) {
        self.standings.extend(standings);
    }
}

/// Lets each post stand for those that are joined to it.
fn stand_for_each_other(ledger: &mut [LedgerEntry]) {
    let joined: Vec<(PostId, SourceName, Post, Standing)> = ledger
        .iter()
        .filter_map(|entry| {
            let to = entry.standing.joined_to()?;
            let post = entry.post.clone();
            Some((to, post.source.clone(), post, entry.standing.clone()))
        })
        .collect();
    for (to, source, post, standing) in joined {
        if let Some(kept) = ledger.iter_mut().find(|entry| entry.id == to) {
            kept.stand_for(source, &post, &standing);
        }
    }
}

fn twin((entry, likeness): &(LedgerEntry, Likeness)) -> Twin {
    Twin {
        id: entry.id,
        source: entry.post.source.clone(),
        identity: entry.post.identity.clone(),
        dated: entry.dated(),
        baseline: entry.baseline,
        compared: false,
        carried: false,
        joined_to: None,
        likeness: likeness.clone(),
    }
}
