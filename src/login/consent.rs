//! Gets tokens: the first for what a command was given, and each further one for what is kept.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use super::Error;
use super::answer::Granted;
use super::assertion::{Signature, of_account, of_client};
use super::kept::{Client, Grant, KeptLogin, LoginName, Proof, Provider, read};
use super::request::{Field, Issuer};

/// What our clock may differ from the issuer's before it can be the reason for a refusal.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// What an assertion is (RFC 7523 §2.2).
const BY_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a first token is asked for with.
#[derive(Debug)]
pub enum Grounds {
    /// The login's grant as it stands: nobody has to consent.
    Granted,
    /// The code that a consent gave, with what proves that it is ours (RFC 7636), and the address it was sent to.
    Code {
        /// The code.
        code: SecretString,
        /// The verifier of PKCE.
        verifier: SecretString,
        /// The redirection address.
        redirect: String,
    },
    /// The code of a login on another device (RFC 8628 §3.4).
    Device(SecretString),
}

/// Gets a token, and keeps in the login what it brought: the token, and a new refresh token where there is one.
///
/// # Errors
/// As the issuer answers; then the login is as it was.
pub async fn obtain(
    issuer: &Issuer,
    login: &mut KeptLogin,
    grounds: &Grounds,
    now: Timestamp,
) -> Result<(), Error> {
    let granted = match ask(issuer, login, grounds, now, now).await {
        Ok(granted) => granted,
        // What we signed may look expired, or not begun, to a clock that goes otherwise: theirs counts.
        Err(Failed {
            error,
            date: Some(date),
        }) if error.may_be_the_clock() && signs(login) && date.duration_since(now).abs() > SKEW => {
            ask(issuer, login, grounds, now, date)
                .await
                .map_err(|failed| failed.error)?
        }
        Err(failed) => return Err(failed.error),
    };
    keep(login, granted)
}

/// A failure, and what the issuer's clock shows.
struct Failed {
    error: Error,
    date: Option<Timestamp>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, date: None }
    }
}

/// Whether anything of ours that is told to the issuer bears an instant.
fn signs(login: &KeptLogin) -> bool {
    matches!(login.client.proof, Proof::Certificate { .. })
        || matches!(login.grant, Grant::ServiceAccount { .. })
}

/// Asks once; what is signed is signed as of `signed_at`.
async fn ask(
    issuer: &Issuer,
    login: &KeptLogin,
    grounds: &Grounds,
    now: Timestamp,
    signed_at: Timestamp,
) -> Result<Granted, Failed> {
    let mut fields = grant_fields(login, grounds, signed_at)?;
    if !matches!(login.grant, Grant::ServiceAccount { .. }) {
        fields.extend(client_fields(&login.client, login, signed_at)?);
    }
    let answer = issuer.post(&login.endpoints.token, &fields).await?;
    let date = answer.date;
    answer.granted(now).map_err(|error| Failed { error, date })
}

fn grant_fields(login: &KeptLogin, grounds: &Grounds, now: Timestamp) -> Result<Vec<Field>, Error> {
    let scopes = login.scopes.join(" ");
    Ok(match (grounds, &login.grant) {
        (
            Grounds::Code {
                code,
                verifier,
                redirect,
            },
            _,
        ) => vec![
            Field::new("grant_type", "authorization_code"),
            Field("code", code.clone()),
            Field("code_verifier", verifier.clone()),
            Field::new("redirect_uri", redirect),
        ],
        (Grounds::Device(code), _) => vec![
            Field::new("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            Field("device_code", code.clone()),
        ],
        (Grounds::Granted, Grant::ClientCredentials) => vec![
            Field::new("grant_type", "client_credentials"),
            Field::new("scope", &scopes),
        ],
        (Grounds::Granted, Grant::ServiceAccount { email, key_id, key }) => {
            let audience = login.endpoints.token.as_str();
            let signer = (key_id.as_deref(), key);
            let assertion = of_account((email, &login.user), audience, &scopes, signer, now)?;
            vec![
                Field::new("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                Field("assertion", assertion),
            ]
        }
        (Grounds::Granted, Grant::Refresh { token, .. }) => vec![
            Field::new("grant_type", "refresh_token"),
            Field("refresh_token", token.clone()),
            Field::new("scope", &scopes),
        ],
    })
}

/// Who we are, and what proves it; in the form, which all issuers here take.
pub(super) fn client_fields(
    client: &Client,
    login: &KeptLogin,
    now: Timestamp,
) -> Result<Vec<Field>, Error> {
    let mut fields = vec![Field::new("client_id", &client.id)];
    match &client.proof {
        Proof::Nothing => {}
        Proof::Secret { secret, .. } => fields.push(Field("client_secret", secret.clone())),
        Proof::Certificate {
            certificate, key, ..
        } => {
            let signature = match login.provider {
                Provider::Microsoft => Signature::Ps256,
                Provider::Google | Provider::Oidc => Signature::Rs256,
            };
            let audience = login.endpoints.token.as_str();
            let assertion = of_client(&client.id, audience, (certificate, key), signature, now)?;
            fields.push(Field::new("client_assertion_type", BY_ASSERTION));
            fields.push(Field("client_assertion", assertion));
        }
    }
    Ok(fields)
}

/// Puts what was granted into the login. A refresh token that is followed by a new one stays until that has been of use.
fn keep(login: &mut KeptLogin, granted: Granted) -> Result<(), Error> {
    let is_person = !matches!(
        login.grant,
        Grant::ClientCredentials | Grant::ServiceAccount { .. }
    );
    if let (true, Some(token)) = (is_person, granted.refresh) {
        let before = match &login.grant {
            Grant::Refresh { token, .. } if !is_nothing(token) => Some(token.clone()),
            _ => None,
        };
        login.grant = Grant::Refresh { token, before };
    } else if let Grant::Refresh { token, before } = &mut login.grant {
        if is_nothing(token) {
            return Err(Error::NoConsent(
                "the issuer gave no refresh token, so the login would end within the hour: is access while nobody is there (`offline_access`) among what may be asked for?".into(),
            ));
        }
        *before = None;
    }
    if let Some(scopes) = granted.scopes.filter(|scopes| !scopes.is_empty()) {
        tracing::debug!(?scopes, "granted");
    }
    login.access = Some(granted.access);
    Ok(())
}

/// Takes what a login holds back at its issuer, where that is possible (RFC 7009).
///
/// # Errors
/// Where the login cannot be read, or the issuer does not do it; the file stands in either case.
pub async fn revoke(folder: &Path, name: &LoginName, now: Timestamp) -> Result<(), Error> {
    let login = read(folder, name)?;
    let Some(place) = &login.endpoints.revocation else {
        return Ok(());
    };
    let Grant::Refresh { token, .. } = &login.grant else {
        return Ok(());
    };
    let mut fields = vec![Field("token", token.clone())];
    fields.extend(client_fields(&login.client, &login, now)?);
    let issuer = Issuer::new(login.tls_root.as_deref())?;
    issuer.post(place, &fields).await?.done()
}

fn is_nothing(token: &SecretString) -> bool {
    token.expose_secret().is_empty()
}
