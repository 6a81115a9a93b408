//! Finds the ledger's row of each post that a source shows, also where every guid and link is another than before.
//!
//! A post is known by any name that it ever went by, unless nothing else of it is known: a feed may give one guid or link to
//! all its posts, one after another. Publishers who change their software give all posts new guids and often new links:
//! then its title and date tell, or its title and text, or where a headline was edited its date and text; and where most
//! of what a source shows came back under titles that are known, the title alone. No row is taken twice, so a new post
//! never hides behind one that is still there.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use crate::gather;
use crate::model::{Likeness, Post};
use crate::store::KnownPost;

/// Fewer posts than this under known titles are no move of a site: a title may come again.
const FEWEST: usize = 3;

/// So many rows of one moment are held against a post of that moment: a list in which more have one date has none.
const MOST_OF_A_MOMENT: usize = 64;

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
    let mut index = Index::of(shown);
    found.fill(|at, taken| {
        index.by_name(at, taken, |known| {
            shown.has_title(known, at) || shown.has_text(known, at)
        })
    });
    found.fill(|at, taken| {
        let identity = &shown.posts[at].identity;
        index.by_name(at, taken, |known| known.identity == *identity)
    });
    found.fill(|at, taken| index.by_name(at, taken, |_| true));
    found.fill(|at, taken| index.by_second_identity(at, taken));
    found.fill(|at, taken| index.by_title_and_more(at, taken));
    found.fill(|at, taken| index.by_date_and_text(at, taken));
    index.by_title_alone(&mut found);
    found.rows
}

/// Rows found so far.
struct Found {
    rows: Vec<Option<usize>>,
    taken: HashSet<usize>,
}

impl Found {
    /// Gives each post that has none the first of its candidates that no other post has.
    fn fill(&mut self, mut first_free: impl FnMut(usize, &HashSet<usize>) -> Option<usize>) {
        for at in 0..self.rows.len() {
            if self.rows[at].is_none() {
                self.rows[at] = first_free(at, &self.taken);
                self.taken.extend(self.rows[at]);
            }
        }
    }
}

/// Rows that have one thing in common, in order.
#[derive(Debug, Default)]
struct Rows {
    all: Vec<usize>,
    /// How many of the first are taken: whatever a feed's posts have in common, none is looked at for each of them.
    done: usize,
}

impl Rows {
    fn first_free(&mut self, taken: &HashSet<usize>) -> Option<usize> {
        while self
            .all
            .get(self.done)
            .is_some_and(|row| taken.contains(row))
        {
            self.done += 1;
        }
        self.all.get(self.done).copied()
    }
}

