//! What of a source comes in, and under which topics.

use super::*;

async fn with(settings: &str, items: &[Item]) -> (World, Ran) {
    let world = World::new(&[("blog", settings)], "send");
    world.show("blog", items);
    let ran = world.run().await;
    (world, ran)
}

fn post(title: &str, topics: &[&'static str], author: Option<&'static str>, text: &str) -> Item {
    let number = i64::try_from(title.len()).unwrap();
    Item {
        title: title.to_owned(),
        topics: topics.to_vec(),
        author,
        text: text.to_owned(),
        ..item(number, number)
    }
}

fn posts() -> Vec<Item> {
    vec![
        post("Vacature: koopman", &["Werk"], None, "Wij zoeken iemand."),
        post(
            "Kaas verkopen",
            &["Sales tips"],
            Some("Roos Timmer"),
            "Over <b>oude</b> kaas.",
        ),
        post(
            "Zomerborrel",
            &["Intern"],
            Some("Redactie"),
            "Voor collega’s.",
        ),
        post(
            "Wijn",
            &["Sales tips", "Intern"],
            None,
            "Over de\n  nieuwe oogst.",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_come_in_by_title_topic_author_and_text() {
    for (settings, sent) in [
        (
            "exclude = { title = \"^vacature\", topic = [\"intern\"] }",
            &["Kaas verkopen"][..],
        ),
        (
            "exclude.title = '(?-i)^vacature'\nexclude.author = '^Redactie$'",
            &["Kaas verkopen", "Vacature: koopman", "Wijn"],
        ),
        ("include.topic = 'sales tips'", &["Kaas verkopen", "Wijn"]),
        (
            "include = { topic = 'sales-tips', title = ['kaas', 'brood'] }",
            &["Kaas verkopen"],
        ),
        ("include.text = 'oude kaas'", &["Kaas verkopen"]),
        ("include.author = '.'", &["Kaas verkopen", "Zomerborrel"]),
    ] {
        let (_, ran) = with(settings, &posts()).await;
        assert_eq!(ran.sent, sent, "{settings}");
        assert_eq!(ran.source("blog").filtered, 4 - sent.len(), "{settings}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_which_filter_it_was() {
    let world = World::new(
        &[(
            "blog",
            "exclude = { title = \"^vacature\", topic = [\"intern\"] }\ninclude.title = ['kaas', 'brood']",
        )],
        "send",
    );
    let mut posts = posts();
    posts.push(post("Los", &[], None, "Niets."));
    world.show("blog", &posts);
    for _ in 0..2 {
        let plan = world.plan().await;
        let reason = |title: &str| reason(&plan, "blog", title);
        assert_eq!(reason("Vacature: koopman"), "excluded by title `^vacature`");
        assert_eq!(reason("Zomerborrel"), "excluded by topic `intern`");
        assert_eq!(
            reason("Los"),
            "not included: title does not match `kaas` or `brood`"
        );
        world.run().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_is_loosened_brings_no_flood_and_one_that_is_tightened_counts_at_once() {
    let world = World::new(&[("blog", "exclude.title = 'nummer [1-9]$'")], "send");
    world
        .timed
        .newsletter
        .append("schedules/weekly.toml", "min_posts = 4\n");
    let items: Vec<Item> = (1..=12).map(|n| item(n, n)).collect();
    world.show("blog", &items);
    assert_eq!(world.run().await.sent.len(), 0, "three wait for a fourth");
    let newsletter = &world.timed.newsletter;
    newsletter.replace("courant.toml", "'nummer [1-9]$'", "'nummer 12'");
    let plan = world.plan().await;
    let reason = |title: &str| reason(&plan, "blog", title);
    assert_eq!(reason("Bericht nummer 12"), "excluded by title `nummer 12`");
    assert_eq!(reason("Bericht nummer 11"), "new");
    assert_eq!(
        reason("Bericht nummer 3"),
        "excluded by title `nummer [1-9]$`"
    );
    newsletter.replace("schedules/weekly.toml", "min_posts = 4", "min_posts = 1");
    assert_eq!(
        world.run().await.sent,
        ["Bericht nummer 10", "Bericht nummer 11"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_get_the_names_that_topics_have_here() {
    for (map, expected) in [
        (
            "topic_map = { \"Sales tips\" = \"verkoop\", Intern = \"\" }",
            [
                &["markt", "werk"][..],
                &["markt", "verkoop"],
                &["markt"],
                &["markt", "verkoop"],
            ],
        ),
        (
            "topic_map = { \"sales-tips\" = \"verkoop\", \"*\" = false }",
            [
                &["markt"],
                &["markt", "verkoop"],
                &["markt"],
                &["markt", "verkoop"],
            ],
        ),
        (
            "topic_map = { Intern = \"intern\", \"*\" = \"overig\" }",
            [
                &["markt", "overig"],
                &["markt", "overig"],
                &["markt", "intern"],
                &["markt", "overig", "intern"],
            ],
        ),
    ] {
        let world = World::new(&[("blog", &format!("topics = [\"markt\"]\n{map}"))], "send");
        world.show("blog", &posts());
        let tested = world.timed.newsletter.json(&["sources", "test", "blog"]);
        let topics: Vec<Vec<&str>> = tested["posts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|post| {
                post["topics"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|t| t.as_str().unwrap())
                    .collect()
            })
            .collect();
        assert_eq!(topics, expected, "{map}");
    }
}

#[test]
fn a_topic_of_the_map_is_known_to_schedules() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.replace(
        "courant.toml",
        "folder = \"posts\"",
        "folder = \"posts\"\ntopic_map = { \"Sales tips\" = \"verkoop\" }",
    );
    newsletter.append("schedules/weekly.toml", "topics = [\"verkoop\"]\n");
    assert_eq!(newsletter.expect(&["check"], 0).stderr, "");
    newsletter.replace("schedules/weekly.toml", "[\"verkoop\"]", "[\"verkop\"]");
    let said = newsletter.expect(&["check"], 0).stderr;
    assert!(said.contains("did you mean `verkoop`?"), "{said}");
}

#[test]
fn a_pattern_that_cannot_be_read_is_shown_where_it_breaks() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.replace(
        "courant.toml",
        "folder = \"posts\"",
        "folder = \"posts\"\nhold_above = 0\n\
         exclude = { title = '^Vacature(', topic = ['goed', 'een [a-'], txt = 'x', author = '' }\n\
         include = { text = '(?=vooruit)', title = [] }\n\
         topic_map = { \"—\" = \"x\", Intern = \"Geen Topic\", \"Sales tips\" = \"a\", \"sales-tips\" = \"b\", X = 3 }",
    );
    insta::assert_snapshot!("filter_faults", newsletter.expect(&["check"], 78).stderr);
}
