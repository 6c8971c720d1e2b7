"""What receivers say, counted by IP, From domain and site, equals what they said (issue 3, point 5)."""

import json
from collections import Counter

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import world

IPS = ("127.0.0.11", "127.0.0.12")


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.start(coordinators=1, workers=2)
        yield made


def told(cluster, *words):
    return json.loads(cluster.cli(*words, "--json").stdout).get("reputations", [])


def sums(rows, *names):
    return Counter({name: sum(int(row.get(name, 0)) for row in rows) for name in names})


def test_counts_equal_what_the_servers_said(cluster):
    api = cluster.client()
    people = [f"ok{n}@d.test" for n in range(60)] + [f"r550.{n}@d.test" for n in range(15)]
    campaign = submit_campaign(api, "counted", people)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": 60, "BOUNCED": 15}
    names = ("delivered", "deferred", "bounced")

    def all_there(*words):
        rows = told(cluster, "reputation", *words)
        return sums(rows, *names) == Counter(delivered=60, bounced=15) and rows
    rows = wait_until("the From domain's counts are written", lambda: all_there("shop.test"))
    assert {row["from_domain"] for row in rows} == {"shop.test"}
    wait_until("both IPs' counts are written", lambda: sums(
        [row for ip in IPS for row in told(cluster, "reputation", ip)],
        *names) == Counter(delivered=60, bounced=15))
    # Each IP has what it sent itself.
    sent = Counter(message.peer for message in cluster.sink.received)
    for ip in IPS:
        assert sums(told(cluster, "reputation", ip), "delivered")["delivered"] == sent[ip]
    everything = told(cluster, "reputation")
    assert sums([row for row in everything if row.get("ip")], *names) == Counter(
        delivered=60, bounced=15)
    site = rows[0]["site"]
    screen = cluster.cli("sites").stdout
    assert site in screen and "75" in screen and "80.0 %" in screen and "20.0 %" in screen
    assert told(cluster, "reputation", "--site", "nowhere") == []
    # By days as well; nothing is counted twice when time passes.
    assert sums(told(cluster, "reputation", "shop.test", "--days", "2"), *names) == Counter(
        delivered=60, bounced=15)


def test_a_worker_that_stops_leaves_nothing_uncounted(cluster):
    api = cluster.client()
    before = sums(told(cluster, "reputation", "shop.test"), "delivered")["delivered"]
    campaign = submit_campaign(api, "last", [f"ok{n}@e.test" for n in range(40)])
    cluster.wait_campaign(campaign, ["COMPLETED"])
    for node in cluster.workers:
        assert node.stop() == 0
        node.start(wait=False)
    for node in cluster.workers:
        node.wait_ready()
    assert sums(told(cluster, "reputation", "shop.test"), "delivered")["delivered"] == before + 40


def test_bad_input_is_named(cluster):
    done = cluster.cli("reputation", "--hours", "49", check=False)
    assert done.returncode == 2 and "--hours" in done.stderr
    done = cluster.cli("reputation", "--hours", "1", "--days", "1", check=False)
    assert done.returncode == 1 and "days" in done.stderr
