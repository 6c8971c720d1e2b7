"""A worker dies or sleeps in the middle of a campaign: nobody is lost, every doubt is told."""

import signal
import time
from collections import Counter

import pytest
from local.process import wait_until
from mails import outcomes, submit_campaign
from worlds import rows_of, world

ROWS = 2000
DOMAINS = 4
# Below it nothing is certain of speed: a message stands this long between its dot and its reply.
REPLY_DELAY_S = 0.1
# Two unanswered flush rounds or 400 outcomes, and what is on the wire (I5).
IN_FLIGHT_MAX = 400 + 10 * DOMAINS
SENDERS = ("127.0.0.11", "127.0.0.12")


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.start(workers=2)
        made.sink.delay_s = REPLY_DELAY_S
        yield made


def owner_of(cluster, address):
    return {ip.address: ip.owner for ip in cluster.client().fleet().ips}.get(address, "")


def start_campaign(cluster, key, policy):
    """Submit, and wait until its mail flows from both addresses. Returns its id."""
    api = cluster.client()
    cluster.sink.received.clear()
    campaign = submit_campaign(
        api, key, [f"{key}{n}@d{n % DOMAINS}.test" for n in range(ROWS)],
        uncertain=api.pb.Uncertain(policy=policy))
    wait_until("both workers deliver", lambda: all(
        count > 50 for count in (Counter(m.peer for m in list(cluster.sink.received))[sender]
                                 for sender in SENDERS)))
    return campaign


def check_rows(cluster, campaign):
    """I1, I2: nobody is lost, the counters add up and equal the rows."""
    told = outcomes(cluster.client(), campaign)
    assert sum(told.values()) == ROWS
    assert rows_of(cluster, campaign) == told
    return told


def refs_of(cluster, campaign, event_type):
    api = cluster.client()
    events, _ = api.all_events(campaign_ids=[campaign], types=[event_type])
    return {event.ref: event for event in events}


def check_hold(cluster, campaign, key, late=frozenset()):
    """Nobody got two messages; exactly the marked ones without reply are UNCERTAIN.

    @param late: refs whose doubt ended by evidence
    """
    pb = cluster.client().pb
    told = check_rows(cluster, campaign)
    assert set(told) <= {"DELIVERED", "UNCERTAIN"}
    received = Counter(cluster.sink.recipients())
    assert max(received.values()) == 1
    delivered = refs_of(cluster, campaign, pb.EVENT_TYPE_DELIVERED)
    uncertain = refs_of(cluster, campaign, pb.EVENT_TYPE_UNCERTAIN)
    assert len(delivered) == told["DELIVERED"]
    assert len(uncertain) == told["UNCERTAIN"] + len(late)
    assert set(delivered) & set(uncertain) == set(late)
    got = {"ref-" + address.split("@")[0].removeprefix(key) for address in received}
    assert set(delivered) <= got <= set(delivered) | set(uncertain)
    # Some stood between dot and reply, so there must be doubt; no more than was on the wire.
    assert 0 < told["UNCERTAIN"] <= IN_FLIGHT_MAX


def test_hold_sends_nobody_twice(cluster):
    """I4, and I3 for the address."""
    pb = cluster.client().pb
    heir = cluster.add_worker(ips=((SENDERS[0], "m0.shop.test"),)).start(wait=False)
    wait_until("the heir waits for the address", lambda: "NO_SENDING_IP" in heir.get("/readyz")[1])
    campaign = start_campaign(cluster, "hold", pb.UNCERTAIN_POLICY_HOLD)
    owner = owner_of(cluster, SENDERS[0])
    assert not heir.is_ready()
    cluster.workers[0].kill()
    cluster.wait_campaign(campaign, ["COMPLETED"])
    check_hold(cluster, campaign, "hold")
    # I3: the address has another owner now.
    heir.wait_ready()
    assert owner_of(cluster, SENDERS[0]) not in ("", owner)


def test_resend_loses_nobody_and_tells_doubles(cluster):
    """S2, I4: no double is untold."""
    pb = cluster.client().pb
    heir = cluster.workers[0].start(wait=False)
    campaign = start_campaign(cluster, "resend", pb.UNCERTAIN_POLICY_RESEND)
    cluster.workers[2].kill()
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert check_rows(cluster, campaign) == {"DELIVERED": ROWS}
    received = Counter(cluster.sink.recipients())
    assert len(received) == ROWS
    doubled = {"ref-" + address.split("@")[0].removeprefix("resend")
               for address, count in received.items() if count > 1}
    delivered = refs_of(cluster, campaign, pb.EVENT_TYPE_DELIVERED)
    told = {ref for ref, event in delivered.items() if event.possible_duplicate}
    assert doubled <= told
    assert max(received.values()) <= 2 and 0 < len(doubled) <= IN_FLIGHT_MAX
    # The same person's two copies are one message to the receiver's eyes.
    ids = {}
    for message in cluster.sink.received:
        head = message.content.split(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
        line = [one for one in head.split(b"\r\n") if one.lower().startswith(b"message-id:")]
        assert ids.setdefault(message.recipient, line) == line
    heir.wait_ready()


def test_a_sleeper_that_wakes_finishes_nothing(cluster):
    """I3: who stopped goes on only after a renewal."""
    pb = cluster.client().pb
    campaign = start_campaign(cluster, "sleep", pb.UNCERTAIN_POLICY_HOLD)
    sleeper = cluster.workers[1]
    process = sleeper.process
    process.signal(signal.SIGSTOP)
    time.sleep(12)
    woken = time.monotonic()
    process.signal(signal.SIGCONT)
    # Its session was taken: it must end, and say why.
    wait_until("the sleeper ends", lambda: not process.is_alive())
    assert process.child.returncode not in (0, -signal.SIGKILL), process.tail()
    assert "session.lost" in [event["event"] for event in sleeper.log()]
    assert not [m for m in cluster.sink.received if m.peer == SENDERS[1] and m.at > woken]
    sleeper.process = None
    cluster.wait_campaign(campaign, ["COMPLETED"])
    # What it knew was not thrown away (F6): all that arrived is DELIVERED, late or not.
    assert "evidence.taken" in [event["event"] for event in sleeper.log()]
    delivered = refs_of(cluster, campaign, pb.EVENT_TYPE_DELIVERED)
    got = {"ref-" + one.split("@")[0].removeprefix("sleep") for one in cluster.sink.recipients()}
    assert set(delivered) == got
    late = set(delivered) & set(refs_of(cluster, campaign, pb.EVENT_TYPE_UNCERTAIN))
    assert late
    check_hold(cluster, campaign, "sleep", late)
    sleeper.start()
