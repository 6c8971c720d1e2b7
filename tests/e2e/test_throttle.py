"""The path controller in a worker: it slows down, recovers, pauses, and remembers."""

import signal
import threading
import time

import pytest
from local.process import wait_until
from mails import content, outcomes, submit_campaign
from worlds import rows_of, world

IP = "127.0.0.11"
PAUSED = "paused.test"
SLOW = "slow.test"
PROFILES = [
    {"name": PAUSED, "reactions": [{"enhanced": "4.7.28", "do": "suspend", "pause": "1h"}]},
    {"name": SLOW, "per_minute_first": 120, "per_minute_most": 120},
]


class Bucket:
    """A hidden limit: so many messages a second, in the words of a Postfix."""

    def __init__(self, rate):
        self.rate = rate
        self.tokens = float(rate)
        self.at = time.monotonic()
        self.taken = 0
        self.refused = 0
        self.lock = threading.Lock()

    def __call__(self, _sender):
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.rate, self.tokens + (now - self.at) * self.rate)
            self.at = now
            if self.tokens < 1:
                self.refused += 1
                return "450 4.7.1 Error: too much mail from 127.0.0.11"
            self.tokens -= 1
            self.taken += 1
            return None


class Refusal:
    """Google's "stop for at least ten minutes"."""

    def __init__(self):
        self.refused = 0

    def __call__(self, _sender):
        self.refused += 1
        return "421 4.7.28 Gmail has detected an unusual rate of mail from your IP address"


@pytest.fixture(scope="module")
def cluster(build):
    with world(build, domains=("shop.test", "mag.test")) as made:
        made.redis.start()
        made.add_coordinator().start()
        made.add_worker(profiles=PROFILES, claim={"idle": "2s"},
                        retry={"permille": 20}).start()
        yield made


@pytest.fixture(autouse=True)
def open_sink(cluster):
    cluster.sink.mail_rule = None
    cluster.sink.received.clear()
    yield
    cluster.sink.mail_rule = None


def gates(cluster, campaign):
    api = cluster.client()
    found = api.campaign("GetCampaign", campaign_id=campaign).campaign.gates
    return {api.pb.Gate.Name(one.gate).removeprefix("GATE_"): one.count for one in found}


def told(cluster, event, **fields):
    return [entry for entry in cluster.workers[0].log() if entry["event"] == event and
            all(entry.get(name) == value for name, value in fields.items())]


def remembered(cluster):
    return cluster.redis.client().hgetall(f"hk:{{ip:{IP}}}:paths")


def decisions(cluster, name):
    return cluster.workers[0].metric("hikyaku_worker_path_decisions_total",
                                     f'{{decision="{name}"}}') or 0


def test_it_slows_down_and_all_arrive(cluster):
    """Nothing is given up for a limit; few are refused for it; it is known afterwards."""
    bucket = cluster.sink.mail_rule = Bucket(20)
    campaign = submit_campaign(cluster.client(), "slows", [f"a{n}@d.test" for n in range(500)])
    cluster.wait_campaign(campaign, ["COMPLETED"], 240)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 500}
    assert bucket.taken == 500
    assert 0 < bucket.refused < 250
    assert decisions(cluster, "slower") > 0
    assert told(cluster, "path.decided", site="d.test", sending_ip=IP, decision="slower")
    wait_until("what was learnt is stored", lambda: b"d.test" in remembered(cluster), 60)


