//! What the caps of the relays mean for an issue before it is sent: how much goes now, and when the rest could.
//!
//! Pure, and by the rule that a run gives out places by.

use jiff::Timestamp;
use serde::Serialize;

use super::caps::{Caps, RelayUse, start_of};

/// A relay of a forecast: its name, what it may be given, what it has carried.
#[derive(Debug, Clone)]
pub struct Carrier {
    /// What it goes by.
    pub name: String,
    /// What it may be given.
    pub caps: Caps,
    /// What it has carried.
    pub used: RelayUse,
}

/// What the caps mean for an issue that is sent now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Messages of it that each relay takes now, in order of preference; those that take none are left out.
    pub now: Vec<Share>,
    /// Messages of it that wait.
    pub later: u64,
    /// Messages of older issues that go first.
    pub ahead: u64,
    /// From when on the last of them may go; `None` if that lies behind all that was looked at.
    pub last_from: Option<Timestamp>,
    /// Messages of it that lie behind that.
    pub missed: u64,
}

/// A part of an issue that goes over one relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The relay.
    pub relay: String,
    /// Messages.
    pub messages: u64,
}

/// Foresees an issue for so many readers, `ahead` of which others wait, if each hour until `horizon` gives what it may.
pub fn forecast(
    mut carriers: Vec<Carrier>,
    ahead: u64,
    readers: u64,
    now: Timestamp,
    horizon: Timestamp,
) -> Forecast {
    let mut forecast = Forecast {
        now: vec![],
        later: readers,
        ahead,
        last_from: None,
        missed: 0,
    };
    let mut waiting = ahead;
    let this_hour = RelayUse::hour(now);
    for hour in this_hour..=RelayUse::hour(horizon) {
        give(&mut carriers, &mut waiting, hour);
        if waiting == 0 {
            let shares = give(&mut carriers, &mut forecast.later, hour);
            if hour == this_hour {
                forecast.now = shares;
            }
        }
        if waiting == 0 && forecast.later == 0 {
            forecast.last_from = Some(now.max(start_of(hour)));
            break;
        }
    }
    forecast.missed = forecast.later;
    forecast.later = readers - forecast.now.iter().map(|share| share.messages).sum::<u64>();
    forecast
}

/// Gives the relays what they may be given in an hour, in order.
fn give(carriers: &mut [Carrier], waiting: &mut u64, hour: i64) -> Vec<Share> {
    let mut shares = Vec::new();
    for carrier in carriers {
        let room = carrier.caps.room_in(&carrier.used, hour);
        let messages = room.map_or(*waiting, |room| room.left.min(*waiting));
        if messages > 0 {
            carrier.used.add(hour, messages);
            *waiting -= messages;
            let relay = carrier.name.clone();
            shares.push(Share { relay, messages });
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::caps::tests::{per_day, warming};
    use super::*;

    /// Monday at 8 UTC, some hours and minutes later.
    fn at(hours: i64, minutes: i64) -> Timestamp {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        start + SignedDuration::from_mins(60 * hours + minutes)
    }

    fn carrier(name: &str, caps: Caps) -> Carrier {
        Carrier {
            name: name.into(),
            caps,
            used: RelayUse::default(),
        }
    }

    fn share(relay: &str, messages: u64) -> Share {
        Share {
            relay: relay.into(),
            messages,
        }
    }

    #[test]
    fn a_forecast_gives_each_relay_what_it_may_carry() {
        let carriers = vec![carrier("one", per_day(100)), carrier("two", per_day(50))];
        let seen = forecast(carriers, 0, 400, at(0, 30), at(200, 0));
        assert_eq!(seen.now, [share("one", 100), share("two", 50)]);
        assert_eq!(seen.later, 250);
        // 150 on the first day, 150 from the 25th hour, the rest from the 50th.
        assert_eq!(seen.last_from, Some(at(50, 0)));
    }

    #[test]
    fn what_waits_already_goes_first() {
        let carriers = vec![carrier("one", per_day(100))];
        let seen = forecast(carriers, 130, 60, at(0, 30), at(200, 0));
        assert_eq!((seen.now, seen.later), (vec![], 60));
        assert_eq!(seen.last_from, Some(at(25, 0)));
    }

    #[test]
    fn a_relay_without_caps_takes_the_rest_at_once() {
        let carriers = vec![
            carrier("one", warming(50, 2.0, 900)),
            carrier("two", Caps::default()),
        ];
        let seen = forecast(carriers, 0, 60, at(0, 30), at(1, 0));
        assert_eq!(seen.now, [share("one", 50), share("two", 10)]);
        assert_eq!((seen.later, seen.last_from), (0, Some(at(0, 30))));
    }

    #[test]
    fn a_forecast_that_lies_behind_its_horizon_says_so() {
        let carriers = vec![carrier("one", warming(50, 2.0, 20_000))];
        let seen = forecast(carriers.clone(), 0, 800, at(0, 0), at(96, 0));
        // 50, 100, 200 and 400 in four days.
        assert_eq!((seen.later, seen.last_from, seen.missed), (750, None, 50));
        let seen = forecast(carriers, 0, 750, at(0, 0), at(96, 0));
        assert_eq!((seen.last_from, seen.missed), (Some(at(75, 0)), 0));
    }
}
