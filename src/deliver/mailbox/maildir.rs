//! A Maildir: one file a message, written in `tmp`, moved to `new`, both made durable before anybody is told.
//!
//! As a delivering agent does, it puts the envelope on top (`Return-Path`, `Delivered-To`) and stores LF line ends. Files
//! are readable by their owner alone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::fs::{self, DirBuilder, File, OpenOptions};
use tokio::io::AsyncWriteExt;

use super::dialogue::Letter;
use crate::model::Chance;

/// A Maildir that is there.
#[derive(Debug)]
pub(super) struct Maildir {
    root: PathBuf,
    /// Drawn once for each opening: tells two processes with one number apart.
    session: i64,
    count: AtomicU64,
}

impl Maildir {
    /// Makes what is missing of it.
    pub(super) async fn open(root: &Path, chance: &dyn Chance) -> io::Result<Self> {
        let mut folders = DirBuilder::new();
        folders.recursive(true);
        #[cfg(unix)]
        folders.mode(0o700);
        for folder in ["tmp", "new", "cur"] {
            folders.create(root.join(folder)).await?;
        }
        Ok(Self {
            root: root.to_owned(),
            session: chance.identifier(),
            count: AtomicU64::new(0),
        })
    }

    /// Keeps one copy for each recipient; when it returns, they survive a power cut.
    pub(super) async fn keep(&self, letter: &Letter) -> io::Result<()> {
        for recipient in &letter.to {
            let name = self.unique_name();
            let (draft, kept) = (
                self.root.join("tmp").join(&name),
                self.root.join("new").join(&name),
            );
            if let Err(error) = write(&draft, &stored(letter, recipient)).await {
                // What is left of a failed write is nobody's mail.
                let _ = fs::remove_file(&draft).await;
                return Err(error);
            }
            fs::rename(&draft, &kept).await?;
        }
        // The names are durable when their folder is.
        File::open(self.root.join("new")).await?.sync_all().await
    }

    /// A name that no other process and no other message has; in the order of arrival within a session.
    fn unique_name(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!(
            "{:016x}.P{}Q{count:06}.courant",
            self.session,
            std::process::id()
        )
    }
}

async fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(path).await?;
    file.write_all(content).await?;
    file.sync_all().await
}

/// The file's content: the envelope on top, then the message.
fn stored(letter: &Letter, recipient: &str) -> Vec<u8> {
    let mut content = format!(
        "Return-Path: <{}>\nDelivered-To: {recipient}\n",
        letter.from
    )
    .into_bytes();
    content.reserve(letter.content.len());
    // A CR stands before an LF and nowhere else: the dialogue has refused all others.
    content.extend(letter.content.iter().filter(|byte| **byte != b'\r'));
    content
}
