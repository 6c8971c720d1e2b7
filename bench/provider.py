"""An SMTP server with hidden limits, in real time: what tests/support/provider is in simulated time.

A bucket for each sending IP, one for the whole site, connections of one IP; limits that change while it
runs; a pause that it asks for. It counts by the second, by its own clock.
"""

import asyncio
import threading
import time
from dataclasses import dataclass, field, replace

RATE_REPLY = b"450 4.7.1 Error: too much mail from your address; please try again slower\r\n"
CONNECTIONS_REPLY = b"421 4.7.0 Too many concurrent connections from this client\r\n"
MESSAGES_REPLY = b"421 4.7.0 Max message per connection reached, closing transmission channel\r\n"
# A connection that was under way when the first refusal was told is nobody's fault.
TOLD_S = 1.0


@dataclass
class Limits:
    """What is allowed and not told; 0: no such limit."""
    ip_rate: float = 0
    site_rate: float = 0
    burst_s: float = 1
    connections: int = 0
    messages: int = 0
    pause_s: float = 0  # after a refusal nothing is taken for so long


@dataclass
class Second:
    attempts: int = 0
    taken: int = 0
    refused: int = 0


@dataclass
class Bucket:
    tokens: float = None
    at: float = 0

    def fill(self, rate, burst_s, now):
        most = max(rate * burst_s, 1)
        self.tokens = most if self.tokens is None else min(most, self.tokens + (now - self.at) * rate)
        self.at = now
        return self.tokens >= 1


@dataclass
class Sender:
    """What is known of one IP."""
    bucket: Bucket = field(default_factory=Bucket)
    open: int = 0
    told_at: float = None  # when a connection was first refused
    paused_until: float = 0


class Provider:
    """One site. `changes`: [(seconds after the first connection, {limit: value})]."""

    def __init__(self, limits, changes=(), latency_s=0.01):
        self.limits = limits
        self.changes = sorted(changes)
        self.latency_s = latency_s
        self.site = Bucket()
        self.senders = {}
        self.seconds = {}
        self.over_connections = 0
        self.forbidden = 0
        self.connections_refused = 0
        self.began = None
        self.ended_s = None
        self.port = None

    # ---- the limits ----

    def passed_s(self):
        """Since its first connection; until end() was called."""
        if self.ended_s is not None:
            return self.ended_s
        return time.monotonic() - self.began if self.began is not None else 0

    def end(self):
        self.ended_s = self.passed_s()

    def second(self):
        if self.ended_s is not None:
            return Second()  # no longer counted
        return self.seconds.setdefault(int(self.passed_s()), Second())

    def limits_now(self):
        while self.changes and self.passed_s() >= self.changes[0][0]:
            self.limits = replace(self.limits, **self.changes.pop(0)[1])
        return self.limits

    def admits(self, sender):
        """Is one more connection allowed?"""
        limits = self.limits_now()
        now = time.monotonic()
        if limits.connections == 0 or sender.open < limits.connections:
            return True
        self.connections_refused += 1
        if sender.told_at is None:
            sender.told_at = now
        elif now - sender.told_at > TOLD_S:
            self.over_connections += 1
        return False

    def takes(self, sender):
        """Both buckets are charged, or none."""
        limits = self.limits_now()
        now = time.monotonic()
        second = self.second()
        second.attempts += 1
        if now < sender.paused_until:
            self.forbidden += 1
        by_ip = not limits.ip_rate or sender.bucket.fill(limits.ip_rate, limits.burst_s, now)
        by_site = not limits.site_rate or self.site.fill(limits.site_rate, limits.burst_s, now)
        if not by_ip or not by_site or now < sender.paused_until:
            second.refused += 1
            if limits.pause_s and now >= sender.paused_until:
                sender.paused_until = now + limits.pause_s
            return False
        if limits.ip_rate:
            sender.bucket.tokens -= 1
        if limits.site_rate:
            self.site.tokens -= 1
        second.taken += 1
        return True

    # ---- SMTP ----

    async def serve(self, reader, writer):
        if self.began is None:
            self.began = time.monotonic()
        sender = self.senders.setdefault(writer.get_extra_info("peername")[0], Sender())
        try:
            if not self.admits(sender):
                writer.write(CONNECTIONS_REPLY)
                await writer.drain()
                return
            sender.open += 1
            try:
                await self.talk(reader, writer, sender)
            finally:
                sender.open -= 1
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def talk(self, reader, writer, sender):
        writer.write(b"220 mx.provider.test ESMTP\r\n")
        messages = 0
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-mx.provider.test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
            elif verb == b"MAIL":
                limits = self.limits_now()
                if limits.messages and messages >= limits.messages:
                    writer.write(MESSAGES_REPLY)
                    return
                messages += 1
                writer.write(b"250 2.1.0 Ok\r\n" if self.takes(sender) else RATE_REPLY)
            elif verb == b"DATA":
                writer.write(b"354 Go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self.latency_s)
                writer.write(b"250 2.0.0 Ok\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 Bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 Ok\r\n" if verb in (b"RCPT", b"RSET", b"NOOP", b"HELO")
                             else b"502 5.5.1 Not here\r\n")
            await writer.drain()

    # ---- what it saw ----

    def second_at(self, number):
        return self.seconds.get(number, Second())

    def sums(self, begin, end):
        """(attempts, taken, refused) of the seconds [begin, end)."""
        rows = [self.second_at(number) for number in range(int(begin), int(end))]
        return tuple(sum(getattr(row, name) for row in rows)
                     for name in ("attempts", "taken", "refused"))

    def converged(self, begin, end, span, rate):
        """The first second from which `span` seconds see `rate` taken, 2 % refused at most; or None."""
        for at in range(int(begin), int(end - span) + 1):
            attempts, taken, refused = self.sums(at, at + span)
            if taken >= rate * span and refused <= 0.02 * attempts:
                return at
        return None


class Servers:
    """Providers that run in a thread of their own; each has a free port of 127.0.0.1."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.listeners = []

    def add(self, provider):
        async def listen():
            return await asyncio.start_server(provider.serve, "127.0.0.1", 0, limit=1 << 20)
        listener = asyncio.run_coroutine_threadsafe(listen(), self.loop).result(30)
        self.listeners.append(listener)
        provider.port = listener.sockets[0].getsockname()[1]
        return provider

    def stop(self):
        async def close():
            for listener in self.listeners:
                listener.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
        asyncio.run_coroutine_threadsafe(close(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)
