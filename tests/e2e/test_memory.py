"""I1, I7: at maxmemory new work is refused first; what was accepted is sent and told."""

import time

import pytest

from local.api_client import ApiError
from mails import create_request, outcomes, recipients, submit_campaign

ROWS = 300
FILLER = "somebody:else"


def fill(redis):
    """Another user of the same Redis takes all that is left, and more."""
    used = redis.info("memory")["used_memory"]
    redis.set(FILLER, b"x" * 2_000_000)
    redis.config_set("maxmemory", used + 1_000_000)


def test_intake_stops_first_and_outcomes_last(make_cluster):
    cluster = make_cluster().start()
    api = cluster.client()
    pb = api.pb
    later = submit_campaign(api, "later", ["later@example.test"],
                            scheduled_at_unix_ms=int((time.time() + 3600) * 1000))
    draft = api.call("CampaignService", "CreateCampaign", create_request(pb, "draft")).campaign_id
    api.campaign("AddRecipients", campaign_id=draft, chunk=0,
                 recipients=recipients(pb, [f"u{n}@example.test" for n in range(ROWS)]))
    with cluster.redis.client() as redis:
        fill(redis)
        # What is new is refused, and told when to try again.
        for method, request in (
                ("AddRecipients", pb.AddRecipientsRequest(
                    campaign_id=draft, chunk=1, recipients=recipients(pb, ["two@example.test"]))),
                ("CreateCampaign", create_request(pb, "new"))):
            with pytest.raises(ApiError) as refused:
                api.call("CampaignService", method, request)
            assert refused.value.code == "resource_exhausted"
            assert refused.value.rules == ["store_memory"]
        # What was accepted goes its way, steps of people included: all of it while it is full.
        api.campaign("PauseCampaign", campaign_id=later)
        api.campaign("ResumeCampaign", campaign_id=later)
        api.campaign("SubmitCampaign", campaign_id=draft, expected_rows=ROWS)
        cluster.wait_campaign(draft, ["COMPLETED"])
        assert outcomes(api, draft) == {"DELIVERED": ROWS}
        api.campaign("CancelCampaign", campaign_id=later)
        cluster.wait_campaign(later, ["CANCELLED"])
        assert outcomes(api, later) == {"CANCELLED": 1}
        delivered = {event.ref for event in api.all_events(campaign_ids=[draft])[0]
                     if event.type == pb.EVENT_TYPE_DELIVERED}
        assert delivered == {f"ref-{n}" for n in range(ROWS)}
        with pytest.raises(ApiError):
            api.call("CampaignService", "CreateCampaign", create_request(pb, "new"))
        redis.delete(FILLER)
        # Nothing half done stands in the way of the repeated calls.
        again = api.call("CampaignService", "CreateCampaign", create_request(pb, "new"))
        assert not again.replayed
