"""Unsubscribe links of ours: a POST is an answer for good, a GET is none, whoever asks and whenever."""

import base64
import email
import email.policy
import http.client
import json
import re
import secrets
import signal
import ssl
import subprocess
import threading

import pytest
from local.api_client import ApiError
from local.cluster import write_secret
from local.process import free_port, wait_until
from mails import content, create_request, outcomes, submit_campaign
from worlds import world

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
URL = "https://unsubscribe.shop.test/mail"


@pytest.fixture(scope="module")
def cluster(build):
    """Two coordinators: the first answers links over TLS, the second behind a proxy."""
    with world(build) as made:
        chain, key = made.keys / "web.pem", made.keys / "web.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", chain,
                        "-days", "2", "-subj", "/CN=unsubscribe.shop.test"],
                       check=True, capture_output=True)
        key.chmod(0o600)
        made.redis.start()
        made.ports = [free_port(), free_port()]
        for port, how in zip(made.ports, ({"certificate_file": str(chain), "key_file": str(key)},
                                          {"behind_proxy": True})):
            made.add_coordinator(unsubscribe={
                "url": URL, "listen": f"127.0.0.1:{port}", **how}).start(wait=False)
        made.add_worker().start(wait=False)
        for node in made.coordinators + made.workers:
            node.wait_ready()
        yield made


