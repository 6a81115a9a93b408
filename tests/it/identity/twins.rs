//! One post in several sources: it goes out once, and readers find it in both places.

use super::*;

/// Some eighty words on one subject.
const LONG: &str = "Wie op de markt staat, weet dat een klant niet komt voor de prijs alleen. Hij komt voor het praatje, \
    voor de geur van verse koffie bij de kraam hiernaast, en omdat zijn moeder daar ook al kocht. Een goede koopman \
    onthoudt dat, en vraagt de week daarop hoe het met haar gaat. Zo eenvoudig is het, en zo moeilijk, want het moet \
    gemeend zijn. Wie het speelt, valt door de mand nog voor de kaas is ingepakt en afgerekend.";

fn two(settings: &str) -> World {
    World::new(&[("eerste", settings), ("tweede", "")], "baseline")
}

/// Two sources, each with one post of its own in the baseline.
async fn read_once() -> World {
    let world = two("");
    world.show("eerste", &[item(1, 48)]);
    world.show("tweede", &[elsewhere(2, 48)]);
    world.run().await;
    world
}

/// The same post, as another site repeats it.
fn repeated(number: i64, hours: i64) -> Item {
    Item {
        link: item(number, hours).link,
        title: format!("Elders: Bericht nummer {number}"),
        text: item(number, hours).text,
        ..elsewhere(number, hours)
    }
}

