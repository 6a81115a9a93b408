//! `courant issues account`: what became of every mail of an issue, by state, domain and cause, and by name on demand.
//!
//! All numbers are of one moment, also while a run is sending. Addresses are shown only where a list is asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::args::AccountState;
use crate::cli::commands::summary::{account_words, imbalance, paced_words, planned};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count};
use crate::cli::session::Session;
use crate::model::{Account, Cause, DeliveryState, IssueNumber, IssueStanding};
use crate::pipeline::{Fault, Paced};
use crate::store::{DeliveryRow, Store};

/// Domains that the table names; the rest are summed up. `--json` names all.
const DOMAINS: usize = 20;

/// An account as `issues account --json` gives it.
#[derive(Serialize)]
struct Accounted {
    issue: IssueNumber,
    standing: IssueStanding,
    #[serde(flatten)]
    account: Account,
    balances: bool,
    paced: Option<Paced>,
    causes: Vec<CauseCount>,
    domains: Vec<DomainCount>,
    readers: Vec<AccountedReader>,
}

#[derive(Serialize)]
struct CauseCount {
    state: &'static str,
    cause: &'static str,
    deliveries: i64,
}

/// Deliveries to one domain.
#[derive(Serialize)]
struct DomainCount {
    domain: String,
    #[serde(flatten)]
    account: Account,
}

#[derive(Serialize)]
struct AccountedReader {
    address: String,
    state: DeliveryState,
    cause: &'static str,
    attempts: i64,
    code: Option<u16>,
    text: Option<String>,
    next_at: Option<Timestamp>,
}

/// Prints the account of an issue, with the readers in a state where one is named.
pub async fn account(
    session: &Session,
    store: &Store,
    number: IssueNumber,
    list: Option<AccountState>,
    zone: &TimeZone,
) -> Result<Exit, Failure> {
    let standing = store.issue_standing(number).await.map_err(Fault::from)?;
    let mut tally = Tally::new(list, session.clock().now());
    let walked = store.delivery_walk(number, |row| tally.add(row)).await;
    let account = walked.map_err(Fault::from)?.ok_or(Fault::NoIssue(number))?;
    let shown = Accounted {
        issue: number,
        standing: standing.unwrap_or_default(),
        balances: account.balances(),
        account,
        paced: tally.paced,
        causes: tally.causes(),
        domains: tally.domains(),
        readers: tally.readers,
    };
    session
        .printer
        .either(&shown, |printer| print(printer, &shown, list, zone));
    if account.balances() {
        return Ok(Exit::Done);
    }
    session.printer.fault(&imbalance(number, &account));
    Ok(Exit::Ours)
}

/// What is added up on the way through an issue's deliveries.
struct Tally {
    list: Option<AccountState>,
    now: Timestamp,
    paced: Option<Paced>,
    causes: BTreeMap<(AccountState, Cause), i64>,
    domains: BTreeMap<String, Account>,
    readers: Vec<AccountedReader>,
}

impl Tally {
    fn new(list: Option<AccountState>, now: Timestamp) -> Self {
        Self {
            list,
            now,
            paced: None,
            causes: BTreeMap::new(),
            domains: BTreeMap::new(),
            readers: Vec::new(),
        }
    }

    fn add(&mut self, row: DeliveryRow) {
        let state = AccountState::of(row.state);
        let cause = row.cause();
        *self.causes.entry((state, cause)).or_default() += 1;
        // What was never tried and waits all the same was put back for its pace.
        if let Some(at) = row.next_at.filter(|at| *at > self.now)
            && cause == Cause::Waiting
            && row.attempts + row.unknowns == 0
        {
            let paced = self.paced.get_or_insert(Paced {
                mails: 0,
                until: at,
            });
            paced.mails += 1;
            paced.until = paced.until.max(at);
        }
        let domain = row.address.ascii_domain();
        if !self.domains.contains_key(domain) {
            self.domains.insert(domain.to_owned(), Account::default());
        }
        if let Some(account) = self.domains.get_mut(domain) {
            account.planned += 1;
            *state.of_account(account) += 1;
        }
        if self.list == Some(state) {
            self.readers.push(AccountedReader {
                address: row.address.to_string(),
                state: row.state,
                cause: cause.as_str(),
                attempts: i64::from(row.attempts),
                code: row.reply.as_ref().map(|reply| reply.code),
                text: row.reply.map(|reply| reply.text),
                next_at: row.next_at,
            });
        }
    }

