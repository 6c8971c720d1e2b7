"""The command line against a real coordinator, without workers: what is accepted waits there."""

import csv
import email
import email.policy
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path

import pytest
from local.cluster import Cluster

ROOT = Path(__file__).resolve().parents[2]
OK, REFUSED, USAGE, UNREACHABLE, BAD_FILE = range(5)
CAMPAIGN = """\
name: 春の感謝祭
labels: {season: spring}
content_class: NOTICE
pool: mkt
from: お店 <news@shop.test>
subject: "{{name}}様へ"
text: "{{name}}様、ポイント{{points}}倍です。"
default_fields: {name: お客, points: 2, shop: 本店}
"""


@pytest.fixture(scope="module")
def coordinator(build):
    """One coordinator for all tests of this file."""
    folder = Path(tempfile.mkdtemp(prefix="hk-"))
    cluster = Cluster(folder, build)
    cluster.start(coordinators=1, workers=0)
    yield cluster
    assert cluster.stop() == {"c-0": 0}
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def run(coordinator, tmp_path, monkeypatch):
    """Run hikyaku in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*words, code=OK, **environment):
        done = coordinator.cli(*words, check=False, environment=environment)
        assert done.returncode == code, done.stdout + done.stderr
        return done
    return call


@pytest.fixture
def files(tmp_path):
    """Write a campaign and recipients. @return words for submit, counts of each kind"""
    def make(name, rows=300, campaign="", encoding="utf-8", **shares):
        words = [word for kind, share in shares.items() for word in (f"--{kind}", str(share))]
        (tmp_path / f"{name}.yaml").write_text(CAMPAIGN.replace("春の", name) + campaign)
        subprocess.run([ROOT / "scripts/make_recipients.py", str(rows), "--domains",
                        "a.test,b.test=2", "--encoding", encoding, "--output",
                        tmp_path / f"{name}.csv", "--summary", tmp_path / "summary", *words],
                       check=True)
        return (f"{name}.yaml", f"{name}.csv"), json.loads((tmp_path / "summary").read_text())
    return make


def submit(run, words, *more, code=OK):
    return json.loads(run("submit", *words, "--json", *more, code=code).stdout)


def shown(run, campaign_id):
    return json.loads(run("show", campaign_id, "--json").stdout)["campaign"]


# ------------------------------------------------------------------ submit

@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_campaign_is_submitted_with_every_row_accounted_for(run, files, tmp_path, encoding):
    words, counts = files(f"main-{encoding}", rows=9000, encoding=encoding)
    done = submit(run, words)
    assert done["state"] == "RUNNING" and not done["replayed"]
    assert done["rows"] == 9000 and done["chunks"] == 3
    assert re.fullmatch("[0-9a-f]{64}", done["digest"])
    campaign = shown(run, done["campaign_id"])
    for told in (done, campaign):
        assert told["accepted"] == counts["known"] + counts["unknown"]
        assert told["duplicates"] == counts["duplicate"]
        assert told["rejected"] == counts["malformed"]
    with open(words[1], encoding=encoding, newline="") as file:
        rows = list(csv.reader(file))
    with open("rejected.csv", encoding="utf-8", newline="") as file:
        rejected = list(csv.DictReader(file))
    assert len(rejected) == counts["malformed"]
    for row in rejected:
        address = rows[int(row["row"]) - 1][0]
        assert not re.fullmatch(r"(u|U|nobody)\d+@[ab]\.test", address), row
        assert row["field"] == "address" and row["rule"] and row["message"]


def test_the_same_files_are_the_same_campaign(run, files, tmp_path):
    words, _ = files("twice")
    first = submit(run, words)
    again = submit(run, words)
    assert again["campaign_id"] == first["campaign_id"] and again["replayed"]
    assert "nothing is sent twice" in run("submit", *words).stderr
    assert shown(run, first["campaign_id"])["rows"] == 300
    other = submit(run, words, "--key", "another-1")
    assert other["campaign_id"] != first["campaign_id"] and not other["replayed"]
    # A comment changes nothing, a word of the content does.
    path = tmp_path / words[0]
    path.write_text("# changed\n" + path.read_text())
    assert submit(run, words)["campaign_id"] == first["campaign_id"]
    path.write_text(path.read_text().replace("様へ", "様への"))
    assert submit(run, words)["campaign_id"] != first["campaign_id"]


def test_an_upload_goes_on_where_it_ended(run, files):
    words, counts = files("cut", rows=5000)
    done = run("submit", *words, "--max-rejected", "0", code=REFUSED)
    assert "nothing of it is sent" in done.stderr
    done = run("submit", *words)
    assert "going on with it" in done.stderr
    assert "chunks sent before were not stored again" in done.stdout
    done = submit(run, words)
    assert done["replayed"] and done["state"] == "RUNNING"
    assert shown(run, done["campaign_id"])["accepted"] == counts["known"] + counts["unknown"]


def test_too_many_rejected_rows_start_nothing(run, files):
    words, counts = files("bad", malformed=0.2)
    done = run("submit", *words, code=REFUSED)
    assert "max_rejected_permille" in done.stderr and "was not started" in done.stderr
    assert f"{counts['malformed']} listed in rejected.csv" in done.stdout
    assert submit(run, words, "--max-rejected", "1000")["rejected"] == counts["malformed"]


def test_refuse_stops_at_the_first_bad_row_and_names_it(run, files, tmp_path):
    words, _ = files("strict", rows=5000, malformed=0)
    path = tmp_path / words[1]
    lines = path.read_text().split("\n")
    lines[4500 - 1] = re.sub("^[^,]*", "no-at", lines[4500 - 1])
    path.write_text("\n".join(lines))
    done = run("submit", *words, "--on-invalid", "refuse", code=REFUSED)
    assert re.search(r"\n  row 4500 address: .*\[address_no_at\]", done.stderr), done.stderr


def test_the_servers_rules_are_told_at_the_line_of_the_file(run, files):
    words, _ = files("rules", campaign="reply_to: [a@b.test]\ntls: REQUIRED\n"
                                       "expires_after_s: 1\n")
    done = run("submit", *words, code=REFUSED)
    assert re.search(r"^rules\.yaml:10:1: tls: .*\[not_yet\]$", done.stderr, re.M)
    assert re.search(r"^rules\.yaml:11:1: expires_after_s: ", done.stderr, re.M)
    error = json.loads(run("submit", *words, "--json", code=REFUSED).stdout)["error"]
    assert error["code"] == "invalid_argument"
    assert {problem["field"] for problem in error["problems"]} == {"tls", "expires_after_s"}


# ------------------------------------------------------------------ what is there

def test_a_campaign_is_paused_resumed_and_cancelled(run, files):
    words, counts = files("control", duplicates=0, malformed=0, unknown=0)
    campaign_id = submit(run, words)["campaign_id"]
    assert "is PAUSED" in run("pause", campaign_id, "--reason", "wrong price").stdout
    assert shown(run, campaign_id)["gates"] == [
        {"gate": "PAUSED", "count": 300, "until_unix_ms": 0, "why": ""}]
    assert json.loads(run("resume", campaign_id, "--json").stdout)["state"] == "RUNNING"
    assert "CANCEL" in run("cancel", campaign_id).stdout
    done = run("show", campaign_id, "--watch", code=REFUSED)
    assert re.search(r"^cancelled +300 +100\.0 %$", done.stdout, re.M)
    assert shown(run, campaign_id)["state"] == "CANCELLED"
    run("resume", campaign_id, code=REFUSED)
    states = [json.loads(line)["state"] for line in run(
        "events", "--campaign", campaign_id, "--type", "STATE", "--json").stdout.splitlines()]
    assert states[-1] == "CANCELLED" and "PAUSED" in states


def test_campaigns_are_listed_by_state_and_label(run, files):
    words, _ = files("listed", campaign="", malformed=0)
    campaign_id = submit(run, words)["campaign_id"]
    run("pause", campaign_id)
    table = run("list", "--state", "PAUSED", "--label", "season=spring").stdout
    assert table.startswith("CAMPAIGN ")
    assert re.search(rf"^{campaign_id}  PAUSED .* mkt +listed感謝祭$", table, re.M)
    assert campaign_id not in run("list", "--state", "COMPLETED").stdout
    assert campaign_id not in run("list", "--label", "season=autumn").stdout
    listed = [json.loads(line) for line in run("list", "--json", "--limit", "3").stdout.splitlines()]
    assert len(listed) <= 3 and all(entry["campaign_id"] for entry in listed)


def test_a_recipient_is_found_by_its_ref(run, files):
    words, _ = files("found", malformed=0, duplicates=0)
    campaign_id = submit(run, words)["campaign_id"]
    run("pause", campaign_id)
    table = run("find", "--ref", "cust-0000007", "--campaign", campaign_id).stdout
    assert f"{campaign_id}/6  cust-0000007  PENDING" in table
    assert "no such recipient" in run("find", "--ref", "nobody", "--campaign", campaign_id,
                                      code=REFUSED).stderr


def test_one_message_is_sent_once_by_its_key(run):
    words = ("send", "--from", "お店 <news@shop.test>", "--to", "a@b.test", "--subject",
             "{{name}}様", "--text", "こんにちは", "--field", "name=山田", "--message-key", "order-1")
    assert run(*words).stdout.startswith("ACCEPTED  ")
    assert run(*words).stdout.startswith("REPLAYED  ")
    result = json.loads(run(*words, "--json").stdout)["results"][0]
    assert result["status"] == "REPLAYED" and result["message_id"]
    assert "CONFLICT" in run(*words, "--ref", "x", code=REFUSED).stderr
    found = json.loads(run("find", "--message-id", result["message_id"], "--json").stdout)
    assert found["recipients"][0]["campaign_id"] == result["campaign_id"]
    bad = run(*words[:4], "no-at", *words[5:-1], "order-2", code=REFUSED)
    assert "REJECTED" in bad.stderr and "[address_no_at]" in bad.stderr


def test_a_preview_is_the_message_of_one_row(run, files):
    words, _ = files("seen", malformed=0)
    row = list(csv.reader(open(words[1], encoding="utf-8", newline="")))[4]
    text = run("preview", words[0], "--csv", words[1], "--row", "5").stdout
    assert text.startswith(f"Subject: {row[4]}様へ\n") and f"ポイント{row[5]}倍" in text
    raw = run("preview", words[0], "--csv", words[1], "--row", "5", "--eml").stdout
    message = email.message_from_string(raw, policy=email.policy.default)
    assert message["Subject"] == f"{row[4]}様へ" and row[0] in message["To"]
    assert "お客様、ポイント2倍" in run("preview", words[0]).stdout
    assert "has no row 9999" in run("preview", words[0], "--csv", words[1], "--row", "9999",
                                    code=BAD_FILE).stderr
    Path("bad.yaml").write_text(CAMPAIGN.replace("{{name}}様、", "{{#name}}"))
    Path("rule.yaml").write_text(CAMPAIGN + "headers: [{name: Received, value: x}]\n")
    assert re.search(r"^bad\.yaml:7:1: text: .*not closed", run(
        "preview", "bad.yaml", code=REFUSED).stderr, re.M)
    assert re.search(r"^rule\.yaml:9:12: headers\[0\]\.name: ", run(
        "preview", "rule.yaml", code=REFUSED).stderr, re.M)


def test_the_fleet_is_shown(run, coordinator):
    table = run("fleet").stdout
    assert table.startswith("cluster  local") and "Redis ok" in table
    assert re.search(r"^c-0 .* answers$", table, re.M)
    assert json.loads(run("fleet", "--json").stdout)["coordinators"][0]["self"] is True


def test_who_has_no_key_is_refused(run, coordinator, tmp_path):
    run("keygen", "api", "other.key")
    done = run("list", "--key-file", "other.key", code=REFUSED)
    assert "unauthenticated" in done.stderr
    endpoint = f"http://127.0.0.1:{coordinator.coordinators[0].ports['api']}"
    assert run("list", "--endpoint", endpoint).stdout.startswith("CAMPAIGN ")


def test_events_go_on_at_their_cursor(run, files):
    done = run("events", "--type", "STATE", "--limit", "1", "--json")
    assert len(done.stdout.splitlines()) == 1
    cursor = re.search(r"cursor (\S+)", done.stderr).group(1)
    rest = run("events", "--cursor", cursor, "--json")
    first = json.loads(done.stdout)["event_id"]
    assert first not in {json.loads(line)["event_id"] for line in rest.stdout.splitlines()}
    assert "cursor: " in run("events", "--cursor", "nonsense", code=REFUSED).stderr


# ------------------------------------------------------------------ watching on a terminal

def watch_on_terminal(coordinator, campaign_id, *steps):
    """Run `show --watch` on a terminal of 100 columns. A step waits for words to be drawn, then
    presses a key or sends a signal. @return everything drawn, the exit code"""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    node = coordinator.coordinators[0]
    process = subprocess.Popen(
        [coordinator.binary("hikyaku"), "show", campaign_id, "--watch", "--endpoint", node.endpoint,
         "--key-file", coordinator.keys / "api.key"], stdin=slave, stdout=slave, stderr=slave)
    drawn, fresh, pending = b"", b"", list(steps)
    deadline = time.monotonic() + 60
    while process.poll() is None or select.select([master], [], [], 0)[0]:
        assert time.monotonic() < deadline, drawn.decode()
        if not select.select([master], [], [], 0.05)[0]:
            continue
        part = os.read(master, 65536)
        drawn, fresh = drawn + part, fresh + part
        if pending and pending[0][0].encode() in fresh:
            act, fresh = pending.pop(0)[1], b""
            if isinstance(act, str):
                os.write(master, act.encode())
            else:
                process.send_signal(act)
    echoes = termios.tcgetattr(slave)[3] & termios.ECHO != 0
    os.close(slave)
    os.close(master)
    assert echoes, "the terminal is as it was"
    return drawn.decode(), process.returncode


def test_a_watched_campaign_is_steered_by_keys(run, coordinator, files):
    words, _ = files("watched", malformed=0, duplicates=0)
    campaign_id = submit(run, words)["campaign_id"]
    drawn, code = watch_on_terminal(coordinator, campaign_id, ("RUNNING", "p"), ("PAUSED", "q"))
    assert code == OK and "left; sending goes on" in drawn
    assert "「watched感謝祭」" in drawn and "[....................]  0 / " in drawn
    # One c asks, any other key takes it back.
    drawn, code = watch_on_terminal(coordinator, campaign_id, ("PAUSED", "r"), ("RUNNING", "c"),
                                    ("c again cancels", "x"), ("q leave", "q"))
    assert code == OK
    assert shown(run, campaign_id)["state"] == "RUNNING"
    drawn, code = watch_on_terminal(coordinator, campaign_id, ("RUNNING", "c"),
                                    ("c again cancels", "c"))
    assert code == REFUSED and re.search(r"cancelled +\d+ +100\.0 %", drawn)


def test_an_interrupted_watch_leaves_the_terminal_as_it_was(run, coordinator, files):
    words, _ = files("interrupted", malformed=0)
    campaign_id = submit(run, words)["campaign_id"]
    drawn, code = watch_on_terminal(coordinator, campaign_id, ("q leave", signal.SIGINT))
    assert code == OK and "left; sending goes on" in drawn
