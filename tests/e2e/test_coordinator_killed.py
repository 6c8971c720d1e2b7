"""Coordinators and workers come and go; the API answers on, campaigns complete."""

import threading
import time
from collections import Counter
from contextlib import contextmanager

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import driver_of, rows_of, world

ROWS = 2000
PARTITIONS = 64


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.start(coordinators=2, workers=2)
        made.sink.delay_s = 0.1
        yield made


def shares(cluster, client):
    return {one.name: one.partitions for one in client.fleet().coordinators}


def wait_shared(cluster):
    """Until both drive some (the first takes all, and gives the other its share one a second)."""
    for number in (0, 1):
        client = cluster.client(number)
        wait_until("both drive partitions", lambda client=client: min(
            shares(cluster, client).get(name, 0) for name in ("c-0", "c-1")) > 2, 60, 0.2)


class Caller:
    """Calls one coordinator ten times a second, noting what failed and how long it took."""

    def __init__(self, client):
        self.client = client
        self.failures = []
        self.calls = 0
        self.longest_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.1):
            started = time.monotonic()
            try:
                self.client.campaign("ListCampaigns", page_size=5)
                self.calls += 1
            except Exception as error:  # noqa: BLE001 - the test shows whatever went wrong
                self.failures.append(error)
            self.longest_s = max(self.longest_s, time.monotonic() - started)

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self


def run_campaign(cluster, key):
    cluster.sink.received.clear()
    campaign = submit_campaign(cluster.client(0), key, [f"{key}{n}@d{n % 4}.test"
                                                        for n in range(ROWS)])
    wait_until("mail flows", lambda: len(cluster.sink.received) > 200)
    return campaign


def check_all_delivered(cluster, client, campaign):
    told = outcomes(client, campaign)
    assert told == {"DELIVERED": ROWS} and rows_of(cluster, campaign) == told
    assert set(Counter(cluster.sink.recipients()).values()) == {1}
    events, _ = client.all_events(campaign_ids=[campaign], types=[
        client.pb.EVENT_TYPE_DELIVERED])
    assert sorted(event.index for event in events) == list(range(ROWS))


@contextmanager
def away(node, leave):
    """`node` while it is gone; it comes back also when the test fails, for those that follow."""
    leave(node)
    try:
        yield
    finally:
        if node.process is None:
            node.start()


def shown(client):
    """The fleet as one coordinator shows it: (coordinators, workers, sending IPs)."""
    view = client.fleet()
    return ([(one.name, one.self) for one in view.coordinators],
            {(one.name, one.state, one.sending_ips) for one in view.workers},
            {(one.address, one.owner) for one in view.ips})


def test_another_coordinator_goes_on_when_one_is_killed(cluster):
    wait_shared(cluster)
    campaign = run_campaign(cluster, "killed")
    dead = driver_of(cluster, campaign)
    other = cluster.client(1 - dead)
    caller = Caller(cluster.client(1 - dead))
    with away(cluster.coordinators[dead], lambda node: node.kill()):
        cluster.wait_campaign(campaign, ["COMPLETED"], client=other)
        wait_until("the other drives all", lambda: shares(cluster, other).get(
            f"c-{1 - dead}") == PARTITIONS, 60, 0.5)
        # Who drives all knows that the other is dead, and shows it no more.
        assert set(shares(cluster, other)) == {f"c-{1 - dead}"}
        caller.stop()
        assert not caller.failures and caller.calls > 5
        # Far below a takeover of 6 s: no call waits for one.
        assert caller.longest_s < 5
        check_all_delivered(cluster, other, campaign)
        wait_until("the fleet is shown as it is", lambda: shown(other) == (
            [(f"c-{1 - dead}", True)], {("w-0", "ready", 1), ("w-1", "ready", 1)},
            {("127.0.0.11", "w-0"), ("127.0.0.12", "w-1")}), 60)


def test_a_stopping_coordinator_hands_over_at_once(cluster):
    wait_shared(cluster)
    campaign = run_campaign(cluster, "handed")
    leaving = driver_of(cluster, campaign)
    other = cluster.client(1 - leaving)
    session = next(one.session for one in other.fleet().coordinators
                   if one.name == f"c-{leaving}")
    codes = []
    with away(cluster.coordinators[leaving], lambda node: codes.append(node.stop())):
        assert codes == [0]
        wait_until("the other drives all", lambda: shares(cluster, other) == {
            f"c-{1 - leaving}": PARTITIONS}, 60, 0.1)
        cluster.wait_campaign(campaign, ["COMPLETED"], client=other)
        check_all_delivered(cluster, other, campaign)
        # It released what it held: nobody had to declare it dead.
        events = cluster.coordinators[1 - leaving].log()
        dead = [event["session"] for event in events if event["event"] == "session.dead"]
        assert session not in dead


def test_a_stopping_worker_drains(cluster):
    campaign = run_campaign(cluster, "drained")
    assert cluster.workers[0].stop() == 0
    assert "worker.drain" in [event["event"] for event in cluster.workers[0].log()]
    api = cluster.client(0)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    # Everybody got it once, nothing is in doubt: replies were waited for.
    check_all_delivered(cluster, api, campaign)
    events, _ = api.all_events(campaign_ids=[campaign])
    assert not [event for event in events if event.possible_duplicate]
