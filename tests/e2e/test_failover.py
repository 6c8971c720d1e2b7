"""The primary of a Redis group is killed in mid-campaign; with `durability: replicated` sentinels'
choice is followed without a restart and nothing acknowledged is lost (I1, I4)."""

import signal
import threading
from collections import Counter

import pytest
import redis
from local.api_client import ApiError
from local.process import wait_until
from local.redis_group import RedisGroup
from mails import create_request, outcomes, submit_campaign
from test_events import read_on
from worlds import world

ROWS = 2000


@pytest.fixture(scope="module")
def group(build):
    with world(build) as made:
        made.redis = RedisGroup(made.folder / "redis", made.redis_password)
        made.durability = {"durability": "replicated", "durability_replicas": 1}
        made.start()
        yield made


class Creator:
    """Creates one campaign after the other, repeating what was not answered."""

    def __init__(self, client):
        self.client = client
        self.created = []
        self.refused = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.02):
            key = f"draft-{len(self.created)}"
            try:
                answer = self.client.call("CampaignService", "CreateCampaign",
                                          create_request(self.client.pb, key))
                self.created.append(answer.campaign_id)
            except ApiError as error:
                assert error.code in ("unavailable", "aborted", "deadline_exceeded"), error
                self.refused += 1

    def stop(self):
        self._stop.set()
        self._thread.join()


def test_a_killed_primary_loses_and_doubles_nothing(group):
    api = group.client()
    assert api.fleet().store.durability == "replicated: 1"
    assert "replicated" in group.coordinators[0].get("/readyz")[1]
    group.sink.delay_s = 0.02
    addresses = [f"user{number}@d{number % 5}.test" for number in range(ROWS)]
    campaign = submit_campaign(api, "failover", addresses)
    before, cursor = read_on(api, "", 1000)
    creator = Creator(group.client())
    wait_until("some mail is out", lambda: len(group.sink.received) > 150)
    wait_until("some campaigns are created", lambda: len(creator.created) > 5)
    old = group.redis.primary()
    old.process.kill()
    assert len(group.sink.received) < ROWS / 2
    wait_until("another is chosen", lambda: group.redis.primary() is not old, 60)
    acknowledged = len(creator.created)
    for node in group.coordinators + group.workers:
        node.wait_ready()
    wait_until("campaigns are created again", lambda: len(creator.created) > acknowledged + 5, 60)
    creator.stop()
    group.wait_campaign(campaign, ["COMPLETED"])

    told = outcomes(api, campaign)
    assert set(told) <= {"DELIVERED", "UNCERTAIN"} and sum(told.values()) == ROWS
    received = Counter(group.sink.recipients())
    assert set(received.values()) == {1}  # HOLD: never twice
    assert len(received) >= told["DELIVERED"] and len(received) + told.get("UNCERTAIN", 0) >= ROWS
    for created in creator.created:
        api.campaign("GetCampaign", campaign_id=created)
    after, _ = read_on(api, cursor, 1000)
    assert api.pb.EVENT_TYPE_STORE_RECOVERED in {event.type for event in after}
    delivered = {event.index for event in before + after
                 if event.type == api.pb.EVENT_TYPE_DELIVERED and event.campaign_id == campaign}
    assert len(delivered) == told["DELIVERED"]


def replication_of(server):
    """What it says; nothing while a sentinel makes it a replica, which cuts its clients off."""
    try:
        with server.client() as client:
            return client.info("replication")
    except redis.ConnectionError:
        return {}


def test_an_old_primary_that_comes_back_is_a_replica(group):
    """And a replica that stands still holds nothing up for long: nothing is acknowledged meanwhile."""
    api = group.client()
    primary = group.redis.primary()
    away = next(server for server in group.redis.servers if not server.process.is_alive())
    away.start()
    wait_until("it is a replica", lambda: replication_of(away).get("role") == "slave", 60)
    wait_until("it has caught up", lambda: replication_of(primary).get(
        "min_slaves_good_slaves") == 2, 60)
    replicas = [server for server in group.redis.servers if server is not primary]
    for server in replicas:
        server.process.signal(signal.SIGSTOP)
    try:
        with pytest.raises(ApiError) as refused:
            api.call("CampaignService", "CreateCampaign", create_request(api.pb, "unreplicated"))
        assert refused.value.code == "unavailable"
    finally:
        for server in replicas:
            server.process.signal(signal.SIGCONT)
    for node in group.coordinators + group.workers:
        node.wait_ready()

    def create():
        try:
            return api.call("CampaignService", "CreateCampaign",
                            create_request(api.pb, "unreplicated"))
        except ApiError as error:
            assert error.code == "unavailable", error
            return None
    wait_until("the same call is answered", create)
