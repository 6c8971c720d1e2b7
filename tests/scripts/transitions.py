"""The scripts, called as common/store calls them, and an audit of what they wrote."""

import struct
import time
from collections import Counter
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "common/store/scripts"
OUTCOMES = {"PENDING": 1, "DELIVERED": 2, "DEFERRED": 3, "BOUNCED": 4, "EXPIRED": 5, "SUPPRESSED": 6,
            "CANCELLED": 7, "FAILED": 8, "DUPLICATE": 9, "UNCERTAIN": 10}
PENDING, DELIVERED, DEFERRED, BOUNCED, EXPIRED = 1, 2, 3, 4, 5
CANCELLED, FAILED, DUPLICATE, UNCERTAIN = 7, 8, 9, 10
DRAFT, SCHEDULED, RUNNING, PAUSED, CANCELLING, S_CANCELLED, COMPLETED = range(1, 8)
LATE_BOUNCED = 11
MARKED, POSSIBLE_DUPLICATE, LATE, RESOLVED, DOUBLED = 1, 2, 8, 32, 64
BY_RULE, ASSUME_DELIVERED, RESEND, AS_BOUNCED = range(4)
RESOLVE_S = 3600
RELEASE, BOUNCE = 1, 2  # of what is under QUARANTINED
QUARANTINED, NEVER = 23, 0xffffffff
CAMPAIGN_ITSELF = 0xffffffff
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ROW = struct.Struct(">BBBBBBH3sBI")


def base32(data):
    bits = int.from_bytes(data, "big") << 2
    return "".join(DIGITS[bits >> 5 * (25 - i) & 31] for i in range(26))


def row(state, flags=0, attempts=0, gate=0, seq=0, due=0, deaths=0, reply_class=0):
    return ROW.pack(state, flags, attempts, reply_class, gate, deaths, 0, b"\0\0\0", seq, due)


def fields(packed):
    state, flags, attempts, _, gate, deaths, _, _, seq, due = ROW.unpack(packed)
    return {"state": state, "flags": flags, "attempts": attempts, "gate": gate, "seq": seq,
            "due": due, "deaths": deaths}


def is_open(state):
    return state in (PENDING, DEFERRED)


def number(value):
    return b"%d" % value


class Store:
    """One Redis with the composed scripts; statuses are texts as the scripts answer them."""

    def __init__(self, client, folder):
        self.redis = client
        self.run = b"run-1"
        self.shas = {path.name.split(".")[0]: client.script_load(path.read_text())
                     for path in sorted(folder.glob("*.lua"))}
        assert set(self.shas) == {path.name.split(".")[0] for path in SOURCES.glob("*.lua")}

    def call(self, script, keys, *arguments):
        answer = self.redis.evalsha(self.shas[script], len(keys), *keys, *arguments)
        return answer[0].decode(), answer[1:]

    def hash_of(self, key):
        return {name.decode(): value for name, value in self.redis.hgetall(key).items()}


