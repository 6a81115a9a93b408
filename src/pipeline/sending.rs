//! T2 to T4: hands an issue's queued deliveries to the relay, and reads the account afterwards.

use std::fmt;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::report::{IssueReport, Paced, Recovery, RunReport, SlowedDown};
use super::sealing::Sealed;
use super::tenure::Tenure;
use super::{Fault, Pipeline, Step, World};
use crate::audience::{Keys, Returned, return_path};
use crate::config::{self, Config, OnUnknown};
use crate::deliver::{
    self, DomainLimits, Job, Mailbox, Outbox, OutboxError, Rate, RelaySettings, ReturnPaths,
    Slowed, Stopped,
};
use crate::gather::FetchSettings;
use crate::model::{
    Account, Clock, EmailAddress, Issue, IssueNumber, IssueStanding, LearntPace, Relay,
    SealedVariant, SmtpRelay, SubscriberId, TurnRequest, TurnResult,
};
use crate::store::Store;

/// How long the store keeps what was learnt of a relay's paces: as long as the sender believes it.
const PACES_KEPT: SignedDuration = deliver::REMEMBERED;

/// The outbox as the sender sees it, for as long as the run holds its lock.
struct StoreOutbox<'a> {
    store: &'a Store,
    tenure: &'a Tenure,
    /// The relay's name, under which its paces are kept.
    relay: String,
    clock: &'a dyn Clock,
}

impl Outbox for StoreOutbox<'_> {
    async fn turn(&self, request: TurnRequest) -> Result<TurnResult, OutboxError> {
        if self.tenure.holds(request.now).await? {
            return Ok(self.store.outbox_turn(&request).await?);
        }
        let outcomes_alone = TurnRequest {
            intents: vec![],
            claim: 0,
            ..request
        };
        let recorded = self.store.outbox_turn(&outcomes_alone).await?;
        Ok(TurnResult {
            overtaken: true,
            ..recorded
        })
    }

    async fn paces(&self) -> Result<Vec<LearntPace>, OutboxError> {
        Ok(self.store.pace_list(&self.relay).await?)
    }

    async fn keep_paces(&self, learnt: Vec<LearntPace>) -> Result<(), OutboxError> {
        let forget = self.clock.now().saturating_sub(PACES_KEPT)?;
        self.store.pace_save(&self.relay, &learnt, forget).await?;
        Ok(())
    }
}

/// Return paths with a token, at the operator's address.
struct Verp<'a> {
    address: &'a EmailAddress,
    keys: &'a Keys,
}

impl fmt::Debug for Verp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verp({:?})", self.address)
    }
}

impl ReturnPaths for Verp<'_> {
    fn of(
        &self,
        issue: IssueNumber,
        subscriber: SubscriberId,
        now: Timestamp,
    ) -> Option<EmailAddress> {
        let delivery = Returned { subscriber, issue };
        return_path(self.address, delivery, self.keys, now)
    }
}

/// The relay of a run: the embedded mailbox is started when the first issue needs it.
pub(super) struct RunRelay {
    settings: Option<RelaySettings>,
    mailbox: Option<(Mailbox, PathBuf)>,
}

impl RunRelay {
    /// Stops the embedded mailbox, if it runs.
    pub(super) async fn close(self, report: &mut RunReport) {
        if let Some((mailbox, folder)) = self.mailbox {
            mailbox.shutdown().await;
            report.mailbox = Some(folder);
        }
    }
}

impl Pipeline {
    /// The relay of this run, not yet started.
    pub(super) fn relay(&self) -> RunRelay {
        RunRelay {
            settings: None,
            mailbox: None,
        }
    }

