//! A source that names another's address takes neither its place nor its words.

use super::feeds::{Item, Reading};
use crate::support::http::{Answer, HttpServer};

/// The text of the true post.
const TRUE: &str = "The annual report tells in full how the year went for all members, and what the board decided of it.";

/// What the other one says, more than twice as long.
const HOSTILE: &str = "Pay at this page at once please or else we shall close your account without another word. Pay at \
    this page at once please or else we shall close your account without another word. Pay at this page at once please \
    or else we shall close your account without another word. Pay at once, it is the last time that we ask you.";

fn post(guid: &str, link: &str, title: &str, text: &str) -> Item {
    Item {
        guid: Some(guid.to_owned()),
        link: link.to_owned(),
        title: title.to_owned(),
        date: None,
        text: text.to_owned(),
    }
}

/// Whether the next issue carries a post of the source.
fn carried(reading: &Reading, source: &str) -> bool {
    let posts = reading.plan();
    posts
        .iter()
        .any(|post| post["source"] == source && post["carried"] == true)
}

#[test]
fn who_names_anothers_link_or_guid_does_not_take_its_post_away() {
    // The site of the true post; guid and link of the hostile one; its title. All stand before the true ones.
    let kinds = [
        ("linked", "b1", "https://LINKED.example/1", "Pay now"),
        (
            "tracked",
            "b1",
            "http://www.tracked.example/1/?utm_source=x#top",
            "Pay now",
        ),
        (
            "named",
            "https://named.example/1",
            "https://evil.example/9",
            "Pay now",
        ),
        (
            "tagged",
            "tag:tagged.example,2026:1",
            "https://evil.example/8",
            "Pay now",
        ),
        (
            "copied",
            "b2",
            "https://copied.example/1",
            "The annual report of copied",
        ),
        (
            "guided",
            "https://guided.example/1",
            "https://evil.example/7",
            "The annual report of guided",
        ),
    ];
    let names: Vec<String> = kinds
        .iter()
        .flat_map(|(kind, ..)| [format!("hostile-{kind}"), kind.to_string()])
        .collect();
    let reading = Reading::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for (kind, guid, link, title) in kinds {
        let site = format!("https://{kind}.example/");
        let own = match kind {
            "tagged" => guid.to_owned(),
            _ => format!("{site}1"),
        };
        let truth = format!("{TRUE} It is the report of {kind} alone.");
        let own = post(
            &own,
            &format!("{site}1"),
            &format!("The annual report of {kind}"),
            &truth,
        );
        reading.show(kind, &site, &[own]);
        let hostile = post(guid, link, title, &format!("{HOSTILE} Yours, {kind}."));
        reading.show(
            &format!("hostile-{kind}"),
            "https://evil.example/",
            &[hostile],
        );
    }
    let posts = reading.plan();
    for (kind, ..) in kinds {
        let theirs = posts.iter().find(|post| post["source"] == kind).unwrap();
        assert_eq!(theirs["carried"], true, "{theirs}");
    }
    // Who copies the title too is joined to the owner, and his words go nowhere.
    for kind in ["hostile-copied", "hostile-guided"] {
        let hostile = posts.iter().find(|post| post["source"] == kind).unwrap();
        assert_eq!(hostile["carried"], false, "{hostile}");
    }
}

#[test]
fn a_title_alone_joins_nothing_where_nobody_is_known_as_the_owner() {
    // Both feeds say that they are of a third site: neither is believed more than the other.
    let reading = Reading::new(&["hostile", "true"]);
    let link = "https://genuine.example/1";
    for site in ["https://x.example/", "https://genuine.example/"] {
        reading.show("true", site, &[post("a1", link, "Annual report", TRUE)]);
        reading.show(
            "hostile",
            site,
            &[post("b1", link, "Annual report", HOSTILE)],
        );
        assert!(carried(&reading, "true"), "{site}");
    }
}

#[test]
fn the_host_that_is_read_is_believed_before_what_a_feed_says_of_itself() {
    let theirs = HttpServer::start_at("127.0.0.2");
    let reading = Reading::new(&["hostile"]);
    let own = theirs.url("/feed").to_string();
    reading.newsletter.replace(
        "courant.toml",
        "[gather]",
        &format!("[[source]]\nname = \"true\"\nurl = \"{own}\"\n\n[gather]"),
    );
    let link = theirs.url("/1").to_string();
    // The hostile one claims the site, was there first, and has the title; the true one's feed is silent about its site.
    let title = "Annual report";
    reading.show("hostile", &link, &[post("b1", &link, title, HOSTILE)]);
    reading.gather();
    assert!(carried(&reading, "hostile"), "it is all that is known");
    let truth = super::feeds::rss("", &[post("a1", &link, title, TRUE)]);
    theirs.on("/feed", Answer::ok("application/rss+xml", truth));
    assert!(carried(&reading, "true"));
    assert!(!carried(&reading, "hostile"));
}

#[test]
fn what_went_out_under_anothers_link_keeps_the_true_post_from_nobody() {
    let reading = Reading::new(&["hostile", "true"]);
    let link = "https://genuine.example/1";
    let title = "Annual report";
    reading.show("true", "https://genuine.example/", &[]);
    reading.show(
        "hostile",
        "https://evil.example/",
        &[post("b1", link, title, HOSTILE)],
    );
    assert_eq!(reading.issue(), [title]);
    reading.show(
        "true",
        "https://genuine.example/",
        &[post("a1", link, title, TRUE)],
    );
    assert_eq!(reading.issue(), [title], "the true one");
    // An honest copy that was quicker is all that a reader needs.
    let link = "https://genuine.example/2";
    let copy = post("b2", link, "Second report", TRUE);
    reading.show("hostile", "https://evil.example/", &[copy]);
    assert_eq!(reading.issue(), ["Second report"]);
    let own = post("a2", link, "Second report", TRUE);
    reading.show("true", "https://genuine.example/", &[own]);
    assert_eq!(reading.issue(), Vec::<String>::new());
}

#[test]
fn an_honest_copy_is_one_post_and_the_owner_stays() {
    let kinds = ["whole", "summary", "elsewhere", "slash"];
    let names: Vec<String> = kinds
        .iter()
        .flat_map(|kind| [format!("planet-{kind}"), kind.to_string()])
        .collect();
    let reading = Reading::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for kind in kinds {
        let site = format!("https://{kind}.example/");
        let link = format!("{site}1");
        let truth =
            format!("{TRUE} That is all which {kind} has to tell this year, and it is enough.");
        let title = format!("Report of {kind}");
        let own = post("a1", &link, &title, &truth);
        let (copy, text) = match kind {
            // The planet gives the whole of what the owner gives the beginning of, or the other way round.
            "whole" => (link.clone(), format!("{truth} {HOSTILE}")),
            "summary" => (link.clone(), TRUE.to_owned()),
            "elsewhere" => (link.clone(), "Comments".to_owned()),
            _ => (
                format!("http://www.{kind}.example/1/?utm_medium=rss"),
                truth.clone(),
            ),
        };
        reading.show(kind, &site, &[own]);
        let copy = post(&format!("p-{kind}"), &copy, &title, &text);
        reading.show(
            &format!("planet-{kind}"),
            "https://planet.example/",
            &[copy],
        );
    }
    for post in reading.plan() {
        let source = post["source"].as_str().unwrap();
        assert_eq!(post["carried"], !source.starts_with("planet"), "{post}");
    }
}
