"""Interleavings that break naive designs, one by one."""

import struct

import pytest
import redis

from transitions import (BOUNCED, CANCELLED, CANCELLING, COMPLETED, DEFERRED, DELIVERED, DRAFT,
                         DUPLICATE, EXPIRED, MARKED, PAUSED, PENDING, POSSIBLE_DUPLICATE, RUNNING,
                         S_CANCELLED, SCHEDULED, UNCERTAIN, Campaign, fields, now, row)

A, B = "a" * 32, "b" * 32


@pytest.fixture
def campaign(store):
    one = Campaign(store)
    one.create(hold=1)
    return one


def run(campaign, rows=4, **more):
    campaign.add_chunk(0, [(0, rows, "gmail", 0, more.pop("expires", 0))], **more)
    assert campaign.submit(1)[0] == "ok"


def delivered(*positions, seq=1):
    return [(position, row(DELIVERED, seq=seq)) for position in positions]


def test_create_is_repeated(campaign):
    assert campaign.create(hold=1)[1][0] == b"1"
    assert campaign.create(request=b"x" * 32)[0] == "exists"


def test_chunk_at_two_coordinators(campaign):
    """F12: a repeated chunk does not find its own hashes."""
    status, answer = campaign.add_chunk(0, [(0, 4, "gmail", 0, 0)], rejected=2)
    assert (status, answer[0]) == ("ok", b"0")
    again = campaign.add_chunk(0, [(0, 4, "gmail", 0, 0)], rejected=2)
    assert again == ("ok", [b"1", answer[1], b"answer"])
    assert struct.unpack(">B32s4I", answer[1])[2:] == (4, 0, 2, 1)
    assert campaign.add_chunk(0, [(0, 4, "gmail", 0, 0)], digest=b"x" * 32)[0] == "exists"
    campaign.audit([0])


def test_duplicates_become_rows(campaign):
    campaign.add_chunk(0, [(0, 4, "gmail", 0, 0)], hashes=[1, 2, 3, -4])
    _, answer = campaign.add_chunk(1, [(65536, 3, "gmail", 0, 0), (65537, 1, "other", 0, 0)],
                                   hashes=[-4, 9, 10, 11], doubled=[2])
    assert struct.unpack(">B32s4I", answer[1])[2:4] == (2, 2)
    assert [fields(one)["state"] for one in campaign.rows(65536)] == [DUPLICATE, PENDING, DUPLICATE]
    campaign.audit([0, 65536, 65537])
    assert campaign.store.redis.object("encoding", f"{campaign.key}:dup:1") == b"intset"


def test_refused_duplicates_store_nothing(campaign):
    campaign.add_chunk(0, [(0, 2, "gmail", 0, 0)], hashes=[1, 2])
    before = campaign.store.redis.dbsize()
    for more in ({"hashes": [5, 2]}, {"hashes": [5, 6], "doubled": [1]}):
        assert campaign.add_chunk(1, [(65536, 2, "gmail", 0, 0)], refuses=True, **more)[0] == "double"
    assert campaign.store.redis.dbsize() == before
    assert campaign.add_chunk(1, [(65536, 2, "gmail", 0, 0)], refuses=True, hashes=[5, 6])[0] == "ok"


def test_all_duplicates_leave_no_open_batch(campaign):
    campaign.add_chunk(0, [(0, 2, "gmail", 0, 0)], hashes=[1, 2])
    campaign.add_chunk(1, [(65536, 2, "gmail", 0, 0)], hashes=[2, 1])
    campaign.audit([0, 65536])
    assert campaign.header()["open"] == b"1"


def test_at_most_63_providers_are_named(campaign):
    batches = [(nth, 1, f"p{nth}", 0, 0) for nth in range(70)]
    campaign.add_chunk(0, batches)
    names = {name.split(":")[1] for name in campaign.header() if name.startswith("s:")}
    assert len(names) == 64 and "other" in names
    campaign.audit(range(70))


