//! What a publisher changes, moves or republishes is not new, and a new post is not mistaken for an old one.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_moves_to_other_software_sends_nothing_again() {
    let items: Vec<Item> = (1..=37).map(|n| item(n, 24 * n)).collect();
    let world = World::blog(&items).await;
    // Every guid, every host and every path is another; titles and dates stay.
    let moved: Vec<Item> = (1..=37)
        .map(|n| Item {
            guid: format!("urn:uuid:0000-{n}"),
            link: format!("https://www.nieuw.example/artikel/{n}"),
            ..item(n, 24 * n)
        })
        .collect();
    world.show("blog", &moved);
    let ran = world.run().await;
    assert_eq!(ran.sent, Vec::<String>::new());
    assert_eq!(
        (ran.source("blog").renewed, ran.source("blog").new),
        (37, 0)
    );
    assert_eq!(ran.source("blog").held, None);
    // From then on they are known by their new names, whatever becomes of the titles.
    let edited: Vec<Item> = (0..)
        .zip(&moved)
        .map(|(n, item)| Item {
            title: format!("Onder een andere kop, {n}"),
            date: Some(NOW.parse().unwrap()),
            ..item.clone()
        })
        .collect();
    world.show("blog", &edited);
    let ran = world.run().await;
    assert_eq!((ran.sent.len(), ran.source("blog").renewed), (0, 0));
    // And by their old ones.
    world.show("blog", &items);
    let ran = world.run().await;
    assert_eq!((ran.sent.len(), ran.source("blog").new), (0, 0));
    // What is new among them is.
    world.show("blog", &[vec![item(99, 0)], moved].concat());
    assert_eq!(world.run().await.sent, ["Bericht nummer 99"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_says_of_renewed_guids() {
    let items: Vec<Item> = (1..=3).map(|n| item(n, 24 * n)).collect();
    let world = World::new(&[("blog", "")], "baseline");
    world.show("blog", &items);
    world.says(&["run"], 0);
    let moved = items.iter().zip(7..).map(|(item, n)| Item {
        guid: n.to_string(),
        ..item.clone()
    });
    world.show("blog", &moved.collect::<Vec<_>>());
    let said = world.says(&["run"], 0);
    assert!(
        said.contains("blog: 3 posts came back under new guids; taken for the same"),
        "{said}"
    );
    assert!(said.contains("nothing new, nothing sent"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_renews_guids_links_and_dates_is_seen_by_its_titles() {
    let items: Vec<Item> = (1..=10).map(|n| item(n, 24 * n)).collect();
    let world = World::blog(&items).await;
    let moved: Vec<Item> = (1..=10)
        .map(|n| Item {
            guid: format!("n{n}"),
            link: format!("https://nieuw.example/{n}"),
            text: format!("Anders opgemaakt: bericht {n}."),
            ..item(n, 0)
        })
        .collect();
    world.show("blog", &[vec![item(11, 0)], moved].concat());
    let ran = world.run().await;
    assert_eq!(ran.sent, ["Bericht nummer 11"]);
    assert_eq!(ran.source("blog").renewed, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_comes_again_is_a_new_post() {
    let weekly = |n: i64, hours: i64| Item {
        title: "Koffieochtend".to_owned(),
        text: "Woensdag om tien uur staat de koffie klaar, voor wie er zin in heeft.".to_owned(),
        ..item(n, hours)
    };
    let world = World::blog(&[weekly(1, 24 * 7)]).await;
    // The old one is gone from the feed, and title and text are the same: only the day tells.
    world.show("blog", &[weekly(2, 0)]);
    assert_eq!(world.run().await.sent, ["Koffieochtend"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guid_that_moves_to_another_post_hides_neither() {
    let world = World::blog(&[item(1, 24)]).await;
    // The known post has a new link, and a new post has its old one.
    let changed = Item {
        link: "https://blog.example.nl/elders/".to_owned(),
        ..item(1, 24)
    };
    let new = Item {
        guid: "g2".to_owned(),
        link: item(1, 24).link,
        ..item(2, 0)
    };
    world.show("blog", &[new, changed]);
    assert_eq!(world.run().await.sent, ["Bericht nummer 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_empty_and_comes_back_brings_nothing() {
    let items: Vec<Item> = (1..=30).map(|n| item(n, n)).collect();
    let world = World::blog(&items).await;
    for shown in [&[][..], &items] {
        world.show("blog", shown);
        let ran = world.run().await;
        assert_eq!((ran.sent.len(), ran.source("blog").new), (0, 0));
        assert_eq!(ran.source("blog").held, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_ahead_is_first_seen_and_so_is_none() {
    let world = World::blog(&[item(1, 24)]).await;
    let undated = Item {
        date: None,
        ..item(3, 0)
    };
    world.show("blog", &[item(2, -24 * 400), undated]);
    let plan = world.plan().await;
    for title in ["Bericht nummer 2", "Bericht nummer 3"] {
        let post = plan.posts.iter().find(|post| post.title == title).unwrap();
        assert!(post.carried && post.dated == world.timed.now(), "{post:?}");
    }
    assert_eq!(world.run().await.sent.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_renamed_is_the_same_and_next_weeks_file_is_not() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    let timed = Timed::new(newsletter, NOW);
    let letter =
        |title: &str| format!("# {title}\n\nWat er deze week gebeurde op de markt: {title}.\n");
    let write = |name: &str, title: &str| timed.newsletter.write(name, &letter(title));
    write("posts/2026-11-18-weekbericht.md", "Regen");
    assert_eq!(timed.run(&Wish::Default).await.issues[0].posts, 2);
    let remove = |name: &str| std::fs::remove_file(timed.newsletter.path(name)).unwrap();

    // Another name, another folder: the same post.
    remove("posts/2026-11-18-weekbericht.md");
    write("posts/archief/regen.md", "Regen");
    let report = timed.run(&Wish::Default).await;
    assert!(report.issues.is_empty(), "{report:?}");
    assert_eq!(report.sources[0].renewed, 1);

    // The next one has the first one's name but for the day, which is no reason to lose it or its page.
    write("posts/2026-11-25-weekbericht.md", "Zon");
    let report = timed.run(&Wish::Default).await;
    assert_eq!(report.issues[0].posts, 1);
    assert!(
        timed
            .newsletter
            .read("state/public/posts/weekbericht/index.html")
            .contains("Regen")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_feed_under_an_old_name_is_at_its_first_sight_in_spite_of_a_title() {
    let world = World::blog(&[item(1, 24)]).await;
    let newsletter = &world.timed.newsletter;
    newsletter.replace("courant.toml", "/blog\"", "/ander\"");
    let other = |n: i64, title: &str| Item {
        guid: format!("ander-{n}"),
        link: format!("https://ander.example/{n}"),
        title: title.to_owned(),
        ..item(n, n)
    };
    let same_title = item(1, 24).title;
    world.show(
        "ander",
        &[
            other(1, &same_title),
            other(2, "Twee"),
            other(3, "Drie"),
            other(4, "Vier"),
        ],
    );
    assert_eq!(world.run().await.sent, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_edited_after_it_went_out_is_not_new() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    let timed = Timed::new(newsletter, NOW);
    assert_eq!(timed.run(&Wish::Default).await.issues[0].posts, 1);
    timed
        .newsletter
        .post("eerste", "Een andere kop, en daarmee een andere tekst");
    let report = timed.run(&Wish::Default).await;
    assert_eq!((report.issues.len(), report.sources[0].changed), (0, 1));
}
