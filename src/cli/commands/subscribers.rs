//! `courant subscribers`: who receives, who left, and what became of each mail.

use serde::Serialize;

use crate::audience;
use crate::cli::args::Subscribers;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::Printer;
use crate::cli::session::Session;
use crate::config;
use crate::model::{EmailAddress, Subscriber};
use crate::pipeline::{Fault, Pipeline};

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
    let pipeline = session.pipeline().await?;
    let file =
        config::subscribers(&pipeline.config).map_err(|fault| Failure::config(vec![*fault]))?;
    let list = audience::sync(
        &pipeline.store,
        &pipeline.keys,
        file.entries,
        session.world().chance,
        session.clock().now(),
    )
    .await
    .map_err(Fault::from)?;
    session.printer.faults(&file.faults);
    let exit = if file.faults.is_empty() {
        Exit::Done
    } else {
        Exit::Part
    };
    match command {
        Subscribers::List => {
            let shown: Vec<Shown> = list
                .subscribers
                .iter()
                .map(|s| shown(&pipeline, s))
                .collect();
            session
                .printer
                .either(&shown, |printer| table(printer, &shown));
            Ok(exit)
        }
        Subscribers::Show { address } => show(session, &pipeline, &address).await,
    }
}

fn shown(pipeline: &Pipeline, subscriber: &Subscriber) -> Shown {
    let state = match subscriber.suppressed {
        Some(reason) => reason.as_str(),
        None if subscriber.active => "active",
        None => "removed",
    };
    let language = subscriber
        .language
        .as_ref()
        .unwrap_or(&pipeline.config.newsletter.language);
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

/// A reader with the mails.
#[derive(Serialize)]
struct WithMails {
    #[serde(flatten)]
    reader: Shown,
    mails: Vec<Mail>,
}

async fn show(session: &Session, pipeline: &Pipeline, address: &str) -> Result<Exit, Failure> {
    let parsed = EmailAddress::parse(address)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{address}`: {error}")))?;
    let found = pipeline
        .store
        .subscriber_find(&parsed.key())
        .await
        .map_err(Fault::from)?;
    let subscriber = found
        .ok_or_else(|| Failure::new(Exit::NoInput, format!("`{address}` is not on the list")))?;
    let rows = pipeline
        .store
        .delivery_list_for(subscriber.id)
        .await
        .map_err(Fault::from)?;
    let mails = rows
        .into_iter()
        .map(|row| Mail {
            issue: row.key.issue.0,
            state: row.state.as_str(),
            at: row.last_at,
            said: row
                .reply
                .map(|reply| format!("{} {}", reply.code, reply.text)),
        })
        .collect();
    let shown = WithMails {
        reader: shown(pipeline, &subscriber),
        mails,
    };
    session.printer.either(&shown, |printer| {
        table(printer, std::slice::from_ref(&shown.reader));
        if let Some(since) = &shown.reader.since {
            printer.line(format!("since {since}"));
        }
        printer.line("");
        let rows = shown.mails.iter().map(|mail| {
            vec![
                mail.issue.to_string(),
                mail.state.to_owned(),
                mail.at.map(|at| at.to_string()).unwrap_or_default(),
                mail.said.clone().unwrap_or_default(),
            ]
        });
        printer.table(
            &["issue", "state", "at", "the relay said"],
            &rows.collect::<Vec<_>>(),
        );
    });
    Ok(Exit::Done)
}
