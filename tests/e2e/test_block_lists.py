"""Own sending IPs on DNS block lists (RFC 5782): told by log, metric and fleet; bad lists are not believed."""

from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import world

ALWAYS = "2.0.0.127 A 127.0.0.2"
LISTS = ["good.lists.test", "all.lists.test", "rude.lists.test", "none.lists.test"]


def zone(*good):
    """`good` follows the rules, `all` was parked, `rude` refuses us, `none` lacks its test entry."""
    return {"lists.test": [*(f"{line.replace(' ', '.good 1 ', 1)}" for line in (ALWAYS, *good)),
                           "*.all A 127.0.0.2", "*.rude A 127.255.255.254", "*.none TXT nothing"]}


def events_of(node, name):
    return [event for event in node.log() if event["event"] == name]


def test_listed_ips_are_told(build):
    with world(build, zones=zone("11.0.0.127 A 127.0.0.4")) as cluster:
        cluster.redis.start()
        coordinator = cluster.add_coordinator().start(wait=False)
        worker = cluster.add_worker(
            ips=(("127.0.0.11", "m1.shop.test"), ("127.0.0.12", "m2.shop.test")),
            watch={"block_lists": LISTS, "interval": "1s"}).start(wait=False)
        coordinator.wait_ready()
        worker.wait_ready()
        api = cluster.client()

        def listed():
            return {ip.address: list(ip.listed_on) for ip in api.fleet().ips}
        wait_until("one is listed, on the list that can be believed", lambda: listed() == {
            "127.0.0.11": ["good.lists.test"], "127.0.0.12": []})
        assert "127.0.0.11 stands on the block list good.lists.test" in api.fleet().alarms
        event, = events_of(worker, "ip.listed")
        assert (event["ip"], event["list"], event["answer"]) == (
            "127.0.0.11", "good.lists.test", "127.0.0.4")
        wait_until("bad lists are told", lambda: len(events_of(worker, "block_list.unusable")) == 3)
        reasons = {one["list"]: one["reason"] for one in events_of(worker, "block_list.unusable")}
        assert "lists 127.0.0.1" in reasons["all.lists.test"]
        assert "refuses" in reasons["rude.lists.test"]
        assert "does not list 127.0.0.2" in reasons["none.lists.test"]
        wait_until("a metric shows it", lambda: worker.metric(
            "hikyaku_worker_ip_listed", '{ip="127.0.0.11"}') == 1)
        assert worker.metric("hikyaku_worker_ip_listed", '{ip="127.0.0.12"}') == 0
        shown = cluster.cli("fleet").stdout
        assert "owned; listed on good.lists.test" in shown, shown

        # It is told, and mail goes on.
        campaign = submit_campaign(api, "listed", ["one@r.test"])
        cluster.wait_campaign(campaign, ["COMPLETED"])
        assert outcomes(api, campaign) == {"DELIVERED": 1}

        cluster.dns.restart(zone())
        wait_until("it is listed no more", lambda: listed() == {"127.0.0.11": [], "127.0.0.12": []})
        assert len(events_of(worker, "ip.unlisted")) == 1
