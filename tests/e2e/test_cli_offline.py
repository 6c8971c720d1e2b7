"""The command line where no server is needed: keys, help, usage, input files, exit codes.

HIKYAKU_BUILD names the build folder (build/dev).
"""

import json
import os
import re
import stat
import subprocess
import time
from pathlib import Path

import nacl.public
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HIKYAKU_BUILD", ROOT / "build/dev"))
HIKYAKU = BUILD / "bin/hikyaku"
OK, REFUSED, USAGE, UNREACHABLE, BAD_FILE = range(5)
COMMANDS = ("submit", "send", "preview", "show", "list", "events", "pause", "resume", "cancel",
            "find", "fleet", "keygen master", "keygen retire", "keygen api", "keygen curve", "keygen dkim",
            "dkim check", "dkim verify", "classify", "replay", "config check")
Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


@pytest.fixture
def run(tmp_path):
    """Run hikyaku in a folder of its own, without anybody's settings."""
    def call(*words, code=OK, **environment):
        done = subprocess.run(
            [HIKYAKU, *map(str, words)], cwd=tmp_path, capture_output=True, text=True, timeout=60,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8",
                 "TZ": "Asia/Tokyo", **environment}, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done
    return call


@pytest.fixture
def connection(run, tmp_path):
    """Options of a server that is not there."""
    run("keygen", "api", "api.key")
    return ("--endpoint", f"unix:{tmp_path}/none.sock", "--key-file", "api.key")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def z85_decode(text):
    out = b""
    for at in range(0, len(text), 5):
        value = 0
        for digit in text[at:at + 5]:
            value = value * 85 + Z85.index(digit)
        out += value.to_bytes(4, "big")
    return out


# ------------------------------------------------------------------ help and usage

def test_every_command_teaches_with_an_example(run):
    overview = run("--help").stdout
    for command in COMMANDS:
        help_text = run(*command.split(), "--help").stdout
        assert f"\n  {command} " in overview
        assert help_text.startswith(f"usage: hikyaku {command}")
        assert f"  hikyaku {command}" in help_text, "an example"
        assert "--json" in help_text and "--help" in help_text
        assert run("help", *command.split()).stdout == help_text
        assert all(len(line) <= 100 for line in help_text.splitlines())


def test_the_version_is_told(run):
    assert re.fullmatch(r"hikyaku \d+\.\d+\.\d+\n", run("--version").stdout)


@pytest.mark.parametrize("words, told", [
    ((), ""),
    (("sumbit",), "did you mean submit?"),
    (("keygen",), "keygen dkim"),
    (("keygen", "dkin"), "keygen dkim"),
    (("submit", "only.yaml"), "usage: hikyaku submit FILE.yaml FILE.csv"),
    (("list", "--stat", "RUNNING"), "did you mean --state?"),
    (("list", "--state", "WALKING"), "RUNNING"),
    (("list", "--limit", "many"), "needs a number"),
    (("events", "--type", "LOST"), "BOUNCED"),
    (("find",), "either --ref"),
    (("find", "--ref", "x"), "--campaign"),
    (("send", "--to", "a@b.test"), "--from: is needed"),
    (("send", "--from", "a@b.test", "--to", "x <"), "ADDRESS"),
    (("send", "--from", "a@b.test", "--to", "x@y.test", "--field", "novalue"), "NAME=VALUE"),
    (("list",), "HIKYAKU_ENDPOINT"),
    (("list", "--endpoint", "unix:/x"), "HIKYAKU_KEY_FILE"),
    (("list", "--endpoint", "http://192.0.2.1:8460", "--key-file", "x"), "in clear"),
    (("list", "--endpoint", "gopher://x", "--key-file", "x"), "is no endpoint"),
    (("keygen", "master", "keys", "--month", "2026-13"), "YYYY-MM"),
    (("keygen", "dkim", "--domain", "a.test"), "--selector: is needed"),
    (("keygen", "dkim", "--domain", "../x", "--selector", "s", "--dir", "d"), "--domain:"),
    (("keygen", "dkim", "--domain", "a.test", "--selector", "s", "--dir", "d", "--bits", "512"),
     "--bits:"),
    (("config", "check", "broker", "x.yaml"), "neither coordinator nor worker"),
])
def test_usage_is_told(run, words, told):
    assert told in run(*words, code=USAGE).stderr


