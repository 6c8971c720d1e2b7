"""Rights of persons (L9, L10): what is kept of one address is found in every campaign, by its hash."""

import csv
import io
import json

import pytest
from local.api_client import ApiError
from mails import content, outcomes, recipients, submit_campaign
from worlds import world

TARO = "Taro.Yamada@person.test"


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.redis.start()
        for _ in range(2):
            made.add_coordinator().start()
        made.add_worker().start()
        yield made


def draft(cluster, key, addresses):
    """A campaign that is never submitted: its recipients stay sealed in the cluster."""
    api = cluster.client()
    pb = api.pb
    made = api.campaign("CreateCampaign", idempotency_key=key, name=key,
                        content_class=pb.CONTENT_CLASS_NOTICE,
                        content=content(pb, subject="Hello {{name}}", default_fields="{}"))
    people = recipients(pb, addresses)
    for number, person in enumerate(people):
        person.ref = f"{key}-{number}"
        person.display_name = "山田太郎"
        person.fields = '{"name":"太郎"}'
        person.consent.basis = pb.CONSENT_BASIS_OPT_IN
        person.consent.at_unix_ms = 1_700_000_000_000
        person.consent.evidence = "form-7"
    api.campaign("AddRecipients", campaign_id=made.campaign_id, recipients=people)
    return made.campaign_id


def test_every_recipient_that_is_the_person_is_found(cluster):
    """In whatever case the address was written; sent ones by ref and outcome, waiting ones whole."""
    sent = submit_campaign(cluster.client(), "sent", ["other@person.test", TARO.lower()])
    cluster.wait_campaign(sent, ["COMPLETED"], 120)
    kept = draft(cluster, "kept", ["a@person.test", TARO.upper(), "b@person.test"])
    lines = cluster.cli("person", "export", TARO, "--json").stdout.splitlines()
    records = [record for line in lines for record in json.loads(line)["records"]]
    found = {record["recipient"]["campaign_id"]: record for record in records}
    assert set(found) == {sent, kept} and len(records) == 2
    assert found[sent]["recipient"]["outcome"] == "DELIVERED"
    assert not found[sent].get("address")
    whole = found[kept]
    assert whole["recipient"]["ref"] == "kept-1" and whole["address"] == TARO.upper()
    assert whole["display_name"] == "山田太郎" and json.loads(whole["fields"]) == {"name": "太郎"}
    assert whole["consent"]["evidence"] == "form-7"

    done = cluster.cli("person", "export", TARO, "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["campaign"]: row["outcome"] for row in rows} == {
        sent: "DELIVERED", kept: "PENDING"}
    assert "2 recipients in" in done.stderr
    assert TARO not in done.stderr


def test_nobody_else_is_found_and_bad_words_are_refused(cluster):
    done = cluster.cli("person", "export", "nobody@person.test")
    assert done.stdout == "" and "0 recipients" in done.stderr
    api = cluster.client()
    for fields, field in (({"address": "no address"}, "address"), ({}, "address"),
                          ({"address": TARO, "page_token": "64"}, "page_token"),
                          ({"address": TARO, "page_token": "x y"}, "page_token")):
        with pytest.raises(ApiError) as caught:
            api.call("PersonService", "ExportPerson", api.pb.ExportPersonRequest(**fields))
        assert (caught.value.code, caught.value.fields) == ("invalid_argument", [field])


def test_it_needs_its_scope_and_is_in_the_audit_log_without_the_address(cluster):
    cluster.cli("principal", "add", "sato", "--role", "author")
    key = cluster.folder / "sato.key"
    cluster.cli("key", "create", "sato", "--out", key)
    done = cluster.cli("person", "export", TARO, check=False,
                       environment={"HIKYAKU_KEY_FILE": str(key)})
    assert done.returncode != 0 and "person:export" in done.stderr
    log = cluster.cli("audit", "list", "--call", "PersonService/ExportPerson", "--json").stdout
    results = {json.loads(line)["result"] for line in log.splitlines()}
    assert {"ok", "permission_denied", "invalid_argument"} <= results
    assert "person.test" not in log.lower()
