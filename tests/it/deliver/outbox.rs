//! An outbox in memory that obeys the fences, and notes every breach of the protocol.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use courant::deliver::{Outbox, OutboxError, Progress, Recorded};
use courant::model::{
    Account, Claim, ClaimedDelivery, DeliveryKey, DeliveryState, IntentRefusal, IssueNumber,
    LearntPace, Outcome, OutcomeRecord, Reader, Revised, Revision, SubscriberId, TurnRequest,
    TurnResult,
};
use jiff::Timestamp;

/// Something that happens inside a turn, before its work.
type Hook = Box<dyn FnMut(&TurnRequest) + Send>;

/// A delivery.
#[derive(Debug, Clone)]
pub struct Row {
    pub reader: Reader,
    pub variant: i64,
    pub state: DeliveryState,
    pub attempts: u32,
    pub unknowns: u32,
    pub next_at: Timestamp,
    pub outcomes: Vec<Outcome>,
    fence: i64,
    lease_until: Timestamp,
    left: bool,
}

/// The outbox of one issue.
pub struct MemoryOutbox {
    rows: Mutex<Vec<Row>>,
    turns: Mutex<Vec<TurnRequest>>,
    told: Mutex<usize>,
    hook: Mutex<Option<Hook>>,
    fails: Mutex<bool>,
    paces: Mutex<Vec<LearntPace>>,
    /// How often each turn lets everybody else go on before it does anything.
    rounds: AtomicUsize,
}

impl MemoryOutbox {
    pub fn new(readers: impl IntoIterator<Item = (Reader, i64)>) -> Self {
        let row = |(reader, variant)| Row {
            reader,
            variant,
            state: DeliveryState::Queued,
            attempts: 0,
            unknowns: 0,
            next_at: Timestamp::MIN,
            outcomes: Vec::new(),
            fence: 0,
            lease_until: Timestamp::MIN,
            left: false,
        };
        Self {
            rows: Mutex::new(readers.into_iter().map(row).collect()),
            turns: Mutex::default(),
            told: Mutex::default(),
            hook: Mutex::default(),
            fails: Mutex::default(),
            paces: Mutex::default(),
            rounds: AtomicUsize::new(0),
        }
    }

    /// The n-th delivery as it stands.
    pub fn row(&self, n: usize) -> Row {
        self.rows.lock().unwrap()[n].clone()
    }

    /// Changes the n-th delivery.
    pub fn set(&self, n: usize, change: impl FnOnce(&mut Row)) {
        change(&mut self.rows.lock().unwrap()[n]);
    }

    /// The n-th reader leaves.
    pub fn leave(&self, n: usize) {
        self.set(n, |row| row.left = true);
    }

    /// Another sender takes the n-th delivery over.
    pub fn take_over(&self, n: usize) {
        self.set(n, |row| row.fence += 1);
    }

    /// From now on nothing can be recorded.
    pub fn fail(&self) {
        *self.fails.lock().unwrap() = true;
    }

    /// From now on everybody else has so many chances to go on while a turn is being committed.
    pub fn slow(&self, rounds: usize) {
        self.rounds.store(rounds, Ordering::Relaxed);
    }

    /// Called at the beginning of every turn.
    pub fn before_each_turn(&self, hook: impl FnMut(&TurnRequest) + Send + 'static) {
        *self.hook.lock().unwrap() = Some(Box::new(hook));
    }

    /// What is remembered of the relay's paces.
    pub fn learnt(&self) -> Vec<LearntPace> {
        self.paces.lock().unwrap().clone()
    }

    /// All turns so far.
    pub fn turns(&self) -> Vec<TurnRequest> {
        self.turns.lock().unwrap().clone()
    }

    /// How many recordings the progress was told of.
    pub fn told(&self) -> usize {
        *self.told.lock().unwrap()
    }

    pub fn account(&self) -> Account {
        let mut account = Account::default();
        for row in self.rows.lock().unwrap().iter() {
            account.planned += 1;
            match row.state {
                DeliveryState::Sent => account.sent += 1,
                DeliveryState::Failed => account.failed += 1,
                DeliveryState::Suppressed => account.suppressed += 1,
                DeliveryState::Held => account.held += 1,
                DeliveryState::Queued => account.queued += 1,
                // Counted nowhere: a run that ends leaves none of them.
                DeliveryState::Claimed | DeliveryState::Intent => {}
            }
        }
        account
    }
}

