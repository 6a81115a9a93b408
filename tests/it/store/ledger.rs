//! Sources and the ledger of posts.

use courant::model::*;
use courant::store::{Recognised, SealOutcome, SourceSaved, Twin};

use super::bench::*;

fn validators() -> Validators {
    Validators {
        etag: Some("W/\"1\"".into()),
        last_modified: None,
        body_hash: Some("abc".into()),
        received_at: Some(at(0)),
    }
}

pub async fn a_source_and_its_posts_are_saved_together(bench: &Bench) {
    let store = &bench.store;
    assert_eq!(store.source_state(&source()).await.unwrap(), None);
    let first = SourceSaved {
        validators: Some(validators()),
        ..reading(0, 1..=2)
    };
    store.source_save(&first).await.unwrap();
    let state = store.source_state(&source()).await.unwrap().unwrap();
    assert_eq!(state.name, source());
    assert_eq!(state.location, "https://blog.example.nl/feed.xml");
    assert_eq!(state.validators, Some(validators()));
    assert_eq!(state.first_gathered_at, Some(at(0)));
    assert_eq!(state.last_success_at, Some(at(0)));
    assert_eq!((state.last_error, state.posts), (None, 2));

    let mut broken = reading(60, [3]);
    let mut same_row = new_post(3);
    same_row.post.identity = "https://blog.example.nl/other".into();
    broken.new.push(same_row);
    store.source_save(&broken).await.unwrap_err();
    let state = store.source_state(&source()).await.unwrap().unwrap();
    assert_eq!((state.last_attempt_at, state.posts), (at(0), 2));
    assert_eq!(state.validators, Some(validators()));

    store.source_save(&reading(120, 1..=4)).await.unwrap();
    let state = store.source_state(&source()).await.unwrap().unwrap();
    assert_eq!((state.validators, state.posts), (None, 4));
    assert_eq!(state.first_gathered_at, Some(at(0)));
    let entries = store.post_load(&[PostId(1), PostId(4)]).await.unwrap();
    assert_eq!(
        entries[0].first_seen,
        at(0),
        "a known identity is passed over"
    );
    assert_eq!(entries[1].first_seen, at(120));
}

/// More text than one statement takes is written by several, and none of it is lost.
pub async fn large_posts_are_written_and_changed_whole(bench: &Bench) {
    let store = &bench.store;
    let large = |number: i64, word: &str| Post {
        html: format!("<p>{number} {}</p>", word.repeat(20_000)),
        ..post(number)
    };
    let mut first = reading(0, 1..=30);
    for (new, number) in first.new.iter_mut().zip(1..) {
        new.post = large(number, "oud ");
    }
    store.source_save(&first).await.unwrap();
    let ids: Vec<PostId> = (1..=30).map(PostId).collect();
    let html = |entries: Vec<LedgerEntry>| -> Vec<String> {
        entries.into_iter().map(|entry| entry.post.html).collect()
    };
    let written = html(store.post_load(&ids).await.unwrap());
    let expected: Vec<String> = (1..=30).map(|n| large(n, "oud ").html).collect();
    assert!(written == expected, "{} posts", written.len());

    let mut then = reading(60, []);
    then.changed = (1..=30)
        .map(|n| (PostId(n), large(n, "nieuw "), format!("print {n}")))
        .collect();
    store.source_save(&then).await.unwrap();
    let changed = html(store.post_load(&ids).await.unwrap());
    let expected: Vec<String> = (1..=30).map(|n| large(n, "nieuw ").html).collect();
    assert!(changed == expected, "{} posts", changed.len());
}

