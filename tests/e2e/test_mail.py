"""Mail as a real receiving MTA gets it: Postfix over TLS, signatures checked by others' code."""

import email
import email.policy
import json
import subprocess

import pytest
from local.cluster import Cluster
from local.dns_server import DnsServer
from local.mail_server import MailServer
from local.process import free_port, wait_until
from mails import content, outcomes
from sink import Sink
from worlds import short_folder

MX, SINK = "127.0.0.25", "127.0.0.27"
IDN = "日本語.test"
IDN_ASCII = "xn--wgv71a119e.test"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(range(256)) * 8
LONG = "長い行" * 700
DOTS = ".一つの点\n..二つの点\n.\n点の後\n"
TEXT = "{{name}}様\n" + DOTS + LONG + "\n終わり {{points}}点\n"


@pytest.fixture(scope="module")
def world(build):
    """Postfix with STARTTLS and a sink, on one port; a worker with two addresses, two DKIM keys."""
    with short_folder() as folder:
        certificate = make_certificate(folder)
        port = free_port(MX)
        cluster = Cluster(folder, build)
        cluster.add_dkim_key("shop.test", "e1", "--ed25519")
        cluster.mail = MailServer(folder / "mx", ["alpha.test"], MX, port,
                                  certificate=certificate).start()
        cluster.sink = Sink(SINK, port, certificate=certificate).start()
        cluster.dns = DnsServer(folder / "dns", {
            "shop.test": cluster.dkim_zone_lines("shop.test"),
            "alpha.test": ["@ MX 10 mx", f"mx A {MX}"],
            "plain.test": ["@ MX 10 mx", f"mx A {SINK}"],
            IDN_ASCII: ["@ MX 10 mx", f"mx A {SINK}"],
        }).start()
        cluster.forwarder = cluster.dns.forwarder
        cluster.redis.start()
        cluster.add_coordinator().start(wait=False)
        cluster.add_worker(
            ips=(("127.0.0.11", "m1.shop.test"), ("127.0.0.12", "m2.shop.test")),
            smtp={"port": port}, dkim={"directory": str(cluster.keys / "dkim"), "ed25519": True},
        ).start(wait=False)
        for node in cluster.coordinators + cluster.workers:
            node.wait_ready()
        yield cluster
        codes = cluster.stop()
        cluster.mail.stop()
        cluster.sink.stop()
        cluster.dns.stop()
        assert set(codes.values()) == {0}


def make_certificate(folder):
    key, chain, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", chain, "-days",
                    "2", "-subj", "/CN=mx.alpha.test"], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + chain.read_bytes())
    return both


def full_content(pb):
    return content(
        pb, subject="【春】{{name}}様へ、ポイント{{points}}倍のお知らせ、とても長い件名でも折り返します",
        text=TEXT, html='<p>{{name}}様 <b>{{points}}</b></p><img src="cid:logo">' + DOTS,
        variants={"en": pb.Variant(subject="Spring for {{name}}", text="Dear {{name}}\n",
                                   html="<p>Dear {{name}}</p>")},
        default_fields='{"name":"お客","points":2}',
        attachments=[
            pb.Attachment(file_name="案内状.pdf", media_type="application/pdf", data=PNG),
            pb.Attachment(file_name="logo.png", media_type="image/png", inline_id="logo",
                          data=PNG)],
        headers=[pb.Header(name="X-Campaign", value="春の{{name}}")],
        reply_to=[pb.Mailbox(address="support@shop.test", display_name="お客様窓口")],
        list_id="spring.shop.test", feedback_id=["spring", "ginza"],
        unsubscribe=pb.Unsubscribe(mode=pb.UNSUBSCRIBE_MODE_OWN_URL,
                                   url="https://shop.test/unsubscribe"))


def submit(api, key, people, **changes):
    pb = api.pb
    campaign = api.call("CampaignService", "CreateCampaign", pb.CreateCampaignRequest(**{
        "idempotency_key": key, "name": key, "content_class": pb.CONTENT_CLASS_NOTICE,
        "lane": pb.LANE_BULK, "pool": "mkt", "content": full_content(pb), **changes})).campaign_id
    api.campaign("AddRecipients", campaign_id=campaign, chunk=0, recipients=people)
    api.campaign("SubmitCampaign", campaign_id=campaign, expected_rows=len(people))
    return campaign


