//! Reports are fixture files, shaped as servers send them: what is read of each.

use std::fs;
use std::path::PathBuf;

use courant::bounces::read;
use courant::model::{BounceClass, Notice, ReportKind};

/// The return path in all fixtures.
pub const PATH: &str = "bounces+TOKEN@example.nl";

pub fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bounces");
    fs::read_to_string(folder.join(format!("{name}.eml"))).unwrap()
}

/// A report in words: what it is, the status, whom it names.
fn words(text: &str) -> String {
    let report = read(text.as_bytes()).unwrap();
    assert!(report.paths.iter().any(|path| path == PATH), "{report:?}");
    let kind = match report.kind {
        ReportKind::Bounce(bounce) => format!(
            "{:?} {}",
            bounce.class,
            bounce.status.unwrap_or_else(|| "-".into())
        ),
        ReportKind::Complaint(kind) => format!("Complaint {kind}"),
        ReportKind::Letter(letter) if letter.asks_to_leave => "Wish".to_owned(),
        ReportKind::Letter(letter) => format!("Letter {}", letter.tokens.len()),
        ReportKind::Notice(notice) => format!("{notice:?}"),
    };
    let named = report
        .recipients
        .iter()
        .map(|address| format!(" {address}"));
    named.fold(kind, |words, name| match words.ends_with(&name) {
        true => words,
        false => words + &name,
    })
}

const EXPECTED: [(&str, &str); 24] = [
    ("postfix-unknown-user", "Hard 5.1.1 jan@example.org"),
    ("exim-headers-only", "Hard 5.1.1 jan@example.org"),
    ("exim-plain", "Soft - jan@example.org"),
    ("exim-warning", "Delayed"),
    ("exchange-quota", "Soft 5.2.2 jan@example.org"),
    ("sendmail-made-up-status", "Policy 5.7.1 jan@example.org"),
    ("qmail", "Hard 5.1.1 jan@example.org"),
    ("qmail-no-status", "Soft - jan@example.org"),
    ("postfix-delayed", "Delayed jan@example.org"),
    ("postfix-expired", "Soft 4.4.1 jan@example.org"),
    ("delivered-receipt", "Arrived jan@example.org"),
    ("internationalised", "Hard 5.1.2 zoë@example.org"),
    ("no-action-one-group", "Hard 5.1.10 jan@example.org"),
    (
        "two-recipients",
        "Soft 5.2.1 jan@example.org jan.oud@example.org",
    ),
    ("arf-abuse", "Complaint abuse jan@example.org"),
    ("arf-redacted", "Complaint abuse"),
    ("arf-not-spam", "Feedback"),
    ("out-of-office", "AutoReply"),
    ("read-receipt", "Receipt"),
    ("out-of-office-unmarked", "AutoReply"),
    ("person", "Letter 0 jan@example.org"),
    ("leave-by-link", "Letter 1 jan@example.org"),
    ("leave-by-word", "Wish jan@example.org"),
    ("forwarded-bounce", "Letter 0 jan@example.org"),
];

#[test]
fn every_kind_of_report_is_read_for_what_it_is() {
    for (name, expected) in EXPECTED {
        let text = fixture(name);
        assert_eq!(words(&text), expected, "{name}");
        let wire = text.replace('\n', "\r\n");
        assert_eq!(words(&wire), expected, "{name} with CRLF");
    }
}

#[test]
fn the_classes_that_count_are_all_among_them() {
    let kinds: Vec<_> = EXPECTED
        .iter()
        .filter_map(|(name, _)| read(fixture(name).as_bytes()))
        .map(|report| report.kind)
        .collect();
    for class in [BounceClass::Hard, BounceClass::Soft, BounceClass::Policy] {
        let of = |kind: &ReportKind| matches!(kind, ReportKind::Bounce(b) if b.class == class);
        assert!(kinds.iter().any(of), "{class:?}");
    }
    assert!(kinds.contains(&ReportKind::Notice(Notice::AutoReply)));
}

#[test]
fn a_report_that_was_cut_off_or_damaged_is_read_without_harm() {
    for (name, expected) in EXPECTED {
        let text = fixture(name).into_bytes();
        // Cut off before the words that excuse the reader, a bounce can look worse than it is; nothing else can.
        let may_count = ["Hard", "Policy"]
            .iter()
            .any(|word| expected.starts_with(word));
        for end in 0..text.len() {
            let cut = read(&text[..end]).map(|report| report.kind);
            let is_hard =
                matches!(cut, Some(ReportKind::Bounce(b)) if b.class == BounceClass::Hard);
            assert!(!is_hard || may_count, "{name} up to {end}");
        }
        let mut torn = text.clone();
        for at in (0..torn.len()).step_by(7) {
            torn[at] = 0xff;
        }
        let _ = read(&torn);
    }
}

/// Mutants to read; the number is small for every day, and was 300,000 once.
const MUTANTS: u64 = 3_000;

#[test]
fn pieces_of_reports_in_any_order_are_read_without_harm() {
    let texts: Vec<String> = EXPECTED.iter().map(|(name, _)| fixture(name)).collect();
    let lines: Vec<&str> = texts.iter().flat_map(|text| text.lines()).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for _ in 0..MUTANTS {
        let mut mutant: Vec<&str> = texts[draw(texts.len())].lines().collect();
        for _ in 0..=draw(8) {
            let at = draw(mutant.len());
            match draw(4) {
                0 => mutant.truncate(at + 1),
                1 => mutant.insert(at, lines[draw(lines.len())]),
                2 => mutant[at] = lines[draw(lines.len())],
                _ => {
                    mutant.insert(at, mutant[draw(mutant.len())]);
                }
            }
        }
        let end = ["\n", "\r\n", "\r"][draw(3)];
        let report = read(mutant.join(end).as_bytes());
        let paths = report.map_or(vec![], |report| report.paths);
        assert!(
            paths
                .iter()
                .all(|path| path.contains('@') && !path.contains(char::is_whitespace))
        );
    }
}
