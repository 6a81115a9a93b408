//! A sender that is killed again and again while the server misbehaves, until everybody has come to an end.
//!
//! What happens follows from events of the server, the n-th arrival at a stage, and from a seed; no clock is looked at.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::Child;

use courant::model::{Chance, SeededChance};
use serde_json::Value;

use super::oracle::{Seen, Told, Verdict, judge};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Act, Gate, Rule, Script, SmtpServer, Stage, at};

/// The states in which `issues account --list` names readers.
const STATES: [&str; 5] = ["sent", "failed", "suppressed", "held", "queued"];

/// Runs in which everybody comes to an end once nobody kills any more: two unknowns and a third, and put off before.
const LAST_RUNS: usize = 8;

/// What a campaign is about.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    pub readers: usize,
    pub connections: usize,
    pub kills: usize,
    pub hold: bool,
    pub pipelining: bool,
    /// Whether there is a second relay, and the first is down now and then.
    pub second: bool,
}

/// What a campaign came to.
#[derive(Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    /// Runs that were killed while they were sending.
    pub killed: usize,
    /// Faults of the server that a run met.
    pub faults: usize,
}

/// A newsletter and the server that it sends to.
pub struct Theatre {
    pub newsletter: Newsletter,
    pub server: SmtpServer,
    pub second: Option<SmtpServer>,
    pub told: Told,
    chance: SeededChance,
    plan: Plan,
}

impl Theatre {
    pub async fn new(plan: Plan) -> Self {
        Self::with(plan, Script::new()).await
    }

    /// With a server that is told so; what it offers follows from the plan.
    pub async fn with(plan: Plan, script: Script) -> Self {
        let script = match plan.pipelining {
            true => script.offers(&["PIPELINING", "8BITMIME", "SMTPUTF8"]),
            false => script,
        };
        let server = SmtpServer::start(script.clone()).await;
        let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
        let second = match plan.second {
            true => Some(SmtpServer::start(script).await),
            false => None,
        };
        if let Some(second) = &second {
            let one = format!("\"smtp://{}\"", server.address());
            let both = format!("[{one}, \"smtp://{}\"]", second.address());
            newsletter.replace("courant.toml", &one, &both);
        }
        let on_unknown = if plan.hold { "hold" } else { "resend" };
        newsletter.append(
            "courant.toml",
            &format!(
                // The faults of a campaign ask for a pace at which it would take an hour.
                "connections = {}\non_unknown = \"{on_unknown}\"\nslow_down = false\n",
                plan.connections
            ),
        );
        newsletter.readers(plan.readers);
        let planned = (0..plan.readers).map(reader).collect();
        Self {
            newsletter,
            server,
            second,
            told: Told {
                planned,
                hold: plan.hold,
                ..Told::default()
            },
            chance: SeededChance::new(plan.seed),
            plan,
        }
    }

    /// Kills as often as planned, each time at an arrival that the seed names, then lets the rest go out, and judges.
    pub async fn play(mut self) -> Outcome {
        let (mut killed, mut faults) = (0, 0);
        self.refuse_some();
        // So that there is something left to kill until the end.
        let stride = (2 * self.plan.readers / self.plan.kills.max(1)).max(1);
        for _ in 0..self.plan.kills {
            let server = self.server_of_this_run();
            if self.below(2) == 0 {
                let rule = self.fault(stride);
                server.rule(rule);
                faults += 1;
            }
            let (stage, ahead) = self.point(stride);
            if self.kill_on(server, stage, ahead).await {
                killed += 1;
            }
            self.balances().await;
        }
        let verdict = self.end().await;
        Outcome {
            verdict,
            killed,
            faults,
        }
    }

    /// Where the next run will send most: the first relay, or the second, and then the first is down.
    fn server_of_this_run(&self) -> &SmtpServer {
        match &self.second {
            Some(second) if self.below(2) == 0 => {
                // So many failures in a row make a run leave it.
                self.server.rule(at(Stage::Connect).times(3));
                second
            }
            _ => &self.server,
        }
    }

    /// Starts a run and kills it at the arrival that lies so far ahead; false if the run ended before.
    pub async fn kill_at(&self, stage: Stage, ahead: usize) -> bool {
        self.kill_on(&self.server, stage, ahead).await
    }

    async fn kill_on(&self, server: &SmtpServer, stage: Stage, ahead: usize) -> bool {
        if stage == Stage::Body {
            // In the middle of a message: the server says nothing and is passed.
            let pass = at(Stage::Body).after(300).skip(ahead - 1).times(1);
            server.rule(pass.act(Act::Raw(vec![])));
        }
        let passed = if stage == Stage::Body { 1 } else { ahead };
        let gate = server.hold(stage, server.arrivals(stage) + passed);
        self.kill_at_gate(&gate).await
    }

