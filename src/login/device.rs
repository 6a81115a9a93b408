//! A login that is allowed in a browser elsewhere: a short code is shown here and typed in there (RFC 8628).

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use super::Error;
use super::consent::{Grounds, client_fields, obtain};
use super::kept::KeptLogin;
use super::request::{Field, Issuer};

/// How long to wait between two questions where the issuer does not say, and by how much longer each time that it finds it
/// too often (RFC 8628 §3.5).
const INTERVAL: u64 = 5;

/// Longest wait that an issuer may ask for.
const LONGEST: u64 = 60;

/// What to type in, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCode {
    /// The address to open.
    pub address: String,
    /// The code to type in there.
    pub code: String,
}

/// A login that waits to be allowed.
#[derive(Debug)]
pub struct DeviceLogin {
    /// What a person is told.
    pub shown: DeviceCode,
    device: SecretString,
    interval: u64,
    ends_in: u64,
}

#[derive(Deserialize)]
struct Begun {
    device_code: String,
    user_code: String,
    /// Google's older word for it is `verification_url`.
    #[serde(alias = "verification_url")]
    verification_uri: String,
    #[serde(default)]
    interval: Option<u64>,
    expires_in: u64,
}

impl DeviceLogin {
    /// Asks for a code.
    ///
    /// # Errors
    /// Where the issuer knows no such way, or gives no code.
    pub async fn begin(issuer: &Issuer, login: &KeptLogin, now: Timestamp) -> Result<Self, Error> {
        let no_way = || Error::NoConsent("this issuer knows no login by a code".into());
        let place = login.endpoints.device.as_ref().ok_or_else(no_way)?;
        let mut fields = client_fields(&login.client, login, now)?;
        fields.push(Field::new("scope", &login.scopes.join(" ")));
        let answer = issuer.post(place, &fields).await?;
        let begun: Begun = answer.read()?;
        let clean = |text: String| text.chars().filter(|c| !c.is_control()).take(200).collect();
        Ok(Self {
            shown: DeviceCode {
                address: clean(begun.verification_uri),
                code: clean(begun.user_code),
            },
            device: begun.device_code.into(),
            interval: begun.interval.unwrap_or(INTERVAL).min(LONGEST),
            ends_in: begun.expires_in,
        })
    }

    /// Asks until it is allowed, refused, or over. `pause` waits.
    ///
    /// # Errors
    /// Where it is refused or nobody allows it in time.
    pub async fn wait<P: Future<Output = ()>>(
        self,
        issuer: &Issuer,
        login: &mut KeptLogin,
        now: impl Fn() -> Timestamp,
        pause: impl Fn(Duration) -> P,
    ) -> Result<(), Error> {
        let (mut interval, mut waited) = (self.interval, 0);
        let grounds = Grounds::Device(self.device);
        while waited < self.ends_in {
            pause(Duration::from_secs(interval)).await;
            waited += interval.max(1);
            let error = match obtain(issuer, login, &grounds, now()).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            match &error {
                Error::Refused { code, .. } => match code.as_str() {
                    "authorization_pending" => {}
                    "slow_down" => interval = (interval + INTERVAL).min(LONGEST),
                    _ => return Err(error),
                },
                // §3.5: less often where the issuer cannot be reached.
                Error::Unreachable { .. } => interval = (interval * 2).clamp(1, LONGEST),
                _ => return Err(error),
            }
        }
        Err(Error::NoConsent("nobody allowed the login in time".into()))
    }
}
