//! Any bytes, taken for a feed: no panic, no hang, and nothing dangerous in what comes of them.
#![no_main]

use courant::gather;
use courant::model::{Source, SourceKind, SourceName};
use libfuzzer_sys::fuzz_target;
use url::Url;

const TYPES: [Option<&str>; 4] = [
    None,
    Some("application/rss+xml; charset=iso-8859-1"),
    Some("application/atom+xml"),
    Some("application/feed+json"),
];

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let url = Url::parse("https://blog.example.nl/feed").expect("an address");
    let name = SourceName::parse("blog").expect("a name");
    let source = Source::new(name, SourceKind::Url(url.clone()));
    let content_type = TYPES[usize::from(kind) % TYPES.len()];
    let Ok(gathered) = gather::read_feed(bytes, content_type, &url, &source) else {
        return;
    };
    for post in gathered.posts {
        assert!(!post.title.is_empty() && !post.identity.is_empty());
        let html = post.html.to_ascii_lowercase();
        for danger in ["<script", "<iframe", "<form", "<style", "<object", "<svg"] {
            assert!(!html.contains(danger), "{danger} in {html}");
        }
        // In text these words are harmless: only a tag has a bare `<` before them.
        for tag in html.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap_or_default();
            for danger in ["=\"javascript:", "=\"data:", "=\"vbscript:", " on"] {
                let names = tag.split('"').step_by(2).any(|part| part.contains(danger));
                let values = danger.starts_with('=') && tag.contains(danger);
                assert!(!names && !values, "{danger} in <{tag}>");
            }
        }
    }
});
