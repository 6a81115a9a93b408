//! One line for each outcome: no whole address, no token, no body.

use super::lanes::Slowed;
use crate::model::{ClaimedDelivery, IssueNumber, Outcome};

/// What the relay said: many name the address that they refuse.
fn without_addresses(text: &str) -> String {
    let words = text
        .split(' ')
        .map(|word| if word.contains('@') { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// One line a delivery: no whole address, no token, no body.
pub(super) fn log(delivery: &ClaimedDelivery, outcome: &Outcome) {
    let key = delivery.claim.key;
    let to = delivery.reader.address.masked();
    let (issue, number) = (key.issue.0, key.number);
    match outcome {
        Outcome::Sent(reply) => {
            tracing::debug!(issue, delivery = number, to, code = reply.code, "sent");
        }
        Outcome::Failed(reply, gone) => tracing::info!(
            issue,
            delivery = number,
            to,
            code = reply.code,
            status = reply.enhanced,
            text = without_addresses(&reply.text),
            gone,
            "refused for good"
        ),
        Outcome::Deferred(reply, at) => tracing::info!(
            issue,
            delivery = number,
            to,
            code = reply.code,
            status = reply.enhanced,
            text = without_addresses(&reply.text),
            %at,
            "refused for now"
        ),
        Outcome::Released(_) => tracing::info!(issue, delivery = number, to, "put back"),
        Outcome::UnknownRetry(_) => tracing::warn!(
            issue,
            delivery = number,
            to,
            "the connection broke before the reply: it will be sent again"
        ),
        Outcome::UnknownHeld => tracing::warn!(
            issue,
            delivery = number,
            to,
            "the connection broke before the reply: it is held"
        ),
    }
}

/// One line when a lane is slowed: which, to what, and what the relay said.
pub(super) fn log_slowed(issue: IssueNumber, slowed: &Slowed) {
    tracing::warn!(
        issue = issue.0,
        domain = slowed.domain,
        pace = %slowed.pace,
        said = slowed.reply,
        "the relay wants fewer messages: sending slows down"
    );
}
