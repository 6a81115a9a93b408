//! `courant login`: logs in at a mail provider once, for all runs to come; shows what is kept, and gives it up.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::cli::args::{ClientArgs, Logins, WayArgs, WhoseArgs};
use crate::cli::exit::{Exit, Failure};
use crate::cli::print::{Printer, clock, shown};
use crate::cli::session::Session;
use crate::config::{self, Config};
use crate::login::{
    self, Browser, Certificate, Client, DeviceLogin, Endpoints, GOOGLE_SCOPE, Grant, Grounds,
    Issuer, KeptLogin, LoginName, Proof, Provider, ServiceAccount, Waiting,
};
use crate::model::Diagnostic;
use crate::pipeline::logins;

/// All that an application may do at Exchange Online: what it was given there, such as `SMTP.SendAsApp`.
const MICROSOFT_APPLICATION: &str = "https://outlook.office365.com/.default";

/// What a person allows there, and to come back without them.
const MICROSOFT_PERSON: [&str; 4] = [
    "https://outlook.office.com/SMTP.Send",
    "https://outlook.office.com/IMAP.AccessAsUser.All",
    "https://outlook.office.com/POP.AccessAsUser.All",
    "offline_access",
];

/// Octets of a file that is named for a secret, a key or a certificate.
const LARGEST: u64 = 1024 * 1024;

/// Runs one of the subcommands.
pub async fn login(session: &Session, command: Logins) -> Result<Exit, Failure> {
    let config = session.config()?;
    let folder = logins(&config);
    match command {
        Logins::List => list(session, &folder),
        Logins::Show { name } => show(session, &folder, &named(&name)?),
        Logins::Forget { name } => forget(session, &folder, &named(&name)?).await,
        making => make(session, &config, making).await,
    }
}

fn named(name: &str) -> Result<LoginName, Failure> {
    LoginName::parse(name).map_err(|error| Failure::new(Exit::Usage, error.to_string()))
}

/// A login that is about to be made, and how a person is to allow it.
struct Plan {
    name: LoginName,
    login: KeptLogin,
    way: Way,
}

/// How a person allows it.
enum Way {
    /// Not at all.
    Nobody,
    Device,
    Browser(u16),
    Paste(u16),
}

async fn make(session: &Session, config: &Config, command: Logins) -> Result<Exit, Failure> {
    let now = session.clock().now();
    let Plan {
        name,
        mut login,
        way,
    } = plan(config, command, now).await?;
    let issuer = Issuer::new(login.tls_root.as_deref()).map_err(failure)?;
    let printer = &session.printer;
    match way {
        Way::Nobody => login::obtain(&issuer, &mut login, &Grounds::Granted, now).await,
        Way::Device => by_device(session, &issuer, &mut login).await,
        Way::Browser(port) => by_browser(session, &issuer, &mut login, port, false).await,
        Way::Paste(port) => by_browser(session, &issuer, &mut login, port, true).await,
    }
    .map_err(failure)?;
    login::keep(&logins(config), &name, &login)
        .await
        .map_err(failure)?;
    let about = About::of(&name, &login);
    printer.either(&about, |printer| {
        printer.line(format!("The login `{name}` is kept: {}.", about.in_words()));
        if login.provider == Provider::Google && matches!(login.grant, Grant::Refresh { .. }) {
            printer.line(
                "While the client's consent screen is in test mode, Google ends it after 7 days: publish it, or make it internal.",
            );
        }
        if !is_named(config, &name) {
            printer.line(format!(
                "\nName it in courant.toml, in [delivery] or a [[delivery.relay]], and in [bounces]:\n\noauth = \"{name}\""
            ));
        }
    });
    Ok(Exit::Done)
}

/// Whether a relay or the inbox uses it.
fn is_named(config: &Config, name: &LoginName) -> bool {
    let name = name.to_string();
    let relays = config.delivery.relays.iter().map(|one| one.oauth.as_ref());
    relays
        .chain([config.bounces.oauth.as_ref()])
        .flatten()
        .any(|used| *used == name)
}