def test_a_batch_knows_its_domain(campaign):
    """It is counted with the others all the same."""
    campaign.add_chunk(0, [(0, 2, "other", 0, 0, "slow.test"), (1, 1, "gmail", 0, 0)])
    assert campaign.store.redis.hget(f"{campaign.key}:0:h", "g") == b"slow.test"
    assert not campaign.store.redis.hexists(f"{campaign.key}:1:h", "g")
    assert {name.split(":")[1] for name in campaign.header() if name.startswith("s:")} == {
        "other", "gmail"}
    campaign.audit(range(2))


def test_chunk_after_submit(campaign):
    run(campaign)
    assert campaign.add_chunk(1, [(65536, 4, "gmail", 0, 0)])[0] == "state"
    assert campaign.add_chunk(0, [(0, 4, "gmail", 0, 0)])[1][0] == b"1"


def test_submit(campaign):
    campaign.add_chunk(0, [(0, 4, "gmail", 0, 0)])
    assert campaign.submit(2)[0] == "stale"
    assert int(campaign.header()["state"]) == DRAFT
    assert campaign.submit(1)[0] == "ok"
    assert campaign.submit(1)[0] == "ok"
    assert campaign.submit(1, digest=b"x" * 32)[0] == "state"
    assert len(campaign.entries()) == 1


def test_submit_without_rows_completes(campaign):
    campaign.submit(0)
    assert int(campaign.header()["state"]) == COMPLETED
    assert [entry["s"] for _, entry in campaign.entries()] == [b"3", b"7"]


def test_schedule_and_start(campaign):
    campaign.add_chunk(0, [(0, 4, "gmail", 0, 0)])
    campaign.submit(1, scheduled=(now() + 1000) * 1000)
    assert int(campaign.header()["state"]) == SCHEDULED
    assert campaign.start()[0] == "state"
    assert campaign.claim(0, A)[0] == "state"
    assert campaign.control("pause")[0] == "ok"
    campaign.control("resume")
    assert int(campaign.header()["state"]) == SCHEDULED
    campaign.store.redis.hset(campaign.key, "scheduled", (now() - 1) * 1000)
    assert campaign.start()[0] == "ok"
    assert campaign.start()[0] == "ok"
    assert int(campaign.header()["state"]) == RUNNING


def test_double_offer_has_one_winner(campaign):
    """F4: an unclaimed offer costs nothing; F23: a lost claim answer is repeated."""
    run(campaign)
    _, answer = campaign.claim(0, A)
    assert campaign.claim(0, B) == ("taken", [])
    assert campaign.claim(0, A)[1][0] == answer[0]
    campaign.audit([0])


def test_equal_epochs_do_not_look_alike(campaign):
    """F2: a failover forgets a grant and repeats its epoch; the session tells them apart."""
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    campaign.store.redis.hset(f"{campaign.key}:0:h", "s", B)
    assert campaign.flush(0, A, epoch, 1, delivered(0))[0] == "stale"
    assert campaign.mark(0, A, epoch, [0])[0] == "stale"


def test_repeated_flush_counts_once(campaign):
    """F11."""
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    for _ in range(3):
        assert campaign.flush(0, A, epoch, 1, delivered(0, 2))[0] == "ok"
    assert campaign.header()["o2"] == b"2"
    assert campaign.flush(0, A, epoch, 3, delivered(1))[0] == "stale"
    assert sum(entry["v"] == b"1r" for _, entry in campaign.entries()) == 1
    campaign.audit([0])


def test_repeated_finish_completes_once(campaign):
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    for _ in range(3):
        assert campaign.flush(0, A, epoch, 1, delivered(0, 1, 2, 3), finishes=True)[0] == "ok"
    assert [entry["s"] for _, entry in campaign.entries() if entry["v"] == b"1s"] == [b"3", b"7"]
    campaign.audit([0])


