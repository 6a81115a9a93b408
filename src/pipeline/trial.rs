//! A newsletter that is being tried (`test = true`): each subject says so, and few readers are mailed, the first of the
//! file, always the same.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Diagnostic, IssueNumber, SealedVariant, Subscriber, SubscriberEntry};

/// Readers who are mailed: enough for who publishes, and a mistake touches few.
const READERS: usize = 20;

/// Stands before each subject.
const MARK: &str = "[test] ";

/// A subject that says that it is a trial.
pub(super) fn marked(subject: &str) -> String {
    format!("{MARK}{subject}")
}

/// The subject as it was before.
pub(super) fn unmarked(subject: &str) -> &str {
    subject.strip_prefix(MARK).unwrap_or(subject)
}

/// What to say of an issue that was sealed for all readers, before the trial began; `None` if it is part of it.
pub(super) fn is_none_of(number: IssueNumber, variants: &[SealedVariant]) -> Option<Diagnostic> {
    let is_marked = |one: &SealedVariant| one.digest.subject.starts_with(MARK);
    if variants.iter().all(is_marked) {
        return None;
    }
    let fault = format!(
        "issue {number} was sealed for all its readers, and waits while `test = true` stands in `[newsletter]`"
    );
    let hint = format!(
        "take `test` out to send the rest of it, or `courant issues cancel {number}` to send it never"
    );
    let fault = Diagnostic::error(fault).hint(hint);
    Some(fault.about(format!("issue {number}")))
}

/// The place of each entry in the file.
pub(super) fn order(entries: &[SubscriberEntry]) -> HashMap<String, usize> {
    let keys = entries.iter().map(|entry| entry.address.key());
    keys.zip(0..).collect()
}

/// Leaves the first of the file alone; who stands in none comes after them. Who has left keeps the place, so that nobody
/// new is mailed for it.
pub(super) fn keep_few(readers: &mut Vec<Subscriber>, order: &HashMap<String, usize>) {
    let place = |reader: &Subscriber| {
        let key = reader.address.key();
        (order.get(&key).copied().unwrap_or(usize::MAX), key)
    };
    let places: BTreeSet<_> = readers.iter().map(place).collect();
    let few: BTreeSet<_> = places.into_iter().take(READERS).collect();
    readers.retain(|reader| few.contains(&place(reader)));
}
