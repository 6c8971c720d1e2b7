"""I8, L13, K2: nothing personal or secret stands in logs or in what Redis writes to disk."""

import base64
import re

from mails import content, recipients

PERSONAL = ("himitsu-taro", "himitsu-nobody", "秘密太郎", "himitsu-field", "himitsu-subject",
            "himitsu-body", "himitsu-ref", "himitsu-dead", "himitsu-jiro")


def texts_of(cluster):
    """What processes logged and measured, and all that Redis holds: its files and a dump of now."""
    for node in cluster.coordinators + cluster.workers:
        yield f"{node.name}.log", node.process.log.read_bytes()
        yield f"{node.name} /metrics", node.get("/metrics")[1].encode()
    cluster.redis.client().config_set("rdbcompression", "no")
    cluster.redis.client().save()
    for path in cluster.redis.folder.rglob("*"):
        if path.is_file() and path.name != "redis.conf":
            yield path.name, path.read_bytes()


def secrets_of(cluster):
    """Every key, password and token that a file of this cluster holds, as bytes."""
    yield cluster.api_key.encode()
    yield cluster.redis_password.encode()
    for path in (cluster.keys / "master").rglob("*.key"):
        yield path.read_bytes().strip()
    for path in cluster.keys.rglob("*.curve"):
        if path.name != "admitted.curve":
            yield path.read_bytes().strip()
    for path in cluster.keys.rglob("*.pem"):
        yield from path.read_bytes().splitlines()[1:-1]


def make_list(cluster, *addresses):
    """A file of addresses, one a line."""
    path = cluster.folder / "addresses.txt"
    path.write_text("\n".join(addresses) + "\n")
    return path


def forms_of(secret):
    """How it would look where somebody wrote it down."""
    yield secret
    yield secret.hex().encode()
    yield base64.b64encode(secret)[: len(secret) * 4 // 3]  # whatever follows it


def test_nobody_is_named_in_logs_or_in_redis(make_cluster):
    cluster = make_cluster()
    cluster.redis.start()
    cluster.add_coordinator(log={"level": "debug", "format": "json"}).start()
    cluster.add_worker(log={"level": "debug", "format": "json"}).start()
    api, pb = cluster.client(), cluster.client().pb
    secret = content(pb, subject="himitsu-subject {{name}}", text="himitsu-body {{field}}",
                     default_fields="{}")
    created = api.campaign("CreateCampaign", idempotency_key="privacy", name="privacy",
                           content_class=pb.CONTENT_CLASS_NOTICE, content=secret)
    people = recipients(pb, ["himitsu-taro@example.test", "r550.himitsu-nobody@example.test",
                             "r450.himitsu-nobody@example.test", "himitsu-taro@@broken"])
    for number, person in enumerate(people):
        person.ref = f"himitsu-ref-{number}"
        person.display_name = "秘密太郎"
        person.fields = '{"name":"秘密太郎","field":"himitsu-field"}'
    answer = api.campaign("AddRecipients", campaign_id=created.campaign_id, recipients=people)
    assert answer.rejected_total == 1
    api.campaign("SubmitCampaign", campaign_id=created.campaign_id, expected_rows=4,
                 max_rejected_permille=1000)
    seen = []
    cursor = ""
    while len(seen) < 3:
        page = api.events(cursor, wait_ms=10000, types=[
            pb.EVENT_TYPE_DELIVERED, pb.EVENT_TYPE_BOUNCED, pb.EVENT_TYPE_DEFERRED])
        assert page.events, seen
        seen += page.events
        cursor = page.next_cursor
    assert not any(word in event.reply_text for event in seen for word in PERSONAL)

    # What else names people or holds secrets: suppression lists, exports, keys and one-time codes.
    cluster.cli("suppression", "add", "himitsu-dead@example.test", "--as", "HARD_BOUNCE")
    cluster.cli("suppression", "check", make_list(cluster, "himitsu-dead@example.test",
                                                  "himitsu-jiro@example.test"))
    cluster.cli("person", "export", "himitsu-taro@example.test")
    cluster.cli("person", "export", "himitsu-jiro@example.test")
    cluster.cli("principal", "add", "sato", "--role", "approver")
    cluster.cli("key", "create", "sato", "--out", cluster.keys / "sato.key")
    uri = cluster.cli("principal", "otp", "enrol", "sato").stdout
    shown = re.search(r"secret=([A-Z2-7]+)", uri)[1]
    code = base64.b32decode(shown + "=" * (-len(shown) % 8))
    secrets = [(cluster.keys / "sato.key").read_bytes().strip(), shown.encode(), code, *secrets_of(cluster), *(word.encode() for word in PERSONAL)]
    assert len(secrets) > 20 and min(map(len, secrets)) >= 8
    searched = dict(texts_of(cluster))
    assert any(b"privacy" in text for name, text in searched.items() if "aof" in name)
    assert b"privacy" in searched["dump.rdb"]
    assert b"message.outcome" in searched["w-0.log"]
    assert b"hikyaku_" in searched["w-0 /metrics"] and b"hikyaku_" in searched["c-0 /metrics"]
    for name, text in searched.items():
        for secret in secrets:
            for form in forms_of(secret):
                assert form not in text, f"{form!r} stands in {name}"
