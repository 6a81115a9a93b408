//! Which ways out a mail offers, and who is told where nobody reads.

use super::inbox::said;
use super::leaving::{HERE, LEFT, PUBLIC, leaving, letter, mailto, plain, sent, ways, written};
use super::mail_to;

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_offers_the_ways_out_that_there_are() {
    let only_web = "[bounces]\nunsubscribe = \"web\"\n";
    let only_mail = "[bounces]\nunsubscribe = \"mail\"\n";
    for (url, settings, page, mail) in [
        (HERE, "", false, true),
        (HERE, only_web, true, false),
        (PUBLIC, "", true, true),
        (PUBLIC, only_web, true, false),
        (PUBLIC, only_mail, false, true),
    ] {
        let (server, newsletter) = sent(1, url, settings).await;
        let sent = &server.received()[0];
        let ways = ways(sent);
        let is_mail = |way: &&String| way.starts_with("mailto:bounces+");
        assert_eq!(
            ways.len(),
            usize::from(page) + usize::from(mail),
            "{ways:?}"
        );
        assert_eq!(ways.iter().filter(is_mail).count(), usize::from(mail));
        assert_eq!(ways[0].starts_with(url), page, "{ways:?}");
        let one_click = sent.content.contains("\r\nList-Unsubscribe-Post: ");
        assert_eq!(one_click, page, "one click is a promise of the page");
        assert!(sent.content.lines().all(|line| line.len() < 200));
        // The foot of both parts says the same.
        let link = match page {
            true => format!("{url}/unsubscribe/"),
            false => "mailto:bounces+".to_owned(),
        };
        let text = plain(sent);
        assert!(text.contains(&format!("href=\"{link}")), "{text}");
        assert!(text.contains(&format!("Uitschrijven:\r\n{link}")), "{text}");
        let other = if page {
            "mailto:bounces"
        } else {
            "/unsubscribe/"
        };
        let body = text.split_once("\r\n\r\n").unwrap().1;
        assert!(!body.contains(other), "{body}");
        if mail {
            let (to, subject) = letter(&mailto(sent));
            let local = to.split_once('@').unwrap().0;
            assert!(local.len() <= 64, "{local}");
            assert_eq!(to.split_once('@').unwrap().1, "proef.example");
            let token = local.strip_prefix("bounces+").unwrap();
            assert_eq!(subject, format!("unsubscribe {token}"));
            assert!(said(&newsletter, &leaving(sent)).contains(LEFT));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_the_foot_leaves_as_well() {
    let (server, newsletter) = sent(1, HERE, "").await;
    let text = plain(&server.received()[0]);
    let link = text.split("Uitschrijven:\r\n").nth(1).unwrap();
    let link = link.split("\r\n").next().unwrap();
    let mail = written("x@elders.example", &letter(link), "");
    assert!(said(&newsletter, &mail).contains(LEFT), "{mail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_so_where_nobody_reads_who_leaves() {
    let (server, newsletter) = sent(1, HERE, "").await;
    let warned = newsletter.expect(&["check"], 0).stderr;
    insta::assert_snapshot!("unread_letters", warned);

    // Each of these ends it; a run says nothing of it in any case.
    let mut before = String::new();
    for read in [
        "inbox = \"Maildir\"",
        "unsubscribe = \"web\"",
        "inbox = \"-\"",
    ] {
        let section = format!("[bounces]\n{read}\n");
        match before.is_empty() {
            true => newsletter.append("courant.toml", &section),
            false => newsletter.replace("courant.toml", &before, &section),
        }
        before = section;
        assert_eq!(newsletter.expect(&["check"], 0).stderr, "", "{read}");
    }

    // With the last of them a run looks for no inbox, and `bounces ingest` reads what is piped into it.
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let mail = mail_to(&server, "reader0@example.nl");
    let told = said(&newsletter, &leaving(&mail));
    assert!(told.contains(LEFT), "{told}");
}
