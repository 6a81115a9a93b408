//! How long a digest takes: a variant of 12 and of 30 posts, and one reader's copy.
//!
//! A further variant of an issue has its stories in common with those before it; the first makes them. The first of a process
//! learns from css-inline what the style sheet gives each element as well; it is timed with composers that have rendered
//! nothing yet. Setting up a composer, once a process, is not in it.
//!
//! ```text
//! cargo bench --bench compose                       times, in microseconds
//! cargo bench --bench compose -- --json             the same as JSON
//! cargo bench --bench compose -- --write FOLDER     the digests and letters themselves, for benches/digest-checks
//! ```
//!
//! `benches/compose/run` puts reference MJML beside it, in the same run.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures with the real clock, prints, and stops at the first fault"
)]

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/it/compose/stories.rs"]
mod stories;
mod write;

use std::hint::black_box;
use std::time::{Duration, Instant};

use courant::compose::{Composer, Overrides, OwnLines, fill};
use courant::model::{Digest, Format, Issue, Language, Slot, Variant};

/// Rounds of a variant: enough for a steady median.
const VARIANTS: usize = 1000;

/// Composers whose first variant is timed.
const FIRSTS: usize = 9;

/// Rounds of a reader's copy, in batches since one is too short to time.
const COPIES: usize = 200;

/// Copies in a batch.
const BATCH: u32 = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let composer = Composer::new(&Overrides::default()).unwrap();
    if let Some(at) = arguments.iter().position(|argument| argument == "--write") {
        write::write(&composer, arguments[at + 1].as_ref());
        return;
    }
    let (twelve, bytes_twelve) = variant(&composer, &stories::issue(stories::twelve()));
    let (thirty, bytes_thirty) = variant(&composer, &stories::issue(stories::thirty()));
    let text = text_variant(&composer);
    let of_issue = first_of_issue(&composer);
    let mean = one_of_twelve(&composer);
    let first = first();
    let reader = reader(&composer);
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let times = [twelve, thirty, text, of_issue, mean, first, reader];
    let [twelve, thirty, text, of_issue, mean, first, reader] = times.map(micros);
    if arguments.iter().any(|argument| argument == "--json") {
        println!(
            "{{\"variant_12_us\":{twelve:.1},\"variant_30_us\":{thirty:.1},\"first_12_us\":{first:.1},\
             \"first_of_issue_12_us\":{of_issue:.1},\"one_of_twelve_us\":{mean:.1},\"html_12_us\":{:.1},\"reader_us\":{reader:.3},\"bytes_12\":{bytes_twelve},\"bytes_30\":{bytes_thirty}}}",
            twelve - text
        );
        return;
    }
    println!("the first variant, 12  {first:9.1} µs  HTML and text, of a process");
    println!("the first variant, 12  {of_issue:9.1} µs  HTML and text, of an issue");
    println!("a further one, 12      {twelve:9.1} µs  {bytes_twelve} bytes of HTML, and text");
    println!("one of twelve, 11      {mean:9.1} µs  HTML and text, the first among them");
    println!("of text alone, 12      {text:9.1} µs");
    println!("a further one, 30      {thirty:9.1} µs  {bytes_thirty} bytes of HTML, and text");
    println!("a reader's copy of 12  {reader:9.3} µs");
}

/// Median time of a further variant, HTML and text, and the bytes of its HTML.
fn variant(composer: &Composer, issue: &Issue) -> (Duration, usize) {
    let variant = all_of(issue, "nl");
    let mut digests = composer.digests(issue);
    let own = OwnLines::default();
    let mut make = || digests.digest(&variant, &own, &[]).unwrap();
    make();
    let bytes = make().html.unwrap().len();
    (median(VARIANTS, || drop(black_box(make()))), bytes)
}

/// Median time of a further variant of 12 posts for readers of text alone.
fn text_variant(composer: &Composer) -> Duration {
    let issue = stories::issue(stories::twelve());
    let variant = Variant {
        format: Format::Text,
        ..all_of(&issue, "nl")
    };
    let own = OwnLines::default();
    let mut digests = composer.digests(&issue);
    median(VARIANTS, || {
        drop(black_box(digests.digest(&variant, &own, &[]).unwrap()));
    })
}

/// Median time of the first variant of an issue of 12 posts, by a composer that has composed others.
fn first_of_issue(composer: &Composer) -> Duration {
    let issue = stories::issue(stories::twelve());
    let variant = all_of(&issue, "nl");
    let own = OwnLines::default();
    median(VARIANTS, || {
        let digest = composer.digests(&issue).digest(&variant, &own, &[]);
        drop(black_box(digest.unwrap()));
    })
}

/// Median time of a variant where an issue of 12 posts has 12, each without another of them; the first is among them.
fn one_of_twelve(composer: &Composer) -> Duration {
    let issue = stories::issue(stories::twelve());
    let all = all_of(&issue, "nl");
    let without = |at: usize| {
        let mut variant = all.clone();
        variant.posts.remove(at);
        variant
    };
    let variants: Vec<Variant> = (0..all.posts.len()).map(without).collect();
    let own = OwnLines::default();
    let together = median(VARIANTS, || {
        let mut digests = composer.digests(&issue);
        for variant in &variants {
            drop(black_box(digests.digest(variant, &own, &[]).unwrap()));
        }
    });
    together / 12
}

/// Median time of the first variant of 12 posts that a composer makes.
fn first() -> Duration {
    let issue = stories::issue(stories::twelve());
    let mut times: Vec<Duration> = (0..FIRSTS)
        .map(|_| {
            let composer = Composer::new(&Overrides::default()).unwrap();
            let start = Instant::now();
            let variant = all_of(&issue, "nl");
            let digest = composer
                .digests(&issue)
                .digest(&variant, &OwnLines::default(), &[]);
            black_box(digest.unwrap());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[FIRSTS / 2]
}

/// Median time of one reader's copy, HTML and text, of a digest of 12 posts.
fn reader(composer: &Composer) -> Duration {
    let issue = stories::issue(stories::twelve());
    let digest = digest(composer, &issue, "nl");
    let html = digest.html.as_deref().unwrap();
    let batch = median(COPIES, || {
        for _ in 0..BATCH {
            black_box(fill(html, true, &issue.nonce, value));
            black_box(fill(&digest.text, false, &issue.nonce, value));
        }
    });
    batch / BATCH
}

fn median(rounds: usize, mut work: impl FnMut()) -> Duration {
    for _ in 0..rounds / 10 {
        work();
    }
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[rounds / 2]
}

fn all_of(issue: &Issue, language: &str) -> Variant {
    Variant {
        posts: issue.posts.iter().map(|(id, _)| *id).collect(),
        language: Language::parse(language).unwrap(),
        format: Format::Html,
    }
}

fn digest(composer: &Composer, issue: &Issue, language: &str) -> Digest {
    composer
        .digest(issue, &all_of(issue, language), &OwnLines::default(), &[])
        .unwrap()
}

/// What a usual reader's fields say.
fn value(slot: Slot) -> String {
    match slot {
        Slot::Greeting => "Goedemorgen Zoë,".to_owned(),
        Slot::Address => "zoe@example.nl".to_owned(),
        Slot::Since => "op 1\u{a0}september 2026".to_owned(),
        Slot::Unsubscribe => format!("https://nieuws.example.nl/unsubscribe/{}", "k".repeat(51)),
    }
}
