"""Random sequences of several sessions against a model: every answer and every row is predicted.

I2: counters equal the rows after each step. I3: only the holder writes. Repeats change nothing. The
end of the campaign is told exactly once. Seeded: HIKYAKU_MODEL_SEED plays one seed, HIKYAKU_MODEL_STEPS
more steps.
"""

import os
import random
from collections import Counter

import pytest

from transitions import (AS_BOUNCED, ASSUME_DELIVERED, BOUNCE, BOUNCED, BY_RULE, CAMPAIGN_ITSELF,
                         CANCELLED, CANCELLING,
                         COMPLETED, DEFERRED, DELIVERED, DOUBLED, DRAFT, DUPLICATE, EXPIRED, FAILED,
                         LATE, MARKED, NEVER, PAUSED, PENDING, POSSIBLE_DUPLICATE, QUARANTINED,
                         RELEASE, RESEND, RESOLVED, RUNNING,
                         S_CANCELLED, UNCERTAIN, Campaign, fields, is_open, now, row)

STEPS = int(os.environ.get("HIKYAKU_MODEL_STEPS", "1500"))
SEEDS = [int(seed) for seed in os.environ.get("HIKYAKU_MODEL_SEED", "1 2 3 4").split()]
SESSIONS = ["a" * 32, "b" * 32, "c" * 32]
FAR = 100000
PART_SIZES = (50, 5, 1)


class Batch:
    def __init__(self, rows, expires):
        self.rows = rows          # dicts
        self.expires = expires    # seconds; 0: never
        self.holder = None        # (session, epoch)
        self.flushes = []         # (changes, finishes) of this claim, in order
        self.epoch = None         # of the last claim
        self.ask = None           # number of its asking
        self.flushed = []         # epochs of the last claims before it that flushed
        self.known = set()        # (position, epoch) whose evidence was taken
        self.finished_by = None   # (session, epoch, number)
        self.deaths = 0
        self.claimed_s = 0
        self.slack = 0
        self.part = None          # positions of the claim in hand; None: all
        self.confirmed = False    # a part of it has died
        self.due = 0 if any(is_open(one["state"]) for one in rows) else None

    def open_rows(self):
        return [nth for nth, one in enumerate(self.rows) if is_open(one["state"])]

    def quarantined_rows(self):
        return [nth for nth in self.open_rows() if self.rows[nth]["deaths"] >= 3]

    def next_part(self, until):
        """(first, rows of the range, those to be worked on): fewest deaths first."""
        due = [nth for nth in self.open_rows() if self.rows[nth]["due"] <= until]
        if not due:
            return None
        fewest = min(self.rows[nth]["deaths"] for nth in due)
        first = next(at for at, nth in enumerate(due) if self.rows[nth]["deaths"] == fewest)
        taken = []
        for nth in due[first:first + PART_SIZES[fewest]]:
            if self.rows[nth]["deaths"] != fewest:
                break
            taken.append(nth)
        return taken[0], taken[-1] - taken[0] + 1, taken


