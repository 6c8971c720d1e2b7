"""A private Redis: append-only file synced always, unix socket only, users with just the rights that
docs/examples/redis-users.acl gives them."""

import socket
from pathlib import Path

from .process import Process

USERS = Path(__file__).resolve().parents[2] / "docs/examples/redis-users.acl"
COORDINATOR = "hikyaku-coordinator"
WORKER = "hikyaku-worker"
BACKUP = "hikyaku-backup"
RESTORE = "hikyaku-restore"
DATABASE = 0


class RedisServer:
    """`settings` replaces or adds lines of the configuration (None leaves one out); `environment` and
    `prefix` are as a Node's."""

    def __init__(self, folder, password, settings=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.password = password
        self.socket = self.folder / "redis.sock"
        self.process = None
        self.environment = {}
        self.prefix = []
        lines = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "no-appendfsync-on-rewrite": "no",
            "maxmemory": "2gb",
            "maxmemory-policy": "noeviction",
            "save": '""',
            "daemonize": "no",
        }
        lines.update(settings or {})
        text = "".join(f"{key} {value}\n" for key, value in lines.items() if value is not None)
        users = USERS.read_text()
        for name in ("COORDINATOR_PASSWORD", "WORKER_PASSWORD", "BACKUP_PASSWORD",
                     "RESTORE_PASSWORD"):
            users = users.replace(name, password)
        text += users + f"user operator on >{password} ~* &* +@all\n"
        self.configuration = self.folder / "redis.conf"
        self.configuration.write_text(text)
        self.configuration.chmod(0o600)

    def command(self):
        return [*self.prefix, "redis-server", self.configuration]

    def start(self):
        self.process = Process("redis", self.command(), self.folder, self.environment)
        self.process.wait_until("Redis answers", self._answers)
        return self

    def _answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def store(self):
        """The keys below `store` of a program's configuration that lead here."""
        return {"endpoint": f"unix:{self.socket}"}

    def client(self):
        """A redis-py client with all rights, for looking and for faults."""
        import redis
        return redis.Redis(unix_socket_path=str(self.socket), username="operator",
                           password=self.password)

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None
