//! How far a run is: a spinner and a bar on stderr, on a terminal only.

use std::io::IsTerminal;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::deliver::Recorded;
use crate::pipeline::{Progress, Step};

/// Looks of the sending bar; indicatif's own where this template should ever be refused.
const SENDING: &str = "  sending  [{bar:32}] {pos}/{len}  {eta} left";

/// The bars of one run.
pub struct Bars {
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Bars {
    /// Bars that are shown if stderr is a terminal and the user wants them.
    pub fn new(wanted: bool) -> Self {
        Self {
            shown: wanted && std::io::stderr().is_terminal(),
            bar: Mutex::new(None),
        }
    }

    /// Takes the bar off the terminal.
    pub fn clear(&self) {
        self.replace(None);
    }

    fn replace(&self, bar: Option<ProgressBar>) {
        let mut current = self
            .bar
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(old) = current.take() {
            old.finish_and_clear();
        }
        *current = bar;
    }

    fn message(&self, text: String) {
        let current = self
            .bar
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
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

    fn sending(&self, queued: i64) {
        let length = u64::try_from(queued).unwrap_or(0);
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(SENDING) {
            bar.set_style(style);
        }
        self.replace(Some(bar));
    }
}

impl crate::deliver::Progress for Bars {
    fn recorded(&self, _what: Recorded<'_>) {
        let current = self
            .bar
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(bar) = current.as_ref() {
            bar.inc(1);
        }
    }
}

impl Progress for Bars {
    fn step(&self, step: Step) {
        if !self.shown {
            return;
        }
        match step {
            Step::Gathering { done, total } => {
                self.message(format!("gathering  {done} of {total} sources"))
            }
            Step::Publishing => self.message("publishing feed and archive".to_owned()),
            Step::Sending { queued, .. } => self.sending(queued),
        }
    }
}
