"""The laboratory's own parts; with scripts/test --soak runs of it, short and long."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import schedule  # noqa: E402
from audit_sink import find_message_id, read_token  # noqa: E402
from laboratory import ROOT, Laboratory  # noqa: E402
from load import Load  # noqa: E402
from local.process import wait_until  # noqa: E402
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
    assert figures["audited"] > 1000 and figures["copies"] > 1000
    assert figures["lost"] == figures["doubled_hold"] == figures["untold"] == 0
    assert figures["doubled_resend"] <= figures["in_flight_at_kill"] + figures["in_flight_else"]


# I1 to I5: nothing lost, nothing guessed, no double untold, HOLD never twice, counters as rows.
@pytest.mark.soak
def test_nothing_is_lost_and_no_double_is_untold():
    check(run_laboratory("--faults", 30, "--minutes", 1.5, "--seed", 20261125), 30)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_long_run_and_false_clocks(seed):
    check(run_laboratory("--faults", 150, "--seed", seed, "--clocks"), 150)


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
        wait_until("the campaign is done", lambda: load.look() == 0 and not load.unfinished(), 40,
                   0.5)
        campaign, = load.campaigns.values()
        outcomes = load.outcomes(campaign)
        assert outcomes["DELIVERED"] > len(campaign.recipients) * 0.8
        assert not outcomes.get("EXPIRED")
    finally:
        lab.stop()
    shutil.rmtree(folder)


def test_a_seed_makes_the_same_faults():
    names = ["w-0", "w-1"], ["c-0"]
    assert schedule.make(7, 50, 100, *names) == schedule.make(7, 50, 100, *names)
    assert schedule.make(7, 50, 100, *names) != schedule.make(8, 50, 100, *names)
    kinds = {fault.kind for fault in schedule.make(1, 500, 100, *names, with_clocks=True)}
    assert kinds == {*schedule.KINDS, *schedule.CLOCK_KINDS}


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
