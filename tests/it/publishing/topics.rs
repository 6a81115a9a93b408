//! Topics that a stranger names make no more files than the newsletter wants.

use std::collections::BTreeSet;

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Script, SmtpServer};

/// The topics that have a page, and how many files there are.
async fn published(tags: impl Fn(usize) -> Vec<String>, items: usize) -> (BTreeSet<String>, usize) {
    let server = SmtpServer::start(Script::new()).await;
    let web = HttpServer::start();
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    newsletter.readers(1);
    newsletter.write(
        "posts/eigen.md",
        "---\ntitle: Een eigen bericht\ndate: 2026-11-02\ntopics: [inkoop]\n---\n\nOver inkoop, in eigen woorden.\n",
    );
    let items: Vec<_> = (0..items)
        .map(|number| {
            serde_json::json!({
                "id": format!("{number}"), "url": web.url(&format!("/{number}")), "title": format!("Bericht {number}"),
                "content_text": format!("Woorden die alleen in bericht {number} staan."), "tags": tags(number),
            })
        })
        .collect();
    let feed = serde_json::json!({ "version": "https://jsonfeed.org/version/1.1", "title": "F", "items": items });
    web.on(
        "/feed.json",
        Answer::ok("application/feed+json", feed.to_string()),
    );
    newsletter.append("courant.toml", &format!(
        "\n[gather]\nallow = [\"127.0.0.0/8\"]\n\n[[source]]\nname = \"ver\"\nurl = \"{}\"\ntopics = [\"verkoop\"]\n",
        web.url("/feed.json")
    ));
    newsletter.append("schedules/weekly.toml", "max_posts = 100\n");
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!((run.code, server.received().len()), (0, 1), "{run:?}");
    let folder = newsletter.path("state/public/topics");
    let topics = std::fs::read_dir(folder).unwrap();
    let topics = topics.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let sitemap = newsletter.read("state/public/sitemap.xml");
    let topics: BTreeSet<String> = topics.collect();
    for topic in &topics {
        assert!(sitemap.contains(&format!("/topics/{topic}/")), "{topic}");
    }
    assert_eq!(sitemap.matches("/topics/").count(), topics.len());
    (topics, files(&newsletter.path("state/public")))
}

fn files(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_has_a_page_where_the_newsletter_names_it_or_three_posts_share_it() {
    let tags = |number: usize| {
        let mut tags: Vec<String> = (0..5).map(|tag| format!("tag-{number}-{tag}")).collect();
        if number < 3 {
            tags.push("samen".into());
        }
        if number < 2 {
            tags.push("met zijn tweeen".into());
        }
        tags
    };
    let (topics, files) = published(tags, 30).await;
    let wanted = ["inkoop", "samen", "verkoop"].map(str::to_owned);
    assert_eq!(topics, BTreeSet::from(wanted));
    assert!(files < 60, "{files}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_names_fifty_topics_at_most() {
    // Three posts each share ten topics of their own.
    let tags = |number: usize| {
        (0..10)
            .map(|tag| format!("groep-{}-{tag}", number / 3))
            .collect()
    };
    let (topics, _) = published(tags, 24).await;
    assert_eq!(topics.len(), 50 + 2, "{topics:?}");
}
