"""Shared limits: several sessions ask for the same one, and die; in no window more than it says."""

import random
import time

import pytest

KEY = "hk:{pool:mkt}:tok"
TRANSACTIONAL, BULK = 1, 2


class Asker:
    """A coordinator as fleet/tokens.c speaks for it: what it has on its way, what ended."""

    def __init__(self, store, name, window_ms=1000, most=100, most_of_lane=None):
        self.store, self.name, self.window_ms, self.most = store, name, window_ms, most
        self.most_of_lane = most_of_lane or most
        self.on_way, self.ended = [0, 0], [0, 0]

    def ask(self, rows, lane=BULK):
        """True: granted; else how long to wait, in ms."""
        status, rest = self.store.call("tokens", [KEY], self.name, lane, rows, self.window_ms,
                                       self.most, self.most_of_lane, *self.on_way, *self.ended)
        self.ended = [0, 0]
        if status == "ok":
            self.on_way[lane - 1] += rows
            return True
        assert status == "full"
        return int(rest[0])

    def settle(self, rows, sent, lane=BULK):
        self.on_way[lane - 1] -= rows
        self.ended[lane - 1] += sent

    def tell(self):
        assert self.ask(0) is True


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_on_its_way_counts_until_a_window_after_its_end(store):
    a, b = Asker(store, "a" * 32), Asker(store, "b" * 32)
    assert a.ask(60) is True
    assert b.ask(50) == 0  # full; nobody knows until when
    assert b.ask(40) is True
    time.sleep(1.1)
    assert b.ask(1) == 0  # still on its way
    a.settle(60, 60)
    a.tell()
    wait = b.ask(1)
    assert 0 < wait <= 1100
    ended = time.monotonic()
    wait_for(lambda: b.ask(60) is True)
    assert time.monotonic() - ended > 0.5  # of the second; the rest may be the machine's


def test_what_came_back_untouched_is_free_at_once(store):
    a, b = Asker(store, "a" * 32, 60000), Asker(store, "b" * 32, 60000)
    assert a.ask(100) is True
    assert b.ask(10) == 0
    a.settle(100, 30)
    a.tell()
    assert b.ask(70) is True
    assert 0 < b.ask(1) <= 60100


def test_lanes_leave_each_other_a_part(store):
    a = Asker(store, "a" * 32, 60000, 100, 90)
    assert a.ask(90, BULK) is True
    assert a.ask(1, BULK) == 0
    assert a.ask(10, TRANSACTIONAL) is True
    assert a.ask(1, TRANSACTIONAL) == 0


def test_more_than_the_limit_goes_alone(store):
    a, b = Asker(store, "a" * 32, 60000, 10), Asker(store, "b" * 32, 60000, 10)
    assert a.ask(500) is True
    assert b.ask(1) == 0
    a.settle(500, 500)
    a.tell()
    assert b.ask(1) > 0


def test_a_dead_session_is_forgotten(store):
    a, b = Asker(store, "a" * 32), Asker(store, "b" * 32)
    assert a.ask(100) is True
    # As if it had been silent for longer than it is held, and a window more.
    seconds = store.redis.time()[0]
    store.redis.hset(KEY, "o" + "a" * 32, "0 100 %d" % ((seconds - 80) * 1000))
    assert b.ask(1) == 0
    store.redis.hset(KEY, "o" + "a" * 32, "0 100 %d" % ((seconds - 92) * 1000))
    assert b.ask(100) is True
    assert set(store.hash_of(KEY)) == {"v", "o" + "b" * 32}
    assert 0 < store.redis.ttl(KEY) < 120


def test_another_format_is_refused(store):
    store.redis.hset(KEY, mapping={"v": "2"})
    with pytest.raises(AssertionError):
        Asker(store, "a" * 32).ask(1)
    assert store.hash_of(KEY) == {"v": b"2"}


def test_never_more_than_the_limit_in_any_window(store):
    """Three sessions, one of which dies and is replaced; mail is sent somewhere between the grant
    and its end, and counted when it is sent."""
    random.seed(7)
    window_s, most = 0.5, 40
    askers = [Asker(store, str(n) * 32, int(window_s * 1000), most) for n in range(3)]
    open_charges, sent = [], []
    end = time.monotonic() + 3
    while time.monotonic() < end:
        asker = random.choice(askers)
        rows = random.randint(1, 12)
        if asker.ask(rows) is True:
            open_charges.append([asker, rows, 0])
        for charge in open_charges[:]:
            owner, rows, done = charge
            if random.random() < 0.5 and done < rows:
                sent.append(time.monotonic())
                charge[2] += 1
            elif random.random() < 0.2:
                owner.settle(rows, done)
                open_charges.remove(charge)
    assert len(sent) > most
    for first, moment in enumerate(sent):
        in_window = sum(1 for later in sent[first:] if later < moment + window_s)
        assert in_window <= most
