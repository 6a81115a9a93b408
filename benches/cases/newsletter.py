"""A newsletter in a temporary folder, the program run on it, and pages that it may gather."""
import email
import email.policy
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
from types import SimpleNamespace


class Newsletter:
    """`readers` is a number or a list of addresses; `posts` is a text by file name."""

    def __init__(self, courant, relay, readers, delivery="", posts=None, cron="0 8 * * MON", zone="Europe/Amsterdam", source=None):
        self.courant, self.place = courant, pathlib.Path(tempfile.mkdtemp(prefix="courant-case-"))
        for part in ("posts", "schedules"):
            (self.place / part).mkdir()
        if posts is None:
            posts = {"one.md": "---\ntitle: The first\ndate: 2026-11-20\n---\n\nWith words enough to read.\n"}
        for name, text in posts.items():
            if isinstance(text, str):
                (self.place / "posts" / name).write_text(text)
            else:
                for picture in list(text)[:1]:
                    shutil.copy(picture, self.place / "posts" / name)
        web = f'[[source]]\nname = "web"\nurl = "{source}"\n\n[gather]\nallow = ["127.0.0.1"]\npictures = false\n' if source else ""
        (self.place / "courant.toml").write_text(
            f"""[newsletter]
name = "The Case"
language = "en"
timezone = "{zone}"
url = "http://127.0.0.1:8080"
from = "case@vollepond.test"
address = "Street 1, Place"

[[source]]
name = "own"
folder = "posts"

[delivery]
relay = "{relay}"
{delivery}

{web}"""
        )
        (self.place / "schedules/weekly.toml").write_text(
            f'cron = "{cron}"\ntimezone = "{zone}"\nfirst_run = "send"\ndefault = true\n'
        )
        self.readers = readers if isinstance(readers, list) else [f"r{n}@d{n % 3}.test" for n in range(readers)]
        self.list(self.readers)

    def list(self, readers):
        entries = (f'[[subscriber]]\nemail = "{reader}"\n' for reader in readers)
        (self.place / "subscribers.toml").write_text("\n".join(entries))

    def take_out(self, reader):
        self.list([one for one in self.readers if one != reader])

    def post(self, name, title):
        (self.place / f"posts/{name}.md").write_text(f"---\ntitle: {title}\n---\n\nWith words enough to read, again.\n")

    def run(self, *arguments, at=None, seconds=300):
        """Runs the program, at a time as `faketime` takes it; `+5m` is from now on."""
        command = [self.courant, *arguments]
        if at:
            command = ["faketime", "-f", at, *command]
        environment = {**os.environ, "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
        try:
            ended = subprocess.run(command, cwd=self.place, env=environment, capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            return SimpleNamespace(code=-1, out="", err=f"not done after {seconds} s")
        return SimpleNamespace(code=ended.returncode, out=ended.stdout, err=ended.stderr)

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json").out)

    def account(self, issue):
        return self.json("issues", "account", str(issue))

    def issues(self):
        return self.json("issues", "list")

    def states(self):
        """How many readers stand in each state."""
        states = {}
        for reader in self.json("subscribers", "list"):
            states[reader["state"]] = states.get(reader["state"], 0) + 1
        return states

    def state(self, address):
        return next(reader["state"] for reader in self.json("subscribers", "list") if reader["address"] == address)

    def mails(self):
        """The messages of the embedded mailbox."""
        return sorted((self.place / "state/mailbox/new").glob("*")) if (self.place / "state/mailbox/new").exists() else []

    def decoded(self):
        """The parts of each mail that a reader sees, decoded."""
        for path in self.mails():
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            yield message["subject"] or ""
            for part in message.walk():
                if part.get_content_maintype() == "text":
                    yield part.get_content()

    def published(self):
        """All feeds and pages as text."""
        files = [path for path in (self.place / "state/public").rglob("*") if path.suffix in (".html", ".xml", ".json")]
        return "\n".join(path.read_text() for path in files)


class Pages:
    """A web server on loopback whose pages the case sets."""

    def __init__(self):
        pages = self.pages = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = pages.get(self.path)
                self.send_response(200 if text else 404)
                self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
                self.end_headers()
                self.wfile.write((text or "").encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def put(self, path, text):
        self.pages[path] = text
