"""Suppression lists: who stands there gets nothing, however he came there and wherever his mail is."""

import time

import pytest
from local.api_client import ApiError
from local.process import wait_until
from mails import content, outcomes, submit_campaign
from worlds import world


@pytest.fixture(scope="module")
def shared(build):
    with world(build) as made:
        made.start(coordinators=2, workers=1)
        yield made


@pytest.fixture
def cluster(shared):
    shared.sink.received.clear()
    shared.sink.delay_s = 0
    yield shared
    shared.sink.delay_s = 0


def call(cluster, method, number=0, **fields):
    api = cluster.client(number)
    return api.call("SuppressionService", method, getattr(api.pb, method + "Request")(**fields))


def add(cluster, addresses, reason, stream="", **fields):
    pb = cluster.client().pb
    return call(cluster, "AddSuppressions", stream=stream, entries=[
        pb.NewSuppression(address=address, reason=reason, **fields) for address in addresses])


def standing(cluster, address, stream="", number=0):
    """(stream, reason) of what stands of an address and is not lifted."""
    found = call(cluster, "CheckSuppressions", number, stream=stream, addresses=[address])
    return {(one.stream, one.reason) for one in found.suppressions if not one.lifted}


def send(cluster, key, addresses, **fields):
    """A campaign from begin to end. Returns its outcomes."""
    api = cluster.client()
    campaign = submit_campaign(api, key, addresses, **fields)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    return campaign, outcomes(api, campaign)


def advertising(pb, stream=""):
    return {"content_class": pb.CONTENT_CLASS_ADVERTISING, "content": content(
        pb, suppression_stream=stream, unsubscribe=pb.Unsubscribe(
            mode=pb.UNSUBSCRIBE_MODE_OWN_URL, url="https://shop.test/stop"))}


def received(cluster):
    return {one.recipient for one in cluster.sink.received}


def test_a_dead_address_is_written_to_once(cluster):
    """J9, and no unknown 5xx: only what the classifier knows to be dead comes on the list."""
    pb = cluster.client().pb
    addresses = ["fine@example.test", "r550.gone@example.test", "d554.no@example.test"]
    _, first = send(cluster, "dead", addresses)
    assert first == {"DELIVERED": 1, "BOUNCED": 2}
    wait_until("the reply's address is on the list",
               lambda: standing(cluster, "R550.gone@EXAMPLE.test"))
    assert standing(cluster, "r550.gone@example.test", number=1) == {
        ("*", pb.SUPPRESSION_REASON_HARD_BOUNCE)}
    assert not standing(cluster, "d554.no@example.test") and not standing(cluster, addresses[0])
    campaign, second = send(cluster, "dead-again", addresses)
    assert second == {"DELIVERED": 1, "BOUNCED": 1, "SUPPRESSED": 1}
    events, _ = cluster.client().all_events(campaign_ids=[campaign],
                                            types=[pb.EVENT_TYPE_SUPPRESSED])
    assert [(one.ref, one.rule_id, one.final) for one in events] == [("ref-1", "hard-bounce", True)]


def test_who_is_added_meanwhile_gets_no_more(cluster):
    """U7: what waits in a worker is not sent."""
    api = cluster.client()
    everyone = [f"meanwhile{number}@example.test" for number in range(1000)]
    listed = everyone[500:]
    cluster.sink.delay_s = 1
    campaign = submit_campaign(api, "meanwhile", everyone)
    wait_until("mail flows", lambda: cluster.sink.received)
    assert add(cluster, listed, api.pb.SUPPRESSION_REASON_MANUAL).added == 500
    wait_until("the worker knows it", lambda: outcomes(api, campaign).get("SUPPRESSED"))
    wait_until("all of them have ended", lambda: outcomes(api, campaign)["SUPPRESSED"] +
               len(set(listed) & received(cluster)) == 500)
    cluster.sink.delay_s = 0
    cluster.wait_campaign(campaign, ["COMPLETED"])
    ended = outcomes(api, campaign)
    assert ended["SUPPRESSED"] > 0 and ended["SUPPRESSED"] + ended["DELIVERED"] == 1000
    assert len(set(listed) & received(cluster)) == 500 - ended["SUPPRESSED"]


