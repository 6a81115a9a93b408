//! `courant preview` and `courant send-test`: the next issue as files, or as one mail to oneself.

use std::path::PathBuf;

use super::plan;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{count, shown};
use crate::cli::session::{self, Session};
use crate::config::Config;
use crate::model::{EmailAddress, Schedule};
use crate::pipeline::Preview;

/// Writes the digests of the next issue and names the files.
pub async fn preview(
    session: &Session,
    name: Option<&str>,
    out: Option<PathBuf>,
) -> Result<Exit, Failure> {
    let config = session.config()?;
    session::schedules(&config, name)?;
    let pipeline = session.pipeline(config).await?;
    let folder = out.unwrap_or_else(|| pipeline.config.state.join("preview"));
    let mut previews: Vec<Preview> = Vec::new();
    for schedule in session::schedules(&pipeline.config, name)? {
        previews.push(
            pipeline
                .preview(schedule, &folder, &session.world())
                .await?,
        );
    }
    session.clear_bars();
    session.printer.either(&previews, |printer| {
        for preview in &previews {
            for (variant, files) in preview.variants.iter().zip(&preview.files) {
                printer.line(format!(
                    "“{}” ({}, {}, {}, {})",
                    variant.subject,
                    variant.language,
                    variant.format,
                    count(variant.posts, "post", "posts"),
                    count(variant.readers, "reader", "readers"),
                ));
                for file in files {
                    printer.line(format!("  {}", shown(file)));
                }
            }
        }
        if previews.iter().all(|preview| preview.files.is_empty()) {
            printer.line(nothing("preview", &session.program()));
        }
    });
    let faults = previews.iter().map(|preview| &preview.faults);
    let faulty = plan::show_faults(&session.printer, faults);
    Ok(if faulty { Exit::Part } else { Exit::Done })
}

fn nothing(what: &str, program: &str) -> String {
    format!("Nothing new: there is no issue to {what}. `{program} plan` says why.")
}

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

/// The schedule of this name, or the first that is marked as default.
fn the_schedule<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Schedule, Failure> {
    let schedules = session::schedules(config, name)?;
    schedules.first().copied().ok_or_else(|| {
        Failure::new(Exit::Usage, "no schedule is marked as default")
            .hint("name one: `--schedule weekly`")
    })
}
