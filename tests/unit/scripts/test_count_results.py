"""The line that machines read adds up what ctest and pytest wrote."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "count_results.py"

CTEST = """<?xml version="1.0"?>
<testsuite name="x" tests="4" failures="1">
<testcase name="a" status="run"/><testcase name="b" status="run"/>
<testcase name="c" status="fail"><failure message=""/></testcase>
<testcase name="d" status="notrun"><skipped message=""/></testcase>
</testsuite>"""
PYTEST = """<?xml version="1.0"?>
<testsuites><testsuite name="pytest" tests="3">
<testcase name="a"/><testcase name="b"><error message=""/></testcase>
<testcase name="c"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize("files, numbers, line, status", [
    ({"ctest.xml": CTEST, "pytest.xml": PYTEST}, [], "3 passed, 2 failed", 1),
    ({"ctest.xml": CTEST, "pytest.xml": PYTEST}, ["10", "1"], "13 passed, 3 failed", 1),
    ({"pytest.xml": PYTEST.replace("error", "system-out")}, [], "2 passed, 0 failed", 0),
    ({}, [], "0 passed, 0 failed", 1),
])
def test_results_are_added_up(tmp_path, files, numbers, line, status):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    done = subprocess.run([sys.executable, SCRIPT, tmp_path, *numbers], capture_output=True,
                          text=True, check=False)
    assert (done.stdout, done.returncode) == (line + "\n", status)
