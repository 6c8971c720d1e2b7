"""The protocol as models, searched by Spin through all interleavings within bounds (README.md).

Each assertion must be able to fail: mutants, one for each rule that it rests on, are searched too,
and Spin has to find what they break. The models must be those of the code: what they were written
from is named in transitions.txt with its digest.
"""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# States of the default bounds fit into half a gigabyte.
LIMIT_MB = 3000

REPLICATED = ["-DREPLICATED=1", "-DFAILOVERS=1"]
FORGETS = ["-DFAILOVERS=1"]
SPLIT = ["-DSPLIT"]

PROOFS = {
    "lease": ("lease", ["-DTAKES=2"]),
    "lease, primary cut off": ("lease", SPLIT),
    "HOLD, disk": ("delivery", ["-DHOLD=1", "-DMISHAPS=2"]),
    "RESEND, disk": ("delivery", ["-DHOLD=0", "-DMISHAPS=2"]),
    "HOLD, replicated, failover": ("delivery", ["-DHOLD=1", "-DMISHAPS=2", *REPLICATED]),
    "RESEND, replicated, failover": ("delivery", ["-DHOLD=0", "-DMISHAPS=2", *REPLICATED]),
    "HOLD, failover forgets": ("delivery", ["-DHOLD=1", "-DMISHAPS=2", *FORGETS]),
    "RESEND, failover forgets": ("delivery", ["-DHOLD=0", "-DMISHAPS=2", *FORGETS]),
}

# Minutes of one core, and up to 8 GB.
SOAK = {
    "lease": ("lease", ["-DTAKES=2", "-DRENEWALS=3", "-DFAILOVERS=2"]),
    "lease, primary cut off": ("lease", [*SPLIT, "-DRENEWALS=3"]),
    "HOLD, disk": ("delivery", ["-DHOLD=1", "-DMISHAPS=3"]),
    "RESEND, disk": ("delivery", ["-DHOLD=0", "-DMISHAPS=3"]),
    "HOLD, replicated, failover": ("delivery", ["-DHOLD=1", "-DMISHAPS=3", *REPLICATED]),
    "RESEND, replicated, failover": ("delivery", ["-DHOLD=0", "-DMISHAPS=3", *REPLICATED]),
}

HOLD2, RESEND2 = ["-DHOLD=1", "-DMISHAPS=2"], ["-DHOLD=0", "-DMISHAPS=2"]
RESEND3 = ["-DHOLD=0", "-DMISHAPS=3"]
# name: model, bounds, what must be violated (a part of the failed assertion)
EXCLUSIVE, AT_MOST_ONCE, TOLD = "last_passed", "completed<=", "completed<2"
OUTCOME, COUNTED = "store.session==0", "assertion violated 0"
MUTANTS = {
    "TAKE_7_READS": ("lease", [], EXCLUSIVE),
    "STOP_5": ("lease", [], EXCLUSIVE),
    "NO_COMPARE": ("lease", [], EXCLUSIVE),
    "COUNT_ACROSS_SERVERS": ("lease", [], EXCLUSIVE),
    "NO_WAIT": ("lease", [], EXCLUSIVE),
    "VALID_FROM_ANSWER": ("lease", [], EXCLUSIVE),
    "CACHED_CLOCK": ("lease", [], EXCLUSIVE),
    "DOWN_AFTER_1": ("lease", SPLIT, EXCLUSIVE),
    "NO_MARK": ("delivery", HOLD2, AT_MOST_ONCE),
    "RECLAIM_FREES_MARKED": ("delivery", HOLD2, AT_MOST_ONCE),
    "NO_WAIT ": ("delivery", [*HOLD2, *REPLICATED], AT_MOST_ONCE),
    "RECLAIM_UNTOLD": ("delivery", RESEND2, TOLD),
    "ANY_ASK": ("delivery", [*RESEND3, *REPLICATED], TOLD),
    "FENCE_BY_ORDER": ("delivery", [*RESEND2, *FORGETS], TOLD),
    "NO_EVIDENCE": ("delivery", [*RESEND2, *FORGETS], TOLD),
    "TRUST_SAME_ROW": ("delivery", [*RESEND2, *FORGETS], TOLD),
    "FORGET_GIVEN": ("delivery", [*RESEND3, *FORGETS], TOLD),
    "NO_ORPHANS": ("delivery", RESEND2, OUTCOME),
    "COUNT_WHAT_IS_SENT": ("delivery", HOLD2, COUNTED),
}

# What the models must reach, or they would prove nothing.
WITNESSES = {
    "a takeover": ("lease", ["-DWITNESS"]),
    "delivered": ("delivery", ["-DWITNESS=2", "-DMISHAPS=0"]),
    "in doubt": ("delivery", ["-DWITNESS=6", "-DMISHAPS=1"]),
    "expired": ("delivery", ["-DWITNESS=5", "-DMISHAPS=1"]),
}


