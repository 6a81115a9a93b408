//! The database and the journal, held against each other.
//!
//! What outlives the database is committed here first and told to the journal then; what is taken back is told first. So the
//! database knows all that the journal knows, unless it is an older one. How far the journal was read is kept as a setting,
//! so that only what was added since is read again; where counts differ, all is read and what the journal lacks is added.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::journal::{Entry, Journal, Known, SealedIssue, SealedPost, Suppressed};
use crate::model::{Edition, IssueNumber, Likeness, PostId, SuppressionReason};

use super::statement::{Row, Statement};
use super::transaction::{Transaction, transact};
use super::{Error, Store};

/// What the journal knows and the database does not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Unknown {
    /// Issues that were sealed.
    pub issues: Vec<IssueNumber>,
    /// Issues of which more was sent than the database knows.
    pub sent: Vec<IssueNumber>,
    /// Addresses that are never to be mailed.
    pub suppressions: usize,
    /// That a database took over what the journal knew, and held what may have been sent.
    pub replay: bool,
}

impl Unknown {
    /// Whether the database knows all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How far the journal was read, and how much it said up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Position {
    offset: u64,
    issues: usize,
    suppressions: usize,
}

/// What was read of the journal from a position on.
pub(super) struct Tail {
    position: Position,
    end: u64,
    pub(super) known: Known,
}

impl Store {
    /// The same store, which tells the journal what must outlive it.
    #[must_use]
    pub fn with_journal(self, journal: Journal) -> Self {
        Self {
            journal: Some(Arc::new(journal)),
            ..self
        }
    }

    /// Begins a journal with all that the database knows, under an identifier that was drawn for it; where there is one by
    /// now, that one is taken.
    pub async fn journal_begin(self, path: &Path, id: &str, secret: &str) -> Result<Self, Error> {
        let mut entries = Vec::new();
        let numbers = self.issue_numbers().await?;
        entries.extend(self.sealed_issues(numbers.iter().copied()).await?);
        entries.extend(self.sent_of(numbers).await?);
        let suppressed = self.suppressed().await?.into_values();
        entries.extend(suppressed.map(Entry::Suppressed));
        let (path, id, secret) = (path.to_owned(), id.to_owned(), secret.to_owned());
        let begin = move || Journal::begin(&path, &id, &secret, &entries);
        let journal = aside(begin).await?;
        Ok(self.with_journal(journal))
    }

    /// What the journal knows and the database does not; looks at what was added since the database last looked, or at all
    /// of it.
    pub async fn journal_unknown(&self, all: bool) -> Result<Unknown, Error> {
        let Some(journal) = &self.journal else {
            return Ok(Unknown::default());
        };
        let known = self.tail(journal, all).await?.known;
        let unknown = self.unknown(journal, &known).await?;
        if unknown.suppressions == 0 {
            return Ok(unknown);
        }
        // Something may just have been taken back: that is told to the journal first.
        let known = self.tail(journal, all).await?.known;
        self.unknown(journal, &known).await
    }

    /// Adds to the journal what it lacks, and remembers how far it was read. The database knows all of it.
    pub async fn journal_follow(&self) -> Result<(), Error> {
        let Some(journal) = &self.journal else {
            return Ok(());
        };
        let Tail {
            position,
            end,
            known,
        } = self.tail(journal, false).await?;
        let (issues, suppressions) = self.evidence_counts().await?;
        if !known.has_news() && (position.issues, position.suppressions) == (issues, suppressions) {
            let moved = Position {
                offset: end,
                ..position
            };
            return self.keep_position(journal, position, moved).await;
        }
        let Tail { end, known, .. } = self.tail(journal, true).await?;
        let numbers = self.issue_numbers().await?.into_iter();
        let numbers = numbers.filter(|number| !known.issues.contains_key(number));
        let mut lacking: Vec<Entry> = self.sealed_issues(numbers).await?;
        let suppressed = self.suppressed().await?.into_values();
        let suppressed = suppressed.filter(|one| known.lacks(one));
        lacking.extend(suppressed.map(Entry::Suppressed));
        let read = Position {
            offset: end,
            issues: known.issues.len(),
            suppressions: known.suppressed.values().map(weight).sum(),
        };
        self.tell(lacking).await?;
        self.keep_position(journal, position, read).await
    }

    /// Tells the journal how many readers had an issue by now.
    pub async fn journal_sent(&self, issue: IssueNumber) -> Result<(), Error> {
        let sent = self.sent_of([issue]).await?;
        self.tell(sent).await
    }

    /// Tells the journal how many messages of an issue were begun by now. What only the machine's end may take from it is
    /// enough: each turn tells it.
    pub(super) async fn note_offers(&self, issue: IssueNumber, offers: i64) -> Result<(), Error> {
        let Some(journal) = self.journal.clone() else {
            return Ok(());
        };
        aside(move || journal.note(&Entry::Offered { issue, offers })).await
    }

    /// Writes entries to the journal, if there is one; they are durable then.
    pub(super) async fn tell(&self, entries: Vec<Entry>) -> Result<(), Error> {
        tell(self.journal.clone(), entries).await
    }

