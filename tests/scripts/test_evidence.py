"""Doubt: how it arises, what evidence and decisions make of it (F6, F7, F8, I4)."""

import pytest

from transitions import (AS_BOUNCED, ASSUME_DELIVERED, BOUNCED, BY_RULE, COMPLETED, DEFERRED,
                         DELIVERED, DOUBLED, DUPLICATE, EXPIRED, LATE, LATE_BOUNCED, MARKED, PENDING,
                         POSSIBLE_DUPLICATE, RESEND, RESOLVE_S, RESOLVED, RUNNING, UNCERTAIN, Campaign,
                         fields, now, row)

A, B = "a" * 32, "b" * 32


def started(store, nth=1, rows=4, **more):
    campaign = Campaign(store, nth)
    expires = more.pop("expires", 0)
    campaign.create(**more)
    campaign.add_chunk(0, [(0, rows, "gmail", 0, expires)])
    assert campaign.submit(1)[0] == "ok"
    return campaign


def in_doubt(store, positions=(0, 1, 2, 3), rows=4, **more):
    """A HOLD campaign whose worker died behind the dots. @return campaign, epoch"""
    campaign = started(store, rows=rows, hold=1, **more)
    epoch = campaign.claim(0, A)[1][0]
    assert campaign.mark(0, A, epoch, positions)[0] == "ok"
    assert campaign.reclaim(0, A)[1][0] == b"%d" % len(positions)
    return campaign, epoch


def delivered(*positions, seq=1, flags=0):
    return [(position, row(DELIVERED, attempts=1, seq=seq, flags=flags)) for position in positions]


def states(campaign):
    return [fields(one)["state"] for one in campaign.rows(0)]


def test_doubt_is_indexed_until_it_ends(store):
    campaign, epoch = in_doubt(store)
    index = f"{campaign.partition}:doubt"
    assert abs(store.redis.zscore(index, campaign.member(0)) - now() - RESOLVE_S) < 5
    assert int(campaign.header()["state"]) == COMPLETED
    campaign.audit([0])
    campaign.evidence(0, epoch, delivered(0, 1, 2))
    assert store.redis.zscore(index, campaign.member(0)) is not None
    campaign.evidence(0, epoch, delivered(3))
    assert store.redis.zscore(index, campaign.member(0)) is None
    campaign.audit([0])


def test_flush_of_doubt_is_indexed_too(store):
    campaign = started(store)
    epoch = campaign.claim(0, A)[1][0]
    campaign.flush(0, A, epoch, 1, [(2, row(UNCERTAIN, seq=1))])
    campaign.audit([0])
    campaign.flush(0, A, epoch, 2, delivered(0, 1, 3), finishes=True)
    campaign.audit([0])


def test_evidence_of_a_refused_flush(store):
    """F6: the worker was cut off and knows."""
    campaign, epoch = in_doubt(store)
    changes = delivered(0) + [(1, row(BOUNCED, attempts=1, seq=1))]
    assert campaign.flush(0, A, epoch, 1, changes)[0] == "stale"
    assert campaign.evidence(0, epoch, changes) == ("ok", [b"2", b"7"])
    assert states(campaign) == [DELIVERED, BOUNCED, UNCERTAIN, UNCERTAIN]
    first = fields(campaign.rows(0)[0])
    assert (first["flags"], first["seq"], first["due"], first["attempts"]) == (LATE, 2, 0, 1)
    entry = campaign.entries()[-1][1]
    assert entry["e"] == b"0" and len(entry["r"]) == 36 and entry["d"] == b"details"
    assert "why" not in entry
    before = campaign.rows(0), len(campaign.entries())
    for _ in range(2):
        assert campaign.evidence(0, epoch, changes) == ("ok", [b"0", b"7"])
    assert (campaign.rows(0), len(campaign.entries())) == before
    assert "doubled" not in campaign.header()
    campaign.audit([0])


def test_evidence_spares_a_second_sending(store):
    """RESEND: the row would go out again; what is known keeps it."""
    campaign = started(store)
    epoch = campaign.claim(0, A)[1][0]
    campaign.reclaim(0, A)
    campaign.evidence(0, epoch, delivered(0, 1, 2))
    campaign.audit([0])
    assert int(campaign.header()["state"]) == RUNNING
    campaign.evidence(0, epoch, delivered(3))
    assert int(campaign.header()["state"]) == COMPLETED
    assert campaign.claim(0, B)[0] == "state"
    campaign.audit([0])


