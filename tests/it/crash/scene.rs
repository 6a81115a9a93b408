//! What is under fire beside the protocol with one server, and the newsletter that is set up for it.

use super::campaign::Plan;
use crate::support::newsletter::Newsletter;

/// A domain with a rate that most of its readers have to wait for.
pub const SLOW: &str = "traag.example";

/// A domain with places for two.
const NARROW: &str = "smal.example";

/// A domain whose server asks for a slower pace.
const BUSY: &str = "druk.example";

/// The domains whose server asks for a slower pace: fewer than make it the relay that asks.
pub const ASKING: [&str; 2] = [BUSY, NARROW];

/// So few that more is put back than lies on the shelf, in the short form as well.
const SLOW_RATE: &str = "rate = \"6/min\"\n";

/// Mails to [`SLOW`] that find a slot before a delivery is put back: in a minute at [`SLOW_RATE`].
pub const SLOTS: usize = 7;

/// What is under fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// One relay, as fast as it takes it.
    Plain,
    /// Two relays that are down now and then; the first may carry a quarter of the list.
    Relays,
    /// Readers at several domains with limits, and a server that asks for a slower pace.
    Paces,
    /// Runs that are told to end, and an issue that is paused and resumed.
    Orders,
}

/// The address of the n-th reader.
pub fn address(scene: Scene, number: usize) -> String {
    let domain = match (scene, number % 10) {
        (Scene::Paces, 6) => SLOW,
        (Scene::Paces, 7) => NARROW,
        (Scene::Paces, 8 | 9) => BUSY,
        _ => "example.nl",
    };
    format!("reader{number}@{domain}")
}

/// Mails that the first relay may carry in 24 hours, where it has a limit.
pub fn cap(plan: &Plan) -> Option<usize> {
    (plan.scene == Scene::Relays).then_some(plan.readers / 4)
}

/// A newsletter over these relays.
pub fn newsletter(plan: &Plan, relays: &[String]) -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    let on_unknown = if plan.hold { "hold" } else { "resend" };
    let mut delivery = format!(
        "connections = {}\non_unknown = \"{on_unknown}\"\nslow_down = {}\n",
        plan.connections,
        // The faults of the other campaigns ask for a pace at which they would take an hour.
        plan.scene == Scene::Paces
    );
    match relays {
        [only] => delivery.push_str(&format!("relay = \"{only}\"\n")),
        several => {
            for (place, relay) in several.iter().enumerate() {
                let cap = cap(plan)
                    .filter(|_| place == 0)
                    .map_or(String::new(), per_day);
                delivery.push_str(&format!("[[delivery.relay]]\nurl = \"{relay}\"\n{cap}"));
            }
        }
    }
    if plan.scene == Scene::Paces {
        delivery.push_str(&format!(
            "[[delivery.domains]]\nname = \"{SLOW}\"\nconnections = 1\n{SLOW_RATE}\
             [[delivery.domains]]\nname = \"{NARROW}\"\nconnections = 2\nrate = \"40/s\"\n"
        ));
    }
    newsletter.replace("courant.toml", "relay = \"mailbox\"\n", &delivery);
    let readers = (0..plan.readers).map(|number| {
        let address = address(plan.scene, number);
        format!("[[subscriber]]\nemail = \"{address}\"\nname = \"Lezer {number}\"\n\n")
    });
    newsletter.append("subscribers.toml", &readers.collect::<String>());
    newsletter
}

/// Takes away what would hold up the rest for hours: caps and paces.
pub fn lift(plan: &Plan, newsletter: &Newsletter) {
    let away = |text: &str, instead: &str| newsletter.replace("courant.toml", text, instead);
    if let Some(cap) = cap(plan) {
        away(&per_day(cap), "");
    }
    if plan.scene == Scene::Paces {
        away(SLOW_RATE, "");
        away("slow_down = true", "slow_down = false");
    }
}

fn per_day(cap: usize) -> String {
    format!("per_day = {cap}\n")
}
