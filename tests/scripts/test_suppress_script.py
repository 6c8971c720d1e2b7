"""Suppression lists: random calls against a model, and what binds them."""

import random
import struct

TENANT = "hk:{t:default}:sup"
LOG = TENANT + ":log"
BOUNCE, COMPLAINT, UNSUBSCRIBE, MANUAL, ERASED = 1, 2, 3, 4, 5
REPLY, CALL = 1, 2
MOST, LISTS = 1000, 3


def bucket(stream, digest):
    return f"{TENANT}:{stream}:{int.from_bytes(digest[:2], 'big') >> 2}"


def record(reason, at, expires=0, actor=b"yamada", source=2):
    return bytes([1, reason, source, len(actor)]) + struct.pack(">II", at, expires) + actor


def records(value):
    """reason -> (is lifted, at, expires)"""
    found = {}
    while value:
        kind, reason, _, actor, at, expires = struct.unpack(">BBBBII", value[:12])
        assert kind == 1 and reason % 128 not in found
        found[reason % 128] = (reason >= 128, at, expires)
        value = value[12 + actor:]
    return found


def change(store, what, stream, pairs, most=MOST, lists=LISTS):
    keys = [TENANT, LOG] + [bucket(stream, digest) for digest, _ in pairs]
    status, rest = store.call("suppress", keys, what, stream, most, lists,
                              *[part for pair in pairs for part in pair])
    return rest[0].decode() if status == "ok" else status


def find(store, stream, digests):
    """(number, [(position, of all, value)])"""
    keys = [TENANT] + [bucket("*", digest) for digest in digests]
    if stream:
        keys += [bucket(stream, digest) for digest in digests]
    status, rest = store.call("suppress_find", keys, stream, b"".join(digests))
    assert status == "ok"
    return int(rest[0]), [(int(rest[i]), rest[i + 1] == b"0", rest[i + 2])
                          for i in range(1, len(rest), 3)]


def entries(store, stream):
    """hash -> value, page by page."""
    found, first = {}, 0
    while first < 16384:
        count = min(256, 16384 - first)
        status, rest = store.call("suppress_list", [f"{TENANT}:{stream}:{first + i}"
                                                    for i in range(count)], 50)
        assert status == "ok" and 0 < int(rest[0]) <= count
        for i in range(1, len(rest), 3):
            found[bytes([(first + int(rest[i])) >> 6]) + rest[i + 1]] = rest[i + 2]
        first += int(rest[0])
    return found


def test_calls_do_what_a_model_does(store):
    """A1: nothing but a lift takes away, an older report does not bring back what was lifted, and
    each reason stands for itself."""
    rng = random.Random(11)
    now = store.redis.time()[0]
    people = [rng.randbytes(16) for _ in range(40)]
    model = {"*": {}, "news": {}}
    numbers = 0
    for step in range(400):
        stream = rng.choice(["*", "news"])
        chosen = rng.sample(people, rng.randrange(1, 6))
        reason = rng.choice([BOUNCE, COMPLAINT, UNSUBSCRIBE, MANUAL, ERASED])
        at = now - 1000 + step + rng.choice([0, 0, -500])
        before = {digest: dict(model[stream].get(digest, {})) for digest in chosen}
        if rng.random() < 0.7:
            source = rng.choice([REPLY, CALL])
            statuses = change(store, "add", stream, [
                (digest, record(reason, at, source=source)) for digest in chosen])
            for digest, status in zip(chosen, statuses):
                old = before[digest].get(reason)
                is_older = old is not None and (old[1] > at or (old[1] == at and source != CALL))
                expected = "n" if old is None else "k" if not old[0] else "l" if is_older else "n"
                assert status == expected
                if expected == "n" or (expected == "k" and old[1] < at):
                    model[stream].setdefault(digest, {})[reason] = (False, at, 0)
            numbers += "n" in statuses
        else:
            asked = rng.choice([0, reason])
            statuses = change(store, "lift", stream, [(digest, record(asked, at)) for digest in chosen])
            for digest, status in zip(chosen, statuses):
                stands = [each for each, (lifted, _, _) in sorted(before[digest].items())
                          if not lifted and asked in (0, each)]
                assert status == ("e" if ERASED in stands else "n" if stands else "g")
                if status == "n":
                    model[stream][digest].update({each: (True, at, 0) for each in stands})
    for stream, expected in model.items():
        assert {digest: records(value) for digest, value in entries(store, stream).items()} == expected
        assert int(store.redis.hget(TENANT, "s" + stream)) == len(expected)
    number, hits = find(store, "news", people)
    assert number == numbers == int(store.redis.hget(TENANT, "n"))
    assert sorted((position, of_all) for position, of_all, _ in hits) == sorted(
        (people.index(digest), stream == "*") for stream in model for digest in model[stream])
    assert all(records(value) == model["*" if of_all else "news"][people[position]]
               for position, of_all, value in hits)