def test_double_delivery_is_told_once(store):
    """I4: no double is untold, and none is told that was not."""
    campaign = started(store)
    old = campaign.claim(0, A)[1][0]
    campaign.reclaim(0, A)
    new = campaign.claim(0, B)[1][0]
    campaign.flush(0, B, new, 1, delivered(0, 1, flags=POSSIBLE_DUPLICATE))
    assert campaign.evidence(0, old, delivered(0))[1][0] == b"1"
    assert campaign.evidence(0, old, delivered(0))[1][0] == b"0"
    assert campaign.header()["doubled"] == b"1"
    assert fields(campaign.rows(0)[0]) == {
        "state": DELIVERED, "flags": LATE | POSSIBLE_DUPLICATE | DOUBLED, "attempts": 1, "gate": 0,
        "seq": 2, "due": 0, "deaths": 0}
    # Redis came back with another run_id: both repeat what they know.
    campaign.evidence(0, new, delivered(0, 1, flags=POSSIBLE_DUPLICATE))
    campaign.evidence(0, old, delivered(0))
    assert campaign.header()["doubled"] == b"1"
    campaign.flush(0, B, new, 2, delivered(2, 3), finishes=True)
    campaign.evidence(0, new, delivered(0, 1, 2, flags=POSSIBLE_DUPLICATE))
    assert campaign.header()["doubled"] == b"1"
    campaign.audit([0])


def test_evidence_overtakes_the_next_holder(store):
    """The next holder has the row in hand: its own outcome is a double, or no news."""
    campaign = started(store)
    old = campaign.claim(0, A)[1][0]
    campaign.reclaim(0, A)
    new = campaign.claim(0, B)[1][0]
    campaign.evidence(0, old, delivered(0, 1, 2))
    campaign.audit([0])
    changes = delivered(0, 3, flags=POSSIBLE_DUPLICATE) + [
        (1, row(DEFERRED, seq=1, due=now() + 9)), (2, row(PENDING, gate=13))]
    for _ in range(2):
        assert campaign.flush(0, B, new, 1, changes, finishes=True)[0] == "ok"
    assert states(campaign) == [DELIVERED] * 4
    assert [fields(one)["flags"] & DOUBLED for one in campaign.rows(0)] == [DOUBLED, 0, 0, 0]
    assert campaign.header()["doubled"] == b"1"
    assert campaign.evidence(0, new, delivered(0))[1][0] == b"0"
    assert int(campaign.header()["state"]) == COMPLETED
    campaign.audit([0])


def test_delivery_beats_a_late_bounce(store):
    campaign = started(store)
    old = campaign.claim(0, A)[1][0]
    campaign.reclaim(0, A)
    new = campaign.claim(0, B)[1][0]
    campaign.evidence(0, old, [(0, row(BOUNCED, seq=1))])
    campaign.flush(0, B, new, 1, delivered(0, flags=POSSIBLE_DUPLICATE))
    assert states(campaign)[0] == DELIVERED
    assert fields(campaign.rows(0)[0])["seq"] == 2
    campaign.audit([0])


def test_what_evidence_ended_is_not_marked(store):
    """HOLD, and a mark that a failover forgot: evidence comes while the next holder works."""
    campaign = started(store, hold=1)
    old = campaign.claim(0, A)[1][0]
    campaign.reclaim(0, A)
    new = campaign.claim(0, B)[1][0]
    campaign.evidence(0, old, delivered(1))
    status, answer = campaign.mark(0, B, new, [0, 1, 2])
    assert status == "ok" and answer[2] == b"\0\1"
    assert [fields(one)["flags"] & MARKED for one in campaign.rows(0)] == [MARKED, 0, MARKED, 0]
    assert campaign.flush(0, B, new, 1, [(1, row(PENDING))] + delivered(0, 2, 3),
                          finishes=True)[0] == "ok"
    campaign.audit([0])


def test_a_flush_that_redis_forgot_heals(store):
    """F9: the claim is known, its flush is not; the worker repeats it as evidence."""
    campaign = started(store)
    epoch = campaign.claim(0, A)[1][0]
    assert campaign.evidence(0, epoch, delivered(0, 1)) == ("ok", [b"2", b"3"])
    assert states(campaign) == [DELIVERED, DELIVERED, PENDING, PENDING]
    assert "doubled" not in campaign.header()
    campaign.audit([0])


def forgets(campaign, store, act):
    """What a failover to a replica forgets that had not heard of it."""
    keys = campaign.batch_keys(0)
    before = {key: store.redis.dump(key) for key in keys}
    result = act()
    for key, dumped in before.items():
        store.redis.delete(key)
        if dumped is not None:
            store.redis.restore(key, 0, dumped)
    return result


