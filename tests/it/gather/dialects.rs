//! Every dialect says the same two posts; every defect leaves them readable and is named.

use courant::gather::{Gathered, read_feed, view_feed};
use url::Url;

use super::source;
use courant::model::SourceKind;

fn read(bytes: &[u8], content_type: Option<&str>) -> Gathered {
    let url = Url::parse("https://toonbank.example.nl/feed").unwrap();
    let source = source(SourceKind::Url(url.clone()));
    read_feed(bytes, content_type, &url, &source).unwrap()
}

/// What a post says in any dialect: its title, link, day, author and words.
fn said(gathered: &Gathered) -> Vec<[String; 5]> {
    gathered
        .posts
        .iter()
        .map(|post| {
            [
                post.title.clone(),
                post.link.clone().unwrap_or_default(),
                post.published.map(|at| at.to_string()).unwrap_or_default(),
                post.author
                    .clone()
                    .map(|author| author.name)
                    .unwrap_or_default(),
                post.summary.clone(),
            ]
        })
        .collect()
}

/// The two posts, with as much as a dialect can say.
fn expected(dates: bool, author: bool, words: bool) -> Vec<[String; 5]> {
    let own = |text: &str, says: bool| if says { text.to_owned() } else { String::new() };
    [
        (
            "De deur & de gevel",
            "deur",
            "2026-11-02T07:30:00Z",
            "Een deur die open staat.",
        ),
        (
            "Wat een klant onthoudt",
            "klant",
            "2026-11-01T00:00:00Z",
            "De begroeting.",
        ),
    ]
    .map(|(title, path, date, text)| {
        [
            title.to_owned(),
            format!("https://toonbank.example.nl/{path}"),
            own(date, dates),
            own("Fatima el Idrissi", author),
            own(text, words),
        ]
    })
    .to_vec()
}

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../fixtures/gather/", $name)).as_slice()
    };
}

#[test]
fn every_dialect_says_the_same_posts() {
    for (document, kind, dates, author, words) in [
        (
            fixture!("dialects/rss090.xml"),
            "rss090",
            false,
            false,
            false,
        ),
        (
            fixture!("dialects/rss091.xml"),
            "rss091n",
            false,
            false,
            true,
        ),
        (fixture!("dialects/rss10.rdf"), "rss10", true, true, true),
        (fixture!("dialects/rss11.xml"), "rss11", true, true, true),
        (fixture!("dialects/rss20.xml"), "rss20", true, true, true),
        (
            fixture!("dialects/rss-without-version.xml"),
            "rss",
            false,
            false,
            true,
        ),
        (
            fixture!("dialects/rss-in-namespace.xml"),
            "rss20",
            false,
            false,
            true,
        ),
        (fixture!("dialects/atom03.xml"), "atom03", true, true, true),
        (fixture!("dialects/atom10.xml"), "atom10", true, true, true),
        (
            fixture!("dialects/atom-in-no-namespace.xml"),
            "atom",
            true,
            false,
            true,
        ),
        (fixture!("dialects/cdf.xml"), "cdf", true, false, true),
        (fixture!("dialects/feed10.json"), "json1", true, true, true),
    ] {
        let gathered = read(document, None);
        assert_eq!(said(&gathered), expected(dates, author, words), "{kind}");
        assert_eq!(gathered.title.as_deref(), Some("De Toonbank"), "{kind}");
        assert_eq!(gathered.faults, [], "{kind}");
        let view = view_feed(document, None, "https://toonbank.example.nl/feed", None).unwrap();
        assert_eq!(view.kind, kind);
    }
}

#[test]
fn rss_in_json_is_rss() {
    let gathered = read(
        fixture!("dialects/rss-in-json.json"),
        Some("application/json"),
    );
    let mut same = expected(true, true, true);
    same[1][3].clear();
    assert_eq!(said(&gathered), same);
    assert_eq!(gathered.posts[0].identity, "deur");
}

#[test]
fn identities_are_the_feeds_own() {
    let identities = |document| -> Vec<String> {
        read(document, None)
            .posts
            .into_iter()
            .map(|post| post.identity)
            .collect()
    };
    assert_eq!(
        identities(fixture!("dialects/rss10.rdf")),
        [
            "https://toonbank.example.nl/deur",
            "https://toonbank.example.nl/klant"
        ]
    );
    assert_eq!(
        identities(fixture!("dialects/feed10.json")),
        ["17", "klant"]
    );
    assert_eq!(
        identities(fixture!("dialects/atom03.xml")),
        [
            "tag:toonbank.example.nl,2026:deur",
            "tag:toonbank.example.nl,2026:klant"
        ]
    );
}

/// RSS with the two posts, whose first item is `first` in place of a good one.
fn rss(first: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel><title>De Toonbank</title>\
         <link>https://toonbank.example.nl/</link>{first}<item><title>Wat een klant onthoudt</title>\
         <link>https://toonbank.example.nl/klant</link><description>De begroeting.</description></item></channel></rss>"
    )
}

