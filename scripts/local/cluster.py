"""Coordinators and workers around one Redis, with keys and configuration made here."""

import contextlib
import http.client
import json
import os
import secrets
import subprocess
from pathlib import Path

from .api_client import ApiClient
from .process import Process, free_port, wait_until
from .redis_server import COORDINATOR, WORKER, RedisServer


def write_secret(path, text):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return path


def to_yaml(value, depth=0):
    """The small YAML that our configuration reads: maps, lists and quoted scalars."""
    pad = "  " * depth
    if isinstance(value, dict):
        if not value:
            return " {}\n"
        lines = ""
        for key, inner in value.items():
            lines += f"{pad}{json.dumps(key) if not key.replace('_', '').isalnum() else key}:"
            lines += _inner(inner, depth)
        return lines
    if isinstance(value, list):
        return "".join(f"{pad}-" + _item(inner, depth) for inner in value)
    return f"{pad}{_scalar(value)}\n"


def _inner(value, depth):
    if isinstance(value, (dict, list)) and value:
        return "\n" + to_yaml(value, depth + 1)
    return f" {_scalar(value)}\n"


def _item(value, depth):
    if isinstance(value, dict) and value:
        return " " + to_yaml(value, depth + 1).lstrip()
    return f" {_scalar(value)}\n"


def _scalar(value):
    if value == {}:
        return "{}"
    if value == []:
        return "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False)


# Sites that nothing is known of take 200 messages a second at once: with the built-in profile's ten
# every test would wait for a rate to grow.
EAGER = [{"name": "default", "per_minute_first": 12000}]


class Node:
    """A coordinator or worker: its configuration file and, while it runs, its process."""

    def __init__(self, cluster, program, name, configuration, ports):
        self.cluster = cluster
        self.program = program
        self.name = name
        self.configuration = configuration
        self.ports = ports
        self.path = cluster.folder / f"{name}.yaml"
        self.process = None
        self.environment = {}
        self.prefix = []  # words before the command: where it runs
        self.inside = contextlib.nullcontext  # what reaches its ports from here

    def write(self):
        self.path.write_text(to_yaml(self.configuration))
        return self.path

    def start(self, wait=True):
        self.write()
        command = [*self.prefix, self.cluster.binary(self.program), "--config", self.path]
        self.process = Process(self.name, command, self.cluster.folder, self.environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout_s=60):
        self.process.wait_until(f"{self.name} is ready", self.is_ready, timeout_s)
        return self

    def get(self, path):
        """(status, body) of its health endpoint; (0, "") when it does not answer."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.ports["metrics"], timeout=2)
            with self.inside():
                connection.connect()
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""

    def is_ready(self):
        return self.get("/readyz")[0] == 200

    def metric(self, name, labels=""):
        """Value of one series, or None."""
        for line in self.get("/metrics")[1].splitlines():
            series, _, value = line.rpartition(" ")
            if series == name + labels:
                return float(value)
        return None

    def kill(self):
        """SIGKILL; the cluster's stop() does not ask for its exit code any more."""
        self.process.kill()
        self.process = None

    def log(self):
        """The events of all its lives, as dictionaries."""
        lines = (self.cluster.folder / f"{self.name}.log").read_text(errors="replace")
        return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]

    def stop(self, timeout_s=60):
        code = self.process.stop(timeout_s)
        self.process = None
        return code


