//! The logins that relays and the inbox name: whose they are, what they may do, and until when. Whether they are taken, the
//! servers tell.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::super::sending::logins;
use super::{Finding, Health, Subject};
use crate::config::Config;
use crate::login::{self, KeptLogin, LoginName};
use crate::model::Diagnostic;

/// How long before its end a secret or a certificate is warned of.
const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Each login that is named, once.
pub(super) fn examine(config: &Config, now: Timestamp) -> Vec<Finding> {
    let relays = config.delivery.relays.iter().map(|one| &one.oauth);
    let named = relays.chain([&config.bounces.oauth]).flatten();
    let named: BTreeSet<&String> = named.collect();
    named
        .into_iter()
        .map(|name| of(config, name, now))
        .collect()
}

fn of(config: &Config, name: &str, now: Timestamp) -> Finding {
    let read = LoginName::parse(name).and_then(|name| login::read(&logins(config), &name));
    let login = match read {
        Ok(login) => login,
        Err(error) => {
            let fault = Diagnostic::error(format!("the login `{name}`: {error}"));
            let fault = fault.hint("`courant login` makes one: `courant help login`");
            return Finding::bad(Subject::Login, name, Health::Faulty, fault);
        }
    };
    let Some(ends) = login.ends().filter(|ends| *ends - AHEAD < now) else {
        return Finding::good(Subject::Login, name, in_words(&login));
    };
    let what = match login.client.proof {
        login::Proof::Certificate { .. } => "certificate",
        _ => "secret",
    };
    let day = ends.strftime("%Y-%m-%d");
    let hint = format!(
        "make a new {what} where the old one was made, and then the login anew: `courant help login`"
    );
    match ends <= now {
        true => {
            let fault =
                Diagnostic::error(format!("the {what} of the login `{name}` ended on {day}"));
            Finding::bad(Subject::Login, name, Health::Faulty, fault.hint(hint))
        }
        false => {
            let fault =
                Diagnostic::warning(format!("the {what} of the login `{name}` ends on {day}"));
            Finding::bad(Subject::Login, name, Health::Doubtful, fault.hint(hint))
        }
    }
}

fn in_words(login: &KeptLogin) -> String {
    let host = login.endpoints.token.host_str().unwrap_or_default();
    let mut words = vec![format!("{} at {host}, by {}", login.user, login.by())];
    words.push(format!("for {}", login.scopes.join(" ")));
    if let Some(ends) = login.ends() {
        words.push(format!("until {}", ends.strftime("%Y-%m-%d")));
    }
    words.join(", ")
}
