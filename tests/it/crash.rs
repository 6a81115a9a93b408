//! The promise under fire: a sender that is killed at random and at each named point, against a server that misbehaves.
//!
//! Nobody is lost; where unknowns are sent again, copies are identical, come from the last message of a connection that
//! broke, one for each, and are three at most; where they are held there are none, and who is held is named. That the
//! oracle finds a breach is shown with servers that lie. `benches/crash` is the long form.

#![expect(
    clippy::print_stdout,
    reason = "the seed of what was done, and what came of it"
)]

pub mod campaign;
pub mod oracle;

use campaign::{Outcome, Plan, Theatre, reader};
use oracle::{Seen, Told, judge};

use crate::support::http::{Answer, HttpServer};
use crate::support::smtp::{Act, Certificate, Rule, Script, Stage, at};

/// The short form, as CI runs it; another seed comes from `COURANT_CRASH_SEED`.
const SHORT: Plan = Plan {
    seed: 20_261_127,
    readers: 100,
    connections: 4,
    kills: 6,
    hold: false,
    pipelining: false,
    second: false,
};

fn kept(plan: Plan, outcome: &Outcome) {
    let Outcome {
        verdict,
        killed,
        faults,
    } = outcome;
    println!(
        "seed {}: {} readers, {killed} of {} kills while sending, {faults} faults of the server, hold {}, pipelining {}: \
         {} lost or more than allowed, {} copies, {} held",
        plan.seed,
        plan.readers,
        plan.kills,
        plan.hold,
        plan.pipelining,
        verdict.breaches.len(),
        verdict.copies,
        verdict.held
    );
    assert!(
        verdict.breaches.is_empty(),
        "{plan:?}\n{:#?}",
        verdict.breaches
    );
}

