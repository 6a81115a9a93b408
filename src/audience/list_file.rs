//! Whether `subscribers.toml` is believed. A file that is gone, empty or much shorter than what was accepted last is more often
//! a mount, a checkout or a copy that failed than a wish: then nothing is taken over from it until a person accepts it.
//!
//! What was accepted last are the active readers who belong to the file. Readers who come from elsewhere are none of its
//! business, and an entry with a fault is not gone.

use std::collections::HashSet;

use super::Error;
use crate::model::{EmailAddress, ListFile};
use crate::store::Store;

/// So few may go at once, whatever their share: people tidy up a short list by hand.
const FEW: usize = 9;

/// The share of the file's own readers that may go at once, in percent: a list loses a few of a hundred in a month.
const SHARE: usize = 20;

/// Why the file is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoubtReason {
    /// It is not there.
    Missing,
    /// Nobody stands in it.
    Empty,
    /// Too many are gone from it.
    Shrunk,
}

/// A file that is not believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// The file, as the user knows it.
    pub file: std::path::PathBuf,
    /// Why.
    pub why: DoubtReason,
    /// How many of its readers were accepted last.
    pub had: usize,
    /// Those of them who do not stand in it.
    pub gone: Vec<EmailAddress>,
}

/// Says why the file is not believed, if so.
pub async fn doubt(store: &Store, file: &ListFile) -> Result<Option<Doubt>, Error> {
    let own = store.subscriber_own().await?;
    Ok(judge(own, file))
}

/// Who of the file's readers does not stand in it any more.
pub(super) async fn gone(store: &Store, file: &ListFile) -> Result<Vec<EmailAddress>, Error> {
    Ok(gone_of(store.subscriber_own().await?, file))
}

fn judge(own: Vec<EmailAddress>, file: &ListFile) -> Option<Doubt> {
    let had = own.len();
    let gone = gone_of(own, file);
    let nobody = file.entries.is_empty() && file.unsound.is_empty();
    let why = match gone.len() {
        0 => return None,
        _ if file.missing => DoubtReason::Missing,
        _ if nobody => DoubtReason::Empty,
        many if many > FEW && many * 100 > had * SHARE => DoubtReason::Shrunk,
        _ => return None,
    };
    let file = file.name.clone();
    Some(Doubt {
        file,
        why,
        had,
        gone,
    })
}

fn gone_of(own: Vec<EmailAddress>, file: &ListFile) -> Vec<EmailAddress> {
    let entries = file.entries.iter().map(|entry| &entry.address);
    let stand: HashSet<String> = entries.chain(&file.unsound).map(|a| a.key()).collect();
    let mut gone = own;
    gone.retain(|address| !stand.contains(&address.key()));
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readers(numbers: std::ops::Range<usize>) -> Vec<EmailAddress> {
        let address = |n| EmailAddress::parse(&format!("lezer{n}@example.nl"));
        numbers.map(|n| address(n).unwrap()).collect()
    }

    /// A file in which these stand, all with a fault.
    fn file(unsound: Vec<EmailAddress>) -> ListFile {
        ListFile {
            unsound,
            ..ListFile::default()
        }
    }

    fn why(own: usize, file: &ListFile) -> Option<DoubtReason> {
        judge(readers(0..own), file).map(|doubt| doubt.why)
    }

    #[test]
    fn a_file_that_lost_more_than_a_fifth_and_at_least_ten_is_doubted() {
        let shrunk = Some(DoubtReason::Shrunk);
        for (had, stay, expected) in [
            (49, 39, shrunk),
            (50, 40, None),
            (11, 2, None),
            (11, 1, shrunk),
            (1000, 800, None),
            (1000, 799, shrunk),
        ] {
            assert_eq!(why(had, &file(readers(0..stay))), expected, "{had} {stay}");
        }
        // New ones do not make up for it.
        let others = file(readers(39..1_000));
        assert_eq!(why(49, &others), shrunk);
        let doubt = judge(readers(0..49), &others).unwrap();
        assert_eq!((doubt.had, doubt.gone.len()), (49, 39));
    }

    #[test]
    fn an_empty_or_missing_file_is_doubted_where_anybody_was_in_it() {
        let missing = ListFile {
            missing: true,
            ..file(vec![])
        };
        assert_eq!(why(1, &file(vec![])), Some(DoubtReason::Empty));
        assert_eq!(why(1, &missing), Some(DoubtReason::Missing));
        assert_eq!(why(0, &file(vec![])), None);
        assert_eq!(why(0, &missing), None);
        // The sample of a new newsletter gives way to its first reader.
        assert_eq!(why(1, &file(readers(1..2))), None);
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let shouted = EmailAddress::parse("LEZER0@Example.NL").unwrap();
        assert_eq!(why(1, &file(vec![shouted])), None);
    }
}
