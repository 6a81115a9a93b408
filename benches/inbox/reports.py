"""What comes back of the mails that a newsletter sent: reports.py NEWSLETTER MAILDIR. Prints how many messages lie there."""

import email
import email.policy
import pathlib
import sys
import urllib.parse

newsletter, maildir = map(pathlib.Path, sys.argv[1:])
for part in ("new", "cur", "tmp"):
    (maildir / part).mkdir(parents=True, exist_ok=True)
report = (pathlib.Path(__file__).parents[2] / "tests/fixtures/bounces/postfix-unknown-user.eml").read_text()
lines = []


def keep(text):
    name = f"1795417200.M{len(lines):06}P1.mx"
    lines.append(name)
    (maildir / "new" / name).write_text(text)


for file in sorted((newsletter / "state/mailbox/new").iterdir()):
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    reader = mail["To"]
    number = int(reader.split("@")[0].removeprefix("reader"))
    keep(f"From: {reader}\nTo: proef@proef.example\nSubject: dank\n\nMooi nummer, {number}.\n")
    if number % 10 == 0:
        path = mail["Return-Path"].strip("<>")
        keep(report.replace("bounces+TOKEN@example.nl", path).replace("jan@example.org", reader))
    ways = [way.strip().strip("<>") for way in (mail["List-Unsubscribe"] or "").split(",")]
    for way in ways:
        if number % 20 == 5 and way.startswith("mailto:"):
            url = urllib.parse.urlsplit(way)
            subject = urllib.parse.parse_qs(url.query)["subject"][0]
            to = urllib.parse.unquote(url.path)
            keep(f"From: {reader}\nTo: {to}\nSubject: {subject}\n\n")
print(len(lines))
