//! The memory of what was told, as a file below `state`: it lives as long as what it is about, and needs no database.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::Memory;

/// The file's name.
const FILE: &str = "alerts.json";

/// A memory and the file that it came from.
pub struct Kept {
    path: PathBuf,
    before: Memory,
    /// What was told.
    pub memory: Memory,
}

impl Kept {
    /// The memory below this folder; empty where there is none, or none that can be read.
    pub fn open(state: &Path) -> Self {
        let path = state.join(FILE);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let memory: Memory = serde_json::from_str(&text).unwrap_or_default();
        Self {
            path,
            before: memory.clone(),
            memory,
        }
    }

    /// Keeps it, if anything changed. Where that fails, all is told again the next time, which is the safe side.
    pub fn save(&self) {
        if self.memory == self.before {
            return;
        }
        if let Err(error) = self.write() {
            tracing::debug!(%error, "what was told cannot be kept");
        }
    }

    /// Beside its place, then renamed: a run that is killed leaves the old one or the new one.
    fn write(&self) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(&self.memory)?;
        if let Some(state) = self.path.parent().filter(|state| !state.exists()) {
            let mut builder = fs::DirBuilder::new();
            // The folder of the database: searched by others, as a web server must, and listed by none.
            builder.mode(0o711).create(state)?;
        }
        let beside = self
            .path
            .with_extension(format!("json.{}", std::process::id()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = options
            .open(&beside)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::alerts::Alert;
    use crate::model::Diagnostic;

    #[test]
    fn what_was_told_outlives_the_process_and_is_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let now = "2026-11-23T08:00:00Z".parse().unwrap();
        let alerts = || vec![Alert::lasting("readers", Diagnostic::error("no address"))];
        let mut first = Kept::open(&state);
        assert_eq!(first.memory.news(alerts(), now).len(), 1);
        first.save();
        let mut second = Kept::open(&state);
        assert_eq!(second.memory.news(alerts(), now).len(), 0);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state.join(FILE)), 0o600);
        // One that cannot be read is none.
        fs::write(state.join(FILE), "{").unwrap();
        assert_eq!(Kept::open(&state).memory, Memory::default());
    }
}
