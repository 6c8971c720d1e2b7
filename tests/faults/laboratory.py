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
from local.redis_server import RedisServer  # noqa: E402

ADDRESSES = [(f"127.0.0.{11 + number}", f"m{number}.shop.test") for number in range(3)]
COORDINATORS = 2
# Of a message or connection, in thousandths. What defers comes back after seconds: retry.permille.
SINK_PLAN = {"banner_421": 2, "mail_421": 2, "rcpt_450": 10, "rcpt_550": 60, "rcpt_reset": 3,
             "dot_451": 5, "dot_554": 30, "dot_drop": 3, "dot_cut": 3, "dot_stall": 1}
CALM_PLAN = {"rcpt_550": 20}
DRAIN_S = 90
CRASHES = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)


def now_ms():
    return time.time_ns() // 1000000


class LabRedis(RedisServer):
    """Redis with a slow disk and a false clock at hand."""

    environment = None

    def start(self):
        self.process = Process("redis", ["redis-server", self.configuration], self.folder,
                               self.environment)
        self.process.wait_until("Redis answers", self._answers)
        return self


class Laboratory:
    """Start with start(); drive with tick() and strike(); calm() ends all faults."""

    def __init__(self, folder, build, seed, with_clocks=False):
        self.folder = Path(folder)
        self.build = Path(build)
        self.seed = seed
        self.with_clocks = with_clocks
        self.chance = random.Random(seed + 1)
        self.agenda = []  # (monotonic s, what to do)
        self.journal = []  # what was done, for the audit
        self.findings = []
        self.is_calm = False
        self.ending = {}  # node name -> deadline of its drain
        self.restarts = {}  # node name -> monotonic s

    # ---- setting up

    def start(self):
        self._start_sink()
        self.cluster = Cluster(self.folder, self.build, routes=[
            {"domain": "*", "host": "127.0.0.1", "port": self.sink_port}])
        self.dns = DnsServer(self.folder / "dns", {
            domain: self.cluster.dkim_zone_lines(domain)
            for domain in self.cluster.domains}).start()
        self.cluster.forwarder = self.dns.forwarder
        self._prepare_redis()
        self._add_nodes()
        self._start_proxy()
        # The spare comes last: it shall find every address held.
        first = [node for node in self.nodes.values() if node.name != self.spare]
        for node in first:
            node.start(wait=False)
        for node in first:
            node.wait_ready(60)
        self.nodes[self.spare].start(wait=False)
        return self

    def _start_sink(self):
        self.sink_record = self.folder / "sink.record"
        self.sink_plan = self.folder / "sink.plan"
        self.sink_plan.write_text(json.dumps(SINK_PLAN))
        self.sink = Process("sink", [
            sys.executable, Path(__file__).parent / "audit_sink.py", "--record", self.sink_record,
            "--seed", self.seed, "--plan", f"@{self.sink_plan}", "--delay-ms", "25",
            "--stall-ms", "4000"], self.folder)
        line = self.sink.wait_until("the sink listens", lambda: (
            self.sink.log.read_text() if self.sink.log.read_text().endswith("\n") else None))
        self.sink_port = int(line.split()[1])

    def _prepare_redis(self):
        preload = [self._compile("slow_fsync")]
        self.false_clock = self._compile("false_clock")
        self.fsync_file = self.folder / "slow_fsync.ms"
        redis = LabRedis(self.folder / "redis", self.cluster.redis_password)
        redis.environment = {"HIKYAKU_SLOW_FSYNC": str(self.fsync_file)}
        if self.with_clocks:
            preload.append(self.false_clock)
            redis.environment.update(self._clock("redis"))
        redis.environment["LD_PRELOAD"] = ":".join(preload)
        self.cluster.redis = redis
        redis.start()
        self.watcher = LeaseWatcher(redis, [address for address, _ in ADDRESSES])
        self.watcher.start()

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
            cluster.add_coordinator()
        for address in ADDRESSES:
            cluster.add_worker(ips=(address,), **quick)
        cluster.add_worker(ips=ADDRESSES, **quick)
        self.spare = cluster.workers[-1].name
        self.nodes = {node.name: node for node in cluster.coordinators + cluster.workers}
        self.workers = [node.name for node in cluster.workers]
        self.coordinators = [node.name for node in cluster.coordinators]
        self.stores, self.links = {}, {}
        for node in self.nodes.values():
            self.stores[node.name] = str(self.folder / f"{node.name}.redis")
            node.configuration["store"] = {**node.configuration["store"],
                                           "endpoint": f"unix:{self.stores[node.name]}"}
            if self.with_clocks:
                options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
                node.environment = {**self._clock(node.name), "LD_PRELOAD": self.false_clock,
                                    "ASAN_OPTIONS": options}
        for worker in cluster.workers:
            ports = []
            for coordinator in cluster.coordinators:
                ports.append(free_port())
                self.links[f"{worker.name}:{coordinator.name}"] = (ports[-1],
                                                                   coordinator.ports["bus"])
            worker.configuration["coordinators"] = [f"127.0.0.1:{port}" for port in ports]

    def _start_proxy(self):
        self.proxy_record = self.folder / "proxy.record"
        self.proxy_log = open(self.folder / "proxy.log", "ab")
        self.proxy = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "redis_proxy.py"), "--upstream",
             str(self.cluster.redis.socket), "--scripts", str(self.build / "scripts"), "--record",
             str(self.proxy_record), json.dumps({"stores": self.stores, "links": self.links})],
            stdin=subprocess.PIPE, stdout=self.proxy_log, stderr=self.proxy_log)
        wait_until("the proxy listens", lambda: all(
            os.path.exists(path) for path in self.stores.values()), 20)

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
        if -code in CRASHES or "Sanitizer" in tail or "runtime error" in tail:
            self.findings.append(f"{node.name} crashed ({code}):\n{tail[-3000:]}")
        elif was_asked and code != 0 and not self._has_lost_session(node):
            self.findings.append(f"{node.name} ended with {code} after SIGTERM:\n{tail[-1500:]}")
        down_s = 0.5 if self.is_calm else self.chance.uniform(0.3, 4)
        self.restarts[node.name] = time.monotonic() + down_s

    @staticmethod
    def _has_lost_session(node):
        """Its session was taken while it was stopped or cut off: it ends with 1 as it shall."""
        life = node.process.log.read_text(errors="replace").rpartition('"process.start"')[2]
        return '"session.lost"' in life

    def note(self, what, who, **more):
        self.journal.append({"ms": now_ms(), "what": what, "who": who, **more})

    # ---- faults

    def strike(self, fault):
        """Returns whether it could be done now (a dead process cannot die)."""
        part, _, way = fault.kind.partition("_")
        if part in ("worker", "coordinator"):
            done = getattr(self, f"_node_{way}")(self.nodes[fault.who], fault)
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

    def _redis_kill(self, fault):
        redis = self.cluster.redis
        if redis.process is None:
            return False
        redis.process.kill()
        redis.process = None

        def back():
            redis.start()
            self.note("redis_back", "redis")
        self.later(fault.down_s, back)
        return True

    def _redis_stop(self, fault):
        process = self.cluster.redis.process
        if process is None:
            return False
        process.signal(signal.SIGSTOP)
        self.later(fault.s, lambda: process.signal(signal.SIGCONT))
        return True

    def _redis_slow(self, fault):
        if self.cluster.redis.process is None:
            return False
        self.fsync_file.write_text(f"{fault.more['ms']}\n")

        def end():
            self.fsync_file.unlink(missing_ok=True)
            if fault.more["then_kill"] and not self.is_calm:
                self._redis_kill(fault)
        self.later(fault.s, end)
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

    def _bus_partition(self, fault):
        for link in self.links:
            if link.startswith(fault.who + ":"):
                self.order(do="freeze", who=link, s=fault.s)

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
                codes[node.name] = node.stop(60)
        for name in ("sink", "dns"):
            if hasattr(self, name):
                getattr(self, name).stop()
        if hasattr(self, "proxy"):
            self.proxy.kill()
            self.proxy.wait()
            self.proxy_log.close()
        if hasattr(self, "cluster"):
            if self.cluster.redis.process is not None:
                self.cluster.redis.process.signal(signal.SIGCONT)
            self.cluster.redis.stop()
        return codes
