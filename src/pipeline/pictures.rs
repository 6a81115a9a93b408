//! Brings the pictures of posts home: each is fetched or read once, copied small, and published below `img/`.
//!
//! A mail shows only copies that we made: so nobody learns from a picture's address who opened it, and a heavy, broken
//! or vanished picture is found before an issue is sealed. Such a picture is a line in the report, and its post goes
//! out without it; no picture ever stops an issue. Where the copies lie is `shelf`'s to say.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::sync::Mutex;
use url::Url;

use super::report::RunReport;
use super::shelf::Keep;
use super::{Fault, Pipeline, World};
use crate::model::{Author, Diagnostic, ImageCopy, LedgerEntry, Post, PostId, absolute};
use crate::pictures::{self, Copy, MAX_BYTES};

/// The boxes, in pixels, that a picture's copies fit within: twice the size of a thumbnail, and twice the width of the
/// card of the digest. Twice its height too, for a tall drawing on the page of a post.
const BOXES: [(u32, u32); 2] = [(240, 240), (1200, 2400)];

/// A portrait's side, in pixels: twice the 48 of a byline.
const PORTRAIT: u32 = 96;

/// Posts whose pictures are fetched at the same time.
const AT_ONCE: usize = 4;

/// The longest that one picture may take: a picture is no reason for an issue to be late.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whose picture is being copied.
static TURN: Mutex<()> = Mutex::const_new(());

/// What a picture is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Picture,
    Portrait,
}

impl Pipeline {
    /// Gives each post copies of its picture and its author's portrait, or takes away what cannot be had.
    pub(super) async fn host_pictures(
        &self,
        posts: &mut [(PostId, Post)],
        keep: Keep,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let now = world.clock.now();
        let mut done = futures_util::stream::iter(posts.iter())
            .map(|(_, post)| self.hosted_post(post, keep, now))
            .buffered(AT_ONCE);
        let mut hosted = Vec::with_capacity(posts.len());
        while let Some(post) = done.next().await {
            let (post, faults) = post?;
            for fault in faults {
                if !report.faults.contains(&fault) {
                    report.faults.push(fault);
                }
            }
            hosted.push(post);
        }
        drop(done);
        for ((_, post), hosted) in posts.iter_mut().zip(hosted) {
            *post = hosted;
        }
        Ok(())
    }

    async fn hosted_post(
        &self,
        post: &Post,
        keep: Keep,
        now: Timestamp,
    ) -> Result<(Post, Vec<Diagnostic>), Fault> {
        let mut hosted = post.clone();
        if !self.config.gather.pictures {
            leave_out_foreign(&mut hosted);
        }
        let mut faults = Vec::new();
        if let Some(image) = &mut hosted.image {
            let wanted = (Purpose::Picture, keep);
            match self.host(post, &image.url, wanted, now).await? {
                Ok(copies) => image.copies = copies,
                Err(why) => {
                    faults.push(lost(post, "picture", &image.url, &why));
                    hosted.image = None;
                }
            }
        }
        if let Some(photo) = portrait_of(&mut hosted)
            && let Some(address) = photo.clone()
        {
            let wanted = (Purpose::Portrait, keep);
            match self.host(post, &address, wanted, now).await? {
                Ok(copies) => *photo = copies.first().map(|copy| copy.url.clone()),
                Err(why) => {
                    faults.push(lost(post, "portrait of the author", &address, &why));
                    *photo = None;
                }
            }
        }
        faults.extend(self.host_text(post, keep, now).await?);
        Ok((hosted, faults))
    }

    /// The copies of the picture at an address; the inner error says why there are none.
    pub(super) async fn host(
        &self,
        post: &Post,
        address: &str,
        (purpose, keep): (Purpose, Keep),
        now: Timestamp,
    ) -> Result<Result<Vec<ImageCopy>, String>, Fault> {
        if let Some(copies) = self.remembered(address, purpose, keep)? {
            return Ok(Ok(copies));
        }
        let bytes = match self.local_file(post, address) {
            Some(path) => read_aside(path).await,
            None => self.fetch_picture(address, now).await,
        };
        let copied = match bytes {
            Ok(bytes) => copied(bytes, purpose).await,
            Err(why) => Err(why),
        };
        match copied {
            Ok(made) => Ok(Ok(self.keep_copies(address, purpose, &made, keep)?)),
            Err(why) => Ok(Err(why)),
        }
    }

