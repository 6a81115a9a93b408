//! `courant dkim`: a key is made, published, found and used.

#![expect(
    clippy::unwrap_used,
    reason = "clippy knows the test functions alone as tests, not what they call"
)]

use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::newsletter::Newsletter;
use crate::support::programs::not_run;
use crate::support::smtp::{Script, SmtpServer};

/// A name server on loopback with one record for every name; without one, no name exists.
fn name_server(record: Option<String>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((size, client)) = socket.recv_from(&mut query) {
            let _ = socket.send_to(&answer(&query[..size], record.as_deref()), client);
        }
    });
    address
}

/// The reply to a query (RFC 1035 §4.1).
fn answer(query: &[u8], record: Option<&str>) -> Vec<u8> {
    let name_end = 12 + query[12..].iter().position(|b| *b == 0).unwrap() + 1;
    let mut reply = query[..2].to_vec();
    let found = u8::from(record.is_some());
    reply.extend([0x81, if record.is_some() { 0x80 } else { 0x83 }]);
    reply.extend([0, 1, 0, found, 0, 0, 0, 0]);
    reply.extend(&query[12..name_end + 4]);
    if let Some(record) = record {
        let mut data = Vec::new();
        for string in record.as_bytes().chunks(200) {
            data.push(u8::try_from(string.len()).unwrap());
            data.extend(string);
        }
        reply.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
        reply.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        reply.extend(data);
    }
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_published_and_used() {
    if Command::new("openssl").arg("version").output().is_err() {
        not_run("openssl", "making a key of RSA");
        return;
    }
    let smtp = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", smtp.address()));
    newsletter.post("een", "Eén verhaal");
    newsletter.readers(2);
    let mut tables = String::new();
    let mut records = Vec::new();
    for (selector, algorithm) in [("s1", "rsa"), ("s2", "ed25519")] {
        let arguments = [
            "dkim",
            "generate",
            "--selector",
            selector,
            "--algorithm",
            algorithm,
        ];
        let made = newsletter.json(&arguments);
        let name = made["name"].as_str().unwrap();
        assert!(
            name.starts_with(&format!("{selector}._domainkey.")),
            "{name}"
        );
        let record = made["record"].as_str().unwrap().to_owned();
        assert!(
            record.starts_with(&format!("v=DKIM1; k={algorithm}; p=")),
            "{record}"
        );
        let file = newsletter.path(&format!("state/dkim-{selector}.pem"));
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // A key that may be in use is never written over.
        let again = newsletter.expect(&arguments, 73);
        assert!(again.stderr.contains("--selector"), "{}", again.stderr);
        tables += &format!(
            "\n[[delivery.dkim]]\nselector = \"{selector}\"\nkey_file = \"state/dkim-{selector}.pem\"\n"
        );
        records.push(record);
    }
    newsletter.append("courant.toml", &tables);

    let check = |server: SocketAddr, code: i32| {
        newsletter
            .expect(&["dkim", "check", "--server", &server.to_string()], code)
            .stdout
    };
    let absent = check(name_server(None), 78);
    assert_eq!(absent.matches("no such record").count(), 2, "{absent}");
    let one = check(name_server(Some(records[0].clone())), 78);
    assert_eq!(one.matches("DNS has this key").count(), 1, "{one}");
    assert_eq!(one.matches("DNS has another key").count(), 1, "{one}");

    newsletter.expect(&["run"], 0);
    let received = smtp.received();
    assert_eq!(received.len(), 2);
    for message in received {
        assert_eq!(message.content.matches("DKIM-Signature:").count(), 2);
        assert!(
            message
                .content
                .starts_with("DKIM-Signature: v=1; a=rsa-sha256;")
        );
    }

    std::fs::set_permissions(
        newsletter.path("state/dkim-s1.pem"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let warned = newsletter.expect(&["check"], 0).stderr;
    assert!(
        warned.contains("other users can read the DKIM key"),
        "{warned}"
    );
    newsletter.write("state/dkim-s2.pem", "no key");
    let refused = newsletter.expect(&["check"], 78).stderr;
    assert!(refused.contains("holds no private key"), "{refused}");
    assert!(refused.contains("courant.toml"), "{refused}");
}
