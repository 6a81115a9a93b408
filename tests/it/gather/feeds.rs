//! Feed documents, shaped as the world sends them.

use courant::gather::{Error, Gathered, fingerprint, read_feed};
use courant::model::{CallToAction, Language, Source, SourceKind, Topic};
use url::Url;

use super::{show_all, source};

const RSS: &str = include_str!("../../fixtures/gather/rss.xml");
const ATOM: &str = include_str!("../../fixtures/gather/atom.xml");
const JSON: &str = include_str!("../../fixtures/gather/feed.json");

fn feed_source(url: &str) -> (Url, Source) {
    let url = Url::parse(url).unwrap();
    (url.clone(), source(SourceKind::Url(url)))
}

fn read(document: &str) -> Gathered {
    let (url, source) = feed_source("https://loket.example.nl/feed/");
    read_feed(document.as_bytes(), None, &url, &source).unwrap()
}

fn refusal(document: &[u8]) -> Error {
    let (url, source) = feed_source("https://loket.example.nl/feed/");
    read_feed(document, None, &url, &source).unwrap_err()
}

/// An RSS document with these items.
fn rss(items: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>x</title>{items}</channel></rss>")
}

#[test]
fn rss_as_a_blog_sends_it() {
    let gathered = read(RSS);
    assert_eq!(
        gathered.title.as_deref(),
        Some("Het Loket – over verkopen zonder trucs")
    );
    insta::assert_snapshot!("rss", show_all(&gathered));
}

#[test]
fn a_feed_that_is_read_in_parts_keeps_its_order_and_its_numbers() {
    let item = |number: usize| match number {
        50 => "<item><pubDate>Mon, 02 Nov 2026 08:00:00 +0000</pubDate></item>".to_owned(),
        _ => format!(
            "<item><title>Bericht {number}</title><link>https://loket.example.nl/{number}</link>\
             <description>&lt;p&gt;{}&lt;/p&gt;</description></item>",
            format!("tekst {number} ").repeat(2_000)
        ),
    };
    let items: String = (1..=60).map(item).collect();
    let gathered = read(&rss(&items));
    assert_eq!(gathered.title.as_deref(), Some("x"));
    let numbers: Vec<usize> = (1..=60).filter(|number| *number != 50).collect();
    assert_eq!(gathered.posts.len(), numbers.len());
    for (post, number) in gathered.posts.iter().zip(numbers) {
        assert_eq!(post.title, format!("Bericht {number}"));
        assert_eq!(
            post.link,
            Some(format!("https://loket.example.nl/{number}"))
        );
        assert_eq!(
            post.html.matches(&format!("tekst {number} ")).count(),
            2_000
        );
    }
    let fault = &gathered.faults[0].message;
    assert!(
        fault.starts_with("item 50 of the feed has neither"),
        "{fault}"
    );
}

#[test]
fn atom_with_xhtml_and_bases() {
    let (url, source) = feed_source("https://harbour.example.org/atom.xml");
    let gathered = read_feed(ATOM.as_bytes(), None, &url, &source).unwrap();
    insta::assert_snapshot!("atom", show_all(&gathered));
}

#[test]
fn json_feed_with_and_without_titles() {
    let (url, source) = feed_source("https://letters.example.be/feed.json");
    let gathered = read_feed(JSON.as_bytes(), None, &url, &source).unwrap();
    insta::assert_snapshot!("json_feed", show_all(&gathered));
}

#[test]
fn the_source_gives_its_topics_first_and_its_call_to_action() {
    let (url, mut source) = feed_source("https://loket.example.nl/feed/");
    source.topics = vec![
        Topic::parse("winkel").unwrap(),
        Topic::parse("balie").unwrap(),
    ];
    source.call_to_action = Some(CallToAction {
        text: "Kom langs".into(),
        label: None,
        url: Some("https://loket.example.nl/route".into()),
        image: None,
    });
    let gathered = read_feed(RSS.as_bytes(), None, &url, &source).unwrap();
    let topics: Vec<&str> = gathered.posts[0].topics.iter().map(Topic::as_str).collect();
    assert_eq!(topics, ["winkel", "balie", "eerlijk-verkopen"]);
    assert_eq!(gathered.posts[1].call_to_action, source.call_to_action);
}

