//! The next issue in the browser: what is shown follows what is saved, and nothing is sent, sealed or given to others.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::http::{Answer, HttpServer};
use crate::support::newsletter::Newsletter;
use crate::support::served::Served;

/// A preview, and the newest version that was waited for.
struct Preview {
    served: Served,
    revision: u64,
}

impl Preview {
    async fn start(newsletter: &Newsletter) -> Self {
        let served = Served::start_as(newsletter, &["preview", "--port", "0"]).await;
        let mut preview = Self {
            served,
            revision: 0,
        };
        preview.changed().await;
        preview
    }

    /// Waits for the event that tells a page that it is behind.
    async fn changed(&mut self) {
        let path = format!("/events?seen={}", self.revision);
        let heard = self.served.event(&path).await;
        assert!(heard.contains("event: changed"), "{heard}");
        assert!(
            heard.to_lowercase().contains("text/event-stream"),
            "{heard}"
        );
        let revision = heard.split("data: ").nth(1).unwrap();
        self.revision = revision.lines().next().unwrap().parse().unwrap();
    }

    async fn get(&self, path: &str) -> String {
        let (status, _, body) = self.served.ask("GET", path, "", "").await;
        assert_eq!(status, 200, "{path}\n{body}");
        body
    }
}

fn newsletter() -> Newsletter {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(2);
    newsletter.append(
        "subscribers.toml",
        "[[subscriber]]\nemail = \"noor@example.nl\"\nname = \"Noor <&>\"\nlanguage = \"en\"\nformat = \"text\"\n\n\
         [[subscriber]]\nemail = \"maand@example.nl\"\nschedules = [\"monthly\"]\n",
    );
    newsletter.write(
        "schedules/monthly.toml",
        "cron = \"@monthly\"\ntimezone = \"Europe/Amsterdam\"\nfirst_run = \"send\"\n",
    );
    newsletter
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_is_shown_at_once() {
    let newsletter = newsletter();
    let mut preview = Preview::start(&newsletter).await;
    let saved: [(&str, &str, &str); 5] = [
        (
            "posts/tweede.md",
            "# Vers van de pers\n\nWoorden genoeg om te lezen.\n",
            "Vers van de pers",
        ),
        (
            "templates/digest/lead.hbs",
            "<h2><a href=\"{{url}}\">EIGEN {{title}}</a></h2>\n",
            "EIGEN ",
        ),
        (
            "templates/words/nl.ftl",
            "greeting = Dag wereld,\n",
            "Dag wereld,",
        ),
        (
            "schedules/weekly.toml",
            "cron = \"0 8 * * MON\"\nfirst_run = \"send\"\ndefault = true\nintro = \"Eigen woorden vooraf\"\n",
            "Eigen woorden vooraf",
        ),
        ("courant.toml", "", "De Nieuwe Naam"),
    ];
    for (file, text, shown) in saved {
        assert!(!preview.get("/frame").await.contains(shown), "{file}");
        match file {
            "courant.toml" => newsletter.replace(file, "De Proef\"", "De Nieuwe Naam\""),
            _ => newsletter.write(file, text),
        }
        preview.changed().await;
        let page = preview.get("/frame").await;
        assert!(
            page.contains(shown),
            "{file}\n{page}\n{}",
            preview.get("/").await
        );
    }
    newsletter.append(
        "subscribers.toml",
        "\n[[subscriber]]\nemail = \"nieuw@example.nl\"\n",
    );
    preview.changed().await;
    assert!(preview.get("/").await.contains("nieuw@example.nl"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_template_is_shown_with_its_caret_and_the_last_good_version_stays() {
    let newsletter = newsletter();
    let mut preview = Preview::start(&newsletter).await;
    newsletter.write("templates/digest/story.hbs", "<p>\n  {{titel}}\n</p>\n");
    preview.changed().await;
    let page = preview.get("/").await;
    for line in [
        "error: unknown field `titel`",
        "--&gt; templates/digest/story.hbs:2:5",
        "2 |   {{titel}}\n",
        "  |     ^^^^^\n",
        "hint: did you mean `title`?",
        "the last version that worked",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    assert!(preview.get("/frame").await.contains("Het eerste bericht"));
    newsletter.write("courant.toml", "[newsletter]\nnaam = \"x\"\n");
    preview.changed().await;
    assert!(preview.get("/").await.contains("unknown key `naam`"));

    let whole = Newsletter::new("mailbox");
    newsletter.write("courant.toml", &whole.read("courant.toml"));
    fs::remove_file(newsletter.path("templates/digest/story.hbs")).unwrap();
    // Two files, and so perhaps two changes.
    while preview.get("/").await.contains("error:") {
        preview.changed().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_may_begin_broken() {
    let newsletter = newsletter();
    newsletter.write("templates/digest/story.hbs", "{{titel}}\n");
    let mut preview = Preview::start(&newsletter).await;
    assert!(preview.get("/").await.contains("unknown field `titel`"));
    assert_eq!(preview.served.ask("GET", "/frame", "", "").await.0, 404);
    fs::remove_file(newsletter.path("templates/digest/story.hbs")).unwrap();
    preview.changed().await;
    assert!(preview.get("/frame").await.contains("Het eerste bericht"));
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_issues_the_last_one_is_shown_as_it_would_be_made_now() {
    let newsletter = newsletter();
    newsletter.expect(&["run"], 0);
    let sealed = newsletter.json(&["issues", "show", "1"]);
    newsletter.write("templates/words/nl.ftl", "greeting = Dag wereld,\n");
    let mut preview = Preview::start(&newsletter).await;
    let page = preview.get("/").await;
    let told = "No issue would be made now: nothing new. Shown is issue 1 again";
    assert!(page.contains(told), "{page}");
    let subject = sealed["variants"][0]["subject"].as_str().unwrap();
    assert!(page.contains(&format!("<title>{subject} ·")), "{page}");
    let frame = preview.get("/frame").await;
    assert!(
        frame.contains("Het eerste bericht") && frame.contains("Dag wereld,"),
        "{frame}"
    );
    newsletter.post("tweede", "Het tweede bericht");
    preview.changed().await;
    let frame = preview.get("/frame").await;
    assert!(frame.contains("Het tweede bericht") && !frame.contains("Het eerste bericht"));
    assert!(!preview.get("/").await.contains("No issue would be made"));
    assert_eq!(newsletter.json(&["issues", "show", "1"]), sealed);
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_on_the_web_are_asked_once_however_much_is_saved() {
    let server = HttpServer::start();
    let item = "<item><title>Van elders</title><link>https://blog.example/1</link><guid>1</guid><description>Woorden.</description></item>";
    let feed = format!(
        "<rss version=\"2.0\"><channel><title>Blog</title><link>https://blog.example/</link><description>x</description>{item}</channel></rss>"
    );
    server.on("/feed", Answer::ok("application/rss+xml", feed));
    let newsletter = newsletter();
    newsletter.append(
        "courant.toml",
        &format!(
            "\n[[source]]\nname = \"blog\"\nurl = \"{0}\"\n\n[[source]]\nname = \"weg\"\nurl = \"{1}\"\n\n\
             [gather]\nallow = [\"127.0.0.0/8\"]\n",
            server.url("/feed"),
            server.url("/weg")
        ),
    );
    let mut preview = Preview::start(&newsletter).await;
    let asked = || {
        (
            server.requests_to("/feed").len(),
            server.requests_to("/weg").len(),
        )
    };
    let at_first = asked();
    assert_eq!(at_first.0, 1);
    for post in ["tweede", "derde"] {
        newsletter.post(post, &format!("Bericht {post}"));
        preview.changed().await;
        let frame = preview.get("/frame").await;
        assert!(frame.contains("Van elders") && frame.contains(&format!("Bericht {post}")));
        let findings = preview.get("/?part=findings").await;
        assert!(findings.contains("source `weg`"), "{findings}");
    }
    assert_eq!(asked(), at_first);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_is_picked_by_name_and_shown_what_they_would_get() {
    let newsletter = newsletter();
    let preview = Preview::start(&newsletter).await;
    let page = preview.get("/").await;
    for option in [
        "value=\"reader0@example.nl\">Lezer 0 &lt;reader0@example.nl&gt; · variant 1",
        "value=\"noor@example.nl\">Noor &lt;&amp;&gt; &lt;noor@example.nl&gt; · variant 2",
        "value=\"maand@example.nl\">maand@example.nl · nothing: chose other schedules",
        "<b>1. nl · html</b>",
        "<b>2. en · text</b>",
    ] {
        assert!(page.contains(option), "{option}\n{page}");
    }
    let of_zero = preview.get("/frame?reader=reader0%40example.nl").await;
    assert!(of_zero.contains("Lezer 0,") && of_zero.contains("reader0@example.nl"));
    let of_nobody = preview.get("/frame").await;
    assert!(!of_nobody.contains("Lezer 0"));
    let of_noor = preview.get("/?reader=noor%40example.nl").await;
    assert!(of_noor.contains("Noor &lt;&amp;&gt;,") && !of_noor.contains("<iframe"));
    let headers = preview.get("/?reader=noor%40example.nl&part=headers").await;
    assert!(headers.contains("Content-Language: en"), "{headers}");
    let of_month = preview.get("/?reader=maand%40example.nl").await;
    assert!(
        of_month.contains("would get nothing: chose other schedules"),
        "{of_month}"
    );
    let stranger = preview.get("/?reader=%3Cb%3E").await;
    assert!(
        stranger.contains("&lt;b&gt; is not on the list"),
        "{stranger}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_sealed_or_published_and_no_click_makes_a_reader_leave() {
    let newsletter = newsletter();
    newsletter.expect(&["subscribers", "list"], 0);
    let preview = Preview::start(&newsletter).await;
    let frame = preview.get("/frame?reader=reader0%40example.nl").await;
    let (before, _) = frame.split_once("\" inert").unwrap();
    let link = before.rsplit("href=\"").next().unwrap();
    let path = link.strip_prefix("http://127.0.0.1:8080").unwrap();
    let mail = preview
        .get("/message.eml?reader=reader0%40example.nl")
        .await;
    assert!(
        mail.contains(&format!("List-Unsubscribe: <{link}>\r\n")),
        "{mail}"
    );
    for page in [
        "/?part=text",
        "/?part=headers",
        "/?part=findings",
        "/?scheme=dark",
    ] {
        preview.get(page).await;
    }
    let (status, ..) = preview.served.ask("POST", "/", "", "").await;
    assert_eq!(status, 405);
    assert_eq!(preview.served.end_with("-INT").await, Some(0));

    assert!(newsletter.mailbox().is_empty());
    assert!(!newsletter.path("state/public").exists());
    assert_eq!(newsletter.json(&["issues", "list"]), serde_json::json!([]));
    let run = newsletter.expect(&["run"], 0);
    assert!(run.stdout.contains("Issue 1 of weekly"), "{}", run.stdout);
    assert_eq!(newsletter.mailbox().len(), 3);
    let served = Served::start(&newsletter).await;
    assert_eq!(served.click(path).await, 404, "the link of a preview works");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_machine_under_its_own_name_is_answered() {
    let newsletter = newsletter();
    let preview = Preview::start(&newsletter).await;
    let port = preview.served.port().to_owned();
    for path in ["/", "/frame", "/events", "/message.eml", "/shell.js"] {
        for host in [
            "Host: nieuws.example:PORT\r\n",
            "Host: 127.0.0.1.example:PORT\r\n",
            "Host: 127.0.0.1\r\n",
            "Host: 127.0.0.1:PORT\r\nHost: evil.example\r\n",
            "",
        ] {
            let host = host.replace("PORT", &port);
            let (status, _, body) = preview.served.ask_as("GET", path, &host, "").await;
            assert_eq!(status, 421, "{path} {host}");
            assert!(!body.contains("example.nl"), "{body}");
        }
    }
    let host = format!("Host: localhost:{port}\r\n");
    let (status, head, _) = preview.served.ask_as("GET", "/", &host, "").await;
    assert_eq!(status, 200);
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self';",
        "frame-ancestors 'none'",
        "cross-origin-resource-policy: same-origin",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{header}\n{head}");
    }
    assert!(!head.contains("access-control"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digest_stands_in_a_sandbox_as_its_reader_would_see_it() {
    let newsletter = newsletter();
    let preview = Preview::start(&newsletter).await;
    let page = preview.get("/").await;
    let sandbox = "sandbox=\"allow-same-origin allow-popups allow-popups-to-escape-sandbox\"";
    assert_eq!(page.matches(sandbox).count(), 2, "{page}");
    assert!(page.contains("width=\"375\"") && page.contains("width=\"700\""));
    let phone = preview.get("/?width=phone").await;
    assert!(phone.contains("width=\"375\"") && !phone.contains("width=\"700\""));
    let frame = |query: &str| {
        let path = format!("/frame?{query}");
        let served = &preview.served;
        async move { served.ask("GET", &path, "", "").await }
    };
    let (_, head, light) = frame("").await;
    assert!(head.contains("sandbox allow-same-origin") && !head.contains("allow-scripts"));
    let (_, _, dark) = frame("scheme=dark").await;
    assert_ne!(light, dark);
    assert!(!light.contains("prefers-color-scheme") && !dark.contains("prefers-color-scheme"));
    let (_, head, _) = frame("images=off").await;
    assert!(head.contains("img-src 'none'"), "{head}");
}

/// A program on the path that writes what it was told to open into a pipe, which the test waits at.
fn with_browser(newsletter: &mut Newsletter) {
    let pipe = newsletter.path("opened");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for name in ["bin/xdg-open", "bin/open"] {
        newsletter.write(
            name,
            &format!("#!/bin/sh\necho \"$1\" > {}\n", pipe.display()),
        );
        let can_run = fs::Permissions::from_mode(0o755);
        fs::set_permissions(newsletter.path(name), can_run).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", newsletter.path("bin").display());
    newsletter.set("PATH", &path);
    newsletter.set("DISPLAY", ":0");
}

#[test]
fn the_browser_is_opened_at_the_address_that_is_printed() {
    let mut newsletter = newsletter();
    with_browser(&mut newsletter);
    let mut child = newsletter.start(&["preview", "--open"]);
    let opened = fs::read_to_string(newsletter.path("opened")).unwrap();
    let mut said = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(opened.starts_with("http://127.0.0.1:"), "{opened}");
    assert!(said.contains(opened.trim()), "{said}");
}

#[cfg(not(target_os = "macos"))]
#[test]
fn without_a_screen_the_address_alone_is_told() {
    let mut newsletter = newsletter();
    with_browser(&mut newsletter);
    newsletter.set("DISPLAY", "");
    let mut child = newsletter.start(&["preview", "--open"]);
    let mut said = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut said).unwrap();
    stdout.read_line(&mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(said.contains("on http://127.0.0.1:"), "{said}");
    assert!(said.contains("no browser here"), "{said}");
}
