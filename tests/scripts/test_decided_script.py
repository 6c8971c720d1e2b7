"""What paths decided: bounded, in order, and its places say when Redis came back with another life."""

KEYS = ["hk:{fleet}:ev", "hk:{fleet}:gen", "hk:{fleet}:told:s1"]


def decide(store, run, *packed, most=10000, first=None):
    """The next ones of the session, or those from `first` on once more."""
    if first is None:
        first = int(store.redis.get(KEYS[2]) or 0) + 1
    return store.call("decided", KEYS, run, most, first, 60, *packed)


def places(store):
    return [tuple(int(part) for part in place.split(b"-")) for place, _ in store.redis.xrange(KEYS[0])]


def test_in_order_and_by_generation(store):
    assert decide(store, "run-a", b"one", b"two")[0] == "ok"
    assert decide(store, "run-a", b"three")[0] == "ok"
    first = places(store)
    assert [sequence for _, sequence in first] == [1, 2, 3]
    assert len({generation for generation, _ in first}) == 1
    assert decide(store, "run-b", b"four")[0] == "ok"
    generation, sequence = places(store)[-1]
    assert generation > first[0][0] and sequence == 1
    told = [fields for _, fields in store.redis.xrange(KEYS[0])]
    assert [fields[b"d"] for fields in told] == [b"one", b"two", b"three", b"four"]
    assert {fields[b"v"] for fields in told} == {b"1p"}
    assert all(int(fields[b"t"]) > 0 for fields in told)


def test_bounded(store):
    for number in range(30):
        assert decide(store, "run", *[b"%d" % number] * 20, most=100)[0] == "ok"
    kept = store.redis.xrange(KEYS[0])
    assert 100 <= len(kept) <= 300
    assert kept[-1][1][b"d"] == b"29"


def test_a_repeated_call_adds_nothing_again(store):
    """Its answer was lost; more may have come to it since."""
    assert decide(store, "run", b"one", b"two", first=1)[0] == "ok"
    assert decide(store, "run", b"one", b"two", first=1)[0] == "ok"
    assert decide(store, "run", b"two", b"three", first=2)[0] == "ok"
    assert [fields[b"d"] for _, fields in store.redis.xrange(KEYS[0])] == [b"one", b"two", b"three"]
    assert int(store.redis.get(KEYS[2])) == 3
    assert 0 < store.redis.ttl(KEYS[2]) <= 60
