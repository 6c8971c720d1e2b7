"""SendMessages from the call to the mailbox: once per key, each message its own."""

import email
import email.policy
import time

import pytest
from local.process import wait_until
from mails import content
from worlds import world


@pytest.fixture(scope="module")
def cluster(build):
    with world(build, domains=("shop.test", "brand.test")) as made:
        made.redis.start()
        made.add_coordinator(limits={"message_expires_min": "1s"}).start(wait=False)
        made.add_worker().start(wait=False)
        for node in made.coordinators + made.workers:
            node.wait_ready()
        yield made


def request_of(pb, messages, **changes):
    return pb.SendMessagesRequest(**{
        "content": content(pb), "content_class": pb.CONTENT_CLASS_NOTICE, "pool": "mkt",
        "messages": messages, **changes})


def wait_events(api, refs, types, campaigns):
    """Events of these types, by ref, once all refs have one (containers hold others' as well)."""
    events, cursor = {}, ""
    deadline = time.monotonic() + 60
    while not set(refs) <= set(events):
        assert time.monotonic() < deadline, events
        answer = api.events(cursor, wait_ms=2000, types=types, campaign_ids=campaigns)
        events.update({event.ref: event for event in answer.events})
        cursor = answer.next_cursor
    return events


def received(cluster, address):
    found = [one for one in cluster.sink.received if one.recipient == address]
    assert len(found) == 1, f"{len(found)} messages to {address}"
    return email.message_from_bytes(found[0].content, policy=email.policy.default)


def test_messages_arrive_each_as_it_is(cluster):
    api = cluster.client()
    pb = api.pb
    invoice = b"%PDF-1.4\n" + bytes(range(256)) * 20
    messages = [
        pb.MessageItem(message_key="m-plain", to="plain@example.test", ref="r-plain",
                       fields='{"name":"山田"}', labels={"kind": "otp"}),
        pb.MessageItem(message_key="m-own", to="own@example.test", to_display_name="鈴木 一郎",
                       ref="r-own", subject="請求書 {{number}}", text="{{number}}です。\n",
                       fields='{"number":"A-7"}', headers=[pb.Header(name="X-Case", value="77")],
                       **{"from": pb.Mailbox(address="bill@brand.test", display_name="経理")},
                       attachments=[pb.Attachment(file_name="請求書.pdf", data=invoice,
                                                  media_type="application/pdf")]),
        pb.MessageItem(message_key="m-gone", to="r550.gone@example.test", ref="r-gone"),
    ]
    results = api.send_messages(request_of(pb, messages, labels={"team": "shop"})).results
    assert [one.status for one in results] == [pb.MESSAGE_STATUS_ACCEPTED] * 3
    events = wait_events(api, ["r-plain", "r-own", "r-gone"],
                         [pb.EVENT_TYPE_DELIVERED, pb.EVENT_TYPE_BOUNCED],
                         sorted({one.campaign_id for one in results}))
    for ref, result in zip(("r-plain", "r-own", "r-gone"), results):
        assert events[ref].message_id == result.message_id
        assert (events[ref].campaign_id, events[ref].index) == (result.campaign_id, result.index)
        assert events[ref].labels["team"] == "shop" and events[ref].final
    assert events["r-plain"].labels["kind"] == "otp" and "kind" not in events["r-own"].labels
    assert events["r-gone"].type == pb.EVENT_TYPE_BOUNCED
    plain = received(cluster, "plain@example.test")
    assert plain["Subject"] == "山田様へ春のお知らせ" and plain["From"] == "お店 <news@shop.test>"
    assert plain["Message-ID"].strip("<>") == results[0].message_id
    own = received(cluster, "own@example.test")
    assert own["Subject"] == "請求書 A-7" and own["X-Case"] == "77"
    assert own["From"] == "経理 <bill@brand.test>" and own["To"] == "鈴木 一郎 <own@example.test>"
    assert own.get_body(("plain",)).get_content() == "A-7です。\r\n"
    part, = own.iter_attachments()
    assert part.get_filename() == "請求書.pdf" and part.get_content() == invoice
    assert "d=brand.test" in own["DKIM-Signature"] and "d=shop.test" in plain["DKIM-Signature"]


