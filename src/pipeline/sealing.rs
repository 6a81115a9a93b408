//! T1: selects the posts, groups the readers, renders the variants, and seals it all in one transaction.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::choosing::{Chosen, skipped};
use super::gathering::Gathering;
use super::report::{IssueReport, Quiet, RunReport};
use super::shelf::Keep;
use super::{Fault, Pipeline, World, preflight, trial};
use crate::audience::{Purpose, SyncedList, Token};
use crate::compose::OwnLines;
use crate::model::{
    Account, Diagnostic, Edition, Issue, IssueStanding, NewDelivery, Post, PostId, Reader,
    Schedule, SealedVariant, SlotNonce,
};
use crate::schedule;
use crate::select::{Entitled, Readership};
use crate::store::{Seal, SealOutcome};

/// An issue that is sealed, and what the report says of it so far.
pub(super) struct Sealed {
    pub issue: Issue,
    pub variants: Vec<SealedVariant>,
    pub report: IssueReport,
}

/// What is about to be sealed, or saved as a plan.
pub(super) struct Prepared<'a> {
    pub chosen: Chosen,
    pub readership: Readership<'a>,
    pub seal: Seal,
}

impl Pipeline {
    /// Seals the schedule's next issue, or says in the report why there is none. Where the schedule wants to be approved, it
    /// is planned and the operator asked.
    pub(super) async fn seal(
        &self,
        schedule: &Schedule,
        slot: Option<Timestamp>,
        gathering: &Gathering,
        readers: &SyncedList,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<Option<Sealed>, Fault> {
        let now = world.clock.now();
        let settled = self.choose_present(schedule, gathering, readers, world, report);
        let (chosen, readership, quiet) = settled.await?;
        self.store.schedule_first_run(&schedule.name, now).await?;
        if let Some(quiet) = quiet {
            if let Some(slot) = slot {
                self.store
                    .schedule_served(&schedule.name, slot, now)
                    .await?;
            }
            report.keep_quiet(schedule, quiet);
            return Ok(None);
        }
        let keep = match schedule.approve {
            true => Keep::Aside,
            false => Keep::Published,
        };
        let before = report.faults.len();
        let prepared = self
            .prepare(schedule, slot, chosen, readership, keep, world, report)
            .await?;
        let Some(prepared) = prepared else {
            return Ok(None);
        };
        let errors = preflight::errors(&report.faults[before..]);
        if errors > 0 {
            report.keep_quiet(schedule, Quiet::Preflight { errors });
            return Ok(None);
        }
        if schedule.approve {
            self.ask_for_approval(schedule, prepared, readers, world, report)
                .await?;
            return Ok(None);
        }
        let Prepared {
            readership, seal, ..
        } = prepared;
        self.seal_now(schedule, seal, &readership, report).await
    }

    /// Copies the pictures, renders and freezes; what the preflight finds goes into the report. `None`: the run was asked to
    /// end meanwhile, since pictures may take long.
    #[expect(clippy::too_many_arguments, reason = "all that an issue is made of")]
    pub(super) async fn prepare<'a>(
        &self,
        schedule: &Schedule,
        slot: Option<Timestamp>,
        chosen: Chosen,
        readership: Readership<'a>,
        keep: Keep,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<Option<Prepared<'a>>, Fault> {
        let mut posts = chosen.posts.clone();
        if !self.host_in_time(&mut posts, keep, world, report).await? {
            return Ok(None);
        }
        let (seal, found) = self
            .freeze(schedule, slot, posts, &readership, world)
            .await?;
        report.faults.extend(found);
        Ok(Some(Prepared {
            chosen,
            readership,
            seal,
        }))
    }

    /// Copies the posts' pictures; false if the run is asked to end first.
    pub(super) async fn host_in_time(
        &self,
        posts: &mut [(PostId, Post)],
        keep: Keep,
        world: &World<'_>,
        report: &mut RunReport,
    ) -> Result<bool, Fault> {
        tokio::select! {
            hosted = self.host_pictures(posts, keep, world, report) => hosted?,
            () = world.stop.stopped() => return Ok(false),
        }
        Ok(true)
    }

    /// T1, the transaction.
    pub(super) async fn seal_now(
        &self,
        schedule: &Schedule,
        seal: Seal,
        readership: &Readership<'_>,
        report: &mut RunReport,
    ) -> Result<Option<Sealed>, Fault> {
        match self.store.issue_seal(&seal).await? {
            SealOutcome::EditionExists(number) => {
                report.keep_quiet(schedule, Quiet::Sealed { number });
                Ok(None)
            }
            SealOutcome::Sealed => {
                let (issue, readers) = (seal.issue.number.0, seal.deliveries.len());
                tracing::info!(issue, readers, "sealed an issue");
                Ok(Some(Sealed {
                    report: first_report(&seal, readership),
                    issue: seal.issue,
                    variants: seal.variants,
                }))
            }
        }
    }

    /// All that the transaction writes: the issue, each variant rendered once, a delivery for each reader; and what the
    /// preflight found.
    async fn freeze(
        &self,
        schedule: &Schedule,
        slot: Option<Timestamp>,
        posts: Vec<(PostId, Post)>,
        readership: &Readership<'_>,
        world: &World<'_>,
    ) -> Result<(Seal, Vec<Diagnostic>), Fault> {
        let issue = self.new_issue(schedule, slot, posts, world).await?;
        let variants = self.render(&issue, readership, schedule).await?;
        let found = self.preflight(&issue, &variants, schedule);
        let deliveries = self.deliveries(&issue, &variants, readership);
        let done_by = schedule::deadline(schedule, issue.sealed_at);
        let seal = Seal {
            issue,
            variants,
            deliveries,
            served: slot,
            done_by,
        };
        Ok((seal, found))
    }

