//! `courant sources parse`: a manifest in, a JSON line a document out, whatever the documents are.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const RSS: &str = include_str!("../fixtures/gather/dialects/rss20.xml");
const JSON: &str = include_str!("../fixtures/gather/dialects/feed10.json");

/// Runs the program in an empty folder, with a manifest on its standard input.
fn parse(folder: &std::path::Path, manifest: &str) -> Vec<Value> {
    let mut program = Command::new(crate::support::newsletter::program())
        .args(["sources", "parse", "--manifest", "-"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    input.write_all(manifest.as_bytes()).unwrap();
    drop(input);
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_manifest_gives_a_line_a_document_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let line = |id: &str, name: &str, document: &str| {
        std::fs::write(folder.path().join(name), document).unwrap();
        json!({"id": id, "path": name, "url": "https://toonbank.example.nl/feed", "headers": {}})
            .to_string()
    };
    let wide: String = "\u{2028}".into();
    let manifest = [
        line("a", "a.xml", RSS),
        line("b", "b.json", JSON),
        line("c", "c.html", "<!doctype html><p>Dag"),
        json!({"id": "d", "path": "geen.xml"}).to_string(),
        "geen json".to_owned(),
        line("e", "e.xml", &RSS.replace("De begroeting.", &wide)),
    ]
    .join("\n");
    let answers = parse(folder.path(), &manifest);
    let of = |field: &str| -> Vec<&Value> { answers.iter().map(|answer| &answer[field]).collect() };
    assert_eq!(
        of("id"),
        [
            &json!("a"),
            &json!("b"),
            &json!("c"),
            &json!("d"),
            &Value::Null,
            &json!("e")
        ]
    );
    assert_eq!(of("status"), ["ok", "ok", "err", "err", "err", "ok"]);
    assert_eq!(of("kind")[..3], ["rss20", "json1", "html"]);
    assert_eq!(answers[2]["err"], "this is a web page, not a feed");
    assert!(
        answers[3]["err"]
            .as_str()
            .unwrap()
            .starts_with("cannot read `geen.xml`")
    );
    let entry = &answers[0]["entries"][0];
    assert_eq!(
        entry["title"],
        json!({"value": "De deur &amp; de gevel", "type": "text/html"})
    );
    assert_eq!(entry["link"], "https://toonbank.example.nl/deur");
    assert_eq!(entry["published"], "2026-11-02T07:30:00Z");
    assert_eq!(
        entry["authors"],
        json!([{"name": "Fatima el Idrissi", "email": "fatima@toonbank.example.nl", "href": null}])
    );
    assert_eq!(
        entry["content"],
        json!([{"value": "<p>Een deur die open staat.</p>", "type": "text/html"}])
    );
    let keys: Vec<&String> = entry.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "title",
            "link",
            "links",
            "id",
            "authors",
            "published",
            "updated",
            "summary",
            "content",
            "rights",
            "categories",
            "enclosures"
        ]
    );
}

#[test]
fn headers_say_where_a_document_lives_and_how_it_is_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let document = b"<rss version='2.0'><channel><item><title>Caf\xe9</title><link>een</link></item></channel></rss>";
    std::fs::write(folder.path().join("a.xml"), document).unwrap();
    let manifest = json!({
        "id": 7, "path": "a.xml", "url": "https://a.example/feed",
        "headers": {"CONTENT-TYPE": "text/xml; charset=iso-8859-2", "content-location": "/map/"}
    });
    let answer = &parse(folder.path(), &manifest.to_string())[0];
    assert_eq!(answer["id"], 7);
    assert_eq!(answer["entries"][0]["title"]["value"], "Café");
    assert_eq!(answer["entries"][0]["link"], "https://a.example/map/een");
}

#[test]
fn no_document_takes_long() {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = String::new();
    for (name, piece) in [
        ("deep", "<a>"),
        ("quotes", "<a b=\"c"),
        ("comments", "<!-- "),
        ("data", "<![CDATA["),
        ("references", "&amp"),
        ("items", "<item>"),
        ("prefixes", "<a xmlns:b='c'>"),
        ("nesting", "<description>&lt;div&gt;"),
        ("ends", "</a>"),
    ] {
        let document = format!(
            "<rss><channel><item><title>x</title>{}",
            piece.repeat(10_000)
        );
        std::fs::write(folder.path().join(name), document).unwrap();
        manifest.push_str(&json!({"id": name, "path": name}).to_string());
        manifest.push('\n');
    }
    for answer in parse(folder.path(), &manifest) {
        assert_eq!(answer["status"], "ok", "{}", answer["id"]);
        assert_eq!(answer["kind"], "rss", "{}", answer["id"]);
    }
}

#[test]
fn a_test_names_every_repair_and_every_title_that_was_made() {
    let mut newsletter = crate::support::newsletter::Newsletter::new("mailbox");
    newsletter.set("NO_COLOR", "1");
    newsletter.write(
        "kapot.xml",
        "<rss><channel><title>Vraag & antwoord</title><item><title>Een &nbsp; titel</title>\
         <link>https://a.example/1</link><pubDate>12 mei 2026 14:00 CEST</pubDate>\
         <description>Tekst & meer.</description></item>\
         <item><link>https://a.example/2</link><description>Zonder titel begint dit. En dan meer.</description></item>\
         <item><title>Twee",
    );
    let file = newsletter.path("kapot.xml").display().to_string();
    let ended = newsletter.expect(&["sources", "test", &file], 0);
    for words in [
        "repaired: a bare `&` was read as text",
        "Zonder titel begint dit (title made of the text)",
    ] {
        assert!(ended.stdout.contains(words), "{words}\n{}", ended.stdout);
    }
    assert!(
        ended.stderr.contains("ends in the middle of an item"),
        "{}",
        ended.stderr
    );
    let repairs = newsletter.json(&["sources", "test", &file])["repairs"].clone();
    assert!(repairs.as_array().unwrap().len() > 1, "{repairs}");

    newsletter.write(
        "posts/derde.txt",
        "Kijk om je heen en zie wat er staat. Het staat er al jaren, zegt de buurman.\n",
    );
    let planned = newsletter.expect(&["plan"], 0);
    let line = planned
        .stdout
        .lines()
        .find(|line| line.contains("Kijk om je heen"));
    assert!(
        line.unwrap().contains("(title made of the text)"),
        "{}",
        planned.stdout
    );
}
