"""Reads every message of a Maildir with Python's email package; writes their HTML and text parts to a folder.

    python3 messages.py MAILDIR FOLDER

Ends with 1 if any message has a defect.
"""
import email
import email.policy
import pathlib
import sys

maildir, folder = map(pathlib.Path, sys.argv[1:3])
folder.mkdir(parents=True, exist_ok=True)
bad = 0
files = sorted(path for place in ("new", "cur") for path in (maildir / place).iterdir())
for number, path in enumerate(files):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    parts = list(message.walk())
    defects = [defect for part in parts for defect in part.defects]
    defects += [defect for part in parts for _, value in part.items() for defect in getattr(value, "defects", ())]
    bad += len(defects)
    for part in parts:
        ending = {"text/html": "html", "text/plain": "txt"}.get(part.get_content_type())
        if ending:
            (folder / f"{number:02}.{ending}").write_text(part.get_content(), encoding="utf-8")
    if defects:
        print(path.name, defects)
print(f"python email: {len(files)} messages, {bad} defects")
sys.exit(1 if bad or not files else 0)
