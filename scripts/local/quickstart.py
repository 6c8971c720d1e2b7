"""The main job for real, on this machine: see scripts/quickstart."""

import argparse
import email
import email.policy
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .api_client import ROOT
from .cluster import Cluster
from .dns_server import DnsServer
from .mail_server import MailServer
from .process import StartError, free_port, wait_until

SENDER = "shop.test"
ALIVE = ("alpha.test", "beta.test", "gamma.test", "delta.test")
DEAD = "dead.test"
MX_ADDRESS = "127.0.0.25"
DEAD_ADDRESS = "127.0.0.26"  # nobody listens there
SENDING_IPS = (("127.0.0.11", "m1.shop.test"), ("127.0.0.12", "m2.shop.test"))
ROWS = 2000
WAIT_S = 100


def say(text=""):
    print(text, flush=True)


def step(text):
    say(f"\n==> {text}")


class Quickstart:
    def __init__(self, folder, build):
        self.folder = folder
        self.build = build
        self.port = free_port(MX_ADDRESS)
        self.cluster = Cluster(folder, build, domains=[SENDER], pool="mkt-a")
        self.mail = MailServer(folder / "mx", ALIVE, MX_ADDRESS, self.port)
        self.dns = DnsServer(folder / "dns", self._zones())
        self.cluster.forwarder = self.dns.forwarder

    def _zones(self):
        ips = [address for address, _ in SENDING_IPS]
        zones = {domain: ["@ MX 10 mx", f"mx A {MX_ADDRESS}"] for domain in ALIVE}
        zones[DEAD] = ["@ MX 10 mx", f"mx A {DEAD_ADDRESS}"]
        zones[SENDER] = [
            "@ MX 10 mx", f"mx A {MX_ADDRESS}",
            "@ TXT \"v=spf1 " + " ".join(f"ip4:{ip}" for ip in ips) + " -all\"",
            "_dmarc TXT \"v=DMARC1; p=reject; adkim=s\"",
            *(f"m{number} A {ip}" for number, ip in enumerate(ips, 1)),
            *self.cluster.dkim_zone_lines(SENDER)]
        return zones

    def start(self):
        step("starting Redis (append-only file, synced always), DNS, a Postfix that receives")
        self.cluster.redis.start()
        self.dns.start()
        self.mail.start()
        step("starting one coordinator and two workers, each with a sending IP of its own")
        self.cluster.add_coordinator().start(wait=False)
        for ip in SENDING_IPS:
            self.cluster.add_worker(ips=(ip,), smtp={"port": self.port}).start(wait=False)
        for node in self.cluster.coordinators + self.cluster.workers:
            node.wait_ready()
        wait_until("both workers own their addresses", self.is_fleet_complete)
        say(self.cluster.cli("fleet").stdout.rstrip())

    def is_fleet_complete(self):
        fleet = self.cluster.client().fleet()
        owned = [ip for ip in fleet.ips if ip.owner]
        return len(owned) == len(SENDING_IPS) and len(fleet.coordinators) == 1

    def make_recipients(self):
        domains = ",".join([*(f"{domain}=4" for domain in ALIVE), f"{DEAD}=1"])
        subprocess.run(
            ["/usr/bin/python3", ROOT / "scripts/make_recipients.py", str(ROWS), "--domains",
             domains, "--output", self.folder / "recipients.csv", "--summary",
             self.folder / "recipients.json"], check=True)
        return json.loads((self.folder / "recipients.json").read_text())

    def submit(self):
        """Submit and watch until only the dead domain is left."""
        counts = self.make_recipients()
        step(f"submitting docs/examples/spring.yaml to {counts['rows']} recipients: "
             f"{counts['duplicate']} duplicates, {counts['malformed']} malformed, "
             f"{counts['unknown']} unknown users, one domain of {len(ALIVE) + 1} down")
        command = [self.cluster.binary("hikyaku"), "submit", ROOT / "docs/examples/spring.yaml",
                   self.folder / "recipients.csv", "--watch", "--rejected",
                   self.folder / "rejected.csv", "--max-rejected", "100"]
        watch = subprocess.Popen([str(word) for word in command], env=self.environment())
        try:
            self.wait_settled(watch)
        finally:
            # Leaves the screen, not the campaign. SIGINT would be ignored in the background.
            watch.terminate()
            watch.wait(10)

    def environment(self):
        return {**os.environ, "HIKYAKU_ENDPOINT": self.cluster.coordinators[0].endpoint,
                "HIKYAKU_KEY_FILE": str(self.cluster.keys / "api.key")}

    def campaign(self):
        found = self.cluster.client().campaign("ListCampaigns").campaigns
        return found[0] if found else None

    def outcomes(self):
        campaign = self.campaign()
        names = self.cluster.client().pb.Outcome
        return {names.Name(entry.outcome).removeprefix("OUTCOME_"): entry.count
                for entry in (campaign.outcomes if campaign else [])}

    def wait_settled(self, watch):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if watch.poll() is not None and watch.returncode != 0:
                raise StartError(f"hikyaku submit ended with {watch.returncode}")
            outcomes = self.outcomes()
            if outcomes and not outcomes.get("PENDING"):
                return
            time.sleep(0.5)
        raise StartError(f"not all recipients were tried within {WAIT_S} s: {self.outcomes()}")

    def show_outcomes(self):
        step("what became of them")
        campaign = self.campaign()
        say(self.cluster.cli("show", campaign.campaign_id).stdout.rstrip())
        events, _ = self.cluster.client().all_events(campaign_ids=[campaign.campaign_id])
        replies = Counter((event.recipient_domain, event.smtp_code or "-", event.reply_class or "-")
                          for event in events if event.recipient_domain)
        say("\nDOMAIN        CODE  CLASS            RECIPIENTS")
        for (domain, code, reply_class), count in sorted(replies.items(), key=str):
            say(f"{domain:<12}  {code:>4}  {reply_class:<15}  {count:>10}")

    def verify_signatures(self):
        """With dkimpy, another implementation, and the keys from DNS."""
        import dkim
        import dns.resolver
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], self.dns.port
        cache = {}

        def find_key(name, timeout=5):
            if name not in cache:
                answer = resolver.resolve(name.decode().rstrip("."), "TXT", lifetime=timeout)
                cache[name] = b"".join(answer[0].strings)
            return cache[name]
        messages = self.mail.messages()
        chosen = random.Random(1).sample(messages, min(200, len(messages)))
        bad = 0
        for path in chosen:
            content = path.read_bytes()
            # The MTA puts its own headers in front and keeps LF line ends.
            bad += not dkim.verify(content.replace(b"\n", b"\r\n"), dnsfunc=find_key)
        step(f"checked the DKIM signatures of {len(chosen)} of {len(messages)} received messages "
             f"with dkimpy: {len(chosen) - bad} pass, {bad} fail")
        one = email.message_from_bytes(chosen[0].read_bytes(), policy=email.policy.default)
        for name in ("From", "To", "Subject", "List-Unsubscribe"):
            say(f"    {name}: {one[name]}")
        return bad == 0 and len(messages) > 0

    def check_counts(self):
        """Every message that was told DELIVERED lies in a mailbox, once."""
        delivered = self.outcomes().get("DELIVERED", 0)
        ids = Counter(email.message_from_bytes(path.read_bytes())["Message-ID"]
                      for path in self.mail.messages())
        doubled = sum(count - 1 for count in ids.values())
        say(f"\n    told DELIVERED {delivered}, found in mailboxes {len(ids)}, doubled {doubled}")
        return delivered == len(ids) and doubled == 0

    def state(self):
        nodes = self.cluster.coordinators + self.cluster.workers
        first = self.cluster.coordinators[0]
        return {
            "directory": str(self.folder),
            "api": {"unix": first.endpoint, "http": f"http://127.0.0.1:{first.ports['api']}",
                    "key_file": str(self.cluster.keys / "api.key")},
            "metrics": {node.name: f"http://127.0.0.1:{node.ports['metrics']}/metrics"
                        for node in nodes},
            "configuration": {node.name: str(node.path) for node in nodes},
            "logs": {node.name: str(node.process.log) for node in nodes},
            "keys": str(self.cluster.keys),
            "dns": f"127.0.0.1:{self.dns.port}",
            "mx": {"address": f"{MX_ADDRESS}:{self.port}", "maildirs": str(self.mail.maildirs),
                   "configuration": str(self.folder / "mx/config")},
            "redis": str(self.cluster.redis.socket),
            "hikyaku": str(self.cluster.binary("hikyaku")),
            "pids": {**{node.name: node.process.pid for node in nodes},
                     "knot": self.dns.process.pid, "redis": self.cluster.redis.process.pid,
                     "postfix": self.mail.pid},
        }

    def stop(self):
        self.cluster.stop()
        self.mail.stop()
        self.dns.stop()


