"""docs/examples/redis-users.acl gives each program what it needs, and no more."""

import shutil
import tempfile
from pathlib import Path

import pytest
import redis
from local.redis_server import COORDINATOR, WORKER, RedisServer
from mails import submit_campaign

PASSWORD = "only-for-this-test"


@pytest.fixture(scope="module")
def server():
    folder = Path(tempfile.mkdtemp(prefix="hk-"))
    started = RedisServer(folder, PASSWORD).start()
    yield started
    started.stop()
    shutil.rmtree(folder)


def client_of(server, user):
    return redis.Redis(unix_socket_path=str(server.socket), username=user, password=PASSWORD)


def test_nothing_that_a_program_does_is_denied(make_cluster):
    """Sending, deferring, pausing, a killed worker and its takeover, cancelling, leaving."""
    cluster = make_cluster().start(workers=2)
    api = cluster.client()
    done = submit_campaign(api, "done", [f"u{n}@example.test" for n in range(20)])
    later = submit_campaign(api, "later", [f"r450.u{n}@example.test" for n in range(20)])
    cluster.wait_campaign(done, ["COMPLETED"])
    cluster.workers.pop(0).kill()
    api.campaign("PauseCampaign", campaign_id=later)
    api.campaign("ResumeCampaign", campaign_id=later)
    assert api.campaign("FindRecipients", campaign_id=done, ref="ref-3").recipients
    coordinator = cluster.coordinators[0].process
    coordinator.wait_until("the killed worker's session is taken over",
                           lambda: '"session.dead"' in coordinator.log.read_text())
    api.campaign("CancelCampaign", campaign_id=later)
    cluster.wait_campaign(later, ["CANCELLED"])
    assert api.all_events()[0]
    assert cluster.workers.pop().stop() == 0 and cluster.coordinators.pop().stop() == 0
    denied = cluster.redis.client().acl_log()
    assert not denied, [(entry["username"], entry["object"]) for entry in denied]


@pytest.mark.parametrize("user", [COORDINATOR, WORKER])
@pytest.mark.parametrize("command", [
    ("FLUSHALL",), ("FLUSHDB",), ("KEYS", "*"), ("CONFIG", "SET", "appendfsync", "no"),
    ("SHUTDOWN",), ("SAVE",), ("GET", "other:key"), ("EVAL", "return 1", "0"), ("MONITOR",)])
def test_what_no_program_needs_is_denied(server, user, command):
    with pytest.raises(redis.exceptions.NoPermissionError):
        client_of(server, user).execute_command(*command)


@pytest.mark.parametrize("key", [
    "hk:{p00}:c:00000000000000000000000000:content", "hk:{p00}:c:00000000000000000000000000:dup:0",
    "hk:{p00}:idem:20000:7", "hk:{p00}:all"])
def test_workers_do_not_reach_what_is_the_coordinators(server, key):
    with pytest.raises(redis.exceptions.NoPermissionError):
        client_of(server, WORKER).get(key)
    assert client_of(server, COORDINATOR).get(key) is None
