//! Holds what one source showed against what the ledger knows: new, changed, waiting, or known.
//!
//! Within a source a post is known by its identity or its second identity, so that a changed guid or a moved site makes
//! nothing new. Across sources only an address proves that two posts are one: a guid such as `7` is anybody's.

use std::collections::HashSet;

use jiff::Timestamp;

use super::report::SourceReport;
use crate::gather::{self, Gathered};
use crate::model::{Chance, Diagnostic, NotAsked, Post, PostId, Source, SourceKind, Visit};
use crate::store::{KnownPost, NewPost, SourceSaved};

/// What is needed to sort one source's posts.
pub(super) struct Sorting<'a> {
    pub source: &'a Source,
    pub at: Timestamp,
    /// The source was never read before.
    pub first: bool,
    /// Posts of the ledger that share an identity with one of these.
    pub known: Vec<KnownPost>,
    /// Names of pages that belong to posts of other sources.
    pub taken: HashSet<String>,
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
    pub report: SourceReport,
    pub faults: Vec<Diagnostic>,
}

impl Sorted {
    /// A source that could not be read.
    pub(super) fn failed(source: &Source, at: Timestamp, error: &gather::Error) -> Self {
        let mut sorted = Self::nothing(source, at);
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
                visit: Visit::default(),
            },
            waiting: vec![],
            held: vec![],
            present: None,
            report: SourceReport {
                name: source.name.clone(),
                found: 0,
                new: 0,
                changed: 0,
                unchanged: false,
                error: None,
                derived_titles: vec![],
                not_asked: None,
                notes: vec![],
            },
            faults: vec![],
        }
    }

    /// A source that was left alone: nothing is known of it but why.
    pub(super) fn not_asked(source: &Source, at: Timestamp, why: NotAsked) -> Self {
        let mut sorted = Self::nothing(source, at);
        sorted.report.not_asked = Some(why);
        sorted
    }

    /// Adds what the visit taught beside the posts.
    pub(super) fn visited(&mut self, visit: Visit) {
        let notes = visit.events.iter().map(|event| event.what.clone());
        self.report.notes = notes.collect();
        self.saved.visit = visit;
    }
}

impl Sorting<'_> {
    /// Sorts the posts.
    pub(super) fn sort(self, gathered: Gathered) -> Sorted {
        let mut sorted = Sorted::nothing(self.source, self.at);
        sorted.saved.validators = gathered.validators;
        sorted.faults = gathered.faults;
        sorted.report.found = gathered.posts.len();
        sorted.report.unchanged = gathered.unchanged;
        let mut present = HashSet::new();
        for post in gathered.posts {
            if post.title_derived {
                sorted.report.derived_titles.push(post.title.clone());
            }
            match self.find(&post) {
                Some(known) => {
                    present.insert(known.id);
                    self.sort_known(known, post, &mut sorted);
                }
                None => present.extend(self.sort_new(post, &mut sorted)),
            }
        }
        let is_folder = matches!(self.source.kind, SourceKind::Folder(_));
        sorted.present = is_folder.then_some(present);
        sorted
    }

    /// A post that another source brought first stays as that source shows it.
    fn sort_known(&self, known: &KnownPost, mut post: Post, sorted: &mut Sorted) {
        if known.source != self.source.name {
            return;
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

    fn sort_new(&self, mut post: Post, sorted: &mut Sorted) -> Option<PostId> {
        if self.taken.contains(&post.slug) {
            post.slug = format!("{}-{}", self.source.name, post.slug);
        }
        if post.hold.is_some() {
            sorted.waiting.push((post, self.first));
            return None;
        }
        let id = PostId(self.chance.identifier());
        let fingerprint = gather::fingerprint(&post);
        sorted.report.new += 1;
        sorted.saved.new.push(NewPost {
            id,
            post,
            fingerprint,
            baseline: self.first,
        });
        Some(id)
    }

    fn find(&self, post: &Post) -> Option<&KnownPost> {
        let ours = |known: &&KnownPost| known.source == self.source.name;
        let same = |known: &&KnownPost| known.identity == post.identity;
        self.known
            .iter()
            .filter(ours)
            .find(same)
            .or_else(|| {
                self.known
                    .iter()
                    .filter(ours)
                    .find(|known| is_otherwise(known, post))
            })
            .or_else(|| {
                self.known
                    .iter()
                    .find(same)
                    .filter(|known| is_address(&known.identity))
            })
    }
}

/// One of the two identities of each is the same.
fn is_otherwise(known: &KnownPost, post: &Post) -> bool {
    let theirs = [Some(&known.identity), known.alternate.as_ref()];
    let ours = [Some(&post.identity), post.alternate.as_ref()];
    ours.into_iter()
        .flatten()
        .any(|one| theirs.contains(&Some(one)))
}

/// Whether an identity means the same everywhere: a link, or a name that claims so (RFC 4151, RFC 8141).
fn is_address(identity: &str) -> bool {
    identity.contains("://") || identity.starts_with("tag:") || identity.starts_with("urn:")
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
        }
    }

    fn known(source: &str, identity: &str, alternate: Option<&str>) -> KnownPost {
        KnownPost {
            id: PostId(7),
            source: SourceName::parse(source).unwrap(),
            slug: "welkom".to_owned(),
            identity: identity.to_owned(),
            alternate: alternate.map(str::to_owned),
            fingerprint: gather::fingerprint(&post(source, identity, alternate)),
        }
    }

    fn sort(name: &str, known: Vec<KnownPost>, posts: Vec<Post>) -> Sorted {
        let source = source(name);
        let taken = known
            .iter()
            .filter(|k| k.source != source.name)
            .map(|k| k.slug.clone())
            .collect();
        let chance = SeededChance::new(1);
        let at = Timestamp::UNIX_EPOCH;
        let sorting = Sorting {
            source: &source,
            at,
            first: false,
            known,
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
    fn a_link_that_another_source_brought_is_the_same_post_and_stays_as_it_was() {
        let link = "https://example.nl/a";
        let mut ours = post("blog", link, None);
        ours.title = "Otherwise".to_owned();
        let sorted = sort("blog", vec![known("other", link, None)], vec![ours]);
        assert!(sorted.saved.new.is_empty() && sorted.saved.changed.is_empty());
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
