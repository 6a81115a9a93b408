//! Sites without a feed: by links of a page and by sitemap, each article read once, as robots.txt allows.

use courant::gather::{Gathered, gather};
use courant::model::{Pages, SourceKind};

use super::{
    BARE, INDEX, ITEM, POST, SITEMAP, SQUARE, asked, html, newsletter, of, plain, shown, titles,
};
use crate::gather::{fetcher, now, source};
use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;

/// A server with the bakery's page and its three articles.
fn bakery() -> HttpServer {
    let server = HttpServer::start();
    server.on("/nieuws.html", html(INDEX));
    for name in ["desem", "oven", "kerst"] {
        let title = format!("Bericht over {name}");
        let text = ITEM.replace("Waarom ons desembrood drie dagen duurt", &title);
        server.on(&format!("/nieuws/{name}.html"), html(text));
    }
    server
}

fn bakery_news(server: &HttpServer) -> Newsletter {
    let url = server.url("/nieuws.html");
    newsletter(&format!(
        "[[source]]\nname = \"bakkerij\"\nurl = \"{url}\"\nposts = \"div.bericht h3 a\"\n"
    ))
}

async fn by_links(server: &HttpServer, path: &str, page: &str) -> Gathered {
    server.on(path, html(page));
    server.on(
        "/lijst",
        html(format!("<h2><a href=\"{path}\">Een bericht</a></h2>")),
    );
    let mut source = source(SourceKind::Url(server.url("/lijst")));
    source.pages = Some(Pages::Links("h2".to_owned()));
    gather(&source, None, &fetcher(server), now())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_article_is_read_in_every_shape_that_sites_have() {
    for (name, path, page) in [
        ("wordpress", "/2026/11/jonge-kaas/", POST),
        ("bedrijf", "/nieuws/desem.html", ITEM),
        ("squarespace", "/journal/on-weighing-honestly", SQUARE),
        ("zonder_datum", "/kade", BARE),
    ] {
        let server = HttpServer::start();
        let gathered = by_links(&server, path, page).await;
        insta::assert_snapshot!(format!("article_{name}"), shown(&server, &gathered));
    }
}

#[test]
fn what_a_page_lists_at_first_is_seen_and_what_comes_after_is_new_and_read_once() {
    let server = bakery();
    let newsletter = bakery_news(&server);
    newsletter.replace("schedules/weekly.toml", "\"send\"", "\"baseline\"");
    newsletter.expect(&["run"], 0);
    let first = [
        "/robots.txt",
        "/nieuws.html",
        "/nieuws/desem.html",
        "/nieuws/oven.html",
        "/nieuws/kerst.html",
    ];
    assert_eq!(asked(&server), first);
    newsletter.expect(&["run"], 0);
    assert_eq!(
        asked(&server).len(),
        first.len() + 1,
        "{:?}",
        asked(&server)
    );
    let grown = INDEX.replacen(
        "<div class=\"bericht\">",
        "<div class=\"bericht\"><h3><a href=\"nieuws/taart.html\">Taart</a></h3></div><div class=\"bericht\">",
        1,
    );
    server.on("/nieuws.html", html(grown));
    server.on(
        "/nieuws/taart.html",
        // Without its day: by the real clock it would one day be too old for an issue.
        html(
            ITEM.replace("Waarom ons desembrood drie dagen duurt", "Taart")
                .replace("28 oktober 2026", "vandaag"),
        ),
    );
    newsletter.expect(&["run"], 0);
    assert_eq!(titles(&newsletter, "1"), ["Taart"]);
    newsletter.expect(&["run"], 0);
    for path in &first[2..] {
        assert_eq!(server.requests_to(path).len(), 1, "{path}");
    }
    assert_eq!(server.requests_to("/nieuws/taart.html").len(), 1);
    assert_eq!(server.requests_to("/robots.txt").len(), 1);
}

#[test]
fn an_article_that_fails_is_asked_three_times_and_then_left() {
    let server = bakery();
    let newsletter = bakery_news(&server);
    newsletter.expect(&["run"], 0);
    server.on(
        "/nieuws.html",
        html(INDEX.replace("nieuws/oven.html", "nieuws/storing.html")).etag("\"2\""),
    );
    server.on("/nieuws/storing.html", Answer::status(500));
    for (run, said) in [
        (1, "asked again at the next run"),
        (2, "asked again"),
        (3, "left out"),
        (4, ""),
    ] {
        let ended = newsletter.expect(&["run"], 0);
        assert_eq!(
            ended.stderr.contains("the server failed (500)"),
            run < 4,
            "{run} {}",
            ended.stderr
        );
        assert!(ended.stderr.contains(said), "{run} {}", ended.stderr);
    }
    assert_eq!(server.requests_to("/nieuws/storing.html").len(), 3);
}

#[test]
fn robots_txt_is_honoured_for_the_page_and_for_each_article() {
    let server = bakery();
    let robots = |text: &str| Answer::ok("text/plain", text.to_owned());
    server.on(
        "/robots.txt",
        robots("User-agent: *\nDisallow: /\n\nUser-agent: Courant\nDisallow: /nieuws/oven\n"),
    );
    let newsletter = bakery_news(&server);
    let ended = newsletter.expect(&["run"], 0);
    assert_eq!(server.requests_to("/nieuws/oven.html").len(), 0);
    assert_eq!(server.requests_to("/nieuws/desem.html").len(), 1);
    insta::assert_snapshot!("pages_robots", plain(&server, &ended.stderr));

    for (answer, cause) in [
        (
            robots("User-agent: *\nDisallow: /"),
            "asks programs not to read `/nieuws.html`",
        ),
        (Answer::status(503), "robots.txt cannot be read"),
    ] {
        let server = bakery();
        server.on("/robots.txt", answer);
        let ended = bakery_news(&server).expect(&["run"], 1);
        assert!(ended.stderr.contains(cause), "{}", ended.stderr);
        assert_eq!(asked(&server), ["/robots.txt"]);
    }
}

#[test]
fn a_sitemap_gives_the_posts_below_the_source_newest_first() {
    let server = HttpServer::start();
    server.on(
        "/robots.txt",
        Answer::ok(
            "text/plain",
            of(&server, "Sitemap: http://SERVER/kaart.xml\n"),
        ),
    );
    server.on(
        "/kaart.xml",
        Answer::ok(
            "application/xml",
            of(&server, "<sitemapindex><sitemap><loc>http://SERVER/blog-sitemap.xml</loc></sitemap></sitemapindex>"),
        ),
    );
    server.on(
        "/blog-sitemap.xml",
        Answer::ok("application/xml", of(&server, SITEMAP)),
    );
    server.on("/blog/kade", html(BARE));
    server.on("/blog/wegen", html(SQUARE));
    let url = server.url("/blog/");
    let newsletter = newsletter(&format!(
        "[[source]]\nname = \"huis\"\nurl = \"{url}\"\nsitemap = true\n"
    ));
    newsletter.expect(&["run"], 0);
    assert_eq!(
        asked(&server),
        [
            "/robots.txt",
            "/kaart.xml",
            "/blog-sitemap.xml",
            "/blog/wegen",
            "/blog/kade"
        ]
    );
    newsletter.replace(
        "courant.toml",
        "sitemap = true",
        "sitemap = true\nmatch = \"/winkel/\"",
    );
    let ended = newsletter.expect(&["run"], 1);
    assert!(
        ended.stderr.contains("names no page below `/winkel/`"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_selector_that_is_none_or_finds_nothing_is_shown_where_it_stands() {
    let server = bakery();
    let newsletter = bakery_news(&server);
    newsletter.replace("courant.toml", "div.bericht h3 a", "ul.lijst a");
    let nothing = newsletter.expect(&["run"], 1);
    newsletter.replace("courant.toml", "ul.lijst a", "ul.lijst >");
    let none = newsletter.expect(&["check"], 78);
    newsletter.replace(
        "courant.toml",
        "posts = \"ul.lijst >\"",
        "posts = \"h2 a\"\nsitemap = true",
    );
    let two = newsletter.expect(&["check"], 78);
    newsletter.replace(
        "courant.toml",
        "posts = \"h2 a\"\nsitemap = true",
        "match = \"blog\"\nsitemap = 3",
    );
    let odd = newsletter.expect(&["check"], 78);
    newsletter.replace(
        "courant.toml",
        "folder = \"posts\"",
        "folder = \"posts\"\nfull_text = true",
    );
    newsletter.replace(
        "courant.toml",
        "match = \"blog\"\nsitemap = 3",
        "match = \"/blog/\"",
    );
    let folder = newsletter.expect(&["check"], 78);
    let shown = [nothing, none, two, odd, folder].map(|ended| plain(&server, &ended.stderr));
    insta::assert_snapshot!("pages_faults", shown.join("\n"));
}
