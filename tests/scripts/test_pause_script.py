"""Sites that all workers leave alone."""

import pytest

from transitions import now

KEY = "hk:{fleet}:pauses"


@pytest.fixture
def pause(store):
    def call(site, pause_ms, rule="google: 4.7.28", most=3):
        return store.call("pause", [KEY], site, pause_ms, rule, most)
    yield call
    store.redis.delete(KEY)


def ends(store, site):
    return int(store.redis.hget(KEY, f"s{site}").split(b" ")[0])


def test_it_is_prolonged_never_shortened(store, pause):
    status, (until,) = pause("google", 60000)
    assert status == "ok" and (now() + 50) * 1000 < int(until) <= (now() + 61) * 1000
    assert store.redis.hget(KEY, "sgoogle") == until + b" google: 4.7.28"
    assert pause("google", 1000, "other") == ("ok", [until])
    assert store.redis.hget(KEY, "sgoogle") == until + b" google: 4.7.28"
    assert pause("google", 120000, "other")[0] == "ok"
    assert ends(store, "google") > int(until)
    assert store.redis.hget(KEY, "sgoogle").endswith(b" other")


def test_what_is_over_goes(store, pause):
    pause("a", 60000)
    store.redis.hset(KEY, "sold", f"{now() * 1000 - 1} rule")
    store.redis.hset(KEY, "sbad", "damaged")
    assert pause("b", 60000)[0] == "ok"
    assert set(store.redis.hkeys(KEY)) == {b"v", b"sa", b"sb"}


def test_they_are_bounded(store, pause):
    for site in ("a", "b", "c"):
        assert pause(site, 60000)[0] == "ok"
    assert pause("d", 60000) == ("full", [])
    assert pause("a", 90000)[0] == "ok"
    store.redis.hset(KEY, "sb", f"{now() * 1000 - 1} rule")
    assert pause("d", 60000)[0] == "ok"


def test_another_format_is_left_alone(store, pause):
    store.redis.hset(KEY, "v", "2")
    assert pause("a", 60000) == ("bad", [])
    assert store.redis.hlen(KEY) == 1
