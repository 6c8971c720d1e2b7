"""Crash loops: what kills workers is found, tried alone, and waits for a person. Fleet and campaign
go on. Needs a build with traps (tests/README.md)."""

import json
import signal
import time

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import rows_of, world

POISON = "poison."
# A poison costs two deaths of its batch, then one in parts of 50, of 5 and alone. What lay in the same
# worker is tried in parts too, and kills nobody.
DEATHS_MAX = 20
LANES = {"bulk": 130, "tx": 60}  # rows
POISONED = {"bulk": 77, "tx": 3}
PATIENCE_S = 300


class Keeper:
    """Starts programs that died of the trap anew, as a supervisor does."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.deaths = 0

    def tend(self):
        for node in self.nodes:
            if node.process is None or node.process.is_alive():
                continue
            assert node.process.child.returncode == -signal.SIGABRT, node.process.tail()
            self.deaths += 1
            assert self.deaths <= DEATHS_MAX
            node.start(wait=False)

    def wait(self, what, condition):
        def look():
            self.tend()
            return condition()
        return wait_until(what, look, PATIENCE_S, 0.25)


def arm(cluster, is_armed):
    """The workers of tomorrow: with the bug, or mended."""
    for node in cluster.workers:
        node.environment = {"HIKYAKU_TRAP_COMPOSE": POISON} if is_armed else {}


def gates(api, campaign):
    view = api.campaign("GetCampaign", campaign_id=campaign).campaign
    return {api.pb.Gate.Name(one.gate).removeprefix("GATE_"): one.count for one in view.gates}


def is_through(api, campaign, quarantined=1):
    """Nothing is left of it but what is in quarantine."""
    told = outcomes(api, campaign)
    return told.get("PENDING") == quarantined and gates(api, campaign) == {
        "QUARANTINED": quarantined}


def logged(cluster, event):
    return [line for node in cluster.coordinators for line in node.log() if line["event"] == event]


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.start(coordinators=2, workers=0)
        made.add_worker()
        arm(made, True)
        made.workers[0].start()
        made.keeper = Keeper(made.workers)
        yield made


@pytest.fixture(scope="module")
def campaigns(cluster):
    """One poison in each lane, and innocent mail all the time, through a single worker."""
    api = cluster.client()
    made = {}
    for name, rows in LANES.items():
        addresses = [f"{name}{n}@{name}.test" for n in range(rows)]
        addresses[POISONED[name]] = f"{POISON}{name}@{name}.test"
        lane = api.pb.LANE_BULK if name == "bulk" else api.pb.LANE_TRANSACTIONAL
        made[name] = submit_campaign(api, name, addresses, lane=lane)
    innocent = []

    def look():
        if len(innocent) < 200:
            key = f"innocent{len(innocent)}"
            innocent.append(submit_campaign(api, key, [f"{key}@innocent.test"]))
        return all(is_through(api, campaign) for campaign in made.values())
    cluster.keeper.wait("all but the poison is through", look)
    made["innocent"] = innocent
    return made


def test_neither_fleet_nor_campaign_stops(cluster, campaigns):
    """I7: what is left waits under a name."""
    api = cluster.client()
    for campaign in campaigns["innocent"]:
        cluster.keeper.wait("innocent mail is through", lambda one=campaign: sum(
            outcomes(api, one).get(name, 0) for name in ("DELIVERED", "UNCERTAIN")) == 1)
    received = cluster.sink.recipients()
    assert not [one for one in received if one.startswith(POISON)]
    # RESEND: all others are delivered. HOLD: they are, or it is not known (a worker died).
    assert outcomes(api, campaigns["tx"]) == {"PENDING": 1, "DELIVERED": LANES["tx"] - 1}
    told = outcomes(api, campaigns["bulk"])
    assert told["PENDING"] == 1 and set(told) <= {"PENDING", "DELIVERED", "UNCERTAIN"}
    assert len(set(received) & {f"bulk{n}@bulk.test" for n in range(LANES["bulk"])}) \
        >= told["DELIVERED"]
    for name in LANES:
        assert rows_of(cluster, campaigns[name]) == outcomes(api, campaigns[name])
        assert cluster.client().campaign("GetCampaign", campaign_id=campaigns[name]).campaign.state \
            == api.pb.CAMPAIGN_STATE_RUNNING
    assert 5 <= cluster.keeper.deaths


def test_it_is_an_alarm(cluster, campaigns):
    alarms = logged(cluster, "recipient.quarantined")
    assert sorted((line["campaign"], line["recipients"]) for line in alarms) == sorted(
        (campaigns[name], 1) for name in LANES)
    assert all(line["level"] == "error" for line in alarms)
    assert {line["campaign"] for line in logged(cluster, "batch.suspect")} >= {
        campaigns[name] for name in LANES}
    wait_until("the metric says so", lambda: sum(
        node.metric("hikyaku_quarantined_recipients") or 0 for node in cluster.coordinators) == 2)


def test_it_is_listed(cluster, campaigns):
    said = cluster.cli("quarantine", "list").stdout
    for name in LANES:
        assert f"{campaigns[name]}/{POISONED[name]} " in said
    one = json.loads(cluster.cli("quarantine", "list", campaigns["tx"], "--json").stdout)
    assert [(who["index"], who["ref"], who["attempts"]) for who in one["recipients"]] == [
        (POISONED["tx"], f"ref-{POISONED['tx']}", 0)]
    assert abs(one["recipients"][0]["since_unix_ms"] / 1000 - time.time()) < 3600
    api = cluster.client()
    pages, token = [], ""
    while True:
        page = api.campaign("ListQuarantine", page_size=1, page_token=token)
        pages.append([who.campaign_id for who in page.recipients])
        token = page.next_page_token
        if not token:
            break
    assert sorted(sum(pages, [])) == sorted(campaigns[name] for name in LANES)
    assert max(len(page) for page in pages) == 1
    found = api.campaign("FindRecipients", campaign_id=campaigns["tx"],
                         ref=f"ref-{POISONED['tx']}").recipients[0]
    assert found.gate == api.pb.GATE_QUARANTINED
    why = api.call("FleetService", "Why", api.pb.WhyRequest(
        campaign_id=campaigns["tx"], index=POISONED["tx"]))
    assert why.gates[0].gate == api.pb.GATE_QUARANTINED
    assert "hikyaku quarantine" in why.gates[0].ends and why.estimate_unix_ms == 0


def test_release_meets_the_same_bug_once(cluster, campaigns):
    """One more death, then it is back."""
    api = cluster.client()
    deaths = cluster.keeper.deaths
    cluster.keeper.wait("a worker is ready", cluster.workers[0].is_ready)
    said = cluster.cli("quarantine", "release", campaigns["tx"], POISONED["tx"]).stdout
    assert said == f"1 left quarantine by RELEASE; {campaigns['tx']} is RUNNING\n"
    cluster.keeper.wait("it kills once more", lambda: cluster.keeper.deaths > deaths)
    cluster.keeper.wait("it is back", lambda: is_through(api, campaigns["tx"]))
    assert cluster.keeper.deaths == deaths + 1


def test_mended_workers_deliver_it(cluster, campaigns):
    api = cluster.client()
    cluster.keeper.wait("a worker is ready", cluster.workers[0].is_ready)
    arm(cluster, False)
    assert cluster.workers[0].stop() == 0
    cluster.workers[0].start()
    cluster.cli("quarantine", "release", campaigns["tx"], "--all", "--reason", "mended")
    cluster.wait_campaign(campaigns["tx"], ["COMPLETED"], PATIENCE_S)
    assert outcomes(api, campaigns["tx"]) == {"DELIVERED": LANES["tx"]}
    assert f"{POISON}tx@tx.test" in cluster.sink.recipients()


def test_bounce_ends_it_as_failed(cluster, campaigns):
    api = cluster.client()
    said = cluster.cli("quarantine", "bounce", campaigns["bulk"], "--all", "--reason",
                       "broken name", "--json").stdout
    assert json.loads(said) == {"resolved": 1, "state": "COMPLETED"}
    assert outcomes(api, campaigns["bulk"])["FAILED"] == 1
    events, _ = api.all_events(campaign_ids=[campaigns["bulk"]],
                               types=[api.pb.EVENT_TYPE_FAILED])
    assert [(event.index, event.ref, event.reason, event.final) for event in events] == [
        (POISONED["bulk"], f"ref-{POISONED['bulk']}", "broken name", True)]
    assert cluster.cli("quarantine", "list").stderr == "hikyaku: nothing is in quarantine\n"
    assert cluster.cli("quarantine", "bounce", campaigns["bulk"], check=False).returncode == 2
    refused = cluster.cli("quarantine", "release", campaigns["bulk"], "x", check=False)
    assert refused.returncode == 2


def test_a_campaign_is_released(cluster):
    """What the third suspect batch leaves behind (tests/scripts/test_quarantine.py), and its end."""
    api = cluster.client()
    campaign = submit_campaign(api, "stopped", ["r450.wait@stopped.test"])
    wait_until("it is under way", lambda: outcomes(api, campaign) == {"DEFERRED": 1}, PATIENCE_S)
    api.campaign("PauseCampaign", campaign_id=campaign, reason="QUARANTINED")
    redis = cluster.redis.client()
    key = next(key.decode() for key in redis.scan_iter(match=f"*:c:{campaign}", count=1000))
    redis.hset(key, mapping={"quarantine": 1, "suspects": 3})
    redis.zadd(f"{key.split(':c:')[0]}:quarantine", {f"{campaign}:4294967295": int(time.time())})
    assert gates(api, campaign) == {"QUARANTINED": 1}
    said = cluster.cli("quarantine", "list", campaign).stdout
    assert f"{campaign}  " in said and "three of its batches killed workers" in said
    refused = cluster.cli("resume", campaign, check=False)
    assert refused.returncode == 1 and "under QUARANTINED" in refused.stderr
    released = cluster.cli("quarantine", "release", campaign, "--campaign").stdout
    assert released == f"0 left quarantine by RELEASE; {campaign} is RUNNING\n"
    assert cluster.cli("quarantine", "list").stderr == "hikyaku: nothing is in quarantine\n"
    assert gates(api, campaign) == {"RETRY_DUE": 1}
    api.campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"], PATIENCE_S)


def test_a_campaign_that_kills_coordinators_is_stopped(cluster):
    """Three die while they load it, then none does; other mail goes out."""
    api = cluster.client()
    campaign = submit_campaign(api, "loaded", ["r450.wait@loaded.test"], name="poison spring")
    other = submit_campaign(api, "other", ["r450.wait@other.test"])
    for one in (campaign, other):
        wait_until("it is under way", lambda one=one: outcomes(api, one) == {"DEFERRED": 1},
                   PATIENCE_S)
    for node in cluster.coordinators:
        assert node.stop() == 0
        node.environment = {"HIKYAKU_TRAP_LOAD": "poison"}
        node.start(wait=False)
    keeper = Keeper(cluster.coordinators)
    keeper.wait("it is in quarantine", lambda: logged(cluster, "campaign.quarantined"))
    line, = logged(cluster, "campaign.quarantined")
    assert line["campaign"] == campaign and "coordinators died" in line["reason"]
    assert 3 <= keeper.deaths <= 4
    keeper.wait("coordinators are ready", lambda: all(
        node.is_ready() for node in cluster.coordinators))
    deaths = keeper.deaths
    assert gates(cluster.client(), campaign) == {"QUARANTINED": 1}
    said = cluster.cli("quarantine", "list", campaign).stdout
    assert f"{campaign}  " in said and "three coordinators died while they loaded it" in said
    refused = cluster.cli("resume", campaign, check=False)
    assert refused.returncode == 1 and "under QUARANTINED" in refused.stderr
    innocent = submit_campaign(cluster.client(), "afterwards", ["a@afterwards.test"])
    keeper.wait("innocent mail is through", lambda: outcomes(
        cluster.client(), innocent) == {"DELIVERED": 1})
    assert keeper.deaths == deaths
    for node in cluster.coordinators:
        assert node.stop() == 0
        node.environment = {}
        node.start()
    released = cluster.cli("quarantine", "release", campaign, "--campaign").stdout
    assert released == f"0 left quarantine by RELEASE; {campaign} is RUNNING\n"
    for one in (campaign, other):
        cluster.client().campaign("CancelCampaign", campaign_id=one)
        cluster.wait_campaign(one, ["CANCELLED"], PATIENCE_S)
