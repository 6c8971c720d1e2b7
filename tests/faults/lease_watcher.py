"""Looks at the leases in Redis four times a second: who held what, and when it changed hands."""

import threading
import time

from local.process import StartError

LOOK_S = 0.25


class LeaseWatcher(threading.Thread):
    """`changes`: (ms, lease, holder), lease "p17", "ip 127.0.0.11" or "session <id>"; a holder is a
    session, "" for none. `names`: session -> the name of its process. `beats`: when renewals were
    seen, ms: then Redis took writes."""

    def __init__(self, redis_server, addresses):
        super().__init__(daemon=True)
        self.redis_server = redis_server
        self.leases = {f"p{number}": f"hk:{{p{number:02d}}}:lease" for number in range(64)}
        self.leases.update({f"ip {address}": f"hk:{{ip:{address}}}" for address in addresses})
        self.holders = {}
        self.changes = []
        self.names = {}
        self.beats = []
        self._last_beats = None
        self._ends = threading.Event()

    def note(self, lease, holder):
        if self.holders.get(lease) != holder:
            self.holders[lease] = holder
            self.changes.append((time.time_ns() // 1000000, lease, holder))

    def look(self, client):
        pipe = client.pipeline(transaction=False)
        pipe.role()
        for key in self.leases.values():
            pipe.hmget(key, "s", "b")
        pipe.hgetall("hk:{fleet}:sessions")
        role, *leases, sessions = pipe.execute()
        if role[0] != b"master":
            raise StartError("not the primary any more")
        if leases != self._last_beats:
            self._last_beats = leases
            self.beats.append(time.time_ns() // 1000000)
        for lease, (holder, _) in zip(self.leases, leases):
            self.note(lease, (holder or b"").decode())
        for session, record in sessions.items():
            name = session.hex() if len(session) == 16 else session.decode()
            if name not in self.names:
                self.names[name] = record
            self.note(f"session {name}", name)
        gone = [lease for lease, holder in self.holders.items() if lease.startswith("session ")
                and holder and lease[8:] not in {
                    session.hex() if len(session) == 16 else session.decode()
                    for session in sessions}]
        for lease in gone:
            self.note(lease, "")

    def run(self):
        import redis
        client = None
        while not self._ends.wait(LOOK_S):
            try:
                client = client or self.redis_server.client()
                self.look(client)
            except (redis.exceptions.RedisError, OSError, StartError):
                # Away or stopped: nothing changes hands meanwhile.
                if client is not None:
                    client.close()
                client = None

    def end(self):
        self._ends.set()
        self.join(10)

    def written_after(self, ms):
        """Seconds until a renewal was seen again, or None."""
        later = [beat for beat in self.beats if beat > ms]
        return (min(later) - ms) / 1000 if later else None

    def sessions_of(self, name):
        """Sessions of the process with this name, by its record in the registry."""
        return [session for session, record in self.names.items() if name.encode() in record]

    def taken_after(self, name, ms):
        """What a process held when it was killed: yields (lease, seconds until it changed)."""
        sessions = set(self.sessions_of(name))
        held = {}
        for at, lease, holder in self.changes:
            if at <= ms:
                held[lease] = holder
            elif held.get(lease) in sessions:
                held[lease] = None
                yield lease, (at - ms) / 1000
