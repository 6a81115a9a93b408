//! The newsletter's address on the web, opened as a reader opens it: by a link, of which only our own site knows the answer.

use jiff::Timestamp;
use url::Url;

use super::super::sending::fetch_settings;
use super::super::{Fault, World};
use super::{Finding, Health, Subject};
use crate::audience::{self, Keys};
use crate::config::{self, Config, Setting};
use crate::gather::{self, Fetcher};
use crate::model::Diagnostic;

/// The page of any `courant serve` that says that it is there, and what it says.
const ALIVE: (&str, &str) = ("/healthz", "ok");

/// A published file that names the newsletter's address, so that no two newsletters have the same.
const OWN_FILE: &str = "robots.txt";

/// How what answers is not what readers need.
enum Other {
    /// The published files, and no page to leave.
    FilesOnly,
    /// The `serve` of another newsletter.
    Newsletter,
    /// Anything else; what it said.
    Somebody(String),
}

/// Asks one site.
struct Visit<'a> {
    base: &'a str,
    fetcher: Fetcher,
    now: Timestamp,
}

/// The newsletter's address, where readers leave.
pub(super) async fn site(config: &Config, world: &World<'_>) -> Result<Finding, Fault> {
    let visit = Visit {
        base: &config.newsletter.url,
        fetcher: Fetcher::new(fetch_settings(config))?,
        now: world.clock.now(),
    };
    // What is wrong with the secret was said with the secret.
    let keys = audience::read_keys(&config.secret_file).ok().flatten();
    let found = match keys {
        Some(keys) => visit.ask_for_proof(config, &keys, world).await,
        None => visit.ask_for_life().await,
    };
    Ok(match found {
        Ok(said) => Finding::good(Subject::Site, visit.base, said),
        Err((health, fault)) => {
            let fault = config::point(config, *fault, Setting::Url);
            Finding::bad(Subject::Site, visit.base, health, fault)
        }
    })
}

/// What is good about it, or how bad it is.
type Found = Result<&'static str, Bad>;

/// How bad it is, and what is wrong.
type Bad = (Health, Box<Diagnostic>);

impl Visit<'_> {
    /// Opens a link of our own.
    async fn ask_for_proof(&self, config: &Config, keys: &Keys, world: &World<'_>) -> Found {
        let token = audience::site_question(keys, world.chance, self.now);
        let said = match self.page(&format!("/unsubscribe/{token}")).await {
            Ok(bytes) if audience::is_site_answer(keys, &token, &bytes) => {
                return Ok("answers, and knows this newsletter's links");
            }
            Ok(_) => "it says something else".to_owned(),
            Err(error) => self.reached(error)?,
        };
        Err(self.strange(self.who(config, said).await))
    }

    /// Before the first run there is no link; only whether any `serve` answers can be known.
    async fn ask_for_life(&self) -> Found {
        let (path, wanted) = ALIVE;
        let said = match self.page(path).await {
            Ok(bytes) if bytes.trim_ascii() == wanted.as_bytes() => {
                return Ok(
                    "answers; whether it knows this newsletter's links shows after the first run",
                );
            }
            Ok(_) => "it says something else".to_owned(),
            Err(error) => self.reached(error)?,
        };
        Err(self.strange(Other::Somebody(said)))
    }

    /// Who it is that does not know our links.
    async fn who(&self, config: &Config, said: String) -> Other {
        let (path, wanted) = ALIVE;
        let alive = self.page(path).await.ok();
        if alive.is_some_and(|bytes| bytes.trim_ascii() == wanted.as_bytes()) {
            return Other::Newsletter;
        }
        let own = std::fs::read(config.public.join(OWN_FILE)).ok();
        let there = self.page(&format!("/{OWN_FILE}")).await.ok();
        match own.is_some() && own == there {
            true => Other::FilesOnly,
            false => Other::Somebody(said),
        }
    }

    async fn page(&self, path: &str) -> Result<Vec<u8>, gather::Error> {
        let url = Url::parse(&format!("{}{path}", self.base));
        let url = url.map_err(|_| gather::Error::Missing)?;
        self.fetcher.file(&url, self.now).await
    }

    /// What somebody there said, or that nobody could be reached.
    fn reached(&self, error: gather::Error) -> Result<String, Bad> {
        let base = self.base;
        match error {
            gather::Error::Private(_) => Err((
                Health::Doubtful,
                Box::new(Diagnostic::warning(format!(
                    "`{base}` lies in a private network, and readers elsewhere cannot leave there"
                ))
                .hint("if all readers are within that network, name it in `allow` of `[gather]`, and it is asked")),
            )),
            error if is_silence(&error) => Err((
                Health::Unavailable,
                Box::new(Diagnostic::error(format!(
                    "`{base}` does not answer, and there readers leave: {error}"
                ))
                .hint("keep `courant serve` running, behind your web server")),
            )),
            error => Ok(error.to_string()),
        }
    }

    /// That readers cannot leave there.
    fn strange(&self, other: Other) -> Bad {
        let base = self.base;
        let (fault, hint) = match other {
            Other::FilesOnly => (
                format!(
                    "`{base}` gives the published files, and not the page on which readers leave"
                ),
                PASS_ON,
            ),
            Other::Newsletter => (
                format!(
                    "the `courant serve` that answers at `{base}` does not know this newsletter's links: it is another's, and \
                     readers cannot leave there"
                ),
                "give each newsletter an address of its own, in `url` and in `listen` of `[serve]`; if it is this one's \
                 after all, start it anew",
            ),
            Other::Somebody(said) => (
                format!(
                    "what answers at `{base}` is not `courant serve`, and there readers leave: {said}"
                ),
                PASS_ON,
            ),
        };
        (
            Health::Faulty,
            Box::new(Diagnostic::error(fault).hint(hint)),
        )
    }
}

/// What a web server in front has to do.
const PASS_ON: &str = "pass `/unsubscribe` on to `courant serve`; or let readers leave by mail: `unsubscribe = \"mail\"`";

/// Whether nobody answers there, or nobody who can now.
fn is_silence(error: &gather::Error) -> bool {
    matches!(
        error,
        gather::Error::Unresolved(_)
            | gather::Error::Unreachable(_)
            | gather::Error::Tls { .. }
            | gather::Error::SlowConnect(_)
            | gather::Error::Silent(_)
            | gather::Error::Timeout(_)
            | gather::Error::TooManyRequests
            | gather::Error::ComeBack { .. }
            | gather::Error::Held { .. }
            | gather::Error::Server(_)
    )
}
