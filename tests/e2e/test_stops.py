"""Operator stops: nothing that matches is sent, wherever it waits, until its time or its start."""

import time
from collections import Counter

import pytest
from local.api_client import ApiError
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import rows_of, world

ROWS = 1200
IPS = ("127.0.0.11", "127.0.0.12")


@pytest.fixture(scope="module")
def shared(build):
    with world(build) as made:
        made.start(coordinators=2, workers=2)
        yield made


@pytest.fixture
def cluster(shared):
    shared.sink.received.clear()
    shared.sink.delay_s = 0
    yield shared
    api = shared.client()
    for stop in stops(shared):
        fleet(api, "Start", "StartRequest", kind=stop.kind, target=stop.target)


def fleet(api, method, request, **fields):
    return api.call("FleetService", method, getattr(api.pb, request)(**fields))


def stop(cluster, kind, target="", **fields):
    api = cluster.client()
    return fleet(api, "Stop", "StopRequest", kind=api.pb.StopKind.Value(f"STOP_KIND_{kind}"),
                 target=target, reason="maintenance", author="suzuki", **fields).stop


def start(cluster, kind, target=""):
    api = cluster.client(1)
    fleet(api, "Start", "StartRequest", kind=api.pb.StopKind.Value(f"STOP_KIND_{kind}"),
          target=target)


def stops(cluster):
    return list(fleet(cluster.client(), "ListStops", "ListStopsRequest").stops)


def addresses(key, count=ROWS):
    return [f"{key}{number}@d{number % 4}.test" for number in range(count)]


def flow(cluster, key):
    """A campaign of many seconds, with batches at both workers. Returns its id."""
    cluster.sink.delay_s = 0.2
    campaign = submit_campaign(cluster.client(), key, addresses(key))
    wait_until("mail flows from both",
               lambda: {message.peer for message in cluster.sink.received} == set(IPS))
    return campaign


def get(cluster, campaign):
    return cluster.client().campaign("GetCampaign", campaign_id=campaign).campaign


def gates(cluster, campaign):
    api = cluster.client()
    return {api.pb.Gate.Name(one.gate).removeprefix("GATE_"): one
            for one in get(cluster, campaign).gates}


def wait_all_held(cluster, campaign):
    """All that was not sent is back, and stands under the stop. Returns how much."""
    wait_until("all batches are back", lambda: get(cluster, campaign).in_flight == 0)
    wait_until("all that waits is under the stop",
               lambda: set(gates(cluster, campaign)) == {"OPERATOR_STOP"})
    told = outcomes(cluster.client(), campaign)
    assert told == {"DELIVERED": len(cluster.sink.received),
                    "PENDING": ROWS - len(cluster.sink.received)}
    return told["PENDING"]


def check_sent_once(cluster, campaign):
    """It completes, nobody got it twice, no attempt was counted for being stopped."""
    cluster.sink.delay_s = 0
    cluster.wait_campaign(campaign, ["COMPLETED"], timeout_s=90)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": ROWS}
    assert rows_of(cluster, campaign) == {"DELIVERED": ROWS}
    assert set(Counter(cluster.sink.recipients()).values()) == {1}
    events, _ = cluster.client().all_events(campaign_ids=[campaign])
    assert {event.attempt for event in events if event.recipient_domain} == {1}


def test_a_pool_is_stopped_and_started(cluster):
    campaign = flow(cluster, "pool")
    done = cluster.cli("stop", "--pool", "mkt", "--reason", "wrong template", "--by", "suzuki")
    assert "POOL" in done.stdout and "suzuki" in done.stdout
    held = wait_all_held(cluster, campaign)
    assert held > 0
    gate = gates(cluster, campaign)["OPERATOR_STOP"]
    assert (gate.count, gate.until_unix_ms, gate.why) == (held, 0, "by suzuki: wrong template")
    rested = len(cluster.sink.received)
    time.sleep(1.5)
    assert len(cluster.sink.received) == rested
    # People see it wherever they look.
    assert "wrong template" in cluster.cli("stop", "--list").stdout
    assert "OPERATOR_STOP" in cluster.cli("show", campaign).stdout
    wait_until("the fleet shows it", lambda: 'stop: POOL mkt by suzuki "wrong template"'
               in cluster.cli("fleet").stdout)
    # It survives everybody's restart.
    for node in cluster.coordinators + cluster.workers:
        assert node.stop() == 0
        node.start(wait=False)
    for node in cluster.coordinators + cluster.workers:
        node.wait_ready()
    wait_until("it is known again", lambda: set(gates(cluster, campaign)) == {"OPERATOR_STOP"})
    assert len(cluster.sink.received) == rested
    assert cluster.cli("start", "--pool", "mkt").stdout == "started\n"
    check_sent_once(cluster, campaign)
    assert "nothing is stopped" in cluster.cli("stop", "--list").stdout


