//! `courant sources parse`: the fields of many feed documents, a JSON line each, for whoever compares feed readers.
//!
//! Needs no newsletter. In comes a manifest of JSON lines, out goes one line for each, in the same order and at once.
//! A document that defeats the reader is a line that says so, and none takes longer than two seconds: the work is done
//! by a thread that is left behind if it does.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::cleaned;
use crate::cli::exit::{Exit, Failure};
use crate::config;
use crate::gather::{self, Error};

/// What a document may take.
const LIMIT: Duration = Duration::from_secs(2);

/// One line of a manifest.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    path: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    headers: Option<HashMap<String, Value>>,
}

/// Reads every document of a manifest (`-`: of standard input) and prints its fields.
pub fn parse(manifest: &str) -> Result<Exit, Failure> {
    let lines: Box<dyn BufRead> = match manifest {
        "-" => Box::new(std::io::stdin().lock()),
        path => {
            let file = std::fs::File::open(path).map_err(|error| {
                let why = config::cause(&error);
                Failure::new(Exit::NoInput, format!("cannot read `{path}`: {why}"))
            })?;
            Box::new(std::io::BufReader::new(file))
        }
    };
    let mut out = std::io::stdout().lock();
    let mut worker = Worker::new();
    for line in lines.lines() {
        let line = line.map_err(|error| {
            Failure::new(Exit::NoInput, format!("cannot read `{manifest}`: {error}"))
        })?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = answer(&mut worker, &line).to_string();
        let printed = writeln!(out, "{}", cleaned::json(&answer)).and_then(|()| out.flush());
        if printed.is_err() {
            // Nobody listens any more.
            return Ok(Exit::Done);
        }
    }
    Ok(Exit::Done)
}

fn answer(worker: &mut Worker, line: &str) -> Value {
    match serde_json::from_str::<Line>(line) {
        Ok(line) => {
            let id = line.id.clone();
            worker.read(line).unwrap_or_else(|| {
                *worker = Worker::new();
                failed(&id, "err", "it takes longer than 2 s")
            })
        }
        Err(error) => failed(
            &Value::Null,
            "err",
            &format!("not a line of a manifest: {error}"),
        ),
    }
}

fn failed(id: &Value, status: &str, why: &str) -> Value {
    json!({"id": id, "status": status, "err": why, "kind": null, "feed": null, "entries": []})
}

/// A thread that reads documents one after the other.
struct Worker {
    lines: Sender<Line>,
    answers: Receiver<Value>,
}

impl Worker {
    fn new() -> Self {
        let (lines, inbox) = mpsc::channel::<Line>();
        let (outbox, answers) = mpsc::channel();
        // Ends when its worker is dropped, after the document that it is at.
        thread::spawn(move || {
            for line in inbox {
                if outbox.send(document(&line)).is_err() {
                    break;
                }
            }
        });
        Self { lines, answers }
    }

    /// The answer, or `None` where it does not come in time.
    fn read(&self, line: Line) -> Option<Value> {
        self.lines.send(line).ok()?;
        self.answers.recv_timeout(LIMIT).ok()
    }
}

fn document(line: &Line) -> Value {
    let read = std::panic::catch_unwind(|| read(line));
    match read {
        Ok(Ok(answer)) => answer,
        Ok(Err((kind, why))) => {
            let mut answer = failed(&line.id, "err", &why);
            answer["kind"] = kind.into();
            answer
        }
        Err(_) => failed(&line.id, "panic", "its text defeats the reader"),
    }
}

fn read(line: &Line) -> Result<Value, (Option<&'static str>, String)> {
    let bytes = std::fs::read(&line.path).map_err(|error| {
        let why = config::cause(&error);
        (None, format!("cannot read `{}`: {why}", line.path))
    })?;
    let base = base(line);
    let view = gather::view_feed(
        &bytes,
        header(line, "content-type"),
        &base,
        header(line, "content-language"),
    )
    .map_err(|error| (kind_of(&error), error.to_string()))?;
    Ok(json!({
        "id": line.id,
        "status": "ok",
        "err": null,
        "kind": view.kind,
        "feed": view.feed,
        "entries": view.entries,
        "repairs": view.repairs,
    }))
}

fn kind_of(error: &Error) -> Option<&'static str> {
    match error {
        Error::WebPage => Some("html"),
        _ => None,
    }
}

/// Where the document says that it lives, else where it came from.
fn base(line: &Line) -> String {
    let url = line.url.as_deref().unwrap_or_default();
    match header(line, "content-location").map(str::trim) {
        Some(own) if !own.is_empty() => gather::join(url, own),
        _ => url.to_owned(),
    }
}

fn header<'l>(line: &'l Line, name: &str) -> Option<&'l str> {
    line.headers
        .as_ref()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .and_then(|(_, value)| match value {
            Value::Array(values) => values.first()?.as_str(),
            value => value.as_str(),
        })
}
