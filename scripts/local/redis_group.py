"""A Redis primary, its replicas and the sentinels that choose the next primary, on 127.0.0.1."""

import shutil
from pathlib import Path

from .process import Process, free_port, wait_until
from .redis_server import RedisServer

MASTER = "hikyaku"


class RedisGroup:
    """Stands where a RedisServer does; `servers` holds all, the first primary at the start."""

    def __init__(self, folder, password, replicas=2, sentinels=3, settings=None):
        self.folder = Path(folder)
        self.password = password
        self.sentinel_password = password[::-1]
        self.ports = [free_port() for _ in range(1 + replicas)]
        self.sentinel_ports = [free_port() for _ in range(sentinels)]
        self.sentinels = []
        self.servers = []
        for number, port in enumerate(self.ports):
            self.servers.append(RedisServer(self.folder / f"r{number}", password, {
                "port": str(port), "bind": "127.0.0.1",
                "masteruser": "operator", "masterauth": password,
                "min-replicas-to-write": "1", "min-replicas-max-lag": "3",
                "repl-diskless-sync-delay": "0",
                "replicaof": f"127.0.0.1 {self.ports[0]}" if number > 0 else None,
                **(settings or {})}))

    def store(self):
        """The keys below `store` of a program's configuration that lead to the primary."""
        path = self.folder / "sentinel.password"
        path.write_text(self.sentinel_password + "\n")
        path.chmod(0o600)
        return {"sentinels": [f"127.0.0.1:{port}" for port in self.sentinel_ports],
                "master": MASTER, "sentinel_password_file": str(path)}

    def start(self):
        for server in self.servers:
            server.start()
        primary = self.servers[0].client()
        wait_until("replicas are there", lambda: primary.info("replication").get(
            "min_slaves_good_slaves", 0) == len(self.servers) - 1)
        for number, port in enumerate(self.sentinel_ports):
            self._start_sentinel(number, port)
        wait_until("sentinels know each other and all replicas", self._is_complete)
        return self

    def _start_sentinel(self, number, port):
        folder = self.folder / f"s{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        file = folder / "sentinel.conf"
        file.write_text("\n".join([
            f"port {port}", "bind 127.0.0.1", f"dir {folder}",
            f"requirepass {self.sentinel_password}",
            f"sentinel sentinel-pass {self.sentinel_password}",
            f"sentinel monitor {MASTER} 127.0.0.1 {self.ports[0]} {len(self.sentinel_ports) // 2 + 1}",
            f"sentinel auth-user {MASTER} operator",
            f"sentinel auth-pass {MASTER} {self.password}",
            f"sentinel down-after-milliseconds {MASTER} 1500",
            f"sentinel failover-timeout {MASTER} 10000", ""]))
        file.chmod(0o600)
        self.sentinels.append(Process(f"sentinel{number}",
                                      ["redis-server", file, "--sentinel"], folder))

    def _ask(self, port):
        import redis
        try:
            with redis.Redis(port=port, password=self.sentinel_password) as client:
                return client.sentinel_master(MASTER)
        except redis.RedisError:
            return None

    def _is_complete(self):
        answers = [self._ask(port) for port in self.sentinel_ports]
        return all(answer is not None and answer["num-slaves"] == len(self.servers) - 1 and
                   answer["num-other-sentinels"] == len(self.sentinel_ports) - 1
                   for answer in answers)

    def primary(self):
        """The server that most sentinels name."""
        named = [answer["port"] for answer in map(self._ask, self.sentinel_ports) if answer]
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
