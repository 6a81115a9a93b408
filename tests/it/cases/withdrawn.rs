//! A post that its publisher took back before the issue is not mailed; one that only fell off its feed is.

use super::feeds::{Item, Reading};
use crate::support::http::Answer;

const SITE: &str = "https://blog.example.org/";

fn post(number: usize) -> Item {
    Item {
        guid: Some(format!("g-{number}")),
        link: format!("{SITE}p/{number}/"),
        title: format!("Post {number}"),
        date: Some("Mon, 23 Nov 2026 09:00:00 +0100"),
        text: format!("Text number {number}: the river rose two metres, and the bakery closed."),
    }
}

fn show(reading: &Reading, numbers: &[usize]) {
    let items: Vec<Item> = numbers.iter().copied().map(post).collect();
    reading.show("blog", SITE, &items);
}

fn sorted(mut titles: Vec<String>) -> Vec<String> {
    titles.sort();
    titles
}

#[test]
fn a_post_that_was_taken_back_is_not_mailed() {
    let reading = Reading::new(&["blog"]);
    show(&reading, &[3, 2, 1]);
    reading.gather();
    show(&reading, &[3, 1]);
    // Gone once it waits, gone twice it is withdrawn; also where the server says that nothing changed since.
    let reason = |reading: &Reading| {
        let plan = reading.plan();
        let two = plan.iter().find(|post| post["title"] == "Post 2");
        two.unwrap()["reason"].as_str().unwrap().to_owned()
    };
    assert!(reason(&reading).contains("the next visit decides"));
    reading.gather();
    assert!(
        reason(&reading).starts_with("withdrawn"),
        "{}",
        reason(&reading)
    );
    assert_eq!(reading.issue(), ["Post 1", "Post 3"]);
    assert_eq!(reading.issue(), Vec::<String>::new());
    // Shown again, it goes.
    show(&reading, &[3, 2, 1]);
    assert_eq!(reading.issue(), ["Post 2"]);
}

#[test]
fn a_post_whose_own_page_says_that_it_is_gone_is_not_mailed() {
    let reading = Reading::new(&["blog"]);
    let page = |number: usize| reading.server.url(&format!("/p/{number}/")).to_string();
    let items: Vec<Item> = (1..=5)
        .map(|number| Item {
            link: match number {
                5 => "https://elsewhere.example/5".to_owned(),
                number => page(number),
            },
            ..post(number)
        })
        .collect();
    reading.show("blog", SITE, &items);
    reading
        .server
        .on("/p/1/", Answer::ok("text/html", "<p>There.</p>"));
    reading.server.on("/p/2/", Answer::status(410));
    // An accident, and a server that fails, withdraw nothing.
    reading.server.on("/p/3/", Answer::status(404));
    reading.server.on("/p/4/", Answer::status(500));
    let ended = reading.newsletter.run(&["run"]);
    assert!(ended.stderr.contains("“Post 2” was withdrawn"), "{ended:?}");
    let mails = reading.newsletter.mailbox().concat();
    for (number, is_sent) in [(1, true), (2, false), (3, true), (4, true), (5, true)] {
        let title = format!("Post {number}");
        assert_eq!(mails.contains(&title), is_sent, "{title}");
    }
    let asked = reading.server.requests_to("/p/1/").len();
    assert_eq!(asked, 1, "a page that is there costs one request");
    // It stays so, until its feed shows it anew and its page is there.
    assert_eq!(reading.issue(), Vec::<String>::new());
    reading
        .server
        .on("/p/2/", Answer::ok("text/html", "<p>There.</p>"));
    let again: Vec<Item> = items.iter().cloned().chain([post(6)]).collect();
    reading.show("blog", SITE, &again);
    reading.gather();
    assert_eq!(reading.issue(), ["Post 2", "Post 6"]);
}

#[test]
fn what_a_feed_has_no_room_for_is_mailed_all_the_same() {
    // A window of the newest three; and one with an old post pinned on top of it.
    for pinned in [&[][..], &[9]] {
        let reading = Reading::new(&["blog"]);
        for shown in [[3, 2, 1], [5, 4, 3], [7, 6, 5]] {
            show(&reading, &[pinned, &shown].concat());
            reading.gather();
        }
        let planned = sorted(reading.planned());
        assert_eq!(planned.len(), 7 + pinned.len(), "{planned:?}");
    }
}

#[test]
fn a_feed_that_is_empty_in_error_or_short_withdraws_nothing() {
    let reading = Reading::new(&["blog"]);
    show(&reading, &[6, 5, 4, 3, 2, 1]);
    reading.gather();
    for odd in [&[][..], &[1], &[4, 1]] {
        show(&reading, odd);
        reading.gather();
        reading.gather();
        assert_eq!(reading.planned().len(), 6, "{odd:?}");
    }
    reading.server.on("/blog", Answer::status(500));
    reading.gather();
    assert_eq!(reading.planned().len(), 6);
    reading.server.on("/blog", Answer::status(410));
    reading.gather();
    assert_eq!(reading.planned().len(), 6);
}
