//! Joins posts that several sources bring: one stays and stands for all, the others say why they are out.
//!
//! Runs after all sources have answered, over every post whose like was not looked for yet, so that a run that broke in
//! between leaves nothing undone. The first seen stays; of posts that came together the one whose source is listed first
//! in `courant.toml`, but a whole text before a summary, and what is new before what was there when its source was added.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::gathering::{Gathering, Trace};
use super::{Fault, Pipeline};
use crate::gather;
use crate::model::{JoinReason, Joined, Post, PostId, SourceName, Standing};
use crate::store::Twin;

/// Texts further apart than this are not one: a recipe or a call may come back a season later.
const APART: SignedDuration = SignedDuration::from_hours(24 * 14);

/// So many near texts are read for one post: more would be a template, and not a twin.
const READ: usize = 8;

/// So many texts are kept to be read again; the next post of a template asks for the same few.
const KEPT_TEXTS: usize = 64;

/// A text with so many times the words of another is the whole of it.
const WHOLE: i64 = 2;

impl Pipeline {
    /// Looks for the like of each post that has come.
    pub(super) async fn join(&self, trace: Trace, gathering: &mut Gathering) -> Result<(), Fault> {
        let mut subjects = self.store.post_not_compared().await?;
        subjects.extend(gathering.unsaved_twins());
        if subjects.is_empty() {
            return Ok(());
        }
        let order = |name: &SourceName| self.config.sources.iter().position(|s| s.name == *name);
        subjects.sort_by_key(|twin| (twin.baseline, order(&twin.source).unwrap_or(usize::MAX)));
        let known = self.candidates(&subjects).await?;
        let mut groups = Groups::new(&known);
        let mut texts = Texts::default();
        for subject in &subjects {
            match self.find(subject, &groups, &mut texts, gathering).await? {
                Some((group, because)) => groups.join(group, subject, because),
                None => groups.found(subject),
            }
        }
        let joined = groups.joined;
        self.keep_joined(trace, &subjects, joined, gathering).await
    }

    /// Posts that were compared before, and that may be the like of one of these.
    async fn candidates(&self, subjects: &[Twin]) -> Result<Vec<Twin>, Fault> {
        let known = |key: fn(&Twin) -> Option<&String>| -> Vec<&str> {
            let keys = subjects.iter().filter_map(key);
            keys.map(String::as_str).collect()
        };
        let identities = known(|twin| Some(&twin.identity).filter(|name| is_address(name)));
        let links = known(|twin| twin.likeness.link.as_ref());
        let texts = known(|twin| twin.likeness.text.as_ref());
        let oldest = subjects.iter().map(|twin| twin.dated).min();
        let since = oldest.unwrap_or(Timestamp::MAX).saturating_sub(APART);
        let since = since.unwrap_or(Timestamp::MIN);
        let alike = self.store.post_alike(&identities, &links, &texts, since);
        Ok(alike.await?)
    }

    async fn find(
        &self,
        subject: &Twin,
        groups: &Groups<'_>,
        texts: &mut Texts,
        gathering: &Gathering,
    ) -> Result<Option<(usize, JoinReason)>, Fault> {
        if let Some(found) = groups.by_address(subject) {
            return Ok(Some(found));
        }
        for group in groups.by_text(subject) {
            let kept = groups.kept[group].id;
            if texts.0.len() >= KEPT_TEXTS {
                texts.0.clear();
            }
            for id in [subject.id, kept] {
                if !texts.0.contains_key(&id) {
                    let post = self.text(id, gathering).await?;
                    texts.0.extend(post.map(|post| (id, post)));
                }
            }
            let pair = texts.0.get(&subject.id).zip(texts.0.get(&kept));
            if pair.is_some_and(|(one, other)| gather::say_the_same(one, other)) {
                return Ok(Some((group, JoinReason::SameText)));
            }
        }
        texts.0.remove(&subject.id);
        Ok(None)
    }

    async fn text(&self, id: PostId, gathering: &Gathering) -> Result<Option<Post>, Fault> {
        match gathering.unsaved_post(id) {
            Some(post) => Ok(Some(post.clone())),
            None => {
                let mut loaded = self.store.post_load(&[id]).await?;
                Ok(loaded.pop().map(|entry| entry.post))
            }
        }
    }

    async fn keep_joined(
        &self,
        trace: Trace,
        subjects: &[Twin],
        joined: HashMap<PostId, (&SourceName, PostId, JoinReason)>,
        gathering: &mut Gathering,
    ) -> Result<(), Fault> {
        let mut standings: BTreeMap<PostId, Standing> = subjects
            .iter()
            .map(|subject| (subject.id, Standing::Open))
            .collect();
        for (id, (source, to, because)) in joined {
            let place = gathering.title_of(source);
            gathering.count_joined(source);
            let joined = Joined { to, because, place };
            standings.insert(id, Standing::Joined(joined));
        }
        let standings: Vec<(PostId, Standing)> = standings.into_iter().collect();
        match trace {
            Trace::Save => Ok(self.store.post_stand(&standings, true).await?),
            Trace::Leave => {
                gathering.stand(standings);
                Ok(())
            }
        }
    }
}

/// Texts that were read, by post.
#[derive(Default)]
struct Texts(HashMap<PostId, Post>);

