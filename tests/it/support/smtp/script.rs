//! What a scripted server is told to do: its offers, and rules for single stages.

use super::Certificate;

/// A point of the dialogue, reached when the client's part of it has been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A client has connected; the greeting is due.
    Connect,
    /// `EHLO`.
    Hello,
    /// `STARTTLS`; after the reply to it the handshake follows.
    Starttls,
    /// `AUTH`.
    Auth,
    /// `MAIL`.
    Mail,
    /// `RCPT`.
    Rcpt,
    /// `DATA`.
    Data,
    /// In the middle of a message, once [`Rule::after`] octets of it have come.
    Body,
    /// The final dot.
    Dot,
    /// `RSET`.
    Rset,
    /// `QUIT`.
    Quit,
    /// The first part of an [`Act::Late`] has been sent, the second not yet: a gate here decides when it is.
    Late,
    /// The second part has been sent.
    TooLate,
    /// The final dot has been answered.
    Answered,
    /// A connection was taken, before a word was said on it.
    Taken,
    /// A connection has ended, whoever ended it.
    Gone,
}

/// What to do at a stage in place of the ordinary reply.
#[derive(Debug, Clone)]
pub enum Act {
    /// Replies with this line; a code that refuses is meant.
    Say(String),
    /// Sends these bytes as they are, and goes on as if the ordinary reply had been given.
    Raw(Vec<u8>),
    /// Sends the first bytes, passes [`Stage::Late`], sends the second bytes.
    Late(Vec<u8>, Vec<u8>),
    /// Closes the connection without a word.
    Drop,
    /// Breaks the connection off (RST).
    Reset,
    /// Says nothing until the client gives up.
    Silence,
    /// Sends a line that never ends.
    Endless,
}

/// A rule: where, for whom, how often, what.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(super) stage: Stage,
    to: Option<String>,
    connection: Option<usize>,
    times: usize,
    skip: usize,
    messages: usize,
    pub(super) octets: usize,
    pub(super) stored: bool,
    pub(super) twice: bool,
    pub(super) act: Act,
}

/// Begins a rule for a stage; by itself it drops the connection.
pub fn at(stage: Stage) -> Rule {
    Rule {
        stage,
        to: None,
        connection: None,
        times: usize::MAX,
        skip: 0,
        messages: 0,
        octets: 0,
        stored: false,
        twice: false,
        act: Act::Drop,
    }
}

impl Rule {
    /// Only when the envelope's newest recipient is this address, or with `@` ahead at this domain; so at `RCPT` and later.
    pub fn to(mut self, address: &str) -> Self {
        self.to = Some(address.to_owned());
        self
    }

    /// Only on this connection, counted from 1.
    pub fn on_connection(mut self, number: usize) -> Self {
        self.connection = Some(number);
        self
    }

    /// Only so often, then never again.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Not the first so many times.
    pub fn skip(mut self, times: usize) -> Self {
        self.skip = times;
        self
    }

    /// Only on a connection over which so many messages were taken.
    pub fn after_messages(mut self, messages: usize) -> Self {
        self.messages = messages;
        self
    }

    /// At [`Stage::Body`]: once so many octets have come.
    pub fn after(mut self, octets: usize) -> Self {
        self.octets = octets;
        self
    }

    /// At [`Stage::Dot`]: the message is taken, whatever is said about it.
    pub fn stored(mut self) -> Self {
        self.stored = true;
        self
    }

    /// At [`Stage::Dot`]: the message is taken, and the reader gets it twice. No server should.
    pub fn twice(mut self) -> Self {
        self.twice = true;
        self.stored()
    }

    /// Does this.
    pub fn act(mut self, act: Act) -> Self {
        self.act = act;
        self
    }

    /// Replies with this line.
    pub fn say(self, line: &str) -> Self {
        self.act(Act::Say(line.to_owned()))
    }

    /// Sends this text as it is.
    pub fn raw(self, text: &str) -> Self {
        self.act(Act::Raw(text.as_bytes().to_vec()))
    }
}

/// All that a server is told before it starts.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub(super) offers: Vec<String>,
    pub(super) certificate: Option<Certificate>,
    pub(super) implicit_tls: bool,
    pub(super) login: Option<(String, String)>,
    pub(super) small_window: bool,
    pub(super) data_for_nobody: bool,
    pub(super) connections: Option<(usize, String)>,
    pub(super) rules: Vec<Rule>,
}

impl Script {
    /// Says "go on" to `DATA` although no recipient was accepted, as RFC 2920 §3.1 warns.
    pub fn data_for_nobody(mut self) -> Self {
        self.data_for_nobody = true;
        self
    }

    /// Takes so many connections at the same time, and says this to one more.
    pub fn connections(mut self, most: usize, said: &str) -> Self {
        self.connections = Some((most, said.to_owned()));
        self
    }

    /// Offers 8BITMIME and SMTPUTF8, speaks no TLS, asks for no login, accepts everything.
    pub fn new() -> Self {
        Self::default().offers(&["8BITMIME", "SMTPUTF8"])
    }

    /// Offers these extensions instead; `STARTTLS` and `AUTH` come from elsewhere.
    pub fn offers(mut self, extensions: &[&str]) -> Self {
        self.offers = extensions.iter().map(|e| (*e).to_owned()).collect();
        self
    }

    /// Offers STARTTLS with this certificate.
    pub fn starttls(mut self, certificate: &Certificate) -> Self {
        self.certificate = Some(certificate.clone());
        self
    }

    /// Speaks TLS from the first byte.
    pub fn implicit_tls(mut self, certificate: &Certificate) -> Self {
        self.implicit_tls = true;
        self.starttls(certificate)
    }

    /// Offers and demands a login with these mechanisms (`PLAIN`, `LOGIN`).
    pub fn login(mut self, user: &str, password: &str, mechanisms: &[&str]) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        self.offers.push(format!("AUTH {}", mechanisms.join(" ")));
        self
    }

    /// Takes little from the network ahead of reading it, so that a client can be stopped in the middle of a message.
    pub fn small_window(mut self) -> Self {
        self.small_window = true;
        self
    }

    /// Adds a rule; the first that fits is followed.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Forgets the rules for so many times; the others stay.
    pub(super) fn forget_faults(&mut self) {
        self.rules.retain(|rule| rule.times == usize::MAX);
    }

    /// The rule that fits, if any; uses it up by one.
    pub(super) fn fitting(
        &mut self,
        stage: Stage,
        (connection, messages): (usize, usize),
        to: Option<&str>,
        octets: usize,
    ) -> Option<Rule> {
        for rule in &mut self.rules {
            let fits = rule.stage == stage
                && rule.times > 0
                && rule.connection.is_none_or(|number| number == connection)
                && rule
                    .to
                    .as_deref()
                    .is_none_or(|whom| to.is_some_and(|to| is_one_of(whom, to)))
                && messages >= rule.messages
                && octets >= rule.octets;
            if !fits {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if rule.times < usize::MAX {
                rule.times -= 1;
            }
            return Some(rule.clone());
        }
        None
    }
}

/// Whether a recipient is this address, or at this domain where that is what is named.
fn is_one_of(whom: &str, to: &str) -> bool {
    match whom.starts_with('@') {
        true => to.ends_with(whom),
        false => to == whom,
    }
}
