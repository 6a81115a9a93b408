//! What may be read of what the program writes: the published files by everybody, all else by their owner alone.
//!
//! A web server beside us runs as a user of its own. So `state` may be passed through (0711) and not listed, what is
//! private in it is closed by itself (0600, 0700), and published files are open (0644, 0755), whatever the umask says:
//! cron and systemd have umasks of their own.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::Fault;
use crate::config::Config;
use crate::model::Diagnostic;
use crate::store::Store;

/// Mode of `state`: others may pass through to `public`, and see no names.
const PASSAGE: u32 = 0o711;

/// The mode of a `state` that an earlier version made, which no web server could pass.
const CLOSED: u32 = 0o700;

/// Where the store notes that `state` was opened; who closes it after that means it.
const OPENED: &str = "state_opened";

/// Who may read what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody: it is published.
    Everybody,
    /// Its owner.
    Owner,
    /// Whom the umask lets: it is a file that a person asked for, in a place of theirs.
    AsUmask,
}

impl Access {
    /// The modes of a file and of a folder.
    fn modes(self) -> Option<(u32, u32)> {
        match self {
            Self::Everybody => Some((0o644, 0o755)),
            Self::Owner => Some((0o600, 0o700)),
            Self::AsUmask => None,
        }
    }
}

/// Makes `state` where it is missing.
pub(super) fn make_state(state: &Path) -> Result<(), Fault> {
    // What is there and no folder, the store refuses.
    if state.symlink_metadata().is_ok() {
        return Ok(());
    }
    make_folder(state, Some(PASSAGE)).map_err(|cause| Fault::Write {
        path: state.to_owned(),
        cause,
    })
}

/// Lets a web server through to the published files, once: a `state` that was made as 0700 is opened for passing after all
/// that is private in it was closed. Says so where it did.
pub(super) async fn open_state(
    config: &Config,
    store: &Store,
) -> Result<Option<Diagnostic>, Fault> {
    if store.meta_get(OPENED).await?.is_some() {
        return Ok(None);
    }
    let (state, public) = (&config.state, &config.public);
    let said = match let_through(state, public) {
        Ok(true) => Some(Diagnostic::warning(format!(
            "`{}` was closed to a web server of this machine, and may be passed through now (mode 711): it leads to \
             the published files, and all else in it stays closed",
            state.display()
        ))),
        Ok(false) => None,
        // Somebody else's file does not stop a run; the next one tries again.
        Err(error) => {
            tracing::warn!(%error, "what lies in the state folder could not be closed, so it was not opened");
            return Ok(None);
        }
    };
    store.meta_keep(OPENED, "1").await?;
    Ok(said)
}

/// Closes what is private, opens what is published, and then `state` itself if it was closed to all; whether it was.
fn let_through(state: &Path, public: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(state)? {
        let path = entry?.path();
        if !public.starts_with(&path) {
            change(&path, |mode| mode & !0o077)?;
        }
    }
    if !public.starts_with(state) {
        return Ok(false);
    }
    open_all(public)?;
    let was_closed = fs::metadata(state)?.permissions().mode() & 0o777 == CLOSED;
    if was_closed {
        change(state, |mode| mode | PASSAGE)?;
    }
    Ok(was_closed)
}

/// Opens a folder and all that is in it for reading.
fn open_all(path: &Path) -> io::Result<()> {
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !about.is_dir() {
        return change(path, |mode| mode | 0o044);
    }
    change(path, |mode| mode | 0o055)?;
    for entry in fs::read_dir(path)? {
        open_all(&entry?.path())?;
    }
    Ok(())
}

/// Gives a file or folder another mode, unless it has it; what a link leads to is left alone.
fn change(path: &Path, wanted: impl FnOnce(u32) -> u32) -> io::Result<()> {
    let about = fs::symlink_metadata(path)?;
    let mode = about.permissions().mode() & 0o7777;
    let wanted = wanted(mode);
    if about.is_symlink() || mode == wanted {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(wanted))
}

/// Writes a file beside its place and then moves it there, so that nobody reads half of it. Folders that are missing above
/// it are made; those that are there keep their mode.
pub(super) fn write_whole(path: &Path, bytes: &[u8], access: Access) -> Result<(), Fault> {
    write(path, bytes, access.modes()).map_err(|cause| Fault::Write {
        path: path.to_owned(),
        cause,
    })
}

fn write(path: &Path, bytes: &[u8], modes: Option<(u32, u32)>) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        make_folder(parent, modes.map(|(_, folder)| folder))?;
    }
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if let Some((file, _)) = modes {
        options.mode(file);
    }
    let mut file = options.open(&beside)?;
    if let Some((mode, _)) = modes {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.write_all(bytes)?;
    fs::rename(&beside, path)
}

/// Makes a folder and those above it, each with this mode and whatever bits it inherits (set-group-ID).
fn make_folder(path: &Path, mode: Option<u32>) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(parent, mode)?;
    }
    match fs::create_dir(path) {
        Ok(()) => match mode {
            Some(mode) => change(path, |made| made & 0o7000 | mode),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_private_is_closed_before_the_way_to_what_is_published_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let public = state.join("public");
        write_whole(&public.join("issues/1/index.html"), b"x", Access::AsUmask).unwrap();
        write_whole(&state.join("plans/a.json"), b"x", Access::AsUmask).unwrap();
        fs::write(state.join("relay-password"), "x").unwrap();
        for (path, closed) in [
            (&public, 0o2700),
            (&public.join("issues/1/index.html"), 0o600),
            (&state, 0o700),
        ] {
            fs::set_permissions(path, Permissions::from_mode(closed)).unwrap();
        }
        assert!(let_through(&state, &public).unwrap());
        assert_eq!(mode(&state), 0o711);
        assert_eq!(mode(&public), 0o2755);
        assert_eq!(mode(&public.join("issues/1/index.html")), 0o644);
        assert_eq!(mode(&state.join("plans")), 0o700);
        assert_eq!(mode(&state.join("relay-password")), 0o600);
        // A group's way in is somebody's choice, and published files elsewhere need no way through.
        fs::set_permissions(&state, Permissions::from_mode(0o750)).unwrap();
        assert!(!let_through(&state, &public).unwrap());
        fs::set_permissions(&state, Permissions::from_mode(0o700)).unwrap();
        assert!(!let_through(&state, folder.path()).unwrap());
        assert_eq!(mode(&state), 0o700);
    }

    #[test]
    fn a_folder_that_is_there_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("www");
        fs::create_dir(&there).unwrap();
        fs::set_permissions(&there, Permissions::from_mode(0o2750)).unwrap();
        write_whole(&there.join("issues/index.html"), b"x", Access::Everybody).unwrap();
        assert_eq!(mode(&there), 0o2750);
        assert_eq!(mode(&there.join("issues")), 0o2755);
        assert_eq!(mode(&there.join("issues/index.html")), 0o644);
        write_whole(&folder.path().join("own/secret"), b"x", Access::Owner).unwrap();
        assert_eq!(mode(&folder.path().join("own")), 0o700);
        assert_eq!(mode(&folder.path().join("own/secret")), 0o600);
    }
}