    /// Starts a run and kills it when somebody stands at the gate; false if the run ended before.
    pub async fn kill_at_gate(&self, gate: &Gate) -> bool {
        let mut child = self.newsletter.start(&["run"]);
        let ended = ended(&mut child);
        let reached = tokio::select! {
            () = gate.reached() => true,
            _ = ended => false,
        };
        if reached {
            child.kill().unwrap();
        }
        tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
        gate.release();
        self.alone().await;
        reached
    }

    /// Lets the rest go out, nobody killed, and judges.
    pub async fn end(&mut self) -> Verdict {
        let mut account = Value::Null;
        for _ in 0..LAST_RUNS {
            let run = self.newsletter.run_beside(&["run"]).await;
            self.alone().await;
            account = self.balances().await;
            if account["queued"] == 0 {
                break;
            }
            assert!(
                run.code == 1 || run.code == 69,
                "{}\n{}",
                run.stdout,
                run.stderr
            );
            self.newsletter.run_beside(&["issues", "retry", "1"]).await;
        }
        self.told.states.clear();
        for state in STATES.into_iter().filter(|state| account[*state] != 0) {
            let list = ["issues", "account", "1", "--list", state, "--json"];
            let readers = &json(self.newsletter.run_beside(&list).await)["readers"];
            let names = readers.as_array().unwrap().iter();
            let names = names.map(|reader| reader["address"].as_str().unwrap().to_owned());
            self.told.states.insert(state, names.collect());
        }
        let seen = match &self.second {
            Some(second) => Seen::of_both(&self.server, second),
            None => Seen::of(&self.server),
        };
        judge(&self.told, &seen)
    }

    /// Waits until no connection is open.
    async fn alone(&self) {
        self.server.alone().await;
        if let Some(second) = &self.second {
            second.alone().await;
        }
    }

    /// The account, if the issue is sealed by now: it balances, whatever was just killed.
    pub async fn balances(&self) -> Value {
        let ended = self
            .newsletter
            .run_beside(&["issues", "account", "1", "--json"])
            .await;
        if ended.code == 66 {
            return Value::Null;
        }
        let account = json(ended);
        assert_eq!(account["balances"], true, "{account}");
        assert_eq!(account["planned"], self.plan.readers, "{account}");
        account
    }

    /// Two readers have no mailbox here, and the server says so for good.
    fn refuse_some(&mut self) {
        for (number, line) in [(2, "550 5.1.1 no such user"), (5, "550 5.7.1 not from you")] {
            let stage = if number == 2 { Stage::Rcpt } else { Stage::Dot };
            for server in [Some(&self.server), self.second.as_ref()]
                .into_iter()
                .flatten()
            {
                server.rule(at(stage).to(&reader(number)).say(line));
            }
            self.told.refused.insert(reader(number));
        }
    }

    fn point(&self, stride: usize) -> (Stage, usize) {
        let stages = [
            Stage::Mail,
            Stage::Rcpt,
            Stage::Data,
            Stage::Body,
            Stage::Dot,
            Stage::Answered,
        ];
        (*self.one_of(&stages), 1 + self.below(stride))
    }

    /// Something that goes wrong once on the server's side, at an arrival before the next kill or after it.
    fn fault(&self, stride: usize) -> Rule {
        let stage = *self.one_of(&[Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot]);
        let acts = [
            Act::Drop,
            Act::Reset,
            Act::Say("421 4.3.2 closing".into()),
            Act::Say("451 4.3.0 later".into()),
            Act::Say("354 go on".into()),
            Act::Raw(b"250 2.0.0 ok\r\n250 and another\r\n".to_vec()),
            Act::Raw(b"HTTP/1.1 200 OK\r\n".to_vec()),
        ];
        let act = self.one_of(&acts).clone();
        // What is answered with yes is stored; what ends without a word may be, or not.
        let says_yes = matches!(&act, Act::Raw(bytes) if bytes.starts_with(b"250"));
        let silent = matches!(act, Act::Drop | Act::Reset);
        let stored = says_yes || (silent && self.below(2) == 0);
        let rule = at(stage).skip(self.below(stride)).times(1).act(act);
        match stored {
            true => rule.stored(),
            false => rule,
        }
    }

    fn one_of<'a, T>(&self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.chance.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % limit as u64).unwrap()
    }
}

/// The address of the n-th reader.
pub fn reader(number: usize) -> String {
    format!("reader{number}@example.nl")
}

/// All addresses of a set that holds the first readers.
pub fn readers(count: usize) -> BTreeSet<String> {
    (0..count).map(reader).collect()
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

fn json(ended: Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", ended.stdout, ended.stderr))
}
