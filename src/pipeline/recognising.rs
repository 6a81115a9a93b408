//! Finds the ledger's row of each post that a source shows, also where every guid and link is another than before.
//!
//! A post is known by any name that it ever went by, unless nothing else of it is known: a feed may give one guid or link to
//! all its posts, one after another. Publishers who change their software give all posts new guids and often new links:
//! then its title and date tell, or its title and text, or where a headline was edited its date and text; and where most
//! of what a source shows came back under titles that are known, the title alone. No row is taken twice, so a new post
//! never hides behind one that is still there.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::gather;
use crate::model::{Likeness, Post};
use crate::store::KnownPost;

/// Fewer posts than this under known titles are no move of a site: a title may come again.
const FEWEST: usize = 3;

/// What a source shows, and the rows that may be of it.
pub(super) struct Recognising<'a> {
    pub posts: &'a [Post],
    pub likenesses: &'a [Likeness],
    pub known: &'a [KnownPost],
    pub is_folder: bool,
    pub evidence: &'a Evidence,
}

/// What only whole texts tell, of a post by its place and a row by its place.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The row has a name of the post, and nothing else.
    pub strangers: HashSet<(usize, usize)>,
    /// The row has the post's date, and nearly its text.
    pub edited: HashSet<(usize, usize)>,
}

impl Evidence {
    /// Judges a pair by what both say in full.
    pub(super) fn judge(&mut self, pair: (usize, usize), post: &Post, known: &Post) {
        if gather::are_strangers(post, known) {
            self.strangers.insert(pair);
        } else if gather::tell_the_same(post, known) {
            self.edited.insert(pair);
        }
    }
}

/// For each post the index of its row; `None` for a new one.
pub(super) fn recognise(shown: &Recognising<'_>) -> Vec<Option<usize>> {
    let mut found = Found {
        rows: vec![None; shown.posts.len()],
        taken: HashSet::new(),
    };
    found.fill(|at| {
        shown.by_name(at, |known| {
            shown.has_title(known, at) || shown.has_text(known, at)
        })
    });
    found.fill(|at| shown.by_name(at, |known| known.identity == shown.posts[at].identity));
    found.fill(|at| shown.by_name(at, |_| true));
    found.fill(|at| shown.by_second_identity(at));
    found.fill(|at| shown.by_title_and_more(at));
    found.fill(|at| shown.by_date_and_text(at));
    shown.by_title_alone(&mut found);
    found.rows
}

/// Rows found so far.
struct Found {
    rows: Vec<Option<usize>>,
    taken: HashSet<usize>,
}

impl Found {
    /// Gives each post that has none the first of its candidates that no other post has.
    fn fill(&mut self, candidates: impl Fn(usize) -> Vec<usize>) {
        for at in 0..self.rows.len() {
            if self.rows[at].is_none() {
                let free = |row: &usize| !self.taken.contains(row);
                self.rows[at] = candidates(at).into_iter().find(free);
                self.taken.extend(self.rows[at]);
            }
        }
    }
}

