//! What the reading of one document may take, in work and in memory, and the end of all reading when the program is
//! asked to end.
//!
//! Every reader of strangers' bytes says what it is about to look at ([`spend`]) and what it is about to keep
//! ([`keep`], [`room_for`]), before it does. The count belongs to the thread that reads, so that no reader hands it on. Beyond
//! the bounds a step does not come back: it unwinds to [`within`], as a panic would, but without its message.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Error;

/// Octets that may be looked at for a document, counted each time that they are: some ten seconds of a small machine. An
/// honest feed of ten megabytes takes a tenth of it.
const MAX_WORK: u64 = 4_000_000_000;

/// What all documents that are read at once may keep, in octets, unless the operator says otherwise.
pub(super) const MEMORY: u64 = 200_000_000;

/// What one document may take.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    work: u64,
    memory: usize,
    ended: Arc<AtomicBool>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(MEMORY / 2)
    }
}

impl Budget {
    /// So many octets of memory for each document.
    pub(super) fn new(memory: u64) -> Self {
        Self {
            work: MAX_WORK,
            memory: usize::try_from(memory).unwrap_or(usize::MAX),
            ended: Arc::default(),
        }
    }

    /// Ends all reading under this budget and its copies, for good.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// What a document took of its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Octets looked at, each time that they were.
    pub work: u64,
    /// Octets kept until the document was read, as they were counted.
    pub memory: usize,
}

struct Count {
    budget: Budget,
    cost: Cost,
    broken: Option<Broken>,
}

#[derive(Debug, Clone, Copy)]
enum Broken {
    Work,
    Memory,
    Ended,
}

thread_local! {
    static COUNT: RefCell<Option<Count>> = const { RefCell::new(None) };
}

/// Reads a document within a budget: [`Error::TooMuchWork`], [`Error::TooMuchMemory`] or [`Error::Ended`] where it does not
/// keep to it. Within a budget already, that one goes on.
pub(super) fn within<T>(
    budget: &Budget,
    read: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    if COUNT.with_borrow(Option::is_some) {
        return read();
    }
    counted(budget.clone(), read).0
}

/// Reads as `within` does under the usual budget, and says what it took.
pub fn measured<T>(read: impl FnOnce() -> Result<T, Error>) -> (Result<T, Error>, Cost) {
    counted(Budget::default(), read)
}

fn counted<T>(budget: Budget, read: impl FnOnce() -> Result<T, Error>) -> (Result<T, Error>, Cost) {
    let memory = budget.memory;
    let count = Count {
        budget,
        cost: Cost::default(),
        broken: None,
    };
    COUNT.set(Some(count));
    let outcome = catch_unwind(AssertUnwindSafe(read));
    let count = COUNT.take();
    let broken = count.as_ref().and_then(|count| count.broken);
    let cost = count.map(|count| count.cost).unwrap_or_default();
    let result = match (broken, outcome) {
        (Some(Broken::Work), _) => Err(Error::TooMuchWork),
        (Some(Broken::Memory), _) => Err(Error::TooMuchMemory(memory)),
        (Some(Broken::Ended), _) => Err(Error::Ended),
        (None, Ok(result)) => result,
        (None, Err(panic)) => resume_unwind(panic),
    };
    (result, cost)
}

/// Says that so many octets are about to be looked at.
pub(super) fn spend(octets: usize) {
    count(|count| {
        count.cost.work = count.cost.work.saturating_add(octets as u64 + 1);
        if count.budget.ended.load(Ordering::Relaxed) {
            return Some(Broken::Ended);
        }
        (count.cost.work > count.budget.work).then_some(Broken::Work)
    });
}

/// Says that so many octets are about to be made that stay until the document is read.
pub(super) fn keep(octets: usize) {
    count(|count| {
        count.cost.memory = count.cost.memory.saturating_add(octets);
        (count.cost.memory > count.budget.memory).then_some(Broken::Memory)
    });
}

/// Says that so many octets are about to be made, or were until now, that soon go again.
pub(super) fn room_for(octets: usize) {
    count(|count| {
        let most = count.cost.memory.saturating_add(octets);
        (most > count.budget.memory).then_some(Broken::Memory)
    });
}

/// Counts, and ends the reading where a bound is passed: also again, where something on the way caught it.
fn count(step: impl FnOnce(&mut Count) -> Option<Broken>) {
    let broken = COUNT.with_borrow_mut(|count| {
        let count = count.as_mut()?;
        if count.broken.is_none() {
            count.broken = step(count);
        }
        count.broken
    });
    if broken.is_some() && !std::thread::panicking() {
        resume_unwind(Box::new(()));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn small() -> Budget {
        Budget {
            work: 100,
            memory: 50,
            ended: Arc::default(),
        }
    }

    #[test]
    fn what_takes_too_much_ends_where_it_does() {
        let budget = small();
        let steps = Cell::new(0);
        let ended = within(&budget, || {
            while steps.get() < 1_000 {
                spend(9);
                steps.set(steps.get() + 1);
            }
            Ok(())
        });
        assert!(matches!(ended, Err(Error::TooMuchWork)) && steps.get() == 10);
        let kept = within(&budget, || {
            keep(30);
            room_for(20);
            room_for(21);
            Ok(())
        });
        assert!(matches!(kept, Err(Error::TooMuchMemory(50))));
        // The next document begins anew, and outside of a budget nothing is counted.
        assert!(matches!(
            within(&budget, || {
                spend(90);
                Ok(7)
            }),
            Ok(7)
        ));
        spend(1_000);
    }

    #[test]
    fn who_catches_everything_does_not_catch_this() {
        let ended = within(&small(), || {
            let caught = catch_unwind(|| keep(51));
            assert!(caught.is_err());
            Ok(())
        });
        assert!(matches!(ended, Err(Error::TooMuchMemory(_))));
    }

    #[test]
    fn asked_to_end_no_reading_goes_on() {
        let budget = small();
        let other = budget.clone();
        assert!(matches!(
            within(&budget, || {
                spend(1);
                Ok(())
            }),
            Ok(())
        ));
        other.end();
        assert!(matches!(
            within(&budget, || {
                spend(1);
                Ok(())
            }),
            Err(Error::Ended)
        ));
    }

    #[test]
    #[should_panic(expected = "ours")]
    fn a_true_panic_stays_one() {
        let _ = within(&small(), || -> Result<(), Error> { panic!("ours") });
    }

    #[test]
    fn a_budget_in_a_budget_is_the_outer_one() {
        let (result, cost) = measured(|| {
            within(&small(), || {
                spend(199);
                Ok(())
            })
        });
        assert!(result.is_ok());
        assert_eq!(
            cost,
            Cost {
                work: 200,
                memory: 0
            }
        );
    }
}