    /// Continues the issues that an earlier run left with queued deliveries.
    pub(super) async fn continue_open_issues(
        &self,
        tenure: &Tenure,
        relay: &mut RunRelay,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        for number in self.store.issue_unfinished(world.clock.now()).await? {
            if world.stop.is_stopped() {
                return Ok(());
            }
            if !tenure.holds(world.clock.now()).await? {
                report.overtaken = true;
                return Ok(());
            }
            let recovered = self.recover(tenure, number, world).await?;
            let now = world.clock.now();
            self.store.outbox_withdraw(number, now).await?;
            self.store.outbox_expire(number, now).await?;
            let Some(issue) = self.store.issue_load(number).await? else {
                continue;
            };
            let variants = self.store.variant_list(number).await?;
            let mut resumed = resumed_report(&issue, &variants, recovered);
            resumed.late = self.store.issue_pause_late(number, now).await?;
            if self.store.issue_standing(number).await? != Some(IssueStanding::Open) {
                self.read_account(number, &mut resumed).await?;
                report.issues.push(resumed);
                continue;
            }
            let sealed = Sealed {
                issue,
                variants,
                report: resumed,
            };
            self.send(sealed, tenure, relay, world, report).await?;
        }
        Ok(())
    }

    /// Finds the claims that a broken run left, and says what is known of each.
    async fn recover(
        &self,
        tenure: &Tenure,
        number: IssueNumber,
        world: &World<'_>,
    ) -> Result<Option<Recovery>, Fault> {
        let resend = self.config.delivery.on_unknown == OnUnknown::Resend;
        let orphans = tenure.orphans_are_known();
        let found = self
            .store
            .outbox_recover(number, world.clock.now(), orphans, resend)
            .await?;
        let recovery = Recovery {
            released: found.released,
            resent: found.resent,
            held: found.held,
        };
        Ok((recovery != Recovery::default()).then_some(recovery))
    }

    /// Sends what is queued and due, then reads the account.
    pub(super) async fn send(
        &self,
        sealed: Sealed,
        tenure: &Tenure,
        relay: &mut RunRelay,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let Sealed {
            issue,
            variants,
            report: mut this,
        } = sealed;
        let queued = self.account(issue.number).await?.queued;
        world.progress.step(Step::Sending {
            issue: issue.number,
            queued,
        });
        let settings = relay.settings(&self.config, world).await?;
        let bounces = self.config.delivery.bounces.as_ref();
        let verp = bounces.map(|address| Verp {
            address,
            keys: &self.keys,
        });
        let job = Job {
            issue: &issue,
            variants: &variants,
            relay: settings,
            resend_unknown: self.config.delivery.on_unknown == OnUnknown::Resend,
            return_paths: verp.as_ref().map(|verp| verp as &dyn ReturnPaths),
        };
        let outbox = StoreOutbox {
            store: &self.store,
            tenure,
            relay: self.config.delivery.relay.name(),
            clock: world.clock,
        };
        let sent = deliver::deliver(&job, &outbox, world.clock, world.stop, world.progress).await?;
        this.slowed = sent.slowed.into_iter().map(slowed_down).collect();
        this.paced = sent.expected.map(|expected| Paced {
            mails: expected.deliveries,
            until: expected.until,
        });
        this.stopped = match sent.stopped {
            None | Some(Stopped::Asked) => None,
            Some(reason) => Some(reason.to_string()),
        };
        // What came back to the queue after the issue was cancelled.
        let now = world.clock.now();
        self.store.outbox_withdraw(issue.number, now).await?;
        this.late = self.store.issue_pause_late(issue.number, now).await?;
        self.read_account(issue.number, &mut this).await?;
        report.issues.push(this);
        Ok(())
    }

    /// Where the issue stands at the end, for its report.
    async fn read_account(
        &self,
        number: IssueNumber,
        report: &mut IssueReport,
    ) -> Result<(), Fault> {
        let standing = self.store.issue_standing(number).await?;
        report.standing = standing.ok_or(Fault::NoIssue(number))?;
        report.account = self.account(number).await?;
        report.next_try = self.store.outbox_next(number).await?;
        Ok(())
    }

    /// The issue's account; that it balances is checked where it is read.
    pub async fn account(&self, number: IssueNumber) -> Result<Account, Fault> {
        self.store
            .issue_account(number)
            .await?
            .ok_or(Fault::NoIssue(number))
    }
}

