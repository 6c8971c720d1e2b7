"""A private redis-server in cluster mode: appendonly, appendfsync always, stopped by its pid."""

import os
import random
import socket
import subprocess
import time
from pathlib import Path

import pytest
import redis

import transitions

BUILD = Path(os.environ.get("HIKYAKU_BUILD", Path(__file__).parents[2] / "build" / "dev"))


# Apart from those that other tests, which may run beside, take (scripts/local/process.py).
PORTS = range(12000, 15000)


def free_ports(count):
    """Ports on which nobody listens."""
    found = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free port")


def wait_until(ready):
    for _ in range(400):
        try:
            if ready():
                return
        except redis.exceptions.RedisError:
            pass
        time.sleep(0.05)
    raise TimeoutError("redis-server does not start")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("redis")
    path = str(folder / "socket")
    port, bus_port = free_ports(2)
    with subprocess.Popen(
            ["redis-server", "--port", str(port), "--cluster-port", str(bus_port),
             "--bind", "127.0.0.1", "--unixsocket", path,
             "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
             "--cluster-enabled", "yes", "--logfile", "redis.log"]) as process:
        client = redis.Redis(unix_socket_path=path)
        try:
            wait_until(client.ping)
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            wait_until(lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
            yield client
        finally:
            process.terminate()
            process.wait()


@pytest.fixture
def store(server):
    server.flushall()
    return transitions.Store(server, BUILD / "scripts")
