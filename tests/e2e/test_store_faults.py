"""Every cell of the table in docs/store-faults.md: what becomes of each kind of record under each fault
of Redis (I1 to I5)."""

import contextlib
import itertools
import re
import signal
import threading
from pathlib import Path

import pytest
import redis as redis_client
from local.process import wait_until
from fault_rounds import RECORDS, World
from worlds import short_folder

PAGE = Path(__file__).resolve().parents[2] / "docs/store-faults.md"
WORDS = ("kept", "held", "lost")
FILLERS, FILLER_BYTES, LOAD_DELAY_US = 400, 1000, 50000
SLOW_S, VERY_SLOW_S = 3, 20


def read_table():
    """(fault, record) -> word, from the page itself."""
    lines = PAGE.read_text().splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("| fault |"))
    records = [cell.strip() for cell in lines[head].strip("|").split("|")][1:]
    cells = {}
    for line in itertools.takewhile(lambda line: line.startswith("|"), lines[head + 2:]):
        first, *words = [cell.strip() for cell in line.strip("|").split("|")]
        name = re.match(r"`(\w+)`", first).group(1)
        assert len(words) == len(records), line
        cells.update({(name, record): word for record, word in zip(records, words)})
    return cells


CELLS = read_table()


# ---------------------------------------------------------------- faults that last


@contextlib.contextmanager
def away(world):
    world.redis.process.kill()
    yield
    world.redis.start()


@contextlib.contextmanager
def slow(world):
    world.redis.process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        world.redis.process.signal(signal.SIGCONT)


@contextlib.contextmanager
def loading(world):
    """It reads so slowly what it had stored that everybody meets it in the midst of that."""
    client = world.redis.client()
    for number in range(FILLERS):
        client.set(f"filler:{number}", b"x" * FILLER_BYTES)
    client.bgrewriteaof()
    wait_until("the file is rewritten", lambda: not any(
        client.info("persistence")[f"aof_rewrite_{state}"] for state in ("in_progress", "scheduled")))
    world.redis.process.kill()
    configuration = world.redis.configuration
    before = configuration.read_text()
    configuration.write_text(f"{before}key-load-delay {LOAD_DELAY_US}\n"
                             "loading-process-events-interval-bytes 1024\n")
    world.redis.start()
    try:
        with pytest.raises(redis_client.BusyLoadingError):
            world.redis.client().get("filler:0")
        yield
        with pytest.raises(redis_client.BusyLoadingError):
            world.redis.client().get("filler:0")
    finally:
        configuration.write_text(before)
    world.redis.client().config_set("key-load-delay", 0)
    wait_until("it is loaded", lambda: world.glance(lambda client: client.get("filler:0")))
    world.redis.client().delete(*(f"filler:{number}" for number in range(FILLERS)))


@contextlib.contextmanager
def busy(world):
    """Somebody's script runs on and on."""
    client = world.redis.client()
    client.config_set("busy-reply-threshold", 50)

    def run():
        with contextlib.suppress(redis_client.RedisError):
            world.redis.client().eval("while true do end", 0)
    endless = threading.Thread(target=run, daemon=True)
    endless.start()

    def is_busy():
        try:
            return not client.ping()
        except redis_client.ResponseError as error:
            return "BUSY" in str(error)
    wait_until("it answers BUSY", is_busy)
    try:
        yield
        assert is_busy()
    finally:
        client.execute_command("SCRIPT", "KILL")
        endless.join(30)


@contextlib.contextmanager
def readonly(world):
    client = world.redis.client()
    client.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        client.execute_command("REPLICAOF", "NO", "ONE")


@contextlib.contextmanager
def full(world):
    client = world.redis.client()
    before = client.config_get("maxmemory")["maxmemory"]
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", before)


LASTING = {"away": away, "slow": slow, "loading": loading, "busy": busy, "readonly": readonly,
           "full": full}


class Lasting:
    def __init__(self, name, title=None):
        self.name = title or name
        self._fault = LASTING[name]

    def __call__(self, world):
        return self._fault(world)


