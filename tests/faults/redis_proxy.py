#!/usr/bin/env python3
"""Stands between our processes and Redis, and between workers and coordinators.

usage: redis_proxy.py --upstream SOCKET --scripts FOLDER --record FILE SETTINGS

SETTINGS is JSON: {"stores": {node: unix socket or port to listen on},
"links": {name: [port, upstream host, upstream port]}, "host": where ports listen,
"inside": the network namespace that all of TCP belongs to, or ""}. Orders come as JSON lines on standard input:

    {"do": "cut_answer", "script": "flush.v1", "n": 3}    the answer is thrown away, the connection too:
                                                          Redis has applied it, nobody is told
    {"do": "half_answer", ...}                            as above, half of the answer comes through
    {"do": "cut_request", ...}                            the connection is cut before Redis sees it
    {"do": "delay_answer", ..., "s": 2.5}                 it comes late, and all behind it
    {"do": "freeze", "who": "w-0", "s": 6}                nothing passes in either direction for so
                                                          long, no connection is closed: a partition.
                                                          Names of nodes (Redis) and of links (bus)
    {"do": "lag", "who": "c-0", "ms": 200, "s": 6}        what Redis says at once comes so much later

`script` "" stands for any of ours; with "who" only that node's count. Each order that took effect
is a JSON line in the record.
"""

import argparse
import asyncio
import hashlib
import json
import os
import socket
import sys
import time
from collections import deque
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from namespaces import inside, listen  # noqa: E402

PIECE = 1 << 18


def skip_value(data, at):
    """End of the RESP value that begins at `at`; -1: it is not complete."""
    open_values = 1
    while open_values:
        end = data.find(b"\r\n", at)
        if end < 0:
            return -1
        kind = data[at]
        open_values -= 1
        if kind == 0x24:  # $
            size = int(data[at + 1:end])
            at = end + 2 if size < 0 else end + 4 + size
            if at > len(data):
                return -1
            continue
        if kind == 0x2A:  # *
            open_values += max(0, int(data[at + 1:end]))
        at = end + 2
    return at


def name_request(data, scripts):
    """What a request asks for: a script's name, else the command."""
    lines = bytes(data[:200]).split(b"\r\n")
    command = lines[2].decode("latin-1").upper() if len(lines) > 2 else ""
    if command == "EVALSHA" and len(lines) > 4:
        return scripts.get(lines[4].decode("latin-1"), "?")
    return command


