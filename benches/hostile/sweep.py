#!/usr/bin/env python3
"""One atom repeated to a size, in each place of what strangers send: what of it costs more than twice as much at twice the size?

    benches/hostile/sweep.py [SIZE [PLACE,…]]

Reads each document with the program ($COURANT, or target/release/courant) at half of SIZE (480,000 octets if not said) and at
SIZE: feeds in a file, pages, sitemaps and robots.txt from a server of its own on loopback, notes from a folder, mails that
came back from standard input, subscriptions from a file. Prints those whose CPU or peak memory grows by more than 2.5 times,
or is above a second ($LIMIT) or 256 MB ($MEMORY, in MB) at SIZE, and at the end the dearest of each place. A start of the
program is taken off. Ends with a failure if anything was printed.
"""
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time

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
# What only some places understand.
NOTE_ATOMS = [
    "[[a]]", "[[", "![[a.jpg]]", "![a](a.jpg)", "[a]: b\n", "[^1]", "[^1]: a\n", "| a ", "| a | b |\n|---|---|\n", "- ", "- a\n",
    "  - a\n", "> > ", "# ", "# a\n", "```\n", "~~~", "$$", "$a$", "==a==", "~~", "%%", "%%a%%", "{{", "{{< a >}}", "{{< a >}}\n",
    "[a b=c]", "[a]", "[/a]", ":::", "::: a\n", ":a:", "#a ", "\\", "a.jpg", "foto.jpgwoord ", "Door A B\n\n", "Door ", "---\n",
    "a: b\n", "a:\n", "- a: ", "[a, ", "{a: ", "&a ", "*a ", "<!-- a -->", "***", "___", "<a@b>", "www.a.example ", "1. a\n", "\t",
    "http://a.example/(", "[](", "![", "^a^", "++a++", "\ufeff", "\u00a0", "@@", "[[[", "]]", "((a))", "a::b ", "{#a}", "{: .a}",
]
MAIL_ATOMS = [
    "a: b\n", " a\n", "--b\n", "--b\n\n", "--b--\n", "Final-Recipient: rfc822; a@b.example\n", "Status: 5.1.1\n", "\n\n", "=?",
    "=?utf-8?q?a?=", "=?utf-8?b?YQ==?= ", "(((", "<a@b>, ", "Received: a\n", "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
    "Content-Type: message/rfc822\n\n", "=0", "=41", "550 5.1.1 ", "user unknown\n", "From a\n", ">From ", "a@b.example\n", "; a=b",
    "*0*=", "Reporting-MTA: dns; a\n", "X-", "\r", "\0", "5.1.1 ", "Message-ID: <a@b>\n",
]
ROBOTS_ATOMS = ["User-agent: *\n", "Disallow: /a\n", "Disallow: /*a\n", "Allow: *", "*", "$", "Sitemap: http://a.example/\n", "#", "a:"]
SITEMAP_ATOMS = [
    "<url><loc>/a</loc></url>", "<url>", "<loc>", "<url/>", "<sitemap><loc>/a</loc></sitemap>", "<lastmod>", "http://a.example/x\n",
]
OPML_ATOMS = ["<outline>", "<outline text='a'/>", "<outline xmlUrl='http://a.example/'/>", "</outline>", "<outline text='a'>"]

RSS = (
    '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title><link>https://x.example/</link>'
)
WORDS = "<p>" + "Een gewone zin met genoeg woorden om een artikel te zijn. " * 12 + "</p>"
MAIL = (
    "From: MAILER-DAEMON@mx.example\nTo: bounce@x.example\nSubject: Undelivered Mail Returned to Sender\n"
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
    "--b\nContent-Type: text/plain\n\nuser unknown\n--b\nContent-Type: message/delivery-status\n\n"
    "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n"
)


def escaped(text):
    for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        text = text.replace(sign, f"&{name};")
    return text


def feed(items):
    return f"{RSS}{items}</channel></rss>"


def item(fields):
    return feed(f"<item><guid>1</guid>{fields}</item>")


def page(body, head=""):
    return f"<!DOCTYPE html><html><head><title>T</title>{head}</head><body>{body}</body></html>"