    /// Tells the journal of an issue that was just sealed.
    pub(super) async fn tell_sealed(&self, issue: IssueNumber) -> Result<(), Error> {
        if self.journal.is_none() {
            return Ok(());
        }
        let entries = self.sealed_issues([issue]).await?;
        self.tell(entries).await
    }

    pub(super) async fn tail(&self, journal: &Arc<Journal>, all: bool) -> Result<Tail, Error> {
        let position = self.position(journal).await?;
        let from = if all { 0 } else { position.offset };
        let journal = journal.clone();
        let read = aside(move || journal.read(from)).await?;
        Ok(Tail {
            position,
            end: read.end,
            known: Known::of(read.entries),
        })
    }

    async fn position(&self, journal: &Journal) -> Result<Position, Error> {
        let kept = self.meta_get(&setting(journal)).await?.unwrap_or_default();
        let numbers: Vec<u64> = kept.split(' ').filter_map(|n| n.parse().ok()).collect();
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(match numbers[..] {
            [offset, issues, suppressions] => Position {
                offset,
                issues: count(issues),
                suppressions: count(suppressions),
            },
            _ => Position::default(),
        })
    }

    async fn keep_position(
        &self,
        journal: &Journal,
        before: Position,
        now: Position,
    ) -> Result<(), Error> {
        if before == now {
            return Ok(());
        }
        let value = format!("{} {} {}", now.offset, now.issues, now.suppressions);
        transact!(self, tx => keep(tx, &setting(journal), &value).await)
    }

    pub(super) async fn unknown(&self, journal: &Journal, known: &Known) -> Result<Unknown, Error> {
        let numbers = self.issue_numbers().await?;
        let issues = known.issues.keys().filter(|n| !numbers.contains(n));
        let mut unknown = Unknown {
            issues: issues.copied().collect(),
            ..Unknown::default()
        };
        let asked = known.sent.keys().filter(|n| numbers.contains(n)).copied();
        for entry in self.sent_of(asked).await? {
            if let Entry::Sent { issue, sent } = entry
                && known.sent[&issue] > sent
            {
                unknown.sent.push(issue);
            }
        }
        for (issue, offers) in known.offers.iter().filter(|(n, _)| numbers.contains(n)) {
            let counted = self.meta_get(&offers_setting(*issue)).await?;
            let counted = counted.and_then(|n| n.parse().ok()).unwrap_or(0);
            if *offers > counted && !unknown.sent.contains(issue) {
                unknown.sent.push(*issue);
            }
        }
        unknown.sent.sort_unstable();
        let addresses: Vec<String> = known.suppressed.keys().cloned().collect();
        let suppressed = self.suppression_find(&addresses).await?;
        let is_lost = |one: &&Suppressed| match suppressed.get(&one.address) {
            Some(reason) => one.reason.is_final() && !reason.is_final(),
            None => true,
        };
        unknown.suppressions = known.suppressed.values().filter(is_lost).count();
        if known.replayed.is_some() {
            unknown.replay = self.meta_get(&replay_setting(journal)).await? != known.replayed;
        }
        Ok(unknown)
    }

    /// How many issues and suppressions there are, each of the latter by its weight.
    async fn evidence_counts(&self) -> Result<(usize, usize), Error> {
        let text = "SELECT (SELECT COUNT(*) FROM issue) AS issues,
            (SELECT COUNT(*) + COUNT(CASE WHEN reason IN ('unsubscribed', 'complained') THEN 1 END) FROM suppression)
                AS suppressions";
        let mut tx = self.engine.begin_read().await?;
        let Some(row) = tx.row(Statement::new(text)).await? else {
            return Ok((0, 0));
        };
        let count = |column| -> Result<usize, Error> {
            Ok(usize::try_from(row.number(column)?).unwrap_or(usize::MAX))
        };
        Ok((count("issues")?, count("suppressions")?))
    }

    async fn issue_numbers(&self) -> Result<BTreeSet<IssueNumber>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let rows = tx.rows(Statement::new("SELECT number FROM issue")).await?;
        let numbers = rows
            .iter()
            .map(|row| Ok(IssueNumber(row.number("number")?)));
        numbers.collect()
    }

    /// All who are never to be mailed, by address.
    async fn suppressed(&self) -> Result<BTreeMap<String, Suppressed>, Error> {
        let text = "SELECT address_hash, reason, at FROM suppression";
        let mut tx = self.engine.begin_read().await?;
        let read = |row: &Row| {
            let address = row.text("address_hash")?;
            let all = &SuppressionReason::ALL;
            let suppressed = Suppressed {
                address: address.clone(),
                reason: row.word("reason", all, SuppressionReason::as_str)?,
                at: row.instant("at")?,
            };
            Ok((address, suppressed))
        };
        let all = tx.each(Statement::new(text), read).await?;
        Ok(all.into_iter().collect())
    }

    /// How many readers had each of these issues.
    async fn sent_of(
        &self,
        issues: impl IntoIterator<Item = IssueNumber>,
    ) -> Result<Vec<Entry>, Error> {
        let text = "SELECT COUNT(*) AS total FROM delivery WHERE issue = $1 AND state = 'sent'";
        let mut tx = self.engine.begin_read().await?;
        let mut sent = Vec::new();
        for issue in issues {
            let row = tx.row(Statement::new(text).with(issue.0)).await?;
            let total = row.map_or(Ok(0), |row| row.number("total"))?;
            sent.push(Entry::Sent { issue, sent: total });
        }
        Ok(sent)
    }

    /// Issues as the journal keeps them.
    async fn sealed_issues(
        &self,
        issues: impl IntoIterator<Item = IssueNumber>,
    ) -> Result<Vec<Entry>, Error> {
        let mut tx = self.engine.begin_read().await?;
        let mut sealed = Vec::new();
        for issue in issues {
            sealed.extend(sealed_issue(&mut tx, issue).await?.map(Entry::Issue));
        }
        Ok(sealed)
    }
}