impl Outbox for MemoryOutbox {
    async fn turn(&self, request: TurnRequest) -> Result<TurnResult, OutboxError> {
        for _ in 0..self.rounds.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        if let Some(hook) = self.hook.lock().unwrap().as_mut() {
            hook(&request);
        }
        if *self.fails.lock().unwrap() {
            return Err("the disk is full".into());
        }
        let mut result = TurnResult::default();
        let mut rows = self.rows.lock().unwrap();
        for record in &request.outcomes {
            settle(&mut rows, record, &mut result);
        }
        for revision in &request.revisions {
            revise(&mut rows, revision, request.now);
        }
        for intent in &request.intents {
            intend(&mut rows, intent.claim, &request, &mut result);
        }
        for (number, row) in rows.iter_mut().enumerate() {
            if result.claimed.len() == request.claim {
                break;
            }
            if row.state == DeliveryState::Queued && row.next_at <= request.now {
                result.claimed.push(claim(row, number, &request));
            }
        }
        self.turns.lock().unwrap().push(request);
        Ok(result)
    }

    async fn paces(&self) -> Result<Vec<LearntPace>, OutboxError> {
        Ok(self.learnt())
    }

    async fn keep_paces(&self, learnt: Vec<LearntPace>) -> Result<(), OutboxError> {
        let mut paces = self.paces.lock().unwrap();
        for one in learnt {
            paces.retain(|known| known.domain != one.domain);
            paces.extend(one.pace.is_some().then_some(one));
        }
        Ok(())
    }
}

impl Progress for MemoryOutbox {
    fn recorded(&self, _: Recorded<'_>) {
        *self.told.lock().unwrap() += 1;
    }
}

fn settle(rows: &mut [Row], record: &OutcomeRecord, result: &mut TurnResult) {
    let row = row_of(rows, record.claim);
    if row.fence != record.claim.fence {
        result.lost_outcomes.push(record.claim);
        return;
    }
    let offered = row.state == DeliveryState::Intent;
    assert!(offered || row.state == DeliveryState::Claimed, "{row:?}");
    let needs_intent = matches!(
        record.outcome,
        Outcome::Sent(_) | Outcome::UnknownRetry(_) | Outcome::UnknownHeld
    );
    assert!(
        offered || !needs_intent,
        "offered without an intent: {row:?}"
    );
    row.state = match &record.outcome {
        Outcome::Sent(_) => DeliveryState::Sent,
        Outcome::Failed(..) => DeliveryState::Failed,
        Outcome::UnknownHeld => DeliveryState::Held,
        Outcome::Deferred(_, at) | Outcome::Released(at) | Outcome::UnknownRetry(at) => {
            row.next_at = *at;
            DeliveryState::Queued
        }
    };
    match &record.outcome {
        Outcome::Released(_) => {}
        Outcome::UnknownRetry(_) | Outcome::UnknownHeld => row.unknowns += 1,
        _ => row.attempts += 1,
    }
    row.outcomes.push(record.outcome.clone());
}

fn revise(rows: &mut [Row], revision: &Revision, now: Timestamp) {
    let row = row_of(rows, revision.claim);
    let is_over = matches!(row.state, DeliveryState::Queued | DeliveryState::Failed);
    if row.fence == revision.claim.fence && is_over {
        row.next_at = now;
        row.state = match revision.to {
            Revised::Failed => DeliveryState::Failed,
            Revised::Queued => DeliveryState::Queued,
        };
    }
}

fn intend(rows: &mut [Row], claim: Claim, request: &TurnRequest, result: &mut TurnResult) {
    let row = row_of(rows, claim);
    if row.fence != claim.fence || row.lease_until < request.now {
        result.refused.push((claim, IntentRefusal::Lost));
    } else if row.left {
        row.state = DeliveryState::Suppressed;
        result.refused.push((claim, IntentRefusal::Suppressed));
    } else {
        assert_eq!(row.state, DeliveryState::Claimed);
        row.state = DeliveryState::Intent;
        row.lease_until = request.lease_until;
        result.granted.push(claim);
    }
}

fn claim(row: &mut Row, number: usize, request: &TurnRequest) -> ClaimedDelivery {
    row.state = DeliveryState::Claimed;
    row.fence += 1;
    row.lease_until = request.lease_until;
    let number = i64::try_from(number).unwrap();
    ClaimedDelivery {
        claim: Claim {
            key: DeliveryKey {
                issue: IssueNumber(7),
                number,
            },
            fence: row.fence,
        },
        subscriber: SubscriberId(number + 1),
        variant: row.variant,
        reader: row.reader.clone(),
        attempts: row.attempts,
        unknowns: row.unknowns,
    }
}

fn row_of(rows: &mut [Row], claim: Claim) -> &mut Row {
    &mut rows[usize::try_from(claim.key.number).unwrap()]
}
