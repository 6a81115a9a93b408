//! Where issuers are asked: Microsoft's and Google's addresses, and those of any other by OpenID Connect's discovery.

use serde::{Deserialize, Serialize};
use url::Url;

use super::Error;
use super::request::Issuer;

/// All of Gmail by IMAP, POP and SMTP: there is no smaller scope for them.
pub const GOOGLE_SCOPE: &str = "https://mail.google.com/";

/// Where an issuer is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// For tokens (RFC 6749 §3.2).
    pub token: Url,
    /// For a person's consent in a browser (RFC 6749 §3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Url>,
    /// For a code to type in elsewhere (RFC 8628 §3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Url>,
    /// To take a token back (RFC 7009).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Url>,
}

/// Microsoft's, for a tenant of the cloud that `authority` names.
///
/// # Errors
/// [`Error::Insecure`] where the authority is no address to tell a secret to.
pub fn microsoft(authority: &Url, tenant: &str) -> Result<Endpoints, Error> {
    let of = |last: &str| {
        let mut url = secure(authority)?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([tenant, "oauth2", "v2.0", last]);
        }
        Ok::<_, Error>(url)
    };
    Ok(Endpoints {
        token: of("token")?,
        authorization: Some(of("authorize")?),
        device: Some(of("devicecode")?),
        revocation: None,
    })
}

/// Google's, with the addresses that the files of its console name.
///
/// # Errors
/// [`Error::Insecure`] where one of them is no address to tell a secret to.
pub fn google(token: &Url, authorization: Option<&Url>) -> Result<Endpoints, Error> {
    let mut revocation = token.clone();
    revocation.set_path("/revoke");
    Ok(Endpoints {
        token: secure(token)?,
        authorization: authorization.map(secure).transpose()?,
        // A code for another device covers no mail there.
        device: None,
        revocation: Some(revocation),
    })
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    token_endpoint: Url,
    #[serde(default)]
    authorization_endpoint: Option<Url>,
    #[serde(default)]
    device_authorization_endpoint: Option<Url>,
    #[serde(default)]
    revocation_endpoint: Option<Url>,
}

/// Asks an issuer where it is asked (OpenID Connect Discovery 1.0 §4).
///
/// # Errors
/// Where it does not answer, or describes another issuer.
pub async fn discover(asked: &Issuer, issuer: &Url) -> Result<Endpoints, Error> {
    let mut place = secure(issuer)?;
    if let Ok(mut path) = place.path_segments_mut() {
        path.pop_if_empty()
            .extend([".well-known", "openid-configuration"]);
    }
    let answer = asked.get(&place).await?;
    let found: Discovered = answer.read()?;
    // §4.3: it must be the very issuer that was asked.
    if found.issuer.trim_end_matches('/') != issuer.as_str().trim_end_matches('/') {
        return Err(Error::NoConsent(format!(
            "{} describes another issuer, not `{issuer}`",
            asked.host_of(&place)
        )));
    }
    Ok(Endpoints {
        token: secure(&found.token_endpoint)?,
        authorization: found
            .authorization_endpoint
            .as_ref()
            .map(secure)
            .transpose()?,
        device: found
            .device_authorization_endpoint
            .as_ref()
            .map(secure)
            .transpose()?,
        revocation: found.revocation_endpoint.as_ref().map(secure).transpose()?,
    })
}

/// An address that secrets may be told to: https, or a server on this machine.
fn secure(url: &Url) -> Result<Url, Error> {
    let is_here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() == "https" || (url.scheme() == "http" && is_here) {
        true => Ok(url.clone()),
        false => Err(Error::Insecure(url.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_one_part_of_the_path_whatever_it_holds() {
        let authority = Url::parse("https://login.microsoftonline.com").unwrap();
        let found = microsoft(&authority, "contoso.example/../x").unwrap();
        assert_eq!(
            found.token.as_str(),
            "https://login.microsoftonline.com/contoso.example%2F..%2Fx/oauth2/v2.0/token"
        );
    }

    #[test]
    fn secrets_go_to_https_or_to_this_machine() {
        for (url, fits) in [
            ("https://login.example/", true),
            ("http://127.0.0.1:8080/", true),
            ("http://localhost:8080/", true),
            ("http://[::1]/", true),
            ("http://login.example/", false),
            ("http://localhost.example/", false),
            ("ftp://127.0.0.1/", false),
        ] {
            assert_eq!(secure(&Url::parse(url).unwrap()).is_ok(), fits, "{url}");
        }
    }
}
