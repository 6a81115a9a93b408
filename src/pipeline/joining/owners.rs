//! Judges two posts of different sources that go by one address: whose it is, and whether they are one post.
//!
//! Anybody may write any link and any guid into a feed. So an address belongs first to the source that is read at its host,
//! then to one whose feed says that it is of that host's site (a feed may be read elsewhere than its site), then to nobody.
//! The owner's post stays. Where neither owns it more than the other, posts whose texts differ both stay: nothing is lost
//! then, and no text goes out in the place of another.

use std::collections::{HashMap, HashSet};

use super::super::gathering::Gathering;
use super::super::{Fault, Pipeline};
use super::APART;
use crate::gather::{self, Comparison, Texts};
use crate::model::{Source, SourceKind, SourceName};
use crate::store::{SourceState, Twin};

/// A text with so many times the words of another is the whole of it.
const WHOLE: i64 = 2;

/// What a source has to do with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// Nothing that is known.
    None,
    /// Its feed says that it is of the site.
    Says,
    /// It is read at the address's host, or is the operator's own folder.
    Serves,
}

/// What becomes of two posts that go by one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// They are two, and both stay.
    Two,
    /// They are one; the post that was there before stays.
    KeptStays,
    /// They are one; the post that was looked at stays.
    SubjectStays,
}

/// Which hosts each source may speak for.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Owners {
    served: HashMap<SourceName, HashSet<String>>,
    said: HashMap<SourceName, String>,
    folders: HashSet<SourceName>,
}

impl Pipeline {
    /// What the configuration, earlier visits and this one say.
    pub(in crate::pipeline) async fn owners(&self, gathering: &Gathering) -> Result<Owners, Fault> {
        let mut owners = Owners::default();
        for state in self.store.source_list().await? {
            owners.learn(&state);
        }
        for source in &self.config.sources {
            owners.configured(source);
        }
        for (source, site) in gathering.sites() {
            match site {
                Some(site) => owners.said.insert(source.clone(), site.clone()),
                None => owners.said.remove(source),
            };
        }
        Ok(owners)
    }
}

impl Owners {
    fn configured(&mut self, source: &Source) {
        match &source.kind {
            SourceKind::Url(url) => self.serves(&source.name, url.as_str()),
            SourceKind::Folder(_) => {
                self.folders.insert(source.name.clone());
            }
        }
    }

    fn learn(&mut self, state: &SourceState) {
        self.serves(&state.name, &state.location);
        if let Some(moved) = &state.standing.adopted {
            self.serves(&state.name, &moved.to);
        }
        if let Some(site) = &state.standing.site {
            self.said.insert(state.name.clone(), site.clone());
        }
    }

    fn serves(&mut self, source: &SourceName, address: &str) {
        let host = gather::host_of(address);
        let hosts = self.served.entry(source.clone()).or_default();
        hosts.extend(host);
    }

    fn claim(&self, source: &SourceName, name: &str) -> Claim {
        if self.folders.contains(source) {
            return Claim::Serves;
        }
        let Some(host) = gather::host_of(name) else {
            return Claim::None;
        };
        let serves = |hosts: &HashSet<String>| hosts.contains(&host);
        if self.served.get(source).is_some_and(serves) {
            Claim::Serves
        } else if self.said.get(source) == Some(&host) {
            Claim::Says
        } else {
            Claim::None
        }
    }

    /// Whether a link is to a page of the site where the source is read: its host, or one above or below it.
    pub(in crate::pipeline) fn has_page(&self, source: &SourceName, link: &str) -> bool {
        let served = self.served.get(source).into_iter().flatten();
        let below = |one: &str, other: &str| {
            let rest = one.strip_suffix(other);
            other.contains('.') && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        gather::host_of(link).is_some_and(|host| {
            served
                .into_iter()
                .any(|ours| below(ours, &host) || below(&host, ours))
        })
    }

    /// What becomes of two posts that share the address `name`.
    pub(super) fn judge(
        &self,
        subject: &Twin,
        kept: &Twin,
        name: &str,
        compared: Comparison,
    ) -> Judgement {
        let texts = compared.texts;
        if !compared.titles_agree && texts != Texts::Agree {
            return Judgement::Two;
        }
        let ours = self.claim(&subject.source, name);
        let theirs = self.claim(&kept.source, name);
        let is_news = kept.baseline && !subject.baseline && is_recent(subject, kept);
        let subject_stays = match ours.cmp(&theirs) {
            std::cmp::Ordering::Equal if texts == Texts::Differ => return Judgement::Two,
            std::cmp::Ordering::Equal => {
                let whole = ours == Claim::Serves && texts == Texts::Agree;
                is_better(subject, kept, whole)
            }
            std::cmp::Ordering::Greater => {
                // What went out stays, and so does what is news; but the owner's own is not lost for a text of another's.
                let is_late = kept.carried || subject.baseline && !kept.baseline;
                if is_late && texts == Texts::Differ {
                    return Judgement::Two;
                }
                !is_late
            }
            std::cmp::Ordering::Less => !kept.carried && is_news && texts == Texts::Agree,
        };
        match subject_stays {
            true => Judgement::SubjectStays,
            false => Judgement::KeptStays,
        }
    }
}

/// Whether a post should stay in place of one that came before it and that is as good a witness. What an issue carried
/// stays; so does what was known before, unless it was only there when its source was added, and the other is news.
/// `whole`: the longer text may be believed to be the whole of the shorter one.
pub(super) fn is_better(subject: &Twin, kept: &Twin, whole: bool) -> bool {
    if kept.carried {
        return false;
    }
    match kept.compared {
        true => kept.baseline && !subject.baseline && is_recent(subject, kept),
        false => {
            let is_longer = subject.likeness.words > WHOLE * kept.likeness.words;
            subject.baseline == kept.baseline && whole && is_longer
        }
    }
}

fn is_recent(subject: &Twin, kept: &Twin) -> bool {
    subject.dated.duration_since(kept.dated) <= APART
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Likeness, PostId};
    use jiff::Timestamp;

