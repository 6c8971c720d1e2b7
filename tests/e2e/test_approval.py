"""Approval by a second person (ダブルチェック): A1, L7. Nothing that needs it is sent before it has it."""

import time

import pytest
from local.api_client import ApiClient, ApiError
from local.process import wait_until
from mails import content, outcomes, recipients
from worlds import world

POLICY = {"name": "default", "approval": {
    "approvers": 1, "above_recipients": 2, "two_above": 4, "lanes": ["bulk"],
    "expires_after": "1h"}}


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.redis.start()
        for _ in range(2):
            made.add_coordinator(tenants=[POLICY]).start()
        made.add_worker().start()
        for name, role in (("yamada", "author"), ("suzuki", "submitter"), ("tanaka", "approver"),
                           ("sato", "approver"), ("root", "root")):
            made.cli("principal", "add", name, "--role", role)
            made.cli("key", "create", name, "--out", made.folder / f"{name}.key")
        yield made


def who(cluster, name, at=0):
    key = (cluster.folder / f"{name}.key").read_text().strip()
    found = cluster.client(at)
    return ApiClient(found.endpoint, key)


def submitted(cluster, key, rows, author="yamada", submitter="suzuki", **changes):
    """@return (campaign id, answer of Submit)"""
    api = who(cluster, author)
    pb = api.pb
    fields = {"content_class": pb.CONTENT_CLASS_NOTICE, "content": content(pb), **changes}
    made = api.campaign("CreateCampaign", idempotency_key=key, name=key, **fields)
    people = recipients(pb, [f"{key}{n}@d.test" for n in range(rows)])
    api.campaign("AddRecipients", campaign_id=made.campaign_id, recipients=people)
    answer = who(cluster, submitter).campaign(
        "SubmitCampaign", campaign_id=made.campaign_id, expected_rows=rows)
    return made.campaign_id, answer


def state(cluster, campaign, at=0):
    api = cluster.client(at)
    found = api.campaign("GetCampaign", campaign_id=campaign).campaign
    return api.pb.CampaignState.Name(found.state).removeprefix("CAMPAIGN_STATE_")


def refused(call, *args, **fields):
    with pytest.raises(ApiError) as caught:
        call(*args, **fields)
    return caught.value.code, list(caught.value.rules)


def test_small_campaigns_and_single_messages_need_none(cluster):
    small, answer = submitted(cluster, "small", 2)
    assert answer.approval.needed == 0
    cluster.wait_campaign(small, ["COMPLETED"], 120)


def test_one_other_person_lets_it_go(cluster):
    """Neither author nor submitter; only what was submitted; `why` says what it waits for."""
    campaign, answer = submitted(cluster, "one", 3)
    assert state(cluster, campaign) == "AWAITING_APPROVAL" and answer.approval.needed == 1
    api = who(cluster, "tanaka")
    approve = {"campaign_id": campaign, "digest": answer.digest}
    wrong = bytes(32)
    assert refused(api.campaign, "ApproveCampaign", campaign_id=campaign, digest=wrong) == (
        "failed_precondition", ["digest"])
    assert refused(api.campaign, "ApproveCampaign", campaign_id=campaign, digest=b"short") == (
        "invalid_argument", ["digest"])
    assert refused(who(cluster, "yamada").campaign, "ApproveCampaign", **approve) == (
        "permission_denied", ["scope"])
    why = cluster.cli("why", campaign).stdout
    assert "AWAITING_APPROVAL" in why and "0 of 1 approvals" in why
    assert not cluster.sink.recipients() or not any(
        name.startswith("one") for name in cluster.sink.recipients())
    done = cluster.cli("approve", campaign, "--digest", answer.digest.hex(),
                       environment={"HIKYAKU_KEY_FILE": str(cluster.folder / "tanaka.key")})
    assert "1 of 1 approvals" in done.stdout
    assert api.campaign("ApproveCampaign", **approve).replayed
    cluster.wait_campaign(campaign, ["COMPLETED"], 120)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 3}
    shown = cluster.cli("show", campaign).stdout
    assert "author     yamada" in shown and "APPROVED by tanaka" in shown
    assert "approval   1 of 1\n" in shown


def test_nobody_approves_what_he_wrote_or_submitted(cluster):
    """Not even who may do everything: a person is not two."""
    api = who(cluster, "root")
    campaign, answer = submitted(cluster, "self", 3, author="root", submitter="suzuki")
    assert refused(api.campaign, "ApproveCampaign", campaign_id=campaign,
                   digest=answer.digest) == ("permission_denied", ["self"])
    other, answer = submitted(cluster, "sub", 3, author="yamada", submitter="root")
    assert refused(api.campaign, "ApproveCampaign", campaign_id=other,
                   digest=answer.digest) == ("permission_denied", ["self"])
    for one in (campaign, other):
        api.campaign("CancelCampaign", campaign_id=one)
        cluster.wait_campaign(one, ["CANCELLED"], 120)


