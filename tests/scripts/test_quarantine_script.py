"""Crash loops, one step after the other: suspects, parts, quarantine, and how it ends."""

import pytest

from transitions import (BOUNCE, CAMPAIGN_ITSELF, CANCELLED, CANCELLING, COMPLETED, DEFERRED,
                         DELIVERED, EXPIRED, FAILED, NEVER, PAUSED, PENDING, POSSIBLE_DUPLICATE,
                         QUARANTINED, RELEASE, RUNNING, S_CANCELLED, UNCERTAIN, Campaign, fields, now,
                         row)

A = "a" * 32


def make(store, batches=1, rows=120, hold=0, expires=0):
    campaign = Campaign(store)
    campaign.create(hold=hold)
    campaign.add_chunk(0, [(nth, rows, "gmail", 0, expires) for nth in range(batches)])
    assert campaign.submit(1)[0] == "ok"
    return campaign


def die(campaign, batch=0, alone=False):
    """Claim and die. Returns the part: (first row, rows)."""
    status, answer = campaign.claim(batch, A, 0, alone)
    assert status == "ok"
    assert campaign.reclaim(batch, A)[0] == "ok"
    return int(answer[7]), int(answer[8])


def suspect(campaign, batch=0):
    die(campaign, batch)
    die(campaign, batch)


def finish_part(campaign, batch=0, state=DELIVERED, poison=None):
    """Claim the next part; all of it is sent, or it dies when the poison is in it."""
    status, answer = campaign.claim(batch, A, 0, True)
    assert status == "ok"
    first, count = int(answer[7]), int(answer[8])
    if poison is not None and first <= poison < first + count:
        assert campaign.reclaim(batch, A)[0] == "ok"
        return first, count, True
    rows = [fields(one) for one in campaign.rows(batch)]
    changes = [(nth, row(state, seq=1, attempts=1)) for nth in range(first, first + count)
               if rows[nth]["state"] == PENDING and rows[nth]["due"] <= now()]
    assert campaign.flush(batch, A, answer[0], 1, changes, True)[0] == "ok"
    return first, count, False


def quarantine(campaign, poison, batch=0):
    """Find the poison as the fleet does. Returns how many more workers died for it."""
    deaths = 0
    while int(campaign.batch(batch)["d"]) >= 2:
        deaths += finish_part(campaign, batch, poison=poison)[2]
    campaign.audit([batch])
    return deaths


def test_two_deaths_make_a_suspect(store):
    campaign = make(store)
    assert die(campaign) == (0, 120)
    assert campaign.claim(0, A, 0, True)[0] == "not_due"  # not suspect yet
    die(campaign)
    assert campaign.claim(0, A)[0] == "not_due"
    status, answer = campaign.claim(0, A, 0, True)
    assert (status, answer[7:]) == ("ok", [b"0", b"50"])
    again = campaign.claim(0, A, 0, True)[1]  # asked again: the same part
    assert (again[0], again[7:]) == (answer[0], answer[7:])
    assert campaign.header()["in_flight"] == b"50"
    campaign.audit([0])


def test_a_finished_claim_clears_deaths(store):
    campaign = make(store)
    die(campaign)
    epoch = campaign.claim(0, A)[1][0]
    campaign.flush(0, A, epoch, 1, [], True)
    die(campaign)
    assert campaign.claim(0, A)[0] == "ok"


def test_who_lives_counts_no_death(store):
    """Drained, or only cut off."""
    campaign = make(store)
    for _ in range(4):
        assert campaign.claim(0, A)[0] == "ok"
        assert campaign.reclaim(0, A, died=False)[0] == "ok"
    suspect(campaign)
    for _ in range(4):
        assert campaign.claim(0, A, 0, True)[1][7:] == [b"0", b"50"]
        assert campaign.reclaim(0, A, died=False)[0] == "ok"
    assert campaign.quarantined() == set()


@pytest.mark.parametrize("poison", [0, 49, 50, 77, 119])
def test_the_poison_is_found_by_three_more_deaths(store, poison):
    campaign = make(store)
    suspect(campaign)
    assert quarantine(campaign, poison) == 3
    rows = [fields(one) for one in campaign.rows(0)]
    assert rows[poison] == {"state": PENDING, "flags": POSSIBLE_DUPLICATE, "attempts": 0,
                            "gate": QUARANTINED, "seq": 0, "due": NEVER, "deaths": 3}
    assert all(one["state"] == DELIVERED for nth, one in enumerate(rows) if nth != poison)
    assert campaign.quarantined() == {0}
    # I7: it waits under a name, and keeps its campaign open; it is not suspect, it is not due.
    assert campaign.header()["g23"] == b"1" and campaign.header()["state"] == b"%d" % RUNNING
    assert campaign.batch(0)["d"] == b"0"
    for alone in (False, True):
        assert campaign.claim(0, A, 1000, alone)[0] == "not_due"


