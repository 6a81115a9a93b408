//! A scripted SMTP server on loopback: does what it is told, also what no server should do.
//!
//! ```ignore
//! let script = Script::new()
//!     .offers(&["8BITMIME"])
//!     .rule(at(Stage::Rcpt).to("gone@example.nl").say("550 5.1.1 no such user"))
//!     .rule(at(Stage::Dot).on_connection(2).times(1).stored().act(Act::Drop));
//! let server = SmtpServer::start(script).await;
//! let gate = server.hold(Stage::Dot, 10);   // the tenth message waits here, over all connections
//! // … start a sender towards server.relay() …
//! gate.reached().await;                     // it is whole, and not yet answered
//! gate.release();
//! server.reached(Stage::Quit, 4).await;
//! assert_eq!(server.received().len(), 10);
//! ```
//!
//! Without rules it accepts everything. It records each message with its envelope, and each line that it heard. Nothing in
//! it looks at a clock: a test waits for stages, never for time.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows the test functions alone as tests, not what they call"
)]

mod certificate;
mod script;
mod session;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use courant::model::{Security, SmtpRelay};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use certificate::Certificate;
pub use script::{Act, Rule, Script, Stage, at};

/// A message that was received whole.
#[derive(Debug, Clone)]
pub struct Received {
    /// The connection, counted from 1.
    pub connection: usize,
    /// The address in `MAIL`.
    pub from: String,
    /// The parameters of `MAIL`, as they came.
    pub parameters: String,
    /// The addresses of accepted `RCPT`s.
    pub to: Vec<String>,
    /// The message with its dots unstuffed and CRLF line ends.
    pub content: String,
    /// Whether commands stood behind its dot, in the same breath.
    pub followed: bool,
    /// Whether the server took it: the reader would get it.
    pub stored: bool,
}

/// A line that a client said outside of a message.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The connection, counted from 1.
    pub connection: usize,
    /// Whether it came under TLS.
    pub secure: bool,
    /// Without its line end.
    pub line: String,
}

/// A running server; it stops when it is dropped.
pub struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What all connections of a server share.
struct Shared {
    port: u16,
    script: Mutex<Script>,
    received: Mutex<Vec<Received>>,
    heard: Mutex<Vec<Heard>>,
    /// What was said by rule.
    said: Mutex<Vec<String>>,
    gates: Mutex<Vec<Gate>>,
    under_way: Mutex<UnderWay>,
    arrivals: watch::Sender<HashMap<Stage, usize>>,
}

/// The messages that have been begun, from `RCPT` until their dot is about to be answered.
#[derive(Default)]
struct UnderWay {
    /// The domain of the newest recipient, by connection.
    now: HashMap<usize, String>,
    /// The most that there were for a domain at the same time.
    most: HashMap<String, usize>,
}

/// A stop at a stage: one arrival waits there until it is released.
#[derive(Clone)]
pub struct Gate {
    stage: Stage,
    arrival: usize,
    arrivals: watch::Receiver<HashMap<Stage, usize>>,
    open: watch::Sender<bool>,
}

