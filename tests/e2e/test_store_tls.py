"""TLS to Redis, where the build offers it; elsewhere it is refused and said what to do instead."""

import subprocess

import pytest
from local.api_client import ApiError
from local.process import free_port, wait_until
from local.redis_server import RedisServer
from mails import outcomes, submit_campaign
from worlds import world

NAME = "redis.test"
ROWS = 3000


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def make_ca(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
            "-out", folder / f"{name}.pem")
    return folder / f"{name}.pem"


def make_certificate(folder, name, ca, names):
    """PEM files of a certificate for these names: (certificate, key)."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    request, extra = folder / f"{name}.csr", folder / f"{name}.ext"
    extra.write_text(f"subjectAltName={names}\n")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca.with_suffix(".key"),
            "-CAcreateserial", "-days", "2", "-extfile", extra, "-out", certificate)
    key.chmod(0o600)
    return certificate, key


class TlsRedis(RedisServer):
    """Programs reach it by TLS alone; `tls` is what their configuration says."""

    def __init__(self, folder, password):
        folder.mkdir()
        self.ca = make_ca(folder, "ca")
        certificate, key = make_certificate(folder, "server", self.ca, f"DNS:{NAME},IP:127.0.0.1")
        own, own_key = make_certificate(folder, "program", self.ca, "DNS:program.test")
        self.port = free_port()
        self.tls = {"ca_file": str(self.ca), "certificate_file": str(own), "key_file": str(own_key)}
        super().__init__(folder, password, {
            "tls-port": str(self.port), "tls-cert-file": str(certificate),
            "tls-key-file": str(key), "tls-ca-cert-file": str(self.ca), "tls-auth-clients": "yes"})

    def store(self):
        return {"endpoint": f"127.0.0.1:{self.port}", "tls": self.tls}


@pytest.fixture
def cluster(build):
    with world(build) as made:
        made.redis = TlsRedis(made.folder / "tls", made.redis_password)
        made.offers_tls = b"redisInitiateSSL" in made.binary("hikyaku-coordinator").read_bytes()
        yield made


def submit_if_taken(api):
    try:
        return submit_campaign(api, "again", ["a@again.test"])
    except ApiError as error:
        assert error.code == "unavailable"
        return None


def refusal(cluster, changes):
    """What a coordinator with other TLS keys says; it waits, as for any Redis that is away."""
    store = cluster.coordinators[0].configuration["store"]
    node = cluster.add_coordinator(store={**store, "tls": {**cluster.redis.tls, **changes}})
    node.start(wait=False)
    said = wait_until("it says why", lambda: [
        line for line in node.log() if line["event"] == "store.tls_failed"])
    assert not node.is_ready()
    assert node.stop() == 0
    return said[0]["reason"]


def test_mail_flows_and_strangers_are_refused(cluster):
    if not cluster.offers_tls:
        cluster.redis.start()
        node = cluster.add_coordinator()
        node.start(wait=False)
        wait_until("it ends", lambda: not node.process.is_alive())
        assert node.process.child.returncode == 1
        said, = (line for line in node.log() if line["event"] == "process.fatal")
        assert said["field"] == "store.tls.ca_file" and "stunnel" in said["reason"]
        cluster.coordinators.clear()
        return
    cluster.start(coordinators=2, workers=2)
    api = cluster.client()
    campaign = submit_campaign(api, "tls", [f"u{n}@d{n % 7}.test" for n in range(ROWS)])
    cluster.wait_campaign(campaign, ["COMPLETED"], 300)
    assert outcomes(api, campaign) == {"DELIVERED": ROWS}
    # A connection that is lost is made anew, by TLS again.
    cluster.redis.client().client_kill_filter(_type="normal")
    again = wait_until("a call is taken", lambda: submit_if_taken(api))
    cluster.wait_campaign(again, ["COMPLETED"], 60)
    other = make_ca(cluster.folder / "tls", "other")
    assert "certificate verify failed" in refusal(cluster, {"ca_file": str(other)})
    assert "certificate verify failed" in refusal(cluster, {"server_name": "elsewhere.test"})
    node = cluster.coordinators[1]
    node.configuration["store"]["tls"]["server_name"] = NAME
    assert node.stop() == 0
    node.start()
