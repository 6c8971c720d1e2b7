"""Operators hold paths and plan freezes; what path controllers decide is told as events."""

import time
from collections import Counter

import pytest
from local.api_client import ApiError
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import world


IPS = {"127.0.0.11", "127.0.0.12"}
PAUSED = "paused.test"
PROFILES = [
    {"name": PAUSED, "reactions": [{"enhanced": "4.7.28", "do": "suspend", "pause": "1h"}]},
]
THROTTLE = 15


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.redis.start()
        for _ in range(2):
            made.add_coordinator().start()
        for address in sorted(IPS):
            made.add_worker(ips=((address, "m.shop.test"),), profiles=PROFILES,
                            claim={"idle": "2s"}).start()
        yield made


@pytest.fixture(autouse=True)
def calm(cluster):
    cluster.sink.received.clear()
    cluster.sink.delay_s = 0
    cluster.sink.mail_rule = None
    yield
    cluster.sink.mail_rule = None


def fleet(cluster, method, request, at=0, **fields):
    api = cluster.client(at)
    return api.call("FleetService", method, getattr(api.pb, request)(**fields))


def gates(cluster, campaign):
    api = cluster.client()
    found = api.campaign("GetCampaign", campaign_id=campaign).campaign.gates
    return {api.pb.Gate.Name(one.gate).removeprefix("GATE_"): one for one in found}


def refused(cluster, method, request, **fields):
    with pytest.raises(ApiError) as caught:
        fleet(cluster, method, request, **fields)
    return list(zip(caught.value.fields, caught.value.rules, strict=True))


def unix_ms(ahead_s):
    return int((time.time() + ahead_s) * 1000)


def as_time(at_unix_ms):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_unix_ms // 1000))


def test_a_freeze_begins_by_itself_and_is_taken_back(cluster):
    """It holds nothing before; two of them do not replace each other; its reason and end are told."""
    far = cluster.cli("freeze", "add", "--site", "d1.test", "--from", as_time(unix_ms(86400)), "--to",
                      as_time(unix_ms(90000)), "--reason", "far away")
    assert "d1.test" in far.stdout and "far away" in far.stdout
    first = submit_campaign(cluster.client(), "before", ["a@d1.test", "b@d2.test"])
    cluster.wait_campaign(first, ["COMPLETED"])
    start, end = unix_ms(8) // 1000 * 1000, unix_ms(3600) // 1000 * 1000
    cluster.cli("freeze", "add", "--site", "d1.test", "--from", as_time(start), "--to", as_time(end),
                "--reason", "carrier rests", "--by", "suzuki")
    shown = cluster.cli("freeze", "list").stdout
    assert "far away" in shown and "carrier rests" in shown and "suzuki" in shown
    for node in cluster.workers + cluster.coordinators:
        wait_until("it has begun", lambda node=node: node.metric("hikyaku_operator_stops") == 1, 60)
    second = submit_campaign(cluster.client(1), "within",
                             [f"c{n}@d{n % 2 + 1}.test" for n in range(200)])
    wait_until("the others are through, these wait", lambda: outcomes(cluster.client(), second) ==
               {"DELIVERED": 100, "PENDING": 100} and
               set(gates(cluster, second)) == {"OPERATOR_STOP"}, 120)
    assert not [one for one in cluster.sink.recipients() if one.startswith("c") and "@d1" in one]
    several = cluster.cli("freeze", "remove", "--site", "d1.test", check=False)
    assert several.returncode == 2 and "say --from" in several.stderr
    assert cluster.cli("freeze", "remove", "--site", "d1.test", "--from",
                       as_time(start)).stdout == "removed\n"
    cluster.wait_campaign(second, ["COMPLETED"], 120)
    assert set(Counter(cluster.sink.recipients()).values()) == {1}
    cluster.cli("freeze", "remove", "--site", "d1.TEST")
    assert "no freeze" in cluster.cli("freeze", "list").stdout


def test_a_freeze_of_a_tenant_ends_by_itself(cluster):
    """Told as local time of a zone; who looks sees why and until when."""
    local = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 9 * 3600 + 8))
    until = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 9 * 3600 + 12))
    made = fleet(cluster, "Stop", "StopRequest", kind=2, target="default", from_local=local,
                 until_local=until, time_zone="Asia/Tokyo", reason="release 4", author="sato").stop
    assert made.time_zone == "Asia/Tokyo"
    assert as_time(made.from_unix_ms + 9 * 3600 * 1000) == local + "Z"
    assert made.until_unix_ms - made.from_unix_ms == 4000
    campaign = submit_campaign(cluster.client(), "release", ["a@d1.test"])
    wait_until("it is over", lambda: not fleet(cluster, "ListStops", "ListStopsRequest").stops, 60)
    cluster.wait_campaign(campaign, ["COMPLETED"], 120)


