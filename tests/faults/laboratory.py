"""The cluster under test, and the faults that are done to it. See README.md."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

from lease_watcher import LeaseWatcher  # noqa: E402
from local.cluster import Cluster  # noqa: E402
from local.dns_server import DnsServer  # noqa: E402
from local.process import Process, StartError, free_port, wait_until  # noqa: E402
from local.redis_group import RedisGroup  # noqa: E402
from load import POISON  # noqa: E402
from namespaces import DNS, HUB, Namespaces, NotPermitted  # noqa: E402
from store_faults import GroupStore, LabRedis, OneStore  # noqa: E402

ADDRESSES = [(f"127.0.0.{11 + number}", f"m{number}.shop.test") for number in range(3)]
COORDINATORS = 2
# Of a message or connection, in thousandths. What defers comes back after seconds: retry.permille.
SINK_PLAN = {"banner_421": 2, "mail_421": 2, "rcpt_450": 10, "rcpt_550": 60, "rcpt_reset": 3,
             "dot_451": 5, "dot_554": 30, "dot_drop": 3, "dot_cut": 3, "dot_stall": 1}
CALM_PLAN = {"rcpt_550": 20}
# As long as it takes on a busy machine: only what hangs is a finding.
DRAIN_S = 300
START_S = 300
HOME = "127.0.0.1"
TRAP = "HIKYAKU_TRAP_COMPOSE"
CRASHES = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)


def now_ms():
    return time.time_ns() // 1000000


class Laboratory:
    """
    Start with start(); drive with tick() and strike(); calm() ends all faults.

    `store`: "one" Redis behind the proxy, or a "group": a primary, two replicas, three sentinels,
    durability replicated. `with_namespaces`: each node in a network of its own, where permitted;
    `network` is None where not, and `no_network` says why.
    """

    def __init__(self, folder, build, seed, with_clocks=False, store="one", with_namespaces=True):
        self.folder = Path(folder)
        self.store = store
        self.with_namespaces = with_namespaces
        self.network, self.no_network = None, ""
        self.build = Path(build)
        # Builds for tests die for such a recipient (tests/README.md).
        self.has_traps = TRAP.encode() in (self.build / "bin/hikyaku-worker").read_bytes()
        self.poison = lambda: None  # the load's way to send one
        self.seed = seed
        self.with_clocks = with_clocks
        self.chance = random.Random(seed + 1)
        self.agenda = []  # (monotonic s, what to do)
        self.struck_cables = set()
        self.journal = []  # what was done, for the audit
        self.findings = []
        self.is_calm = False
        self.ending = {}  # node name -> deadline of its drain
        self.restarts = {}  # node name -> monotonic s

    # ---- setting up

    def start(self):
        if self.with_namespaces:
            self._make_network()
        self._start_sink()
        self.cluster = Cluster(self.folder, self.build, routes=[
            {"domain": "*", "host": HOME, "port": self.sink_port}])
        self.dead_port = free_port()
        self._start_dns()
        self._prepare_redis()
        self._add_nodes()
        self._start_proxy()
        # The spare comes last: it shall find every address held.
        first = [node for node in self.nodes.values() if node.name != self.spare]
        for node in first:
            node.start(wait=False)
        for node in first:
            node.wait_ready(START_S)
        self.nodes[self.spare].start(wait=False)
        return self

    def _make_network(self):
        names = [f"c-{number}" for number in range(COORDINATORS)]
        names += [f"w-{number}" for number in range(len(ADDRESSES) + 1)]
        try:
            self.network = Namespaces(names).start()
        except NotPermitted as error:
            self.no_network = str(error)

    def _start_sink(self):
        self.sink_record = self.folder / "sink.record"
        self.sink_plan = self.folder / "sink.plan"
        self.sink_plan.write_text(json.dumps(SINK_PLAN))
        self.sink = Process("sink", [
            sys.executable, Path(__file__).parent / "audit_sink.py", "--record", self.sink_record,
            "--seed", self.seed, "--plan", f"@{self.sink_plan}", "--delay-ms", "25",
            "--stall-ms", "4000", "--inside", *self._worlds()], self.folder)
        line = self.sink.wait_until("the sink listens", lambda: (
            self.sink.log.read_text() if self.sink.log.read_text().endswith("\n") else None))
        self.sink_port = int(line.split()[1])

    def _worlds(self):
        """The namespaces from which mail is sent."""
        if self.network is None:
            return []
        return [self.network.path(name) for name in self.network.names if name.startswith("w-")]

    def _start_dns(self):
        zones = {domain: self.cluster.dkim_zone_lines(domain) for domain in self.cluster.domains}
        there = {} if self.network is None else {
            "address": DNS, "prefix": self.network.prefix("hub"),
            "inside": lambda: self.network.inside("hub")}
        self.dns = DnsServer(self.folder / "dns", zones, **there).start()
        self.cluster.forwarder = self.dns.forwarder

    def _prepare_redis(self):
        preload = self._compile("slow_fsync")
        self.false_clock = self._compile("false_clock")
        self.fsync_file = self.folder / "slow_fsync.ms"
        environment = {"HIKYAKU_SLOW_FSYNC": str(self.fsync_file), "LD_PRELOAD": preload}
        if self.store == "group":
            redis = self._make_group()
            self.store_faults = GroupStore(self, redis)
        else:
            redis = LabRedis(self.folder / "redis", self.cluster.redis_password)
            self.store_faults = OneStore(self, redis)
            if self.with_clocks:
                environment["LD_PRELOAD"] += f":{self.false_clock}"
                environment.update(self._clock("redis"))
        for server in getattr(redis, "servers", [redis]):
            server.environment = environment
        self.cluster.redis = redis
        redis.start()
        self.watcher = LeaseWatcher(redis, [address for address, _ in ADDRESSES])
        self.watcher.start()

    def _make_group(self):
        self.cluster.durability = {"durability": "replicated", "durability_replicas": 1}
        there = {} if self.network is None else {
            "address": HUB, "prefix": self.network.prefix("hub"),
            "inside": lambda: self.network.inside("hub")}
        return RedisGroup(self.folder / "redis", self.cluster.redis_password, server=LabRedis,
                          **there)

    def _compile(self, name):
        """Path of a library to preload."""
        library = self.folder / f"{name}.so"
        subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Werror", "-shared",
                        "-fPIC", "-o", library, Path(__file__).parent / f"{name}.c"], check=True)
        return str(library)

    def _clock(self, name):
        """Environment of a process whose clock can be stepped."""
        self.set_clock(name, 0)
        return {"HIKYAKU_FALSE_CLOCK": str(self.folder / f"{name}.clock")}

    def set_clock(self, name, step_s):
        # In place: the program has it mapped.
        path = self.folder / f"{name}.clock"
        with open(path, "r+b" if path.exists() else "wb") as file:
            file.write(step_s.to_bytes(8, sys.byteorder, signed=True))

    def _add_nodes(self):
        cluster = self.cluster
        limits = {"timeout_permille": 30, "connections_per_site": 5}
        quick = {"smtp": limits, "drain": {"grace": "5s"}, "retry": {"permille": 10}}
        for _ in range(COORDINATORS):
            # Much of the mail is made to bounce: no campaign may be paused for that.
            cluster.add_coordinator(breaker={"bounced_permille": 0, "unknown_permille": 0})
        for address in ADDRESSES:
            cluster.add_worker(ips=(address,), **quick)
        cluster.add_worker(ips=ADDRESSES, **quick)
        self.spare = cluster.workers[-1].name
        self.nodes = {node.name: node for node in cluster.coordinators + cluster.workers}
        self.workers = [node.name for node in cluster.workers]
        self.coordinators = [node.name for node in cluster.coordinators]
        self.stores, self.links = {}, {}
        for node in self.nodes.values():
            self._place(node)
            if self.with_clocks:
                options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
                node.environment = {**self._clock(node.name), "LD_PRELOAD": self.false_clock,
                                    "ASAN_OPTIONS": options}
        for worker in cluster.workers:
            worker.environment = {**worker.environment, TRAP: POISON}
            ports = []
            for coordinator in cluster.coordinators:
                ports.append(free_port())
                self.links[f"{worker.name}:{coordinator.name}"] = (
                    ports[-1], self._address_of(coordinator.name), coordinator.ports["bus"])
            worker.configuration["coordinators"] = [f"{self.host}:{port}" for port in ports]

    @property
    def host(self):
        """Where the proxy listens."""
        return HOME if self.network is None else HUB

    def _address_of(self, name):
        return HOME if self.network is None else self.network.addresses[name]

    def _place(self, node):
        """Its network, and its way to Redis: through the proxy, unless sentinels name the way."""
        name = node.name
        if self.network is not None:
            node.prefix = self.network.prefix(name)
            node.inside = lambda: self.network.inside(name)
            if name in self.coordinators:
                node.configuration["bus"]["listen"] = f"{self._address_of(name)}:{node.ports['bus']}"
        if self.store == "group":
            return
        if self.network is None:
            self.stores[name] = str(self.folder / f"{name}.redis")
            endpoint = f"unix:{self.stores[name]}"
        else:
            self.stores[name] = free_port()
            endpoint = f"{self.host}:{self.stores[name]}"
        node.configuration["store"] = {**node.configuration["store"], "endpoint": endpoint}

    def _start_proxy(self):
        self.proxy_record = self.folder / "proxy.record"
        log = self.folder / "proxy.log"
        self.proxy_log = open(log, "ab")
        upstream = "" if self.store == "group" else self.cluster.redis.socket
        settings = {"stores": self.stores, "links": self.links, "host": self.host,
                    "inside": "" if self.network is None else self.network.path("hub")}
        self.proxy = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "redis_proxy.py"), "--upstream",
             str(upstream), "--scripts", str(self.build / "scripts"), "--record",
             str(self.proxy_record), json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=self.proxy_log, stderr=self.proxy_log)
        wait_until("the proxy listens", lambda: "proxy ready" in log.read_text(), START_S)

    def order(self, **order):
        self.proxy.stdin.write((json.dumps(order) + "\n").encode())
        self.proxy.stdin.flush()

    def addresses_of(self, worker):
        return [ip["address"] for pool in self.nodes[worker].configuration["pools"]
                for ip in pool["ips"]]

    # ---- time

    def later(self, after_s, act):
        self.agenda.append((time.monotonic() + after_s, act))

    def tick(self):
        """Do what is due; bring dead processes back."""
        now = time.monotonic()
        due = [entry for entry in self.agenda if entry[0] <= now]
        self.agenda = [entry for entry in self.agenda if entry[0] > now]
        for _, act in sorted(due, key=lambda entry: entry[0]):
            act()
        for node in self.nodes.values():
            self._look_after(node, now)
        if self.proxy.poll() is not None:
            raise StartError(f"the proxy ended: {(self.folder / 'proxy.log').read_text()[-2000:]}")
        if not self.sink.is_alive():
            raise StartError(f"the sink ended:\n{self.sink.tail()}")

    def _look_after(self, node, now):
        if node.process.is_alive():
            if node.name in self.ending and now > self.ending[node.name]:
                self.findings.append(f"{node.name} did not end within {DRAIN_S} s after SIGTERM")
                del self.ending[node.name]
                node.process.signal(signal.SIGKILL)
            return
        if node.name not in self.restarts:
            self._on_exit(node)
        elif now >= self.restarts[node.name]:
            del self.restarts[node.name]
            self.note("started", node.name)
            node.start(wait=False)

    def _on_exit(self, node):
        code = node.process.child.returncode
        was_asked = self.ending.pop(node.name, None) is not None
        self.note("exit", node.name, code=code)
        tail = node.process.tail(40)
        if code == -signal.SIGABRT and self._is_trapped(node, tail):
            self.note("trapped", node.name)
        elif -code in CRASHES or "Sanitizer" in tail or "runtime error" in tail:
            self.findings.append(f"{node.name} crashed ({code}):\n{tail[-3000:]}")
        elif was_asked and code != 0 and not self._may_fail(node):
            self.findings.append(f"{node.name} ended with {code} after SIGTERM:\n{tail[-1500:]}")
        down_s = 0.5 if self.is_calm else self.chance.uniform(0.3, 4)
        self.restarts[node.name] = time.monotonic() + down_s

    def _is_trapped(self, node, tail):
        """The trap says nothing; an assertion and a sanitizer do."""
        is_poisoned = any(entry["what"] == "poison_recipient" for entry in self.journal)
        return (is_poisoned and node.name in self.workers and "Sanitizer" not in tail
                and "Assertion" not in tail and "runtime error" not in tail)

    @staticmethod
    def _may_fail(node):
        """It ends with 1, as it shall: its session was taken while it was stopped or cut off, or
        Redis was away until the end of its grace."""
        life = node.process.log.read_text(errors="replace").rpartition('"process.start"')[2]
        return '"session.lost"' in life or "outcomes could not be written" in life

    def note(self, what, who, **more):
        self.journal.append({"ms": now_ms(), "what": what, "who": who, **more})

    # ---- faults

    def strike(self, fault):
        """Returns whether it could be done now (a dead process cannot die)."""
        part, _, way = fault.kind.partition("_")
        if part in ("worker", "coordinator"):
            done = getattr(self, f"_node_{way}")(self.nodes[fault.who], fault)
        elif part == "redis" and way != "clock":
            done = getattr(self.store_faults, way)(fault)
        elif part == "net":
            done = self._net(way, fault)
        else:
            done = getattr(self, f"_{fault.kind}")(fault)
        if done is not False:
            self.note(fault.kind, fault.who, s=fault.s, **fault.more)
        return done is not False

    def _node_kill(self, node, fault):
        if not node.process.is_alive():
            return False
        node.process.kill()
        self.restarts[node.name] = time.monotonic() + fault.down_s
        self.ending.pop(node.name, None)
        return True

    def _node_stop(self, node, fault):
        if not node.process.is_alive():
            return False
        process = node.process
        process.signal(signal.SIGSTOP)
        self.later(fault.s, lambda: process.signal(signal.SIGCONT))
        return True

    def _node_term(self, node, _fault):
        if not node.process.is_alive() or node.name in self.ending:
            return False
        node.process.signal(signal.SIGTERM)
        self.ending[node.name] = time.monotonic() + DRAIN_S
        return True

    def _net(self, way, fault):
        """A partition of the node's cable; at the proxy where there are no cables."""
        name = fault.who
        if self.network is None:
            self._store_partition(fault)
            self._bus_partition(fault)
            return True
        if name in self.struck_cables:
            return False
        self.struck_cables.add(name)
        getattr(self.network, way)(name)

        def heal():
            self.network.heal(name)
            self.struck_cables.discard(name)
        self.later(fault.s, heal)
        return True

    def _redis_clock(self, fault):
        name = fault.who
        if name != "redis" and not self.nodes[name].environment:
            return False
        self.set_clock(name, fault.more["step_s"])
        self.later(fault.s, lambda: self.set_clock(name, 0))
        return True

    _node_clock = _redis_clock

    def _answer(self, do, fault):
        self.order(do=do, s=fault.s, **fault.more)

    def _answer_cut(self, fault):
        self._answer("cut_answer", fault)

    def _answer_half(self, fault):
        self._answer("half_answer", fault)

    def _answer_late(self, fault):
        self._answer("delay_answer", fault)

    def _request_cut(self, fault):
        self._answer("cut_request", fault)

    def _store_partition(self, fault):
        self.order(do="freeze", who=fault.who, s=fault.s)

    def _store_lag(self, fault):
        self.order(do="lag", who=fault.who, s=fault.s, **fault.more)

    def _bus_partition(self, fault):
        for link in self.links:
            if fault.who in link.split(":"):
                self.order(do="freeze", who=link, s=fault.s)

    def _poison_recipient(self, _fault):
        self.poison()

    def _sink_reset(self, _fault):
        self.sink.signal(signal.SIGUSR1)

    def _sink_stop(self, fault):
        self.sink.signal(signal.SIGSTOP)
        self.later(fault.s, lambda: self.sink.signal(signal.SIGCONT))

    # ---- the end

    def calm(self):
        """No fault begins any more; what is stopped goes on, what is dead comes back."""
        self.is_calm = True
        self.sink_plan.write_text(json.dumps(CALM_PLAN))
        for _, act in sorted(self.agenda, key=lambda entry: entry[0]):
            act()
        self.agenda = []
        self.sink.signal(signal.SIGHUP)
        for name in self.restarts:
            self.restarts[name] = min(self.restarts[name], time.monotonic() + 1)

    def stop(self):
        self.is_calm = True
        if hasattr(self, "watcher"):
            self.watcher.end()
        codes = {}
        for node in list(getattr(self, "nodes", {}).values()):
            if node.process is not None:
                node.process.signal(signal.SIGCONT)
                node.process.signal(signal.SIGTERM)
        for node in list(getattr(self, "nodes", {}).values()):
            if node.process is not None:
                codes[node.name] = node.stop(DRAIN_S)
        for name in ("sink", "dns"):
            if hasattr(self, name):
                getattr(self, name).stop()
        if hasattr(self, "proxy"):
            self.proxy.kill()
            self.proxy.wait()
            self.proxy_log.close()
        if hasattr(self, "cluster"):
            for server in getattr(self.cluster.redis, "servers", [self.cluster.redis]):
                if server.process is not None:
                    server.process.signal(signal.SIGCONT)
            self.cluster.redis.stop()
        if self.network is not None:
            self.network.stop()
        return codes
