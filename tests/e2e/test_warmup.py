"""Warm-up: a young IP sends what its plan allows, the rest goes another way or waits."""

import json
import signal
import time
from collections import Counter

import pytest
from local.api_client import ApiError
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import rows_of, world

COLD, WARM, ALONE = "127.0.0.11", "127.0.0.12", "127.0.0.13"
QUOTAS = (20, 40, 4000)
MIXED, SLOW = "mixed.test", "slow.test"
# Twenty a second from each IP: the warm one does not take all before the young one's turn comes.
PROFILES = [{"name": MIXED, "per_minute_first": 1200, "per_minute_most": 1200},
            {"name": SLOW, "per_minute_first": 120, "per_minute_most": 120}]


def zone_of_noon():
    """A zone whose midnight is hours away: no day of the plan ends while this runs."""
    ahead = 12 - time.gmtime().tm_hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.redis.start()
        made.add_coordinator(pools=["mkt", "cold"]).start()
        made.add_worker(
            pools=[{"name": "mkt", "ips": [
                        {"address": COLD, "ehlo": "m1.shop.test", "warmup": "tiny"},
                        {"address": WARM, "ehlo": "m2.shop.test"}]},
                   {"name": "cold", "ips": [
                        {"address": ALONE, "ehlo": "m3.shop.test", "warmup": "tiny"}]}],
            warmup={"plans": [{"name": "tiny", "volumes": list(map(str, QUOTAS))}],
                    "zone": zone_of_noon(), "hour_share": 1000},
            profiles=PROFILES).start()
        yield made


@pytest.fixture(autouse=True)
def empty_sink(cluster):
    cluster.sink.received.clear()


def submit(cluster, key, count, domain, pool="cold"):
    return submit_campaign(cluster.client(), key, [f"{key}{n}@{domain}" for n in range(count)],
                           pool=pool)


def gates(cluster, campaign):
    api = cluster.client()
    found = api.campaign("GetCampaign", campaign_id=campaign).campaign.gates
    return {api.pb.Gate.Name(one.gate).removeprefix("GATE_"): one.count for one in found}


def wait_held(cluster, campaign, count):
    wait_until(f"{count} wait for another day of the plan",
               lambda: gates(cluster, campaign) == {"WARMUP_QUOTA": count}, 120)


def peers(cluster, domain):
    return Counter(message.peer for message in list(cluster.sink.received)
                   if message.recipient.endswith(domain))


def warmup(cluster, *words):
    return cluster.cli("warmup", *words).stdout


def site_of(cluster, address, site):
    """What is told of an IP and a site."""
    [ip] = json.loads(warmup(cluster, "show", address, "--site", site, "--json"))["ips"]
    sites = [one for one in ip.get("sites", ()) if one["site"] == site]
    return sites[0] if sites else None


def times_read(cluster, address):
    return sum(entry["event"] == "warmup.read" and entry["sending_ip"] == address
               for entry in cluster.workers[0].log())


def end(cluster, campaign):
    cluster.client().campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"], 120)


def test_the_quota_goes_out_the_rest_over_a_warm_ip(cluster):
    campaign = submit(cluster, "mixed", 200, MIXED, "mkt")
    cluster.wait_campaign(campaign, ["COMPLETED"], 120)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 200}
    assert peers(cluster, MIXED) == {COLD: QUOTAS[0], WARM: 200 - QUOTAS[0]}

    def line():
        return next(text for text in cluster.cli("fleet").stdout.splitlines() if COLD in text)
    wait_until("the fleet shows it", lambda: "day 1 of 3" in line() and "20 / 20" in line() and
               "full until" in line(), 60)
    screen = warmup(cluster, "show")
    assert "plan tiny (3 days, 20 to 4000 a day and site)" in screen
    assert COLD in screen and WARM not in screen and ALONE in screen