#[test]
fn an_edited_title_is_the_same_post_with_another_fingerprint() {
    let before = read(RSS);
    let after = read(&RSS.replace("Zonder guid, met plaatje", "Met een nieuwe titel"));
    assert_eq!(before.posts[1].identity, after.posts[1].identity);
    assert_ne!(fingerprint(&before.posts[1]), fingerprint(&after.posts[1]));
    assert_eq!(fingerprint(&before.posts[0]), fingerprint(&after.posts[0]));
    assert_eq!(before, read(RSS), "reading twice must give the same");
}

#[test]
fn a_new_guid_leaves_the_second_identity() {
    let moved = RSS
        .replace("https://loket.example.nl/?p=412", "urn:uuid:5a1c")
        .replace(
            "https://loket.example.nl/vraag",
            "https://nieuw.example.org/vraag",
        );
    let (before, after) = (read(RSS), read(&moved));
    assert_ne!(before.posts[0].identity, after.posts[0].identity);
    assert_eq!(before.posts[0].alternate, after.posts[0].alternate);
    assert!(before.posts[0].alternate.is_some());
}

#[test]
fn without_guid_and_link_the_identity_is_stable() {
    let items = rss("<item><title>Los blad</title><description>Tekst.</description></item>");
    let post = &read(&items).posts[0];
    assert!(post.identity.starts_with("hash:"));
    assert_eq!(post.identity, read(&items).posts[0].identity);
}

