//! Sorts what one source showed by what the ledger knows: new, changed, waiting, known, or none of a reader's business.
//!
//! Within a source a post is known by any name that it went by, so that a changed guid or a moved site makes nothing new
//! ([`super::recognising`]). What the source's filters pass over, and what comes in a flood, is kept in the ledger and out
//! of issues. Whether another source has the same post is asked later, when all have answered.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::brake::{OwnPace, brake};
use super::recognising::{Evidence, Recognising, recognise};
use super::report::SourceReport;
use super::watching::{self, watch};
use crate::gather::{self, Gathered};
use crate::model::{
    Chance, Diagnostic, Hold, Likeness, NotAsked, Post, PostId, Shown, Source, SourceKind,
    SourceName, Standing, Visit,
};
use crate::store::{KnownPost, NewPost, Recognised, SourceSaved};

/// What is needed to sort one source's posts.
pub(super) struct Sorting<'a> {
    pub source: &'a Source,
    pub at: Timestamp,
    /// The source was never read before.
    pub first: bool,
    /// It was read at another place: another feed, if nothing of it is known.
    pub moved: bool,
    /// Its posts of the ledger that share a name or a title with one of these.
    pub known: Vec<KnownPost>,
    /// What each post that is shown is recognised by.
    pub likenesses: Vec<Likeness>,
    /// What their whole texts told of posts and rows.
    pub evidence: Evidence,
    /// What the feed showed at the last visit.
    pub shown: &'a [Shown],
    /// What it brought by itself lately, where that matters.
    pub pace: Option<OwnPace>,
    /// Names of pages that posts have, and the sources of those posts.
    pub taken: HashMap<String, HashSet<SourceName>>,
    pub chance: &'a dyn Chance,
}

/// One source's posts, sorted.
pub(super) struct Sorted {
    /// What the store should keep.
    pub saved: SourceSaved,
    /// Posts that wait and that the ledger does not know, each with whether it is baseline.
    pub waiting: Vec<(Post, bool)>,
    /// Posts that the ledger knows and that wait now.
    pub held: Vec<(PostId, Post)>,
    /// For a folder: the rows of the posts that lie in it.
    pub present: Option<HashSet<PostId>>,
    /// What the feed shows now, for the next visit; `None` where it was not read.
    pub shown: Option<Vec<Shown>>,
    /// Posts of the ledger that wait since the feed misses them, and those that it took back.
    pub gone: Vec<(PostId, Hold)>,
    /// What readers call the source, as it says itself.
    pub title: Option<String>,
    pub report: SourceReport,
    pub faults: Vec<Diagnostic>,
}

impl Sorted {
    /// A source that could not be read; what it missed at the last visit waits on.
    pub(super) fn failed(
        source: &Source,
        at: Timestamp,
        error: &gather::Error,
        shown: &[Shown],
    ) -> Self {
        let mut sorted = Self::nothing(source, at);
        sorted.wait_for_missed(shown);
        sorted.report.error = Some(error.to_string());
        sorted.saved.error = sorted.report.error.clone();
        sorted
    }

    fn nothing(source: &Source, at: Timestamp) -> Self {
        Self {
            saved: SourceSaved {
                source: source.name.clone(),
                location: source.location(),
                at,
                validators: None,
                error: None,
                new: vec![],
                changed: vec![],
                memory: None,
                recognised: vec![],
                withdrawn: vec![],
                visit: Visit::default(),
            },
            waiting: vec![],
            held: vec![],
            present: None,
            shown: None,
            gone: vec![],
            title: None,
            report: SourceReport::of(&source.name),
            faults: vec![],
        }
    }

    /// A source that was left alone: nothing is known of it but why.
    pub(super) fn not_asked(
        source: &Source,
        at: Timestamp,
        why: NotAsked,
        shown: &[Shown],
    ) -> Self {
        let mut sorted = Self::nothing(source, at);
        sorted.report.failing_since = match &why {
            NotAsked::BackingOff { since, .. } | NotAsked::Gone { since } => Some(*since),
            NotAsked::NotDue { .. } | NotAsked::Held { .. } => None,
        };
        sorted.wait_for_missed(shown);
        sorted.report.not_asked = Some(why);
        sorted
    }

    fn wait_for_missed(&mut self, shown: &[Shown]) {
        let missed = watching::missed(shown).into_iter();
        self.gone.extend(missed.map(|post| (post, Hold::Missed)));
    }

    /// Adds what the visit taught beside the posts.
    pub(super) fn visited(&mut self, visit: Visit) {
        let notes = visit.events.iter().map(|event| event.what.clone());
        self.report.notes = notes.collect();
        self.report.failing_since = visit.standing.failing_since;
        self.saved.visit = visit;
        if let Some(shown) = &self.shown {
            self.saved.visit.standing.shown.clone_from(shown);
        }
    }
}