pub async fn what_a_visit_teaches_is_kept_whatever_came_of_it(bench: &Bench) {
    let store = &bench.store;
    let told = |what: &str, seconds| SourceEvent {
        at: at(seconds),
        what: what.to_owned(),
    };
    let hold = |until| HostHold {
        host: "blog.example.nl".to_owned(),
        until: at(until),
    };
    let visit = |seconds, what: &str, hold| Visit {
        standing: SourceStanding {
            address: "https://blog.example.nl/feed.xml".to_owned(),
            next_due: Some(at(seconds + 3600)),
            failures: 2,
            ended: Some(Ending {
                since: at(seconds),
                status: 410,
            }),
            pace: Pace {
                minutes: Some(60),
                skip_hours: vec![0, 23],
                skip_days: vec![7],
            },
            ..SourceStanding::default()
        },
        events: vec![told(what, seconds)],
        hold,
    };
    let failed = SourceSaved {
        error: Some("gone (410)".into()),
        visit: visit(60, "gone", Some(hold(600))),
        ..reading(60, [])
    };
    store.source_save(&failed).await.unwrap();
    let state = store.source_state(&source()).await.unwrap().unwrap();
    assert_eq!(state.standing, failed.visit.standing);
    assert_eq!(store.host_holds(at(60)).await.unwrap(), [hold(600)]);
    assert_eq!(store.host_holds(at(600)).await.unwrap(), []);

    let read = SourceSaved {
        visit: visit(120, "back", Some(hold(900))),
        ..reading(120, 1..=2)
    };
    store.source_save(&read).await.unwrap();
    let state = store.source_state(&source()).await.unwrap().unwrap();
    assert_eq!(state.standing, read.visit.standing);
    assert_eq!(store.host_holds(at(60)).await.unwrap(), [hold(900)]);
    let journal = store.source_events(&source(), 9).await.unwrap();
    assert_eq!(journal, [told("gone", 60), told("back", 120)]);
    assert_eq!(
        store.source_events(&source(), 1).await.unwrap(),
        [told("back", 120)]
    );

    let new = SourceName::parse("renamed").unwrap();
    store.source_rename(&source(), &new).await.unwrap();
    assert_eq!(store.source_events(&new, 9).await.unwrap(), journal);
    store.source_revive(&new).await.unwrap();
    let state = store.source_state(&new).await.unwrap().unwrap();
    assert_eq!(
        (state.standing, state.posts),
        (SourceStanding::default(), 2)
    );
}

pub async fn posts_are_counted_by_when_they_were_published(bench: &Bench) {
    let store = &bench.store;
    let mut saved = reading(0, 1..=5);
    // Published long ago; no date, and new; no date, and there from the start.
    saved.new[0].post.published = Some(at(-9_000_000));
    saved.new[1].post.published = None;
    saved.new[2].post.published = None;
    saved.new[2].baseline = true;
    store.source_save(&saved).await.unwrap();
    let tally = store.source_tally(at(-7_776_000)).await.unwrap();
    assert_eq!(tally.into_iter().collect::<Vec<_>>(), [(source(), 3)]);
    assert!(store.source_tally(at(60)).await.unwrap().is_empty());
}

pub async fn what_came_in_a_flood_is_no_pace(bench: &Bench) {
    let store = &bench.store;
    let mut saved = reading(60, 1..=6);
    saved.new[0].baseline = true;
    let why = Flood::AtOnce { posts: 2 };
    saved.new[1].standing = Standing::Quarantined { at: at(60), why };
    saved.new[2].standing = Standing::Dropped { at: at(60) };
    // What it says of its own age is not asked.
    saved.new[3].post.published = Some(at(-9_000_000));
    store.source_save(&saved).await.unwrap();
    assert_eq!(store.source_pace(&source(), at(60)).await.unwrap(), 3);
    assert_eq!(store.source_pace(&source(), at(61)).await.unwrap(), 0);
    let other = SourceName::parse("other").unwrap();
    assert_eq!(store.source_pace(&other, at(0)).await.unwrap(), 0);
}

