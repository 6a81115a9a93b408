//! Decides when a refused delivery is tried again.
//!
//! Pure: the caller passes the time, the number of attempts and the expiry. Never gives up on its own before the
//! expiry, since a greylisting server may take hours to relent.

use jiff::{SignedDuration, Timestamp};

/// Minutes to wait after the first attempts; after the last of them, that same pause again and again.
///
/// Greylisting servers relent within minutes; RFC 5321 §4.5.4.1 asks for pauses that grow.
const PAUSES: [i64; 4] = [1, 5, 15, 60];

/// Says when to try again after `attempts` earlier attempts, or `None` if that lies past the expiry.
pub fn next_attempt(attempts: u32, now: Timestamp, expires_at: Timestamp) -> Option<Timestamp> {
    let step = usize::try_from(attempts)
        .unwrap_or(usize::MAX)
        .min(PAUSES.len() - 1);
    let next = now
        .checked_add(SignedDuration::from_mins(PAUSES[step]))
        .ok()?;
    (next <= expires_at).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_end_at_the_expiry() {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let expiry = now + SignedDuration::from_hours(96);
        let minutes =
            |attempts| next_attempt(attempts, now, expiry).map(|next| (next - now).as_mins());
        let pauses: Vec<_> = (0..6).map(minutes).collect();
        assert_eq!(pauses, [1, 5, 15, 60, 60, 60].map(Some));
        assert_eq!(minutes(u32::MAX), Some(60));
        let late = expiry - SignedDuration::from_mins(30);
        assert!(next_attempt(2, late, expiry).is_some());
        assert_eq!(next_attempt(3, late, expiry), None);
    }
}
