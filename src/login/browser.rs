//! A login that a person allows in a browser, which then comes back to an address on this machine (RFC 8252 §7.3) with a
//! code, tied to us by PKCE (RFC 7636) and to this very login by `state`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::Error;
use super::consent::Grounds;
use super::kept::{KeptLogin, Provider};
use crate::model::Chance;

/// Octets of a browser's request that are read: the address is in its first line.
const MOST: usize = 16 * 1024;

/// A login that is to be allowed in a browser.
#[derive(Debug)]
pub struct Browser {
    /// What to open.
    pub address: Url,
    state: String,
    verifier: SecretString,
    redirect: String,
}

/// Waits for the browser to come back.
#[derive(Debug)]
pub struct Waiting(TcpListener);

impl Waiting {
    /// Listens on this machine, at this port or at any.
    ///
    /// # Errors
    /// Where the port is taken.
    pub async fn at(port: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.map_err(|error| {
            Error::NoConsent(format!("cannot listen on 127.0.0.1:{port}: {error}"))
        })?;
        Ok(Self(listener))
    }

    /// Where the browser is sent back to. Microsoft passes over the port of `localhost` alone; elsewhere the address is the surer
    /// name (RFC 8252 §8.3).
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn redirect(&self, provider: Provider) -> Result<String, Error> {
        let address = self.0.local_addr();
        let address = address.map_err(|error| Error::NoConsent(error.to_string()))?;
        Ok(match provider {
            Provider::Microsoft => format!("http://localhost:{}", address.port()),
            Provider::Google | Provider::Oidc => format!("http://127.0.0.1:{}/", address.port()),
        })
    }
}

impl Browser {
    /// The address to open, with a secret of ours behind it.
    ///
    /// # Errors
    /// Where the issuer knows no such way.
    pub fn new(login: &KeptLogin, redirect: String, chance: &dyn Chance) -> Result<Self, Error> {
        let no_way = || Error::NoConsent("this issuer knows no login by a browser".into());
        let mut address = login.endpoints.authorization.clone().ok_or_else(no_way)?;
        let (state, verifier) = (random(chance), random(chance));
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &login.client.id)
            .append_pair("redirect_uri", &redirect)
            .append_pair("scope", &login.scopes.join(" "))
            .append_pair("state", &state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("login_hint", &login.user)
            // Google gives a refresh token only for these two; others pass over them.
            .append_pair("access_type", "offline")
            .append_pair("prompt", "consent");
        Ok(Self {
            address,
            state,
            verifier: verifier.into(),
            redirect,
        })
    }

    /// Waits until the browser brings a code; whoever else comes is sent away.
    ///
    /// # Errors
    /// Where consent was refused.
    pub async fn wait(&self, waiting: &Waiting) -> Result<Grounds, Error> {
        loop {
            let Ok((mut browser, _)) = waiting.0.accept().await else {
                continue;
            };
            let Some(path) = asked(&mut browser).await else {
                continue;
            };
            let found = Url::parse("http://127.0.0.1/").and_then(|base| base.join(&path));
            let Some(found) = found.ok().filter(|url| self.is_ours(url)) else {
                answer(
                    &mut browser,
                    "404 Not Found",
                    "This is not what is waited for here.",
                )
                .await;
                continue;
            };
            let grounds = self.grounds(&found);
            let said = match &grounds {
                Ok(_) => {
                    "The login was allowed. You can close this page and go back to the terminal."
                }
                Err(_) => "The login was not allowed. The terminal says why.",
            };
            answer(&mut browser, "200 OK", said).await;
            return grounds;
        }
    }

    /// The code in an address that somebody copied from a browser elsewhere.
    ///
    /// # Errors
    /// Where it is not the address that this login leads to, or consent was refused.
    pub fn pasted(&self, address: &str) -> Result<Grounds, Error> {
        let not_it =
            || Error::NoConsent("that is not the address to which this login leads".into());
        let url = Url::parse(address.trim()).map_err(|_| not_it())?;
        match self.is_ours(&url) {
            true => self.grounds(&url),
            false => Err(not_it()),
        }
    }

    fn is_ours(&self, url: &Url) -> bool {
        let state = url.query_pairs().find(|(name, _)| name == "state");
        state.is_some_and(|(_, state)| state == self.state.as_str())
    }

    fn grounds(&self, url: &Url) -> Result<Grounds, Error> {
        let value = |wanted: &str| {
            let found = url.query_pairs().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.into_owned())
        };
        match (value("code"), value("error")) {
            (Some(code), None) => Ok(Grounds::Code {
                code: code.into(),
                verifier: self.verifier.expose_secret().into(),
                redirect: self.redirect.clone(),
            }),
            (_, error) => {
                let error = error.unwrap_or_else(|| "no code".into());
                let words = format!("{error} {}", value("error_description").unwrap_or_default());
                let clean = words.chars().filter(|c| !c.is_control()).take(300);
                let clean: String = clean.collect();
                Err(Error::NoConsent(format!(
                    "the login was not allowed: {}",
                    clean.trim()
                )))
            }
        }
    }
}

/// 43 characters that nobody can foresee: 256 bits (RFC 7636 §4.1).
fn random(chance: &dyn Chance) -> String {
    let mut bytes = [0; 32];
    chance.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The path that a browser asks for.
async fn asked(browser: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let mut part = [0; 1024];
    while !read.contains(&b'\n') && read.len() < MOST {
        let length = browser
            .read(&mut part)
            .await
            .ok()
            .filter(|length| *length > 0)?;
        read.extend_from_slice(&part[..length]);
    }
    let line = String::from_utf8_lossy(&read);
    let line = line.lines().next()?;
    let mut words = line.split(' ');
    (words.next() == Some("GET")).then(|| words.next().map(str::to_owned))?
}

async fn answer(browser: &mut TcpStream, status: &str, said: &str) {
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{said}",
        said.len()
    );
    // Who does not hear it sees it in the terminal.
    let _ = browser.write_all(text.as_bytes()).await;
    let _ = browser.shutdown().await;
}