pub async fn no_source_crowds_another_out_of_what_is_looked_at(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(0, 1..=2)).await.unwrap();
    let mut loud = reading(60, 3..=9);
    loud.source = SourceName::parse("loud").unwrap();
    for new in &mut loud.new {
        new.post.source = loud.source.clone();
    }
    store.source_save(&loud).await.unwrap();
    let listed = store.ledger_list(&schedule("weekly"), 4).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|entry| entry.id.0).collect();
    assert_eq!(ids, [9, 8, 2, 1]);
}

pub async fn a_renamed_source_keeps_its_posts(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(0, 1..=2)).await.unwrap();
    let new = SourceName::parse("renamed").unwrap();
    store.source_rename(&source(), &new).await.unwrap();
    assert_eq!(store.source_state(&source()).await.unwrap(), None);
    let state = store.source_state(&new).await.unwrap().unwrap();
    assert_eq!((state.first_gathered_at, state.posts), (Some(at(0)), 2));
    let known = store
        .post_known(&new, &[post(1).identity], &[], &[])
        .await
        .unwrap();
    assert_eq!(known[0].source, new);
    let entries = store.post_load(&[PostId(1)]).await.unwrap();
    assert_eq!(entries[0].post.source, new);
}

pub async fn the_same_guid_of_two_sources_is_two_posts(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(0, [1])).await.unwrap();
    let other = SourceName::parse("other").unwrap();
    let mut theirs = reading(60, [2]);
    theirs.source = other.clone();
    theirs.new[0].post.source = other.clone();
    theirs.new[0].post.identity = post(1).identity;
    theirs.new[0].post.slug = post(1).slug;
    store.source_save(&theirs).await.unwrap();
    for (name, id) in [(source(), 1), (other.clone(), 2)] {
        let known = store.post_known(&name, &[post(1).identity], &[], &[]).await;
        let ids: Vec<_> = known.unwrap().iter().map(|known| known.id.0).collect();
        assert_eq!(ids, [id]);
    }
    let slugs = [post(1).slug, "nobody".to_owned()];
    let taken = store.post_slugs_taken(&slugs).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[&post(1).slug], [source(), other].into());
}

pub async fn a_failed_reading_changes_only_the_attempt(bench: &Bench) {
    let store = &bench.store;
    let failure = SourceSaved {
        error: Some("answered 503".into()),
        location: "https://blog.example.nl/moved".into(),
        validators: Some(validators()),
        ..reading(60, 7..=9)
    };
    store.source_save(&failure).await.unwrap();
    let state = store.source_state(&source()).await.unwrap().unwrap();
    assert_eq!(state.last_error.as_deref(), Some("answered 503"));
    assert_eq!(state.first_gathered_at, None);
    assert_eq!((state.validators, state.posts), (None, 0));

    store.source_save(&reading(120, [1])).await.unwrap();
    store
        .source_save(&SourceSaved {
            at: at(180),
            ..failure
        })
        .await
        .unwrap();
    let states = store.source_list().await.unwrap();
    assert_eq!(states.len(), 1);
    assert_eq!(states[0].location, "https://blog.example.nl/feed.xml");
    assert_eq!(states[0].last_attempt_at, at(180));
    assert_eq!(states[0].last_success_at, Some(at(120)));
    assert_eq!((states[0].posts, states[0].last_error.is_some()), (1, true));
}

