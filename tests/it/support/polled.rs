//! What a test waits for in a newsletter's database, while a program runs on it: a start of the program for each look
//! would take a hundred times as long.

use courant::model::{Account, DeliveryState, IssueNumber};
use courant::store::{Store, StoreTarget};

use super::newsletter::Newsletter;

/// Where a newsletter keeps its state, if it is not on a server.
pub fn file(newsletter: &Newsletter) -> StoreTarget {
    StoreTarget::Sqlite(newsletter.path("state/courant.db"))
}

/// Waits until the first issue stands as wanted: its account, and how many mails were put back for their pace, which wait
/// and were never tried.
pub async fn until(target: &StoreTarget, wanted: impl Fn(Account, usize) -> bool) {
    let store = Store::open(target).await.unwrap();
    loop {
        if let Some((account, put_back)) = look(&store).await
            && wanted(account, put_back)
        {
            break;
        }
        tokio::task::yield_now().await;
    }
    store.close().await;
}

async fn look(store: &Store) -> Option<(Account, usize)> {
    let first = IssueNumber(1);
    let issue = store.issue_load(first).await.unwrap()?;
    let mut put_back = 0;
    let walked = store.delivery_walk(first, |row| {
        let untried = row.state == DeliveryState::Queued && row.attempts + row.unknowns == 0;
        put_back += usize::from(untried && row.next_at.is_some_and(|at| at > issue.sealed_at));
    });
    Some((walked.await.unwrap()?, put_back))
}
