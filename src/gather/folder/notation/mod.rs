//! Reads what note-takers and site generators leave in a text: remarks of Obsidian, Liquid and HTML, shortcodes of Hugo,
//! Zola and WordPress, tags of Jekyll and Hexo, links and marks of notes.
//!
//! Remarks never reach anyone: a text in which it is not plain where one ends is refused. The rest becomes plain Markdown
//! or HTML where its meaning is plain, and else is left out with a warning that has its line. Code stays as written.

mod code;
mod letters;
mod meaning;
mod notes;
mod pairs;
mod remarks;
mod tags;
mod working;

use super::Kind;
use crate::model::Diagnostic;
use working::Working;

/// A text without the notation of other programs.
#[derive(Debug, PartialEq)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// What was left out, where it stands in the whole file.
    pub(super) left_out: Vec<Diagnostic>,
    /// Tags on lines of their own, without their `#`.
    pub(super) topics: Vec<String>,
    /// Where the text says that its beginning ends (`<!--more-->`).
    pub(super) beginning: Option<usize>,
}

/// Rewrites the text that begins at `body` of a whole file.
pub(super) fn rewrite(whole: &str, body: usize, kind: Kind) -> Result<Rewritten, Box<Diagnostic>> {
    let mut working = Working::of(whole, body, kind);
    remarks::cut(&mut working)?;
    pairs::read(&mut working, false);
    let mut topics = Vec::new();
    if kind == Kind::Markdown {
        topics = notes::read(&mut working);
    }
    Ok(working.finish(topics))
}

/// HTML of a feed without the tags of WordPress that no plugin was there to read.
pub(in crate::gather) fn without_shortcodes(html: &str) -> Option<String> {
    if !html.contains('[') {
        return None;
    }
    let mut working = Working::of(html, 0, Kind::Page);
    pairs::read(&mut working, true);
    Some(working.finish(Vec::new()).text)
}