def test_flush_after_reclaim_is_refused(campaign):
    """A suspended worker wakes: its marks are UNCERTAIN, its flush is refused."""
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    assert campaign.mark(0, A, epoch, [1, 3])[0] == "ok"
    assert campaign.reclaim(0, B)[0] == "stale"
    assert campaign.reclaim(0, A) == ("ok", [b"2", b"3", b"0", b"0", b"0"])
    assert campaign.reclaim(0, A)[0] == "stale"
    assert campaign.flush(0, A, epoch, 1, delivered(1))[0] == "stale"
    assert [fields(one)["state"] for one in campaign.rows(0)] == [PENDING, UNCERTAIN] * 2
    assert campaign.batch(0)["d"] == b"1"
    entry = campaign.entries()[-1][1]
    assert entry["e"] == b"0" and len(entry["r"]) == 36
    campaign.audit([0])


def test_reclaim_of_resend_tells_possible_duplicates(store):
    """F8: only rows that were due, and without an event."""
    campaign = Campaign(store)
    campaign.create(hold=0)
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    later = now() + 1000
    campaign.flush(0, A, epoch, 1, [(2, row(DEFERRED, seq=1, due=later))], finishes=True)
    campaign.claim(0, A)
    events = len(campaign.entries())
    assert campaign.reclaim(0, A) == ("ok", [b"3", b"3", b"0", b"0", b"0"])
    flags = [fields(one)["flags"] for one in campaign.rows(0)]
    assert flags == [POSSIBLE_DUPLICATE, POSSIBLE_DUPLICATE, 0, POSSIBLE_DUPLICATE]
    assert len(campaign.entries()) == events
    campaign.audit([0])


def test_deferred_rows_wait(campaign):
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    later = now() + 1000
    changes = delivered(0, 1) + [(2, row(DEFERRED, seq=1, due=later + 50)),
                                 (3, row(DEFERRED, seq=1, due=later))]
    campaign.flush(0, A, epoch, 1, changes, finishes=True)
    assert campaign.store.redis.zscore(f"{campaign.key}:due", "0") == later
    assert campaign.claim(0, A)[0] == "not_due"
    assert campaign.claim(0, A, slack=1100)[0] == "ok"
    campaign.audit([0])


def test_returned_untouched(campaign):
    """Gate and due time change without an event; no attempt is counted."""
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    events = len(campaign.entries())
    changes = [(position, row(PENDING, gate=13)) for position in (3, 0)]
    assert campaign.flush(0, A, epoch, 1, changes, finishes=True)[0] == "ok"
    assert campaign.header()["g13"] == b"2"
    assert len(campaign.entries()) == events
    campaign.audit([0])


def test_mark_is_withdrawn(campaign):
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    for _ in range(2):
        assert campaign.mark(0, A, epoch, [3, 0, 3])[0] == "ok"
    assert [fields(one)["flags"] for one in campaign.rows(0)] == [MARKED, 0, 0, MARKED]
    campaign.flush(0, A, epoch, 1, [(3, row(PENDING))])
    assert campaign.reclaim(0, A)[1][0] == b"1"
    assert [fields(one)["state"] for one in campaign.rows(0)] == [UNCERTAIN] + [PENDING] * 3


@pytest.mark.parametrize("changes", [
    [(4, row(DELIVERED, seq=1))],
    [(0, row(DELIVERED, seq=1)), (0, row(BOUNCED, seq=1))],
    [(0, row(DUPLICATE, seq=1))],
    [(0, row(0, seq=1))],
    [(0, row(DELIVERED))],
    [(0, row(DELIVERED, seq=1)), (1, row(PENDING, gate=200))],
    [(500, row(DELIVERED, seq=1))],
])
def test_wrong_changes_change_nothing(campaign, changes):
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    before = campaign.rows(0)
    assert campaign.flush(0, A, epoch, 1, changes)[0] == "bad"
    assert campaign.rows(0) == before
    campaign.audit([0])


