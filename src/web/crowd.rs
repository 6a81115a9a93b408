//! Who is connected: so many in all, so many an address, and who has to go for whom.
//!
//! When there is no room, a connection that waits for a request, or is slow to say one, is closed for the newcomer: of the
//! address that has the most, the oldest; where nobody waits, one that takes nothing of its answer. So who comes alone gets in
//! beside a crowd of slow ones, however large. One that is being answered and takes it is closed only for an address that has fewer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Bits of an IPv6 address that tell one house from another: behind them one computer has as many as it likes (RFC 6177 §2).
const HOUSE: u32 = 64;

/// Everybody who is connected.
#[derive(Debug, Clone)]
pub(super) struct Crowd(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    most: usize,
    most_of_one: usize,
    next: u64,
    /// In the order in which they came.
    all: HashMap<u64, Member>,
    of: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Member {
    address: IpAddr,
    is_answered: bool,
    /// It takes nothing of what it is told.
    is_stalled: bool,
    leave: Arc<Notify>,
}

/// A place among them; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Crowd,
    number: u64,
    leave: Arc<Notify>,
}

/// Marks a connection as being answered for as long as it lives.
#[derive(Debug)]
pub(super) struct Answering {
    crowd: Crowd,
    number: u64,
}

impl Crowd {
    /// Room for so many in all, and so many of one address.
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            most,
            most_of_one,
            next: 0,
            all: HashMap::new(),
            of: HashMap::new(),
        })))
    }

    /// A place for a newcomer, which somebody else may have to leave; `None` where all are being answered.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = house(address);
        let mut state = self.state();
        let is_many = !is_proxy(address) && state.count(address) >= state.most_of_one;
        if is_many && !state.dismiss(Some(address)) {
            return None;
        }
        let is_full = state.all.len() >= state.most;
        if is_full && !state.dismiss(None) && !state.dismiss_of_crowd(address) {
            return None;
        }
        let number = state.next;
        state.next += 1;
        let leave = Arc::new(Notify::new());
        let member = Member {
            address,
            is_answered: false,
            is_stalled: false,
            leave: leave.clone(),
        };
        state.all.insert(number, member);
        *state.of.entry(address).or_default() += 1;
        Some(Place {
            crowd: self.clone(),
            number,
            leave,
        })
    }

    /// Closes one that waits, for want of anything else; says whether there was one.
    pub(super) fn dismiss_one(&self) -> bool {
        self.state().dismiss(None)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count(&self, address: IpAddr) -> usize {
        self.of.get(&address).copied().unwrap_or(0)
    }

    /// Takes the place of one that waits, or else of one that takes nothing: of this address, or of the one that has the most;
    /// the oldest.
    fn dismiss(&mut self, address: Option<IpAddr>) -> bool {
        let waits = |member: &Member| !member.is_answered;
        let chosen = self.oldest(address, waits);
        let chosen = chosen.or_else(|| self.oldest(address, |member| member.is_stalled));
        self.close(chosen)
    }

    fn close(&mut self, chosen: Option<u64>) -> bool {
        let closed = chosen.and_then(|number| self.remove(number));
        closed.inspect(|member| member.leave.notify_one()).is_some()
    }

    /// The same, where all are being answered: the oldest of an address that has more than the newcomer's will have.
    fn dismiss_of_crowd(&mut self, newcomer: IpAddr) -> bool {
        let own = self.count(newcomer) + 1;
        let is_crowd =
            |member: &Member| !is_proxy(member.address) && self.count(member.address) > own;
        let chosen = self.oldest(None, is_crowd);
        self.close(chosen)
    }

    fn oldest(&self, address: Option<IpAddr>, may_go: impl Fn(&Member) -> bool) -> Option<u64> {
        let fits = |member: &Member| address.is_none_or(|wanted| wanted == member.address);
        let all = self.all.iter();
        let fitting = all.filter(|(_, member)| fits(member) && may_go(member));
        fitting
            .max_by_key(|(number, member)| (self.count(member.address), Reverse(**number)))
            .map(|(number, _)| *number)
    }

    fn remove(&mut self, number: u64) -> Option<Member> {
        let member = self.all.remove(&number)?;
        if let Some(count) = self.of.get_mut(&member.address) {
            *count -= 1;
            if *count == 0 {
                self.of.remove(&member.address);
            }
        }
        Some(member)
    }
}