# ------------------------------------------------------------------ keygen

def test_master_keys_are_made_once(run, tmp_path):
    run("keygen", "master", "keys", "--month", "2026-11")
    keys = tmp_path / "keys"
    assert mode_of(keys) == 0o700
    names = {"id.key", "hash.key", "token-0.key", "month-2026-11.key"}
    assert {path.name for path in keys.iterdir()} == names
    before = {name: (keys / name).read_text() for name in names}
    assert all(re.fullmatch(r"[0-9a-f]{64}\n", text) for text in before.values())
    assert len(set(before.values())) == 4
    assert all(mode_of(keys / name) in (0o600, 0o400) for name in names)
    made = json.loads(run("keygen", "master", "keys", "--month", "2026-12", "--json").stdout)
    assert made == {"directory": "keys", "month": "2026-12"}
    assert {name: (keys / name).read_text() for name in names} == before
    assert (keys / "month-2026-12.key").exists()


def test_a_month_key_is_destroyed_once_its_month_is_over(run, tmp_path):
    run("keygen", "master", "keys", "--month", "2026-01")
    this_month = time.strftime("%Y-%m", time.gmtime())
    run("keygen", "master", "keys", "--month", this_month)
    for month in (this_month, "2999-01", "2026-13"):
        run("keygen", "retire", "keys", month, code=USAGE)
    made = json.loads(run("keygen", "retire", "keys", "2026-01", "--json").stdout)
    assert made == {"directory": "keys", "destroyed": "2026-01"}
    run("keygen", "retire", "keys", "2026-01")  # again: it is gone
    left = {path.name for path in (tmp_path / "keys").glob("month-*")}
    assert left == {f"month-{this_month}.key"}
    run("keygen", "retire", "nowhere", "2026-01", code=BAD_FILE)


def test_an_api_key_is_never_overwritten(run, tmp_path):
    run("keygen", "api", "api.key")
    key = (tmp_path / "api.key").read_text()
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{52}\n", key)
    assert mode_of(tmp_path / "api.key") == 0o600
    assert "exists" in run("keygen", "api", "api.key", code=BAD_FILE).stderr
    assert (tmp_path / "api.key").read_text() == key


def test_a_curve_pair_belongs_together(run, tmp_path):
    public = json.loads(run("keygen", "curve", "w.key", "--json").stdout)["public"]
    secret = (tmp_path / "w.key").read_text()
    assert mode_of(tmp_path / "w.key") == 0o600
    assert (tmp_path / "w.key.pub").read_text() == public + "\n"
    assert len(public) == 40 and len(secret) == 41
    pair = nacl.public.PrivateKey(z85_decode(secret.strip()))
    assert bytes(pair.public_key) == z85_decode(public)
    run("keygen", "curve", "w.key", code=BAD_FILE)
    assert (tmp_path / "w.key").read_text() == secret
    (tmp_path / "w.key").unlink()
    run("keygen", "curve", "w.key", code=BAD_FILE)
    assert not (tmp_path / "w.key").exists(), "a public half without its secret must not arise"


@pytest.mark.parametrize("kind, words", [("rsa", ("--bits", "2048")), ("ed25519", ("--ed25519",))])
def test_a_dkim_key_comes_with_its_record(run, tmp_path, kind, words):
    made = run("keygen", "dkim", "--domain", "shop.test", "--selector", "s1", "--dir", "dkim", *words)
    path = tmp_path / "dkim/shop.test/s1.pem"
    assert mode_of(path) == 0o600
    public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"],
                            capture_output=True, check=True).stdout
    line = made.stdout.strip()
    assert "\n" not in line and line.startswith("s1._domainkey.shop.test. IN TXT ( ")
    strings = re.findall(r'"([^"]*)"', line)
    assert all(len(string) <= 255 for string in strings)
    tags = dict(tag.strip().split("=", 1) for tag in "".join(strings).split(";") if tag.strip())
    assert tags["v"] == "DKIM1" and tags["k"] == kind
    key = subprocess.run(["openssl", "base64", "-d", "-A"], input=tags["p"].encode(),
                         capture_output=True, check=True).stdout
    assert key == (public if kind == "rsa" else public[-32:])
    again = run("keygen", "dkim", "--domain", "shop.test", "--selector", "s1", "--dir", "dkim",
                *words, code=BAD_FILE)
    assert "exists" in again.stderr