    fn causes(&self) -> Vec<CauseCount> {
        let count = |((state, cause), deliveries): (&(AccountState, Cause), &i64)| CauseCount {
            state: state.as_str(),
            cause: cause.as_str(),
            deliveries: *deliveries,
        };
        self.causes.iter().map(count).collect()
    }

    /// The domains, the one with most deliveries first.
    fn domains(&mut self) -> Vec<DomainCount> {
        let domains = std::mem::take(&mut self.domains).into_iter();
        let mut domains: Vec<_> = domains
            .map(|(domain, account)| DomainCount { domain, account })
            .collect();
        domains.sort_by_key(|domain| std::cmp::Reverse(domain.account.planned));
        domains
    }
}

impl AccountState {
    /// The state that counts deliveries of this one.
    fn of(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Sent => Self::Sent,
            DeliveryState::Failed => Self::Failed,
            DeliveryState::Suppressed => Self::Suppressed,
            DeliveryState::Held => Self::Held,
            DeliveryState::Queued | DeliveryState::Claimed | DeliveryState::Intent => Self::Queued,
        }
    }

    fn of_account(self, account: &mut Account) -> &mut i64 {
        match self {
            Self::Sent => &mut account.sent,
            Self::Failed => &mut account.failed,
            Self::Suppressed => &mut account.suppressed,
            Self::Held => &mut account.held,
            Self::Queued => &mut account.queued,
        }
    }
}

fn print(printer: &Printer, shown: &Accounted, list: Option<AccountState>, zone: &TimeZone) {
    let standing = match shown.standing {
        IssueStanding::Open => String::new(),
        standing => format!(", {}", standing.as_str()),
    };
    printer.line(format!(
        "Issue {}: {} planned{standing}",
        shown.issue,
        count(planned(&shown.account), "delivery", "deliveries")
    ));
    printer.line(format!("  {}", account_words(&shown.account)));
    if let Some(paced) = shown.paced {
        printer.line(format!("  {}", paced_words(paced, zone)));
    }
    printer.line(if shown.balances {
        "  the account balances"
    } else {
        "  the account does not balance"
    });
    if !shown.causes.is_empty() {
        printer.line("");
        causes(printer, &shown.causes);
        printer.line("");
        domains(printer, &shown.domains);
    }
    if let Some(state) = list {
        printer.line("");
        readers(printer, &shown.readers, state);
    }
}

fn causes(printer: &Printer, causes: &[CauseCount]) {
    let rows = causes.iter().map(|one| {
        vec![
            one.state.to_owned(),
            one.deliveries.to_string(),
            one.cause.to_owned(),
        ]
    });
    printer.table(&["state", "mails", "cause"], &rows.collect::<Vec<_>>());
}

fn domains(printer: &Printer, domains: &[DomainCount]) {
    let row = |name: String, account: &Account| {
        let mut cells = vec![name];
        cells.extend(
            [
                account.planned,
                account.sent,
                account.failed,
                account.suppressed,
                account.held,
                account.queued,
            ]
            .map(|number| number.to_string()),
        );
        cells
    };
    let named = domains.iter().take(DOMAINS);
    let mut rows: Vec<_> = named.map(|d| row(d.domain.clone(), &d.account)).collect();
    if let Some(rest) = domains.get(DOMAINS..).filter(|rest| !rest.is_empty()) {
        let mut sum = Account::default();
        for domain in rest {
            sum.planned += domain.account.planned;
            sum.sent += domain.account.sent;
            sum.failed += domain.account.failed;
            sum.suppressed += domain.account.suppressed;
            sum.held += domain.account.held;
            sum.queued += domain.account.queued;
        }
        rows.push(row(format!("{} others", rest.len()), &sum));
    }
    let heads = [
        "domain",
        "planned",
        "sent",
        "failed",
        "suppressed",
        "held",
        "queued",
    ];
    printer.table(&heads, &rows);
}

fn readers(printer: &Printer, readers: &[AccountedReader], state: AccountState) {
    if readers.is_empty() {
        printer.line(format!("No delivery is {}.", state.as_str()));
        return;
    }
    let rows = readers.iter().map(|reader| {
        let code = reader.code.filter(|code| *code > 0);
        let code = code.map(|code| code.to_string());
        let said = [code, reader.text.clone()].into_iter().flatten();
        vec![
            reader.address.clone(),
            reader.state.as_str().to_owned(),
            reader.cause.to_owned(),
            reader.attempts.to_string(),
            said.collect::<Vec<_>>().join(" "),
        ]
    });
    printer.table(
        &["address", "state", "cause", "tries", "the relay said"],
        &rows.collect::<Vec<_>>(),
    );
}