def observe_lasting(world, name):
    expected = {record: CELLS[name, record] for record in RECORDS}
    stays = {"stays_s": SLOW_S} if name == "slow" else {}
    return world.meet_lasting(Lasting(name), expected, **stays)


# ---------------------------------------------------------------- faults that strike once


def observe_killed(world, name):
    def strike():
        world.redis.process.kill()
        world.redis.start()
    words, cursor = world.meet_after(name, strike)
    world.finish()
    assert world.is_told(cursor)
    return words


def observe_cut(world, name):
    return world.meet_cut({"answer_cut": "cut_answer", "request_cut": "cut_request"}[name])


def kill_primary(world):
    old = world.redis.primary()
    old.process.kill()
    wait_until("another is chosen", lambda: world.redis.primary() is not old)
    wait_until("it takes writes", lambda: world.glance(
        lambda client: client.info("replication")["role"] == "master"))


def observe_replicated(world, name):
    words, cursor = world.meet_after(name, lambda: kill_primary(world))
    world.finish()
    assert world.is_told(cursor)
    return words


def cut_off_replicas(world):
    """They hear nothing more of the primary, and do not come back to it."""
    primary = world.redis.primary()
    for server in world.redis.servers:
        if server is not primary:
            client = server.client()
            client.config_set("masterauth", "wrong")
            client.execute_command("CLIENT", "KILL", "TYPE", "master")
    wait_until("they are cut off", lambda: primary.client().info("replication")[
        "connected_slaves"] == 0)


def observe_disk(world, name):
    words, cursor = world.meet_after(name, lambda: kill_primary(world),
                                     before=lambda: cut_off_replicas(world))
    world.open_gates()
    process = world.late.process
    wait_until("the worker whose session is not known ends", lambda: not process.is_alive())
    assert process.child.returncode == 1, process.tail()
    assert "session.lost" in [event["event"] for event in world.late.log()]
    world.late.start()
    world.finish()
    assert world.is_told(cursor)
    return words


# ---------------------------------------------------------------- the cells

PLAIN = {**dict.fromkeys(LASTING, observe_lasting), "killed": observe_killed,
         "answer_cut": observe_cut, "request_cut": observe_cut}
FAILOVERS = {
    "failover_replicated": (observe_replicated, {"group": {}, "durability": {
        "durability": "replicated", "durability_replicas": 1}}),
    "failover_disk": (observe_disk, {"group": {"replicas": 1, "settings": {
        "min-replicas-to-write": "0"}}}),
}
FAULTS = [*PLAIN, *FAILOVERS]


@pytest.fixture(scope="module")
def observe(build):
    """fault -> {record: word}; each fault is met once, and what fails then fails all its cells."""
    met = {}
    with contextlib.ExitStack() as stack:
        worlds = {}

        def world_of(name):
            if name in FAILOVERS:
                return open_world(stack, build, **FAILOVERS[name][1])
            if "plain" not in worlds:
                worlds["plain"] = open_world(stack, build)
            return worlds["plain"]

        def meet(name):
            if name not in met:
                met[name] = None
                observe_it = PLAIN.get(name) or FAILOVERS[name][0]
                met[name] = observe_it(world_of(name), name)
            assert met[name] is not None, "the round did not come to its end: see its first cell"
            return met[name]
        meet.world_of = world_of
        yield meet


def open_world(stack, build, **settings):
    folder = stack.enter_context(short_folder())
    world = World(folder, build, **settings)
    stack.callback(world.stop)
    return world.start()


def test_the_page_has_just_these_cells():
    assert set(CELLS) == set(itertools.product(FAULTS, RECORDS))
    assert set(CELLS.values()) <= set(WORDS)


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_becomes_of_it(observe, fault, record):
    assert observe(fault)[record] == CELLS[fault, record]


@pytest.mark.soak
def test_redis_stands_still_for_20_s(observe):
    """Longer than T_stop, the timeout of an answer, and what takes a session over elsewhere."""
    expected = {record: CELLS["slow", record] for record in RECORDS}
    world = observe.world_of("slow")
    assert world.meet_lasting(Lasting("slow", "very-slow"), expected,
                              stays_s=VERY_SLOW_S) == expected
