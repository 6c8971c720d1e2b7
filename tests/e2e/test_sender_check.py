"""sender check against a real DNS server: SPF with its limits, DMARC by tree walk (P1 to P8, J2)."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from local.dns_server import DnsServer
from worlds import short_folder

ROOT = Path(__file__).resolve().parents[2]
HIKYAKU = Path(os.environ.get("HIKYAKU_BUILD", ROOT / "build/dev")) / "bin/hikyaku"
GOOD = "192.0.2.7"
ZONES = {
    "test": [],  # the walk up the tree ends there
    "shop.test": [
        'shop.test. 300 IN TXT "v=spf1 include:_spf.shop.test -all"',
        '_spf.shop.test. 300 IN TXT "v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/64 a:mail.shop.test ~all"',
        "mail.shop.test. 300 IN A 198.51.100.9",
        'bounce.shop.test. 300 IN TXT "v=spf1 redirect=_spf.shop.test"',
        '_dmarc.shop.test. 300 IN TXT "v=DMARC1; p=quarantine; pct=50; rua=mailto:r@shop.test"',
        'two.shop.test. 300 IN TXT "v=spf1 -all"', 'two.shop.test. 300 IN TXT "v=spf1 +all"',
        *(f'c{n}.shop.test. 300 IN TXT "v=spf1 include:c{n + 1}.shop.test -all"'
          for n in range(12)),
        'c12.shop.test. 300 IN TXT "v=spf1 +all"'],
    "other.test": ['other.test. 300 IN TXT "v=spf1 ip4:192.0.2.7 -all"'],
}


@pytest.fixture(scope="module")
def dns():
    with short_folder() as folder:
        server = DnsServer(folder / "dns", ZONES).start()
        yield server
        server.stop()


def check(dns, *words, code=0):
    done = subprocess.run([HIKYAKU, "sender", "check", *words, "--resolver", dns.forwarder, "--json"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return {(row["what"], row["whom"]): row for row in json.loads(done.stdout)}


def test_a_good_sender(dns):
    rows = check(dns, "shop.test", "--return-path", "bounce.shop.test", "--ip", GOOD,
                 "--ip", "2001:db8::7", "--ip", "198.51.100.9")
    assert {row["result"] for (what, _), row in rows.items() if what.startswith("SPF")} == {"pass"}
    assert len(rows) == 3 * 2 + 2
    record = rows["DMARC record", "shop.test"]
    assert record["result"] == "quarantine" and "pct" in record["why"]
    assert rows["return path aligned", "bounce.shop.test"]["result"] == "aligned"


def test_what_receivers_would_refuse(dns):
    """An address that is missing; two records; more than ten look-ups; another organisation."""
    rows = check(dns, "shop.test", "--ip", "203.0.113.1", code=1)
    assert rows["SPF of return path", "203.0.113.1"]["result"] == "fail"
    for domain in ("two.shop.test", "c0.shop.test"):
        rows = check(dns, "shop.test", "--return-path", domain, "--ip", GOOD, code=1)
        assert rows["SPF of return path", GOOD]["result"] == "permerror"
        assert rows["SPF of From domain", GOOD]["result"] == "pass"
    rows = check(dns, "shop.test", "--return-path", "other.test", "--ip", GOOD, code=1)
    assert rows["SPF of return path", GOOD]["ok"]
    assert rows["return path aligned", "other.test"]["result"] == "not aligned"
    rows = check(dns, "other.test", "--ip", GOOD, code=1)
    assert rows["DMARC record", "other.test"]["result"] == "none"


def test_the_table_and_bad_words(dns):
    done = subprocess.run([HIKYAKU, "sender", "check", "shop.test", "--ip", "203.0.113.1",
                           "--resolver", dns.forwarder], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "FAIL" in done.stdout and "SPF of return path" in done.stdout
    for words, said in ((("shop.test",), "--ip"), (("shop.test", "--ip", "x"), "no address")):
        done = subprocess.run([HIKYAKU, "sender", "check", *words], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 2 and said in done.stderr
