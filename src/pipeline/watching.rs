//! Watches what a feed no longer shows: a post that its publisher took back before it went out is not mailed.
//!
//! Pure. A feed that shows its newest few lets old posts fall off its end, which says nothing. A post that is gone from
//! between others was taken back: one that stood behind it is still there. That is believed when the next visit finds it
//! so too; until then the post waits. A feed that is empty, suddenly shorter than half or in another order proves nothing.

use std::collections::{HashMap, HashSet};

use crate::model::{Post, PostId, Shown};

/// So many posts of a feed are watched, the newest: longer ones are archives.
const MOST: usize = 500;

/// What a visit says of the posts that the last one showed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Watched {
    /// What the next visit is held against.
    pub shown: Vec<Shown>,
    /// Gone for the second time.
    pub withdrawn: Vec<PostId>,
}

/// Holds what a feed shows `now`, newest first, against what it showed `before`.
pub(super) fn watch(before: &[Shown], now: &[PostId]) -> Watched {
    let places: HashMap<PostId, usize> = now.iter().copied().zip(0..).collect();
    let stood: Vec<usize> = before
        .iter()
        .filter_map(|shown| places.get(&shown.post).copied())
        .collect();
    if now.is_empty() {
        return Watched {
            shown: before.to_vec(),
            withdrawn: Vec::new(),
        };
    }
    let were = before.iter().filter(|shown| !shown.missed).count();
    if now.len() * 2 < were || is_shuffled(&stood) {
        return Watched {
            shown: beginning_with_missed(before, now, &places),
            withdrawn: Vec::new(),
        };
    }
    let mut watched = Watched::default();
    let mut missed: HashMap<PostId, Vec<PostId>> = HashMap::new();
    for (at, shown) in before.iter().enumerate() {
        if places.contains_key(&shown.post) {
            continue;
        }
        let Some(witness) = witness(before, at, &places) else {
            continue;
        };
        match shown.missed {
            true => watched.withdrawn.push(shown.post),
            false => missed.entry(witness).or_default().push(shown.post),
        }
    }
    for post in now {
        let gone = missed.remove(post).unwrap_or_default();
        let gone = gone.into_iter().map(|post| Shown { post, missed: true });
        watched.shown.extend(gone);
        watched.shown.push(Shown::standing(*post));
    }
    watched.shown.truncate(MOST);
    watched
}

/// The first post that stood behind this one and still does: behind all that are left of those before it.
fn witness(before: &[Shown], at: usize, places: &HashMap<PostId, usize>) -> Option<PostId> {
    let place = |shown: &Shown| places.get(&shown.post).copied();
    let last_before = before[..at].iter().filter_map(place).max();
    let behind = before[at + 1..].iter();
    let mut behind = behind.filter(|shown| place(shown).is_some_and(|p| Some(p) > last_before));
    behind.next().map(|shown| shown.post)
}

/// Whether more than a few posts changed places: such a list is ordered by something else than time.
fn is_shuffled(places: &[usize]) -> bool {
    let turns = places.windows(2).filter(|pair| pair[0] > pair[1]).count();
    turns * 5 > places.len()
}

/// What is shown, with those that were missed already in front, so that they wait on.
fn beginning_with_missed(
    before: &[Shown],
    now: &[PostId],
    places: &HashMap<PostId, usize>,
) -> Vec<Shown> {
    let missed = before.iter().filter(|shown| shown.missed);
    let missed = missed.filter(|shown| !places.contains_key(&shown.post));
    let standing = now.iter().map(|post| Shown::standing(*post));
    missed.copied().chain(standing).take(MOST).collect()
}

/// The posts that wait since they were missed at the last visit.
pub(super) fn missed(shown: &[Shown]) -> HashSet<PostId> {
    let missed = shown.iter().filter(|shown| shown.missed);
    missed.map(|shown| shown.post).collect()
}

