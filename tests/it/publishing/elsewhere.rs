//! Pictures of other servers, and the hub that hears of new feeds.

use super::*;

/// A newsletter that follows a feed on this machine.
pub(super) fn following(server: &HttpServer) -> Newsletter {
    let newsletter = newsletter();
    fs::remove_file(newsletter.path("posts/eerste.md")).unwrap();
    newsletter.append(
        "courant.toml",
        &format!(
            "\n[[source]]\nname = \"blog\"\nurl = \"{}\"\n\n[gather]\nallow = [\"127.0.0.0/8\"]\n",
            server.url("/feed")
        ),
    );
    newsletter
}

fn feed(server: &HttpServer, picture: &str) -> String {
    let address = server.url(picture);
    format!(
        "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>Blog</title>\
         <link>https://blog.example/</link><description>x</description><item><title>Van elders</title>\
         <link>https://blog.example/1</link><guid>https://blog.example/1</guid>\
         <description>Woorden genoeg om te lezen.</description>\
         <media:content url=\"{address}\" medium=\"image\"/></item></channel></rss>"
    )
}

#[test]
fn a_picture_from_elsewhere_is_fetched_once_and_shown_from_here() {
    let server = HttpServer::start();
    server.on(
        "/feed",
        Answer::ok("application/rss+xml", feed(&server, "/foto.webp")),
    );
    let bytes = picture(1600, 800, ImageFormat::WebP);
    server.on("/foto.webp", Answer::ok("image/webp", bytes));
    let newsletter = following(&server);
    newsletter.expect(&["run"], 0);
    let second = "first_run = \"send\"\nevery = \"2h\"\n";
    newsletter.write("schedules/daily.toml", second);
    newsletter.replace(
        "subscribers.toml",
        "name = ",
        "schedules = [\"weekly\", \"daily\"]\nname = ",
    );
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"nieuw@example.nl\"\nschedules = [\"daily\"]\n",
    );
    newsletter.expect(&["run", "daily"], 0);
    assert_eq!(newsletter.mailbox().len(), 2);
    assert_eq!(server.requests_to("/foto.webp").len(), 1);
    for mail in newsletter.mailbox() {
        let mail = unfolded(&mail);
        assert!(mail.contains("-1200.jpg\""), "{mail}");
        assert!(!mail.contains("foto.webp"), "{mail}");
    }
}

#[test]
fn a_picture_that_is_not_there_holds_no_issue_up() {
    let server = HttpServer::start();
    server.on(
        "/feed",
        Answer::ok("application/rss+xml", feed(&server, "/weg.jpg")),
    );
    let newsletter = following(&server);
    let ended = newsletter.expect(&["run"], 0);
    assert!(
        ended.stderr.contains("nothing is there (404)"),
        "{}",
        ended.stderr
    );
    assert_eq!(newsletter.mailbox().len(), 1);
    assert!(!unfolded(&newsletter.mailbox()[0]).contains("weg.jpg"));
}

#[test]
fn what_a_preview_fetched_a_run_does_not_fetch_again() {
    let server = HttpServer::start();
    let feed = feed(&server, "/foto.webp");
    server.on("/feed", Answer::ok("application/rss+xml", feed));
    let bytes = picture(1600, 800, ImageFormat::WebP);
    server.on("/foto.webp", Answer::ok("image/webp", bytes));
    let newsletter = following(&server);
    newsletter.expect(&["preview"], 0);
    newsletter.expect(&["plan"], 0);
    newsletter.expect(&["run"], 0);
    assert_eq!(server.requests_to("/foto.webp").len(), 1);
    assert!(unfolded(&newsletter.mailbox()[0]).contains("/img/"));
    assert_eq!(copies(&newsletter).len(), 2);
}

#[test]
fn who_wants_no_pictures_of_other_servers_asks_for_none() {
    let server = HttpServer::start();
    server.on(
        "/feed",
        Answer::ok("application/rss+xml", feed(&server, "/foto.webp")),
    );
    let mut newsletter = following(&server);
    newsletter.set("COURANT_GATHER__PICTURES", "false");
    newsletter.expect(&["run"], 0);
    assert_eq!(newsletter.mailbox().len(), 1);
    assert!(!unfolded(&newsletter.mailbox()[0]).contains("<img"));
    assert!(server.requests_to("/foto.webp").is_empty());
}

