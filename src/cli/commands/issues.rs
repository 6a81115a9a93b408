//! `courant issues`: what was sealed, and what became of every mail.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::summary::{account_words, planned};
use crate::cli::args::{AccountState, Issues};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, clock, count, shortened};
use crate::cli::session::Session;
use crate::config::Config;
use crate::model::{Account, DeliveryState, IssueNumber, SealedVariant};
use crate::pipeline::Fault;
use crate::store::{DeliveryRow, Store};

/// Deliveries read at a time.
const PAGE: usize = 1_000;

/// Longest title that the table shows, in characters.
const TITLE: usize = 56;

/// Runs one of the subcommands. Before the first run there is no database, and none is made.
pub async fn issues(session: &Session, command: Issues) -> Result<Exit, Failure> {
    let config = session.config()?;
    let store = session.store(&config).await?;
    match (command, store) {
        (Issues::List, store) => list(session, store.as_ref()).await,
        (Issues::Show { number } | Issues::Account { number, .. }, None) => {
            Err(Fault::NoIssue(IssueNumber(number)).into())
        }
        (Issues::Show { number }, Some(store)) => {
            show(session, &store, IssueNumber(number), &config).await
        }
        (Issues::Account { number, list }, Some(store)) => {
            account(session, &store, IssueNumber(number), list).await
        }
    }
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
                    account_words(&issue.account),
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
    let issue = issue.ok_or(Fault::NoIssue(number))?;
    let variants = store.variant_list(number).await.map_err(Fault::from)?;
    let shown = Shown {
        number,
        schedule: issue.schedule.to_string(),
        edition: issue.edition.to_string(),
        sealed_at: issue.sealed_at,
        expires_at: issue.expires_at,
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

/// An account as `issues account --json` gives it.
#[derive(Serialize)]
struct Accounted {
    issue: IssueNumber,
    #[serde(flatten)]
    account: Account,
    balances: bool,
    readers: Vec<AccountedReader>,
}

#[derive(Serialize)]
struct AccountedReader {
    address: String,
    state: DeliveryState,
    attempts: i64,
    code: Option<u16>,
    text: Option<String>,
    next_at: Option<jiff::Timestamp>,
}

async fn account(
    session: &Session,
    store: &Store,
    number: IssueNumber,
    state: Option<AccountState>,
) -> Result<Exit, Failure> {
    let account = account_of(store, number).await?;
    let mut readers = Vec::new();
    for state in state.map(AccountState::deliveries).unwrap_or_default() {
        readers.extend(deliveries(store, number, *state).await?);
    }
    let shown = Accounted {
        issue: number,
        balances: account.balances(),
        account,
        readers,
    };
    session.printer.either(&shown, |printer| {
        printer.line(format!(
            "Issue {number}: {} planned",
            count(planned(&account), "delivery", "deliveries")
        ));
        printer.line(format!("  {}", account_words(&account)));
        printer.line(if account.balances() {
            "  the account balances"
        } else {
            "  the account does not balance"
        });
        if let Some(state) = state {
            printer.line("");
            table(printer, &shown.readers, state);
        }
    });
    Ok(if account.balances() {
        Exit::Done
    } else {
        Exit::Ours
    })
}

async fn deliveries(
    store: &Store,
    number: IssueNumber,
    state: DeliveryState,
) -> Result<Vec<AccountedReader>, Failure> {
    let mut readers: Vec<AccountedReader> = Vec::new();
    let mut after = -1;
    loop {
        let page: Vec<DeliveryRow> = store
            .delivery_list(number, Some(state), after, PAGE)
            .await
            .map_err(Fault::from)?;
        let last = page.len() < PAGE;
        after = page.last().map_or(after, |row| row.key.number);
        readers.extend(page.into_iter().map(|row| AccountedReader {
            address: row.address.to_string(),
            state: row.state,
            attempts: i64::from(row.attempts),
            code: row.reply.as_ref().map(|reply| reply.code),
            text: row.reply.map(|reply| reply.text),
            next_at: row.next_at,
        }));
        if last {
            return Ok(readers);
        }
    }
}

fn table(printer: &Printer, readers: &[AccountedReader], state: AccountState) {
    if readers.is_empty() {
        printer.line(format!("No delivery is {}.", state.as_str()));
        return;
    }
    let rows = readers.iter().map(|reader| {
        let code = reader.code.map(|code| code.to_string());
        let said = [code, reader.text.clone()].into_iter().flatten();
        vec![
            reader.address.clone(),
            reader.state.as_str().to_owned(),
            reader.attempts.to_string(),
            said.collect::<Vec<_>>().join(" "),
        ]
    });
    printer.table(
        &["address", "state", "tries", "the relay said"],
        &rows.collect::<Vec<_>>(),
    );
}
