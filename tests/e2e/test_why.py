"""Why: each mail that waits names one binding gate with its reason, the one that really decides."""

import json
import time

import pytest
from local.api_client import ApiError
from local.process import wait_until
from mails import content, create_request, recipients, submit_campaign
from worlds import world

TENANT = 40  # in any 10 s
PROFILES = [
    {"name": "paused.test", "reactions": [{"enhanced": "4.7.28", "do": "suspend", "pause": "1h"}]},
    {"name": "slow.test", "per_minute_first": 60, "per_minute_most": 60},
]


@pytest.fixture(scope="module")
def cluster(build):
    with world(build, domains=("shop.test", "limited.test")) as made:
        made.redis.start()
        for _ in range(2):
            made.add_coordinator(rates=[{"of": "from_domain", "name": "limited.test",
                                         "messages": TENANT}]).start(wait=False)
        made.add_worker(profiles=PROFILES, claim={"idle": "60s"}).start(wait=False)
        for node in made.coordinators + made.workers:
            node.wait_ready()
        yield made


@pytest.fixture(autouse=True)
def open_sink(cluster):
    cluster.sink.mail_rule = None
    cluster.sink.received.clear()
    yield
    cluster.sink.mail_rule = None


def call(api, method, **fields):
    return api.call("FleetService", method, getattr(api.pb, f"{method}Request")(**fields))


def why(cluster, campaign, index=None, coordinator=0):
    api = cluster.client(coordinator)
    fields = {} if index is None else {"index": index}
    return call(api, "Why", campaign_id=campaign, **fields)


def binding(cluster, campaign, index=0, coordinator=0):
    """(gate, held) of the first gate; ("", None): nothing holds it."""
    answer = why(cluster, campaign, index, coordinator)
    if not answer.gates:
        return "", None
    gate = answer.gates[0]
    assert gate.closed
    return cluster.client().pb.Gate.Name(gate.gate).removeprefix("GATE_"), gate


def wait_binding(cluster, campaign, gate, index=0, is_told=lambda held: True):
    """Until the gate binds, as each coordinator sees it, and all is told of it; returns it."""
    held = None
    for coordinator in range(2):
        def look(at=coordinator):
            found = binding(cluster, campaign, index, at)
            return found[1] if found[0] == gate and is_told(found[1]) else None
        held = wait_until(f"{gate} binds", look)
    return held


def names(cluster, gates):
    return [cluster.client().pb.Gate.Name(one.gate).removeprefix("GATE_") for one in gates]


def later(hours=2):
    return int((time.time() + hours * 3600) * 1000)


def test_scheduled_then_paused(cluster):
    at = later()
    campaign = submit_campaign(cluster.client(), "scheduled", ["a@d.test"],
                               scheduled_at_unix_ms=at)
    gate = wait_binding(cluster, campaign, "SCHEDULED_FOR")
    assert gate.until_unix_ms == at
    answer = why(cluster, campaign, 0)
    assert (answer.ref, answer.recipient_domain) == ("ref-0", "d.test")
    assert at <= answer.estimate_from_unix_ms <= answer.estimate_unix_ms
    assert answer.estimate_unix_ms <= answer.estimate_to_unix_ms
    cluster.client().campaign("PauseCampaign", campaign_id=campaign, reason="wrong price")
    gate = wait_binding(cluster, campaign, "PAUSED")
    assert (gate.reason, gate.ends) == ("wrong price", "hikyaku resume CAMPAIGN")
    assert gate.event_id and gate.since_unix_ms
    assert why(cluster, campaign, 0).estimate_unix_ms == 0
    whole = why(cluster, campaign)
    assert [(name, one.count) for name, one in zip(names(cluster, whole.gates), whole.gates)
            if one.count] == [("PAUSED", 1)]


def test_a_single_message_waits_for_its_time(cluster):
    api = cluster.client()
    at = later(1)
    answer = api.call("MessageService", "SendMessages", api.pb.SendMessagesRequest(
        content=content(api.pb), content_class=api.pb.CONTENT_CLASS_NOTICE, pool="mkt",
        scheduled_at_unix_ms=at,
        messages=[api.pb.MessageItem(message_key="later", to="b@d.test", ref="b")]))
    result = answer.results[0]
    gate = wait_binding(cluster, result.campaign_id, "SCHEDULED_FOR", result.index)
    assert at <= gate.until_unix_ms < at + 1000
    found = api.campaign("FindRecipients", message_id=result.message_id).recipients[0]
    assert found.gate == api.pb.GATE_SCHEDULED_FOR


