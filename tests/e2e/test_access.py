"""Principals, keys, scopes: who may call, from where, with what, until when (issue 4, point 1)."""

import json
import time

import pytest
from local.api_client import ApiClient, ApiError
from local.process import wait_until
from mails import submit_campaign
from worlds import world

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.start(coordinators=2, workers=1)
        yield made


def access(api, method, request=None, **fields):
    return api.call("AccessService", method, getattr(api.pb, f"{method}Request")(**fields)
                    if request is None else request)


def add_principal(cluster, name, *roles, **fields):
    api = cluster.client()
    return access(api, "PutPrincipal", create=True, principal=api.pb.Principal(
        name=name, roles=roles, **fields)).principal


def make_key(cluster, principal, idempotency_key=None, api=None, **fields):
    api = api or cluster.client()
    return access(api, "CreateKey", idempotency_key=idempotency_key or f"key-{time.monotonic_ns()}",
                  key=api.pb.ApiKey(principal=principal, **fields))


def client(cluster, key, coordinator=0, is_tcp=False):
    """A caller with this key, once the coordinator has read it."""
    node = cluster.coordinators[coordinator]
    made = ApiClient(f"127.0.0.1:{node.ports['api']}" if is_tcp else node.endpoint, key)
    wait_until("the key is read", lambda: refusal(made) not in (
        ("unauthenticated", ["bearer_key"]), ("resource_exhausted", ["locked"])))
    return made


def refusal(api):
    """(code, rules) of a call that needs no scope; None when it is answered."""
    try:
        access(api, "WhoAmI")
    except ApiError as error:
        return error.code, error.rules
    return None


def wait_refused(api, rule):
    wait_until(f"refused: {rule}", lambda: refusal(api) == ("unauthenticated", [rule]))


def create(api, key, **fields):
    pb = api.pb
    content = pb.Content(**{"from": pb.Mailbox(address="news@shop.test")}, subject="hello",
                         text="hello\n", unsubscribe=pb.Unsubscribe(mode=pb.UNSUBSCRIBE_MODE_NONE))
    return api.campaign("CreateCampaign", idempotency_key=key, name=key, estimated_rows=10,
                        content_class=pb.CONTENT_CLASS_NOTICE, lane=pb.LANE_BULK,
                        content=content, **fields)


def test_a_key_is_told_once_and_does_what_its_principal_may(cluster):
    told = json.loads(cluster.cli("principal", "add", "yamada", "--role", "author", "--note",
                                  "Yamada, marketing", "--json").stdout)["principal"]
    assert told["roles"] == ["author"] and told["created_by"] == "file"
    path = cluster.folder / "yamada.key"
    done = cluster.cli("key", "create", "yamada", "--expires", "2160h", "--out", path)
    assert done.stdout == "" and "yamada" in done.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    secret = path.read_text().strip()
    author = client(cluster, secret)
    who = access(author, "WhoAmI")
    assert (who.principal.name, who.principal.tenant) == ("yamada", "default")
    assert who.key.state == author.pb.KEY_STATE_ACTIVE
    assert 89 * DAY_MS < who.key.expires_unix_ms - time.time() * 1000 < 91 * DAY_MS
    create(author, "scoped")
    for api in (author, client(cluster, secret, 1)):
        with pytest.raises(ApiError) as refused:
            submit_campaign(api, "scoped-2", ["a@d.test"])
        assert (refused.value.code, refused.value.rules) == ("permission_denied", ["scope"])
        assert "campaign:submit" in str(refused.value)
    with pytest.raises(ApiError) as refused:
        author.fleet()
    assert refused.value.code == "permission_denied"
    # Nobody can read it again: only its digest is kept.
    listed = cluster.cli("key", "list", "yamada").stdout
    assert "yamada" in listed and secret not in listed and secret.split("_")[2] not in listed
    book = cluster.redis.client().hgetall("hk:{access}:book")
    assert not any(secret.split("_")[2].encode() in value for value in book.values())
    shown = cluster.cli("whoami", environment={"HIKYAKU_KEY_FILE": str(path)}).stdout
    assert "yamada" in shown and "campaign:write" in shown
    refused = cluster.cli("fleet", check=False, environment={"HIKYAKU_KEY_FILE": str(path)})
    assert refused.returncode == 1 and "fleet:operate" in refused.stderr


