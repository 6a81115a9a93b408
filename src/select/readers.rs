//! Which readers an issue is for, and which variant each of them gets.
//!
//! A variant is the posts that a reader wants and does not have yet, in a language and a format; readers who agree in
//! all three share it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{
    Language, Post, PostId, Schedule, Subscriber, SubscriberId, SuppressionReason, Variant,
};

/// The readers of an issue, each with exactly one place in it or a reason for none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readership<'a> {
    /// The variants, most readers first; a reader's variant is an index into them.
    pub variants: Vec<Variant>,
    /// Who receives what.
    pub entitled: Vec<Entitled<'a>>,
    /// Who asked for this schedule but left, bounced or complained.
    pub suppressed: Vec<(&'a Subscriber, SuppressionReason)>,
    /// Who asked for this schedule, but has all of its posts already or wants none of their topics.
    pub nothing_new: Vec<&'a Subscriber>,
}

/// A reader and a variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Entitled<'a> {
    /// Who.
    pub subscriber: &'a Subscriber,
    /// Index into [`Readership::variants`].
    pub variant: usize,
}

/// Groups the schedule's readers into variants.
///
/// `posts` are the issue's, in its order; `received` tells which posts a reader has, may have or is about to get;
/// `language_of` gives the language that a reader who wishes for one, or for none, gets.
pub fn readership<'a>(
    schedule: &Schedule,
    posts: &[(PostId, Post)],
    subscribers: &'a [Subscriber],
    received: &HashMap<SubscriberId, HashSet<PostId>>,
    language_of: impl Fn(Option<&Language>) -> Language,
) -> Readership<'a> {
    let mut readership = Readership::default();
    let mut groups: BTreeMap<Variant, Vec<&'a Subscriber>> = BTreeMap::new();
    for subscriber in subscribers
        .iter()
        .filter(|subscriber| wants(subscriber, schedule))
    {
        if let Some(reason) = subscriber.suppressed {
            readership.suppressed.push((subscriber, reason));
            continue;
        }
        let wanted = posts_for(subscriber, posts, received.get(&subscriber.id));
        if wanted.is_empty() {
            readership.nothing_new.push(subscriber);
            continue;
        }
        let variant = Variant {
            posts: wanted,
            language: language_of(subscriber.language.as_ref()),
            format: subscriber.format,
        };
        groups.entry(variant).or_default().push(subscriber);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, readers)| std::cmp::Reverse(readers.len()));
    for (index, (variant, readers)) in groups.into_iter().enumerate() {
        readership.variants.push(variant);
        let places = readers.into_iter().map(|subscriber| Entitled {
            subscriber,
            variant: index,
        });
        readership.entitled.extend(places);
    }
    readership
}

fn wants(subscriber: &Subscriber, schedule: &Schedule) -> bool {
    let chosen = if subscriber.schedules.is_empty() {
        schedule.default
    } else {
        subscriber.schedules.contains(&schedule.name)
    };
    subscriber.active && chosen
}

fn posts_for(
    subscriber: &Subscriber,
    posts: &[(PostId, Post)],
    received: Option<&HashSet<PostId>>,
) -> Vec<PostId> {
    posts
        .iter()
        .filter(|(id, _)| received.is_none_or(|received| !received.contains(id)))
        .filter(|(_, post)| {
            subscriber.topics.is_empty()
                || post
                    .topics
                    .iter()
                    .any(|topic| subscriber.topics.contains(topic))
        })
        .map(|(id, _)| *id)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::model::{EmailAddress, Format, Origin, ScheduleName};
    use crate::select::choice::tests::{entry, topics, weekly};

    fn reader(id: i64) -> Subscriber {
        Subscriber {
            id: SubscriberId(id),
            address: EmailAddress::parse(&format!("reader{id}@example.nl")).unwrap(),
            name: None,
            language: None,
            topics: vec![],
            schedules: vec![],
            format: Format::Html,
            since: None,
            data: Map::new(),
            epoch: 0,
            origin: Origin::File,
            active: true,
            suppressed: None,
        }
    }

    fn posts() -> Vec<(PostId, Post)> {
        let mut sales = entry(1, 2).post;
        sales.topics = topics(&["sales"]);
        let mut team = entry(2, 1).post;
        team.topics = topics(&["team", "sales"]);
        vec![(PostId(1), sales), (PostId(2), team)]
    }

    fn nl(wanted: Option<&Language>) -> Language {
        wanted
            .cloned()
            .unwrap_or_else(|| Language::parse("nl").unwrap())
    }

    #[test]
    fn readers_who_agree_share_a_variant() {
        let mut english = reader(3);
        english.language = Some(Language::parse("en").unwrap());
        let mut text = reader(4);
        text.format = Format::Text;
        let mut team_only = reader(5);
        team_only.topics = topics(&["team"]);
        let readers = [reader(1), reader(2), english, text, team_only];
        let found = readership(&weekly(), &posts(), &readers, &HashMap::new(), nl);
        assert_eq!(found.variants.len(), 4);
        assert_eq!(found.entitled.len(), 5);
        assert_eq!(found.entitled[0].variant, found.entitled[1].variant);
        let team = found
            .entitled
            .iter()
            .find(|e| e.subscriber.id == SubscriberId(5))
            .unwrap();
        assert_eq!(found.variants[team.variant].posts, [PostId(2)]);
    }

    #[test]
    fn overlapping_topics_give_a_post_once() {
        let mut both = reader(1);
        both.topics = topics(&["sales", "team"]);
        let readers = [both];
        let found = readership(&weekly(), &posts(), &readers, &HashMap::new(), nl);
        assert_eq!(found.variants[0].posts, [PostId(1), PostId(2)]);
    }

    #[test]
    fn what_a_reader_has_is_not_given_again() {
        let readers = [reader(1), reader(2)];
        let received = HashMap::from([
            (SubscriberId(1), HashSet::from([PostId(1)])),
            (SubscriberId(2), HashSet::from([PostId(1), PostId(2)])),
        ]);
        let found = readership(&weekly(), &posts(), &readers, &received, nl);
        assert_eq!(found.entitled.len(), 1);
        assert_eq!(found.variants[0].posts, [PostId(2)]);
        assert_eq!(found.nothing_new[0].id, SubscriberId(2));
    }

    #[test]
    fn who_left_or_chose_another_schedule_is_not_mailed() {
        let mut left = reader(1);
        left.suppressed = Some(SuppressionReason::Unsubscribed);
        let mut monthly = reader(2);
        monthly.schedules = vec![ScheduleName::parse("monthly").unwrap()];
        let mut removed = reader(3);
        removed.active = false;
        let readers = [left, monthly, removed];
        let found = readership(&weekly(), &posts(), &readers, &HashMap::new(), nl);
        assert!(found.entitled.is_empty() && found.variants.is_empty());
        assert_eq!(found.suppressed[0].0.id, SubscriberId(1));
    }

    #[test]
    fn only_a_default_schedule_takes_readers_who_chose_none() {
        let readers = [reader(1)];
        let schedule = Schedule {
            default: false,
            ..weekly()
        };
        let found = readership(&schedule, &posts(), &readers, &HashMap::new(), nl);
        assert!(found.entitled.is_empty());
    }
}