def test_outside_its_window(cluster):
    pb = cluster.client().pb
    now = time.gmtime(time.time() + 3 * 3600)
    start = f"{now.tm_hour:02}:00"
    campaign = submit_campaign(
        cluster.client(), "window", ["a@d.test"],
        windows=[pb.Window(days=range(1, 8), to=f"{(now.tm_hour + 1) % 24:02}:00", zone="UTC",
                           **{"from": start})])
    gate = wait_binding(cluster, campaign, "OUTSIDE_WINDOW")
    ahead_s = gate.until_unix_ms / 1000 - time.time()
    assert 0 < ahead_s <= 3 * 3600 + 60
    forecast = call(cluster.client(), "Forecast", campaign_id=campaign)
    assert forecast.open == 1
    assert forecast.end_unix_ms >= gate.until_unix_ms
    assert names(cluster, [forecast.hours[0].held[0]]) == ["OUTSIDE_WINDOW"]
    assert cluster.client().pb.Gate.Name(forecast.decided_by) == "GATE_OUTSIDE_WINDOW"


def test_an_operator_has_stopped_its_site(cluster):
    api = cluster.client()
    site = api.pb.StopKind.Value("STOP_KIND_SITE")
    until = later()
    call(api, "Stop", kind=site, target="stopped.test", reason="maintenance", author="suzuki",
         until_unix_ms=until)
    campaign = submit_campaign(api, "stopped", ["a@stopped.test"])
    gate = wait_binding(cluster, campaign, "OPERATOR_STOP")
    assert (gate.about, gate.reason) == ("site stopped.test", "by suzuki: maintenance")
    assert gate.until_unix_ms == until and gate.since_unix_ms
    call(api, "Start", kind=site, target="stopped.test")
    cluster.wait_campaign(campaign, ["COMPLETED"], timeout_s=90)


def test_its_site_is_suspended(cluster):
    cluster.sink.mail_rule = lambda sender: "421 4.7.28 unusual rate of mail"
    campaign = submit_campaign(cluster.client(), "suspended", ["a@paused.test", "b@paused.test"])
    # Paths and their decisions are written once a second.
    gate = wait_binding(cluster, campaign, "SITE_SUSPENDED",
                        is_told=lambda held: held.reason and held.event_id)
    assert gate.about == "paused.test x 127.0.0.11"
    assert gate.until_unix_ms / 1000 > time.time() + 600
    assert gate.reason.startswith("rule ")
    events, _ = cluster.client().all_events()
    assert gate.event_id in [event.event_id for event in events]
    assert 0 < gate.since_unix_ms < gate.until_unix_ms


def test_its_next_try_is_due_later_and_each_try_is_told(cluster):
    campaign = submit_campaign(cluster.client(), "retry", ["r450.a@d.test"])
    wait_until("it was tried", lambda: why(cluster, campaign, 0).attempts == 1)
    gate = wait_binding(cluster, campaign, "RETRY_DUE")
    answer = why(cluster, campaign, 0)
    assert gate.until_unix_ms == answer.next_attempt_unix_ms > time.time() * 1000
    assert gate.reason.startswith("450 ")
    tried = answer.tries[0]
    assert (len(answer.tries), tried.smtp_code, tried.sending_ip) == (1, 450, "127.0.0.11")
    assert tried.event_id == gate.event_id
    traced = call(cluster.client(1), "Trace", campaign_id=campaign, index=0)
    assert [one.event_id for one in traced.events] == [tried.event_id] and not traced.cut
    text = cluster.cli("why", campaign, "--ref", "ref-0").stdout
    assert "RETRY_DUE" in text and "127.0.0.11" in text and "@" not in text
    told = json.loads(cluster.cli("why", campaign, "0", "--json").stdout)
    assert told["gates"][0]["gate"] == "RETRY_DUE"
    assert "450" in cluster.cli("trace", campaign, "0").stdout


def test_the_rate_of_its_path(cluster):
    addresses = [f"a{number}@slow.test" for number in range(120)]
    campaign = submit_campaign(cluster.client(), "rate", addresses)
    wait_until("mail flows", lambda: len(cluster.sink.received) > 0)
    last = len(addresses) - 1
    gate = wait_binding(cluster, campaign, "PATH_RATE", last)
    answer = why(cluster, campaign, last)
    assert (answer.site, answer.worker) == ("slow.test", cluster.workers[0].name)
    assert 0 < gate.ahead < len(addresses)
    assert answer.estimate_unix_ms > time.time() * 1000
    wait_until("the campaign's answer names it too", lambda: "PATH_RATE" in names(
        cluster, why(cluster, campaign, coordinator=1).gates))
    whole = why(cluster, campaign, coordinator=1)
    assert [(one.site, one.sending_ip) for one in whole.paths] == [("slow.test", "127.0.0.11")]
    assert whole.paths[0].waiting > 0
    cluster.client().campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"], timeout_s=90)


