//! `templates/`: texts that stand in the place of built-in ones. Which names mean something is for `compose` to say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::document::Faults;
use super::files::{list_folder, read_text};
use super::init::write_new;
use crate::model::Diagnostic;

/// The folder of overrides.
pub(super) const FOLDER: &str = "templates";

/// Reads all files of the folder and its folders, by their path within it with `/` between the parts.
///
/// Hidden files and READMEs are left out.
pub(super) fn read(root: &Path, shown: &Path, faults: &Faults) -> BTreeMap<String, String> {
    let mut templates = BTreeMap::new();
    let base = root.join(FOLDER);
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        let listed = list_folder(&base.join(&inner), &shown.join(FOLDER).join(&inner));
        for path in listed
            .map_err(|fault| faults.push(fault))
            .unwrap_or_default()
        {
            let Some(name) = path.file_name().map(|name| inner.join(name)) else {
                continue;
            };
            if path.is_dir() {
                folders.push(name);
            } else if !is_readme(&name) {
                match read_text(&path, &shown.join(FOLDER).join(&name)) {
                    Ok(text) => drop(templates.insert(with_slashes(&name), text)),
                    Err(fault) => faults.push(fault),
                }
            }
        }
    }
    templates
}

fn is_readme(name: &Path) -> bool {
    name.file_stem()
        .is_some_and(|stem| stem.eq_ignore_ascii_case("readme"))
}

fn with_slashes(path: &Path) -> String {
    path.iter()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// Writes a template to the newsletter's `templates/`, to be changed there, and names the file.
///
/// # Errors
/// If it is there already, or cannot be written.
pub fn template_add(root: &Path, name: &str, text: &str) -> Result<PathBuf, Box<Diagnostic>> {
    let path = root.join(FOLDER).join(name);
    if path.symlink_metadata().is_ok() {
        let fault = Diagnostic::error(format!("`{FOLDER}/{name}` is there already"));
        return Err(Box::new(
            fault.hint("it is yours: nothing was written over it"),
        ));
    }
    write_new(&path, text, 0o666)?;
    Ok(path)
}
