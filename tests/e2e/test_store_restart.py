"""Redis killed in mid-campaign and started again: with AOF always nothing acknowledged is lost."""

from local.process import wait_until
from mails import outcomes, submit_campaign


def test_a_killed_redis_loses_and_doubles_nothing(cluster, sink):
    api = cluster.client()
    addresses = [f"user{number}@d{number % 5}.test" for number in range(3000)]
    campaign = submit_campaign(api, "restart", addresses)
    wait_until("some mail is out", lambda: len(sink.received) > 150)
    cluster.redis.process.kill()
    cluster.redis.start()
    for node in cluster.coordinators + cluster.workers:
        node.wait_ready()
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": len(addresses)}
    assert sorted(sink.recipients()) == sorted(addresses)