async fn at_random(plan: Plan) {
    let seed = number("COURANT_CRASH_SEED").unwrap_or(plan.seed);
    let plan = Plan { seed, ..plan };
    println!("seed {seed}: {plan:?}");
    let outcome = Theatre::new(plan).await.play().await;
    kept(plan, &outcome);
    assert!(
        outcome.killed * 2 > plan.kills,
        "most runs ended before their kill: {outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_nobody_is_lost_and_copies_are_few() {
    at_random(SHORT).await;
    at_random(Plan {
        pipelining: true,
        seed: SHORT.seed + 1,
        ..SHORT
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_with_hold_there_are_no_copies() {
    at_random(Plan {
        hold: true,
        seed: SHORT.seed + 2,
        ..SHORT
    })
    .await;
    at_random(Plan {
        hold: true,
        pipelining: true,
        seed: SHORT.seed + 3,
        ..SHORT
    })
    .await;
}

/// The first relay is down for every other run: what it may have goes to the second in none.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_between_two_relays_neither_is_given_what_the_other_may_have() {
    for (more, (hold, pipelining)) in (4..).zip([(false, true), (true, false)]) {
        at_random(Plan {
            hold,
            pipelining,
            second: true,
            seed: SHORT.seed + more,
            ..SHORT
        })
        .await;
    }
}

/// `benches/crash/run`: each point and 1,000 readers, in each mode with and without groups.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: benches/crash/run"]
async fn the_long_form() {
    let seed = number("COURANT_CRASH_SEED").unwrap_or(SHORT.seed);
    let kills = number("COURANT_CRASH_KILLS").map_or(100, |kills| usize::try_from(kills).unwrap());
    let mut killed = 0;
    for (more, (hold, pipelining)) in
        (0..).zip([(false, false), (false, true), (true, false), (true, true)])
    {
        let plan = Plan {
            seed: seed + more,
            readers: 1_000,
            connections: 8,
            kills,
            hold,
            pipelining,
            second: false,
        };
        let outcome = Theatre::new(plan).await.play().await;
        kept(plan, &outcome);
        killed += outcome.killed;
        at_each_point(hold, pipelining).await;
    }
    let points = POINTS.len();
    println!("{killed} runs were killed while they were sending, and 4 at each of {points} points");
}

/// A few readers, for one kill at a named point.
fn few(hold: bool, pipelining: bool) -> Plan {
    Plan {
        readers: 12,
        connections: 2,
        kills: 1,
        hold,
        pipelining,
        ..SHORT
    }
}

/// The points of the dialogue, each with the arrival at which the program is killed there.
const POINTS: [(Stage, usize); 9] = [
    (Stage::Connect, 1),
    (Stage::Hello, 2),
    (Stage::Mail, 5),
    (Stage::Rcpt, 5),
    (Stage::Data, 5),
    (Stage::Body, 5),
    (Stage::Dot, 5),
    (Stage::Answered, 5),
    (Stage::Quit, 1),
];

async fn at_each_point(hold: bool, pipelining: bool) {
    for (stage, ahead) in POINTS {
        let plan = few(hold, pipelining);
        let mut theatre = Theatre::new(plan).await;
        let killed = theatre.kill_at(stage, ahead).await;
        assert!(killed, "{stage:?} was never reached");
        let verdict = theatre.end().await;
        assert!(
            verdict.breaches.is_empty(),
            "{stage:?} {plan:?}\n{:#?}",
            verdict.breaches
        );
        // One message a connection is in doubt at most; none on one that stands before its first.
        let doubts = if hold { verdict.held } else { verdict.copies };
        let most = match stage {
            Stage::Connect | Stage::Hello => plan.connections - 1,
            _ => plan.connections,
        };
        assert!(doubts <= most, "{stage:?} {plan:?}: {doubts} in doubt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_nobody_is_lost() {
    at_each_point(false, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_with_hold_nobody_is_lost() {
    at_each_point(true, true).await;
}

/// Before the dialogue: while the sources are asked, right before the seal (T1) and right after it.
#[tokio::test(flavor = "multi_thread")]
async fn killed_around_the_seal_everybody_gets_one_mail() {
    for (what, setting) in [
        (
            "a source",
            "[[source]]\nname = \"elders\"\nurl = \"URL\"\n[gather]\nallow = [\"127.0.0.1\"]\n",
        ),
        ("a picture", "[gather]\nallow = [\"127.0.0.1\"]\n"),
        (
            "a hub",
            "[gather]\nallow = [\"127.0.0.1\"]\n[feeds]\nhub = \"URL\"\n",
        ),
    ] {
        let http = HttpServer::start();
        http.on_each("/x", vec![Answer::hang(), Answer::status(404)]);
        let url = http.url("/x").to_string();
        let mut theatre = Theatre::new(few(false, true)).await;
        theatre
            .newsletter
            .append("courant.toml", &setting.replace("URL", &url));
        if what == "a picture" {
            theatre.newsletter.set("COURANT_GATHER__PICTURES", "true");
            theatre.newsletter.write(
                "posts/tweede.md",
                &format!("---\ntitle: Twee\ndate: 2026-11-02\nimage: {url}\n---\n\nGenoeg woorden om te lezen.\n"),
            );
        }
        let mut child = theatre.newsletter.start(&["run"]);
        http.arrived(1).await;
        child.kill().unwrap();
        tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
        assert_eq!(theatre.server.arrivals(Stage::Taken), 0, "{what}");
        let verdict = theatre.end().await;
        assert!(
            verdict.breaches.is_empty(),
            "{what}\n{:#?}",
            verdict.breaches
        );
        assert_eq!(verdict.copies, 0, "{what}");
        let issues = theatre
            .newsletter
            .run_beside(&["issues", "list", "--json"])
            .await;
        assert_eq!(
            issues.stdout.matches("\"number\"").count(),
            1,
            "{what}: {}",
            issues.stdout
        );
    }
}

/// A server that offers TLS and has plain text slipped in behind `STARTTLS`: nothing is said to it, and the next run goes on.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_injected_starttls_and_a_sound_one() {
    let certificate = Certificate::for_loopback();
    let injected = at(Stage::Starttls)
        .times(3)
        .raw("220 go on\r\n250 2.0.0 taken\r\n");
    let script = Script::new().starttls(&certificate);
    let mut theatre = Theatre::with(few(false, true), script.rule(injected)).await;
    theatre
        .newsletter
        .write("root.pem", &String::from_utf8(certificate.pem()).unwrap());
    theatre
        .newsletter
        .append("courant.toml", "tls_root = \"root.pem\"\n");
    let refused = theatre.newsletter.run_beside(&["run"]).await;
    assert_eq!(refused.code, 69, "{}\n{}", refused.stdout, refused.stderr);
    theatre.server.alone().await;
    assert_eq!(theatre.server.arrivals(Stage::Mail), 0);
    theatre.kill_at(Stage::Dot, 4).await;
    let verdict = theatre.end().await;
    assert!(verdict.breaches.is_empty(), "{:#?}", verdict.breaches);
    let heard = theatre.server.heard();
    let plain = heard.iter().filter(|heard| !heard.secure);
    assert!(
        plain
            .into_iter()
            .all(|heard| heard.line.starts_with("EHLO") || heard.line == "STARTTLS")
    );
}

/// What the oracle says of a server that does this with one reader's message, and of a program that was killed before.
async fn caught(lie: Rule, expected: &str) {
    let plan = Plan {
        connections: 1,
        ..few(false, true)
    };
    let readers = plan.readers;
    let mut theatre = Theatre::new(plan).await;
    assert!(theatre.kill_at(Stage::Dot, 3).await);
    // Somebody whose turn did not come yet: the order of readers is nobody's to know.
    let heard = theatre.server.heard();
    let is_waiting = |reader: &String| !heard.iter().any(|heard| heard.line.contains(reader));
    let victim = (0..readers).map(reader).find(is_waiting).unwrap();
    theatre.server.rule(lie.to(&victim).times(1));
    let verdict = theatre.end().await;
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
            .all(|breach| breach.starts_with(&victim)),
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

#[test]
fn an_outbox_or_a_copy_that_is_not_as_promised_is_found_out() {
    let message = |connection, to: usize, content: &str| crate::support::smtp::Received {
        connection,
        from: "proef@proef.example".into(),
        parameters: String::new(),
        to: vec![reader(to)],
        content: content.into(),
        followed: false,
        stored: true,
    };
    let told = |sent: &[usize], held: &[usize], hold| Told {
        planned: campaign::readers(2),
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

#[expect(
    clippy::disallowed_methods,
    reason = "a setting of the tests, not of the program"
)]
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}
