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


def configuration_keys():
    """Every key as `program:key`, keys of a list's entries as `list[].key`."""
    keys = set()
    for page in (ROOT / "docs/configuration.md").read_text().split("# Configuration of ")[1:]:
        program = re.match(r"`hikyaku-(\w+)`", page).group(1)
        top, *sections = re.split(r"^## (\w+)$", page, flags=re.M)
        rows = {None: top, **dict(zip(sections[::2], sections[1::2]))}

        def add(section, before):
            for key, value in re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", rows[section], flags=re.M):
                keys.add(f"{program}:{before}{key}")
                entry = re.search(r"list of \[(\w+)\]", value)
                if entry:
                    add(entry.group(1), f"{before}{key}[].")

        add(None, "")
    return keys


def api_fields():
    """Every field as `api:Message.field`."""
    proto = (ROOT / "proto/hikyaku/v1/api.proto").read_text()
    messages = re.findall(r"^message (\w+) \{\n(.*?)^\}", proto, flags=re.M | re.S)
    return {f"api:{message}.{field}" for message, body in messages
            for field in re.findall(r"(\w+) = \d+;", body)}


def test_what_other_programs_directives_become_is_there(build):
    """Each key, field and command in the second column of the tables for newcomers."""
    page = (ROOT / "docs/from-powermta-kumomta.md").read_text()
    told = subprocess.run([build / "bin/hikyaku", "--help"], capture_output=True, text=True,
                          check=True).stdout
    commands = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)  ", told, flags=re.M)
    known = configuration_keys() | api_fields() | {f"hikyaku {command}" for command in commands}
    columns = [row.split(" | ")[1] for row in page.splitlines() if row.startswith("| `")]
    named = [name for column in columns for name in re.findall(r"`([^`]+)`", column)]
    assert len(named) > 100
    assert not [name for name in named if name not in known]
