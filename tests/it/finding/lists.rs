//! `sources import` and `export`: OPML in and out.

use std::io::Write as _;
use std::process::Stdio;

use super::newsletter;
use crate::support::newsletter::{Ended, Newsletter};

const LIST: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<opml version=\"2.0\">\n<head><title>Abonnementen</title></head>\n<body>\n\
    <outline text=\"Eerlijk verkopen\">\n\
    <outline type=\"rss\" text=\"De Waag &amp; co\" xmlUrl=\"https://waag.example/feed/\" htmlUrl=\"https://waag.example/\"/>\n\
    <outline text=\"Kaas\"><outline type=\"rss\" text=\"Kaas – een blog\" xmlUrl=\"https://kaas.example/atom.xml\" category=\"/Eten,/Markt\"/></outline>\n\
    </outline>\n\
    <outline type=\"rss\" text=\"Nog eens de Waag\" xmlUrl=\"http://waag.example/feed/?utm_source=x\"/>\n\
    <outline type=\"rss\" text=\"Kapot\" xmlUrl=\"waag.example\"/>\n\
    </body>\n</opml>\n";

fn import(newsletter: &Newsletter, list: &str, more: &[&str]) -> Ended {
    let mut child = newsletter
        .command(&[&["sources", "import", "-"], more].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(list.as_bytes())
        .unwrap();
    Ended::of(child.wait_with_output().unwrap())
}

/// The list without the time at which it was made.
fn undated(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.contains("<dateCreated>") {
            true => "    <dateCreated/>",
            false => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_list_comes_in_with_its_topics_and_goes_out_again() {
    let newsletter = newsletter("");
    let before = newsletter.read("courant.toml");
    let dry = import(&newsletter, LIST, &["--dry-run"]);
    assert_eq!(
        (dry.code, newsletter.read("courant.toml")),
        (1, before.clone())
    );
    let ended = import(&newsletter, LIST, &["--topic", "lezen"]);
    assert_eq!(ended.code, 1);
    let after = newsletter.read("courant.toml");
    let added: Vec<&str> = after
        .lines()
        .filter(|line| !before.lines().any(|old| old == *line))
        .collect();
    let export = newsletter.expect(&["sources", "export"], 0).stdout;
    let shown = format!(
        "{}---\n{}---\n{}\n---\n{}",
        ended.stdout,
        ended.stderr,
        added.join("\n"),
        undated(&export)
    );
    insta::assert_snapshot!("opml_in_and_out", shown);
    // Another newsletter that takes the list has the same sources.
    let other = super::newsletter("");
    assert_eq!(import(&other, &export, &[]).code, 0);
    let sources = |newsletter: &Newsletter| newsletter.json(&["sources", "list"]);
    assert_eq!(sources(&other).as_array().unwrap().len(), 3);
    assert_eq!(
        undated(&other.expect(&["sources", "export"], 0).stdout),
        undated(&export)
    );
    assert!(
        import(&newsletter, &export, &[])
            .stdout
            .starts_with("0 sources added")
    );
}

#[test]
fn thousands_come_in_at_once() {
    let newsletter = newsletter("");
    let outlines: String = (0..3_000)
        .map(|n| {
            format!(
                "<outline type='rss' text='Blog {}' xmlUrl='https://blog{n}.example/feed'/>\n",
                n % 50
            )
        })
        .collect();
    let list = format!("<opml version='1.0'><body>\n{outlines}</body></opml>");
    let ended = import(&newsletter, &list, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("3000 sources added"),
        "{}",
        ended.stdout
    );
    assert_eq!(
        newsletter
            .json(&["sources", "list"])
            .as_array()
            .unwrap()
            .len(),
        3_001
    );
}

#[test]
fn what_is_no_list_is_refused() {
    let newsletter = newsletter("");
    newsletter.write("x.opml", "<html><p>Hallo");
    let before = newsletter.read("courant.toml");
    let ended = newsletter.expect(&["sources", "import", "x.opml"], 65);
    assert_eq!(
        ended.stderr,
        "error: `x.opml`: this is no OPML\nhint: feed readers call it “export subscriptions”, and the file ends in .opml\n"
    );
    newsletter.expect(&["sources", "import", "weg.opml"], 66);
    newsletter.expect(&["sources", "export", "--out", "geen/map.opml"], 73);
    assert_eq!(newsletter.read("courant.toml"), before);
}
