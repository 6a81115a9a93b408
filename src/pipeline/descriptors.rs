//! How many descriptors the system lets this process have (`ulimit -n`), and what of them is for which connections.
//!
//! The database comes first: a run that had none left for it would end as if that were away.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// What is kept free for the database, the journal, files that are read and written, name servers, and the program's own.
const KEPT_FREE: usize = 48;

/// Descriptors that a question to a source may take: its connection, one that is kept for the next, and the name server's.
const OF_A_QUESTION: usize = 3;

/// What is asked for where the system gives more than it does at first.
const WANTED: rlim_t = 4_096;

/// Takes as many as may be had, up to some thousands: most systems give 1,024 at first, and many more on demand. Where that
/// is refused, there are as many as before.
pub fn raise() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard.min(WANTED)
    {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard.min(WANTED), hard);
    }
}

/// Sources that can be asked at once, of those that should be.
pub(super) fn of_sources(wanted: usize) -> usize {
    (free() / OF_A_QUESTION).clamp(1, wanted.max(1))
}

/// Connections to a relay that can be open at once, of those that should be. The sources have been asked by then.
pub(super) fn of_relay(wanted: usize) -> usize {
    free().clamp(1, wanted.max(1))
}

fn free() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(rlim_t::MAX, |(soft, _)| soft);
    usize::try_from(limit)
        .unwrap_or(usize::MAX)
        .saturating_sub(KEPT_FREE)
}
