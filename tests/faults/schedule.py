"""Which fault strikes what, when and how long: all of it from the seed, before anything runs."""

import random
from dataclasses import dataclass, field

# The transitions whose answers are cut or late, by the names of their scripts.
SCRIPTS = ("add_chunk.v1", "claim.v1", "flush.v1", "flush.v1", "lease.v1", "mark.v1", "mark.v1",
           "messages_add.v1", "reclaim.v1", "submit.v1", "")

# kind -> share.
NODE_KINDS = {
    "worker_kill": 14, "worker_stop": 11, "worker_term": 6,
    "coordinator_kill": 8, "coordinator_stop": 7, "coordinator_term": 4,
    "bus_partition": 4, "sink_reset": 3, "sink_stop": 3,
}
# A recipient whose content kills the worker that composes for it (builds with traps).
TRAP_KINDS = {"poison_recipient": 2}
# In network namespaces; without them the links are frozen at the proxy.
NET_KINDS = {"net_cut": 7, "net_deaf": 5, "net_mute": 5, "net_slow": 2}
# One Redis behind the proxy.
ONE_KINDS = {
    "redis_kill": 5, "redis_stop": 5, "redis_slow": 4, "redis_loading": 3, "redis_busy": 4,
    "redis_readonly": 3, "redis_full": 3, "redis_lonely": 2, "redis_hangup": 3,
    "answer_cut": 14, "answer_half": 4, "answer_late": 6, "request_cut": 6, "store_partition": 4,
    "store_lag": 3,
}
# A primary, two replicas and three sentinels. One server at a time, so these are fewer.
GROUP_KINDS = {
    "redis_kill": 10, "redis_stop": 8, "redis_failover": 5, "redis_replica_kill": 4,
    "redis_replica_stop": 4, "redis_sentinel_kill": 4, "redis_hangup": 6,
}
CLOCK_KINDS = {"redis_clock": 4, "node_clock": 4}
# The longest that a kind lasts.
MOST_S = {
    "worker_stop": 20, "coordinator_stop": 20, "bus_partition": 15, "store_partition": 15,
    "net_cut": 20, "net_deaf": 15, "net_mute": 15, "net_slow": 10, "sink_stop": 6,
    "redis_stop": 20, "redis_slow": 5, "redis_loading": 6, "redis_busy": 8, "redis_readonly": 8,
    "store_lag": 15, "redis_full": 10, "redis_lonely": 8, "redis_replica_stop": 15,
    "redis_clock": 10, "node_clock": 10,
}


def kinds_of(store, with_clocks=False, with_traps=False):
    """kind -> share; `store` is "one" or "group"."""
    kinds = {**NODE_KINDS, **NET_KINDS, **(GROUP_KINDS if store == "group" else ONE_KINDS)}
    if with_traps:
        kinds.update(TRAP_KINDS)
    if with_clocks:
        kinds.update(CLOCK_KINDS)
        if store == "group":
            del kinds["redis_clock"]
    return kinds


@dataclass
class Fault:
    at_s: float  # since the beginning
    kind: str
    who: str
    s: float = 0.0  # how long it lasts
    down_s: float = 0.0  # how long a dead process stays dead
    more: dict = field(default_factory=dict)


def _length_s(chance, most_s):
    """Many short ones, some as long as may be: between them lie T_stop and the take."""
    return round(chance.choice((chance.uniform(1, 4), chance.uniform(3, 9),
                                chance.uniform(1, most_s))), 2)


def _draw(chance, kind, workers, coordinators):
    part = kind.split("_")[0]
    fault = Fault(0, kind, "redis")
    fault.down_s = round(chance.choice((chance.uniform(0.2, 3), chance.uniform(3, 14))), 2)
    if part == "worker":
        fault.who = chance.choice(workers)
    elif part == "coordinator":
        fault.who = chance.choice(coordinators)
    elif part in ("sink", "poison"):
        fault.who = part
    elif part == "net" or kind in ("store_partition", "store_lag", "node_clock"):
        fault.who = chance.choice(workers + coordinators)
    elif kind == "bus_partition":
        fault.who = chance.choice(workers)
    if part == "redis":
        fault.down_s = round(chance.uniform(0.1, 4), 2)
    if kind in MOST_S:
        fault.s = _length_s(chance, MOST_S[kind])
    if kind == "store_lag":
        fault.more = {"ms": chance.choice((10, 50, 250))}
    if kind == "redis_slow":
        fault.more = {"ms": chance.choice((20, 100, 300, 800)), "then_kill": chance.random() < 0.6}
    if kind in ("answer_cut", "answer_half", "answer_late", "request_cut"):
        fault.more = {"script": chance.choice(SCRIPTS), "n": chance.randint(1, 30)}
        fault.s = round(chance.uniform(0.5, 6), 2) if kind == "answer_late" else 0.0
    if kind in CLOCK_KINDS:
        # What falls due while Redis is an hour ahead waits for that hour: no fault of ours.
        steps = (-3600, -50, 50) if kind == "redis_clock" else (-3600, -50, 50, 3600)
        fault.more = {"step_s": chance.choice(steps)}
    return fault


def quiet_kills(count, begins_s, every_s, workers, coordinators):
    """Kills with nothing else near them, a worker and a coordinator in turn. The spare dies first, as
    it may hold all addresses by then. Half of them are back before anybody can know of their death."""
    workers = workers[-1:] + workers[:-1]
    faults = []
    for number in range(count):
        kind, names = (("worker_kill", workers), ("coordinator_kill", coordinators))[number % 2]
        faults.append(Fault(begins_s + 20 + number * every_s, kind,
                            names[number // 2 % len(names)],
                            down_s=2 if number // 2 % 2 else every_s - 3))
    return faults


def make(seed, count, seconds, workers, coordinators, kinds):
    """`count` faults of these kinds at random moments of so many seconds, in order."""
    chance = random.Random(seed)
    faults = []
    for _ in range(count):
        kind = chance.choices(list(kinds), list(kinds.values()))[0]
        fault = _draw(chance, kind, workers, coordinators)
        fault.at_s = round(chance.uniform(0, seconds), 3)
        faults.append(fault)
    return sorted(faults, key=lambda fault: fault.at_s)