def search(folder, model, defines, optimise="-O0", compiler=("-DSAFETY",), options=()):
    """@return what the search says, its errors"""
    source = folder / f"{model}.pml"
    source.write_text((HERE / f"{model}.pml").read_text())
    subprocess.run(["spin", *defines, "-a", source.name], cwd=folder, check=True,
                   stdout=subprocess.PIPE, text=True)
    subprocess.run(["gcc", optimise, "-w", "-DNOREDUCE", f"-DMEMLIM={LIMIT_MB}", *compiler, "-o",
                    "pan", "pan.c"], cwd=folder, check=True)
    told = subprocess.run(["./pan", "-m200000", "-n", "-w22", *options], cwd=folder, check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    (folder / "pan").unlink()
    assert "max search depth" not in told, told
    errors = int(re.search(r"errors: (\d+)", told)[1])
    assert errors > 0 or "Search not completed" not in told, told
    return told, errors


def prove(folder, model, defines, **more):
    told, errors = search(folder, model, defines, "-O2", **more)
    assert errors == 0, told


@pytest.mark.parametrize("name", PROOFS)
def test_no_interleaving_breaks_it(tmp_path, name):
    """I1 to I5, as README.md says."""
    prove(tmp_path, *PROOFS[name])


@pytest.mark.soak
@pytest.mark.parametrize("name", SOAK)
def test_wider_bounds(tmp_path, name):
    prove(tmp_path, *SOAK[name], compiler=("-DSAFETY", "-DCOLLAPSE"))


@pytest.mark.parametrize("hold", [0, 1])
def test_every_run_ends(tmp_path, hold):
    """No cycle at all: with "every end is an outcome" each accepted row reaches one."""
    prove(tmp_path, "delivery", [f"-DHOLD={hold}", "-DMISHAPS=2"], compiler=("-DNP",),
          options=("-l",))


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_are_found(tmp_path, name):
    model, defines, broken = MUTANTS[name]
    mutant = f"MUTANT_{name.strip()}"
    assert mutant in (HERE / f"{model}.pml").read_text()
    optimise = "-O1" if "-DMISHAPS=3" in defines else "-O0"
    told, errors = search(tmp_path, model, [*defines, f"-D{mutant}"], optimise)
    assert errors == 1
    assert broken in re.search(r"pan:1: (.*)", told)[1], told


@pytest.mark.parametrize("name", WITNESSES)
def test_the_models_get_there(tmp_path, name):
    model, defines = WITNESSES[name]
    assert search(tmp_path, model, defines)[1] == 1


def test_every_mutant_is_searched():
    for model in ("lease", "delivery"):
        known = set(re.findall(r"MUTANT_(\w+)", (HERE / f"{model}.pml").read_text()))
        assert known == {name.strip() for name, mutant in MUTANTS.items() if mutant[0] == model}


# The models are those of the code


def digest_of(path):
    """Of what it does: comments and white space left out."""
    text = (ROOT / path).read_text()
    text = re.sub(r"--.*", "", text) if path.endswith(".lua") else re.sub(
        r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return hashlib.sha256("".join(text.split()).encode()).hexdigest()[:12]


def test_the_models_follow_the_scripts():
    """A transition changed: look whether its model does, then write the new digest here."""
    stale = []
    for line in (HERE / "transitions.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            model, path, digest = line.split()
            assert path.split("/")[-1].split(".lua")[0] in (HERE / "README.md").read_text(), path
            assert (HERE / f"{model}.pml").exists()
            if digest_of(path) != digest:
                stale.append(f"{model} {path} {digest_of(path)}")
    assert not stale, "\n".join(stale)


@pytest.mark.parametrize("define, constant, unit", [
    ("READS", "LEASE_WATCH_READS", 1), ("GAP", "LEASE_WATCH_GAP_MS", 1000),
    ("T_STOP", "LEASE_STOP_MS", 1000),
])
def test_the_numbers_of_the_lease_are_the_code_s(define, constant, unit):
    header = (ROOT / "common/store/lease_watch.h").read_text()
    model = (HERE / "lease.pml").read_text()
    values = re.findall(rf"#define {define} (\d+).*{constant}", model)
    assert len(values) == 1
    assert int(re.search(rf"#define {constant} (\d+)", header)[1]) == int(values[0]) * unit


def test_a_cut_off_primary_stops_in_time():
    """lease.pml's ISOLATED: the largest min-replicas-max-lag that is accepted, and Redis' own second."""
    header = (ROOT / "common/store/store_checks.h").read_text()
    most = int(re.search(r"#define STORE_CHECKS_LAG_MAX_S (\d+)", header)[1])
    assert f"#define ISOLATED {most + 1} " in (HERE / "lease.pml").read_text()
