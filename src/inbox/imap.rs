//! A mailbox by IMAP: what is unseen is fetched without marking it, and marked afterwards (RFC 9051, RFC 3501).
//!
//! Of the protocol it speaks `CAPABILITY`, `STARTTLS`, `AUTHENTICATE` (PLAIN, XOAUTH2) or `LOGIN`, `SELECT`, `UID SEARCH`,
//! `UID FETCH`, `UID STORE` and `LOGOUT`, one command at a time.

use std::collections::VecDeque;

use tokio::time::{Instant, timeout};

use super::dialogue::Dialogue;
use super::imap_answer::{Answer, Status, numbers, status};
use super::session::{FAREWELL, Session, Upgrade};
use super::{Error, InboxSettings, MOST_OF_A_MESSAGE, Mail, Mark, Trouble};
use crate::model::{Login, MailServer};

/// Answers to one command, at most: a folder of a hundred thousand mails may tell of each.
const MOST_ANSWERS: usize = 200_000;

/// Octets of answers to one command that are kept, beside a mail: the numbers of all that is unseen.
const MOST_KEPT: usize = 2 * 1024 * 1024;

/// Mails that are marked by one command: its line stays far below the 8 KB that servers take.
const MARKED_AT_ONCE: usize = 200;

/// What the server is called where it is none.
const NAME: &str = "IMAP";

/// An open folder, and what is unseen in it.
pub(super) struct Imap {
    dialogue: Dialogue,
    server: MailServer,
    tags: u32,
    unseen: VecDeque<u32>,
    most: usize,
    until: Instant,
}

impl Imap {
    /// Connects, secures, logs in, opens the folder, and asks what is unseen.
    pub(super) async fn open(
        settings: &InboxSettings,
        session: &Session<'_>,
        server: &MailServer,
    ) -> Result<Self, Trouble> {
        let (dialogue, upgrade) = session.connect().await?;
        let mut imap = Self {
            dialogue,
            server: server.clone(),
            tags: 0,
            unseen: VecDeque::new(),
            most: settings.most,
            until: session.reading_until(),
        };
        let greeted = imap.greeting().await?;
        let mut offers = imap.offers().await?;
        if upgrade != Upgrade::None && (upgrade == Upgrade::Demanded || offers.has("STARTTLS")) {
            imap = imap.secure(session, greeted, &offers, upgrade).await?;
            // What was offered before TLS may have been anybody's words.
            offers = imap.offers().await?;
        }
        if greeted == Status::Ok {
            imap.log_in(session, &offers).await?;
        }
        imap.select().await?;
        imap.search().await?;
        Ok(imap)
    }

    /// The next unseen mail; one that was removed meanwhile is passed over.
    pub(super) async fn next(&mut self) -> Result<Option<Mail>, Trouble> {
        while self.most > 0 && Instant::now() < self.until {
            let Some(uid) = self.unseen.pop_front() else {
                break;
            };
            if let Some(bytes) = self.fetch(uid).await? {
                self.most -= 1;
                return Ok(Some(Mail {
                    name: format!("message {uid}"),
                    bytes,
                    mark: Mark::Flag(uid),
                }));
            }
        }
        Ok(None)
    }

    pub(super) fn waiting(&self) -> usize {
        self.unseen.len()
    }

    pub(super) fn error(&self, why: Trouble) -> Error {
        Error::server(&self.server, why)
    }

    /// Gives mails the flag "seen".
    pub(super) async fn mark(&mut self, marks: &[Mark]) -> Result<(), Trouble> {
        let uids = marks.iter().filter_map(|mark| match mark {
            Mark::Flag(uid) => Some(uid.to_string()),
            _ => None,
        });
        let uids: Vec<String> = uids.collect();
        for uids in uids.chunks(MARKED_AT_ONCE) {
            let set = uids.join(",");
            let command = format!("UID STORE {set} +FLAGS.SILENT (\\Seen)");
            self.ask(&command, "to mark the mails as seen", 0).await?;
        }
        Ok(())
    }

    /// Says goodbye, and does not wait for long.
    pub(super) async fn leave(&mut self) {
        let farewell = self.ask("LOGOUT", "LOGOUT", 0);
        let _ = timeout(FAREWELL, farewell).await;
    }

    /// `* OK`, or `* PREAUTH` where the server knows us (RFC 9051 §7.1.4).
    async fn greeting(&mut self) -> Result<Status, Trouble> {
        let line = self.dialogue.text().await?;
        let greeting = line.strip_prefix("* ").and_then(status);
        match greeting {
            Some((Status::Bye, text)) => Err(Trouble::Ended(self.dialogue.shown(text))),
            Some((found @ (Status::Ok | Status::Preauth), _)) => Ok(found),
            _ => Err(Trouble::NotThis(NAME)),
        }
    }

