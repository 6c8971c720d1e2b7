"""Clusters for several tests of a file, and what the tests look at in them."""

import contextlib
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from local.cluster import Cluster
from local.dns_server import DnsServer
from sink import Sink

ROW_BYTES = 16
PARTITIONS = 64
STATES = ("PENDING", "DELIVERED", "DEFERRED", "BOUNCED", "EXPIRED", "SUPPRESSED", "CANCELLED",
          "FAILED", "DUPLICATE", "UNCERTAIN", "LATE_BOUNCED", "COMPLAINED")


@contextlib.contextmanager
def short_folder():
    """A short path: unix sockets must fit into 108 bytes. Kept when something fails inside."""
    path = Path(tempfile.mkdtemp(prefix="hk-"))
    path.chmod(0o755)
    try:
        yield path
    except BaseException:
        print(f"kept for you: {path}")
        raise
    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def world(build, zones=None, routes=None, **settings):
    """A cluster (not started) with DNS and a sink that gets all mail: cluster.sink, cluster.dns."""
    with short_folder() as folder:
        sink = Sink().start()
        if routes is None:
            routes = [{"domain": "*", "host": sink.address, "port": sink.port}]
        cluster = Cluster(folder, build, routes=routes, **settings)
        cluster.sink = sink
        cluster.dns = DnsServer(folder / "dns", {
            **{domain: cluster.dkim_zone_lines(domain) for domain in cluster.domains},
            **(zones or {})}).start()
        cluster.forwarder = cluster.dns.forwarder
        try:
            yield cluster
        finally:
            codes = cluster.stop()
            cluster.dns.stop()
            sink.stop()
        assert not [name for name, code in codes.items() if code != 0], codes


def rows_of(cluster, campaign_id):
    """States of all rows of a campaign, counted from the rows themselves."""
    redis = cluster.redis.client()
    states = Counter()
    for key in redis.scan_iter(match=f"*{campaign_id}*:r", count=1000):
        packed = redis.get(key)
        assert len(packed) % ROW_BYTES == 0
        states.update(packed[i] for i in range(0, len(packed), ROW_BYTES))
    return {STATES[state - 1]: count for state, count in states.items()}


def driver_of(cluster, campaign):
    """Number of the coordinator whose lease the campaign's partition names."""
    redis = cluster.redis.client()
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number = 0
    for letter in campaign.upper():
        number = number * 32 + alphabet.index(letter)
    session = redis.hget("hk:{p%02d}:lease" % (number % PARTITIONS), "s").decode()
    names = {one.session: one.name for one in cluster.client(0).fleet().coordinators}
    return int(names[session].removeprefix("c-"))
