#!/usr/bin/env python3
"""An SMTP server that writes down every message before it answers, and misbehaves on purpose.

One line per happening, appended at once, so that nothing is lost when anything else dies:

    A <ms> <campaign id> <index> <recipient> <sending IP> <fate>   a message is ours now
    R <ms> <recipient> <sending IP> <code> <stage>                 a reply that refuses
    D <ms> <recipient> <sending IP> <stage>                        connection dropped, message not taken

Campaign and index are read from the Message-ID's token (common/security/token.h). `fate` is "250"
(answered), "late" (--stall-ms later), "cut" (taken, the connection dropped before the reply) or "gone"
(taken, but the client had left).

What goes wrong is drawn from --seed by the shares of --plan, a JSON object stage -> permille:
banner_421, mail_421, rcpt_450, rcpt_550, rcpt_reset, dot_451, dot_554, dot_drop (before the
message is taken), dot_cut (after), dot_stall (the reply comes --stall-ms late). Recipients
that begin with "ok." are spared 5xx replies. SIGUSR1 resets every connection. SIGHUP reads
the plan file again (--plan @FILE). --inside names network namespaces in which it listens too, on
the same port of their own 127.0.0.1: to whoever lives there it is the world.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from namespaces import listen  # noqa: E402

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
VALUES = {digit: number for number, digit in enumerate(DIGITS)}
TOKEN_DIGITS = 60
EHLO = b"".join(b"250-%s\r\n" % word for word in (
    b"sink.test", b"PIPELINING", b"8BITMIME", b"SIZE 20000000", b"SMTPUTF8")) \
    + b"250 ENHANCEDSTATUSCODES\r\n"


def read_token(token):
    """(campaign id in Crockford base32, index) of a Message-ID's local part; None: not a token."""
    if not token.startswith("m.") or len(token) != 2 + TOKEN_DIGITS:
        return None
    number = 0
    for digit in token[2:]:
        if digit not in VALUES:
            return None
        number = number * 32 + VALUES[digit]
    data = (number >> 4).to_bytes(37, "big")
    campaign = int.from_bytes(data[1:17], "big") << 2
    text = "".join(DIGITS[campaign >> shift & 31] for shift in range(125, -1, -5))
    return text.upper(), int.from_bytes(data[17:21], "big")


def find_message_id(message):
    """Local part of the Message-ID."""
    header = message.partition(b"\r\n\r\n")[0].lower()
    at = header.find(b"message-id:")
    start, end = header.find(b"<", at), header.find(b"@", at)
    return header[start + 1:end].decode("ascii", "replace") if at >= 0 else ""


