"""Quotas of keys and tenants, counted over all coordinators (issue 4, point 1)."""

import json
import time

import pytest
from local.api_client import ApiClient, ApiError
from local.process import wait_until
from mails import create_request, recipients
from worlds import world

MINUTE_S = 60


@pytest.fixture(scope="module")
def cluster(build):
    with world(build, domains=["shop.test", "bank.test"]) as made:
        made.redis.start()
        for _ in range(2):
            made.add_coordinator(tenants=[
                {"name": "default", "from_domains": ["shop.test"]},
                {"name": "bank", "from_domains": ["bank.test"], "quota": {"rows_per_day": 10}}])
        for node in made.coordinators:
            node.start(wait=False)
        for node in made.coordinators:
            node.wait_ready()
        yield made


def access(api, method, **fields):
    return api.call("AccessService", method, getattr(api.pb, f"{method}Request")(**fields))


def refusal(call):
    try:
        call()
    except ApiError as error:
        return error.code, error.rules
    return None


def callers(cluster, name, tenant="default", quota=None):
    """Callers at both coordinators with one key."""
    root = cluster.client()
    pb = root.pb
    access(root, "PutPrincipal", create=True, principal=pb.Principal(
        name=name, tenant=tenant, roles=["submitter", "sender"]))
    made = access(root, "CreateKey", idempotency_key=name, key=pb.ApiKey(
        principal=name, quota=pb.Quota(**quota) if quota else None))
    apis = [ApiClient(node.endpoint, made.secret) for node in cluster.coordinators]
    for api in apis:
        wait_until("the key is read", lambda a=api: refusal(lambda: access(a, "WhoAmI"))
                   not in (("unauthenticated", ["bearer_key"]), ("resource_exhausted", ["locked"])))
    return apis


def used(cluster, principal):
    return access(cluster.client(), "ListKeys", principal=principal).keys[0].used


def create(api, key):
    return api.call("CampaignService", "CreateCampaign", create_request(api.pb, key))


def test_campaigns_of_a_key_are_counted_over_all_coordinators(cluster):
    apis = callers(cluster, "author", quota={"campaigns_per_day": 5, "rows_per_day": 100})
    day = time.time() // 86400
    made = [create(apis[i % 2], f"quota-{i}") for i in range(5)]
    for api in apis:
        with pytest.raises(ApiError) as refused:
            create(api, "one-more")
        assert (refused.value.code, refused.value.rules) == ("resource_exhausted", ["quota"])
        assert "5 campaigns a day" in str(refused.value)
        status, headers, _ = api.post("/hikyaku.v1.CampaignService/CreateCampaign",
                                      create_request(api.pb, "one-more").SerializeToString())
        assert status == 429 and 1 <= int(headers["Retry-After"]) <= 86400
    # Other calls go on; what comes to nothing is given back.
    pb = apis[0].pb

    def add(count, chunk=0):
        return apis[0].campaign("AddRecipients", campaign_id=made[0].campaign_id, chunk=chunk,
                                recipients=recipients(pb, [f"r{n}@d.test" for n in range(count)]))
    assert refusal(lambda: add(101)) == ("resource_exhausted", ["quota"])
    with pytest.raises(ApiError) as refused:
        apis[0].campaign("AddRecipients", campaign_id="0" * 25 + "8", chunk=0,
                         recipients=recipients(pb, [f"r{n}@d.test" for n in range(90)]))
    assert refused.value.code == "not_found"
    add(90)
    assert refusal(lambda: add(20, 1)) == ("resource_exhausted", ["quota"])
    add(8, 1)
    counted = used(cluster, "author")
    if time.time() // 86400 == day:  # a count ends with its day
        assert counted.campaigns_per_day == 5 and 98 <= counted.rows_per_day <= 100
    shown = cluster.cli("key", "list", "author").stdout
    assert "/5 campaigns a day" in shown and "/100 rows a day" in shown


def test_a_new_key_in_place_of_an_old_one_has_used_as_much(cluster):
    apis = callers(cluster, "turner", quota={"campaigns_per_day": 1})
    create(apis[0], "turned")
    key = access(apis[0], "WhoAmI").key.key_id
    secret = access(apis[0], "RotateKey", idempotency_key="turner-2", key_id=key,
                    overlap_s=60).secret
    turned = ApiClient(apis[1].endpoint, secret)
    wait_until("the key is read", lambda: refusal(lambda: access(turned, "WhoAmI")) is None)
    assert refusal(lambda: create(turned, "again")) == ("resource_exhausted", ["quota"])


def test_a_tenant_has_its_own_for_all_its_keys(cluster):
    pb = cluster.client().pb
    everyone = [callers(cluster, name, "bank") for name in ("teller", "clerk")]

    def send(api, key, count):
        request = pb.SendMessagesRequest(content=pb.Content(
            **{"from": pb.Mailbox(address="news@bank.test")}, subject="hello", text="hello\n"),
            content_class=pb.CONTENT_CLASS_NOTICE,
            messages=[pb.MessageItem(message_key=f"{key}-{n}",
                                     to=f"{key}{n}@d.test") for n in range(count)])
        return api.send_messages(request)
    send(everyone[0][0], "a", 6)
    send(everyone[1][1], "b", 3)
    assert refusal(lambda: send(everyone[0][1], "c", 2)) == ("resource_exhausted", ["quota"])
    # Another tenant's mail is not held by it.
    other = callers(cluster, "shopper")
    assert create(other[0], "unhindered").campaign_id


def test_calls_are_counted_by_minute_and_floods_are_summed_up(cluster):
    apis = callers(cluster, "poller", quota={"calls_per_minute": 20})

    def flood():
        """Ends in a minute with more calls than may pass; also those that are no calls."""
        minute = time.time() // MINUTE_S
        told = [refusal(lambda i=i: access(apis[i % 2], "WhoAmI")) if i % 3 else
                apis[i % 2].post("/hikyaku.v1.AccessService/WhoAmI", b"\xff\xff")[0]
                for i in range(60)]
        return told if time.time() // MINUTE_S == minute else None
    told = wait_until("a flood within one minute", flood)
    passed = [one for one in told if one in (None, 400)]
    assert len(passed) <= 20 and ("resource_exhausted", ["quota"]) in told and 429 in told
    # One that ends writes down what it has summed up.
    node = cluster.coordinators[1]
    assert node.stop() == 0
    node.start()
    lines = [json.loads(line) for line in access(
        cluster.client(), "ListAudit", principal="poller", result="resource_exhausted",
        page_size=1000).lines]
    assert 0 < len(lines) < 5 and all(line["rule"] == "quota" for line in lines)
    assert max(line["count"] for line in lines) > 5


@pytest.mark.parametrize("words", [["rows-per-day"], ["rows=5"], ["rows-per-day=-1"]])
def test_bad_quotas_are_refused(cluster, words):
    done = cluster.cli("key", "create", "nobody", "--quota", *words, check=False)
    assert done.returncode == 2 and "--quota" in done.stderr
