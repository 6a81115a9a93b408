//! A post's name and the post, over several visits: what is new under an old name, and what is old under a new one.

use super::feeds::{Item, Reading};

const SITE: &str = "https://blog.example.org/";

const RIVER: &str =
    "The river rose two metres in one night, and the bakery on the quay had to close.";

const DAYS: [&str; 3] = [
    "Mon, 23 Nov 2026 09:00:00 +0100",
    "Tue, 24 Nov 2026 09:00:00 +0100",
    "Wed, 25 Nov 2026 09:00:00 +0100",
];

fn post(guid: &str, path: &str, title: &str, day: usize, text: &str) -> Item {
    Item {
        guid: (!guid.is_empty()).then(|| guid.to_owned()),
        link: format!("{SITE}{path}"),
        title: title.to_owned(),
        date: Some(DAYS[day]),
        text: text.to_owned(),
    }
}

/// What each issue carries, where one is made after each of these visits.
fn issues(visits: &[Vec<Item>]) -> Vec<Vec<String>> {
    let reading = Reading::new(&["blog"]);
    let visit = |items: &Vec<Item>| {
        reading.show("blog", SITE, items);
        reading.issue()
    };
    visits.iter().map(visit).collect()
}

#[test]
fn a_word_that_stands_for_no_guid_names_no_post() {
    let one = post("N/A", "p/1/", "Release 1", 0, "First release of the tool.");
    let two = post("N/A", "p/2/", "Release 2", 0, "Second release, other text.");
    let three = post("N/A", "p/3/", "Release 3", 0, "Third release, all is new.");
    let issues = issues(&[
        vec![one.clone()],
        vec![two, one],
        vec![three.clone()],
        vec![three],
    ]);
    let none: [&str; 0] = [];
    assert_eq!(issues[..3], [["Release 1"], ["Release 2"], ["Release 3"]]);
    assert_eq!(issues[3], none);
}

#[test]
fn one_name_for_all_posts_one_after_another_hides_none() {
    // The guid of all, the path of each, and the day of each: one of them always tells.
    for (guid, paths, days) in [
        ("blog", ["p/1/", "p/2/", "p/3/"], [0, 0, 0]),
        (
            "https://blog.example.org/",
            ["today", "today", "today"],
            [0, 1, 2],
        ),
        ("", ["today", "today", "today"], [0, 1, 2]),
    ] {
        let one = post(
            guid,
            paths[0],
            "Cheese is dear",
            days[0],
            "The price of cheese went up by a third.",
        );
        let two = post(
            guid,
            paths[1],
            "A dry summer",
            days[1],
            "Since May no rain has fallen on the fields.",
        );
        let three = post(guid, paths[2], "New mayor", days[2], RIVER);
        let edited = post(
            guid,
            paths[2],
            "A new mayor",
            days[2],
            &format!("{RIVER} It was the third time."),
        );
        let issues = issues(&[vec![one], vec![two], vec![three], vec![edited]]);
        let none: [&str; 0] = [];
        assert_eq!(
            issues[..3],
            [["Cheese is dear"], ["A dry summer"], ["New mayor"]],
            "{guid}"
        );
        assert_eq!(issues[3], none, "{guid}");
    }
}

#[test]
fn what_was_edited_under_its_own_name_is_not_mailed_again() {
    let first = |title: &str, day, text: &str| vec![post("g-1", "p/1/", title, day, text)];
    // The headline and the day; all of the text, of the same day; a stub that became a whole.
    let issues = issues(&[
        first("Bakery closes", 0, RIVER),
        first("Quay under water", 1, RIVER),
        first(
            "Quay under water",
            2,
            "It is dry again, and the baker has opened the door as ever.",
        ),
        first(
            "Bread is back",
            2,
            "Wholly rewritten, since the editor did not like one word of what stood here before.",
        ),
    ]);
    assert_eq!(issues[0], ["Bakery closes"]);
    assert!(issues[1..].iter().all(Vec::is_empty), "{issues:?}");
}

#[test]
fn a_headline_that_guid_and_link_are_made_of_may_be_edited() {
    let named = |slug: &str, title: &str, text: &str| {
        let guid = format!("{SITE}{slug}");
        post(&guid, slug, title, 0, text)
    };
    let other = post("g-2", "p/2/", "Other", 0, "Other text of its own.");
    let long = format!("{RIVER} {RIVER} {RIVER} {RIVER} Now the baker bakes at his brother's.");
    let issues = issues(&[
        vec![
            named("mayor-opens-bridge-4711", "Mayor opens bridge", RIVER),
            named("long-1", "Long read", &long),
            other.clone(),
        ],
        vec![
            named("at-last-4711", "At last", RIVER),
            // Its text begins with the headline, which was edited too.
            named("flour-1", "Flour", &format!("Flour. {long}")),
            other.clone(),
        ],
        // A second post of that moment with that text is another.
        vec![
            named("at-last-4711", "At last", RIVER),
            named("again-4712", "Again", RIVER),
            other,
        ],
    ]);
    assert_eq!(issues[0], ["Long read", "Mayor opens bridge", "Other"]);
    let none: [&str; 0] = [];
    assert_eq!(issues[1], none);
    assert_eq!(issues[2], ["Again"]);
}
