//! `[bounces]`: where what comes back is read, where the password of that inbox comes from, and how readers leave.
//!
//! As for the relay, the password is never a setting: it comes from `COURANT_BOUNCES__PASSWORD`, else from
//! `password_credential` or `password_file`, else from the credential of systemd's that is called `bounces-password`.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::{Host, Url};

use super::environment::Environment;
use super::password::{self, Password};
use super::relays::{read_certificate, read_login, read_oauth};
use super::section::Section;
use super::value::Value;
use crate::model::{EmailAddress, InboxError, InboxPlace, Leaving, Login, MailServer};

/// The usual name of the credential that systemd passes.
const CREDENTIAL: &str = "bounces-password";

/// What an inbox may be.
const INBOX_HINT: &str = "write the path of a Maildir, `imaps://user@host/INBOX` or `pop3s://user@host`; \
     an `@` within the user is `%40`";

/// What stands in an inbox's place where its mails come by a pipe, as in `bounces ingest -`.
const PIPE: &str = "-";

/// What to do where the password is missing.
const PASSWORD_HINT: &str =
    "set `password_file` to a file that holds it, or COURANT_BOUNCES__PASSWORD";

/// What to do where reports have no address.
const ADDRESS_HINT: &str = "set `bounces` in `[delivery]` to the address whose mail arrives here";

/// Where what comes back is read.
#[derive(Debug, Clone, Default)]
pub struct Bounces {
    /// The inbox, if it is to be read by runs and by `bounces ingest` without being named.
    pub inbox: Option<InboxPlace>,
    /// Whether a mail server pipes what comes back into `bounces ingest`: there is no inbox to read, and none is missed.
    pub piped: bool,
    /// The password of the inbox's user; always there if the inbox is on a server.
    pub password: Option<SecretString>,
    /// How to log in; `None` is as the server offers, PLAIN first.
    pub login: Option<Login>,
    /// The login of `courant login` whose access token stands in the password's place.
    pub oauth: Option<String>,
    /// The root certificate of a server's private authority, in PEM form.
    pub tls_root: Option<Vec<u8>>,
}

/// What the section rests on.
pub(super) struct Around<'a> {
    /// Files are relative to it.
    pub(super) root: &'a Path,
    pub(super) environment: &'a Environment,
    /// Where reports are sent to, if to anywhere, where `[delivery]` could be read.
    pub(super) address: Option<Option<&'a EmailAddress>>,
    /// The newsletter's address, where `[newsletter]` could be read.
    pub(super) url: Option<&'a str>,
}

/// Reads the section: where the inbox is, and how readers leave.
pub(super) fn read(mut section: Section<'_>, around: &Around<'_>) -> Option<(Bounces, Leaving)> {
    let Around { root, address, .. } = around;
    section.refuse(
        "password",
        password::MISPLACED,
        "put it alone in a file and name that with `password_file`, or set COURANT_BOUNCES__PASSWORD",
    );
    let environment = around.environment;
    let variable = environment.inbox_password();
    let password = password::find(&mut section, root, environment, variable, CREDENTIAL);
    let oauth = section.or("oauth", None, |v| read_oauth(v).map(Some));
    let has_secret = !matches!(password, Password::Absent) || !matches!(oauth, Some(None));
    let inbox = section.or("inbox", None, |v| {
        let place = read_inbox(v, root)?;
        is_usable(v, &place, *address, has_secret).then_some(Some(place))
    });
    let login = section.or("login", None, |v| read_login(v).map(Some));
    let tls_root = section.optional("tls_root", |v| read_certificate(v, root));
    let address = address.flatten();
    let ways = section.or("unsubscribe", usual_ways(address, around.url), |v| {
        read_ways(v, around.address)
    });
    section.finish();
    let leaving = match (ways?, address) {
        (Ways::Mail, Some(address)) => Leaving::Mail(address.clone()),
        (Ways::Both, Some(address)) => Leaving::Both(address.clone()),
        _ => Leaving::Web,
    };
    let inbox = inbox?;
    let is_pipe = matches!(&inbox, Some(InboxPlace::Path(path)) if path == Path::new(PIPE));
    let bounces = Bounces {
        inbox: inbox.filter(|_| !is_pipe),
        piped: is_pipe,
        password: match password {
            Password::Found(secret) => Some(secret),
            Password::Absent => None,
            Password::Faulty => return None,
        },
        login: login?,
        oauth: oauth?,
        tls_root,
    };
    Some((bounces, leaving))
}

/// Whether an inbox can be opened, and a warning where it is of no use.
fn is_usable(
    value: &Value<'_>,
    place: &InboxPlace,
    address: Option<Option<&EmailAddress>>,
    has_secret: bool,
) -> bool {
    if matches!(address, Some(None)) {
        value.warn(
            "nothing in this inbox will be believed: mails have no return path of their own",
            ADDRESS_HINT.to_owned(),
        );
    }
    if let (InboxPlace::Server(server), false) = (place, has_secret) {
        let fault = format!("the password of `{}` at this inbox is missing", server.user);
        value.report(fault, Some(PASSWORD_HINT.to_owned()));
        return false;
    }
    true
}

/// How readers may leave.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ways {
    Web,
    Mail,
    Both,
}

fn read_ways(value: &Value<'_>, address: Option<Option<&EmailAddress>>) -> Option<Ways> {
    let ways = value.choice(&[
        ("web", Ways::Web),
        ("mail", Ways::Mail),
        ("both", Ways::Both),
    ])?;
    if ways != Ways::Web && matches!(address, Some(None)) {
        let fault = "readers can leave by mail only where there is an address to write to";
        value.report(fault, Some(ADDRESS_HINT.to_owned()));
        return None;
    }
    Some(ways)
}

/// Either way, where there is an inbox; no page where its address is this machine's, which no reader reaches.
fn usual_ways(address: Option<&EmailAddress>, url: Option<&str>) -> Ways {
    let host = url.and_then(|url| Url::parse(url).ok());
    let is_here = host.is_some_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    });
    match address {
        None => Ways::Web,
        Some(_) if is_here => Ways::Mail,
        Some(_) => Ways::Both,
    }
}

/// A path, or the address of a mailbox.
fn read_inbox(value: &Value<'_>, root: &Path) -> Option<InboxPlace> {
    let typed = value.line_of_text()?;
    if typed == PIPE {
        return Some(InboxPlace::Path(PIPE.into()));
    }
    if !typed.contains("://") {
        return Some(InboxPlace::Path(root.join(PathBuf::from(typed))));
    }
    match MailServer::parse(&typed) {
        Ok(server) => Some(InboxPlace::Server(server)),
        Err(fault @ InboxError::Password) => {
            let hint = "put it alone in a file and name that with `password_file`, or set COURANT_BOUNCES__PASSWORD";
            value.report_secret(format!("invalid `inbox`: {fault}"), hint);
            None
        }
        Err(fault) => {
            value.report(
                format!("invalid `inbox`: {fault}"),
                Some(INBOX_HINT.to_owned()),
            );
            None
        }
    }
}
