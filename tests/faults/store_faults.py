"""What is done to Redis: one server alone (OneStore), or three under sentinels (GroupStore).

Each method is a kind of fault; it returns False when it cannot be done now. One trouble at a time,
but for a kill of the one server, which may strike into any other.
"""

import signal
import time

import redis as redis_py
from local.process import StartError
from local.redis_server import RedisServer

# usleep(1) of Redis' own brake on loading takes about as long as this.
BRAKE_S = 60e-6
FULL_SET = {"maxmemory": "2gb", "min-replicas-to-write": "0"}


class LabRedis(RedisServer):
    """Can load slowly, and leaves `start` as soon as it is there, loading or not."""

    load_delay = 0
    stopped_until_s = 0.0

    def command(self):
        slowly = ["--key-load-delay", str(self.load_delay)] if self.load_delay else []
        return [*super().command(), *slowly]

    def operator(self):
        """A client that never holds the laboratory up for long."""
        return redis_py.Redis(unix_socket_path=str(self.socket), username="operator",
                              password=self.password, socket_timeout=5)


def count_commands(folder):
    """About how many commands the append-only files hold."""
    count = 0
    for path in (folder / "appendonlydir").glob("*.aof"):
        data = path.read_bytes()
        count += data.count(b"\r\n*")
    return count


