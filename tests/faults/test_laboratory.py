"""Three minutes of the laboratory and its own parts; with scripts/test --soak long runs of it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import schedule  # noqa: E402
from audit_sink import find_message_id, read_token  # noqa: E402
from laboratory import ROOT, Laboratory  # noqa: E402
from load import Load  # noqa: E402
from local.process import wait_until  # noqa: E402
from namespaces import HUB, Namespaces, NotPermitted  # noqa: E402
from redis_proxy import name_request, skip_value  # noqa: E402

BUILD = Path(os.environ.get("HIKYAKU_BUILD", ROOT / "build/dev")).resolve()


def run_laboratory(*options):
    """The last line as a dictionary; the whole output when it is not as it must be."""
    result = subprocess.run([FOLDER / "run", *map(str, options)], capture_output=True, text=True)
    last = result.stdout.splitlines()[-1] if result.stdout else ""
    assert result.returncode == 0, f"{result.stdout[-20000:]}\n{result.stderr[-5000:]}"
    print(last)
    return json.loads(last)


def check(figures, faults):
    assert figures["faults_total"] == faults
    assert figures["audited"] > 400 and figures["copies"] > 300
    assert figures["lost"] == figures["doubled_hold"] == figures["untold"] == 0
    assert figures["doubled_resend"] <= sum(figures[f"in_flight_{how}"]
                                            for how in ("at_kill", "else", "told"))


# I1 to I5: nothing lost, nothing guessed, no double untold, HOLD never twice, counters as rows.
# The load follows the machine, and nothing here is bounded by less than minutes without progress.
def test_nothing_is_lost_and_no_double_is_untold():
    check(run_laboratory("--faults", 45, "--minutes", 2.5, "--seed", 20261125, "--clocks"), 45)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_long_run(seed):
    check(run_laboratory("--faults", 150, "--seed", seed, "--clocks"), 150)


@pytest.mark.soak
def test_sentinels_and_replicas():
    check(run_laboratory("--faults", 60, "--minutes", 6, "--seed", 4, "--store", "group"), 60)


@pytest.mark.soak
def test_partitions_where_namespaces_are_not_permitted():
    figures = run_laboratory("--faults", 30, "--seed", 5, "--no-namespaces")
    check(figures, 30)
    assert figures["namespaces"] is False


# Less than CLOCK_DOUBT minds (60 s): what is due is told by Redis' clock alone.
@pytest.mark.soak
@pytest.mark.parametrize("step_s", [-50, 50])
def test_mail_goes_out_under_a_coordinator_whose_clock_is_wrong(step_s):
    folder = Path(tempfile.mkdtemp(prefix="hkl-"))
    folder.chmod(0o755)
    lab = Laboratory(folder, BUILD, 1, with_clocks=True)
    try:
        lab.start()
        for name in lab.coordinators:
            lab.set_clock(name, step_s)
        load = Load([node.endpoint for node in lab.cluster.coordinators], lab.cluster.api_key, 1,
                    1000)
        load.add_campaign()
        wait_until("the campaign is done", lambda: load.look() == 0 and not load.unfinished(), 300,
                   0.5)
        campaign, = load.campaigns.values()
        outcomes = load.outcomes(campaign)
        assert outcomes["DELIVERED"] > len(campaign.recipients) * 0.8
        assert not outcomes.get("EXPIRED")
    finally:
        lab.stop()
    shutil.rmtree(folder)


# A call ends in time with what it has: who repeats it gets on, however slowly Redis answers.
def test_events_are_read_from_a_slow_redis():
    folder = Path(tempfile.mkdtemp(prefix="hkl-"))
    folder.chmod(0o755)
    lab = Laboratory(folder, BUILD, 1, with_namespaces=False)
    try:
        lab.start()
        load = Load([lab.nodes["c-0"].endpoint], lab.cluster.api_key, 1, 1000)
        for _ in range(4):
            load.add_messages()
        wait_until("all messages have come to an end",
                   lambda: load.look() == 0 and not load.unfinished(), 300, 0.5)
        pb, told = load.pb, Counter()

        def read(cursor):
            answer = load.call("EventService", "ReadEvents",
                               pb.ReadEventsRequest(cursor=cursor, max_events=5000))
            told.update(event.event_id for event in answer.events
                        if event.type == pb.EVENT_TYPE_DELIVERED)
            return answer
        lab.order(do="lag", who="c-0", ms=250, s=3600)
        first = read("")
        assert first.events and first.more
        second = read(first.next_cursor)
        assert second.events and second.next_cursor != first.next_cursor
        lab.order(do="lag", who="c-0", ms=0, s=0)
        answer = second
        while answer.more:
            answer = read(answer.next_cursor)
        delivered = sum(load.outcomes(campaign)["DELIVERED"] for campaign in load.campaigns.values())
        assert len(told) == delivered and set(told.values()) == {1}
    finally:
        lab.stop()
    shutil.rmtree(folder)


def test_a_seed_makes_the_same_faults():
    names = ["w-0", "w-1"], ["c-0"]
    for store in ("one", "group"):
        kinds = schedule.kinds_of(store, with_clocks=True, with_traps=True)
        made = schedule.make(7, 50, 100, *names, kinds)
        assert made == schedule.make(7, 50, 100, *names, kinds)
        assert made != schedule.make(8, 50, 100, *names, kinds)
        assert {fault.kind for fault in schedule.make(1, 900, 100, *names, kinds)} == set(kinds)


class Echo:
    """Says back what it hears at the hub; `client` lives in "a", beyond the cable."""

    def __init__(self, network):
        with network.inside("hub"):
            self.listener = socket.create_server((HUB, 0))
        with network.inside("a"):
            self.client = socket.create_connection(self.listener.getsockname(), 10)
        self.far = self.listener.accept()[0]
        self.far.settimeout(0.5)
        self.client.settimeout(0.5)

    def hears(self, reader):
        try:
            return bool(reader.recv(100))
        except TimeoutError:
            return False

    def passes(self):
        """(does the hub hear the client, does the client hear the hub)"""
        self.client.sendall(b"x")
        self.far.sendall(b"y")
        return self.hears(self.far), self.hears(self.client)


def test_cables_are_cut_whole_and_one_way():
    try:
        network = Namespaces(["a"]).start()
    except NotPermitted as error:
        assert str(error)
        return
    try:
        for kind, heard in (("cut", (False, False)), ("mute", (False, True)), ("deaf", (True, False)),
                            ("slow", (True, True))):
            echo = Echo(network)
            assert echo.passes() == (True, True)
            getattr(network, kind)("a")
            assert echo.passes() == heard, kind
            network.heal("a")
            wait_until("what was lost is sent again", lambda: echo.passes() == (True, True), 60)
    finally:
        network.stop()
    assert not Path(network.path("a")).exists()


def test_the_sink_reads_our_tokens():
    message = (b"From: a@b.test\r\nMessage-ID: <m.02340jbn39zn43re8qcq8w1xz6hg00001rzr8f9yhspta"
               b"x1cexvaswjf8f10@shop.test>\r\n\r\nbody")
    assert read_token(find_message_id(message)) == ("GS04JX8TFX90Y3J5V5T70FFSMC", 14)
    assert read_token("m.short") is None
    assert read_token("x." + "0" * 60) is None


def test_the_proxy_finds_where_values_end():
    values = [b"+OK\r\n", b":12\r\n", b"$-1\r\n", b"$0\r\n\r\n", b"$5\r\na\r\nbc\r\n", b"*0\r\n",
              b"*-1\r\n", b"*2\r\n*2\r\n:1\r\n$1\r\nx\r\n-ERR no\r\n"]
    for value in values:
        assert skip_value(value + b"+next\r\n", 0) == len(value)
        for size in range(len(value)):
            assert skip_value(value[:size], 0) == -1
    request = b"*3\r\n$7\r\nEVALSHA\r\n$4\r\nabcd\r\n$1\r\n1\r\n"
    assert name_request(request, {"abcd": "flush.v1"}) == "flush.v1"
    assert name_request(b"*1\r\n$4\r\nPING\r\n", {}) == "PING"