impl Place {
    /// Waits until somebody else needs it.
    pub(super) async fn given_up(&self) {
        self.leave.notified().await;
    }

    /// Notes whether its client takes nothing of what it is told.
    pub(super) fn stalls(&self, is_stalled: bool) {
        if let Some(member) = self.crowd.state().all.get_mut(&self.number) {
            member.is_stalled = is_stalled;
        }
    }

    /// Marks its connection as being answered.
    pub(super) fn answering(&self) -> Answering {
        if let Some(member) = self.crowd.state().all.get_mut(&self.number) {
            member.is_answered = true;
        }
        Answering {
            crowd: self.crowd.clone(),
            number: self.number,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.state().remove(self.number);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Some(member) = self.crowd.state().all.get_mut(&self.number) {
            member.is_answered = false;
        }
    }
}

/// A web server in front of us, on this machine, brings everybody from one address; it waits for its answers, and for nothing
/// else.
fn is_proxy(address: IpAddr) -> bool {
    address == IpAddr::V4(Ipv4Addr::LOCALHOST)
        || address == IpAddr::V6(house_of(Ipv6Addr::LOCALHOST))
}

/// What counts as one address.
fn house(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(house_of(address)),
        address @ IpAddr::V4(_) => address,
    }
}

fn house_of(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() >> (128 - HOUSE) << (128 - HOUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn is_given_up(place: &Place) -> bool {
        !place.crowd.state().all.contains_key(&place.number)
    }

    #[test]
    fn who_comes_alone_takes_the_place_of_the_oldest_of_the_largest_crowd() {
        let crowd = Crowd::new(4, 3);
        let alone = crowd.enter(address("192.0.2.1")).unwrap();
        let many: Vec<Place> = (0..3)
            .map(|_| crowd.enter(address("192.0.2.2")).unwrap())
            .collect();
        let _other = crowd.enter(address("192.0.2.3")).unwrap();
        let given_up: Vec<bool> = many.iter().map(is_given_up).collect();
        assert_eq!(given_up, [true, false, false]);
        assert!(!is_given_up(&alone));
    }

    #[test]
    fn an_address_that_has_enough_gives_up_its_own() {
        let crowd = Crowd::new(100, 2);
        let first = crowd.enter(address("2001:db8:0:1::1")).unwrap();
        let second = crowd.enter(address("2001:db8:0:1::2")).unwrap();
        let elsewhere = crowd.enter(address("2001:db8:0:2::1")).unwrap();
        let _third = crowd.enter(address("2001:db8:0:1::3")).unwrap();
        assert!(is_given_up(&first) && !is_given_up(&second) && !is_given_up(&elsewhere));
    }

    #[test]
    fn who_is_being_answered_stays_and_a_web_server_in_front_of_us_is_not_counted_by_address() {
        for (place, enters) in [
            ("192.0.2.1", false),
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
        ] {
            let crowd = Crowd::new(5, 2);
            let places: Vec<Place> = (0..2)
                .map(|_| crowd.enter(address(place)).unwrap())
                .collect();
            let answering: Vec<Answering> = places.iter().map(Place::answering).collect();
            assert_eq!(crowd.enter(address(place)).is_some(), enters, "{place}");
            drop(answering);
            assert!(crowd.enter(address(place)).is_some());
        }
        let crowd = Crowd::new(1, 1);
        let place = crowd.enter(address("192.0.2.1")).unwrap();
        let answering = place.answering();
        assert!(crowd.enter(address("192.0.2.2")).is_none() && !crowd.dismiss_one());
        place.stalls(true);
        let other = crowd.enter(address("192.0.2.2"));
        assert!(other.is_some() && is_given_up(&place));
        drop(other);
        drop((answering, place));
        let crowd = Crowd::new(2, 2);
        let two: Vec<Place> = (0..2)
            .map(|_| crowd.enter(address("192.0.2.1")).unwrap())
            .collect();
        let answering: Vec<Answering> = two.iter().map(Place::answering).collect();
        let alone = crowd.enter(address("192.0.2.2"));
        assert!(alone.is_some() && is_given_up(&two[0]) && !is_given_up(&two[1]));
        drop((answering, two, alone));
        assert!(crowd.state().of.is_empty());
    }
}
