//! `courant templates`: what is built in, one of them to change, and whether all of them render.

use serde::Serialize;

use crate::cli::args::Templates;
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{count, shortened, shown};
use crate::cli::session::Session;
use crate::compose::BuiltIn;
use crate::config::{self, Config};
use crate::pipeline::{self, Fault};

/// Characters of an example that are shown.
const EXAMPLE: usize = 60;

/// Runs one of the subcommands.
pub fn templates(session: &Session, command: &Templates) -> Result<Exit, Failure> {
    let config = session.config()?;
    match command {
        Templates::Check => check(session, &config),
        Templates::List => {
            list(session, &config);
            Ok(Exit::Done)
        }
        Templates::Fields { name } => fields(session, &config, name),
        Templates::Copy { name } => copy(session, &config, name),
    }
}

/// What was tried.
#[derive(Serialize)]
struct Tried {
    templates: usize,
    own: usize,
    languages: Vec<String>,
    warnings: Vec<crate::model::Diagnostic>,
}

/// Renders every template with made-up posts in every language.
fn check(session: &Session, config: &Config) -> Result<Exit, Failure> {
    let composer = pipeline::check_templates(config)?;
    let own = BuiltIn::all().filter(|file| is_own(config, *file));
    let languages = composer.languages();
    let tried = Tried {
        templates: BuiltIn::all()
            .filter(|file| file.path.ends_with(".hbs"))
            .count(),
        own: own.count(),
        languages: languages.iter().map(ToString::to_string).collect(),
        warnings: composer.warnings().to_vec(),
    };
    if !session.printer.json {
        session.printer.faults(&tried.warnings);
    }
    session.printer.either(&tried, |printer| {
        printer.line(format!(
            "{} render in {}: {}",
            count(tried.templates, "template", "templates"),
            count(tried.languages.len(), "language", "languages"),
            tried.languages.join(", "),
        ));
    });
    Ok(Exit::Done)
}

/// A file in the list.
#[derive(Serialize)]
struct Listed {
    path: &'static str,
    own: bool,
    purpose: &'static str,
}

/// Names every file, whether it is yours, and what it is for.
fn list(session: &Session, config: &Config) {
    let files: Vec<Listed> = BuiltIn::all()
        .map(|file| Listed {
            path: file.path,
            own: is_own(config, file),
            purpose: file.purpose(),
        })
        .collect();
    session.printer.either(&files, |printer| {
        let rows: Vec<Vec<String>> = files
            .iter()
            .map(|file| {
                let whose = if file.own { "yours" } else { "built in" };
                [file.path, whose, file.purpose].map(str::to_owned).to_vec()
            })
            .collect();
        printer.table(&["file", "", "what it is for"], &rows);
    });
}

/// The newsletter has a file of that name which says something else.
fn is_own(config: &Config, file: BuiltIn) -> bool {
    let own = config.template_overrides.get(file.path);
    own.is_some_and(|own| own != file.text)
}

/// Names what a template may ask for, with an example of each.
fn fields(session: &Session, config: &Config, name: &str) -> Result<Exit, Failure> {
    let composer = pipeline::check_templates(config)?;
    let name = name
        .trim_start_matches("templates/")
        .trim_end_matches(".hbs");
    let language = &config.newsletter.language;
    let fields = composer.fields(name, language).map_err(Fault::from)?;
    if fields.is_empty() {
        let entries = composer.entries().map_err(Fault::from)?;
        let fault = format!("no mail and no page begins with the template `{name}`");
        let hint = format!(
            "these do, and their partials see the same: `{}`",
            entries.join("`, `")
        );
        return Err(Failure::new(Exit::NoInput, fault).hint(hint));
    }
    session.printer.either(&fields, |printer| {
        let rows: Vec<Vec<String>> = fields
            .iter()
            .map(|field| {
                let may = if field.optional { "may be empty" } else { "" };
                let example = shortened(&field.example.replace('\n', " "), EXAMPLE);
                vec![field.name.clone(), may.to_owned(), example]
            })
            .collect();
        printer.table(&["field", "", "example"], &rows);
    });
    Ok(Exit::Done)
}

/// Writes a built-in file to the newsletter's folder, to be changed there.
fn copy(session: &Session, config: &Config, name: &str) -> Result<Exit, Failure> {
    let Some(file) = BuiltIn::find(name) else {
        let near = BuiltIn::nearest(name).or_else(|| BuiltIn::nearest(&format!("{name}.hbs")));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("`{} templates list` names all", session.program()),
        };
        let fault = format!("no template `{name}` is built in");
        return Err(Failure::new(Exit::NoInput, fault).hint(hint));
    };
    let written = config::template_add(&config.root, file.path, file.text);
    let path = written.map_err(|fault| Failure {
        exit: Exit::CannotWrite,
        faults: vec![*fault],
    })?;
    session.printer.either(&path, |printer| {
        printer.line(format!("wrote {}", shown(&path)));
        printer.line(format!(
            "Change it, then look: `{0} templates check`, `{0} preview`",
            session.program()
        ));
    });
    Ok(Exit::Done)
}
