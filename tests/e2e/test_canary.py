"""A campaign's first recipients go out alone and are judged before the rest."""

from collections import Counter

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import driver_of, world

COUNT = 20
ROWS = 200
DOMAINS = 4


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.start(coordinators=2, workers=1)
        yield made


def canary(api, wait_s, bounced=100):
    return api.pb.Canary(count=COUNT, wait_s=wait_s, max_bounce_permille=bounced)


def addresses(key, bad=None, every=1, rows=ROWS):
    return [f"{bad + '.' if bad and n // DOMAINS % every == 0 else ''}{key}{n}@d{n % DOMAINS}.test"
            for n in range(rows)]


def view_of(cluster, campaign):
    return cluster.client().campaign("GetCampaign", campaign_id=campaign).campaign


def gates_of(api, view):
    return {api.pb.Gate.Name(one.gate).removeprefix("GATE_"): one for one in view.gates}


def received_of(cluster, key):
    """In the order of their arrival."""
    return [one for one in cluster.sink.received if one.recipient.startswith(key)]


def assert_canary_went_alone(cluster, key, wait_s):
    """Its recipients came first, as many of each domain; nobody else before the wait was over."""
    received = received_of(cluster, key)
    first = received[:COUNT]
    assert set(Counter(one.recipient.split("@")[1] for one in first).values()) == {COUNT // DOMAINS}
    assert received[COUNT].at - first[-1].at >= wait_s - 0.1  # the sink's clock is not Redis'
    return received


def reasons(api, campaign):
    events, _ = api.all_events(campaign_ids=[campaign], types=[api.pb.EVENT_TYPE_STATE])
    return [(api.pb.CampaignState.Name(event.state).removeprefix("CAMPAIGN_STATE_"), event.reason)
            for event in events if event.reason]


def test_a_good_one_lets_the_rest_go(cluster, tmp_path):
    """From files; one in twenty bounces, which is allowed."""
    (tmp_path / "c.yaml").write_text("""\
name: with a canary
content_class: NOTICE
pool: mkt
from: news@shop.test
subject: hello
text: hello
canary: {count: 20, wait_s: 2s, max_bounce_permille: 50}
""")
    everybody = ["r550.good@d0.test"] + addresses("good")
    (tmp_path / "r.csv").write_text("address\n" + "".join(f"{one}\n" for one in everybody))
    told = cluster.cli("submit", str(tmp_path / "c.yaml"), str(tmp_path / "r.csv"), "--watch").stdout
    campaign = told.split("campaign ", 1)[1].split()[0]
    api = cluster.client()
    assert outcomes(api, campaign) == {"DELIVERED": ROWS, "BOUNCED": 1}
    received = received_of(cluster, "good")
    assert received[COUNT - 1].at - received[COUNT - 2].at >= 1.9
    why = "canary: 1 of 20 bounced or failed (5.0 %), 1 for mailboxes that do not exist; " \
          "the limit is 5.0 %"
    assert reasons(api, campaign) == [("RUNNING", why)]
    view = view_of(cluster, campaign)
    assert (view.canary.state, view.canary.recipients, view.canary.why) == (
        api.pb.CANARY_STATE_PASSED, COUNT, why)
    shown = cluster.cli("show", campaign).stdout
    assert "canary     PASSED 20 recipients" in shown and why in shown


def test_a_bad_one_pauses_the_campaign(cluster):
    api = cluster.client()
    campaign = submit_campaign(api, "bad", addresses("bad", "r550", 5), canary=canary(api, 1))
    view = cluster.wait_campaign(campaign, ["PAUSED"])
    why = "canary: 4 of 20 bounced or failed (20.0 %), 4 for mailboxes that do not exist; " \
          "the limit is 10.0 %"
    assert (view.canary.state, view.canary.why) == (api.pb.CANARY_STATE_FAILED, why)
    assert reasons(api, campaign) == [("PAUSED", why)]
    assert outcomes(api, campaign) == {"DELIVERED": 16, "BOUNCED": 4, "PENDING": ROWS - COUNT}
    shown = cluster.cli("show", campaign).stdout
    assert f"paused by its {why}; `hikyaku resume` lets it go on" in shown
    # Somebody has seen it: the rest goes out, and is not judged again.
    cluster.cli("resume", campaign)
    view = cluster.wait_campaign(campaign, ["COMPLETED"])
    assert view.canary.state == api.pb.CANARY_STATE_OVERRULED
    assert outcomes(api, campaign) == {"DELIVERED": ROWS * 4 // 5, "BOUNCED": ROWS // 5}


def test_a_deferred_one_pauses_the_campaign(cluster):
    """Receivers that take nothing have not said no, but nobody knows what they will say."""
    api = cluster.client()
    campaign = submit_campaign(api, "late", addresses("late", "r450"), canary=canary(api, 1))
    view = cluster.wait_campaign(campaign, ["PAUSED"])
    assert view.canary.why == \
        "canary: 20 of 20 are still deferred after the wait; the limit is 50.0 %"
    assert outcomes(api, campaign) == {"DEFERRED": COUNT, "PENDING": ROWS - COUNT}
    cluster.cli("cancel", campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"])


def test_who_is_all_canary_does_not_wait(cluster):
    api = cluster.client()
    campaign = submit_campaign(api, "few", addresses("few", rows=COUNT), canary=canary(api, 86400))
    view = cluster.wait_campaign(campaign, ["COMPLETED"])
    assert not view.HasField("canary")
    assert outcomes(api, campaign) == {"DELIVERED": COUNT}


def test_it_outlives_its_coordinator(cluster):
    """Who drives the campaign dies while it waits: another one waits on, and judges."""
    api = cluster.client()
    campaign = submit_campaign(api, "dead", addresses("dead"), canary=canary(api, 12))
    wait_until("it waits", lambda: view_of(cluster, campaign).canary.state ==
               api.pb.CANARY_STATE_WAITING)
    dead = driver_of(cluster, campaign)
    cluster.coordinators[dead].kill()
    other = cluster.client(1 - dead)

    def waiting():
        view = other.campaign("GetCampaign", campaign_id=campaign).campaign
        gate = gates_of(other, view).get("CANARY")
        return (gate.count, gate.until_unix_ms == view.canary.judged_unix_ms) if gate else None
    assert wait_until("the gate", waiting) == (ROWS - COUNT, True)
    cluster.wait_campaign(campaign, ["COMPLETED"], client=other)
    cluster.coordinators[dead].start()
    assert_canary_went_alone(cluster, "dead", 12)
    assert len(received_of(cluster, "dead")) == ROWS
    assert [state for state, _ in reasons(other, campaign)] == ["RUNNING"]
