//! How a run is struck, and when: killed, told to end, or its issue paused by another process.

use std::collections::BTreeMap;
use std::future::pending;
use std::io::Read as _;
use std::process::{Child, Command, ExitStatus};

use super::campaign::{Theatre, json};
use super::scene::SLOW;
use crate::support::polled;
use crate::support::smtp::{Act, Gate, SmtpServer, Stage, at};

/// When a run is struck.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    /// At the arrival at a stage that lies so far ahead, at whichever server it is.
    At(Stage, usize),
    /// When deliveries were put back, and wait for their pace.
    Waiting,
    /// When so many more mails to the slow domain were begun.
    Again(usize),
}

/// What happens to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// SIGKILL.
    Kill,
    /// SIGTERM; the run ends by itself.
    Terminate,
    /// SIGTERM, and what the server was about to say is never said: the run ends without it.
    TerminateDeaf,
    /// Its issue is paused; the run ends by itself.
    Pause,
    /// Its issue is paused, and it is killed.
    PauseAndKill,
    /// Its issue is paused and resumed at once, and it is told to end some messages later.
    PauseAndResume,
}

/// Messages that a connection may still end once its issue is paused: the one in hand; with groups of commands also the
/// one before it, whose end is on its way.
fn in_hand(pipelining: bool) -> usize {
    if pipelining { 2 } else { 1 }
}

impl Theatre {
    /// Starts a run and kills it at the arrival that lies so far ahead; false if the run ended before.
    pub async fn kill_at(&mut self, stage: Stage, ahead: usize) -> bool {
        self.strike(Moment::At(stage, ahead), Blow::Kill).await
    }

    /// Starts a run and strikes it; false if the run ended before.
    pub async fn strike(&mut self, moment: Moment, blow: Blow) -> bool {
        let gates: Vec<Gate> = match moment {
            Moment::At(stage, ahead) => self
                .servers()
                .map(|server| gate(server, stage, ahead))
                .collect(),
            _ => Vec::new(),
        };
        let mut child = self.newsletter.start(&["run"]);
        let mut ended = std::pin::pin!(ended(&mut child));
        let reached = tokio::select! {
            () = self.comes(moment, &gates) => true,
            () = &mut ended => false,
        };
        let mut before = None;
        if reached {
            before = self.hit(&mut child, blow, &gates).await;
        }
        if reached && blow == Blow::PauseAndResume {
            let more = gate(&self.server, Stage::Dot, 1 + self.choices.below(8));
            release(&gates);
            tokio::select! {
                () = more.reached() => terminate(&child),
                () = &mut ended => {}
            }
            more.release();
        }
        if blow != Blow::TerminateDeaf || !reached {
            release(&gates);
        }
        let status = tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
        release(&gates);
        self.alone().await;
        if reached {
            self.ended_as_told(blow, status);
            self.paused(blow, before).await;
        }
        reached
    }

    async fn comes(&self, moment: Moment, gates: &[Gate]) {
        match (moment, gates) {
            (Moment::Waiting, _) => {
                // Some may have been put back before; one that has just been started does not listen to signals yet.
                let next = self.server.arrivals(Stage::Mail) + 1;
                self.server.reached(Stage::Mail, next).await;
                polled::until(&self.target, |_, put_back| put_back > 0).await;
            }
            (Moment::Again(times), _) => {
                let wanted = self.server.offers_to(SLOW) + times;
                while self.server.offers_to(SLOW) < wanted {
                    let next = self.server.arrivals(Stage::Rcpt) + 1;
                    if self.server.offers_to(SLOW) < wanted {
                        self.server.reached(Stage::Rcpt, next).await;
                    }
                }
            }
            (Moment::At(..), [one]) => one.reached().await,
            (Moment::At(..), [one, other]) => tokio::select! {
                () = one.reached() => {}
                () = other.reached() => {}
            },
            (Moment::At(..), _) => pending().await,
        }
    }

