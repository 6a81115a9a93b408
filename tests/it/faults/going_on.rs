//! What touches one reader, post or source: it is named with its place and cause, and the rest goes out.

use crate::support::http::Answer;

use super::Watched;

/// One of each fault that leaves the others alone.
fn spoil(watched: &Watched) {
    let newsletter = &watched.newsletter;
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"jan.example.nl\"\n\n[[subscriber]]\nemail = \"Reader0@example.NL\"\n",
    );
    newsletter.write(
        "posts/kapot.md",
        "---\ntitle: \"Zonder einde\ndate: 2026-11-02\n---\n\nTekst.\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_reader_post_or_source_is_named_and_the_rest_goes_out() {
    let watched = Watched::new().await;
    spoil(&watched);
    // Nobody listens on port 1.
    watched.newsletter.append(
        "courant.toml",
        &format!(
            "\n[[source]]\nname = \"dicht\"\nurl = \"http://127.0.0.1:1/feed.xml\"\n\n\
             [[source]]\nname = \"stuk\"\nurl = \"{}\"\n\n[[source]]\nname = \"pagina\"\nurl = \"{}\"\n\n\
             [[source]]\nname = \"intern\"\nurl = \"http://10.1.2.3/feed.xml\"\n",
            watched.http.url("/stuk"),
            watched.http.url("/pagina"),
        ),
    );
    watched.http.on("/stuk", Answer::status(500));
    let page =
        "<!doctype html><html><head><title>x</title></head><body><p>Geen feed.</p></body></html>";
    watched.http.on("/pagina", Answer::ok("text/html", page));

    let check = watched.refused_data(&["check"]).await;
    insta::assert_snapshot!("going_on_check", check);

    let run = watched.expect(&["run"], 1).await;
    insta::assert_snapshot!("going_on_run", watched.plain(&run.stderr));
    assert!(
        run.stdout.contains("2 posts in 1 variant for 2 readers"),
        "{}",
        run.stdout
    );
    let received = watched.smtp.received();
    assert_eq!(received.len(), 2, "{}", run.stdout);
    for message in received {
        assert!(message.content.contains("Het eerste bericht"));
        assert!(message.content.contains("Een bericht van elders"));
    }
    let list = watched.expect(&["sources", "list"], 0).await;
    assert!(
        list.stdout.contains("the server failed (500)"),
        "{}",
        list.stdout
    );
}

#[test]
fn many_sources_do_not_keep_the_database_from_each_other() {
    let newsletter = crate::support::newsletter::Newsletter::new("mailbox");
    newsletter.readers(1);
    for number in 0..40 {
        let name = format!("bron{number}");
        newsletter.write(
            &format!("{name}/post.md"),
            &format!("# Bericht {number}\n\nTekst.\n"),
        );
        let source = format!("\n[[source]]\nname = \"{name}\"\nfolder = \"{name}\"\n");
        newsletter.append("courant.toml", &source);
    }
    let report = newsletter.json(&["run"]);
    assert_eq!(report["sources"].as_array().unwrap().len(), 41, "{report}");
    assert_eq!(report["issues"][0]["account"]["sent"], 1, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_reads_the_subscribers_names_the_bad_entries() {
    let watched = Watched::new().await;
    spoil(&watched);
    for arguments in [
        &["plan"][..],
        &["preview"],
        &["run", "--dry-run"],
        &["subscribers", "list"],
        &["subscribers", "show", "reader1@example.nl"],
        &["send-test", "jan@example.nl"],
    ] {
        let ended = watched.expect(arguments, 1).await;
        assert!(
            ended.stderr.contains("subscribers.toml:"),
            "{arguments:?}\n{}",
            ended.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_no_summary_is_told_on_stderr_of_mails_that_did_not_go_out() {
    use crate::support::smtp::{Stage, at};
    let watched = Watched::new().await;
    let gone = at(Stage::Rcpt).to("reader1@example.nl");
    watched.smtp.rule(gone.say("550 5.1.1 no such user"));
    let run = watched.expect(&["-q", "run"], 1).await;
    assert_eq!(run.stdout, "");
    insta::assert_snapshot!("quiet_and_in_part", watched.plain(&run.stderr));
}

impl Watched {
    /// As a check of data refuses: 65, with all that it said.
    async fn refused_data(&self, arguments: &[&str]) -> String {
        let before = self.seen();
        let ended = self.expect(arguments, 65).await;
        assert_eq!(self.seen(), before, "{arguments:?} fetched or sent");
        self.plain(&format!("{}{}", ended.stderr, ended.stdout))
    }
}
