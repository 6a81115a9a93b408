//! `courant subscribers suppress` and `revive`: an operator's word about one address, with its reason.

use serde::Serialize;

use super::Ordered;
use crate::audience::{self, Keys, Revived, Suppressed};
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::config::Config;
use crate::model::EmailAddress;
use crate::pipeline::Fault;
use crate::store::Store;

/// Suppresses an address.
pub async fn suppress(
    session: &Session,
    config: &Config,
    store: Option<&Store>,
    address: &EmailAddress,
    reason: &str,
) -> Result<(), Failure> {
    opened(session, config, store).await?;
    let (store, keys) = session.state(config).await?;
    let now = session.clock().now();
    let done = audience::suppress(&store, &keys, address, reason, now).await;
    let (words, before) = match done.map_err(Fault::from)? {
        Suppressed::Now => (format!("`{address}` is not mailed any more."), None),
        Suppressed::Before(why) => {
            let why = why.as_str();
            let words = format!("`{address}` was not mailed before: {why}.");
            (words, Some(why))
        }
    };
    tell(session, address, Done::Suppressed { before }, &words);
    Ok(())
}

/// Brings an address back.
pub async fn revive(
    session: &Session,
    config: &Config,
    store: Option<&Store>,
    address: &EmailAddress,
    reason: &str,
) -> Result<(), Failure> {
    opened(session, config, store).await?;
    let (store, keys) = session.state(config).await?;
    let now = session.clock().now();
    let done = audience::revive(&store, &keys, address, reason, now).await;
    let (words, needed) = match done.map_err(Fault::from)? {
        Revived::Now => {
            let words = format!("`{address}` is mailed again, from the next issue on.");
            (words, true)
        }
        Revived::NotNeeded => (format!("`{address}` is not suppressed."), false),
        Revived::Refused(why) => {
            let fault = format!("`{address}` is {}, and stays so", why.as_str());
            let hint = "only the reader can undo that, by asking to receive the newsletter anew";
            return Err(Failure::new(Exit::Data, fault).hint(hint));
        }
    };
    tell(session, address, Done::Revived { needed }, &words);
    Ok(())
}

/// What became of an order, as `--json` gives it.
#[derive(Serialize)]
#[serde(tag = "done", rename_all = "lowercase")]
enum Done {
    /// The reader is not mailed; `before` says why that was so already.
    Suppressed { before: Option<&'static str> },
    /// The reader is mailed; `needed` is false where that was so already.
    Revived { needed: bool },
}

#[derive(Serialize)]
struct Told {
    address: String,
    #[serde(flatten)]
    done: Done,
}

fn tell(session: &Session, address: &EmailAddress, done: Done, words: &str) {
    let address = address.to_string();
    let told = Told { address, done };
    session.printer.either(&told, |printer| printer.line(words));
}

/// What was ordered of an address, oldest first.
pub(super) async fn of(
    session: &Session,
    config: &Config,
    store: &Store,
    address: &EmailAddress,
) -> Result<Vec<Ordered>, Failure> {
    let (store, keys) = opened(session, config, Some(store)).await?;
    let orders = store.suppression_orders(&keys.address_hash(address)).await;
    let orders = orders.map_err(Fault::from)?.into_iter();
    let ordered = orders.map(|(at, revived, reason)| Ordered {
        at,
        what: if revived { "revived" } else { "suppressed" },
        reason,
    });
    Ok(ordered.collect())
}

async fn opened<'a>(
    session: &Session,
    config: &Config,
    store: Option<&'a Store>,
) -> Result<(&'a Store, Keys), Failure> {
    let store = store.ok_or_else(|| {
        Failure::new(Exit::NoInput, "there is no database yet")
            .hint("the first `courant run` makes it")
    })?;
    let chance = session.world().chance;
    let keys = audience::load_or_create(&config.secret_file, store, chance).await;
    Ok((store, keys.map_err(Fault::from)?))
}
