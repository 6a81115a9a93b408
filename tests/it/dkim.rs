//! `courant dkim`: a key is made, published, found and used.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::dns::Zone;
use crate::support::newsletter::Newsletter;
use crate::support::programs::not_run;
use crate::support::smtp::{Script, SmtpServer};

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
            .expect(
                &["dkim", "check", "--name-server", &server.to_string()],
                code,
            )
            .stdout
    };
    let absent = check(Zone::default().serve(), 78);
    assert_eq!(absent.matches("no such record").count(), 2, "{absent}");
    let zone = |second: usize| {
        Zone::default()
            .txt("s1._domainkey.proef.example", &records[0])
            .txt("s2._domainkey.proef.example", &records[second])
    };
    let one = check(zone(0).serve(), 78);
    assert_eq!(one.matches("DNS has this key").count(), 1, "{one}");
    assert_eq!(one.matches("DNS has another key").count(), 1, "{one}");
    let both = check(zone(1).serve(), 0);
    assert_eq!(both.matches("DNS has this key").count(), 2, "{both}");

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
