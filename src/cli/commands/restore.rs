//! `courant restore --replay`: an older database takes over what the journal knows, so that nobody is mailed again.

use crate::cli::exit::{Exit, Failure};
use crate::cli::print::count;
use crate::cli::session::Session;
use crate::pipeline;

/// Takes it over, and says what it was.
pub async fn restore(session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let restored = pipeline::restore(&config, session.opening(), &session.world()).await?;
    let Some(replayed) = restored else {
        return Err(
            Failure::new(Exit::TryAgain, "a run is under way: nothing was taken over")
                .hint("wait until it has ended, and say it again"),
        );
    };
    session.printer.either(&replayed, |printer| {
        if let Some(mended) = &replayed.mended {
            let lines = count(mended.lines, "line", "lines");
            let kept = mended.kept.display();
            printer.line(format!("The journal was damaged: {lines} of it lost, the rest goes on. As it was it is `{kept}`."));
            printer.line("What stood there may be what the database lacks: see `courant plan` before the next run.");
        }
        if replayed.unknown.is_empty() {
            printer.line("The database knows all that the journal knows.");
            return;
        }
        let words = pipeline::unknown_in_words(&replayed.unknown);
        printer.line(format!("Taken over from the journal: {words}."));
        if let Ok(held @ 1..) = usize::try_from(replayed.held) {
            let held = count(held, "mail is held, since it", "mails are held, since they");
            printer.line(format!("{held} may have been sent after the backup was made."));
            printer.line("`courant issues account N --list held` names them, `courant issues retry N --held` sends them.");
        }
    });
    Ok(Exit::Done)
}
