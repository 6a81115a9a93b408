//! `courant preview --open`: the next issue in the browser, made anew whenever something it is made of was saved.
//!
//! A fault in what was saved is shown on the page, and the next save may mend it; nothing here ends but by a signal.
//! Sources on the web are asked once, at the start: nobody's server hears of each stroke of a key.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::signals;
use super::summary::quiet_words;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::{self, Session};
use crate::config::{self, Config, Look};
use crate::model::{Diagnostic, IssueNumber, Schedule, Severity};
use crate::pipeline::{Answers, Gets, Pipeline, Proof};
use crate::web::{
    Copies, Server, Sheet, Show, ShownCopy, ShownReader, ShownVariant, preview_routes,
};

/// How often the files are looked at: sooner than a hand moves from editor to browser.
const PAUSE: Duration = Duration::from_millis(250);

/// Serves the preview on a port of this machine, 0 for a free one, until it is told to end.
pub async fn serve(
    session: &Session,
    name: Option<&str>,
    port: u16,
    browser: bool,
) -> Result<Exit, Failure> {
    let config = session.config()?;
    session::schedules(&config, name)?;
    let bound = Server::bind((Ipv4Addr::LOCALHOST, port).into()).await;
    let server = bound.map_err(|error| {
        Failure::new(Exit::Unavailable, error.to_string())
            .hint("`courant preview --open` takes a port that is free")
    })?;
    let port = server.address().map_or(port, |address| address.port());
    let url = format!("http://127.0.0.1:{port}/");
    session.printer.either(&url, |printer| {
        let name = &config.newsletter.name;
        printer.line(format!("Preview of {name} on {url} (end with Ctrl-C)"));
    });
    if browser && !opens(session, &url) {
        session
            .printer
            .line("There is no browser here to open: go to that address yourself.");
    }
    let (shows, shown) = watch::channel(Arc::new(Show {
        newsletter: config.newsletter.name.clone(),
        ..Show::default()
    }));
    // Owns the sender: when a signal comes, pages hear no more and their connections end.
    let end = async move {
        tokio::select! {
            ended = signals::end() => if let Err(failure) = ended {
                tracing::error!(?failure, "signals cannot be heard");
            },
            never = follow(session, name, config, &shows) => match never {},
        }
    };
    server.run(preview_routes(shown, port), end).await;
    session.clear_bars();
    Ok(Exit::Done)
}

/// Makes the proofs, and makes them again after each change.
async fn follow(
    session: &Session,
    name: Option<&str>,
    mut config: Config,
    shows: &watch::Sender<Arc<Show>>,
) -> std::convert::Infallible {
    let answers = Arc::new(Answers::default());
    loop {
        let before = look(&config).await;
        let made = make(session, name, &mut config, &answers).await;
        session.clear_bars();
        let (sheets, broken) = match made {
            Ok(sheets) => (Some(Arc::new(sheets)), Vec::new()),
            Err(failure) => (None, failure.faults),
        };
        shows.send_modify(|show| {
            *show = Arc::new(Show {
                revision: show.revision + 1,
                newsletter: config.newsletter.name.clone(),
                public: config.public.clone(),
                sheets: sheets.unwrap_or_else(|| show.sheets.clone()),
                broken,
            });
        });
        changed(&config, &before).await;
    }
}

/// Waits until the files differ, and then until nobody writes them any more.
async fn changed(config: &Config, before: &Option<Look>) {
    let mut last = before.clone();
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = look(config).await;
        if now != *before && now == last {
            return;
        }
        last = now;
    }
}

async fn look(config: &Config) -> Option<Look> {
    let config = config.clone();
    let looked = tokio::task::spawn_blocking(move || config::look(&config));
    looked.await.ok()
}

/// Reads everything anew and makes a sheet of each schedule that was asked for.
async fn make(
    session: &Session,
    name: Option<&str>,
    config: &mut Config,
    answers: &Arc<Answers>,
) -> Result<Vec<Sheet>, Failure> {
    let loaded = session.load().map_err(Failure::config)?;
    *config = loaded.config.clone();
    let pipeline = session.pipeline(loaded.config).await?;
    let pipeline = Arc::new(pipeline.with_answers(answers.clone()));
    let mut sheets = Vec::new();
    for schedule in session::schedules(&pipeline.config, name)? {
        let world = session.world();
        let proof = pipeline.proof(schedule, &world).await?;
        let last = match proof.variants().is_empty() {
            true => pipeline.reprint(schedule, &proof, &world).await?,
            false => None,
        };
        let again = last.as_ref().map(|last| last.issue().number);
        let shown = last.unwrap_or(proof);
        sheets.push(sheet(&pipeline, schedule, shown, again, &loaded.warnings));
    }
    Ok(sheets)
}