def test_a_key_is_bound_to_networks_domains_pools_and_labels(cluster):
    add_principal(cluster, "bound", "submitter")
    here = make_key(cluster, "bound", networks=["127.0.0.0/8"])
    away = make_key(cluster, "bound", networks=["192.0.2.0/24", "2001:db8::/32"])
    assert refusal(client(cluster, here.secret, is_tcp=True)) is None
    wait_refused(client(cluster, away.secret, is_tcp=True), "network")
    # Who may use the socket is this machine's business.
    assert refusal(client(cluster, away.secret)) is None
    labelled = client(cluster, make_key(cluster, "bound", labels={"team": "shop"},
                                        pools=["mkt"], from_domains=["shop.test"]).secret)
    create(labelled, "labelled", labels={"team": "shop", "season": "spring"})
    with pytest.raises(ApiError) as refused:
        create(labelled, "unlabelled", labels={"team": "other"})
    assert refused.value.rules == ["key"] and refused.value.fields == ["labels"]
    narrow = client(cluster, make_key(
        cluster, "bound", scopes=[labelled.pb.SCOPE_EVENT_READ]).secret)
    with pytest.raises(ApiError) as refused:
        create(narrow, "narrow")
    assert refused.value.rules == ["scope"]


def test_rotation_overlaps_and_ends(cluster):
    add_principal(cluster, "billing", "sender")
    made = make_key(cluster, "billing", expires_unix_ms=int(time.time() * 1000) + 30 * DAY_MS)
    old = [client(cluster, made.secret, n) for n in (0, 1)]
    # Its own key: no scope is needed.
    turned = access(old[0], "RotateKey", idempotency_key="turn-1", key_id=made.key.key_id,
                    overlap_s=3600)
    assert turned.key.replaces == made.key.key_id
    assert abs(turned.key.expires_unix_ms - made.key.expires_unix_ms) < DAY_MS
    new = [client(cluster, turned.secret, n) for n in (0, 1)]
    assert [refusal(api) for api in old + new] == [None] * 4
    ended = access(new[1], "RotateKey", idempotency_key="turn-2", key_id=turned.key.key_id)
    for api in new:
        wait_refused(api, "expired")
    assert refusal(client(cluster, ended.secret)) is None
    # Repeating a call that was answered tells no key again, and makes no other.
    with pytest.raises(ApiError) as refused:
        access(old[0], "RotateKey", idempotency_key="turn-1", key_id=made.key.key_id)
    assert refused.value.code == "already_exists"
    assert len(access(cluster.client(), "ListKeys", principal="billing").keys) == 3
    # Others' keys are not theirs.
    add_principal(cluster, "stranger", "sender")
    stranger = client(cluster, make_key(cluster, "stranger").secret)
    for method, fields in (("RotateKey", {"idempotency_key": "turn-3"}), ("RevokeKey", {})):
        with pytest.raises(ApiError) as refused:
            access(stranger, method, key_id=made.key.key_id, **fields)
        assert refused.value.code == "permission_denied"


def test_revoked_expired_and_disabled_keys_are_refused_everywhere(cluster):
    add_principal(cluster, "leaver", "support")
    keys = [make_key(cluster, "leaver") for _ in range(2)]
    soon = make_key(cluster, "leaver", expires_unix_ms=int(time.time() * 1000) + 3000)
    callers = [[client(cluster, key.secret, n) for n in (0, 1)] for key in keys]
    cluster.cli("key", "revoke", keys[0].key.key_id)
    for api in callers[0]:
        wait_refused(api, "revoked")
    for n in (0, 1):
        wait_refused(client(cluster, soon.secret, n), "expired")
    assert [refusal(api) for api in callers[1]] == [None, None]
    cluster.cli("principal", "set", "leaver", "--role", "support", "--disable")
    for api in callers[1]:
        wait_refused(api, "disabled")
    states = {key.key_id: key.state for key in
              access(cluster.client(), "ListKeys", principal="leaver").keys}
    pb = cluster.client().pb
    assert states == {keys[0].key.key_id: pb.KEY_STATE_REVOKED,
                      keys[1].key.key_id: pb.KEY_STATE_DISABLED,
                      soon.key.key_id: pb.KEY_STATE_EXPIRED}
    with pytest.raises(ApiError) as refused:
        access(cluster.client(), "RevokeKey", key_id=keys[0].key.key_id)
    assert refused.value.rules == ["revoked"]
    # It is told: who, whose, which key.
    told = [line for node in cluster.coordinators for line in node.log()
            if line["event"] == "access.changed" and line["principal"] == "leaver"]
    assert {line["what"] for line in told} >= {"principal.created", "key.created", "key.revoked"}
    assert not any(key.secret in (cluster.folder / f"{node.name}.log").read_text()
                   for key in keys for node in cluster.coordinators)


