//! The whole line, with the program as a user runs it: a mail goes out, a report comes back, the next issue knows it.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::process::Stdio;

use super::{SETTING, about, come_back, mail_to};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::smtp::{Script, SmtpServer};

/// A newsletter whose first issue went out to so many readers, with return paths.
async fn sent(readers: usize) -> (SmtpServer, Newsletter) {
    let server = SmtpServer::start(Script::new().offers(&["PIPELINING"])).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.append("courant.toml", SETTING);
    newsletter.readers(readers);
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(server.received().len(), readers);
    (server, newsletter)
}

/// Hands the program a mail or an mbox on stdin.
pub fn ingest(newsletter: &Newsletter, text: &str, flags: &[&str]) -> Ended {
    let arguments = [&["bounces", "ingest"], flags].concat();
    let mut child = newsletter
        .command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    Ended::of(child.wait_with_output().unwrap())
}

pub fn said(newsletter: &Newsletter, text: &str) -> String {
    let ended = ingest(newsletter, text, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stdout
}

pub fn state(newsletter: &Newsletter, reader: &str) -> String {
    let shown = newsletter.json(&["subscribers", "show", reader]);
    shown["state"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_in_the_maildir_leaves_the_reader_out_of_the_next_issue() {
    let (server, newsletter) = sent(3).await;
    let paths: HashSet<String> = server.received().into_iter().map(|m| m.from).collect();
    assert_eq!(paths.len(), 3, "one return path a delivery");
    for mail in server.received() {
        let (local, domain) = mail.from.rsplit_once('@').unwrap();
        assert!(
            local.starts_with("bounces+") && local.len() <= 64,
            "{local}"
        );
        assert_eq!(domain, "proef.example");
        let token = local.trim_start_matches("bounces+");
        assert!(!mail.content.contains(token), "{}", mail.content);
    }
    for folder in ["new", "cur", "tmp"] {
        fs::create_dir_all(newsletter.path("inbox").join(folder)).unwrap();
    }
    let bounced = mail_to(&server, "reader1@example.nl");
    let report = come_back("postfix-unknown-user", &bounced);
    newsletter.write("inbox/new/1795417207.M1P2.mx", &report);
    newsletter.write("inbox/cur/1795417208.M1P2.mx:2,F", "To: x\n\nhallo\n");
    newsletter.write("inbox/cur/1795417209.M1P2.mx:2,S", &report);

    let dry = newsletter.expect(&["bounces", "ingest", "inbox", "--dry-run"], 0);
    let line =
        "1795417207.M1P2.mx: hard bounce 5.1.1, r…@example.nl, issue 1: suppressed (bounced)\n";
    let other = "1795417208.M1P2.mx: letter: counts as nothing\n";
    assert_eq!(dry.stdout, format!("{line}{other}Nothing was saved.\n"));
    assert_eq!(state(&newsletter, "reader1@example.nl"), "active");

    let ended = newsletter.expect(&["bounces", "ingest", "inbox"], 0);
    assert_eq!(ended.stdout, format!("{line}{other}"));
    assert!(!newsletter.path("inbox/new/1795417207.M1P2.mx").exists());
    assert!(newsletter.path("inbox/cur/1795417207.M1P2.mx:2,S").exists());
    assert!(
        newsletter
            .path("inbox/cur/1795417208.M1P2.mx:2,FS")
            .exists()
    );
    assert_eq!(state(&newsletter, "reader1@example.nl"), "bounced");
    let again = newsletter.expect(&["bounces", "ingest", "inbox"], 0);
    assert_eq!(again.stdout, "", "nothing is read twice");

    newsletter.post("tweede", "Het tweede bericht");
    let next = newsletter.run_beside(&["run"]).await;
    let left_out = "left out: r…@example.nl (bounced)";
    assert!(next.stdout.contains(left_out), "{}", next.stdout);
    assert_eq!(server.copies("reader1@example.nl"), 1);
    assert_eq!(server.copies("reader0@example.nl"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_the_return_path_is_the_senders_address() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.readers(1);
    newsletter.run_beside(&["run"]).await;
    assert_eq!(server.received()[0].from, "proef@proef.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_token_proves_changes_nothing_and_a_report_counts_once() {
    let (server, newsletter) = sent(2).await;
    let mail = mail_to(&server, "reader0@example.nl");
    let (start, end) = mail.from.split_at(mail.from.len() - 20);
    let changed = if end.starts_with('A') { "B" } else { "A" };
    let forged = format!("{start}{changed}{}", &end[1..]);
    let fixture = "postfix-unknown-user";
    let cases = [
        (
            about(fixture, &forged, "reader0@example.nl"),
            "its token is forged",
        ),
        (
            about(fixture, "bounces@proef.example", "reader0@example.nl"),
            "nothing in it is ours",
        ),
        // One reader's token, and a report on another.
        (
            about(fixture, &mail.from, "reader1@example.nl"),
            "it names another reader than its token",
        ),
        (about("out-of-office", &mail.from, ""), "counts as nothing"),
    ];
    for (report, reason) in cases {
        let said = said(&newsletter, &report);
        assert!(said.contains(reason), "{said}");
        assert!(
            !said.contains("reader0") && !said.contains(&mail.from),
            "{said}"
        );
        for reader in ["reader0@example.nl", "reader1@example.nl"] {
            assert_eq!(state(&newsletter, reader), "active", "{reason}");
        }
    }
    // A forwarded mail's report names an address that nobody here has; the reader's own is there.
    let forwarded = about(fixture, &mail.from, "elders@example.com");
    let told = said(&newsletter, &forwarded);
    assert!(
        told.contains("counted, 1 of 5 in a row; it is a mailbox behind"),
        "{told}"
    );
    assert_eq!(state(&newsletter, "reader0@example.nl"), "active");
    let own = about(fixture, &mail.from, "reader0@example.nl");
    assert!(said(&newsletter, &own).contains("suppressed (bounced)"));
    assert_eq!(state(&newsletter, "reader0@example.nl"), "bounced");
    assert!(said(&newsletter, &own).contains("was dealt with before"));
    assert_eq!(state(&newsletter, "reader1@example.nl"), "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_suppresses_wherever_the_return_path_stands_in_it() {
    let (server, newsletter) = sent(3).await;
    let complaints = ["arf-abuse", "arf-redacted", "arf-not-spam"];
    for (fixture, n) in complaints.into_iter().zip(0..) {
        let mail = mail_to(&server, &format!("reader{n}@example.nl"));
        let ended = ingest(&newsletter, &come_back(fixture, &mail), &["--json"]);
        let told: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let expected = if n < 2 { "suppressed" } else { "nothing" };
        assert_eq!(told[0]["done"], expected, "{told}");
    }
    let states = [0, 1, 2].map(|n| state(&newsletter, &format!("reader{n}@example.nl")));
    assert_eq!(states, ["complained", "complained", "active"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_bounces_is_believed_by_nobody_until_the_operator_says_so() {
    let readers = 60;
    let (server, newsletter) = sent(readers).await;
    let mbox = |readers: std::ops::Range<usize>| -> String {
        let mails = readers.map(|n| mail_to(&server, &format!("reader{n}@example.nl")));
        let reports = mails.map(|mail| come_back("postfix-unknown-user", &mail));
        reports
            .map(|report| format!("From MAILER-DAEMON Mon Nov 23 08:00:07 2026\n{report}\n"))
            .collect()
    };
    let suppressed = || {
        let list = newsletter.json(&["subscribers", "list"]);
        let readers = list.as_array().unwrap().iter();
        readers
            .filter(|reader| reader["state"] == "bounced")
            .count()
    };
    // Ten are let through; the eleventh is more than a twentieth of sixty, within the same hour.
    let first = ingest(&newsletter, &mbox(0..10), &["-q"]);
    assert_eq!((first.code, first.stdout.as_str()), (0, ""));
    assert_eq!(suppressed(), 10);
    let flood = ingest(&newsletter, &mbox(10..14), &[]);
    assert_eq!(flood.code, 75);
    assert!(flood.stderr.starts_with("error: "), "{}", flood.stderr);
    let words = "14 of 60 readers would be suppressed by reports within an hour: nothing was done with these 4 messages";
    assert!(flood.stderr.contains(words), "{}", flood.stderr);
    assert_eq!(suppressed(), 10);
    // What was suppressed before makes no flood.
    assert_eq!(ingest(&newsletter, &mbox(0..10), &[]).code, 0);
    let looked = ingest(&newsletter, &mbox(10..14), &["--dry-run", "--yes"]);
    assert_eq!(looked.stdout.matches("suppressed (bounced)").count(), 4);
    assert_eq!(suppressed(), 10);
    assert_eq!(ingest(&newsletter, &mbox(10..14), &["--yes"]).code, 0);
    assert_eq!(suppressed(), 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_with_the_codes_of_other_commands() {
    let newsletter = Newsletter::new("mailbox");
    let before = ingest(&newsletter, "To: x\n\n", &[]);
    assert_eq!(before.code, 66);
    newsletter.readers(1);
    newsletter.expect(&["run"], 0);
    for missing in ["nergens", "posts"] {
        let ended = newsletter.expect(&["bounces", "ingest", missing], 66);
        assert!(ended.stderr.contains("cannot read"), "{}", ended.stderr);
    }
    assert_eq!(ingest(&newsletter, "", &[]).code, 0);
    newsletter.append(
        "courant.toml",
        "bounces = \"retourmeldingen@proef.example\"\n",
    );
    let ended = newsletter.expect(&["check"], 78);
    assert!(
        ended.stderr.contains("longer than 12 characters"),
        "{}",
        ended.stderr
    );
}
