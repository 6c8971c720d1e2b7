"""What leaves Redis, when, and what stays: times of seconds instead of days."""

import json
import os
import stat

import pytest

from local.api_client import ApiError
from local.cluster import write_secret
from local.process import wait_until
from mails import content, create_request, outcomes, recipients, submit_campaign

SHORT = {"events": "4s", "rows": "5s", "content": "8s", "drafts": "4s", "stubs": "60s"}
STUB = 5


def start(cluster, **coordinator):
    cluster.redis.start()
    cluster.add_coordinator(**coordinator).start()
    cluster.add_worker().start()
    return cluster.client()


def keys_of(cluster, campaign):
    with cluster.redis.client() as redis:
        return sorted(key.decode() for key in redis.scan_iter(f"*{campaign}*", count=1000))


def header_key(cluster, campaign):
    return next(key for key in keys_of(cluster, campaign) if key.endswith(campaign))


def lines_of(folder):
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl"))
            for line in path.read_text().splitlines()]


def archive_of(cluster):
    folder = cluster.folder / "archive"
    folder.mkdir()
    return folder, {"directory": str(folder), "after": "1s"}


def test_a_finished_campaign_shrinks_to_a_stub(make_cluster):
    cluster = make_cluster()
    folder, archive = archive_of(cluster)
    api = start(cluster, retention=SHORT, archive=archive)
    pb = api.pb
    request = create_request(pb, "short", labels={"team": "a"})
    addresses = [f"secret{n}@example.test" for n in range(4)] + ["r550.no@example.test"]
    campaign = submit_campaign(api, "short", addresses, labels={"team": "a"})
    first = api.events("", max_events=1, wait_ms=20000)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    everything = keys_of(cluster, campaign)
    assert any(key.endswith(":r") for key in everything)

    # Its outcomes are on disk before its rows go.
    wait_until("the archive has it", lambda: len(lines_of(folder)) == 6, 60)
    header, *rows = lines_of(folder)
    assert (header["id"], header["name"], header["state"]) == (campaign, "test short", "COMPLETED")
    assert header["labels"] == {"team": "a"}
    assert header["outcomes"] == {"DELIVERED": 4, "BOUNCED": 1}
    assert sorted(row["id"] for row in rows) == [f"{campaign}/{n}" for n in range(5)]
    told = {row["ref"]: (row["outcome"], row["smtp_code"], row["attempts"]) for row in rows}
    assert told == {**{f"ref-{n}": ("DELIVERED", 250, 1) for n in range(4)},
                    "ref-4": ("BOUNCED", 550, 1)}
    (path,) = folder.iterdir()
    assert path.name.endswith("-c-0.jsonl") and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "secret" not in path.read_text() and "example.test" not in path.read_text()

    # Then all goes but the header, which loses its keys.
    wait_until("a stub is left", lambda: len(keys_of(cluster, campaign)) == 1, 60)
    with cluster.redis.client() as redis:
        key = header_key(cluster, campaign)
        wait_until("the stub will go", lambda: redis.ttl(key) > 0, 60)
        assert redis.hget(key, "key") is None and int(redis.hget(key, "shed")) == STUB
        assert redis.ttl(key) <= 60
        assert not [key for key in redis.scan_iter("hk:*:all")]

    # Its key revives nothing: the first answer again.
    again = api.call("CampaignService", "CreateCampaign", request)
    assert again.replayed and again.campaign_id == campaign
    assert again.state == pb.CAMPAIGN_STATE_COMPLETED and again.effective.name == "test short"
    with pytest.raises(ApiError) as refused:
        api.call("CampaignService", "CreateCampaign", create_request(pb, "short", name="other"))
    assert refused.value.rules == ["other_payload"]
    assert outcomes(api, campaign) == {"DELIVERED": 4, "BOUNCED": 1}
    assert len(keys_of(cluster, campaign)) == 1

    # A reader that comes too late is told how many entries it missed.
    def trimmed():
        with cluster.redis.client() as redis:
            return sum(redis.xlen(key) for key in redis.scan_iter("hk:*:ev:*")) == 0
    wait_until("all events are old", trimmed, 60)
    late, _ = api.all_events(first.next_cursor)
    counts = [event.count for event in late if event.type == pb.EVENT_TYPE_EVENTS_TRUNCATED]
    assert len(late) == len(counts) == 1 and counts[0] > 0
    assert len(lines_of(folder)) == 6