def test_a_suspended_site_consumes_no_retries(cluster):
    """What is not on the wire goes back untouched, under its gate; a new worker knows."""
    refusal = cluster.sink.mail_rule = Refusal()
    campaign = submit_campaign(cluster.client(), "paused", [f"b{n}@{PAUSED}" for n in range(300)])

    def all_held():
        held = gates(cluster, campaign)
        return held.get("SITE_SUSPENDED", 0) + held.get("RETRY_DUE", 0) == 300 and held
    held = wait_until("all wait for the site", all_held, 120)
    assert held["SITE_SUSPENDED"] >= 270
    assert 1 <= refusal.refused <= 30
    assert told(cluster, "path.suspended", site=PAUSED, rule=f"{PAUSED}: 4.7.28")
    wait_until("the pause is stored", lambda: PAUSED.encode() in remembered(cluster), 60)
    untouched = rows_of(cluster, campaign)["PENDING"]
    assert untouched >= 270

    refused = refusal.refused
    worker = cluster.workers[0]
    worker.stop()
    worker.start()
    # Mail to others goes, so the new worker works; nothing is tried where it must not be.
    cluster.sink.mail_rule = None
    other = submit_campaign(cluster.client(), "others", [f"c{n}@other.test" for n in range(50)])
    cluster.wait_campaign(other, ["COMPLETED"], 120)
    late = submit_campaign(cluster.client(), "late", [f"e{n}@{PAUSED}" for n in range(20)])
    wait_until("new mail for the site waits as well",
               lambda: gates(cluster, late).get("SITE_SUSPENDED", 0) == 20, 120)
    assert refusal.refused == refused
    assert not [name for name in cluster.sink.recipients() if name.endswith(PAUSED)]
    for each in (campaign, late):
        cluster.client().campaign("CancelCampaign", campaign_id=each)
        cluster.wait_campaign(each, ["CANCELLED"], 120)


def test_a_rate_of_the_profile_is_kept(cluster):
    """Two messages a second and no more; the others stand under PATH_RATE, a reload frees them."""
    campaign = submit_campaign(cluster.client(), "slow", [f"f{n}@{SLOW}" for n in range(300)])
    wait_until("mail flows", lambda: len(cluster.sink.received) >= 6, 120)
    received = [message.at for message in list(cluster.sink.received)]
    assert len(received) <= 2 * (received[-1] - received[0]) + 3
    wait_until("the others wait for the rate",
               lambda: gates(cluster, campaign).get("PATH_RATE", 0) > 200, 120)
    worker = cluster.workers[0]
    worker.configuration["profiles"] = []
    worker.write()
    worker.process.signal(signal.SIGHUP)
    cluster.wait_campaign(campaign, ["COMPLETED"], 120)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 300}


def test_a_refused_from_domain_waits_alone(cluster):
    """Blame of the From domain holds it at that site, also at a new worker, and nobody else."""
    refused = []

    def refuse(sender):
        refused.append(sender)
        return "450 4.7.20 DKIM signature did not verify"
    cluster.sink.mail_rule = refuse
    api = cluster.client()
    site = "blamed.test"
    campaign = submit_campaign(api, "blamed", [f"f{n}@{site}" for n in range(300)])

    def all_held():
        held = gates(cluster, campaign)
        return held.get("SITE_SUSPENDED", 0) + held.get("RETRY_DUE", 0) == 300 and held
    held = wait_until("all wait", all_held, 120)
    assert held["SITE_SUSPENDED"] >= 240
    entry = told(cluster, "sender.suspended", sender=f"{site} domain shop.test")[0]
    assert entry["rule"] and entry["seconds"] == 60 and not entry["heard"]
    pauses = cluster.redis.client().hgetall("hk:{fleet}:pauses")
    assert f"s{site} domain shop.test".encode() in pauses
    # It lasts as long as the test, whatever is slow: the pause is lengthened as a reply would.
    cluster.redis.client().hset("hk:{fleet}:pauses", f"s{site} domain shop.test",
                                f"{int(time.time() + 3600) * 1000} {entry['rule']}")
    wait_until("the longer pause is heard", lambda: told(
        cluster, "sender.suspended", sender=f"{site} domain shop.test", heard=True), 60)
    cluster.sink.mail_rule = None
    cluster.sink.received.clear()
    worker = cluster.workers[0]
    worker.stop()
    worker.start()
    other = submit_campaign(api, "mag", [f"g{n}@{site}" for n in range(50)], content=content(
        api.pb, **{"from": api.pb.Mailbox(address="news@mag.test")}))
    cluster.wait_campaign(other, ["COMPLETED"], 120)
    elsewhere = submit_campaign(api, "elsewhere", [f"h{n}@fine.test" for n in range(50)])
    cluster.wait_campaign(elsewhere, ["COMPLETED"], 120)
    assert outcomes(api, other) == outcomes(api, elsewhere) == {"DELIVERED": 50}
    assert not [name for name in cluster.sink.recipients() if name.startswith("f")]
    api.campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"], 120)