    /// Freezes what the issue is made of: nothing later comes from clock or chance.
    pub(super) async fn new_issue(
        &self,
        schedule: &Schedule,
        slot: Option<Timestamp>,
        posts: Vec<(PostId, Post)>,
        world: &World<'_>,
    ) -> Result<Issue, Fault> {
        // A mail's Date has whole seconds (RFC 5322 §3.3); so has the issue, and what is stored comes back equal.
        let now = whole_seconds(world.clock.now());
        let date = now.to_zoned_datetime(schedule.timezone.clone()).date();
        let edition = match slot {
            Some(slot) => schedule::edition(schedule, slot),
            None => self.next_manual_edition(schedule, date).await?,
        };
        let mut nonce = [0; 16];
        world.chance.fill(&mut nonce);
        Ok(Issue {
            number: self.store.issue_next_number().await?,
            schedule: schedule.name.clone(),
            edition,
            sealed_at: now,
            date,
            expires_at: now + self.config.delivery.expire,
            masthead: self.config.newsletter.masthead(Some(schedule)),
            posts,
            nonce: SlotNonce(nonce.iter().map(|byte| format!("{byte:02x}")).collect()),
        })
    }

    pub(super) async fn next_manual_edition(
        &self,
        schedule: &Schedule,
        date: jiff::civil::Date,
    ) -> Result<Edition, Fault> {
        let earlier = self
            .store
            .edition_count(&schedule.name, &format!("{date}#"))
            .await?;
        Ok(schedule::manual_edition(
            date,
            u32::try_from(earlier + 1).unwrap_or(u32::MAX),
        ))
    }

    /// Renders each variant once.
    pub(super) async fn render(
        &self,
        issue: &Issue,
        readership: &Readership<'_>,
        schedule: &Schedule,
    ) -> Result<Vec<SealedVariant>, Fault> {
        let earlier = self.store.subjects().await?;
        self.render_beside(issue, readership, schedule, &earlier)
    }

    /// The same, with subjects that none of the `earlier` ones equals.
    pub(super) fn render_beside(
        &self,
        issue: &Issue,
        readership: &Readership<'_>,
        schedule: &Schedule,
        earlier: &[String],
    ) -> Result<Vec<SealedVariant>, Fault> {
        let own = OwnLines::of(schedule);
        // A subject is held against earlier ones as they were before they were marked.
        let earlier: Vec<String> = earlier
            .iter()
            .map(|one| trial::unmarked(one).to_owned())
            .collect();
        let mut digests = self.composer.digests(issue);
        let mut sealed = Vec::with_capacity(readership.variants.len());
        for (number, variant) in (0..).zip(&readership.variants) {
            let mut digest = digests.digest(variant, &own, &earlier)?;
            if self.config.newsletter.test {
                digest.subject = trial::marked(&digest.subject);
            }
            sealed.push(SealedVariant {
                number,
                variant: variant.clone(),
                digest,
            });
        }
        Ok(sealed)
    }

    /// A delivery for each reader, in order.
    pub(super) fn deliveries(
        &self,
        issue: &Issue,
        variants: &[SealedVariant],
        readership: &Readership<'_>,
    ) -> Vec<NewDelivery> {
        let at = self.local(issue);
        (0..)
            .zip(&readership.entitled)
            .map(|(number, entitled)| NewDelivery {
                number,
                subscriber: entitled.subscriber.id,
                address_hash: self.keys.address_hash(&entitled.subscriber.address),
                variant: variants[entitled.variant].number,
                reader: self.reader(issue, variants, entitled, &at),
            })
            .collect()
    }

    /// The issue's instant where its readers are, for the time of day in greetings.
    pub(super) fn local(&self, issue: &Issue) -> ZonedDateTime {
        let zone = TimeZone::get(&issue.masthead.timezone).unwrap_or(TimeZone::UTC);
        issue.sealed_at.to_zoned_datetime(zone)
    }

    fn reader(
        &self,
        issue: &Issue,
        variants: &[SealedVariant],
        entitled: &Entitled<'_>,
        at: &ZonedDateTime,
    ) -> Reader {
        let subscriber = entitled.subscriber;
        let language = &variants[entitled.variant].digest.language;
        Reader {
            address: subscriber.address.clone(),
            name: subscriber.name.clone(),
            greeting: self
                .composer
                .greeting(language, subscriber.name.as_deref(), at),
            since: self.composer.since(language, subscriber.since),
            unsubscribe_token: self.unsubscribe_token(subscriber),
            message_id: self.keys.message_id(issue.number, subscriber.id),
        }
    }

    /// The token of a reader's unsubscribe link: the same in every issue.
    pub fn unsubscribe_token(&self, subscriber: &crate::model::Subscriber) -> String {
        let token = Token {
            purpose: Purpose::Unsubscribe,
            subscriber: subscriber.id,
            epoch: subscriber.epoch,
            expires_at: None,
        };
        token.encode(&self.keys)
    }
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn first_report(seal: &Seal, readership: &Readership<'_>) -> IssueReport {
    let planned = i64::try_from(seal.deliveries.len()).unwrap_or(i64::MAX);
    IssueReport {
        number: seal.issue.number,
        schedule: seal.issue.schedule.clone(),
        subject: seal
            .variants
            .first()
            .map(|v| v.digest.subject.clone())
            .unwrap_or_default(),
        posts: seal.issue.posts.len(),
        variants: seal.variants.len(),
        resumed: false,
        standing: IssueStanding::Open,
        late: false,
        account: Account {
            planned,
            queued: planned,
            ..Account::default()
        },
        before: None,
        recovered: None,
        skipped: skipped(readership),
        nothing_new: readership.nothing_new.len(),
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