def test_innocents_are_cleared(store):
    """Deaths of others' making: all parts go well, and the batch is a batch again."""
    campaign = make(store)
    suspect(campaign)
    die(campaign, alone=True)
    assert campaign.header()["suspects"] == b"1"
    parts = []
    while campaign.header()["state"] == b"%d" % RUNNING:
        parts.append(finish_part(campaign)[:2])
        campaign.audit([0])
    # What was in no part that died goes first, in large parts.
    assert parts == [(50, 50), (100, 20)] + [(at, 5) for at in range(0, 50, 5)]
    assert campaign.header()["suspects"] == b"0"


def test_deferred_rows_were_tried(store):
    campaign = make(store, rows=60)
    suspect(campaign)
    for _ in range(2):
        answer = campaign.claim(0, A, 0, True)[1]
        first, count = int(answer[7]), int(answer[8])
        later = [(nth, row(DEFERRED, seq=1, gate=16, due=now() + 300))
                 for nth in range(first, first + count)]
        campaign.flush(0, A, answer[0], 1, later, True)
    assert campaign.batch(0)["d"] == b"0"
    campaign.audit([0])


def test_marked_rows_are_doubt_not_poison(store):
    campaign = make(store, hold=1)
    suspect(campaign)
    epoch = campaign.claim(0, A, 0, True)[1][0]
    campaign.mark(0, A, epoch, [3])
    assert campaign.reclaim(0, A)[1] == [b"50", b"%d" % RUNNING, b"0", b"0", b"0"]
    rows = [fields(one) for one in campaign.rows(0)]
    assert (rows[3]["state"], rows[3]["deaths"]) == (UNCERTAIN, 0)
    assert {one["deaths"] for nth, one in enumerate(rows[:50]) if nth != 3} == {1}
    assert {one["deaths"] for one in rows[50:]} == {0}
    campaign.audit([0])


def test_the_third_batch_stops_the_campaign(store):
    campaign = make(store, batches=5)
    for nth in range(5):
        suspect(campaign, nth)  # innocents on a worker that died twice: nothing is stopped yet
    assert campaign.header()["state"] == b"%d" % RUNNING
    die(campaign, 0, True)
    die(campaign, 0, True)
    die(campaign, 1, True)
    assert campaign.header()["state"] == b"%d" % RUNNING
    assert campaign.claim(2, A, 0, True)[0] == "ok"
    assert campaign.reclaim(2, A)[1][3] == b"1"
    assert campaign.header()["state"] == b"%d" % PAUSED and campaign.header()["quarantine"] == b"1"
    assert CAMPAIGN_ITSELF in campaign.quarantined()
    assert campaign.claim(3, A, 0, True)[0] == "state"
    assert campaign.control("resume")[0] == "state"
    assert campaign.control("release")[0] == "ok"
    assert campaign.header()["state"] == b"%d" % RUNNING
    assert campaign.quarantined() == set()
    # It takes three others to stop it again.
    for nth in (2, 3, 4):
        assert "quarantine" not in campaign.header()
        die(campaign, nth, True)
    assert "quarantine" not in campaign.header()
    campaign.audit(range(5))


def test_the_fourth_load_is_told_of_three_that_did_not_end(store):
    campaign = make(store)
    sessions = [letter * 32 for letter in "abcd"]
    for session in sessions[:2] + sessions[:1]:  # who loads twice is noted once
        assert campaign.trial(session, alone=False) == ("ok", set())
    assert campaign.trial(sessions[2], alone=False) == ("busy", set(sessions[:2]))
    assert campaign.trial(sessions[2], alone=True) == ("ok", set())
    assert campaign.trial(sessions[3]) == ("busy", set(sessions[:3]))
    assert campaign.trial(sessions[0]) == ("ok", set())  # its own does not count
    assert 0 < store.redis.ttl(f"{campaign.key}:trials") <= 86400
    assert campaign.control("quarantine", "died")[0] == "ok"
    assert campaign.header()["state"] == b"%d" % PAUSED
    assert campaign.header()["quarantine"] == b"2"
    assert campaign.quarantined() == {CAMPAIGN_ITSELF}
    assert campaign.control("quarantine", "died")[0] == "ok"  # said again: no second event
    assert campaign.control("resume")[0] == "state"
    assert campaign.control("release")[0] == "ok"
    assert campaign.header()["state"] == b"%d" % RUNNING and campaign.quarantined() == set()
    assert campaign.trial(sessions[3]) == ("ok", set())
    campaign.audit([0])