FEEDS = {
    "raw": lambda text: feed("<item><title>a</title></item>" + text),
    "prolog": lambda text: text + feed("<item><title>a</title></item>"),
    "item": lambda text: feed("<item><guid>1</guid><title>a</title><description>" + text),
    "title": lambda text: item(f"<title>{escaped(text)}</title>"),
    "description": lambda text: item(f"<title>a</title><description>{escaped(text)}</description>"),
    "content": lambda text: item(f"<title>a</title><content:encoded>{escaped('<p>x</p>' + text)}</content:encoded>"),
    "deep": lambda text: item(f"<title>a</title><content:encoded>{escaped(''.join(f'<div id={n}>' for n in range(250)) + text)}</content:encoded>"),
    "marked": lambda text: item(f"<title>a</title><content:encoded>{escaped('<p>' + ''.join(f'<b x={n}>' for n in range(250)) + '</p>' + text)}</content:encoded>"),
    "tag": lambda text: item(f"<title>a</title><content:encoded>{escaped('<p ' + text + '>x</p>')}</content:encoded>"),
    "date": lambda text: item(f"<title>a</title><pubDate>{escaped(text)}</pubDate>"),
    "author": lambda text: item(f"<title>a</title><author>{escaped(text)}</author><dc:creator>{escaped(text)}</dc:creator>"),
    "link": lambda text: item(f"<title>a</title><link>https://x.example/{escaped(text)}</link>"),
    "guid": lambda text: feed(f"<item><guid>{escaped(text)}</guid><title>a</title></item>"),
    "category": lambda text: item(f"<title>a</title><category>{escaped(text)}</category>"),
    "enclosure": lambda text: item(f'<title>a</title><enclosure url="https://x.example/{escaped(text)}" type="{escaped(text)}"/>'),
    "xhtml": lambda text: '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>1</id><title>a</title>'
    f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{text}</div></content></entry></feed>',
    "entities": lambda text: '<!DOCTYPE rss [<!ENTITY a "' + "x" * 990 + '">]>' + feed(f"<item><title>a</title><description>{text}</description></item>"),
    "json": lambda text: '{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{"id":"1","title":"a","content_html":"'
    + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\x01", "\\u0001")
    + '"}]}',
    "brackets": lambda text: '{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[' + text,
}
PAGES = {
    "article": lambda text: page(f"<article><h1>T</h1>{WORDS}{text}</article>"),
    "head": lambda text: page(f"<article><h1>T</h1>{WORDS}</article>", text),
    "ld": lambda text: page(f"<article><h1>T</h1>{WORDS}</article>", f'<script type="application/ld+json">{text}</script>'),
    "meta": lambda text: page(f"<article><h1>T</h1>{WORDS}</article>", f'<meta name="author" content="{escaped(text)}">'),
    "dateline": lambda text: page(f"<article><h1>T</h1><p class=byline>{text}</p>{WORDS}</article>"),
    "list": lambda text: page(f"<main><h2><a href=/artikel>a</a></h2>{text}</main>"),
    "robots": lambda text: text,
    "sitemap": lambda text: '<?xml version="1.0"?><urlset>' + text,
    "discover": lambda text: page(text, '<link rel="alternate" type="application/rss+xml" href="/none.xml">'),
}
NOTES = {
    "markdown": ("a.md", lambda text: f"# Titel\n\nTekst.\n\n{text}"),
    "front": ("a.md", lambda text: f"---\ntitle: a\nx: {text}\n---\n\nTekst."),
    "plain": ("a.txt", lambda text: f"Titel\n\nTekst.\n\n{text}"),
    "saved": ("a.html", lambda text: page(f"<h1>T</h1>{WORDS}{text}")),
}
MAILS = {
    "mail": lambda text: MAIL + text + "\n--b--\n",
    "mailhead": lambda text: text + "\n" + MAIL + "\n--b--\n",
    "mailtext": lambda text: "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\nHi. This is the qmail-send program.\n" + text,
}
LISTS = {"opml": lambda text: f'<opml version="2.0"><body>{text}</body></opml>'}
PLACES = [*FEEDS, *PAGES, *NOTES, *MAILS, *LISTS]


def atoms_of(place):
    if place in NOTES:
        return ATOMS + NOTE_ATOMS
    if place in MAILS:
        return ATOMS + MAIL_ATOMS
    if place in LISTS:
        return ATOMS + OPML_ATOMS
    more = {"robots": ROBOTS_ATOMS, "sitemap": SITEMAP_ATOMS, "discover": ["<link rel=alternate>"], "brackets": ["[", "{", '{"a":']}
    return ATOMS + more.get(place, [])