# ------------------------------------------------------------------ input files

GOOD_YAML = ("name: x\ncontent_class: NOTICE\npool: p\nfrom: a@shop.test\nsubject: hi\n"
             "text: hello\n")
GOOD_CSV = "address,name\na@b.test,x\n"


@pytest.mark.parametrize("campaign, recipients, told", [
    ("name: [\n", GOOD_CSV, r"c\.yaml:\d+:\d+: .*\[yaml\]"),
    (GOOD_YAML + "poool: x\n", GOOD_CSV,
     r"c\.yaml:7:1: poool: is no key here; did you mean pool\? \[unknown_key\]"),
    (GOOD_YAML + "lane: FAST\n", GOOD_CSV, r"c\.yaml:7:7: lane: must be one of BULK, TRANSACTIONAL"),
    (GOOD_YAML.replace("hello", "file:none.txt"), GOOD_CSV, r"c\.yaml:6:7: text: .*none\.txt"),
    (None, GOOD_CSV, r"c\.yaml: .*cannot be read"),
    (GOOD_YAML, None, r"r\.csv: cannot be read"),
    (GOOD_YAML, "", r"r\.csv: holds no recipients"),
    (GOOD_YAML, "address,name\n", r"r\.csv: holds no recipients"),
    (GOOD_YAML, "mail,name\na@b.test,x\n", r'r\.csv: header: has no column "address"'),
    (GOOD_YAML, GOOD_CSV + "c@d.test\n", r"r\.csv: line 3: has 1 columns, the header 2"),
    (GOOD_YAML, GOOD_CSV + '"open\n', r"r\.csv: line 3: opens a quote"),
    (GOOD_YAML, GOOD_CSV + "c@d.test,\0\n", r"r\.csv: line 3: has a NUL byte"),
    (GOOD_YAML, GOOD_CSV.encode("utf-16"), r"r\.csv: is UTF-16"),
    (GOOD_YAML, GOOD_CSV.encode() + b"c@d.test,\xff\xff\n", r"r\.csv: line 3: byte 0xFF"),
    ("poool: x\n", "mail\n", r"c\.yaml:1:1(?s:.*)r\.csv: header"),
])
def test_bad_files_are_told_before_anything_is_asked(run, connection, tmp_path, campaign,
                                                     recipients, told):
    if campaign is not None:
        (tmp_path / "c.yaml").write_text(campaign)
    if recipients is not None:
        raw = recipients if isinstance(recipients, bytes) else recipients.encode()
        (tmp_path / "r.csv").write_bytes(raw)
    done = run("submit", "c.yaml", "r.csv", *connection, code=BAD_FILE)
    assert re.search(told, done.stderr), done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_good_files_get_as_far_as_the_server(run, connection, tmp_path, encoding):
    (tmp_path / "c.yaml").write_text(GOOD_YAML)
    subprocess.run([ROOT / "scripts/make_recipients.py", "500", "--domains", "a.test,b.test=2",
                    "--encoding", encoding, "--output", tmp_path / "r.csv"], check=True)
    done = run("submit", "c.yaml", "r.csv", *connection, code=UNREACHABLE)
    assert "cannot reach the API" in done.stderr


def test_the_example_is_good(run, connection, tmp_path):
    subprocess.run([ROOT / "scripts/make_recipients.py", "10", "--domains", "a.test",
                    "--output", tmp_path / "r.csv"], check=True)
    run("submit", ROOT / "docs/examples/spring.yaml", "r.csv", *connection, code=UNREACHABLE)


