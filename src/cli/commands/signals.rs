//! SIGTERM and Ctrl-C: told once to the run, which finishes the message in hand.

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::exit::{Exit, Failure};
use crate::deliver::Stop;

/// Waits for the first SIGTERM or SIGINT.
pub async fn end() -> Result<(), Failure> {
    let fault = |error: std::io::Error| {
        Failure::new(Exit::Ours, format!("cannot listen for signals: {error}"))
    };
    let mut term = signal(SignalKind::terminate()).map_err(fault)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Sets the stop at the first signal, while the work goes on.
pub async fn stopping<T>(stop: &Stop, work: impl Future<Output = T>) -> Result<T, Failure> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return Ok(done),
        signal = end() => signal?,
    }
    stop.stop();
    tracing::info!("asked to end: finishing the message in hand");
    Ok(work.await)
}
