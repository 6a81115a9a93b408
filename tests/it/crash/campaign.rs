//! A sender that is struck again and again while the server misbehaves, until everybody has come to an end.
//!
//! What happens follows from events of the server, the n-th arrival at a stage, and from a seed; no clock is looked at.

use std::collections::BTreeSet;
use std::io::Write as _;

use courant::journal::{Journal, Known};
use courant::store::{Store, StoreTarget};
use serde_json::Value;

use super::blows::{Blow, Moment};
use super::chance::{Choices, down};
use super::engine::{Engine, leases_run_out};
use super::oracle::{Seen, Told, Verdict, judge};
use super::scene::{self, SLOTS, Scene, address};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer, Stage, at};

/// The states in which `issues account --list` names readers.
const STATES: [&str; 5] = ["sent", "failed", "suppressed", "held", "queued"];

/// Runs in which everybody comes to an end once nobody kills any more: two unknowns and a third, and put off before.
const LAST_RUNS: usize = 8;

/// Kills from which on a campaign is a long one.
const LONG: usize = 12;

/// What a campaign is about.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    pub readers: usize,
    pub connections: usize,
    pub kills: usize,
    pub hold: bool,
    pub pipelining: bool,
    pub scene: Scene,
    pub engine: Engine,
}

/// What a campaign came to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub verdict: Verdict,
    /// Runs that were struck while they were sending.
    pub struck: usize,
    /// Faults of the servers.
    pub faults: usize,
    /// Times that deliveries were found put back for their pace after a blow.
    pub put_back: usize,
    /// Paces that were remembered at the last blow.
    pub paces: usize,
    /// What each server has in the end.
    pub taken: Vec<usize>,
}

impl Outcome {
    /// Adds what a further act came to.
    pub fn add(&mut self, act: &Self) {
        self.struck += act.struck;
        self.faults += act.faults;
        self.put_back += act.put_back;
        self.paces += act.paces;
        self.taken.resize(act.taken.len(), 0);
        for (all, more) in self.taken.iter_mut().zip(&act.taken) {
            *all += more;
        }
    }
}

/// A newsletter and the servers that it sends to.
pub struct Theatre {
    pub newsletter: Newsletter,
    /// Where its state is.
    pub target: StoreTarget,
    pub server: SmtpServer,
    pub second: Option<SmtpServer>,
    pub told: Told,
    pub(super) choices: Choices,
    pub(super) plan: Plan,
    /// What was seen to be wrong before the end.
    pub(super) seen: Vec<String>,
}

impl Theatre {
    pub async fn new(plan: Plan) -> Self {
        Self::with(plan, Script::new()).await
    }

    /// With servers that are told so; what they offer follows from the plan.
    pub async fn with(plan: Plan, script: Script) -> Self {
        let script = match plan.pipelining {
            true => script.offers(&["PIPELINING", "8BITMIME", "SMTPUTF8"]),
            false => script,
        };
        let server = SmtpServer::start(script.clone()).await;
        let second = match plan.scene {
            Scene::Relays => Some(SmtpServer::start(script).await),
            _ => None,
        };
        let servers = [Some(&server), second.as_ref()].into_iter().flatten();
        let relays: Vec<_> = servers
            .map(|one| format!("smtp://{}", one.address()))
            .collect();
        let mut newsletter = scene::newsletter(&plan, &relays);
        let target = plan.engine.keeps(&mut newsletter).await;
        Self {
            newsletter,
            target,
            told: Told {
                planned: (0..plan.readers).map(|n| address(plan.scene, n)).collect(),
                hold: plan.hold,
                ..Told::default()
            },
            server,
            second,
            choices: Choices::new(plan.seed),
            plan,
            seen: Vec::new(),
        }
    }

    pub(super) fn servers(&self) -> impl Iterator<Item = &SmtpServer> {
        std::iter::once(&self.server).chain(&self.second)
    }

    /// Strikes as often as planned, each time at a moment that the seed names, then lets the rest go out, and judges.
    pub async fn play(mut self) -> Outcome {
        let mut outcome = Outcome::default();
        self.refuse_some();
        for number in 0..self.plan.kills {
            outcome.faults += self.misbehave(number);
            if self.plan.scene == Scene::Paces && number > 0 {
                // What waits for a later run's pace is there for this one.
                self.newsletter.run_beside(&["issues", "retry", "1"]).await;
            }
            let (moment, blow) = (self.moment(number), self.blow(number));
            if self.strike(moment, blow).await {
                outcome.struck += 1;
            }
            if number % 2 == 1 {
                self.tear_the_journal();
            }
            let account = self.balances().await;
            outcome.put_back += usize::from(!account["paced"].is_null());
            if account["queued"] == 0 {
                // All is sent, and nothing left to strike.
                break;
            }
        }
        outcome.paces = self.remembered().await;
        for server in self.servers() {
            server.forget_faults();
        }
        outcome.verdict = self.end().await;
        outcome.taken = self.servers().map(|one| one.received().len()).collect();
        outcome
    }

