"""Keeps campaigns coming through any coordinator that answers, and remembers what was accepted."""

import http.client
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from local.api_client import ApiClient, ApiError

CHUNK_ROWS = 4096
MESSAGES_PER_CALL = 50
PATIENCE_S = 600
# So much work waits as is done in this time, at the pace of the last minute: a slow machine gets less.
AHEAD_S, PACE_S = 12, 60
OPEN_LEAST = 400
# What an address begins with that the worker shall not survive.
POISON = "poison."
# These say "not now"; every other refusal is a finding.
NOT_NOW = ("unavailable", "deadline_exceeded", "resource_exhausted", "aborted")
OPEN = ("PENDING", "DEFERRED")


@dataclass
class Campaign:
    id: str
    policy: str  # HOLD or RESEND
    lane: str
    is_container: bool = False
    recipients: dict = field(default_factory=dict)  # index -> address
    poison: int = -1  # index of the recipient that kills workers
    is_done: bool = False
    last: object = None  # what GetCampaign said last


class Load(threading.Thread):
    """`open_rows`: so many recipients are kept waiting at most. Stop with end_soon() and join."""

    def __init__(self, endpoints, key, seed, open_rows):
        super().__init__(daemon=True)
        self.clients = [ApiClient(endpoint, key, timeout_s=15) for endpoint in endpoints]
        self.pb = self.clients[0].pb
        self.chance = random.Random(seed)
        self.open_rows = open_rows
        self.campaigns = {}
        self.findings = []
        self.refused = 0  # calls that were repeated
        self.longest_s = 0.0  # of a call with its repetitions
        self.number = 0
        self._poisons = 0  # to be sent
        self._ended = deque()  # (monotonic s, recipients that had come to an end)
        self._ends = threading.Event()

    def call(self, service, method, request):
        """Repeat at the next coordinator until one answers: every call is idempotent."""
        began = time.monotonic()
        turn = self.chance.randrange(len(self.clients))
        while True:
            client = self.clients[turn % len(self.clients)]
            try:
                answer = client.call(service, method, request)
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                return answer
            except (OSError, http.client.HTTPException) as problem:
                error = problem
            except ApiError as problem:
                if problem.code not in NOT_NOW:
                    raise
                error = problem
            self.refused += 1
            turn += 1
            if time.monotonic() - began > PATIENCE_S:
                raise TimeoutError(f"{method}: nobody answers for {PATIENCE_S} s: {error}")
            time.sleep(0.2)

    def content(self):
        pb = self.pb
        mailbox = {"address": "news@shop.test", "display_name": "お店"}
        return pb.Content(**{"from": pb.Mailbox(**mailbox)}, subject="{{name}}様へ",
                          text="{{name}}様\n\nこんにちは。\n", default_fields='{"name":"お客"}')

    def address(self, place):
        """Unique; one of seven may be refused for good."""
        kind = "x" if self.chance.randrange(7) == 0 else "ok"
        return f"{kind}.{place}.{self.number}@d{self.chance.randrange(9)}.test"

    def add_poison(self):
        """The next campaign has a recipient that kills workers."""
        self._poisons += 1

    def add_campaign(self):
        pb = self.pb
        self.number += 1
        policy = self.chance.choice(("HOLD", "RESEND"))
        lane = self.chance.choice(("BULK", "TRANSACTIONAL"))
        rows = self.chance.randint(self.wanted() // 8, self.wanted() * 3 // 2)
        request = pb.CreateCampaignRequest(
            idempotency_key=f"lab-{self.number}", name=f"lab {self.number}",
            content_class=pb.CONTENT_CLASS_NOTICE, lane=pb.Lane.Value(f"LANE_{lane}"),
            mode=pb.MODE_LIVE, pool="mkt", content=self.content(),
            uncertain=pb.Uncertain(policy=pb.UncertainPolicy.Value(f"UNCERTAIN_POLICY_{policy}")))
        created = self.call("CampaignService", "CreateCampaign", request)
        campaign = Campaign(created.campaign_id, policy, lane)
        addresses = [self.address(index) for index in range(rows)]
        if self._poisons > 0:
            self._poisons -= 1
            campaign.poison = self.chance.randrange(rows)
            addresses[campaign.poison] = f"{POISON}{self.number}@d0.test"
        for chunk, start in enumerate(range(0, rows, CHUNK_ROWS)):
            part = [pb.Recipient(address=address, ref=f"{self.number}-{start + place}",
                                 fields='{"name":"山田"}')
                    for place, address in enumerate(addresses[start:start + CHUNK_ROWS])]
            self.call("CampaignService", "AddRecipients", pb.AddRecipientsRequest(
                campaign_id=campaign.id, chunk=chunk, recipients=part))
        self.call("CampaignService", "SubmitCampaign", pb.SubmitCampaignRequest(
            campaign_id=campaign.id, expected_rows=rows, max_rejected_permille=0))
        campaign.recipients = dict(enumerate(addresses))
        self.campaigns[campaign.id] = campaign

    def add_messages(self):
        pb = self.pb
        self.number += 1
        items = [pb.MessageItem(message_key=f"lab-{self.number}-{place}", to=self.address(place),
                                ref=f"m{self.number}-{place}")
                 for place in range(MESSAGES_PER_CALL)]
        request = pb.SendMessagesRequest(
            content=self.content(), messages=items, lane=pb.LANE_TRANSACTIONAL,
            content_class=pb.CONTENT_CLASS_NOTICE, mode=pb.MODE_LIVE, pool="mkt")
        answer = self.call("MessageService", "SendMessages", request)
        taken = (pb.MESSAGE_STATUS_ACCEPTED, pb.MESSAGE_STATUS_REPLAYED)
        for item, result in zip(items, answer.results):
            if result.status not in taken:
                self.findings.append(f"SendMessages refused {item.message_key}: {result.error}")
                continue
            campaign = self.campaigns.setdefault(result.campaign_id, Campaign(
                result.campaign_id, "RESEND", "TRANSACTIONAL", is_container=True))
            campaign.recipients[result.index] = item.to
            campaign.is_done = False

    def look(self):
        """Ask for every campaign that is not done; returns how many recipients are open."""
        open_rows = 0
        for campaign in list(self.campaigns.values()):
            if campaign.is_done:
                continue
            campaign.last = self.call("CampaignService", "GetCampaign",
                                      self.pb.GetCampaignRequest(campaign_id=campaign.id)).campaign
            left = sum(count for name, count in self.outcomes(campaign).items() if name in OPEN)
            is_complete = campaign.last.state == self.pb.CAMPAIGN_STATE_COMPLETED
            campaign.is_done = left == 0 and (is_complete or campaign.is_container)
            open_rows += left
        self._note_pace(self.accepted() - open_rows)
        return open_rows

    def _note_pace(self, ended):
        now = time.monotonic()
        self._ended.append((now, ended))
        while now - self._ended[0][0] > PACE_S:
            self._ended.popleft()

    def wanted(self):
        """How many recipients shall wait."""
        if len(self._ended) < 2:
            return OPEN_LEAST
        (first_s, first), (last_s, last) = self._ended[0], self._ended[-1]
        pace = (last - first) / max(1.0, last_s - first_s)
        return max(OPEN_LEAST, min(self.open_rows, int(pace * AHEAD_S)))

    def outcomes(self, campaign):
        name = self.pb.Outcome.Name
        return {name(entry.outcome).removeprefix("OUTCOME_"): entry.count
                for entry in campaign.last.outcomes}

    def quarantined(self, campaign):
        """How many of its recipients wait for somebody's decision."""
        return sum(gate.count for gate in campaign.last.gates
                   if gate.gate == self.pb.GATE_QUARANTINED)

    def waits_for_decisions(self):
        """All that is open stands under QUARANTINED; nothing else is left to wait for."""
        unfinished = self.unfinished()
        return bool(unfinished) and all(
            self.is_held(campaign) or 0 < self.quarantined(campaign) >= sum(
                count for name, count in self.outcomes(campaign).items() if name in OPEN)
            for campaign in unfinished)

    def is_held(self, campaign):
        """Under QUARANTINED as a whole: we pause none."""
        return campaign.last.state == self.pb.CAMPAIGN_STATE_PAUSED

    def decide(self):
        """As an operator: what really kills is given up, who stood beside it is sent."""
        pb = self.pb
        for campaign in self.unfinished():
            if campaign.poison >= 0:
                self.call("CampaignService", "ResolveQuarantine", pb.ResolveQuarantineRequest(
                    campaign_id=campaign.id, indexes=[campaign.poison],
                    **{"as": pb.QUARANTINE_AS_BOUNCE}, reason="kills workers"))
            self.call("CampaignService", "ResolveQuarantine", pb.ResolveQuarantineRequest(
                campaign_id=campaign.id, all=True, campaign=self.is_held(campaign),
                **{"as": pb.QUARANTINE_AS_RELEASE}))

    def unfinished(self):
        return [campaign for campaign in self.campaigns.values() if not campaign.is_done]

    def accepted(self):
        return sum(len(campaign.recipients) for campaign in list(self.campaigns.values()))

    def run(self):
        while not self._ends.is_set():
            try:
                if self.look() >= self.wanted():
                    self._ends.wait(0.3)
                elif self._poisons == 0 and self.chance.random() < 0.4:
                    self.add_messages()
                else:
                    self.add_campaign()
            except (ApiError, TimeoutError) as error:
                self.findings.append(f"the API refused what it should take: {error}")
                return

    def end_soon(self):
        """What was begun is finished first, so that nothing is half accepted."""
        self._ends.set()
