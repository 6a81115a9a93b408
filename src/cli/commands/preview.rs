//! `courant preview`: the next issue in the browser, as files, or as one message.

use std::path::{Path, PathBuf};

use super::{plan, proofing};
use crate::cli::args::PreviewArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{count, shown};
use crate::cli::session::{self, Session};
use crate::config::{self, Config};
use crate::model::{EmailAddress, Schedule};
use crate::pipeline::{Gets, Preview, Proof, ProofReader};

/// Shows the next issue in the way that was asked for.
pub async fn preview(session: &Session, wanted: PreviewArgs) -> Result<Exit, Failure> {
    let name = wanted.schedule.as_deref();
    if let Some(file) = &wanted.eml {
        return message(session, name, wanted.reader.as_deref(), file).await;
    }
    if wanted.open || wanted.port.is_some() {
        return proofing::serve(session, name, wanted.port.unwrap_or(0), wanted.open).await;
    }
    files(session, name, wanted.out).await
}

/// Writes the digests of the next issue and names the files.
async fn files(
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
            printer.line(format!(
                "Nothing new: there is no issue to preview. `{} plan` says why.",
                session.program()
            ));
        }
    });
    let faults = previews.iter().map(|preview| &preview.faults);
    let faulty = plan::show_faults(&session.printer, faults);
    Ok(if faulty { Exit::Part } else { Exit::Done })
}

/// That the one thing which was asked for is not there.
pub fn nothing(what: &str) -> Failure {
    let message = format!("nothing is new: there is no issue to {what}");
    Failure::new(Exit::NoInput, message).hint("`courant plan` says why")
}

/// Writes one reader's message, with CRLF line ends, as the relay would get it after `DATA`.
async fn message(
    session: &Session,
    name: Option<&str>,
    reader: Option<&str>,
    file: &Path,
) -> Result<Exit, Failure> {
    let config = session.config()?;
    let schedule = the_schedule(&config, name)?.name.clone();
    let pipeline = session.pipeline(config).await?;
    let schedule = session::schedule(&pipeline.config, schedule.as_str())?;
    let proof = pipeline.proof(schedule, &session.world()).await?;
    session.clear_bars();
    let reader = reader
        .map(|address| reader_of(&proof, address))
        .transpose()?;
    let variant = match reader {
        Some(reader) => variant_of(reader)?,
        None => 0,
    };
    let Some(sealed) = proof.variants().get(variant) else {
        return Err(nothing("write"));
    };
    let copy = pipeline.copy_of(&proof, sealed, reader)?;
    if file == Path::new("-") {
        session.printer.bytes(copy.message.as_bytes());
    } else {
        std::fs::write(file, &copy.message).map_err(|error| {
            let why = config::cause(&error);
            let message = format!("cannot write `{}`: {why}", shown(file));
            Failure::new(Exit::CannotWrite, message)
        })?;
        session.printer.line(shown(file));
    }
    let faulty = plan::show_faults(&session.printer, std::iter::once(&proof.plan.faults));
    Ok(if faulty { Exit::Part } else { Exit::Done })
}

fn reader_of<'a>(proof: &'a Proof, address: &str) -> Result<&'a ProofReader, Failure> {
    let wanted = EmailAddress::parse(address)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{address}`: {error}")))?;
    let mut readers = proof.readers.iter();
    let found = readers.find(|reader| reader.address.key() == wanted.key());
    found.ok_or_else(|| {
        Failure::new(Exit::NoInput, format!("`{address}` is not on the list"))
            .hint("`courant subscribers list` shows who is")
    })
}

fn variant_of(reader: &ProofReader) -> Result<usize, Failure> {
    match reader.gets {
        Gets::Variant(variant) => Ok(variant),
        gets => {
            let why = proofing::words(gets);
            let message = format!("`{}` would get nothing: {why}", reader.address);
            Err(Failure::new(Exit::NoInput, message))
        }
    }
}

/// The schedule of this name, or the first that is marked as default.
pub fn the_schedule<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Schedule, Failure> {
    let schedules = session::schedules(config, name)?;
    schedules.first().copied().ok_or_else(|| {
        Failure::new(Exit::Usage, "no schedule is marked as default")
            .hint("name one; `courant schedule list` shows them")
    })
}