def test_final_rows_stay(campaign):
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    campaign.flush(0, A, epoch, 1, delivered(0))
    assert campaign.flush(0, A, epoch, 2, [(0, row(BOUNCED, seq=2))])[0] == "bad"
    assert campaign.mark(0, A, epoch, [0])[0] == "bad"


def test_uncertain_keeps_the_sealed_part_and_nothing_else(campaign):
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    campaign.flush(0, A, epoch, 1, delivered(0, 1, 2) + [(3, row(UNCERTAIN, seq=1))],
                   finishes=True)
    assert int(campaign.header()["state"]) == COMPLETED
    campaign.audit([0])


def test_a_breaker_pauses_once(campaign):
    run(campaign)
    assert campaign.control("trip", "too many bounces")[0] == "ok"
    header = campaign.header()
    assert (int(header["state"]), header["tripped"]) == (PAUSED, b"too many bounces")
    assert campaign.control("trip", "again")[0] == "state"
    assert campaign.control("resume")[0] == "ok"
    assert campaign.control("trip", "again")[0] == "state"
    header = campaign.header()
    assert (int(header["state"]), header["tripped"]) == (RUNNING, b"too many bounces")
    assert campaign.control("cancel")[0] == "ok"
    assert campaign.control("trip")[0] == "state"


def test_bounces_are_counted_by_class(campaign):
    run(campaign, rows=6)
    session, epoch = A, campaign.claim(0, A)[1][0]
    bounced = [(n, row(BOUNCED, seq=1, reply_class=kind)) for n, kind in enumerate((1, 1, 7, 255))]
    assert campaign.flush(0, session, epoch, 1, bounced + delivered(4))[0] == "ok"
    header = campaign.header()
    assert {name: header[name] for name in header if name[0] == "b" and name[1:].isdigit()} == {
        "b1": b"2", "b7": b"1"}
    # Repeated, it counts nothing twice.
    assert campaign.flush(0, session, epoch, 1, bounced + delivered(4))[0] == "ok"
    assert campaign.header()["b1"] == b"2"
    campaign.audit([0])


def test_pause_resume_cancel(campaign):
    """F18: an offer in flight at a cancel is refused by the claim; the flush tells the worker."""
    run(campaign, rows=2)
    assert campaign.control("pause")[0] == "ok"
    assert campaign.claim(0, A)[0] == "state"
    assert campaign.control("pause")[0] == "ok"
    assert int(campaign.header()["state"]) == PAUSED
    campaign.control("resume")
    epoch = campaign.claim(0, A)[1][0]
    campaign.control("cancel")
    assert int(campaign.header()["state"]) == CANCELLING
    assert campaign.sweep(0, CANCELLED)[0] == "busy"
    assert campaign.flush(0, A, epoch, 1, delivered(0), finishes=True)[1][0] == b"3"
    assert campaign.sweep(0, EXPIRED)[0] == "refused"
    assert campaign.sweep(0, CANCELLED) == ("ok", [b"1", b"6"])
    assert campaign.sweep(0, CANCELLED) == ("ok", [b"0", b"6"])
    assert campaign.control("cancel")[0] == "ok"
    assert campaign.control("resume")[0] == "state"
    assert int(campaign.header()["state"]) == S_CANCELLED
    campaign.audit([0])


