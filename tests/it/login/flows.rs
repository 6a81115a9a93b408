//! The ways to a first token.

use std::cell::RefCell;
use std::time::Duration;

use courant::login::{
    Browser, Certificate, DeviceLogin, Error, Grant, Grounds, Issuer, KeptLogin, Proof, Provider,
    Waiting, discover, obtain,
};
use courant::model::SeededChance;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{login, now, of_person};
use crate::support::issuer::{IssuerServer, certificate, later, private_key};

fn token(login: &KeptLogin) -> &str {
    login.access.as_ref().unwrap().token.expose_secret()
}

fn refresh_token(login: &KeptLogin) -> &str {
    match &login.grant {
        Grant::Refresh { token, .. } => token.expose_secret(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_is_enough_by_its_secret_or_its_certificate() {
    let server = IssuerServer::start(now()).await;
    let issuer = Issuer::new(None).unwrap();
    let mut by_secret = login(&server, Grant::ClientCredentials);
    obtain(&issuer, &mut by_secret, &Grounds::Granted, now())
        .await
        .unwrap();
    assert_eq!(token(&by_secret), "toegang-1");
    assert_eq!(by_secret.access.as_ref().unwrap().ends, later(now(), 3600));
    let read = Certificate::read(certificate(), &private_key().into()).unwrap();
    assert!(!read.certificate.contains("PRIVATE"));
    assert!(read.ends.is_some());
    for provider in [Provider::Microsoft, Provider::Oidc] {
        let mut by_certificate = login(&server, Grant::ClientCredentials);
        by_certificate.provider = provider;
        by_certificate.client.proof = Proof::Certificate {
            certificate: read.certificate.clone(),
            key: read.key.clone(),
            ends: read.ends,
        };
        obtain(&issuer, &mut by_certificate, &Grounds::Granted, now())
            .await
            .unwrap();
    }
    let forms = server.heard_at("/token");
    assert_eq!(forms.len(), 3);
    assert_eq!(forms[0]["scope"], "mail offline_access");
    assert!(!forms[1].contains_key("client_secret"));
    assert_ne!(forms[1]["client_assertion"], forms[2]["client_assertion"]);
}

/// The clock of one of the two goes wrong by an hour, either way.
#[tokio::test]
async fn what_was_signed_by_a_clock_that_is_wrong_is_signed_again_by_the_issuers() {
    for wrong in [-3600, 3600] {
        let server = IssuerServer::start(later(now(), wrong)).await;
        let issuer = Issuer::new(None).unwrap();
        let mut login = login(
            &server,
            Grant::ServiceAccount {
                email: "dienst@project.example".into(),
                key_id: Some("7".into()),
                key: private_key().into(),
            },
        );
        obtain(&issuer, &mut login, &Grounds::Granted, now())
            .await
            .unwrap();
        assert_eq!(server.heard_at("/token").len(), 2);
        // How long it is good for is counted by our own clock.
        assert_eq!(login.access.as_ref().unwrap().ends, later(now(), 3600));
    }
    // A refusal that has nothing to do with it is told at once.
    let server = IssuerServer::start(later(now(), 3600)).await;
    let mut refused = login(&server, Grant::ClientCredentials);
    refused.client.id = "een-ander".into();
    let issuer = Issuer::new(None).unwrap();
    let error = obtain(&issuer, &mut refused, &Grounds::Granted, now())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("invalid_client unknown client"),
        "{error}"
    );
    assert_eq!(server.heard_at("/token").len(), 1);
    assert!(refused.access.is_none());
}

#[tokio::test]
async fn a_device_is_asked_for_less_often_where_the_issuer_says_so() {
    let server = IssuerServer::start(now()).await;
    server.with(|state| {
        state.device = [
            "authorization_pending",
            "slow_down",
            "authorization_pending",
            "slow_down",
        ]
        .into();
    });
    let issuer = Issuer::new(None).unwrap();
    let mut login = login(&server, of_person());
    let waiting = DeviceLogin::begin(&issuer, &login, now()).await.unwrap();
    assert_eq!(waiting.shown.code, "WDJB-MJHT");
    assert_eq!(waiting.shown.address, format!("{}/device", server.url()));
    let paused = RefCell::new(Vec::new());
    let pause = |span: Duration| {
        paused.borrow_mut().push(span.as_secs());
        std::future::ready(())
    };
    waiting.wait(&issuer, &mut login, now, pause).await.unwrap();
    assert_eq!(*paused.borrow(), [0, 0, 5, 5, 10]);
    assert_eq!(refresh_token(&login), "ververs-1");
}

#[tokio::test]
async fn a_device_that_is_refused_or_forgotten_ends() {
    for (said, words) in [
        (
            vec!["authorization_pending", "access_denied"],
            "access_denied",
        ),
        (vec!["expired_token"], "expired_token"),
        (
            vec!["authorization_pending"; 2000],
            "nobody allowed the login in time",
        ),
    ] {
        let server = IssuerServer::start(now()).await;
        server.with(|state| state.device = said.into());
        let issuer = Issuer::new(None).unwrap();
        let mut login = login(&server, of_person());
        let waiting = DeviceLogin::begin(&issuer, &login, now()).await.unwrap();
        let pause = |_| std::future::ready(());
        let error = waiting
            .wait(&issuer, &mut login, now, pause)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

async fn get(address: &str) -> String {
    let url = url::Url::parse(address).unwrap();
    let mut tcp = TcpStream::connect(("127.0.0.1", url.port().unwrap()))
        .await
        .unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let asked = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    tcp.write_all(asked.as_bytes()).await.unwrap();
    let mut said = String::new();
    tcp.read_to_string(&mut said).await.unwrap();
    said
}

#[tokio::test]
async fn a_browser_brings_the_code_and_whoever_else_comes_is_sent_away() {
    let server = IssuerServer::start(now()).await;
    let issuer = Issuer::new(None).unwrap();
    let mut login = login(&server, of_person());
    let waiting = Waiting::at(0).await.unwrap();
    let redirect = waiting.redirect(login.provider).unwrap();
    let browser = Browser::new(&login, redirect.clone(), &SeededChance::new(1)).unwrap();
    let visits = async {
        for stranger in [
            "favicon.ico",
            "?code=stolen&state=guessed",
            "?code=stolen",
            "%",
        ] {
            let said = get(&format!("{redirect}{stranger}")).await;
            assert!(said.starts_with("HTTP/1.1 404"), "{stranger}: {said}");
        }
        get(&server.allow(browser.address.as_str())).await
    };
    let (grounds, said) = tokio::join!(browser.wait(&waiting), visits);
    assert!(said.contains("The login was allowed"), "{said}");
    obtain(&issuer, &mut login, &grounds.unwrap(), now())
        .await
        .unwrap();
    assert_eq!(refresh_token(&login), "ververs-2");
}

#[tokio::test]
async fn the_address_of_a_browser_elsewhere_is_pasted() {
    let server = IssuerServer::start(now()).await;
    let issuer = Issuer::new(None).unwrap();
    let mut login = login(&server, of_person());
    let browser = Browser::new(
        &login,
        "http://127.0.0.1:8400/".into(),
        &SeededChance::new(2),
    )
    .unwrap();
    let address = server.allow(browser.address.as_str());
    for wrong in ["", "code-1", "http://127.0.0.1:8400/?code=code-1&state=x"] {
        let error = browser.pasted(wrong).unwrap_err();
        assert!(matches!(error, Error::NoConsent(_)), "{error}");
    }
    let denied = format!("{}&error=access_denied", address.replace("code=", "no="));
    let error = browser.pasted(&denied).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the login was not allowed: access_denied"
    );
    let grounds = browser.pasted(&format!(" {address}\n")).unwrap();
    obtain(&issuer, &mut login, &grounds, now()).await.unwrap();
    // The code is good once, and only with the secret behind the address.
    let again = obtain(&issuer, &mut login, &grounds, now())
        .await
        .unwrap_err();
    assert!(again.is_ended_grant(), "{again}");
}

#[tokio::test]
async fn an_issuer_says_where_it_is_asked_and_must_be_the_one_that_was_meant() {
    let server = IssuerServer::start(now()).await;
    let issuer = Issuer::new(None).unwrap();
    let url = server.url().parse().unwrap();
    let found = discover(&issuer, &url).await.unwrap();
    assert_eq!(found, login(&server, of_person()).endpoints);
    server.with(|state| state.lies = Some("https://elders.example".into()));
    let error = discover(&issuer, &url).await.unwrap_err();
    assert!(
        error.to_string().contains("describes another issuer"),
        "{error}"
    );
    let plain = "http://login.example/".parse().unwrap();
    let error = discover(&issuer, &plain).await.unwrap_err();
    assert!(matches!(error, Error::Insecure(_)), "{error}");
}

#[tokio::test]
async fn what_is_no_answer_may_pass_and_shows_no_secret() {
    let server = IssuerServer::start(now()).await;
    let issuer = Issuer::new(None).unwrap();
    let mut login = login(&server, Grant::ClientCredentials);
    for (status, body) in [
        (503, "<html><title>Service Unavailable</title></html>"),
        (200, "<!doctype html><p>Sign in to the hotel's network"),
        (500, ""),
        (200, "{\"access_token\":\"half"),
    ] {
        server.with(|state| state.instead.push_back((status, body)));
        let error = obtain(&issuer, &mut login, &Grounds::Granted, now())
            .await
            .unwrap_err();
        assert!(error.is_transient(), "{error}");
    }
    // A redirect is not followed: the form would go with it.
    server.with(|state| state.instead.push_back((307, "")));
    let error = obtain(&issuer, &mut login, &Grounds::Granted, now())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("answers 307"), "{error}");
    assert_eq!(server.heard_at("/token").len(), 5);
}

/// Consent without a way to come back would end within the hour, on a Monday morning.
#[tokio::test]
async fn a_consent_without_a_refresh_token_is_not_kept() {
    let server = IssuerServer::start(now()).await;
    let issuer = Issuer::new(None).unwrap();
    let mut login = login(&server, of_person());
    let only = r#"{"access_token":"toegang","token_type":"Bearer","expires_in":3600}"#;
    server.with(|state| state.instead.push_back((200, only)));
    let grounds = Grounds::Device("apparaat-1".to_owned().into());
    let error = obtain(&issuer, &mut login, &grounds, now())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("offline_access"), "{error}");
    assert!(login.access.is_none());
}
