//! `courant help`: the help of a command, or a topic that no single command explains.

use clap::CommandFactory;

use crate::cli::args::Cli;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;

/// Topics and their texts. The promise in `delivery` stands in README.md in the same words.
const TOPICS: [(&str, &str); 3] = [
    ("delivery", include_str!("help/delivery.txt")),
    ("bounces", include_str!("help/bounces.txt")),
    ("posts", include_str!("help/posts.txt")),
];

/// Prints the help of what was named, or of the program.
pub fn help(session: &Session, topic: &[String]) -> Result<Exit, Failure> {
    if let [name] = topic
        && let Some((_, text)) = TOPICS.iter().find(|(known, _)| known == name)
    {
        session.printer.data(text);
        return Ok(Exit::Done);
    }
    let mut program = Cli::command();
    program.build();
    let mut command = &mut program;
    for name in topic {
        command = command
            .find_subcommand_mut(name)
            .ok_or_else(|| unknown(name))?;
    }
    session.printer.data(command.render_long_help().to_string());
    Ok(Exit::Done)
}

fn unknown(name: &str) -> Failure {
    let topics = TOPICS.map(|(name, _)| format!("`{name}`")).join(", ");
    Failure::new(
        Exit::Usage,
        format!("there is no command or topic `{name}`"),
    )
    .hint(format!(
        "topics: {topics}; `courant help` lists the commands"
    ))
}