    async fn fetch_picture(&self, address: &str, now: Timestamp) -> Result<Vec<u8>, String> {
        let address = absolute(&self.config.newsletter.url, address);
        let url = Url::parse(&address).map_err(|_| "that is no address of the web".to_owned())?;
        match tokio::time::timeout(PATIENCE, self.fetcher.file(&url, now)).await {
            Ok(fetched) => fetched.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }

    /// The post as pages and feeds show it: with what was made of its pictures, and nothing fetched. Pictures of a
    /// folder are copied now if they were not before, and stand in the text in the place of their originals.
    pub(super) async fn with_copies(&self, entry: &LedgerEntry) -> Result<LedgerEntry, Fault> {
        let mut entry = entry.clone();
        let post = entry.post.clone();
        for file in &post.files {
            let address = format!("/{}", file.name);
            let made = self
                .host(
                    &post,
                    &address,
                    (Purpose::Picture, Keep::Published),
                    entry.first_seen,
                )
                .await?;
            match made {
                Ok(copies) if !file.name.ends_with(".gif") => {
                    if let Some(copy) = copies.last() {
                        let (old, new) = (format!("\"{address}\""), format!("\"{}\"", copy.url));
                        entry.post.html = entry.post.html.replace(&old, &new);
                    }
                }
                Ok(_) => {}
                Err(why) => tracing::debug!(file = %file.path.display(), why, "no copy was made"),
            }
        }
        entry.post.html = self.text_with_copies(&entry.post)?;
        if let Some(image) = &mut entry.post.image
            && let Some(copies) = self.remembered(&image.url, Purpose::Picture, Keep::Published)?
        {
            image.copies = copies;
        }
        if let Some(photo) = portrait_of(&mut entry.post)
            && let Some(address) = photo.as_deref()
            && let Some(copies) = self.remembered(address, Purpose::Portrait, Keep::Published)?
        {
            *photo = copies.first().map(|copy| copy.url.clone());
        }
        Ok(entry)
    }

    fn local_file(&self, post: &Post, address: &str) -> Option<PathBuf> {
        let name = address.strip_prefix('/')?;
        let file = post.files.iter().find(|file| file.name == name)?;
        Some(file.path.clone())
    }
}

/// Takes away what other servers would have to be asked for.
fn leave_out_foreign(post: &mut Post) {
    let is_ours = |address: &String| address.starts_with('/');
    post.image.take_if(|image| !is_ours(&image.url));
    if let Some(photo) = portrait_of(post) {
        photo.take_if(|photo| !is_ours(photo));
    }
}

fn portrait_of(post: &mut Post) -> Option<&mut Option<String>> {
    post.author.as_mut().map(|Author { photo, .. }| photo)
}

async fn read_aside(path: PathBuf) -> Result<Vec<u8>, String> {
    let read = tokio::task::spawn_blocking(move || read_bounded(&path));
    match read.await {
        Ok(read) => read,
        Err(_) => Err("it could not be read".to_owned()),
    }
}

/// The bytes of a file beside a post. Its kind and its size are looked at before it is opened, since a device or a pipe
/// gives bytes without end and a file with holes in it may be larger than the memory; and no more is read than that, in
/// case it grows.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let said = |error: io::Error| crate::config::cause(&error);
    let too_heavy = |length: u64| {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        pictures::Error::TooHeavy(length).to_string()
    };
    let about = fs::metadata(path).map_err(said)?;
    if !about.is_file() {
        return Err("it is no file".to_owned());
    }
    let most = MAX_BYTES as u64;
    if about.len() > most {
        return Err(too_heavy(about.len()));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(said)?;
    let read = file.take(most + 1).read_to_end(&mut bytes).map_err(said)?;
    match read <= MAX_BYTES {
        true => Ok(bytes),
        false => Err(too_heavy(most + 1)),
    }
}

/// Makes the copies where it keeps nobody waiting: one picture at a time, each on a thread of its own that has ended when
/// the next begins. Each thread that the runtime keeps would hold on to memory of the last picture that it unpacked.
async fn copied(bytes: Vec<u8>, purpose: Purpose) -> Result<Vec<Copy>, String> {
    let _turn = TURN.lock().await;
    let work = move || match purpose {
        Purpose::Picture => pictures::copies(&bytes, &BOXES),
        Purpose::Portrait => pictures::portrait(&bytes, PORTRAIT).map(|copy| vec![copy]),
    };
    let thread = std::thread::Builder::new().name("picture".to_owned());
    let ended = tokio::task::spawn_blocking(move || thread.spawn(work).map(|thread| thread.join()));
    match ended.await {
        Ok(Ok(Ok(made))) => made.map_err(|error| error.to_string()),
        Ok(Err(error)) => Err(crate::config::cause(&error)),
        Ok(Ok(Err(_))) | Err(_) => Err("its file defeats the decoder".to_owned()),
    }
}

/// The line of the report for a picture that a post goes without.
fn lost(post: &Post, what: &str, address: &str, why: &str) -> Diagnostic {
    let shown = match address.strip_prefix('/') {
        Some(name) => post
            .files
            .iter()
            .find(|file| file.name == name)
            .map_or(address.to_owned(), |file| file.path.display().to_string()),
        None => address.to_owned(),
    };
    Diagnostic::warning(format!(
        "the {what} of “{}” cannot be shown: {why}",
        post.title
    ))
    .in_file(shown)
    .hint("the post goes out without it; put another picture there, and the next issue shows it")
}
