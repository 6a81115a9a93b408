//! Logins at mail providers by OAuth 2.0, against an authorisation server of the tests' own.

mod commands;
mod flows;
mod tokens;

use std::path::{Path, PathBuf};

use courant::login::{Client, Endpoints, Grant, KeptLogin, LoginName, Proof, Provider};
use jiff::Timestamp;

use crate::support::issuer::{CLIENT, IssuerServer, SECRET};

fn now() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

fn name() -> LoginName {
    LoginName::parse("kantoor").unwrap()
}

/// A login at the server, with the client's secret.
fn login(issuer: &IssuerServer, grant: Grant) -> KeptLogin {
    let place = |path: &str| format!("{}/{path}", issuer.url()).parse().unwrap();
    KeptLogin {
        provider: Provider::Oidc,
        user: "nieuws@proef.example".into(),
        endpoints: Endpoints {
            token: place("token"),
            authorization: Some(place("authorize")),
            device: Some(place("devicecode")),
            revocation: Some(place("revoke")),
        },
        client: Client {
            id: CLIENT.into(),
            proof: Proof::Secret {
                secret: SECRET.into(),
                ends: None,
            },
        },
        scopes: vec!["mail".into(), "offline_access".into()],
        grant,
        access: None,
        made: now(),
        tls_root: None,
    }
}

/// A grant that a person's consent is still to fill.
fn of_person() -> Grant {
    Grant::Refresh {
        token: String::new().into(),
        before: None,
    }
}

/// What stands in a login's file.
fn kept(folder: &Path) -> serde_json::Value {
    let text = std::fs::read(file(folder)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("kantoor")
}