@pytest.mark.parametrize("fields, problem", [
    ({"from_unix_ms": 1000, "until_unix_ms": 2000}, ("until_unix_ms", "out_of_range")),
    ({"from_unix_ms": 1000, "until_unix_ms": unix_ms(1800)}, ("from_unix_ms", "out_of_range")),
    ({"from_unix_ms": unix_ms(1800)}, ("until_unix_ms", "required")),
    ({"from_unix_ms": unix_ms(1800), "until_unix_ms": unix_ms(1700)},
     ("until_unix_ms", "out_of_range")),
    ({"from_local": "2099-01-01T00:00", "until_local": "2099-01-02T00:00",
      "time_zone": "Asia/Tokyo"}, ("until_local", "out_of_range")),
    ({"from_local": "tomorrow", "until_local": "2099-01-02T00:00", "time_zone": "Asia/Tokyo"},
     ("from_local", "time")),
    ({"from_local": "2027-01-01T00:00", "until_local": "2027-01-02T00:00",
      "time_zone": "Asia/Edo"}, ("time_zone", "unknown")),
    ({"from_local": "2027-01-01T00:00", "until_local": "2027-01-02T00:00"},
     ("time_zone", "required")),
    ({"from_local": "2027-01-01T00:00", "until_unix_ms": unix_ms(1800), "time_zone": "UTC"},
     ("from_local", "superfluous")),
    ({"from_unix_ms": unix_ms(1800), "until_unix_ms": unix_ms(1900), "time_zone": "UTC"},
     ("time_zone", "superfluous")),
])
def test_what_no_freeze_may_be(cluster, fields, problem):
    assert refused(cluster, "Stop", "StopRequest", kind=4, target="d1.test", reason="why",
                   **fields) == [problem]
    assert not fleet(cluster, "ListStops", "ListStopsRequest").stops


def refuse(_sender):
    """In a provider's words, with an address that must not be told on."""
    return "421 4.7.28 too much mail from you, ask postmaster@paused.test"


def suspended(events):
    return [one for one in events if one.throttle.decision == "suspended" and one.site == PAUSED]


def test_what_paths_decide_is_told_as_events(cluster):
    cluster.sink.mail_rule = refuse
    api = cluster.client()
    campaign = submit_campaign(api, "paused", [f"a{n}@{PAUSED}" for n in range(40)])
    found = wait_until("a pause is told", lambda: suspended(
        cluster.client(1).all_events(types=[THROTTLE])[0]), 120)
    one = found[0]
    assert one.sending_ip in IPS and one.rule_id == f"{PAUSED}: 4.7.28"
    assert (one.smtp_code, one.enhanced_code, one.campaign_id) == (421, "4.7.28", "")
    assert "too much mail" in one.reply_text and "postmaster@" not in one.reply_text
    assert one.throttle.until_unix_ms > one.occurred_unix_ms > 0
    assert (one.throttle.unit, one.throttle.after, one.throttle.times) == ("s", 3600, 1)
    # A cursor goes on behind what was read, at any coordinator; who asks for a campaign gets its own.
    events, cursor = api.all_events(types=[THROTTLE])
    again, _ = cluster.client(1).all_events(cursor, types=[THROTTLE])
    assert not {event.event_id for event in events} & {event.event_id for event in again}
    assert len({event.event_id for event in events}) == len(events)
    own, _ = api.all_events(campaign_ids=[campaign])
    assert own and not [event for event in own if event.type == THROTTLE]
    everything, _ = api.all_events()
    assert {event.event_id for event in suspended(everything)} >= {one.event_id}
    shown = cluster.cli("events", "--type", "throttle").stdout
    assert f"{PAUSED} x {one.sending_ip} suspended 1 h 00 min, 421 4.7.28 at " in shown
    cluster.cli("cancel", campaign)


def find_path(cluster, address, site, at=0):
    found = fleet(cluster, "ListThrottles", "ListThrottlesRequest", at=at, site=site).paths
    return next((one for one in found if one.sending_ip == address), None)


def state_of(cluster, address, site, at=0):
    path = find_path(cluster, address, site, at)
    return path and cluster.client().pb.ThrottleState.Name(path.state).removeprefix("THROTTLE_STATE_")


def test_a_site_is_suspended_and_resumed(cluster):
    """Others go on; it holds over a restart of everybody; resumed, all arrive once."""
    done = cluster.cli("throttle", "suspend", "*", "d7.test", "--for", "1h", "--reason",
                       "carrier maintenance", "--by", "suzuki")
    assert "suspended" in done.stdout and "suzuki" in done.stdout
    campaign = submit_campaign(cluster.client(1), "suspended",
                               [f"s{n}@d{7 + n % 2}.test" for n in range(100)])

    def others_are_through():
        return (outcomes(cluster.client(), campaign) == {"DELIVERED": 50, "PENDING": 50} and
                set(gates(cluster, campaign)) == {"SITE_SUSPENDED"})
    wait_until("the others are through, these wait for the site", others_are_through, 120)
    for node in cluster.coordinators + cluster.workers:
        assert node.stop() == 0
        node.start(wait=False)
    for node in cluster.coordinators + cluster.workers:
        node.wait_ready()
    wait_until("a worker tells of the pause", lambda: "SUSPENDED" in
               {state_of(cluster, address, "d7.test", 1) for address in IPS}, 120)
    assert not [one for one in cluster.sink.recipients() if one.endswith("@d7.test")]
    listed = cluster.cli("throttle", "list", "--site", "d7.test").stdout
    assert "SUSPENDED until" in listed and "carrier maintenance" in listed
    address = next(one for one in IPS if state_of(cluster, one, "d7.test") == "SUSPENDED")
    assert refused(cluster, "ResumePath", "ResumePathRequest", sending_ip=address,
                   site="d7.test") == [("sending_ip", "site_suspended")]
    assert cluster.cli("throttle", "resume", "*", "d7.test").stdout == "resumed\n"
    cluster.wait_campaign(campaign, ["COMPLETED"], 120)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 100}
    assert set(Counter(cluster.sink.recipients()).values()) == {1}
    events, _ = cluster.client().all_events(campaign_ids=[campaign])
    assert {event.attempt for event in events if event.recipient_domain} == {1}
    wait_until("its history tells of it", lambda: ", rule operator" in
               cluster.cli("throttle", "show", address, "d7.test").stdout, 60)
    assert refused(cluster, "ResumePath", "ResumePathRequest", sending_ip="*",
                   site="d7.test") == [("site", "not_suspended")]