@pytest.mark.parametrize("paused", [True, False])
def test_one_that_was_not_under_way_is_not_when_it_is_released(store, paused):
    campaign = Campaign(store)
    campaign.create()
    campaign.add_chunk(0, [(0, 5, "gmail", 0, 0)])
    if paused:
        assert campaign.submit(1)[0] == "ok" and campaign.control("pause")[0] == "ok"
    before = campaign.header()["state"]
    assert campaign.control("quarantine")[0] == "ok"
    assert campaign.header()["quarantine"] == b"3" and campaign.header()["state"] == before
    assert campaign.control("release")[0] == "ok"
    assert "quarantine" not in campaign.header() and campaign.header()["state"] == before


def test_a_container_is_not_stopped(store):
    """Its messages are strangers to each other."""
    campaign = make(store, batches=4, rows=2)
    store.redis.hset(campaign.key, "container", 1)
    for nth in range(4):
        suspect(campaign, nth)
        die(campaign, nth, True)
    assert campaign.header()["state"] == b"%d" % RUNNING


def test_release_tries_it_alone_once_more(store):
    campaign = make(store)
    suspect(campaign)
    quarantine(campaign, 77)
    assert campaign.quarantine(0, RELEASE, [5])[1][0] == b"0"  # not in quarantine
    assert campaign.quarantine(0, RELEASE, [77]) == ("ok", [b"1", b"%d" % RUNNING])
    assert campaign.quarantined() == set() and campaign.header()["g23"] == b"0"
    campaign.audit([0])
    assert campaign.claim(0, A)[0] == "not_due"
    assert finish_part(campaign, poison=77) == (77, 1, True)
    assert campaign.quarantined() == {0}
    campaign.quarantine(0, RELEASE)
    assert finish_part(campaign) == (77, 1, False)
    assert campaign.header()["state"] == b"%d" % COMPLETED
    assert campaign.header()["suspects"] == b"0"
    campaign.audit([0])


def test_bounce_ends_it_as_failed(store):
    campaign = make(store)
    suspect(campaign)
    quarantine(campaign, 77)
    assert campaign.quarantine(0, BOUNCE, why="crashes us") == ("ok", [b"1", b"%d" % COMPLETED])
    assert fields(campaign.rows(0)[77])["state"] == FAILED
    told = [entry for _, entry in campaign.entries() if entry["v"] == b"1r"][-1]
    assert told["why"] == b"crashes us" and told["e"] == b"0"
    assert campaign.quarantined() == set() and campaign.header()["suspects"] == b"0"
    assert campaign.quarantine(0, BOUNCE) == ("ok", [b"0", b"%d" % COMPLETED])
    campaign.audit([0])


def test_expiry_and_cancel_hold_in_quarantine(store):
    """I10."""
    campaign = make(store, expires=(now() + 2) * 1000)
    suspect(campaign)
    quarantine(campaign, 77)
    while campaign.sweep(0, EXPIRED)[0] == "refused":
        pass
    assert fields(campaign.rows(0)[77])["state"] == EXPIRED
    assert campaign.header()["state"] == b"%d" % COMPLETED
    assert campaign.quarantined() == set()
    campaign.audit([0])


def test_cancel(store):
    campaign = make(store)
    suspect(campaign)
    quarantine(campaign, 77)
    campaign.control("cancel")
    assert campaign.header()["state"] == b"%d" % CANCELLING
    assert campaign.quarantine(0, RELEASE)[0] == "state"
    assert campaign.sweep(0, CANCELLED)[0] == "ok"
    assert campaign.header()["state"] == b"%d" % S_CANCELLED
    assert campaign.quarantined() == set()


def test_a_late_reply_ends_it_and_the_index_is_tidied(store):
    campaign = make(store)
    suspect(campaign)
    epoch = campaign.batch(0)["e"]
    quarantine(campaign, 77)
    campaign.evidence(0, epoch, [(77, row(DELIVERED, seq=1))])
    assert campaign.header()["state"] == b"%d" % COMPLETED
    assert campaign.header()["suspects"] == b"0"
    campaign.quarantine(0, 0)
    assert campaign.quarantined() == set()
