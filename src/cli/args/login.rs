//! The arguments of `courant login`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

/// `courant login`.
#[derive(Debug, Subcommand)]
pub enum Logins {
    /// Log in at Microsoft 365: as an application, which nobody has to renew but its secret or certificate, or as a person
    #[command(
        after_help = "Example with a secret: courant login microsoft office --tenant contoso.example --client-id 11111111-2222-… \
        --secret-file secret --secret-ends 2027-11-30\n\
        Example with a certificate: courant login microsoft office --tenant contoso.example --client-id 11111111-2222-… \
        --certificate courant.pem --key courant.key\n\
        Example as a person: courant login microsoft office --tenant contoso.example --client-id 11111111-2222-… --device"
    )]
    Microsoft {
        /// What the login is called here, in `oauth = "NAME"`
        name: String,
        /// The organisation's tenant: its domain or its number
        #[arg(long)]
        tenant: String,
        /// The cloud, where it is a national one
        #[arg(
            long,
            value_name = "URL",
            default_value = "https://login.microsoftonline.com"
        )]
        authority: Url,
        #[command(flatten)]
        client: ClientArgs,
        #[command(flatten)]
        way: WayArgs,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Log in at Google: as a person in a browser, or by a service account of a Workspace
    #[command(
        after_help = "Example in a browser: courant login google gmail --client-file client_secret.json\n\
        Example with a browser on another machine: courant login google gmail --client-file client_secret.json --paste\n\
        Example with a service account: courant login google gmail --service-account key.json --user nieuws@example.nl"
    )]
    Google {
        /// What the login is called here, in `oauth = "NAME"`
        name: String,
        /// The file of a client of one's own (type: desktop app), as Google's console hands it out
        #[arg(long, value_name = "FILE", required_unless_present = "service_account")]
        client_file: Option<PathBuf>,
        /// The key file of a service account that may act for the user
        #[arg(long, value_name = "FILE", conflicts_with = "client_file")]
        service_account: Option<PathBuf>,
        #[command(flatten)]
        browser: BrowserArgs,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Log in at any other issuer that describes itself (OpenID Connect)
    #[command(
        after_help = "Example: courant login oidc post --issuer https://login.example.nl/realms/mail --client-id courant \
        --secret-file secret --scope mail\n\
        Example as a person: courant login oidc post --issuer https://login.example.nl --client-id courant --scope mail \
        --scope offline_access --browser"
    )]
    Oidc {
        /// What the login is called here, in `oauth = "NAME"`
        name: String,
        /// The issuer's address
        #[arg(long, value_name = "URL")]
        issuer: Url,
        /// What to ask for; may stand several times
        #[arg(long, required = true)]
        scope: Vec<String>,
        /// The root certificate of the issuer's private authority, in PEM
        #[arg(long, value_name = "FILE")]
        tls_root: Option<PathBuf>,
        #[command(flatten)]
        client: ClientArgs,
        #[command(flatten)]
        way: WayArgs,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// List the logins that are kept
    #[command(after_help = "Example: courant login list")]
    List,
    /// Show one: whose it is, what it may do, until when it lasts
    #[command(after_help = "Example: courant login show office")]
    Show {
        /// The login
        name: String,
    },
    /// Give one up: it is taken back at the issuer where that is possible, and its file removed
    #[command(after_help = "Example: courant login forget office")]
    Forget {
        /// The login
        name: String,
    },
}

/// Whose mailbox.
#[derive(Debug, Args)]
pub struct WhoseArgs {
    /// The mailbox, instead of the newsletter's own address
    #[arg(long, value_name = "ADDRESS")]
    pub user: Option<String>,
}

/// What the issuer knows us as.
#[derive(Debug, Args)]
pub struct ClientArgs {
    /// The number or name of the client (application) at the issuer
    #[arg(long, value_name = "ID")]
    pub client_id: String,
    /// A file with the client's secret; it is copied and not needed afterwards
    #[arg(long, value_name = "FILE", conflicts_with = "certificate")]
    pub secret_file: Option<PathBuf>,
    /// The day on which the secret ends, so that `doctor` can warn of it
    #[arg(long, value_name = "YYYY-MM-DD", requires = "secret_file")]
    pub secret_ends: Option<jiff::civil::Date>,
    /// A certificate of the client, in PEM, instead of a secret; it is copied
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Its key (RSA), in PEM, where that stands in a file of its own
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
}

/// Whether a person allows it, and how; without it a client with a secret or a certificate is enough, and without these a
/// code.
#[derive(Debug, Args)]
pub struct WayArgs {
    /// A person allows it: with a code that is typed in on any device
    #[arg(long, conflicts_with_all = ["browser", "paste"])]
    pub device: bool,
    /// A person allows it: in a browser on this machine
    #[arg(long, conflicts_with = "paste")]
    pub browser: bool,
    #[command(flatten)]
    pub at: BrowserArgs,
}

/// How the browser comes back.
#[derive(Debug, Args)]
pub struct BrowserArgs {
    /// The browser is on another machine: the address to which it is led is pasted here
    #[arg(long)]
    pub paste: bool,
    /// The port on this machine to which the browser is led back, for a tunnel (`ssh -L 8400:127.0.0.1:8400`)
    #[arg(long, default_value_t = 0)]
    pub port: u16,
}
