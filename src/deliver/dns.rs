//! Asks DNS what a sender's domain says there: its texts, its keys, and whether mail to it can arrive.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::timeout;

use crate::model::DkimKey;

/// How long a question waits for its answer: two tries by UDP, and a hand's breadth for TCP.
const PATIENCE: Duration = Duration::from_secs(10);

/// The name servers that are asked.
pub struct Dns(TokioResolver);

/// That DNS did not answer, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("DNS did not answer: {0}")]
pub struct Unanswered(String);

/// What DNS says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// A record with this key's public half.
    Same,
    /// Records, but none with it; the first of them.
    Other(String),
    /// No record.
    Absent,
}

/// Where mail to a domain goes (RFC 5321 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailRoute {
    /// To a mail server, named by MX or by the domain's own address.
    Open,
    /// Nowhere: it says that it takes none (RFC 7505).
    Refused,
    /// Nowhere: it has neither MX nor address.
    Absent,
}

impl Dns {
    /// The system's name servers, or this one.
    ///
    /// # Errors
    /// If the system does not say which name servers it has.
    pub fn new(server: Option<SocketAddr>) -> Result<Self, Unanswered> {
        resolver(server).map(Self)
    }

    /// The texts of a name; none where there are none, or no such name.
    ///
    /// # Errors
    /// If DNS does not answer.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, Unanswered> {
        let records = self.records(name, RecordType::TXT).await?;
        let texts = records.iter().filter_map(|record| match record {
            // Strings of one record belong together, with nothing between them (RFC 6376 §3.6.2.2, RFC 7208 §3.3).
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        });
        let texts = texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(texts.collect())
    }

    /// Whether there is such a name, with or without records (RFC 8020).
    ///
    /// # Errors
    /// If DNS does not answer.
    pub async fn exists(&self, name: &str) -> Result<bool, Unanswered> {
        match self.asked(name, RecordType::A).await? {
            Ok(_) => Ok(true),
            Err(error) if error.is_nx_domain() => Ok(false),
            Err(error) if error.is_no_records_found() => Ok(true),
            Err(error) => Err(Unanswered(error.to_string())),
        }
    }

    /// What DNS says of a key.
    ///
    /// # Errors
    /// If DNS does not answer.
    pub async fn published(&self, key: &DkimKey) -> Result<Published, Unanswered> {
        let records = self.texts(&key.record_name()).await?;
        if records.iter().any(|record| key.secret().matches(record)) {
            return Ok(Published::Same);
        }
        let other = records.into_iter().next();
        Ok(other.map_or(Published::Absent, Published::Other))
    }

    /// Whether mail to a domain can arrive.
    ///
    /// # Errors
    /// If DNS does not answer.
    pub async fn mail_route(&self, domain: &str) -> Result<MailRoute, Unanswered> {
        let records = self.records(domain, RecordType::MX).await?;
        let hosts = records.iter().filter_map(|record| match record {
            RData::MX(mx) => Some(mx.exchange.is_root()),
            _ => None,
        });
        let hosts: Vec<bool> = hosts.collect();
        match hosts[..] {
            [true] => return Ok(MailRoute::Refused),
            [] => {}
            _ => return Ok(MailRoute::Open),
        }
        for kind in [RecordType::A, RecordType::AAAA] {
            if !self.records(domain, kind).await?.is_empty() {
                return Ok(MailRoute::Open);
            }
        }
        Ok(MailRoute::Absent)
    }

    /// What is said to a question, within [`PATIENCE`].
    async fn asked(
        &self,
        name: &str,
        kind: RecordType,
    ) -> Result<Result<Lookup, NetError>, Unanswered> {
        let asking = self.0.lookup(absolute(name), kind);
        let silent = |_| Unanswered(format!("nothing was heard for {} s", PATIENCE.as_secs()));
        timeout(PATIENCE, asking).await.map_err(silent)
    }

    /// The records of a kind under a name.
    async fn records(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, Unanswered> {
        match self.asked(name, kind).await? {
            Ok(found) => {
                let records = found.answers().iter();
                Ok(records.map(|record| record.data.clone()).collect())
            }
            Err(error) if error.is_no_records_found() || error.is_nx_domain() => Ok(vec![]),
            Err(error) => Err(Unanswered(error.to_string())),
        }
    }
}

/// The dot at the end keeps the system's search list out of it.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn resolver(server: Option<SocketAddr>) -> Result<TokioResolver, Unanswered> {
    let builder = match server {
        None => TokioResolver::builder_tokio().map_err(|e| Unanswered(e.to_string()))?,
        Some(server) => {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
                .map(|mut connection| {
                    connection.port = server.port();
                    connection
                })
                .to_vec();
            let server = NameServerConfig::new(server.ip(), true, connections);
            let config = ResolverConfig::from_name_servers(vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    builder.build().map_err(|e| Unanswered(e.to_string()))
}