/// Posts that stand for themselves, each with those that it stands for.
struct Groups<'a> {
    kept: Vec<&'a Twin>,
    by_id: HashMap<PostId, usize>,
    by_identity: HashMap<&'a str, Vec<usize>>,
    by_link: HashMap<&'a str, Vec<usize>>,
    by_text: HashMap<&'a str, Vec<usize>>,
    /// The source of each post that was joined now, what it was joined to, and why.
    joined: HashMap<PostId, (&'a SourceName, PostId, JoinReason)>,
}

impl<'a> Groups<'a> {
    fn new(known: &'a [Twin]) -> Self {
        let mut groups = Self {
            kept: Vec::new(),
            by_id: HashMap::new(),
            by_identity: HashMap::new(),
            by_link: HashMap::new(),
            by_text: HashMap::new(),
            joined: HashMap::new(),
        };
        let (joined, kept): (Vec<_>, Vec<_>) =
            known.iter().partition(|twin| twin.joined_to.is_some());
        kept.into_iter().for_each(|twin| groups.found(twin));
        for twin in joined {
            let group = twin.joined_to.and_then(|to| groups.by_id.get(&to).copied());
            if let Some(group) = group {
                groups.add_names(group, twin);
            }
        }
        groups
    }

    /// A post that stands for itself.
    fn found(&mut self, twin: &'a Twin) {
        let group = self.kept.len();
        self.add_names(group, twin);
        self.by_id.insert(twin.id, group);
        self.kept.push(twin);
    }

    fn add_names(&mut self, group: usize, twin: &'a Twin) {
        let identity = Some(&twin.identity).filter(|name| is_address(name));
        for (names, name) in [
            (&mut self.by_identity, identity),
            (&mut self.by_link, twin.likeness.link.as_ref()),
            (&mut self.by_text, twin.likeness.text.as_ref()),
        ] {
            if let Some(name) = name {
                names.entry(name.as_str()).or_default().push(group);
            }
        }
    }

    fn by_address(&self, subject: &Twin) -> Option<(usize, JoinReason)> {
        let of_others = |groups: &Vec<usize>| {
            let mut groups = groups.iter().copied();
            groups.find(|&group| self.kept[group].source != subject.source)
        };
        let guid = Some(&subject.identity).filter(|name| is_address(name));
        let guid = guid.and_then(|name| self.by_identity.get(name.as_str()));
        if let Some(group) = guid.and_then(of_others) {
            return Some((group, JoinReason::SameGuid));
        }
        let link = subject.likeness.link.as_ref();
        let link = link.and_then(|link| self.by_link.get(link.as_str()));
        Some((link.and_then(of_others)?, JoinReason::SameLink))
    }

    /// Groups whose text may be the subject's: those with the very same first, then the nearest.
    fn by_text(&self, subject: &Twin) -> Vec<usize> {
        let is_near_in_time = |group: &usize| {
            let kept = &self.kept[*group];
            let apart = kept.dated.duration_since(subject.dated);
            kept.source != subject.source && apart.abs() <= APART
        };
        let same = subject.likeness.text.as_ref();
        let same = same.and_then(|text| self.by_text.get(text.as_str()));
        let mut found: Vec<(u32, usize)> = same
            .into_iter()
            .flatten()
            .filter(|group| is_near_in_time(group))
            .map(|&group| (0, group))
            .collect();
        if let Some(sketch) = subject.likeness.sketch {
            found.extend(self.kept.iter().enumerate().filter_map(|(group, kept)| {
                let distance = (kept.likeness.sketch? ^ sketch).count_ones();
                let is_near = distance <= gather::SKETCH_DISTANCE && is_near_in_time(&group);
                is_near.then_some((distance, group))
            }));
        }
        found.sort_unstable();
        let mut groups: Vec<usize> = found.into_iter().map(|(_, group)| group).collect();
        groups.dedup();
        groups.truncate(READ);
        groups
    }

    /// Joins a post to a group, or the group to the post where the post is the better of the two.
    fn join(&mut self, group: usize, subject: &'a Twin, because: JoinReason) {
        self.add_names(group, subject);
        let kept = self.kept[group];
        if !is_better(subject, kept) {
            let joined = (&subject.source, kept.id, because);
            self.joined.insert(subject.id, joined);
            return;
        }
        for (_, to, _) in self.joined.values_mut() {
            if *to == kept.id {
                *to = subject.id;
            }
        }
        let joined = (&kept.source, subject.id, because);
        self.joined.insert(kept.id, joined);
        self.by_id.insert(subject.id, group);
        self.kept[group] = subject;
    }
}

/// Whether a post should stay in place of one that came before it. What an issue carried stays; so does what was known
/// before, unless it was only there when its source was added, and the other is news.
fn is_better(subject: &Twin, kept: &Twin) -> bool {
    if kept.carried {
        return false;
    }
    let is_recent = subject.dated.duration_since(kept.dated) <= APART;
    match kept.compared {
        true => kept.baseline && !subject.baseline && is_recent,
        false => {
            let whole = subject.likeness.words > WHOLE * kept.likeness.words;
            subject.baseline == kept.baseline && whole
        }
    }
}

/// Whether an identity means the same everywhere: a link, or a name that claims so (RFC 4151, RFC 8141).
fn is_address(identity: &str) -> bool {
    identity.contains("://") || identity.starts_with("tag:") || identity.starts_with("urn:")
}
