"""Whether each reader is in the state that the inbox asked for: judge.py COURANT NEWSLETTER MESSAGES."""

import json
import pathlib
import subprocess
import sys

courant, newsletter, messages = sys.argv[1:]
first, again = (json.loads(pathlib.Path(newsletter, name).read_text()) for name in ("first", "again"))
assert len(first) == int(messages), (len(first), messages)
assert again == [], again
listed = subprocess.run([courant, "-c", newsletter, "subscribers", "list", "--json"], check=True, capture_output=True)
for reader in json.loads(listed.stdout):
    number = int(reader["address"].split("@")[0].removeprefix("reader"))
    expected = "bounced" if number % 10 == 0 else "unsubscribed" if number % 20 == 5 else "active"
    assert reader["state"] == expected, (reader, expected)
print("right")