    /// Strikes; says what was whole at the servers, by connection, when the issue was paused.
    async fn hit(&self, child: &mut Child, blow: Blow, gates: &[Gate]) -> Option<Offers> {
        match blow {
            Blow::Kill => {
                child.kill().unwrap();
                None
            }
            Blow::Terminate | Blow::TerminateDeaf => {
                terminate(child);
                None
            }
            Blow::Pause | Blow::PauseAndKill => {
                self.order("pause").await;
                let before = self.offers();
                match blow {
                    Blow::PauseAndKill => child.kill().unwrap(),
                    _ => release(gates),
                }
                Some(before)
            }
            Blow::PauseAndResume => {
                self.order("pause").await;
                self.order("resume").await;
                None
            }
        }
    }

    async fn order(&self, what: &str) {
        let ended = self.newsletter.run_beside(&["issues", what, "1"]).await;
        assert_eq!(ended.code, 0, "{what}: {}", ended.stderr);
    }

    /// A run that was let end did so in order.
    fn ended_as_told(&mut self, blow: Blow, status: ExitStatus) {
        let lets_end = !matches!(blow, Blow::Kill | Blow::PauseAndKill);
        // In part, or by a relay that failed meanwhile, is in order as well.
        if lets_end && !matches!(status.code(), Some(0 | 1 | 69)) {
            self.seen
                .push(format!("after {blow:?} the run ended with {status}"));
        }
    }

    /// What a paused issue, and a run that was let end, must have kept to. Resumes the issue.
    async fn paused(&mut self, blow: Blow, before: Option<Offers>) {
        if let Some(before) = before {
            let limit = in_hand(self.plan.pipelining);
            for (connection, count) in self.offers() {
                let more = count - before.get(&connection).copied().unwrap_or(0);
                if more > limit {
                    self.seen.push(format!(
                        "{more} messages went on a connection after the pause"
                    ));
                }
            }
        } else if matches!(blow, Blow::Terminate | Blow::TerminateDeaf) {
            self.order("pause").await;
        } else {
            return;
        }
        let (mails, offers) = (self.server.arrivals(Stage::Mail), self.offers());
        let run = json(&self.newsletter.run_beside(&["run", "--json"]).await);
        if self.server.arrivals(Stage::Mail) > mails || self.offers() != offers {
            self.seen
                .push("a run sent of an issue that is paused".into());
        }
        let recovered = &run["issues"][0]["recovered"];
        if blow != Blow::PauseAndKill && !recovered.is_null() {
            self.seen
                .push(format!("after {blow:?} there was {recovered} to recover"));
        }
        self.balances().await;
        self.order("resume").await;
    }

    /// How many messages were whole, by connection; one relay alone is looked at.
    fn offers(&self) -> Offers {
        let mut offers = Offers::new();
        for message in self.server.offered() {
            *offers.entry(message.connection).or_default() += 1;
        }
        offers
    }
}

/// Messages by connection.
type Offers = BTreeMap<usize, usize>;

/// A stop at the arrival that lies so far ahead.
fn gate(server: &SmtpServer, stage: Stage, ahead: usize) -> Gate {
    if stage == Stage::Body {
        // In the middle of a message: the server says nothing and is passed.
        let pass = at(Stage::Body).after(300).skip(ahead - 1).times(1);
        server.rule(pass.act(Act::Raw(vec![])));
    }
    let passed = if stage == Stage::Body { 1 } else { ahead };
    server.hold(stage, server.arrivals(stage) + passed)
}

fn release(gates: &[Gate]) {
    for gate in gates {
        gate.release();
    }
}

fn terminate(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.unwrap().success());
}

/// Ends when the program has: it then has closed what it printed to.
fn ended(child: &mut Child) -> impl Future<Output = ()> + use<> {
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reading = tokio::task::spawn_blocking(move || {
        // Drained, so that nobody waits for a reader of either.
        let errors = std::thread::spawn(move || stderr.read_to_end(&mut Vec::new()));
        stdout.read_to_end(&mut Vec::new()).unwrap();
        errors.join().unwrap().unwrap();
    });
    async move { reading.await.unwrap() }
}