impl RunRelay {
    pub(super) async fn settings(
        &mut self,
        config: &Config,
        world: &World<'_>,
    ) -> Result<&RelaySettings, Fault> {
        if self.settings.is_none() {
            let relay = match &config.delivery.relay {
                Relay::Smtp(relay) => relay.clone(),
                Relay::Mailbox => self.start_mailbox(config, world).await?,
            };
            self.settings = Some(relay_settings(config, relay));
        }
        self.settings.as_ref().ok_or(Fault::NoRelay)
    }

    async fn start_mailbox(
        &mut self,
        config: &Config,
        world: &World<'_>,
    ) -> Result<SmtpRelay, Fault> {
        let folder = config.state.join("mailbox");
        let mailbox = Mailbox::start(&folder, world.chance).await?;
        let relay = mailbox.relay();
        self.mailbox = Some((mailbox, folder));
        Ok(relay)
    }
}

fn relay_settings(config: &Config, relay: SmtpRelay) -> RelaySettings {
    let delivery = &config.delivery;
    let hello = delivery.hello.clone();
    let ordinary = RelaySettings::new(relay, hello.unwrap_or_else(|| hello_of(config)));
    RelaySettings {
        password: delivery.password.clone(),
        login: delivery.login,
        dkim: delivery.dkim.clone().into(),
        messages_per_connection: delivery.messages_per_connection,
        connections: delivery.connections,
        rate: rate_of(delivery.rate),
        domains: delivery.domains.iter().map(limits_of).collect(),
        slow_down: delivery.slow_down,
        extra_root: delivery.tls_root.clone(),
        ..ordinary
    }
}

fn limits_of(limits: &config::DomainLimits) -> DomainLimits {
    DomainLimits {
        domains: limits.names.clone(),
        rate: rate_of(limits.rate),
        connections: limits.connections,
    }
}

fn rate_of(rate: Option<(u32, SignedDuration)>) -> Option<Rate> {
    rate.map(|(messages, span)| Rate { messages, span })
}

fn slowed_down(slowed: Slowed) -> SlowedDown {
    SlowedDown {
        domain: slowed.domain,
        per_hour: slowed.pace,
        said: slowed.reply,
    }
}

/// Our name in `EHLO`, unless it is set: the domain that the mail comes from.
fn hello_of(config: &Config) -> String {
    config.newsletter.from.ascii_domain().to_owned()
}

/// What the fetcher needs of the configuration.
pub fn fetch_settings(config: &Config) -> FetchSettings {
    FetchSettings {
        total: config.gather.timeout.unsigned_abs(),
        allow: config.gather.allow.clone(),
        ..FetchSettings::new(user_agent(config, None))
    }
}

/// Who asks, for a server's log: product, version, where to complain, and for how many readers, if we know.
pub(super) fn user_agent(config: &Config, readers: Option<usize>) -> String {
    let readers = readers.map_or(String::new(), |readers| format!("; {readers} subscribers"));
    config.gather.user_agent.clone().unwrap_or_else(|| {
        format!(
            "courant/{} (+{}{readers})",
            env!("CARGO_PKG_VERSION"),
            config.newsletter.url
        )
    })
}

/// The report of an issue that an earlier run sealed, before this one sends of it.
fn resumed_report(
    issue: &Issue,
    variants: &[SealedVariant],
    recovered: Option<Recovery>,
) -> IssueReport {
    let first = variants.first();
    IssueReport {
        number: issue.number,
        schedule: issue.schedule.clone(),
        subject: first.map(|v| v.digest.subject.clone()).unwrap_or_default(),
        posts: issue.posts.len(),
        variants: variants.len(),
        resumed: true,
        standing: IssueStanding::Open,
        late: false,
        account: Account::default(),
        recovered,
        skipped: vec![],
        nothing_new: 0,
        slowed: vec![],
        paced: None,
        stopped: None,
        next_try: None,
    }
}