def test_hasten_makes_held_rows_due(campaign):
    """What a gate held until a time is due at once; other rows keep theirs; nobody is told."""
    run(campaign)
    later, warmup, suspended = now() + 3000, 12, 15
    epoch = campaign.claim(0, A)[1][0]
    rows = [(0, row(PENDING, gate=warmup, due=later)), (1, row(PENDING, gate=suspended, due=later)),
            (2, row(DEFERRED, attempts=1, seq=1, gate=16, due=later + 9))] + delivered(3)
    assert campaign.hasten(0, warmup)[0] == "busy"
    assert campaign.flush(0, A, epoch, 1, rows, finishes=True)[0] == "ok"
    assert campaign.claim(0, A)[0] == "not_due"
    entries, header = campaign.entries(), campaign.header()
    assert campaign.hasten(0, 1) == ("ok", [b"0", b"3"])
    assert campaign.claim(0, A)[0] == "not_due"
    assert campaign.hasten(0, warmup) == ("ok", [b"1", b"3"])
    dues = [fields(each)["due"] for each in campaign.rows(0)]
    assert abs(dues[0] - now()) < 60 and dues[1:3] == [later, later + 9]
    assert campaign.entries() == entries and campaign.header() == header
    assert campaign.hasten(0, warmup, suspended) == ("ok", [b"1", b"3"])
    assert campaign.claim(0, B)[0] == "ok"
    campaign.audit([0])


def test_cancel_of_a_draft(store):
    empty, full = Campaign(store, 1), Campaign(store, 2)
    empty.create()
    empty.control("cancel")
    assert int(empty.header()["state"]) == S_CANCELLED
    full.create()
    full.add_chunk(0, [(0, 3, "gmail", 0, 0)])
    full.control("cancel")
    assert int(full.header()["state"]) == CANCELLING
    full.sweep(0, CANCELLED)
    assert int(full.header()["state"]) == S_CANCELLED
    full.audit([0])


def test_expiry(campaign):
    """I10: free, paused; a claim refuses."""
    run(campaign, expires=(now() - 1) * 1000)
    assert campaign.claim(0, A)[0] == "expired"
    assert campaign.sweep(0, CANCELLED)[0] == "refused"
    campaign.control("pause")
    assert campaign.sweep(0, EXPIRED) == ("ok", [b"4", b"7"])
    campaign.audit([0])


def test_not_expired_is_not_swept(campaign):
    run(campaign, expires=(now() + 1000) * 1000)
    assert campaign.sweep(0, EXPIRED)[0] == "refused"
    left = int(campaign.claim(0, A)[1][2])
    assert 990_000 < left <= 1_000_000


def test_generation_rises_with_run_id(campaign):
    """F10: places after a failover are never below those before."""
    run(campaign)
    epoch = campaign.claim(0, A)[1][0]
    campaign.flush(0, A, epoch, 1, delivered(0))
    first = [place for place, _ in campaign.entries()]
    campaign.store.run = b"run-2"
    campaign.flush(0, A, epoch, 2, delivered(1))
    campaign.flush(0, A, epoch, 3, delivered(2))
    places = [place for place, _ in campaign.entries()]
    old, new = (int(place.split(b"-")[0]) for place in (first[-1], places[-1]))
    assert new > old and abs(old - now()) < 60
    assert [place.split(b"-")[1] for place in places[-2:]] == [b"1", b"2"]


def test_key_of_another_slot_is_refused(campaign):
    run(campaign)
    keys = campaign.batch_keys(0)
    keys[8] = "hk:{p09}:claimed"
    with pytest.raises(redis.exceptions.ResponseError, match="slot"):
        campaign.store.call("claim", keys, 0, campaign.member(0), A, 0)


# Containers of single messages


def add_messages(campaign, chunk, messages, day=None, batches=None, digest=None):
    batches = batches or [(chunk << 16, len(messages), "gmail", 0, 0)]
    day = now() // 86400 if day is None else day
    keys, arguments = campaign.chunk_parts(chunk, batches, looks_up=False, digest=digest)
    for key_hash, _ in messages:
        keys += [f"{campaign.partition}:idem:{day - i}:{key_hash[0]}" for i in range(4)]
    pairs = [part for message in messages for part in message]
    return campaign.store.call("messages_add", keys, *arguments, day, len(messages), *pairs)