class OneStore:
    def __init__(self, lab, server):
        self.lab = lab
        self.server = server
        self.busy_until_s = 0.0

    def _begin(self, fault):
        """Is it there and left alone? Then it is taken for so long."""
        if self.server.process is None or time.monotonic() < self.busy_until_s:
            return False
        self.busy_until_s = time.monotonic() + fault.s + 1
        return True

    def _ask(self, what):
        """What the operator's client answers; None: Redis is away."""
        try:
            with self.server.operator() as client:
                return what(client)
        except (redis_py.exceptions.RedisError, OSError):
            return None

    def _set(self, **settings):
        def do(client):
            for name, value in settings.items():
                client.config_set(name.replace("_", "-"), value)
            return True
        return self._ask(do)

    # ---- kinds

    def kill(self, fault, load_s=0.0):
        if self.server.process is None:
            return False
        self.server.process.kill()
        self.server.process = None

        def back():
            self.server.load_delay = self._brake(load_s) if load_s else 0
            self.server.start()
            self.lab.note("redis_back", "redis")
        self.lab.later(fault.down_s, back)
        return True

    def loading(self, fault):
        """Killed, and answers LOADING for a while when it is back."""
        return self.kill(fault, fault.s)

    def _brake(self, load_s):
        commands = max(1, count_commands(self.server.folder))
        sleeps = max(1, int(load_s / BRAKE_S))
        if commands > sleeps:
            return -(commands // sleeps)
        return max(1, int((load_s / commands - BRAKE_S) * 1e6))

    def stop(self, fault):
        if not self._begin(fault):
            return False
        process = self.server.process
        process.signal(signal.SIGSTOP)
        self.lab.later(fault.s, lambda: process.signal(signal.SIGCONT))
        return True

    def slow(self, fault):
        if not self._begin(fault):
            return False
        self.lab.fsync_file.write_text(f"{fault.more['ms']}\n")

        def end():
            self.lab.fsync_file.unlink(missing_ok=True)
            if fault.more["then_kill"] and not self.lab.is_calm:
                self.kill(fault)
        self.lab.later(fault.s, end)
        return True

    def busy(self, fault):
        """A script of somebody else's that does not end: everybody is answered BUSY."""
        if not self._begin(fault):
            return False
        client = self.server.operator()
        try:
            client.config_set("busy-reply-threshold", 50)
            killer = client.connection_pool.get_connection("SCRIPT")
            looper = client.connection_pool.get_connection("EVAL")
            looper.send_command("EVAL", "while true do end", 0)
        except (redis_py.exceptions.RedisError, OSError):
            client.close()
            return False

        def end():
            try:
                killer.send_command("SCRIPT", "KILL")
                killer.read_response()
                client.config_set("busy-reply-threshold", 5000)
            except (redis_py.exceptions.RedisError, OSError):
                pass  # Killed meanwhile.
            client.close()
            client.connection_pool.disconnect()
        self.lab.later(fault.s, end)
        return True

    def readonly(self, fault):
        """A replica of nobody for a while: READONLY."""
        if not self._begin(fault) or self._ask(lambda client: client.slaveof(
                "127.0.0.1", self.lab.dead_port)) is None:
            return False
        self.lab.later(fault.s, lambda: self._ask(lambda client: client.slaveof()))
        return True

    def full(self, fault):
        """At maxmemory: intake is refused, outcomes are not."""
        return self._setting(fault, maxmemory="1mb")

    def lonely(self, fault):
        """Too few replicas: NOREPLICAS."""
        return self._setting(fault, min_replicas_to_write="1")

    def _setting(self, fault, **settings):
        if not self._begin(fault) or self._set(**settings) is None:
            return False
        self.lab.later(fault.s, lambda: self._set(
            maxmemory=FULL_SET["maxmemory"],
            min_replicas_to_write=FULL_SET["min-replicas-to-write"]))
        return True

    def hangup(self, _fault):
        """All connections are cut at once, whatever stands in them."""
        return self._ask(lambda client: client.client_kill_filter(
            _type="normal", skipme=True)) is not None


class GroupStore:
    """Never two servers at a time: `durability_replicas: 1` promises no more."""

    def __init__(self, lab, group):
        self.lab = lab
        self.group = group
        self.later = lab.later

    def _primary(self):
        """The primary when all is well: all servers there and in step, all sentinels of one mind."""
        servers = self.group.servers
        if not all(server.process.is_alive() for server in servers):
            return None
        if not all(sentinel.is_alive() for sentinel in self.group.sentinels):
            return None
        try:
            if any(time.monotonic() < server.stopped_until_s for server in servers):
                return None
            primary = self.group.primary()
            with primary.operator() as client:
                state = client.info("replication")
        except (redis_py.exceptions.RedisError, OSError, StartError):
            return None
        is_well = state["role"] == "master" and state.get("min_slaves_good_slaves") == len(servers) - 1
        return primary if is_well and self.group.is_complete() else None

    def _kill(self, server, fault):
        server.process.kill()
        self.lab.later(fault.down_s, server.start)
        return True

    def _stop(self, server, fault):
        process = server.process
        process.signal(signal.SIGSTOP)
        server.stopped_until_s = time.monotonic() + fault.s
        self.lab.later(fault.s, lambda: process.signal(signal.SIGCONT))
        return True

    # ---- kinds

    def kill(self, fault):
        primary = self._primary()
        return primary is not None and self._kill(primary, fault)

    def stop(self, fault):
        primary = self._primary()
        return primary is not None and self._stop(primary, fault)

    def failover(self, _fault):
        """Sentinels are asked for another primary while all is well."""
        return self._primary() is not None and self.group.ask_failover()

    def _replica(self):
        primary = self._primary()
        if primary is None:
            return None
        return self.lab.chance.choice([one for one in self.group.servers if one is not primary])

    def replica_kill(self, fault):
        replica = self._replica()
        return replica is not None and self._kill(replica, fault)

    def replica_stop(self, fault):
        replica = self._replica()
        return replica is not None and self._stop(replica, fault)

    def sentinel_kill(self, fault):
        if self._primary() is None:
            return False
        number = self.lab.chance.randrange(len(self.group.sentinels))
        self.group.sentinels[number].kill()
        self.lab.later(fault.down_s, lambda: self.group.restart_sentinel(number))
        return True

    def hangup(self, _fault):
        primary = self._primary()
        if primary is None:
            return False
        with primary.operator() as client:
            client.client_kill_filter(_type="normal", skipme=True)
        return True
