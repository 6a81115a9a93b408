//! `courant subscribers`: who receives, who left, and what became of each mail.

mod orders;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::summary::has_errors;
use crate::audience::{self, Acceptance};
use crate::cli::args::Subscribers;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, clock, count};
use crate::cli::session::Session;
use crate::config::Config;
use crate::model::{EmailAddress, Subscriber, SubscriberEntry};
use crate::pipeline::{self, Fault};
use crate::store::{DeliveryRow, Store, SyncReport};

/// A reader as `--json` gives one.
#[derive(Serialize)]
struct Shown {
    address: String,
    name: Option<String>,
    state: &'static str,
    language: String,
    format: &'static str,
    topics: Vec<String>,
    schedules: Vec<String>,
    since: Option<String>,
}

/// Runs one of the subcommands.
pub async fn subscribers(session: &Session, command: Subscribers) -> Result<Exit, Failure> {
    let config = session.config()?;
    if let Subscribers::Accept { gone } = command {
        return accept(session, config, gone).await;
    }
    let store = session.store(&config).await?;
    let file = pipeline::read_list(&config)?;
    let mut done = if has_errors(&file.faults) {
        Exit::Part
    } else {
        Exit::Done
    };
    let mut faults = file.faults;
    let doubt = match &store {
        Some(store) => audience::doubt(store, &file.list).await,
        None => Ok(None),
    };
    let readers = match (doubt.map_err(Fault::from)?, &store) {
        (Some(doubt), Some(store)) => {
            let failure = Failure::from(Fault::List(doubt));
            faults.extend(failure.faults);
            done = failure.exit;
            audience::accepted(store).await.map_err(Fault::from)?
        }
        _ => look(session, &config, store.as_ref(), file.list.entries).await?,
    };
    match command {
        Subscribers::Accept { .. } | Subscribers::List => {
            let readers: Vec<Shown> = readers.iter().map(|s| shown(&config, s)).collect();
            session
                .printer
                .either(&readers, |printer| table(printer, &readers));
        }
        Subscribers::Show { address } => {
            let address = parse(&address)?;
            show(session, &config, store.as_ref(), readers, &address).await?;
        }
        Subscribers::Suppress { address, reason } => {
            orders::suppress(session, &config, store.as_ref(), &parse(&address)?, &reason).await?;
        }
        Subscribers::Revive { address, reason } => {
            orders::revive(session, &config, store.as_ref(), &parse(&address)?, &reason).await?;
        }
    }
    session.printer.faults(&faults);
    Ok(done)
}

/// What `subscribers accept --json` gives.
#[derive(Serialize)]
struct Accepted {
    gone: usize,
    #[serde(flatten)]
    readers: SyncReport,
}

/// Takes the file over as it is, although so many are gone from it.
async fn accept(session: &Session, config: Config, gone: usize) -> Result<Exit, Failure> {
    let pipeline = session.pipeline(config).await?;
    let accepted = pipeline.accept_list(gone, &session.world()).await;
    pipeline.store.close().await;
    match accepted? {
        None => Err(Failure::new(Exit::TryAgain, "a run is under way")),
        Some(Acceptance::Accepted(readers)) => {
            let accepted = Accepted { gone, readers };
            session.printer.either(&accepted, |printer| {
                let words = count(gone, "reader is", "readers are");
                printer.line(format!("{words} off the list, and the next run goes on."));
            });
            Ok(Exit::Done)
        }
        Some(Acceptance::Otherwise(now)) => {
            let number = now.len();
            let words = count(number, "reader is", "readers are");
            let message = format!("{words} gone from `subscribers.toml`, and not {gone}");
            let hint = format!(
                "look at the file; if it is right, `{} subscribers accept --gone {number}`",
                session.program()
            );
            Err(Failure::new(Exit::Data, message).hint(hint))
        }
    }
}

