//! A mailbox by POP3: what is not known by its name is retrieved (RFC 1939, RFC 2449, RFC 2595, RFC 5034).
//!
//! POP3 has no flags, so each mail goes by the name that the server keeps for it (`UIDL`). Nothing is deleted.

use std::collections::{HashSet, VecDeque};

use tokio::time::{Instant, timeout};

use super::dialogue::Dialogue;
use super::session::{FAREWELL, Session, Upgrade};
use super::{Error, InboxSettings, MOST_OF_A_MESSAGE, Mail, Mark, Trouble};
use crate::model::{Login, MailServer};

/// Lines of a list, at most: nobody keeps so many mails in a mailbox without folders.
const MOST_LINES: usize = 200_000;

/// Octets of a list, at most.
const MOST_LISTED: usize = 16 * 1024 * 1024;

/// Octets of a mail that are heard, kept or not; a larger one is not asked for.
const MOST_HEARD: usize = 64 * 1024 * 1024;

/// Longest name of a mail, in octets (RFC 1939 §7).
const MAX_NAME: usize = 70;

/// What the server is called where it is none.
const NAME: &str = "POP3";

/// An open mailbox, and what is new in it.
pub(super) struct Pop3 {
    dialogue: Dialogue,
    server: MailServer,
    /// All mails that are there.
    names: HashSet<String>,
    /// Those that were not dealt with: number, name, octets.
    new: VecDeque<Listed>,
    most: usize,
    until: Instant,
}

/// A mail as the server lists it.
struct Listed {
    number: u32,
    name: String,
    octets: usize,
}

impl Pop3 {
    /// Connects, secures, logs in, and asks what is there.
    pub(super) async fn open(
        settings: &InboxSettings,
        session: &Session<'_>,
        server: &MailServer,
        known: &HashSet<String>,
    ) -> Result<Self, Trouble> {
        let (dialogue, upgrade) = session.connect().await?;
        let mut pop3 = Self {
            dialogue,
            server: server.clone(),
            names: HashSet::new(),
            new: VecDeque::new(),
            most: settings.most,
            until: session.reading_until(),
        };
        pop3.answer("connections").await?;
        let mut offers = pop3.offers().await?;
        if upgrade != Upgrade::None && (upgrade == Upgrade::Demanded || offers.has("STLS")) {
            pop3 = pop3.secure(session, &offers, upgrade).await?;
            // What was offered before TLS may have been anybody's words.
            offers = pop3.offers().await?;
        }
        pop3.log_in(session, &offers).await?;
        pop3.list(known).await?;
        Ok(pop3)
    }

    /// The next new mail.
    pub(super) async fn next(&mut self) -> Result<Option<Mail>, Trouble> {
        if self.most == 0 || Instant::now() >= self.until {
            return Ok(None);
        }
        let Some(listed) = self.new.pop_front() else {
            return Ok(None);
        };
        self.most -= 1;
        // No report is so large; it is passed over, so that it does not lie in the way for ever.
        let bytes = match listed.octets > MOST_HEARD {
            true => Vec::new(),
            false => self.retrieve(listed.number).await?,
        };
        Ok(Some(Mail {
            name: format!("message {}", listed.name),
            bytes,
            mark: Mark::Name(listed.name),
        }))
    }

    pub(super) fn waiting(&self) -> usize {
        self.new.len()
    }

    pub(super) fn names(&self) -> &HashSet<String> {
        &self.names
    }

    pub(super) fn error(&self, why: Trouble) -> Error {
        Error::server(&self.server, why)
    }

    /// Says goodbye, and does not wait for long.
    pub(super) async fn leave(&mut self) {
        let farewell = self.ask("QUIT", "QUIT");
        let _ = timeout(FAREWELL, farewell).await;
    }

    /// `CAPA` (RFC 2449 §5); a server that does not know it offers nothing.
    async fn offers(&mut self) -> Result<Offers, Trouble> {
        match self.ask("CAPA", "CAPA").await {
            Ok(_) => {
                let lines = self.lines(str::to_ascii_uppercase).await?;
                Ok(Offers(lines))
            }
            Err(Trouble::Refused(_)) => Ok(Offers(vec![])),
            Err(why) => Err(why),
        }
    }

    /// `STLS` (RFC 2595 §4).
    async fn secure(
        mut self,
        session: &Session<'_>,
        offers: &Offers,
        upgrade: Upgrade,
    ) -> Result<Self, Trouble> {
        if !offers.has("STLS") {
            let cause = "the server does not offer STLS, so nothing was said to it";
            return Err(Trouble::Tls(cause.into()));
        }
        let agreed = self.ask("STLS", "STLS").await;
        if upgrade.can_do_without(&agreed) {
            return Ok(self);
        }
        agreed.map_err(|why| Trouble::Tls(format!("STLS failed: {why}")))?;
        let dialogue = session.upgrade(self.dialogue).await;
        let dialogue = dialogue.map_err(|why| match why {
            Trouble::OutOfTurn => Trouble::Tls(format!("STLS failed: {why}")),
            other => other,
        })?;
        Ok(Self { dialogue, ..self })
    }

    async fn log_in(&mut self, session: &Session<'_>, offers: &Offers) -> Result<(), Trouble> {
        let way = session.way(
            offers.has_sasl("PLAIN"),
            offers.has_sasl("XOAUTH2"),
            offers.has_sasl("OAUTHBEARER"),
        )?;
        let answered = match way {
            Login::Plain | Login::Xoauth2 | Login::OauthBearer => {
                self.authenticate(session, way).await
            }
            Login::Login => self.say_password(session).await,
        };
        answered.map_err(|why| match why {
            Trouble::Refused(what) => Trouble::Denied(what),
            other => other,
        })
    }

