"""Redis of the wrong kind, away, killed; and what may never stand in it in clear."""

import base64
import json
import time
from collections import Counter

import pytest
from local.cluster import Cluster
from local.process import wait_until
from mails import content, outcomes, submit_campaign
from worlds import rows_of, short_folder, world

ROWS = 2000


def find_event(node, name):
    return next((event for event in node.log() if event["event"] == name), None)


# ---------------------------------------------------------------- of the wrong kind


@pytest.fixture(scope="module")
def idle(build):
    """A Redis with one coordinator and one worker that are not started."""
    with short_folder() as folder:
        cluster = Cluster(folder, build)
        cluster.redis.start()
        cluster.add_coordinator()
        cluster.add_worker()
        yield cluster
        cluster.stop()


WRONG = [
    ("appendonly", "no", "yes"),
    ("appendfsync", "everysec", "always"),
    ("no-appendfsync-on-rewrite", "yes", "no"),
    ("maxmemory-policy", "allkeys-lru", "noeviction"),
]


def ends_with_reason(node, setting):
    node.path.with_suffix(".log").unlink(missing_ok=True)
    node.start(wait=False)
    process = node.process
    wait_until(f"{node.name} ends", lambda: not process.is_alive())
    node.process = None
    assert process.child.returncode == 1, process.tail()
    fatal = find_event(node, "process.fatal")
    assert setting in fatal["reason"], fatal
    wrong = find_event(node, "store.wrong")
    assert wrong["level"] == "error" and setting in json.dumps(wrong)


@pytest.mark.parametrize("program", ["coordinators", "workers"])
@pytest.mark.parametrize("setting, wrong, right", WRONG)
def test_a_wrong_setting_ends_the_program_with_its_name(idle, program, setting, wrong, right):
    redis = idle.redis.client()
    redis.config_set(setting, wrong)
    try:
        ends_with_reason(getattr(idle, program)[0], setting)
    finally:
        redis.config_set(setting, right)


def test_a_replica_ends_the_program(idle):
    redis = idle.redis.client()
    redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        ends_with_reason(idle.coordinators[0], "replica")
    finally:
        redis.execute_command("REPLICAOF", "NO", "ONE")


def test_relaxed_durability_starts_and_says_so(idle):
    redis = idle.redis.client()
    redis.config_set("appendfsync", "everysec")
    node = idle.add_coordinator(durability="relaxed")
    try:
        node.start()
        assert "appendfsync" in json.dumps(find_event(node, "store.warning"))
        store = idle.client(len(idle.coordinators) - 1).fleet().store
        assert store.durability == "relaxed" and any("appendfsync" in w for w in store.warnings)
        status, body = node.get("/readyz")
        assert status == 200 and "relaxed" in body
    finally:
        redis.config_set("appendfsync", "always")
    assert node.stop() == 0


def test_a_wrong_password_is_told(idle):
    path = idle.keys / "wrong.password"
    path.touch(0o600)
    path.write_text("not-the-password\n")
    node = idle.add_coordinator()
    node.configuration["store"] = {**node.configuration["store"], "password_file": str(path)}
    node.start(wait=False)
    try:
        wait_until("it says why", lambda: find_event(node, "store.unreachable") or
                   find_event(node, "store.wrong"))
        told = json.dumps([event for event in node.log() if event["event"].startswith("store.")])
        assert "password" in told and "user" in told and "not-the-password" not in told
    finally:
        node.process.stop()
        node.process = None


# ---------------------------------------------------------------- away, killed


def test_redis_away_at_start_is_waited_for(build):
    with world(build) as cluster:
        nodes = [cluster.add_coordinator(), cluster.add_worker()]
        for node in nodes:
            node.start(wait=False)
        for node in nodes:
            wait_until("it says why it is not ready", lambda node=node: node.get("/readyz")[0] == 503)
            assert "Redis" in node.get("/readyz")[1]
            assert node.get("/healthz")[0] == 200
        time.sleep(1)
        assert all(node.process.is_alive() for node in nodes)
        cluster.redis.start()
        for node in nodes:
            node.wait_ready()
        campaign = submit_campaign(cluster.client(), "after", ["one@example.test"])
        cluster.wait_campaign(campaign, ["COMPLETED"])


