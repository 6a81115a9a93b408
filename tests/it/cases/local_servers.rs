//! A mail server on this machine, as distributions install it: it offers TLS with a certificate that it made itself.

use crate::support::mailbox::{MailboxServer, Script as InboxScript};
use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Certificate, Script, SmtpServer};

const READERS: usize = 3;

/// The certificate that was made when the server was installed: for a name that nobody asks for.
fn snake_oil() -> Certificate {
    Certificate::for_names(&["debian.lan"])
}

fn run(newsletter: &Newsletter, server: &SmtpServer) {
    let ended = newsletter.run(&["run"]);
    assert_eq!((ended.code, &*ended.stderr), (0, ""), "{}", ended.stdout);
    assert_eq!(server.received().len(), READERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_with_a_certificate_of_its_own_is_used() {
    for (scheme, user) in [("smtp", ""), ("smtp", "jan@"), ("smtps", "")] {
        let script = match user {
            "" => Script::new(),
            // The login is offered under TLS only.
            _ => Script::new().login("jan", "geheim", &["PLAIN"]),
        };
        let server = SmtpServer::start(match scheme {
            "smtps" => script.implicit_tls(&snake_oil()),
            _ => script.starttls(&snake_oil()),
        })
        .await;
        let port = server.address().port();
        let mut newsletter = Newsletter::new(&format!("{scheme}://{user}localhost:{port}"));
        newsletter.set("COURANT_DELIVERY__PASSWORD", "geheim");
        newsletter.readers(READERS);
        run(&newsletter, &server);
        let heard = server.heard();
        let mails = heard.iter().filter(|h| h.line.starts_with("MAIL"));
        assert!(mails.clone().count() > 0 && mails.clone().all(|h| h.secure));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_with_a_certificate_of_its_own_is_read_in_every_way() {
    let server = SmtpServer::start(Script::new()).await;
    let mut newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", "bounces = \"terug@proef.example\"\n");
    newsletter.set("COURANT_BOUNCES__PASSWORD", "geheim");
    newsletter.readers(READERS);
    run(&newsletter, &server);
    newsletter.append("courant.toml", "\n[bounces]\ninbox = \"INBOX\"\n");
    let mut before = "INBOX".to_owned();
    for script in [
        InboxScript::imap().starttls(&snake_oil()),
        InboxScript::imap().implicit_tls(&snake_oil()),
        InboxScript::pop3().starttls(&snake_oil()),
        InboxScript::pop3().implicit_tls(&snake_oil()),
    ] {
        let inbox = MailboxServer::start(script).await;
        inbox.arrive("To: x\nSubject: hallo\n\nEen mens.\n");
        newsletter.replace("courant.toml", &before, &inbox.url());
        before = inbox.url();
        let ended = newsletter.run(&["bounces", "ingest"]);
        assert_eq!((ended.code, &*ended.stderr), (0, ""), "{before}");
        assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    }
}