#[test]
fn other_encodings_are_decoded() {
    let (url, source) = feed_source("https://loket.example.nl/feed/");
    let item = "<item><title>Café België</title><link>https://loket.example.nl/a</link></item>";
    let latin = |declared: &str| -> Vec<u8> {
        format!(
            "<?xml version=\"1.0\" encoding=\"{declared}\"?>{}",
            rss(item)
        )
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
    };
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(rss(item).encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let big: Vec<u8> = [0xfe, 0xff]
        .into_iter()
        .chain(rss(item).encode_utf16().flat_map(u16::to_be_bytes))
        .collect();
    for bytes in [
        latin("iso-8859-1"),
        latin("utf-8"),
        utf16,
        big,
        format!(
            "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>{}",
            rss(item)
        )
        .into_bytes(),
    ] {
        let gathered = read_feed(&bytes, None, &url, &source).unwrap();
        assert_eq!(gathered.posts[0].title, "Café België");
    }
}

#[test]
fn hostile_text_comes_out_harmless() {
    let gathered = read(&rss(
        "<item><title>&lt;b&gt;Groot&lt;/b&gt; \u{202e}nieuws\u{200b}&lt;script&gt;alert(1)&lt;/script&gt;</title>\
         <link>javascript:alert(1)</link><guid isPermaLink=\"false\">1</guid>\
         <description>&lt;p onclick=\"alert(1)\"&gt;Dag&lt;/p&gt;&lt;iframe src=\"https://evil.example/\"&gt;&lt;/iframe&gt;\
         &lt;img src=\"x\" onerror=\"alert(1)\"&gt;</description></item>",
    ));
    let post = &gathered.posts[0];
    assert_eq!(post.title, "Groot nieuws");
    assert_eq!(post.link, None);
    assert_eq!(
        post.html,
        "<p>Dag</p><img src=\"https://loket.example.nl/feed/x\" alt=\"\">"
    );
}

#[test]
fn text_that_nests_too_deep_is_left_out_and_reported() {
    let deep = "&lt;div&gt;".repeat(5000);
    let gathered = read(&rss(&format!(
        "<item><title>Diep</title><link>https://loket.example.nl/diep</link><description>{deep}a</description></item>"
    )));
    assert_eq!(gathered.posts[0].html, "");
    assert_eq!(
        gathered.faults[0].message,
        "the text of `Diep` nests too deep to be shown safely"
    );
}

#[test]
fn an_item_with_nothing_in_it_is_a_fault_and_the_others_stay() {
    let gathered = read(&rss(
        "<item><pubDate>Mon, 02 Nov 2026 08:00:00 +0000</pubDate></item><item><title>Wel iets</title></item>",
    ));
    assert_eq!(gathered.posts.len(), 1);
    assert_eq!(
        gathered.faults[0].message,
        "item 1 of the feed has neither title, text nor link"
    );
}

#[test]
fn faults_and_topics_without_number_are_told_in_few_lines() {
    let gathered = read(&rss(&format!(
        "{}<item><title>Wel iets</title></item>",
        "<item/>".repeat(3_000)
    )));
    assert_eq!((gathered.posts.len(), gathered.faults.len()), (1, 1));
    let said = &gathered.faults[0].message;
    assert!(
        said.starts_with("3000 items of the feed have neither"),
        "{said}"
    );
    let topics: String = (0..3_000)
        .map(|n| format!("<category>Onderwerp {n}</category>"))
        .collect();
    let gathered = read(&rss(&format!("<item><title>Veel</title>{topics}</item>")));
    assert_eq!(gathered.posts[0].topics.len(), 10);
    assert_eq!(gathered.posts[0].topics[0].as_str(), "onderwerp-0");
}

#[test]
fn a_declared_language_yields_to_a_long_text_in_another() {
    let dutch = "Wie een winkel binnenloopt, wil gezien worden zonder bekeken te worden. Groet iedereen die \
                 binnenkomt, maar laat ze daarna met rust. Na een minuut of twee mag je vragen of het lukt.";
    let document = rss(&format!(
        "<language>en-us</language><item><title>Groeten</title><description>{dutch} {dutch}</description></item>\
         <item><title>Kort</title><description>Te kort om te weten.</description></item>"
    ));
    let languages: Vec<Option<Language>> = read(&document)
        .posts
        .into_iter()
        .map(|post| post.language)
        .collect();
    assert_eq!(
        languages,
        [Language::parse("nl").ok(), Language::parse("en-us").ok()]
    );
}

#[test]
fn what_is_no_feed_is_called_by_its_name() {
    for (document, said) in [
        (
            &b"<!doctype html><html><body>Dag</body></html>"[..],
            "this is a web page, not a feed",
        ),
        (b"  \n ", "the document is empty"),
        (
            b"Geen feed, maar tekst.",
            "this is not a feed that we know: neither RSS, Atom nor JSON Feed",
        ),
        (
            b"<opml version=\"2.0\"/>",
            "this is not a feed that we know: neither RSS, Atom nor JSON Feed",
        ),
    ] {
        let error = refusal(document);
        assert_eq!(error.to_string(), said);
        assert!(!error.is_permanent());
    }
    let version = refusal(br#"{"version":"https://example.org/2","title":"x","items":[]}"#);
    assert!(
        version
            .to_string()
            .contains("JSON of version `https://example.org/2`")
    );
    let broken = refusal(br#"{"version":"https://jsonfeed.org/version/1.1","items":["#);
    assert!(matches!(broken, Error::Damaged(_)), "{broken}");
}

#[test]
fn an_author_whose_name_would_defeat_the_parser_is_read() {
    // A curly quote right beside an e-mail address makes the parser slice inside a character.
    let document = rss("<item><title>x</title><author>Jan “jan@example.nl” Jansen</author></item>");
    let author = read(&document).posts.remove(0).author.unwrap();
    assert_eq!(author.name, "Jan “” Jansen");
}

/// All of it stands in every mail and on every page that names the post.
#[test]
fn what_a_stranger_names_of_a_post_is_bounded() {
    let authors: String = (0..5_000)
        .map(|n| format!("<author><name>Schrijver {n}</name></author>"))
        .collect();
    let long = |octets: usize| format!("https://x.example/{}", "a".repeat(octets));
    let entry = |link: &str| {
        let document = format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>x</title><entry><id>1</id><title>a</title>{authors}\
             <link href=\"{link}\"/><content type=\"html\">&lt;a href=\"{link}\"&gt;woord&lt;/a&gt;</content></entry></feed>"
        );
        read(&document).posts.remove(0)
    };
    let post = entry(&long(7_000));
    assert_eq!(post.author.unwrap().name.matches("Schrijver").count(), 10);
    assert_eq!(post.link, Some(long(7_000)));
    let post = entry(&long(9_000));
    assert_eq!(post.link, None);
    assert!(
        post.html.contains("woord") && post.html.len() < 100,
        "{}",
        post.html
    );
}