/// What is to be made, from what was typed.
async fn plan(config: &Config, command: Logins, now: Timestamp) -> Result<Plan, Failure> {
    match command {
        Logins::Microsoft {
            name,
            tenant,
            authority,
            client,
            way,
            whose,
        } => {
            let client = read_client(&client)?;
            let way = way_of(&way, &client);
            let endpoints = login::microsoft(&authority, &tenant).map_err(failure)?;
            let scopes = match way {
                Way::Nobody => vec![MICROSOFT_APPLICATION.to_owned()],
                _ => MICROSOFT_PERSON.map(str::to_owned).to_vec(),
            };
            let login = blank(
                Provider::Microsoft,
                config,
                &whose,
                (endpoints, client, scopes),
                now,
            );
            planned(&name, login, way)
        }
        Logins::Google {
            name,
            client_file,
            service_account,
            browser,
            whose,
        } => match (service_account, client_file) {
            (Some(file), _) => planned(&name, of_account(config, &file, &whose, now)?, Way::Nobody),
            (None, Some(file)) => {
                let login = of_google_client(config, &file, &whose, now)?;
                let way = match browser.paste {
                    true => Way::Paste(browser.port),
                    false => Way::Browser(browser.port),
                };
                planned(&name, login, way)
            }
            (None, None) => Err(Failure::new(
                Exit::Usage,
                "`--client-file` or `--service-account` is missing",
            )),
        },
        Logins::Oidc {
            name,
            issuer,
            scope,
            tls_root,
            client,
            way,
            whose,
        } => {
            let client = read_client(&client)?;
            let way = way_of(&way, &client);
            let tls_root = tls_root.map(|file| read(&file)).transpose()?;
            let tls_root = tls_root.map(|text| text.expose_secret().to_owned());
            let asked = Issuer::new(tls_root.as_deref()).map_err(failure)?;
            let endpoints = login::discover(&asked, &issuer).await.map_err(failure)?;
            let login = blank(
                Provider::Oidc,
                config,
                &whose,
                (endpoints, client, scope),
                now,
            );
            planned(&name, KeptLogin { tls_root, ..login }, way)
        }
        Logins::List | Logins::Show { .. } | Logins::Forget { .. } => {
            Err(Failure::new(Exit::Ours, "nothing is to be made"))
        }
    }
}

fn planned(name: &str, mut login: KeptLogin, way: Way) -> Result<Plan, Failure> {
    if !matches!(way, Way::Nobody) {
        let (token, before) = (SecretString::from(String::new()), None);
        login.grant = Grant::Refresh { token, before };
    }
    Ok(Plan {
        name: named(name)?,
        login,
        way,
    })
}

fn way_of(way: &WayArgs, client: &Client) -> Way {
    match (way, &client.proof) {
        (WayArgs { device: true, .. }, _) => Way::Device,
        (
            WayArgs {
                browser: true, at, ..
            },
            _,
        ) => Way::Browser(at.port),
        (WayArgs { at, .. }, _) if at.paste => Way::Paste(at.port),
        (_, Proof::Nothing) => Way::Device,
        (_, Proof::Secret { .. } | Proof::Certificate { .. }) => Way::Nobody,
    }
}

fn blank(
    provider: Provider,
    config: &Config,
    whose: &WhoseArgs,
    (endpoints, client, scopes): (Endpoints, Client, Vec<String>),
    now: Timestamp,
) -> KeptLogin {
    let own = || config.newsletter.from.wire();
    KeptLogin {
        provider,
        user: whose.user.clone().unwrap_or_else(own),
        endpoints,
        client,
        scopes,
        grant: Grant::ClientCredentials,
        access: None,
        made: now,
        tls_root: None,
    }
}

fn read_client(args: &ClientArgs) -> Result<Client, Failure> {
    let proof = match (&args.secret_file, &args.certificate) {
        (Some(file), _) => {
            let text = read(file)?;
            let secret = SecretString::from(text.expose_secret().trim());
            if secret.expose_secret().is_empty() {
                let fault = format!("`{}` is empty", shown(file));
                return Err(Failure::new(Exit::Data, fault));
            }
            let begin =
                |day: jiff::civil::Date| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok();
            let ends = args.secret_ends.and_then(begin);
            Proof::Secret { secret, ends }
        }
        (None, Some(file)) => {
            let certificate = read(file)?;
            let key = match &args.key {
                Some(file) => read(file)?,
                None => certificate.clone(),
            };
            let read = Certificate::read(certificate.expose_secret(), &key).map_err(failure)?;
            Proof::Certificate {
                certificate: read.certificate,
                key: read.key,
                ends: read.ends,
            }
        }
        (None, None) => Proof::Nothing,
    };
    Ok(Client {
        id: args.client_id.clone(),
        proof,
    })
}

