//! Any bytes, as mail that came back: no panic, no hang, and nothing in what is read that no mail can say.
#![no_main]

use courant::bounces;
use courant::model::ReportKind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for message in bounces::split(bytes) {
        let Some(report) = bounces::read(&message) else {
            continue;
        };
        for path in &report.paths {
            assert!(path.contains('@') && !path.contains(char::is_whitespace));
        }
        if let ReportKind::Letter(letter) = &report.kind {
            assert!(letter.tokens.iter().all(|token| token.len() == 51 && token.is_ascii()));
        }
        if let ReportKind::Bounce(bounce) = &report.kind
            && let Some(status) = &bounce.status
        {
            assert!(status.starts_with(['4', '5']) && status.matches('.').count() == 2);
        }
        assert_eq!(bounces::read(&message), Some(report), "read twice, and not the same");
    }
});
