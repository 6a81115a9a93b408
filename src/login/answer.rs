//! What an issuer answers (RFC 6749 §5): a token, a refusal in words, or something else.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;

use super::Error;
use super::kept::Access;

/// How long a token is good for where the issuer does not say (RFC 6749 §5.1 leaves it open): less than any is.
const UNSAID: i64 = 300;

/// Longest that is believed: a day.
const LONGEST: i64 = 86_400;

/// Characters of an issuer's words that are shown.
const SHOWN: usize = 300;

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) host: String,
    pub(super) status: u16,
    /// What the issuer's clock shows, by its `Date` (RFC 9110 §6.6.1).
    pub(super) date: Option<Timestamp>,
    pub(super) body: Vec<u8>,
}

/// What a token endpoint gives.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) access: Access,
    /// A new refresh token, where the issuer gives one.
    pub(super) refresh: Option<SecretString>,
    /// What was granted, where that is not what was asked for.
    pub(super) scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct TokenBody {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    /// A number; some issuers write it as text.
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
struct RefusalBody {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

impl Answer {
    /// The token in it.
    pub(super) fn granted(self, now: Timestamp) -> Result<Granted, Error> {
        let body: TokenBody = self.read()?;
        let is_bearer = body
            .token_type
            .as_deref()
            .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        if !is_bearer
            || body.access_token.is_empty()
            || body.access_token.contains(|c: char| c.is_control())
        {
            return Err(self.strange());
        }
        let seconds = match &body.expires_in {
            Some(serde_json::Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_i64().or_else(|| value.as_f64().map(|n| n as i64)),
            None => None,
        };
        let seconds = seconds.unwrap_or(UNSAID).clamp(0, LONGEST);
        let scopes = body
            .scope
            .map(|all| all.split_whitespace().map(str::to_owned).collect());
        Ok(Granted {
            access: Access {
                token: body.access_token.into(),
                ends: now + SignedDuration::from_secs(seconds),
            },
            refresh: body
                .refresh_token
                .filter(|token| !token.is_empty())
                .map(SecretString::from),
            scopes,
        })
    }

    /// That it was done, whatever it says.
    pub(super) fn done(self) -> Result<(), Error> {
        match (200..300).contains(&self.status) {
            true => Ok(()),
            false => self.read::<serde_json::Value>().map(drop),
        }
    }

    /// What it says, in the form that is asked for; a refusal is an error.
    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        if let Ok(refusal) = serde_json::from_slice::<RefusalBody>(&self.body)
            && !(200..300).contains(&self.status)
        {
            let words = refusal.error_description.as_deref().unwrap_or_default();
            let said = format!("{} {words}", refusal.error);
            return Err(Error::Refused {
                host: self.host.clone(),
                said: clean(&said),
                code: refusal.error,
            });
        }
        match serde_json::from_slice(&self.body) {
            Ok(read) if (200..300).contains(&self.status) => Ok(read),
            _ => Err(self.strange()),
        }
    }

    /// It may hold a secret where it was well, so that of those nothing is shown.
    fn strange(&self) -> Error {
        let is_json = serde_json::from_slice::<serde_json::Value>(&self.body).is_ok();
        let said = match is_json {
            true => "JSON without what it should hold".to_owned(),
            false => format!("`{}`", clean(&String::from_utf8_lossy(&self.body))),
        };
        Error::Strange {
            host: self.host.clone(),
            status: self.status,
            said,
        }
    }
}

/// A stranger's words on one line, and not all of them.
fn clean(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            host: "login.example".into(),
            status,
            date: None,
            body: body.into(),
        }
    }

    #[test]
    fn a_token_ends_when_the_issuer_says() {
        let now: Timestamp = "2026-12-01T08:00:00Z".parse().unwrap();
        for (body, seconds) in [
            (
                r#"{"access_token":"a","token_type":"Bearer","expires_in":3599}"#,
                3599,
            ),
            (
                r#"{"access_token":"a","token_type":"bearer","expires_in":"60"}"#,
                60,
            ),
            (r#"{"access_token":"a","expires_in":1e3}"#, 1000),
            (r#"{"access_token":"a"}"#, UNSAID),
            (r#"{"access_token":"a","expires_in":-5}"#, 0),
            (r#"{"access_token":"a","expires_in":99999999}"#, LONGEST),
        ] {
            let granted = answer(200, body).granted(now).unwrap();
            assert_eq!(
                granted.access.ends,
                now + SignedDuration::from_secs(seconds),
                "{body}"
            );
            assert_eq!(granted.access.token.expose_secret(), "a");
        }
    }

    #[test]
    fn what_is_no_token_says_so_and_shows_none() {
        let now = Timestamp::UNIX_EPOCH;
        for (status, body, said, transient) in [
            (
                400,
                r#"{"error":"invalid_grant","error_description":"AADSTS70043: The\u001b[31m token\r\nhas expired"}"#,
                "login.example says no: invalid_grant AADSTS70043: The [31m token has expired",
                false,
            ),
            (
                503,
                "<html><body>Wartung</body></html>",
                "login.example answers 503 with something else than it should: `<html><body>Wartung</body></html>`",
                true,
            ),
            (
                200,
                "<html>",
                "login.example answers 200 with something else than it should: `<html>`",
                true,
            ),
            (
                200,
                r#"{"access_token":"secret","token_type":"mac"}"#,
                "login.example answers 200 with something else than it should: JSON without what it should hold",
                true,
            ),
            (
                404,
                "",
                "login.example answers 404 with something else than it should: ``",
                false,
            ),
        ] {
            let error = answer(status, body).granted(now).unwrap_err();
            assert_eq!(error.to_string(), said);
            assert_eq!(error.is_transient(), transient, "{said}");
        }
    }
}
