"""Event cursors across a restart of Redis: never a silent gap, never a reader that goes in circles."""

import threading
import time

from mails import submit_campaign

PAGES_MAX = 200


def read_on(api, cursor, max_events):
    """All that is there behind the cursor, page by page; fails when it never ends."""
    events = []
    for _ in range(PAGES_MAX):
        answer = api.events(cursor, max_events=max_events)
        events += answer.events
        cursor = answer.next_cursor
        if not answer.events and not answer.more:
            return events, cursor
    raise AssertionError(f"{len(events)} events in {PAGES_MAX} pages, and no end")


def test_a_restart_of_redis_is_told_once_and_passed(cluster):
    api = cluster.client()
    recovered = api.pb.EVENT_TYPE_STORE_RECOVERED
    tomorrow_ms = int((time.time() + 86400) * 1000)
    campaign = submit_campaign(api, "scheduled", ["one@example.test"],
                               scheduled_at_unix_ms=tomorrow_ms)
    for _ in range(15):
        api.campaign("PauseCampaign", campaign_id=campaign)
        api.campaign("ResumeCampaign", campaign_id=campaign)
    before, cursor = read_on(api, "", 1000)
    early = api.events("", max_events=20).next_cursor

    cluster.redis.stop()
    cluster.coordinators[0].process.wait_until(
        "the coordinator notices", lambda: not cluster.coordinators[0].is_ready(), 60)
    cluster.redis.start()
    cluster.coordinators[0].wait_ready()

    # One that waits while the first event of the new history comes.
    told = []
    waiting = cluster.client()
    reader = threading.Thread(
        target=lambda: told.extend(waiting.events(cursor, wait_ms=20000).events))
    reader.start()
    time.sleep(0.5)
    api.campaign("PauseCampaign", campaign_id=campaign)
    reader.join()
    assert [event.type for event in told].count(recovered) == 1

    # Others come through the older history in small pages.
    for start in (early, cursor):
        events, _ = read_on(api, start, 3)
        assert [event.type for event in events].count(recovered) == 1
        ids = {event.event_id for event in events if event.type != recovered}
        assert ids >= {event.event_id for event in before[20:]}
        assert len(ids - {event.event_id for event in before}) == 1


def test_entries_that_were_trimmed_are_told_with_their_number(cluster):
    """What an operator does as docs/operations.md says."""
    api = cluster.client()
    campaign = submit_campaign(api, "trimmed", [f"u{n}@example.test" for n in range(5)],
                               scheduled_at_unix_ms=int((time.time() + 86400) * 1000))
    first = api.events("", max_events=1, campaign_ids=[campaign])
    for _ in range(4):
        api.campaign("PauseCampaign", campaign_id=campaign)
        api.campaign("ResumeCampaign", campaign_id=campaign)
    with cluster.redis.client() as redis:
        streams = [key for key in redis.scan_iter("hk:{p*}:ev:default")]
        assert len(streams) == 1
        removed = redis.xtrim(streams[0], maxlen=2, approximate=False)
    events, _ = read_on(api, first.next_cursor, 1000)
    told = [event.count for event in events
            if event.type == api.pb.EVENT_TYPE_EVENTS_TRUNCATED]
    assert told == [removed - 1]  # one was read before
    assert len(events) == 3


def test_events_whose_refs_are_missing_are_told_without(cluster):
    """No reader stands still for them; an operator is told."""
    api = cluster.client()
    tomorrow_ms = int((time.time() + 86400) * 1000)
    campaign = submit_campaign(api, "norefs", ["one@example.test", "two@example.test"],
                               scheduled_at_unix_ms=tomorrow_ms)
    api.campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"])
    redis = cluster.redis.client()
    keys = list(redis.scan_iter(match=f"*:c:{campaign}:*:f", count=1000))
    assert keys
    redis.delete(*keys)
    events, _ = api.all_events(campaign_ids=[campaign], types=[api.pb.EVENT_TYPE_CANCELLED])
    assert [event.ref for event in events] == ["", ""]
    said = [line for line in cluster.coordinators[0].log()
            if line["event"] == "event.refs_missing"]
    assert {line["campaign"] for line in said} == {campaign}
