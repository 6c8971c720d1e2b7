"""The API without workers: what is accepted, refused and remembered."""

import contextlib
import gzip
import http.client
import threading

import pytest
from local.api_client import ApiError
from local.cluster import Cluster
from mails import content, create_request, recipients


@pytest.fixture(scope="module")
def coordinator(build, tmp_path_factory):
    """One coordinator for all tests of this file: each uses keys of its own."""
    import tempfile
    import shutil
    from pathlib import Path
    folder = Path(tempfile.mkdtemp(prefix="hk-"))
    cluster = Cluster(folder, build)
    cluster.start(coordinators=1, workers=0)
    yield cluster
    assert cluster.stop() == {"c-0": 0}
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def api(coordinator):
    return coordinator.client()


def refused(call, code, rule=None, field=None):
    with pytest.raises(ApiError) as caught:
        call()
    assert caught.value.code == code, caught.value
    if rule is not None:
        assert rule in caught.value.rules, caught.value
    if field is not None:
        assert field in caught.value.fields, caught.value
    return caught.value


def create(api, key, **changes):
    return api.call("CampaignService", "CreateCampaign", create_request(api.pb, key, **changes))


def add(api, campaign_id, addresses, chunk=0, **changes):
    return api.campaign("AddRecipients", campaign_id=campaign_id, chunk=chunk,
                        recipients=recipients(api.pb, addresses), **changes)


def state(api, campaign_id):
    return api.campaign("GetCampaign", campaign_id=campaign_id).campaign


# ---------------------------------------------------------------- transport


def test_unknown_methods_and_forms_are_refused(api):
    assert api.post("/hikyaku.v1.CampaignService/Nonsense", b"")[0] == 501
    assert api.post("/hikyaku.v1.FleetService/GetFleet", b"",
                    {"Content-Type": "application/json"})[0] == 415
    assert api.post("/hikyaku.v1.FleetService/GetFleet", b"", {"Authorization": None})[0] == 401
    assert api.post("/hikyaku.v1.FleetService/GetFleet", b"",
                    {"Authorization": "Bearer " + "x" * 40})[0] == 401
    assert api.post("/hikyaku.v1.FleetService/GetFleet", b"",
                    {"Connect-Protocol-Version": "2"})[0] == 400
    assert api.post("/hikyaku.v1.FleetService/GetFleet", b"",
                    {"Connect-Timeout-Ms": "soon"})[0] == 400
    assert api.post("/hikyaku.v1.FleetService/GetFleet", b"",
                    {"Connect-Protocol-Version": "1", "Connect-Timeout-Ms": "1000"})[0] == 200


def test_get_is_not_a_call(coordinator):
    connection = http.client.HTTPConnection(
        "127.0.0.1", coordinator.coordinators[0].ports["api"], timeout=5)
    connection.request("GET", "/hikyaku.v1.FleetService/GetFleet")
    answer = connection.getresponse()
    assert answer.status == 405 and answer.headers["Allow"] == "POST"


def test_bodies_may_be_gzipped_and_bombs_are_refused(api):
    body = create_request(api.pb, "gzip").SerializeToString()
    status, _, answer = api.post("/hikyaku.v1.CampaignService/CreateCampaign",
                                 gzip.compress(body), {"Content-Encoding": "gzip"})
    assert status == 200, answer
    bomb = gzip.compress(b"\0" * (64 << 20))
    status, _, _ = api.post("/hikyaku.v1.CampaignService/CreateCampaign", bomb,
                            {"Content-Encoding": "gzip"})
    assert status in (413, 429)


def test_oversized_bodies_are_refused(api):
    try:
        status = api.post("/hikyaku.v1.CampaignService/CreateCampaign", b"\0" * (9 << 20))[0]
    except OSError:
        return  # closed before all was sent
    assert status == 413


@pytest.mark.parametrize("body, rule", [
    (b"\x0a\xff", "malformed"), (b"\x12\x02a\0", "nul"), (b"\x12\x01\xff", "utf8"),
    (b"\xf8\x07\x01", "unknown_field"), (b"\x28\x63", "unknown_value"),
])
def test_bytes_that_are_no_request_are_refused(api, body, rule):
    status, _, answer = api.post("/hikyaku.v1.CampaignService/CreateCampaign", body)
    assert status == 400 and ApiError(status, answer).rules == [rule]


