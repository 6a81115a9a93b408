//! Front matter that means "not for readers", as site generators and note-takers write it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::newsletter::Newsletter;

const BODY: &str =
    "The river rose two metres in one night, and the bakery on the quay had to close.";

/// A newsletter with nothing but these texts in its folder.
fn with_posts(posts: &[(&str, &str)]) -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    std::fs::remove_file(newsletter.path("posts/eerste.md")).unwrap();
    for (name, text) in posts {
        newsletter.write(&format!("posts/{name}"), text);
    }
    newsletter
}

/// What the plan says of each post, by its title; and the messages of its faults.
fn planned(newsletter: &Newsletter) -> (BTreeMap<String, String>, Vec<String>) {
    let plan = newsletter.json(&["plan"]);
    let plan = plan.get(0).unwrap_or(&plan);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let posts = plan["posts"].as_array().unwrap().iter();
    let posts = posts.map(|post| (text(&post["title"]), text(&post["reason"])));
    let faults = plan["faults"].as_array().unwrap().iter();
    (
        posts.collect(),
        faults.map(|fault| text(&fault["message"])).collect(),
    )
}

#[test]
fn what_another_programs_words_keep_back_is_kept_back() {
    let fields = [
        "published: false",
        "publish: false",
        "dg-publish: false",
        "status: draft",
        "status: \"In progress\"",
        "Draft: true",
        "drafts: true",
        "DRAFT: Yes",
        "Date: 2099-01-15",
        "publishDate: 2099-01-15",
        "publish_date: 2099-01-15",
        "pubDate: 2099-01-15",
        "published: 2099-01-15",
        "expiryDate: 2020-01-01",
        "unpublishdate: 2020-01-01",
        "expires: 2020-01-01",
        "private: true",
        "visibility: private",
        "visibility: paid",
        "unlisted: true",
        "password: geheim",
        "build: { list: never }",
    ];
    let texts: Vec<(String, String)> = fields
        .iter()
        .enumerate()
        .map(|(n, field)| {
            let text = format!("---\ntitle: 'P{n:02}'\n{field}\n---\n{BODY} {n}\n");
            (format!("p{n}.md"), text)
        })
        .collect();
    let texts: Vec<(&str, &str)> = texts
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let (posts, faults) = planned(&with_posts(&texts));
    assert_eq!(posts.len(), fields.len(), "{posts:?}");
    for (title, reason) in &posts {
        let field = fields[title[1..].parse::<usize>().unwrap()];
        assert!(reason.starts_with("held"), "{field}: {reason}");
    }
    assert_eq!(faults, [""; 0]);
}

#[test]
fn fields_count_in_every_form_and_place_that_they_are_written_in() {
    let texts = [
        (
            "space.md",
            format!("\n \n---\ntitle: T\ndraft: true\n---\n{BODY}\n"),
        ),
        (
            "nbsp.md",
            format!("\u{feff}\u{a0}\n---\ntitle: U\ndraft: true\n---\n{BODY} a\n"),
        ),
        (
            "json.md",
            format!("{{\n  \"title\": \"V\",\n  \"draft\": true\n}}\n{BODY} b\n"),
        ),
        (
            "toml.md",
            format!("+++\ntitle = \"W\"\nDraft = true\n+++\n{BODY} c\n"),
        ),
        (
            "pelican.md",
            format!("Title: X\nStatus: draft\n\n{BODY} d\n"),
        ),
        (
            "hexo.md",
            format!("title: Y\npublished: false\n---\n{BODY} e\n"),
        ),
        (
            "logseq.md",
            format!("title:: Z\npublic:: false\n\n{BODY} f\n"),
        ),
        ("drafts/a.md", format!("# In a folder\n\n{BODY} g\n")),
        (
            "_drafts/b.md",
            format!("# In Jekyll's folder\n\n{BODY} h\n"),
        ),
        ("text.txt", format!("Beside\n\n{BODY} i\n")),
        ("text.toml", "title = \"Beside\"\ndraft = true\n".to_owned()),
        (
            "eleventy.md",
            format!("---\ntitle: Eleventy\n---\n{BODY} j\n"),
        ),
        ("eleventy.json", "{ \"draft\": true }".to_owned()),
        (
            "_posts/2026-10-01-root.md",
            format!("---\ntitle: Root\n---\n{BODY} k\n"),
        ),
    ];
    let texts: Vec<(&str, &str)> = texts.iter().map(|(a, b)| (*a, b.as_str())).collect();
    let (posts, faults) = planned(&with_posts(&texts));
    let out: Vec<_> = posts.iter().filter(|(_, why)| *why == "new").collect();
    assert_eq!(out.len(), 1, "{posts:?}");
    assert_eq!(out[0].0, "Root");
    assert_eq!(posts.len(), 12, "{posts:?}");
    assert_eq!(faults, [""; 0]);
}

