//! `courant doctor`: all that the next run will need, asked for now; nothing is sent.
//!
//! What is in order is a line on stdout, what is not is shown on stderr, where it stands and with what to do.

use std::net::SocketAddr;

use serde::Serialize;

use super::check;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, count};
use crate::cli::session::Session;
use crate::config::{self, Config};
use crate::model::{Diagnostic, Severity};
use crate::pipeline::{self, Finding, Health, Subject};

/// Columns of the longest subject.
const WIDTH: usize = 10;

/// What was found, and the code that follows from it.
struct Findings(Vec<(Finding, Exit)>);

/// As `--json` gives it.
#[derive(Serialize)]
struct Shown<'a> {
    findings: Vec<&'a Finding>,
    crontab: &'a str,
}

/// Looks at everything, and says how it stands.
pub async fn doctor(session: &Session, name_server: Option<SocketAddr>) -> Result<Exit, Failure> {
    let mut findings = Findings(vec![]);
    let crontab = crontab(session);
    match session.load() {
        Ok(loaded) => {
            findings.newsletter(loaded.warnings, Exit::Config);
            examine(
                session,
                &loaded.config,
                name_server,
                &crontab,
                &mut findings,
            )
            .await?;
        }
        Err(faults) => findings.newsletter(faults, Exit::Config),
    }
    let shown = Shown {
        findings: findings.0.iter().map(|(finding, _)| finding).collect(),
        crontab: &crontab,
    };
    match session.printer.json {
        true => session.printer.json(&shown),
        false => findings.print(&session.printer, &crontab),
    }
    let codes = findings.0.iter().map(|(_, exit)| *exit);
    Ok(codes.max().unwrap_or(Exit::Done))
}

/// The line that has cron make the runs, with full paths: cron looks for programs in few places, and starts in no
/// newsletter's folder. A per cent sign would end it (crontab(5)).
fn crontab(session: &Session) -> String {
    let program = std::env::current_exe();
    let program = program.map_or("courant".to_owned(), |path| config::shell_word(&path));
    let newsletter = config::shell_word(&session.global.config);
    format!("*/5 * * * * {program} -c {newsletter} -q run --due").replace('%', "\\%")
}

async fn examine(
    session: &Session,
    config: &Config,
    name_server: Option<SocketAddr>,
    crontab: &str,
    findings: &mut Findings,
) -> Result<(), Failure> {
    findings.newsletter(config::placeholders(config), Exit::Config);
    let mut broken = None;
    let store = match session.store_alone(config).await {
        Ok(store) => store,
        Err(failure) => {
            broken = Some(failure);
            None
        }
    };
    match check::templates(config) {
        Ok(composer) => match check::data(session, config, &composer, store.as_ref()).await {
            Ok((mut checked, exit)) => {
                let faults = std::mem::take(&mut checked.faults);
                let said = checked.in_words();
                let shown = config.file.display();
                findings.good(Finding::good(Subject::Newsletter, shown.to_string(), said));
                findings.newsletter(faults, exit);
            }
            Err(failure) => findings.newsletter(failure.faults, failure.exit),
        },
        Err(failure) => findings.newsletter(failure.faults, failure.exit),
    }
    if let Some(failure) = broken {
        for fault in failure.faults {
            let health = Health::Unavailable;
            let finding = Finding::bad(Subject::Database, "", health, fault);
            findings.0.push((finding, failure.exit));
        }
    }
    let world = session.world();
    for finding in pipeline::examine(config, store.as_ref(), name_server, crontab, &world).await? {
        // As a run that meets it would end.
        let exit = match finding.health {
            Health::Good | Health::Doubtful => Exit::Done,
            Health::Faulty => match finding.subject {
                Subject::Relay | Subject::Inbox => Exit::Unavailable,
                Subject::Files => Exit::CannotWrite,
                _ => Exit::Config,
            },
            Health::Unavailable => Exit::Unavailable,
            Health::Unknown => Exit::TryAgain,
        };
        findings.0.push((finding, exit));
    }
    Ok(())
}

impl Findings {
    fn good(&mut self, finding: Finding) {
        self.0.push((finding, Exit::Done));
    }

    /// What is wrong with the newsletter's files; `exit` where it is an error.
    fn newsletter(&mut self, faults: Vec<Diagnostic>, exit: Exit) {
        for fault in faults {
            let (health, exit) = match fault.severity {
                Severity::Error => (Health::Faulty, exit),
                Severity::Warning => (Health::Doubtful, Exit::Done),
            };
            let file = fault.file.as_ref().map(|file| file.display().to_string());
            let name = file.unwrap_or_default();
            self.0
                .push((Finding::bad(Subject::Newsletter, name, health, fault), exit));
        }
    }

    /// What is in order line by line, then what is not, then how much of it there is.
    fn print(&self, printer: &Printer, crontab: &str) {
        let all = || self.0.iter().map(|(finding, _)| finding);
        for finding in all().filter(|finding| finding.fault.is_none()) {
            printer.line(format!(
                "{:<WIDTH$}  {}: {}",
                finding.subject.as_str(),
                finding.name,
                finding.said
            ));
        }
        let faults: Vec<Diagnostic> = all().filter_map(|finding| finding.fault.clone()).collect();
        printer.line(format!("{:<WIDTH$}  {crontab}", "crontab"));
        printer.faults(&faults);
        let errors = faults.iter().filter(|f| f.severity == Severity::Error);
        let errors = errors.count();
        let warnings = faults.len() - errors;
        printer.line(match (errors, warnings) {
            (0, 0) => "All is in order".to_owned(),
            (0, _) => count(warnings, "warning", "warnings"),
            (_, 0) => count(errors, "error", "errors"),
            _ => format!(
                "{}, {}",
                count(errors, "error", "errors"),
                count(warnings, "warning", "warnings")
            ),
        });
    }
}
