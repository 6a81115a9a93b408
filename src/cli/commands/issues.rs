//! `courant issues`: what was sealed, and what became of every mail.

use serde::Serialize;

use super::run::account_words;
use crate::cli::args::{AccountState, Issues};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::count;
use crate::cli::session::Session;
use crate::model::{Account, DeliveryState, IssueNumber};
use crate::pipeline::{Fault, Pipeline};
use crate::store::DeliveryRow;

/// Deliveries read at a time.
const PAGE: usize = 1_000;

/// Runs one of the subcommands.
pub async fn issues(session: &Session, command: Issues) -> Result<Exit, Failure> {
    let pipeline = session.pipeline().await?;
    match command {
        Issues::List => list(session, &pipeline).await,
        Issues::Show { number } => show(session, &pipeline, IssueNumber(number)).await,
        Issues::Account { number, list } => {
            account(session, &pipeline, IssueNumber(number), list).await
        }
    }
}

async fn list(session: &Session, pipeline: &Pipeline) -> Result<Exit, Failure> {
    let issues = pipeline.store.issue_list().await.map_err(Fault::from)?;
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
    pipeline: &Pipeline,
    number: IssueNumber,
) -> Result<Exit, Failure> {
    let issue = pipeline
        .store
        .issue_load(number)
        .await
        .map_err(Fault::from)?;
    let issue = issue.ok_or(Fault::NoIssue(number))?;
    let variants = pipeline
        .store
        .variant_list(number)
        .await
        .map_err(Fault::from)?;
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
        variants: variants
            .iter()
            .map(|sealed| ShownVariant {
                number: sealed.number,
                subject: sealed.digest.subject.clone(),
                language: sealed.digest.language.to_string(),
                format: sealed.variant.format.as_str().to_owned(),
                posts: sealed.variant.posts.len(),
            })
            .collect(),
        account: pipeline.account(number).await?,
    };
    session.printer.either(&shown, |printer| {
        printer.line(format!(
            "Issue {} of {}, edition {}",
            shown.number, shown.schedule, shown.edition
        ));
        printer.line(format!(
            "sealed {}, given up after {}",
            shown.sealed_at, shown.expires_at
        ));
        printer.line(account_words(&shown.account));
        printer.line("");
        let rows = shown
            .posts
            .iter()
            .map(|p| vec![p.source.clone(), p.title.clone(), p.address.clone()]);
        printer.table(&["source", "post", "address"], &rows.collect::<Vec<_>>());
        printer.line("");
        let rows = shown.variants.iter().map(|v| {
            vec![
                v.number.to_string(),
                v.language.clone(),
                v.format.clone(),
                v.posts.to_string(),
                v.subject.clone(),
            ]
        });
        printer.table(
            &["variant", "language", "format", "posts", "subject"],
            &rows.collect::<Vec<_>>(),
        );
    });
    Ok(Exit::Done)
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
    pipeline: &Pipeline,
    number: IssueNumber,
    state: Option<AccountState>,
) -> Result<Exit, Failure> {
    let account = pipeline.account(number).await?;
    let mut readers = Vec::new();
    for state in state.map(AccountState::deliveries).unwrap_or_default() {
        readers.extend(deliveries(pipeline, number, *state).await?);
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
            count(
                usize::try_from(account.planned).unwrap_or(0),
                "delivery",
                "deliveries"
            )
        ));
        printer.line(format!("  {}", account_words(&account)));
        printer.line(if account.balances() {
            "  the account balances"
        } else {
            "  the account does not balance"
        });
        for reader in &shown.readers {
            let said = match (&reader.code, &reader.text) {
                (Some(code), Some(text)) => format!("  {code} {text}"),
                _ => String::new(),
            };
            printer.line(format!(
                "{}  {}{said}",
                reader.address,
                reader.state.as_str()
            ));
        }
    });
    Ok(if account.balances() {
        Exit::Done
    } else {
        Exit::Ours
    })
}

async fn deliveries(
    pipeline: &Pipeline,
    number: IssueNumber,
    state: DeliveryState,
) -> Result<Vec<AccountedReader>, Failure> {
    let mut readers: Vec<AccountedReader> = Vec::new();
    let mut after = -1;
    loop {
        let page: Vec<DeliveryRow> = pipeline
            .store
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