def test_a_replayed_call_sends_nothing_again(cluster):
    api = cluster.client()
    pb = api.pb
    messages = [pb.MessageItem(message_key=f"once-{n}", to=f"once{n}@example.test", ref=f"once-{n}")
                for n in range(20)]
    first = api.send_messages(request_of(pb, messages)).results
    again = api.send_messages(request_of(pb, messages)).results
    wait_events(api, [f"once-{n}" for n in range(20)], [pb.EVENT_TYPE_DELIVERED],
                sorted({one.campaign_id for one in first}))
    late = api.send_messages(request_of(pb, messages)).results
    for one, two, three in zip(first, again, late):
        assert one.status == pb.MESSAGE_STATUS_ACCEPTED
        assert two.status == three.status == pb.MESSAGE_STATUS_REPLAYED
        assert one.message_id == two.message_id == three.message_id
    other = pb.MessageItem(message_key="once-0", to="somebody.else@example.test", ref="once-0")
    conflict, = api.send_messages(request_of(pb, [other])).results
    assert conflict.status == pb.MESSAGE_STATUS_CONFLICT
    # A later message arrives; nothing of the replays did before it.
    api.send_messages(request_of(pb, [pb.MessageItem(
        message_key="after", to="after@example.test", ref="after")]))
    wait_until("the later one is there", lambda: "after@example.test" in cluster.sink.recipients())
    for number in range(20):
        received(cluster, f"once{number}@example.test")
    assert "somebody.else@example.test" not in cluster.sink.recipients()


def test_a_scheduled_message_waits_for_its_time(cluster):
    api = cluster.client()
    pb = api.pb
    at = time.time() + 4
    result, = api.send_messages(request_of(
        pb, [pb.MessageItem(message_key="later", to="later@example.test", ref="later")],
        scheduled_at_unix_ms=int(at * 1000))).results
    found, = api.campaign("FindRecipients", ref="later",
                          campaign_id=result.campaign_id).recipients
    assert pb.Outcome.Name(found.outcome) == "OUTCOME_PENDING"
    wait_events(api, ["later"], [pb.EVENT_TYPE_DELIVERED], [result.campaign_id])
    message, = [one for one in cluster.sink.received if one.recipient == "later@example.test"]
    assert message.at - time.monotonic() + time.time() >= at - 0.05


def test_a_message_that_is_late_expires(cluster):
    api = cluster.client()
    pb = api.pb
    messages = [pb.MessageItem(message_key="late", to="r450.late@example.test", ref="late")]
    result, = api.send_messages(request_of(pb, messages, expires_after_s=3)).results
    events = wait_events(api, ["late"], [pb.EVENT_TYPE_EXPIRED], [result.campaign_id])
    assert events["late"].message_id == result.message_id and events["late"].final
    assert "r450.late@example.test" not in cluster.sink.recipients()


def test_recipients_are_found_by_ref_and_message_id(cluster):
    api = cluster.client()
    pb = api.pb
    result, = api.send_messages(request_of(pb, [pb.MessageItem(
        message_key="find", to="find@example.test", ref="find-me")])).results
    wait_events(api, ["find-me"], [pb.EVENT_TYPE_DELIVERED], [result.campaign_id])
    by_ref, = api.campaign("FindRecipients", ref="find-me",
                           campaign_id=result.campaign_id).recipients
    by_id, = api.campaign("FindRecipients", message_id=result.message_id).recipients
    assert by_ref == by_id and by_ref.index == result.index
    assert by_ref.smtp_code == 250 and pb.Outcome.Name(by_ref.outcome) == "OUTCOME_DELIVERED"