class Site(http.server.BaseHTTPRequestHandler):
    """A site whose one page, list, sitemap or robots.txt is the hostile document."""

    place, document = "", b""

    def do_GET(self):
        ordinary = page(f"<main><h2><a href=/artikel>a</a></h2></main><article><h1>T</h1>{WORDS}</article>").encode()
        path = self.path.split("?")[0]
        mine = {"robots": "/robots.txt", "sitemap": "/sitemap.xml", "list": "/", "discover": "/"}.get(self.place, "/artikel")
        if path == mine:
            body = self.document
        elif path in ("/", "/artikel"):
            body = ordinary
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain" if path == "/robots.txt" else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def cost(command, given=None):
    """User and system seconds, peak memory in MB, and how it ended."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as asked:
        asked.write(given or b"")
        asked.seek(0)
        child = subprocess.Popen(command, stdin=asked, stdout=subprocess.DEVNULL, stderr=said)
        timer = threading.Timer(300, child.kill)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        code = "panic" if b"panick" in said.read() else child.returncode
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, code


class Reader:
    """What reads the documents of a place."""

    def __init__(self, program, folder, port):
        self.program, self.folder = program, folder
        self.newsletter = os.path.join(folder, "newsletter")
        subprocess.run([program, "init", "--yes", self.newsletter], check=True, capture_output=True)
        with open(os.path.join(self.newsletter, "courant.toml"), "a") as config:
            config.write('\n[gather]\nallow = ["127.0.0.0/8"]\n')
            for name, more in (
                ("links", 'posts = "h2 a"'),
                ("map", "sitemap = true\nmatch = \"/\""),
                ("page", ""),
            ):
                config.write(f'\n[[source]]\nname = "sweep-{name}"\nurl = "http://127.0.0.1:{port}/"\n{more}\n')

    def ledger(self):
        """Mails that came back are read where something was sent: a database there must be."""
        subprocess.run([self.program, "-c", self.newsletter, "gather"], capture_output=True)

    def __call__(self, place, text):
        command = [self.program, "-c", self.newsletter]
        if place in FEEDS or place in LISTS:
            path = os.path.join(self.folder, "x.xml")
            with open(path, "w", newline="") as file:
                file.write((FEEDS.get(place) or LISTS.get(place))(text))
            reads = ["sources", "import", "--dry-run", path] if place in LISTS else ["sources", "test", path]
            return cost(command + reads)
        if place in NOTES:
            name, whole = NOTES[place]
            notes = os.path.join(self.folder, "notes-" + place)
            os.makedirs(notes, exist_ok=True)
            with open(os.path.join(notes, name), "w", newline="") as file:
                file.write(whole(text))
            return cost(command + ["sources", "test", notes])
        if place in MAILS:
            return cost(command + ["bounces", "ingest", "--dry-run", "-"], MAILS[place](text).encode())
        Site.place, Site.document = place, PAGES[place](text).encode()
        source = {"sitemap": "map", "discover": "page"}.get(place, "links")
        return cost(command + ["sources", "test", "sweep-" + source])


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 480_000
    places = sys.argv[2].split(",") if len(sys.argv) > 2 else PLACES
    root = os.path.join(os.path.dirname(__file__), "..", "..")
    program = os.environ.get("COURANT", os.path.join(root, "target/release/courant"))
    limit, memory = float(os.environ.get("LIMIT", "1")), float(os.environ.get("MEMORY", "256"))
    only = os.environ.get("ATOM")
    found = read = 0
    began = time.monotonic()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(program, folder, server.server_address[1])
        reader.ledger()
        start = {}
        for place in places:
            start_cpu, start_memory = (min(sample) for sample in list(zip(*(reader(place, "") for _ in range(3))))[:2])
            start[place], dearest = start_cpu, (0, 0, "")
            for atom in atoms_of(place):
                if only and atom != only:
                    continue
                times = size // len(atom.encode())
                whole, peak, code = reader(place, atom * times)
                whole -= start_cpu
                read += 1
                half, half_peak = 0.01, peak
                # What is soon done says nothing about how it grows.
                if whole > limit / 4 or peak > memory / 2:
                    half, half_peak, _ = reader(place, atom * (times // 2))
                    half = max(half - start_cpu, 0.01)
                dearest = max(dearest, (whole, peak, repr(atom)))
                grows = whole > limit / 4 and whole / half > 2.5
                swells = peak > memory / 2 and (peak - start_memory) / max(half_peak - start_memory, 1) > 2.5
                if grows or swells or whole > limit or peak > memory or code not in (0, 1, 65):
                    found += 1
                    print(
                        f"{place:12} {atom!r:24} {whole:6.2f} s, {whole / half:4.1f} times half; {peak:4.0f} MB; ended {code}",
                        flush=True,
                    )
            print(f"{place:12} dearest: {dearest[2]} {dearest[0]:.2f} s, {dearest[1]:.0f} MB", flush=True)
    took = time.monotonic() - began
    print(f"{read} documents of {size} octets in {took:.0f} s, a start of {max(start.values()):.2f} s taken off: {found} too dear")
    sys.exit(1 if found else 0)


main()