#[test]
fn what_may_be_a_slip_is_an_error_and_what_means_nothing_is_told_once() {
    let newsletter = with_posts(&[
        (
            "a.md",
            &format!("---\ntitle: A\ndaet: 2099-01-15\n---\n{BODY}\n"),
        ),
        (
            "b.md",
            &format!("---\ntitle: B\nstatus: idees\n---\n{BODY} b\n"),
        ),
        (
            "c.md",
            &format!("---\ntitle: C\nmood: good\n---\n{BODY} c\n"),
        ),
        (
            "d.md",
            &format!("---\ntitle: D\nMood: bad\nlayout: post\n---\n{BODY} d\n"),
        ),
        (
            "e.md",
            &format!("# E\n\n---\ndraft: true\n---\n\n{BODY} e\n"),
        ),
        ("f.md", "\u{0}\u{1}\u{2}PNG"),
        ("g.md", "%PDF-1.4\nstream"),
    ]);
    let check = newsletter.expect(&["check"], 65);
    assert!(
        check
            .stderr
            .contains("error: unknown key `daet`\n  --> posts/a.md:3:1"),
        "{}",
        check.stderr
    );
    assert!(
        check.stderr.contains("hint: did you mean `date`?"),
        "{}",
        check.stderr
    );
    assert!(check.stderr.contains("posts/b.md:3:9"), "{}", check.stderr);
    assert_eq!(
        check.stderr.to_lowercase().matches("`mood`").count(),
        1,
        "{}",
        check.stderr
    );
    assert!(check.stderr.contains("posts/c.md:3:1"), "{}", check.stderr);
    assert!(!check.stderr.contains("layout"), "{}", check.stderr);
    assert!(check.stderr.contains("posts/e.md:3:1"), "{}", check.stderr);
    for file in ["posts/f.md", "posts/g.md"] {
        assert!(check.stderr.contains(file), "{}", check.stderr);
    }
    let (posts, faults) = planned(&newsletter);
    let titles: Vec<_> = posts.keys().map(String::as_str).collect();
    assert_eq!(titles, ["C", "D"]);
    assert!(
        !faults.iter().any(|fault| fault.contains("mood")),
        "{faults:?}"
    );
}

#[test]
fn days_and_times_without_a_zone_are_in_the_newsletters() {
    let newsletter = with_posts(&[(
        "a.md",
        &format!("---\ntitle: Today\ndate: 2026-11-20\n---\n{BODY}\n"),
    )]);
    newsletter.replace(
        "schedules/weekly.toml",
        "Europe/Amsterdam",
        "America/New_York",
    );
    let plan = newsletter.json(&["plan"]);
    let plan = plan.get(0).unwrap_or(&plan);
    assert_eq!(plan["posts"][0]["dated"], "2026-11-20T05:00:00Z");
    newsletter.replace(
        "courant.toml",
        "language = \"nl\"",
        "language = \"nl\"\ntimezone = \"Asia/Tokyo\"",
    );
    let plan = newsletter.json(&["plan"]);
    let plan = plan.get(0).unwrap_or(&plan);
    assert_eq!(plan["posts"][0]["dated"], "2026-11-19T15:00:00Z");
}

#[test]
fn of_a_sites_root_only_its_posts_are_read() {
    let newsletter = with_posts(&[
        ("_config.yml", "title: Site"),
        (
            "_posts/2026-10-01-a.md",
            &format!("---\ntitle: Post\n---\n{BODY}\n"),
        ),
        (
            "_drafts/b.md",
            &format!("---\ntitle: Draft\n---\n{BODY} b\n"),
        ),
        ("about.md", &format!("---\ntitle: About\n---\n{BODY} c\n")),
        ("404.html", "<h1>Not found</h1><p>Nothing is here.</p>"),
    ]);
    let (posts, _) = planned(&newsletter);
    let shown: Vec<_> = posts
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(shown, [("Draft", "held: a draft"), ("Post", "new")]);
}

#[test]
fn what_expires_or_is_taken_back_before_its_issue_does_not_go() {
    let newsletter = with_posts(&[
        ("a.md", &format!("---\ntitle: A\n---\n{BODY}\n")),
        ("b.md", &format!("---\ntitle: B\n---\n{BODY} b\n")),
    ]);
    newsletter.replace(
        "schedules/weekly.toml",
        "first_run = \"send\"",
        "first_run = \"baseline\"",
    );
    newsletter.expect(&["gather"], 0);
    newsletter.replace("posts/a.md", "title: A", "title: A\nexpiryDate: 2020-01-01");
    newsletter.replace("posts/b.md", "title: B", "title: B\npublish: false");
    newsletter.replace(
        "schedules/weekly.toml",
        "first_run = \"baseline\"",
        "first_run = \"send\"",
    );
    let (posts, _) = planned(&newsletter);
    assert!(
        posts.values().all(|why| why.starts_with("held")),
        "{posts:?}"
    );
    assert_eq!(posts.len(), 2);
}
