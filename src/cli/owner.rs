//! As whom the program works: started by root on what is another user's, it goes on as that user.
//!
//! One `sudo courant run` would leave files that the user's own runs can never write again. So root becomes the owner of
//! what the command will write, before anything is opened and before there is a second thread; in a container too, where
//! the owner may have a number and no name. Where that cannot be done, nothing is done.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgid, setgroups, setuid};

use super::args::{Cli, Command, Dkim, Sources, Templates};
use super::exit::{Exit, Failure};
use super::print::shown;
use crate::config::{self, Config, Environment, Flags};
use crate::model::Diagnostic;

/// Goes on as the owner of what the command writes, if root was asked to; says so.
pub fn step_down(cli: &Cli) -> Result<Option<Diagnostic>, Failure> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let Some(place) = place_of(cli) else {
        return Ok(None);
    };
    let Some(owner) = Owner::of(&place).filter(|owner| !owner.user.is_root()) else {
        return Ok(None);
    };
    owner.become_it().map_err(|error| {
        let message = format!(
            "root cannot go on as {}, whose `{}` it is: {}",
            owner.words(),
            shown(&place),
            error.desc()
        );
        Failure::new(Exit::CannotWrite, message).hint(format!(
            "what root writes there, {} could not change any more; start the program as that user",
            owner.words()
        ))
    })?;
    let message = format!(
        "started as root: goes on as {}, whose `{}` it is",
        owner.words(),
        shown(&place)
    );
    let hint = match &owner.name {
        Some(name) => format!("`sudo -u {name}` starts it so"),
        None => format!(
            "in a container `--user {}:{}` starts it so",
            owner.user, owner.group
        ),
    };
    Ok(Some(Diagnostic::warning(message).hint(hint)))
}

/// What the command writes: the newsletter's own folder, or `state`, which may not be there yet; `None` where that is
/// nothing of a newsletter's, or where none can be read, which the command will say.
fn place_of(cli: &Cli) -> Option<PathBuf> {
    let edits = match &cli.command {
        Command::Init { .. }
        | Command::Help { .. }
        | Command::Completions { .. }
        | Command::Man { .. } => {
            return None;
        }
        Command::Sources(
            Sources::Add(_)
            | Sources::Pause { .. }
            | Sources::Resume { .. }
            | Sources::Remove { .. }
            | Sources::Import { .. },
        )
        | Command::Templates(Templates::Copy { .. }) => true,
        Command::Dkim(Dkim::Generate { out: Some(out), .. }) => return Some(out.clone()),
        _ => false,
    };
    let path = &cli.global.config;
    let loaded = Config::load(path, &Environment::from_system(), &Flags::default()).ok()?;
    match edits {
        true => Some(loaded.config.root),
        false => Some(loaded.config.state),
    }
}

/// Whose a file is.
struct Owner {
    user: Uid,
    group: Gid,
    /// The name, where the system knows one.
    name: Option<String>,
}

impl Owner {
    /// The owner of a path, or of the nearest folder above it that is there.
    fn of(path: &Path) -> Option<Self> {
        let path = std::path::absolute(path).ok()?;
        let about = path.ancestors().find_map(|path| path.metadata().ok())?;
        let user = Uid::from_raw(about.uid());
        // A user's own group is that of the files that this user makes.
        let known = User::from_uid(user).ok().flatten();
        Some(Self {
            user,
            group: known.as_ref().map_or(Gid::from_raw(about.gid()), |k| k.gid),
            name: known.map(|known| known.name),
        })
    }

    fn words(&self) -> String {
        match &self.name {
            Some(name) => format!("`{name}`"),
            None => format!("user {}", self.user),
        }
    }

    /// Groups first, then the group, then the user: without the last, the others could not be changed.
    fn become_it(&self) -> Result<(), Errno> {
        let name = self.name.as_deref().map(std::ffi::CString::new);
        match name {
            Some(Ok(name)) => initgroups(&name, self.group)?,
            _ => setgroups(&[self.group])?,
        }
        setgid(self.group)?;
        setuid(self.user)
    }
}

/// What to do about a file of another user's that this user may not write, and about all beside it; `None` where it is this
/// user's.
pub fn advice(path: &Path) -> Option<String> {
    let folder = path.parent().unwrap_or(path);
    advice_on(path, |mine| {
        format!("sudo chown -R {mine}: {}", config::shell_word(folder))
    })
}

/// The same of a file that may lie among others that are nobody's here, as a secret does.
pub fn advice_on_file(path: &Path) -> Option<String> {
    advice_on(path, |mine| {
        format!("sudo chown {mine}: {}", config::shell_word(path))
    })
}

fn advice_on(path: &Path, command: impl Fn(&str) -> String) -> Option<String> {
    let owner = Owner::of(path)?;
    let me = geteuid();
    if owner.user == me || me.is_root() {
        return None;
    }
    let mine = User::from_uid(me).ok().flatten();
    let mine = mine.map_or_else(|| me.to_string(), |me| me.name);
    let command = command(&mine);
    Some(match owner.user.is_root() {
        true => format!("root made it; `{command}` gives it back"),
        false => format!(
            "it belongs to {}, and this is `{mine}`: start the program as its owner, or `{command}`",
            owner.words()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_yet_belongs_to_the_folder_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let above = Owner::of(folder.path()).unwrap();
        let owner = Owner::of(&folder.path().join("state/courant.db")).unwrap();
        assert_eq!(owner.user, above.user);
        assert_eq!(owner.user, geteuid());
        assert_eq!(advice(&folder.path().join("state/courant.db")), None);
    }
}
