"""Everything is restarted in order, one process after the other, while campaigns run and single messages
come in: nobody is lost, no duplicate is untold, nothing stands still for 15 s (I1, I4)."""

import itertools
import threading
import time
from collections import Counter

import pytest
from local.api_client import ApiError
from local.process import wait_until
from mails import content, outcomes, submit_campaign
from worlds import rows_of, world

ROWS = 4000
PAUSE_MAX_S = 15
# What one restart is thought to take at first.
RESTART_S = 3
CONNECTIONS = 30
POLICIES = ("HOLD", "RESEND")


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.start(coordinators=2, workers=3)
        yield made


class Singles:
    """Sends one message after the other, each repeated at any coordinator until it is accepted."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.accepted = {}  # address -> (monotonic s when first asked, when accepted)
        self.campaigns = set()
        self.failure = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            for number in itertools.count():
                if self._stop.wait(0.1):
                    return
                address = f"s{number}@single.test"
                begun = time.monotonic()
                self.campaigns.add(self._send(number, address))
                self.accepted[address] = (begun, time.monotonic())
        except AssertionError as error:
            self.failure = error

    def _send(self, number, address):
        last = time.monotonic() + 60
        for coordinator in itertools.cycle(range(2)):
            api = self.cluster.client(coordinator)
            pb = api.pb
            request = pb.SendMessagesRequest(
                content=content(pb), content_class=pb.CONTENT_CLASS_NOTICE, pool="mkt", messages=[
                    pb.MessageItem(message_key=f"key-{number}", to=address, ref=f"s{number}")])
            try:
                result, = api.send_messages(request).results
                assert result.campaign_id, result
                return result.campaign_id
            except (ApiError, OSError) as error:
                assert time.monotonic() < last, error
                time.sleep(0.1)

    def stop(self):
        self._stop.set()
        self._thread.join()


def received(cluster, name):
    return [one for one in list(cluster.sink.received)
            if one.recipient.endswith(f"@{name.lower()}.test")]


def pace(cluster, restarts_left, restart_s):
    """So slowly that neither campaign ends before the last restart."""
    left = ROWS - max(len(received(cluster, policy)) for policy in POLICIES)
    cluster.sink.delay_s = CONNECTIONS * restarts_left * restart_s / max(left, 1)


def longest_gap(messages):
    times = sorted(one.at for one in messages)
    return max(after - before for before, after in zip(times, times[1:]))


def told_twice(api, campaigns):
    """Refs of which an event says that they may have got two."""
    events, _ = api.all_events(campaign_ids=campaigns)
    return {event.ref for event in events if event.possible_duplicate}


def check_campaign(cluster, policy, campaign):
    api = cluster.client()
    pb = api.pb
    cluster.wait_campaign(campaign, ["COMPLETED"])
    # Who leaves in order leaves no doubt.
    assert outcomes(api, campaign) == rows_of(cluster, campaign) == {"DELIVERED": ROWS}
    copies = Counter(one.recipient for one in received(cluster, policy))
    assert len(copies) == ROWS
    events, _ = api.all_events(campaign_ids=[campaign], types=[pb.EVENT_TYPE_DELIVERED])
    assert sorted(event.index for event in events) == list(range(ROWS))
    doubled = {f"ref-{one[1:].split('@')[0]}" for one, count in copies.items() if count > 1}
    assert doubled <= told_twice(api, [campaign]) and (policy == "RESEND" or not doubled)
    gap_s = longest_gap(received(cluster, policy))
    print(f"{policy}: longest pause {gap_s:.1f} s, {len(doubled)} doubled and told")
    assert gap_s < PAUSE_MAX_S, (policy, gap_s)


def check_singles(cluster, singles):
    assert singles.failure is None, singles.failure
    wait_until("all single messages are there", lambda: {
        one.recipient for one in received(cluster, "single")} == set(singles.accepted))
    copies = Counter(one.recipient for one in received(cluster, "single"))
    arrived = {one.recipient: one.at for one in reversed(received(cluster, "single"))}
    doubled = {one.split("@")[0] for one, count in copies.items() if count > 1}
    assert doubled <= told_twice(cluster.client(), list(singles.campaigns))
    asked_s = max(accepted - begun for begun, accepted in singles.accepted.values())
    way_s = max(arrived[one] - begun for one, (begun, _) in singles.accepted.items())
    print(f"singles: {len(copies)}, accepted after {asked_s:.1f} s and delivered after {way_s:.1f} s "
          f"at most, {len(doubled)} doubled and told")
    assert way_s < PAUSE_MAX_S


def test_a_rolling_restart_pauses_and_doubles_nothing(cluster):
    api = cluster.client()
    pb = api.pb
    nodes = cluster.coordinators + cluster.workers
    restart_s = RESTART_S
    pace(cluster, len(nodes), restart_s)
    campaigns = {policy: submit_campaign(
        api, policy, [f"u{n}@{policy.lower()}.test" for n in range(ROWS)],
        uncertain=pb.Uncertain(policy=getattr(pb, f"UNCERTAIN_POLICY_{policy}")))
        for policy in POLICIES}
    wait_until("all workers send", lambda: len({
        one.peer for one in list(cluster.sink.received)}) == 3)
    singles = Singles(cluster)
    codes = {}
    try:
        for done, node in enumerate(nodes):
            pace(cluster, len(nodes) - done, restart_s)
            begun = time.monotonic()
            codes[node.name] = node.stop()
            node.start()
            sent = len(cluster.sink.received)
            wait_until("mail goes on", lambda sent=sent: len(cluster.sink.received) > sent + 20)
            restart_s = max(restart_s, 1.5 * (time.monotonic() - begun))
    finally:
        singles.stop()
    assert codes == dict.fromkeys(codes, 0)
    print({policy: len(received(cluster, policy)) for policy in POLICIES}, "when all were restarted")
    cluster.sink.delay_s = 0
    check_singles(cluster, singles)
    for policy, campaign in campaigns.items():
        check_campaign(cluster, policy, campaign)