def ask(cluster, method, link, body=None, kind=FORM, coordinator=0, **headers):
    """What a mailbox provider does: nothing but HTTP. @return (status, headers, text)"""
    port = cluster.ports[coordinator]
    if coordinator == 0:
        context = ssl.create_default_context(cafile=cluster.keys / "web.pem")
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, link.removeprefix("https://unsubscribe.shop.test"), body,
                           {**({"Content-Type": kind} if body is not None else {}), **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def post(cluster, link, **changes):
    return ask(cluster, "POST", link, **{"body": ONE_CLICK, **changes})


def submit(cluster, key, addresses, stream="", **changes):
    pb = cluster.client().pb
    return submit_campaign(cluster.client(), key, addresses, **{
        "content_class": pb.CONTENT_CLASS_ADVERTISING,
        "content": content(pb, suppression_stream=stream, text="{{name}}様\n停止: {{unsubscribe_url}}\n",
                           html='<p>{{name}}様</p><a href="{{unsubscribe_url}}">停止</a>'),
        **changes})


def send(cluster, key, addresses, **changes):
    """Submit, wait for the end. @return the campaign's id, its outcomes"""
    campaign = submit(cluster, key, addresses, **changes)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    return campaign, outcomes(cluster.client(), campaign)


def message_to(cluster, address):
    found = [one for one in cluster.sink.received if one.recipient == address]
    return email.message_from_bytes(found[-1].content, policy=email.policy.default)


def link_of(cluster, address):
    return re.fullmatch("<(https://[^>]+)>", message_to(cluster, address)["List-Unsubscribe"])[1]


def told(cluster, campaign):
    kind = cluster.client().pb.EVENT_TYPE_UNSUBSCRIBED
    events, _ = cluster.client().all_events(campaign_ids=[campaign], types=[kind])
    return [(one.index, one.ref, one.reason) for one in events if one.type == kind]


def audited(cluster, call):
    return [json.loads(line) for line in cluster.cli("audit", "export").stdout.splitlines()
            if json.loads(line)["call"] == call]


def test_message_and_headers_show_the_link(cluster):
    """U1, U2, U3, G11, Y3: https, one-click, signed, in the text as well, without the address."""
    send(cluster, "show", ["shown@example.test"])
    message = message_to(cluster, "shown@example.test")
    link = link_of(cluster, "shown@example.test")
    assert link.startswith(URL + "/")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    signed = re.search(r"\bh=([^;]+)", message["DKIM-Signature"])[1].lower().replace(" ", "")
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(signed.split(":"))
    assert link in message.get_body(("plain",)).get_content()
    assert f'href="{link}"' in message.get_body(("html",)).get_content()
    token = link.rsplit("/", 1)[1]
    plain = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"shown" not in plain and b"example" not in plain


def test_a_get_changes_nothing_and_a_post_does(cluster):
    """U4, U5: any number of GETs; then one POST, answered without redirect or cookie."""
    campaign, _ = send(cluster, "one", ["one@example.test"])
    link = link_of(cluster, "one@example.test")
    for method in ("GET", "HEAD", "GET"):
        status, headers, page = ask(cluster, method, link, **{"Accept-Language": "en"})
        assert status == 200 and "Set-Cookie" not in headers
        assert headers["Cache-Control"] == "no-store" and "'none'" in headers["Content-Security-Policy"]
    assert '<form method="post"' in page and "example.test" not in page and "<script" not in page
    assert told(cluster, campaign) == []
    assert send(cluster, "one-still", ["one@example.test"])[1] == {"DELIVERED": 1}
    status, headers, _ = post(cluster, link)
    assert status == 200 and "Set-Cookie" not in headers and "Location" not in headers
    assert told(cluster, campaign) == [(0, "ref-0", "one-click")]
    assert send(cluster, "one-over", ["one@example.test"])[1] == {"SUPPRESSED": 1}
    # Another stream, and mail that is no advertising, go on.
    assert send(cluster, "one-other", ["one@example.test"], stream="other")[1] == {"DELIVERED": 1}


def test_both_forms_and_both_coordinators(cluster):
    """U4: multipart as providers send it, through a proxy that says who asked."""
    campaign, _ = send(cluster, "multi", ["multi@example.test"])
    body = ("--x1\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n"
            "--x1--\r\n")
    status, _, _ = ask(cluster, "POST", link_of(cluster, "multi@example.test"), body,
                       "multipart/form-data; boundary=x1", 1,
                       **{"X-Forwarded-For": "10.0.0.1, 192.0.2.7"})
    assert status == 200
    assert told(cluster, campaign) == [(0, "ref-0", "one-click")]
    wait_until("it is audited with its source", lambda: [
        one for one in audited(cluster, "unsubscribe")
        if one["source"] == "192.0.2.7" and campaign in one["target"]])


def test_a_person_presses_the_button(cluster):
    """U5: the page's form works without script; the second button ends all advertising."""
    campaign, _ = send(cluster, "page", ["page@example.test"], stream="spring")
    link = link_of(cluster, "page@example.test")
    _, _, page = ask(cluster, "GET", link)
    assert "spring" in page
    fields = dict(re.findall('type="hidden" name="([^"]+)" value="([^"]+)"', page))
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    status, _, page = ask(cluster, "POST", link, body)
    assert status == 200 and "停止しました" in page and "<form" not in page
    assert send(cluster, "page-other", ["page@example.test"], stream="autumn")[1] == {"DELIVERED": 1}
    assert ask(cluster, "POST", link, body + "&scope=all")[0] == 200
    assert told(cluster, campaign) == [(0, "ref-0", "page"), (0, "ref-0", "page-all")]
    assert send(cluster, "page-all", ["page@example.test"], stream="winter")[1] == {"SUPPRESSED": 1}


def test_once_however_often(cluster):
    """U6: repeated, also at the same time and at both coordinators; one event."""
    campaign, _ = send(cluster, "often", [f"often{number}@example.test" for number in range(2)])
    link = link_of(cluster, "often1@example.test")
    answers = []

    def repeat(coordinator):
        answers.extend(post(cluster, link, coordinator=coordinator)[0] for _ in range(20))
    threads = [threading.Thread(target=repeat, args=(number % 2,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 80
    assert told(cluster, campaign) == [(1, "ref-1", "one-click")]
    assert len([one for one in audited(cluster, "unsubscribe") if campaign in one["target"]]) <= 1


def test_what_is_no_answer(cluster):
    """U3, U4: other methods, other bodies, damaged and invented links; none changes anything."""
    campaign, _ = send(cluster, "bad", ["bad@example.test"])
    link = link_of(cluster, "bad@example.test")
    status, headers, _ = ask(cluster, "DELETE", link)
    assert status == 405 and headers["Allow"] == "GET, HEAD, POST"
    assert ask(cluster, "POST", link, "List-Unsubscribe=No")[0] == 400
    assert ask(cluster, "POST", link, "")[0] == 400
    assert ask(cluster, "POST", link, ONE_CLICK, "application/json")[0] == 415
    assert ask(cluster, "POST", link, "", **{"Content-Length": "20000"})[0] == 413
    cut = link[:-1] + ("A" if link[-1] != "A" else "B")
    statuses = [post(cluster, one, coordinator=1, **{"X-Forwarded-For": "198.51.100.9"})[0]
                for one in [cut, link[:-5], URL + "/", URL + "/favicon.ico"] + [cut] * 20]
    assert statuses[:4] == [404] * 4 and set(statuses) == {404, 429}
    # Who showed forged ones is still heard with a good one, and nobody else waits.
    assert told(cluster, campaign) == []
    assert ask(cluster, "GET", cut)[0] == 404
    assert post(cluster, link, coordinator=1, **{"X-Forwarded-For": "198.51.100.9"})[0] == 200
    assert told(cluster, campaign) == [(0, "ref-0", "one-click")]


def test_mail_that_waits_is_not_sent(cluster):
    """U7, G12: who unsubscribes while a campaign of the stream waits gets nothing of it."""
    everyone = [f"wait{number}@example.test" for number in range(40)]
    send(cluster, "wait-first", everyone, stream="waiting")
    links = [link_of(cluster, address) for address in everyone]
    campaign = submit(cluster, "wait-second", everyone, stream="waiting", max_per_minute=40)
    assert {post(cluster, link)[0] for link in links[20:]} == {200}
    got = len(cluster.sink.received)
    cluster.wait_campaign(campaign, ["COMPLETED"], timeout_s=120)
    ended = outcomes(cluster.client(), campaign)
    assert ended["SUPPRESSED"] > 0 and ended["SUPPRESSED"] + ended["DELIVERED"] == 40
    assert ended["DELIVERED"] >= 20 and len(cluster.sink.received) >= got


def test_a_link_outlives_its_campaign_and_its_key(cluster):
    """U6: the campaign is gone from Redis, another token key makes new links, the old one works."""
    campaign, _ = send(cluster, "old", ["old@example.test"], stream="old")
    link = link_of(cluster, "old@example.test")
    redis = cluster.redis.client()
    gone = list(redis.scan_iter(match=f"hk:*{campaign}*", count=1000))
    assert gone and redis.delete(*gone) == len(gone)
    write_secret(cluster.keys / "master" / "token-1.key", secrets.token_hex(32) + "\n")
    for node in cluster.coordinators:
        node.process.signal(signal.SIGHUP)
        wait_until("it is read again", lambda: [
            line for line in node.log() if line["event"] == "config.reloaded"])
    send(cluster, "new", ["new@example.test"], stream="old")
    new = link_of(cluster, "new@example.test")
    key_id = [base64.urlsafe_b64decode(one.rsplit("/", 1)[1][:4])[1] for one in (link, new)]
    assert key_id == [0, 1]
    assert post(cluster, link)[0] == 200 and post(cluster, new, coordinator=1)[0] == 200
    assert [index for index, _, _ in told(cluster, campaign)] == [0]
    assert send(cluster, "old-over", ["old@example.test"], stream="old")[1] == {"SUPPRESSED": 1}


def test_redis_away_means_ask_again(cluster):
    """U6: 503 with Retry-After; the same request later is taken."""
    campaign, _ = send(cluster, "away", ["away@example.test"], stream="away")
    link = link_of(cluster, "away@example.test")
    cluster.redis.stop()
    status, headers, _ = post(cluster, link)
    assert status == 503 and int(headers["Retry-After"]) > 0
    assert ask(cluster, "GET", link)[0] == 200
    cluster.redis.start()
    for node in cluster.coordinators + cluster.workers:
        node.wait_ready()
    wait_until("it is taken", lambda: post(cluster, link)[0] == 200)
    assert told(cluster, campaign) == [(0, "ref-0", "one-click")]


def test_nothing_of_a_person_is_logged(cluster):
    """L13: neither addresses nor tokens."""
    words = ["@example.test"] + [link_of(cluster, one.recipient).rsplit("/", 1)[1]
                                 for one in cluster.sink.received[:20]]
    for node in cluster.coordinators:
        text = json.dumps(node.log())
        assert node.log() and not [word for word in words if word in text]


def test_advertising_cannot_do_without(cluster):
    """G11, L3: NONE is refused; nothing said is our page."""
    api = cluster.client()
    pb = api.pb
    made = api.call("CampaignService", "CreateCampaign", create_request(
        pb, "default-page", content_class=pb.CONTENT_CLASS_ADVERTISING))
    assert made.effective.content.unsubscribe.mode == pb.UNSUBSCRIBE_MODE_HIKYAKU
    with pytest.raises(ApiError) as refused:
        api.call("CampaignService", "CreateCampaign", create_request(
            pb, "no-page", content_class=pb.CONTENT_CLASS_ADVERTISING, content=content(
                pb, unsubscribe=pb.Unsubscribe(mode=pb.UNSUBSCRIBE_MODE_NONE))))
    assert "G11" in refused.value.rules
