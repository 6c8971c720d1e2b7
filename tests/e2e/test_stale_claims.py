"""F23: the store holds a claim of a live worker that knows nothing of it. It comes back by itself;
what the worker does know stays with it."""

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import rows_of, world

STALE_POOL = "nobody"
HELD_ROWS = 40
REPLY_DELAY_S = 4


class Scripts:
    """Our scripts in the name of a session, as if its answers had got lost on the way."""

    def __init__(self, cluster, campaign):
        self.redis = cluster.redis.client()
        self.folder = cluster.build / "scripts"
        header = next(key.decode() for key in self.redis.scan_iter(match=f"*:c:{campaign}"))
        partition = header.split(":c:")[0]
        self.claimed = f"{partition}:claimed"
        self.due = f"{header}:due"
        (self.batch, _), = self.redis.zrange(self.due, 0, -1, withscores=True)
        self.member = f"{campaign}:{self.batch.decode()}"
        parts = [f"{header}:{self.batch.decode()}:{part}" for part in "hrb"]
        self.keys = [header, f"{partition}:ev:default", f"{partition}:gen", f"{partition}:active",
                     *parts, self.due, self.claimed, f"{partition}:doubt"]

    def call(self, name, *arguments):
        script = (self.folder / f"{name}.v1.lua").read_text()
        answer = self.redis.eval(script, len(self.keys), *self.keys, *arguments)
        assert answer[0] == b"ok", answer
        return answer[1:]

    def is_claimed(self):
        return self.redis.hexists(self.claimed, self.member)


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.redis.start()
        made.add_coordinator(pools=["mkt", STALE_POOL]).start()
        made.add_worker().start()
        yield made


def events_of(node, name):
    return [event for event in node.log() if event["event"] == name]


def test_a_claim_that_its_worker_does_not_know_comes_back(cluster):
    api = cluster.client()
    cluster.sink.delay_s = REPLY_DELAY_S
    held = submit_campaign(api, "held", [f"h{n}@held.test" for n in range(HELD_ROWS)])
    wait_until("the worker holds a claim that it knows", lambda: len(cluster.sink.received) > 0)
    stale = submit_campaign(api, "stale", ["marked@stale.test", "untouched@stale.test"],
                            pool=STALE_POOL)
    scripts = Scripts(cluster, stale)
    worker, = api.fleet().workers
    epoch = scripts.call("claim", scripts.batch, scripts.member, worker.session, 30, 0, 1 << 60)[0]
    scripts.call("mark", worker.session, epoch, b"\0\0")
    assert scripts.is_claimed()
    wait_until("it comes back", lambda: not scripts.is_claimed())
    assert scripts.redis.zcard(scripts.due) == 1
    asked = events_of(cluster.coordinators[0], "claim.unknown")
    assert {event["campaign"] for event in asked} == {stale}
    returned = events_of(cluster.workers[0], "claim.returned")
    assert {event["claim"] for event in returned} == {scripts.member}
    # Nobody died, and the worker goes on with what it holds.
    assert outcomes(api, held).get("UNCERTAIN", 0) == 0
    # HOLD: what had been marked is in doubt and not sent again, the other goes out once.
    assert outcomes(api, stale) == {"UNCERTAIN": 1, "PENDING": 1}
    cluster.sink.delay_s = 0
    cluster.add_worker(ips=(("127.0.0.12", "m2.shop.test"),), pool=STALE_POOL).start()
    cluster.wait_campaign(stale, ["COMPLETED"])
    cluster.wait_campaign(held, ["COMPLETED"])
    assert outcomes(api, stale) == rows_of(cluster, stale) == {"UNCERTAIN": 1, "DELIVERED": 1}
    assert outcomes(api, held) == {"DELIVERED": HELD_ROWS}
    people = cluster.sink.recipients()
    assert sorted(one for one in people if one.endswith("stale.test")) == ["untouched@stale.test"]
    assert len(people) == len(set(people)) == HELD_ROWS + 1
