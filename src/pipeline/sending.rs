//! T2 to T4: hands an issue's queued deliveries to the relay, and reads the account afterwards.

use jiff::SignedDuration;

use super::report::{IssueReport, Recovery, RunReport};
use super::sealing::Sealed;
use super::{Fault, Pipeline, Step, World};
use crate::config::{Config, OnUnknown};
use crate::deliver::mailbox::Mailbox;
use crate::deliver::{self, Deadlines, Job, Outbox, OutboxError, Rate, RelaySettings};
use crate::gather::FetchSettings;
use crate::model::{Account, IssueNumber, Relay, Security, SmtpRelay, TurnRequest, TurnResult};
use crate::store::{RunLock, Store};

/// How long a claim is good for: longer than the ten minutes that a relay may take over the final dot
/// (RFC 5321 §4.5.3.2.6), twice, since data is offered only in the first half of it.
const LEASE: SignedDuration = SignedDuration::from_mins(30);

/// The outbox as the sender sees it.
struct StoreOutbox<'a>(&'a Store);

impl Outbox for StoreOutbox<'_> {
    async fn turn(&self, request: TurnRequest) -> Result<TurnResult, OutboxError> {
        self.0.outbox_turn(&request).await.map_err(OutboxError::new)
    }
}

/// The relay of a run: the embedded mailbox is started when the first issue needs it.
pub(super) struct RunRelay {
    settings: Option<RelaySettings>,
    mailbox: Option<Mailbox>,
}

impl RunRelay {
    /// Stops the embedded mailbox, if it runs.
    pub(super) async fn close(self, report: &mut RunReport) {
        if let Some(mailbox) = self.mailbox {
            report.mailbox = Some(mailbox.folder().to_owned());
            mailbox.shutdown().await;
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
        lock: &RunLock,
        relay: &mut RunRelay,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<(), Fault> {
        for number in self.store.issue_unfinished().await? {
            if world.stop.is_set() {
                return Ok(());
            }
            let recovered = self.recover(lock, number, world).await?;
            self.store.outbox_expire(number, world.clock.now()).await?;
            let Some(issue) = self.store.issue_load(number).await? else {
                continue;
            };
            let variants = self.store.variant_list(number).await?;
            let first = variants.first();
            let resumed = IssueReport {
                number,
                schedule: issue.schedule.clone(),
                subject: first.map(|v| v.digest.subject.clone()).unwrap_or_default(),
                posts: issue.posts.len(),
                variants: variants.len(),
                resumed: true,
                account: Account::default(),
                recovered,
                skipped: vec![],
                nothing_new: 0,
                stopped: None,
                next_try: None,
            };
            self.send(
                Sealed {
                    issue,
                    variants,
                    report: resumed,
                },
                relay,
                world,
                report,
            )
            .await?;
        }
        Ok(())
    }

    /// Finds the claims that a broken run left, and says what is known of each.
    async fn recover(
        &self,
        lock: &RunLock,
        number: IssueNumber,
        world: &World<'_>,
    ) -> Result<Option<Recovery>, Fault> {
        let resend = self.config.delivery.on_unknown == OnUnknown::Resend;
        let orphans = lock.orphans_are_known();
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
        let job = Job {
            issue: &issue,
            variants: &variants,
            relay: settings,
            resend_unknown: self.config.delivery.on_unknown == OnUnknown::Resend,
        };
        let outbox = StoreOutbox(&self.store);
        let sent = deliver::deliver(&job, &outbox, world.clock, world.stop, world.progress).await;
        this.stopped = sent?.stopped;
        this.account = self.account(issue.number).await?;
        this.next_try = self.store.outbox_next(issue.number).await?;
        report.issues.push(this);
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
    async fn settings(
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
        let mailbox = Mailbox::start(&config.state.join("mailbox"), world.chance).await?;
        let address = mailbox.address();
        self.mailbox = Some(mailbox);
        Ok(SmtpRelay {
            host: address.ip().to_string(),
            port: address.port(),
            security: Security::Loopback,
            user: None,
        })
    }
}

fn relay_settings(config: &Config, relay: SmtpRelay) -> RelaySettings {
    let delivery = &config.delivery;
    RelaySettings {
        relay,
        password: delivery.password.clone(),
        hello: delivery.hello.clone(),
        connections: delivery.connections,
        rate: delivery.rate.map(|(count, per)| Rate { count, per }),
        extra_root: delivery.tls_root.clone(),
        deadlines: Deadlines::default(),
        lease: LEASE,
    }
}

/// What the fetcher needs of the configuration.
pub(super) fn fetch_settings(config: &Config) -> FetchSettings {
    FetchSettings::default()
}
