"""Where mail goes: MX records, routes, and what DNS does not tell; the keys that DNS shows."""

import socket
import threading
import time
from collections import Counter

import pytest
from local.cluster import Cluster
from local.dns_server import DnsServer
from local.process import free_port, wait_until
from mails import content, outcomes, submit_campaign
from sink import Sink
from worlds import short_folder

FIRST, SECOND, DEAF = "127.0.0.21", "127.0.0.22", "127.0.0.23"
# Nobody listens there; a server that is down is left alone for a while, whatever the domain.
DOWN, DEAD = "127.0.0.26", "127.0.0.28"


class DeafServer:
    """Accepts connections and never says a word."""

    def __init__(self, address, port):
        self.listener = socket.create_server((address, port), backlog=100)
        self.accepted = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                self.accepted.append(self.listener.accept()[0])
            except OSError:
                return

    def stop(self):
        self.listener.close()
        for client in self.accepted:
            client.close()


@pytest.fixture(scope="module")
def place(build):
    """Servers at addresses of their own on one port, a deaf one, some down; MX records to them."""
    with short_folder() as folder:
        port = free_port(FIRST)
        servers = {"first": Sink(FIRST, port).start(), "second": Sink(SECOND, port).start(),
                   "six": Sink("::1").start(), "deaf": DeafServer(DEAF, port)}
        cluster = Cluster(folder, build)
        zones = {
            "shop.test": cluster.dkim_zone_lines("shop.test"),
            "pref.test": ["@ MX 20 b", "@ MX 10 a", f"a A {FIRST}", f"b A {SECOND}"],
            "fall.test": ["@ MX 10 down", "@ MX 20 b", f"down A {DOWN}", f"b A {SECOND}"],
            "implicit.test": [f"@ A {FIRST}"],
            "null.test": ["@ MX 0 ."],
            "deaf.test": ["@ MX 10 mx", f"mx A {DEAF}"],
            "dead.test": ["@ MX 10 mx", f"mx A {DEAD}"],
            "both.test": ["mx AAAA ::1", f"mx A {FIRST}"],
        }
        dns = DnsServer(folder / "dns", zones).start()
        cluster.forwarder = dns.forwarder
        cluster.servers = servers
        cluster.redis.start()
        cluster.add_coordinator().start(wait=False)
        cluster.add_worker(
            ips=(("127.0.0.11", "m4.shop.test"), ("::1", "m6.shop.test")), smtp={"port": port},
            dns={"forwarders": [dns.forwarder], "open_zones": ["test."], "timeout": "2s"},
            routes=[{"domain": "routed.test", "host": SECOND, "port": port},
                    {"domain": "six.test", "host": "mx.both.test", "port": servers["six"].port,
                     "family": "v6"}]).start(wait=False)
        for node in cluster.coordinators + cluster.workers:
            node.wait_ready()
        yield cluster
        assert set(cluster.stop().values()) == {0}
        dns.stop()
        for server in servers.values():
            server.stop()


def got(server, domain):
    return Counter(one for one in server.recipients() if one.endswith("@" + domain))


def events_by_ref(api, campaign, count):
    """The events of a campaign's recipients, as soon as there are so many."""
    def look():
        events, _ = api.all_events(campaign_ids=[campaign])
        found = {event.ref: event for event in events if event.ref}
        return found if len(found) >= count else None
    return wait_until(f"{count} recipients have an event", look)


def test_mail_goes_where_mx_records_and_routes_say(place):
    """S9, S10, S13."""
    api = place.client()
    domains = ["pref.test", "fall.test", "implicit.test", "routed.test", "six.test"]
    campaign = submit_campaign(api, "mx", [f"u{n}@{domain}" for domain in domains
                                           for n in range(6)])
    place.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": 30}
    servers = place.servers
    for domain, server in (("pref.test", "first"), ("fall.test", "second"),
                           ("implicit.test", "first"), ("routed.test", "second"),
                           ("six.test", "six")):
        assert len(got(servers[server], domain)) == 6, domain
    # The sending IP, with its own name.
    assert {(one.peer, one.helo) for one in servers["six"].received} == {("::1", "m6.shop.test")}
    assert {(one.peer, one.helo) for one in servers["second"].received} == {
        ("127.0.0.11", "m4.shop.test")}
    events = events_by_ref(api, campaign, 30)
    assert events["ref-6"].mx_host == "b.fall.test" and events["ref-6"].mx_ip == SECOND
    assert events["ref-24"].sending_ip == "::1"


def test_domains_that_take_no_mail_bounce_and_silent_dns_defers(place):
    """S9, S11."""
    api = place.client()
    campaign = submit_campaign(api, "nodns", [
        "a@null.test", "b@nothing.pref.test", "c@unknown-zone.test", "d@dead.test"])
    events = events_by_ref(api, campaign, 4)
    pb = api.pb
    assert events["ref-0"].type == pb.EVENT_TYPE_BOUNCED
    assert events["ref-0"].enhanced_code == "5.1.10"  # RFC 7505
    assert events["ref-1"].type == pb.EVENT_TYPE_BOUNCED
    assert events["ref-1"].enhanced_code == "5.1.2"
    # The zone is not served: REFUSED, then SERVFAIL. That says nothing about the recipient.
    assert events["ref-2"].type == pb.EVENT_TYPE_DEFERRED and events["ref-2"].stage == "dns"
    assert events["ref-2"].blame != "address" and not events["ref-2"].final
    assert events["ref-3"].type == pb.EVENT_TYPE_DEFERRED and events["ref-3"].stage == "connect"
    assert outcomes(api, campaign) == {"BOUNCED": 2, "DEFERRED": 2}
    api.campaign("CancelCampaign", campaign_id=campaign)


