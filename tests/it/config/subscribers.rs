//! `subscribers.toml`: tolerant of an entry, strict about the file.

use super::*;

#[test]
fn subscribers_are_read_with_all_their_fields() {
    let folder = Folder::with("");
    let read = folder
        .subscribers(
            r##"[[subscriber]]
email = "Jan@Example.nl"
name = "Jan"
language = "NL"
topics = ["verkoop"]
schedules = ["weekly"]
format = "text"
since = 2026-09-01
[subscriber.data]
company = "Voorbeeld BV"
visits = 3
score = 1.5
member = true
renewed = 2026-10-01
tags = ["a", { b = 0x1F }]

[[subscriber]]
email = "zoë@bücher.example"
"##,
        )
        .unwrap();
    assert!(read.faults.is_empty());
    let jan = &read.list.entries[0];
    assert_eq!(jan.address.to_string(), "Jan@example.nl");
    assert_eq!((jan.name.as_deref(), jan.line), (Some("Jan"), 1));
    assert_eq!(jan.language.as_ref().unwrap().as_str(), "nl");
    assert_eq!(
        (jan.topics.len(), jan.schedules.len(), jan.format),
        (1, 1, Format::Text)
    );
    assert_eq!(jan.since, Some(date(2026, 9, 1)));
    insta::assert_snapshot!("subscriber_data", as_json(&jan.data));
    let zoe = &read.list.entries[1];
    assert_eq!(zoe.address.wire(), "zoë@xn--bcher-kva.example");
    assert_eq!((zoe.format, zoe.line), (Format::Html, 17));
    assert!(zoe.topics.is_empty() && zoe.schedules.is_empty() && zoe.data.is_empty());
}

#[test]
fn a_faulty_subscriber_is_left_out_and_the_rest_goes_on() {
    let folder = Folder::with("");
    let read = folder
        .subscribers(
            r##"[[subscriber]]
email = "jan@example.nl"

[[subscriber]]
email = "jan(at)example.nl"

[[subscriber]]
name = "Nobody"

[[subscriber]]
email = "JAN@Example.NL"

[[subscriber]]
email = "piet@example.nl"
topics = "verkoop"
schedules = ["weekli", "daily"]
formatt = "text"

[[subscriber]]
email = "els@example.nl"
name = 7
format = "txt"
since = "2026-09-01"
data = "Voorbeeld BV"

[[subscriber]]
email = "kees@example.nl\r\nBcc: x@example.nl"

[[subscriber]]
email = "zoë@example.nl"
"##,
        )
        .unwrap();
    let kept: Vec<String> = read
        .list
        .entries
        .iter()
        .map(|entry| entry.address.to_string())
        .collect();
    assert_eq!(kept, ["jan@example.nl", "zoë@example.nl"]);
    let unsound = read.list.unsound.iter().map(ToString::to_string);
    let unsound: Vec<String> = unsound.collect();
    assert_eq!(
        unsound,
        ["piet@example.nl", "els@example.nl"],
        "they are not gone"
    );
    assert!(
        read.faults
            .iter()
            .all(|fault| fault.severity == Severity::Error && fault.place.is_some())
    );
    insta::assert_snapshot!("subscriber_faults", folder.show(&read.faults));
}

#[test]
fn a_topic_or_schedule_that_is_not_known_leaves_the_reader_on_the_list() {
    let folder = Folder::with("");
    let read = folder
        .subscribers(
            r##"[[subscriber]]
email = "jan@example.nl"
schedules = ["weekli"]
topics = ["verkop"]

[[subscriber]]
email = "piet@example.nl"
schedules = ["weekly", "weekli", "nergens"]
topics = ["verkop"]
"##,
        )
        .unwrap();
    assert!(read.faults.is_empty());
    let named = |n: usize| {
        read.list.entries[n]
            .schedules
            .iter()
            .map(|name| name.as_str())
    };
    assert!(
        named(0).eq(["weekli"]),
        "an empty list would mean the default ones"
    );
    assert!(named(1).eq(["weekly", "weekli", "nergens"]));
    let topics: Vec<_> = read.topics.into_values().collect();
    insta::assert_snapshot!(
        "subscriber_remarks",
        format!(
            "{}\n\n{}",
            folder.show(&read.unknown_schedules),
            folder.show(&topics)
        )
    );
}

#[test]
fn a_fault_that_may_concern_all_subscribers_stops() {
    let folder = Folder::with("");
    let texts = [
        "[[subscriber]]\nemail = \"jan@example.nl\n",
        "[[subscribers]]\nemail = \"jan@example.nl\"\n",
        "[subscriber]\nemail = \"jan@example.nl\"\n",
        "subscriber = [\"jan@example.nl\"]\n",
    ];
    let shown = texts.map(|text| folder.show(&[*folder.subscribers(text).unwrap_err()]));
    insta::assert_snapshot!("subscribers_refused", shown.join("\n\n"));

    let path = folder.path().join("subscribers.toml");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(subscribers(&folder.config()).is_err());
    fs::remove_dir(&path).unwrap();
    assert!(subscribers(&folder.config()).unwrap().list.missing);
}

#[test]
fn many_faulty_subscribers_cost_no_more_than_their_number() {
    let folder = Folder::with("");
    let mut text = String::new();
    for number in 0..20_000 {
        text.push_str(&format!(
            "[[subscriber]]\nemail = \"r{number}@example.nl\"\n"
        ));
        text.push_str("[[subscriber]]\nemail = \"nobody\"\nunknown = 1\n");
    }
    let read = folder.subscribers(&text).unwrap();
    assert_eq!(
        (read.list.entries.len(), read.faults.len()),
        (20_000, 40_000)
    );
    assert_eq!(read.faults.last().unwrap().place, Some((100_000, 1)));
    assert_eq!(read.list.entries.last().unwrap().line, 99_996);
}
