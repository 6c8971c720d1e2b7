"""What coordinators and workers show at /metrics while they work; a worker that must not sign."""

from local.process import wait_until
from mails import outcomes, submit_campaign


def test_gauges_follow_the_work(cluster):
    api, coordinator, worker = cluster.client(), cluster.coordinators[0], cluster.workers[0]
    assert coordinator.metric("hikyaku_partitions") == 64
    assert coordinator.metric("hikyaku_workers_connected") == 1
    assert coordinator.metric("hikyaku_store_used_memory_bytes") > 100_000
    assert coordinator.metric("hikyaku_store_latency_p99_milliseconds") is not None
    assert worker.metric("hikyaku_worker_coordinators") == 1
    assert worker.metric("hikyaku_worker_ip_owned", '{ip="127.0.0.11"}') == 1

    people = [f"p{number}@r{number % 3}.test" for number in range(300)]
    campaign = submit_campaign(api, "signed", people)
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert worker.metric("hikyaku_worker_sign_cpu_milliseconds_total") > 0
    assert worker.metric("hikyaku_worker_waiting_recipients") == 0

    # Without a worker what is due waits, and shows where a worker is missing.
    worker.stop()
    wait_until("the worker is seen to be gone",
               lambda: coordinator.metric("hikyaku_workers_connected") == 0, 60)
    campaign = submit_campaign(api, "waiting", people)
    waiting = '{pool="mkt",lane="bulk"}'
    wait_until("300 recipients wait",
               lambda: coordinator.metric("hikyaku_ready_recipients", waiting) == 300, 60)
    assert coordinator.metric("hikyaku_ready_recipients", '{pool="mkt",lane="transactional"}') == 0
    assert coordinator.metric("hikyaku_campaigns_driven") >= 1

    worker.start()
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": 300}
    wait_until("nothing waits any more",
               lambda: coordinator.metric("hikyaku_ready_recipients", waiting) == 0, 60)


def test_unsigned_mail_is_a_decision(make_cluster, sink):
    cluster = make_cluster()
    cluster.redis.start()
    cluster.add_coordinator().start()
    worker = cluster.add_worker(dkim={"sign": False}).start()
    assert "dkim.unsigned" in [event["event"] for event in worker.log()]
    api = cluster.client()
    fleet = wait_until("the worker's note", lambda: [
        entry.note for entry in api.call("FleetService", "GetFleet", api.pb.GetFleetRequest())
        .workers if entry.note], 60)
    assert fleet == ["unsigned: dkim.sign is false"]
    campaign = submit_campaign(api, "unsigned", ["a@r.test"])
    cluster.wait_campaign(campaign, ["COMPLETED"])
    assert outcomes(api, campaign) == {"DELIVERED": 1}

    forgetful = cluster.add_worker(dkim={}).write()
    done = cluster.cli("config", "check", "worker", forgetful, check=False)
    assert done.returncode != 0
    assert "dkim.directory" in done.stdout + done.stderr
    assert "dkim.sign" in done.stdout + done.stderr
    cluster.workers.pop()