    /// So far ahead that there is something left to strike until the end.
    fn stride(&self) -> usize {
        let all = (2 * self.plan.readers / self.plan.kills.max(1)).max(1);
        match self.plan.scene {
            // What has no pace must not run out.
            Scene::Paces => all.min(8),
            // Each of two servers hears about half.
            Scene::Relays => all.div_ceil(2),
            _ => all,
        }
    }

    /// Has servers go wrong in the next run; says in how many ways.
    fn misbehave(&mut self, number: usize) -> usize {
        match self.plan.scene {
            Scene::Plain | Scene::Orders => self.maybe_fault(&self.server),
            Scene::Relays => self.relays_fail(number),
            Scene::Paces => self.server_complains(number),
        }
    }

    fn maybe_fault(&self, server: &SmtpServer) -> usize {
        let faulty = self.choices.is_so();
        if faulty {
            server.rule(self.choices.fault(self.stride()));
        }
        usize::from(faulty)
    }

    /// Either server goes wrong by itself, refuses one reader for good, and may be down or fail in the middle of the run.
    fn relays_fail(&mut self, number: usize) -> usize {
        let (choices, stride) = (&self.choices, self.stride());
        let mut faults = 0;
        let mut refused = Vec::new();
        for (place, server) in self.servers().enumerate() {
            faults += self.maybe_fault(server);
            if choices.below(4) == 0 {
                let reader = address(self.plan.scene, choices.below(self.plan.readers));
                server.rule(choices.refusal(&reader));
                refused.push(reader);
            }
            // The first one's turn, then the second's, then both in one run: what the first may have is about each time.
            match (place, number % 3) {
                (0, 1) => server.rule(down()),
                (0, 2) => {
                    for rule in choices.collapse(stride, self.plan.connections) {
                        server.rule(rule);
                    }
                }
                (1, 0) if choices.is_so() => server.rule(down()),
                _ => continue,
            }
            faults += 1;
        }
        faults += refused.len();
        self.told.refused.extend(refused);
        faults
    }

    /// Some domains want fewer mails, and now and then the relay does.
    fn server_complains(&self, number: usize) -> usize {
        if self.asks_of_all(number) {
            let reply = at(Stage::Dot).skip(self.before_421(number)).times(1);
            self.server.rule(reply.say("421 4.3.2 too many of you all"));
        } else if number.is_multiple_of(2) {
            self.server.rule(self.choices.complaint());
        } else {
            self.server.rule(self.choices.quiet_fault(self.stride()));
        }
        1
    }

    /// Whether the relay says 421: few times, since after each all mail goes at half its pace.
    fn asks_of_all(&self, number: usize) -> bool {
        let third = self.plan.kills / 3;
        match self.plan.kills >= LONG {
            true => number == third || number == 2 * third,
            false => number == 2 * third,
        }
    }

    /// Dots before it: so many that the pace which is halved is not one of minutes.
    fn before_421(&self, number: usize) -> usize {
        let first = number * 2 < self.plan.kills;
        if first { 40 } else { 15 }
    }

    fn moment(&self, number: usize) -> Moment {
        let paced = self.plan.scene == Scene::Paces;
        if paced && self.asks_of_all(number) {
            return Moment::At(Stage::Dot, self.before_421(number) + 2);
        }
        if paced && self.plan.kills >= LONG && number == self.plan.kills / 2 {
            return Moment::Again(SLOTS + 1);
        }
        if paced && number % 5 == 1 {
            return Moment::Waiting;
        }
        let (stage, ahead) = self.choices.point(self.stride());
        match self.blow(number) {
            // Nobody knows then what became of the message.
            Blow::TerminateDeaf => Moment::At(Stage::Dot, ahead),
            _ => Moment::At(stage, ahead),
        }
    }

    fn blow(&self, number: usize) -> Blow {
        let blows: &[Blow] = match self.plan.scene {
            Scene::Plain | Scene::Relays => &[Blow::Kill],
            Scene::Paces => &[Blow::Kill, Blow::Kill, Blow::Terminate],
            Scene::Orders => &[
                Blow::Kill,
                Blow::Terminate,
                Blow::Pause,
                Blow::PauseAndKill,
                Blow::PauseAndResume,
                Blow::TerminateDeaf,
            ],
        };
        blows[number % blows.len()]
    }

    /// How many paces the newsletter's database remembers of its first relay.
    async fn remembered(&self) -> usize {
        let store = Store::open(&self.target).await.unwrap();
        let relay = self.server.address().to_string();
        let paces = store.pace_list(&relay).await.unwrap();
        store.close().await;
        paces.len()
    }

