"""Doubt: how it ends, by evidence, by a rule, by a person (F6, F8, I4)."""

import json
import signal
import time
from collections import Counter

from local.process import wait_until
from mails import outcomes, submit_campaign

SENDERS = ("127.0.0.11", "127.0.0.12")


def events_of(api, campaign, *names):
    types = [api.pb.EventType.Value(f"EVENT_TYPE_{name}") for name in names]
    return api.all_events(campaign_ids=[campaign], types=types)[0]


def message_id(received):
    head = received.content.split(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
    return [line for line in head.split(b"\r\n") if line.lower().startswith(b"message-id:")][0]


def in_doubt(cluster, key, names, **uncertain):
    """A HOLD campaign whose receiver loses each connection behind the message."""
    api = cluster.client()
    campaign = submit_campaign(api, key, [f"{name}@example.test" for name in names],
                               uncertain=api.pb.Uncertain(
                                   policy=api.pb.UNCERTAIN_POLICY_HOLD, **uncertain))
    cluster.wait_campaign(campaign, ["COMPLETED"])
    return campaign


def test_a_sleeper_tells_of_doubles_when_it_wakes(make_cluster, sink):
    """RESEND: what it had behind the dot went out again; each second copy is told, once."""
    cluster = make_cluster().start(workers=0)
    sleeper, heir = (cluster.add_worker(ips=((address, f"m{n}.shop.test"),)).start()
                     for n, address in enumerate(SENDERS))
    sink.delay_s = 0.5
    api = cluster.client()
    rows = 600
    campaign = submit_campaign(
        api, "double", [f"user{n}@d{n % 20}.test" for n in range(rows)],
        uncertain=api.pb.Uncertain(policy=api.pb.UNCERTAIN_POLICY_RESEND))
    wait_until("both workers deliver", lambda: {SENDERS[0], SENDERS[1]} <= {
        one.peer for one in list(sink.received)})
    process = sleeper.process
    process.signal(signal.SIGSTOP)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": rows}
    process.signal(signal.SIGCONT)
    wait_until("the sleeper ends", lambda: not process.is_alive())
    sleeper.process = None
    copies = Counter(sink.recipients())
    doubled = {f"ref-{address.split('@')[0].removeprefix('user')}"
               for address, count in copies.items() if count > 1}
    assert doubled and max(copies.values()) == 2
    told = [event for event in events_of(api, campaign, "DELIVERED") if event.doubled]
    assert sorted(event.ref for event in told) == sorted(doubled)
    assert all(event.late and event.possible_duplicate for event in told)
    view = api.campaign("GetCampaign", campaign_id=campaign).campaign
    assert view.doubled == len(doubled)
    assert f"delivered more than once: {len(doubled)} " in cluster.cli("show", campaign).stdout
    assert outcomes(api, campaign) == {"DELIVERED": rows}
    assert heir.is_ready()


def test_doubt_ends_by_rule(cluster, sink):
    api = cluster.client()
    campaign = in_doubt(cluster, "rule", ["late.a", "fine"], resolve_after_s=2,
                        resolve_as=api.pb.RESOLVE_AS_BOUNCED)
    resolved = wait_until("the rule ends it", lambda: events_of(api, campaign, "RESOLVED"), 60)
    assert [(event.ref, api.pb.Outcome.Name(event.outcome), event.reason, event.final)
            for event in resolved] == [("ref-0", "OUTCOME_BOUNCED", "resolve_after_s", True)]
    before = events_of(api, campaign, "UNCERTAIN")[0].recorded_unix_ms
    assert resolved[0].recorded_unix_ms - before >= 1000
    assert outcomes(api, campaign) == {"DELIVERED": 1, "BOUNCED": 1}
    assert sink.recipients().count("late.a@example.test") == 1


def test_the_rule_sends_again(cluster, sink):
    api = cluster.client()
    campaign = in_doubt(cluster, "again", ["once.a"], resolve_after_s=1,
                        resolve_as=api.pb.RESOLVE_AS_RESEND)
    wait_until("it is delivered", lambda: outcomes(api, campaign) == {"DELIVERED": 1}, 60)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    first, second = sink.received
    assert message_id(first) == message_id(second)


def test_a_person_decides(cluster, sink):
    api = cluster.client()
    names = ["once.a", "late.b", "late.c", "late.d", "fine"]
    campaign = in_doubt(cluster, "person", names)
    assert outcomes(api, campaign) == {"DELIVERED": 1, "UNCERTAIN": 4}
    pages, token = [], ""
    while True:
        page = api.campaign("ListUncertain", page_size=3, page_token=token)
        pages.append([one.index for one in page.recipients])
        token = page.next_page_token
        if not token:
            break
    assert [len(page) for page in pages] == [3, 1] and sorted(sum(pages, [])) == [0, 1, 2, 3]
    listed = json.loads(cluster.cli("uncertain", "list", campaign, "--json").stdout)["recipients"]
    assert [one["ref"] for one in listed] == ["ref-0", "ref-1", "ref-2", "ref-3"]
    day_ms = listed[0]["resolve_unix_ms"] - time.time() * 1000
    assert 86_000_000 < day_ms <= 86_400_000 and listed[0]["resolve_as"] == "ASSUME_DELIVERED"
    assert f"{campaign}/2 " in cluster.cli("uncertain", "list").stdout

    said = cluster.cli("uncertain", "resend", campaign, "0", "4", "--reason", "bills").stdout
    assert said == f"1 resolved as RESEND; {campaign} is RUNNING\n"
    wait_until("it is sent again", lambda: outcomes(api, campaign)["DELIVERED"] == 2, 60)
    copies = [one for one in sink.received if one.recipient == "once.a@example.test"]
    assert len(copies) == 2 and message_id(copies[0]) == message_id(copies[1])
    cluster.wait_campaign(campaign, ["COMPLETED"])
    delivered = {event.ref: event for event in events_of(api, campaign, "DELIVERED")}
    assert delivered["ref-0"].possible_duplicate and not delivered["ref-4"].possible_duplicate

    cluster.cli("uncertain", "assume-delivered", campaign, "1")
    done = cluster.cli("uncertain", "bounce", campaign, "--all", "--reason", "by phone", "--json")
    assert json.loads(done.stdout) == {"resolved": 2, "state": "COMPLETED"}
    assert outcomes(api, campaign) == {"DELIVERED": 3, "BOUNCED": 2}
    told = {event.ref: (api.pb.Outcome.Name(event.outcome), event.reason)
            for event in events_of(api, campaign, "RESOLVED")}
    assert told == {"ref-0": ("OUTCOME_DEFERRED", "bills"), "ref-1": ("OUTCOME_DELIVERED", ""),
                    "ref-2": ("OUTCOME_BOUNCED", "by phone"),
                    "ref-3": ("OUTCOME_BOUNCED", "by phone")}
    said = cluster.cli("events", "--campaign", campaign, "--type", "RESOLVED").stdout
    assert said.count("  as BOUNCED  ") == 2 and "  by phone" in said
    found = api.campaign("FindRecipients", campaign_id=campaign, ref="ref-1").recipients[0]
    assert found.resolved and not found.late
    assert cluster.cli("uncertain", "list", campaign).stderr == "hikyaku: nobody is in doubt\n"
    assert cluster.cli("uncertain", "bounce", campaign, check=False).returncode == 2
    assert cluster.cli("uncertain", "bounce", campaign, "x", check=False).returncode == 2


def test_what_is_cancelled_is_not_sent_again(cluster, sink):
    api = cluster.client()
    campaign = submit_campaign(
        api, "cancel", ["late.a@example.test", "r450.wait@example.test"],
        uncertain=api.pb.Uncertain(policy=api.pb.UNCERTAIN_POLICY_HOLD))
    wait_until("doubt", lambda: outcomes(api, campaign).get("UNCERTAIN") == 1, 60)
    api.campaign("CancelCampaign", campaign_id=campaign)
    cluster.wait_campaign(campaign, ["CANCELLED"])
    refused = cluster.cli("uncertain", "resend", campaign, "--all", check=False)
    assert refused.returncode == 1 and "nothing of it is sent again" in refused.stderr
    cluster.cli("uncertain", "assume-delivered", campaign, "--all")
    assert outcomes(api, campaign) == {"DELIVERED": 1, "CANCELLED": 1}
    assert sink.recipients() == ["late.a@example.test"]
