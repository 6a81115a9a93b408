//! `courant sources review`: posts that came in a flood, one by one, and what a person decides about them.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::commands::summary::show_commands;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, clock, count, shortened, titled};
use crate::cli::session::Session;
use crate::config::Config;
use crate::model::{LedgerEntry, PostId, SourceName, Standing};
use crate::pipeline::Fault;
use crate::store::Store;

/// Longest title that the table shows, in characters.
const TITLE: usize = 56;

/// Longest link that the table shows, in characters.
const LINK: usize = 60;

/// What a person decides; an empty list stands for all posts.
#[derive(Debug, Default)]
pub struct Decision {
    /// Posts to let in, by number or identity.
    pub accept: Option<Vec<String>>,
    /// Posts to drop, by number or identity.
    pub drop: Option<Vec<String>>,
}

/// What `sources review --json` gives.
#[derive(Serialize)]
struct Review {
    source: String,
    /// What is still held.
    held: Vec<Shown>,
    /// Titles of the posts that were let in now.
    accepted: Vec<String>,
    /// Titles of the posts that were dropped now.
    dropped: Vec<String>,
}

/// A post that is held.
#[derive(Serialize)]
struct Shown {
    number: usize,
    title: String,
    title_derived: bool,
    date: Timestamp,
    link: Option<String>,
    identity: String,
    why: String,
    since: Timestamp,
}

/// Shows what is held of a source, or lets it in or drops it.
pub async fn review(session: &Session, name: &str, decision: Decision) -> Result<Exit, Failure> {
    let config = session.config()?;
    let store = session.store(&config).await?;
    let source = SourceName::parse(name).ok();
    let mut held = match (&store, &source) {
        (Some(store), Some(source)) => held_of(store, source).await?,
        _ => Vec::new(),
    };
    let known = |source: &SourceName| config.sources.iter().any(|s| s.name == *source);
    if held.is_empty() && !source.as_ref().is_some_and(known) {
        return Err(no_such_source(&config, name));
    }
    let mut accepted = chosen(&held, decision.accept.as_deref(), name)?;
    let dropped = chosen(&held, decision.drop.as_deref(), name)?;
    if let Some(both) = accepted.iter().find(|at| dropped.contains(at)) {
        let message = format!("number {} is to be let in and dropped", both + 1);
        return Err(Failure::new(Exit::Usage, message));
    }
    accepted.sort_unstable();
    if let Some(store) = &store {
        decide(session, store, &held, &accepted, &dropped).await?;
    }
    let titles = |chosen: &[usize]| {
        chosen
            .iter()
            .map(|&at| held[at].post.title.clone())
            .collect()
    };
    let (let_in, out): (Vec<String>, Vec<String>) = (titles(&accepted), titles(&dropped));
    let mut at = 0..;
    held.retain(|_| {
        let at = at.next().unwrap_or(0);
        !accepted.contains(&at) && !dropped.contains(&at)
    });
    let review = Review {
        source: name.to_owned(),
        held: held.iter().enumerate().map(shown).collect(),
        accepted: let_in,
        dropped: out,
    };
    session.printer.either(&review, |printer| {
        show(printer, &review, &config, &session.program());
    });
    Ok(Exit::Done)
}

async fn held_of(store: &Store, source: &SourceName) -> Result<Vec<LedgerEntry>, Failure> {
    let held = store.post_quarantined(Some(source)).await;
    Ok(held.map_err(Fault::from)?)
}

fn no_such_source(config: &Config, name: &str) -> Failure {
    let known: Vec<String> = config
        .sources
        .iter()
        .map(|source| format!("`{}`", source.name))
        .collect();
    let failure = Failure::new(Exit::NoInput, format!("there is no source `{name}`"));
    failure.hint(match known.as_slice() {
        [] => "no source is configured yet".to_owned(),
        _ => format!("known sources: {}", known.join(", ")),
    })
}

/// The posts that a flag names, as places in the list; all where it names none.
fn chosen(
    held: &[LedgerEntry],
    named: Option<&[String]>,
    source: &str,
) -> Result<Vec<usize>, Failure> {
    let Some(named) = named else {
        return Ok(Vec::new());
    };
    if named.is_empty() {
        return Ok((0..held.len()).collect());
    }
    let mut chosen = Vec::with_capacity(named.len());
    for name in named {
        let at = place(held, name, source)?;
        if !chosen.contains(&at) {
            chosen.push(at);
        }
    }
    Ok(chosen)
}