def test_what_no_ip_may_send_waits_until_an_operator_says_so(cluster):
    """No attempt is counted; set, freeze and reset are in force within seconds, for that site."""
    campaign = submit(cluster, "held", 100, "held.test")
    wait_held(cluster, campaign, 80)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 20, "PENDING": 80}
    assert rows_of(cluster, campaign) == {"DELIVERED": 20, "PENDING": 80}
    assert peers(cluster, "held.test") == {ALONE: 20}
    assert "WARMUP_QUOTA" in cluster.cli("show", campaign).stdout
    # Other sites have a quota of their own.
    other = submit(cluster, "other", 15, "other.test")
    cluster.wait_campaign(other, ["COMPLETED"], 120)

    screen = warmup(cluster, "set", ALONE, "--day", 2, "--site", "Held.test", "--by", "suzuki")
    assert "day 2 of 3" in screen and "/ 40" in screen
    wait_held(cluster, campaign, 60)
    assert peers(cluster, "held.test") == {ALONE: 40}
    assert "day 2 of 3, frozen" in warmup(cluster, "freeze", ALONE, "--site", "held.test")
    wait_until("what went out is told", lambda: site_of(cluster, ALONE, "held.test") and
               int(site_of(cluster, ALONE, "held.test")["used"]) == 40, 60)
    assert site_of(cluster, ALONE, "held.test")["frozen"]
    assert "frozen" not in warmup(cluster, "unfreeze", ALONE, "--site", "held.test")

    assert "warm" in warmup(cluster, "set", ALONE, "--warm", "--site", "held.test")
    cluster.wait_campaign(campaign, ["COMPLETED"], 120)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 100}
    events, _ = cluster.client().all_events(campaign_ids=[campaign])
    assert {event.attempt for event in events if event.recipient_domain} == {1}

    # Anew from day 1; what was sent today stays counted.
    known = times_read(cluster, ALONE)
    assert "day 1 of 3" in warmup(cluster, "reset", ALONE, "--site", "held.test")
    wait_until("the worker knows", lambda: times_read(cluster, ALONE) > known)
    late = submit(cluster, "late", 5, "held.test")
    wait_held(cluster, late, 5)
    end(cluster, late)
    changes = [entry for entry in cluster.coordinators[0].log()
               if entry["event"] == "warmup.changed"]
    assert changes[0]["author"] == "suzuki" and changes[0]["action"] == "set"


def test_a_reload_changes_the_plan(cluster):
    campaign = submit(cluster, "plan", 60, "plan.test")
    wait_held(cluster, campaign, 40)
    worker = cluster.workers[0]
    plan = worker.configuration["warmup"]["plans"][0]
    plan["volumes"] = ["50", "60", "4000"]
    worker.write()
    worker.process.signal(signal.SIGHUP)
    wait_held(cluster, campaign, 10)
    plan["volumes"] = list(map(str, QUOTAS))
    worker.write()
    worker.process.signal(signal.SIGHUP)
    wait_until("the old plan is there again", lambda: [
        entry["event"] for entry in worker.log()].count("config.reloaded") == 2)
    end(cluster, campaign)


def test_what_was_sent_survives_a_killed_worker(cluster):
    campaign = submit(cluster, "killed", 60, SLOW)
    wait_until("some of the quota is used", lambda: len(cluster.sink.received) >= 6, 120)
    worker = cluster.workers[0]
    worker.kill()
    killed_at = len(cluster.sink.received)
    assert killed_at < QUOTAS[0]
    worker.start()

    def all_through():
        held = gates(cluster, campaign).get("WARMUP_QUOTA", 0)
        told = outcomes(cluster.client(), campaign)
        return held > 0 and held == told.get("PENDING", 0) and told
    told = wait_until("the rest waits", all_through, 180)
    sent = sum(peers(cluster, SLOW).values())
    # A slice and the one asked for ahead may be lost with their worker; nothing is sent twice.
    assert QUOTAS[0] - 3 <= sent <= QUOTAS[0]
    assert told["PENDING"] >= 60 - QUOTAS[0]
    assert max(Counter(cluster.sink.recipients()).values()) == 1
    end(cluster, campaign)


@pytest.mark.parametrize("fields, field, rule", [
    ({"ip": "", "action": 2}, "ip", "required"),
    ({"ip": "10.0.0", "action": 2}, "ip", "ip"),
    ({"action": 0}, "action", "required"),
    ({"action": 1}, "day", "required"),
    ({"action": 1, "day": 61}, "day", "out_of_range"),
    ({"action": 1, "day": 3, "warm": True}, "day", "superfluous"),
    ({"action": 3, "day": 3}, "day", "superfluous"),
    ({"action": 2, "site": "#plan"}, "site", "site"),
])
def test_what_is_refused(cluster, fields, field, rule):
    """I9."""
    api = cluster.client()
    with pytest.raises(ApiError) as refused:
        api.call("FleetService", "SetWarmup",
                 api.pb.SetWarmupRequest(**{"ip": "192.0.2.1", **fields}))
    assert refused.value.fields == [field] and refused.value.rules == [rule]
