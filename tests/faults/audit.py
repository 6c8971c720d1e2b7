"""Compares what receivers took with what was told: recipients, events, rows and counters.

Three witnesses that know nothing of each other: the load (what was accepted), the sink's record
(what really arrived and was refused) and the store (events, rows, counters).
"""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

STATES = {1: "PENDING", 2: "DELIVERED", 3: "DEFERRED", 4: "BOUNCED", 5: "EXPIRED",
          6: "SUPPRESSED", 7: "CANCELLED", 8: "FAILED", 9: "DUPLICATE", 10: "UNCERTAIN",
          11: "LATE_BOUNCED", 12: "COMPLAINED"}
ROW_SIZE = 16
MARKED, POSSIBLE_DUPLICATE, LATE = 1, 2, 8
SHOWN = 12  # findings of one kind that are told in full
# A message on the wire when a fault begins, and what is still felt after it ended.
BEFORE_MS, AFTER_MS = 5000, 20000
WORKER_FAULTS = ("worker_kill", "worker_stop", "worker_term", "store_partition", "store_lag",
                 "exit",
                 "node_clock", "net_cut", "net_deaf", "net_mute", "net_slow")
COMMON_FAULTS = ("redis_", "sink_")
# What a takeover waits for, beside the death that it follows.
DISTURBING = ("redis_", "store_", "net_", "coordinator_", "worker_stop", "worker_term",
              "node_clock")


@dataclass
class Copy:
    ms: int
    ip: str
    fate: str


@dataclass
class Told:
    """What the events say of one recipient."""

    events: list = field(default_factory=list)

    def last(self):
        return max(self.events, key=lambda event: event.seq, default=None)

    def delivered(self, pb):
        return [event for event in self.events if event.type == pb.EVENT_TYPE_DELIVERED]


class Sightings:
    """The sink's record."""

    def __init__(self, path):
        self.copies = defaultdict(list)  # (campaign, index) -> Copy, in order
        self.refused = Counter()  # address -> final refusals
        self.mishaps = Counter()
        self.odd = []
        with open(path) as file:
            for line in file:
                self._read(line.split())

    def _read(self, words):
        if words[0] == "A":
            _, ms, campaign, index, address, ip, fate = words
            self.mishaps[f"accepted_{fate}"] += 1
            if campaign == "-":
                self.odd.append(f"a message to {address} without a token of ours")
                return
            self.copies[campaign, int(index)].append(Copy(int(ms), ip, fate))
        elif words[0] == "R":
            self.mishaps[f"{words[5]}_{words[4]}"] += 1
            if words[4].startswith("5"):
                self.refused[words[2]] += 1
        else:
            self.mishaps[f"dropped_{words[4]}"] += 1