def test_an_administrator_does_not_widen_himself(cluster):
    add_principal(cluster, "chief", "admin")
    chief = client(cluster, make_key(cluster, "chief").secret)
    access(chief, "PutPrincipal", create=True,
           principal=chief.pb.Principal(name="helper", roles=["author"]))
    wait_until("it is read", lambda: any(
        one.name == "helper" for one in access(chief, "ListPrincipals").principals))
    make_key(cluster, "helper", api=chief)
    for call in (lambda: access(chief, "PutPrincipal",
                                principal=chief.pb.Principal(name="chief", roles=["root"])),
                 lambda: make_key(cluster, "chief", api=chief)):
        with pytest.raises(ApiError) as refused:
            call()
        assert (refused.value.code, refused.value.rules) == ("permission_denied", ["self"])
    with pytest.raises(ApiError) as refused:
        create(chief, "by-chief")
    assert refused.value.rules == ["scope"]


@pytest.mark.parametrize("secret", [
    "hky_0123456789abcdef_" + "0" * 64, "hky_0123456789abcdef_" + "g" * 64, "x" * 40, "x" * 300])
def test_forged_keys_are_unknown(cluster, secret):
    assert refusal(ApiClient(cluster.coordinators[1].endpoint, secret)) in (
        ("unauthenticated", ["bearer_key"]), ("resource_exhausted", ["locked"]))


def test_wrong_keys_wait_and_right_ones_do_not(cluster):
    add_principal(cluster, "victim", "sender")
    key = make_key(cluster, "victim").secret
    right = client(cluster, key, is_tcp=True)
    guess = ApiClient(right.endpoint, "hky_feedfeedfeedfeed_" + "0" * 64)
    wait_until("guessing waits", lambda: refusal(guess) == ("resource_exhausted", ["locked"]))
    status, headers, _ = guess.post("/hikyaku.v1.AccessService/WhoAmI", b"")
    assert status == 429 and int(headers["Retry-After"]) >= 1
    assert refusal(right) is None
    near = ApiClient(right.endpoint, key[:-1] + ("0" if key[-1] != "0" else "1"))
    wait_until("a guess at this very key waits",
               lambda: refusal(near) == ("resource_exhausted", ["locked"]))
    # Elsewhere the key itself is as good as before.
    assert refusal(client(cluster, key)) is None


def alarms(cluster, principal):
    """Kinds, as the audit log has them."""
    lines = access(cluster.client(), "ListAudit", principal=principal, call="audit.alarm",
                   page_size=1000).lines
    return [json.loads(line)["rule"] for line in lines]


def test_unusual_uses_are_told(cluster):
    add_principal(cluster, "nomad", "sender")
    made = make_key(cluster, "nomad")
    here = client(cluster, made.secret)
    assert alarms(cluster, "nomad") == []  # the first place is no new one
    away = [client(cluster, made.secret, n, is_tcp=True) for n in (0, 1)]
    wait_until("it is told", lambda: alarms(cluster, "nomad") == ["new_network"])
    for api in (*away, here):
        access(api, "WhoAmI")
    for _ in range(25):
        with pytest.raises(ApiError):
            create(here, "no-scope")
    wait_until("that too", lambda: alarms(cluster, "nomad") == ["new_network", "many_refusals"])
    told = cluster.cli("audit", "list", "--alarms").stdout
    assert "many_refusals" in told and made.key.key_id in told
    assert any(line["event"] == "access.alarm" and line["alarm"] == "new_network"
               for line in cluster.coordinators[0].log() + cluster.coordinators[1].log())


