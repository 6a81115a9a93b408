//! The flood brake: holds what comes in a way in which new posts do not come.
//!
//! A site that moves, a feed that suddenly shows its archive, a folder that is filled from a backup: none of it is news,
//! and all of it would be mailed to everybody. What is held stays in the ledger, and a person lets it in or drops it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::gathering::Gathering;
use super::report::HeldPosts;
use super::{Fault, Pipeline};
use crate::model::{Diagnostic, Flood, Source, SourceKind, SourceName, Standing};
use crate::store::NewPost;

/// So many posts may always come at once: a busy week of a small newsroom.
const AT_ONCE: usize = 20;

/// News is not older than this.
const NEWS_DAYS: i64 = 30;

/// Quarantines the posts that issues might carry, if they come in a flood; says so.
///
/// `shown` is how many posts the source shows in all. Posts that a filter passed over are no part of a flood.
pub(super) fn brake(
    source: &Source,
    new: &mut [NewPost],
    shown: usize,
    at: Timestamp,
) -> Option<Flood> {
    let mut coming: Vec<&mut NewPost> = new
        .iter_mut()
        .filter(|new| new.standing == Standing::Open)
        .collect();
    let why = flood(source, &coming, shown, at)?;
    for new in &mut coming {
        new.standing = Standing::Quarantined { at, why };
    }
    Some(why)
}

fn flood(source: &Source, coming: &[&mut NewPost], shown: usize, at: Timestamp) -> Option<Flood> {
    let posts = coming.len();
    let most = source.hold_above.unwrap_or(AT_ONCE.max(shown / 2));
    if posts > most {
        return Some(Flood::AtOnce { posts });
    }
    // One letter that the owner puts into the folder with an old date is meant; a server's is not known to be.
    let least = match source.kind {
        SourceKind::Folder(_) => 2,
        SourceKind::Url(_) => 1,
    };
    let news_since = at - SignedDuration::from_hours(24 * NEWS_DAYS);
    let is_old = |new: &&mut NewPost| {
        let published = new.post.published;
        published.is_some_and(|published| published < news_since)
    };
    let all_old = posts >= least && coming.iter().all(is_old);
    all_old.then_some(Flood::AllOld {
        posts,
        days: NEWS_DAYS,
    })
}

/// What the operator is told, once: the run is done in part.
pub(super) fn fault(source: &SourceName, why: &Flood) -> Diagnostic {
    let message = format!("source `{source}`: {why}; held, and in no issue");
    let hint = format!("`courant sources review {source}` shows them, lets them in or drops them");
    Diagnostic::error(message).hint(hint)
}

impl Pipeline {
    /// The posts that wait for a person: those of the ledger, and those that a plan did not save; by source.
    pub(super) async fn held(&self, gathering: &Gathering) -> Result<Vec<HeldPosts>, Fault> {
        let mut held: BTreeMap<_, (usize, Vec<Flood>)> = BTreeMap::new();
        let saved = self.store.quarantine_counts().await?;
        let saved = saved.into_iter().filter_map(|(source, standing, posts)| {
            let Standing::Quarantined { why, .. } = standing else {
                return None;
            };
            Some((source, why, usize::try_from(posts).unwrap_or(0)))
        });
        for (source, why, posts) in saved {
            let (count, floods) = held.entry(source).or_default();
            *count += posts;
            floods.push(why);
        }
        for (source, why) in gathering.unsaved_floods() {
            let (count, floods) = held.entry(source).or_default();
            *count += why.posts();
            floods.push(why);
        }
        let held = held.into_iter().map(|(source, (posts, floods))| {
            let reasons: Vec<String> = floods.iter().map(ToString::to_string).collect();
            HeldPosts {
                source,
                posts,
                came: floods.iter().map(|flood| flood.posts()).sum(),
                why: reasons.join("; "),
            }
        });
        Ok(held.collect())
    }
}
