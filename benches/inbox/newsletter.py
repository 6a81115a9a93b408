"""Makes a newsletter that reads its inbox one way: newsletter.py FOLDER READERS WAY BASE_PORT CERTIFICATE."""

import pathlib
import sys

folder, readers, way, base, certificate = sys.argv[1:]
scheme, offset = {
    "imap+starttls": ("imap", 0),
    "imaps": ("imaps", 1),
    "pop3+stls": ("pop3", 2),
    "pop3s": ("pop3s", 3),
}[way]
user = way.replace("+", "-")
root = pathlib.Path(folder)
for part in ("posts", "schedules"):
    (root / part).mkdir(parents=True)
(root / "posts/een.md").write_text("---\ntitle: Het eerste bericht\n---\n\nMet genoeg woorden om te lezen.\n")
(root / "schedules/weekly.toml").write_text('cron = "0 8 * * MON"\nfirst_run = "send"\ndefault = true\n')
(root / "courant.toml").write_text(
    f"""[newsletter]
name = "De Proef"
url = "https://proef.example"
from = "proef@proef.example"
address = "Straat 1, Plaats"

[[source]]
name = "eigen"
folder = "posts"

[delivery]
bounces = "bounces@proef.example"

[bounces]
inbox = "{scheme}://{user}@127.0.0.1:{int(base) + offset}"
tls_root = "{certificate}"
"""
)
entries = (f'[[subscriber]]\nemail = "reader{n}@example.nl"\n' for n in range(int(readers)))
(root / "subscribers.toml").write_text("\n".join(entries))
