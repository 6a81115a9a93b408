//! What a synchroniser leaves beside a file is no second post.

use crate::support::newsletter::Newsletter;

const TEXT: &str = "---\ntitle: Brood\ndate: 2026-11-29\n---\n\nDe bakker aan de kade moest dicht, want het water kwam hoog.\n";

#[test]
fn a_conflicted_copy_is_not_mailed_beside_or_after_its_original() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.readers(1);
    newsletter.write("posts/brood.md", TEXT);
    newsletter.write("posts/brood (conflicted copy 2026-11-30).md", TEXT);
    newsletter.expect(&["run"], 0);
    assert_eq!(newsletter.mailbox().len(), 1);
    let plan = newsletter.json(&["issues", "show", "1"]);
    assert_eq!(plan["posts"].as_array().unwrap().len(), 2, "{plan}");
    // Later, changed on another machine; and the same text under another name.
    let changed = TEXT.replace("hoog", "tot aan de deur");
    newsletter.write(
        "posts/brood.sync-conflict-20261201-090000-ABCDEFG.md",
        &changed,
    );
    newsletter.write("posts/brood 2.md", TEXT);
    let ended = newsletter.expect(&["run"], 0);
    assert_eq!(newsletter.mailbox().len(), 1);
    assert!(
        ended.stderr.contains("this is a copy of `brood.md`"),
        "{}",
        ended.stderr
    );
}