def test_a_bound_holds_and_is_taken_away(cluster):
    """What the sink sees of a bounded site is a trickle; without the bound the rest arrives."""
    cluster.cli("throttle", "set", "*", "d9.test", "--per-minute-most", 1, "--connections-most", 1,
                "--messages-per-connection", 5, "--reason", "asked by the carrier")
    campaign = submit_campaign(cluster.client(), "bounded", [f"t{n}@d9.test" for n in range(60)])
    wait_until("it trickles", lambda: cluster.sink.recipients(), 60)

    def bounded():
        found = [find_path(cluster, address, "D9.test", 1) for address in IPS]
        return [one for one in found if one is not None]
    path = wait_until("a worker tells of the path", bounded, 60)[0]
    assert path.rate_per_1000_s <= 17 and path.connections_most == 1
    assert path.messages_per_connection == 5
    assert [order.bound.per_minute_most for order in path.orders] == [1]
    # At least 50 s of sending at this bound would be needed for so many.
    assert len(cluster.sink.recipients()) < 50
    shown = cluster.cli("throttle", "show", path.sending_ip, "d9.test").stdout
    assert "per minute at most 1" in shown and "asked by the carrier" in shown
    assert cluster.cli("throttle", "set", "*", "d9.test", "--clear").stdout == "taken away\n"
    cluster.wait_campaign(campaign, ["COMPLETED"], 180)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 60}
    assert set(Counter(cluster.sink.recipients()).values()) == {1}
    assert refused(cluster, "SetThrottle", "SetThrottleRequest", sending_ip="*", site="d9.test") == [
        ("site", "no_bound")]


def test_a_pause_that_a_server_caused_is_ended_early(cluster):
    """The controller's own, of an hour: it begins gently, and mail flows again."""
    held = [one for one in IPS if state_of(cluster, one, PAUSED) == "SUSPENDED"]
    assert held
    for address in held:
        assert cluster.cli("throttle", "resume", address, PAUSED).stdout == "resumed\n"
    for address in held:
        wait_until("it is not suspended any more",
                   lambda address=address: state_of(cluster, address, PAUSED) == "RETURNING", 60)
    campaign = submit_campaign(cluster.client(), "flows", [f"f{n}@{PAUSED}" for n in range(5)])
    cluster.wait_campaign(campaign, ["COMPLETED"], 120)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 5}


@pytest.mark.parametrize("method, fields, problem", [
    ("SetThrottle", {"sending_ip": "x", "bound": {"per_minute_most": 1}}, ("sending_ip", "ip")),
    ("SetThrottle", {"sending_ip": "*", "bound": {}}, ("bound", "required")),
    ("SetThrottle", {"sending_ip": "*", "bound": {"per_minute_most": 5, "per_minute_least": 6}},
     ("bound.per_minute_least", "out_of_range")),
    ("SetThrottle", {"sending_ip": "*", "bound": {"connections_most": 1}, "reason": ""},
     ("reason", "required")),
    ("SetThrottle", {"sending_ip": "*", "bound": {"connections_most": 1}, "until_unix_ms": 5},
     ("until_unix_ms", "out_of_range")),
    ("SuspendPath", {"sending_ip": ""}, ("sending_ip", "required")),
    ("SuspendPath", {"sending_ip": "*", "site": ""}, ("site", "required")),
    ("SuspendPath", {"sending_ip": "*", "reason": ""}, ("reason", "required")),
    ("SuspendPath", {"sending_ip": "*", "until_unix_ms": 5}, ("until_unix_ms", "out_of_range")),
])
def test_what_is_refused(cluster, method, fields, problem):
    assert refused(cluster, method, f"{method}Request",
                   **{"site": "d1.test", "reason": "why", **fields}) == [problem]
    assert not fleet(cluster, "ListThrottles", "ListThrottlesRequest").orders
    assert refused(cluster, "GetThrottle", "GetThrottleRequest", sending_ip="192.0.2.1",
                   site="d1.test") == [("site", "no_path")]
