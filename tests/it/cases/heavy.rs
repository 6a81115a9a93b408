//! What one source sends stops neither the newsletter's own post nor the end of a run.

use std::process::Command;

use super::feeds::{Item, Reading};
use crate::support::http::Answer;
use crate::support::newsletter::{Ended, program};

/// Formatting that a tree builder opens again in each of 16,000 paragraphs: 322 KB.
fn reopened() -> String {
    let open: String = (0..250).map(|n| format!("<b x={n}>")).collect();
    let text = format!("<p>{open}</p>{}", "<p>x</p>".repeat(16_000));
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<rss version=\"2.0\"><channel><title>T</title><item><guid>1</guid><title>Zwaar</title><description>{text}</description></item></channel></rss>"
    )
}

fn own() -> Item {
    Item {
        guid: Some("own".to_owned()),
        link: "https://own.example/own".to_owned(),
        title: "Eigen bericht".to_owned(),
        date: None,
        text: "Wat hier gebeurde.".to_owned(),
    }
}

#[test]
fn a_feed_that_wants_gigabytes_leaves_the_own_post_alone() {
    let reading = Reading::new(&["zwaar", "eigen"]);
    let server = &reading.server;
    server.on("/zwaar", Answer::ok("application/rss+xml", reopened()));
    reading.show("eigen", "https://own.example", &[own()]);
    let mut run = reading.newsletter.command_of("/bin/sh".as_ref(), &[]);
    let script = format!("ulimit -v 2500000; exec {} run", program().display());
    let ended = Ended::of(run.args(["-c", &script]).output().unwrap());
    assert!(matches!(ended.code, 0 | 1), "{ended:?}");
    let mails = reading.newsletter.mailbox();
    assert!(mails.len() == 1 && mails[0].contains("Eigen bericht"));
}

#[test]
fn a_document_that_would_take_too_much_memory_is_refused_by_name() {
    let reading = Reading::new(&["klein", "breed"]);
    reading.newsletter.replace(
        "courant.toml",
        "[gather]\n",
        "[gather]\nmemory = \"20 MB\"\n",
    );
    let server = &reading.server;
    let items = "<item/>".repeat(40_000);
    let wide = format!("<rss version=\"2.0\"><channel><title>T</title>{items}</channel></rss>");
    server.on("/breed", Answer::ok("application/rss+xml", wide));
    reading.show("klein", "https://own.example", &[own()]);
    let ended = reading.newsletter.run(&["gather", "klein", "breed"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let told = "error: source `breed`: the document would take more than 10 MB of memory to read";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    assert!(ended.stdout.contains("klein"), "{}", ended.stdout);
}

/// The feed is some megabytes of small items: read unoptimised it takes far longer than a signal takes to arrive.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_asked_to_end_while_a_document_is_read_ends() {
    let reading = Reading::new(&["lang"]);
    let text = "&lt;p&gt;Een zin met &lt;b&gt;vette&lt;/b&gt; woorden.&lt;/p&gt;".repeat(60_000);
    let feed = format!(
        "<rss version=\"2.0\"><channel><title>T</title><item><guid>1</guid><title>Lang</title><description>{text}</description></item></channel></rss>"
    );
    reading
        .server
        .on("/lang", Answer::ok("application/rss+xml", feed));
    let child = reading.newsletter.start(&["gather", "lang"]);
    let pid = child.id().to_string();
    reading.server.arrived(1).await;
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.unwrap().success());
    let ended = Ended::after(child).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!ended.stdout.contains("new of"), "it was read: {ended:?}");
}