class Sink:
    def __init__(self, options):
        self.options = options
        self.chance = random.Random(options.seed)
        self.record = os.open(options.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.clients = set()
        self.plan = {}
        self.read_plan()

    def read_plan(self):
        text = self.options.plan
        if text.startswith("@"):
            with open(text[1:]) as file:
                text = file.read()
        self.plan = json.loads(text)

    def draws(self, *stages):
        """Which of the stages' mishaps happens now, or None."""
        number = self.chance.random() * 1000
        for stage in stages:
            share = self.plan.get(stage, 0)
            if number < share:
                return stage
            number -= share
        return None

    def write(self, *words):
        line = " ".join(str(word) for word in words) + "\n"
        os.write(self.record, line.encode())

    def reset_all(self):
        for client in list(self.clients):
            client.transport.abort()


class Client(asyncio.Protocol):
    """One connection. Input is taken in pieces of any size; replies keep their order."""

    def __init__(self, sink):
        self.sink = sink
        self.transport = None
        self.buffer = bytearray()
        self.searched = 0
        self.is_in_message = False
        self.is_waiting = False
        self.recipient = None
        self.peer = ""

    def connection_made(self, transport):
        self.transport = transport
        self.peer = transport.get_extra_info("peername")[0]
        self.sink.clients.add(self)
        if self.sink.draws("banner_421"):
            transport.write(b"421 4.3.2 not now\r\n")
            transport.close()
            return
        transport.write(b"220 sink.test ESMTP\r\n")

    def connection_lost(self, _error):
        self.sink.clients.discard(self)

    def data_received(self, data):
        self.buffer += data
        self.work()

    def work(self):
        while not self.is_waiting and not self.transport.is_closing():
            if not (self.take_message() if self.is_in_message else self.take_command()):
                return

    def take_command(self):
        end = self.buffer.find(b"\n")
        if end < 0:
            return False
        line = bytes(self.buffer[:end]).rstrip(b"\r")
        del self.buffer[:end + 1]
        handler = getattr(self, "do_" + line[:4].decode("latin-1").strip().lower(), None)
        if handler is None:
            self.transport.write(b"502 5.5.1 not known\r\n")
        else:
            handler(line)
        return True

    def do_ehlo(self, _line):
        self.transport.write(EHLO)

    def do_helo(self, _line):
        self.transport.write(b"250 sink.test\r\n")

    def do_rset(self, _line):
        self.recipient = None
        self.transport.write(b"250 2.0.0 ok\r\n")

    do_noop = do_rset

    def do_quit(self, _line):
        self.transport.write(b"221 2.0.0 bye\r\n")
        self.transport.close()

    def do_mail(self, _line):
        self.recipient = None
        if self.sink.draws("mail_421"):
            self.transport.write(b"421 4.3.2 too much\r\n")
            self.transport.close()
            return
        self.transport.write(b"250 2.1.0 ok\r\n")

    def do_rcpt(self, line):
        address = line[line.find(b"<") + 1:line.rfind(b">")].decode("utf-8", "replace")
        mishap = self.sink.draws("rcpt_450", "rcpt_550", "rcpt_reset")
        if mishap == "rcpt_reset":
            self.sink.write("D", now_ms(), address, self.peer, "rcpt")
            self.transport.abort()
        elif mishap and not (mishap == "rcpt_550" and address.startswith("ok.")):
            self.refuse(address, mishap)
        else:
            self.recipient = address
            self.transport.write(b"250 2.1.5 ok\r\n")

    def do_data(self, _line):
        if self.recipient is None:
            self.transport.write(b"503 5.5.1 no recipient\r\n")
            return
        self.transport.write(b"354 go on\r\n")
        self.is_in_message = True
        self.searched = 0

    def refuse(self, address, mishap):
        stage, code = mishap.split("_")
        self.sink.write("R", now_ms(), address, self.peer, code, stage)
        enhanced = {"450": "4.2.0", "451": "4.3.0", "550": "5.1.1", "554": "5.7.1"}[code]
        self.transport.write(f"{code} {enhanced} as the plan says\r\n".encode())

    def take_message(self):
        end = self.buffer.find(b"\r\n.\r\n", max(0, self.searched - 4))
        if end < 0:
            self.searched = len(self.buffer)
            return False
        message = bytes(self.buffer[:end])
        del self.buffer[:end + 5]
        self.is_in_message = False
        self.is_waiting = True
        delay_s = self.sink.options.delay_ms / 1000
        if delay_s > 0:
            asyncio.get_running_loop().call_later(delay_s, self.end_message, message)
        else:
            self.end_message(message)
        return True

    def end_message(self, message):
        self.is_waiting = False
        address, self.recipient = self.recipient, None
        mishap = self.sink.draws("dot_451", "dot_554", "dot_drop", "dot_cut", "dot_stall")
        if mishap == "dot_drop":
            self.sink.write("D", now_ms(), address, self.peer, "dot")
            self.transport.abort()
            return
        if mishap == "dot_451" or (mishap == "dot_554" and not address.startswith("ok.")):
            self.refuse(address, mishap)
            self.work()
            return
        self.accept(message, address, mishap)

    def accept(self, message, address, mishap):
        campaign, index = read_token(find_message_id(message)) or ("-", "-")
        is_gone = self.transport.is_closing()
        fate = "gone" if is_gone else {"dot_cut": "cut", "dot_stall": "late"}.get(mishap, "250")
        self.sink.write("A", now_ms(), campaign, index, address, self.peer, fate)
        if fate == "cut":
            self.transport.abort()
        elif fate == "late":
            self.is_waiting = True
            asyncio.get_running_loop().call_later(self.sink.options.stall_ms / 1000, self.end_stall)
        elif not is_gone:
            self.transport.write(b"250 2.0.0 taken\r\n")
            self.work()

    def end_stall(self):
        self.is_waiting = False
        if not self.transport.is_closing():
            self.transport.write(b"250 2.0.0 taken at last\r\n")
            self.work()


def now_ms():
    return time.time_ns() // 1000000


async def serve(options):
    sink = Sink(options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Client(sink),
                                      sock=listen("", options.listen, options.port))
    port = server.sockets[0].getsockname()[1]
    for path in options.inside:
        await loop.create_server(lambda: Client(sink), sock=listen(path, options.listen, port))
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGUSR1, sink.reset_all)
    loop.add_signal_handler(signal.SIGHUP, sink.read_plan)
    print(f"sink {port}", flush=True)
    await ended.wait()
    server.close()
    sink.reset_all()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plan", default="{}")
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--stall-ms", type=float, default=5000)
    parser.add_argument("--inside", nargs="*", default=[])
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
