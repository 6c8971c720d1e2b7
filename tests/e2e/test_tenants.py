"""Tenants share a cluster and see nothing of each other (issue 4, point 1)."""

import contextlib
import json
import signal
from email import message_from_bytes

import pytest
from local.api_client import ApiClient, ApiError
from local.cluster import to_yaml
from local.process import wait_until
from mails import content, create_request, submit_campaign
from worlds import world

TENANTS = [{"name": "default", "from_domains": ["shop.test"], "feedback_sender_id": "shop-12345"},
           {"name": "bank", "from_domains": ["bank.test"], "default_mode": "sandbox"},
           {"name": "closed", "disabled": True}]
MAIL = ("submitter", "sender", "support")


def access(api, method, **fields):
    return api.call("AccessService", method, getattr(api.pb, f"{method}Request")(**fields))


def refusal(api):
    try:
        access(api, "WhoAmI")
    except ApiError as error:
        return error.rules
    return None


@contextlib.contextmanager
def refused(code, rule=None):
    with pytest.raises(ApiError) as error:
        yield
    assert error.value.code == code and (rule is None or rule in error.value.rules), error.value


class Land:
    """The cluster, and a caller for each tenant."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.root = cluster.client()
        self.callers = {}

    def caller(self, name, tenant, *roles, **fields):
        """A principal with a key; the first coordinator knows it."""
        access(self.root, "PutPrincipal", create=True, principal=self.root.pb.Principal(
            name=name, tenant=tenant, roles=roles, **fields))
        made = access(self.root, "CreateKey", idempotency_key=name,
                      key=self.root.pb.ApiKey(principal=name))
        api = ApiClient(self.cluster.coordinators[0].endpoint, made.secret)
        wait_until("the key is read", lambda: refusal(api) != ["bearer_key"])
        self.callers[name] = api
        return api


@pytest.fixture(scope="module")
def land(build):
    with world(build, domains=["shop.test", "bank.test"]) as cluster:
        cluster.redis.start()
        for _ in range(2):
            cluster.add_coordinator(tenants=TENANTS).start(wait=False)
        cluster.add_worker().start(wait=False)
        for node in cluster.coordinators + cluster.workers:
            node.wait_ready()
        made = Land(cluster)
        made.shop = made.caller("shop-mail", "default", *MAIL, "auditor")
        made.bank = made.caller("bank-mail", "bank", *MAIL, "auditor", "admin")
        made.ops = made.caller("ops", "*", "platform")
        yield made


def bank_content(pb):
    return content(pb, **{"from": pb.Mailbox(address="news@bank.test")})


def state(api, campaign):
    return api.campaign("GetCampaign", campaign_id=campaign).campaign.state


def test_each_sends_with_its_own_domain_and_settings(land):
    pb = land.shop.pb
    shop = submit_campaign(land.shop, "same-key", ["a@d.test", "b@d.test"])
    bank = submit_campaign(land.bank, "same-key", ["c@d.test"], content=bank_content(pb))
    assert shop != bank  # the id comes of tenant and key
    for api, campaign in ((land.shop, shop), (land.bank, bank)):
        wait_until("it has ended", lambda a=api, c=campaign: state(a, c)
                   == pb.CAMPAIGN_STATE_COMPLETED)
    senders = {mail.recipient: message_from_bytes(mail.content)["Feedback-ID"].rsplit(":", 1)[-1]
               for mail in land.cluster.sink.received}
    assert senders == {"a@d.test": "shop-12345", "b@d.test": "shop-12345", "c@d.test": "hikyaku1"}
    with refused("invalid_argument", "from_domain"):
        submit_campaign(land.shop, "foreign", ["a@d.test"], content=bank_content(pb))
    with refused("invalid_argument", "from_domain"):
        submit_campaign(land.bank, "foreign", ["a@d.test"])
    # The mode of calls that name none is the tenant's.
    created = land.bank.call("CampaignService", "CreateCampaign", create_request(
        pb, "usual", mode=0, content=bank_content(pb)))
    assert created.effective.mode == pb.MODE_SANDBOX


def calls_about(api, campaign):
    """Every call that names a campaign, in a form that its owner may make."""
    pb = api.pb
    recipients = [pb.Recipient(address="x@d.test")]
    return {
        "GetCampaign": lambda: api.campaign("GetCampaign", campaign_id=campaign),
        "settings": lambda: api.campaign("GetCampaign", campaign_id=campaign, with_settings=True),
        "AddRecipients": lambda: api.campaign("AddRecipients", campaign_id=campaign, chunk=9,
                                              recipients=recipients),
        "SubmitCampaign": lambda: api.campaign("SubmitCampaign", campaign_id=campaign,
                                               expected_rows=1),
        "PauseCampaign": lambda: api.campaign("PauseCampaign", campaign_id=campaign),
        "ResumeCampaign": lambda: api.campaign("ResumeCampaign", campaign_id=campaign),
        "CancelCampaign": lambda: api.campaign("CancelCampaign", campaign_id=campaign),
        "PreviewMessage": lambda: api.campaign("PreviewMessage", campaign_id=campaign,
                                               recipient=recipients[0]),
        "FindRecipients": lambda: api.campaign("FindRecipients", campaign_id=campaign, ref="ref-0"),
        "ListUncertain": lambda: api.campaign("ListUncertain", campaign_id=campaign),
        "ResolveUncertain": lambda: api.campaign(
            "ResolveUncertain", campaign_id=campaign, all=True,
            reason="looked", **{"as": pb.RESOLVE_AS_ASSUME_DELIVERED}),
        "ListQuarantine": lambda: api.campaign("ListQuarantine", campaign_id=campaign),
        "Why": lambda: api.call("FleetService", "Why", pb.WhyRequest(campaign_id=campaign)),
        "Forecast": lambda: api.call("FleetService", "Forecast",
                                     pb.ForecastRequest(campaign_id=campaign)),
        "Trace": lambda: api.call("FleetService", "Trace", pb.TraceRequest(campaign_id=campaign)),
    }


def answer(call):
    """What a caller learns: the code and the problems of a refusal."""
    try:
        call()
    except ApiError as error:
        return error.code, tuple(error.rules), tuple(error.fields)
    return "ok"


def test_what_is_anothers_is_as_what_is_not_there(land):
    campaign = submit_campaign(land.shop, "secret", ["a@d.test"], name="spring")
    nowhere = "0" * 25 + "8"
    other = calls_about(land.bank, campaign)
    nothing = calls_about(land.bank, nowhere)
    for name, call in other.items():
        for _ in range(2):  # also when its owner was looked up before
            told = answer(call)
            assert told == answer(nothing[name]), name
            assert told[0] in ("not_found", "invalid_argument"), (name, told)
    assert answer(calls_about(land.shop, campaign)["GetCampaign"]) == "ok"
    assert all(answer(call) != "ok" for call in other.values())


def test_lists_and_events_hold_the_own_alone(land):
    ours = submit_campaign(land.shop, "ours", ["e@d.test"])
    theirs = submit_campaign(land.bank, "theirs", ["f@d.test"],
                             content=bank_content(land.bank.pb))

    def listed(api):
        return {one.campaign_id for one in api.campaign("ListCampaigns", page_size=200).campaigns}

    def heard(api):
        return {event.campaign_id for event in api.all_events()[0] if event.campaign_id}
    wait_until("both are told", lambda: ours in heard(land.shop) and theirs in heard(land.bank))
    for read in (listed, heard):
        assert ours in read(land.shop) and theirs in read(land.bank)
        assert not read(land.shop) & read(land.bank)
    assert heard(land.ops) == set()


def test_who_runs_the_cluster_sees_no_mail(land):
    assert land.ops.fleet().workers
    stopped = land.ops.call("FleetService", "Stop", land.ops.pb.StopRequest(
        kind=land.ops.pb.STOP_KIND_TENANT, target="bank", reason="release", author="ops"))
    assert stopped.stop.target == "bank"
    land.ops.call("FleetService", "Start", land.ops.pb.StartRequest(
        kind=land.ops.pb.STOP_KIND_TENANT, target="bank", author="ops"))
    with refused("invalid_argument", "unknown"):
        land.ops.call("FleetService", "Stop", land.ops.pb.StopRequest(
            kind=land.ops.pb.STOP_KIND_TENANT, target="none", reason="x", author="ops"))
    with refused("permission_denied", "scope"):
        land.ops.campaign("ListCampaigns")
    for role in ("author", "support", "privacy", "root"):
        with refused("invalid_argument", "tenant_scopes"):
            access(land.root, "PutPrincipal", create=True, principal=land.root.pb.Principal(
                name="wide", tenant="*", roles=[role]))
    # Nor does a tenant's principal run what all share.
    with refused("invalid_argument", "tenant_scopes"):
        access(land.root, "PutPrincipal", create=True, principal=land.root.pb.Principal(
            name="wide", tenant="bank", roles=["operator"]))
    with refused("permission_denied", "scope"):
        land.bank.fleet()
    with refused("permission_denied", "scope"):
        land.bank.call("FleetService", "ListReputation",
                       land.bank.pb.ListReputationRequest(ip="127.0.0.11"))


def test_principals_keys_and_the_audit_log_are_of_one_tenant(land):
    names = {one.name for one in access(land.bank, "ListPrincipals").principals}
    assert "bank-mail" in names and "shop-mail" not in names and "ops" not in names
    assert {"bank-mail", "shop-mail", "ops"} <= {
        one.name for one in access(land.ops, "ListPrincipals").principals}
    own = {key.principal for key in access(land.bank, "ListKeys").keys}
    assert "bank-mail" in own and "shop-mail" not in own
    shops = next(key for key in access(land.ops, "ListKeys").keys if key.principal == "shop-mail")
    for method, fields in (("RevokeKey", {}), ("RotateKey", {"idempotency_key": "r"})):
        with refused("not_found", "not_found"):
            access(land.bank, method, key_id=shops.key_id, **fields)
    with refused("not_found", "not_found"):
        access(land.bank, "CreateKey", idempotency_key="k",
               key=land.bank.pb.ApiKey(principal="shop-mail"))
    with refused("not_found", "not_found"):
        access(land.bank, "PutPrincipal", principal=land.bank.pb.Principal(
            name="shop-mail", roles=["author"]))
    for tenant in ("default", "*", "nowhere"):
        with refused("invalid_argument", "unknown"):
            access(land.bank, "PutPrincipal", create=True, principal=land.bank.pb.Principal(
                name="spy", tenant=tenant, roles=["auditor"]))

    def tenants(api):
        lines, token = [], ""
        while True:
            page = access(api, "ListAudit", page_token=token, page_size=1000)
            lines += page.lines
            token = page.next_page_token
            if not page.more:
                return {json.loads(line).get("tenant") for line in lines}
    wait_until("all is written", lambda: {"default", "bank", "*"} <= tenants(land.ops))
    assert tenants(land.bank) == {"bank"}
    assert tenants(land.shop) == {"default"}


def test_a_disabled_tenant_is_refused_until_a_reload_opens_it(land):
    sleeper = land.caller("sleeper", "closed", "author")
    wait_until("it is refused", lambda: refusal(sleeper) == ["tenant"])
    node = land.cluster.coordinators[0]

    def reload(tenants):
        node.path.write_text(to_yaml({**node.configuration, "tenants": tenants}))
        node.process.signal(signal.SIGHUP)
    reload([*TENANTS[:2], {"name": "closed"}])
    wait_until("it is open", lambda: refusal(sleeper) is None)
    # Taken away, it is as one that is disabled; the others go on.
    reload(TENANTS[:2])
    wait_until("it is closed", lambda: refusal(sleeper) == ["tenant"])
    assert refusal(land.shop) is None
    reload(TENANTS)


def test_tenants_are_moved_and_told_by_the_command_line(land):
    done = land.cluster.cli("principal", "add", "mover", "--tenant", "bank", "--role", "author",
                            "--json")
    assert json.loads(done.stdout)["principal"]["tenant"] == "bank"
    # Left out, it stays.
    done = land.cluster.cli("principal", "set", "mover", "--role", "approver", "--json")
    assert json.loads(done.stdout)["principal"]["tenant"] == "bank"
    done = land.cluster.cli("principal", "set", "mover", "--role", "author", "--tenant", "default")
    assert "default" in done.stdout
    listed = land.cluster.cli("principal", "list").stdout.splitlines()
    assert any(line.split()[:2] == ["ops", "*"] for line in listed)
