#!/usr/bin/env python3
"""A thousand feeds on loopback, two hundred of them slow or failing.

Each source has an address of its own, 127.1.0.1 and on, and one port for all, so that no limit per host holds anybody
back. What a source is follows from its number, so that every client meets the same. Prints its port, then one line
for each address with what lives there; serves until it is killed.

    server.py [SOURCES]
"""
import asyncio
import gzip
import random
import sys

SOURCES = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
LARGE = 5_000_000

# In a thousand: what the other eight hundred are not.
TROUBLE = [
    ("slow", 60),
    ("hang", 40),
    ("trickle", 20),
    ("500", 30),
    ("404", 20),
    ("410", 10),
    ("429", 10),
    ("cut", 10),
]

WORDS = (
    "wie eerlijk verkoopt hoeft niets te onthouden en een weegschaal die klopt is het beste gesprek over prijs "
    "dat een winkel kan voeren met wie er binnenkomt op maandag of op een regenachtige woensdag in november"
).split()


def plan():
    kinds = []
    for kind, share in TROUBLE:
        kinds += [kind] * round(share * SOURCES / 1000)
    kinds += ["large"] * round(10 * SOURCES / 1000)
    kinds += ["fine"] * (SOURCES - len(kinds))
    random.Random(7).shuffle(kinds)
    return kinds


def address(number):
    return f"127.1.{number // 250}.{number % 250 + 1}"


def feed(number, size):
    """RSS as WordPress writes it: twenty posts with their text, so many bytes in all."""
    chance = random.Random(number)
    base = f"http://{address(number)}"
    posts = 20 if size < LARGE else 200
    items = []
    for post in range(posts):
        title = " ".join(chance.choices(WORDS, k=6)).capitalize()
        text, left = [], size // posts - 500
        while left > 0:
            paragraph = " ".join(chance.choices(WORDS, k=60))
            paragraph = f'<p>{paragraph} <a href="/over?utm_source=rss">lees</a> <img src="/b{post}.jpg" width="600"></p>'
            text.append(paragraph)
            left -= len(paragraph)
        items.append(
            f"<item><title>{title}</title><link>{base}/post-{post}/</link><guid isPermaLink='false'>{base}/?p={post}</guid>"
            f"<pubDate>Mon, 02 Nov 2026 {post % 24:02}:00:00 +0000</pubDate><dc:creator>Jan</dc:creator>"
            f"<category>verkoop</category><description>{title}.</description>"
            f"<content:encoded><![CDATA[{''.join(text)}]]></content:encoded></item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>Blog {number}</title><link>{base}/</link><description>Een blog</description>{''.join(items)}</channel></rss>"
    ).encode()


def answer(status, headers=(), body=b""):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def document(number, kind):
    size = LARGE if kind == "large" else int(random.Random(-number - 1).lognormvariate(10.3, 0.9))
    body = gzip.compress(feed(number, max(5_000, min(size, 400_000) if kind != "large" else size)), 6)
    headers = ["Content-Type: application/rss+xml; charset=UTF-8", "Content-Encoding: gzip", f'ETag: "{number}"']
    return answer(200, headers, body)


async def converse(number, kind, ready, reader, writer):
    try:
        await reader.readuntil(b"\r\n\r\n")
        if kind == "hang":
            await asyncio.sleep(3600)
        elif kind == "slow":
            await asyncio.sleep(random.Random(number).uniform(0.3, 3.0))
        if kind in ("500", "404", "410"):
            writer.write(answer(int(kind), [], b"nee"))
        elif kind == "429":
            writer.write(answer(429, ["Retry-After: 3600"]))
        elif kind == "cut":
            writer.write(ready[: len(ready) // 2])
        elif kind == "trickle":
            for byte in ready:
                if writer.is_closing():
                    break
                writer.write(bytes([byte]))
                await asyncio.sleep(0.2)
        else:
            writer.write(ready)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    kinds = plan()
    ready = {address(n): (n, kind, document(n, kind)) for n, kind in enumerate(kinds)}

    async def serve(reader, writer):
        host = writer.get_extra_info("sockname")[0]
        await converse(*ready[host], reader, writer)

    server = await asyncio.start_server(serve, "0.0.0.0", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1])
    for host, (_, kind, _) in ready.items():
        print(host, kind)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