@pytest.mark.parametrize("hold", [0, 1])
def test_a_double_behind_a_forgotten_claim_is_told(store, hold):
    """Both tries wrote the same bytes: that the store knows no flush of the first one tells them apart."""
    campaign = started(store, hold=hold)

    def first_try():
        epoch = campaign.claim(0, A)[1][0]
        campaign.mark(0, A, epoch, [0, 1])
        return epoch

    old = forgets(campaign, store, first_try)
    new = campaign.claim(0, B)[1][0]
    assert new != old
    campaign.flush(0, B, new, 1, delivered(0, 2, 3))
    assert campaign.flush(0, A, old, 1, delivered(0, 1))[0] == "stale"
    assert campaign.evidence(0, old, delivered(0, 1))[1][0] == b"2"
    assert [fields(one)["flags"] & DOUBLED for one in campaign.rows(0)] == [DOUBLED, 0, 0, 0]
    assert campaign.header()["doubled"] == b"1"
    campaign.audit([0])


def test_flushes_of_the_last_claims_are_known(store):
    """Claims one after the other: what each repeats is no double, for it did flush."""
    campaign = started(store, rows=6)
    claims = []
    for nth in range(4):
        epoch = campaign.claim(0, A, ask=nth)[1][0]
        claims.append((epoch, delivered(nth)))
        campaign.flush(0, A, epoch, 1, delivered(nth), finishes=True)
    for epoch, changes in claims:
        assert campaign.evidence(0, epoch, changes)[1][0] == b"0"
    assert "doubled" not in campaign.header()
    assert len(campaign.batch(0)["w"]) <= 60
    campaign.audit([0])


@pytest.mark.parametrize("changes", [
    [(4, row(DELIVERED))], [(0, row(DEFERRED))], [(0, row(UNCERTAIN))],
    [(0, row(DELIVERED)), (0, row(DELIVERED))],
])
def test_wrong_evidence_changes_nothing(store, changes):
    campaign, epoch = in_doubt(store)
    before = campaign.rows(0)
    assert campaign.evidence(0, epoch, changes)[0] == "bad"
    assert campaign.rows(0) == before


def test_evidence_leaves_later_truth_and_duplicates(store):
    campaign = Campaign(store)
    campaign.create()
    campaign.add_chunk(0, [(0, 2, "gmail", 0, 0)], hashes=[1, 2])
    campaign.add_chunk(1, [(65536, 2, "gmail", 0, 0)], hashes=[2, 3])
    campaign.submit(2)
    assert fields(campaign.rows(65536)[0])["state"] == DUPLICATE
    assert campaign.evidence(65536, b"7", delivered(0))[0] == "bad"
    store.redis.setrange(f"{campaign.key}:0:r", 0, bytes([LATE_BOUNCED]))
    assert campaign.evidence(0, b"7", delivered(0))[1][0] == b"0"
    assert Campaign(store, 2).evidence(0, b"7", delivered(0))[0] == "gone"


# Decisions


def test_assume_delivered_and_bounce(store):
    campaign, _ = in_doubt(store)
    assert campaign.resolve(0, ASSUME_DELIVERED, [0]) == ("ok", [b"1", b"7"])
    assert campaign.resolve(0, AS_BOUNCED, [1, 2]) == ("ok", [b"2", b"7"])
    assert campaign.resolve(0, ASSUME_DELIVERED, [0, 1]) == ("ok", [b"0", b"7"])
    assert states(campaign) == [DELIVERED, BOUNCED, BOUNCED, UNCERTAIN]
    assert fields(campaign.rows(0)[0]) == {"state": DELIVERED, "flags": RESOLVED, "attempts": 0,
                                           "gate": 0, "seq": 2, "due": 0, "deaths": 0}
    assert campaign.entries()[-1][1]["why"] == b"by hand"
    campaign.audit([0])
    campaign.resolve(0, ASSUME_DELIVERED)
    campaign.audit([0])