#[test]
fn a_picture_of_the_web_in_our_own_text_is_copied_or_becomes_a_link() {
    let server = HttpServer::start();
    let bytes = picture(1600, 800, ImageFormat::Png);
    server.on("/kaart.png", Answer::ok("image/png", bytes));
    server.on("/weg.png", Answer::status(404));
    let newsletter = newsletter();
    newsletter.append(
        "courant.toml",
        "\n[gather]\nallow = [\"127.0.0.0/8\"]\npictures = true\n",
    );
    let (here, gone) = (server.url("/kaart.png?a=1&b=2"), server.url("/weg.png"));
    server.on(
        "/kaart.png?a=1&b=2",
        Answer::ok("image/png", picture(1600, 800, ImageFormat::Png)),
    );
    let text = format!(
        "# Een kaart\n\nWoorden genoeg om te lezen.\n\n![De kade]({here})\n\nMeer woorden.\n\n![Verdwenen]({gone})\n"
    );
    newsletter.write("posts/eerste.md", &text);
    let ended = newsletter.expect(&["run"], 0);
    assert!(
        ended
            .stderr
            .contains("the page of “Een kaart” links to a picture that it cannot show"),
        "{}",
        ended.stderr
    );
    for file in ["posts/eerste/index.html", "feed.xml", "feed.json"] {
        let text = newsletter.read(&format!("state/public/{file}"));
        assert!(text.contains("-1200.jpg"), "{file}: {text}");
        assert!(!text.contains("kaart.png"), "{file}: {text}");
    }
    let page = newsletter.read("state/public/posts/eerste/index.html");
    assert!(
        page.contains(&format!("<a href=\"{gone}\">Verdwenen</a>")),
        "{page}"
    );
    // A second run asks for none of them, and a plan before it would not have asked twice.
    newsletter.post("tweede", "Nog een");
    newsletter.expect(&["run"], 0);
    assert_eq!(server.requests().len(), 2);
}

fn with_hub(server: &HttpServer) -> Newsletter {
    let newsletter = newsletter();
    newsletter.append(
        "courant.toml",
        &format!(
            "\n[feeds]\nhub = \"{}\"\n\n[gather]\nallow = [\"127.0.0.0/8\"]\n",
            server.url("/hub")
        ),
    );
    newsletter
}

#[test]
fn the_hub_hears_of_each_feed_that_changed_and_of_no_other() {
    let server = HttpServer::start();
    server.on("/hub", Answer::status(204));
    let newsletter = with_hub(&server);
    newsletter.expect(&["run"], 0);
    let told: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| {
            assert_eq!(
                (request.method.as_str(), request.path.as_str()),
                ("POST", "/hub")
            );
            let form = Some("application/x-www-form-urlencoded");
            assert_eq!(request.header("content-type"), form);
            request.body
        })
        .collect();
    assert_eq!(
        told,
        ["feed.xml", "atom.xml", "feed.json"].map(|file| {
            format!("hub.mode=publish&hub.url=http%3A%2F%2F127.0.0.1%3A8080%2F{file}")
        })
    );
    newsletter.expect(&["run"], 0);
    assert_eq!(server.requests().len(), 3, "nothing is new");
    let hub = format!("href=\"{}\" rel=\"hub\"", server.url("/hub"));
    assert!(newsletter.read("state/public/feed.xml").contains(&hub));
    assert!(newsletter.read("state/public/atom.xml").contains(&hub));
}

#[test]
fn a_hub_that_fails_is_a_warning() {
    let server = HttpServer::start();
    server.on("/hub", Answer::status(500));
    let newsletter = with_hub(&server);
    let ended = newsletter.expect(&["run"], 0);
    assert!(
        ended
            .stderr
            .contains("was not told: the server failed (500)"),
        "{}",
        ended.stderr
    );
    assert_eq!(server.requests().len(), 1, "it is asked no second time");
    assert_eq!(newsletter.mailbox().len(), 1);
}
