"""A private authoritative DNS server (Knot) for domains under .test."""

import contextlib
from pathlib import Path

from .process import Process, free_port

ADDRESS = "127.0.0.1"


class DnsServer:
    """`zones` maps a zone to the lines of its zone file, relative to the zone; `prefix` and `inside`
    are as a Node's."""

    def __init__(self, folder, zones, port=None, address=ADDRESS, prefix=(),
                 inside=contextlib.nullcontext):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.address = address
        self.prefix = list(prefix)
        self.inside = inside
        self.process = None
        self.zones = dict(zones)
        self._write()

    @property
    def forwarder(self):
        """As libunbound writes it."""
        return f"{self.address}@{self.port}"

    def restart(self, zones):
        """With other lines for these zones."""
        self.stop()
        self.zones.update(zones)
        self._write()
        return self.start()

    def _write(self):
        lines = ["server:", f'    rundir: "{self.folder}"', f"    listen: {self.address}@{self.port}",
                 "    automatic-acl: off", "database:", f'    storage: "{self.folder}/db"', "log:",
                 "  - target: stderr", "    any: warning", "zone:"]
        for zone, records in self.zones.items():
            path = self.folder / f"{zone}.zone"
            path.write_text("\n".join([
                f"$ORIGIN {zone}.", "$TTL 60",
                f"@ SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 60", f"@ NS ns.{zone}.",
                f"ns A {self.address}", *records, ""]))
            lines += [f"  - domain: {zone}", f'    file: "{path}"', "    semantic-checks: off",
                      "    zonefile-load: whole", "    journal-content: none"]
        self.configuration = self.folder / "knot.conf"
        self.configuration.write_text("\n".join(lines) + "\n")

    def start(self):
        self.process = Process("knot", [*self.prefix, "knotd", "-c", self.configuration],
                               self.folder)
        self.process.wait_until("DNS answers", self._answers)
        return self

    def _answers(self):
        import dns.exception
        import dns.message
        import dns.query
        import dns.rcode
        zone = next(iter(self.zones))
        try:
            question = dns.message.make_query(f"{zone}.", "SOA")
            with self.inside():
                answer = dns.query.udp(question, self.address, port=self.port, timeout=1)
            return answer.rcode() == dns.rcode.NOERROR
        except (OSError, dns.exception.DNSException):
            return False

    def stop(self):
        if self.process is not None:
            self.process.stop()
            self.process = None