fn of_account(
    config: &Config,
    file: &Path,
    whose: &WhoseArgs,
    now: Timestamp,
) -> Result<KeptLogin, Failure> {
    let account = ServiceAccount::read(read(file)?.expose_secret()).map_err(failure)?;
    let endpoints = login::google(&account.token, None).map_err(failure)?;
    let client = Client {
        id: account.email.clone(),
        proof: Proof::Nothing,
    };
    let scopes = vec![GOOGLE_SCOPE.to_owned()];
    let login = blank(
        Provider::Google,
        config,
        whose,
        (endpoints, client, scopes),
        now,
    );
    Ok(KeptLogin {
        grant: Grant::ServiceAccount {
            email: account.email,
            key_id: account.key_id,
            key: account.key,
        },
        ..login
    })
}

/// The file of a client, as Google's console hands it out.
#[derive(Deserialize)]
struct ClientFile {
    installed: Installed,
}

#[derive(Deserialize)]
struct Installed {
    client_id: String,
    client_secret: String,
    auth_uri: Url,
    token_uri: Url,
}

fn of_google_client(
    config: &Config,
    file: &Path,
    whose: &WhoseArgs,
    now: Timestamp,
) -> Result<KeptLogin, Failure> {
    let text = read(file)?;
    let parsed: Result<ClientFile, _> = serde_json::from_str(text.expose_secret());
    let ClientFile { installed } = parsed.map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let fault = format!("`{}` is not the file of a client for a desktop app ({place})", shown(file));
        Failure::new(Exit::Data, fault)
            .hint("in Google's console: APIs & services, credentials, create OAuth client, type desktop app, download JSON")
    })?;
    let endpoints =
        login::google(&installed.token_uri, Some(&installed.auth_uri)).map_err(failure)?;
    let client = Client {
        id: installed.client_id,
        proof: Proof::Secret {
            secret: installed.client_secret.into(),
            ends: None,
        },
    };
    let scopes = vec![GOOGLE_SCOPE.to_owned()];
    Ok(blank(
        Provider::Google,
        config,
        whose,
        (endpoints, client, scopes),
        now,
    ))
}

/// A file that may hold a secret.
fn read(file: &Path) -> Result<SecretString, Failure> {
    let cannot = |error: std::io::Error| {
        let fault = format!("cannot read `{}`: {}", shown(file), config::cause(&error));
        Failure::new(Exit::NoInput, fault)
    };
    let length = std::fs::metadata(file).map_err(cannot)?.len();
    if length > LARGEST {
        let fault = format!(
            "`{}` is too large for a secret, a key or a certificate",
            shown(file)
        );
        return Err(Failure::new(Exit::Data, fault));
    }
    std::fs::read_to_string(file)
        .map(SecretString::from)
        .map_err(cannot)
}

async fn by_device(
    session: &Session,
    issuer: &Issuer,
    login: &mut KeptLogin,
) -> Result<(), login::Error> {
    let waiting = DeviceLogin::begin(issuer, login, session.clock().now()).await?;
    // To stderr: what is printed to stdout may be read by a program.
    say(format_args!(
        "Open {} on any device, log in as {}, and type in this code: {}",
        waiting.shown.address, login.user, waiting.shown.code
    ));
    let now = || session.clock().now();
    let pause = |span: Duration| tokio::time::sleep(span);
    waiting.wait(issuer, login, now, pause).await
}

async fn by_browser(
    session: &Session,
    issuer: &Issuer,
    login: &mut KeptLogin,
    port: u16,
    paste: bool,
) -> Result<(), login::Error> {
    let waiting = Waiting::at(port).await?;
    let browser = Browser::new(
        login,
        waiting.redirect(login.provider)?,
        session.world().chance,
    )?;
    say(format_args!(
        "Open this address, and log in as {}:\n\n{}\n",
        login.user, browser.address
    ));
    let grounds = match paste {
        true => {
            drop(waiting);
            say(format_args!(
                "The browser is led to an address on this machine that shows nothing. Paste that address here:"
            ));
            let typed = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                std::io::stdin().lock().read_line(&mut line).map(|_| line)
            });
            let typed = typed.await.ok().and_then(Result::ok).unwrap_or_default();
            browser.pasted(&typed)?
        }
        false => browser.wait(&waiting).await?,
    };
    login::obtain(issuer, login, &grounds, session.clock().now()).await
}

/// A word to the person who waits, whether or not stdout is read by a program.
fn say(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(
        anstream::stderr(),
        "{}",
        crate::cli::cleaned::text(&text.to_string())
    );
}

