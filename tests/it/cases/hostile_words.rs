//! What a source says reaches a terminal, a log or a mail program as text, and does nothing there.

use super::feeds::Reading;
use crate::support::http::Answer;
use crate::support::newsletter::Ended;

/// Sets a terminal's title, clears it, colours it, in escapes of seven and eight bits, and turns the text behind it.
const HOSTILE: &str =
    "\\u001b]0;PWNED\\u0007\\u001b[2J\\u001b[31m\\u202etxt\\u2066\\u009b31m\\u007f";

fn feed() -> String {
    let fields = ["id", "title", "content_html", "summary"]
        .map(|name| format!("\"{name}\": \"{name} {HOSTILE}\""));
    let item = format!(
        "{{{}, \"url\": \"https://x.example/a{HOSTILE}\", \"author\": {{\"name\": \"who{HOSTILE}\"}}, \"tags\": [\"tag{HOSTILE}\"]}}",
        fields.join(", ")
    );
    format!(
        "{{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"T{HOSTILE}\", \"home_page_url\": \
         \"https://x.example/{HOSTILE}\", \"items\": [{item}]}}"
    )
}

fn is_harmless(ended: &Ended) -> bool {
    let all = [&*ended.stdout, &*ended.stderr].concat();
    let harmful = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !all.contains(harmful)
}

#[test]
fn escapes_and_marks_of_direction_stop_at_the_printing_door() {
    let reading = Reading::new(&["one"]);
    reading
        .server
        .on("/one", Answer::ok("application/feed+json", feed()));
    for arguments in [
        &["-vvv", "gather", "one"][..],
        &["-vvv", "--json", "gather", "one"],
        &["plan"],
        &["--json", "plan"],
        &["sources", "list"],
        &["--json", "sources", "list"],
        &["sources", "export"],
        &["-v", "run"],
        &["issues", "list"],
        &["--json", "issues", "list"],
        &["status"],
    ] {
        let ended = reading.newsletter.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?} {}", ended.stderr);
        assert!(
            is_harmless(&ended),
            "{arguments:?}\n{:?}\n{:?}",
            ended.stdout,
            ended.stderr
        );
    }
    assert_eq!(reading.newsletter.mailbox().len(), 1);
}

#[test]
fn a_title_that_looks_like_an_encoded_word_is_shown_as_it_was_written() {
    const TITLE: &str = "=?utf-8?q?evil=0D=0ABcc:_x=E2=80=AE?=";
    let reading = Reading::new(&["one"]);
    let feed = format!(
        "{{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"t\", \"items\": [{{\"id\": \"1\", \
         \"url\": \"https://x.example/1\", \"title\": \"{TITLE}\", \"content_text\": \"words\"}}]}}"
    );
    reading
        .server
        .on("/one", Answer::ok("application/feed+json", feed));
    reading.newsletter.expect(&["run"], 0);
    let mail = reading.newsletter.mailbox().pop().unwrap();
    let mail = mail_parser::MessageParser::new()
        .parse(mail.as_bytes())
        .unwrap();
    assert!(
        mail.subject().unwrap().starts_with(TITLE),
        "{:?}",
        mail.subject()
    );
}