pub async fn a_known_post_is_found_by_either_identity(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(0, 1..=3)).await.unwrap();
    let asked = ["https://blog.example.nl/1", "/1", "/2", "/nobody"].map(String::from);
    let known = store.post_known(&source(), &asked, &[], &[]).await.unwrap();
    let ids: Vec<_> = known.iter().map(|post| post.id.0).collect();
    assert_eq!(ids, [1, 2]);
    assert_eq!(known[1].identity, "https://blog.example.nl/2");
    assert_eq!(known[1].aliases, ["/2", "https://blog.example.nl/2"]);
    assert_eq!(known[1].fingerprint, "fingerprint 2");
    assert_eq!(known[1].published, post(2).published);
    assert_eq!(known[1].likeness, likeness(2));
    let titles = ["title 3".to_owned()];
    let titled = store
        .post_known(&source(), &[], &titles, &[])
        .await
        .unwrap();
    assert_eq!(titled[0].id, PostId(3));
    let moments = [post(2).published.unwrap(), at(-1)];
    let dated = store.post_known(&source(), &[], &[], &moments).await;
    let dated: Vec<_> = dated.unwrap().iter().map(|post| post.id.0).collect();
    assert_eq!(dated, [2]);

    let mut renamed = post(2);
    renamed.identity = "urn:new-guid".into();
    renamed.title = "Post 2, improved".into();
    let change = SourceSaved {
        changed: vec![(PostId(2), renamed, "fingerprint 2b".into())],
        recognised: vec![Recognised {
            id: PostId(2),
            aliases: vec!["urn:new-guid".into()],
            likeness: Likeness {
                link: None,
                title: "title 2b".into(),
                ..likeness(2)
            },
        }],
        ..reading(60, [])
    };
    store.source_save(&change).await.unwrap();
    let entry = store.post_load(&[PostId(2)]).await.unwrap().remove(0);
    assert_eq!(entry.post.title, "Post 2, improved");
    assert_eq!(entry.post.identity, "https://blog.example.nl/2");
    assert_eq!(entry.first_seen, at(0));
    for name in ["/2", "urn:new-guid", "https://blog.example.nl/2"] {
        let known = store
            .post_known(&source(), &[name.to_owned()], &[], &[])
            .await;
        let known = known.unwrap();
        assert_eq!(known[0].fingerprint, "fingerprint 2b", "{name}");
        assert_eq!(known[0].likeness.title, "title 2b");
        assert_eq!(known[0].likeness.link, likeness(2).link, "a link stays");
    }
    assert_eq!(
        store.post_known(&source(), &[], &[], &[]).await.unwrap(),
        []
    );
}

pub async fn an_old_name_may_be_a_new_posts_too(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(0, [1])).await.unwrap();
    let mut later = reading(60, [2]);
    later.new[0].aliases = vec![post(1).identity];
    store.source_save(&later).await.unwrap();
    let asked = [post(1).identity];
    let known = store.post_known(&source(), &asked, &[], &[]).await.unwrap();
    let ids: Vec<_> = known.iter().map(|post| post.id.0).collect();
    assert_eq!(ids, [1, 2]);
}

pub async fn a_post_that_is_withdrawn_waits_until_it_is_shown_again(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(0, 1..=3)).await.unwrap();
    let mut gone = reading(60, []);
    gone.withdrawn = vec![(PostId(2), true)];
    store.source_save(&gone).await.unwrap();
    let holds = |list: Vec<LedgerEntry>| -> Vec<_> {
        let holds = list.into_iter().map(|entry| (entry.id.0, entry.post.hold));
        holds.collect()
    };
    let listed = store.ledger_list(&schedule("weekly"), 10).await.unwrap();
    let withdrawn = Some(Hold::Withdrawn);
    assert_eq!(
        holds(listed),
        [(3, None), (2, withdrawn.clone()), (1, None)]
    );
    let two = store.ledger_list(&schedule("weekly"), 2).await.unwrap();
    assert_eq!(
        holds(two),
        [(3, None), (1, None)],
        "it takes nobody's place"
    );
    let loaded = store.post_load(&[PostId(2)]).await.unwrap();
    assert_eq!(holds(loaded), [(2, withdrawn)]);
    let asked = [post(2).identity];
    let known = store.post_known(&source(), &asked, &[], &[]).await;
    assert!(known.unwrap()[0].withdrawn);

    gone.withdrawn = vec![(PostId(2), false)];
    store.source_save(&gone).await.unwrap();
    let loaded = store.post_load(&[PostId(2)]).await.unwrap();
    assert_eq!(holds(loaded), [(2, None)]);

    store.post_withdraw(&[]).await.unwrap();
    store.post_withdraw(&[PostId(3)]).await.unwrap();
    let loaded = store.post_load(&[PostId(2), PostId(3)]).await.unwrap();
    let mut loaded = holds(loaded);
    loaded.sort_by_key(|(id, _)| *id);
    assert_eq!(loaded, [(2, None), (3, Some(Hold::Withdrawn))]);
}

