//! Asks DNS for the public half of a key and holds it against the private one.

use std::net::SocketAddr;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;

use crate::model::DkimKey;

/// What DNS says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// A record with this key's public half.
    Same,
    /// Records, but none with it; the first of them.
    Other(String),
    /// No record.
    Absent,
    /// DNS did not answer, and why.
    Unknown(String),
}

/// Looks a key up at the system's name servers, or at this one.
pub async fn published(key: &DkimKey, server: Option<SocketAddr>) -> Published {
    let resolver = match resolver(server) {
        Ok(resolver) => resolver,
        Err(why) => return Published::Unknown(why),
    };
    // The dot at the end keeps the system's search list out of it.
    let found = match resolver.txt_lookup(format!("{}.", key.record_name())).await {
        Ok(found) => found,
        Err(error) if error.is_no_records_found() || error.is_nx_domain() => {
            return Published::Absent;
        }
        Err(error) => return Published::Unknown(error.to_string()),
    };
    let records: Vec<String> = found
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            // Strings of one record belong together, with nothing between them (RFC 6376 §3.6.2.2).
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        })
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    if records.iter().any(|record| key.secret().matches(record)) {
        return Published::Same;
    }
    match records.into_iter().next() {
        Some(other) => Published::Other(other),
        None => Published::Absent,
    }
}

fn resolver(server: Option<SocketAddr>) -> Result<TokioResolver, String> {
    let builder = match server {
        None => TokioResolver::builder_tokio().map_err(|e| e.to_string())?,
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
    builder.build().map_err(|e| e.to_string())
}