#[test]
fn every_defect_leaves_the_posts_and_is_named() {
    let good = "<item><title>De deur &amp; de gevel</title><link>https://toonbank.example.nl/deur</link>\
                <description>Een deur die open staat.</description></item>";
    for (document, repair) in [
        (
            rss(&good.replace("&amp;", "&")),
            "a bare `&` was read as text",
        ),
        (
            rss(&good.replace(" de ", "&nbsp;de ")),
            "`&nbsp;` was read as in HTML",
        ),
        (
            rss(&good.replace("</title>", "")),
            "`<title>` was not closed where it should be",
        ),
        (
            rss(&good.replace("</item>", "")),
            "`<item>` was not closed where it should be",
        ),
        (
            rss(&good.replace("</description>", "</description></b>")),
            "`</b>` closes nothing and was skipped",
        ),
        (
            rss(&good.replace("<item>", "<item><x:y>z</x:y>")),
            "the prefix `x:` is not declared and was read by habit",
        ),
        (
            rss(&good
                .replace("<link>", "<link\n>")
                .replace("<item>", "<item>1 < 2")),
            "a bare `<` was read as text",
        ),
        (
            format!("{}{}", "ruis ", rss(good)),
            "what stood before the feed was skipped",
        ),
        (
            rss(good).replace("<channel>", "<channel><?xml version=\"1.0\"?>"),
            "a second XML declaration was skipped",
        ),
        (
            rss(&good.replace("open", "<b>open</b>")),
            "markup stood unescaped in the text and was kept",
        ),
        (
            rss(&good.replace("staat", "sta<!-- <item>at")),
            "a comment without an end was skipped",
        ),
        (
            rss(good).replace("<rss", "<html><body><rss"),
            "`<html>` was not closed where it should be",
        ),
    ] {
        let gathered = read(document.as_bytes(), None);
        let said: Vec<String> = said(&gathered)
            .into_iter()
            .map(|[title, link, _, _, _]| format!("{} {link}", title.replace('\u{a0}', " ")))
            .collect();
        let whole = match repair.contains("comment") {
            true => 1,
            false => 0,
        };
        assert_eq!(
            said[said.len() - 2 + whole..],
            [
                "De deur & de gevel https://toonbank.example.nl/deur",
                "Wat een klant onthoudt https://toonbank.example.nl/klant"
            ][whole..],
            "{repair}"
        );
        assert!(
            gathered.repairs.iter().any(|said| said == repair) || repair.contains("html"),
            "{repair}: {:?}",
            gathered.repairs
        );
    }
}

#[test]
fn a_feed_that_is_cut_off_gives_its_whole_posts() {
    let document = rss("");
    let cut = &document[..document.find("begroeting").unwrap()];
    let mut items = String::new();
    for number in 0..3 {
        items.push_str(&format!(
            "<item><title>Bericht {number}</title><link>https://toonbank.example.nl/{number}</link></item>"
        ));
    }
    let cut = cut.replace("<item>", &format!("{items}<item>"));
    let gathered = read(cut.as_bytes(), None);
    assert_eq!(gathered.posts.len(), 3);
    assert_eq!(
        gathered.repairs,
        ["the feed ends in the middle of an item: 3 whole items were kept"]
    );
    assert_eq!(gathered.faults.len(), 1);
    // Machines see what there is of the fourth.
    let view = view_feed(cut.as_bytes(), None, "", None).unwrap();
    assert_eq!(view.entries.as_array().unwrap().len(), 4);
    assert_eq!(view.entries[3]["link"], "https://toonbank.example.nl/klant");
    assert!(view.entries[3]["summary"].is_null());
}

#[test]
fn encodings_are_found_out_whatever_is_said_of_them() {
    let text = rss("<item><title>Café België € “ja”</title><link>https://x.example/</link></item>");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let utf32: Vec<u8> = text
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    let windows: Vec<u8> = text
        .chars()
        .map(|c| match c {
            '€' => 0x80,
            '“' => 0x93,
            '”' => 0x94,
            c => u8::try_from(u32::from(c)).unwrap(),
        })
        .collect();
    for (bytes, content_type) in [
        (
            text.clone().into_bytes(),
            Some("text/xml; charset=iso-8859-1"),
        ),
        (utf16, None),
        (utf32, None),
        (
            windows.clone(),
            Some("application/rss+xml; charset=windows-1252"),
        ),
        (windows.clone(), Some("application/rss+xml; charset=utf-8")),
        (windows, None),
    ] {
        let gathered = read(&bytes, content_type);
        assert_eq!(
            gathered.posts[0].title, "Café België € “ja”",
            "{content_type:?}"
        );
    }
    let twice = rss("<item><title>CafÃ© BelgiÃ«</title><link>https://x.example/</link></item>");
    let gathered = read(twice.as_bytes(), None);
    assert_eq!(gathered.posts[0].title, "Café België");
    assert_eq!(
        gathered.repairs,
        ["text that was encoded twice was set right: `Café België`"]
    );
}

