"""A primary dies for good while a replica lags behind: what was acknowledged is kept (`durability:
replicated`), or told and told again (`disk`). I1, I4."""

import contextlib
from collections import Counter

import pytest
from local.api_client import ApiError
from local.process import wait_until
from local.redis_group import RedisGroup
from mails import outcomes, submit_campaign
from test_failover import Creator
from worlds import rows_of, world

ROWS = 600
DOMAINS = 5
REPLY_DELAY_S = 0.1


@pytest.fixture
def make_group(build):
    """A started cluster on a RedisGroup."""
    def make(stack, durability, **group):
        made = stack.enter_context(world(build))
        made.redis = RedisGroup(made.folder / "redis", made.redis_password, **group)
        made.durability = durability
        made.sink.delay_s = REPLY_DELAY_S
        return made.start()
    return make


def cut_off(server):
    """It hears nothing more of its primary, and does not come back to it."""
    client = server.client()
    client.config_set("masterauth", "wrong")
    client.execute_command("CLIENT", "KILL", "TYPE", "master")
    wait_until("it is cut off", lambda: client.info("replication")["master_link_status"] == "down")


def kill_primary(group):
    old = group.redis.primary()
    old.process.kill()
    wait_until("another is chosen", lambda: group.redis.primary() is not old)
    return group.redis.primary()


def wait_completed(group, campaign):
    """Until it is; calls are repeated while the store is away."""
    api = group.client()

    def look():
        try:
            return api.campaign("GetCampaign", campaign_id=campaign).campaign.state == \
                api.pb.CAMPAIGN_STATE_COMPLETED
        except ApiError as error:
            assert error.code == "unavailable", error
            return False
    wait_until("the campaign is completed", look, 120, 0.2)


def told_indexes(api, campaign, event_type):
    events, _ = api.all_events(campaign_ids=[campaign], types=[event_type])
    return {event.index for event in events}


def start_campaign(group, policy):
    api = group.client()
    return submit_campaign(
        api, f"lag-{policy}", [f"u{n}@d{n % DOMAINS}.test" for n in range(ROWS)],
        uncertain=api.pb.Uncertain(policy=getattr(api.pb, f"UNCERTAIN_POLICY_{policy}")))


def count_final(group, campaign):
    return outcomes(group.client(), campaign).get("DELIVERED", 0)


@pytest.fixture
def stack():
    with contextlib.ExitStack() as opened:
        yield opened


def test_the_replica_that_has_all_is_chosen_and_nothing_is_lost(stack, make_group):
    group = make_group(stack, {"durability": "replicated", "durability_replicas": 1}, replicas=2)
    api = group.client()
    primary = group.redis.primary()
    good, lagging = (server for server in group.redis.servers if server is not primary)
    campaign = start_campaign(group, "HOLD")
    wait_until("mail flows", lambda: count_final(group, campaign) > 20)
    cut_off(lagging)
    behind = count_final(group, campaign)
    creator = Creator(group.client())
    wait_until("the lagging one misses something", lambda: len(creator.created) > 5 and
               count_final(group, campaign) > behind + 20)
    acknowledged = told_indexes(api, campaign, api.pb.EVENT_TYPE_DELIVERED)
    _, cursor = api.all_events()
    assert kill_primary(group) is good
    creator.stop()
    lagging.client().config_set("masterauth", group.redis_password)  # WAIT wants one replica
    wait_completed(group, campaign)
    told = outcomes(api, campaign)
    assert set(told) <= {"DELIVERED", "UNCERTAIN"} and sum(told.values()) == ROWS
    assert rows_of(group, campaign) == told
    assert acknowledged <= told_indexes(api, campaign, api.pb.EVENT_TYPE_DELIVERED)
    for created in creator.created:
        api.campaign("GetCampaign", campaign_id=created)
    copies = Counter(group.sink.recipients())
    assert set(copies.values()) == {1}  # HOLD: never twice
    assert len(copies) >= told["DELIVERED"]
    after, _ = api.all_events(cursor)
    assert api.pb.EVENT_TYPE_STORE_RECOVERED in {event.type for event in after}


@pytest.mark.parametrize("policy", ["HOLD", "RESEND"])
def test_without_replicas_a_lagging_one_is_told_again(stack, make_group, policy):
    """Outcomes, claims and marks of the last moments are gone: the worker knows, and says so."""
    group = make_group(stack, {}, replicas=1, settings={"min-replicas-to-write": "0"})
    api = group.client()
    primary = group.redis.primary()
    lagging, = (server for server in group.redis.servers if server is not primary)
    campaign = start_campaign(group, policy)
    wait_until("mail flows", lambda: count_final(group, campaign) > 20)
    cut_off(lagging)
    behind = count_final(group, campaign)
    wait_until("it misses outcomes", lambda: count_final(group, campaign) > behind + 20)
    acknowledged = told_indexes(api, campaign, api.pb.EVENT_TYPE_DELIVERED)
    _, cursor = api.all_events()
    assert kill_primary(group) is lagging
    wait_completed(group, campaign)
    told = outcomes(api, campaign)
    assert rows_of(group, campaign) == told and sum(told.values()) == ROWS
    after, _ = api.all_events(cursor)
    assert api.pb.EVENT_TYPE_STORE_RECOVERED in {event.type for event in after}
    # Readers who start now hear of nobody less than before, and of all that arrived.
    delivered = told_indexes(api, campaign, api.pb.EVENT_TYPE_DELIVERED)
    received = Counter(int(one[1:].split("@")[0]) for one in group.sink.recipients())
    assert acknowledged <= delivered == set(received)
    assert told["DELIVERED"] == len(delivered)
    # HOLD: what stood marked before its dot when the claim was lost is in doubt and not sent.
    assert set(told) <= ({"DELIVERED", "UNCERTAIN"} if policy == "HOLD" else {"DELIVERED"})
    assert "evidence.taken" in [event["event"] for event in group.workers[0].log()]
    # The worker lives, so nobody is written to twice.
    assert set(received.values()) == {1}