@pytest.mark.parametrize("policy", ["HOLD", "RESEND"])
def test_redis_killed_in_mid_campaign_loses_nothing(build, policy):
    """I1, I2, I4, I5."""
    with world(build) as cluster:
        cluster.start(workers=2)
        cluster.sink.delay_s = 0.1
        api = cluster.client()
        pb = api.pb
        campaign = submit_campaign(
            api, "killed", [f"k{n}@d{n % 4}.test" for n in range(ROWS)],
            uncertain=pb.Uncertain(policy=getattr(pb, f"UNCERTAIN_POLICY_{policy}")))
        wait_until("mail flows", lambda: len(cluster.sink.received) > 200)
        _, cursor = api.all_events(campaign_ids=[campaign])
        cluster.redis.process.kill()
        killed = time.monotonic()
        time.sleep(2)
        cluster.redis.start()
        for node in cluster.coordinators + cluster.workers:
            node.wait_ready()
        cluster.wait_campaign(campaign, ["COMPLETED"], 90)
        told = outcomes(api, campaign)
        received = Counter(cluster.sink.recipients())
        assert sum(told.values()) == ROWS and rows_of(cluster, campaign) == told
        # I5: it went on for two unanswered flush rounds at most.
        assert len([one for one in cluster.sink.received
                    if killed + 1.0 < one.at < killed + 2.0]) <= 400
        events, _ = api.all_events(campaign_ids=[campaign])
        if policy == "HOLD":
            assert set(told) <= {"DELIVERED", "UNCERTAIN"} and max(received.values()) == 1
            assert told["DELIVERED"] <= len(received)
        else:
            assert told == {"DELIVERED": ROWS} and len(received) == ROWS
            doubled = {f"ref-{one[1:].split('@')[0]}" for one, n in received.items() if n > 1}
            assert doubled <= {event.ref for event in events if event.possible_duplicate}
        # A reader from before the restart is told, and misses nothing.
        after, _ = api.all_events(cursor)
        assert pb.EVENT_TYPE_STORE_RECOVERED in {event.type for event in after}
        refs = {event.ref for event in events if event.type in (
            pb.EVENT_TYPE_DELIVERED, pb.EVENT_TYPE_UNCERTAIN)}
        assert refs == {f"ref-{number}" for number in range(ROWS)}


# ---------------------------------------------------------------- nothing personal in clear


SECRETS = ["himitsu.taro", "personal.test", "山田太郎", "極秘のお知らせ", "本文の秘密", "cust-4711",
           "secretfield", "news-sender", "attached secret"]


def forms(word):
    raw = word.encode()
    return {raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")[:-1],
            word.encode("utf-16-le")}


def dump(redis):
    """Every key, field and value, as bytes."""
    parts = []
    for key in redis.scan_iter(count=1000):
        kind = redis.type(key)
        value = {b"string": redis.get, b"hash": redis.hgetall, b"set": redis.smembers,
                 b"zset": lambda key: redis.zrange(key, 0, -1), b"stream": redis.xrange}[kind](key)
        parts.append(key + b"\n" + flat(value))
    return b"\n".join(parts)


def flat(value):
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return b"\n".join(flat(key) + b"\n" + flat(inner) for key, inner in value.items())
    if isinstance(value, (list, tuple, set)):
        return b"\n".join(flat(inner) for inner in value)
    return str(value).encode()


def test_nothing_personal_stands_in_redis_or_logs(build):
    """I8, L13, K1."""
    with world(build) as cluster:
        cluster.redis.start()
        cluster.add_coordinator(log={"level": "debug"}).start(wait=False)
        cluster.add_worker(log={"level": "debug"}).start(wait=False)
        for node in cluster.coordinators + cluster.workers:
            node.wait_ready()
        api = cluster.client()
        pb = api.pb
        letter = content(
            pb, subject="極秘のお知らせ {{name}}", text="本文の秘密 {{name}} {{code}}\n",
            **{"from": pb.Mailbox(address="news-sender@shop.test", display_name="お店")},
            attachments=[pb.Attachment(file_name="a.txt", media_type="text/plain",
                                       data=b"attached secret")])
        campaign = api.call("CampaignService", "CreateCampaign", pb.CreateCampaignRequest(
            idempotency_key="i8", name="n", content_class=pb.CONTENT_CLASS_NOTICE, pool="mkt",
            lane=pb.LANE_BULK, content=letter)).campaign_id
        people = [pb.Recipient(address=f"{local}@personal.test", ref="cust-4711",
                               display_name="山田太郎",
                               fields='{"name":"山田太郎","code":"secretfield"}')
                  for local in ("himitsu.taro", "r550.himitsu.taro", "r450.himitsu.taro")]
        api.campaign("AddRecipients", campaign_id=campaign, chunk=0, recipients=people)
        api.campaign("SubmitCampaign", campaign_id=campaign, expected_rows=3)
        result, = api.send_messages(pb.SendMessagesRequest(
            content=letter, content_class=pb.CONTENT_CLASS_NOTICE, pool="mkt", messages=[
                pb.MessageItem(message_key="k", to="himitsu.taro@personal.test", ref="cust-4711",
                               fields='{"name":"山田太郎","code":"secretfield"}')])).results
        wait_until("all was tried", lambda: outcomes(api, campaign) == {
            "DELIVERED": 1, "BOUNCED": 1, "DEFERRED": 1})
        wait_until("the message is there", lambda: len(cluster.sink.received) == 2)
        stored = dump(cluster.redis.client())
        files = b"".join(path.read_bytes() for path in (cluster.folder / "redis").rglob("*")
                         if path.is_file())
        logs = b"".join(path.read_bytes() for path in cluster.folder.glob("[cw]-*.log"))
        assert campaign.encode() in stored and result.campaign_id.encode() in stored
        assert b"message.outcome" in logs
        for word in SECRETS:
            for form in forms(word):
                assert form not in stored, word
                assert form not in files, word
                assert form not in logs, word
        # Keys stay out of Redis and logs as well.
        for secret in cluster.keys.glob("*"):
            if secret.is_file() and not secret.name.endswith((".pub", "admitted.curve")):
                assert secret.read_bytes().strip() not in stored + logs, secret.name