    /// Lets the rest go out, nobody struck and nothing slow, and judges.
    pub async fn end(&mut self) -> Verdict {
        self.alone().await;
        self.keeps_its_cap().await;
        scene::lift(&self.plan, &self.newsletter);
        let mut account = Value::Null;
        for _ in 0..LAST_RUNS {
            self.newsletter.run_beside(&["issues", "retry", "1"]).await;
            let run = self.newsletter.run_beside(&["run"]).await;
            self.alone().await;
            account = self.balances().await;
            if account["queued"] == 0 {
                break;
            }
            assert!(
                [0, 1, 69].contains(&run.code),
                "{}\n{}",
                run.stdout,
                run.stderr
            );
        }
        self.told.states.clear();
        for state in STATES.into_iter().filter(|state| account[*state] != 0) {
            let list = ["issues", "account", "1", "--list", state, "--json"];
            let readers = &json(&self.newsletter.run_beside(&list).await)["readers"];
            let names = readers.as_array().unwrap().iter();
            let names = names.map(|reader| reader["address"].as_str().unwrap().to_owned());
            self.told.states.insert(state, names.collect());
        }
        self.journal_agrees(&account).await;
        let seen = match &self.second {
            Some(second) => Seen::of_both(&self.server, second),
            None => Seen::of(&self.server),
        };
        let mut verdict = judge(&self.told, &seen);
        verdict.breaches.append(&mut self.seen);
        verdict
    }

    /// What a power cut may leave of the journal's last line.
    fn tear_the_journal(&self) {
        let path = self.newsletter.path("state/journal");
        // A run that was struck early has not begun it.
        if let Ok(mut journal) = std::fs::OpenOptions::new().append(true).open(path) {
            journal.write_all(b"0123456789abcdef {\"suppr").unwrap();
        }
    }

    /// The journal knows what the database knows, wherever a run was struck.
    async fn journal_agrees(&mut self, account: &Value) {
        let store = Store::open(&self.target).await.unwrap();
        let suppressed = store.suppression_count().await.unwrap();
        let journal = Journal::look(&self.newsletter.path("state/journal"));
        let journal = journal.unwrap().unwrap();
        let known = Known::of(journal.read(0).unwrap().entries);
        let store = store.with_journal(journal);
        let unknown = store.journal_unknown(true).await.unwrap();
        store.close().await;
        let issues: Vec<i64> = known.issues.keys().map(|number| number.0).collect();
        let sent = known.sent.values().sum::<i64>();
        let told = (issues, known.suppressed.len(), sent);
        let wanted = (
            vec![1],
            usize::try_from(suppressed).unwrap(),
            account["sent"].as_i64().unwrap(),
        );
        if told != wanted || !unknown.is_empty() {
            let breach = format!("the journal knows {told:?}, the database {wanted:?} {unknown:?}");
            self.seen.push(breach);
        }
    }

    /// The first relay takes what it may, and the other the rest, in a run that nobody strikes.
    async fn keeps_its_cap(&mut self) {
        let Some(cap) = scene::cap(&self.plan) else {
            return;
        };
        self.newsletter.run_beside(&["issues", "retry", "1"]).await;
        self.newsletter.run_beside(&["run"]).await;
        self.alone().await;
        let took = self.server.received().len();
        if took > cap {
            let breach = format!("the first relay took {took}, and may carry {cap}");
            self.seen.push(breach);
        }
    }

    /// Waits until no connection is open, and nobody's place is held.
    pub(super) async fn alone(&self) {
        for server in self.servers() {
            server.alone().await;
        }
        leases_run_out(&self.target).await;
    }

    /// The account, if the issue is sealed by now: it balances, whatever was just struck.
    pub async fn balances(&self) -> Value {
        let ended = self
            .newsletter
            .run_beside(&["issues", "account", "1", "--json"])
            .await;
        if ended.code == 66 {
            return Value::Null;
        }
        let account = json(&ended);
        assert_eq!(account["balances"], true, "{account}");
        assert_eq!(account["planned"], self.plan.readers, "{account}");
        account
    }

    /// Two readers have no mailbox here, and the servers say so for good.
    fn refuse_some(&mut self) {
        for (number, line) in [(2, "550 5.1.1 no such user"), (5, "550 5.2.1 closed")] {
            let stage = if number == 2 { Stage::Rcpt } else { Stage::Dot };
            for server in self.servers() {
                server.rule(at(stage).to(&reader(number)).say(line));
            }
            self.told.refused.insert(reader(number));
        }
    }
}

/// The address of the n-th reader, where all are at one domain.
pub fn reader(number: usize) -> String {
    address(Scene::Plain, number)
}

/// All addresses of a set that holds the first readers.
pub fn readers(count: usize) -> BTreeSet<String> {
    (0..count).map(reader).collect()
}

pub(super) fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", ended.stdout, ended.stderr))
}
