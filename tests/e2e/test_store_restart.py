"""Redis killed in mid-campaign and started again: with AOF always nothing acknowledged is lost."""

from local.process import wait_until
from mails import outcomes, submit_campaign


def test_a_killed_redis_loses_and_doubles_nothing(cluster, sink):
    api = cluster.client()
    addresses = [f"user{number}@d{number % 5}.test" for number in range(3000)]
    campaign = submit_campaign(api, "restart", addresses)
    wait_until("some outcomes are durable",
               lambda: outcomes(api, campaign).get("DELIVERED", 0) > 100)
    cluster.redis.process.kill()
    cluster.redis.start()
    for node in cluster.coordinators + cluster.workers:
        node.wait_ready()
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": len(addresses)}
    assert sorted(sink.recipients()) == sorted(addresses)
    # F9: another run_id, so the worker repeats what it flushed; none of it is news, none a double.
    def told_evidence():
        return [event for event in cluster.workers[0].log() if event["event"] == "evidence.taken"]
    told = wait_until("the worker's repeats are answered", told_evidence)
    assert sum(event["known"] for event in told) > 0
    assert {(event["changed"], event["error"]) for event in told} == {(0, 0)}
    assert api.campaign("GetCampaign", campaign_id=campaign).campaign.doubled == 0