impl Recognising<'_> {
    fn by(&self, is_it: impl Fn(&KnownPost) -> bool) -> Vec<usize> {
        let rows = self.known.iter().enumerate();
        rows.filter(|(_, known)| is_it(known))
            .map(|(row, _)| row)
            .collect()
    }

    /// Rows that went by the post's name, and of which more is known than that.
    fn by_name(&self, at: usize, is_it: impl Fn(&KnownPost) -> bool) -> Vec<usize> {
        let mut rows =
            self.by(|known| known.aliases.contains(&self.posts[at].identity) && is_it(known));
        rows.retain(|row| !self.evidence.strangers.contains(&(at, *row)));
        rows
    }

    /// The pairs of which only whole texts can tell whether they are one post: a name is all that they share, or a date and
    /// texts that may be near.
    pub(super) fn doubts(&self) -> Vec<(usize, usize)> {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_date: HashMap<Timestamp, Vec<usize>> = HashMap::new();
        for (row, known) in self.known.iter().enumerate() {
            for name in &known.aliases {
                by_name.entry(name).or_default().push(row);
            }
            if let Some(date) = known.published {
                by_date.entry(date).or_default().push(row);
            }
        }
        let rows_of = |at: usize| {
            let names = [
                Some(&self.posts[at].identity),
                self.posts[at].alternate.as_ref(),
            ];
            let rows = names
                .into_iter()
                .flatten()
                .filter_map(|name| by_name.get(name.as_str()));
            rows.flatten().copied().collect::<HashSet<usize>>()
        };
        let rows: Vec<HashSet<usize>> = (0..self.posts.len()).map(rows_of).collect();
        let named: HashSet<usize> = rows.iter().flatten().copied().collect();
        let mut doubts = Vec::new();
        for (at, rows) in rows.iter().enumerate() {
            let strangers = rows.iter().filter(|row| self.may_be_strangers(at, **row));
            doubts.extend(strangers.map(|row| (at, *row)));
            if rows.is_empty()
                && let Some(date) = self.posts[at].published
            {
                let rows = by_date.get(&date).into_iter().flatten();
                let rows = rows.filter(|row| !named.contains(row));
                let nearest = rows
                    .filter_map(|&row| Some((self.distance(at, row)?, row)))
                    .min();
                let near = nearest.filter(|(distance, _)| *distance <= gather::SKETCH_DISTANCE);
                doubts.extend(near.map(|(_, row)| (at, row)));
            }
        }
        doubts
    }

    /// Title and text are others, and so is the date or the link.
    fn may_be_strangers(&self, at: usize, row: usize) -> bool {
        let (known, ours) = (&self.known[row], &self.likenesses[at]);
        let dates = known.published.zip(self.posts[at].published);
        let links = known.likeness.link.as_ref().zip(ours.link.as_ref());
        let moved = dates.is_some_and(|(then, now)| then != now)
            || links.is_some_and(|(then, now)| then != now);
        moved && !self.has_title(known, at) && !self.has_text(known, at)
    }

    fn distance(&self, at: usize, row: usize) -> Option<u32> {
        let ours = self.likenesses[at].sketch?;
        Some((ours ^ self.known[row].likeness.sketch?).count_ones())
    }

    /// The same text of the same moment, where no other post shown and no other row has both: a headline that was edited,
    /// and that guid and link are made of.
    fn by_date_and_text(&self, at: usize) -> Vec<usize> {
        let rows = self.by(|known| self.has_date(known, at) && self.has_text(known, at));
        let twins = self
            .posts
            .iter()
            .zip(self.likenesses)
            .filter(|(post, likeness)| {
                post.published == self.posts[at].published
                    && likeness.text == self.likenesses[at].text
            });
        if rows.len() == 1 && twins.count() == 1 {
            return rows;
        }
        let edited = (0..self.known.len()).filter(|row| self.evidence.edited.contains(&(at, *row)));
        edited
            .filter(|row| self.has_date(&self.known[*row], at))
            .collect()
    }

    /// The link without scheme and host. In a folder it is the file's name without its day, which next week's post may
    /// have as well: there the title or the text must agree.
    fn by_second_identity(&self, at: usize) -> Vec<usize> {
        let Some(alternate) = &self.posts[at].alternate else {
            return Vec::new();
        };
        self.by(|known| {
            let agrees = self.has_title(known, at) || self.has_text(known, at);
            known.aliases.contains(alternate) && (!self.is_folder || agrees)
        })
        .into_iter()
        .filter(|row| !self.evidence.strangers.contains(&(at, *row)))
        .collect()
    }

    /// The same title on the same day; without a day on either side, the same title over the same text.
    fn by_title_and_more(&self, at: usize) -> Vec<usize> {
        self.by(|known| {
            let more = match (known.published, self.posts[at].published) {
                (Some(then), Some(now)) => then == now,
                _ => self.has_text(known, at),
            };
            self.has_title(known, at) && more
        })
    }

    /// Where most of what is shown came back under titles that are known, the rest that did is known too.
    fn by_title_alone(&self, found: &mut Found) {
        let mut titles: HashMap<&str, usize> = HashMap::new();
        for likeness in self.likenesses {
            *titles.entry(likeness.title.as_str()).or_default() += 1;
        }
        let mut more = Vec::new();
        for at in (0..self.posts.len()).filter(|&at| found.rows[at].is_none()) {
            let free = |row: &usize| !found.taken.contains(row);
            let rows: Vec<usize> = self.by(|known| self.has_title(known, at));
            let rows: Vec<usize> = rows.into_iter().filter(free).collect();
            if let [row] = rows[..]
                && titles[self.likenesses[at].title.as_str()] == 1
            {
                more.push((at, row));
            }
        }
        let renamed = |at: &usize| found.rows[*at].is_some_and(|row| self.is_renamed(*at, row));
        let came_back = (0..self.posts.len()).filter(renamed).count() + more.len();
        let unknown = found.rows.iter().filter(|row| row.is_none()).count();
        let most = came_back >= FEWEST
            && came_back * 2 >= self.posts.len()
            && more.len() * 5 >= unknown * 4;
        for (at, row) in more.into_iter().filter(|_| most) {
            if found.taken.insert(row) {
                found.rows[at] = Some(row);
            }
        }
    }

    /// Whether what is shown is of this source: one post goes by a name that it had before, or half of them were found. A
    /// title or two that are known prove nothing.
    pub(super) fn is_known(&self, rows: &[Option<usize>]) -> bool {
        let found: Vec<(usize, usize)> = rows
            .iter()
            .enumerate()
            .filter_map(|(at, row)| Some((at, (*row)?)))
            .collect();
        let has_name = |&(at, row): &(usize, usize)| {
            let names = [
                Some(&self.posts[at].identity),
                self.posts[at].alternate.as_ref(),
            ];
            let mut names = names.into_iter().flatten();
            names.any(|name| self.known[row].aliases.contains(name))
        };
        found.iter().any(has_name) || (!found.is_empty() && found.len() * 2 >= self.posts.len())
    }

    /// Whether a post was found in spite of a name that its row never had.
    pub(super) fn is_renamed(&self, at: usize, row: usize) -> bool {
        !self.known[row].aliases.contains(&self.posts[at].identity)
    }

    fn has_title(&self, known: &KnownPost, at: usize) -> bool {
        known.likeness.title == self.likenesses[at].title
    }

    fn has_date(&self, known: &KnownPost, at: usize) -> bool {
        known.published.is_some() && known.published == self.posts[at].published
    }

    fn has_text(&self, known: &KnownPost, at: usize) -> bool {
        let text = &self.likenesses[at].text;
        text.is_some() && known.likeness.text == *text
    }
}