class Audit:
    """Make it when the load has ended; run() fills the figures and the findings."""

    def __init__(self, lab, load, events):
        self.lab, self.load, self.pb = lab, load, load.pb
        self.sink = Sightings(lab.sink_record)
        self.told = defaultdict(Told)
        self.findings = defaultdict(list)
        self.figures = Counter()
        self.owners = Owners(lab)
        self._read_events(events)

    def find(self, kind, text):
        self.findings[kind].append(text)

    def _read_events(self, events):
        seen = {}
        recipient_types = {self.pb.EventType.Value(f"EVENT_TYPE_{name}") for name in (
            "DELIVERED", "DEFERRED", "BOUNCED", "SUPPRESSED", "EXPIRED", "CANCELLED", "FAILED",
            "UNCERTAIN", "RESOLVED")}
        for event in events:
            # After a change of generation a reader gets the newest ones again (STORE_RECOVERED).
            if event.event_id in seen:
                if event != seen[event.event_id]:
                    self.find("event_twice", f"{event.event_id} with two contents")
                continue
            seen[event.event_id] = event
            if event.type in recipient_types:
                self.told[event.campaign_id, event.index].events.append(event)
        self.figures["events"] = len(seen)

    def run(self):
        for campaign in self.load.campaigns.values():
            tally = Counter()
            for index, address in campaign.recipients.items():
                tally[self._recipient(campaign, index, address)] += 1
            self._counters(campaign, tally)
        self._strangers()
        for text in self.sink.odd:
            self.find("odd", text)
        return self

    def _strangers(self):
        known = {(campaign.id, index) for campaign in self.load.campaigns.values()
                 for index in campaign.recipients}
        for key in self.sink.copies.keys() - known:
            self.find("stranger", f"{key}: sent, though never accepted")

    # ---- one recipient

    def _recipient(self, campaign, index, address):
        key = (campaign.id, index)
        copies = self.sink.copies.get(key, [])
        told = self.told.get(key) or Told()
        last = told.last()
        self.figures["audited"] += 1
        self.figures["copies"] += len(copies)
        outcome = "PENDING" if last is None else self.pb.EventType.Name(
            last.type).removeprefix("EVENT_TYPE_")
        where = f"{campaign.policy} {campaign.lane} {key}"
        if index == campaign.poison:
            self.figures["poison"] += 1
            if outcome != "FAILED" or copies:
                self.find("poison", f"{where}: {outcome}, {len(copies)} copies")
            return outcome
        self._is_lost(where, outcome, copies, told)
        self._is_guessed(where, campaign, outcome, copies, last, address)
        self._is_doubled(where, campaign, copies, told, last)
        self._orphans(where, campaign, copies, told)
        return outcome

    def _is_lost(self, where, outcome, copies, told):
        if outcome in ("PENDING", "DEFERRED"):
            self.find("lost", f"{where}: never came to an end: {outcome}, {len(copies)} copies")
        elif not copies and (outcome == "DELIVERED" or told.delivered(self.pb)):
            self.find("lost", f"{where}: told DELIVERED, nobody got it\n{self._story(told, copies)}")

    def _is_guessed(self, where, campaign, outcome, copies, last, address):
        if outcome == "BOUNCED" and not self.sink.refused[address]:
            self.find("guessed", f"{where}: BOUNCED, nobody refused it: {last.reply_text}")
        if outcome == "BOUNCED" and copies and not last.possible_duplicate:
            self.find("guessed", f"{where}: BOUNCED without doubt, yet it had been taken")
        if outcome == "UNCERTAIN":
            self.figures["uncertain"] += 1
            if campaign.policy == "RESEND":
                self.find("guessed", f"{where}: UNCERTAIN under RESEND: {last.reason}")
        if outcome not in ("DELIVERED", "BOUNCED", "UNCERTAIN", "PENDING", "DEFERRED"):
            self.find("guessed", f"{where}: {outcome}: {last.reply_text} {last.reason}")

    def _is_doubled(self, where, campaign, copies, told, last):
        if len(copies) < 2:
            return
        story = self._story(told, copies)
        if campaign.policy == "HOLD":
            self.find("doubled_hold", f"{where}: {len(copies)} copies\n{story}")
            return
        self.figures["doubled_resend"] += 1
        self.figures["copies_most"] = max(self.figures["copies_most"], len(copies))
        if last is None or not last.possible_duplicate:
            self.find("untold", f"{where}: {len(copies)} copies, no possible_duplicate\n{story}")
        # Evidence may tell DELIVERED while the next holder has it on the wire: then told as doubled.
        delivered = told.delivered(self.pb)
        if len(delivered) > 1 and not any(event.doubled for event in delivered):
            self.find("after_outcome", f"{where}: sent again after DELIVERED was told\n{story}")

    def _orphans(self, where, campaign, copies, told):
        """Copies whose outcome never became durable: each must be a fault's work."""
        delivered = told.delivered(self.pb)
        # Its claim was lost while it was on the wire; what became of it was told as evidence.
        self.figures["in_flight_told"] += max(0, min(len(delivered), len(copies)) - 1)
        spare = len(copies) - len(delivered)
        if spare <= 0:
            return
        # The last copies are the ones that events tell of.
        for copy in copies[:spare]:
            kind = self.owners.explain(copy)
            self.figures["in_flight_at_kill"] += kind == "kill"
            self.figures["in_flight_else"] += kind not in ("", "kill")
            if not kind:
                self.find("unexplained", f"{where}: taken at {copy.ms} from {copy.ip}, not told, "
                          f"no fault near\n{self._story(told, copies)}")

    def _story(self, told, copies):
        lines = [(copy.ms, f"    {copy.ms} sink took it from {copy.ip} ({copy.fate})")
                 for copy in copies]
        for event in told.events:
            name = self.pb.EventType.Name(event.type).removeprefix("EVENT_TYPE_")
            lines.append((event.recorded_unix_ms, (
                f"    {event.recorded_unix_ms} {name} seq {event.seq} attempt {event.attempt} "
                f"{event.event_id} from {event.sending_ip or '-'} stage {event.stage or '-'} "
                f"{event.smtp_code} {event.reply_text!r} {event.reason}"
                f"{' possible_duplicate' if event.possible_duplicate else ''}")))
        return "\n".join(text for _, text in sorted(lines))

    # ---- I2

    def _counters(self, campaign, tally):
        counted = Counter(self.load.outcomes(campaign))
        rows, states = self._rows(campaign)
        for name, other in (("rows", rows), ("events", tally)):
            if +counted != +other:
                self.find("counters", f"{campaign.id}: counters {dict(+counted)} but {name} say "
                          f"{dict(+other)}")
        if campaign.last.in_flight:
            self.find("counters", f"{campaign.id}: in_flight is {campaign.last.in_flight}")
        if not campaign.is_container and campaign.last.accepted != len(campaign.recipients):
            self.find("counters", f"{campaign.id}: accepted {campaign.last.accepted}, not "
                      f"{len(campaign.recipients)}")
        self._rows_and_events(campaign, states)

    def _rows(self, campaign):
        redis = self.lab.cluster.redis.client()
        tally, states = Counter(), {}
        for key in redis.scan_iter(f"hk:*:c:{campaign.id}:*:r", 1000):
            batch = key.decode().split(":")[-2]
            data = redis.get(key)
            for position in range(len(data) // ROW_SIZE):
                row = data[position * ROW_SIZE:(position + 1) * ROW_SIZE]
                states[batch, position] = row
                tally[STATES.get(row[0], row[0])] += 1
        return tally, states

    def _rows_and_events(self, campaign, states):
        """The last event of each recipient stands in its row."""
        for index in campaign.recipients:
            last = (self.told.get((campaign.id, index)) or Told()).last()
            if last is None:
                continue
            _, batch, _, _, position = last.event_id.split("-")
            row = states.get((str(int(batch, 16)), int(position, 16)))
            name = self.pb.EventType.Name(last.type).removeprefix("EVENT_TYPE_")
            if row is None or STATES.get(row[0]) != name or row[11] != last.seq:
                self.find("rows", f"{campaign.id} {index}: the row says "
                          f"{row and (STATES.get(row[0]), row[11])}, the events {name} {last.seq}")


class Owners:
    """From the journal and the programs' logs: who had which address, what died when."""

    def __init__(self, lab):
        self.lab = lab
        self.journal = lab.journal
        self.watcher = lab.watcher
        self.logs = {name: list(read_log(node.process.log)) for name, node in lab.nodes.items()}
        self.leases = []  # (ms, ip, worker)
        for name, lines in self.logs.items():
            for ms, line in lines:
                if line.get("event") == "ip.leased":
                    self.leases.append((ms, line["ip"], name))
        self.leases.sort()
        self.proxied = [entry for entry in read_lines(lab.proxy_record) if "struck" in entry]

    def owner(self, ip, ms):
        """Who leased it last before, and who next: around a takeover it may be either."""
        before = [name for at, address, name in self.leases if address == ip and at <= ms]
        return before[-1] if before else None

    def explain(self, copy):
        """"kill", another kind of fault, or "" when nothing explains why it was not told."""
        if copy.fate != "250":
            return f"sink_{copy.fate}"
        owner = self.owner(copy.ip, copy.ms)
        kinds = []
        for entry in self.journal:
            ends_ms = entry["ms"] + int(entry.get("s", 0) * 1000) + AFTER_MS
            is_near = entry["ms"] - BEFORE_MS <= copy.ms <= ends_ms
            concerns = entry["what"].startswith(COMMON_FAULTS) or (
                entry["what"] in WORKER_FAULTS and entry["who"] == owner)
            if is_near and concerns:
                kinds.append(entry["what"])
        for entry in self.proxied:
            is_near = entry["ms"] - BEFORE_MS <= copy.ms <= entry["ms"] + AFTER_MS
            if is_near and entry["who"] == owner:
                kinds.append(entry["do"])
        return "kill" if "worker_kill" in kinds else kinds[0] if kinds else ""

    # ---- takeovers

    def takeovers(self):
        """(seconds from a kill to the take, did another fault disturb it?), by who was killed; where
        somebody lived who might take it. While Redis is away, it is Redis that is waited for."""
        found = {"worker": [], "coordinator": [], "session": []}
        for kill in self.journal:
            if kill["what"] not in ("worker_kill", "coordinator_kill"):
                continue
            for lease, seconds in self.watcher.taken_after(kill["who"], kill["ms"]):
                if not self._has_heir(kill, lease, seconds):
                    continue
                part = lease.split()[0]
                kind = {"ip": "worker", "session": "session"}.get(part, "coordinator")
                found[kind].append((seconds, self._is_disturbed(kill, seconds)))
        return found

    def redis_returns(self, store):
        """The same of Redis: until a renewal is written. With sentinels from the kill of the primary,
        else from the moment when the one Redis is back."""
        begins = ("redis_kill", "redis_stop", "redis_failover") if store == "group" else ("redis_back",)
        found = []
        for entry in self.journal:
            if entry["what"] in begins:
                seconds = self.watcher.written_after(entry["ms"])
                if seconds is not None:
                    found.append((seconds, self._is_disturbed(entry, seconds)))
        return found

    def _end_ms(self, entry):
        """When a fault is over: a Redis that was killed has to read its file first."""
        if entry["what"] in ("redis_kill", "redis_slow", "redis_loading"):
            back = [other["ms"] for other in self.journal
                    if other["what"] == "redis_back" and other["ms"] > entry["ms"]]
            return max(min(back, default=0), entry["ms"] + entry.get("s", 0) * 1000)
        return entry["ms"] + entry.get("s", 0) * 1000

    def _is_disturbed(self, kill, seconds):
        until = kill["ms"] + seconds * 1000
        return any(
            entry["ms"] < until and self._end_ms(entry) + 8000 > kill["ms"]
            and entry["what"].startswith(DISTURBING) and entry is not kill
            for entry in self.journal)

    def _has_heir(self, kill, lease, seconds):
        """Did somebody else who may take it live all the time?"""
        heirs = self.lab.coordinators
        if lease.startswith("ip "):
            address = lease[3:]
            heirs = [name for name in self.lab.workers if address in self.lab.addresses_of(name)]
        until = kill["ms"] + seconds * 1000
        return any(name != kill["who"] and self._lives(name, kill["ms"] - 2000, until)
                   for name in heirs)

    def _lives(self, name, since, until):
        is_alive = True
        for entry in self.journal:
            if entry["who"] != name or entry["ms"] > until:
                continue
            if entry["what"] == "started":
                is_alive = entry["ms"] < since
            elif entry["what"] == "exit" or entry["what"].endswith(("_kill", "_term", "_stop")):
                is_alive = is_alive and entry["what"].endswith("_stop") and entry["ms"] < since
        return is_alive


def read_lines(path):
    try:
        with open(path, errors="replace") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue
    except FileNotFoundError:
        return


def read_log(path):
    for line in read_lines(path):
        if isinstance(line, dict) and "time" in line:
            at = datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
            yield int(at.timestamp() * 1000), line
