//! What readers of the repository's own newsletter get to see: every message sound, every link of the archive alive.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::newsletter::Newsletter;
use crate::support::programs::not_run;

/// Where the repository's newsletter says that it answers.
const BASE: &str = "http://127.0.0.1:8080";

/// Opens each message of a Maildir as a mail program would, and says as JSON what is in it.
const OPEN_MESSAGES: &str = r#"
import email, email.policy, html.parser, json, pathlib, sys

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.words, self.bare, self.silent = [], [], [], False
    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.silent = tag in ("title", "style")
        if tag == "a":
            self.links.append(attributes["href"])
        if tag == "img" and not {"src", "alt", "width", "height"} <= attributes.keys():
            self.bare.append(attributes)
    def handle_endtag(self, tag):
        self.silent = False
    def handle_data(self, data):
        if not self.silent:
            self.words.append(data)

def opened(path):
    raw = path.read_bytes()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    defects = [repr(d) for part in message.walk() for d in part.defects]
    for name, value in message.items():
        defects += [name + ": " + repr(d) for d in value.defects]
    parts = {p.get_content_type(): p.get_content() for p in message.walk() if not p.is_multipart()}
    page = Page()
    page.feed(parts.get("text/html", ""))
    return {
        "defects": defects,
        "headers": sorted(name.lower() for name in message.keys()),
        "longest": max(len(line) for line in raw.splitlines()),
        "language": message["Content-Language"],
        "kinds": list(parts),
        "text": parts["text/plain"],
        "html": parts.get("text/html"),
        "links": page.links,
        "words": " ".join(" ".join(page.words).split()),
        "bare": page.bare,
    }

print(json.dumps([opened(path) for path in pathlib.Path(sys.argv[1]).iterdir()]))
"#;

/// The messages as Python's `email` package opens them; `None`, said on one line, without Python.
fn opened(newsletter: &Newsletter) -> Option<Vec<Value>> {
    let mut python = Command::new("python3");
    python.args(["-c", OPEN_MESSAGES]);
    let Ok(output) = python.arg(newsletter.path("state/mailbox/new")).output() else {
        not_run("python3", "opening every message of the first run");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn strings(value: &Value) -> BTreeSet<&str> {
    let list = value.as_array().unwrap();
    list.iter().map(|item| item.as_str().unwrap()).collect()
}

/// Addresses of stories among these.
fn stories<'a>(links: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    links.filter(|link| link.contains("/posts/")).collect()
}

#[test]
fn every_message_is_sound_and_both_its_parts_tell_the_same_stories() {
    let newsletter = Newsletter::of_the_repository();
    newsletter.expect(&["run"], 0);
    let issue = newsletter.json(&["issues", "show", "1"]);
    let titles = issue["posts"].as_array().unwrap();
    let titles: BTreeSet<&str> = titles
        .iter()
        .map(|p| p["title"].as_str().unwrap())
        .collect();
    assert!(titles.len() >= 10, "{titles:?}");
    let Some(messages) = opened(&newsletter) else {
        return;
    };
    assert!(messages.len() >= 8);
    let mut told = BTreeSet::new();
    for message in &messages {
        check_envelope(message);
        told.extend(check_parts(message, &titles));
    }
    assert_eq!(told, titles, "a post that nobody reads of");
}

/// Headers once each, lines of a fit length (RFC 5322 §2.1.1, §3.6), nothing that Python takes offence at.
fn check_envelope(message: &Value) {
    assert_eq!(message["defects"], Value::Array(vec![]));
    assert!(message["longest"].as_u64().unwrap() <= 998);
    let headers = message["headers"].as_array().unwrap();
    for name in [
        "content-language",
        "content-type",
        "date",
        "from",
        "list-id",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "message-id",
        "mime-version",
        "subject",
        "to",
    ] {
        let count = headers.iter().filter(|header| *header == name).count();
        assert_eq!(count, 1, "{name}");
    }
}

/// Gives the titles that the message tells of.
fn check_parts<'a>(message: &Value, titles: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let text = message["text"].as_str().unwrap();
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let links = stories(text.split_whitespace());
    let told: BTreeSet<&str> = titles
        .iter()
        .filter(|title| flowing.contains(&format!("* {title}")))
        .copied()
        .collect();
    assert_eq!(told.len(), links.len(), "{text}");
    assert!(!told.is_empty());
    let english = message["language"] == "en";
    assert_eq!(flowing.contains("Fresh off the scales"), english, "{text}");
    assert_eq!(flowing.contains("Vers van de schaal"), !english, "{text}");
    assert!(text.contains("\n-- \n"), "no mark before the foot");
    for part in [text, message["html"].as_str().unwrap_or_default()] {
        assert!(!part.contains("{{"), "a template's tag is left");
        assert!(!has_token(part), "a slot is left");
    }
    if message["kinds"] == serde_json::json!(["text/plain", "text/html"]) {
        let html = strings(&message["links"]);
        assert_eq!(stories(html.iter().copied()), links);
        let words = message["words"].as_str().unwrap();
        assert!(told.iter().all(|title| words.contains(title)), "{words}");
        assert_eq!(
            message["bare"],
            Value::Array(vec![]),
            "pictures without size"
        );
    } else {
        assert_eq!(message["kinds"], serde_json::json!(["text/plain"]));
    }
    told
}

/// Whether the text has the token of a slot: `slot` and a nonce of 32 hex digits.
fn has_token(text: &str) -> bool {
    text.split("slot").skip(1).any(|rest| {
        let digits = rest.bytes().take(32);
        digits.filter(u8::is_ascii_hexdigit).count() == 32
    })
}

#[test]
fn every_link_and_picture_of_the_archive_is_there() {
    let newsletter = Newsletter::of_the_repository();
    newsletter.expect(&["run"], 0);
    let public = newsletter.path("state/public");
    let mut documents = Vec::new();
    collect(&public, &mut documents);
    assert!(documents.len() >= 15, "{documents:?}");
    let mut ours = 0;
    for document in &documents {
        let text = fs::read_to_string(document).unwrap();
        for address in addresses(&text) {
            let shown = document.display();
            assert!(
                ["http://", "https://"]
                    .iter()
                    .any(|scheme| address.starts_with(scheme)),
                "{address} in {shown}"
            );
            if let Some(path) = address.strip_prefix(BASE) {
                let path = path
                    .split(['?', '#'])
                    .next()
                    .unwrap()
                    .trim_start_matches('/');
                let file = public.join(path);
                let page = file.join("index.html");
                assert!(file.is_file() || page.is_file(), "{address} in {shown}");
                ours += 1;
            }
        }
        for picture in text.split("<img").skip(1) {
            let tag = picture.split('>').next().unwrap();
            for attribute in [" src=\"", " alt=\"", " width=\"", " height=\""] {
                assert!(tag.contains(attribute), "<img{tag}> lacks{attribute}");
            }
        }
    }
    assert!(ours > 100, "only {ours} addresses were looked at");
}

/// The pages and the feed below a folder.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|extension| extension.to_str()) {
            None => collect(&path, found),
            Some("html" | "xml") => found.push(path),
            Some(_) => {}
        }
    }
}

/// Where a page or the feed leads: values of `href` and `src`, and the feed's `<link>`.
fn addresses(text: &str) -> Vec<String> {
    let after = |mark: &'static str, end: char| {
        let rests = text.split(mark).skip(1);
        rests.filter_map(move |rest| rest.split(end).next())
    };
    after(" href=\"", '"')
        .chain(after(" src=\"", '"'))
        .chain(after("<link>", '<'))
        .map(|address| address.replace("&amp;", "&"))
        .collect()
}
