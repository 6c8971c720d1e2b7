"""A cluster in which one record of each kind is about to be made when a fault of Redis begins.

submit, chunk: calls of the API; claim, take: of a worker that starts then (pool "late"); mark: of a message
whose server has not greeted yet; flush: of one whose server has not answered the final dot yet."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import redis as redis_client
from local.api_client import ApiError
from local.cluster import Cluster
from local.dns_server import DnsServer
from local.process import wait_until
from local.redis_group import RedisGroup
from mails import create_request, outcomes, recipients, submit_campaign
from sink import Received, Sink, _Session
from worlds import ROW_BYTES, STATES, rows_of

RECORDS = ("submit", "chunk", "claim", "mark", "flush", "take")
PROXY = Path(__file__).resolve().parents[1] / "faults/redis_proxy.py"
LATE_POOL = "late"
DRAFT, MARKED = b"1", 1
# How long nothing may happen before we believe that it does not.
HELD_S = 1.5
QUICK = {"retry": {"permille": 10}}


class GatedSession(_Session):
    async def wait_while(self, name):
        self.sink.waiting[name] += 1
        while getattr(self.sink, f"holds_{name}"):
            await asyncio.sleep(0.02)
        self.sink.waiting[name] -= 1

    async def do_ehlo(self, text):
        await self.wait_while("greeting")
        await super().do_ehlo(text)

    async def end_data(self, content):
        peer = self.writer.get_extra_info("peername")[0]
        self.sink.received.append(Received(self.sender, self.recipient, content, peer, self.helo,
                                           self.tls))
        await self.wait_while("reply")
        await self.say("250 2.0.0 taken")
        await self.writer.drain()
        self.writer.close()  # the next message shall meet the gate of a new connection
        raise ConnectionResetError


class GatedSink(Sink):
    """One message a connection; EHLO and final dot are answered once their gates are open."""

    def __init__(self):
        super().__init__()
        self.waiting = Counter()
        self.holds_greeting = self.holds_reply = False

    async def _on_client(self, reader, writer):
        try:
            await GatedSession(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class Attempt:
    """One call, not repeated: `result` is "ok", or the code it was refused with."""

    def __init__(self, call):
        self.call = call
        self.result = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self.call()
            self.result = "ok"
        except ApiError as error:
            self.result = error.code

    def join(self):
        self._thread.join(60)
        assert self.result is not None, "the call does not end"
        return self.result


def repeat(call):
    """Until it is answered; each of these calls may be repeated."""
    def attempt():
        try:
            return call() or True
        except ApiError as error:
            assert error.code in ("unavailable", "resource_exhausted", "aborted",
                                  "deadline_exceeded"), error
            return None
    return wait_until("the repeated call is answered", attempt, step_s=0.2)


class World:
    """start(), then any number of rounds: prepare(), the fault, finish()."""

    def __init__(self, folder, build, group=None, durability=None):
        self.folder = folder
        self.build = build
        self.sinks = {name: GatedSink().start() for name in ("claim", "mark", "flush")}
        self.sink = Sink().start()
        routes = [{"domain": f"{name}.test", "host": sink.address, "port": sink.port}
                  for name, sink in self.sinks.items()]
        self.cluster = Cluster(folder, build, routes=[*routes, {
            "domain": "*", "host": self.sink.address, "port": self.sink.port}])
        if group is not None:
            self.cluster.redis = RedisGroup(folder / "redis", self.cluster.redis_password, **group)
        self.cluster.durability = durability or {}
        self.redis = self.cluster.redis
        self.dns = DnsServer(folder / "dns", {
            domain: self.cluster.dkim_zone_lines(domain)
            for domain in self.cluster.domains}).start()
        self.cluster.forwarder = self.dns.forwarder
        self.proxy = None

    def start(self):
        self.redis.start()
        self.coordinator = self.cluster.add_coordinator(pools=["mkt", LATE_POOL])
        self.early = self.cluster.add_worker(**QUICK)
        self.late = self.cluster.add_worker(ips=(("127.0.0.12", "m2.shop.test"),), pool=LATE_POOL,
                                            **QUICK)
        if not isinstance(self.redis, RedisGroup):
            self._start_proxy()
        for node in (self.coordinator, self.early):
            node.start(wait=False)
        for node in (self.coordinator, self.early):
            node.wait_ready()
        self.api = self.cluster.client()
        self.pb = self.api.pb
        return self

    def stop(self):
        self.open_gates()
        codes = self.cluster.stop()
        if self.proxy is not None:
            self.proxy.stdin.close()
            self.proxy.wait()
        self.dns.stop()
        for sink in (self.sink, *self.sinks.values()):
            sink.stop()
        assert not [name for name, code in codes.items() if code != 0], codes

    # ---- the proxy before Redis

    def _start_proxy(self):
        stores = {}
        for node in (self.coordinator, self.early, self.late):
            stores[node.name] = str(self.folder / f"{node.name}.redis")
            node.configuration["store"] = {**node.configuration["store"],
                                           "endpoint": f"unix:{stores[node.name]}"}
        self.record = self.folder / "proxy.record"
        with open(self.folder / "proxy.log", "ab") as log:
            self.proxy = subprocess.Popen(
                [sys.executable, str(PROXY), "--upstream", str(self.redis.socket), "--scripts",
                 str(self.build / "scripts"), "--record", str(self.record),
                 json.dumps({"stores": stores, "links": {}})],
                stdin=subprocess.PIPE, stdout=log, stderr=log)
        wait_until("the proxy listens", lambda: all(map(os.path.exists, stores.values())))

    def order(self, kind, script, node):
        self.proxy.stdin.write((json.dumps(
            {"do": kind, "script": script, "n": 1, "who": node.name}) + "\n").encode())
        self.proxy.stdin.flush()

    def struck(self):
        """(what was done, to whom, script) of each order that took effect."""
        return {(entry["do"], entry["who"], entry["script"])
                for entry in map(json.loads, self.record.read_text().splitlines())}

    # ---- one round

    def prepare(self, name):
        self.name = name
        for sink in self.sinks.values():
            sink.holds_greeting = sink.holds_reply = False
        self.sinks["mark"].holds_greeting = self.sinks["flush"].holds_reply = True
        self.campaigns = {"submit": self.create("submit"), "chunk": self.create("chunk")}
        self.add_chunk("submit")
        policies = {"claim": self.pb.UNCERTAIN_POLICY_RESEND,
                    "mark": self.pb.UNCERTAIN_POLICY_HOLD, "flush": self.pb.UNCERTAIN_POLICY_HOLD}
        for kind, policy in policies.items():
            self.campaigns[kind] = submit_campaign(
                self.api, f"{name}-{kind}", [self.address(kind)],
                pool=LATE_POOL if kind == "claim" else "mkt",
                uncertain=self.pb.Uncertain(policy=policy))
        wait_until("a server has not greeted", lambda: self.sinks["mark"].waiting["greeting"])
        wait_until("a final dot is not answered", lambda: self.has("flush"))

    def address(self, kind):
        return f"{self.name}@{kind}.test"

    def create(self, kind):
        return self.api.call("CampaignService", "CreateCampaign", create_request(
            self.pb, f"{self.name}-{kind}")).campaign_id

    def add_chunk(self, kind, api=None):
        (api or self.api).campaign("AddRecipients", campaign_id=self.campaigns[kind], chunk=0,
                                   recipients=recipients(self.pb, [self.address(kind)]))

    def submit(self, kind, api=None):
        (api or self.api).campaign("SubmitCampaign", campaign_id=self.campaigns[kind],
                                   expected_rows=1)

    def attempts(self):
        """The two calls at once, on connections of their own."""
        return {"submit": Attempt(lambda: self.submit("submit", self.cluster.client())),
                "chunk": Attempt(lambda: self.add_chunk("chunk", self.cluster.client()))}

    def open_gates(self):
        for sink in self.sinks.values():
            sink.holds_greeting = sink.holds_reply = False

    def copies(self, kind):
        sink = self.sinks.get(kind, self.sink)
        return sink.recipients().count(self.address(kind))

    def has(self, kind):
        return self.copies(kind) > 0

    # ---- Redis' own view

    def glance(self, look):
        """What `look` sees through a client of its own; None when Redis does not answer."""
        try:
            with redis_client.Redis(**self.place(), socket_timeout=1) as client:
                return look(client)
        except redis_client.RedisError:
            return None

    def look(self, look):
        """As glance(), but waits for a Redis that answers."""
        return wait_until("Redis answers", lambda: self.glance(lambda client: [look(client)]))[0]

    def place(self):
        login = {"username": "operator", "password": self.cluster.redis_password}
        if isinstance(self.redis, RedisGroup):
            primary = self.redis.primary()
            return {"port": self.redis.ports[self.redis.servers.index(primary)], **login}
        return {"unix_socket_path": str(self.redis.socket), **login}

    def header_key(self, client, kind):
        key, = [key.decode() for key in client.scan_iter(match=f"*:c:{self.campaigns[kind]}")]
        return key

    def row(self, client, kind):
        """(state, flags) of the only row."""
        key, = client.scan_iter(match=f"*:c:{self.campaigns[kind]}:*:r")
        packed = client.get(key)
        assert len(packed) == ROW_BYTES
        return STATES[packed[0] - 1], packed[1]

    def is_there(self, kind):
        """Does Redis have this record?"""
        return self.look(lambda client: self.is_in(client, kind))

    def is_in(self, client, kind):
        if kind == "take":
            return client.hget(f"hk:{{s:{self.late_session}}}", "s") == self.late_session.encode()
        if kind in ("mark", "flush"):
            state, flags = self.row(client, kind)
            return state == "DELIVERED" or (kind == "mark" and bool(flags & MARKED))
        if kind == "claim":
            return self.holders(client) == [self.late_session]
        header = self.header_key(client, kind)
        if kind == "submit":
            return client.hget(header, "state") != DRAFT
        return client.hget(header, "accepted") == b"1"

    def holders(self, client):
        """Sessions that hold batches of the campaign to be claimed."""
        campaign = self.campaigns["claim"]
        claimed = client.hgetall(f"{self.header_key(client, 'claim').split(':c:')[0]}:claimed")
        return [session.decode() for member, session in claimed.items()
                if member.decode().startswith(campaign)]

    # ---- the end of a round

    def finish(self):
        """Everything goes on by itself or is repeated; nothing is lost, doubled or guessed."""
        self.open_gates()
        if not self.late.process.is_alive():
            self.late.start(wait=False)  # it ended with the reason, as it shall at a replica
        for node in (self.coordinator, self.early, self.late):
            node.wait_ready()
        repeat(lambda: self.submit("submit"))
        repeat(lambda: self.add_chunk("chunk"))
        repeat(lambda: self.submit("chunk"))
        for kind, campaign in self.campaigns.items():
            self.cluster.wait_campaign(campaign, ["COMPLETED"])
            told = outcomes(self.api, campaign)
            assert rows_of(self.cluster, campaign) == told, kind
            if kind == "mark" and told == {"UNCERTAIN": 1}:
                assert self.copies(kind) == 0  # its mark stood when the connection was given up
            else:
                assert told == {"DELIVERED": 1}, (kind, told)
                assert self.copies(kind) == 1, (kind, self.copies(kind))
        assert self.late.stop() == 0
        self.check_exits()

    def check_exits(self):
        for node in (self.coordinator, self.early):
            assert node.process.is_alive(), node.process.tail()

    # ---- the three ways to meet a fault

    def meet_lasting(self, fault, expected, stays_s=HELD_S):
        """Attempt everything while it lasts. `fault`: context manager. Returns record -> word."""
        self.prepare(fault.name)
        with fault(self):
            calls = self.attempts()
            self.late.start(wait=False)
            self.open_gates()
            done = {
                "submit": lambda: calls["submit"].result == "ok",
                "chunk": lambda: calls["chunk"].result == "ok",
                "claim": lambda: self.has("claim"),
                "mark": lambda: self.has("mark"),
                "flush": lambda: self.glance(lambda client: self.is_in(client, "flush")),
                "take": self.late.is_ready,
            }
            for kind, word in expected.items():
                if word == "kept":
                    wait_until(f"{kind} is made under {fault.name}", done[kind])
            time.sleep(stays_s)
            words = {kind: "kept" if is_done() else "held" for kind, is_done in done.items()}
        for call in calls.values():
            assert call.join() in ("ok", "unavailable", "resource_exhausted"), call.result
        self.finish()
        return words

    def make_all(self):
        """All six are made and acknowledged; claim and mark stay open."""
        self.sinks["claim"].holds_reply = self.sinks["mark"].holds_reply = True
        for call in self.attempts().values():
            assert call.join() == "ok"
        self.late.start()
        self.sinks["mark"].holds_greeting = self.sinks["flush"].holds_reply = False
        wait_until("the late worker's claim is open", lambda: self.has("claim"))
        wait_until("the mark is answered", lambda: self.has("mark"))
        wait_until("outcomes are flushed", lambda: self.is_there("flush"))
        self.late_session, = [worker.session for worker in self.api.fleet().workers
                              if worker.name == self.late.name and worker.state == "ready"]
        missing = [kind for kind in RECORDS if not self.is_there(kind)]
        assert not missing, missing

    def meet_after(self, name, strike, before=lambda: None):
        """Make all, then `strike`; then look what is left. `before`: when all is prepared."""
        self.prepare(name)
        before()
        self.make_all()
        _, cursor = self.api.all_events()
        strike()
        words = {kind: "kept" if self.is_there(kind) else "lost"
                 for kind in RECORDS if kind != "flush"}
        # A flush is repeated by those who know it: wait for its row.
        self.coordinator.wait_ready()
        wait_until("the outcome is there", lambda: self.is_there("flush"))
        words["flush"] = "kept"
        return words, cursor

    def is_told(self, cursor):
        events, _ = self.api.all_events(cursor)
        return self.pb.EVENT_TYPE_STORE_RECOVERED in {event.type for event in events}

    def meet_cut(self, kind):
        """The connection is lost while each record's script is asked or answered."""
        self.prepare(kind)
        expects_it = kind == "cut_answer"
        self.order(kind, "submit.v1", self.coordinator)
        Attempt(lambda: self.submit("submit", self.cluster.client())).join()
        assert self.is_there("submit") == expects_it
        self.coordinator.wait_ready()
        self.order(kind, "add_chunk.v1", self.coordinator)
        Attempt(lambda: self.add_chunk("chunk", self.cluster.client())).join()
        assert self.is_there("chunk") == expects_it
        self.order(kind, "lease.v1", self.late)
        self.order(kind, "claim.v1", self.late)
        self.late.start()
        wait_until("it is claimed and sent", lambda: self.has("claim"))
        self.order(kind, "mark.v1", self.early)
        self.sinks["mark"].holds_greeting = False
        wait_until("it is marked and sent", lambda: self.has("mark"))
        self.order(kind, "flush.v1", self.early)
        self.sinks["flush"].holds_reply = False
        wait_until("it is flushed", lambda: self.is_there("flush"))
        wait_until("all were cut", lambda: self.struck() >= {
            (kind, self.coordinator.name, "submit.v1"), (kind, self.coordinator.name, "add_chunk.v1"),
            (kind, self.late.name, "lease.v1"), (kind, self.late.name, "claim.v1"),
            (kind, self.early.name, "mark.v1"), (kind, self.early.name, "flush.v1")})
        self.finish()
        return dict.fromkeys(RECORDS, "kept")
