//! What readers ask: who is listed, who left, and the links that prove it.
//!
//! The subscribers file says who asked to receive; the store remembers who left, and always wins. Every link in a
//! mail carries a token that is judged without the database; every suppression is kept as a keyed hash, so that it
//! survives erasure and a second import of the same address.

mod gone;
mod leave;
mod letter;
mod list;
mod list_file;
mod proof;
mod report;
mod return_path;
mod revive;
mod secret;
mod site;
mod token;

pub use gone::{Gone, judge_gone};
pub use leave::{Departure, leave, reader_of};
pub use list::{Acceptance, Synced, SyncedList, accept, accepted, look, newcomer, sync};
pub use list_file::{Doubt, DoubtReason, doubt};
pub use report::{Judged, Terms, Verdict, report};
pub use return_path::{LONGEST_LOCAL, Returned, return_path, returned};
pub use revive::{Revived, Suppressed, revive, suppress};
pub use secret::{
    FINGERPRINT, Keys, Secret, SecretError, check_secret, load_or_create, read_keys, read_secret,
};
pub use site::{is_site_answer, site_answer, site_question};
pub use token::{Purpose, Token, TokenError};

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] crate::store::Error),
    /// The secret is missing, unreadable or not the one this store was made with.
    #[error(transparent)]
    Secret(#[from] SecretError),
}
