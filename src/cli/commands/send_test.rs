//! `courant send-test`: the next issue as one mail to oneself.

use super::check::placeholders;
use super::plan;
use super::preview::{nothing, the_schedule};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{quoted_names, shown};
use crate::cli::session::{self, Session};
use crate::config::Config;
use crate::model::EmailAddress;

/// Sends the next issue's first variant to one address, outside the outbox.
pub async fn send_test(
    session: &Session,
    address: &str,
    name: Option<&str>,
    relay: Option<&str>,
) -> Result<Exit, Failure> {
    let address = EmailAddress::parse(address)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{address}`: {error}")))?;
    let config = session.config()?;
    let schedule = the_schedule(&config, name)?.name.clone();
    let relay = relay.map(|relay| the_relay(&config, relay)).transpose()?;
    placeholders(&config)?;
    let several = config.delivery.relays.len() > 1;
    let pipeline = session.pipeline(config).await?;
    let schedule = session::schedule(&pipeline.config, schedule.as_str())?;
    let sent = pipeline
        .send_test(schedule, address.clone(), relay, &session.world())
        .await?;
    session.clear_bars();
    let Some(sent) = sent else {
        return Err(nothing("send"));
    };
    session.printer.either(&sent, |printer| {
        printer.line(format!("“{}” to {address}", sent.subject));
        let relay = match several {
            true => format!("the relay {}", sent.relay),
            false => "the relay".to_owned(),
        };
        printer.line(format!(
            "{relay} said {} {}",
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

/// The place of the relay of this name, or a fault that lists the known ones.
fn the_relay(config: &Config, name: &str) -> Result<usize, Failure> {
    config.delivery.relay_named(name).ok_or_else(|| {
        let known = config.delivery.relay_names();
        let known = quoted_names("relays", known.iter().map(String::as_str));
        Failure::new(Exit::NoInput, format!("there is no one relay `{name}`")).hint(known)
    })
}