    const LINK: &str = "https://site.example/1";

    fn twin(source: &str) -> Twin {
        Twin {
            id: PostId(1),
            source: SourceName::parse(source).unwrap(),
            identity: String::new(),
            dated: Timestamp::UNIX_EPOCH,
            baseline: false,
            compared: false,
            carried: false,
            joined_to: None,
            likeness: Likeness::default(),
        }
    }

    /// `reads` is read at the site's host, `says` says that it is of the site, and two others say nothing.
    fn owners() -> Owners {
        let mut owners = Owners::default();
        let name = |name: &str| SourceName::parse(name).unwrap();
        owners.serves(&name("reads"), "http://www.site.example/feed.xml");
        for other in ["says", "third", "fourth"] {
            owners.serves(&name(other), "https://feeds.example/x");
        }
        owners.said.insert(name("says"), "site.example".to_owned());
        owners
    }

    fn judged(subject: &Twin, kept: &Twin, titles_agree: bool, texts: Texts) -> Judgement {
        let compared = Comparison {
            titles_agree,
            texts,
        };
        owners().judge(subject, kept, LINK, compared)
    }

    #[test]
    fn who_owns_an_address_more_stays() {
        use Judgement::{KeptStays, SubjectStays, Two};
        for (subject, kept, texts, judgement) in [
            ("reads", "says", Texts::Differ, SubjectStays),
            ("says", "third", Texts::Differ, SubjectStays),
            ("says", "reads", Texts::Differ, KeptStays),
            ("third", "says", Texts::Silent, KeptStays),
            ("third", "fourth", Texts::Differ, Two),
            ("third", "fourth", Texts::Silent, KeptStays),
            ("third", "fourth", Texts::Agree, KeptStays),
        ] {
            let (subject, kept) = (twin(subject), twin(kept));
            assert_eq!(
                judged(&subject, &kept, true, texts),
                judgement,
                "{subject:?} {kept:?}"
            );
        }
        let (reads, third) = (twin("reads"), twin("third"));
        assert_eq!(judged(&reads, &third, false, Texts::Differ), Two);
        assert_eq!(judged(&reads, &third, false, Texts::Silent), Two);
        assert_eq!(judged(&reads, &third, false, Texts::Agree), SubjectStays);
    }

    #[test]
    fn the_owners_post_is_not_lost_for_what_went_out_or_was_there_at_first() {
        let carried = Twin {
            carried: true,
            compared: true,
            ..twin("third")
        };
        for (texts, judgement) in [
            (Texts::Differ, Judgement::Two),
            (Texts::Agree, Judgement::KeptStays),
        ] {
            assert_eq!(judged(&twin("reads"), &carried, true, texts), judgement);
        }
        // What was there when the owner was added is no news; what another brings of it is.
        let old = Twin {
            baseline: true,
            ..twin("reads")
        };
        let kept = judged(&old, &twin("third"), true, Texts::Agree);
        assert_eq!(kept, Judgement::KeptStays);
        let kept = Twin {
            compared: true,
            ..old
        };
        for (texts, judgement) in [
            (Texts::Agree, Judgement::SubjectStays),
            (Texts::Differ, Judgement::KeptStays),
        ] {
            assert_eq!(judged(&twin("third"), &kept, true, texts), judgement);
        }
    }

    #[test]
    fn only_who_serves_an_address_may_have_the_whole_of_it() {
        let longer = |source: &str, words| Twin {
            likeness: Likeness {
                words,
                ..Likeness::default()
            },
            ..twin(source)
        };
        for (source, judgement) in [
            ("reads", Judgement::SubjectStays),
            ("third", Judgement::KeptStays),
        ] {
            let (short, long) = (longer(source, 10), longer(source, 30));
            assert_eq!(judged(&long, &short, true, Texts::Agree), judgement);
        }
    }

    #[test]
    fn an_address_has_a_host_whatever_its_form() {
        for name in [
            "http://SITE.example:8080/x",
            "https://www.site.example/",
            "tag:site.example,2026:1",
            "tag:jan@www.site.example,2026-01-01:x",
        ] {
            assert_eq!(
                gather::host_of(name).as_deref(),
                Some("site.example"),
                "{name}"
            );
        }
        assert_eq!(gather::host_of("urn:uuid:1-2"), None);
    }
}
