"""Writes the settings of a Dovecot that listens on loopback alone: server.py FOLDER BASE_PORT.

At BASE_PORT and the three behind it: IMAP, IMAP under TLS, POP3, POP3 under TLS. Each user's mail lies in
FOLDER/mail/USER; all have the password `geheim`.
"""

import pathlib
import sys

folder, base = sys.argv[1], int(sys.argv[2])


def listener(name, port, tls):
    yes = "yes" if tls else "no"
    return f"  inet_listener {name} {{\n    address = 127.0.0.1\n    port = {port}\n    ssl = {yes}\n  }}\n"


text = f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
passdb {{
  driver = static
  args = password=geheim
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u
}}
service imap-login {{
{listener("imap", base, False)}{listener("imaps", base + 1, True)}}}
service pop3-login {{
{listener("pop3", base + 2, False)}{listener("pop3s", base + 3, True)}}}
"""
pathlib.Path(folder, "dovecot.conf").write_text(text)
for part in ("run", "state", "mail"):
    pathlib.Path(folder, part).mkdir(exist_ok=True)
