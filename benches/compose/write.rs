//! Writes digests and letters to files, for the checkers of `benches/digest-checks` and for pictures.

use std::fs;
use std::path::Path;

use courant::compose::{Composer, Letter, fill};
use courant::model::{Issue, Post};

use super::{digest, stories, value};

/// Writes each digest as `NAME.html` and `NAME.txt`, its subject as `NAME.subject`, and the posts as JSON for MJML.
pub fn write(composer: &Composer, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let long = "Waarom een klant die eindeloos twijfelt over een doodgewone fiets meer waard is dan tien klanten die meteen kopen en nooit meer terugkomen";
    let titled = |title: &str| Post {
        title: title.to_owned(),
        ..stories::twelve().remove(0)
    };
    let digests: [(&str, &str, Vec<Post>); 6] = [
        ("twelve", "nl", stories::twelve()),
        ("thirty", "nl", stories::thirty()),
        ("english", "en", stories::english()),
        ("one", "nl", vec![stories::twelve().remove(0)]),
        ("bare", "nl", vec![stories::post("Alleen een titel")]),
        ("long", "nl", vec![titled(long), titled(long), titled(long)]),
    ];
    for (name, language, posts) in digests {
        let issue = stories::issue(posts);
        let made = digest(composer, &issue, language);
        let html = made.html.as_deref().unwrap();
        put(folder, name, "html", &fill(html, true, &issue.nonce, value));
        put(
            folder,
            name,
            "txt",
            &fill(&made.text, false, &issue.nonce, value),
        );
        put(folder, name, "subject", &made.subject);
    }
    letters(composer, &stories::issue(stories::twelve()), folder);
    let posts = serde_json::to_string_pretty(&stories::twelve()).unwrap();
    put(folder, "twelve", "json", &posts);
}

fn letters(composer: &Composer, issue: &Issue, folder: &Path) {
    let letters = [
        (
            "confirm",
            Letter::Confirm {
                link: "https://nieuws.example.nl/confirm/kkkkkkkkkkkk",
                days: 7,
            },
        ),
        (
            "welcome",
            Letter::Welcome {
                unsubscribe: "https://nieuws.example.nl/unsubscribe/kkkkkkkkkkkk",
                next: Some(jiff::civil::date(2026, 9, 19)),
                latest: Some("https://nieuws.example.nl/issues/37/"),
            },
        ),
        (
            "goodbye",
            Letter::Goodbye {
                again: Some("https://nieuws.example.nl/"),
            },
        ),
    ];
    let language = &issue.masthead.language;
    for (name, letter) in letters {
        let made = composer
            .letter(&issue.masthead, language, "zoe@example.nl", letter)
            .unwrap();
        put(folder, name, "html", made.html.as_deref().unwrap());
        put(folder, name, "txt", &made.text);
        put(folder, name, "subject", &made.subject);
    }
}

fn put(folder: &Path, name: &str, ending: &str, text: &str) {
    fs::write(folder.join(format!("{name}.{ending}")), text).unwrap();
}
