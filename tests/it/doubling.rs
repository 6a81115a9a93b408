//! Twice as much of anything, anywhere, costs no more than two and a half times as much: in work and memory as the reader counts
//! them, and in octets asked of the allocator. Clocks are not looked at; `benches/hostile/sweep.py` does that, at full size.

use courant::gather::{self, Error};
use courant::model::{Source, SourceKind, SourceName};
use url::Url;

/// Octets of atoms; the other document has twice as many. Small, since everything is read unoptimised here.
const SIZE: usize = 800;

/// What grows by less than this says nothing: buffers grow in steps.
const WORK: u64 = 20_000;
const OCTETS: u64 = 200_000;

/// Signs, tags open and closed, references, and pieces of addresses, dates and notations.
const ATOMS: [&str; 84] = [
    "<",
    "<a",
    "<a ",
    "<b>",
    "&",
    "&#",
    "&aaaaaaaaaaaa",
    "&a;",
    "&#65;",
    "&amp;",
    "&lt;a ",
    "&nbsp;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "<!DOCTYPE ",
    "<!DOCTYPE x [>",
    "<!DOCTYPE x [",
    "\"",
    "'",
    "a=\"",
    " a=b",
    "<template>",
    "<head>",
    "<script>",
    "<style>",
    "<noscript>",
    "<textarea>",
    "<title>",
    "<svg>",
    "<table>",
    "<table><tr><td>",
    "<td>",
    "<li>",
    "<ul><li>",
    "<p>",
    "<p></p>",
    "</p>",
    "</b>",
    "<br>",
    "<a href=/x>",
    "<img src=/x.jpg>",
    "<img src=/x.jpg><a>",
    "<b><i></b>",
    "<select><option>",
    "\u{1}",
    "e\u{301}\u{302}\u{303}",
    "\u{202e}",
    "\u{200b}",
    " ",
    "\n",
    "\r\n",
    ". ",
    "...",
    "o.a. ",
    "/",
    "%41",
    "-",
    ", ",
    "1",
    "@",
    "a@b.example ",
    "http://a.example/ ",
    "http://",
    "(",
    "[",
    "[a](",
    "![a](a.jpg)",
    "[[a]]",
    "*",
    "_",
    "`",
    "> ",
    "- a\n",
    "| a ",
    "é",
    "\u{1f600}",
    ":",
    "a: b\n",
    "<div><p>",
    "<item/>",
    "--b\n",
];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn feed(items: &str) -> String {
    format!(
        "<rss version=\"2.0\"><channel><title>T</title><link>https://x.example/</link>{items}</channel></rss>"
    )
}

fn item(fields: &str) -> String {
    feed(&format!("<item><guid>1</guid>{fields}</item>"))
}

fn page(body: &str) -> String {
    let words = "Een gewone zin met genoeg woorden om een artikel te zijn. ".repeat(12);
    format!(
        "<!DOCTYPE html><html><head><title>T</title></head><body><article><h1>T</h1><p>{words}</p>{body}</article></body></html>"
    )
}

fn source() -> Source {
    let url = Url::parse("https://x.example/feed").unwrap();
    Source::new(SourceName::parse("x").unwrap(), SourceKind::Url(url))
}

/// What reading a document takes: counted work and memory, and octets allocated.
fn cost(read: impl FnOnce() -> Result<(), Error>) -> (u64, u64) {
    let mut counted = gather::Cost::default();
    let allocated = allocation_counter::measure(|| {
        let (result, cost) = gather::measured(read);
        // What cannot be read, or is refused, is as good as what can.
        drop(result);
        counted = cost;
    });
    (counted.work + counted.memory as u64, allocated.bytes_total)
}

fn of_feed(document: &str) -> (u64, u64) {
    let source = source();
    let url = Url::parse("https://x.example/feed").unwrap();
    cost(|| gather::read_feed(document.as_bytes(), None, &url, &source).map(drop))
}

fn of_page(document: &str) -> (u64, u64) {
    let source = source();
    let url = Url::parse("https://x.example/artikel").unwrap();
    cost(|| gather::read_page(document.as_bytes(), None, &url, &source).map(drop))
}

fn of_note(name: &str, document: &str) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), document).unwrap();
    let source = source();
    let now = "2026-12-01T12:00:00Z".parse().unwrap();
    cost(|| gather::read_folder(folder.path(), &source, now).map(drop))
}

fn of_mail(document: &str) -> (u64, u64) {
    cost(|| {
        courant::bounces::read(document.as_bytes());
        Ok(())
    })
}

/// Every atom in a place, that of which is told that grows too fast.
fn doubles(place: impl Fn(&str) -> (u64, u64)) {
    // What is made once, on first use, is nobody's.
    place("a");
    let empty = place("");
    let mut faults = Vec::new();
    for atom in ATOMS {
        let times = SIZE / atom.len();
        let half = place(&atom.repeat(times));
        let whole = place(&atom.repeat(2 * times));
        for (what, empty, half, whole, least) in [
            ("work", empty.0, half.0, whole.0, WORK),
            ("octets", empty.1, half.1, whole.1, OCTETS),
        ] {
            let half = half.saturating_sub(empty).max(least);
            let whole = whole.saturating_sub(empty);
            if whole * 2 > half * 5 {
                faults.push(format!("{atom:?}: {half} {what}, then {whole}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_stands_among_the_items_of_a_feed() {
    doubles(|text| of_feed(&feed(&format!("<item><title>a</title></item>{text}"))));
}

#[test]
fn what_stands_before_a_feed() {
    doubles(|text| of_feed(&format!("{text}{}", item("<title>a</title>"))));
}

#[test]
fn a_title_and_an_author() {
    doubles(|text| {
        let text = escaped(text);
        of_feed(&item(&format!(
            "<title>{text}</title><author>{text}</author>"
        )))
    });
}

#[test]
fn a_description() {
    doubles(|text| {
        of_feed(&item(&format!(
            "<title>a</title><description>{}</description>",
            escaped(text)
        )))
    });
}

#[test]
fn a_text_with_markup() {
    doubles(|text| {
        let text = escaped(&format!("<p>x</p>{text}"));
        of_feed(&item(&format!(
            "<title>a</title><description>{text}</description>"
        )))
    });
}

#[test]
fn a_tag() {
    doubles(|text| {
        let text = escaped(&format!("<p {text}>x</p>"));
        of_feed(&item(&format!(
            "<title>a</title><description>{text}</description>"
        )))
    });
}

#[test]
fn a_date_a_link_and_a_name() {
    doubles(|text| {
        let text = escaped(text);
        of_feed(&feed(&format!(
            "<item><guid>{text}</guid><title>a</title><link>https://x.example/{text}</link><pubDate>{text}</pubDate></item>"
        )))
    });
}

#[test]
fn the_text_of_a_page() {
    doubles(|text| of_page(&page(text)));
}

#[test]
fn a_note() {
    doubles(|text| of_note("a.md", &format!("# Titel\n\nTekst.\n\n{text}")));
}

#[test]
fn a_note_without_a_notation() {
    doubles(|text| of_note("a.txt", &format!("Titel\n\nTekst.\n\n{text}")));
}

#[test]
fn the_body_of_a_mail() {
    let head = "From: MAILER-DAEMON@mx.example\nSubject: Undelivered\n\
                Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n";
    doubles(|text| of_mail(&format!("{head}{text}\n--b--\n")));
}

#[test]
fn the_head_of_a_mail() {
    doubles(|text| of_mail(&format!("{text}\nFrom: a@b.example\n\nuser unknown\n")));
}