/// What there is to say of a login: no secret.
#[derive(Debug, Serialize)]
struct About {
    name: String,
    provider: Provider,
    user: String,
    /// The issuer's host.
    host: String,
    client: String,
    scopes: Vec<String>,
    /// What tokens are got with.
    by: &'static str,
    made: Timestamp,
    /// When the token that is kept ends; another is got then.
    token_ends: Option<Timestamp>,
    /// When its secret or certificate ends.
    ends: Option<Timestamp>,
}

impl About {
    fn of(name: &LoginName, login: &KeptLogin) -> Self {
        Self {
            name: name.to_string(),
            provider: login.provider,
            user: login.user.clone(),
            host: login
                .endpoints
                .token
                .host_str()
                .unwrap_or_default()
                .to_owned(),
            client: login.client.id.clone(),
            scopes: login.scopes.clone(),
            by: login.by(),
            made: login.made,
            token_ends: login.access.as_ref().map(|access| access.ends),
            ends: login.ends(),
        }
    }

    fn in_words(&self) -> String {
        let ends = match self.ends {
            Some(ends) => format!(", which ends on {}", ends.strftime("%Y-%m-%d")),
            None => String::new(),
        };
        format!("{} at {}, by {}{ends}", self.user, self.host, self.by)
    }
}

fn list(session: &Session, folder: &Path) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    let mut exit = Exit::Done;
    for name in login::list(folder).map_err(failure)? {
        match login::read(folder, &name) {
            Ok(login) => all.push(About::of(&name, &login)),
            // One that cannot be read hides no other.
            Err(error) => {
                session.printer.fault(&Diagnostic::error(error.to_string()));
                exit = Exit::Part;
            }
        }
    }
    session.printer.either(&all, |printer| {
        if all.is_empty() && exit == Exit::Done {
            printer.line("No login is kept.");
            return;
        }
        let day = |at: Option<Timestamp>| {
            at.map_or("-".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
        };
        let rows: Vec<Vec<String>> = all
            .iter()
            .map(|one| {
                vec![
                    one.name.clone(),
                    one.user.clone(),
                    one.host.clone(),
                    one.by.to_owned(),
                    day(one.ends),
                ]
            })
            .collect();
        printer.table(&["NAME", "USER", "AT", "BY", "ENDS"], &rows);
    });
    Ok(exit)
}

fn show(session: &Session, folder: &Path, name: &LoginName) -> Result<Exit, Failure> {
    let login = login::read(folder, name).map_err(failure)?;
    let about = About::of(name, &login);
    session
        .printer
        .either(&about, |printer| tell(printer, &about));
    Ok(Exit::Done)
}

fn tell(printer: &Printer, about: &About) {
    let at = |at: Timestamp| clock(at, &TimeZone::UTC);
    printer.line(format!("Login {}: {}", about.name, about.in_words()));
    printer.line(format!("Client: {}", about.client));
    printer.line(format!("Scopes: {}", about.scopes.join(" ")));
    printer.line(format!("Made: {}", at(about.made)));
    if let Some(ends) = about.token_ends {
        printer.line(format!(
            "Token until: {}; then a run gets another",
            at(ends)
        ));
    }
}

async fn forget(session: &Session, folder: &Path, name: &LoginName) -> Result<Exit, Failure> {
    let told = login::revoke(folder, name, session.clock().now()).await;
    login::forget(folder, name).map_err(failure)?;
    if let Err(error) = told {
        let fault = format!("the login could not be taken back at its issuer: {error}");
        let hint = "withdraw the consent, or the secret, there as well";
        session
            .printer
            .fault(&Diagnostic::warning(fault).hint(hint));
    }
    session
        .printer
        .line(format!("The login `{name}` is forgotten."));
    Ok(Exit::Done)
}

/// How a command ends for what went wrong.
fn failure(error: login::Error) -> Failure {
    let exit = match &error {
        login::Error::Name(_) => Exit::Usage,
        login::Error::Missing(_) => Exit::NoInput,
        login::Error::File { verb: "read", .. } => Exit::NoInput,
        login::Error::File { .. } => Exit::CannotWrite,
        login::Error::Damaged { .. } | login::Error::Key(_) => Exit::Data,
        login::Error::Exposed(_) | login::Error::Insecure(_) => Exit::Config,
        error if error.is_transient() => Exit::TryAgain,
        _ => Exit::Unavailable,
    };
    Failure::new(exit, error.to_string())
}