/// The rows by what a post may have in common with them, so that each post looks at few of them.
struct Index<'a> {
    shown: &'a Recognising<'a>,
    by_name: HashMap<&'a str, Vec<usize>>,
    by_title: HashMap<&'a str, Vec<usize>>,
    by_title_and_date: HashMap<(&'a str, Timestamp), Rows>,
    by_title_and_text: HashMap<(&'a str, &'a str), Rows>,
    /// Of the same, those without a date.
    undated: HashMap<(&'a str, &'a str), Rows>,
    by_date_and_text: HashMap<(Timestamp, &'a str), Vec<usize>>,
    /// How many posts have a date and a text in common.
    twins: HashMap<(Timestamp, &'a str), usize>,
    edited: HashMap<usize, BTreeSet<usize>>,
}

impl<'a> Index<'a> {
    fn of(shown: &'a Recognising<'a>) -> Self {
        let mut index = Self {
            shown,
            by_name: HashMap::new(),
            by_title: HashMap::new(),
            by_title_and_date: HashMap::new(),
            by_title_and_text: HashMap::new(),
            undated: HashMap::new(),
            by_date_and_text: HashMap::new(),
            twins: HashMap::new(),
            edited: HashMap::new(),
        };
        for (row, known) in shown.known.iter().enumerate() {
            index.add(row, known);
        }
        for (post, likeness) in shown.posts.iter().zip(shown.likenesses) {
            if let Some(both) = post.published.zip(likeness.text.as_deref()) {
                *index.twins.entry(both).or_default() += 1;
            }
        }
        for &(at, row) in &shown.evidence.edited {
            index.edited.entry(at).or_default().insert(row);
        }
        index
    }

    fn add(&mut self, row: usize, known: &'a KnownPost) {
        for name in &known.aliases {
            self.by_name.entry(name).or_default().push(row);
        }
        let title = known.likeness.title.as_str();
        self.by_title.entry(title).or_default().push(row);
        if let Some(date) = known.published {
            let rows = self.by_title_and_date.entry((title, date)).or_default();
            rows.all.push(row);
        }
        if let Some(text) = known.likeness.text.as_deref() {
            let rows = self.by_title_and_text.entry((title, text)).or_default();
            rows.all.push(row);
            match known.published {
                Some(date) => self
                    .by_date_and_text
                    .entry((date, text))
                    .or_default()
                    .push(row),
                None => {
                    let rows = self.undated.entry((title, text)).or_default();
                    rows.all.push(row);
                }
            }
        }
    }

    /// The first free row that went by this name of the post, and of which more is known than that.
    fn named(
        &self,
        at: usize,
        name: &str,
        taken: &HashSet<usize>,
        is_it: impl Fn(&KnownPost) -> bool,
    ) -> Option<usize> {
        let mut rows = self.by_name.get(name).into_iter().flatten().copied();
        rows.find(|row| {
            !taken.contains(row)
                && is_it(&self.shown.known[*row])
                && !self.shown.evidence.strangers.contains(&(at, *row))
        })
    }

    fn by_name(
        &self,
        at: usize,
        taken: &HashSet<usize>,
        is_it: impl Fn(&KnownPost) -> bool,
    ) -> Option<usize> {
        self.named(at, &self.shown.posts[at].identity, taken, is_it)
    }

    /// The link without scheme and host. In a folder it is the file's name without its day, which next week's post may
    /// have as well: there the title or the text must agree.
    fn by_second_identity(&self, at: usize, taken: &HashSet<usize>) -> Option<usize> {
        let shown = self.shown;
        let alternate = shown.posts[at].alternate.as_ref()?;
        self.named(at, alternate, taken, |known| {
            !shown.is_folder || shown.has_title(known, at) || shown.has_text(known, at)
        })
    }

    /// The same title on the same day; without a day on either side, the same title over the same text.
    fn by_title_and_more(&mut self, at: usize, taken: &HashSet<usize>) -> Option<usize> {
        let likeness = &self.shown.likenesses[at];
        let title = likeness.title.as_str();
        let both = likeness.text.as_deref().map(|text| (title, text));
        let Some(date) = self.shown.posts[at].published else {
            return self.by_title_and_text.get_mut(&both?)?.first_free(taken);
        };
        let dated = self.by_title_and_date.get_mut(&(title, date));
        let dated = dated.and_then(|rows| rows.first_free(taken));
        let undated = both.and_then(|both| self.undated.get_mut(&both));
        let undated = undated.and_then(|rows| rows.first_free(taken));
        dated.into_iter().chain(undated).min()
    }

    /// The same text of the same moment, where no other post shown and no other row has both: a headline that was edited,
    /// and that guid and link are made of.
    fn by_date_and_text(&self, at: usize, taken: &HashSet<usize>) -> Option<usize> {
        let date = self.shown.posts[at].published?;
        let text = self.shown.likenesses[at].text.as_deref();
        let both = text.map(|text| (date, text));
        let rows = both.and_then(|both| self.by_date_and_text.get(&both));
        let alone = both.is_some_and(|both| self.twins.get(&both) == Some(&1));
        if let Some([row]) = rows.map(Vec::as_slice)
            && alone
        {
            return Some(*row).filter(|row| !taken.contains(row));
        }
        let mut edited = self.edited.get(&at)?.iter().copied();
        edited.find(|row| !taken.contains(row) && self.shown.known[*row].published == Some(date))
    }

    /// Where most of what is shown came back under titles that are known, the rest that did is known too.
    fn by_title_alone(&self, found: &mut Found) {
        let shown = self.shown;
        let mut titles: HashMap<&str, usize> = HashMap::new();
        for likeness in shown.likenesses {
            *titles.entry(likeness.title.as_str()).or_default() += 1;
        }
        let mut more = Vec::new();
        for at in (0..shown.posts.len()).filter(|&at| found.rows[at].is_none()) {
            let title = shown.likenesses[at].title.as_str();
            if titles[title] != 1 {
                continue;
            }
            let rows = self.by_title.get(title).into_iter().flatten().copied();
            let mut free = rows.filter(|row| !found.taken.contains(row));
            if let (Some(row), None) = (free.next(), free.next()) {
                more.push((at, row));
            }
        }
        let renamed = |at: &usize| found.rows[*at].is_some_and(|row| shown.is_renamed(*at, row));
        let came_back = (0..shown.posts.len()).filter(renamed).count() + more.len();
        let unknown = found.rows.iter().filter(|row| row.is_none()).count();
        let most = came_back >= FEWEST
            && came_back * 2 >= shown.posts.len()
            && more.len() * 5 >= unknown * 4;
        for (at, row) in more.into_iter().filter(|_| most) {
            if found.taken.insert(row) {
                found.rows[at] = Some(row);
            }
        }
    }
}

impl Recognising<'_> {
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
                let rows = rows.take(MOST_OF_A_MOMENT);
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