fn sheet(
    pipeline: &Arc<Pipeline>,
    schedule: &Schedule,
    proof: Proof,
    again: Option<IssueNumber>,
    warnings: &[Diagnostic],
) -> Sheet {
    let mut faults = [warnings, &proof.plan.faults].concat();
    faults.sort_by_key(|fault| fault.severity != Severity::Error);
    let quiet = proof.plan.quiet.as_ref();
    Sheet {
        schedule: schedule.name.to_string(),
        quiet: quiet.map(|quiet| quiet_words(quiet, &schedule.timezone)),
        again: again.map(|number| number.to_string()),
        variants: variants(&proof),
        readers: readers(&proof),
        faults,
        copies: Box::new(ProofCopies {
            pipeline: pipeline.clone(),
            proof,
        }),
    }
}

fn variants(proof: &Proof) -> Vec<ShownVariant> {
    let sealed = proof.variants().iter().enumerate();
    sealed
        .zip(&proof.plan.variants)
        .map(|((index, sealed), planned)| ShownVariant {
            subject: planned.subject.clone(),
            preheader: sealed.digest.preheader.clone(),
            language: planned.language.clone(),
            format: sealed.variant.format,
            topics: topics(proof, index),
            posts: planned.posts,
            readers: planned.readers,
        })
        .collect()
}

/// The topics that the readers of a variant chose: what one of them chose, if they do not agree.
fn topics(proof: &Proof, variant: usize) -> String {
    let readers = proof.readers.iter();
    let chosen: BTreeSet<Vec<String>> = readers
        .filter(|reader| reader.gets == Gets::Variant(variant))
        .map(|reader| reader.topics.iter().map(ToString::to_string).collect())
        .collect();
    match chosen.first() {
        None => String::new(),
        Some(topics) if topics.is_empty() => "all topics".to_owned(),
        Some(topics) => topics.join(", "),
    }
}

fn readers(proof: &Proof) -> Vec<ShownReader> {
    let shown = proof.readers.iter().map(|reader| ShownReader {
        address: reader.address.to_string(),
        name: reader.name.clone(),
        gets: match reader.gets {
            Gets::Variant(variant) => Ok(variant),
            gets => Err(words(gets)),
        },
    });
    shown.collect()
}

/// Why a reader would get nothing.
pub fn words(gets: Gets) -> String {
    match gets {
        Gets::Variant(variant) => format!("variant {}", variant + 1),
        Gets::NothingSince(reason) => reason.as_str().to_owned(),
        Gets::NothingNew => "has these posts already, or wants none of their topics".to_owned(),
        Gets::NotThisSchedule => "chose other schedules".to_owned(),
    }
}

struct ProofCopies {
    pipeline: Arc<Pipeline>,
    proof: Proof,
}

impl Copies for ProofCopies {
    fn copy(&self, variant: usize, reader: Option<usize>) -> Result<ShownCopy, Box<Diagnostic>> {
        let reader = reader.and_then(|reader| self.proof.readers.get(reader));
        let none = || Box::new(Diagnostic::error("there is no such variant any more"));
        let sealed = self.proof.variants().get(variant).ok_or_else(none)?;
        let copy = self.pipeline.copy_of(&self.proof, sealed, reader);
        let copy = copy.map_err(|fault| Box::new(Diagnostic::error(fault.to_string())))?;
        Ok(ShownCopy {
            html: copy.html,
            text: copy.text,
            message: copy.message,
            unsubscribe: copy.unsubscribe,
            base: self.proof.issue().masthead.url.clone(),
        })
    }

    fn picture(&self, name: &str) -> Option<PathBuf> {
        self.pipeline.proof_picture(&self.proof, name)
    }
}

/// Starts the browser; whether there is one to start. Without a screen a browser would take the terminal.
fn opens(session: &Session, url: &str) -> bool {
    let is_mac = cfg!(target_os = "macos");
    if !is_mac && !session.has_screen() {
        return false;
    }
    let program = if is_mac { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    let command = command.arg(url).stdin(Stdio::null());
    let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.is_ok()
}
