//! How far a run is, on stderr: a spinner and a bar on a terminal, a line now and then elsewhere.
//!
//! Both tell how many mails are settled, at which rate, and how long the rest takes at that rate. A mail counts once the
//! relay has said yes or no to it; one that goes back to the queue untouched does not.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tokio::time::Instant;

use crate::deliver::Recorded;
use crate::model::{IssueNumber, Outcome};
use crate::pipeline::{Progress, Step};

/// Looks of the sending bar; indicatif's own where this template should ever be refused.
const SENDING: &str = "  sending  [{bar:32}] {pos}/{len}  {rate}  {eta} left";

/// Between two lines where no terminal shows a bar.
const EVERY: Duration = Duration::from_secs(10);

/// The bars of one run.
pub struct Bars {
    looks: Looks,
    bar: Mutex<Option<ProgressBar>>,
    sending: Mutex<Option<Sending>>,
}

/// What the user sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    Bars,
    Lines,
    Nothing,
}

/// An issue that is being sent.
#[derive(Debug, Clone, Copy)]
struct Sending {
    issue: IssueNumber,
    total: u64,
    done: u64,
    since: Instant,
}

impl Bars {
    /// Bars if stderr is a terminal, else lines, if the user wants either.
    pub fn new(wanted: bool) -> Self {
        let looks = match (wanted, std::io::stderr().is_terminal()) {
            (true, true) => Looks::Bars,
            (true, false) => Looks::Lines,
            (false, _) => Looks::Nothing,
        };
        Self {
            looks,
            bar: Mutex::new(None),
            sending: Mutex::new(None),
        }
    }

    /// Takes the bar off the terminal.
    pub fn clear(&self) {
        self.replace(None);
        *locked(&self.sending) = None;
    }

    /// Writes a line every [`EVERY`] while an issue is being sent, for as long as it is polled; never ends.
    pub async fn tell(&self) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Some(line) = self.line() {
                let _ = writeln!(anstream::stderr(), "{line}");
            }
        }
    }

    /// What to say now, where lines are wanted and an issue is being sent.
    fn line(&self) -> Option<String> {
        let sending = (*locked(&self.sending)).filter(|_| self.looks == Looks::Lines)?;
        Some(sending.line(sending.since.elapsed()))
    }

    fn replace(&self, bar: Option<ProgressBar>) {
        let mut current = locked(&self.bar);
        if let Some(old) = current.take() {
            old.finish_and_clear();
        }
        *current = bar;
    }

    fn message(&self, text: String) {
        let current = locked(&self.bar);
        if let Some(bar) = current.as_ref().filter(|bar| bar.length().is_none()) {
            bar.set_message(text);
            bar.tick();
            return;
        }
        drop(current);
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("  {msg}") {
            bar.set_style(style);
        }
        bar.set_message(text);
        bar.tick();
        self.replace(Some(bar));
    }

    fn sending(&self, queued: u64) {
        let bar = ProgressBar::with_draw_target(Some(queued), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(SENDING) {
            let rate = |state: &ProgressState, to: &mut dyn std::fmt::Write| {
                let _ = to.write_str(&rate_words(state.per_sec()));
            };
            bar.set_style(style.with_key("rate", rate));
        }
        self.replace(Some(bar));
    }
}

impl Sending {
    /// "sending issue 3: 1200 of 5000, 98 a second, 39 s left"
    fn line(&self, since: Duration) -> String {
        let Self {
            issue, total, done, ..
        } = self;
        let seconds = since.as_secs_f64();
        let rate = if seconds > 0.0 {
            *done as f64 / seconds
        } else {
            0.0
        };
        let left = total.saturating_sub(*done) as f64 / rate;
        let left = if left.is_finite() {
            format!(", {} left", time_words(left))
        } else {
            String::new()
        };
        format!(
            "sending issue {issue}: {done} of {total}, {}{left}",
            rate_words(rate)
        )
    }
}

/// "98 a second", or by the minute where that is a small number.
fn rate_words(per_second: f64) -> String {
    if per_second >= 10.0 {
        format!("{per_second:.0} a second")
    } else {
        format!("{:.0} a minute", per_second * 60.0)
    }
}

/// "39 s", "12 min", "3 h 20 min".
fn time_words(seconds: f64) -> String {
    let minutes = (seconds / 60.0).ceil() as u64;
    match minutes {
        _ if seconds < 100.0 => format!("{:.0} s", seconds.ceil()),
        ..100 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the relay, or the reader who left, settled it for this run.
fn is_settled(what: &Recorded<'_>) -> bool {
    match what {
        Recorded::Suppressed(_) => true,
        Recorded::Outcome(record) => !matches!(
            record.outcome,
            Outcome::Released(_) | Outcome::UnknownRetry(_)
        ),
    }
}

impl crate::deliver::Progress for Bars {
    fn recorded(&self, what: Recorded<'_>) {
        if !is_settled(&what) {
            return;
        }
        if let Some(sending) = locked(&self.sending).as_mut() {
            sending.done += 1;
        }
        if let Some(bar) = locked(&self.bar).as_ref() {
            bar.inc(1);
        }
    }
}

impl Progress for Bars {
    fn step(&self, step: Step) {
        if let Step::Sending { issue, queued } = step {
            let total = u64::try_from(queued).unwrap_or(0);
            *locked(&self.sending) = Some(Sending {
                issue,
                total,
                done: 0,
                since: Instant::now(),
            });
        }
        if self.looks != Looks::Bars {
            return;
        }
        match step {
            Step::Gathering { done, total } => {
                self.message(format!("gathering  {done} of {total} sources"))
            }
            Step::Publishing => self.message("publishing feed and archive".to_owned()),
            Step::Sending { queued, .. } => self.sending(u64::try_from(queued).unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::deliver::Progress as _;
    use crate::model::{Claim, DeliveryKey, OutcomeRecord, Reply};

    fn lines() -> Bars {
        Bars {
            looks: Looks::Lines,
            bar: Mutex::new(None),
            sending: Mutex::new(None),
        }
    }

    fn record(outcome: Outcome) -> OutcomeRecord {
        let key = DeliveryKey {
            issue: IssueNumber(3),
            number: 0,
        };
        OutcomeRecord {
            claim: Claim { key, fence: 1 },
            outcome,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_line_tells_what_is_settled_the_rate_and_the_time_left() {
        let bars = lines();
        assert_eq!(bars.line(), None, "nothing is being sent");
        bars.step(Step::Sending {
            issue: IssueNumber(3),
            queued: 5_000,
        });
        let sent = record(Outcome::Sent(Reply {
            code: 250,
            enhanced: None,
            text: String::new(),
        }));
        let put_back = record(Outcome::Released(Timestamp::UNIX_EPOCH));
        for _ in 0..980 {
            bars.recorded(Recorded::Outcome(&sent));
            bars.recorded(Recorded::Outcome(&put_back));
        }
        let line = bars.line().unwrap();
        assert!(line.starts_with("sending issue 3: 980 of 5000, "), "{line}");
        let sending = locked(&bars.sending).unwrap();
        assert_eq!(
            sending.line(Duration::from_secs(10)),
            "sending issue 3: 980 of 5000, 98 a second, 42 s left"
        );
        bars.clear();
        assert_eq!(bars.line(), None, "it is over");
    }

    #[test]
    fn slow_rates_and_long_waits_are_told_in_larger_units() {
        assert_eq!(rate_words(1.5), "90 a minute");
        assert_eq!(time_words(99.2), "100 s");
        assert_eq!(time_words(150.0), "3 min");
        assert_eq!(time_words(12_000.0), "3 h 20 min");
    }
}
