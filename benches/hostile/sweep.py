#!/usr/bin/env python3
"""One atom repeated to a size, in each place of a feed: what of it costs more than twice as much at twice the size?

    benches/hostile/sweep.py [SIZE [PLACE,…]]

Reads each document with `courant sources test FILE` (the program is $COURANT, or target/release/courant) at half of SIZE (480,000
octets if not said) and at SIZE, and prints those whose CPU grows by more than 2.5 times, or is above a second at SIZE.
Ends with a failure if there are any. A start of the program is taken off both.
"""
import os
import resource
import subprocess
import sys
import tempfile

ATOMS = [
    "<", "<a", "<a ", "<b>", "&", "&#", "&aaaaaaaaaaaa", "&a;", "&#65;", "&amp;", "&lt;a ", "&nbsp;", "<![CDATA[", "]]>", "<!--",
    "-->", "--!>", "<?", "<?x ?>", "<!DOCTYPE ", "<!DOCTYPE x [>", "<!DOCTYPE x [", '"', "'", 'a="', " a=b", "<template>",
    "<template></head>", "<head>", "<script>", "<style>", "<noscript>", "<iframe>", "<textarea>", "<title>", "<svg>", "<math>",
    "<table>", "<table><tr><td>", "<td>", "<li>", "<ul><li>", "<p>", "<p></p>", "</p>", "</b>", "<br>", "<a>", "<a href=/x>",
    "<img src=/x.jpg>", "<img src=/x.jpg><a>", "<font>", "<b><i></b>", "<select><option>", "\x01", "e\u0301\u0302\u0303",
    "\u202e", "\u200b", " ", "\n", "\r\n", ". ", "o.a. ", "/", "%", "%41", "-", ", ", "1", "+", "@", "a@b.example ",
    "http://a.example/ ", "http://", "(", "[", "[a](", "*", "_", "`", "> ", "A ", "woord ", "é", "\U0001f600", ":", ";",
    "<blockquote>", "<dd>", "<figure><figcaption>", "<h1>", "<hr>", "<form>", "<div><p>", "</div>", "<nobr>", "<button>",
    "leestverder... ", "<item>", "<item/>", "<category>a</category>", "<link/>", "<enclosure url='/a.mp3'/>",
]
RSS = (
    '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title><link>https://x.example/</link>'
)


def escaped(text):
    for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        text = text.replace(sign, f"&{name};")
    return text


def feed(items):
    return f"{RSS}{items}</channel></rss>"


def item(fields):
    return feed(f"<item><guid>1</guid>{fields}</item>")


PLACES = {
    "raw": lambda text: feed("<item><title>a</title></item>" + text),
    "prolog": lambda text: text + feed("<item><title>a</title></item>"),
    "item": lambda text: feed("<item><guid>1</guid><title>a</title><description>" + text),
    "title": lambda text: item(f"<title>{escaped(text)}</title>"),
    "description": lambda text: item(f"<title>a</title><description>{escaped(text)}</description>"),
    "content": lambda text: item(f"<title>a</title><content:encoded>{escaped('<p>x</p>' + text)}</content:encoded>"),
    "tag": lambda text: item(f"<title>a</title><content:encoded>{escaped('<p ' + text + '>x</p>')}</content:encoded>"),
    "date": lambda text: item(f"<title>a</title><pubDate>{escaped(text)}</pubDate>"),
    "author": lambda text: item(f"<title>a</title><author>{escaped(text)}</author><dc:creator>{escaped(text)}</dc:creator>"),
    "link": lambda text: item(f"<title>a</title><link>https://x.example/{escaped(text)}</link>"),
    "guid": lambda text: feed(f"<item><guid>{escaped(text)}</guid><title>a</title></item>"),
    "category": lambda text: item(f"<title>a</title><category>{escaped(text)}</category>"),
    "enclosure": lambda text: item(f'<title>a</title><enclosure url="https://x.example/{escaped(text)}" type="{escaped(text)}"/>'),
}


def cpu(program, newsletter, path):
    """User and system seconds, and how it ended."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        ended = subprocess.run([program, "-c", newsletter, "sources", "test", path], capture_output=True, timeout=300)
        code = ended.returncode
        if b"panick" in ended.stderr:
            code = "panic"
    except subprocess.TimeoutExpired:
        code = "no end"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, code


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 480_000
    places = sys.argv[2].split(",") if len(sys.argv) > 2 else list(PLACES)
    root = os.path.join(os.path.dirname(__file__), "..", "..")
    program = os.environ.get("COURANT", os.path.join(root, "target/release/courant"))
    limit = float(os.environ.get("LIMIT", "1"))
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        newsletter = os.path.join(folder, "newsletter")
        subprocess.run([program, "init", "--yes", newsletter], check=True, capture_output=True)
        path = os.path.join(folder, "x.xml")

        def measured(text):
            with open(path, "w", newline="") as file:
                file.write(text)
            return cpu(program, newsletter, path)

        start = min(measured(feed(""))[0] for _ in range(3))
        for place in places:
            for atom in ATOMS:
                times = size // len(atom.encode())
                half, _ = measured(PLACES[place](atom * (times // 2)))
                whole, code = measured(PLACES[place](atom * times))
                half, whole = max(half - start, 0.01), whole - start
                # What is soon done says nothing about how it grows.
                grows = whole > limit / 4 and whole / half > 2.5
                if grows or whole > limit or code not in (0, 1, 65):
                    found += 1
                    print(f"{place:12} {atom!r:24} {whole:6.2f} s, {whole / half:4.1f} times that of half; ended {code}", flush=True)
    print(f"{len(places) * len(ATOMS)} documents of {size} octets, a start of {start:.2f} s taken off: {found} too dear")
    sys.exit(1 if found else 0)


main()