/// A post of another site.
fn elsewhere(number: i64, hours: i64) -> Item {
    Item {
        guid: format!("andere-{number}"),
        link: format!("https://andere.example/nieuws/{number}"),
        title: format!("Elders {number}"),
        text: format!("Op de andere site staat bericht {number}, over weer iets anders."),
        ..item(number, hours)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_two_sources_bring_is_one_post() {
    let world = read_once().await;
    let copy = Item {
        link: format!(
            "{}?utm_source=rss#top",
            item(5, 1).link.replace("https://", "http://www.")
        ),
        ..repeated(5, 1)
    };
    world.show_as("tweede", "Het Andere Blad", &[copy, elsewhere(2, 48)]);
    world.show("eerste", &[item(5, 2), item(1, 48)]);
    let plan = world.plan().await;
    let said = "the same canonical link as “Bericht nummer 5” of `eerste`";
    assert_eq!(reason(&plan, "tweede", "Elders: Bericht nummer 5"), said);
    let kept = plan.posts.iter().find(|post| post.carried).unwrap();
    assert_eq!(kept.also[0].source.as_str(), "tweede");
    assert_eq!(kept.also[0].place.as_deref(), Some("Het Andere Blad"));

    let ran = world.run().await;
    assert_eq!(ran.sent, ["Bericht nummer 5"]);
    assert_eq!(
        (ran.source("tweede").joined, ran.source("eerste").joined),
        (1, 0)
    );
    let plan = world.plan().await;
    assert_eq!(reason(&plan, "tweede", "Elders: Bericht nummer 5"), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_text_under_another_link_is_one_post() {
    let world = read_once().await;
    let ours = Item {
        title: "Waarom een klant terugkomt".to_owned(),
        text: LONG.to_owned(),
        ..item(5, 2)
    };
    world.show("eerste", &[ours.clone(), item(1, 48)]);
    assert_eq!(world.run().await.sent, ["Waarom een klant terugkomt"]);
    // A day later, with what the other site puts around it.
    let theirs = Item {
        title: "Waarom een klant terugkomt".to_owned(),
        text: format!("{LONG}</p><p>Dit artikel verscheen eerder elders."),
        ..elsewhere(5, -24)
    };
    world.show("tweede", &[theirs, elsewhere(2, 48)]);
    world.timed.advance(SignedDuration::from_hours(24));
    let ran = world.run().await;
    assert_eq!(ran.sent, Vec::<String>::new());
    let plan = world.plan().await;
    assert_eq!(
        reason(&plan, "tweede", "Waarom een klant terugkomt"),
        "the same text as “Waarom een klant terugkomt” of `eerste`"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_comes_back_after_a_season_is_news() {
    let world = read_once().await;
    let post = |n: i64, hours: i64, base: fn(i64, i64) -> Item| Item {
        title: "De markt in de winter".to_owned(),
        text: LONG.to_owned(),
        ..base(n, hours)
    };
    world.show("eerste", &[post(5, 0, item)]);
    assert_eq!(world.run().await.sent.len(), 1);
    world.timed.advance(SignedDuration::from_hours(24 * 15));
    world.show("tweede", &[post(5, -24 * 15, elsewhere)]);
    assert_eq!(world.run().await.sent.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn announcements_from_one_template_are_not_one() {
    let world = read_once().await;
    let announce = |day: &str, town: &str, base: Item| Item {
        title: format!("Open dag {}", base.date.unwrap().as_second()),
        text: format!(
            "Kom {day} naar onze open dag in {town}, van tien tot vier. {LONG} {LONG} {LONG}"
        ),
        ..base
    };
    for (ours, theirs) in [
        (
            ("zaterdag 5 december", "Almelo"),
            ("zaterdag 12 december", "Almelo"),
        ),
        (("zaterdag", "Almelo"), ("zaterdag", "Zwolle")),
        (("zaterdag", "Almelo"), ("zondag", "Almelo")),
    ] {
        let n = world.timed.now().as_second();
        let hours = n % 97;
        world.show("eerste", &[announce(ours.0, ours.1, item(n, hours))]);
        world.show(
            "tweede",
            &[announce(theirs.0, theirs.1, elsewhere(n, hours))],
        );
        assert_eq!(world.run().await.sent.len(), 2, "{ours:?} {theirs:?}");
    }
    // Nor are short ones that say nothing of their own.
    let n = world.timed.now().as_second();
    let short = |title: &str, base: Item| Item {
        title: title.to_owned(),
        text: "Lees verder op onze site, waar het hele bericht voor u klaarstaat.".to_owned(),
        ..base
    };
    world.show("eerste", &[short("Kaas", item(n, 0))]);
    world.show("tweede", &[short("Wijn", elsewhere(n, 0))]);
    assert_eq!(world.run().await.sent, ["Kaas", "Wijn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_text_stays_before_a_summary_and_else_the_source_that_is_listed_first() {
    let world = read_once().await;
    // Both feeds are read at the host of the link: a site's own, one with summaries and one with whole texts.
    let link = |path: &str, base: Item| Item {
        link: world.server.url(path).to_string(),
        title: format!("Waarom een klant terugkomt op {path}"),
        ..base
    };
    let (summary, _) = LONG.split_once(" Hij komt").unwrap();
    let beginning = |base: Item| Item {
        text: summary.to_owned(),
        ..base
    };
    let whole = |base: Item| Item {
        text: LONG.to_owned(),
        ..base
    };
    world.show("eerste", &[beginning(link("/a", item(5, 1)))]);
    world.show("tweede", &[whole(link("/a", elsewhere(5, 1)))]);
    let ran = world.run().await;
    assert_eq!(ran.sent.len(), 1);
    assert_eq!(ran.source("eerste").joined, 1);
    world.show("eerste", &[beginning(link("/b", item(6, 2)))]);
    world.show("tweede", &[beginning(link("/b", elsewhere(6, 2)))]);
    let ran = world.run().await;
    assert_eq!((ran.sent.len(), ran.source("tweede").joined), (1, 1));
    // At a third host nobody says whose the whole is: more words are no proof.
    let third = |base: Item| Item {
        link: "https://krant.example/c".to_owned(),
        title: "Wat de bakker vond".to_owned(),
        ..base
    };
    world.show("eerste", &[beginning(third(item(7, 3)))]);
    world.show("tweede", &[whole(third(elsewhere(7, 3)))]);
    let ran = world.run().await;
    assert_eq!((ran.sent.len(), ran.source("tweede").joined), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_whose_items_all_link_to_one_page_joins_nothing() {
    let world = read_once().await;
    let home = |base: Item| Item {
        link: "https://krant.example/vandaag".to_owned(),
        ..base
    };
    world.show("eerste", &[home(item(5, 1)), home(item(6, 1))]);
    let alike = Item {
        title: item(5, 1).title,
        ..home(elsewhere(5, 1))
    };
    world.show("tweede", &[alike]);
    assert_eq!(world.run().await.sent.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_the_topic_of_either_source_gets_the_post() {
    let world = World::new(
        &[
            ("eerste", "topics = [\"kaas\"]"),
            ("tweede", "topics = [\"wijn\"]"),
        ],
        "send",
    );
    let newsletter = &world.timed.newsletter;
    newsletter.replace(
        "subscribers.toml",
        "name = \"Lezer 0\"",
        "name = \"Lezer 0\"\ntopics = [\"wijn\"]",
    );
    let copy = repeated(5, 1);
    world.show("eerste", &[item(5, 1)]);
    world.show_as("tweede", "Het Andere Blad", &[copy]);
    let ran = world.run().await;
    assert_eq!((ran.sent.len(), ran.report.issues[0].account.sent), (1, 2));
    for message in world.timed.newsletter.mailbox() {
        assert!(message.contains("Het Andere Blad"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_was_dropped_or_filtered_out_stands_for_no_other() {
    let world = two("exclude.title = 'nummer'");
    world.show("eerste", &[]);
    world.show("tweede", &[elsewhere(2, 48)]);
    world.run().await;
    world.show("eerste", &[item(5, 1)]);
    world.show("tweede", &[repeated(5, 1)]);
    assert_eq!(world.run().await.sent, ["Elders: Bericht nummer 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_added_takes_no_news_away() {
    let world = two("");
    world.show("eerste", &[]);
    world.server.on("/eerste", Answer::status(500));
    world.show("tweede", &[elsewhere(2, 48)]);
    world.run().await;
    // The first source answers for the first time, with what the second brings as news.
    world.show("eerste", &[item(5, 1)]);
    world.show("tweede", &[repeated(5, 1), elsewhere(2, 48)]);
    assert_eq!(world.run().await.sent, ["Elders: Bericht nummer 5"]);
}