/// The post of this number or identity; a text that is one post's number and another's identity names neither.
fn place(held: &[LedgerEntry], name: &str, source: &str) -> Result<usize, Failure> {
    let number: Option<usize> = name.parse().ok();
    let by_number = number.filter(|number| (1..=held.len()).contains(number));
    let by_number = by_number.map(|number| number - 1);
    let by_identity = held.iter().position(|entry| entry.post.identity == name);
    match (by_number, by_identity) {
        (Some(at), None) | (None, Some(at)) => Ok(at),
        (Some(one), Some(other)) if one == other => Ok(one),
        (Some(_), Some(_)) => Err(Failure::new(
            Exit::Usage,
            format!("`{name}` is the number of one post and the identity of another"),
        )
        .hint("name the one by its identity, or the other by its number")),
        (None, None) => Err(Failure::new(
            Exit::NoInput,
            format!("no post `{name}` of `{source}` is held"),
        )
        .hint(match held.len() {
            0 => "nothing of it is held".to_owned(),
            1 => "its only number is 1".to_owned(),
            most => format!("its numbers are 1 to {most}; an identity will do as well"),
        })),
    }
}

/// Records the decision. What is let in is held against other sources once more: they may have brought it meanwhile.
async fn decide(
    session: &Session,
    store: &Store,
    held: &[LedgerEntry],
    accepted: &[usize],
    dropped: &[usize],
) -> Result<(), Failure> {
    let at = session.clock().now();
    let standings = |chosen: &[usize], standing: Standing| -> Vec<(PostId, Standing)> {
        let ids = chosen.iter().map(|&at| held[at].id);
        ids.map(|id| (id, standing.clone())).collect()
    };
    let accepted = standings(accepted, Standing::Open);
    let dropped = standings(dropped, Standing::Dropped { at });
    store
        .post_stand(&accepted, false)
        .await
        .map_err(Fault::from)?;
    store
        .post_stand(&dropped, true)
        .await
        .map_err(Fault::from)?;
    Ok(())
}

fn shown((at, entry): (usize, &LedgerEntry)) -> Shown {
    let (why, since) = match &entry.standing {
        Standing::Quarantined { at, why } => (why.to_string(), *at),
        _ => (String::new(), entry.first_seen),
    };
    Shown {
        number: at + 1,
        title: entry.post.title.clone(),
        title_derived: entry.post.title_derived,
        date: entry.dated(),
        link: entry.post.link.clone(),
        identity: entry.post.identity.clone(),
        why,
        since,
    }
}

fn show(printer: &Printer, review: &Review, config: &Config, program: &str) {
    let Review { source, .. } = review;
    if !review.accepted.is_empty() {
        let posts = count(review.accepted.len(), "post", "posts");
        printer.line(format!("{source}: {posts} let in, new for the next issue"));
    }
    if !review.dropped.is_empty() {
        let posts = count(review.dropped.len(), "post", "posts");
        printer.line(format!("{source}: {posts} dropped, in no issue ever"));
    }
    let decided = review.accepted.len() + review.dropped.len() > 0;
    if review.held.is_empty() {
        let still = if decided { "nothing more" } else { "nothing" };
        printer.line(format!("{source}: {still} is held"));
        return;
    }
    let still = if decided { "still " } else { "" };
    let are = if review.held.len() == 1 { "is" } else { "are" };
    let posts = count(review.held.len(), "post", "posts");
    printer.line(format!(
        "{source}: {posts} {are} {still}held, and in no issue"
    ));
    printer.line("");
    show_held(printer, &review.held, config);
    printer.line("");
    let command = format!("{program} sources review {source}");
    show_commands(
        printer,
        &[
            (
                format!("{command} --accept"),
                "let all in: they are new for the next issue".to_owned(),
            ),
            (
                format!("{command} --drop"),
                "send none of them, ever".to_owned(),
            ),
            (
                format!("{command} --accept 1"),
                "decide on single ones, by number".to_owned(),
            ),
        ],
    );
}

fn show_held(printer: &Printer, held: &[Shown], config: &Config) {
    let zone = &config.newsletter.timezone;
    let rows: Vec<Vec<String>> = held
        .iter()
        .map(|post| {
            vec![
                post.number.to_string(),
                post.date.to_zoned_datetime(zone.clone()).date().to_string(),
                titled(&shortened(&post.title, TITLE), post.title_derived),
                shortened(post.link.as_deref().unwrap_or(&post.identity), LINK),
                clock(post.since, zone),
                post.why.clone(),
            ]
        })
        .collect();
    printer.table(&["", "date", "post", "where", "held since", "why"], &rows);
}