fn parse(address: &str) -> Result<EmailAddress, Failure> {
    EmailAddress::parse(address)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{address}`: {error}")))
}

/// The readers as the next run will see them; nothing is written.
async fn look(
    session: &Session,
    config: &Config,
    store: Option<&Store>,
    entries: Vec<SubscriberEntry>,
) -> Result<Vec<Subscriber>, Failure> {
    let chance = session.world().chance;
    let Some(store) = store else {
        let newcomers = entries.into_iter();
        return Ok(newcomers
            .map(|entry| audience::newcomer(entry, chance))
            .collect());
    };
    let keys = audience::load_or_create(&config.secret_file, store, chance).await;
    let keys = keys.map_err(Fault::from)?;
    let readers = audience::look(store, &keys, entries, chance).await;
    Ok(readers.map_err(Fault::from)?)
}

fn shown(config: &Config, subscriber: &Subscriber) -> Shown {
    let state = match subscriber.suppressed {
        Some(reason) => reason.as_str(),
        None if subscriber.active => "active",
        None => "removed",
    };
    let language = subscriber
        .language
        .as_ref()
        .unwrap_or(&config.newsletter.language);
    Shown {
        address: subscriber.address.to_string(),
        name: subscriber.name.clone(),
        state,
        language: language.to_string(),
        format: subscriber.format.as_str(),
        topics: subscriber.topics.iter().map(ToString::to_string).collect(),
        schedules: subscriber
            .schedules
            .iter()
            .map(ToString::to_string)
            .collect(),
        since: subscriber.since.map(|date| date.to_string()),
    }
}

fn table(printer: &Printer, readers: &[Shown]) {
    if readers.is_empty() {
        printer.line("No subscriber yet: each is an entry of `subscribers.toml`.");
        return;
    }
    let rows: Vec<Vec<String>> = readers
        .iter()
        .map(|reader| {
            vec![
                reader.address.clone(),
                reader.name.clone().unwrap_or_default(),
                reader.state.to_owned(),
                reader.language.clone(),
                reader.format.to_owned(),
                or_word(&reader.topics, "all"),
                or_word(&reader.schedules, "default"),
            ]
        })
        .collect();
    printer.table(
        &[
            "address",
            "name",
            "state",
            "language",
            "format",
            "topics",
            "schedules",
        ],
        &rows,
    );
}

fn or_word(names: &[String], word: &str) -> String {
    if names.is_empty() {
        word.to_owned()
    } else {
        names.join(", ")
    }
}

/// One mail to a reader.
#[derive(Serialize)]
struct Mail {
    issue: i64,
    state: &'static str,
    at: Option<jiff::Timestamp>,
    said: Option<String>,
}

/// What the operator ordered of a reader.
#[derive(Serialize)]
struct Ordered {
    at: jiff::Timestamp,
    what: &'static str,
    reason: String,
}

/// A reader with the mails.
#[derive(Serialize)]
struct WithMails {
    #[serde(flatten)]
    reader: Shown,
    orders: Vec<Ordered>,
    mails: Vec<Mail>,
}

async fn show(
    session: &Session,
    config: &Config,
    store: Option<&Store>,
    readers: Vec<Subscriber>,
    address: &EmailAddress,
) -> Result<(), Failure> {
    let mut reader = readers
        .into_iter()
        .find(|r| r.address.key() == address.key());
    let (mut mails, mut ordered) = (Vec::new(), Vec::new());
    if let Some(store) = store {
        ordered = orders::of(session, config, store, address).await?;
        let known = store.subscriber_find(&address.key()).await;
        let known = known.map_err(Fault::from)?;
        if let Some(known) = &known {
            let rows = store.delivery_list_for(known.id).await;
            mails.extend(rows.map_err(Fault::from)?.into_iter().map(mail));
        }
        reader = reader.or(known.map(|known| Subscriber {
            active: false,
            ..known
        }));
    }
    let reader = reader
        .ok_or_else(|| Failure::new(Exit::NoInput, format!("`{address}` is not on the list")))?;
    let shown = WithMails {
        reader: shown(config, &reader),
        orders: ordered,
        mails,
    };
    session.printer.either(&shown, |printer| {
        table(printer, std::slice::from_ref(&shown.reader));
        if let Some(since) = &shown.reader.since {
            printer.line(format!("since {since}"));
        }
        for order in &shown.orders {
            let at = clock(order.at, &config.newsletter.timezone);
            printer.line(format!("{} {at}: {}", order.what, order.reason));
        }
        printer.line("");
        show_mails(printer, &shown.mails, &config.newsletter.timezone);
    });
    Ok(())
}

fn mail(row: DeliveryRow) -> Mail {
    Mail {
        issue: row.key.issue.0,
        state: row.state.as_str(),
        at: row.last_at,
        said: row
            .reply
            .map(|reply| format!("{} {}", reply.code, reply.text)),
    }
}

fn show_mails(printer: &Printer, mails: &[Mail], zone: &TimeZone) {
    if mails.is_empty() {
        printer.line("No mail yet.");
        return;
    }
    let rows = mails.iter().map(|mail| {
        vec![
            mail.issue.to_string(),
            mail.state.to_owned(),
            mail.at.map(|at| clock(at, zone)).unwrap_or_default(),
            mail.said.clone().unwrap_or_default(),
        ]
    });
    printer.table(
        &["issue", "state", "at", "the relay said"],
        &rows.collect::<Vec<_>>(),
    );
}
