"""Operator stops: set, replaced, ended, over by Redis' clock, bounded."""

import time

KEY = "hk:{fleet}:stops"


def put(store, name, until_ms=0, packed=b"packed", most=3):
    return store.call("stop", [KEY], "set", name, until_ms, packed, most)[0]


def clear(store, name):
    return store.call("stop", [KEY], "clear", name, "0", "", "0")[0]


def stops(store):
    return {name: value for name, value in store.hash_of(KEY).items() if name.startswith("s")}


def now_ms(store):
    seconds, micros = store.redis.time()
    return seconds * 1000 + micros // 1000


def test_set_replace_and_clear(store):
    assert put(store, "s4docomo", packed=b"a \x00b") == "ok"
    first = store.hash_of(KEY)
    assert first["v"] == b"1" and first["s4docomo"] == b"0 a \x00b"
    assert put(store, "s4docomo", 9999999999999) == "ok"
    assert stops(store) == {"s4docomo": b"9999999999999 packed"}
    assert store.hash_of(KEY)["n"] != first["n"]
    assert clear(store, "s4au") == "gone"
    assert clear(store, "s4docomo") == "ok"
    assert clear(store, "s4docomo") == "gone"
    assert stops(store) == {}


def test_what_is_over_leaves_room(store):
    assert put(store, "s3a", now_ms(store) + 1) == "ok"
    assert put(store, "s3b") == "ok"
    assert put(store, "s3c") == "ok"
    deadline = time.monotonic() + 60
    while put(store, "s3d") != "ok":
        assert time.monotonic() < deadline
    assert set(stops(store)) == {"s3b", "s3c", "s3d"}
    assert put(store, "s3e") == "full"
    assert put(store, "s3d", packed=b"new") == "ok"  # replaces: no room needed
    assert set(stops(store)) == {"s3b", "s3c", "s3d"}


def test_a_stop_that_is_over_is_gone_for_clear(store):
    assert put(store, "s3a", 1) == "ok"
    assert clear(store, "s3a") == "gone"


def test_another_format_is_left_alone(store):
    store.redis.hset(KEY, mapping={"v": "2", "s3a": "x"})
    assert put(store, "s3b") == "bad"
    assert clear(store, "s3a") == "bad"
    assert store.hash_of(KEY) == {"v": b"2", "s3a": b"x"}