def test_a_key_that_slept_is_told_of(cluster):
    add_principal(cluster, "sleeper", "sender")
    made = make_key(cluster, "sleeper")
    hour = int(time.time()) // 3600 - 40 * 24
    redis = cluster.redis.client()
    redis.hset("hk:{access}:used", made.key.key_id, hour)
    for node in cluster.coordinators:
        assert node.stop() == 0
        node.start()
    access(client(cluster, made.secret), "WhoAmI")
    wait_until("it is told", lambda: "after_silence" in alarms(cluster, "sleeper"))


@pytest.mark.parametrize(("fields", "field", "rule"), [
    ({"principal": ""}, "key.principal", "required"),
    ({"principal": "nobody"}, "key.principal", "not_found"),
    ({"networks": ["192.0.2.1/24"]}, "key.networks[0]", "network"),
    ({"from_domains": ["other.test"]}, "key.from_domains[0]", "unknown"),
    ({"pools": ["nowhere"]}, "key.pools[0]", "unknown"),
    ({"expires_unix_ms": 1}, "key.expires_unix_ms", "out_of_range"),
    ({"scopes": [15]}, "key.scopes", "scope"),
    ({"used_unix_ms": 5}, "key.used_unix_ms", "superfluous"),
])
def test_bad_keys_are_refused_with_their_field(cluster, fields, field, rule):
    api = cluster.client()
    if not any(one.name == "plain" for one in access(api, "ListPrincipals").principals):
        add_principal(cluster, "plain", "sender")
    before = len(access(api, "ListKeys", principal="plain").keys)
    with pytest.raises(ApiError) as refused:
        make_key(cluster, **{"principal": "plain", **fields})
    assert (field, rule) in zip(refused.value.fields, refused.value.rules)
    assert len(access(api, "ListKeys", principal="plain").keys) == before


@pytest.mark.parametrize(("fields", "field", "rule"), [
    ({"name": ""}, "principal.name", "required"),
    ({"name": "two words"}, "principal.name", "key"),
    ({"name": "file"}, "principal.name", "reserved"),
    ({"roles": ["king"]}, "principal.roles[0]", "unknown_role"),
    ({"roles": []}, "principal.roles", "required"),
    ({"tenant": "other"}, "principal.tenant", "unknown"),
])
def test_bad_principals_are_refused_with_their_field(cluster, fields, field, rule):
    api = cluster.client()
    before = len(access(api, "ListPrincipals").principals)
    with pytest.raises(ApiError) as refused:
        access(api, "PutPrincipal", create=True,
               principal=api.pb.Principal(**{"name": "bad", "roles": ["sender"], **fields}))
    assert refused.value.fields == [field]
    assert field != "principal.name" or refused.value.rules == [rule] or rule == "key"
    assert len(access(api, "ListPrincipals").principals) == before


def test_damaged_entries_admit_nobody_and_others_stay(cluster):
    add_principal(cluster, "sound", "sender")
    sound, broken = make_key(cluster, "sound"), make_key(cluster, "sound")
    apis = [client(cluster, key.secret) for key in (sound, broken)]
    redis = cluster.redis.client()
    redis.hset("hk:{access}:book", f"k{broken.key.key_id}", b"\xff\xff")
    redis.hset("hk:{access}:book", "n", "another")
    wait_refused(apis[1], "bearer_key")
    assert refusal(apis[0]) is None
    redis.hdel("hk:{access}:book", f"k{broken.key.key_id}")


def test_keys_outlive_restarts(cluster):
    add_principal(cluster, "lasting", "sender")
    secret = make_key(cluster, "lasting").secret
    for node in cluster.coordinators:
        assert node.stop() == 0
        node.start(wait=False)
    for node in cluster.coordinators:
        node.wait_ready()
    for n in (0, 1):
        assert refusal(client(cluster, secret, n)) is None
    wait_until("its use is noted", lambda: any(
        key.used_unix_ms > 0 for key in
        access(cluster.client(), "ListKeys", principal="lasting").keys))