# ---------------------------------------------------------------- campaigns


def test_the_same_key_replays_and_another_payload_conflicts(api):
    first = create(api, "replay", labels={"team": "crm"})
    again = create(api, "replay", labels={"team": "crm"})
    assert again.replayed and not first.replayed
    assert again.campaign_id == first.campaign_id and again.effective == first.effective
    refused(lambda: create(api, "replay", name="other"), "already_exists", "other_payload",
            "idempotency_key")
    assert state(api, first.campaign_id).labels["team"] == "crm"


def test_effective_settings_show_every_default(api):
    effective = create(api, "effective").effective
    assert effective.uncertain.policy == api.pb.UNCERTAIN_POLICY_HOLD
    assert effective.expires_after_s == 259200
    assert effective.content.return_path.mode == api.pb.RETURN_PATH_MODE_VERP
    assert effective.duplicates == api.pb.DUPLICATES_DROP


@pytest.mark.parametrize("changes, rule, field", [
    ({"pool": "nowhere"}, "pool", "pool"),
    ({"content_class": 0}, "required", "content_class"),
    ({"idempotency_key": "with space"}, "key_syntax", "idempotency_key"),
    ({"tls": 2}, "not_yet", "tls"),
    ({"scheduled_at_unix_ms": 1000}, "out_of_range", "scheduled_at_unix_ms"),
])
def test_bad_settings_are_refused_with_field_and_rule(api, changes, rule, field):
    refused(lambda: create(api, changes.pop("idempotency_key", "bad"), **changes),
            "invalid_argument", rule, field)


@pytest.mark.parametrize("changes, rule, field", [
    ({"text": "Hi {{#name}}"}, "template_syntax", "content.text"),
    ({"text": "{{> partial}}"}, "template_partial", "content.text"),
    ({"subject": "a\r\nBcc: x@y.test"}, "one_line", "content.subject"),
    ({"from": None}, "required", "content.from"),
])
def test_bad_content_is_refused_with_field_and_rule(api, changes, rule, field):
    bad = content(api.pb, **changes)
    refused(lambda: create(api, "bad-content", content=bad), "invalid_argument", rule, field)


def test_a_from_domain_without_key_is_refused(api):
    bad = content(api.pb, **{"from": api.pb.Mailbox(address="news@other.test")})
    refused(lambda: create(api, "bad-from", content=bad), "invalid_argument", "from_domain",
            "content.from.address")


def test_template_errors_name_line_and_column(api):
    bad = content(api.pb, text="line one\n  {{/x}}")
    error = refused(lambda: create(api, "bad-template", content=bad), "invalid_argument")
    assert "line 2, column 3" in error.problems[0]["message"]


# ---------------------------------------------------------------- recipients


def test_chunks_count_duplicates_and_rejects_and_replay(api):
    campaign = create(api, "chunks").campaign_id
    answer = add(api, campaign, ["a@x.test", "A@X.test", "no-address", "b@x.test"])
    assert (answer.accepted, answer.duplicates, answer.rejected_total) == (2, 1, 1)
    assert answer.rejected[0].index == 2 and answer.rejected[0].field == "address"
    again = add(api, campaign, ["a@x.test", "A@X.test", "no-address", "b@x.test"])
    assert again.replayed and again.rejected == answer.rejected and again.accepted == 2
    refused(lambda: add(api, campaign, ["other@x.test"]), "already_exists", "other_content",
            "chunk")
    second = add(api, campaign, ["b@x.test", "c@x.test"], chunk=1)
    assert (second.accepted, second.duplicates) == (1, 1)
    view = state(api, campaign)
    assert (view.rows, view.accepted, view.duplicates, view.rejected) == (6, 3, 2, 1)


def test_a_refused_chunk_changes_nothing(api):
    campaign = create(api, "refuse-chunk").campaign_id
    error = refused(lambda: add(api, campaign, ["a@x.test", "bad"],
                                on_invalid=api.pb.ON_INVALID_REFUSE_CHUNK),
                    "invalid_argument")
    assert error.fields == ["recipients[1].address"]
    assert state(api, campaign).rows == 0
    strict = create(api, "refuse-double", duplicates=api.pb.DUPLICATES_REFUSE).campaign_id
    add(api, strict, ["a@x.test"])
    refused(lambda: add(api, strict, ["z@x.test", "a@x.test"], chunk=1), "failed_precondition",
            "duplicate")
    refused(lambda: add(api, strict, ["q@x.test", "q@x.test"], chunk=1), "failed_precondition",
            "duplicate")
    assert state(api, strict).rows == 1


