//! A login that is kept: its tokens, two programs at once, and a program that is killed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use courant::login::{
    Error, Grant, Grounds, Issuer, KeptLogin, Tokens, keep, obtain, read, revoke,
};
use courant::model::AccessTokens as _;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{file, kept, login, name, now, of_person};
use crate::support::issuer::{IssuerServer, Step, later};

/// A login that a person allowed, kept in a folder.
async fn allowed(server: &IssuerServer, folder: &Path) -> KeptLogin {
    let mut login = login(server, of_person());
    let grounds = Grounds::Device("apparaat-1".to_owned().into());
    let issuer = Issuer::new(None).unwrap();
    obtain(&issuer, &mut login, &grounds, now()).await.unwrap();
    keep(folder, &name(), &login).await.unwrap();
    login
}

async fn token_at(folder: &Path, now: Timestamp, refused: Option<&str>) -> Result<String, Error> {
    let refused = refused.map(SecretString::from);
    let token = Tokens::new(folder, name(), now)
        .get(refused.as_ref())
        .await?;
    Ok(token.expose_secret().to_owned())
}

#[tokio::test]
async fn a_token_is_used_until_it_nears_its_end_or_is_refused() {
    let (server, folder) = (
        IssuerServer::start(now()).await,
        tempfile::tempdir().unwrap(),
    );
    let folder = folder.path();
    allowed(&server, folder).await;
    assert_eq!(token_at(folder, now(), None).await.unwrap(), "toegang-1");
    assert_eq!(
        token_at(folder, later(now(), 3200), None).await.unwrap(),
        "toegang-1"
    );
    assert_eq!(server.heard_at("/token").len(), 1);
    assert_eq!(
        token_at(folder, later(now(), 3400), None).await.unwrap(),
        "toegang-2"
    );
    // One that was refused before another program got this one is no reason for one more.
    assert_eq!(
        token_at(folder, later(now(), 3400), Some("toegang-1"))
            .await
            .unwrap(),
        "toegang-2"
    );
    assert_eq!(
        token_at(folder, later(now(), 3400), Some("toegang-2"))
            .await
            .unwrap(),
        "toegang-3"
    );
    assert_eq!(server.heard_at("/token").len(), 3);
    assert_eq!(kept(folder)["grant"]["refresh"]["token"], "ververs-3");
}

#[tokio::test]
async fn its_file_is_for_its_owner_alone() {
    let (server, folder) = (
        IssuerServer::start(now()).await,
        tempfile::tempdir().unwrap(),
    );
    let folder = folder.path().join("logins");
    let login = allowed(&server, &folder).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file(&folder))), (0o700, 0o600));
    let shown = format!("{login:?}");
    for secret in ["toegang-1", "ververs-1", "geheim"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    fs::set_permissions(file(&folder), fs::Permissions::from_mode(0o640)).unwrap();
    let error = token_at(&folder, now(), None).await.unwrap_err();
    assert!(matches!(error, Error::Exposed(_)), "{error}");
    fs::set_permissions(file(&folder), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(file(&folder), "{\n \"provider\": \"geheim\"").unwrap();
    let error = token_at(&folder, now(), None).await.unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
    assert!(!error.to_string().contains("geheim"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_need_one_at_the_same_time_share_it() {
    let (server, folder) = (
        IssuerServer::start(now()).await,
        tempfile::tempdir().unwrap(),
    );
    allowed(&server, folder.path()).await;
    let at_once = (0..8).map(|_| {
        let folder = folder.path().to_owned();
        tokio::spawn(async move { token_at(&folder, later(now(), 7200), None).await.unwrap() })
    });
    let mut all = Vec::new();
    for one in at_once.collect::<Vec<_>>() {
        all.push(one.await.unwrap());
    }
    assert_eq!(all, ["toegang-2"; 8]);
    assert_eq!(server.heard_at("/token").len(), 2);
}

#[tokio::test]
async fn an_issuer_that_is_away_takes_nothing_from_a_token_that_is_good() {
    let (server, folder) = (
        IssuerServer::start(now()).await,
        tempfile::tempdir().unwrap(),
    );
    let folder = folder.path();
    allowed(&server, folder).await;
    let away =
        |server: &IssuerServer| server.with(|state| state.instead.push_back((503, "<html>")));
    away(&server);
    assert_eq!(
        token_at(folder, later(now(), 3400), None).await.unwrap(),
        "toegang-1"
    );
    away(&server);
    let error = token_at(folder, later(now(), 3600), None)
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
    away(&server);
    assert!(
        token_at(folder, later(now(), 3400), Some("toegang-1"))
            .await
            .is_err()
    );
    assert_eq!(kept(folder)["grant"]["refresh"]["token"], "ververs-1");
}

#[tokio::test]
async fn a_grant_that_was_taken_back_is_told_with_the_issuers_words() {
    let (server, folder) = (
        IssuerServer::start(now()).await,
        tempfile::tempdir().unwrap(),
    );
    let folder = folder.path();
    allowed(&server, folder).await;
    revoke(folder, &name(), now()).await.unwrap();
    assert_eq!(server.heard_at("/revoke")[0]["token"], "ververs-1");
    let tokens = Tokens::new(folder, name(), later(now(), 7200));
    let none = tokens.token(None).await.unwrap_err();
    assert!(!none.is_transient);
    for words in [
        "`kantoor` has ended or was withdrawn",
        "AADSTS50173",
        "courant login",
    ] {
        assert!(none.cause.contains(words), "{none}");
    }
}

/// A month of hours, two programs in each, and one in four broken off while it refreshes: before the issuer did anything,
/// after it made new tokens that nobody heard of, and after it said all.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_refreshes_that_are_broken_off_loses_no_token() {
    let (server, folder) = (
        IssuerServer::start(now()).await,
        tempfile::tempdir().unwrap(),
    );
    allowed(&server, folder.path()).await;
    let broken: Arc<Mutex<Option<(Step, tokio::task::AbortHandle)>>> = Arc::default();
    let struck = Arc::new(Mutex::new([0; 3]));
    let (at, hits) = (broken.clone(), struck.clone());
    server.at_each_step(move |step| {
        let mut wanted = at.lock().unwrap();
        if wanted
            .as_ref()
            .is_some_and(|(where_to, _)| *where_to == step)
            && let Some((step, victim)) = wanted.take()
        {
            hits.lock().unwrap()[step as usize] += 1;
            victim.abort();
        }
    });
    let steps = [Step::Heard, Step::Made, Step::Said];
    for hour in 1..=720 {
        let now = later(now(), hour * 3600);
        server.with(|state| state.now = now);
        let ask = |folder: std::path::PathBuf| async move { token_at(&folder, now, None).await };
        if hour % 4 == 0 {
            let first = tokio::spawn(ask(folder.path().to_owned()));
            *broken.lock().unwrap() = Some((
                steps[usize::try_from(hour / 4).unwrap() % 3],
                first.abort_handle(),
            ));
            // Broken off, or through before it could be.
            let _ = first.await;
            *broken.lock().unwrap() = None;
        }
        let (one, two) = tokio::join!(ask(folder.path().to_owned()), ask(folder.path().to_owned()));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one, two);
        assert!(
            server.with(|state| state.good.contains(&one) && !state.revoked),
            "{hour}"
        );
    }
    assert!(
        struck.lock().unwrap().iter().all(|hits| *hits >= 30),
        "{struck:?}"
    );
    let Grant::Refresh { before, .. } = read(folder.path(), &name()).unwrap().grant else {
        panic!("it is no refresh token any more");
    };
    assert!(
        before.is_some(),
        "the last one is kept until the newest was of use"
    );
}
