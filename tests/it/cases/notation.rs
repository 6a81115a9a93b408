//! What note-takers and site generators leave in a text, and that none of it reaches a reader.

use crate::support::newsletter::Newsletter;

const BODY: &str =
    "The river rose two metres in one night, and the bakery on the quay had to close.";

/// What every part of the mail and every file of the site says, after a run with one reader.
fn all_that_is_seen(newsletter: &Newsletter) -> String {
    newsletter.readers(1);
    let ended = newsletter.run(&["run"]);
    assert!(
        matches!(ended.code, 0 | 1),
        "{}\n{}",
        ended.stdout,
        ended.stderr
    );
    let mut seen = newsletter
        .mailbox()
        .concat()
        .replace("=\r\n", "")
        .replace("=\n", "");
    let mut folders = vec![newsletter.path("state/public")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|end| end == "png") => {}
                false => seen.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap())),
            }
        }
    }
    seen
}

#[test]
fn remarks_reach_nobody() {
    let newsletter = Newsletter::new("mailbox");
    let note = format!(
        "---\ntitle: Walk %%geheim1%%\nsummary: We went %%geheim2%% out.\nimage_alt: A mill <!--geheim3-->\n\
         tags: [wandelen]\n---\n%%geheim4: ask Jan about the money%%\n\n{BODY} %%geheim5%% `%%code%%`\n\n\
         <!-- geheim6\n\ngeheim6 -->\n\n{{% comment %}}geheim7{{% endcomment %}}\n\n{{>>geheim8<<}}\n\n\
         [//]: # (geheim9)\n\n> [!note] Mind %%geheim10%%\n> Boots.\n\n```\n{{{{ code }}}}\n```\n\n%%\ngeheim11\n"
    );
    newsletter.write("posts/note.md", &note);
    newsletter.write(
        "posts/half.md",
        &format!("---\ntitle: Half\n---\n{BODY} a %%geheim12 never closed\n"),
    );
    newsletter.write(
        "posts/plain.txt",
        &format!("A plain text of ours\n\n{BODY} b %%geheim13%% [vc_row]c[/vc_row]\n"),
    );
    newsletter.write(
        "posts/page.html",
        &format!("<h1>A page</h1><p>{BODY} d {{% comment %}}geheim14{{% endcomment %}}</p>"),
    );
    let seen = all_that_is_seen(&newsletter);
    assert!(
        !seen.contains("geheim"),
        "{:?}",
        seen.split("geheim").nth(1)
    );
    for stays in [
        "Walk",
        "We went",
        "<strong>Mind</strong>",
        "%%code%%",
        "{{ code }}",
        "A plain text",
        "A page",
    ] {
        assert!(seen.contains(stays), "{stays}");
    }
    assert!(!seen.contains("vc_row") && !seen.contains("[!note]"));
    let check = newsletter.expect(&["check"], 65);
    assert!(
        check.stderr.contains("posts/half.md:4:"),
        "{}",
        check.stderr
    );
    assert!(
        check.stderr.contains("posts/note.md:28:1"),
        "{}",
        check.stderr
    );
}

#[test]
fn what_generators_leave_is_read_or_left_out_with_its_line() {
    let newsletter = Newsletter::new("mailbox");
    newsletter.write("posts/pictures/sail.png", "\u{89}PNG no picture");
    newsletter.write(
        "posts/mill.md",
        &format!(
            "---\ntitle: Mill\n---\n{{{{< figure src=\"sail.png\" alt=\"Sail\" >}}}}\n\n{BODY}\n\n\
             {{{{< youtube w7Ft2ymGmfc >}}}}\n\n{{{{% notice info %}}}}\nMind the step.\n{{{{% /notice %}}}}\n\n\
             {{{{< chart id=3 >}}}}\n\nSee [the other]({{% post_url 2026-01-01-x %}}) and {{{{ site.author }}}}.\n\n\
             [vc_row][vc_column]Built[/vc_column][/vc_row]\n\n{{% if x %}}\nonly there\n{{% endif %}}\n"
        ),
    );
    newsletter.write(
        "posts/walk.md",
        &format!(
            "---\ntitle: Walk\n---\nWe went with [[Jan Jansen|Jan]] to see ==the trees==.\n\n{BODY} a\n\n\
             - [x] done ^a1\n\n![[Other note]]\n\nSee https://auto.example/link for more.\n"
        ),
    );
    let seen = all_that_is_seen(&newsletter);
    for gone in [
        "{{",
        "{%",
        "[vc_",
        "^a1",
        "[[",
        "==the",
        "only there",
        "Other note",
        "[x]",
    ] {
        assert!(!seen.contains(gone), "{gone}");
    }
    for stays in [
        "https://www.youtube.com/watch?v=w7Ft2ymGmfc",
        "Mind the step.",
        "Built",
        "the other",
        "with Jan to see",
        "<mark>the trees</mark>",
        "<a href=\"https://auto.example/link\">",
    ] {
        assert!(seen.contains(stays), "{stays}");
    }
    let check = newsletter.expect(&["check"], 0);
    for place in [
        "mill.md:14:1",
        "mill.md:16:",
        "mill.md:20:1",
        "walk.md:10:1",
    ] {
        assert!(check.stderr.contains(place), "{place}\n{}", check.stderr);
    }
    assert!(!check.stderr.contains("sail.png"), "{}", check.stderr);
}