def test_missing_merge_fields_are_an_error_or_empty_as_asked(api):
    strict = content(api.pb, text="{{city}}", default_fields="{}")
    campaign = create(api, "missing", content=strict).campaign_id
    answer = add(api, campaign, ["a@x.test"])
    assert answer.rejected[0].rule == "missing_field"
    lenient = content(api.pb, text="{{city}}", missing_field=api.pb.MISSING_FIELD_EMPTY)
    campaign = create(api, "missing-empty", content=lenient).campaign_id
    assert add(api, campaign, ["a@x.test"]).accepted == 1


def test_submit_checks_rows_chunks_and_rejects(api):
    pb = api.pb
    campaign = create(api, "submit").campaign_id
    add(api, campaign, ["a@x.test", "bad"])
    add(api, campaign, ["c@x.test"], chunk=2)

    def submit(**fields):
        return api.campaign("SubmitCampaign", campaign_id=campaign, **fields)
    refused(lambda: submit(expected_rows=3, max_rejected_permille=999), "failed_precondition",
            "missing_chunk")
    add(api, campaign, ["b@x.test"], chunk=1)
    refused(lambda: submit(expected_rows=9, max_rejected_permille=999), "failed_precondition",
            "expected_rows", "expected_rows")
    refused(lambda: submit(expected_rows=4), "failed_precondition", "max_rejected_permille")
    assert state(api, campaign).state == pb.CAMPAIGN_STATE_DRAFT
    answer = submit(expected_rows=4, max_rejected_permille=250)
    assert answer.state == pb.CAMPAIGN_STATE_RUNNING and len(answer.digest) == 32
    assert not answer.replayed
    again = submit(expected_rows=4, max_rejected_permille=250)
    assert again.replayed and again.digest == answer.digest
    refused(lambda: add(api, campaign, ["d@x.test"], chunk=3), "failed_precondition", "state")


def test_unknown_campaigns_are_not_found(api):
    nobody = "0" * 26
    refused(lambda: state(api, nobody), "not_found", "not_found", "campaign_id")
    refused(lambda: add(api, nobody, ["a@x.test"]), "not_found")
    refused(lambda: api.campaign("SubmitCampaign", campaign_id=nobody, expected_rows=1),
            "not_found")
    refused(lambda: api.campaign("PauseCampaign", campaign_id=nobody), "not_found")


def test_waiting_rows_stand_under_a_gate(api):
    """I7: pause, resume and schedule name why nothing is sent."""
    pb = api.pb
    import time
    later = int(time.time() * 1000) + 3_600_000
    campaign = create(api, "later", scheduled_at_unix_ms=later).campaign_id
    add(api, campaign, ["a@x.test"])
    api.campaign("SubmitCampaign", campaign_id=campaign, expected_rows=1)
    view = state(api, campaign)
    assert view.state == pb.CAMPAIGN_STATE_SCHEDULED
    assert [(gate.gate, gate.count) for gate in view.gates] == [(pb.GATE_SCHEDULED_FOR, 1)]
    assert view.gates[0].until_unix_ms == later
    answer = api.campaign("PauseCampaign", campaign_id=campaign, reason="wait")
    assert answer.state == pb.CAMPAIGN_STATE_PAUSED
    assert state(api, campaign).gates[0].gate == pb.GATE_PAUSED
    assert api.campaign("ResumeCampaign",
                        campaign_id=campaign).state == pb.CAMPAIGN_STATE_SCHEDULED
    assert api.campaign("CancelCampaign", campaign_id=campaign).state in (
        pb.CAMPAIGN_STATE_CANCELLING, pb.CAMPAIGN_STATE_CANCELLED)


