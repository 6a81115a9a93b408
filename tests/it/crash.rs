//! The promise under fire: a sender that is killed at random and at each named point, against a server that misbehaves.
//!
//! Nobody is lost; where unknowns are sent again, copies are identical, come from the last message of a connection that
//! broke, one for each, and are three at most; where they are held there are none, and who is held is named. What one of two
//! relays may have goes by no other, a cap is kept, and so is a pause. That the oracle finds a breach is shown with servers
//! that lie. `benches/crash` is the long form.

#![expect(
    clippy::print_stdout,
    reason = "the seed of what was done, and what came of it"
)]

mod blows;
pub mod campaign;
mod chance;
pub mod engine;
mod evidence;
mod lying;
pub mod oracle;
mod points;
pub mod scene;

use campaign::{Outcome, Plan, Theatre};
use engine::Engine;
use points::{POINTS, at_each_point};
use scene::Scene;

/// The short form, as CI runs it; another seed comes from `COURANT_CRASH_SEED`, by [`plan`].
const SHORT: Plan = Plan {
    seed: 20_261_127,
    readers: 100,
    connections: 4,
    kills: 6,
    hold: false,
    pipelining: false,
    scene: Scene::Plain,
    engine: Engine::Sqlite,
};

/// The short form's plan, with a seed of its own.
fn plan(more: u64) -> Plan {
    Plan {
        seed: number("COURANT_CRASH_SEED").unwrap_or(SHORT.seed) + more,
        ..SHORT
    }
}

/// Acts of a campaign after which something is wrong with the campaign itself.
const MOST_ACTS: u64 = 12;

/// What an act must come to: the promise was kept.
fn kept(plan: Plan, outcome: &Outcome) {
    let verdict = &outcome.verdict;
    println!(
        "seed {} {:?} on {:?}, hold {}, pipelining {}: {} of {} blows while sending, {} faults of the servers; took {:?}; \
         {} times put back, {} paces remembered; {} lost or more than allowed, {} copies, {} held",
        plan.seed,
        plan.scene,
        plan.engine,
        plan.hold,
        plan.pipelining,
        outcome.struck,
        plan.kills,
        outcome.faults,
        outcome.taken,
        outcome.put_back,
        outcome.paces,
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

/// Whether a campaign was indeed under fire: enough blows struck while mail was under way, and each relay had some.
fn was_under_fire(plan: Plan, outcome: &Outcome) -> bool {
    // Where both relays are down nobody is struck.
    let few = if plan.scene == Scene::Relays { 3 } else { 2 };
    let paced = plan.scene != Scene::Paces || (outcome.put_back > 0 && outcome.paces > 0);
    outcome.struck * few > plan.kills && outcome.taken.iter().all(|taken| *taken > 0) && paced
}

/// Plays a campaign; says how many runs were struck. Where mail was sent faster than it could be struck, the campaign goes
/// on with new readers: how fast a machine is decides how long that takes, and not what is found.
async fn at_random(plan: Plan) -> usize {
    println!("{plan:?}");
    let mut all = Outcome::default();
    for act in 0..MOST_ACTS {
        let plan = Plan {
            seed: plan.seed + 1_000 * act,
            ..plan
        };
        let outcome = Theatre::new(plan).await.play().await;
        kept(plan, &outcome);
        all.add(&outcome);
        if was_under_fire(plan, &all) {
            return all.struck;
        }
    }
    panic!("{MOST_ACTS} acts, and too little was struck: {all:?}");
}

/// Plays two campaigns of a scene at a time, one in each mode.
async fn in_both_modes(scene: Scene, pipelining: [bool; 2], plan: Plan) -> usize {
    let one = |hold: bool| Plan {
        seed: plan.seed + u64::from(hold),
        hold,
        pipelining: pipelining[usize::from(hold)],
        scene,
        ..plan
    };
    let (resent, held) = tokio::join!(at_random(one(false)), at_random(one(true)));
    resent + held
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_nobody_is_lost_and_copies_are_few() {
    at_random(plan(0)).await;
    at_random(Plan {
        pipelining: true,
        ..plan(1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_with_hold_there_are_no_copies() {
    at_random(Plan {
        hold: true,
        ..plan(2)
    })
    .await;
    at_random(Plan {
        hold: true,
        pipelining: true,
        ..plan(3)
    })
    .await;
}

/// Each relay fails now and then, and the first may carry a quarter: what one may have goes to the other in no run.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_between_two_relays_neither_is_given_what_the_other_may_have() {
    in_both_modes(Scene::Relays, [true, false], plan(4)).await;
}

/// Domains are slow or ask for it, so that deliveries are put back and paces remembered from run to run.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_while_domains_wait_for_their_pace() {
    let plan = Plan {
        readers: 200,
        ..plan(6)
    };
    in_both_modes(Scene::Paces, [false, true], plan).await;
}

/// SIGTERM in between, and orders from another process: a run that ends in order leaves nothing in doubt, and of a paused
/// issue nothing is begun.
#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_paused_and_killed_at_random() {
    in_both_modes(Scene::Orders, [true, false], plan(8)).await;
}

/// With the state on a server: what a killed run held is taken back once its leases have run out.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_on_postgresql_the_same_holds() {
    if !Engine::Postgres.is_here("a crash campaign").await {
        return;
    }
    let plan = Plan {
        kills: 4,
        engine: Engine::Postgres,
        ..plan(10)
    };
    in_both_modes(Scene::Plain, [true, false], plan).await;
}

/// `benches/crash/run`: each point and 1,000 readers, in each mode with and without groups, then every other scene in each
/// mode; all of it on both engines.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: benches/crash/run"]
async fn the_long_form() {
    let on = async |engine: Engine| match engine.is_here("the long form on it").await {
        true => long(engine).await,
        false => 0,
    };
    // Where one waits for a pace, the other has the processors.
    let (file, server) = tokio::join!(on(Engine::Sqlite), on(Engine::Postgres));
    println!("{} runs were struck while they were sending", file + server);
}

async fn long(engine: Engine) -> usize {
    let kills = number("COURANT_CRASH_KILLS").map_or(40, |kills| usize::try_from(kills).unwrap());
    let long = |more| Plan {
        readers: 1_000,
        connections: 8,
        kills,
        engine,
        ..plan(more)
    };
    let mut struck = 0;
    for (more, pipelining) in [(0, false), (2, true)] {
        struck += in_both_modes(Scene::Plain, [pipelining; 2], long(more)).await;
        for hold in [false, true] {
            at_each_point(engine, hold, pipelining).await;
        }
    }
    struck += in_both_modes(Scene::Relays, [true, false], long(4)).await;
    // While an order is given, the sender goes on.
    let more_readers = Plan {
        readers: 5_000,
        ..long(8)
    };
    let (paced, ordered) = tokio::join!(
        in_both_modes(Scene::Paces, [false, true], long(6)),
        in_both_modes(Scene::Orders, [true, false], more_readers),
    );
    struck += paced + ordered;
    let points = POINTS.len();
    println!("on {engine:?}: {struck} while they were sending, and 4 at each of {points} points");
    struck
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
