//! `courant issues`: what was sealed, what became of every mail, and orders on what is being sent.

mod account;
mod orders;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::summary::account_words;
use crate::cli::args::Issues;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, clock, shortened};
use crate::cli::session::Session;
use crate::config::Config;
use crate::model::{Account, DeliveryState, IssueNumber, IssueStanding, SealedVariant};
use crate::pipeline::Fault;
use crate::store::Store;

/// Longest title that the table shows, in characters.
const TITLE: usize = 56;

/// Runs one of the subcommands. Before the first run there is no database, and none is made.
pub async fn issues(session: &Session, command: Issues) -> Result<Exit, Failure> {
    let config = session.config()?;
    let store = session.store(&config).await?;
    let number = match command {
        Issues::List => return list(session, store.as_ref()).await,
        Issues::Show { number }
        | Issues::Account { number, .. }
        | Issues::Retry { number, .. }
        | Issues::Pause { number }
        | Issues::Resume { number }
        | Issues::Cancel { number } => IssueNumber(number),
    };
    let store = store.ok_or(Fault::NoIssue(number))?;
    let order = async |wanted| orders::order(session, &store, number, wanted).await;
    match command {
        Issues::List => Ok(Exit::Done),
        Issues::Show { .. } => show(session, &store, number, &config).await,
        Issues::Account { list, .. } => {
            let zone = &config.newsletter.timezone;
            account::account(session, &store, number, list, zone).await
        }
        Issues::Retry {
            deferred,
            held,
            failed,
            ..
        } => {
            let states = to_retry(deferred, held, failed);
            let relays = config.delivery.relay_names();
            orders::retry(session, &store, number, &states, &relays).await
        }
        Issues::Pause { .. } => order(IssueStanding::Paused).await,
        Issues::Resume { .. } => order(IssueStanding::Open).await,
        Issues::Cancel { .. } => order(IssueStanding::Cancelled).await,
    }
}

/// The states that the flags of `issues retry` name; those that were put off where there is none, since it costs nothing.
fn to_retry(deferred: bool, held: bool, failed: bool) -> Vec<DeliveryState> {
    let asked = [
        (deferred || !(held || failed), DeliveryState::Queued),
        (held, DeliveryState::Held),
        (failed, DeliveryState::Failed),
    ];
    let asked = asked.into_iter().filter(|(asked, _)| *asked);
    asked.map(|(_, state)| state).collect()
}

async fn list(session: &Session, store: Option<&Store>) -> Result<Exit, Failure> {
    let issues = match store {
        Some(store) => store.issue_list().await.map_err(Fault::from)?,
        None => vec![],
    };
    session.printer.either(&issues, |printer| {
        if issues.is_empty() {
            printer.line("No issue was sealed yet.");
            return;
        }
        let rows: Vec<Vec<String>> = issues
            .iter()
            .map(|issue| {
                vec![
                    issue.number.to_string(),
                    issue.schedule.to_string(),
                    issue.edition.to_string(),
                    issue.posts.to_string(),
                    match issue.replayed {
                        true => "known from the journal".to_owned(),
                        false => account_words(&issue.account),
                    },
                    issue.subject.clone(),
                ]
            })
            .collect();
        printer.table(
            &[
                "issue", "schedule", "edition", "posts", "account", "subject",
            ],
            &rows,
        );
    });
    Ok(Exit::Done)
}

/// An issue as `issues show --json` gives it.
#[derive(Serialize)]
struct Shown {
    number: IssueNumber,
    schedule: String,
    edition: String,
    sealed_at: jiff::Timestamp,
    expires_at: jiff::Timestamp,
    standing: IssueStanding,
    posts: Vec<ShownPost>,
    variants: Vec<ShownVariant>,
    account: Account,
}

#[derive(Serialize)]
struct ShownPost {
    title: String,
    address: String,
    source: String,
}

#[derive(Serialize)]
struct ShownVariant {
    number: i64,
    subject: String,
    language: String,
    format: String,
    posts: usize,
}

async fn show(
    session: &Session,
    store: &Store,
    number: IssueNumber,
    config: &Config,
) -> Result<Exit, Failure> {
    let issue = store.issue_load(number).await.map_err(Fault::from)?;
    let issue = match issue {
        Some(issue) => issue,
        None => return Err(no_content(store, number).await),
    };
    let standing = store.issue_standing(number).await.map_err(Fault::from)?;
    let variants = store.variant_list(number).await.map_err(Fault::from)?;
    let shown = Shown {
        number,
        schedule: issue.schedule.to_string(),
        edition: issue.edition.to_string(),
        sealed_at: issue.sealed_at,
        expires_at: issue.expires_at,
        standing: standing.unwrap_or_default(),
        posts: issue
            .posts
            .iter()
            .map(|(_, post)| ShownPost {
                title: post.title.clone(),
                address: post.address(&issue.masthead.url),
                source: post.source.to_string(),
            })
            .collect(),
        variants: variants.iter().map(shown_variant).collect(),
        account: account_of(store, number).await?,
    };
    session.printer.either(&shown, |printer| {
        print(printer, &shown, &config.newsletter.timezone);
    });
    Ok(Exit::Done)
}

/// Why an issue has nothing to show.
pub(super) async fn no_content(store: &Store, number: IssueNumber) -> Failure {
    match store.issue_standing(number).await {
        Ok(Some(_)) => Fault::InJournalAlone(number).into(),
        Ok(None) => Fault::NoIssue(number).into(),
        Err(error) => Fault::from(error).into(),
    }
}

fn shown_variant(sealed: &SealedVariant) -> ShownVariant {
    ShownVariant {
        number: sealed.number,
        subject: sealed.digest.subject.clone(),
        language: sealed.digest.language.to_string(),
        format: sealed.variant.format.as_str().to_owned(),
        posts: sealed.variant.posts.len(),
    }
}

fn print(printer: &Printer, shown: &Shown, zone: &TimeZone) {
    printer.line(format!(
        "Issue {} of {}, edition {}",
        shown.number, shown.schedule, shown.edition
    ));
    printer.line(format!(
        "sealed {}, tried until {}",
        clock(shown.sealed_at, zone),
        clock(shown.expires_at, zone)
    ));
    printer.line(account_words(&shown.account));
    if shown.standing != IssueStanding::Open {
        printer.line(shown.standing.as_str());
    }
    printer.line("");
    let rows = shown.posts.iter().map(|post| {
        let title = shortened(&post.title, TITLE);
        vec![post.source.clone(), title, post.address.clone()]
    });
    printer.table(&["source", "post", "address"], &rows.collect::<Vec<_>>());
    printer.line("");
    let rows = shown.variants.iter().map(|variant| {
        vec![
            variant.number.to_string(),
            variant.language.clone(),
            variant.format.clone(),
            variant.posts.to_string(),
            variant.subject.clone(),
        ]
    });
    printer.table(
        &["variant", "language", "format", "posts", "subject"],
        &rows.collect::<Vec<_>>(),
    );
}

async fn account_of(store: &Store, number: IssueNumber) -> Result<Account, Failure> {
    let account = store.issue_account(number).await.map_err(Fault::from)?;
    Ok(account.ok_or(Fault::NoIssue(number))?)
}