def test_a_gap_in_the_log_is_seen(cluster):
    """An addition that the log does not tell any more: all that is in hand is looked up again."""
    api = cluster.client()
    redis = cluster.redis.client()
    everyone = [f"gap{number}@example.test" for number in range(500)]
    missed = everyone[-1]
    add(cluster, [missed], api.pb.SUPPRESSION_REASON_MANUAL, "elsewhere")
    found = call(cluster, "CheckSuppressions", stream="elsewhere", addresses=[missed])
    person = bytes.fromhex(found.suppressions[0].address_hash)
    bucket = int.from_bytes(person[:2], "big") >> 2
    stands = redis.hget(f"hk:{{t:default}}:sup:elsewhere:{bucket}", person[1:])
    cluster.sink.delay_s = 1
    campaign = submit_campaign(api, "gap", everyone)
    wait_until("mail flows", lambda: cluster.sink.received)
    redis.hset(f"hk:{{t:default}}:sup:*:{bucket}", person[1:], stands)
    redis.hincrby("hk:{t:default}:sup", "n", 1)
    add(cluster, ["after-the-gap@example.test"], api.pb.SUPPRESSION_REASON_MANUAL)
    wait_until("it is found", lambda: outcomes(api, campaign).get("SUPPRESSED"))
    cluster.sink.delay_s = 0
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": 499, "SUPPRESSED": 1}
    assert missed not in received(cluster)
    assert any(one["event"] == "suppression.gap" for one in cluster.workers[0].log())


def test_refusals_keep_advertising_of_their_stream_away(cluster):
    """L3; what is owed to a person still reaches him."""
    pb = cluster.client().pb
    people = ["refuser@example.test", "other@example.test"]
    assert add(cluster, people[:1], pb.SUPPRESSION_REASON_UNSUBSCRIBE, "news").added == 1
    assert send(cluster, "stream-news", people, **advertising(pb, "news"))[1] == {
        "DELIVERED": 1, "SUPPRESSED": 1}
    assert send(cluster, "stream-other", people, **advertising(pb))[1] == {"DELIVERED": 2}
    assert send(cluster, "stream-notice", people)[1] == {"DELIVERED": 2}
    assert add(cluster, people[:1], pb.SUPPRESSION_REASON_COMPLAINT).added == 1
    assert send(cluster, "stream-all", people, **advertising(pb))[1] == {
        "DELIVERED": 1, "SUPPRESSED": 1}


def test_a_lift_needs_a_reason_and_is_remembered(cluster):
    """A1: no import takes away, none brings back what was lifted; L14: the audit log says why."""
    pb = cluster.client().pb
    address = "lifted@example.test"
    assert add(cluster, [address], pb.SUPPRESSION_REASON_HARD_BOUNCE).added == 1
    with pytest.raises(ApiError) as refused:
        call(cluster, "RemoveSuppression", address=address)
    assert refused.value.problems[0]["field"] == "reason"
    cluster.cli("suppression", "remove", address, "--reason", "asked by telephone")
    assert not standing(cluster, address)
    again = add(cluster, [address], pb.SUPPRESSION_REASON_HARD_BOUNCE,
                at_unix_ms=int(time.time() * 1000) - 3600_000)
    assert (again.added, again.lifted) == (0, 1)
    assert send(cluster, "lift", [address])[1] == {"DELIVERED": 1}
    listed = cluster.cli("audit", "list", "--json").stdout
    assert "asked by telephone" in listed and "address_hash=" in listed and address not in listed


def test_a_carrier_gives_addresses_to_others(cluster):
    """J14"""
    pb = cluster.client().pb
    address = "taro@docomo.ne.jp"
    add(cluster, [address], pb.SUPPRESSION_REASON_HARD_BOUNCE)
    now = int(time.time() * 1000)
    for consent in (0, now - 3600_000):
        with pytest.raises(ApiError) as refused:
            call(cluster, "RemoveSuppression", address=address, reason="x", consent_unix_ms=consent)
        assert refused.value.problems[0]["rule"] == "consent"
    # However the address is written; and nobody agrees tomorrow.
    for written in ("taro@DOCOMO.NE.JP", "Taro@docomo.ne.jp"):
        with pytest.raises(ApiError) as refused:
            call(cluster, "RemoveSuppression", address=written, reason="x")
        assert refused.value.problems[0]["rule"] == "consent"
    with pytest.raises(ApiError) as refused:
        call(cluster, "RemoveSuppression", address=address, reason="x",
             consent_unix_ms=now + 3600_000)
    assert refused.value.problems[0]["rule"] == "in_future"
    wait_until("somebody agrees in a later second", lambda: time.time() * 1000 > now + 2000, 60)
    agreed = now + 1500
    call(cluster, "RemoveSuppression", address=address, reason="new owner", consent_unix_ms=agreed)
    assert not standing(cluster, address)
    assert f"consent_unix_ms={agreed}" in cluster.cli(
        "audit", "list", "--call", "SuppressionService/RemoveSuppression", "--json").stdout


