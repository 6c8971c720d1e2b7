"""Campaigns shrink step by step, event streams lose what is old or too much."""

import time

import pytest

from transitions import COMPLETED, DELIVERED, DRAFT, Campaign, row

DUPLICATES, ANSWERS, ARCHIVED, ROWS, CONTENT = range(1, 6)
A = "a" * 32


@pytest.fixture
def campaign(store):
    one = Campaign(store)
    one.create()
    one.add_chunk(0, [(0, 2, "gmail", 0, 0)])
    return one


def complete(campaign):
    assert campaign.submit(1)[0] == "ok"
    _, claim = campaign.claim(0, A)
    done = [(position, row(DELIVERED, seq=1)) for position in range(2)]
    assert campaign.flush(0, A, claim[0], 1, done, finishes=True)[0] == "ok"
    assert int(campaign.header()["state"]) == COMPLETED


def exists(campaign, *names):
    return [campaign.store.redis.exists(f"{campaign.key}:{name}") for name in names]


def test_nothing_is_shed_before_its_time(campaign):
    assert int(campaign.header()["state"]) == DRAFT
    assert campaign.shed(DUPLICATES)[0] == "state"
    campaign.submit(1)
    assert campaign.shed(DUPLICATES) == ("ok", [b"1"])
    before = campaign.store.redis.dbsize()
    for step in (ANSWERS, ARCHIVED, ROWS, CONTENT):
        assert campaign.shed(step)[0] == "state"
    assert campaign.store.redis.dbsize() == before
    campaign.audit([0])


def test_steps_rise_and_may_be_repeated(campaign):
    complete(campaign)
    assert abs(int(campaign.header()["ended"]) - time.time() * 1000) < 60000
    assert campaign.shed(CONTENT)[0] == "state"  # rows first
    assert campaign.shed(ROWS) == ("ok", [b"1"])
    assert exists(campaign, "chunks", "parts", "due", "content") == [0, 0, 0, 1]
    assert campaign.shed(ROWS) == ("ok", [b"0"])
    assert campaign.shed(ARCHIVED) == ("ok", [b"0"])
    assert int(campaign.header()["shed"]) == ROWS


def test_a_stub_revives_nothing(campaign):
    complete(campaign)
    campaign.shed(ROWS)
    assert campaign.shed(CONTENT, stub_s=500) == ("ok", [b"1"])
    header = campaign.header()
    assert not [name for name in header if name == "key" or name.startswith("s:")]
    assert (int(header["accepted"]), int(header["o2"])) == (2, 2)
    assert exists(campaign, "content") == [0]
    assert campaign.store.redis.zcard(f"{campaign.partition}:all") == 0
    assert 0 < campaign.store.redis.ttl(campaign.key) <= 500
    status, answer = campaign.create()
    assert (status, answer[0]) == ("ok", b"1")
    assert campaign.create(request=b"x" * 32)[0] == "exists"
    assert exists(campaign, "content") == [0]
    assert campaign.add_chunk(1, [(65536, 2, "gmail", 0, 0)])[0] == "state"
    campaign.store.redis.delete(campaign.key)
    assert campaign.shed(CONTENT)[0] == "gone"


def events(campaign, count):
    for _ in range(count // 2):
        campaign.control("pause")
        campaign.control("resume")


def test_events_are_trimmed_by_marks(campaign):
    assert campaign.trim(1, 1) == ("ok", [b"0", b"0"])  # no stream yet
    campaign.submit(1)
    events(campaign, 300)
    assert campaign.trim(60000, 1) == ("ok", [b"0", b"0"])
    time.sleep(0.01)
    events(campaign, 20)
    # The mark is a moment old: what lies behind it stays.
    status, (old, large) = campaign.trim(5, 1)
    assert (status, int(old), int(large)) == ("ok", 301, 0)
    assert len(campaign.entries()) == 20
    assert campaign.trim(60000, 1) == ("ok", [b"0", b"0"])


def test_marks_stay_few(campaign):
    campaign.submit(1)
    for _ in range(20):
        events(campaign, 2)
        campaign.trim(3600000, 1800000)
    assert campaign.store.redis.zcard(f"{campaign.partition}:marks:default") == 1


def test_a_stream_too_large_loses_its_oldest(campaign):
    campaign.submit(1)
    events(campaign, 2000)
    before = campaign.store.redis.memory_usage(campaign.events)
    status, (old, large) = campaign.trim(3600000, 1000, before // 2)
    assert (status, int(old)) == ("ok", 0) and 900 < int(large) < 1100
    assert campaign.store.redis.memory_usage(campaign.events) < before * 0.6
    assert len(campaign.entries()) == 2001 - int(large)
