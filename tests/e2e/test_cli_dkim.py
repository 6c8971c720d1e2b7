"""dkim check and dkim verify against a real DNS server (Knot), with keys of `keygen dkim` and
messages that dkimpy signed.

HIKYAKU_BUILD names the build folder (build/dev).
"""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import dkim
import dns.message
import dns.query
import pytest

from local.process import free_port

ROOT = Path(__file__).resolve().parents[2]
HIKYAKU = Path(os.environ.get("HIKYAKU_BUILD", ROOT / "build/dev")) / "bin/hikyaku"
OK, REFUSED, USAGE, UNREACHABLE, BAD_FILE = range(5)
MESSAGE = (b"From: news@shop.test\r\nTo: a@b.test\r\nSubject: hello\r\n"
           b"Date: Wed, 25 Nov 2026 00:00:00 +0000\r\n\r\nhello\r\n")


def run(*words, code=OK):
    done = subprocess.run([HIKYAKU, *map(str, words)], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def await_zone(port):
    query = dns.message.make_query("shop.test", "SOA")
    for _ in range(100):
        try:
            if dns.query.udp(query, "127.0.0.1", port=port, timeout=0.2).answer:
                return
        except (dns.exception.Timeout, OSError):
            pass
        time.sleep(0.02)
    pytest.fail("knotd does not answer")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Keys of shop.test, their records in a zone, a server that answers for it."""
    folder = tmp_path_factory.mktemp("dkim")
    lines = []
    for selector, words in (("rsa", ()), ("ed", ("--ed25519",)), ("other", ()), ("gone", ())):
        made = run("keygen", "dkim", "--domain", "shop.test", "--selector", selector, "--dir",
                   folder / "keys", *words)
        lines.append(made.stdout.strip())
    by_selector = dict(zip(("rsa", "ed", "other", "gone"), lines))
    zone = ["shop.test. 300 IN SOA ns.shop.test. a.shop.test. 1 300 300 300 300",
            "shop.test. 300 IN NS ns.shop.test.", "ns.shop.test. 300 IN A 127.0.0.1",
            by_selector["rsa"], by_selector["ed"],
            by_selector["rsa"].replace("rsa._domainkey", "other._domainkey"),
            "revoked._domainkey.shop.test. IN TXT \"v=DKIM1; p=\"",
            "spf._domainkey.shop.test. IN TXT \"v=spf1 -all\"",
            "twice._domainkey.shop.test. IN TXT \"v=DKIM1; p=AA\"",
            "twice._domainkey.shop.test. IN TXT \"v=DKIM1; p=BB\""]
    (folder / "shop.zone").write_text("$TTL 300\n" + "\n".join(zone) + "\n")
    port = free_port()
    (folder / "knot.conf").write_text(
        f'server:\n  rundir: "{folder}"\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n'
        f'  tcp-workers: 1\n  background-workers: 1\n'
        f'log:\n  - target: stderr\n    any: critical\ndatabase:\n  storage: "{folder}"\n'
        f'template:\n  - id: default\n    storage: "{folder}"\n    journal-content: none\n'
        f'zone:\n  - domain: shop.test\n    file: shop.zone\n'
        f'  - domain: broken.test\n    file: missing.zone\n')
    knotd = shutil.which("knotd", path="/usr/sbin:" + os.environ["PATH"])
    server = subprocess.Popen([knotd, "-c", folder / "knot.conf"])
    try:
        await_zone(port)
        yield folder, f"127.0.0.1@{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def key_of(folder, selector):
    return folder / f"keys/shop.test/{selector}.pem"


@pytest.mark.parametrize("selector, told", [("rsa", "signs what this record verifies"),
                                            ("ed", "signs what this record verifies")])
def test_a_published_key_is_good(world, selector, told):
    folder, resolver = world
    done = run("dkim", "check", "shop.test", selector, "--key-file", key_of(folder, selector),
               "--resolver", resolver)
    assert told in done.stdout
    record = json.loads(run("dkim", "check", "shop.test", selector, "--resolver", resolver,
                            "--json").stdout)
    assert record["name"] == f"{selector}._domainkey.shop.test"
    assert record["record"].startswith("v=DKIM1; ")


@pytest.mark.parametrize("domain, selector, with_key, code, told", [
    ("shop.test", "other", True, REFUSED, "not the one that signs"),
    ("shop.test", "gone", True, REFUSED, "does not exist"),
    ("shop.test", "revoked", False, REFUSED, "revoked"),
    ("shop.test", "spf", False, REFUSED, "no DKIM record"),
    ("shop.test", "twice", False, REFUSED, "several TXT records"),
    ("broken.test", "rsa", False, UNREACHABLE, "does not answer"),
])
def test_what_receivers_would_refuse_is_told(world, domain, selector, with_key, code, told):
    folder, resolver = world
    key = ("--key-file", key_of(folder, selector)) if with_key else ()
    assert told in run("dkim", "check", domain, selector, *key, "--resolver", resolver,
                       code=code).stderr


def test_bad_words_and_files_are_told(world):
    folder, resolver = world
    run("dkim", "check", "shop test", "rsa", code=USAGE)
    run("dkim", "check", "shop.test", "rsa", "--resolver", "nowhere", code=USAGE)
    run("dkim", "check", "shop.test", "rsa", "--key-file", folder / "none.pem", "--resolver",
        resolver, code=BAD_FILE)
    run("dkim", "verify", folder / "none.eml", code=BAD_FILE)


def sign(folder, selector, domain="shop.test"):
    message = MESSAGE.replace(b"shop.test", domain.encode())
    return dkim.sign(message, selector.encode(), domain.encode(),
                     key_of(folder, selector).read_bytes()) + message


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_a_signed_message_verifies(world, tmp_path, line_end):
    folder, resolver = world
    (tmp_path / "m.eml").write_bytes(sign(folder, "rsa").replace(b"\r\n", line_end))
    done = json.loads(run("dkim", "verify", tmp_path / "m.eml", "--resolver", resolver,
                          "--json").stdout)
    assert done["verdict"] == "pass"
    assert done["signatures"] == [{"domain": "shop.test", "selector": "rsa",
                                   "algorithm": "rsa-sha256", "key_bits": 2048, "verdict": "pass",
                                   "reason": "ok"}]
    table = run("dkim", "verify", tmp_path / "m.eml", "--resolver", resolver).stdout
    assert re.search(r"shop\.test +rsa +rsa-sha256 +2048 +pass +ok", table)


@pytest.mark.parametrize("domain, selector, change, code, verdict", [
    ("shop.test", "rsa", lambda raw: raw.replace(b"hello\r\n", b"hullo\r\n"), REFUSED, "fail"),
    ("shop.test", "other", lambda raw: raw, REFUSED, "fail"),
    ("shop.test", "gone", lambda raw: raw, REFUSED, "permerror"),
    ("broken.test", "rsa", lambda raw: raw, UNREACHABLE, "temperror"),
    ("shop.test", "rsa", lambda raw: MESSAGE, REFUSED, "none"),
])
def test_a_bad_signature_is_told(world, tmp_path, domain, selector, change, code, verdict):
    folder, resolver = world
    (tmp_path / "m.eml").write_bytes(change(sign(folder, selector, domain)))
    done = run("dkim", "verify", tmp_path / "m.eml", "--resolver", resolver, "--json", code=code)
    assert json.loads(done.stdout)["verdict"] == verdict