@pytest.fixture(scope="module")
def delivered(world):
    """What Postfix put into the mailboxes: by user, the bytes as they were on the wire."""
    api = world.client()
    pb = api.pb
    people = [
        pb.Recipient(address="u1@alpha.test", display_name="山田 太郎", ref="one",
                     fields='{"name":"山田<太郎>&","points":5}',
                     headers=[pb.Header(name="X-Card", value="カード1")]),
        pb.Recipient(address="u2@alpha.test", ref="two", lang="en-GB", fields='{"name":"Smith"}'),
        *(pb.Recipient(address=f"u{n}@alpha.test", ref=f"r{n}") for n in range(3, 43)),
    ]
    campaign = submit(api, "postfix", people)
    world.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": 42}
    wait_until("all lies in the mailboxes", lambda: len(world.mail.messages()) == 42)
    found = {}
    for path in world.mail.messages():
        raw = path.read_bytes().replace(b"\n", b"\r\n")
        user = email.message_from_bytes(raw)["Delivered-To"].split("@")[0]
        assert user not in found
        found[user] = raw
    events, _ = api.all_events(campaign_ids=[campaign], types=[pb.EVENT_TYPE_DELIVERED])
    world.events = {event.ref: event for event in events}
    return found


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_headers_read_as_they_were_written(delivered):
    """S14, G18, U1, U8: RFC 2047 words, Feedback-ID, one link of its own for each."""
    message = parse(delivered["u1"])
    assert message["Subject"] == ("【春】山田<太郎>&様へ、ポイント5倍のお知らせ、"
                                  "とても長い件名でも折り返します")
    assert message["From"] == "お店 <news@shop.test>"
    assert message["To"] == "山田 太郎 <u1@alpha.test>"
    assert message["Reply-To"] == "お客様窓口 <support@shop.test>"
    assert message["X-Campaign"] == "春の山田<太郎>&" and message["X-Card"] == "カード1"
    assert message["MIME-Version"] == "1.0" and message["Date"].datetime.tzinfo is not None
    assert message["List-Id"] == "<spring.shop.test>"
    feedback = message["Feedback-ID"].split(":")
    assert feedback[:2] == ["spring", "ginza"] and feedback[-1] == "hikyaku1"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].startswith("<https://shop.test/unsubscribe?t=")
    links = {parse(raw)["List-Unsubscribe"] for raw in delivered.values()}
    ids = {parse(raw)["Message-ID"] for raw in delivered.values()}
    assert len(links) == len(ids) == 42


def test_bodies_come_out_as_they_went_in(delivered):
    """S5 among others: lines that begin with dots."""
    message = parse(delivered["u1"])
    text = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text == TEXT.replace("{{name}}", "山田<太郎>&").replace("{{points}}", "5")
    html = message.get_body(("html",)).get_content().replace("\r\n", "\n")
    assert html.startswith('<p>山田&lt;太郎&gt;&amp;様 <b>5</b></p><img src="cid:logo">' + DOTS)
    parts = {part.get_filename(): part for part in message.walk() if part.get_filename()}
    assert parts["案内状.pdf"].get_content() == parts["logo.png"].get_content() == PNG
    assert parts["logo.png"]["Content-ID"] == "<logo>"
    assert parts["logo.png"].get_content_disposition() == "inline"
    english = parse(delivered["u2"])
    assert english["Subject"] == "Spring for Smith"
    assert english.get_body(("plain",)).get_content().strip() == "Dear Smith"
    assert parse(delivered["u3"])["Subject"].startswith("【春】お客様へ、ポイント2倍")


