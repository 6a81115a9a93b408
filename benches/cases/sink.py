"""An SMTP server on loopback that refuses as a case says, and keeps what it took.

Rules are those of the case files: at a stage (`rcpt`, `after-data`), after `skip` mails, for an address pattern, a reply.
Limits are a number of messages a session, or of connections at once.
"""
import asyncio
import fnmatch
import threading


class Sink:
    """`taken` is the list of recipients whose mail was taken, in order; `mails` has each message by recipient."""

    def __init__(self, rules=(), limit=None, connections=None, port=0):
        self.rules = list(rules)
        self.limit = limit  # (messages a session, stage, reply, close)
        self.connections = connections  # (most at once, greeting of the others)
        self.taken, self.mails, self.senders, self.open = [], {}, {}, 0
        self.seen = {}
        started = threading.Event()

        def serve():
            self.loop = asyncio.new_event_loop()
            server = self.loop.run_until_complete(
                asyncio.start_server(self.session, "127.0.0.1", port)
            )
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            self.loop.run_forever()

        threading.Thread(target=serve, daemon=True).start()
        started.wait()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)

    def ruled(self, stage, recipient):
        """The reply of the first rule that has its turn."""
        for number, rule in enumerate(self.rules):
            if rule["stage"] != stage or not fnmatch.fnmatch(recipient, rule.get("rcpt", "*")):
                continue
            self.seen[number] = self.seen.get(number, 0) + 1
            if self.seen[number] > rule.get("skip", 0):
                return rule["action"].removeprefix("reply ")
        return None

    async def session(self, reader, writer):
        async def say(line):
            writer.write(line.encode() + b"\r\n")
            await writer.drain()

        self.open += 1
        try:
            if self.connections and self.open > self.connections[0]:
                await say(self.connections[1])
                return
            await say("220 sink ESMTP")
            count, recipient = 0, None
            while line := await reader.readline():
                command = line.decode("utf-8", "replace").strip()
                verb = command.upper()
                over = self.limit if self.limit and count >= self.limit[0] else None
                if verb.startswith("EHLO"):
                    await say("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES")
                elif verb.startswith("MAIL"):
                    recipient, sender = None, command[10:].lstrip("<").split(">")[0]
                    await say(over[2] if over and over[1] == "mail" else "250 2.1.0 ok")
                    if over and over[1] == "mail" and over[3]:
                        return
                elif verb.startswith("RCPT"):
                    to = command[8:].strip().lstrip("<").split(">")[0]
                    refusal = self.ruled("rcpt", to)
                    if over and over[1] in ("mail", "rcpt"):
                        refusal = over[2] if over[1] == "rcpt" else "503 5.5.1 MAIL first"
                    recipient = None if refusal else to
                    await say(refusal or "250 2.1.5 ok")
                elif verb == "DATA":
                    if recipient is None:
                        await say("503 5.5.1 no recipient")
                        continue
                    if over and over[1] == "data":
                        await say(over[2])
                        if over[3]:
                            return
                        continue
                    await say("354 go on")
                    body = []
                    while (part := await reader.readline()) not in (b".\r\n", b""):
                        body.append(part)
                    if part == b"":
                        return
                    count += 1
                    refusal = self.ruled("after-data", recipient)
                    if refusal is None:
                        self.taken.append(recipient)
                        self.senders[recipient] = sender
                        self.mails[recipient] = b"".join(body).decode("utf-8", "replace")
                    await say(refusal or "250 2.0.0 taken")
                elif verb == "RSET":
                    await say("250 2.0.0 ok")
                elif verb == "QUIT":
                    await say("221 2.0.0 bye")
                    return
                else:
                    await say("500 5.5.2 what")
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()
