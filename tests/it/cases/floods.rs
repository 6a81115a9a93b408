//! A source that floods its feed decides neither how much of it comes in nor who else has a place.

use super::feeds::{Item, Reading};

/// Posts of one site, each with words of its own, the highest number first.
fn posts(site: &str, numbers: std::ops::Range<usize>) -> Vec<Item> {
    let post = |number: usize| Item {
        guid: Some(format!("{site}-{number}")),
        link: format!("https://{site}.example/{number}"),
        title: format!("{site} {number}"),
        date: None,
        text: format!("What {site} has to say of number {number}, and of nothing else at all."),
    };
    numbers.rev().map(post).collect()
}

#[test]
fn what_a_feed_shows_is_no_measure_of_what_may_come() {
    let reading = Reading::new(&["loud", "busy"]);
    let show =
        |name: &str, items: &[Item]| reading.show(name, &format!("https://{name}.example/"), items);
    show("loud", &posts("loud", 0..150));
    show("busy", &posts("busy", 0..5));
    reading.gather();
    // Sixty at once are a flood, though half of what is shown is more; forty are none, though they are nearly all of it.
    show("loud", &posts("loud", 0..210));
    show("busy", &posts("busy", 0..45));
    reading.gather();
    let plan = reading.plan();
    let held = |site: &str| {
        let held = plan.iter().filter(|post| {
            let reason = post["reason"].as_str().unwrap();
            post["source"] == site && reason.contains("came at once")
        });
        held.count()
    };
    assert_eq!((held("loud"), held("busy")), (60, 0));
}

#[test]
fn who_publishes_most_leaves_the_others_their_places() {
    let reading = Reading::new(&["quiet", "calm", "loud"]);
    for (name, count) in [("quiet", 1), ("calm", 3)] {
        reading.show(
            name,
            &format!("https://{name}.example/"),
            &posts(name, 0..count),
        );
    }
    reading.gather();
    reading.show("loud", "https://loud.example/", &posts("loud", 0..60));
    let planned = reading.planned();
    let of = |site: &str| {
        planned
            .iter()
            .filter(|title| title.starts_with(site))
            .count()
    };
    assert_eq!((of("quiet"), of("calm"), of("loud")), (1, 3, 16));
    assert_eq!(planned, reading.planned(), "the same each time");
}
