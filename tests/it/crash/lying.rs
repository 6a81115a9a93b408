//! The oracle finds a server that lies, an outbox that tells otherwise, and a copy that is not as promised.

use super::campaign::{Plan, Theatre, reader, readers};
use super::chance::down;
use super::oracle::{Seen, Told, Verdict, judge};
use super::points::few;
use super::scene::Scene;
use crate::support::smtp::{Act, Received, Rule, Stage, at};

/// What the oracle says of a server that does this with one reader's message, and of a program that was killed before.
async fn caught(lie: Rule, expected: &str) {
    let plan = Plan {
        connections: 1,
        ..few(false, true)
    };
    let readers = plan.readers;
    let mut theatre = Theatre::new(plan).await;
    assert!(theatre.kill_at(Stage::Dot, 3).await);
    let victim = whose_turn_did_not_come(&theatre, readers);
    theatre.server.rule(lie.to(&victim).times(1));
    let verdict = theatre.end().await;
    names_alone(&verdict, &victim, expected);
}

/// Somebody: the order of readers is nobody's to know.
fn whose_turn_did_not_come(theatre: &Theatre, readers: usize) -> String {
    let heard = theatre.server.heard();
    let is_waiting = |reader: &String| !heard.iter().any(|heard| heard.line.contains(reader));
    (0..readers).map(reader).find(is_waiting).unwrap()
}

/// The verdict finds this of one reader, and nothing of others.
fn names_alone(verdict: &Verdict, victim: &str, expected: &str) {
    let named = format!("{victim} {expected}");
    assert!(
        verdict
            .breaches
            .iter()
            .any(|breach| breach.starts_with(&named)),
        "{named}: {:#?}",
        verdict.breaches
    );
    assert!(
        verdict
            .breaches
            .iter()
            .all(|breach| breach.starts_with(victim)),
        "{:#?}",
        verdict.breaches
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lies_is_found_out() {
    let on_dot = || at(Stage::Dot);
    // Says that it took a message, and drops it.
    caught(
        on_dot().act(Act::Raw(b"250 2.0.0 taken\r\n".to_vec())),
        "is lost",
    )
    .await;
    // Takes it twice.
    caught(on_dot().say("250 2.0.0 taken").twice(), "has a copy").await;
    // Says no, and takes it all the same.
    caught(on_dot().say("451 4.3.0 later").stored(), "has a copy").await;
}

/// The first relay says no to one reader and takes it all the same; the second is given it in the next run, as is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_went_by_the_other_relay_is_found() {
    let plan = Plan {
        connections: 1,
        scene: Scene::Relays,
        // So many that the first may carry them.
        readers: 48,
        ..few(false, true)
    };
    let mut theatre = Theatre::new(plan).await;
    let lie = at(Stage::Dot).skip(4).say("451 4.3.0 later").stored();
    theatre.server.rule(lie.times(1));
    assert!(theatre.kill_at(Stage::Answered, 8).await);
    let victim = theatre.server.offered()[4].to[0].clone();
    theatre.server.rule(down());
    let verdict = theatre.end().await;
    names_alone(&verdict, &victim, "was given to both relays");
}

#[test]
fn an_outbox_or_a_copy_that_is_not_as_promised_is_found_out() {
    let message = |connection, to: usize, content: &str| Received {
        connection,
        from: "proef@proef.example".into(),
        parameters: String::new(),
        to: vec![reader(to)],
        content: content.into(),
        followed: false,
        stored: true,
    };
    let told = |sent: &[usize], held: &[usize], hold| Told {
        planned: readers(2),
        states: [
            ("sent", sent.iter().map(|n| reader(*n)).collect()),
            ("held", held.iter().map(|n| reader(*n)).collect()),
        ]
        .into(),
        hold,
        ..Told::default()
    };
    let seen = |stored: &[(usize, usize, &str)], goodbyes: &[usize]| Seen {
        stored: stored
            .iter()
            .map(|(c, to, text)| message(*c, *to, text))
            .collect(),
        connections: 4,
        goodbyes: goodbyes.iter().copied().collect(),
        last_of_first: None,
    };
    let sound = [(1, 0, "a"), (2, 0, "a"), (2, 1, "b")];
    assert_eq!(
        judge(&told(&[0, 1], &[], false), &seen(&sound, &[2])).breaches,
        [""; 0]
    );
    let of_two_relays = |last_of_first, seen: Seen| Seen {
        last_of_first: Some(last_of_first),
        ..seen
    };
    let both = of_two_relays(2, seen(&sound, &[2]));
    assert_eq!(judge(&told(&[0, 1], &[], false), &both).breaches, [""; 0]);
    let breaches = |told: Told, seen: Seen| judge(&told, &seen).breaches.join("\n");
    for (said, told, seen) in [
        (
            "copies of reader0@example.nl differ",
            told(&[0, 1], &[], false),
            seen(&[(1, 0, "a"), (2, 0, "x"), (2, 1, "b")], &[2]),
        ),
        (
            "unknowns are held",
            told(&[0, 1], &[], true),
            seen(&sound, &[2]),
        ),
        (
            "connection 1 did not break",
            told(&[0, 1], &[], false),
            seen(&sound, &[1, 2]),
        ),
        (
            "connection 1 went on",
            told(&[0, 1], &[], false),
            seen(&[(1, 0, "a"), (1, 1, "b"), (2, 0, "a")], &[2]),
        ),
        (
            "has 4 copies",
            told(&[0, 1], &[], false),
            seen(
                &[
                    (1, 0, "a"),
                    (2, 0, "a"),
                    (3, 0, "a"),
                    (4, 0, "a"),
                    (4, 1, "b"),
                ],
                &[4],
            ),
        ),
        (
            "reader1@example.nl is lost",
            told(&[0, 1], &[], false),
            seen(&[(1, 0, "a")], &[1]),
        ),
        (
            "reader1@example.nl is listed 0 times",
            told(&[0], &[], false),
            seen(&[(1, 0, "a"), (1, 1, "b")], &[1]),
        ),
        (
            "reader0@example.nl is listed 2 times",
            told(&[0, 1], &[0], false),
            seen(&sound, &[2]),
        ),
        (
            "2 readers are held, and 1 connections broke",
            told(&[], &[0, 1], true),
            seen(&[], &[1, 2, 3]),
        ),
        (
            "2 readers are held, and 5 connections broke: less than three each",
            told(&[], &[0, 1], false),
            Seen {
                connections: 5,
                ..seen(&[(1, 0, "a"), (2, 1, "b")], &[])
            },
        ),
        (
            "reader0@example.nl was given to both relays",
            told(&[0, 1], &[], false),
            of_two_relays(1, seen(&sound, &[2])),
        ),
        (
            "is no reader of the issue",
            told(&[0, 1], &[], false),
            seen(&[(1, 0, "a"), (1, 1, "b"), (1, 7, "c")], &[1]),
        ),
    ] {
        let found = breaches(told, seen);
        assert!(found.contains(said), "{said:?} is not in {found:?}");
    }
}