pub async fn a_waiting_post_is_not_cut_off_for_one_that_is_done(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(0, 1..=3)).await.unwrap();
    let mut later = reading(60, 4..=6);
    later.new[0].baseline = true;
    store.source_save(&later).await.unwrap();
    let outcome = store.issue_seal(&seal(1, "weekly", &[5, 6], 1)).await;
    assert_eq!(outcome.unwrap(), SealOutcome::Sealed);

    let ids = |list: &[LedgerEntry]| list.iter().map(|entry| entry.id.0).collect::<Vec<_>>();
    let all = store.ledger_list(&schedule("weekly"), 10).await.unwrap();
    assert_eq!(ids(&all), [6, 5, 4, 3, 2, 1]);
    assert_eq!(all[0].carried, [(IssueNumber(1), schedule("weekly"))]);
    assert_eq!(all[0].post, post(6));
    assert!(all[2].baseline && !all[3].baseline);
    let waiting = store.ledger_list(&schedule("weekly"), 5).await.unwrap();
    assert_eq!(ids(&waiting), [6, 4, 3, 2, 1]);
    let other = store.ledger_list(&schedule("daily"), 2).await.unwrap();
    assert_eq!(ids(&other), [6, 5]);
    assert_eq!(
        other[0].carried.len(),
        1,
        "issues of every schedule are named"
    );
}

pub async fn posts_of_issues_come_newest_issue_first(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(0, 1..=5)).await.unwrap();
    for seal in [seal(1, "weekly", &[2, 1], 1), seal(2, "daily", &[4, 2], 1)] {
        assert_eq!(store.issue_seal(&seal).await.unwrap(), SealOutcome::Sealed);
    }
    let recent = store.post_recent(10).await.unwrap();
    let ids: Vec<_> = recent.iter().map(|entry| entry.id.0).collect();
    assert_eq!(ids, [4, 2, 1]);
    assert_eq!(recent[1].carried.len(), 2);
    assert_eq!(store.post_recent(1).await.unwrap().len(), 1);
    let asked = [PostId(3), PostId(99), PostId(1)];
    let loaded = store.post_load(&asked).await.unwrap();
    let ids: Vec<_> = loaded.iter().map(|entry| entry.id.0).collect();
    assert_eq!(ids, [3, 1]);
}

pub async fn a_post_that_is_kept_out_stays_in_the_ledger(bench: &Bench) {
    let store = &bench.store;
    let why = Flood::AtOnce { posts: 3 };
    let quarantined = Standing::Quarantined { at: at(60), why };
    let mut flood = reading(60, 1..=4);
    for new in &mut flood.new[..3] {
        new.standing = quarantined.clone();
    }
    store.source_save(&flood).await.unwrap();
    let held = store.post_quarantined(Some(&source())).await.unwrap();
    let ids: Vec<_> = held.iter().map(|entry| entry.id.0).collect();
    assert_eq!(ids, [3, 2, 1], "newest first");
    assert_eq!(held[0].standing, quarantined);
    assert_eq!(store.post_quarantined(None).await.unwrap().len(), 3);
    let other = SourceName::parse("other").unwrap();
    assert_eq!(store.post_quarantined(Some(&other)).await.unwrap(), []);
    let counts = store.quarantine_counts().await.unwrap();
    assert_eq!(counts, [(source(), quarantined, 3)]);
    let waiting = store.ledger_list(&schedule("weekly"), 1).await.unwrap();
    assert_eq!(waiting[0].id, PostId(4), "what is held crowds nothing out");

    let decided = [
        (PostId(1), Standing::Open),
        (PostId(2), Standing::Dropped { at: at(90) }),
    ];
    store.post_stand(&decided, false).await.unwrap();
    let again = reading(120, 1..=4);
    store.source_save(&again).await.unwrap();
    let loaded = store.post_load(&[PostId(1), PostId(2), PostId(3)]).await;
    let standings: Vec<_> = loaded
        .unwrap()
        .into_iter()
        .map(|entry| entry.standing)
        .collect();
    assert_eq!(standings[..2], decided.map(|(_, standing)| standing));
    assert_eq!(standings[2], Standing::Quarantined { at: at(60), why });
    assert_eq!(store.quarantine_counts().await.unwrap()[0].2, 1);
}