/// Whether a feed shows its oldest post first.
pub(super) fn is_oldest_first(posts: &[Post]) -> bool {
    let dates: Vec<_> = posts.iter().filter_map(|post| post.published).collect();
    let rising = dates.windows(2).filter(|pair| pair[0] < pair[1]).count();
    let falling = dates.windows(2).filter(|pair| pair[0] > pair[1]).count();
    rising > falling
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(posts: &[i64]) -> Vec<PostId> {
        posts.iter().copied().map(PostId).collect()
    }

    /// The posts withdrawn after each of these visits, the first of which shows what stands.
    fn withdrawn(visits: &[&[i64]]) -> Vec<Vec<i64>> {
        let mut shown = Vec::new();
        let mut all = Vec::new();
        for visit in visits {
            let watched = watch(&shown, &ids(visit));
            all.push(watched.withdrawn.iter().map(|post| post.0).collect());
            shown = watched.shown;
        }
        all
    }

    #[test]
    fn a_post_that_is_gone_from_between_others_at_two_visits_was_withdrawn() {
        assert_eq!(withdrawn(&[&[3, 2, 1], &[3, 1], &[3, 1]])[2], [2]);
        // With the newest of them, and while others come and fall off.
        assert_eq!(withdrawn(&[&[3, 2, 1], &[2, 1], &[4, 2]])[2], [3]);
        assert_eq!(
            withdrawn(&[&[4, 3, 2, 1], &[5, 4, 2, 1], &[6, 5, 4, 2]])[2],
            [3]
        );
        let two = withdrawn(&[&[5, 4, 3, 2, 1], &[5, 2, 1], &[5, 2, 1]]);
        assert_eq!(two[2], [4, 3]);
    }

    #[test]
    fn a_post_that_comes_back_or_falls_off_was_not() {
        let none = |visits: &[&[i64]]| {
            let all = withdrawn(visits);
            assert!(all.iter().all(Vec::is_empty), "{visits:?}: {all:?}");
        };
        none(&[&[3, 2, 1], &[3, 1], &[3, 2, 1], &[3, 1], &[3, 2, 1]]);
        none(&[&[3, 2, 1], &[4, 3, 2], &[6, 5, 4], &[7, 6, 5]]);
        none(&[&[1], &[2], &[3], &[4]]);
        // One that is pinned on top stands before all, not behind.
        none(&[&[9, 3, 2, 1], &[9, 4, 3, 2], &[9, 6, 5, 4], &[9, 6, 5, 4]]);
        // One that was edited moves up, and is no witness any more.
        none(&[&[4, 3, 2, 1], &[1, 5, 4, 3], &[1, 5, 4, 3]]);
        // Missed once, it falls off with the one that stood behind it.
        none(&[&[3, 2, 1], &[4, 3, 1], &[6, 5, 4], &[6, 5, 4]]);
    }

    #[test]
    fn a_feed_that_is_empty_short_or_in_another_order_withdraws_nothing() {
        for odd in [&[][..], &[1], &[4, 1], &[1, 2, 5, 3, 6]] {
            let visits: [&[i64]; 4] = [&[6, 5, 4, 3, 2, 1], odd, odd, &[6, 5, 4, 3, 2, 1]];
            let all = withdrawn(&visits);
            assert!(all.iter().all(Vec::is_empty), "{odd:?}: {all:?}");
        }
        // What was missed before waits on, and is withdrawn when the feed is itself again.
        let all = withdrawn(&[&[6, 5, 4, 3, 2, 1], &[6, 4, 3, 2, 1], &[], &[6, 4, 3, 2, 1]]);
        assert_eq!(all[2..], [vec![], vec![5]]);
        let all = withdrawn(&[&[6, 5, 4, 3, 2, 1], &[6, 4, 3, 2, 1], &[6, 4], &[6, 4, 3]]);
        assert_eq!(all[2..], [vec![], vec![5]]);
    }

    #[test]
    fn an_archive_is_watched_as_far_as_it_is_new() {
        let many: Vec<i64> = (0..2_000).collect();
        assert_eq!(watch(&[], &ids(&many)).shown.len(), MOST);
    }
}