def test_a_deaf_server_does_not_slow_the_others(place):
    """S1: a greeting may take 5 minutes."""
    api = place.client()
    everyone = [f"x{n}@{('deaf.test', 'pref.test', 'dead.test')[n % 3]}" for n in range(900)]
    campaign = submit_campaign(api, "deaf", everyone)
    wait_until("the living have all", lambda: len(
        [one for one in got(place.servers["first"], "pref.test") if one[0] == "x"]) == 300, 30)
    # Somebody waits for the greeting still: RFC 5321 gives it 5 minutes.
    assert place.servers["deaf"].accepted
    wait_until("its outcomes are told", lambda: outcomes(api, campaign).get("DELIVERED") == 300)
    assert sum(outcomes(api, campaign).values()) == 900
    api.campaign("CancelCampaign", campaign_id=campaign)
    # Nor does it keep a worker from leaving: nothing of ours stands on that connection.
    assert place.workers[0].stop(timeout_s=25) == 0
    place.workers[0].start()


# ---------------------------------------------------------------- keys in DNS


def gates(api, campaign):
    found = api.campaign("GetCampaign", campaign_id=campaign).campaign
    return {api.pb.Gate.Name(one.gate).removeprefix("GATE_"): one.count for one in found.gates}


def with_ttl(lines):
    """Records that resolvers forget at once."""
    return [line.replace(" TXT ", " 0 TXT ", 1) if " IN TXT " not in line else
            line.replace(" IN TXT ", " 0 IN TXT ", 1) for line in lines]


@pytest.fixture
def keyed(build):
    """A cluster whose DNS shows another key than the one that signs."""
    with short_folder() as folder:
        sink = Sink().start()
        cluster = Cluster(folder, build, routes=[
            {"domain": "*", "host": sink.address, "port": sink.port}])
        right = with_ttl(cluster.dkim_zone_lines("shop.test"))
        other = Cluster(folder / "other", build, domains=["shop.test"])
        wrong = with_ttl(other.dkim_zone_lines("shop.test"))
        assert right != wrong
        cluster.sink = sink
        cluster.right = right
        cluster.dns = DnsServer(folder / "dns", {"shop.test": wrong}).start()
        cluster.forwarder = cluster.dns.forwarder
        cluster.redis.start()
        cluster.add_coordinator().start(wait=False)
        cluster.add_worker(dns={"forwarders": [cluster.forwarder], "open_zones": ["test."],
                                "timeout": "1s"}, claim={"idle": "2s"}).start(wait=False)
        for node in cluster.coordinators + cluster.workers:
            node.wait_ready()
        yield cluster
        cluster.stop()
        cluster.dns.stop()
        sink.stop()


def test_a_wrong_key_in_dns_holds_the_mail_until_it_is_mended(keyed):
    """D8, I7."""
    api = keyed.client()
    campaign = submit_campaign(api, "key", [f"u{n}@example.test" for n in range(50)])
    wait_until("all wait for the key", lambda: gates(api, campaign) == {"DOMAIN_UNVERIFIED": 50})
    assert "dkim.bad" in [event["event"] for event in keyed.workers[0].log()]
    time.sleep(1)
    assert not keyed.sink.received and outcomes(api, campaign) == {"PENDING": 50}
    keyed.dns.stop()
    keyed.dns = DnsServer(keyed.folder / "dns2", {"shop.test": keyed.right},
                          keyed.dns.port).start()
    keyed.wait_campaign(campaign, ["COMPLETED"], 90)
    assert len(keyed.sink.received) == 50
    check_without_dns(keyed, api)


def check_without_dns(keyed, api):
    """A worker that starts without DNS sends TRANSACTIONAL on the verdict in the store, not BULK."""
    pb = api.pb
    assert keyed.workers[0].stop() == 0
    keyed.dns.stop()
    keyed.workers[0].start()
    keyed.sink.received.clear()
    campaign = submit_campaign(api, "bulk", [f"b{n}@example.test" for n in range(20)])
    api.send_messages(pb.SendMessagesRequest(
        content=content(pb), content_class=pb.CONTENT_CLASS_NOTICE, pool="mkt",
        messages=[pb.MessageItem(message_key="otp", to="otp@example.test")]))
    wait_until("the code arrives", lambda: "otp@example.test" in keyed.sink.recipients())
    wait_until("BULK waits", lambda: gates(api, campaign) == {"DOMAIN_UNVERIFIED": 20})
    assert keyed.sink.recipients() == ["otp@example.test"]