impl SmtpServer {
    /// Starts a server on a free port of 127.0.0.1.
    pub async fn start(script: Script) -> Self {
        let listener = listen(script.small_window);
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            port: address.port(),
            script: Mutex::new(script),
            received: Mutex::default(),
            heard: Mutex::default(),
            said: Mutex::default(),
            gates: Mutex::default(),
            under_way: Mutex::default(),
            arrivals: watch::Sender::default(),
        });
        let accepting = tokio::spawn(session::accept(listener, shared.clone()));
        Self {
            address,
            shared,
            accepting,
        }
    }

    /// Takes this login from now on.
    pub fn takes(&self, user: &str, password: &str) {
        let login = Some((user.to_owned(), password.to_owned()));
        self.shared.script.lock().unwrap().login = login;
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server as a relay on this machine, without login.
    pub fn relay(&self) -> SmtpRelay {
        self.relay_with(Security::Loopback)
    }

    /// The server as a relay to be treated as said.
    pub fn relay_with(&self, security: Security) -> SmtpRelay {
        SmtpRelay {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            security,
            user: None,
        }
    }

    /// The messages it took, in the order of their dots.
    pub fn received(&self) -> Vec<Received> {
        let mut offered = self.offered();
        offered.retain(|message| message.stored);
        offered
    }

    /// All messages it heard whole, also those it did not take.
    pub fn offered(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// How often a message for this address was taken.
    pub fn copies(&self, address: &str) -> usize {
        let to = |message: &&Received| message.to.iter().any(|to| to == address);
        self.received().iter().filter(to).count()
    }

    /// The most messages for a domain that were under way at the same time.
    pub fn most_at_once(&self, domain: &str) -> usize {
        let under_way = self.shared.under_way.lock().unwrap();
        under_way.most.get(domain).copied().unwrap_or_default()
    }

    /// How often an address at a domain was named in `RCPT`.
    pub fn offers_to(&self, domain: &str) -> usize {
        let rcpt = |heard: &Heard| {
            let line = heard.line.to_ascii_lowercase();
            line.starts_with("rcpt") && line.contains(&format!("@{domain}>"))
        };
        self.heard().iter().filter(|heard| rcpt(heard)).count()
    }

    /// All lines it heard outside of messages.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// How often it said this line by a rule.
    pub fn refusals(&self, said: &str) -> usize {
        let all = self.shared.said.lock().unwrap();
        all.iter().filter(|line| *line == said).count()
    }

    /// How often a stage was reached so far, over all connections.
    pub fn arrivals(&self, stage: Stage) -> usize {
        count(&self.shared.arrivals.borrow(), stage)
    }

    /// Waits until a stage has been reached `times` times, over all connections.
    pub async fn reached(&self, stage: Stage, times: usize) {
        let mut arrivals = self.shared.arrivals.subscribe();
        let enough = |counts: &HashMap<Stage, usize>| count(counts, stage) >= times;
        arrivals.wait_for(enough).await.unwrap();
    }

    /// Waits until no connection is open: of those that were taken so far all have ended.
    pub async fn alone(&self) {
        let mut arrivals = self.shared.arrivals.subscribe();
        let alone = |counts: &HashMap<Stage, usize>| {
            count(counts, Stage::Gone) == count(counts, Stage::Taken)
        };
        arrivals.wait_for(alone).await.unwrap();
    }

    /// Puts a gate before the `arrival`-th arrival at a stage, counted from 1 over all connections: the server says
    /// nothing there until [`Gate::release`].
    pub fn hold(&self, stage: Stage, arrival: usize) -> Gate {
        let gate = Gate {
            stage,
            arrival,
            arrivals: self.shared.arrivals.subscribe(),
            open: watch::Sender::new(false),
        };
        self.shared.gates.lock().unwrap().push(gate.clone());
        gate
    }

    /// Adds a rule while the server runs, before all others.
    pub fn rule(&self, rule: Rule) {
        self.shared.script.lock().unwrap().rules.insert(0, rule);
    }

    /// Forgets the rules for so many times; the others stay.
    pub fn forget_faults(&self) {
        self.shared.script.lock().unwrap().forget_faults();
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Gate {
    /// Waits until somebody stands at the gate.
    pub async fn reached(&self) {
        let (stage, arrival) = (self.stage, self.arrival);
        let there = |counts: &HashMap<Stage, usize>| count(counts, stage) >= arrival;
        self.arrivals.clone().wait_for(there).await.unwrap();
    }

    /// Opens the gate.
    pub fn release(&self) {
        self.open.send_replace(true);
    }
}

impl Shared {
    /// Connections that were taken and have not ended.
    fn open(&self) -> usize {
        let arrivals = self.arrivals.borrow();
        count(&arrivals, Stage::Taken) - count(&arrivals, Stage::Gone)
    }

    /// What to say in place of a greeting, where as many connections are open as may be.
    fn refusal(&self) -> Option<String> {
        let full = self.script.lock().unwrap().connections.clone();
        let (most, said) = full?;
        (self.open() > most).then_some(said)
    }

    /// A message for this address has been begun on a connection.
    fn begun(&self, connection: usize, to: &str) {
        let mut under_way = self.under_way.lock().unwrap();
        let domain = to.rsplit('@').next().unwrap_or_default().to_owned();
        under_way.now.insert(connection, domain.clone());
        let now = under_way.now.values().filter(|d| **d == domain).count();
        let most = under_way.most.entry(domain).or_default();
        *most = now.max(*most);
    }

    /// Nothing is under way on a connection any more.
    fn ended(&self, connection: usize) {
        self.under_way.lock().unwrap().now.remove(&connection);
    }

    /// Counts an arrival; waits if a gate stands there.
    async fn arrive(&self, stage: Stage) {
        let mut arrival = 0;
        self.arrivals.send_modify(|counts| {
            let count = counts.entry(stage).or_default();
            *count += 1;
            arrival = *count;
        });
        let gate = {
            let gates = self.gates.lock().unwrap();
            let here = |gate: &&Gate| gate.stage == stage && gate.arrival == arrival;
            gates.iter().find(here).cloned()
        };
        if let Some(gate) = gate {
            let mut open = gate.open.subscribe();
            open.wait_for(|open| *open).await.unwrap();
        }
    }
}

fn count(counts: &HashMap<Stage, usize>, stage: Stage) -> usize {
    counts.get(&stage).copied().unwrap_or_default()
}

/// A listener; with a small window a client cannot send much that nobody reads.
fn listen(small_window: bool) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    if small_window {
        socket.set_recv_buffer_size(4_096).unwrap();
    }
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(64).unwrap()
}