def test_cancelled_campaigns_tell_every_recipient(coordinator, api):
    pb = api.pb
    campaign = create(api, "cancel").campaign_id
    add(api, campaign, [f"u{n}@x.test" for n in range(50)])
    api.campaign("SubmitCampaign", campaign_id=campaign, expected_rows=50)
    api.campaign("CancelCampaign", campaign_id=campaign, reason="mistake")
    view = coordinator.wait_campaign(campaign, ["CANCELLED"], client=api)
    assert [(o.outcome, o.count) for o in view.outcomes] == [(pb.OUTCOME_CANCELLED, 50)]
    events, _ = api.all_events(campaign_ids=[campaign])
    cancelled = [e for e in events if e.type == pb.EVENT_TYPE_CANCELLED]
    assert len({e.ref for e in cancelled}) == 50 and all(e.final for e in cancelled)
    states = [pb.CampaignState.Name(e.state) for e in events if e.type == pb.EVENT_TYPE_STATE]
    assert states[-1] == "CAMPAIGN_STATE_CANCELLED"
    refused(lambda: api.campaign("PauseCampaign", campaign_id=campaign), "failed_precondition",
            "state")


def test_lists_page_and_filter(api):
    ids = [create(api, f"list-{n}", labels={"list": "yes"}).campaign_id for n in range(7)]
    found, token = [], ""
    for _ in range(10):
        page = api.campaign("ListCampaigns", label_name="list", label_value="yes", page_size=3,
                            page_token=token)
        found += [campaign.campaign_id for campaign in page.campaigns]
        token = page.next_page_token
        if not token:
            break
    assert sorted(found) == sorted(ids)
    page = api.campaign("ListCampaigns", label_name="list",
                        states=[api.pb.CAMPAIGN_STATE_COMPLETED])
    assert not page.campaigns
    refused(lambda: api.campaign("ListCampaigns", page_token="x"), "invalid_argument",
            "page_token")


def test_preview_shows_the_message(api):
    pb = api.pb
    campaign = create(api, "preview").campaign_id
    person = recipients(pb, ["taro@example.test"])[0]
    shown = api.campaign("PreviewMessage", campaign_id=campaign, recipient=person)
    assert shown.subject == "山田0様へ春のお知らせ" and "山田0様" in shown.text
    assert b"To: taro@example.test" in shown.message and b"DKIM-Signature" not in shown.message
    draft = create_request(pb, "not-stored")
    assert api.campaign("PreviewMessage", draft=draft, recipient=person).subject == shown.subject
    refused(lambda: state(api, "0" * 26), "not_found")
    person.address = "broken"
    refused(lambda: api.campaign("PreviewMessage", campaign_id=campaign, recipient=person),
            "invalid_argument", field="recipient.address")


def test_recipients_are_found_by_ref(api):
    campaign = create(api, "find").campaign_id
    add(api, campaign, [f"u{n}@x.test" for n in range(10)])
    found = api.campaign("FindRecipients", campaign_id=campaign, ref="ref-7").recipients
    assert [(one.index, one.ref, one.outcome) for one in found] == [
        (7, "ref-7", api.pb.OUTCOME_PENDING)]
    assert not api.campaign("FindRecipients", campaign_id=campaign, ref="nobody").recipients
    refused(lambda: api.campaign("FindRecipients", message_id="<m.x@shop.test>"), "not_found",
            "message_id")


# ---------------------------------------------------------------- single messages


def send_request(pb, keys, **changes):
    messages = [pb.MessageItem(message_key=key, to=f"{key}@x.test", ref=f"ref-{key}",
                               fields='{"name":"山田"}') for key in keys]
    return pb.SendMessagesRequest(**{
        "content": content(pb), "messages": messages, "content_class": pb.CONTENT_CLASS_NOTICE,
        "lane": pb.LANE_TRANSACTIONAL, "mode": pb.MODE_LIVE, "pool": "mkt", **changes})


def test_a_cancelled_container_does_not_stop_its_successors(api):
    """Messages of one hour share a campaign; one that was cancelled takes no more of them."""
    pb = api.pb
    first = api.send_messages(send_request(pb, ["over-0"], labels={"test": "over"})).results[0]
    api.campaign("CancelCampaign", campaign_id=first.campaign_id)
    # Some of so many fall into the same partition.
    keys = [f"over-{number}" for number in range(1, 600)]
    results = api.send_messages(send_request(pb, keys, labels={"test": "over"})).results
    assert {result.status for result in results} == {pb.MESSAGE_STATUS_ACCEPTED}
    assert first.campaign_id not in {result.campaign_id for result in results}


