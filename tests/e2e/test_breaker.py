"""A campaign whose messages bounce too often is paused by itself, once (J6)."""

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import world

ROWS = 2000


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.redis.start()
        made.add_coordinator(breaker={"after": 200, "bounced_permille": 100, "unknown_permille": 50})
        made.coordinators[0].start(wait=False)
        made.add_worker().start(wait=False)
        for node in made.coordinators + made.workers:
            node.wait_ready()
        made.sink.delay_s = 0.05
        yield made


def submit(cluster, key, bad, every):
    """One in `every` addresses is a bad one."""
    return submit_campaign(cluster.client(), key, [
        f"{bad if n % every == 0 else 'ok'}.{key}{n}@d{n % 4}.test" for n in range(ROWS)])


@pytest.mark.parametrize("key,bad,words", [
    ("gone", "r550", "mailboxes do not exist"),
    ("spam", "d554", "messages bounced"),
])
def test_a_bad_list_is_paused_once(cluster, key, bad, words):
    api = cluster.client()
    campaign = submit(cluster, key, bad, 8 if bad == "d554" else 15)
    cluster.wait_campaign(campaign, ["PAUSED"])
    view = api.campaign("GetCampaign", campaign_id=campaign).campaign
    assert view.breaker.startswith("breaker: ") and words in view.breaker
    events, _ = api.all_events(campaign_ids=[campaign], types=[api.pb.EVENT_TYPE_STATE])
    paused, = [event for event in events if event.reason == view.breaker]
    assert paused.state == api.pb.CAMPAIGN_STATE_PAUSED
    tripped, = [event for event in cluster.coordinators[0].log()
                if event["event"] == "campaign.tripped" and event["campaign"] == campaign]
    assert tripped["reason"] == view.breaker
    assert f"paused by a {view.breaker}" in cluster.cli("show", campaign).stdout
    told = outcomes(api, campaign)
    assert told["PENDING"] > 0 and told["BOUNCED"] > 0
    # A person has seen why: it goes on to its end and is not stopped again.
    cluster.sink.delay_s = 0
    api.campaign("ResumeCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    cluster.sink.delay_s = 0.05
    told = outcomes(api, campaign)
    assert told["DELIVERED"] + told["BOUNCED"] == ROWS
    assert f"was paused by a {view.breaker}" in cluster.cli("show", campaign).stdout


def test_complaints_pause_a_campaign(cluster):
    """G13. What writes COMPLAINED into rows is not built: the counters are set as it would."""
    cluster.sink.delay_s = 0.05
    api = cluster.client()
    campaign = submit_campaign(api, "angry", [f"ok.angry{n}@d{n % 4}.test" for n in range(ROWS)])
    redis = cluster.redis.client()

    def has_delivered():
        return outcomes(api, campaign).get("DELIVERED", 0) >= 210
    wait_until("enough are delivered", has_delivered, 60)
    header, = list(redis.scan_iter(match=f"hk:*:c:{campaign.upper()}", count=1000))
    with redis.pipeline(transaction=True) as change:
        for number, by in ((api.pb.OUTCOME_DELIVERED, -8), (api.pb.OUTCOME_COMPLAINED, 8)):
            change.hincrby(header, f"o{number}", by)
        change.execute()
    cluster.wait_campaign(campaign, ["PAUSED"])
    view = api.campaign("GetCampaign", campaign_id=campaign).campaign
    assert "8 of " in view.breaker and "recipients complained" in view.breaker
    assert outcomes(api, campaign)["COMPLAINED"] == 8
    api.campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"])


def test_a_usual_list_is_not_paused(cluster):
    cluster.sink.delay_s = 0
    campaign = submit(cluster, "usual", "r550", 40)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    view = cluster.client().campaign("GetCampaign", campaign_id=campaign).campaign
    assert not view.breaker
