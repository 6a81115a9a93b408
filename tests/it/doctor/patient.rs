//! A newsletter with all that a doctor looks at, and the servers that it names.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::support::dns::Zone;
use crate::support::http::{Answer, HttpServer};
use crate::support::mailbox::{self, MailboxServer};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::served::Served;
use crate::support::smtp::{Script, SmtpServer};

pub const PASSWORD: &str = "geheim-wachtwoord";

/// A newsletter with all that a doctor looks at, and the servers that it names; every one of them is as it should be.
pub struct Patient {
    pub newsletter: Newsletter,
    pub smtp: SmtpServer,
    pub inbox: MailboxServer,
    pub site: HttpServer,
    pub zone: Zone,
}

impl Patient {
    pub async fn healthy() -> Self {
        let script = Script::new()
            .offers(&["PIPELINING", "SIZE 35882577"])
            .login("jan", PASSWORD, &["PLAIN"]);
        let smtp = SmtpServer::start(script).await;
        let inbox = MailboxServer::start(mailbox::Script::imap().login("terug", PASSWORD)).await;
        let site = HttpServer::start();
        site.on("/healthz", Answer::ok("text/plain", "ok\n"));
        let newsletter = Newsletter::new(&format!("smtp://jan@{}", smtp.address()));
        newsletter.write("wachtwoord", PASSWORD);
        close(&newsletter, "wachtwoord");
        let url = site.url("").to_string();
        newsletter.replace(
            "courant.toml",
            "http://127.0.0.1:8080",
            url.trim_end_matches('/'),
        );
        newsletter.append(
            "courant.toml",
            &format!(
                "password_file = \"wachtwoord\"\nbounces = \"terug@proef.example\"\n\n\
                 [[delivery.dkim]]\nselector = \"s1\"\nkey_file = \"state/dkim-s1.pem\"\n\n\
                 [gather]\nallow = [\"127.0.0.1\"]\n\n\
                 [bounces]\nunsubscribe = \"both\"\ninbox = \"{}\"\npassword_file = \"wachtwoord\"\n",
                inbox.url()
            ),
        );
        newsletter.write("state/dkim-s1.pem", KEY);
        close(&newsletter, "state/dkim-s1.pem");
        newsletter.readers(2);
        let zone = Zone::default()
            .txt("s1._domainkey.proef.example", RECORD)
            .mx("proef.example", "mx.proef.example");
        Self {
            newsletter,
            smtp,
            inbox,
            site,
            zone,
        }
    }

    /// Serves the newsletter, at the address that it has from now on: only its own site knows its links.
    pub async fn serve(&self) -> Served {
        let served = Served::start(&self.newsletter).await;
        let old = self.site.url("").to_string();
        let old = old.trim_end_matches('/');
        self.newsletter.replace("courant.toml", old, &served.url());
        served
    }

    /// With the policies that large providers want.
    pub fn zone_with_policies(&self) -> Zone {
        self.zone
            .clone()
            .txt("proef.example", "v=spf1 include:spf.proef.example -all")
            .txt("_dmarc.proef.example", "v=DMARC1; p=quarantine")
    }

    pub async fn doctor(&self, zone: Zone) -> (Ended, Vec<Finding>) {
        let server = zone.serve().to_string();
        self.doctor_at(&server).await
    }

    pub async fn doctor_at(&self, name_server: &str) -> (Ended, Vec<Finding>) {
        let words = ["doctor", "--name-server", name_server];
        let data = [&words[..], &["--json"]].concat();
        let (ended, json) = tokio::join!(
            self.newsletter.run_beside(&words),
            self.newsletter.run_beside(&data)
        );
        assert_eq!(json.code, ended.code, "{}", json.stdout);
        let data: Value = serde_json::from_str(&json.stdout).unwrap();
        let findings = data["findings"].as_array().unwrap().iter().map(Finding::of);
        (ended, findings.collect())
    }

    /// Demands that one thing alone is not good, and that it is said where and what to do.
    pub async fn only(&self, zone: Zone, code: i32, subject: &str, health: &str, words: &[&str]) {
        let (ended, findings) = self.doctor(zone).await;
        self.alone((&ended, &findings), code, subject, health, words);
    }

    pub fn alone(
        &self,
        (ended, findings): (&Ended, &[Finding]),
        code: i32,
        subject: &str,
        health: &str,
        words: &[&str],
    ) {
        assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
        let bad: Vec<&Finding> = findings.iter().filter(|f| f.health != "good").collect();
        let [bad] = bad[..] else {
            panic!("{findings:#?}")
        };
        assert_eq!((&*bad.subject, &*bad.health), (subject, health));
        for word in words {
            assert!(ended.stderr.contains(word), "{word}\n{}", ended.stderr);
        }
        // What else there is was looked at all the same.
        for other in [
            "newsletter",
            "schedule",
            "key",
            "spf",
            "dmarc",
            "mail",
            "relay",
            "inbox",
        ] {
            assert!(findings.iter().any(|f| f.subject == other), "no {other}");
        }
    }
}

#[derive(Debug)]
pub struct Finding {
    pub subject: String,
    pub health: String,
    pub said: String,
}

impl Finding {
    fn of(value: &Value) -> Self {
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        Self {
            subject: text("subject"),
            health: text("health"),
            said: text("said"),
        }
    }
}

/// A file that only its owner may read.
pub fn close(newsletter: &Newsletter, name: &str) {
    mode(newsletter, name, 0o600);
}

pub fn mode(newsletter: &Newsletter, name: &str, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(newsletter.path(name), permissions).unwrap();
}

pub async fn change(newsletter: &Newsletter, statements: &str) {
    let url = format!("sqlite://{}", newsletter.path("state/courant.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let statements = sqlx::AssertSqlSafe(statements.to_owned());
    database.execute(statements).await.unwrap();
    database.close().await.unwrap();
}

/// An Ed25519 key (RFC 8410 §10.3) and its record.
pub const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
pub const RECORD: &str = "v=DKIM1; k=ed25519; p=Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
