"""Which fault strikes what, when and how long: all of it from the seed, before anything runs."""

import random
from dataclasses import dataclass, field

# The transitions whose answers are cut or late, by the names of their scripts.
SCRIPTS = ("add_chunk.v1", "claim.v1", "flush.v1", "flush.v1", "lease.v1", "mark.v1", "mark.v1",
           "messages_add.v1", "reclaim.v1", "submit.v1", "")

# kind -> share. Parts: w a worker, c a coordinator, r Redis, s the receiving server.
KINDS = {
    "worker_kill": 14, "worker_stop": 11, "worker_term": 6,
    "coordinator_kill": 8, "coordinator_stop": 7, "coordinator_term": 4,
    "redis_kill": 6, "redis_stop": 6, "redis_slow": 4,
    "answer_cut": 14, "answer_half": 4, "answer_late": 6, "request_cut": 6,
    "store_partition": 8, "bus_partition": 6,
    "sink_reset": 3, "sink_stop": 3,
}
CLOCK_KINDS = {"redis_clock": 4, "node_clock": 4}


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
    elif part == "sink":
        fault.who = "sink"
    elif kind in ("store_partition", "node_clock"):
        fault.who = chance.choice(workers + coordinators)
    elif kind == "bus_partition":
        fault.who = chance.choice(workers)
    if part == "redis":
        fault.down_s = round(chance.uniform(0.1, 4), 2)
    most_s = {"worker_stop": 20, "coordinator_stop": 20, "redis_stop": 15, "redis_slow": 5,
              "store_partition": 15, "bus_partition": 15, "sink_stop": 6,
              "redis_clock": 10, "node_clock": 10}
    if kind in most_s:
        fault.s = _length_s(chance, most_s[kind])
    if kind == "redis_slow":
        fault.more = {"ms": chance.choice((20, 100, 300, 800)), "then_kill": chance.random() < 0.6}
    if kind in ("answer_cut", "answer_half", "answer_late", "request_cut"):
        fault.more = {"script": chance.choice(SCRIPTS), "n": chance.randint(1, 30)}
        fault.s = round(chance.uniform(0.5, 6), 2) if kind == "answer_late" else 0.0
    if kind in CLOCK_KINDS:
        fault.more = {"step_s": chance.choice((-3600, -50, 50, 3600))}
    return fault


def make(seed, count, seconds, workers, coordinators, with_clocks=False):
    """`count` faults at random moments of so many seconds, in order."""
    chance = random.Random(seed)
    kinds = {**KINDS, **(CLOCK_KINDS if with_clocks else {})}
    faults = []
    for _ in range(count):
        kind = chance.choices(list(kinds), list(kinds.values()))[0]
        fault = _draw(chance, kind, workers, coordinators)
        fault.at_s = round(chance.uniform(0, seconds), 3)
        faults.append(fault)
    return sorted(faults, key=lambda fault: fault.at_s)
