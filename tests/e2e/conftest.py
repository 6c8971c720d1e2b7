"""End-to-end tests: real processes, Redis, DNS and MTAs. HIKYAKU_BUILD names the build folder."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

from local.cluster import Cluster  # noqa: E402
from local.dns_server import DnsServer  # noqa: E402
from sink import Sink  # noqa: E402


@pytest.fixture(scope="session")
def build():
    return Path(os.environ.get("HIKYAKU_BUILD", ROOT / "build/dev"))


@pytest.fixture
def folder(request):
    """A short path: unix sockets must fit into 108 bytes. Kept when the test fails."""
    path = Path(tempfile.mkdtemp(prefix="hk-"))
    path.chmod(0o755)
    failed_before = request.session.testsfailed
    yield path
    if request.session.testsfailed == failed_before:
        shutil.rmtree(path, ignore_errors=True)
    else:
        print(f"kept for you: {path}")


@pytest.fixture
def sink():
    server = Sink().start()
    yield server
    server.stop()


@pytest.fixture
def make_cluster(folder, build, sink):
    """Makes a cluster whose workers send all mail to the sink, with its keys in DNS (not started)."""
    started = []

    def make(**settings):
        made = Cluster(folder, build, routes=[
            {"domain": "*", "host": sink.address, "port": sink.port}], **settings)
        dns = DnsServer(folder / "dns", {
            domain: made.dkim_zone_lines(domain) for domain in made.domains}).start()
        made.forwarder = dns.forwarder
        made.dns = dns
        started.append(made)
        return made
    yield make
    for made in started:
        made.stop()
        made.dns.stop()


@pytest.fixture
def cluster(make_cluster):
    """One coordinator and one worker."""
    return make_cluster().start()
