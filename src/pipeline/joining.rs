//! Joins posts that several sources bring: one stays and stands for all, the others say why they are out.
//!
//! Runs after all sources have answered, over every post whose like was not looked for yet, so that a run that broke in
//! between leaves nothing undone. An address that two posts share proves nothing by itself: whose it is stays, and only
//! what says the same is joined ([`owners`]). Else the first seen stays; of posts that came together the one whose source
//! is listed first in `courant.toml`, and what is new before what was there when its source was added.

mod owners;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::gathering::{Gathering, Trace};
use super::{Fault, Pipeline};
use crate::deliver::Stop;
use crate::gather;
use crate::model::{JoinReason, Joined, Post, PostId, SourceName, Standing};
use crate::store::Twin;
use owners::{Judgement, Owners};

/// Texts further apart than this are not one: a recipe or a call may come back a season later.
const APART: SignedDuration = SignedDuration::from_hours(24 * 14);

/// So many near texts are read for one post: more would be a template, and not a twin.
const READ: usize = 8;

/// So many texts are kept to be read again; the next post of a template asks for the same few.
const KEPT_TEXTS: usize = 64;

/// What is spent on one source's posts in a run: sketches that theirs are held against, a tenth of a second of them, and
/// octets of texts that theirs are compared with. A source that brings more than this takes is an archive, or means harm; the
/// rest of its posts is joined only where texts are the very same.
const MOST_SKETCHES: usize = 50_000_000;
const MOST_OCTETS: usize = 32 * 1024 * 1024;

impl Pipeline {
    /// Looks for the like of each post that has come.
    pub(super) async fn join(
        &self,
        trace: Trace,
        stop: &Stop,
        gathering: &mut Gathering,
    ) -> Result<(), Fault> {
        let mut subjects = self.store.post_not_compared().await?;
        subjects.extend(gathering.unsaved_twins());
        if subjects.is_empty() {
            return Ok(());
        }
        let order = |name: &SourceName| self.config.sources.iter().position(|s| s.name == *name);
        subjects.sort_by_key(|twin| (twin.baseline, order(&twin.source).unwrap_or(usize::MAX)));
        let owners = self.owners(gathering).await?;
        let known = self.candidates(&subjects).await?;
        let mut groups = Groups::new(&known);
        let mut texts = Texts::default();
        let mut spent: HashMap<&SourceName, Effort> = HashMap::new();
        for subject in &subjects {
            if stop.is_stopped() {
                // What was not compared is compared in the next run.
                return Ok(());
            }
            let spent = spent.entry(&subject.source).or_default();
            let found = self.find(subject, &groups, &owners, &mut texts, spent, gathering);
            match found.await? {
                Some(found) => groups.join(&found, subject),
                None => groups.found(subject),
            }
        }
        let joined = groups.into_joined();
        self.keep_joined(trace, &subjects, joined, gathering).await
    }

