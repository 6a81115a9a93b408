//! A name server on loopback with a few records (RFC 1035), over UDP.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// Types of records (RFC 1035 §3.2.2).
const A: u16 = 1;
const MX: u16 = 15;
const TXT: u16 = 16;

/// Octets of each string of a text: less than the 255 that it may have, so that long texts come in several.
const STRING: usize = 200;

/// What the names have, by name and type.
#[derive(Debug, Clone, Default)]
pub struct Zone(HashMap<(String, u16), Vec<Vec<u8>>>);

impl Zone {
    /// Adds a text.
    pub fn txt(self, name: &str, text: &str) -> Self {
        let mut data = Vec::new();
        for string in text.as_bytes().chunks(STRING) {
            data.push(u8::try_from(string.len()).unwrap());
            data.extend(string);
        }
        self.with(name, TXT, data)
    }

    /// Adds a mail server; the empty name says that there is none (RFC 7505).
    pub fn mx(self, name: &str, host: &str) -> Self {
        self.with(name, MX, [&[0, 10][..], &in_labels(host)].concat())
    }

    /// Adds an address.
    pub fn a(self, name: &str, address: Ipv4Addr) -> Self {
        self.with(name, A, address.octets().to_vec())
    }

    fn with(mut self, name: &str, kind: u16, data: Vec<u8>) -> Self {
        let key = (name.to_ascii_lowercase(), kind);
        self.0.entry(key).or_default().push(data);
        self
    }

    /// Answers from now on, as long as the tests run.
    pub fn serve(self) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut query = [0; 512];
            while let Ok((size, client)) = socket.recv_from(&mut query) {
                let _ = socket.send_to(&self.answer(&query[..size]), client);
            }
        });
        address
    }

    /// The reply to a query (RFC 1035 §4.1): its records, or that there are none, or that there is no such name.
    fn answer(&self, query: &[u8]) -> Vec<u8> {
        let question = &query[12..];
        let end = question.iter().position(|byte| *byte == 0).unwrap() + 1;
        let name = of_labels(&question[..end]);
        let kind = u16::from_be_bytes([question[end], question[end + 1]]);
        let known = self.0.keys().any(|(at, _)| *at == name);
        let found = self.0.get(&(name, kind)).cloned().unwrap_or_default();
        let mut reply = query[..2].to_vec();
        reply.extend([0x81, if known { 0x80 } else { 0x83 }]);
        reply.extend([0, 1, 0, u8::try_from(found.len()).unwrap(), 0, 0, 0, 0]);
        reply.extend(&question[..end + 4]);
        for data in found {
            reply.extend([0xc0, 12]);
            reply.extend(kind.to_be_bytes());
            reply.extend([0, 1, 0, 0, 0, 60]);
            reply.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            reply.extend(data);
        }
        reply
    }
}

/// A name server that never answers.
pub fn silent() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// A name as a message has it (RFC 1035 §3.1).
fn in_labels(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn of_labels(mut bytes: &[u8]) -> String {
    let mut labels = Vec::new();
    while let Some((length, rest)) = bytes.split_first().filter(|(length, _)| **length > 0) {
        let (label, rest) = rest.split_at(usize::from(*length));
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        bytes = rest;
    }
    labels.join(".")
}