def find_messages(campaign, hashes):
    day = now() // 86400 + 1
    keys = [f"{campaign.partition}:idem:{day - i}:{key_hash[0]}"
            for key_hash in hashes for i in range(5)]
    return campaign.store.call("messages_find", keys, *hashes)[1][0]


def test_messages(store):
    campaign = Campaign(store, 3)
    assert store.call("messages_reserve", [campaign.key])[0] == "gone"
    campaign.create(container=True)
    assert [store.call("messages_reserve", [campaign.key])[1][0] for _ in range(2)] == [b"0", b"1"]
    known, other = (b"k" * 16, b"record"), (b"o" * 16, b"other")
    assert add_messages(campaign, 1, [known, other])[0] == "ok"
    assert add_messages(campaign, 1, [known, other])[1][0] == b"1"
    assert add_messages(campaign, 2, [(b"n" * 16, b"new"), known])[0] == "exists"
    assert find_messages(campaign, [b"n" * 16, known[0]]) == [b"", b"record"]
    wrong = add_messages(campaign, 2, [(b"n" * 16, b"new")], day=now() // 86400 - 1)
    assert wrong == ("day", [b"%d" % (now() // 86400)])
    assert 0 < store.redis.ttl(f"{campaign.partition}:idem:{now() // 86400}:{b'k'[0]}") <= 432000
    campaign.audit([1 << 16])


def test_container_ends_when_closed(store):
    campaign = Campaign(store, 3)
    campaign.create(container=True)
    add_messages(campaign, 0, [(b"k" * 16, b"record")])
    epoch = campaign.claim(0, A)[1][0]
    campaign.flush(0, A, epoch, 1, delivered(0), finishes=True)
    assert int(campaign.header()["state"]) == RUNNING
    assert campaign.start(closes=1)[0] == "ok"
    assert int(campaign.header()["state"]) == COMPLETED
    assert store.call("messages_reserve", [campaign.key])[0] == "state"
    assert add_messages(campaign, 1, [(b"z" * 16, b"record")])[0] == "state"
    campaign.audit([0])


# Leases


def lease(store, what, session, epoch=0, kind=0, seen="", beat=0, key="hk:{p07}:lease"):
    return store.call("lease", [key], what, session, epoch, kind, seen, beat)


def test_lease(store):
    status, (epoch,) = lease(store, "take", A)
    assert status == "ok"
    assert lease(store, "take", A) == ("ok", [epoch])
    assert lease(store, "take", B)[0] == "stale"
    assert lease(store, "renew", A, epoch)[0] == "ok"
    assert lease(store, "renew", B, epoch)[0] == "stale"
    assert lease(store, "take", B, epoch, seen=A, beat=0)[0] == "stale"
    status, (newer,) = lease(store, "take", B, epoch, seen=A, beat=1)
    assert status == "ok" and int(newer) > int(epoch)
    assert lease(store, "renew", A, epoch)[0] == "stale"
    assert lease(store, "release", A, epoch)[0] == "stale"
    assert lease(store, "release", B, newer)[0] == "ok"
    assert lease(store, "renew", B, newer)[0] == "stale"
    assert int(lease(store, "take", A)[1][0]) > int(newer)


def test_session_is_taken_for_good(store):
    key = f"hk:{{s:{A}}}"
    epoch = lease(store, "take", A, kind=1, key=key)[1][0]
    taken = lease(store, "take", B, epoch, kind=1, seen=A, beat=0, key=key)
    assert taken[0] == "ok"
    assert lease(store, "take", B, epoch, kind=1, seen=A, beat=0, key=key) == taken
    assert lease(store, "renew", A, epoch, kind=1, key=key)[0] == "stale"
    assert lease(store, "take", A, kind=1, key=key)[0] == "stale"
    assert lease(store, "renew", B, taken[1][0], kind=1, key=key)[0] == "stale"
    assert 0 < store.redis.ttl(key) <= 86400