    async fn offers(&mut self) -> Result<Offers, Trouble> {
        let answers = self.ask("CAPABILITY", "CAPABILITY", 0).await?;
        let lists = answers
            .iter()
            .filter_map(|answer| answer.text.strip_prefix("CAPABILITY "));
        let words = lists.flat_map(|list| list.split(' '));
        Ok(Offers(words.map(str::to_ascii_uppercase).collect()))
    }

    /// `STARTTLS` (RFC 9051 §6.2.1). A server that knows us already would keep us from it, so it is not believed.
    async fn secure(
        mut self,
        session: &Session<'_>,
        greeted: Status,
        offers: &Offers,
        upgrade: Upgrade,
    ) -> Result<Self, Trouble> {
        if greeted != Status::Ok || !offers.has("STARTTLS") {
            let cause = "the server does not offer STARTTLS, so nothing was said to it";
            return Err(Trouble::Tls(cause.into()));
        }
        let agreed = self.ask("STARTTLS", "STARTTLS", 0).await;
        if upgrade.can_do_without(&agreed) {
            return Ok(self);
        }
        agreed.map_err(|why| Trouble::Tls(format!("STARTTLS failed: {why}")))?;
        let dialogue = session.upgrade(self.dialogue).await;
        let dialogue = dialogue.map_err(|why| match why {
            Trouble::OutOfTurn => Trouble::Tls(format!("STARTTLS failed: {why}")),
            other => other,
        })?;
        Ok(Self { dialogue, ..self })
    }

    async fn log_in(&mut self, session: &Session<'_>, offers: &Offers) -> Result<(), Trouble> {
        let way = session.way(
            offers.has("AUTH=PLAIN"),
            offers.has("AUTH=XOAUTH2"),
            offers.has("AUTH=OAUTHBEARER"),
        )?;
        let answered = match way {
            Login::Login if offers.has("LOGINDISABLED") => {
                let cause = "the server offers no way to log in (AUTH=PLAIN or LOGIN)";
                return Err(Trouble::Login(cause.into()));
            }
            Login::Login => {
                let (user, password) = session.login();
                let (user, password) = (quoted(user)?, quoted(password)?);
                let command = format!("LOGIN {user} {password}");
                self.ask(&command, "the login", 0).await.map(drop)
            }
            Login::Plain => self.authenticate(session, way, false).await,
            Login::Xoauth2 | Login::OauthBearer => {
                self.authenticate(session, way, offers.has("SASL-IR")).await
            }
        };
        answered.map_err(|why| match why {
            Trouble::Refused(what) => Trouble::Denied(what),
            other => other,
        })
    }

    /// `AUTHENTICATE`, with the response `at_once` (RFC 4959) or only once it is asked for, which every server understands
    /// (RFC 9051 §6.2.2). What is asked of
    /// a token then is a reason why not, and an answer to it brings the refusal itself.
    async fn authenticate(
        &mut self,
        session: &Session<'_>,
        mechanism: Login,
        at_once: bool,
    ) -> Result<(), Trouble> {
        let (name, response) = (mechanism.name(), session.response(mechanism));
        let command = match at_once {
            true => format!("AUTHENTICATE {name} {response}"),
            false => format!("AUTHENTICATE {name}"),
        };
        let tag = self.command(&command).await?;
        let (mut said, mut reason) = (at_once, None);
        for _ in 0..MOST_ANSWERS {
            let line = self.dialogue.text().await?;
            if let Some(asked) = line.strip_prefix('+') {
                if !said {
                    said = true;
                    self.dialogue.say(&response).await?;
                } else if mechanism.is_by_token() && reason.is_none() {
                    reason = Some(self.dialogue.decoded(asked));
                    self.dialogue.say(mechanism.after_reason()).await?;
                } else {
                    return Err(Trouble::OutOfTurn);
                }
                continue;
            }
            match self.ends(&tag, &line, "the login") {
                Ok(false) => {}
                Ok(true) if said && reason.is_none() => return Ok(()),
                Ok(true) => return Err(Trouble::OutOfTurn),
                Err(why) => return Err(why.with_reason(reason)),
            }
        }
        Err(Trouble::Endless)
    }

