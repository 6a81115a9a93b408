"""Holds every feed below a folder against the W3C feed validator: feeds.py VALIDATOR PUBLIC. Ends with 1 if it remarks
on anything. JSON Feed, which it does not know, is held against the rules of version 1.1 here."""

import json
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
import feedvalidator  # noqa: E402
from feedvalidator.formatter.text_plain import Formatter  # noqa: E402
from feedvalidator.logging import Error, Warning  # noqa: E402

public = pathlib.Path(sys.argv[2])
remarks = 0
feeds = 0


def say(path, remark):
    global remarks
    remarks += 1
    print(f"{path.relative_to(public)}: {remark}")


def json_faults(feed):
    if feed["version"] != "https://jsonfeed.org/version/1.1":
        yield "version"
    for item in feed["items"]:
        if not isinstance(item["id"], str) or not item["id"]:
            yield "id"
        if not ("content_html" in item or "content_text" in item):
            yield f"no content: {item['id']}"
        if any(tag != tag.strip() for tag in item.get("tags", [])):
            yield "tag"
    if len({item["id"] for item in feed["items"]}) != len(feed["items"]):
        yield "an id stands twice"


for path in sorted(public.rglob("*")):
    if path.name in ("feed.xml", "atom.xml") or path.suffix == ".opml":
        base = "http://127.0.0.1:8080/" + str(path.relative_to(public))
        events = feedvalidator.validateString(path.read_bytes(), firstOccurrenceOnly=0, base=base)
        found = [e for e in events["loggedEvents"] if isinstance(e, (Error, Warning))]
        feeds += 1
        for line in Formatter(found):
            say(path, line)
    elif path.name == "feed.json":
        feeds += 1
        for fault in json_faults(json.loads(path.read_text())):
            say(path, fault)
print(f"feeds: {feeds}, errors and warnings: {remarks}")
sys.exit(1 if remarks else 0)
