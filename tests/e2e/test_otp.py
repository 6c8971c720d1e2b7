"""One-time codes: enrolled once, good once over all coordinators, wrong ones wait (issue 4, point 1)."""

import base64
import hashlib
import hmac
import json
import struct
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from local.api_client import ApiClient, ApiError
from local.process import wait_until
from worlds import world

STEP_S = 30


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.redis.start()
        for _ in range(2):
            made.add_coordinator(access={"otp_scopes": ["access:admin"]},
                                 tenants=[{"name": "default", "otp_scopes": ["recipient:view"]}])
        for node in made.coordinators:
            node.start(wait=False)
        for node in made.coordinators:
            node.wait_ready()
        yield made


def code_of(uri, ahead=0):
    """As RFC 6238 has it, computed apart from the code under test."""
    secret = base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])
    counter = struct.pack(">Q", int(time.time()) // STEP_S + ahead)
    digest = hmac.new(secret, counter, hashlib.sha1).digest()
    number = struct.unpack_from(">I", digest, digest[-1] & 15)[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


def wrong(uri):
    """A code that none of the near steps has."""
    near = {code_of(uri, ahead) for ahead in range(-3, 5)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555",
                                  "666666", "777777", "888888") if code not in near)


class Caller(ApiClient):
    """Shows the code that is set for the next call."""

    code = None

    def post(self, path, body, headers=None):
        return super().post(path, body, {**(headers or {}), "Hikyaku-OTP": self.code})


def access(api, method, code=None, **fields):
    api.code = code
    try:
        return api.call("AccessService", method, getattr(api.pb, f"{method}Request")(**fields))
    finally:
        api.code = None


def refusal(call):
    try:
        call()
    except ApiError as error:
        return error.code, error.rules
    return None


def person(cluster, name, *roles):
    """Callers at both coordinators with keys of one principal."""
    root = cluster.client()
    root.call("AccessService", "PutPrincipal", root.pb.PutPrincipalRequest(
        create=True, principal=root.pb.Principal(name=name, roles=roles)))
    callers = []
    for node in cluster.coordinators:
        made = root.call("AccessService", "CreateKey", root.pb.CreateKeyRequest(
            idempotency_key=f"{name}-{node.name}", key=root.pb.ApiKey(principal=name)))
        caller = Caller(node.endpoint, made.secret)
        wait_until("the key is read", lambda c=caller: refusal(
            lambda: access(c, "WhoAmI")) is None)
        callers.append(caller)
    return callers


def enrol(cluster, name, callers):
    uri = cluster.cli("principal", "otp", "enrol", name).stdout.strip()
    for caller in callers:
        wait_until("it is read", lambda c=caller: access(
            c, "WhoAmI").principal.otp_enrolled_unix_ms > 0)
    return uri


def keys_of(caller, code=None):
    return lambda: access(caller, "ListKeys", code)


def test_policy_asks_for_a_code_that_is_good_once_anywhere(cluster):
    callers = person(cluster, "chief", "admin")
    # audit:read lets an administrator list keys; making them is access:admin's.
    assert refusal(keys_of(callers[0])) is None
    put = {"create": True, "principal": callers[0].pb.Principal(name="new", roles=["author"])}
    assert refusal(lambda: access(callers[0], "PutPrincipal", **put)) == (
        "permission_denied", ["otp_not_enrolled"])
    uri = enrol(cluster, "chief", callers)
    assert uri.startswith("otpauth://totp/Hikyaku:chief?secret=")
    assert refusal(lambda: access(callers[0], "PutPrincipal", **put)) == (
        "permission_denied", ["otp_required"])
    code = code_of(uri)
    access(callers[0], "PutPrincipal", code, **put)
    for caller in callers:  # replayed here and elsewhere, whichever key shows it
        assert refusal(keys_of(caller, code)) == ("permission_denied", ["otp_used"])
    assert refusal(keys_of(callers[1], code_of(uri, 1))) is None
    # The one before is over, though its time is not.
    assert refusal(keys_of(callers[1], code)) == ("permission_denied", ["otp_used"])


def test_wrong_codes_wait_longer_each_time_over_all_coordinators(cluster):
    callers = person(cluster, "guesser", "admin")
    uri = enrol(cluster, "guesser", callers)
    for caller in (callers[0], callers[1], callers[0]):
        assert refusal(keys_of(caller, wrong(uri))) == ("permission_denied", ["otp_wrong"])
    wait_until("it waits", lambda: refusal(keys_of(callers[0], wrong(uri)))
               == ("resource_exhausted", ["otp_locked"]))
    assert refusal(keys_of(callers[1], code_of(uri))) == ("resource_exhausted", ["otp_locked"])
    callers[1].code = "1"
    status, headers, _ = callers[1].post("/hikyaku.v1.AccessService/WhoAmI", b"")
    callers[1].code = None
    assert status == 429 and int(headers["Retry-After"]) >= 1
    assert refusal(lambda: access(callers[1], "WhoAmI")) is None  # who shows none does not wait
    # A new authenticator forgets them.
    again = enrol(cluster, "guesser", callers)
    wait_until("it is good", lambda: refusal(keys_of(callers[0], code_of(again, 1))) is None)
    lines = access(cluster.client(), "ListAudit", principal="guesser",
                   result="permission_denied").lines
    assert [json.loads(line)["rule"] for line in lines][:3] == ["otp_wrong"] * 3


def test_keys_of_others_need_a_code_and_the_own_do_not(cluster):
    callers = person(cluster, "deputy", "admin")
    uri = enrol(cluster, "deputy", callers)
    other = person(cluster, "worker", "author")[0]
    theirs = access(other, "WhoAmI").key.key_id
    mine = access(callers[0], "WhoAmI").key.key_id
    turn = {"idempotency_key": "turn", "overlap_s": 3600}
    assert refusal(lambda: access(callers[1], "RotateKey", key_id=theirs, **turn)) == (
        "permission_denied", ["otp_required"])
    assert refusal(lambda: access(callers[1], "RevokeKey", key_id=theirs)) == (
        "permission_denied", ["otp_required"])
    assert refusal(lambda: access(other, "WhoAmI")) is None
    assert access(callers[0], "RotateKey", key_id=mine, **turn).secret
    access(callers[1], "RevokeKey", code_of(uri), key_id=theirs)


def test_a_stolen_key_gets_no_authenticator(cluster):
    callers = person(cluster, "owner", "support", "admin")
    for method, rule in (("EnrolOtp", "self"), ("RemoveOtp", "otp_not_enrolled")):
        assert refusal(lambda m=method: access(callers[0], m, principal="owner")) == (
            "permission_denied", [rule])
    uri = enrol(cluster, "owner", callers)
    assert refusal(lambda: access(callers[0], "EnrolOtp", principal="owner")) == (
        "permission_denied", ["self"])
    renewed = access(callers[0], "EnrolOtp", code_of(uri), principal="owner").uri
    assert renewed != uri
    wait_until("the old one is worth nothing", lambda: refusal(
        keys_of(callers[1], code_of(uri, 1))) in (
            ("permission_denied", ["otp_wrong"]), ("resource_exhausted", ["otp_locked"])))
    # The tenant's policy: nothing that shows recipients without a code.
    assert cluster.cli("principal", "otp", "remove", "owner").returncode == 0
    stranger = person(cluster, "stranger", "author")[0]
    assert refusal(lambda: access(stranger, "EnrolOtp", principal="owner")) == (
        "permission_denied", ["scope"])


def test_secrets_are_sealed_and_open_for_their_principal_alone(cluster):
    first, second = person(cluster, "first", "admin"), person(cluster, "second", "admin")
    uri = enrol(cluster, "first", first)
    enrol(cluster, "second", second)
    secret = base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])
    redis = cluster.redis.client()
    book = redis.hgetall("hk:{access}:book")
    logs = "".join((cluster.folder / f"{node.name}.log").read_text()
                   for node in cluster.coordinators)
    assert not any(secret in value or secret.hex().encode() in value for value in book.values())
    assert parse_qs(urlsplit(uri).query)["secret"][0] not in logs
    # One's sealed secret in the other's record: it does not open, and nobody gets in.
    swapped = book[b"pfirst"].replace(b"first", b"second", 1)
    swapped = b"\n\x06second" + swapped[swapped.index(b"second") + 6:]
    redis.hset("hk:{access}:book", mapping={"psecond": swapped, "n": "swapped"})
    wait_until("it is refused", lambda: refusal(keys_of(second[0], code_of(uri))) == (
        "permission_denied", ["otp_unreadable"]))


def test_the_command_line_shows_the_code(cluster):
    caller = person(cluster, "typist", "admin")
    uri = enrol(cluster, "typist", caller)
    path = cluster.folder / "typist.key"
    path.write_text(caller[0].key + "\n")
    path.chmod(0o600)
    add = ("principal", "add", "typed", "--role", "author")
    environment = {"HIKYAKU_KEY_FILE": str(path)}
    refused = cluster.cli(*add, check=False, environment=environment)
    assert refused.returncode == 1 and "one-time code" in refused.stderr
    done = cluster.cli(*add, "--otp", code_of(uri, 1), environment=environment)
    assert "typed" in done.stdout
