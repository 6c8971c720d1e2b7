"""Reputation: additions by numbered calls, in buckets of hours and days, old ones gone."""

import random

KEY = "hk:{ip:192.0.2.1}:reputation"


def add(store, session, number, **sites):
    return store.call("reputation", [KEY], session, number,
                      *[word for site in sites.items() for word in site])[0]


def buckets(store, kind="h"):
    """Site -> counts, of all buckets of a kind."""
    sums = {}
    for field, value in store.hash_of(KEY).items():
        if field.startswith(kind) and "|" in field:
            counts = [int(word) for word in value.split()]
            old = sums.get(field.split("|")[1], [])
            sums[field.split("|")[1]] = [
                (old[i] if i < len(old) else 0) + (counts[i] if i < len(counts) else 0)
                for i in range(max(len(old), len(counts)))]
    return sums


def test_sums_of_buckets_are_what_was_added_once(store):
    expected = {}
    numbers = {"a": 0, "b": 0}
    rng = random.Random(5)
    for _ in range(200):
        session = rng.choice("ab")
        numbers[session] += 1
        sites = {rng.choice(["google", "docomo", "au"]): [rng.randrange(9) for _ in range(7)]}
        for _ in range(rng.choice([1, 1, 2])):  # an answer may be lost: the same again
            assert add(store, session, numbers[session],
                       **{name: " ".join(map(str, counts)) for name, counts in sites.items()}) == "ok"
        for name, counts in sites.items():
            expected[name] = [x + y for x, y in zip(expected.get(name, [0] * 7), counts)]
    assert buckets(store) == expected
    assert buckets(store, "d") == expected


def test_a_late_repetition_adds_nothing(store):
    assert add(store, "a", 2, google="5") == "ok"
    assert add(store, "a", 1, google="5") == "ok"
    assert buckets(store) == {"google": [5]}
    assert add(store, "b", 1, google="1 2") == "ok"
    assert buckets(store) == {"google": [6, 2]}


def test_old_buckets_and_writers_leave(store):
    now = store.redis.time()[0]
    hour, day = now // 3600, now // 86400
    store.redis.hset(KEY, mapping={f"h{hour - 48}|old": "1", f"h{hour - 46}|young": "1",
                                   f"d{day - 35}|old": "1", f"d{day - 33}|young": "1",
                                   "wgone": f"7 {hour - 60}", "wthere": f"7 {hour - 40}", "at": "1"})
    assert add(store, "a", 1, google="1") == "ok"
    fields = store.hash_of(KEY)
    assert set(buckets(store)) == set(buckets(store, "d")) == {"young", "google"}
    assert "wgone" not in fields and "wthere" in fields
    assert 0 < store.redis.ttl(KEY) <= 40 * 86400


def test_it_is_bounded(store):
    store.redis.hset(KEY, mapping={f"x{n}": "1" for n in range(6000)})
    assert add(store, "a", 1, google="3", au="1 1") == "ok"
    assert buckets(store) == {"other": [4, 1]}
