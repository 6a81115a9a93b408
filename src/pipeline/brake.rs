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
use crate::store::{NewPost, SourceState};

/// So many posts may always come at once: a busy week of a newsroom.
const AT_ONCE: usize = 50;

/// A source's own pace is what it brought in so long.
const SPAN: SignedDuration = SignedDuration::from_hours(24 * 90);

/// A source may bring so many times what its pace foretells.
const TIMES: i64 = 3;

/// News is not older than this.
const NEWS_DAYS: i64 = 30;

/// What a source brought by itself, that nobody had to look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnPace {
    /// In the last ninety days.
    pub posts: i64,
    pub since_first_visit: SignedDuration,
    pub since_last_visit: SignedDuration,
}

impl OwnPace {
    /// How many posts may come at once: what it shows says nothing, since whoever floods a feed decides that.
    fn bound(self) -> usize {
        if self.since_first_visit < SPAN {
            return AT_ONCE;
        }
        let days = self.since_last_visit.as_secs().max(0);
        let most = self.posts.saturating_mul(days).saturating_mul(TIMES) / SPAN.as_secs();
        usize::try_from(most).unwrap_or(0).max(AT_ONCE)
    }
}

/// Quarantines the posts that issues might carry, if they come in a flood; says so.
///
/// `pace` is needed where so many come that it matters ([`Pipeline::own_pace`]). Posts that a filter passed over are no
/// part of a flood.
pub(super) fn brake(
    source: &Source,
    new: &mut [NewPost],
    pace: Option<OwnPace>,
    at: Timestamp,
) -> Option<Flood> {
    let mut coming: Vec<&mut NewPost> = new
        .iter_mut()
        .filter(|new| new.standing == Standing::Open)
        .collect();
    let why = flood(source, &coming, pace, at)?;
    for new in &mut coming {
        new.standing = Standing::Quarantined { at, why };
    }
    Some(why)
}

fn flood(
    source: &Source,
    coming: &[&mut NewPost],
    pace: Option<OwnPace>,
    at: Timestamp,
) -> Option<Flood> {
    let posts = coming.len();
    let bound = || pace.map_or(AT_ONCE, OwnPace::bound);
    let most = source.hold_above.unwrap_or_else(bound);
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
    /// What a source that was read before brought by itself, where it shows more posts than may always come.
    pub(super) async fn own_pace(
        &self,
        state: &SourceState,
        shown: usize,
        at: Timestamp,
    ) -> Result<Option<OwnPace>, Fault> {
        let (Some(first), Some(last)) = (state.first_gathered_at, state.last_success_at) else {
            return Ok(None);
        };
        if shown <= AT_ONCE {
            return Ok(None);
        }
        Ok(Some(OwnPace {
            posts: self.store.source_pace(&state.name, at - SPAN).await?,
            since_first_visit: at.duration_since(first),
            since_last_visit: at.duration_since(last),
        }))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_sources_own_pace_and_never_less_than_fifty() {
        let bound = |posts, first: i64, last: i64| {
            let pace = OwnPace {
                posts,
                since_first_visit: SignedDuration::from_hours(24 * first),
                since_last_visit: SignedDuration::from_hours(24 * last),
            };
            pace.bound()
        };
        assert_eq!(bound(9_000, 89, 7), 50, "too young to have a pace");
        assert_eq!(bound(10, 400, 7), 50);
        assert_eq!(bound(900, 400, 7), 210);
        assert_eq!(bound(900, 400, 1), 50);
        assert_eq!(bound(900, 400, -1), 50, "a clock that went back");
        assert!(bound(i64::MAX, 400, 7) > 50);
    }
}
