//! What the relays did for an issue, and what their caps would mean for one, in words.

use jiff::tz::TimeZone;

use crate::cli::print::{Printer, clock, count};
use crate::model::{Diagnostic, Forecast};
use crate::pipeline::{IssueReport, RelayEnd};

/// How many went over which relay, where there are several; and which of them have carried what they may.
pub fn show(printer: &Printer, issue: &IssueReport, zone: &TimeZone) {
    if let [_, _, ..] = &issue.relays[..] {
        for relay in &issue.relays {
            printer.line(format!("  {} over {}", relay.sent, relay.relay));
        }
    }
    for relay in &issue.relays {
        if let Some(end @ RelayEnd::Full { room_from, .. }) = &relay.ended {
            let from = clock(*room_from, zone);
            printer.line(format!(
                "  {end} over {}; there is room from {from}",
                relay.relay
            ));
        }
    }
    if issue.waiting > 0 {
        let waiting = usize::try_from(issue.waiting).unwrap_or(0);
        let wait = if waiting == 1 { "waits" } else { "wait" };
        printer.line(format!(
            "  {} {wait} for that, and any later run sends them",
            count(waiting, "mail", "mails")
        ));
    }
}

/// Relays that stopped while others went on: what was to be sent is sent, and somebody should look all the same.
pub fn stopped(issue: &IssueReport) -> Option<Diagnostic> {
    let stopped = issue.relays.iter().filter_map(|one| match &one.ended {
        Some(RelayEnd::Stopped { reason }) => Some(format!("{}: {reason}", one.relay)),
        _ => None,
    });
    let stopped: Vec<_> = stopped.collect();
    if stopped.is_empty() || issue.stopped.is_some() {
        return None;
    }
    let number = issue.number;
    let fault = format!(
        "a relay stopped while issue {number} was sent: {}",
        stopped.join("; ")
    );
    let hint = "another relay took what it could; the next run begins with the first again";
    Some(Diagnostic::warning(fault).hint(hint))
}

/// What the relays' caps mean for an issue that is sent now.
pub fn show_caps(printer: &Printer, forecast: &Forecast, timezone: &TimeZone) {
    let number = |messages: u64| usize::try_from(messages).unwrap_or(usize::MAX);
    printer.line("");
    for share in &forecast.now {
        let mails = count(number(share.messages), "mail", "mails");
        printer.line(format!("{mails} now over {}", share.relay));
    }
    if forecast.later > 0 {
        let mails = count(number(forecast.later), "mail", "mails");
        let until = match forecast.last_from {
            Some(last) => format!("the last from {}", clock(last, timezone)),
            None => format!("{} of them too late", forecast.missed),
        };
        printer.line(format!("{mails} later, as the relays' caps allow: {until}"));
    }
    if forecast.ahead > 0 {
        let mails = count(number(forecast.ahead), "mail", "mails");
        printer.line(format!("{mails} of older issues first"));
    }
}