impl Sorting<'_> {
    /// Sorts the posts.
    pub(super) fn sort(mut self, gathered: Gathered) -> Sorted {
        let mut sorted = Sorted::nothing(self.source, self.at);
        sorted.saved.validators = gathered.validators;
        sorted.saved.memory = gathered.memory.map(|memory| memory.to_text());
        sorted.faults = gathered.faults;
        sorted.title = gathered.title;
        sorted.report.found = gathered.posts.len();
        sorted.report.unchanged = gathered.unchanged;
        let is_folder = matches!(self.source.kind, SourceKind::Folder(_));
        let likenesses = std::mem::take(&mut self.likenesses);
        let shown = Recognising {
            posts: &gathered.posts,
            likenesses: &likenesses,
            known: &self.known,
            is_folder,
            evidence: &self.evidence,
        };
        let rows = recognise(&shown);
        let is_other = self.moved && !shown.is_known(&rows);
        let renamed =
            |(at, row): (usize, &Option<usize>)| row.is_some_and(|row| shown.is_renamed(at, row));
        sorted.report.renewed = rows.iter().enumerate().filter(|&row| renamed(row)).count();
        self.first |= is_other;
        let oldest_first = watching::is_oldest_first(&gathered.posts);
        let known = self.known.iter();
        let identities: HashSet<&str> = known.map(|known| known.identity.as_str()).collect();
        let mut present = Vec::new();
        for ((post, likeness), row) in gathered.posts.into_iter().zip(likenesses).zip(rows) {
            if post.title_derived {
                sorted.report.derived_titles.push(post.title.clone());
            }
            match row {
                Some(row) => {
                    present.push(self.known[row].id);
                    if self.known[row].withdrawn {
                        sorted.saved.withdrawn.push((self.known[row].id, false));
                    }
                    if !gathered.settled.contains(&post.identity) {
                        self.sort_known(&self.known[row], post, likeness, &mut sorted);
                    }
                }
                None => {
                    let is_other_post = identities.contains(post.identity.as_str());
                    present.extend(self.sort_new(post, likeness, is_other_post, &mut sorted));
                }
            }
        }
        if is_folder {
            sorted.present = Some(present.into_iter().collect());
        } else if self.source.pages.is_none() {
            if oldest_first {
                present.reverse();
            }
            self.watch(&present, gathered.unchanged, &mut sorted);
        }
        if !self.first {
            sorted.report.held = brake(self.source, &mut sorted.saved.new, self.pace, self.at);
        }
        sorted
    }

    /// Finds what a feed, read whole, no longer shows. An unchanged one shows what it showed.
    fn watch(&self, present: &[PostId], unchanged: bool, sorted: &mut Sorted) {
        let as_before: Vec<PostId> = match unchanged {
            true => {
                let standing = self.shown.iter().filter(|shown| !shown.missed);
                standing.map(|shown| shown.post).collect()
            }
            false => present.to_vec(),
        };
        let watched = watch(self.shown, &as_before);
        for post in watched.withdrawn {
            sorted.saved.withdrawn.push((post, true));
            sorted.gone.push((post, Hold::Withdrawn));
        }
        sorted.wait_for_missed(&watched.shown);
        sorted.shown = Some(watched.shown);
    }

    fn sort_known(
        &self,
        known: &KnownPost,
        mut post: Post,
        likeness: Likeness,
        sorted: &mut Sorted,
    ) {
        let names = [Some(&post.identity), post.alternate.as_ref()];
        let aliases: Vec<String> = names
            .into_iter()
            .flatten()
            .filter(|name| !known.aliases.contains(name))
            .cloned()
            .collect();
        if !aliases.is_empty() || known.likeness != likeness {
            sorted.saved.recognised.push(Recognised {
                id: known.id,
                aliases,
                likeness,
            });
        }
        post.slug.clone_from(&known.slug);
        let fingerprint = gather::fingerprint(&post);
        if post.hold.is_some() {
            sorted.held.push((known.id, post));
        } else if known.fingerprint != fingerprint {
            sorted.report.changed += 1;
            sorted.saved.changed.push((known.id, post, fingerprint));
        }
    }

    /// `is_other_post`: a row that is another post has its identity.
    fn sort_new(
        &self,
        mut post: Post,
        likeness: Likeness,
        is_other_post: bool,
        sorted: &mut Sorted,
    ) -> Option<PostId> {
        let fingerprint = gather::fingerprint(&post);
        let mut aliases = Vec::new();
        if is_other_post {
            // An old name, which is another post's: it stays a name of both.
            let identity = gather::identity_beside(&post);
            aliases.push(std::mem::replace(&mut post.identity, identity));
        }
        match self.taken.get(&post.slug) {
            Some(by) if by.contains(&self.source.name) => {
                post.slug = format!("{}-{}", post.slug, &fingerprint[..8]);
            }
            Some(_) => post.slug = format!("{}-{}", self.source.name, post.slug),
            None => {}
        }
        if post.hold.is_some() {
            sorted.waiting.push((post, self.first));
            return None;
        }
        let standing = match gather::passed_over(self.source, &post) {
            Some(by) => {
                sorted.report.filtered += 1;
                Standing::Filtered { by }
            }
            None => {
                sorted.report.new += 1;
                Standing::Open
            }
        };
        let id = PostId(self.chance.identifier());
        sorted.saved.new.push(NewPost {
            id,
            post,
            fingerprint,
            baseline: self.first,
            standing,
            likeness,
            aliases,
        });
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SeededChance, SourceName};

    fn source(name: &str) -> Source {
        Source::new(
            SourceName::parse(name).unwrap(),
            SourceKind::Folder("/posts".into()),
        )
    }

    fn post(source: &str, identity: &str, alternate: Option<&str>) -> Post {
        Post {
            source: SourceName::parse(source).unwrap(),
            identity: identity.to_owned(),
            alternate: alternate.map(str::to_owned),
            slug: "welkom".to_owned(),
            title: "Welkom".to_owned(),
            title_derived: false,
            link: None,
            author: None,
            published: None,
            language: None,
            topics: vec![],
            summary: String::new(),
            html: String::new(),
            image: None,
            call_to_action: None,
            lead: false,
            hold: None,
            files: vec![],
            also: Vec::new(),
        }
    }

    fn known(source: &str, identity: &str, alternate: Option<&str>) -> KnownPost {
        KnownPost {
            id: PostId(7),
            source: SourceName::parse(source).unwrap(),
            slug: "welkom".to_owned(),
            identity: identity.to_owned(),
            aliases: [Some(identity), alternate]
                .into_iter()
                .flatten()
                .map(str::to_owned)
                .collect(),
            fingerprint: gather::fingerprint(&post(source, identity, alternate)),
            published: None,
            likeness: gather::likenesses(&[post(source, identity, alternate)]).remove(0),
            withdrawn: false,
        }
    }

    fn sort(name: &str, known: Vec<KnownPost>, posts: Vec<Post>) -> Sorted {
        let source = source(name);
        let mut taken: HashMap<String, HashSet<SourceName>> = HashMap::new();
        for known in &known {
            let by = taken.entry(known.slug.clone()).or_default();
            by.insert(known.source.clone());
        }
        let known = known.into_iter().filter(|k| k.source == source.name);
        let known = known.collect();
        let chance = SeededChance::new(1);
        let at = Timestamp::UNIX_EPOCH;
        let sorting = Sorting {
            source: &source,
            at,
            first: false,
            moved: false,
            known,
            likenesses: gather::likenesses(&posts),
            evidence: Evidence::default(),
            shown: &[],
            pace: None,
            taken,
            chance: &chance,
        };
        sorting.sort(Gathered {
            posts,
            ..Gathered::default()
        })
    }

    #[test]
    fn a_changed_guid_with_the_same_path_is_known_within_its_source() {
        let sorted = sort(
            "blog",
            vec![known("blog", "7", Some("/a"))],
            vec![post("blog", "8", Some("/a"))],
        );
        assert!(sorted.saved.new.is_empty());
        assert_eq!(sorted.present, Some(HashSet::from([PostId(7)])));
    }

    #[test]
    fn a_plain_guid_or_path_of_another_source_proves_nothing() {
        for identity in ["7", "9"] {
            let theirs = vec![known("other", "7", Some("/a"))];
            let sorted = sort("blog", theirs, vec![post("blog", identity, Some("/a"))]);
            assert_eq!(sorted.saved.new.len(), 1, "{identity}");
        }
    }

    #[test]
    fn a_page_keeps_its_name_and_takes_nobody_elses() {
        let theirs = vec![known("other", "x", None)];
        let sorted = sort("blog", theirs, vec![post("blog", "y", None)]);
        assert_eq!(sorted.saved.new[0].post.slug, "blog-welkom");
        let mut renamed = post("blog", "x", None);
        renamed.slug = "hallo".to_owned();
        renamed.title = "Hallo".to_owned();
        let sorted = sort("blog", vec![known("blog", "x", None)], vec![renamed]);
        assert_eq!(sorted.saved.changed[0].1.slug, "welkom");
    }
}
