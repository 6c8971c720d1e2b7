"""The drill: back up a cluster at work, lose its Redis for good, restore, decide, go on (I4)."""

import json
import os
import shutil
import time
from collections import Counter

import pytest

from local.api_client import ApiError
from local.process import wait_until
from local.redis_server import BACKUP, RESTORE, RedisServer
from mails import create_request, outcomes, recipients, submit_campaign
from worlds import rows_of, world

FAST = {"repl-diskless-sync-delay": "0"}
PATIENCE_S = 60


def redis_words(cluster, server, user):
    return ["--key", cluster.keys / "backup.key", "--redis", f"unix:{server.socket}",
            "--redis-user", user, "--redis-password-file", cluster.keys / "redis.password"]


def back_up(cluster, name="backup", **settings):
    path = cluster.folder / name
    if not (cluster.keys / "backup.key").exists():
        cluster.cli("keygen", "backup", cluster.keys / "backup.key")
    told = cluster.cli("backup", path, *redis_words(cluster, cluster.redis, BACKUP),
                       "--cluster", "local", "--json", **settings)
    return path, json.loads(told.stdout)


def restore(cluster, path, *words, **settings):
    return cluster.cli("restore", path, *redis_words(cluster, cluster.redis, RESTORE), "--json",
                       *words, **settings)


def lose_redis(cluster):
    """Its processes, its disk, and all that worked with it."""
    cluster.redis.process.kill()
    for node in cluster.coordinators + cluster.workers:
        node.kill()
    shutil.rmtree(cluster.redis.folder)
    cluster.redis = RedisServer(cluster.folder / "new-redis", cluster.redis_password, FAST)
    cluster.redis.start()
    for node in cluster.coordinators + cluster.workers:
        node.configuration["store"].update(cluster.redis.store())


def start_again(cluster):
    for node in cluster.coordinators + cluster.workers:
        node.start(wait=False)
    for node in cluster.coordinators + cluster.workers:
        node.wait_ready(PATIENCE_S)


def restored(cluster):
    return json.loads(cluster.cli("restore", "status", "--json").stdout)


def gates_of(api, campaign):
    found = api.campaign("GetCampaign", campaign_id=campaign).campaign
    return {api.pb.Gate.Name(entry.gate).removeprefix("GATE_") for entry in found.gates}


def partition_of(cluster, campaign):
    with cluster.redis.client() as redis:
        key = next(redis.scan_iter(f"*c:{campaign}", count=1000))
    return int(key.split(b"{p")[1][:2])