class Model:
    """One campaign; mirrors what the scripts promise, written from the design, not from them."""

    def __init__(self, store, nth, chooser):
        self.choose = chooser
        self.campaign = Campaign(store, nth)
        self.is_hold = chooser.random() < 0.5
        self.campaign.create(hold=int(self.is_hold))
        self.state = DRAFT
        self.states_told = []
        self.batches = {}
        self.chunks = {}
        self.hashes = set()
        self.rows_told = 0
        self.old_claims = []      # (batch, session, epoch) that ended
        self.doubled = 0
        self.suspects = 0
        self.is_quarantined = False

    # Before Submit

    def step_add_chunk(self):
        if self.chunks and self.choose.random() < 0.3:
            return self.repeat_chunk()
        chunk = len(self.chunks)
        batches, hashes = [], []
        for ordinal in range(self.choose.randint(1, 2)):
            rows = self.choose.randint(1, 8)
            expires = self.choose.choice([0, 0, (now() - 5) * 1000, (now() + FAR) * 1000])
            batches.append((chunk << 16 | ordinal, rows, self.choose.choice("xyz"), 0, expires))
            for _ in range(rows):
                value = self.choose.randint(-300, 300)
                while value in hashes:
                    value = self.choose.randint(-1000, 1000)
                hashes.append(value)
        status, answer = self.campaign.add_chunk(chunk, batches, hashes=hashes)
        if self.state != DRAFT:
            assert status == "state"
            return None
        assert (status, answer[0]) == ("ok", b"0")
        self.chunks[chunk] = (batches, hashes, answer[1])
        at = 0
        for number, count, _, _, expires in batches:
            rows = [{"state": DUPLICATE if value in self.hashes else PENDING, "flags": 0, "gate": 0,
                     "attempts": 0, "seq": 0, "due": 0, "deaths": 0} for value in hashes[at:at + count]]
            at += count
            self.batches[number] = Batch(rows, expires // 1000)
        self.hashes.update(hashes)
        return None

    def repeat_chunk(self):
        chunk = self.choose.choice(list(self.chunks))
        batches, hashes, marker = self.chunks[chunk]
        assert self.campaign.add_chunk(chunk, batches, hashes=hashes) == (
            "ok", [b"1", marker, b"answer"])
        assert self.campaign.add_chunk(chunk, batches, hashes=hashes, digest=b"?" * 32)[0] == "exists"

    def step_submit(self):
        if self.state == DRAFT and len(self.chunks) < 2:
            return
        assert self.campaign.submit(99)[0] == ("stale" if self.state == DRAFT else "ok") or \
            self.state in (CANCELLING, S_CANCELLED)
        status, _ = self.campaign.submit(len(self.chunks))
        if self.state == DRAFT:
            assert status == "ok"
            self.enter(RUNNING)
            self.end_if_done()

    # States

    def enter(self, state):
        self.state = state
        self.states_told.append(state)

    def end_if_done(self):
        if any(batch.open_rows() or batch.holder for batch in self.batches.values()):
            return
        if self.state == CANCELLING:
            self.enter(S_CANCELLED)
        elif self.state in (RUNNING, PAUSED):
            self.enter(COMPLETED)

    def step_control(self):
        what = self.choose.choice(["pause", "resume", "resume", "release"] + ["cancel"] *
                                  (self.choose.random() < 0.05))
        status, _ = self.campaign.control(what)
        if what == "release":
            assert status == "ok"
            if self.is_quarantined:
                self.is_quarantined, self.suspects = False, 0
                if self.state == PAUSED:
                    self.enter(RUNNING)
            assert CAMPAIGN_ITSELF not in self.campaign.quarantined()
            return
        if what == "resume" and self.is_quarantined:
            assert status == "state"
            return
        allowed = {"pause": (RUNNING, PAUSED), "resume": (RUNNING, PAUSED),
                   "cancel": (DRAFT, RUNNING, PAUSED, CANCELLING, S_CANCELLED)}[what]
        assert status == ("ok" if self.state in allowed else "state")
        if what == "pause" and self.state == RUNNING:
            self.enter(PAUSED)
        elif what == "resume" and self.state == PAUSED:
            self.enter(RUNNING)
        elif what == "cancel" and self.state in (DRAFT, RUNNING, PAUSED):
            self.enter(CANCELLING)
            self.end_if_done()

    # Batches

    def pick(self):
        return self.choose.choice(list(self.batches.items()))

    def step_claim(self):
        number, batch = self.pick()
        session = self.choose.choice(SESSIONS)
        slack = self.choose.choice([0, FAR * 2])
        is_suspect = batch.deaths >= 2
        alone = is_suspect if self.choose.random() < 0.8 else not is_suspect
        ask = batch.ask if batch.ask and self.choose.random() < 0.5 else self.choose.randint(1, 1 << 40)
        status, answer = self.campaign.claim(number, session, slack, alone, ask)
        part = batch.next_part(now() + slack) if alone else None
        if batch.holder:
            if batch.holder[0] == session and batch.ask == ask:
                assert status == "ok" and answer[0] == batch.holder[1]
            else:
                assert status == "taken"
            return
        if self.state != RUNNING:
            assert status == "state"
        elif batch.expires and batch.expires <= now():
            assert status == "expired"
        elif batch.due is None:
            assert status == "gone"
        elif batch.due > now() + slack or alone != is_suspect or (alone and part is None):
            assert status == "not_due"
        else:
            assert status == "ok"
            assert int(answer[6]) == batch.deaths and answer[5] == b"%d" % self.is_hold
            if batch.flushes:
                batch.flushed = [batch.epoch, *batch.flushed][:3]
            batch.ask = ask
            batch.holder, batch.flushes, batch.finished_by = (session, answer[0]), [], None
            batch.epoch = answer[0]
            batch.claimed_s, batch.due, batch.slack = now() + slack, None, slack
            batch.part = part[2] if alone else None
            assert (int(answer[7]), int(answer[8])) == (part[:2] if alone else (0, len(batch.rows)))

    def some_claim(self):
        """A claim to write with: mostly a live one, sometimes a dead or foreign one."""
        live = [(number, *batch.holder) for number, batch in self.batches.items() if batch.holder]
        if live and self.choose.random() < 0.85:
            return self.choose.choice(live)
        if self.old_claims and self.choose.random() < 0.7:
            return self.choose.choice(self.old_claims[-20:])
        number, batch = self.pick()
        epoch = batch.holder[1] if batch.holder else b"7"
        others = [one for one in SESSIONS if batch.holder is None or one != batch.holder[0]]
        return number, self.choose.choice(others), epoch

    def step_mark(self):
        number, session, epoch = self.some_claim()
        batch = self.batches[number]
        rows = batch.open_rows() or [0]
        positions = self.choose.sample(rows, self.choose.randint(1, len(rows)))
        status, _ = self.campaign.mark(number, session, epoch, positions)
        if batch.holder != (session, epoch):
            assert status == "stale"
        elif not batch.open_rows():
            assert status == ("ok" if batch.rows[0]["flags"] & LATE else "bad")
        else:
            assert status == "ok"
            for position in positions:
                batch.rows[position]["flags"] |= MARKED

    def changed_row(self, old):
        new = dict(old)
        kind = self.choose.random()
        if old["deaths"] >= 3:
            return new  # no worker has it: it is not due
        if kind < 0.15:
            new["gate"] = self.choose.randint(0, 24)
            return new
        new["deaths"] = 0
        if self.choose.random() < 0.8:
            new["flags"] &= ~MARKED  # what is settled was handed over, or its mark is withdrawn
        if kind < 0.3:
            new.update(state=DEFERRED, attempts=(old["attempts"] + 1) % 256,
                       seq=(old["seq"] + 1) % 256, gate=16,
                       due=self.choose.choice([0, 0, now() - 1, now() + FAR]))
        else:
            new.update(state=self.choose.choice([DELIVERED, DELIVERED, BOUNCED, FAILED, UNCERTAIN,
                                                 EXPIRED, CANCELLED]),
                       seq=(old["seq"] + 1) % 256, gate=0, due=0)
        return new

    def send_flush(self, number, session, epoch, flush, changes, finishes):
        packed = [(position, row(**new)) for position, new in changes]
        return self.campaign.flush(number, session, epoch, flush, packed, finishes)[0]

    def step_flush(self):
        number, session, epoch = self.some_claim()
        batch = self.batches[number]
        if batch.holder != (session, epoch):
            self.flush_of_a_dead_claim(number, session, epoch)
            return
        flush = len(batch.flushes) + 1
        rows = [nth for nth in batch.open_rows() if batch.part is None or nth in batch.part]
        positions = self.choose.sample(rows, self.choose.randint(0, len(rows)))
        changes = [(position, self.changed_row(batch.rows[position])) for position in positions]
        finishes = self.choose.random() < 0.4
        assert self.send_flush(number, session, epoch, flush + 1, changes, finishes) == "stale"
        assert self.send_flush(number, session, epoch, flush, changes, finishes) == "ok"
        if self.choose.random() < 0.5:  # the answer got lost
            assert self.send_flush(number, session, epoch, flush, changes, finishes) == "ok"
        for position, new in changes:
            self.rows_told += new["seq"] != batch.rows[position]["seq"]
            batch.rows[position] = new
            self.note_doubt(number, position)
        batch.flushes.append((changes, finishes))
        if finishes:
            batch.finished_by = (session, epoch, flush)
            batch.deaths = self.deaths_left(batch, batch.part is None)
            self.free(number, batch)

    def unconfirm(self, batch):
        if batch.confirmed:
            batch.confirmed = False
            self.suspects = max(self.suspects - 1, 0)

    def deaths_left(self, batch, is_whole):
        if batch.deaths == 0 and not batch.confirmed:
            return 0
        rows = [batch.rows[nth] for nth in batch.open_rows() if batch.rows[nth]["deaths"] < 3]
        is_suspect = any(one["deaths"] > 0 or
                         (not is_whole and one["due"] <= now() + batch.slack) for one in rows)
        if not is_suspect and not batch.quarantined_rows():
            self.unconfirm(batch)
        return max(batch.deaths, 2) if is_suspect else 0

    def flush_of_a_dead_claim(self, number, session, epoch):
        batch = self.batches[number]
        before = self.campaign.rows(number)
        flush = self.choose.randint(1, 4)
        changes = [(0, dict(batch.rows[0], state=BOUNCED, seq=(batch.rows[0]["seq"] + 1) % 256))]
        is_repeat = batch.finished_by == (session, epoch, flush)
        status = self.send_flush(number, session, epoch, flush, changes, True)
        assert status == ("ok" if is_repeat else "stale")
        assert self.campaign.rows(number) == before

    def free(self, number, batch):
        self.old_claims.append((number, *batch.holder))
        batch.holder = None
        dues = [batch.rows[nth]["due"] or now() for nth in batch.open_rows()]
        batch.due = min(dues) if dues else None
        self.end_if_done()

    def step_reclaim(self):
        if self.choose.random() < 0.5:
            return
        number, batch = self.pick()
        session = batch.holder[0] if batch.holder and self.choose.random() < 0.7 else \
            self.choose.choice(SESSIONS)
        died = self.choose.random() < 0.9
        # The worker gives back a claim that it does not know: by its epoch.
        epoch = self.choose.choice([None, None, b"7", batch.holder[1] if batch.holder else b"8"])
        status, answer = self.campaign.reclaim(number, session, died, epoch)
        if batch.holder is None or batch.holder[0] != session or epoch not in (None, batch.holder[1]):
            assert status == "stale"
            return
        changed, suspected, quarantined, stops = 0, 0, 0, False
        for nth in batch.open_rows():
            one = batch.rows[nth]
            before = dict(one)
            if batch.part is not None and nth not in batch.part:
                continue
            if self.is_hold and one["flags"] & MARKED:
                one.update(state=UNCERTAIN, seq=(one["seq"] + 1) % 256, gate=0)
                self.note_doubt(number, nth)
                self.rows_told += 1
                changed += 1
                continue
            if one["due"] > batch.claimed_s:
                continue
            one["flags"] |= 0 if self.is_hold else POSSIBLE_DUPLICATE
            if batch.part is not None and died:
                one["deaths"] += 1
                suspected += 1
                if one["deaths"] == 3:
                    one.update(gate=QUARANTINED, due=NEVER)
                    quarantined += 1
            changed += one != before
        if suspected and not batch.confirmed:
            batch.confirmed = True
            self.suspects += 1
            stops = self.suspects >= 3 and self.state == RUNNING
            if stops:
                self.is_quarantined = True
                self.enter(PAUSED)
        is_suspect = batch.part is None and died and batch.deaths == 1
        if batch.part is None:
            batch.deaths += died
        else:
            batch.deaths = self.deaths_left(batch, False)
        batch.finished_by = None
        self.free(number, batch)
        assert (status, [int(one) for one in answer]) == (
            "ok", [changed, self.state, quarantined, stops, is_suspect])

    def step_quarantine(self):
        number, batch = self.pick()
        as_ = self.choose.choice([0, RELEASE, BOUNCE])
        waits = batch.quarantined_rows()
        positions = self.choose.sample(waits, self.choose.randint(0, len(waits)))
        status, answer = self.campaign.quarantine(number, as_, positions)
        if as_ == RELEASE and self.state in (CANCELLING, S_CANCELLED):
            assert status == "state"
            return
        meant = (positions or waits) if as_ else []
        for nth in meant:
            one = batch.rows[nth]
            if as_ == BOUNCE:
                one.update(state=FAILED, gate=0, due=0, seq=(one["seq"] + 1) % 256)
                self.rows_told += 1
            else:
                due = fields(self.campaign.rows(number)[nth])["due"]
                assert abs(due - now()) < 5
                one.update(gate=0, due=due, deaths=2)
        if meant:
            if as_ == RELEASE:
                batch.deaths = max(batch.deaths, 2)
            elif batch.holder is None:
                batch.deaths = self.deaths_left(batch, batch.deaths == 0)
            self.refree(batch)
            self.end_if_done()
        assert (status, int(answer[0]), int(answer[1])) == ("ok", len(meant), self.state)
        assert (number in self.campaign.quarantined()) == bool(batch.quarantined_rows())

    def step_sweep(self):
        number, batch = self.pick()
        outcome = self.choose.choice([EXPIRED, CANCELLED])
        status, answer = self.campaign.sweep(number, outcome)
        is_expired = batch.expires and batch.expires <= now()
        if batch.holder:
            assert status == "busy"
            return
        if not (is_expired if outcome == EXPIRED else self.state in (CANCELLING, S_CANCELLED)):
            assert status == "refused"
            return
        rows = batch.open_rows()
        for nth in rows:
            batch.rows[nth].update(state=outcome, gate=0, due=0,
                                   seq=(batch.rows[nth]["seq"] + 1) % 256)
        self.rows_told += len(rows)
        batch.due = None
        if rows:
            batch.deaths = 0
            self.unconfirm(batch)
            self.end_if_done()
        assert (status, int(answer[0]), int(answer[1])) == ("ok", len(rows), self.state)

    # Doubt

    def note_doubt(self, number, position):
        """The time when doubt ends is Redis' own."""
        one = self.batches[number].rows[position]
        if one["state"] == UNCERTAIN:
            one["due"] = fields(self.campaign.rows(number)[position])["due"]
            assert one["due"] > now()

    def refree(self, batch):
        """Rows changed beside the claims."""
        if batch.holder is None:
            dues = [batch.rows[nth]["due"] or now() for nth in batch.open_rows()]
            batch.due = min(dues) if dues else None
            if not dues:
                self.unconfirm(batch)

    def step_evidence(self):
        """What any claim of the batch, dead or alive, may know of its messages."""
        number, batch = self.pick()
        epochs = [claim[2] for claim in self.old_claims if claim[0] == number]
        epochs += [batch.epoch] if batch.epoch else []
        rows = [nth for nth, one in enumerate(batch.rows) if one["state"] != DUPLICATE]
        if not rows or not epochs:
            return
        epoch = self.choose.choice(epochs)
        news, expected, doubled = [], 0, 0
        for nth in self.choose.sample(rows, self.choose.randint(1, len(rows))):
            old = batch.rows[nth]
            # seq 200: never a row as the store has it, so that a double is one
            new = dict(old, state=self.choose.choice([DELIVERED, DELIVERED, BOUNCED]), seq=200,
                       flags=0, gate=0, due=0)
            if old["state"] == DELIVERED and self.choose.random() < 0.5:
                new = dict(old)  # what a flush wrote: its own, if the store knows one of this claim
            is_own = new == old and epoch in batch.flushed
            news.append((nth, new))
            is_seen = old["state"] in (DELIVERED, BOUNCED) and not old["flags"] & RESOLVED
            if (nth, epoch) in batch.known:
                continue
            if not is_seen:
                flags = (old["flags"] | LATE) & ~(MARKED | RESOLVED)
            elif old["state"] == new["state"] == DELIVERED and epoch != batch.epoch and not is_own:
                flags = old["flags"] | LATE | POSSIBLE_DUPLICATE | DOUBLED
                batch.known.add((nth, batch.epoch))
                doubled += 1
            else:
                continue
            batch.known.add((nth, epoch))
            batch.rows[nth] = dict(new, flags=flags, seq=(old["seq"] + 1) % 256)
            expected += 1
        packed = [(nth, row(**new)) for nth, new in news]
        status, answer = self.campaign.evidence(number, epoch, packed)
        assert (status, int(answer[0])) == ("ok", expected)
        self.doubled += doubled
        self.rows_told += expected
        if expected:
            self.refree(batch)
        self.end_if_done()
        assert int(answer[1]) == self.state
        assert self.campaign.evidence(number, epoch, packed)[1][0] == b"0"

    def step_resolve(self):
        number, batch = self.pick()
        as_ = self.choose.choice([BY_RULE, ASSUME_DELIVERED, RESEND, AS_BOUNCED])
        doubtful = [nth for nth, one in enumerate(batch.rows) if one["state"] == UNCERTAIN]
        positions = self.choose.sample(doubtful, self.choose.randint(0, len(doubtful)))
        status, answer = self.campaign.resolve(number, as_, positions)
        is_expired = batch.expires and batch.expires <= now()
        if as_ == RESEND and (self.state in (CANCELLING, S_CANCELLED) or is_expired):
            assert status == ("state" if self.state in (CANCELLING, S_CANCELLED) else "expired")
            return
        meant = [] if as_ == BY_RULE else positions or doubtful
        for nth in meant:
            one = batch.rows[nth]
            one.update(seq=(one["seq"] + 1) % 256, flags=one["flags"] & ~MARKED, due=0, gate=0)
            if as_ == RESEND:
                due = fields(self.campaign.rows(number)[nth])["due"]
                assert abs(due - now()) < 5
                one.update(state=DEFERRED, flags=one["flags"] | POSSIBLE_DUPLICATE, gate=16, due=due)
            else:
                one.update(state=DELIVERED if as_ == ASSUME_DELIVERED else BOUNCED,
                           flags=one["flags"] | RESOLVED)
        self.rows_told += len(meant)
        if meant:
            self.refree(batch)
        if self.state == COMPLETED and any(one.open_rows() for one in self.batches.values()):
            self.enter(RUNNING)
        self.end_if_done()
        assert (status, int(answer[0]), int(answer[1])) == ("ok", len(meant), self.state)

    # What must hold after each step

    def check(self, everything):
        assert int(self.campaign.header()["state"]) == self.state
        if not everything:
            return
        self.campaign.audit(self.batches)
        assert int(self.campaign.header().get("doubled", b"0")) == self.doubled
        assert int(self.campaign.header().get("suspects", b"0")) == self.suspects
        assert ("quarantine" in self.campaign.header()) == self.is_quarantined
        for number, batch in self.batches.items():
            assert [fields(packed) for packed in self.campaign.rows(number)] == batch.rows
            held = self.campaign.batch(number).get("s", b"").decode()
            assert held == (batch.holder[0] if batch.holder else "")

    def check_events(self):
        entries = self.campaign.entries()
        states = [int(entry["s"]) for _, entry in entries if entry["v"] == b"1s"]
        assert states == self.states_told
        ends = sum(state in (COMPLETED, S_CANCELLED) for state in states)
        assert ends <= 1 + sum(1 for before, after in zip(states, states[1:])
                               if (before, after) == (COMPLETED, RUNNING))
        rows = [entry for _, entry in entries if entry["v"] == b"1r"]
        assert sum(len(entry["r"]) // 18 for entry in rows) == self.rows_told
        identities = Counter((entry["b"], entry["e"], entry["f"]) for entry in rows)
        assert not identities or max(identities.values()) == 1


def step_of(model, chooser):
    if model.state == DRAFT:
        names, weights = ["add_chunk", "submit", "control"], [8, 2, 1]
        if model.batches:
            names, weights = names + ["claim", "sweep"], weights + [1, 1]
    else:
        names = ["claim", "flush", "mark", "reclaim", "sweep", "control", "add_chunk", "submit",
                 "evidence", "resolve", "quarantine"]
        weights = [8, 10, 4, 4, 2, 2, 0.3, 0.3, 1, 2, 1]
    return chooser.choices(names, weights)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_sequences(store, seed):
    chooser = random.Random(seed)
    nth, model, ends = 1, None, Counter()
    for step in range(STEPS):
        has_ended = model is not None and model.state in (COMPLETED, S_CANCELLED)
        if model is None or (has_ended and (not model.batches or chooser.random() < 0.2)):
            if model is not None:
                model.check(True)
                model.check_events()
                ends[model.state] += 1
                nth += 1
            model = Model(store, nth, chooser)
        getattr(model, f"step_{step_of(model, chooser)}")()
        model.check(step % 3 == 0)
    model.check(True)
    model.check_events()
    assert ends[COMPLETED] + ends[S_CANCELLED] > 0