def down(folder):
    """Stop what --keep left running in `folder`, by its process ids, and remove it."""
    state_file = folder / "state.json"
    if not state_file.exists():
        raise SystemExit(f"{folder} holds no cluster that quickstart --keep left: no state.json")
    state = json.loads(state_file.read_text())
    subprocess.run(["postfix", "-c", state["mx"]["configuration"], "stop"], capture_output=True,
                   check=False)
    for name, pid in state["pids"].items():
        if name == "postfix" or str(folder) not in command_of(pid):
            continue
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        while str(folder) in command_of(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
    shutil.rmtree(folder)
    say(f"stopped and removed {folder}")


def command_of(pid):
    """Command line of a process, "" when there is none: a process id may be another's by now."""
    try:
        path = Path(f"/proc/{pid}")
        if (path / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return ""
        return (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (OSError, IndexError):
        return ""


def where_next():
    say("""
Where to look next
    README.md, docs/README.md           what there is, and how it is used
    docs/examples/campaign.py           the same from your own program
    docs/cli.md                         the command that you saw
    scripts/quickstart --keep           leaves the cluster running for you to play with""")


def run(arguments):
    folder = Path(tempfile.mkdtemp(prefix="hikyaku-"))
    folder.chmod(0o755)  # the MTA's own user reads below it
    quickstart = Quickstart(folder, Path(arguments.build))
    kept = False
    try:
        quickstart.start()
        quickstart.submit()
        quickstart.show_outcomes()
        is_good = quickstart.verify_signatures() and quickstart.check_counts()
        where_next()
        if arguments.keep:
            state = quickstart.state()
            (folder / "state.json").write_text(json.dumps(state, indent=2))
            kept = True
            say(f"\nrunning; scripts/quickstart --down {folder} stops it\n")
            say(json.dumps(state))
        return 0 if is_good else 1
    except StartError as error:
        say(f"quickstart failed: {error}")
        return 1
    finally:
        if not kept:
            quickstart.stop()
            shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/quickstart")
    parser.add_argument("--build", required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--down", type=Path)
    arguments = parser.parse_args()
    sys.exit(down(arguments.down.resolve()) if arguments.down else run(arguments))


main()
