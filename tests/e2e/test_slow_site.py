"""A slow site takes its part of a worker's room and no more: other mail does not wait behind it."""

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import world

# Two messages a second, known from the beginning. Time takes nothing back in this world.
PROFILES = [{"name": "slow.test", "per_minute_first": 120, "per_minute_most": 120}]
ROOM = {"recipients": 2000, "reserve": 200, "idle": "600s"}


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.redis.start()
        made.add_coordinator().start()
        made.add_worker(profiles=PROFILES, claim=ROOM).start()
        yield made


def in_flight(cluster, campaign):
    return cluster.client().campaign("GetCampaign", campaign_id=campaign).campaign.in_flight


def test_other_mail_goes_past_a_slow_site(cluster):
    api = cluster.client()
    slow = submit_campaign(api, "slow", [f"a{n}@slow.test" for n in range(4000)])
    wait_until("the slow site has its part of the room", lambda: in_flight(cluster, slow) >= 500)
    fast = submit_campaign(api, "fast", [f"b{n}@fast.test" for n in range(500)])
    cluster.wait_campaign(fast, ["COMPLETED"], 120)
    assert outcomes(api, fast) == {"DELIVERED": 500}
    # 1,800 places for BULK: without a bound the slow site's batches would have filled them.
    assert in_flight(cluster, slow) <= 1000
    # What still waits is named for what it is: there is room, though not for this.
    request = api.pb.WhyRequest(campaign_id=slow, index=3999)

    def look():
        gates = api.call("FleetService", "Why", request).gates
        return gates and gates[0].gate == api.pb.GATE_PATH_RATE and gates[0].closed
    wait_until("PATH_RATE holds what waits for the slow site", look)
    api.campaign("CancelCampaign", campaign_id=slow)
