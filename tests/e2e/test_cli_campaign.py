"""The command line from files to outcomes: coordinator, worker, receiving server."""

import email
import email.policy
import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from local.cluster import Cluster
from local.process import wait_until

OK, REFUSED, USAGE, UNREACHABLE, BAD_FILE = range(5)
CAMPAIGN = """\
name: 春の感謝祭
content_class: NOTICE
pool: mkt
from: お店 <news@shop.test>
subject: "{{name}}様へ"
text: file:body.txt
html: "<p>{{name}}様</p>"
variants:
  en: {subject: "To {{name}}", text: "Dear {{name}}"}
attachments: [file:catalog.pdf]
"""
RECIPIENTS = """\
address,ref,lang,name
fine@example.test,c-1,ja,山田
FINE@example.test,c-2,ja,山田
r550.gone@example.test,c-3,ja,鈴木
nothing,c-4,ja,佐藤
english@example.test,c-5,en,Smith
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "c.yaml").write_text(CAMPAIGN)
    (tmp_path / "body.txt").write_text("{{name}}様\n\nこんにちは。\n")
    (tmp_path / "catalog.pdf").write_bytes(b"%PDF-1.4\n" + bytes(range(256)))
    (tmp_path / "r.csv").write_bytes(RECIPIENTS.encode("cp932"))
    return tmp_path


def test_a_campaign_goes_from_files_to_outcomes(cluster, sink, files, monkeypatch):
    monkeypatch.chdir(files)
    done = cluster.cli("submit", "c.yaml", "r.csv", "--watch", "--max-rejected", "1000")
    assert "cp932" in done.stdout and "accepted 3   duplicate 1   rejected 1" in done.stdout
    assert re.search(r"COMPLETED  100 %  3 / 3", done.stdout)
    assert re.search(r"^delivered +2 +66\.7 %$", done.stdout, re.M)
    assert re.search(r"^bounced +1 +33\.3 %$", done.stdout, re.M)
    assert (files / "rejected.csv").read_text().splitlines()[1].startswith("5,address,address_no_at,")
    received = {one.recipient: email.message_from_bytes(one.content, policy=email.policy.default)
                for one in sink.received}
    assert sorted(received) == ["english@example.test", "fine@example.test"]
    assert received["fine@example.test"]["Subject"] == "山田様へ"
    assert received["english@example.test"]["Subject"] == "To Smith"
    attached = list(received["fine@example.test"].iter_attachments())
    assert [part.get_filename() for part in attached] == ["catalog.pdf"]
    assert attached[0].get_content() == (files / "catalog.pdf").read_bytes()
    # Each outcome is told by events, by find, and verified from DNS.
    campaign = re.search(r"campaign (\w{26}) submitted", done.stdout).group(1)
    lines = cluster.cli("events", "--campaign", campaign).stdout
    assert re.search(rf"BOUNCED +{campaign}/2 +ref c-3  example\.test .* 550 ", lines)
    found = cluster.cli("find", "--message-id", received["fine@example.test"]["Message-ID"]).stdout
    assert f"{campaign}/0  c-1  DELIVERED" in found
    # What the campaign says to somebody is shown by its id as well as by its file.
    for source in (campaign, "c.yaml"):
        shown = cluster.cli("preview", source, "--csv", "r.csv", "--row", "2").stdout
        assert "Subject: 山田様へ" in shown and "山田様\n\nこんにちは" in shown
    assert cluster.cli("preview", "0" * 26, check=False).returncode == REFUSED
    (files / "m.eml").write_bytes(next(
        one.content for one in sink.received if one.recipient == "fine@example.test"))
    verified = json.loads(cluster.cli("dkim", "verify", "m.eml", "--resolver", cluster.forwarder,
                                      "--json").stdout)
    assert verified["verdict"] == "pass"
    cluster.cli("dkim", "check", "shop.test", "s1", "--resolver", cluster.forwarder, "--key-file",
                cluster.keys / "dkim/shop.test/s1.pem")
    again = cluster.cli("submit", "c.yaml", "r.csv", "--watch", "--json")
    assert json.loads(again.stdout)["replayed"] and len(sink.received) == 2


def test_the_sandbox_needs_no_network(cluster, sink, files, monkeypatch):
    monkeypatch.chdir(files)
    (files / "c.yaml").write_text(CAMPAIGN + "mode: SANDBOX\n")
    (files / "r.csv").write_text("address,name\n" + "".join(
        f"{local}@sandbox.invalid,x\n" for local in ("a", "b", "bounce")))
    done = json.loads(cluster.cli("submit", "c.yaml", "r.csv", "--watch", "--json").stdout)
    counts = {entry["outcome"]: entry["count"] for entry in done["campaign"]["outcomes"]}
    assert (counts["DELIVERED"], counts["BOUNCED"]) == (2, 1)
    assert done["campaign"]["state"] == "COMPLETED" and not sink.received


def test_configuration_is_checked_by_the_programs_themselves(cluster):
    cluster.cli("config", "check", "coordinator", cluster.coordinators[0].path)
    cluster.cli("config", "check", "worker", cluster.workers[0].path)
    bad = cluster.folder / "bad.yaml"
    bad.write_text(cluster.workers[0].path.read_text().replace("pools:", "poolz:"))
    done = cluster.cli("config", "check", "worker", bad, check=False)
    assert done.returncode == BAD_FILE
    assert re.search(r"bad\.yaml:\d+:1: poolz: .*pools", done.stderr + done.stdout)


def make_certificate(folder, key="tls.key"):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / key, "-out",
                    folder / "tls.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    os.chmod(folder / key, 0o600)


def test_the_api_is_called_over_tls(build, folder):
    """A certificate of its own: trusted when named, else refused before the key is sent; renewed
    without a restart."""
    make_certificate(folder)
    cluster = Cluster(folder, build)
    cluster.redis.start()
    try:
        node = cluster.add_coordinator()
        node.configuration["api"] |= {"certificate_file": str(folder / "tls.pem"),
                                      "key_file": str(folder / "tls.key")}
        node.start()
        endpoint = ("--endpoint", f"https://127.0.0.1:{node.ports['api']}")
        assert cluster.cli("list", *endpoint, "--ca-file", folder / "tls.pem").returncode == OK
        done = cluster.cli("list", *endpoint, check=False)
        assert done.returncode == UNREACHABLE and "certificate" in done.stderr
        ends = node.metric("hikyaku_api_certificate_expires_seconds")
        assert 86400 < ends - time.time() <= 2 * 86400

        def told(name):
            return [event for event in node.log() if event["event"] == name]
        shutil.copy(folder / "tls.pem", folder / "old.pem")
        make_certificate(folder, "other.key")
        node.process.signal(signal.SIGHUP)
        wait_until("a wrong key is refused", lambda: told("config.refused"))
        assert "is not the key of the certificate" in told("config.refused")[0]["reason"]
        assert cluster.cli("list", *endpoint, "--ca-file", folder / "old.pem").returncode == OK
        make_certificate(folder)
        node.process.signal(signal.SIGHUP)
        wait_until("it is read again", lambda: told("config.reloaded"))
        assert cluster.cli("list", *endpoint, "--ca-file", folder / "tls.pem").returncode == OK
        done = cluster.cli("list", *endpoint, "--ca-file", folder / "old.pem", check=False)
        assert done.returncode == UNREACHABLE
    finally:
        cluster.stop()