    async fn select(&mut self) -> Result<(), Trouble> {
        let folder = self.server.folder.clone();
        let what = format!("to open the folder `{folder}`");
        let tag = self
            .command(&format!("SELECT {}", quoted(&folder)?))
            .await?;
        for _ in 0..MOST_ANSWERS {
            let line = self.dialogue.text().await?;
            if self.ends(&tag, &line, &what)? {
                // A folder in which nothing can be marked would be read again for ever.
                return match line.to_ascii_uppercase().contains("[READ-ONLY]") {
                    true => Err(Trouble::Refused(format!("{what} for writing"))),
                    false => Ok(()),
                };
            }
        }
        Err(Trouble::Endless)
    }

    async fn search(&mut self) -> Result<(), Trouble> {
        let what = "to say what is unseen";
        let answers = self.ask("UID SEARCH UNSEEN", what, 0).await?;
        let mut unseen = Vec::new();
        for answer in answers {
            if let Some(list) = answer.text.strip_prefix("SEARCH") {
                unseen.extend(numbers(list).ok_or(Trouble::NotThis(NAME))?);
            }
        }
        // Numbers rise with time (RFC 9051 §2.3.1.1).
        unseen.sort_unstable();
        unseen.dedup();
        self.unseen = unseen.into();
        Ok(())
    }

    /// The beginning of a mail; `None` if it is gone.
    async fn fetch(&mut self, uid: u32) -> Result<Option<Vec<u8>>, Trouble> {
        let command = format!("UID FETCH {uid} (BODY.PEEK[]<0.{MOST_OF_A_MESSAGE}>)");
        let what = format!("to give message {uid}");
        let answers = self.ask(&command, &what, MOST_OF_A_MESSAGE).await?;
        let mut bodies = answers.into_iter().filter_map(Answer::body);
        match bodies.next() {
            Some((found, bytes)) if found == uid => Ok(Some(bytes)),
            Some(_) => Err(Trouble::OutOfTurn),
            None => Ok(None),
        }
    }

    /// Says a command, and gives the untagged answers to it; `most` is the longest piece of data that they may carry.
    async fn ask(
        &mut self,
        command: &str,
        what: &str,
        most: usize,
    ) -> Result<Vec<Answer>, Trouble> {
        let tag = self.command(command).await?;
        let mut answers = Vec::new();
        let mut kept = 0;
        for _ in 0..MOST_ANSWERS {
            let mut answer = Answer::read(&mut self.dialogue, most).await?;
            match answer.text.strip_prefix("* ") {
                Some(text) => {
                    self.hear(text, command)?;
                    answer.text = text.to_owned();
                    if answer.is_kept() {
                        kept += answer.octets();
                        answers.push(answer);
                    }
                    if kept > most + MOST_KEPT {
                        return Err(Trouble::Endless);
                    }
                }
                None if self.ends(&tag, &answer.text, what)? => return Ok(answers),
                None => {}
            }
        }
        Err(Trouble::Endless)
    }

    async fn command(&mut self, command: &str) -> Result<String, Trouble> {
        self.tags += 1;
        let tag = format!("c{}", self.tags);
        self.dialogue.say(&format!("{tag} {command}")).await?;
        Ok(tag)
    }

    /// Whether a line ends the command of this tag well.
    fn ends(&self, tag: &str, line: &str, what: &str) -> Result<bool, Trouble> {
        if let Some(text) = line.strip_prefix("* ") {
            return self.hear(text, "").map(|()| false);
        }
        let Some((found, rest)) = line.split_once(' ') else {
            return Err(Trouble::NotThis(NAME));
        };
        if found != tag {
            return Err(Trouble::OutOfTurn);
        }
        match status(rest) {
            Some((Status::Ok, _)) => Ok(true),
            Some((Status::No | Status::Bad, text)) => {
                let text = self.dialogue.shown(text);
                Err(Trouble::Refused(format!("{what}: {text}")))
            }
            _ => Err(Trouble::NotThis(NAME)),
        }
    }

    /// An untagged goodbye ends everything, but for the one that was asked for.
    fn hear(&self, text: &str, command: &str) -> Result<(), Trouble> {
        match status(text) {
            Some((Status::Bye, text)) if command != "LOGOUT" => {
                Err(Trouble::Ended(self.dialogue.shown(text)))
            }
            _ => Ok(()),
        }
    }
}

/// What the server can do.
struct Offers(Vec<String>);

impl Offers {
    fn has(&self, word: &str) -> bool {
        self.0.iter().any(|offer| offer == word)
    }
}

/// A quoted string (RFC 9051 §4.3).
fn quoted(text: &str) -> Result<String, Trouble> {
    if !text.is_ascii() {
        let cause = "the server takes no user or password outside of ASCII";
        return Err(Trouble::Login(cause.into()));
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(format!("\"{escaped}\""))
}
