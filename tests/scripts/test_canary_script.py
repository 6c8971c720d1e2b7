"""The canary of a campaign: sent, waited for, judged; each step once, whoever takes it."""

import pytest

from transitions import (BOUNCED, DEFERRED, DELIVERED, PAUSED, RUNNING, SCHEDULED, UNCERTAIN,
                         Campaign, now, row)

A = "a" * 32
NONE, SENDING, WAITING, PASSED, FAILED, OVERRULED = (b"%d" % number for number in range(6))


@pytest.fixture
def campaign(store):
    """Two batches of the canary (one row of them a duplicate), one of the rest."""
    one = Campaign(store)
    one.create(hold=1, canary=1, canary_n=5, canary_s=100, canary_max=50)
    one.add_chunk(0, [(0, 3, "gmail", 0, 0), (1, 2, "other", 0, 0), (2, 4, "gmail", 0, 0)],
                  canary=2, doubled=[4])
    return one


def state_of(campaign):
    header = campaign.header()
    return int(header["state"]), header["canary"]


def send(campaign, batch, states):
    epoch = campaign.claim(batch, A)[1][0]
    changes = [(position, row(state, seq=1, due=now() + 50 if state == DEFERRED else 0))
               for position, state in enumerate(states)]
    assert campaign.flush(batch, A, epoch, 1, changes, finishes=True)[0] == "ok"


def send_all(campaign):
    send(campaign, 0, [DELIVERED, BOUNCED, DEFERRED])
    send(campaign, 1, [UNCERTAIN])


def end_wait(campaign):
    campaign.store.redis.hset(campaign.key, "canary_at", now() * 1000 - 101000)


def test_it_counts_its_rows(campaign):
    header = campaign.header()
    assert (header["canary_batches"], header["canary_rows"], header["canary"]) == (
        b"2", b"4", SENDING)
    assert campaign.submit(1)[0] == "ok"
    assert state_of(campaign) == (RUNNING, SENDING)


def test_the_wait_begins_when_all_were_tried(campaign):
    campaign.submit(1)
    assert campaign.canary("wait")[0] == "state"
    send(campaign, 0, [DELIVERED, BOUNCED, DEFERRED])
    assert campaign.canary("wait")[0] == "state"
    send(campaign, 1, [UNCERTAIN])
    for what in ("pass", "fail"):
        assert campaign.canary(what)[0] == "state"
    assert campaign.canary("wait")[0] == "ok"
    since = campaign.header()["canary_at"]
    assert campaign.canary("wait")[0] == "ok"
    assert campaign.header()["canary_at"] == since
    assert state_of(campaign) == (RUNNING, WAITING)
    campaign.audit([0, 1, 2])


@pytest.mark.parametrize("what,other,state,canary", [
    ("pass", "fail", RUNNING, PASSED), ("fail", "pass", PAUSED, FAILED)])
def test_it_is_judged_once_and_not_before_its_time(campaign, what, other, state, canary):
    campaign.submit(1)
    send_all(campaign)
    campaign.canary("wait")
    assert campaign.canary(what)[0] == "state"
    end_wait(campaign)
    told = len(campaign.entries())
    assert campaign.canary(what, "canary: so it is")[0] == "ok"
    assert state_of(campaign) == (state, canary)
    assert campaign.header()["canary_why"] == b"canary: so it is"
    assert campaign.canary(what, "once more")[0] == "ok"
    for late in (other, "wait"):
        assert campaign.canary(late)[0] == "state"
    entries = campaign.entries()
    assert len(entries) == told + 1
    assert entries[-1][1]["why"] == b"canary: so it is" and int(entries[-1][1]["s"]) == state
    assert campaign.header()["canary_why"] == b"canary: so it is"


def test_a_person_lets_it_go_on(campaign):
    campaign.submit(1)
    send_all(campaign)
    campaign.canary("wait")
    end_wait(campaign)
    campaign.canary("fail")
    assert campaign.control("resume")[0] == "ok"
    assert state_of(campaign) == (RUNNING, OVERRULED)
    assert campaign.canary("fail")[0] == "state"
    campaign.control("pause")
    campaign.control("resume")
    assert state_of(campaign) == (RUNNING, OVERRULED)


def test_a_pause_of_a_person_does_not_end_it(campaign):
    campaign.submit(1)
    send_all(campaign)
    campaign.control("pause")
    assert campaign.canary("wait")[0] == "state"
    campaign.control("resume")
    assert campaign.canary("wait")[0] == "ok"
    end_wait(campaign)
    campaign.control("pause")
    for what in ("pass", "fail"):
        assert campaign.canary(what)[0] == "state"
    campaign.control("resume")
    assert campaign.canary("pass")[0] == "ok"


def test_a_scheduled_campaign_keeps_it(campaign):
    campaign.submit(1, scheduled=(now() + 1000) * 1000)
    assert state_of(campaign) == (SCHEDULED, SENDING)
    assert campaign.canary("wait")[0] == "state"


def test_who_is_alone_does_not_wait(store):
    """Nobody is behind it."""
    one = Campaign(store, 5)
    one.create(hold=1, canary=1, canary_n=5, canary_s=100, canary_max=50)
    one.add_chunk(0, [(0, 4, "gmail", 0, 0)], canary=1)
    one.submit(1)
    assert state_of(one) == (RUNNING, NONE)
    assert one.canary("wait")[0] == "state"


def test_a_canary_of_duplicates_is_none(store):
    one = Campaign(store, 6)
    one.create(hold=1, canary=1, canary_n=5, canary_s=100, canary_max=50)
    one.add_chunk(1, [(65536, 4, "gmail", 0, 0)], hashes=[1, 2, 3, 4])
    one.add_chunk(0, [(0, 2, "gmail", 0, 0), (1, 1, "gmail", 0, 0)], canary=1, hashes=[1, 2, 5])
    one.submit(2)
    assert state_of(one) == (RUNNING, NONE)


def test_words_it_does_not_know(campaign):
    assert campaign.canary("skip")[0] == "bad"
    assert Campaign(campaign.store, 9).canary("wait")[0] == "gone"