    /// Posts that were compared before, and that may be the like of one of these.
    async fn candidates(&self, subjects: &[Twin]) -> Result<Vec<Twin>, Fault> {
        // Each once: a text that all posts of a feed share would find all rows that share it for each of them.
        let known = |key: fn(&Twin) -> Option<&String>| -> Vec<&str> {
            let keys = subjects.iter().filter_map(key);
            let keys: BTreeSet<&str> = keys.map(String::as_str).collect();
            keys.into_iter().collect()
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
        owners: &Owners,
        texts: &mut Texts,
        spent: &mut Effort,
        gathering: &Gathering,
    ) -> Result<Option<Found>, Fault> {
        for (group, name, because) in groups.by_address(subject) {
            let kept = groups.kept[group];
            let pair = self.pair(subject, kept, texts, gathering).await?;
            let Some((one, other)) = pair.filter(|pair| spent.allows(*pair)) else {
                continue;
            };
            let found = match owners.judge(subject, kept, name, gather::compare(one, other)) {
                Judgement::Two => continue,
                Judgement::KeptStays => Found {
                    group,
                    because,
                    stays: false,
                },
                Judgement::SubjectStays => Found {
                    group,
                    because,
                    stays: true,
                },
            };
            return Ok(Some(found));
        }
        for group in groups.by_text(subject, spent) {
            let kept = groups.kept[group];
            let pair = self.pair(subject, kept, texts, gathering).await?;
            let pair = pair.filter(|pair| spent.allows(*pair));
            if pair.is_some_and(|(one, other)| gather::say_the_same(one, other)) {
                return Ok(Some(Found {
                    group,
                    because: JoinReason::SameText,
                    stays: owners::is_better(subject, kept, true),
                }));
            }
        }
        texts.0.remove(&subject.id);
        Ok(None)
    }

    /// Both posts in full.
    async fn pair<'t>(
        &self,
        subject: &Twin,
        kept: &Twin,
        texts: &'t mut Texts,
        gathering: &Gathering,
    ) -> Result<Option<(&'t Post, &'t Post)>, Fault> {
        if texts.0.len() >= KEPT_TEXTS {
            texts.0.clear();
        }
        for id in [subject.id, kept.id] {
            if !texts.0.contains_key(&id) {
                let post = self.text(id, gathering).await?;
                texts.0.extend(post.map(|post| (id, post)));
            }
        }
        Ok(texts.0.get(&subject.id).zip(texts.0.get(&kept.id)))
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

/// The group that a post belongs to.
struct Found {
    group: usize,
    because: JoinReason,
    /// The post takes the place of the one that stood for the group.
    stays: bool,
}

/// What was spent on one source's posts.
#[derive(Default)]
struct Effort {
    sketches: usize,
    octets: usize,
}

impl Effort {
    /// Whether these two may still be compared, which counts.
    fn allows(&mut self, (one, other): (&Post, &Post)) -> bool {
        let octets = |post: &Post| post.html.len() + post.summary.len() + post.title.len();
        self.octets = self.octets.saturating_add(octets(one) + octets(other));
        self.octets <= MOST_OCTETS
    }

    /// Whether so many sketches may still be looked at, which counts.
    fn allows_sketches(&mut self, many: usize) -> bool {
        self.sketches = self.sketches.saturating_add(many);
        self.sketches <= MOST_SKETCHES
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
    /// How many groups of a source go by a text.
    texts: HashMap<(&'a SourceName, &'a str), usize>,
    /// The source of each post that was joined now, what it was joined to then, and why.
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
            texts: HashMap::new(),
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
        // No more are ever read: a feed may give one text to all its posts.
        let text = twin.likeness.text.as_ref().filter(|text| {
            let times = self.texts.entry((&twin.source, text)).or_default();
            *times += 1;
            *times <= READ
        });
        for (names, name) in [
            (&mut self.by_identity, identity),
            (&mut self.by_link, twin.likeness.link.as_ref()),
            (&mut self.by_text, text),
        ] {
            if let Some(name) = name {
                names.entry(name.as_str()).or_default().push(group);
            }
        }
    }

    /// Groups of other sources that go by one of the subject's addresses, with that address.
    fn by_address<'t>(&self, subject: &'t Twin) -> Vec<(usize, &'t str, JoinReason)> {
        let guid = Some(&subject.identity).filter(|name| is_address(name));
        let named = [
            (guid, &self.by_identity, JoinReason::SameGuid),
            (
                subject.likeness.link.as_ref(),
                &self.by_link,
                JoinReason::SameLink,
            ),
        ];
        let mut found = Vec::new();
        for (name, groups, because) in named {
            let Some(name) = name else { continue };
            let groups = groups.get(name.as_str()).into_iter().flatten();
            let of_others = groups.filter(|group| self.kept[**group].source != subject.source);
            found.extend(of_others.map(|&group| (group, name.as_str(), because)));
        }
        found.truncate(READ);
        found
    }

    /// Groups whose text may be the subject's: those with the very same first, then the nearest.
    fn by_text(&self, subject: &Twin, spent: &mut Effort) -> Vec<usize> {
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
        if let Some(sketch) = subject.likeness.sketch
            && spent.allows_sketches(self.kept.len())
        {
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

    /// Joins a post to a group, or the group to the post where the post stays.
    fn join(&mut self, found: &Found, subject: &'a Twin) {
        let (group, because) = (found.group, found.because);
        self.add_names(group, subject);
        let kept = self.kept[group];
        if !found.stays {
            let joined = (&subject.source, kept.id, because);
            self.joined.insert(subject.id, joined);
            return;
        }
        let joined = (&kept.source, subject.id, because);
        self.joined.insert(kept.id, joined);
        self.by_id.insert(subject.id, group);
        self.kept[group] = subject;
    }

    /// What was joined now, each to the post that stands for its group in the end.
    fn into_joined(mut self) -> HashMap<PostId, (&'a SourceName, PostId, JoinReason)> {
        let joined: Vec<PostId> = self.joined.keys().copied().collect();
        for mut post in joined {
            let mut passed = Vec::new();
            while let Some((_, to, _)) = self.joined.get(&post) {
                passed.push(post);
                post = *to;
            }
            for one in passed {
                if let Some((_, to, _)) = self.joined.get_mut(&one) {
                    *to = post;
                }
            }
        }
        self.joined
    }
}

/// Whether an identity means the same everywhere: a link, or a name that claims so (RFC 4151, RFC 8141).
fn is_address(identity: &str) -> bool {
    identity.contains("://") || identity.starts_with("tag:") || identity.starts_with("urn:")
}