#[test]
fn odd_dates_are_read_and_named() {
    let item = |date: &str| {
        rss(&format!(
            "<item><title>x</title><link>https://x.example/</link><pubDate>{date}</pubDate></item>"
        ))
    };
    for (date, expected, repair) in [
        (
            "12/09/2026 14:00 CET",
            "2026-09-12T13:00:00Z",
            "the date `12/09/2026 14:00 CET` is not in the feed's own form and was read all the same",
        ),
        (
            "ma 2 nov. 2026 om 08:30 uur",
            "2026-11-02T08:30:00Z",
            "the date `ma 2 nov. 2026 om 08:30 uur` is not in the feed's own form and was read all the same",
        ),
    ] {
        let gathered = read(item(date).as_bytes(), None);
        assert_eq!(gathered.posts[0].published.unwrap().to_string(), expected);
        assert_eq!(gathered.repairs, [repair]);
    }
    let gathered = read(item("gisteren").as_bytes(), None);
    assert_eq!(gathered.posts[0].published, None);
    assert_eq!(gathered.repairs, ["`gisteren` could not be read as a date"]);
}

#[test]
fn addresses_are_absolute_by_base_then_link_then_feed() {
    let document = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>
        <link href="https://blog.example.nl/"/>
        <entry><id>1</id><title>a</title><link href="/een/"/><content type="html">&lt;a href="b">c&lt;/a></content></entry>
        <entry xml:base="https://basis.example.nl/d/"><id>2</id><title>e</title><link href="f"/><content type="html">&lt;img src="g.jpg" alt="h"></content></entry>
        </feed>"#;
    let posts = read(document.as_bytes(), None).posts;
    assert_eq!(
        posts[0].link.as_deref(),
        Some("https://blog.example.nl/een/")
    );
    assert_eq!(
        posts[0].html,
        "<a href=\"https://blog.example.nl/een/b\">c</a>"
    );
    assert_eq!(
        posts[1].link.as_deref(),
        Some("https://basis.example.nl/d/f")
    );
    assert_eq!(
        posts[1].html,
        "<img src=\"https://basis.example.nl/d/g.jpg\" alt=\"h\">"
    );
}

#[test]
fn a_document_that_defines_entities_cannot_grow() {
    let mut subset = String::from("<!ENTITY a \"aaaaaaaaaa\">");
    for (name, inner) in ('b'..='k').zip('a'..) {
        subset.push_str(&format!(
            "<!ENTITY {name} \"{}\">",
            format!("&{inner};").repeat(10)
        ));
    }
    let item = "<item><title>&a; &k;</title><link>https://x.example/</link></item>";
    let document = rss(item).replace("<rss", &format!("<!DOCTYPE rss [{subset}]><rss"));
    let gathered = read(document.as_bytes(), None);
    assert!(gathered.posts[0].title.starts_with("aaaaaaaaaa &j;"));
    assert!(gathered.posts[0].title.len() < 255);
}

#[test]
fn hostile_content_is_harmless_in_a_machines_view_too() {
    let document = rss(
        "<item><title>&lt;b&gt;x&lt;/b&gt;&lt;img src=x onerror=alert(1)&gt;</title><link>javascript:alert(1)</link>\
         <description>&lt;p onclick=\"alert(1)\"&gt;a&lt;script&gt;alert(1)&lt;/script&gt;&lt;iframe src=\"https://evil.example\"&gt;\
         &lt;img src=x onerror=alert(1)&gt;&lt;/iframe&gt;&lt;svg&gt;&lt;style&gt;&lt;img src=x onerror=alert(1)&gt;&lt;/style&gt;&lt;/svg&gt;\
         &lt;math&gt;&lt;mtext&gt;&lt;table&gt;&lt;mglyph&gt;&lt;style&gt;&lt;img src=x onerror=alert(1)&gt;&lt;/style&gt;\
         &lt;textarea&gt;&lt;/textarea&gt;&lt;img src=x onerror=alert(1)&gt;&lt;a href=\"data:text/html,x\"&gt;y&lt;/a&gt;&lt;/p&gt;</description>\
         <enclosure url=\"vbscript:x\" type=\"text/html\"/></item>",
    );
    let view = view_feed(
        document.as_bytes(),
        None,
        "https://toonbank.example.nl/feed",
        None,
    )
    .unwrap();
    let shown = view.entries.to_string();
    for bad in [
        "alert", "onerror", "onclick", "script", "iframe", "evil", "data:", "<svg", "<math",
    ] {
        assert!(!shown.contains(bad), "{bad}: {shown}");
    }
}