def test_what_was_added_is_told_without_a_gap(store):
    digests = [bytes([i]) * 16 for i in range(5)]
    assert change(store, "add", "*", [(digests[0], record(BOUNCE, 100))]) == "n"
    assert change(store, "add", "*", [(digests[0], record(BOUNCE, 101))]) == "k"  # no news
    assert change(store, "add", "news", [(digests[0], record(MANUAL, 5)),
                                         (digests[1], record(UNSUBSCRIBE, 5))]) == "nn"
    assert change(store, "lift", "news", [(digests[0], record(0, 9))]) == "n"  # no news either
    told = store.redis.xrange(LOG)
    assert [entry for entry, _ in told] == [b"1-0", b"2-0"]
    assert told[1][1] == {b"s": b"news", b"h": digests[0] + b"\4" + digests[1] + b"\3"}
    assert 0 < store.redis.ttl(LOG) <= 7 * 86400


def test_an_end_and_a_memory_that_fades(store):
    now = store.redis.time()[0]
    digest = b"p" * 16
    assert change(store, "add", "*", [(digest, record(MANUAL, now - 50, now - 1))]) == "n"
    assert change(store, "add", "*", [(digest, record(MANUAL, now - 50, now + 900))]) == "n"
    assert change(store, "lift", "*", [(digest, record(MANUAL, now - 41 * 86400))]) == "n"
    assert change(store, "lift", "*", [(digest, record(MANUAL, now))]) == "g"  # forgotten by now
    assert entries(store, "*") == {}
    assert store.redis.hget(TENANT, "s*") == b"0"


def test_lists_are_bounded(store):
    pair = [(b"x" * 16, record(MANUAL, 5))]
    assert change(store, "add", "*", pair) == "n"
    assert change(store, "add", "*", pair, most=1) == "full"
    assert change(store, "add", "a", pair) == "n"
    assert change(store, "add", "b", pair) == "n"
    assert change(store, "add", "c", pair) == "full"
    assert change(store, "add", "b", [(b"y" * 16, record(MANUAL, 5))]) == "n"
    assert change(store, "lift", "c", pair) == "g"


def test_what_cannot_be_read_stays(store):
    digest = b"z" * 16
    store.redis.hset(bucket("*", digest), digest[1:], b"\2whatever")
    assert change(store, "add", "*", [(digest, record(MANUAL, 5))]) == "b"
    assert change(store, "lift", "*", [(digest, record(0, 5))]) == "b"
    assert entries(store, "*") == {digest: b"\2whatever"}
    store.redis.hset(TENANT, "v", "2")
    assert change(store, "add", "*", [(b"a" * 16, record(MANUAL, 5))]) == "bad"


def test_an_entry_is_small(store):
    """Packed hashes: of a list of 200,000, and of a small one."""
    rng = random.Random(3)
    sizes = {}
    for name, count in (("large", 200_000), ("small", 200)):
        before = int(store.redis.info("memory")["used_memory"])
        for _ in range(count // 200):
            change(store, "add", name, [(rng.randbytes(16), record(BOUNCE, 5, 0, b"mailbox-unknown", 1))
                                        for _ in range(200)], most=10**6)
        store.redis.delete(LOG)
        sizes[name] = (int(store.redis.info("memory")["used_memory"]) - before) / count
    key = next(store.redis.scan_iter(TENANT + ":large:*"))
    assert store.redis.object("encoding", key) == b"listpack"
    print(sizes)
    assert sizes["large"] < 90 and sizes["small"] < 600