class Cluster:
    """
    `domains`: From domains; each gets a DKIM key, whose DNS lines are in dkim_records.
    `routes`: the workers' routes; `forwarder`: their DNS.
    """

    def __init__(self, folder, build, domains=("shop.test",), routes=(), forwarder=None,
                 redis_settings=None, pool="mkt"):
        self.folder = Path(folder)
        self.build = Path(build)
        self.domains = list(domains)
        self.routes = list(routes)
        self.forwarder = forwarder
        self.pool = pool
        self.keys = self.folder / "keys"
        self.dkim_records = {}
        self.coordinators = []
        self.workers = []
        self.keys.mkdir(parents=True, exist_ok=True)
        self.keys.chmod(0o700)
        self._make_keys()
        self.redis = RedisServer(self.folder / "redis", self.redis_password, redis_settings)
        self.durability = {}  # keys that all programs share

    def binary(self, name):
        return self.build / "bin" / name

    def cli(self, *words, check=True, environment=None):
        """Run the hikyaku command against the first coordinator."""
        settings = {"HIKYAKU_KEY_FILE": str(self.keys / "api.key"), **(environment or {})}
        if self.coordinators:
            settings["HIKYAKU_ENDPOINT"] = self.coordinators[0].endpoint
        return subprocess.run([str(self.binary("hikyaku")), *map(str, words)], check=check,
                              capture_output=True, text=True, env={**os.environ, **settings})

    def _keygen(self, *words):
        return subprocess.run([str(self.binary("hikyaku")), "keygen", *map(str, words)],
                              check=True, capture_output=True, text=True).stdout

    def _make_keys(self):
        self.redis_password = secrets.token_hex(16)
        write_secret(self.keys / "redis.password", self.redis_password + "\n")
        self._keygen("master", self.keys / "master")
        self._keygen("api", self.keys / "api.key")
        self.api_key = (self.keys / "api.key").read_text().strip()
        for name in ("coordinator", "worker"):
            self._keygen("curve", self.keys / f"{name}.curve")
        # Coordinators admit the workers' key.
        (self.keys / "admitted.curve").write_text((self.keys / "worker.curve.pub").read_text())
        for domain in self.domains:
            self.add_dkim_key(domain, "s1")

    def add_dkim_key(self, domain, selector, *options):
        self.dkim_records[domain] = self.dkim_records.get(domain, "") + self._keygen(
            "dkim", "--domain", domain, "--selector", selector, "--dir", self.keys / "dkim",
            *options)

    def dkim_zone_lines(self, domain):
        """The lines that the zone of `domain` needs for its keys."""
        return [line for line in self.dkim_records[domain].splitlines()
                if "_domainkey" in line and not line.startswith(("#", ";"))]

    def _store(self, user):
        return {**self.redis.store(), "user": user,
                "password_file": str(self.keys / "redis.password")}

    def add_coordinator(self, **changes):
        """Make one (not started). Keyword arguments replace top-level keys."""
        name = f"c-{len(self.coordinators)}"
        ports = {"api": free_port(), "bus": free_port(), "metrics": free_port()}
        configuration = {
            "name": name, "cluster": "local",
            "store": self._store(COORDINATOR), **self.durability,
            "bus": {"listen": f"127.0.0.1:{ports['bus']}",
                    "key_file": str(self.keys / "coordinator.curve"),
                    "allow_file": str(self.keys / "admitted.curve")},
            "api": {"listen": f"127.0.0.1:{ports['api']}",
                    "socket": str(self.folder / f"{name}.sock"),
                    "bearer_key_file": str(self.keys / "api.key")},
            "metrics": {"listen": f"127.0.0.1:{ports['metrics']}"},
            "keys": {"directory": str(self.keys / "master")},
            "pools": [self.pool], "from_domains": self.domains,
            "default": {"pool": self.pool, "feedback_sender_id": "hikyaku1"},
            **changes,
        }
        node = Node(self, "hikyaku-coordinator", name, configuration, ports)
        node.endpoint = f"unix:{configuration['api']['socket']}"
        self.coordinators.append(node)
        return node

    def add_worker(self, ips=(("127.0.0.11", "m1.shop.test"),), pool=None, **changes):
        """Make one (not started) that owns these addresses of the pool."""
        name = f"w-{len(self.workers)}"
        ports = {"metrics": free_port()}
        configuration = {
            "name": name, "cluster": "local",
            "store": self._store(WORKER), **self.durability,
            "coordinators": [f"127.0.0.1:{node.ports['bus']}" for node in self.coordinators],
            "bus": {"key_file": str(self.keys / "worker.curve"),
                    "server_key_file": str(self.keys / "coordinator.curve.pub")},
            "pools": [{"name": pool or self.pool,
                       "ips": [{"address": address, "ehlo": ehlo} for address, ehlo in ips]}],
            "dkim": {"directory": str(self.keys / "dkim")},
            "metrics": {"listen": f"127.0.0.1:{ports['metrics']}"},
            "profiles": EAGER,
            **({"routes": self.routes} if self.routes else {}),
            **({"dns": {"forwarders": [self.forwarder], "open_zones": ["test."]}}
               if self.forwarder else {}),
            **changes,
        }
        node = Node(self, "hikyaku-worker", name, configuration, ports)
        self.workers.append(node)
        return node

    def start(self, coordinators=1, workers=1):
        """Start Redis and the usual nodes: worker n sends from 127.0.0.(11+n)."""
        self.redis.start()
        for _ in range(coordinators):
            self.add_coordinator()
        for node in self.coordinators:
            node.start(wait=False)
        for number in range(workers):
            self.add_worker(ips=((f"127.0.0.{11 + number}", f"m{number}.shop.test"),))
        for node in self.workers:
            node.start(wait=False)
        for node in self.coordinators + self.workers:
            node.wait_ready()
        return self

    def client(self, number=0):
        return ApiClient(self.coordinators[number].endpoint, self.api_key)

    def wait_campaign(self, campaign_id, states, timeout_s=60, client=None):
        """Wait until the campaign is in one of the states (names without prefix)."""
        api = client or self.client()
        numbers = [api.pb.CampaignState.Value(f"CAMPAIGN_STATE_{state}") for state in states]

        def look():
            campaign = api.campaign("GetCampaign", campaign_id=campaign_id).campaign
            return campaign if campaign.state in numbers else None
        return wait_until(f"campaign {campaign_id} is {' or '.join(states)}", look, timeout_s, 0.1)

    def stop(self):
        """Stop everything; returns the exit codes by name. Fails when a sanitizer has spoken."""
        codes = {}
        for node in self.workers + self.coordinators:
            if node.process is not None:
                codes[node.name] = node.stop()
        self.redis.stop()
        for log in self.folder.glob("*.log"):
            text = log.read_text(errors="replace")
            for words in ("Sanitizer: ", "runtime error: "):
                assert words not in text, f"{log}: {text[text.index(words):][:2000]}"
        return codes
