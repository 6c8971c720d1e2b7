"""Rules and profiles in shadow: what would differ is told, nothing of it is done."""

import json
import signal

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import world

SITE = "shadow.test"
SUSPENDS = f"""profiles:
  - name: {SITE}
    reactions:
      - {{enhanced: 4.7.28, do: suspend, pause: 10m}}
"""
JUDGES = """format: 1
rules:
  - id: tried-unusual-rate
    enhanced: [7.28]
    class: reputation
    blame: ip
    examples: '421 4.7.28 Gmail has detected an unusual rate of mail from your IP address'
"""
REPLY = "450 4.7.28 Gmail has detected an unusual rate of mail from your IP address"


class FirstRefused:
    """The first messages are refused, all others taken."""

    def __init__(self, count):
        self.left = count

    def __call__(self, _sender):
        self.left -= 1
        return REPLY if self.left >= 0 else None


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        rules, profiles = made.folder / "rules.yaml", made.folder / "profiles.yaml"
        rules.write_text(JUDGES)
        profiles.write_text(SUSPENDS)
        made.redis.start()
        made.add_coordinator().start()
        made.add_worker(profiles=[{"name": SITE, "reactions": [{"code": 450, "do": "rate"}]}],
                        shadow={"reply_rules": str(rules), "profiles": str(profiles)},
                        retry={"permille": 20}).start()
        yield made


def told(cluster):
    return json.loads(cluster.cli("throttle", "shadow", "--json").stdout)


def shadow_events(api):
    cursor, found = "", []
    while True:
        page = api.events(cursor, types=[api.pb.EVENT_TYPE_SHADOW, api.pb.EVENT_TYPE_THROTTLE])
        found += page.events
        if not page.more:
            return found
        cursor = page.next_cursor


def test_what_would_differ_is_told_and_not_done(cluster):
    """All mail goes out in spite of a pause of ten minutes in shadow."""
    api = cluster.client()
    cluster.sink.mail_rule = FirstRefused(3)
    campaign = submit_campaign(api, "tried", [f"a{n}@{SITE}" for n in range(200)])
    cluster.wait_campaign(campaign, ["COMPLETED"], 240)
    assert outcomes(api, campaign) == {"DELIVERED": 200}

    answer = told(cluster)
    trial, = answer["trials"]
    assert trial["worker"] == "w-0" and trial["reply_rules"] and trial["profiles"]
    assert int(trial["replies"]) == 3 and int(trial["otherwise"]) == 3
    reply, = answer["replies"]
    assert (int(reply["count"]), reply["shadow_rule"]) == (3, "tried-unusual-rate")
    assert (reply["shadow_class"], reply["shadow_blame"]) == ("reputation", "ip")
    assert reply["fact_rule"] != reply["shadow_rule"] and reply["site"] == SITE
    path, = (one for one in answer["paths"] if one["site"] == SITE)
    assert int(path["shadow"]["pauses"]) == 1
    assert not int(path["fact"].get("pauses", 0))
    assert int(path["messages"]) >= 200 and int(path["held"]) > 100

    shown = cluster.cli("throttle", "shadow", "--site", SITE).stdout
    assert "tried-unusual-rate" in shown and "SUSPENDED" in shown and "10 min" in shown
    logged = [line for line in cluster.workers[0].log() if line["event"] == "shadow.decided"]
    assert any(line["decision"] == "suspended" and line["in_shadow"] for line in logged)


def test_events_of_the_trial_are_told_apart(cluster):
    """SHADOW is a type of its own: whoever reads THROTTLE sees only what was done."""
    api = cluster.client()
    found = wait_until("the pause in shadow is an event", lambda: [
        event for event in shadow_events(api) if event.type == api.pb.EVENT_TYPE_SHADOW
        and event.shadow.decision == "suspended"], 60)
    assert {event.site for event in found} == {SITE}
    alone, _ = api.all_events(types=[api.pb.EVENT_TYPE_SHADOW])
    assert {event.event_id for event in found} <= {event.event_id for event in alone}
    assert {event.type for event in alone} == {api.pb.EVENT_TYPE_SHADOW}
    shown = cluster.cli("events", "--type", "shadow").stdout
    assert f"{SITE} x {found[0].sending_ip} would be: suspended 10 min" in shown
    assert all(not event.HasField("throttle") and event.shadow.after == 600 for event in found)
    assert not [event for event in shadow_events(api)
                if event.type == api.pb.EVENT_TYPE_THROTTLE and event.throttle.decision == "suspended"]


def test_a_trial_ends_with_a_reload_and_a_mistake_changes_nothing(cluster):
    worker = cluster.workers[0]
    profiles = cluster.folder / "profiles.yaml"
    profiles.write_text("profiles:\n  - name: x\n    no_such_key: 1\n")
    refused = len([line for line in worker.log() if line["event"] == "config.refused"])
    worker.process.signal(signal.SIGHUP)
    wait_until("the mistake is told", lambda: len(
        [line for line in worker.log() if line["event"] == "config.refused"]) > refused, 60)
    assert told(cluster)["trials"]

    del worker.configuration["shadow"]
    worker.write()
    worker.process.signal(signal.SIGHUP)
    wait_until("the trial is over", lambda: not told(cluster).get("trials"), 60)
    assert "no worker tries anything in shadow" in cluster.cli("throttle", "shadow").stdout
    assert [line for line in worker.log() if line["event"] == "shadow.ended"]
