#!/usr/bin/env python3
"""Honest feeds, and beside them what strangers send, on loopback: each at an address of its own, one port for all.

    server.py HONEST HOSTILE

Prints its port, then a line for each address with `honest`, or what it does; serves until it is killed.
"""
import asyncio
import gzip
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "gather.d"))
sys.argv, arguments = [sys.argv[0], "1"], sys.argv[1:]
source = open(os.path.join(os.path.dirname(__file__), "..", "gather.d", "server.py")).read()
parts = {"__name__": "parts"}
exec(compile(source.split("\nasyncio.run(main())")[0], "server.py", "exec"), parts)

RSS = '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>T</title><link>https://x.example/</link>'


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def feed(items):
    return f"{RSS}{items}</channel></rss>"


def item(fields):
    return feed(f"<item><guid>1</guid><title>a</title>{fields}</item>")


def text(html):
    return item(f"<content:encoded>{escaped(html)}</content:encoded>")


def times(atom, size=480_000):
    return atom * (size // len(atom.encode()))


def formatting(block, size):
    return "<p>" + "".join(f"<b x={n}>" for n in range(249)) + "</p>" + times(block, size)


def many(fields, count):
    return feed("".join(f"<item><guid>{n}</guid><title>t{n}</title>{fields.format(n=n)}</item>" for n in range(count)))


def json_feed(items):
    return '{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[' + items + "]}"


def bomb(size):
    return gzip.compress(b" " * size, 9)


LONG = "x" * 990
HOSTILE = {
    # Depth times breadth.
    "formatting-18k": lambda: text(formatting("<p>x</p>", 18_000)),
    "formatting-322k": lambda: text(formatting("<p>x</p>", 322_000)),
    "formatting-li": lambda: text(formatting("<li>x", 480_000)),
    "formatting-div": lambda: text(formatting("<div>x</div>", 480_000)),
    "formatting-table": lambda: text(formatting("<table><tr><td>x</table>", 480_000)),
    "nesting-div": lambda: text(times("<div>")),
    "nesting-table": lambda: text(times("<table><tr><td>")),
    "nesting-list": lambda: text(times("<ul><li>")),
    "nesting-xml": lambda: times("<a>"),
    "breadth-br": lambda: text(times("<br>")),
    "breadth-br-large": lambda: text(times("<br>", 7_000_000)),
    "breadth-p": lambda: text(times("<p>x")),
    "attributes": lambda: text("<p " + times(" a=b") + ">x</p>"),
    "attributes-own": lambda: text("<p " + "".join(f" a{n}=b" for n in range(60_000)) + ">x</p>"),
    "select": lambda: text(times("<select><option>")),
    "noscript": lambda: text(times("<noscript>")),
    # What references and bases give.
    "entities-300k": lambda: f'<!DOCTYPE rss [<!ENTITY a "{LONG}">]>' + item(f"<description>{times('&a;', 300_000)}</description>"),
    "entities-title": lambda: f'<!DOCTYPE rss [<!ENTITY a "{LONG}">]>' + many("<description>&a;</description>", 9_000),
    "entities-attribute": lambda: f'<!DOCTYPE rss [<!ENTITY a "{LONG}">]>' + feed(times('<item x="&a;&a;&a;&a;&a;"/>', 300_000)),
    "base-megabyte": lambda: item(
        f"<link>https://x.example/{'b' * 400_000}/</link><description>{escaped(times('<a href=x>y</a>', 80_000))}</description>"
    ),
    "base-xml": lambda: f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://x.example/{"b" * 200_000}/"><title>T</title>'
    + '<entry><id>1</id><title>a</title><link href="x"/></entry>' * 5_000
    + "</feed>",
    "base-two-thousand": lambda: item(
        f"<link>https://x.example/{'b' * 1_900}/</link><description>{escaped(times('<a href=x>y</a>'))}</description>"
    ),
    # Quadratic readers.
    "doctype": lambda: times("<!DOCTYPE [>") + item(""),
    "doctype-open": lambda: times("<!DOCTYPE x [") + item(""),
    "description-lt": lambda: item(f"<description>{times('&amp;lt;a ', 480_000)}</description>"),
    "description-tag": lambda: item(f"<description>{times('&lt;a ', 480_000)}</description>"),
    "description-amp": lambda: item(f"<description>{times('&amp;')}</description>"),
    "plain-addresses": lambda: item(f"<description>{times('http://a.example/ ')}</description>"),
    "plain-marks": lambda: item(f"<description>{times('http://')}</description>"),
    "full-stops": lambda: item(f"<description>{times('.')}</description>"),
    "comments": lambda: text(times("<!--")),
    "quotes": lambda: text(times('<a href="')),
    "cdata": lambda: item(f"<description>{times('<![CDATA[')}</description>"),
    "combining": lambda: item(f"<description>{times('e' + chr(0x301) + chr(0x302))}</description>"),
    "title": lambda: feed(f"<item><guid>1</guid><title>{times('&amp;amp;')}</title></item>"),
    "link": lambda: item(f"<link>https://x.example/{times('%41')}</link>"),
    "guid": lambda: feed(f"<item><guid>{times('g')}</guid><title>a</title></item>"),
    "date": lambda: item(f"<pubDate>{times('1 ')}</pubDate>"),
    "template": lambda: text(times("<template></head>")),
    # Many of a thing.
    "items-39000": lambda: many("", 39_000),
    "items-one-title": lambda: feed("".join(f"<item><guid>{n}</guid><title>t</title></item>" for n in range(39_000))),
    "items-one-text": lambda: many("<description>een twee drie vier vijf zes zeven acht negen tien</description>", 20_000),
    "items-one-date": lambda: many("<pubDate>Mon, 02 Nov 2026 10:00:00 +0000</pubDate>", 30_000),
    "items-empty-300k": lambda: feed("<item/>" * 300_000),
    "items-empty-million": lambda: feed("<item/>" * 1_200_000),
    "categories": lambda: item("".join(f"<category>c{n}</category>" for n in range(20_000))),
    "categories-each": lambda: many("".join(f"<category>c{{n}}x{n}</category>" for n in range(10)), 3_000),
    "authors": lambda: item("".join(f"<author>a{n}</author>" for n in range(20_000))),
    "enclosures": lambda: item("".join(f'<enclosure url="https://x.example/{n}.jpg" type="image/jpeg"/>' for n in range(10_000))),
    "links": lambda: text("".join(f'<a href="https://x.example/{n}">x</a>' for n in range(10_000))),
    "pictures": lambda: text("".join(f'<img src="https://x.example/{n}.jpg">' for n in range(10_000))),
    "namespaces": lambda: feed("".join(f'<a{n} xmlns:n{n}="urn:{n}"/>' for n in range(15_000))),
    # JSON.
    "json-lists": lambda: json_feed("[],".join([""] * 1_500_000) + "[]"),
    "json-objects": lambda: json_feed("{}," * 1_500_000 + "{}"),
    "json-depth": lambda: json_feed("[" * 400_000),
    "json-html": lambda: json_feed('{"id":"1","title":"a","content_html":"' + times("<p><b>", 480_000) + '"}'),
    # Pages where feeds should be.
    "page-ampersands": lambda: "<!DOCTYPE html><html><body><article>" + times("&amp;") + "</article></body></html>",
    "page-deep": lambda: "<!DOCTYPE html><html><body>" + times("<div>") + "</body></html>",
    "page-formatting": lambda: "<!DOCTYPE html><html><body>" + formatting("<p>x</p>", 480_000) + "</body></html>",
    "page-links": lambda: "<!DOCTYPE html><html><head>" + times('<link rel="alternate" type="application/rss+xml" href="/n.xml">') + "</head></html>",
    # Packing and encodings.
    "bomb-gzip": lambda: ("gzip", bomb(40_000_000)),
    "large-text": lambda: text("<p>" + times("Een gewone zin. ", 9_000_000) + "</p>"),
    "utf-16": lambda: feed("<item><guid>1</guid><title>a</title></item>" + "<x/>" * 100_000).encode("utf-16"),
    "controls": lambda: text(times("\u202e\u200b")),
}


def plan(honest, hostile):
    places = {}
    for number in range(honest):
        places[parts["address"](number)] = ("honest", parts["document"](number, "fine"))
    for number, (name, make) in enumerate(list(HOSTILE.items())[:hostile]):
        body, headers = make(), ["Content-Type: application/rss+xml"]
        if isinstance(body, tuple):
            headers.append(f"Content-Encoding: {body[0]}")
            body = body[1]
        body = body if isinstance(body, bytes) else body.encode()
        places[f"127.2.0.{number + 1}"] = (name, parts["answer"](200, headers, body))
    return places


async def main():
    honest, hostile = (int(argument) for argument in arguments)
    places = plan(honest, hostile)

    async def serve(reader, writer):
        host = writer.get_extra_info("sockname")[0]
        try:
            asked = await reader.readuntil(b"\r\n\r\n")
            here = asked.split(b" ")[1] == b"/feed"
            writer.write(places[host][1] if here else parts["answer"](404))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "0.0.0.0", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1])
    for host, (name, _) in places.items():
        print(host, name)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