def test_large_ones_need_two_people(cluster):
    """At different coordinators; the same one twice is one."""
    campaign, answer = submitted(cluster, "two", 5)
    assert answer.approval.needed == 2
    approve = {"campaign_id": campaign, "digest": answer.digest}
    first = who(cluster, "tanaka").campaign("ApproveCampaign", **approve)
    assert first.approval.given == 1
    again = who(cluster, "tanaka", 1).campaign("ApproveCampaign", **approve)
    assert again.replayed and again.approval.given == 1
    assert state(cluster, campaign, 1) == "AWAITING_APPROVAL"
    second = who(cluster, "sato", 1).campaign("ApproveCampaign", **approve)
    assert second.approval.given == 2
    cluster.wait_campaign(campaign, ["COMPLETED"], 120)


def test_sent_back_it_is_a_draft_and_begins_anew(cluster):
    """差し戻し: further recipients, another digest; the approval of before counts nothing."""
    campaign, answer = submitted(cluster, "back", 5)
    approve = {"campaign_id": campaign, "digest": answer.digest}
    who(cluster, "tanaka").campaign("ApproveCampaign", **approve)
    assert refused(who(cluster, "sato").campaign, "RejectCampaign",
                   campaign_id=campaign) == ("invalid_argument", ["required"])
    cluster.cli("reject", campaign, "--reason", "price is wrong",
                environment={"HIKYAKU_KEY_FILE": str(cluster.folder / "sato.key")})
    assert state(cluster, campaign) == "DRAFT"
    assert "sent back by sato: price is wrong" in cluster.cli("show", campaign).stdout
    why = cluster.cli("why", campaign).stdout
    assert "a draft again: sent back by sato: price is wrong" in why and "binding" not in why
    assert refused(who(cluster, "tanaka").campaign, "ApproveCampaign", **approve) == (
        "failed_precondition", ["state"])

    author = who(cluster, "yamada")
    # Those of before are known still: nobody gets it twice.
    added = author.campaign("AddRecipients", campaign_id=campaign, chunk=1,
                            recipients=recipients(author.pb, ["more@d.test", "back0@d.test"]))
    assert (added.accepted, added.duplicates) == (1, 1)
    again = who(cluster, "suzuki").campaign("SubmitCampaign", campaign_id=campaign, expected_rows=7)
    assert again.digest != answer.digest and again.approval.given == 0
    assert refused(who(cluster, "tanaka").campaign, "ApproveCampaign", **approve) == (
        "failed_precondition", ["digest"])
    for name in ("tanaka", "sato"):
        who(cluster, name).campaign("ApproveCampaign", campaign_id=campaign, digest=again.digest)
    cluster.wait_campaign(campaign, ["COMPLETED"], 120)
    assert outcomes(cluster.client(), campaign) == {"DELIVERED": 6, "DUPLICATE": 1}


def test_it_waits_over_the_death_of_its_coordinator_and_expires_while_it_waits(cluster):
    """I10: expiry holds in this state too."""
    waiting, answer = submitted(cluster, "kept", 3)
    dying, _ = submitted(cluster, "late", 3, expires_after_s=60)
    for node in cluster.coordinators:
        node.kill()
    for node in cluster.coordinators:
        node.start()
    assert state(cluster, waiting) == "AWAITING_APPROVAL"
    cluster.wait_campaign(dying, ["COMPLETED"], 180)
    assert outcomes(cluster.client(), dying) == {"EXPIRED": 3}
    assert refused(who(cluster, "tanaka").campaign, "ApproveCampaign", campaign_id=dying,
                   digest=answer.digest)[0] == "failed_precondition"
    who(cluster, "tanaka").campaign("ApproveCampaign", campaign_id=waiting, digest=answer.digest)
    cluster.wait_campaign(waiting, ["COMPLETED"], 120)
    assert outcomes(cluster.client(), waiting) == {"DELIVERED": 3}


def test_all_of_it_is_in_the_audit_log(cluster):
    log = cluster.cli("audit", "list", "--call", "CampaignService/ApproveCampaign").stdout
    assert "tanaka" in log and "permission_denied" in log
    assert "digest=" in cluster.cli("audit", "list", "--call", "CampaignService/ApproveCampaign",
                                    "--json").stdout
