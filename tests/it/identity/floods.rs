//! The flood brake: what is held, what never is, and what a person does about it.

use super::*;

fn recent(numbers: std::ops::RangeInclusive<i64>) -> Vec<Item> {
    numbers.map(|n| item(n, n % 48)).collect()
}

fn of_2019(n: i64) -> Item {
    Item {
        date: Some(format!("2019-05-0{n}T12:00:00Z").parse().unwrap()),
        ..item(90 + n, 0)
    }
}

fn as_held(ran: &Ran) -> Option<String> {
    ran.source("blog").held.map(|why| why.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_fifty_at_once_are_held_however_many_the_feed_shows() {
    let world = World::blog(&recent(1..=150)).await;
    world.show("blog", &recent(1..=201));
    let ran = world.run().await;
    assert_eq!(
        (ran.sent.len(), as_held(&ran).as_deref()),
        (0, Some("51 posts came at once"))
    );
    // They stay held, and what comes after them goes out.
    world.show("blog", &recent(1..=202));
    let ran = world.run().await;
    assert_eq!(ran.sent, ["Bericht nummer 202"]);
    assert_eq!(as_held(&ran), None);
    assert_eq!(ran.report.held[0].posts, 51);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_of_a_small_feed_are_news() {
    let world = World::blog(&recent(1..=5)).await;
    world.show("blog", &recent(1..=55));
    let ran = world.run().await;
    assert_eq!((ran.sent.len(), ran.source("blog").new), (20, 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_some_age_may_bring_three_times_its_own_pace() {
    let world = World::blog(&recent(1..=5)).await;
    let days = |days: i64| world.timed.advance(SignedDuration::from_hours(24 * days));
    let ahead = |first: i64, posts: i64, day: i64| -> Vec<Item> {
        (first..first + posts)
            .map(|n| item(n, n % 48 - 24 * day))
            .collect()
    };
    for (number, day) in [(100, 20), (200, 50), (300, 80)] {
        days(if day == 20 { 20 } else { 30 });
        world.show("blog", &ahead(number, 50, day));
        assert_eq!(as_held(&world.run().await), None);
    }
    // 150 in ninety days foretell 35 in the 21 since the last visit.
    days(21);
    world.show("blog", &ahead(400, 110, 101));
    assert_eq!(world.plan().await.held[0].why, "110 posts came at once");
    world.show("blog", &ahead(400, 100, 101));
    assert_eq!(as_held(&world.run().await), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_reading_is_no_flood() {
    let world = World::new(&[("blog", "")], "send");
    world.show("blog", &recent(1..=60));
    let ran = world.run().await;
    assert_eq!(as_held(&ran), None);
    assert_eq!(ran.sent.len(), 20, "as many as an issue carries");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_old_posts_are_held_and_one_new_one_shows_that_they_are_meant() {
    let old = |n: i64| item(n, 24 * 31);
    let world = World::blog(&recent(1..=5)).await;
    world.show("blog", &[recent(1..=5), vec![old(6)]].concat());
    let held = as_held(&world.run().await);
    assert_eq!(
        held.as_deref(),
        Some("1 post came that is older than 30 days")
    );
    world.show(
        "blog",
        &[recent(1..=5), vec![old(7), old(8), item(9, 1)]].concat(),
    );
    assert_eq!(world.run().await.sent.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_filters_pass_over_is_no_part_of_a_flood() {
    let world = World::new(&[("blog", "exclude.title = 'nummer \\d\\d'")], "baseline");
    world.show("blog", &recent(1..=1));
    world.run().await;
    world.show("blog", &recent(1..=40));
    let ran = world.run().await;
    assert_eq!(
        (ran.sent.len(), ran.source("blog").filtered, as_held(&ran)),
        (8, 31, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_may_say_itself_how_many_are_too_many() {
    for (settings, sent) in [("hold_above = 30", 26), ("hold_above = 25", 0)] {
        let world = World::new(&[("blog", settings)], "baseline");
        world
            .timed
            .newsletter
            .append("schedules/weekly.toml", "max_posts = 50\n");
        world.show("blog", &recent(1..=2));
        world.run().await;
        world.show("blog", &recent(1..=28));
        assert_eq!(world.run().await.sent.len(), sent, "{settings}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_an_owner_puts_into_a_folder() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    let timed = Timed::new(newsletter, NOW);
    timed.run(&Wish::Default).await;
    let letter = |name: &str, day: &str| {
        let text = format!("---\ntitle: Brief {name}\ndate: {day}\n---\n\nOver {name}.\n");
        timed.newsletter.write(&format!("posts/{name}.md"), &text);
    };
    // One with an old date is meant.
    letter("oud", "2019-03-01");
    assert_eq!(timed.run(&Wish::Default).await.issues[0].posts, 1);
    // A handful of them is an archive.
    letter("ouder", "2018-03-01");
    letter("oudst", "2017-03-01");
    let report = timed.run(&Wish::Default).await;
    assert!(report.issues.is_empty());
    let held = &report.held[0];
    assert_eq!(
        (held.posts, held.why.as_str()),
        (2, "2 posts came, all older than 30 days")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_looked_at_and_let_in_or_dropped() {
    let world = World::new(&[("blog", "hold_above = 20")], "baseline");
    world.show("blog", &recent(1..=5));
    world.run().await;
    world.show("blog", &recent(1..=26));
    let planned = world.plan().await;
    assert_eq!(planned.held[0].posts, 21);
    assert_eq!(
        reason(&planned, "blog", "Bericht nummer 9"),
        "held: 21 posts came at once"
    );
    world.run().await;
    let planned = world.plan().await;
    assert_eq!(planned.held[0].why, "21 posts came at once");
    assert_eq!(
        reason(&planned, "blog", "Bericht nummer 9"),
        "held: 21 posts came at once"
    );

    let newsletter = &world.timed.newsletter;
    let review = newsletter.json(&["sources", "review", "blog"]);
    let held = review["held"].as_array().unwrap();
    assert_eq!(held.len(), 21);
    let wanted = &held[2];
    assert_eq!(wanted["number"], 3);
    assert_eq!(wanted["why"], "21 posts came at once");
    let (wanted, identity) = (
        wanted["title"].clone(),
        held[6]["identity"].as_str().unwrap(),
    );
    let decided = newsletter.json(&[
        "sources", "review", "blog", "--accept", "3", "--drop", identity,
    ]);
    assert_eq!(decided["accepted"][0], wanted);
    assert_eq!(decided["dropped"][0], held[6]["title"]);
    assert_eq!(decided["held"].as_array().unwrap().len(), 19);
    assert_eq!(world.run().await.sent, [wanted.as_str().unwrap()]);

    let dropped = held[6]["title"].as_str().unwrap();
    assert_eq!(
        reason(&world.plan().await, "blog", dropped),
        "dropped after review"
    );
    newsletter.expect(&["sources", "review", "blog", "--accept"], 0);
    let ran = world.run().await;
    assert_eq!((ran.sent.len(), ran.report.held.len()), (19, 0));
    assert!(!ran.sent.contains(&dropped.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_program_says_of_a_flood() {
    let world = World::new(&[("blog", "")], "baseline");
    world.show("blog", &(4..=6).map(of_2019).collect::<Vec<_>>());
    world.says(&["run"], 0);
    let flood: Vec<Item> = (1..=3).map(of_2019).collect();
    world.show("blog", &flood);
    let mut shown = String::new();
    for (arguments, code) in [
        (&["plan"][..], 1),
        (&["-q", "run"], 1),
        (&["run"], 0),
        (&["plan"], 0),
        (&["sources", "review", "blog"], 0),
        (&["sources", "review", "blog", "--accept", "4"], 66),
        (
            &["sources", "review", "blog", "--accept", "1", "--drop", "1"],
            2,
        ),
        (
            &["sources", "review", "blog", "--accept", "2", "--drop", "1"],
            0,
        ),
        (&["sources", "review", "blog", "--drop"], 0),
        (&["sources", "review", "blog"], 0),
        (&["sources", "review", "ander"], 66),
    ] {
        let said = world.says(arguments, code);
        shown.push_str(&format!(
            "## courant {} ({code})\n{said}\n",
            arguments.join(" ")
        ));
    }
    let minutes = without_minutes(&shown);
    insta::assert_snapshot!("flood", minutes);
}

/// The table without the minute at which the real program ran.
fn without_minutes(shown: &str) -> String {
    let lines = shown
        .lines()
        .map(|line| match line.find(" CET").or(line.find(" UTC")) {
            Some(at) if at > 16 => format!("{}(when){}", &line[..at - 16], &line[at..]),
            _ => line.to_owned(),
        });
    lines.collect::<Vec<_>>().join("\n")
}