class Campaign:
    """One campaign, by the keys of its partition."""

    def __init__(self, store, nth=1, tenant="default"):
        self.store = store
        self.id = bytes([nth % 256, nth // 256]) + bytes(13) + bytes([nth % 64])
        self.partition = f"hk:{{p{nth % 64:02}}}"
        self.key = f"{self.partition}:c:{base32(self.id)}"
        self.events = f"{self.partition}:ev:{tenant}"
        self.transition_keys = [self.key, self.events, f"{self.partition}:gen",
                                f"{self.partition}:active"]

    def batch_keys(self, batch):
        return self.transition_keys + [f"{self.key}:{batch}:h", f"{self.key}:{batch}:r",
                                       f"{self.key}:{batch}:b", f"{self.key}:due",
                                       f"{self.partition}:claimed", f"{self.partition}:doubt"]

    def all_keys(self, batch):
        return self.batch_keys(batch) + [f"{self.partition}:quarantine"]

    def member(self, batch):
        return f"{base32(self.id)}:{batch}"

    def create(self, request=b"r" * 32, container=False, **more):
        header = {"tenant": "default", "name": "n", "pool": "p", "from": "out.example", "lane": 1,
                  "mode": 1, "class": 1, "state": RUNNING if container else DRAFT, "word": 1,
                  "hold": 0, "container": int(container), "buckets": 16, "expires_s": 0,
                  "created": 1, "submitted": 0, "scheduled": 0, "expires": 0, "key": "k",
                  "key_id": 1, "labels": b"\0", "resolve_s": RESOLVE_S,
                  "resolve_as": ASSUME_DELIVERED, **more}
        pairs = [part for pair in header.items() for part in pair]
        return self.store.call("create", [self.key, f"{self.key}:content",
                                          f"{self.partition}:all", f"{self.partition}:active"],
                               request, self.id, 1, b"content", *pairs)

    def chunk_parts(self, chunk, batches, doubled=(), digest=None, hashes=None, rejected=0,
                    looks_up=True, refuses=False):
        """Keys and arguments. @param batches: (number, rows, provider, due, expires[, group])"""
        rows = sum(batch[1] for batch in batches)
        hashes = hashes or [chunk * 10000 + i - 3 for i in range(rows)]
        buckets = sorted({value % 16 for value in hashes}) if looks_up else []
        keys = [self.key, f"{self.key}:chunks", f"{self.key}:parts", f"{self.key}:due"]
        for batch in batches:
            keys += [f"{self.key}:{batch[0]}:{part}" for part in "hrbf"]
        keys += [f"{self.key}:dup:{bucket}" for bucket in buckets]
        places = [0xffff if i in doubled else
                  buckets.index(hashes[i] % 16) if looks_up else 0 for i in range(rows)]
        arguments = [chunk, digest or bytes([chunk]) * 32, rejected, int(looks_up), int(refuses),
                     b"answer", b"map", len(batches), rows, struct.pack(f">{rows}H", *places)]
        for batch in batches:
            arguments += [batch[0], batch[1], batch[2], b"sealed" * batch[1], b"refs", batch[3],
                          batch[4], batch[5] if len(batch) > 5 else b""]
        return keys, arguments + (hashes if looks_up else [])

    def add_chunk(self, chunk, batches, canary=0, **more):
        """@param canary: how many of the first batches go first"""
        keys, arguments = self.chunk_parts(chunk, batches, **more)
        return self.store.call("add_chunk", keys, *arguments, canary)

    def submit(self, chunks, digest=b"d" * 32, scheduled=0):
        """Nobody need approve it."""
        keys = self.transition_keys + [f"{self.key}:approval"]
        return self.store.call("submit", keys, self.store.run, self.id, chunks, digest, scheduled,
                               0, 0, b"shop", b"step")

    def start(self, closes=0):
        return self.store.call("start", self.transition_keys, self.store.run, self.id, closes)

    def canary(self, what, reason="why"):
        return self.store.call("canary", self.transition_keys, self.store.run, self.id, what, reason)

    def control(self, what, reason="why"):
        keys = self.transition_keys + [f"{self.partition}:quarantine", f"{self.key}:trials"]
        return self.store.call("control", keys, self.store.run, self.id, what, reason, self.member(CAMPAIGN_ITSELF))

    def trial(self, session, alone=True):
        """Note a load. ("ok", ..), or ("busy", sessions whose loads have not ended)."""
        status, answer = self.store.call("trial", [f"{self.key}:trials"], session, int(alone))
        return status, {name.decode() for name in (answer[0] if status == "busy" else [])}

    def claim(self, batch, session, slack=0, alone=False, ask=1):
        return self.store.call("claim", self.batch_keys(batch), batch, self.member(batch), session,
                               slack, int(alone), ask)

    def mark(self, batch, session, epoch, positions):
        return self.store.call("mark", self.batch_keys(batch), session, epoch,
                               b"".join(struct.pack(">H", position) for position in positions))

    def flush(self, batch, session, epoch, flush, changes, finishes=False):
        """changes: (position, row) in any order."""
        packed = b"".join(struct.pack(">H", position) + new for position, new in changes)
        return self.store.call("flush", self.batch_keys(batch), self.store.run, self.id, batch,
                               self.member(batch), session, epoch, flush, int(finishes), packed,
                               b"details")

    def reclaim(self, batch, session, died=True, epoch=None):
        return self.store.call("reclaim", self.all_keys(batch), self.store.run, self.id, batch,
                               self.member(batch), session, int(died),
                               self.member(CAMPAIGN_ITSELF), *([epoch] if epoch else []))

    def quarantine(self, batch, as_, positions=(), why="by hand"):
        packed = b"".join(struct.pack(">H", position) for position in positions)
        return self.store.call("quarantine", self.all_keys(batch), self.store.run, self.id, batch,
                               self.member(batch), as_, why, packed)

    def quarantined(self):
        """The index: batch numbers, CAMPAIGN_ITSELF among them."""
        return {int(member.decode().split(":")[1]) for member in self.store.redis.zrange(
            f"{self.partition}:quarantine", 0, -1) if member.decode().startswith(base32(self.id))}

    def evidence(self, batch, epoch, changes):
        packed = b"".join(struct.pack(">H", position) + new for position, new in changes)
        return self.store.call("evidence", self.batch_keys(batch), self.store.run, self.id, batch,
                               self.member(batch), epoch, packed, b"details")

    def resolve(self, batch, as_, positions=(), why="by hand"):
        packed = b"".join(struct.pack(">H", position) for position in positions)
        return self.store.call("resolve", self.batch_keys(batch), self.store.run, self.id, batch,
                               self.member(batch), as_, why, packed)

    def sweep(self, batch, outcome):
        return self.store.call("sweep", self.all_keys(batch), self.store.run, self.id, batch,
                               self.member(batch), outcome)

    def hasten(self, batch, *gates):
        return self.store.call("hasten", self.batch_keys(batch), batch, *gates)

    def shed(self, step, stub_s=1000):
        return self.store.call("shed", [self.key, f"{self.partition}:all", *(
            f"{self.key}:{part}" for part in ("content", "chunks", "parts", "due",
                                             "approval"))],
                               self.id, step, stub_s)

    def trim(self, keep_ms, mark_ms, bytes_max=1 << 30):
        return self.store.call("trim", [self.events, f"{self.partition}:gen",
                                        self.events.replace(":ev:", ":marks:")],
                               keep_ms, mark_ms, bytes_max)

    # What stands in Redis

    def header(self):
        return self.store.hash_of(self.key)

    def batch(self, number_):
        return self.store.hash_of(f"{self.key}:{number_}:h")

    def rows(self, batch):
        packed = self.store.redis.get(f"{self.key}:{batch}:r")
        return [packed[i:i + 16] for i in range(0, len(packed), 16)]

    def entries(self):
        return [(place, {name.decode(): value for name, value in entry.items()})
                for place, entry in self.store.redis.xrange(self.events)]

    def audit(self, batches):
        """I2 and what belongs to it: counters equal the rows, indexes equal the headers."""
        header = self.header()
        states, gates, sites = Counter(), Counter(), Counter()
        open_batches, in_flight, due, claimed, doubt = 0, 0, set(), set(), {}
        for nth in batches:
            batch = self.batch(nth)
            rows = [fields(packed) for packed in self.rows(nth)]
            open_rows = sum(is_open(one["state"]) for one in rows)
            assert int(batch["n"]) == len(rows)
            assert int(batch["o"]) == open_rows
            for one in rows:
                states[one["state"]] += 1
                sites[(batch["p"].decode(), one["state"])] += 1
                if is_open(one["state"]):
                    gates[one["gate"]] += 1
            is_held = batch.get("s", b"") != b""
            if is_held:
                claimed.add(self.member(nth))
                in_flight += int(batch["i"])
            if open_rows > 0 and not is_held:
                due.add(nth)
            open_batches += open_rows > 0 or is_held
            waits = [one for one in rows if is_open(one["state"]) and one["deaths"] >= 3]
            if waits:
                assert nth in self.quarantined()
                assert all((one["gate"], one["due"]) == (QUARANTINED, NEVER) for one in waits)
            ends = [one["due"] for one in rows if one["state"] == UNCERTAIN]
            if ends:
                assert min(ends) > 0
                doubt[self.member(nth)] = min(ends)
            needs_sealed = open_rows > 0 or is_held or any(
                one["state"] == UNCERTAIN for one in rows)
            assert self.store.redis.exists(f"{self.key}:{nth}:b") == int(needs_sealed)
        assert {int(name[1:]): int(value) for name, value in header.items()
                if name[0] == "o" and name[1:].isdigit() and value != b"0"} == dict(states)
        assert {int(name[1:]): int(value) for name, value in header.items()
                if name[0] == "g" and name[1:].isdigit() and value != b"0"} == dict(gates)
        assert {(name.split(":")[1], int(name.split(":")[2])): int(value)
                for name, value in header.items()
                if name.startswith("s:") and value != b"0"} == dict(sites)
        assert sum(states.values()) == int(header["accepted"]) + int(header["duplicates"])
        assert int(header["open"]) == open_batches
        assert int(header["in_flight"]) == in_flight
        assert {int(member) for member in self.store.redis.zrange(f"{self.key}:due", 0, -1)} == due
        assert {member.decode() for member in self.store.redis.hkeys(f"{self.partition}:claimed")
                if member.decode().startswith(base32(self.id))} == claimed
        assert {member.decode(): int(score) for member, score in self.store.redis.zrange(
            f"{self.partition}:doubt", 0, -1, withscores=True)
                if member.decode().startswith(base32(self.id))} == doubt
        ended = int(header["state"]) in (S_CANCELLED, COMPLETED)
        is_active = self.store.redis.sismember(f"{self.partition}:active", self.id)
        if int(header["state"]) != DRAFT:
            assert is_active == (not ended)


def now():
    return int(time.time())
