"""What a campaign itself asks for: sending windows in time zones."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from local.api_client import ApiError
from local.process import wait_until
from mails import create_request, outcomes, submit_campaign
from worlds import world

TOKYO = timezone(timedelta(hours=9))  # no daylight saving there


@pytest.fixture(scope="module")
def shared(build):
    with world(build) as made:
        made.start(coordinators=2, workers=1)
        yield made


@pytest.fixture
def cluster(shared):
    shared.sink.received.clear()
    shared.sink.delay_s = 0
    return shared


def addresses(key, count):
    return [f"{key}{number}@d{number % 4}.test" for number in range(count)]


def get(cluster, campaign, client=0):
    return cluster.client(client).campaign("GetCampaign", campaign_id=campaign).campaign


def gates(cluster, campaign):
    api = cluster.client()
    return {api.pb.Gate.Name(one.gate).removeprefix("GATE_"): one
            for one in get(cluster, campaign).gates}


def clock(moment):
    return moment.strftime("%H:%M")


def window(cluster, start, end, **fields):
    """From `start` to `end`, moments, by Tokyo's clocks."""
    return cluster.client().pb.Window(**{"from": clock(start.astimezone(TOKYO))},
                                      to=clock(end.astimezone(TOKYO)), zone="Asia/Tokyo", **fields)


def test_outside_of_its_window_a_campaign_waits(cluster):
    now = datetime.now(timezone.utc)
    opens = now.replace(second=0, microsecond=0) + timedelta(hours=3)
    closed = window(cluster, opens, opens + timedelta(hours=2))
    campaign = submit_campaign(cluster.client(), "closed", addresses("c", 50), windows=[closed])
    wait_until("it waits", lambda: set(gates(cluster, campaign)) == {"OUTSIDE_WINDOW"})
    gate = gates(cluster, campaign)["OUTSIDE_WINDOW"]
    assert gate.count == 50 and gate.until_unix_ms == opens.timestamp() * 1000
    assert "OUTSIDE_WINDOW" in cluster.cli("show", campaign).stdout
    # The same, and a second window that is open now.
    wide = window(cluster, now - timedelta(hours=2), now + timedelta(hours=2))
    other = submit_campaign(cluster.client(), "open", addresses("o", 50), windows=[closed, wide])
    cluster.wait_campaign(other, ["COMPLETED"])
    assert {one[0] for one in cluster.sink.recipients()} == {"o"}
    assert outcomes(cluster.client(), campaign) == {"PENDING": 50}
    effective = cluster.client().campaign("GetCampaign", campaign_id=campaign,
                                          with_settings=True).settings
    assert list(effective.windows[0].days) == [1, 2, 3, 4, 5, 6, 7]
    cluster.client().campaign("CancelCampaign", campaign_id=campaign)


def test_a_window_closes_while_mail_flows(cluster):
    cluster.sink.delay_s = 1
    now = datetime.now(timezone.utc)
    end = (now + timedelta(seconds=85)).replace(second=0, microsecond=0)
    campaign = submit_campaign(cluster.client(), "closing", addresses("f", 4000), windows=[
        window(cluster, now - timedelta(hours=1), end)])

    def flows_or_is_over():
        return len(cluster.sink.received) > 20 or datetime.now(timezone.utc) >= end
    wait_until("mail flows", flows_or_is_over, 120)
    wait_until("it is closed", lambda: "OUTSIDE_WINDOW" in gates(cluster, campaign), 120)
    wait_until("what was at the worker is back", lambda: get(cluster, campaign).in_flight == 0)
    wait_until("all waits", lambda: set(gates(cluster, campaign)) == {"OUTSIDE_WINDOW"})
    assert datetime.now(timezone.utc) >= end
    told = outcomes(cluster.client(), campaign)
    assert told.get("DELIVERED", 0) == len(cluster.sink.received)
    assert told["PENDING"] == 4000 - len(cluster.sink.received)
    rested = len(cluster.sink.received)
    time.sleep(1.5)
    assert len(cluster.sink.received) == rested
    cluster.client().campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"])


@pytest.mark.parametrize("fields, field, rule", [
    ({"from": "9:00", "to": "21:00", "zone": "Asia/Tokyo"}, "windows[0].from", "clock"),
    ({"from": "09:00", "to": "24:01", "zone": "Asia/Tokyo"}, "windows[0].to", "clock"),
    ({"from": "09:00", "to": "09:00", "zone": "Asia/Tokyo"}, "windows[0].to", "empty_window"),
    ({"from": "09:00", "to": "21:00", "zone": "Asia/Tokio"}, "windows[0].zone", "zone"),
    ({"from": "09:00", "to": "21:00", "zone": "../passwd"}, "windows[0].zone", "zone"),
    ({"from": "09:00", "to": "21:00", "zone": "UTC", "days": [9]}, "windows[0].days[0]",
     "unknown_value"),
])
def test_windows_that_are_refused(cluster, fields, field, rule):
    api = cluster.client()
    with pytest.raises(ApiError) as refused:
        api.call("CampaignService", "CreateCampaign",
                 create_request(api.pb, "bad", windows=[api.pb.Window(**fields)]))
    assert (refused.value.fields, refused.value.rules) == ([field], [rule])
