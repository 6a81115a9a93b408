//! `courant send-test`: the next issue as one mail to oneself.

use super::plan;
use super::preview::{nothing, the_schedule};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::shown;
use crate::cli::session::{self, Session};
use crate::model::EmailAddress;

/// Sends the next issue's first variant to one address, outside the outbox.
pub async fn send_test(
    session: &Session,
    address: &str,
    name: Option<&str>,
) -> Result<Exit, Failure> {
    let address = EmailAddress::parse(address)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{address}`: {error}")))?;
    let config = session.config()?;
    let schedule = the_schedule(&config, name)?.name.clone();
    let pipeline = session.pipeline(config).await?;
    let schedule = session::schedule(&pipeline.config, schedule.as_str())?;
    let sent = pipeline
        .send_test(schedule, address.clone(), &session.world())
        .await?;
    session.clear_bars();
    let Some(sent) = sent else {
        session.printer.either(&sent, |printer| {
            printer.line(nothing("send", &session.program()));
        });
        return Ok(Exit::Done);
    };
    session.printer.either(&sent, |printer| {
        printer.line(format!("“{}” to {address}", sent.subject));
        printer.line(format!(
            "the relay said {} {}",
            sent.reply.code, sent.reply.text
        ));
        if let Some(mailbox) = &sent.mailbox {
            printer.line(format!("Mailbox: {}", shown(mailbox)));
        }
    });
    let faulty = plan::show_faults(&session.printer, std::iter::once(&sent.faults));
    let accepted = (200..300).contains(&sent.reply.code);
    if accepted {
        Ok(if faulty { Exit::Part } else { Exit::Done })
    } else {
        Err(Failure::new(
            Exit::Unavailable,
            format!("the relay refused: {} {}", sent.reply.code, sent.reply.text),
        ))
    }
}
