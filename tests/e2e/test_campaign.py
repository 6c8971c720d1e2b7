"""The main job: a campaign from the API to the receiving server, with every outcome told."""

import email
import email.policy

from mails import outcomes, submit_campaign


def test_a_text_campaign_arrives_signed_and_is_told(cluster, sink):
    api = cluster.client()
    addresses = [f"user{number}@example.test" for number in range(20)]
    campaign = submit_campaign(api, "first", addresses)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert sorted(sink.recipients()) == sorted(addresses)
    assert outcomes(api, campaign) == {"DELIVERED": 20}
    message = email.message_from_bytes(sink.received[0].content, policy=email.policy.default)
    assert message["From"] == "お店 <news@shop.test>"
    assert message["DKIM-Signature"] is not None
    assert "様へ春のお知らせ" in message["Subject"]
    events, _ = api.all_events(campaign_ids=[campaign], types=[api.pb.EVENT_TYPE_DELIVERED])
    assert sorted(event.ref for event in events) == sorted(f"ref-{n}" for n in range(20))
    assert {event.message_id for event in events} == {
        email.message_from_bytes(one.content)["Message-ID"].strip("<>") for one in sink.received}
    assert all(event.final and event.smtp_code == 250 for event in events)


def test_replies_become_outcomes(cluster, sink):
    api = cluster.client()
    addresses = ["fine@example.test", "r550.gone@example.test", "r450.later@example.test",
                 "d554.no@example.test"]
    campaign = submit_campaign(api, "replies", addresses)
    api_events = {}
    cursor = ""
    while len(api_events) < 4:
        answer = api.events(cursor, wait_ms=10000, campaign_ids=[campaign], types=[
            api.pb.EVENT_TYPE_DELIVERED, api.pb.EVENT_TYPE_BOUNCED, api.pb.EVENT_TYPE_DEFERRED])
        assert answer.events, api_events
        api_events.update({event.ref: event for event in answer.events})
        cursor = answer.next_cursor
    names = {ref: api.pb.EventType.Name(event.type) for ref, event in api_events.items()}
    assert names == {"ref-0": "EVENT_TYPE_DELIVERED", "ref-1": "EVENT_TYPE_BOUNCED",
                     "ref-2": "EVENT_TYPE_DEFERRED", "ref-3": "EVENT_TYPE_BOUNCED"}
    assert api_events["ref-1"].smtp_code == 550 and api_events["ref-1"].stage == "rcpt"
    assert api_events["ref-1"].enhanced_code == "5.1.1"
    assert api_events["ref-1"].reply_class == "bad-mailbox"
    assert api_events["ref-2"].next_attempt_unix_ms > 0 and not api_events["ref-2"].final
    assert api_events["ref-3"].stage == "dot"
    assert outcomes(api, campaign) == {"DELIVERED": 1, "BOUNCED": 2, "DEFERRED": 1}
