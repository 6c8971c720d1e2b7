"""Who drives, who dies, what waits: coordinators and workers as a fleet."""

import time

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign


def addresses(count):
    return [f"user{number}@example.test" for number in range(count)]


@pytest.fixture
def fleet(make_cluster):
    """A cluster that each test starts as it likes."""
    return make_cluster()


def gates(api, campaign):
    counts = api.campaign("GetCampaign", campaign_id=campaign).campaign.gates
    return {api.pb.Gate.Name(entry.gate): entry.count for entry in counts}


def test_without_a_worker_a_campaign_waits_under_a_gate_and_expires(fleet):
    fleet.redis.start()
    fleet.add_coordinator(limits={"campaign_expires_min": "1s"}).start()
    api = fleet.client()
    campaign = submit_campaign(api, "expires", addresses(1200), expires_after_s=4)
    assert outcomes(api, campaign) == {"PENDING": 1200}
    assert gates(api, campaign) == {"GATE_NO_SENDING_IP": 1200}
    fleet.wait_campaign(campaign, ["COMPLETED"], timeout_s=60)
    assert outcomes(api, campaign) == {"EXPIRED": 1200}


def test_a_scheduled_campaign_starts_at_its_time(fleet, sink):
    fleet.start()
    api = fleet.client()
    at = time.time() + 4
    campaign = submit_campaign(api, "later", addresses(10), scheduled_at_unix_ms=int(at * 1000))
    assert gates(api, campaign) == {"GATE_SCHEDULED_FOR": 10}
    fleet.wait_campaign(campaign, ["COMPLETED"])
    assert at <= time.time() <= at + 20
    assert len(sink.recipients()) == 10


def test_pause_and_cancel_reach_the_workers(fleet, sink):
    fleet.start()
    api = fleet.client()
    everyone = addresses(3000)
    campaign = submit_campaign(api, "stopped", everyone)
    wait_until("mail flows", lambda: len(sink.received) > 20, 60)
    api.campaign("PauseCampaign", campaign_id=campaign, reason="a mistake")

    def at_rest():
        before = len(sink.received)
        time.sleep(1)
        return len(sink.received) == before

    wait_until("the mail rests", at_rest, 60)
    sent = len(sink.received)
    assert sent < 3000
    api.campaign("ResumeCampaign", campaign_id=campaign)
    wait_until("mail flows again", lambda: len(sink.received) > sent, 60)
    api.campaign("CancelCampaign", campaign_id=campaign, reason="enough")
    fleet.wait_campaign(campaign, ["CANCELLED"])
    counts = outcomes(api, campaign)
    assert counts["DELIVERED"] == len(sink.received)
    assert counts["DELIVERED"] + counts.get("CANCELLED", 0) == 3000
    assert len(set(sink.recipients())) == len(sink.received)


def test_whoever_leaves_takes_nothing_along(fleet, sink):
    fleet.start(coordinators=1)
    assert fleet.coordinators[0].stop() == 0
    fleet.coordinators[0].start()
    api = fleet.client()
    started = time.time()
    campaign = submit_campaign(api, "after", addresses(50))
    fleet.wait_campaign(campaign, ["COMPLETED"])
    assert time.time() - started < 6  # no lease had to be waited for
    assert len(sink.recipients()) == 50
