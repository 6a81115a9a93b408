//! When to expect deliveries again that were put back until their turn comes.
//!
//! Pure: the caller passes the instant. Their times are laid together, so that one claim brings many of them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

/// Turns that come within this time are expected together, at its beginning: a claim looks at all that is queued.
const TOGETHER: Duration = Duration::from_secs(20);

/// What was put back: the number of each delivery, its lane, and when it is due.
#[derive(Debug)]
pub(super) struct Parking {
    start: Instant,
    /// Nothing is expected later than this.
    end: Option<Instant>,
    parked: HashMap<i64, (Instant, usize)>,
    /// The same by time, and some that have come meanwhile.
    due: BinaryHeap<Reverse<(Instant, i64)>>,
    last: Instant,
}

impl Parking {
    pub(super) fn new(start: Instant, end: Option<Instant>) -> Self {
        Self {
            start,
            end,
            parked: HashMap::new(),
            due: BinaryHeap::new(),
            last: start,
        }
    }

    /// Notes one whose turn is expected after so long a wait, which may be certain or a guess; says when it is due.
    ///
    /// A guess is looked at again after half of the time, since its lane may find back to its pace meanwhile.
    pub(super) fn park(
        &mut self,
        (number, lane): (i64, usize),
        (wait, certain): (Duration, bool),
        now: Instant,
    ) -> Instant {
        let (meant, least) = match certain {
            true => (wait, wait / 2),
            false => (wait / 2, wait / 4),
        };
        let due = self.together(now + meant).max(now + least);
        let due = self.end.map_or(due, |end| due.min(end));
        self.parked.insert(number, (due, lane));
        self.due.push(Reverse((due, number)));
        self.last = self.last.max(due);
        due
    }

    /// A delivery was claimed; says its lane, if it was put back for that before.
    pub(super) fn came(&mut self, number: i64) -> Option<usize> {
        if self.parked.is_empty() {
            return None;
        }
        self.parked.remove(&number).map(|(_, lane)| lane)
    }

    /// One that is due and has not come is expected no more; says its lane.
    pub(super) fn leave(&mut self, now: Instant) -> Option<usize> {
        while let Some(Reverse((due, number))) = self.due.peek().copied() {
            if due > now {
                return None;
            }
            self.due.pop();
            if let Some((at, lane)) = self.parked.get(&number).copied()
                && at == due
            {
                self.parked.remove(&number);
                return Some(lane);
            }
        }
        None
    }

    /// When the first is due; it may have come already.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((due, _))| *due)
    }

    /// How many are expected, and when the last of them is.
    pub(super) fn expected(&self) -> Option<(usize, Instant)> {
        let count = self.parked.len();
        (count > 0).then_some((count, self.last))
    }

    pub(super) fn clear(&mut self) {
        self.parked.clear();
        self.due.clear();
    }

    fn together(&self, at: Instant) -> Instant {
        let passed = at.saturating_duration_since(self.start).as_secs();
        let group = passed - passed % TOGETHER.as_secs();
        self.start + Duration::from_secs(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn turns_that_come_close_together_are_expected_together() {
        let start = Instant::now();
        let mut parking = Parking::new(start, None);
        let dues: Vec<_> = (61..=85)
            .step_by(3)
            .zip(0..)
            .map(|(wait, n)| parking.park((n, 0), (seconds(wait), true), start) - start)
            .collect();
        assert_eq!(dues[..7], [seconds(60); 7]);
        assert_eq!(dues[7..], [seconds(80); 2]);
        assert_eq!(parking.expected(), Some((9, start + seconds(80))));
        assert_eq!(parking.next(), Some(start + seconds(60)));
        assert_eq!(parking.leave(start + seconds(59)), None);
        let left = std::iter::from_fn(|| parking.leave(start + seconds(60)));
        assert_eq!(left.count(), 7);
    }

    #[test]
    fn who_came_early_is_not_expected_again() {
        let start = Instant::now();
        let mut parking = Parking::new(start, None);
        let first = parking.park((0, 5), (seconds(100), true), start);
        assert_eq!((parking.came(0), parking.came(0)), (Some(5), None));
        assert_eq!(parking.expected(), None);
        let second = parking.park((0, 6), (seconds(300), true), start);
        assert_eq!(parking.leave(first), None, "it was put back for longer");
        assert_eq!(parking.leave(second), Some(6));
        assert_eq!((parking.leave(second), parking.expected()), (None, None));
    }

    #[test]
    fn nothing_is_expected_at_once() {
        let start = Instant::now();
        let mut parking = Parking::new(start, None);
        let now = start + seconds(5);
        let due = parking.park((0, 0), (seconds(4), true), now);
        assert_eq!(due, now + seconds(2));
        let due = parking.park((0, 0), (seconds(4), false), now);
        assert_eq!(due, now + seconds(1));
    }

    #[test]
    fn a_guess_is_looked_at_again_before_its_time() {
        let start = Instant::now();
        let mut parking = Parking::new(start, None);
        let due = parking.park((0, 0), (seconds(600), false), start);
        assert_eq!(due, start + seconds(300));
    }

    #[test]
    fn nothing_is_expected_after_the_end() {
        let start = Instant::now();
        let end = start + seconds(90);
        let mut parking = Parking::new(start, Some(end));
        assert_eq!(parking.park((0, 0), (seconds(600), true), start), end);
    }
}
