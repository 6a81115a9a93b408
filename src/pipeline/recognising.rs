//! Finds the ledger's row of each post that a source shows, also where every guid and link is another than before.
//!
//! A post is known by any name that it ever went by. Publishers who change their software give all posts new guids and
//! often new links: then its title and date tell, or its title and text; and where most of what a source shows came back
//! under titles that are known, the title alone. No row is taken twice, so a new post never hides behind one that is
//! still there.

use std::collections::{HashMap, HashSet};

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
}

/// For each post the index of its row; `None` for a new one.
pub(super) fn recognise(shown: &Recognising<'_>) -> Vec<Option<usize>> {
    let mut found = Found {
        rows: vec![None; shown.posts.len()],
        taken: HashSet::new(),
    };
    found.fill(|at| shown.by(|known| known.identity == shown.posts[at].identity));
    found.fill(|at| shown.by(|known| known.aliases.contains(&shown.posts[at].identity)));
    found.fill(|at| shown.by_second_identity(at));
    found.fill(|at| shown.by_title_and_more(at));
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

    fn has_text(&self, known: &KnownPost, at: usize) -> bool {
        let text = &self.likenesses[at].text;
        text.is_some() && known.likeness.text == *text
    }
}
