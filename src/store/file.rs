//! SQLite's files: made for their owner alone, and the lock beside them.
//!
//! The database holds addresses, so its folder is 0700 and its files are 0600, whatever the umask says.

use std::path::{Path, PathBuf};

use tokio::fs;

use super::Error;

/// Makes the folder (0700) and the file (0600) where they are missing, and closes files that stand open to others.
///
/// A folder that exists is left alone: it is not ours to close. SQLite gives its journal the mode of the database.
pub(super) async fn prepare(path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent().filter(|folder| *folder != Path::new(""))
        && !exists(folder).await?
    {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(folder).await.map_err(at(folder))?;
        protect(folder, 0o700).await?;
    }
    private_file(path).await?;
    for suffix in ["-wal", "-shm"] {
        let journal = beside(path, suffix);
        if exists(&journal).await? {
            protect(&journal, 0o600).await?;
        }
    }
    Ok(())
}

/// Takes the lock beside a SQLite database, for the life of the returned file; `None` if somebody has it.
///
/// The lock is the system's own (flock), so that it dies with its holder; the file stays.
pub(super) async fn lock_beside(database: &Path) -> Result<Option<std::fs::File>, Error> {
    let path = beside(database, ".lock");
    private_file(&path).await?;
    let file = fs::File::open(&path).await.map_err(at(&path))?;
    let file = file.into_std().await;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::File { path, source }),
    }
}

/// Whether there is a file or folder.
pub(super) async fn exists(path: &Path) -> Result<bool, Error> {
    fs::try_exists(path).await.map_err(at(path))
}

/// Makes an empty file with mode 0600, or closes one that is there.
///
/// An existing file is not opened: closing it again would undo the locks that SQLite holds on it elsewhere in this process
/// (<https://www.sqlite.org/howtocorrupt.html>, §2.2).
async fn private_file(path: &Path) -> Result<(), Error> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path).await {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(at(path)(error)),
    }
    protect(path, 0o600).await
}

async fn protect(path: &Path, mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = fs::metadata(path).await.map_err(at(path))?.permissions();
    if permissions.mode() & 0o777 == mode {
        return Ok(());
    }
    let closed = std::fs::Permissions::from_mode(mode);
    fs::set_permissions(path, closed).await.map_err(at(path))
}

/// `courant.db` with `.lock` is `courant.db.lock`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File {
        path: path.clone(),
        source,
    }
}
