"""Processes that are started here and stopped by their ids."""

import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path


class StartError(Exception):
    """Something did not come up; the message says what and shows the end of its log."""


# Below the ports that the kernel gives to outgoing connections: nobody gets one by chance between our
# look and the listener's start. None is given twice, and tests that run side by side have their own.
_ALL_PORTS = range(15000, 32000)
_SHARES = 8


def _own_ports():
    """All of them, or the share of one process of pytest-xdist."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    return _ALL_PORTS[int(worker[2:]) % _SHARES::_SHARES] if worker else _ALL_PORTS


PORTS = _own_ports()
_given = set()


def free_port(host="127.0.0.1"):
    """A TCP and UDP port that nobody uses now."""
    for port in random.sample(PORTS, 200):
        if port in _given:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((host, port))
                udp.bind((host, port))
            except OSError:
                continue
            _given.add(port)
            return port
    raise StartError("no free port")


def wait_until(what, condition, timeout_s=60.0, step_s=0.05):
    """Call `condition` until it gives something true; returns that."""
    deadline = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise StartError(f"timed out after {timeout_s:.0f} s: {what}")
        time.sleep(step_s)


class Process:
    """One child with its output in a file."""

    def __init__(self, name, command, folder, environment=None, cwd=None):
        self.name = name
        self.log = Path(folder) / f"{name}.log"
        self._output = open(self.log, "ab")
        self.child = subprocess.Popen(
            [str(word) for word in command], stdout=self._output, stderr=self._output,
            stdin=subprocess.DEVNULL, cwd=cwd, env={**os.environ, **(environment or {})},
            start_new_session=True)

    @property
    def pid(self):
        return self.child.pid

    def is_alive(self):
        return self.child.poll() is None

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until(self, what, condition, timeout_s=60.0):
        """As wait_until(), failing at once when the process has ended."""
        def look():
            if not self.is_alive():
                raise StartError(f"{self.name} ended with {self.child.returncode}:\n{self.tail()}")
            return condition()
        try:
            return wait_until(what, look, timeout_s)
        except StartError as error:
            raise StartError(f"{error}\n{self.name}'s log:\n{self.tail()}") from None

    def signal(self, number):
        if self.is_alive():
            self.child.send_signal(number)

    def kill(self):
        """SIGKILL, as the kernel does."""
        self.signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, timeout_s=20.0):
        """SIGTERM; SIGKILL when it does not end. Returns its exit code."""
        self.signal(signal.SIGTERM)
        try:
            self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._output.close()
        return self.child.returncode
