"""What docs show works: the example configurations with the keys that quick-start.md makes."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from local.cluster import write_secret

ROOT = Path(__file__).resolve().parents[2]
ETC = "/etc/hikyaku"


@pytest.fixture
def etc(tmp_path, build):
    """A folder in the place of /etc/hikyaku, filled by the commands of quick-start.md."""
    page = (ROOT / "docs/quick-start.md").read_text()
    commands = [line.strip() for line in page.splitlines()
                if re.match(r" +(hikyaku keygen|cat /etc)", line)]
    assert len(commands) == 6
    environment = {**os.environ, "PATH": f"{build / 'bin'}:{os.environ['PATH']}"}
    for command in commands:
        subprocess.run(["sh", "-ec", command.replace(ETC, str(tmp_path))], check=True,
                       capture_output=True, env=environment)
    for name in ("redis-coordinator.password", "redis-worker.password", "api.pem"):
        write_secret(tmp_path / name, "secret\n")
    return tmp_path


@pytest.mark.parametrize("program", ["coordinator", "worker"])
def test_example_configurations_are_accepted(etc, build, program):
    text = (ROOT / f"docs/examples/{program}.yaml").read_text()
    file = etc / f"{program}.yaml"
    file.write_text(text.replace(ETC, str(etc)))
    done = subprocess.run([build / "bin/hikyaku", "config", "check", program, file],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_routes_of_the_worker_example_are_accepted(etc, build):
    """They are comments in the example, as few need them."""
    text = (ROOT / "docs/examples/worker.yaml").read_text()
    text = re.sub(r"^# (routes:|  - domain|    \w)", r"\1", text, flags=re.M)
    assert "\nroutes:" in text
    file = etc / "worker.yaml"
    file.write_text(text.replace(ETC, str(etc)))
    subprocess.run([build / "bin/hikyaku", "config", "check", "worker", file], check=True)
