//! Reports that were misread: what each is worth, and whom it proves, told by the program that reads them from a Maildir.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::support::newsletter::{Newsletter, header};
use crate::support::smtp::{Received, Script, SmtpServer};

/// What stands for the reader's address, return path, link and Message-ID in a report.
const READER: &str = "jan@reader.test";
const PATH: &str = "RETURN-PATH-OF-JAN";
const LINK: &str = "LIST-UNSUBSCRIBE-VALUE-OF-JANS-MAIL";
const MESSAGE_ID: &str = "MESSAGE-ID-OF-JANS-MAIL";

/// The samples as they were reported, and what is to be done with each.
const SAMPLES: [(&str, &str); 10] = [
    ("alias-member-gone", "counted"),
    ("arf-sparse", "suppressed"),
    ("daemon-success", "nothing"),
    ("delay-fr", "nothing"),
    ("delay-gmail-plain", "nothing"),
    ("dsn-token-only-inside", "suppressed"),
    ("jmrp", "suppressed"),
    ("ndr-exchange-nl-plain", "suppressed"),
    ("sender-verify", "kept"),
    ("ver-in-diag2", "kept"),
];

fn sample(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bounces/cases");
    fs::read_to_string(folder.join(format!("{name}.eml"))).unwrap()
}

/// A mail to an address, with the parts of a report or a body.
fn mail(to: &str, from: &str, subject: &str, rest: &str) -> String {
    format!(
        "Return-Path: <>\nDelivered-To: {to}\nFrom: {from}\nTo: {to}\nSubject: {subject}\n{rest}"
    )
}

fn plain(from: &str, subject: &str, body: &str) -> String {
    let head = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit";
    mail(PATH, from, subject, &format!("{head}\n\n{body}\n"))
}

/// A delivery status notification with these fields, and this head of the returned mail.
fn dsn(to: &str, fields: &str, returned: &str) -> String {
    let rest = format!(
        "Content-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\n\n--B\n\n\
         It could not be delivered.\n\n--B\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.reader.test\n\n{fields}\n\n--B\nContent-Type: text/rfc822-headers\n\n\
         {returned}\n\n--B--\n"
    );
    mail(
        to,
        "MAILER-DAEMON@mx.reader.test",
        "Undelivered Mail Returned to Sender",
        &rest,
    )
}

/// A failure of the reader's own mailbox.
fn failed(status: &str, said: &str) -> String {
    let fields = format!(
        "Final-Recipient: rfc822; {READER}\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {said}"
    );
    dsn(PATH, &fields, "Subject: x")
}

/// An abuse report to an address of the operator's, with this head of the returned mail.
fn arf(returned: &str) -> String {
    let rest = format!(
        "Content-Type: multipart/report; report-type=feedback-report; boundary=\"A\"\n\n--A\n\ncomplaint\n\n--A\n\
         Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: X/1\nVersion: 1\n\n--A\n\
         Content-Type: text/rfc822-headers\n\n{returned}\n\n--A--\n"
    );
    mail(
        "fbl@proef.example",
        "staff@hotmail.test",
        "complaint",
        &rest,
    )
}

