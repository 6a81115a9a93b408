//! The command line: what people type, what they read, and with which code the program ends.

mod alerts;
mod args;
mod cleaned;
mod commands;
mod exit;
mod logging;
mod owner;
mod print;
mod progress;
mod session;
mod system;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
pub use exit::Exit;
use exit::Failure;
use print::Printer;
use session::Session;

use crate::model::Diagnostic;

/// Runs the program with these arguments, the first being its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, arguments.iter().any(|word| word == "--json")).into(),
    };
    if cli.global.no_color {
        anstream::ColorChoice::Never.write_global();
    }
    let printer = Printer {
        json: cli.global.json,
        quiet: cli.global.quiet,
        program: session::program_on(&cli.global.config),
    };
    // Before the log, and all else that is opened: there is one thread yet, and nothing that root would leave behind.
    let exit = match owner::step_down(&cli) {
        Ok(said) => {
            if let Some(said) = said.filter(|_| !printer.quiet) {
                printer.fault(&said);
            }
            logging::start(&cli.global);
            crate::pipeline::raise_descriptors();
            execute(cli, &printer)
        }
        Err(failure) => {
            printer.faults(&failure.faults);
            failure.exit
        }
    };
    finished(&printer, exit).into()
}

/// What was printed and could not be written is not done; what went wrong before weighs more.
fn finished(printer: &Printer, exit: Exit) -> Exit {
    let Some(why) = print::finish() else {
        return exit;
    };
    printer.fault(&Diagnostic::error(format!("cannot write to stdout: {why}")));
    match exit {
        Exit::Done | Exit::Part => Exit::CannotWrite,
        worse => worse,
    }
}

/// Threads that read documents and files, beside those that wait for the network. The allocator keeps for each thread what
/// the largest document on it took, so that many of them hold several times the memory that is in use.
const BLOCKING_THREADS: usize = 4;

/// How long the end of the program waits for what such a thread is at.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_secs(5);

/// Help and version are no faults; everything else clap says is a fault of usage.
fn usage(error: &clap::Error, json: bool) -> Exit {
    let printer = Printer {
        json,
        quiet: false,
        program: "courant".to_owned(),
    };
    if !error.use_stderr() {
        printer.help(&error.render().ansi().to_string());
        return finished(&printer, Exit::Done);
    }
    if json {
        let text = error.to_string();
        let text = text.trim_start_matches("error: ");
        let (message, more) = text.split_once("\n\n").unwrap_or((text, ""));
        let fault = Diagnostic::error(message.trim());
        printer.fault(&match more.trim() {
            "" => fault,
            more => fault.hint(more),
        });
    } else {
        let _ = error.print();
    }
    Exit::Usage
}

fn execute(cli: Cli, printer: &Printer) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.faults(&Failure::new(Exit::Ours, format!("cannot start: {error}")).faults);
            return Exit::Ours;
        }
    };
    let result = runtime.block_on(async {
        let session = Session::new(cli.global, printer.clone())?;
        let result = dispatch(&session, cli.command).await;
        session.clear_bars();
        result
    });
    // What still reads a document that nobody waits for is left behind.
    runtime.shutdown_timeout(LEFT_BEHIND);
    result.unwrap_or_else(|failure| {
        printer.faults(&failure.faults);
        failure.exit
    })
}

async fn dispatch(session: &Session, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init { directory } => commands::init::init(session, directory),
        Command::Check => commands::check::check(session).await,
        Command::Status => commands::status::status(session).await,
        Command::Doctor { name_server } => commands::doctor::doctor(session, name_server).await,
        Command::Gather { sources } => {
            let done = commands::gather::gather(session, &sources).await;
            commands::telling::or_failed(session, commands::telling::GATHER, done)
        }
        Command::Plan {
            schedule,
            save: true,
        } => commands::plan::save(session, schedule.as_deref()).await,
        Command::Plan { schedule, .. } => commands::plan::plan(session, schedule.as_deref()).await,
        Command::Preview(wanted) => commands::preview::preview(session, wanted).await,
        Command::Run {
            plan: Some(plan),
            clock_is_right,
            ..
        } => commands::run::run_plan(session, &plan, clock_is_right).await,
        Command::Run {
            schedule,
            due,
            clock_is_right,
            dry_run,
            ..
        } => {
            let done = commands::run::run(session, schedule, due, clock_is_right, dry_run).await;
            commands::telling::or_failed(session, commands::telling::RUN, done)
        }
        Command::SendTest {
            address,
            schedule,
            relay,
        } => {
            let (schedule, relay) = (schedule.as_deref(), relay.as_deref());
            commands::send_test::send_test(session, &address, schedule, relay).await
        }
        Command::Issues(command) => commands::issues::issues(session, command).await,
        Command::Bounces(command) => {
            let done = commands::bounces::bounces(session, command).await;
            commands::telling::or_failed(session, commands::telling::BOUNCES, done)
        }
        Command::Subscribers(command) => commands::subscribers::subscribers(session, command).await,
        Command::Sources(command) => commands::sources::sources(session, command).await,
        Command::Templates(command) => commands::templates::templates(session, &command),
        Command::Schedule(command) => commands::schedule::schedule(session, command).await,
        Command::Dkim(command) => commands::dkim::dkim(session, command).await,
        Command::Login(command) => commands::login::login(session, command).await,
        Command::Restore { replay: _ } => commands::restore::restore(session).await,
        Command::Serve { listen } => commands::serve::serve(session, listen).await,
        Command::Help { topic } => commands::help::help(session, &topic),
        Command::Completions { shell } => Ok(commands::manual::completions(session, shell)),
        Command::Man { out } => commands::manual::man(session, out),
    }
}
