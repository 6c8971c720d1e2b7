"""Programs that are told to leave while others still wait for them: they end in order."""

import os
import signal
import threading
import time

from local.api_client import ApiError
from mails import create_request, recipients


def test_a_coordinator_leaves_while_chunks_come_in(cluster):
    api = cluster.client()
    addresses = [f"user{number}@example.test" for number in range(4096)]
    created = api.call("CampaignService", "CreateCampaign",
                       create_request(api.pb, "leaving", estimated_rows=1000000))
    everyone = recipients(api.pb, addresses)
    stopped = threading.Event()

    def add(number):
        client = cluster.client()
        chunk = number
        while not stopped.is_set():
            try:
                client.campaign("AddRecipients", campaign_id=created.campaign_id, chunk=chunk,
                                recipients=everyone)
                chunk += 6
            except (ApiError, OSError):
                pass

    callers = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for caller in callers:
        caller.start()
    try:
        cluster.coordinators[0].process.wait_until("chunks come in", lambda: api.campaign(
            "GetCampaign", campaign_id=created.campaign_id).campaign.duplicates > 4096)
        assert cluster.coordinators[0].stop() == 0
    finally:
        stopped.set()
        for caller in callers:
            caller.join()


def test_a_drained_worker_leaves_nothing_in_the_store(cluster):
    redis = cluster.redis.client()
    sessions = set(redis.keys("hk:{s:*}"))
    assert len(sessions) == 2
    assert cluster.workers[0].stop() == 0
    assert len(redis.keys("hk:{s:*}")) == 1
    assert redis.hlen("hk:{fleet}:sessions") == 1
    assert redis.hget("hk:{ip:127.0.0.11}", "s") == b""


def test_a_worker_leaves_while_it_waits_for_the_store(cluster):
    """One that asks each second for an address that another has: no answer comes any more."""
    second = cluster.add_worker(drain={"grace": "1s"}).start(wait=False)
    second.process.wait_until("it asks", lambda: "ip.held" in second.process.log.read_text())
    os.kill(cluster.redis.process.pid, signal.SIGSTOP)
    try:
        time.sleep(1.5)  # by now a question is on its way
        second.stop()
    finally:
        os.kill(cluster.redis.process.pid, signal.SIGCONT)
    text = (cluster.folder / f"{second.name}.log").read_text(errors="replace")
    assert "process.stop" in text and "Sanitizer" not in text