class Proxy:
    def __init__(self, options, settings):
        self.upstream = options.upstream
        self.settings = settings
        self.record = os.open(options.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.scripts = {hashlib.sha1(path.read_bytes()).hexdigest(): path.stem
                        for path in Path(options.scripts).glob("*.lua")}
        self.orders = []
        self.frozen_until = {}
        self.lags = {}  # who -> (seconds, until)

    def note(self, order, **more):
        entry = {"ms": time.time_ns() // 1000000, **order, **more}
        os.write(self.record, (json.dumps(entry) + "\n").encode())

    def take_order(self, line):
        order = json.loads(line)
        if order["do"] == "freeze":
            self.frozen_until[order["who"]] = time.monotonic() + order["s"]
            self.note(order)
        elif order["do"] == "lag":
            self.lags[order["who"]] = order["ms"] / 1000, time.monotonic() + order["s"]
            self.note(order)
        else:
            self.orders.append(order)

    def find_order(self, script, kinds, who):
        """The order that strikes this request or answer; counts it down."""
        if "." not in script:
            return None
        for order in self.orders:
            if order["do"] in kinds and order["script"] in ("", script) and \
                    order.get("who", who) == who:
                order["n"] -= 1
                if order["n"] <= 0:
                    self.orders.remove(order)
                    return order
        return None

    def lag_s(self, who):
        seconds, until = self.lags.get(who, (0, 0))
        return seconds if time.monotonic() < until else 0

    async def thaw(self, who):
        while True:
            left_s = self.frozen_until.get(who, 0) - time.monotonic()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s)


class StoreConnection:
    """One client's connection to Redis."""

    def __init__(self, proxy, who, near, far):
        self.proxy, self.who = proxy, who
        self.near, self.far = near, far  # (reader, writer) of the client, of Redis
        self.asked = deque()

    def cut(self):
        for _, writer in (self.near, self.far):
            writer.transport.abort()

    async def requests(self):
        data = bytearray()
        while True:
            piece = await self.near[0].read(PIECE)
            await self.proxy.thaw(self.who)
            if not piece:
                return
            data += piece
            at = 0
            while at < len(data):
                end = skip_value(data, at)
                if end < 0:
                    break
                script = name_request(data[at:end], self.proxy.scripts)
                order = self.proxy.find_order(script, ("cut_request",), self.who)
                if order:
                    self.proxy.note(order, who=self.who, struck=script)
                    return
                self.asked.append(script)
                self.far[1].write(bytes(data[at:end]))
                at = end
            del data[:at]
            await self.far[1].drain()

    async def answers(self):
        data = bytearray()
        while True:
            piece = await self.far[0].read(PIECE)
            await asyncio.sleep(self.proxy.lag_s(self.who))
            await self.proxy.thaw(self.who)
            if not piece:
                return
            data += piece
            at = 0
            while at < len(data):
                end = skip_value(data, at)
                if end < 0:
                    break
                if not await self.answer(bytes(data[at:end])):
                    return
                at = end
            del data[:at]
            await self.near[1].drain()

    async def answer(self, data):
        script = self.asked.popleft() if self.asked else ""
        order = self.proxy.find_order(
            script, ("cut_answer", "half_answer", "delay_answer"), self.who)
        if order is None:
            self.near[1].write(data)
            return True
        self.proxy.note(order, who=self.who, struck=script)
        if order["do"] == "delay_answer":
            await asyncio.sleep(order["s"])
            self.near[1].write(data)
            return True
        if order["do"] == "half_answer":
            self.near[1].write(data[:len(data) // 2])
            await self.near[1].drain()
        return False


class LinkConnection:
    """One connection of the bus: bytes pass as they come."""

    def __init__(self, proxy, who, near, far):
        self.proxy, self.who = proxy, who
        self.near, self.far = near, far

    def cut(self):
        for _, writer in (self.near, self.far):
            writer.transport.abort()

    async def pump(self, reader, writer):
        while True:
            piece = await reader.read(PIECE)
            await self.proxy.thaw(self.who)
            if not piece:
                return
            writer.write(piece)
            await writer.drain()

    def requests(self):
        return self.pump(self.near[0], self.far[1])

    def answers(self):
        return self.pump(self.far[0], self.near[1])


async def run_connection(kind, proxy, who, near, connect):
    await proxy.thaw(who)
    try:
        far = await connect()
    except OSError:
        near[1].transport.abort()
        return
    connection = kind(proxy, who, near, far)
    ways = [asyncio.ensure_future(connection.requests()),
            asyncio.ensure_future(connection.answers())]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        connection.cut()


async def connect_inside(path, host, port):
    with inside(path):
        client = socket.socket()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(client, (host, port))
    except OSError:
        client.close()
        raise
    return await asyncio.open_connection(sock=client)


async def open_server(serve_one, place, settings):
    """At a unix socket's path, or at a port."""
    if isinstance(place, str):
        return await asyncio.start_unix_server(serve_one, place, limit=1 << 24)
    listener = listen(settings["inside"], settings["host"], place)
    return await asyncio.start_server(serve_one, sock=listener, limit=1 << 24)


async def read_orders(proxy):
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        proxy.take_order(line)


async def serve(options, settings):
    proxy = Proxy(options, settings)

    def on_store(who):
        return lambda reader, writer: run_connection(
            StoreConnection, proxy, who, (reader, writer),
            lambda: asyncio.open_unix_connection(proxy.upstream, limit=1 << 24))

    def on_link(who, host, port):
        return lambda reader, writer: run_connection(
            LinkConnection, proxy, who, (reader, writer),
            lambda: connect_inside(settings["inside"], host, port))

    servers = []
    for who, place in settings["stores"].items():
        servers.append(await open_server(on_store(who), place, settings))
    for who, (port, *upstream) in settings["links"].items():
        servers.append(await open_server(on_link(who, *upstream), port, settings))
    print("proxy ready", flush=True)
    await read_orders(proxy)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--scripts", required=True)
    parser.add_argument("--record", required=True)
    parser.add_argument("settings")
    options = parser.parse_args()
    asyncio.run(serve(options, json.loads(options.settings)))


if __name__ == "__main__":
    main()
