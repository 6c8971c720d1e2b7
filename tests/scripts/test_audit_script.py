"""The audit log's script: numbered lines, entered once, with what is missing before them."""

LOG, HEADS = "hk:{audit}:log", "hk:{audit}:heads"


def append(store, session, first, lines, keep=1000):
    word, rest = store.call("audit", [LOG, HEADS], session, first, f"hash-{first + len(lines) - 1}", keep,
                            *[word for line in lines for word in (line, "who", "what", "ok")])
    assert word == "ok"
    return int(rest[0])


def told(store):
    return [fields[b"l"].decode() for _, fields in store.redis.xrange(LOG)]


def head(store, session):
    return store.redis.hget(HEADS, session).decode().split()[:2]


def test_lines_are_entered_once(store):
    assert append(store, "a", 1, ["1", "2"]) == 0
    assert append(store, "a", 1, ["1", "2"]) == 0
    assert append(store, "b", 1, ["b1"]) == 0
    # A batch whose answer was lost comes again, longer.
    assert append(store, "a", 2, ["2", "3", "4"]) == 0
    assert told(store) == ["1", "2", "b1", "3", "4"]
    assert head(store, "a") == ["4", "hash-4"]
    assert head(store, "b") == ["1", "hash-1"]
    fields = store.redis.xrange(LOG)[0][1]
    assert fields == {b"l": b"1", b"p": b"who", b"c": b"what", b"r": b"ok"}


def test_what_a_failover_lost_is_told(store):
    append(store, "a", 1, ["1"])
    assert append(store, "a", 5, ["5"]) == 3
    assert told(store) == ["1", "5"]
    assert head(store, "a") == ["5", "hash-5"]


def test_the_log_is_bounded(store):
    for first in range(1, 3001, 100):
        append(store, "a", first, [str(n) for n in range(first, first + 100)], keep=500)
    assert 500 <= store.redis.xlen(LOG) < 800
    assert told(store)[-1] == "3000"