    /// `USER` and `PASS` (RFC 1939 §7).
    async fn say_password(&mut self, session: &Session<'_>) -> Result<(), Trouble> {
        let (user, password) = session.login();
        self.ask(&format!("USER {user}"), "the login").await?;
        let password = format!("PASS {password}");
        self.ask(&password, "the login").await.map(drop)
    }

    /// `AUTH`, with the response only once it is asked for: a token is longer than the line may be (RFC 5034 §4). What is
    /// asked of a token then is a reason why not, and an answer to it brings the refusal itself.
    async fn authenticate(
        &mut self,
        session: &Session<'_>,
        mechanism: Login,
    ) -> Result<(), Trouble> {
        let command = format!("AUTH {}", mechanism.name());
        self.dialogue.say(&command).await?;
        let line = self.dialogue.text().await?;
        if asked(&line).is_none() {
            self.judge(&line, "the login")?;
            return Err(Trouble::OutOfTurn);
        }
        self.dialogue.say(&session.response(mechanism)).await?;
        let line = self.dialogue.text().await?;
        let Some(reason) = asked(&line).filter(|_| mechanism.is_by_token()) else {
            return self.judge(&line, "the login");
        };
        let reason = self.dialogue.decoded(reason);
        match self.ask(mechanism.after_reason(), "the login").await {
            Ok(_) => Err(Trouble::OutOfTurn),
            Err(why) => Err(why.with_reason(Some(reason))),
        }
    }

    /// What is there and not `known`, the oldest first.
    async fn list(&mut self, known: &HashSet<String>) -> Result<(), Trouble> {
        self.ask("UIDL", "to name its mails (UIDL)").await?;
        let names = self.pairs(|name| {
            let fits = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|b| b > b' ');
            fits.then(|| name.to_owned())
        });
        let names = names.await?;
        self.ask("LIST", "to list its mails").await?;
        let octets = self.pairs(|octets| octets.parse::<usize>().ok()).await?;
        let octets: std::collections::HashMap<u32, usize> = octets.into_iter().collect();
        for (number, name) in names {
            let fresh = self.names.insert(name.clone()) && !known.contains(&name);
            if fresh {
                self.new.push_back(Listed {
                    number,
                    name,
                    octets: octets.get(&number).copied().unwrap_or(0),
                });
            }
        }
        self.new
            .make_contiguous()
            .sort_unstable_by_key(|listed| listed.number);
        Ok(())
    }

    /// A list of a number and one word a line; what follows them is not looked at.
    async fn pairs<T>(
        &mut self,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<(u32, T)>, Trouble> {
        let pair = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            Some((words.next()?.parse().ok()?, read(words.next()?)?))
        };
        let pairs = self.lines(pair).await?;
        let pairs: Option<Vec<_>> = pairs.into_iter().collect();
        pairs.ok_or(Trouble::NotThis(NAME))
    }

    /// The lines of a list up to its dot.
    async fn lines<T>(&mut self, read: impl Fn(&str) -> T) -> Result<Vec<T>, Trouble> {
        let mut lines = Vec::new();
        let mut heard = 0;
        while lines.len() < MOST_LINES && heard < MOST_LISTED {
            let line = self.dialogue.text().await?;
            if line == "." {
                return Ok(lines);
            }
            heard += line.len();
            lines.push(read(&line));
        }
        Err(Trouble::Endless)
    }

    /// The beginning of a mail; the rest of it is heard and dropped.
    async fn retrieve(&mut self, number: u32) -> Result<Vec<u8>, Trouble> {
        let what = format!("to give message {number}");
        self.ask(&format!("RETR {number}"), &what).await?;
        let mut mail = Vec::new();
        let mut heard = 0;
        loop {
            let line = self.dialogue.line().await?;
            if line == b"." {
                mail.truncate(MOST_OF_A_MESSAGE);
                return Ok(mail);
            }
            heard += line.len() + 2;
            if heard > MOST_HEARD {
                return Err(Trouble::TooLarge);
            }
            if mail.len() < MOST_OF_A_MESSAGE {
                mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                mail.extend_from_slice(b"\r\n");
            }
        }
    }

    async fn ask(&mut self, command: &str, what: &str) -> Result<String, Trouble> {
        self.dialogue.say(command).await?;
        self.answer(what).await
    }

    async fn answer(&mut self, what: &str) -> Result<String, Trouble> {
        let line = self.dialogue.text().await?;
        self.judge(&line, what).map(|()| line)
    }

    fn judge(&self, line: &str, what: &str) -> Result<(), Trouble> {
        if line.starts_with("+OK") {
            return Ok(());
        }
        match line.strip_prefix("-ERR") {
            Some(text) => {
                let text = self.dialogue.shown(text);
                Err(Trouble::Refused(format!("{what}: {text}")))
            }
            None => Err(Trouble::NotThis(NAME)),
        }
    }
}

/// What a server asks in the middle of a login (RFC 5034 §4).
fn asked(line: &str) -> Option<&str> {
    line.strip_prefix('+').filter(|_| !line.starts_with("+OK"))
}

/// What the server can do, a line each.
struct Offers(Vec<String>);

impl Offers {
    fn has(&self, word: &str) -> bool {
        self.0.iter().any(|offer| offer == word)
    }

    fn has_sasl(&self, mechanism: &str) -> bool {
        let lists = self
            .0
            .iter()
            .filter_map(|offer| offer.strip_prefix("SASL "));
        lists
            .flat_map(|list| list.split(' '))
            .any(|word| word == mechanism)
    }
}