def test_files_of_other_systems(cluster, tmp_path):
    bounces = tmp_path / "bounces.csv"
    bounces.write_text("status,reason,email,created\n5.1.1,no such user,a@import.test,1700000000\n"
                       "4.2.2,full,b@import.test,1700000000\n5.1.1,no,nobody,1700000000\n")
    told = cluster.cli("suppression", "import", str(bounces), check=False)
    assert told.returncode == 1 and "line 4:" in told.stderr and "1 added" in told.stderr, told
    ses = tmp_path / "ses.csv"
    ses.write_text("c@import.test,BOUNCE\nd@import.test,COMPLAINT\n")
    assert "2 added" in cluster.cli("suppression", "import", str(ses), "--stream", "ses").stderr
    assert "2 known" in cluster.cli("suppression", "import", str(ses), "--stream", "ses").stderr
    ask = tmp_path / "ask.csv"
    ask.write_text("address,ref\na@import.test,1\nb@import.test,2\nd@import.test,3\n")
    hits = cluster.cli("suppression", "check", str(ask), "--stream", "ses").stdout.splitlines()
    assert hits == ["2,a@import.test,*,HARD_BOUNCE", "4,d@import.test,ses,COMPLAINT"]
    lines = cluster.cli("suppression", "export", "ses").stdout.splitlines()
    assert len(lines) == 3 and "@" not in "".join(lines)
    copy = tmp_path / "copy.csv"
    copy.write_text("\n".join(lines))
    assert "2 added" in cluster.cli("suppression", "import", str(copy), "--stream", "copy").stderr
    assert "ses" in cluster.cli("suppression", "list").stdout
    assert "HARD_BOUNCE" in cluster.cli("suppression", "show", "a@import.test").stdout


@pytest.mark.parametrize("fields, rule", [
    ({"address": "no address", "reason": 4}, "address_local_syntax"),
    ({"address": "x@y.test", "reason": 5}, "reason"),
    ({"address": "x@y.test", "reason": 0}, "reason"),
    ({"address": "x@y.test", "reason": 3, "expires_unix_ms": 9999999999999}, "expires"),
    ({"address": "x@y.test", "reason": 4, "expires_unix_ms": 1}, "expires"),
    ({"address": "x@y.test", "reason": 4, "at_unix_ms": 9999999999999}, "out_of_range"),
    ({"address_hash": "abc", "reason": 4}, "address_hash"),
    ({"address": "x@y.test", "address_hash": "0" * 32, "reason": 4}, "address_hash"),
])
def test_bad_entries_fail_no_others(cluster, fields, rule):
    pb = cluster.client().pb
    answer = call(cluster, "AddSuppressions", entries=[
        pb.NewSuppression(**fields), pb.NewSuppression(address="neighbour@y.test", reason=4)])
    assert [(one.index, one.rule) for one in answer.rejected] == [(0, rule)]
    assert answer.added + answer.known == 1


def test_redis_holds_no_address(cluster):
    """L11, I8"""
    redis = cluster.redis.client()
    add(cluster, ["secretive@hidden.test"], 4)
    for key in redis.scan_iter(match="hk:{t:*", count=1000):
        whole = key + redis.dump(key)
        assert b"secretive" not in whole and b"hidden.test" not in whole


def test_another_coordinator_goes_on_where_one_died(cluster):
    cluster.coordinators[1].kill()
    send(cluster, "after-death", ["r550.late@example.test", "fine@example.test"])
    wait_until("the reply's address is on the list",
               lambda: standing(cluster, "r550.late@example.test"))
