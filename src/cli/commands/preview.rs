//! `courant preview` and `courant send-test`: the next issue as files, or as one mail to oneself.

use std::path::PathBuf;

use super::run::shown;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::count;
use crate::cli::session::{self, Session};
use crate::model::EmailAddress;
use crate::pipeline::Preview;

/// Writes the digests of the next issue and names the files.
pub async fn preview(
    session: &Session,
    name: Option<&str>,
    out: Option<PathBuf>,
) -> Result<Exit, Failure> {
    let pipeline = session.pipeline().await?;
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
            printer.line("Nothing new: there is no issue to preview. `courant plan` says why.");
        }
    });
    Ok(Exit::Done)
}

/// Sends the next issue's first variant to one address, outside the outbox.
pub async fn send_test(
    session: &Session,
    address: &str,
    name: Option<&str>,
) -> Result<Exit, Failure> {
    let address = EmailAddress::parse(address)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{address}`: {error}")))?;
    let pipeline = session.pipeline().await?;
    let schedules = session::schedules(&pipeline.config, name)?;
    let schedule = schedules.first().ok_or_else(|| {
        Failure::new(Exit::Usage, "no schedule is marked as default")
            .hint("name one: `--schedule weekly`")
    })?;
    let sent = pipeline
        .send_test(schedule, address.clone(), &session.world())
        .await?;
    session.clear_bars();
    let Some(sent) = sent else {
        session
            .printer
            .line("Nothing new: there is no issue to send. `courant plan` says why.");
        return Ok(Exit::Done);
    };
    session.printer.either(&sent, |printer| {
        printer.line(format!(
            "{} “{}”: {} {}",
            address, sent.subject, sent.reply.code, sent.reply.text
        ));
        if let Some(mailbox) = &sent.mailbox {
            printer.line(format!("Mailbox: {}", shown(mailbox)));
        }
    });
    let accepted = (200..300).contains(&sent.reply.code);
    if accepted {
        Ok(Exit::Done)
    } else {
        Err(Failure::new(
            Exit::Unavailable,
            format!("the relay refused: {} {}", sent.reply.code, sent.reply.text),
        ))
    }
}
