"""The same sources by feedparser and aiohttp: as many at once, the same time-out, every document parsed and sanitised.

    rival.py FILE SECONDS        FILE has an address a line

It keeps what courant keeps: the posts of each source, in SQLite, one transaction a source.
"""
import asyncio
import sqlite3
import sys
import tempfile

import aiohttp
import feedparser

AT_ONCE = 64


async def ask(session, places, url, store, counts):
    async with places:
        try:
            async with session.get(url) as answer:
                if answer.status != 200:
                    counts["failed"] += 1
                    return
                document, headers = await answer.read(), dict(answer.headers)
        except (aiohttp.ClientError, asyncio.TimeoutError):
            counts["failed"] += 1
            return
    headers.pop("Content-Encoding", None)
    feed = feedparser.parse(document, response_headers={k.lower(): v for k, v in headers.items()})
    with store:
        store.executemany(
            "INSERT INTO post VALUES (?, ?, ?, ?, ?)",
            [
                (url, e.get("id"), e.get("title"), e.get("published"), str(e.get("content") or e.get("summary")))
                for e in feed.entries
            ],
        )
    counts["read"] += 1
    counts["posts"] += len(feed.entries)


async def main():
    urls = open(sys.argv[1]).read().split()
    timeout = aiohttp.ClientTimeout(total=float(sys.argv[2]))
    counts = {"read": 0, "failed": 0, "posts": 0}
    places = asyncio.Semaphore(AT_ONCE)
    with tempfile.TemporaryDirectory() as folder:
        store = sqlite3.connect(f"{folder}/posts.db")
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA synchronous = FULL")
        store.execute("CREATE TABLE post (source TEXT, id TEXT, title TEXT, published TEXT, content TEXT)")
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            await asyncio.gather(*(ask(session, places, url, store, counts) for url in urls))
    print(counts)


asyncio.run(main())