def test_a_shared_limit_is_known_to_every_coordinator(cluster):
    pb = cluster.client().pb
    sender = {"from": pb.Mailbox(address="news@limited.test")}
    campaign = submit_campaign(cluster.client(), "limit",
                               [f"a{number}@d.test" for number in range(6 * TENANT)],
                               content=content(pb, **sender))

    def last(coordinator):
        return binding(cluster, campaign, 6 * TENANT - 1, coordinator)
    for coordinator in range(2):
        wait_until("the limit binds", lambda at=coordinator: last(at)[0] == "TENANT_LIMIT")
    gate = last(0)[1]
    if gate is not None and gate.most:
        assert (gate.about, gate.per_ms) == ("From domain limited.test", 10000)
        assert 0 < gate.used <= TENANT and gate.most <= TENANT
    cluster.client().campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"], timeout_s=90)


def test_who_stands_behind_the_canary(cluster):
    pb = cluster.client().pb
    campaign = submit_campaign(cluster.client(), "canary", [f"a{n}@d.test" for n in range(20)],
                               canary=pb.Canary(count=2, wait_s=3600, max_bounce_permille=50))
    wait_until("the canary was tried", lambda: len(cluster.sink.received) == 2)
    sent = {one.split("@")[0] for one in cluster.sink.recipients()}
    last = next(n for n in range(20) if f"a{n}" not in sent)
    gate = wait_binding(cluster, campaign, "CANARY", last, lambda held: held.until_unix_ms)
    assert gate.reason == "all 2 of its canary were tried"
    assert why(cluster, campaign, last).estimate_unix_ms >= gate.until_unix_ms
    whole = why(cluster, campaign).gates[0]
    assert (names(cluster, [whole]), whole.count) == (["CANARY"], 18)
    forecast = call(cluster.client(), "Forecast", campaign_id=campaign)
    assert forecast.end_unix_ms >= gate.until_unix_ms - 1000
    cluster.client().campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"], timeout_s=90)


def test_what_has_ended_is_held_by_nothing(cluster):
    campaign = submit_campaign(cluster.client(), "ended", ["a@d.test", "r550.b@d.test"])
    cluster.wait_campaign(campaign, ["COMPLETED"], timeout_s=90)
    answer = why(cluster, campaign, 0)
    assert not answer.gates
    assert answer.says.startswith("nothing holds it: delivered at 20")
    assert "bounced" in why(cluster, campaign, 1).says
    assert "no recipient is open" in why(cluster, campaign).says
    assert "delivered at" in cluster.cli("why", campaign, "0").stdout


def test_who_is_not_there_is_refused(cluster):
    campaign = submit_campaign(cluster.client(), "unknown", ["a@d.test"])
    with pytest.raises(ApiError) as refused:
        why(cluster, campaign, 99)
    assert refused.value.code == "not_found"
    assert refused.value.problems[0]["field"] == "index"
    with pytest.raises(ApiError) as refused:
        why(cluster, "0" * 26)
    assert refused.value.code == "not_found"


def test_a_draft_can_be_forecast(cluster):
    api = cluster.client()
    created = api.call("CampaignService", "CreateCampaign", create_request(api.pb, "draft"))
    api.campaign("AddRecipients", campaign_id=created.campaign_id, chunk=0,
                 recipients=recipients(api.pb, [f"a{n}@slow.test" for n in range(50)]))
    forecast = call(api, "Forecast", campaign_id=created.campaign_id)
    assert forecast.open == 50
    assert forecast.end_from_unix_ms <= forecast.end_unix_ms <= forecast.end_to_unix_ms
    assert forecast.end_unix_ms > time.time() * 1000
    assert "open 50" in cluster.cli("forecast", created.campaign_id).stdout
    submitted = api.campaign("SubmitCampaign", campaign_id=created.campaign_id, expected_rows=50)
    assert abs(submitted.forecast_end_unix_ms - forecast.end_unix_ms) < 120000


def test_no_worker_holds_an_ip(cluster):
    """The last test: afterwards there is no worker."""
    worker = cluster.workers[0]
    assert worker.stop() == 0
    campaign = submit_campaign(cluster.client(), "nobody", ["a@d.test"])
    gate = wait_binding(cluster, campaign, "NO_SENDING_IP")
    assert gate.about == "pool mkt"
    assert "worker" in gate.reason
    forecast = call(cluster.client(), "Forecast", campaign_id=campaign)
    assert forecast.end_unix_ms == 0 and "NO_SENDING_IP" in forecast.says
    worker.start()