/// Others of each kind.
fn kin() -> Vec<(&'static str, String, &'static str)> {
    let gone = "550 5.1.1 no such user";
    let exchange =
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@reader.test>";
    let html = "Content-Type: text/html; charset=utf-8\n\n<html><body><h1>Ihre Nachricht konnte nicht zugestellt \
        werden</h1>\n<p><b>jan@reader.test</b></p>\n<p>Wenden Sie sich bei Fragen zu Spam an Ihren Administrator.</p>\n\
        <p>Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient jan@reader.test not found'</p>\n\
        </body></html>\n";
    let quoted = format!(
        "Votre message à jan@reader.test n'a pas pu être remis.\n\nRemote Server returned '550 5.1.1 User unknown'\n\n\
         En-têtes du message d'origine :\n\nMessage-ID: <{MESSAGE_ID}@proef.example>\nSubject: x"
    );
    let forwarded = "Final-Recipient: rfc822; jan.oud@elders.test\nAction: failed\nStatus: 5.1.1\n\
        Diagnostic-Code: smtp; 550 5.1.1 user unknown";
    let bare = format!("Final-Recipient: rfc822; {READER}\nAction: failed\nStatus: 5.1.1");
    let exim = "This message was created automatically by mail delivery software.\n\nA message that you sent could not be \
        delivered to one or more of its recipients.\n\n  ex@reader.test\n    (generated from jan@reader.test)\n    \
        host mx.reader.test [192.0.2.5]\n    SMTP error from remote mail server after RCPT TO:<ex@reader.test>:\n    \
        550 5.1.1 unknown user\n";
    vec![
        // Gone, and known by another trace of ours.
        (
            "by-message-id",
            dsn(
                "terug@proef.example",
                &bare,
                &format!("Message-ID: <{MESSAGE_ID}@proef.example>"),
            ),
            "suppressed",
        ),
        (
            "complaint-by-message-id",
            arf(&format!("Message-ID: <{MESSAGE_ID}@proef.example>")),
            "suppressed",
        ),
        (
            "complaint-by-link",
            arf(&format!("List-Unsubscribe: {LINK}")),
            "suppressed",
        ),
        (
            "exchange-html",
            mail(PATH, exchange, "Unzustellbar: Een woord", html),
            "suppressed",
        ),
        (
            "exchange-quoted-id",
            plain(exchange, "Non remis : Een woord", &quoted).replace(PATH, "terug@proef.example"),
            "suppressed",
        ),
        // Nothing of ours, or somebody else's.
        (
            "forged-id",
            arf("Message-ID: <0123456789abcdef0123456789abcdef@proef.example>"),
            "refused",
        ),
        (
            "forged-nothing",
            arf("List-Unsubscribe: <https://x.test/unsubscribe/0>"),
            "refused",
        ),
        // Behind the reader.
        ("forwarded", dsn(PATH, forwarded, "Subject: x"), "counted"),
        (
            "generated-from",
            plain(
                "Mailer-Daemon@reader.test",
                "Mail delivery failed: returning message to sender",
                exim,
            ),
            "counted",
        ),
        // Full, or about us, under a code that says neither.
        ("full", failed("5.1.1", "552 5.1.1 mailbox full"), "counted"),
        (
            "sender-refused",
            failed(
                "5.1.1",
                "550 5.1.1 Sender address rejected: domain not found",
            ),
            "kept",
        ),
        (
            "our-address",
            failed("5.1.1", &format!("550 5.1.1 <{PATH}>: no such address")),
            "kept",
        ),
        ("rate", failed("5.1.1", "450 5.1.1 rate limited"), "kept"),
        (
            "gateway",
            failed("5.0.0", "554 rejected by gateway version 5.1.1"),
            "counted",
        ),
        (
            "detail",
            failed("5.1.1", gone).replace("rfc822; jan@", "rfc822; jan+nieuws@"),
            "suppressed",
        ),
        // No bounces.
        (
            "delay-de",
            plain(
                "postmaster@reader.test",
                "Verzögerte Zustellung: Een woord",
                "Die Nachricht an jan@reader.test wurde noch nicht zugestellt. Es wird weiterhin versucht.",
            ),
            "nothing",
        ),
        (
            "delay-nl",
            plain(
                "MAILER-DAEMON@reader.test",
                "Mail delivery system",
                "Uw bericht aan jan@reader.test is nog niet bezorgd; het wordt opnieuw geprobeerd.",
            ),
            "nothing",
        ),
        (
            "success-de",
            plain(
                "mailer-daemon@reader.test",
                "Zustellbericht",
                "Ihre Nachricht an jan@reader.test wurde erfolgreich zugestellt.",
            ),
            "nothing",
        ),
        (
            "approval",
            plain(
                "mailer-daemon@reader.test",
                "Your message is waiting for approval",
                "The moderator of jan@reader.test was asked.",
            ),
            "nothing",
        ),
        // A word of our own subject is nobody's delay.
        (
            "own-subject",
            plain(
                "postmaster@reader.test",
                "Undeliverable: A delayed warning",
                "jan@reader.test: 550 5.2.1 disabled",
            ),
            "counted",
        ),
        // A reader answers, by a program or a person, and has our mail with it.
        (
            "answer",
            mail(
                PATH,
                "jan@reader.test",
                "Automatic reply: Sales failed",
                &format!(
                    "Auto-Submitted: auto-replied\nIn-Reply-To: <{MESSAGE_ID}@proef.example>\n\nAway.\n"
                ),
            ),
            "nothing",
        ),
        (
            "attached",
            mail(
                PATH,
                "jan@reader.test",
                "Fwd: x",
                &format!(
                    "Content-Type: message/rfc822\n\nReturn-Path: <{PATH}>\nSubject: x\n\ntekst\n"
                ),
            )
            .replace("Return-Path: <>\n", ""),
            "nothing",
        ),
    ]
}

/// The report as it would come back of a mail.
fn about(report: &str, of: &Received) -> String {
    let id = header(&of.content, "Message-ID");
    let id = id.trim_start_matches('<');
    let id = id.split('@').next().unwrap();
    let head = of.content.split("\r\n\r\n").next().unwrap();
    let head = head.replace("\r\n ", " ");
    let link = head
        .lines()
        .find_map(|line| line.strip_prefix("List-Unsubscribe: "));
    let (local, domain) = of.to[0].split_once('@').unwrap();
    report
        .replace(PATH, &of.from)
        .replace(LINK, link.unwrap())
        .replace(MESSAGE_ID, id)
        .replace(READER, &of.to[0])
        .replace(
            "jan+nieuws@reader.test",
            &format!("{local}+nieuws@{domain}"),
        )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_report_is_worth_what_it_says_and_no_more() {
    let samples = SAMPLES.map(|(name, done)| (name, sample(name), done));
    let reports: Vec<_> = samples.into_iter().chain(kin()).collect();
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append(
        "courant.toml",
        "bounces = \"terug@proef.example\"\nbounces_at_most = 100\n",
    );
    newsletter.readers(reports.len());
    newsletter.expect(&["run"], 0);
    for folder in ["new", "cur", "tmp"] {
        fs::create_dir_all(newsletter.path("inbox").join(folder)).unwrap();
    }
    for (n, (name, report, _)) in reports.iter().enumerate() {
        let to = format!("reader{n}@example.nl");
        let received = server.received();
        let of = received.iter().find(|mail| mail.to[0] == to).unwrap();
        newsletter.write(&format!("inbox/new/{name}"), &about(report, of));
    }
    let told = newsletter.json(&["bounces", "ingest", "inbox"]);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
    let told = told.as_array().unwrap().iter();
    let told: BTreeMap<String, String> = told
        .map(|one| (text(&one["message"]), text(&one["done"])))
        .collect();
    let wrong: Vec<String> = reports
        .iter()
        .filter(|(name, _, done)| told[*name] != *done)
        .map(|(name, _, done)| format!("{name}: {} instead of {done}", told[*name]))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Whom it says is the one whose mail it was.
    let gone: Vec<bool> = (0..reports.len())
        .map(|n| {
            let shown = newsletter.json(&["subscribers", "show", &format!("reader{n}@example.nl")]);
            shown["state"] != "active"
        })
        .collect();
    let expected = reports.iter().map(|(.., done)| *done == "suppressed");
    assert_eq!(gone, expected.collect::<Vec<_>>());
}
