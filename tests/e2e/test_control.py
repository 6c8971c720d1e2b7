"""Pause, resume, cancel, expiry, schedules, retries and lanes, where workers hold batches."""

import time
from collections import Counter

import pytest
from local.process import wait_until
from mails import content, outcomes, submit_campaign
from worlds import rows_of, world

ROWS = 2000
RETRY_PERMILLE = 10  # 3 s instead of 5 minutes


@pytest.fixture(scope="module")
def shared(build):
    with world(build) as made:
        made.redis.start()
        made.add_coordinator(limits={"campaign_expires_min": "1s", "message_expires_min": "1s"})
        made.coordinators[0].start(wait=False)
        made.add_worker(retry={"permille": RETRY_PERMILLE}).start(wait=False)
        for node in made.coordinators + made.workers:
            node.wait_ready()
        yield made


@pytest.fixture
def cluster(shared):
    shared.sink.received.clear()
    shared.sink.delay_s = 0
    return shared


def addresses(key, count=ROWS):
    return [f"{key}{number}@d{number % 4}.test" for number in range(count)]


def start_slow_campaign(cluster, key, **changes):
    """One that takes many seconds, with batches at the worker. Returns its id."""
    cluster.sink.delay_s = 0.2
    campaign = submit_campaign(cluster.client(), key, addresses(key), **changes)
    wait_until("mail flows", lambda: len(cluster.sink.received) > 40)
    return campaign


def get(cluster, campaign):
    return cluster.client().campaign("GetCampaign", campaign_id=campaign).campaign


def gates(cluster, campaign):
    pb = cluster.client().pb
    return {pb.Gate.Name(one.gate).removeprefix("GATE_"): one.count
            for one in get(cluster, campaign).gates}


def check_sum(cluster, campaign, expected=ROWS):
    """I2, at this moment: the counters add up and equal the rows."""
    told = outcomes(cluster.client(), campaign)
    assert sum(told.values()) == expected
    return told


def test_a_pause_brings_back_what_is_at_workers(cluster):
    campaign = start_slow_campaign(cluster, "pause")
    api = cluster.client()
    api.campaign("PauseCampaign", campaign_id=campaign, reason="wrong price")
    asked = time.monotonic()
    wait_until("all batches are back", lambda: get(cluster, campaign).in_flight == 0, 60)
    # Batches at the worker came back at once, not when they were done.
    rested = len(cluster.sink.received)
    assert rested < ROWS
    told = check_sum(cluster, campaign)
    assert told == {"DELIVERED": rested, "PENDING": ROWS - rested}
    assert rows_of(cluster, campaign) == told
    assert gates(cluster, campaign) == {"PAUSED": ROWS - rested}
    last = max(message.at for message in cluster.sink.received)
    time.sleep(1.5)
    assert len(cluster.sink.received) == rested
    # The word reaches a worker within a second; what is on the wire may end.
    assert last - asked < 15
    api.campaign("ResumeCampaign", campaign_id=campaign)
    cluster.sink.delay_s = 0
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert check_sum(cluster, campaign) == {"DELIVERED": ROWS}
    assert set(Counter(cluster.sink.recipients()).values()) == {1}


def test_a_cancel_ends_what_is_at_workers(cluster):
    campaign = start_slow_campaign(cluster, "cancel")
    api = cluster.client()
    api.campaign("CancelCampaign", campaign_id=campaign, reason="wrong list")
    cluster.wait_campaign(campaign, ["CANCELLED"])
    told = check_sum(cluster, campaign)
    assert told == {"DELIVERED": len(cluster.sink.received),
                    "CANCELLED": ROWS - len(cluster.sink.received)}
    assert rows_of(cluster, campaign) == told and told["CANCELLED"] > 0
    events, _ = api.all_events(campaign_ids=[campaign], types=[api.pb.EVENT_TYPE_CANCELLED])
    assert len(events) == told["CANCELLED"] and all(event.final for event in events)
    sent = len(cluster.sink.received)
    time.sleep(1)
    assert len(cluster.sink.received) == sent