def test_recipients_are_the_same_for_the_same_seed(tmp_path):
    def make(name, *words):
        subprocess.run([ROOT / "scripts/make_recipients.py", "3000", "--domains", "a.test,b.test",
                        "--output", tmp_path / name, "--summary", tmp_path / "summary", *words],
                       check=True)
        return (tmp_path / name).read_bytes(), json.loads((tmp_path / "summary").read_text())
    first, counts = make("1.csv")
    assert make("2.csv")[0] == first
    assert make("3.csv", "--seed", "2")[0] != first
    kinds = ("known", "duplicate", "malformed", "unknown")
    assert sum(counts[kind] for kind in kinds) == counts["rows"] == 3000
    assert all(counts[kind] > 0 for kind in kinds)
    assert first.count(b"\r\n") == 3001


# ------------------------------------------------------------------ settings and the server

def test_settings_come_from_option_environment_and_file(run, connection, tmp_path):
    endpoint = connection[1]
    run("list", *connection, code=UNREACHABLE)
    run("list", code=UNREACHABLE, HIKYAKU_ENDPOINT=endpoint, HIKYAKU_KEY_FILE="api.key")
    config = tmp_path / ".config/hikyaku/cli.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(yaml.safe_dump({"endpoint": endpoint, "key_file": f"{tmp_path}/api.key"}))
    run("list", code=UNREACHABLE)
    run("list", "--endpoint", "nonsense", code=USAGE)
    config.write_text("endpiont: x\n")
    done = run("list", code=BAD_FILE)
    assert "cli.yaml" in done.stderr and "line 1" in done.stderr


@pytest.mark.parametrize("mode, content, told", [
    (0o644, "KEY\n", "0644"),
    (0o600, "", "empty"),
    (0o600, "two words\n", "does not hold one key"),
    (0o600, "k\r\nX-Evil: 1\n", "does not hold one key"),
])
def test_a_bad_key_file_is_told(run, tmp_path, mode, content, told):
    path = tmp_path / "bad.key"
    path.write_text(content)
    path.chmod(mode)
    done = run("list", "--endpoint", "unix:/x", "--key-file", path, code=BAD_FILE)
    assert told in done.stderr
    done = run("list", "--endpoint", "unix:/x", "--key-file", "missing.key", code=BAD_FILE)
    assert "missing.key" in done.stderr


def test_json_tells_errors_too(run, connection):
    done = run("list", "--json", *connection, code=UNREACHABLE)
    assert json.loads(done.stdout)["error"]["code"] == "unavailable"


def test_replay_judges_recorded_events_anew(run, tmp_path):
    event = {"type": "DEFERRED", "occurred_unix_ms": 1764000000000, "site": "google",
             "mx_host": "gmail-smtp-in.l.google.com", "sending_ip": "192.0.2.1", "stage": "dot",
             "smtp_code": 421, "enhanced_code": "4.7.28", "reply_class": "other", "blame": "recipient",
             "reply_text": "Gmail has detected an unusual rate of mail"}
    later = {**event, "type": "DELIVERED", "occurred_unix_ms": 1764000060000, "smtp_code": 250,
             "enhanced_code": "", "reply_text": "Ok"}
    events = tmp_path / "events.jsonl"
    # Decisions carry the reply that made them: it is the same reply, not one more.
    decided = [{**event, "type": kind} for kind in ("THROTTLE", "SHADOW")]
    events.write_text("".join(json.dumps(one) + "\n"
                              for one in (event, *decided, later, {"type": "STATE"})))
    profiles = ROOT / "deploy/profiles/providers.yaml"
    told = json.loads(run("replay", "--json", events, profiles).stdout)
    assert (told["replies"], told["changed"], told["passed_over"]) == (2, 1, 3)
    assert told["changes"][0]["new_class"] == "rate-limited"
    path = told["paths"][0]
    assert (path["profile"], path["pauses"], path["paused_s"], path["in_pauses"]) == ("google", 1, 600, 1)
    assert "other, blames recipient" in run("replay", events, ROOT / "deploy/rules/replies.yaml").stdout
    events.write_text("no event\n")
    assert ":1: " in run("replay", events, profiles, code=BAD_FILE).stderr