def test_resend_reopens_a_completed_campaign(store):
    campaign, old = in_doubt(store)
    assert int(campaign.header()["state"]) == COMPLETED
    assert campaign.resolve(0, RESEND, [1, 2]) == ("ok", [b"2", b"3"])
    second = fields(campaign.rows(0)[1])
    assert (second["state"], second["flags"], second["gate"]) == (DEFERRED, POSSIBLE_DUPLICATE, 16)
    assert abs(second["due"] - now()) < 5
    campaign.audit([0])
    status, answer = campaign.claim(0, B)
    assert status == "ok"
    assert campaign.flush(0, B, answer[0], 1, delivered(1, 2, seq=3, flags=POSSIBLE_DUPLICATE),
                          finishes=True)[0] == "ok"
    assert int(campaign.header()["state"]) == COMPLETED
    campaign.audit([0])
    assert campaign.evidence(0, old, delivered(1))[1][0] == b"1"
    assert campaign.header()["doubled"] == b"1"
    told = [int(entry["s"]) for _, entry in campaign.entries() if entry["v"] == b"1s"]
    assert told == [RUNNING, COMPLETED, RUNNING, COMPLETED]
    campaign.audit([0])


def test_resend_while_another_holds_the_batch(store):
    campaign, _ = in_doubt(store, positions=[0, 1])
    new = campaign.claim(0, B)[1][0]
    assert campaign.resolve(0, RESEND)[1][0] == b"2"
    campaign.audit([0])
    campaign.flush(0, B, new, 1, delivered(2, 3), finishes=True)
    assert campaign.store.redis.zscore(f"{campaign.key}:due", "0") <= now()
    campaign.audit([0])


def test_an_assumption_yields_to_evidence(store):
    """An assumed delivery is none that was seen: the same try's reply is no double."""
    campaign, epoch = in_doubt(store)
    campaign.resolve(0, ASSUME_DELIVERED)
    campaign.evidence(0, epoch, delivered(0) + [(1, row(BOUNCED, seq=1))])
    assert states(campaign) == [DELIVERED, BOUNCED, DELIVERED, DELIVERED]
    assert [fields(one)["flags"] for one in campaign.rows(0)] == [LATE, LATE, RESOLVED, RESOLVED]
    assert "doubled" not in campaign.header()
    campaign.audit([0])


def test_the_rule_waits_for_its_time(store):
    campaign, _ = in_doubt(store, positions=[0, 1], resolve_as=AS_BOUNCED)
    assert campaign.resolve(0, BY_RULE)[1][0] == b"0"
    store.redis.setrange(f"{campaign.key}:0:r", 12, (now() - 1).to_bytes(4, "big"))
    assert campaign.resolve(0, BY_RULE, why="resolve_after_s")[1][0] == b"1"
    assert states(campaign) == [BOUNCED, UNCERTAIN, PENDING, PENDING]
    campaign.audit([0])


@pytest.mark.parametrize("cancels", [True, False])
def test_too_late_to_send_again(store, cancels):
    """A person is refused; the rule assumes delivery."""
    campaign, _ = in_doubt(store, resolve_as=RESEND, resolve_s=0)
    if cancels:
        store.redis.hset(campaign.key, "word", 3)
    else:
        store.redis.hset(campaign.key, "expires", (now() - 1) * 1000)
    assert campaign.resolve(0, RESEND)[0] == ("state" if cancels else "expired")
    assert campaign.resolve(0, BY_RULE)[1][0] == b"4"
    assert states(campaign) == [DELIVERED] * 4
    assert b"too late" in campaign.entries()[-1][1]["why"]
    assert campaign.resolve(0, ASSUME_DELIVERED, [4])[0] == "bad"


def test_a_batch_that_is_gone_leaves_the_index(store):
    campaign, _ = in_doubt(store)
    store.redis.delete(f"{campaign.key}:0:h")
    assert campaign.resolve(0, BY_RULE)[0] == "gone"
    assert store.redis.zcard(f"{campaign.partition}:doubt") == 0


def test_expired_rows_take_evidence(store):
    campaign = started(store, expires=(now() + 100) * 1000)
    epoch = campaign.claim(0, A)[1][0]
    campaign.reclaim(0, A)
    store.redis.hset(f"{campaign.key}:0:h", "x", (now() - 1) * 1000)
    campaign.sweep(0, EXPIRED)
    assert states(campaign) == [EXPIRED] * 4
    campaign.evidence(0, epoch, delivered(2))
    assert states(campaign) == [EXPIRED, EXPIRED, DELIVERED, EXPIRED]
    campaign.audit([0])


def test_a_drained_session_is_no_death(store):
    campaign = started(store)
    campaign.claim(0, A)
    campaign.reclaim(0, A, died=False)
    assert campaign.batch(0)["d"] == b"0"
    campaign.claim(0, B)
    campaign.reclaim(0, B)
    assert campaign.batch(0)["d"] == b"1"
