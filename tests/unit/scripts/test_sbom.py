"""The bill of materials names what the programs load; security updates are found in what apt says."""

import hashlib
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("HIKYAKU_BUILD", ROOT / "build/dev"))
sys.path.insert(0, str(ROOT / "scripts"))

import debian_packages  # noqa: E402

POLICY = """libssl3:
  Installed: 3.0.19-1~deb12u2
  Candidate: 3.0.22-1~deb12u2
  Version table:
     3.0.22-1~deb12u2 500
        500 http://archive.test/debian-security bookworm-security/main amd64 Packages
     3.0.20-1~deb12u2 500
        500 http://archive.test/debian bookworm/main amd64 Packages
 *** 3.0.19-1~deb12u2 100
        500 http://archive.test/debian-security bookworm-security/main amd64 Packages
        100 /var/lib/dpkg/status
     3.0.17-1~deb12u2 500
        500 http://archive.test/debian bookworm-updates/main amd64 Packages
"""


def load_script(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(ROOT / "scripts" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def updates():
    return load_script("security-updates")


@pytest.fixture(scope="module")
def bill():
    command = [ROOT / "scripts/sbom", "--build", BUILD]
    first, second = (subprocess.run(command, check=True, capture_output=True) for _ in range(2))
    assert first.stdout == second.stdout
    return json.loads(first.stdout)


def test_bill_names_every_library_that_a_program_loads(bill):
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    named = {c["name"] for c in bill["components"]}
    for name in debian_packages.PROGRAMS:
        libraries = debian_packages.linked_libraries(BUILD / "bin" / name)
        owners = {owner.split(":")[0] for owner in debian_packages.owners_of(libraries).values()}
        assert owners and owners <= named
    assert {"libzmq5", "libc6", "tzdata", "uthash-dev"} <= named


def test_bill_has_digests_of_the_programs_and_links_that_lead_somewhere(bill):
    known = {c["bom-ref"] for c in bill["components"]}
    for link in bill["dependencies"]:
        assert set(link["dependsOn"]) <= known
    for component in bill["components"]:
        if component["type"] == "application":
            program = (BUILD / "bin" / component["name"]).read_bytes()
            assert component["hashes"][0]["content"] == hashlib.sha256(program).hexdigest()
        else:
            assert component["purl"].startswith(f"pkg:deb/debian/{component['name']}@")


def test_bill_of_what_is_not_built_says_what_is_missing(tmp_path):
    done = subprocess.run(
        [ROOT / "scripts/sbom", "--build", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 1 and "hikyaku-worker" in done.stderr and "--build" in done.stderr


def test_only_versions_from_a_security_archive_count(updates):
    assert updates.offered_for_security(POLICY) == ["3.0.22-1~deb12u2", "3.0.19-1~deb12u2"]
    assert updates.offered_for_security("nothing:\n  Installed: (none)\n") == []


def test_newest_update_is_chosen_by_the_rules_of_dpkg(updates):
    assert updates.newest(["1.0~rc1", "1.0", "1:0.1"]) == "1:0.1"
    assert updates.newest(["1.0~rc1", "1.0"]) == "1.0"
    assert updates.newest([]) is None


def test_an_update_that_is_in_use_is_not_pending(updates, monkeypatch):
    monkeypatch.setattr(updates, "run", lambda *command: POLICY)
    assert list(updates.pending([("libssl3", "3.0.22-1~deb12u2")])) == []
    assert list(updates.pending([("libssl3", "3.0.19-1~deb12u2")])) == [
        ("libssl3", "3.0.19-1~deb12u2", "3.0.22-1~deb12u2")
    ]


def test_without_fresh_lists_of_a_security_archive_nothing_is_claimed(updates, tmp_path):
    assert "no lists" in updates.why_unknown(tmp_path)
    (tmp_path / "archive.test_dists_bookworm-security_InRelease").touch()
    assert updates.why_unknown(tmp_path) is None
    later = tmp_path.stat().st_mtime + 8 * 86_400
    assert "8 days old" in updates.why_unknown(tmp_path, later)
