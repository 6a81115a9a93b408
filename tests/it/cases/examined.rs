//! What the doctor must see before readers do.

use crate::support::dns::Zone;
use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::{Ended, Newsletter};
use crate::support::served::Served;

/// A newsletter that ran, and whose relay is elsewhere from now on.
async fn patient() -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    let ran = newsletter.run_beside(&["run"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    newsletter.replace("courant.toml", "\"mailbox\"", "\"smtp://127.0.0.1:9\"");
    newsletter.append("courant.toml", "\n[gather]\nallow = [\"127.0.0.1\"]\n");
    newsletter
}

async fn doctor(newsletter: &Newsletter, url: &str, zone: Zone) -> Ended {
    let text = newsletter.read("courant.toml");
    let old = text
        .lines()
        .find(|line| line.starts_with("url = "))
        .unwrap();
    newsletter.replace("courant.toml", old, &format!("url = \"{url}\""));
    let server = zone.serve().to_string();
    Ended::after(newsletter.start(&["doctor", "--name-server", &server])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_newsletters_site_is_not_taken_for_ones_own() {
    let (one, two) = (patient().await, patient().await);
    let served = Served::start(&one).await;
    let url = &served.url();
    let own = doctor(&one, url, Zone::default()).await;
    assert!(
        own.stdout.contains("knows this newsletter's links"),
        "{}",
        own.stderr
    );
    let other = doctor(&two, url, Zone::default()).await;
    assert!(!other.stdout.contains("site "), "{}", other.stdout);
    assert!(other.stderr.contains("it is another's"), "{}", other.stderr);
    // The page that says only that it is there is no proof.
    let imitation = HttpServer::start();
    imitation.on("/healthz", Answer::ok("text/plain", "ok\n"));
    let url = imitation.url("").to_string();
    let other = doctor(&one, url.trim_end_matches('/'), Zone::default()).await;
    assert!(other.stderr.contains("it is another's"), "{}", other.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_server_that_has_the_files_alone_is_told_apart() {
    let newsletter = patient().await;
    let files = HttpServer::start();
    let robots = newsletter.read("state/public/robots.txt");
    files.on("/robots.txt", Answer::ok("text/plain", robots));
    let url = files.url("").to_string();
    let ended = doctor(&newsletter, url.trim_end_matches('/'), Zone::default()).await;
    let words = "gives the published files, and not the page on which readers leave";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_above_the_domain_counts_by_its_words_for_what_is_below() {
    let newsletter = patient().await;
    newsletter.replace(
        "courant.toml",
        "proef@proef.example",
        "proef@nieuws.proef.example",
    );
    let zone = |record: &str| Zone::default().txt("_dmarc.proef.example", record);
    let with = zone("v=DMARC1; p=none; sp=reject; t=y");
    let ended = doctor(&newsletter, "http://127.0.0.1:9", with).await;
    let words = "nieuws.proef.example: sp=reject, at _dmarc.proef.example; as a test (t=y)";
    assert!(ended.stdout.contains(words), "{}", ended.stdout);
    // A registry's record is asked for too, and its customer's domain does not exist.
    let registry = Zone::default().txt("_dmarc.example", "v=DMARC1; p=none; np=reject; psd=y");
    let ended = doctor(&newsletter, "http://127.0.0.1:9", registry).await;
    let words = "nieuws.proef.example: np=reject, at _dmarc.example";
    assert!(ended.stdout.contains(words), "{}", ended.stdout);
    // The line for cron has full paths.
    let line = ended
        .stdout
        .lines()
        .find(|line| line.starts_with("crontab"));
    let line = line.unwrap();
    let newsletter = format!(" -c {} -q run --due", newsletter.folder().display());
    assert!(
        line.contains("*/5 * * * * /") && line.ends_with(&newsletter),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_would_refuse_as_a_placeholder_is_told_beside_all_else() {
    let newsletter = patient().await;
    // A relay elsewhere; nobody has a name like this one.
    let elsewhere = "smtps://relay.invalid";
    newsletter.replace("courant.toml", "smtp://127.0.0.1:9", elsewhere);
    let ended = doctor(&newsletter, "http://127.0.0.1:9", Zone::default()).await;
    assert_eq!(ended.code, 78, "{}", ended.stderr);
    for words in [
        "`proef@proef.example` is a placeholder",
        "`http://127.0.0.1:9` is a placeholder",
        "has no DMARC record",
    ] {
        assert!(ended.stderr.contains(words), "{words}\n{}", ended.stderr);
    }
}
