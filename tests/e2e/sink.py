"""An SMTP server in a thread that keeps what it gets and answers as the recipient's address says.

Local parts: "r<code>.<anything>" is answered with that code at RCPT ("r450.x" once, then accepted,
when written "o450.x"), "d<code>.<anything>" at the final dot, "drop.<anything>" loses the connection
before the final reply, "late.<anything>" after taking the message, "once.<anything>" does so the
first time. All others are accepted.
"""

import asyncio
import re
import ssl
import threading
import time
from dataclasses import dataclass, field

RULE = re.compile(r"^(?P<kind>[rod])(?P<code>[245]\d\d)\.")


@dataclass
class Received:
    sender: str
    recipient: str
    content: bytes
    peer: str
    helo: str
    tls: bool
    at: float = field(default_factory=time.monotonic)
    extensions: str = ""


class _Session:
    def __init__(self, sink, reader, writer):
        self.sink = sink
        self.reader = reader
        self.writer = writer
        self.helo = ""
        self.tls = False
        self.is_pipelined = False
        self.sender = self.recipient = None
        self.extensions = ""

    async def say(self, line):
        self.writer.write(line.encode() + b"\r\n")

    async def run(self):
        await self.say("220 sink.test ESMTP")
        while True:
            await self.writer.drain()
            line = await self.reader.readline()
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            verb = text.split(" ", 1)[0].upper()
            if verb == "QUIT":
                await self.say("221 2.0.0 bye")
                await self.writer.drain()
                return
            handler = getattr(self, f"do_{verb.lower()}", None)
            if handler is None:
                await self.say("502 5.5.1 not known")
                continue
            end = await handler(text)
            if end == "drop":
                self.writer.transport.abort()
                return
            if end == "close":
                await self.writer.drain()
                return

    async def do_ehlo(self, text):
        self.helo = text[5:]
        words = ["sink.test", "PIPELINING", "8BITMIME", "SIZE 20000000", "ENHANCEDSTATUSCODES",
                 "SMTPUTF8"]
        if self.sink.tls_context is not None and not self.tls:
            words.append("STARTTLS")
        for word in words[:-1]:
            await self.say(f"250-{word}")
        await self.say(f"250 {words[-1]}")

    async def do_helo(self, text):
        self.helo = text[5:]
        await self.say("250 sink.test")

    async def do_starttls(self, _text):
        await self.say("220 2.0.0 go on")
        await self.writer.drain()
        await self.writer.start_tls(self.sink.tls_context)
        self.tls = True
        self.sender = self.recipient = None

    async def do_rset(self, _text):
        self.sender = self.recipient = None
        await self.say("250 2.0.0 ok")

    async def do_noop(self, _text):
        await self.say("250 2.0.0 ok")

    async def do_mail(self, text):
        match = re.match(r"(?i)MAIL FROM:<([^>]*)>(.*)", text)
        self.sender, self.extensions = match.group(1), match.group(2).strip()
        self.recipient = None
        refusal = self.sink.mail_rule(self.sender) if self.sink.mail_rule else None
        if refusal:
            self.sender = None
            await self.say(refusal)
            return "close" if refusal.startswith("421") else None
        # Looked at before the answer goes out: what is there already did not wait for it.
        self.is_pipelined = b"\r\nDATA\r\n" in bytes(self.reader._buffer)
        await self.say("250 2.1.0 ok")

    async def do_rcpt(self, text):
        address = re.match(r"(?i)RCPT TO:<(.*)>", text).group(1)
        self.sink.note_domain(self, address.rpartition("@")[2])
        rule = RULE.match(address)
        if rule and rule["kind"] in "ro":
            first = address not in self.sink.seen
            self.sink.seen.add(address)
            if rule["kind"] == "r" or first:
                code = rule["code"]
                await self.say(f"{code} {code[0]}.{'1.1' if code[0] == '5' else '2.1'} as asked")
                return
        self.recipient = address
        await self.say("250 2.1.5 ok")

    async def do_data(self, _text):
        self.sink.pipelined += self.is_pipelined
        if self.recipient is None:
            await self.say("503 5.5.1 no recipient")
            return None
        await self.say("354 go on")
        await self.writer.drain()
        content = b""
        while True:
            line = await self.reader.readline()
            if not line:
                return "drop"
            if line == b".\r\n":
                break
            content += line[1:] if line.startswith(b".") else line
        if self.sink.delay_s:
            await asyncio.sleep(self.sink.delay_s)
        return await self.end_data(content)

    async def end_data(self, content):
        rule = RULE.match(self.recipient)
        if self.recipient.startswith("drop."):
            self.sink.dropped.append(self.recipient)
            return "drop"
        if rule and rule["kind"] == "d":
            await self.say(f"{rule['code']} {rule['code'][0]}.7.1 as asked")
            return None
        peer = self.writer.get_extra_info("peername")[0]
        self.sink.received.append(Received(self.sender, self.recipient, content, peer, self.helo,
                                           self.tls, extensions=self.extensions))
        is_first = self.recipient not in self.sink.seen
        self.sink.seen.add(self.recipient)
        if self.recipient.startswith("late.") or (is_first and self.recipient.startswith("once.")):
            return "drop"
        self.sender, self.recipient = None, None
        await self.say("250 2.0.0 taken")
        return None


class Sink:
    """Start with start(); `received` grows as messages are accepted."""

    def __init__(self, address="127.0.0.1", port=0, certificate=None):
        self.address = address
        self.port = port
        self.delay_s = 0.0
        self.mail_rule = None  # sender -> line that refuses it at MAIL FROM (421 closes), or None
        self.received = []
        self.dropped = []
        self.seen = set()
        self.connections = 0
        self.open = 0  # of them; a message whose sender is gone is taken all the same
        self.most_open = {}  # connections at once, by the domain of their recipients
        self._talking = {}
        self.pipelined = 0  # DATA commands that came together with their MAIL FROM
        self.tls_context = None
        if certificate is not None:
            self.tls_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls_context.load_cert_chain(certificate)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self):
        self._server = await asyncio.start_server(self._on_client, self.address, self.port,
                                                  limit=1 << 20, backlog=1000)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _on_client(self, reader, writer):
        self.connections += 1
        self.open += 1
        session = _Session(self, reader, writer)
        try:
            await session.run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            for sessions in self._talking.values():
                sessions.discard(session)
            writer.close()

    def note_domain(self, session, domain):
        """It is one of the connections over which mail for the domain comes."""
        sessions = self._talking.setdefault(domain, set())
        sessions.add(session)
        self.most_open[domain] = max(self.most_open.get(domain, 0), len(sessions))

    def start(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def recipients(self):
        return [message.recipient for message in list(self.received)]