def test_messages_are_idempotent_one_by_one(api):
    pb = api.pb
    first = api.send_messages(send_request(pb, ["m1", "m2"])).results
    assert [result.status for result in first] == [pb.MESSAGE_STATUS_ACCEPTED] * 2
    # A retry may cut its calls differently.
    second = api.send_messages(send_request(pb, ["m2", "m3"])).results
    assert [result.status for result in second] == [pb.MESSAGE_STATUS_REPLAYED,
                                                    pb.MESSAGE_STATUS_ACCEPTED]
    assert second[0].campaign_id == first[1].campaign_id
    assert second[0].message_id == first[1].message_id
    request = send_request(pb, ["m1"])
    request.messages[0].fields = '{"name":"佐藤"}'
    conflict = api.send_messages(request).results[0]
    assert conflict.status == pb.MESSAGE_STATUS_CONFLICT and conflict.error.rule == "other_payload"
    found = api.campaign("FindRecipients", message_id=first[0].message_id).recipients
    assert [one.ref for one in found] == ["ref-m1"]


def test_a_bad_message_fails_alone(api):
    pb = api.pb
    request = send_request(pb, ["ok1", "bad1", "ok2", "ok1"])
    request.messages[1].to = "nobody"
    results = api.send_messages(request).results
    assert [result.status for result in results] == [
        pb.MESSAGE_STATUS_ACCEPTED, pb.MESSAGE_STATUS_REJECTED, pb.MESSAGE_STATUS_ACCEPTED,
        pb.MESSAGE_STATUS_REJECTED]
    assert results[1].error.field == "to" and results[3].error.rule == "doubled"


# ---------------------------------------------------------------- events, fleet


def test_bad_cursors_are_told(api):
    refused(lambda: api.events("nonsense"), "failed_precondition", "cursor", "cursor")
    latest = api.events("latest")
    assert not latest.events and latest.next_cursor


def test_a_cursor_walks_one_event_at_a_time(api):
    campaign = create(api, "walk").campaign_id
    add(api, campaign, [f"u{n}@x.test" for n in range(5)])
    api.campaign("SubmitCampaign", campaign_id=campaign, expected_rows=5)
    start = api.events("latest").next_cursor
    api.campaign("CancelCampaign", campaign_id=campaign)
    seen, cursor = [], start
    while len(seen) < 5:
        answer = api.events(cursor, 1, 10000, campaign_ids=[campaign],
                            types=[api.pb.EVENT_TYPE_CANCELLED])
        assert len(answer.events) == 1
        seen += answer.events
        cursor = answer.next_cursor
    assert len({event.event_id for event in seen}) == 5
    replay, _ = api.all_events(start, campaign_ids=[campaign],
                               types=[api.pb.EVENT_TYPE_CANCELLED])
    assert [event.event_id for event in replay] == [event.event_id for event in seen]


def test_fleet_shows_coordinator_and_store(api):
    fleet = api.fleet()
    assert [c.name for c in fleet.coordinators] == ["c-0"] and fleet.coordinators[0].self
    assert fleet.store.reachable and fleet.store.durability == "disk"
    assert not fleet.workers


def test_submit_counts_what_it_submits(coordinator):
    """A chunk that comes while Submit reads is refused or counted, never let in beside the count."""
    api, other = coordinator.client(), coordinator.client()
    pb = api.pb
    for number in range(40):
        created = api.call("CampaignService", "CreateCampaign", create_request(
            pb, f"race-{number}", mode=pb.MODE_DRY_RUN))
        api.campaign("AddRecipients", campaign_id=created.campaign_id, chunk=0,
                     recipients=recipients(pb, [f"a{n}@example.test" for n in range(10)]))

        def add(campaign_id=created.campaign_id):
            with contextlib.suppress(ApiError):
                other.campaign("AddRecipients", campaign_id=campaign_id, chunk=1,
                               recipients=recipients(pb, ["late@example.test"]))
        late = threading.Thread(target=add)
        late.start()
        try:
            answer = api.campaign("SubmitCampaign", campaign_id=created.campaign_id,
                                  expected_rows=10)
            assert answer.accepted == 10
        except ApiError as error:
            assert error.rules in (["expected_rows"], ["chunks"])
        finally:
            late.join()
