//! SIGTERM and Ctrl-C: told once to the run, which finishes the message in hand.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::exit::{Exit, Failure};
use crate::deliver::Stop;

/// Waits for the first SIGTERM or SIGINT.
pub async fn end() -> Result<(), Failure> {
    Signals::listen()?.first().await;
    Ok(())
}

/// Sets the stop at the first signal, while the work goes on.
///
/// Listens in a task of its own: the flag is raised also while the work computes and does not come to waiting.
pub async fn stopping<T>(stop: &Stop, work: impl Future<Output = T>) -> Result<T, Failure> {
    let mut signals = Signals::listen()?;
    let stop = stop.clone();
    let listening = tokio::spawn(async move {
        signals.first().await;
        stop.stop();
        tracing::info!("asked to end: finishing the message in hand");
    });
    let done = work.await;
    listening.abort();
    Ok(done)
}

/// Both signals, heard from now on.
struct Signals {
    term: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let fault = |error: std::io::Error| {
            Failure::new(Exit::Ours, format!("cannot listen for signals: {error}"))
        };
        Ok(Self {
            term: signal(SignalKind::terminate()).map_err(fault)?,
            interrupt: signal(SignalKind::interrupt()).map_err(fault)?,
        })
    }

    async fn first(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