def test_a_site_is_stopped_others_go_on(cluster):
    campaign = flow(cluster, "site")
    stop(cluster, "SITE", "D1.test")
    cluster.sink.delay_s = 0

    def others_are_through():
        told = outcomes(cluster.client(), campaign)
        return told.get("DELIVERED", 0) >= ROWS * 3 // 4 and get(cluster, campaign).in_flight == 0
    wait_until("the others are through", others_are_through)
    wait_until("what waits is under the stop",
               lambda: set(gates(cluster, campaign)) == {"OPERATOR_STOP"})
    stopped = [one for one in cluster.sink.recipients() if one.endswith("@d1.test")]
    told = outcomes(cluster.client(), campaign)
    assert told == {"DELIVERED": ROWS * 3 // 4 + len(stopped), "PENDING": ROWS // 4 - len(stopped)}
    assert told["PENDING"] > 0
    start(cluster, "SITE", "d1.test")
    check_sent_once(cluster, campaign)


def test_an_ip_is_stopped_then_the_other(cluster):
    campaign = flow(cluster, "ip")
    stop(cluster, "IP", IPS[0])

    def rests():
        """Nothing on its way from there: its worker has no connection any more."""
        return cluster.workers[0].metric("hikyaku_worker_connections") == 0
    wait_until("its connections end", rests)
    before = [one.peer for one in cluster.sink.received].count(IPS[0])
    other = len(cluster.sink.received)
    wait_until("the other goes on", lambda: len(cluster.sink.received) > other + 20)
    assert [one.peer for one in cluster.sink.received].count(IPS[0]) == before
    stop(cluster, "IP", IPS[1])
    wait_until("all batches are back", lambda: get(cluster, campaign).in_flight == 0)
    rested = len(cluster.sink.received)
    assert 0 < rested < ROWS
    start(cluster, "IP", IPS[0])
    start(cluster, "IP", IPS[1])
    check_sent_once(cluster, campaign)


def test_everything_stops_until_its_time_while_redis_comes_and_goes(cluster):
    """A stop ends by itself; a killed Redis neither loses it nor lets anything through."""
    stop(cluster, "ALL", until_unix_ms=int((time.time() + 3600) * 1000))
    campaign = submit_campaign(cluster.client(), "all", addresses("all"))
    wait_until("it is held", lambda: set(gates(cluster, campaign)) == {"OPERATOR_STOP"})
    cluster.redis.process.kill()
    cluster.redis.start()
    for node in cluster.coordinators + cluster.workers:
        node.wait_ready()
    wait_until("it is held as before",
               lambda: set(gates(cluster, campaign)) == {"OPERATOR_STOP"})
    [told] = stops(cluster)
    assert (told.author, told.reason) == ("suzuki", "maintenance")
    assert outcomes(cluster.client(), campaign) == {"PENDING": ROWS}
    assert not cluster.sink.received
    # Another time replaces the first.
    cluster.cli("stop", "--all", "--for", "2s", "--reason", "soon over")
    check_sent_once(cluster, campaign)
    wait_until("it is over", lambda: not stops(cluster))


@pytest.mark.parametrize("fields, field, rule", [
    ({"kind": 0}, "kind", "required"),
    ({"kind": 1, "target": "x"}, "target", "superfluous"),
    ({"kind": 3}, "target", "required"),
    ({"kind": 3, "target": "mtk"}, "target", "unknown"),
    ({"kind": 6, "target": "other.test"}, "target", "unknown"),
    ({"kind": 5, "target": "10.0.0"}, "target", "ip"),
    ({"kind": 4, "target": "d1.test", "until_unix_ms": 1000}, "until_unix_ms", "out_of_range"),
    ({"kind": 4, "target": "d1.test", "reason": ""}, "reason", "required"),
    ({"kind": 4, "target": "d1.test", "reason": "ask a@b.test"}, "reason", "remark_syntax"),
])
def test_what_is_refused(cluster, fields, field, rule):
    api = cluster.client()
    with pytest.raises(ApiError) as refused:
        fleet(api, "Stop", "StopRequest", **{"reason": "why", **fields})
    assert refused.value.fields == [field] and refused.value.rules == [rule]
    with pytest.raises(ApiError) as unknown:
        fleet(api, "Start", "StartRequest", kind=4, target="d9.test")
    assert unknown.value.rules == ["no_stop"]
    assert not stops(cluster)