/// A line of front matter without remarks, and with the words of its links.
pub(super) fn line(text: &str) -> String {
    let without = remarks::cut_from_line(text);
    let mut working = Working::of(&without, 0, Kind::Markdown);
    notes::read_inline(&mut working);
    working.finish(Vec::new()).text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        rewrite(text, 0, Kind::Markdown).unwrap().text
    }

    /// The lines of what was left out.
    fn left_out(text: &str) -> Vec<usize> {
        let rewritten = rewrite(text, 0, Kind::Markdown).unwrap();
        let places = rewritten.left_out.iter();
        places.map(|told| told.place.unwrap().0).collect()
    }

    #[test]
    fn remarks_reach_nobody() {
        for (given, expected) in [
            ("a %%secret%% b", "a  b"),
            ("%%secret%%\nb", "b"),
            ("a\n\n%%\nsecret\n\n- secret\n%%\n\nb", "a\n\n\nb"),
            ("a <!-- secret\n\nsecret --> b", "a  b"),
            ("a\n<!--secret-->\nb", "a\nb"),
            ("a {>>secret<<} b {--secret--}", "a  b "),
            ("a {% comment %}secret{% endcomment %} b", "a  b"),
            ("a {%- comment -%}\nsecret\n{%- endcomment -%} b", "a  b"),
            ("a {# secret #} b {{/* secret */}} {{! secret }}", "a  b  "),
            ("a {{!-- secret }} --}} {/* secret */}", "a  "),
            ("[//]: # (secret)\na\n[comment]: <> (secret)\n", "a\n"),
            ("{::comment}\nsecret\n{:/comment}\na", "a"),
            ("#+BEGIN_COMMENT\nsecret\n#+END_COMMENT\na", "a"),
            ("%%a `secret%% b `c`", " b `c`"),
            ("%%\n```\nsecret\n%%\nb %%secret%%", "b "),
            ("{{< comment >}}secret{{< /comment >}}a", "a"),
            ("a %%\n> secret %% b", "a  b"),
            ("%%a `b%% `c` %%d%% e", " `c`  e"),
            ("- %%secret%%\n- b", "- \n- b"),
            ("> %%secret%%\n> b", "> \n> b"),
            ("a<!-- secret -- > secret -->b", "ab"),
            ("{%- # secret -%}a", "a"),
            ("![a %%secret%% b](x.png)", "![a  b](x.png)"),
            ("| a %%secret%% | b |", "| a  | b |"),
        ] {
            assert_eq!(text(given), expected, "{given}");
        }
    }

    #[test]
    fn a_remark_that_is_not_closed_hides_the_rest_or_keeps_the_text_back() {
        let given = "a\n\n%% secret\n\nsecret\n";
        assert_eq!(text(given), "a\n\n");
        assert_eq!(left_out(given), [3]);
        assert_eq!(text("a\n\n<!-- secret\n"), "a\n\n");
        for given in [
            "a %%secret",
            "100 %% of it",
            "a <!-- secret",
            "a {>>secret",
            "{% comment %}secret",
            "%% secret\n\nwords\n\n%% secret\n",
        ] {
            let fault = rewrite(given, 0, Kind::Markdown).unwrap_err();
            assert!(fault.place.is_some(), "{given}");
        }
    }

    #[test]
    fn code_stays_as_written() {
        for given in [
            "`%%a%%` and `[[b]]` and `==c==` and `{{< d >}}`",
            "```\n%%a%%\n[[b]]\n{% if c %}\n[vc_row]\n> [!note]\n```\n",
            "~~~md\n<!-- a -->\n{{ b }}\n~~~\n",
            "    {{ a }} %%b%%\n",
            "<pre>{{ a }} [[b]]</pre>",
            "``a `%%` b``",
            "- a\n\n  ```\n  %%b%%\n  ```\n",
            "> ```\n> %%a%% [[b]]\n> ```\n",
            "\t%%a%%\n",
            "<pre><code>%%a%%\n<!-- b --></code></pre>",
            "`{{< a >}}` and ``{% raw %}`` and `^b`",
        ] {
            assert_eq!(text(given), given, "{given}");
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for given in [
            "100% and 50 % of it",
            "a [1] [sic] [x] [video] [...] [a][b] [c](d) ![e](f)\n\n[b]: https://x.example/",
            "- [ ] a\n- [x] b",
            "x == y, a ==b, x==1 and y==2",
            "Title\n=====\n",
            "# Heading {#id}",
            "a {b} c {{}} d",
            "m ^2",
            "[[1]](https://x.example/) and [[2]][a]",
            "C# and #1 and #tag in a line",
            "std::vector and a::b",
            "10:00 :: 11:00",
        ] {
            let given = given.replace("{{}} ", "");
            assert_eq!(text(&given), given, "{given}");
        }
    }

    #[test]
    fn notes_are_read_where_their_meaning_is_plain() {
        for (given, expected) in [
            ("[[Jan Jansen|Jan]] and [[Piet]]", "Jan and Piet"),
            ("[[map/Piet#Kop]] [[#Kop]] [[a\\|b]]", "Piet Kop b"),
            (
                "==the trees== and (==b==).",
                "<mark>the trees</mark> and (<mark>b</mark>).",
            ),
            (
                "> [!note] Mind\n> Boots.",
                "> <strong>Mind</strong>\n>\n> Boots.",
            ),
            ("> [!tip]-\n> Boots.", "> Boots."),
            ("> [!WARNING]+ **A** b", "> <strong>**A** b</strong>\n>"),
            ("done ^a1\nb ^2f9c31", "done\nb"),
            ("a\n\n^table-1\n\nb", "a\n\n\nb"),
            ("![[p.png]]", "<img src=\"p.png\" alt=\"\">"),
            (
                "![[p.png|A mill|300]]",
                "<img src=\"p.png\" alt=\"A mill\" width=\"300\">",
            ),
            (
                "![[p.png|100x145]]",
                "<img src=\"p.png\" alt=\"\" width=\"100\" height=\"145\">",
            ),
            ("![A mill|300](p.png)", "![A mill](p.png)"),
            ("a^[a note] b", "a (a note) b"),
            ("{++a++} {==b==} {~~c~>d~~}", "a b d"),
            ("a\n{: .lead }\nb", "a\nb"),
            ("[TOC]\n\na", "\na"),
            ("- a\n  id:: 64a1\n  collapsed:: true\n- b", "- a\n- b"),
            (
                ":::tip Mind\nBoots.\n:::",
                "<strong>Mind</strong>\n\nBoots.\n",
            ),
            ("::: {.warning}\nBoots.\n:::", "Boots.\n"),
        ] {
            assert_eq!(text(given), expected, "{given}");
        }
        let tags = rewrite("#reis #reis/noord\n\nText", 0, Kind::Markdown).unwrap();
        assert_eq!(tags.topics, ["reis", "reis/noord"]);
        assert_eq!(tags.text, "\nText");
    }

    #[test]
    fn what_is_not_plain_is_left_out_with_its_line() {
        for (given, expected, lines) in [
            ("a\n![[Other note]]\n", "a\n\n", vec![2]),
            ("a\n\n![[film.mp4]] b", "a\n\n b", vec![3]),
            ("```dataview\nTABLE x\n```\na", "a", vec![1]),
            ("a ((64a1b2c3-0000-4000-8000-000000000000))", "a ", vec![1]),
            ("a {{ total }} b", "a  b", vec![1]),
            ("a\n{{< chart id=3 >}}\n", "a\n\n", vec![2]),
            ("{% if x %}\nb\n{% endif %}\na", "\na", vec![1]),
            ("a <% tp.date.now() %>", "a ", vec![1]),
            ("[gallery ids=\"1,2\"]", "", vec![1]),
            ("[contact-form-7 id=\"3\"] a", " a", vec![1]),
            ("[hide]secret[/hide] a", " a", vec![1]),
            ("[w]({{< ref \"x.md\" >}})", "[w]()", vec![1]),
            ("`= this.file.name` a", " a", vec![1]),
            (
                "a\n- b\n{{< members >}}secret{{< /members >}}",
                "a\n- b\n",
                vec![3],
            ),
        ] {
            assert_eq!(text(given), expected, "{given}");
            assert_eq!(left_out(given), lines, "{given}");
        }
    }

    #[test]
    fn tags_of_generators_are_read_where_their_meaning_is_plain() {
        for (given, expected) in [
            (
                "{{< figure src=\"sail.jpg\" alt=\"Sail\" >}}",
                "<figure><img src=\"sail.jpg\" alt=\"Sail\"></figure>",
            ),
            (
                "{{< figure\n  src=\"a.png\"\n  caption=\"A & b\" >}}",
                "<figure><img src=\"a.png\" alt=\"\"><figcaption>A &amp; b</figcaption></figure>",
            ),
            (
                "{{< youtube w7Ft2ymGmfc >}}",
                &link("https://www.youtube.com/watch?v=w7Ft2ymGmfc"),
            ),
            (
                "{{< youtube id=\"w7\" >}}",
                &link("https://www.youtube.com/watch?v=w7"),
            ),
            (
                "{{ youtube(id=\"w7\") }}",
                &link("https://www.youtube.com/watch?v=w7"),
            ),
            (
                "{% youtube w7 %}",
                &link("https://www.youtube.com/watch?v=w7"),
            ),
            (
                "{% include youtube.html id=\"w7\" %}",
                &link("https://www.youtube.com/watch?v=w7"),
            ),
            (
                "{{youtube https://youtu.be/w7}}",
                &link("https://youtu.be/w7"),
            ),
            (
                "{{< vimeo 146022717 >}}",
                &link("https://vimeo.com/146022717"),
            ),
            (
                "{{< x user=\"a\" id=\"1\" >}}",
                &link("https://x.com/a/status/1"),
            ),
            (
                "{% embed https://x.example/a %}",
                &link("https://x.example/a"),
            ),
            (
                "[embed]https://x.example/a[/embed]",
                &link("https://x.example/a"),
            ),
            ("{{% notice info %}}\nMind.\n{{% /notice %}}", "\nMind.\n"),
            (
                "{% quote(author=\"x\") %}Mind.{% end %}",
                "<blockquote>\n\nMind.\n\n</blockquote>",
            ),
            ("{% raw %}{{ a }}{% endraw %}", "{{ a }}"),
            (
                "{% include figure.html src=\"a.png\" caption=\"B\" %}",
                "<figure><img src=\"a.png\" alt=\"\"><figcaption>B</figcaption></figure>",
            ),
            (
                "{% asset_img a.png A mill %}",
                "<figure><img src=\"a.png\" alt=\"A mill\"></figure>",
            ),
            ("![a]({{ site.baseurl }}/a.png)", "![a](/a.png)"),
            ("![a]({{ \"/a.png\" | relative_url }})", "![a](/a.png)"),
            ("{% post_link slug Words here %}", "Words here"),
            (
                "[vc_row][vc_column width=\"1/2\"]Text[/vc_column][/vc_row]",
                "Text",
            ),
            (
                "[caption id=\"a\" width=\"3\"]<img src=\"a.png\"/> Words[/caption]",
                "<figure><img src=\"a.png\"/><figcaption>Words</figcaption></figure>",
            ),
            (
                "[button link=\"https://x.example/\"]Go[/button]",
                "<a href=\"https://x.example/\">Go</a>",
            ),
            (
                "{{</* figure a */>}}",
                "&#123;&#123;&lt; figure a &gt;&#125;&#125;",
            ),
            (
                "{{< details summary=\"More\" >}}x{{< /details >}}",
                "<strong>More</strong> x",
            ),
        ] {
            assert_eq!(text(given), expected, "{given}");
            assert_eq!(left_out(given), Vec::<usize>::new(), "{given}");
        }
        let code = text("{{< highlight go >}}\na := <b>\n{{< /highlight >}}");
        assert_eq!(code, "<pre><code>a := &lt;b&gt;</code></pre>");
    }

    fn link(address: &str) -> String {
        format!("<a href=\"{address}\">{address}</a>")
    }

    #[test]
    fn a_text_may_say_where_its_beginning_ends() {
        let rewritten =
            rewrite("x: y\nOne. %%a%%\n\n<!--more-->\n\nTwo.", 5, Kind::Markdown).unwrap();
        assert_eq!(&rewritten.text[..rewritten.beginning.unwrap()], "One. \n\n");
    }

    #[test]
    fn pages_and_plain_texts_have_no_remarks_and_no_tags_either() {
        let page = rewrite(
            "<p>a {% comment %}s{% endcomment %}<code>{{ b }}</code> {{ c }}</p>",
            0,
            Kind::Page,
        );
        assert_eq!(page.unwrap().text, "<p>a <code>{{ b }}</code> </p>");
        let plain = rewrite(
            "a %%s%% b\n\n[vc_row]c[/vc_row]\n\n[[d]] ==e==",
            0,
            Kind::Text,
        );
        assert_eq!(plain.unwrap().text, "a  b\n\nc\n\n[[d]] ==e==");
    }

    #[test]
    fn a_feed_loses_what_wordpress_left_and_nothing_else() {
        for (given, expected) in [
            (
                "<p>[vc_row][vc_column]A[/vc_column][/vc_row]</p>",
                "<p>A</p>",
            ),
            (
                "<p>[caption id=\"a\"]<img src=\"a.png\"> B[/caption]</p>",
                "<p><figure><img src=\"a.png\"><figcaption>B</figcaption></figure></p>",
            ),
            (
                "<p>[b]A[/b] {{ c }} {% d %} [sic]</p>",
                "<p>[b]A[/b] {{ c }} {% d %} [sic]</p>",
            ),
        ] {
            assert_eq!(without_shortcodes(given).unwrap(), expected);
        }
    }

    #[test]
    fn a_line_of_front_matter_has_no_remarks() {
        assert_eq!(
            line("A %%secret%%walk with [[Jan J|Jan]]"),
            "A walk with Jan"
        );
        assert_eq!(line("A walk %%secret"), "A walk ");
    }
}