def test_containers_are_archived_with_the_labels_of_their_messages(make_cluster):
    cluster = make_cluster()
    folder, archive = archive_of(cluster)
    api = start(cluster, archive=archive, retention=SHORT)
    pb = api.pb
    message = pb.MessageItem(message_key="m1", to="one@example.test", ref="receipt-1",
                             labels={"kind": "receipt"})
    answer = api.send_messages(pb.SendMessagesRequest(
        content=content(pb, default_fields='{"name":"x"}'), pool="mkt", messages=[message],
        content_class=pb.CONTENT_CLASS_NOTICE))
    container = answer.results[0].campaign_id
    wait_until("it is delivered", lambda: outcomes(api, container) == {"DELIVERED": 1}, 60)
    assert not lines_of(folder)
    with cluster.redis.client() as redis:  # its hour is over
        redis.hincrby(header_key(cluster, container), "created", -2 * 3600 * 1000)
    wait_until("the archive has it", lambda: len(lines_of(folder)) == 2, 60)
    header, row = lines_of(folder)
    assert header["container"] is True and header["outcomes"] == {"DELIVERED": 1}
    assert (row["ref"], row["labels"]) == ("receipt-1", {"kind": "receipt"})
    wait_until("a stub is left", lambda: len(keys_of(cluster, container)) == 1, 60)


def test_a_draft_that_nobody_submits_goes(make_cluster):
    cluster = make_cluster()
    api = start(cluster, retention=SHORT)
    pb = api.pb
    created = api.call("CampaignService", "CreateCampaign", create_request(pb, "forgotten"))
    api.campaign("AddRecipients", campaign_id=created.campaign_id, chunk=0,
                 recipients=recipients(pb, ["one@example.test", "broken@@example.test"]))
    campaign = cluster.wait_campaign(created.campaign_id, ["CANCELLED"])
    assert {entry.outcome: entry.count for entry in campaign.outcomes} == {pb.OUTCOME_CANCELLED: 1}
    wait_until("a stub is left", lambda: len(keys_of(cluster, created.campaign_id)) == 1, 60)
    with pytest.raises(ApiError):
        api.campaign("SubmitCampaign", campaign_id=created.campaign_id, expected_rows=2)


def test_duplicate_buckets_that_a_dead_coordinator_left_go(make_cluster):
    """It died between Submit and the drop: what it left is put back by hand."""
    cluster = make_cluster()
    api = start(cluster, retention={"drafts": "4s"})
    campaign = submit_campaign(api, "left", ["one@example.test"])
    cluster.wait_campaign(campaign, ["COMPLETED"])
    with cluster.redis.client() as redis:
        key = header_key(cluster, campaign)
        wait_until("it has shrunk", lambda: int(redis.hget(key, "shed") or 0) >= 2, 90)
        assert not [key for key in keys_of(cluster, campaign) if ":dup:" in key]
        redis.hdel(key, "shed")
        redis.sadd(f"{key}:dup:3", 1)
        redis.sadd(f"{key}:dup:15", 1)
    assert cluster.coordinators[0].stop() == 0
    cluster.coordinators[0].start()
    wait_until("they are gone",
               lambda: not [key for key in keys_of(cluster, campaign) if ":dup:" in key], 60)
    assert len(keys_of(cluster, campaign)) > 4  # rows and content stay 30 days


def test_rows_stay_while_the_archive_cannot_be_written(make_cluster):
    cluster = make_cluster()
    folder, archive = archive_of(cluster)
    folder.rmdir()
    api = start(cluster, retention=SHORT, archive=archive)
    campaign = submit_campaign(api, "kept", ["one@example.test"])
    cluster.wait_campaign(campaign, ["COMPLETED"])
    node = cluster.coordinators[0]
    wait_until("it failed often", lambda: (node.metric("hikyaku_retention_failed_total") or 0) >= 8,
               60)
    assert [key for key in keys_of(cluster, campaign) if key.endswith(":r")]
    assert len([event for event in node.log() if event["event"] == "archive.failed"]) == 1
    folder.mkdir()
    wait_until("a stub is left", lambda: len(keys_of(cluster, campaign)) == 1, 60)
    assert [line["id"] for line in lines_of(folder)] == [campaign, f"{campaign}/0"]


def test_a_month_without_campaigns_loses_its_key(make_cluster):
    cluster = make_cluster()
    master = cluster.keys / "master"
    for month in ("2019-12", "2020-01"):
        write_secret(master / f"month-{month}.key", os.urandom(32).hex() + "\n")
    cluster.redis.start()
    with cluster.redis.client() as redis:  # something of 2020-01 is still retained
        redis.zadd("hk:{p07}:all", {b"x" * 16: 1578000000000})
    node = cluster.add_coordinator(retention=SHORT).start()
    wait_until("the key is gone", lambda: not (master / "month-2019-12.key").exists(), 60)
    before = node.metric("hikyaku_retention_failed_total")
    with cluster.redis.client() as redis:
        assert (master / "month-2020-01.key").exists()
        redis.zrem("hk:{p07}:all", b"x" * 16)
    wait_until("the key is gone", lambda: not (master / "month-2020-01.key").exists(), 60)
    assert before == node.metric("hikyaku_retention_failed_total")
    destroyed = [event["month"] for event in node.log() if event["event"] == "month_key.destroyed"]
    assert destroyed == [201912, 202001]
    assert len(list(master.glob("month-*.key"))) == 1  # this month's
