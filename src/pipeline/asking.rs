//! Which source is asked next, and what comes of asking it.
//!
//! Many are asked at once, so that slow ones keep nobody waiting, but no host more than it bears: a source whose host is
//! busy stands back for the next one. Asks sources and not the store: a question that waits for its turn would keep a
//! connection to the database, and a few of these would leave none for saving what another source said.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::World;
use crate::gather::{self, Fetcher, Gathered, Memory};
use crate::model::{
    NotAsked, Occasion, Shown, Source, SourceKind, SourceStanding, Validators, Visit,
};
use crate::store::SourceState;

/// Sources asked at the same time: one that hangs costs its place for up to a minute, and a place costs only a socket.
const AT_ONCE: usize = 64;

/// A source to ask, and what the store knows of it.
pub(super) struct Question<'a> {
    pub source: &'a Source,
    pub state: Option<SourceState>,
    standing: SourceStanding,
    /// The source with the address to ask.
    place: Source,
    /// What the last visit left for this one.
    memory: Memory,
    occasion: Occasion,
}

/// What a source showed, or why it showed nothing; each with what the visit teaches.
pub(super) type Answer = Result<(Gathered, Visit), Unanswered>;

/// Why a source showed nothing.
#[derive(Clone)]
pub(super) enum Unanswered {
    /// It was left alone.
    NotAsked(NotAsked),
    /// It was asked, and failed.
    Failed(Arc<gather::Error>, Box<Visit>),
}

impl<'a> Question<'a> {
    pub(super) fn new(
        source: &'a Source,
        state: Option<SourceState>,
        memory: Memory,
        occasion: Occasion,
    ) -> Self {
        let standing = state.as_ref().map(|state| state.standing.clone());
        // What was learnt about another address says nothing about this one.
        let standing = standing.filter(|standing| standing.address == source.location());
        let standing = standing.unwrap_or_else(|| SourceStanding {
            address: source.location(),
            ..SourceStanding::default()
        });
        Self {
            place: gather::place_of(source, &standing),
            source,
            state,
            standing,
            memory,
            occasion,
        }
    }

    /// What went wrong at the last visit.
    pub(super) fn last_error(&self) -> Option<&str> {
        self.state.as_ref()?.last_error.as_deref()
    }

    /// What its feed showed at the last visit.
    pub(super) fn shown(&self) -> &[Shown] {
        &self.standing.shown
    }

    fn host(&self) -> Option<String> {
        match &self.place.kind {
            SourceKind::Url(url) => Some(gather::host_name(url)),
            SourceKind::Folder(_) => None,
        }
    }

    /// The validators that the address to ask has given; another one is shown none, and only the hash is compared.
    fn validators(&self) -> Option<Validators> {
        let state = self.state.as_ref();
        let here = state.filter(|state| state.location == self.source.location())?;
        let known = here.validators.clone()?;
        match &self.standing.read_at {
            Some(read_at) if *read_at != self.place.location() => Some(Validators {
                etag: None,
                last_modified: None,
                ..known
            }),
            _ => Some(known),
        }
    }
}

/// The sources that wait to be asked, and the hosts that are being asked.
#[derive(Default)]
pub(super) struct Questions<'a> {
    waiting: VecDeque<Question<'a>>,
    busy: HashMap<String, usize>,
    running: usize,
}

impl<'a> Questions<'a> {
    pub(super) fn add(&mut self, question: Question<'a>) {
        self.waiting.push_back(question);
    }

    /// The first whose host bears it, if another may be asked at all now.
    pub(super) fn next(&mut self) -> Option<Question<'a>> {
        if self.running == AT_ONCE {
            return None;
        }
        let bears = |host: String| {
            self.busy
                .get(&host)
                .is_none_or(|requests| *requests < gather::REQUESTS_A_HOST)
        };
        let free = |question: &Question| question.host().is_none_or(bears);
        let question = self.waiting.remove(self.waiting.iter().position(free)?)?;
        self.running += 1;
        if let Some(host) = question.host() {
            *self.busy.entry(host).or_default() += 1;
        }
        Some(question)
    }

    /// Its place is free again.
    pub(super) fn done(&mut self, question: &Question<'_>) {
        self.running -= 1;
        if let Some(requests) = question.host().and_then(|host| self.busy.get_mut(&host)) {
            *requests -= 1;
        }
    }
}

/// What sources on the web answered, kept while a preview is looked at: what is written anew at every stroke of a key asks
/// nobody else's server again.
#[derive(Default)]
pub struct Answers(Mutex<Vec<(Source, Answer)>>);

impl Answers {
    /// What this source answered before, if it is still the same source.
    fn recall(&self, source: &Source) -> Option<Answer> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, answer) = kept.iter().find(|(known, _)| known == source)?;
        Some(answer.clone())
    }

    fn keep(&self, source: &Source, answer: &Answer) {
        if matches!(source.kind, SourceKind::Url(_)) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|(known, _)| known.name != source.name);
            kept.push((source.clone(), answer.clone()));
        }
    }
}

/// Asks a source, unless it answered before and its answer was kept.
pub(super) async fn ask_once<'a>(
    question: Question<'a>,
    answers: Option<&Answers>,
    fetcher: &Fetcher,
    world: &World<'_>,
) -> (Question<'a>, Answer) {
    let Some(answers) = answers else {
        return ask(question, fetcher, world).await;
    };
    if let Some(answer) = answers.recall(question.source) {
        return (question, answer);
    }
    let (question, answer) = ask(question, fetcher, world).await;
    answers.keep(question.source, &answer);
    (question, answer)
}

/// Asks a source, if it may be asked.
async fn ask<'a>(
    question: Question<'a>,
    fetcher: &Fetcher,
    world: &World<'_>,
) -> (Question<'a>, Answer) {
    let now = world.clock.now();
    let is_folder = matches!(question.source.kind, SourceKind::Folder(_));
    let allowed = gather::may_ask(&question.standing, question.occasion, now);
    if let Err(why) = allowed.or_else(|why| if is_folder { Ok(()) } else { Err(why) }) {
        return (question, Err(Unanswered::NotAsked(why)));
    }
    let known = question.validators();
    let memory = question.memory.clone();
    let outcome = gather::gather_again(&question.place, known.as_ref(), memory, fetcher, now).await;
    if let Err(gather::Error::Held { host, until }) = outcome {
        let why = NotAsked::Held { host, until };
        return (question, Err(Unanswered::NotAsked(why)));
    }
    let (standing, events) = match is_folder {
        true => (question.standing.clone(), Vec::new()),
        false => gather::after(
            &question.standing,
            &question.place,
            outcome.as_ref(),
            world.clock.now(),
            world.chance,
        ),
    };
    let visit = Visit {
        standing,
        events,
        hold: outcome.as_ref().err().and_then(gather::Error::hold),
    };
    let answer = match outcome {
        Ok(gathered) => Ok((gathered, visit)),
        Err(error) => Err(Unanswered::Failed(Arc::new(error), Box::new(visit))),
    };
    (question, answer)
}