/// What a suppression counts for, so that one which became a reader's own no is seen to differ.
fn weight(one: &Suppressed) -> usize {
    1 + usize::from(one.reason.is_final())
}

/// Keeps a setting in the place of what it was.
pub(super) async fn keep(tx: &mut Transaction, key: &str, value: &str) -> Result<(), Error> {
    let text = "INSERT INTO meta (key, value) VALUES ($1, $2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    tx.execute(Statement::new(text).with(key).with(value))
        .await?;
    Ok(())
}

/// Writes entries to a journal, if there is one.
pub(super) async fn tell(journal: Option<Arc<Journal>>, entries: Vec<Entry>) -> Result<(), Error> {
    match journal {
        Some(journal) if !entries.is_empty() => aside(move || journal.append(&entries)).await,
        _ => Ok(()),
    }
}

/// Files block: they are worked on where nobody else waits.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::journal::Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Error::Unavailable(error.into()))??)
}

/// Where the database keeps how many messages of an issue were begun.
pub(super) fn offers_setting(issue: IssueNumber) -> String {
    format!("offers {issue}")
}

/// Where the database keeps which replay it is of.
pub(super) fn replay_setting(journal: &Journal) -> String {
    format!("replay {}", journal.id())
}

fn setting(journal: &Journal) -> String {
    format!("journal {}", journal.id())
}

async fn sealed_issue(
    tx: &mut Transaction,
    number: IssueNumber,
) -> Result<Option<SealedIssue>, Error> {
    let text = "SELECT i.schedule AS schedule, i.edition AS edition, i.sealed_at AS sealed_at, i.expires_at AS expires_at,
            i.subject AS subject, s.last_due AS last_due
         FROM issue i LEFT JOIN schedule s ON s.name = i.schedule WHERE i.number = $1";
    let Some(row) = tx.row(Statement::new(text).with(number.0)).await? else {
        return Ok(None);
    };
    Ok(Some(SealedIssue {
        number,
        schedule: row.parsed("schedule")?,
        edition: Edition(row.text("edition")?),
        served: row.instant_or_none("last_due")?,
        sealed_at: row.instant("sealed_at")?,
        expires_at: row.instant("expires_at")?,
        subject: row.text("subject")?,
        posts: sealed_posts(tx, number).await?,
    }))
}

async fn sealed_posts(tx: &mut Transaction, issue: IssueNumber) -> Result<Vec<SealedPost>, Error> {
    let text = "SELECT ip.post AS post, a.key AS key FROM issue_post ip JOIN post_alias a ON a.post = ip.post
         WHERE ip.issue = $1 ORDER BY ip.post, a.key";
    let mut names: HashMap<i64, Vec<String>> = HashMap::new();
    for row in &tx.rows(Statement::new(text).with(issue.0)).await? {
        let of_post = names.entry(row.number("post")?).or_default();
        of_post.push(row.text("key")?);
    }
    let text = "SELECT p.id AS id, p.source AS source, p.slug AS slug, p.identity AS identity, p.published AS published,
            p.first_seen AS first_seen, p.link_key AS link_key, p.title_key AS title_key, p.text_key AS text_key,
            p.text_sketch AS text_sketch, p.text_words AS text_words
         FROM issue_post ip JOIN post p ON p.id = ip.post WHERE ip.issue = $1 ORDER BY ip.position";
    let rows = tx.rows(Statement::new(text).with(issue.0)).await?;
    rows.iter()
        .map(|row| {
            let id = row.number("id")?;
            Ok(SealedPost {
                id: PostId(id),
                source: row.parsed("source")?,
                identity: row.text("identity")?,
                slug: row.text("slug")?,
                names: names.remove(&id).unwrap_or_default(),
                published: row.instant_or_none("published")?,
                first_seen: row.instant("first_seen")?,
                likeness: Likeness {
                    link: row.text_or_none("link_key")?,
                    title: row.text_or_none("title_key")?.unwrap_or_default(),
                    text: row.text_or_none("text_key")?,
                    sketch: row.number_or_none("text_sketch")?,
                    words: row.number("text_words")?,
                },
            })
        })
        .collect()
}