class Drill:
    """One cluster on its way through it; the tests below look at what came of it."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.sink = cluster.sink
        cluster.start()
        self.api = cluster.client()

    def submit(self, key, rows, policy=None, **changes):
        if policy is not None:
            pb = self.api.pb
            changes["uncertain"] = pb.Uncertain(policy=getattr(pb, f"UNCERTAIN_POLICY_{policy}"))
        return submit_campaign(self.api, key, [f"{key}{n}@{key}.test" for n in range(rows)],
                               **changes)

    def delivered(self, *keys):
        count = Counter(address.split("@")[1] for address in self.sink.recipients())
        return min(count[f"{key}.test"] for key in keys)

    def wait_more(self, least, *keys):
        before = {key: self.delivered(key) for key in keys}
        wait_until("more is sent", lambda: all(
            self.delivered(key) >= before[key] + least for key in keys), PATIENCE_S)

    def work(self):
        pb = self.api.pb
        self.done = self.submit("done", 20)
        self.cluster.wait_campaign(self.done, ["COMPLETED"])
        self.sink.delay_s = 0.5  # ten connections to each domain: twenty a second
        in_a_day = int(time.time() * 1000) + 86_400_000
        self.scheduled = self.submit("scheduled", 20, scheduled_at_unix_ms=in_a_day)
        self.draft = self.api.call("CampaignService", "CreateCampaign",
                                   create_request(pb, "draft")).campaign_id
        self.api.campaign("AddRecipients", campaign_id=self.draft, chunk=0,
                          recipients=recipients(pb, ["draft0@draft.test"]))
        self.hold = self.submit("hold", 900, "HOLD")
        self.resend = self.submit("resend", 900, "RESEND")
        self.paused = self.submit("paused", 900, "HOLD")
        self.wait_more(10, "hold", "resend", "paused")
        self.api.campaign("PauseCampaign", campaign_id=self.paused)
        self.path, self.told = back_up(self.cluster)
        # What the backup does not know: more is sent, a campaign begins and ends.
        self.wait_more(10, "hold", "resend")
        self.lost = self.submit("lost", 5)
        self.cluster.wait_campaign(self.lost, ["COMPLETED"])
        self.lost_partition = partition_of(self.cluster, self.lost)
        self.cursor = self.api.all_events()[1]

    def lose_and_restore(self):
        lose_redis(self.cluster)
        self.lost_at = time.time()
        self.restored = restore(self.cluster, self.path, "--keys", self.cluster.keys / "master")
        wait_until("the last messages are taken", lambda: self.sink.open == 0, PATIENCE_S)
        self.sent = len(self.sink.received)
        start_again(self.cluster)


@pytest.fixture(scope="module")
def drill(build):
    with world(build, redis_settings=FAST) as cluster:
        made = Drill(cluster)
        made.work()
        made.lose_and_restore()
        yield made


def test_a_restored_cluster_sends_and_takes_nothing(drill):
    api, cluster = drill.api, drill.cluster
    pb = api.pb
    assert json.loads(drill.restored.stdout)["backup_id"] == drill.told["backup_id"]
    assert "month-" in drill.restored.stderr and "is there" in drill.restored.stderr
    told = restored(cluster)
    assert told["state"] == "WAITING"
    assert told["backup_id"] == drill.told["backup_id"]
    node = cluster.coordinators[0]
    status, body = node.get("/readyz")
    assert status == 200 and "restore resume" in body
    assert node.metric("hikyaku_restored") == 1
    assert any("RESTORED" in alarm for alarm in api.fleet().alarms)
    assert "hold" in cluster.cli("restore", "status").stdout
    # All is there to go on: a worker, its address, the partitions. Nothing goes.
    wait_until("all partitions are held", lambda: node.metric("hikyaku_partitions") == 64,
               PATIENCE_S)
    wait_until("a worker is connected", lambda: node.metric("hikyaku_workers_connected") == 1,
               PATIENCE_S)
    wait_until("campaigns are looked at", lambda: node.metric("hikyaku_campaigns_driven") >= 4,
               PATIENCE_S)
    assert gates_of(api, drill.hold) >= {"OPERATOR_STOP"}
    assert len(drill.sink.received) == drill.sent
    for service, method, request in (
            ("CampaignService", "CreateCampaign", create_request(pb, "new")),
            ("CampaignService", "SubmitCampaign", pb.SubmitCampaignRequest(
                campaign_id=drill.draft, expected_rows=1))):
        with pytest.raises(ApiError) as refused:
            api.call(service, method, request)
        assert refused.value.code == "unavailable" and refused.value.rules == ["restored"]
    with pytest.raises(ApiError):  # sent, told, and lost
        api.campaign("GetCampaign", campaign_id=drill.lost)
    assert outcomes(api, drill.done) == {"DELIVERED": 20}


def test_a_decision_must_be_of_this_restore(drill):
    cluster = drill.cluster
    for words, code, told in (
            (["--assume", "policy", "--backup", "00" * 16], 1, "another backup"),
            (["--assume", "policy", "--lost-at", "2020-01-01T00:00:00Z"], 1, "between the backup"),
            (["--assume", "perhaps"], 2, "--assume"), ([], 2, "--assume"),
            (["--assume", "policy", "--drafts", "burn"], 2, "--drafts")):
        refused = cluster.cli("restore", "resume", *words, check=False)
        assert refused.returncode == code and told in refused.stderr
    assert restored(cluster)["state"] == "WAITING"


def test_what_may_have_been_sent_is_in_doubt_or_told(drill):
    """As decided: HOLD is never sent twice, RESEND tells, what was not due goes on."""
    api, cluster, sink = drill.api, drill.cluster, drill.sink
    sink.delay_s = 0
    lost_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(drill.lost_at))
    said = cluster.cli("restore", "resume", "--assume", "policy", "--lost-at", lost_at, "--wait")
    assert "NONE" in said.stdout
    cluster.wait_campaign(drill.hold, ["COMPLETED"], PATIENCE_S)
    cluster.wait_campaign(drill.resend, ["COMPLETED"], PATIENCE_S)

    copies = Counter(sink.recipients())
    hold = outcomes(api, drill.hold)
    assert set(hold) == {"DELIVERED", "UNCERTAIN"} and sum(hold.values()) == 900
    assert max(count for address, count in copies.items() if address.endswith("@hold.test")) == 1
    assert hold == rows_of(cluster, drill.hold)
    # Paused at the backup: it may have gone on after it.
    paused = outcomes(api, drill.paused)
    assert set(paused) == {"DELIVERED", "UNCERTAIN"} and sum(paused.values()) == 900
    # RESEND: everybody got it, and every second copy is told.
    assert outcomes(api, drill.resend) == {"DELIVERED": 900}
    events = api.all_events(campaign_ids=[drill.resend])[0]
    warned = {event.ref for event in events
              if event.type == api.pb.EVENT_TYPE_DELIVERED and event.possible_duplicate}
    doubled = {f"ref-{address.split('@')[0].removeprefix('resend')}"
               for address, count in copies.items()
               if address.endswith("@resend.test") and count > 1}
    assert doubled and doubled <= warned
    # Drafts are over: they may have been submitted.
    draft = cluster.wait_campaign(drill.draft, ["CANCELLED"], PATIENCE_S)
    with pytest.raises(ApiError):
        api.campaign("SubmitCampaign", campaign_id=draft.campaign_id, expected_rows=1)
    # What was to start only later is as it was, and starts.
    assert outcomes(api, drill.scheduled) == {"PENDING": 20}
    with cluster.redis.client() as redis:
        assert not list(redis.scan_iter("*:claimed"))
        key = next(redis.scan_iter(f"*c:{drill.scheduled}", count=1000))
        redis.hset(key, "scheduled", int(time.time() * 1000) - 1)
        assert not [key for key in redis.scan_iter("*:h", count=1000)
                    if int(redis.hget(key, "d") or 0)]  # nobody died of it
        assert not redis.exists("hk:{fleet}:restored")
        assert not redis.acl_log()
    cluster.wait_campaign(drill.scheduled, ["COMPLETED"], PATIENCE_S)
    assert outcomes(api, drill.scheduled) == {"DELIVERED": 20}


def test_readers_with_a_newer_cursor_are_told(drill):
    api = drill.api
    events, _ = api.all_events(drill.cursor)
    told = [event.event_id.split("-")[2] for event in events
            if event.type == api.pb.EVENT_TYPE_STORE_RECOVERED]
    assert str(drill.lost_partition) in told  # of a campaign that is gone as well
    assert len(told) == len(set(told)) and len(events) > len(told)


def test_the_cluster_works_again(drill):
    assert restored(drill.cluster)["state"] == "NONE"
    assert drill.cluster.coordinators[0].get("/readyz")[1] == "ready\n"
    again = drill.submit("again", 20)
    drill.cluster.wait_campaign(again, ["COMPLETED"])
    resume = drill.cluster.cli("restore", "resume", "--assume", "policy", check=False)
    assert resume.returncode == 1 and "nothing waits" in resume.stderr


def test_a_cluster_that_was_stopped_moves_without_doubt(make_cluster, sink):
    """Everything stopped, then backed up: nothing was sent since, so nothing is in doubt."""
    cluster = make_cluster(redis_settings=FAST).start()
    api = cluster.client()
    sink.delay_s = 0.2
    campaign = submit_campaign(api, "moves", [f"u{n}@d{n % 3}.test" for n in range(300)],
                               uncertain=api.pb.Uncertain(
                                   policy=api.pb.UNCERTAIN_POLICY_HOLD))
    wait_until("some are sent", lambda: len(sink.received) >= 20, PATIENCE_S)
    for node in cluster.workers + cluster.coordinators:
        assert node.stop() == 0
        node.process = None
    path, _ = back_up(cluster)
    old, cluster.redis = cluster.redis, RedisServer(cluster.folder / "new-redis",
                                                    cluster.redis_password, FAST)
    old.stop()
    cluster.redis.start()
    for node in cluster.coordinators + cluster.workers:
        node.configuration["store"].update(cluster.redis.store())
    restore(cluster, path)

    # Half loaded: the API is closed. Loaded again: it is open.
    with cluster.redis.client() as redis:
        redis.hset("hk:{fleet}:restored", "s", "loading")
        redis.delete(next(redis.scan_iter("*:r", count=1000)))
    (node,) = cluster.coordinators
    node.start(wait=False)
    wait_until("it says so", lambda: "RESTORED" in node.get("/readyz")[1], PATIENCE_S)
    assert node.get("/readyz")[0] == 503
    with pytest.raises(ApiError) as refused:
        api.campaign("GetCampaign", campaign_id=campaign)
    assert refused.value.rules == ["restored"]
    restore(cluster, path)
    node.wait_ready(PATIENCE_S)
    sink.delay_s = 0
    cluster.workers[0].start()
    cluster.cli("restore", "resume", "--assume", "unsent", "--wait")
    cluster.wait_campaign(campaign, ["COMPLETED"], PATIENCE_S)
    assert outcomes(api, campaign) == {"DELIVERED": 300}
    assert max(Counter(sink.recipients()).values()) == 1


def test_what_cannot_be_restored_is_refused(make_cluster):
    """With a reason, and before anything is changed."""
    cluster = make_cluster(redis_settings=FAST)
    cluster.redis.start()
    with cluster.redis.client() as redis:
        large = os.urandom(3_000_000)
        redis.set("hk:{p00}:c:x", large)
        redis.zadd("hk:{p00}:all", {b"n" * 16: 1})
        redis.set("other", "not ours")
        redis.hset("hk:{s:00}", "s", "00")
        path, told = back_up(cluster)
        assert told["keys"] == 2 and path.stat().st_mode & 0o777 == 0o600
        again = cluster.cli("backup", path, *redis_words(cluster, cluster.redis, BACKUP),
                            check=False)
        assert again.returncode == 4 and "exists" in again.stderr.lower()
        verified = json.loads(cluster.cli("backup", "verify", path, "--key",
                                          cluster.keys / "backup.key", "--json").stdout)
        assert verified["keys"] == 2 and verified["cluster"] == "local"
        full = restore(cluster, path, check=False)
        assert full.returncode == 1 and "not empty" in full.stderr
        assert redis.dbsize() == 4
        redis.flushall()

        whole = path.read_bytes()
        cluster.cli("keygen", "backup", cluster.keys / "other.key")
        cases = {"cut": (whole[:-1], "cut off"), "altered": (
            whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], "altered or damaged"),
            "longer": (whole + b"x", "altered or damaged"),
            "newer": (whole[:8] + b"\x02" + whole[9:], "format 2"),
            "other": (b"REDIS0010" + whole, "no backup")}
        for name, (content, reason) in cases.items():
            broken = cluster.folder / name
            broken.write_bytes(content)
            for refused in (restore(cluster, broken, check=False),
                            cluster.cli("backup", "verify", broken, "--key",
                                        cluster.keys / "backup.key", check=False)):
                assert refused.returncode == 4 and reason in refused.stderr, name
        wrong = cluster.cli("backup", "verify", path, "--key", cluster.keys / "other.key",
                            check=False)
        assert wrong.returncode == 4 and "another key" in wrong.stderr
        assert redis.dbsize() == 0

        assert restore(cluster, path).returncode == 0
        assert redis.get("hk:{p00}:c:x") == large
        assert not redis.exists("other") and not redis.exists("hk:{s:00}")
        denied = redis.acl_log()
        assert not denied, [(entry["username"], entry["object"]) for entry in denied]
    key = cluster.keys / "backup.key"
    key.chmod(0o644)
    open_key = cluster.cli("backup", "verify", path, "--key", key, check=False)
    assert open_key.returncode == 4 and str(key) in open_key.stderr