def test_the_wire_is_safe(world, delivered):
    """S14, E6, T1, B1: 7-bit, short lines, over TLS, with a return path for each."""
    for raw in delivered.values():
        own = raw[raw.index(b"DKIM-Signature:"):]
        assert own.isascii() and max(map(len, own.split(b"\r\n"))) <= 998
        # Postfix names the TLS version in Received when STARTTLS was used.
        assert b"using TLSv1.3" in raw
    helos = {word.decode() for raw in delivered.values() for word in raw.split()
             if word in (b"m1.shop.test", b"m2.shop.test")}
    assert helos == {"m1.shop.test", "m2.shop.test"}
    assert {event.tls.version for event in world.events.values()} == {"TLSv1.3"}
    # The return path of each tells who it was for.
    paths = {parse(raw)["Return-Path"] for raw in delivered.values()}
    assert len(paths) == 42 and all(path.endswith("@shop.test>") for path in paths)


def test_both_signatures_verify_with_others_code(world, delivered, tmp_path):
    """D1, D2, D4, D6, U2."""
    import dkim
    import dns.resolver
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], world.dns.port

    def find_key(name, timeout=5):
        return b"".join(resolver.resolve(name.decode().rstrip("."), "TXT")[0].strings)
    for user in ("u1", "u2", "u3"):
        raw = delivered[user]
        signatures = parse(raw).get_all("DKIM-Signature")
        assert sorted(one.split("a=")[1].split(";")[0] for one in signatures) == [
            "ed25519-sha256", "rsa-sha256"]
        for signature in signatures:
            tags = dict(tag.strip().split("=", 1) for tag in signature.split(";") if "=" in tag)
            names = tags["h"].lower().replace(" ", "").split(":")
            assert {"from", "subject", "date", "message-id", "list-unsubscribe",
                    "list-unsubscribe-post"} <= set(names)
            assert names.count("from") >= 2  # oversigned: a second From breaks it
        verifier = dkim.DKIM(raw)
        assert verifier.verify(0, dnsfunc=find_key) and verifier.verify(1, dnsfunc=find_key)
        file = tmp_path / f"{user}.eml"
        file.write_bytes(raw)
        done = world.cli("dkim", "verify", file, "--resolver", f"127.0.0.1@{world.dns.port}",
                         "--json", check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        verdicts = json.loads(done.stdout)
        assert json.dumps(verdicts).count("ed25519") >= 1
    spoiled = tmp_path / "spoiled.eml"
    spoiled.write_bytes(delivered["u1"].replace("Subject: ".encode(), b"Subject: x", 1))
    assert world.cli("dkim", "verify", spoiled, "--resolver", f"127.0.0.1@{world.dns.port}",
                     check=False).returncode != 0


def test_connections_are_shared_and_addresses_named(world):
    """E1, S13, S16."""
    api = world.client()
    pb = api.pb
    world.sink.received.clear()
    before = world.sink.connections
    people = [pb.Recipient(address=f"c{n}@plain.test", ref=f"c{n}") for n in range(400)]
    campaign = submit(api, "reuse", people, content=content(pb))
    world.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": 400}
    # 10 connections a site from each of two addresses at once, 100 messages each at most.
    assert world.sink.connections - before <= 60
    assert {(one.peer, one.helo) for one in world.sink.received} == {
        ("127.0.0.11", "m1.shop.test"), ("127.0.0.12", "m2.shop.test")}
    assert all(one.tls for one in world.sink.received)
    # PIPELINING: RCPT and DATA arrived with MAIL, in one piece.
    assert world.sink.pipelined >= 400
    senders = {one.sender for one in world.sink.received}
    assert len(senders) == 400 and all(one.endswith("@shop.test") for one in senders)


def test_addresses_of_the_world(world):
    """E7."""
    api = world.client()
    pb = api.pb
    people = [pb.Recipient(address=f"u1@{IDN}", ref="idn"),
              pb.Recipient(address="配達@plain.test", ref="local"),
              pb.Recipient(address=f"配達@{IDN}", ref="both")]
    world.sink.received.clear()
    campaign = submit(api, "idn", people, content=content(pb))
    world.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": 3}
    received = {one.recipient: one for one in world.sink.received}
    # RFC 6531: the domain in A-labels suffices where the local part is ASCII.
    assert f"u1@{IDN_ASCII}" in received
    assert "SMTPUTF8" not in received[f"u1@{IDN_ASCII}"].extensions
    others = [one for name, one in received.items() if name.startswith("配達@")]
    assert len(others) == 2 and all("SMTPUTF8" in one.extensions for one in others)
