"""Clients in other languages: the example of docs/ and one that is generated for Node."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_python_example_of_the_docs_runs(cluster, sink, folder):
    subprocess.run(["protoc", f"-I{ROOT}/proto", f"--python_out={folder}",
                    "hikyaku/v1/api.proto"], check=True)
    people = folder / "people.csv"
    people.write_text("\ufeffaddress,ref,name\n" + "".join(
        f"user{number}@example.test,cust-{number},山田{number}\n" for number in range(30)) +
        "broken,cust-x,誰か\n", encoding="utf-8")
    result = subprocess.run(
        ["/usr/bin/python3", ROOT / "docs/examples/campaign.py",
         f"http://127.0.0.1:{cluster.coordinators[0].ports['api']}", cluster.keys / "api.key",
         "news@shop.test", people],
        capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(folder)})
    assert result.returncode == 0, result.stderr
    assert "30 recipients have a final outcome" in result.stdout
    assert "row 30: address:" in result.stderr
    assert len(sink.received) == 30


def node_client(build):
    """The client's folder with its packages, generated from api.proto; kept in the build folder."""
    source = ROOT / "tests/clients/node"
    target = build / "clients/node"
    shutil.copytree(source, target, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("node_modules", "generated"))
    (target / "generated").mkdir(exist_ok=True)
    stamp = target / "node_modules/.stamp"
    lock = (source / "package-lock.json").read_text()
    if not stamp.exists() or stamp.read_text() != lock:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=target,
                       check=True, stdout=sys.stderr)
        stamp.write_text(lock)
    subprocess.run(
        ["protoc", f"-I{ROOT}/proto", "--es_out=generated", "--es_opt=target=js",
         "hikyaku/v1/api.proto"], cwd=target, check=True,
        env={**os.environ, "PATH": f"{target}/node_modules/.bin:{os.environ['PATH']}"})
    return target


def test_a_generated_node_client_talks_connect(cluster, build):
    target = node_client(build)
    result = subprocess.run(
        ["node", "client.mjs", f"http://127.0.0.1:{cluster.coordinators[0].ports['api']}",
         cluster.api_key], cwd=target, capture_output=True, text=True, timeout=120,
        env={**os.environ, "WAIT_MS": "60000"})
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["replayed"] and answer["accepted"] == 3
    assert answer["refused"] == {"code": "InvalidArgument", "field": "pool", "rule": "pool"}
    assert answer["message"] == 1 and answer["coordinators"] == ["c-0"]
    pb = cluster.client().pb
    assert {event["ref"]: pb.EventType.Name(event["type"]) for event in answer["events"]} == {
        "node-0": "EVENT_TYPE_DELIVERED", "node-1": "EVENT_TYPE_DELIVERED",
        "node-2": "EVENT_TYPE_BOUNCED"}
