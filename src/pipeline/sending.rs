//! T2 to T4: hands an issue's queued deliveries to the relays, and reads the account afterwards.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::relays::{Parcel, RunRelays};
use super::report::{IssueReport, Recovery, RunReport};
use super::sealing::Sealed;
use super::tenure::Tenure;
use super::{Fault, Pipeline, Step, World, descriptors, trial};
use crate::audience::{self, Keys, Returned, return_path};
use crate::config::{self, Config, OnUnknown, RelayConfig};
use crate::deliver::{DomainLimits, Rate, RelaySettings, ReturnPaths};
use crate::gather::{CONNECTIONS, FetchSettings};
use crate::login::{LoginName, Tokens};
use crate::model::{
    AccessTokens, Account, EmailAddress, Issue, IssueNumber, IssueStanding, SealedVariant,
    SmtpRelay, SubscriberId,
};

/// Return paths with a token, at the operator's address.
pub(super) struct Verp<'a> {
    pub(super) address: &'a EmailAddress,
    pub(super) keys: &'a Keys,
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

impl Pipeline {
    /// Continues the issues that an earlier run left with queued deliveries.
    pub(super) async fn continue_open_issues(
        &self,
        tenure: &Tenure,
        relays: &mut RunRelays,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let names = self.config.delivery.relay_names();
        self.store.relay_use_forget(world.clock.now()).await?;
        self.store.gone_doubt().await?;
        for number in self.store.issue_unfinished(world.clock.now()).await? {
            if world.stop.is_stopped() {
                return Ok(());
            }
            if !tenure.holds(world.clock.now()).await? {
                report.overtaken = true;
                return Ok(());
            }
            let before = self.account(number).await?;
            let recovered = self.recover(tenure, number, world).await?;
            self.store.outbox_go_on(number).await?;
            let now = world.clock.now();
            self.store.outbox_withdraw(number, now).await?;
            if self.store.issue_standing(number).await? == Some(IssueStanding::Open) {
                self.store.issue_tried(number, now).await?;
            }
            self.store.outbox_expire(number, now).await?;
            self.store.outbox_bind(number, &names, now).await?;
            let Some(issue) = self.store.issue_load(number).await? else {
                continue;
            };
            let variants = self.store.variant_list(number).await?;
            let mut resumed = resumed_report(&issue, &variants, before, recovered);
            let is_trial = self.config.newsletter.test;
            if let Some(fault) = is_trial
                .then(|| trial::is_none_of(number, &variants))
                .flatten()
            {
                report.faults.push(fault);
                continue;
            }
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
            self.send(sealed, tenure, relays, world, report).await?;
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
        relays: &mut RunRelays,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        let Sealed {
            issue,
            variants,
            report: mut this,
        } = sealed;
        let Account {
            queued, planned, ..
        } = self.account(issue.number).await?;
        world.progress.step(Step::Sending {
            issue: issue.number,
            queued,
        });
        let parcel = Parcel {
            issue: &issue,
            variants: &variants,
            planned: planned.unsigned_abs(),
            one_domain: self.store.issue_has_one_domain(issue.number).await?,
            tenure,
        };
        let since = world.clock.now();
        self.store.issue_tried(issue.number, since).await?;
        // Where the journal cannot be written nothing is begun.
        self.store.journal_sent(issue.number).await?;
        let handed = self.hand_over(parcel, relays, world).await?;
        let now = world.clock.now();
        if handed.is_flood {
            // Nobody is lost to a relay that says so of everybody: a person decides.
            this.taken_back = self.store.issue_take_back(issue.number, since, now).await?;
        }
        let span = (since, now);
        let gone = audience::judge_gone(&self.store, issue.number, parcel.planned, span).await?;
        this.doubted = gone.doubted;
        this.relays = handed.relays;
        this.slowed = handed.slowed;
        this.paced = handed.paced;
        this.refused = handed.is_refused && handed.stopped.is_some();
        this.stopped = handed.stopped;
        // What came back to the queue after the issue was cancelled.
        self.store.outbox_withdraw(issue.number, now).await?;
        this.late = self.store.issue_pause_late(issue.number, now).await?;
        self.read_account(issue.number, &mut this).await?;
        // How many had it, and who bounced, outlives the database.
        self.store.journal_sent(issue.number).await?;
        self.store.journal_follow().await?;
        if this.standing == IssueStanding::Open {
            this.waiting = handed.waiting.min(this.account.queued);
        }
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

/// What the sender is to know of a relay.
pub(super) fn relay_settings(
    config: &Config,
    one: &RelayConfig,
    relay: SmtpRelay,
    now: Timestamp,
) -> RelaySettings {
    let hello = one.hello.clone();
    let ordinary = RelaySettings::new(relay, hello.unwrap_or_else(|| hello_of(config)));
    RelaySettings {
        password: one.password.clone(),
        login: one.login,
        tokens: tokens(config, one.oauth.as_deref(), now),
        dkim: config.delivery.dkim.clone().into(),
        messages_per_connection: one.messages_per_connection,
        connections: descriptors::of_relay(one.connections),
        rate: rate_of(one.rate),
        domains: config.delivery.domains.iter().map(limits_of).collect(),
        slow_down: config.delivery.slow_down,
        extra_root: one.tls_root.clone(),
        ..ordinary
    }
}

/// The access tokens of the login that a section names, if it names one.
pub(super) fn tokens(
    config: &Config,
    name: Option<&str>,
    now: Timestamp,
) -> Option<Arc<dyn AccessTokens>> {
    let name = LoginName::parse(name?).ok()?;
    Some(Arc::new(Tokens::new(&logins(config), name, now)))
}

/// Where logins are kept.
pub fn logins(config: &Config) -> PathBuf {
    config.state.join("logins")
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

/// Our name in `EHLO`, unless it is set: the domain that the mail comes from.
fn hello_of(config: &Config) -> String {
    config.newsletter.from.ascii_domain().to_owned()
}

/// What the fetcher needs of the configuration.
pub fn fetch_settings(config: &Config) -> FetchSettings {
    FetchSettings {
        total: config.gather.timeout.unsigned_abs(),
        allow: config.gather.allow.clone(),
        connections: descriptors::of_sources(CONNECTIONS),
        memory: config.gather.memory,
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
    before: Account,
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
        before: Some(before),
        recovered,
        skipped: vec![],
        nothing_new: 0,
        relays: vec![],
        slowed: vec![],
        paced: None,
        stopped: None,
        refused: false,
        taken_back: 0,
        doubted: 0,
        waiting: 0,
        next_try: None,
    }
}
