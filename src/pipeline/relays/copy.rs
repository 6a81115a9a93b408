//! One copy outside the outbox, as a test or for the operator: sent over the first relay that answers.

use std::path::PathBuf;

use super::super::report::RunReport;
use super::super::{Fault, Pipeline, World};
use crate::deliver;
use crate::model::{Digest, Issue, Reader, Reply};

/// A copy that was sent outside the outbox.
pub(in crate::pipeline) struct SentCopy {
    /// The relay that took it or refused it.
    pub relay: String,
    /// What it said.
    pub reply: Reply,
    /// Where the embedded mailbox keeps it, if that was the relay.
    pub mailbox: Option<PathBuf>,
    /// The relays that could not be used, and why.
    pub passed_over: Vec<(String, String)>,
}

impl Pipeline {
    /// Sends one copy outside the outbox, over the first relay that answers, or over the one that is `wanted`. A relay that
    /// broke off when it had the whole message is the last that is asked.
    pub(in crate::pipeline) async fn send_copy(
        &self,
        issue: &Issue,
        digest: &Digest,
        reader: &Reader,
        wanted: Option<usize>,
        world: &World<'_>,
    ) -> Result<SentCopy, Fault> {
        let mut relays = self.relays();
        let mut passed_over = Vec::new();
        let mut answer = Err(Fault::NoRelay);
        for (index, one) in self.config.delivery.relays.iter().enumerate() {
            if wanted.is_some_and(|wanted| wanted != index) {
                continue;
            }
            let settings = relays.settings(index, &self.config, world).await?;
            let relay = one.relay.name();
            let sent = deliver::send_one(issue, digest, reader, &settings).await;
            let carried = match &sent {
                Ok(reply) => (200..300).contains(&reply.code),
                Err(error) => matches!(error, deliver::Error::Unanswered(_)),
            };
            if carried {
                self.store.relay_used(&relay, 1, world.clock.now()).await?;
            }
            match sent {
                Err(error) if error.is_about_the_relay() => {
                    passed_over.push((relay, error.to_string()));
                    answer = Err(error.into());
                }
                sent => {
                    answer = sent.map(|reply| (relay, reply)).map_err(Fault::from);
                    break;
                }
            }
        }
        let mut report = RunReport::default();
        relays.close(&mut report).await;
        let (relay, reply) = answer.map_err(|fault| match fault {
            Fault::Deliver(error) if error.is_about_the_relay() && passed_over.len() > 1 => {
                no_answer(&passed_over)
            }
            fault => fault,
        })?;
        Ok(SentCopy {
            relay,
            reply,
            mailbox: report.mailbox,
            passed_over,
        })
    }
}

/// That no relay could be used, with the reason of each.
fn no_answer(passed_over: &[(String, String)]) -> Fault {
    let each = passed_over
        .iter()
        .map(|(relay, why)| format!("{relay}: {why}"));
    deliver::Error::Connection(each.collect::<Vec<_>>().join("; ")).into()
}
