//! The arguments of `courant dkim`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// `courant dkim`.
#[derive(Debug, Subcommand)]
pub enum Dkim {
    /// Make a key, and print the DNS record that belongs to it
    #[command(after_help = "Example: courant dkim generate --selector courant2026")]
    Generate {
        /// The key's name in DNS: another for each new key
        #[arg(long, default_value = "courant", value_parser = selector)]
        selector: String,
        /// RSA, which every receiver checks, or Ed25519, as a second key
        #[arg(long, value_enum, default_value_t = DkimAlgorithm::Rsa)]
        algorithm: DkimAlgorithm,
        /// The file to write, instead of `state/dkim-SELECTOR.pem`
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Compare the keys in use with what DNS says of them
    #[command(after_help = "Example: courant dkim check --name-server 192.0.2.53:53")]
    Check {
        /// The name server to ask, instead of the system's
        #[arg(long, alias = "server", value_name = "ADDRESS:PORT")]
        name_server: Option<std::net::SocketAddr>,
    },
}

/// What kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DkimAlgorithm {
    /// RSA of 2,048 bits, made by `openssl`
    Rsa,
    /// Ed25519
    Ed25519,
}

fn selector(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !text.is_empty() && text.len() <= 63 && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("a selector is a short word of small letters and digits, such as `courant2026`")
    }
}
