#!/usr/bin/env python3
"""How far `courant sources parse` and Python's feedparser agree on a collection of feeds.

    python3 benches/agreement/agree.py --courant target/release/courant MANIFEST...

A manifest has JSON lines {id, path, url, headers}; the collections are not part of this repository.
Prints the share of feeds with the same number of posts, and of each field over all posts of those feeds and over
whole feeds. `--show FIELD` lists where the two differ. Needs `pip install feedparser`.
"""

import argparse
import calendar
import datetime
import html
import json
import re
import subprocess
import sys
import time
import unicodedata
import warnings
from collections import Counter, defaultdict

import feedparser

FIELDS = ["title", "link", "id", "date", "author", "body"]


def of_feedparser(row):
    with open(row["path"], "rb") as file:
        data = file.read()
    headers = {name.lower(): value for name, value in (row.get("headers") or {}).items()}
    if row.get("url"):
        headers.setdefault("content-location", row["url"])
    if headers:
        headers.setdefault("content-type", "application/xml")
    return feedparser.parse(data, response_headers=headers)


def plain(text, kind="text/html"):
    """What a person would read: no tags, no entities, no spaces."""
    text = text or ""
    if kind != "text/plain":
        text = re.sub(r"<!--.*?-->", " ", text, flags=re.S)
        text = re.sub(r"</?[a-zA-Z][^<>]*>", " ", text)
    text = html.unescape(text)
    text = unicodedata.normalize("NFC", text)
    return re.sub(r"[\s\u200b\u00ad\ufeff\u200e\u200f\u202a-\u202e]+", "", text)


def address(link):
    link = (link or "").strip()
    link = re.sub(r"[?&](utm_[^=&]*|fbclid)=[^&#]*", "", link)
    return html.unescape(link).rstrip("/").lower()


def instant(parsed):
    try:
        return calendar.timegm(parsed) if parsed else None
    except (ValueError, OverflowError):
        return None


def seconds(text):
    if not text:
        return None
    text = re.sub(r"\.\d+", "", text.replace("Z", "+00:00"))
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp())
    except ValueError:
        return None


def people(authors):
    return sorted(
        (plain(person.get("name")), (person.get("email") or "").lower())
        for person in authors
        if person.get("name") or person.get("email")
    )


def theirs(entry):
    content = entry.get("content") or []
    body = content[0].get("value") if content else entry.get("summary")
    date = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    return {
        "title": plain(entry.get("title")),
        "link": address(entry.get("link")),
        "id": (entry.get("id") or "").strip(),
        "date": instant(date),
        "author": people(entry.get("authors") or []),
        "body": plain(body),
    }


def value(text):
    return (text or {}).get("value") or ""


def ours(entry):
    content = entry["content"]
    return {
        "title": plain(value(entry["title"])),
        "link": address(entry["link"]),
        "id": (entry["id"] or "").strip(),
        "date": seconds(entry["published"] or entry["updated"]),
        "author": people(entry["authors"]),
        "body": plain(value(content[0]) if content else value(entry["summary"])),
    }


def around_difference(one, other):
    at = next((at for at, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    start = max(0, at - 60)
    return one[start : at + 160], other[start : at + 160]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("manifests", nargs="+")
    arguments.add_argument("--courant", default="target/release/courant")
    arguments.add_argument("--show", default="", help="list differences: count, kind, error or a field")
    arguments.add_argument("--limit", type=int, default=40)
    arguments = arguments.parse_args()
    warnings.simplefilter("ignore")

    tally = Counter()
    posts = defaultdict(Counter)
    feeds = defaultdict(Counter)
    shown = 0

    def show(what, *details):
        nonlocal shown
        if what == arguments.show and shown < arguments.limit:
            shown += 1
            print(*[repr(detail)[:700] for detail in details], sep="\n    ")

    for manifest in arguments.manifests:
        with open(manifest, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        run = subprocess.run(
            [arguments.courant, "sources", "parse", "--manifest", manifest], capture_output=True, text=True, check=True
        )
        answers = [json.loads(line) for line in run.stdout.split("\n") if line]
        assert len(answers) == len(rows), (len(answers), len(rows))
        for row, answer in zip(rows, answers):
            tally["documents"] += 1
            tally["status " + answer["status"]] += 1
            try:
                other = of_feedparser(row)
            except Exception as error:  # It happens.
                tally["feedparser failed"] += 1
                continue
            if not other.entries and not other.version:
                tally["no feed to feedparser"] += 1
                tally["no feed to feedparser, a feed to us"] += answer["status"] == "ok"
                continue
            tally["feeds"] += 1
            if answer["status"] != "ok":
                show("error", row["id"], answer["err"], other.version, len(other.entries), row["path"])
            entries = answer["entries"]
            same = len(entries) == len(other.entries) and (answer["status"] == "ok" or not other.entries)
            tally["same number"] += same
            if (other.version or "") != (answer["kind"] or ""):
                tally["other kind"] += 1
                show("kind", row["id"], other.version, answer["kind"])
            if not same:
                show("count", row["id"], len(other.entries), len(entries), other.get("bozo_exception"), row["path"])
                continue
            if not entries:
                continue
            agree = dict.fromkeys(FIELDS, True)
            for mine, other_entry in zip(map(ours, entries), map(theirs, other.entries)):
                for field in FIELDS:
                    equal = mine[field] == other_entry[field]
                    posts[field][equal] += 1
                    agree[field] &= equal
                    if not equal and field in ("title", "body"):
                        theirs_here, ours_here = around_difference(other_entry[field], mine[field])
                        show(field, row["id"], theirs_here, ours_here, row["path"])
                    elif not equal:
                        show(field, row["id"], other_entry[field], mine[field], row["path"])
            for field in FIELDS:
                feeds[field][agree[field]] += 1

    for name, times in sorted(tally.items()):
        print(f"{name:<40}{times:>8}")
    share = lambda counter: 100 * counter[True] / max(1, counter[True] + counter[False])
    print(f"\n{'field':<10}{'of posts':>10}{'of feeds':>10}")
    number = {True: tally["same number"], False: tally["feeds"] - tally["same number"]}
    print(f"{'number':<10}{'':>10}{share(Counter(number)):>10.2f}")
    for field in FIELDS:
        print(f"{field:<10}{share(posts[field]):>10.2f}{share(feeds[field]):>10.2f}")


if __name__ == "__main__":
    main()
