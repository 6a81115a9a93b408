//! A sender that is killed once at each named point: of the dialogue, around the seal, around a false STARTTLS.

use super::SHORT;
use super::campaign::{Plan, Theatre};
use super::engine::Engine;
use super::evidence::known;
use crate::support::http::{Answer, HttpServer};
use crate::support::smtp::{Certificate, Script, Stage, at};

/// A few readers, for one kill at a named point.
pub fn few(hold: bool, pipelining: bool) -> Plan {
    Plan {
        readers: 12,
        connections: 2,
        kills: 1,
        hold,
        pipelining,
        ..SHORT
    }
}

/// The points of the dialogue, each with the arrival at which the program is killed there.
pub const POINTS: [(Stage, usize); 9] = [
    (Stage::Connect, 1),
    (Stage::Hello, 2),
    (Stage::Mail, 5),
    (Stage::Rcpt, 5),
    (Stage::Data, 5),
    (Stage::Body, 5),
    (Stage::Dot, 5),
    (Stage::Answered, 5),
    (Stage::Quit, 1),
];

pub async fn at_each_point(engine: Engine, hold: bool, pipelining: bool) {
    for (stage, ahead) in POINTS {
        let plan = Plan {
            engine,
            ..few(hold, pipelining)
        };
        let mut theatre = Theatre::new(plan).await;
        let killed = theatre.kill_at(stage, ahead).await;
        assert!(killed, "{stage:?} was never reached");
        // Nothing is begun before the journal knows of it.
        let known = known(&theatre.newsletter);
        let begun = i64::try_from(theatre.server.arrivals(Stage::Data)).unwrap();
        let told = known.offers.values().sum::<i64>();
        assert!(
            !known.issues.is_empty() && told >= begun,
            "{stage:?}: {known:?}"
        );
        let verdict = theatre.end().await;
        assert!(
            verdict.breaches.is_empty(),
            "{stage:?} {plan:?}\n{:#?}",
            verdict.breaches
        );
        // One message a connection is in doubt at most; none on one that stands before its first.
        let doubts = if hold { verdict.held } else { verdict.copies };
        let most = match stage {
            Stage::Connect | Stage::Hello => plan.connections - 1,
            _ => plan.connections,
        };
        assert!(doubts <= most, "{stage:?} {plan:?}: {doubts} in doubt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_nobody_is_lost() {
    at_each_point(Engine::Sqlite, false, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_with_hold_nobody_is_lost() {
    at_each_point(Engine::Sqlite, true, true).await;
}

/// Before the dialogue: while the sources are asked, right before the seal (T1) and right after it.
#[tokio::test(flavor = "multi_thread")]
async fn killed_around_the_seal_everybody_gets_one_mail() {
    for (what, setting) in [
        (
            "a source",
            "[[source]]\nname = \"elders\"\nurl = \"URL\"\n[gather]\nallow = [\"127.0.0.1\"]\n",
        ),
        ("a picture", "[gather]\nallow = [\"127.0.0.1\"]\n"),
        (
            "a hub",
            "[gather]\nallow = [\"127.0.0.1\"]\n[feeds]\nhub = \"URL\"\n",
        ),
    ] {
        let http = HttpServer::start();
        http.on_each("/x", vec![Answer::hang(), Answer::status(404)]);
        let url = http.url("/x").to_string();
        let mut theatre = Theatre::new(few(false, true)).await;
        theatre
            .newsletter
            .append("courant.toml", &setting.replace("URL", &url));
        if what == "a picture" {
            theatre.newsletter.set("COURANT_GATHER__PICTURES", "true");
            theatre.newsletter.write(
                "posts/tweede.md",
                &format!("---\ntitle: Twee\ndate: 2026-11-02\nimage: {url}\n---\n\nGenoeg woorden om te lezen.\n"),
            );
        }
        let mut child = theatre.newsletter.start(&["run"]);
        http.arrived(1).await;
        child.kill().unwrap();
        tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
        assert_eq!(theatre.server.arrivals(Stage::Taken), 0, "{what}");
        let verdict = theatre.end().await;
        assert!(
            verdict.breaches.is_empty(),
            "{what}\n{:#?}",
            verdict.breaches
        );
        assert_eq!(verdict.copies, 0, "{what}");
        let issues = theatre
            .newsletter
            .run_beside(&["issues", "list", "--json"])
            .await;
        assert_eq!(
            issues.stdout.matches("\"number\"").count(),
            1,
            "{what}: {}",
            issues.stdout
        );
    }
}

/// A server that offers TLS and has plain text slipped in behind `STARTTLS`: nothing is said to it, and the next run goes on.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_injected_starttls_and_a_sound_one() {
    let certificate = Certificate::for_loopback();
    let injected = at(Stage::Starttls)
        .times(3)
        .raw("220 go on\r\n250 2.0.0 taken\r\n");
    let script = Script::new().starttls(&certificate);
    let mut theatre = Theatre::with(few(false, true), script.rule(injected)).await;
    theatre
        .newsletter
        .write("root.pem", &String::from_utf8(certificate.pem()).unwrap());
    theatre
        .newsletter
        .append("courant.toml", "tls_root = \"root.pem\"\n");
    let refused = theatre.newsletter.run_beside(&["run"]).await;
    assert_eq!(refused.code, 69, "{}\n{}", refused.stdout, refused.stderr);
    theatre.server.alone().await;
    assert_eq!(theatre.server.arrivals(Stage::Mail), 0);
    theatre.kill_at(Stage::Dot, 4).await;
    let verdict = theatre.end().await;
    assert!(verdict.breaches.is_empty(), "{:#?}", verdict.breaches);
    let heard = theatre.server.heard();
    let plain = heard.iter().filter(|heard| !heard.secure);
    assert!(
        plain
            .into_iter()
            .all(|heard| heard.line.starts_with("EHLO") || heard.line == "STARTTLS")
    );
}