def test_expiry_holds_in_a_worker(cluster):
    """I10: batches at a worker stop at their time; what is on the wire ends as it ends."""
    campaign = start_slow_campaign(cluster, "expirework", expires_after_s=4)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    told = check_sum(cluster, campaign)
    assert told == {"DELIVERED": len(cluster.sink.received),
                    "EXPIRED": ROWS - len(cluster.sink.received)}
    assert told["EXPIRED"] > 0 and rows_of(cluster, campaign) == told
    expires = get(cluster, campaign).expires_unix_ms / 1000
    started = time.time() - time.monotonic()
    assert max(one.at for one in cluster.sink.received) + started < expires + 15


def test_expiry_holds_paused_scheduled_and_deferred(cluster):
    api = cluster.client()
    soon = int((time.time() + 3600) * 1000)
    paused = submit_campaign(api, "exp-paused", addresses("ep", 600), expires_after_s=3)
    api.campaign("PauseCampaign", campaign_id=paused)
    deferred = submit_campaign(api, "exp-deferred", [f"r450.{n}@d.test" for n in range(50)],
                               expires_after_s=6)
    wait_until("all are deferred", lambda: outcomes(api, deferred) == {"DEFERRED": 50}, 60)
    assert gates(cluster, deferred) == {"RETRY_DUE": 50}
    for campaign in (paused, deferred):
        wait_until(f"{campaign} expires", lambda one=campaign: set(outcomes(api, one)) <= {
            "EXPIRED", "DELIVERED"}, 60)
    assert outcomes(api, deferred) == {"EXPIRED": 50}
    assert check_sum(cluster, paused, 600)["EXPIRED"] > 0
    events, _ = api.all_events(campaign_ids=[deferred], types=[api.pb.EVENT_TYPE_EXPIRED])
    assert len(events) == 50
    scheduled = submit_campaign(api, "exp-later", addresses("es", 10), scheduled_at_unix_ms=soon)
    assert gates(cluster, scheduled) == {"SCHEDULED_FOR": 10}
    api.campaign("CancelCampaign", campaign_id=scheduled)
    cluster.wait_campaign(scheduled, ["CANCELLED"])


def test_greylisted_mail_comes_again_at_its_due_time(cluster):
    api = cluster.client()
    campaign = submit_campaign(api, "grey", [f"o450.{n}@g{n % 3}.test" for n in range(60)] +
                               addresses("plain", 60))
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert check_sum(cluster, campaign, 120) == {"DELIVERED": 120}
    deferred, _ = api.all_events(campaign_ids=[campaign], types=[api.pb.EVENT_TYPE_DEFERRED])
    delivered, _ = api.all_events(campaign_ids=[campaign], types=[api.pb.EVENT_TYPE_DELIVERED])
    first = {event.ref: event for event in deferred}
    assert len(first) == len(deferred) == 60
    assert {event.attempt for event in deferred} == {1}
    seconds = {event.ref: event for event in delivered if event.ref in first}
    assert len(seconds) == 60
    for ref, event in seconds.items():
        assert event.attempt == 2 and not event.possible_duplicate
        # Not before its time; at its time, give or take a poll of `due`.
        assert event.occurred_unix_ms >= first[ref].next_attempt_unix_ms - 1000
        assert first[ref].smtp_code == 450 and not first[ref].final


def test_transactional_overtakes_bulk(cluster):
    api = cluster.client()
    start_slow_campaign(cluster, "slowbulk")
    bulk = get(cluster, submit_campaign(api, "morebulk", addresses("more"))).campaign_id
    request = api.pb.SendMessagesRequest(
        content=content(api.pb), content_class=api.pb.CONTENT_CLASS_NOTICE, pool="mkt")
    for number in range(20):
        request.messages.add(message_key=f"over{number}", to=f"code{number}@d{number % 4}.test",
                             ref=f"code-{number}")
    assert len(api.send_messages(request).results) == 20

    def codes():
        return [one for one in cluster.sink.recipients() if one.startswith("code")]
    wait_until("the codes arrive", lambda: len(codes()) == 20, 60)
    # Thousands of BULK stood in front of them, at the worker and in the queues.
    assert check_sum(cluster, bulk)["PENDING"] > 1000
    cluster.sink.delay_s = 0
    for campaign in api.campaign("ListCampaigns", states=[
            api.pb.CAMPAIGN_STATE_RUNNING]).campaigns:
        cluster.wait_campaign(campaign.campaign_id, ["COMPLETED"])
