"""A network of our own: each process in a network namespace, joined to a hub by a cable that can be cut.

The hub has two bridges. Over the first, 10.77.0.0/24, goes what a partition strikes: Redis and the
bus. Over the second, 10.78.0.0/24, go only questions to DNS: whoever is cut off from the cluster still
has the world, which is the dangerous kind. Nothing leads out of these namespaces.

A cable is struck at either end: `cut` takes it down; `deaf` drops what the process should hear, `mute`
what it says; `slow` lets 8 kB a second through. Connections are not told: segments are just gone.
"""

import contextlib
import ctypes
import os
import socket
import subprocess
from pathlib import Path

HUB = "10.77.0.1"
DNS = "10.78.0.1"
CLONE_NEWNET = 0x40000000
NAMED = Path("/run/netns")
# Drops every packet without a word to the sender.
BLACKHOLE = ("root", "blackhole")
SLOW = ("root", "tbf", "rate", "64kbit", "burst", "4kb", "latency", "2s")
_libc = ctypes.CDLL(None, use_errno=True)


class NotPermitted(Exception):
    """The machine does not let us; says why."""


@contextlib.contextmanager
def inside(path):
    """The calling thread's new sockets belong to this namespace; "" changes nothing."""
    if not path:
        yield
        return
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _enter(os.open(path, os.O_RDONLY))
        try:
            yield
        finally:
            _enter(os.dup(home))
    finally:
        os.close(home)


def listen(path, host, port):
    """A listener in this namespace. What it accepts writes at once, without waiting for more."""
    with inside(path):
        listener = socket.create_server((host, port), backlog=1000)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _enter(descriptor):
    try:
        if _libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(descriptor)


class Namespaces:
    """One for each name, and the hub. Names of namespaces carry our process id."""

    def __init__(self, names):
        self.tag = f"hkl{os.getpid()}"
        self.names = list(names)
        self.addresses = {name: f"10.77.0.{11 + place}" for place, name in enumerate(self.names)}

    def _space(self, name):
        return f"{self.tag}-{name}"

    def path(self, name):
        return str(NAMED / self._space(name))

    def prefix(self, name):
        """Words before a command that shall run there; the process id stays the child's."""
        return ["nsenter", f"--net={self.path(name)}"]

    def inside(self, name):
        return inside(self.path(name))

    # ---- making

    def start(self):
        try:
            self._make()
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            self.stop()
            raise NotPermitted(said.strip()) from None
        return self

    def _make(self):
        for name in ["hub", *self.names]:
            _run("ip", "netns", "add", self._space(name))
            self._ip(name, "link", "set", "lo", "up")
        for bridge, address in (("cluster", HUB), ("world", DNS)):
            self._ip("hub", "link", "add", bridge, "type", "bridge")
            self._ip("hub", "addr", "add", f"{address}/24", "dev", bridge)
            self._ip("hub", "link", "set", bridge, "up")
        for name in self.names:
            self._lay_cable(name, "cluster", "10.77.0")
            self._lay_cable(name, "world", "10.78.0")
            # What a partition uses, tried at once.
            for place, device in ((name, "cluster"), ("hub", f"{name}-cluster")):
                self._shape(place, device, BLACKHOLE)
                self._shape(place, device, None)

    def _lay_cable(self, name, bridge, net):
        outer = f"{name}-{bridge}"
        _run("ip", "link", "add", outer, "netns", self._space("hub"), "type", "veth", "peer", "name",
             bridge, "netns", self._space(name))
        self._ip("hub", "link", "set", outer, "master", bridge, "up")
        host = self.addresses[name].rpartition(".")[2]
        self._ip(name, "addr", "add", f"{net}.{host}/24", "dev", bridge)
        self._ip(name, "link", "set", bridge, "up")

    def _ip(self, name, *words):
        _run("ip", "-n", self._space(name), *words)

    def _shape(self, name, device, discipline):
        if discipline is None:
            # Fails when there is none.
            subprocess.run(["tc", "-n", self._space(name), "qdisc", "del", "dev", device, "root"],
                           capture_output=True, check=False)
        else:
            _run("tc", "-n", self._space(name), "qdisc", "replace", "dev", device, *discipline)

    def stop(self):
        for name in ["hub", *self.names]:
            subprocess.run(["ip", "netns", "del", self._space(name)], capture_output=True,
                           check=False)

    # ---- faults

    def cut(self, name):
        self._ip("hub", "link", "set", f"{name}-cluster", "down")

    def deaf(self, name):
        self._shape("hub", f"{name}-cluster", BLACKHOLE)

    def mute(self, name):
        self._shape(name, "cluster", BLACKHOLE)

    def slow(self, name):
        self._shape(name, "cluster", SLOW)
        self._shape("hub", f"{name}-cluster", SLOW)

    def heal(self, name):
        self._ip("hub", "link", "set", f"{name}-cluster", "up")
        self._shape(name, "cluster", None)
        self._shape("hub", f"{name}-cluster", None)


def _run(*words):
    subprocess.run(words, check=True, capture_output=True, text=True)