pub async fn a_joined_post_gives_the_other_its_place_and_topics(bench: &Bench) {
    let store = &bench.store;
    store.source_save(&reading(0, [1, 2])).await.unwrap();
    let other = SourceName::parse("other").unwrap();
    let mut theirs = reading(60, [3]);
    theirs.source = other.clone();
    theirs.new[0].post.source = other.clone();
    theirs.new[0].post.topics = vec![Topic::parse("winkel").unwrap()];
    theirs.new[0].likeness = likeness(1);
    store.source_save(&theirs).await.unwrap();
    let ids = |twins: Vec<Twin>| twins.iter().map(|twin| twin.id.0).collect::<Vec<_>>();
    let fresh = store.post_not_compared().await.unwrap();
    assert_eq!(fresh[2].likeness, likeness(1));
    assert_eq!(ids(fresh), [1, 2, 3]);
    let none: &[&str] = &[];
    let texts = ["text 1"];
    let (name, link) = (post(1).identity, likeness(2).link.unwrap());
    let early = store.post_alike(none, none, &texts, at(-9_999)).await;
    assert_eq!(early.unwrap(), [], "none was compared yet");
    let open = [1, 2, 3].map(|id| (PostId(id), Standing::Open));
    store.post_stand(&open, true).await.unwrap();
    for (names, links, texts, since, expected) in [
        (&[name.as_str()][..], none, none, 999_999, vec![1]),
        (none, &[link.as_str()][..], none, 999_999, vec![2]),
        (none, none, &["text 1"][..], 999_999, vec![1, 3]),
        (none, none, none, 30, vec![3]),
        (none, none, none, -9_999, vec![1, 2, 3]),
    ] {
        let alike = store.post_alike(names, links, texts, at(since)).await;
        assert_eq!(ids(alike.unwrap()), expected);
    }
    let joined = Standing::Joined(Joined {
        to: PostId(1),
        because: JoinReason::SameLink,
        place: Some("Het Andere Blad".into()),
    });
    let standings = [
        (PostId(1), Standing::Open),
        (PostId(2), Standing::Open),
        (PostId(3), joined.clone()),
    ];
    store.post_stand(&standings, true).await.unwrap();
    assert_eq!(store.post_not_compared().await.unwrap(), []);
    let twins = store.post_alike(&[], &[], &texts, at(999_999)).await;
    let twins = twins.unwrap();
    assert_eq!(
        (twins[1].joined_to, twins[1].compared),
        (Some(PostId(1)), true)
    );
    let loaded = store.post_load(&[PostId(1), PostId(3)]).await.unwrap();
    let also = AlsoAt {
        source: other,
        place: Some("Het Andere Blad".into()),
        link: post(3).link,
    };
    assert_eq!(loaded[0].post.also, [also]);
    let topics: Vec<_> = loaded[0].post.topics.iter().map(Topic::as_str).collect();
    assert_eq!(topics, ["verkoop", "winkel"]);
    assert_eq!(loaded[1].standing, joined);
}
