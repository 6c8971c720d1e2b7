"""A Redis primary, its replicas and the sentinels that choose the next primary, on 127.0.0.1."""

import contextlib
import shutil
from pathlib import Path

from .process import Process, StartError, free_port, wait_until
from .redis_server import RedisServer

MASTER = "hikyaku"


class RedisGroup:
    """Stands where a RedisServer does; `servers` holds all, the first primary at the start. `prefix`
    and `inside` are as a Node's."""

    def __init__(self, folder, password, replicas=2, sentinels=3, settings=None,
                 address="127.0.0.1", prefix=(), inside=contextlib.nullcontext, server=RedisServer):
        self.folder = Path(folder)
        self.address = address
        self.prefix = list(prefix)
        self.inside = inside
        self.password = password
        self.sentinel_password = password[::-1]
        self.ports = [free_port() for _ in range(1 + replicas)]
        self.sentinel_ports = [free_port() for _ in range(sentinels)]
        self.sentinels = []
        self.servers = []
        for number, port in enumerate(self.ports):
            self.servers.append(server(self.folder / f"r{number}", password, {
                "port": str(port), "bind": address,
                "masteruser": "operator", "masterauth": password,
                "min-replicas-to-write": "1", "min-replicas-max-lag": "3",
                "repl-diskless-sync-delay": "0",
                "replicaof": f"{address} {self.ports[0]}" if number > 0 else None,
                **(settings or {})}))
            self.servers[-1].prefix = self.prefix

    def store(self):
        """The keys below `store` of a program's configuration that lead to the primary."""
        path = self.folder / "sentinel.password"
        path.write_text(self.sentinel_password + "\n")
        path.chmod(0o600)
        return {"sentinels": [f"{self.address}:{port}" for port in self.sentinel_ports],
                "master": MASTER, "sentinel_password_file": str(path)}

    def start(self):
        for server in self.servers:
            server.start()
        primary = self.servers[0].client()
        wait_until("replicas are there", lambda: self._count_online(primary) ==
                   len(self.servers) - 1)
        for number, port in enumerate(self.sentinel_ports):
            self._write_sentinel(number, port)
            self.sentinels.append(self._run_sentinel(number))
        wait_until("sentinels know each other and all replicas", self.is_complete)
        return self

    def _run_sentinel(self, number):
        folder = self.folder / f"s{number}"
        return Process(f"sentinel{number}", [*self.prefix, "redis-server",
                                             folder / "sentinel.conf", "--sentinel"], folder)

    def restart_sentinel(self, number):
        """One that was killed: it knows from its file what it knew."""
        self.sentinels[number] = self._run_sentinel(number)

    @staticmethod
    def _count_online(primary):
        said = primary.info("replication")
        return sum(isinstance(value, dict) and value.get("state") == "online"
                   for value in said.values())

    def _write_sentinel(self, number, port):
        folder = self.folder / f"s{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        file = folder / "sentinel.conf"
        file.write_text("\n".join([
            f"port {port}", f"bind {self.address}", f"dir {folder}",
            f"requirepass {self.sentinel_password}",
            f"sentinel sentinel-pass {self.sentinel_password}",
            f"sentinel monitor {MASTER} {self.address} {self.ports[0]} "
            f"{len(self.sentinel_ports) // 2 + 1}",
            f"sentinel auth-user {MASTER} operator",
            f"sentinel auth-pass {MASTER} {self.password}",
            f"sentinel down-after-milliseconds {MASTER} 4000",
            f"sentinel failover-timeout {MASTER} 10000", ""]))
        file.chmod(0o600)

    def _client(self, port):
        import redis
        return redis.Redis(self.address, port, password=self.sentinel_password, socket_timeout=2)

    def _ask(self, port):
        import redis
        try:
            with self.inside(), self._client(port) as client:
                return client.sentinel_master(MASTER)
        except redis.RedisError:
            return None

    def ask_failover(self):
        """Sentinels choose another primary though this one is well; returns whether they will."""
        import redis
        try:
            with self.inside(), self._client(self.sentinel_ports[0]) as client:
                return bool(client.execute_command("SENTINEL", "FAILOVER", MASTER))
        except redis.RedisError:
            return False

    def is_complete(self):
        """Do all sentinels know each other, all replicas, and the same primary?"""
        answers = [self._ask(port) for port in self.sentinel_ports]
        return all(answer is not None and answer["num-slaves"] == len(self.servers) - 1 and
                   answer["num-other-sentinels"] == len(self.sentinel_ports) - 1
                   for answer in answers) and len({answer["port"] for answer in answers}) == 1

    def primary(self):
        """The server that most sentinels name."""
        named = [answer["port"] for answer in map(self._ask, self.sentinel_ports) if answer]
        if not named:
            raise StartError("no sentinel answers")
        port = max(set(named), key=named.count)
        return self.servers[self.ports.index(port)]

    def client(self):
        return self.primary().client()

    def stop(self):
        for sentinel in self.sentinels:
            sentinel.stop()
        self.sentinels = []
        for server in self.servers:
            server.stop()
