"""The audit log: who did what, from where; whole, chained, and found out when it is not (issue 4, 9)."""

import json
import time

import pytest
from local.api_client import ApiClient, ApiError
from local.process import wait_until
from mails import submit_campaign
from worlds import world

LOG = "hk:{audit}:log"


@pytest.fixture(scope="module")
def cluster(build):
    with world(build) as made:
        made.redis.start()
        for _ in range(2):
            folder = made.folder / f"audit-{len(made.coordinators)}"
            folder.mkdir(mode=0o700)
            made.add_coordinator(audit={"directory": str(folder)}).start(wait=False)
        made.add_worker().start(wait=False)
        for node in made.coordinators + made.workers:
            node.wait_ready()
        yield made


def entries(cluster, *options):
    return [json.loads(line) for line in
            cluster.cli("audit", "export", *options).stdout.splitlines()]


def files(cluster):
    return sorted(path for n in (0, 1) for path in (cluster.folder / f"audit-{n}").iterdir())


def verify(cluster, *words, code=0):
    done = cluster.cli("audit", "verify", *words, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def key_for(cluster, principal, *roles):
    cluster.cli("principal", "add", principal, *(word for role in roles for word in ("--role", role)))
    return cluster.cli("key", "create", principal).stdout.strip()


def test_who_did_what_from_where(cluster):
    api = cluster.client()
    campaign = submit_campaign(api, "audited", ["a@d.test", "b@d.test"])
    cluster.wait_campaign(campaign, ["COMPLETED"])
    # The answer has come: the entry is there, with no waiting.
    found = [entry for entry in entries(cluster) if entry["call"] == "CampaignService/SubmitCampaign"]
    assert [(entry["principal"], entry["source"], entry["target"], entry["result"])
            for entry in found] == [("file", "unix", f"campaign_id={campaign}", "ok")]
    cluster.cli("stop", "--site", "d.test", "--reason", "maintenance", "--by", "suzuki")
    cluster.cli("start", "--site", "d.test")
    stopped = [entry for entry in entries(cluster) if entry["call"] == "FleetService/Stop"]
    assert stopped[-1]["target"] == "target=d.test" and stopped[-1]["reason"] == "maintenance"
    shown = cluster.cli("audit", "list", "--call", "FleetService/Stop").stdout
    assert "maintenance" in shown and "SubmitCampaign" not in shown
    # Chunks and single messages are summed up by the minute, and told at the end at the latest.
    assert not any(entry["call"] == "CampaignService/AddRecipients" and entry.get("target")
                   for entry in entries(cluster))


def test_refusals_are_in_it(cluster):
    secret = key_for(cluster, "watcher", "auditor")
    watcher = ApiClient(f"127.0.0.1:{cluster.coordinators[1].ports['api']}", secret)

    def refused():
        try:
            watcher.fleet()
        except ApiError as error:
            return error.code == "permission_denied"
        return False
    wait_until("the key is read, and may not", refused)
    found = entries(cluster, "--principal", "watcher", "--result", "permission_denied")
    assert found and {(entry["call"], entry["source"], entry["rule"]) for entry in found} == {
        ("FleetService/GetFleet", "127.0.0.1", "scope")}
    assert found[0]["key"] == secret.split("_")[1]
    # Who may read the log reads it with this key, and nothing else.
    done = cluster.cli("audit", "list", "--principal", "watcher",
                       environment={"HIKYAKU_KEY_FILE": str(write(cluster, "watcher.key", secret))})
    assert "permission_denied scope" in done.stdout
    with pytest.raises(ApiError):
        ApiClient(watcher.endpoint, "hky_0123456789abcdef_" + "0" * 64).fleet()


def write(cluster, name, secret):
    path = cluster.folder / name
    path.write_text(secret + "\n")
    path.chmod(0o600)
    return path


def test_nothing_personal_or_secret_is_in_it(cluster):
    secret = key_for(cluster, "sealed", "submitter")
    api = cluster.client()
    submit_campaign(api, "secretive", ["very.personal@d.test"])
    api.campaign("FindRecipients", campaign_id=submit_campaign(api, "found", ["x.y@d.test"]),
                 ref="ref-0")
    lines = cluster.cli("audit", "export").stdout
    for word in ("very.personal", "x.y@d", "ref-0", secret, secret.split("_")[2], cluster.api_key,
                 "山田", "春のお知らせ"):
        assert word not in lines


def test_entries_are_in_files_too_and_both_verify(cluster):
    told = verify(cluster)
    assert "whole and unchanged" in told
    for node in cluster.coordinators:
        assert node.stop() == 0
        node.start(wait=False)
    for node in cluster.coordinators:
        node.wait_ready()
    # What was summed up and not told yet was told at the end.
    sums = [entry for entry in entries(cluster) if entry["call"] == "CampaignService/AddRecipients"]
    assert sum(entry["count"] for entry in sums) >= 3
    refused = [entry for entry in entries(cluster) if entry["call"] == "audit.key_refused"]
    assert {entry["rule"] for entry in refused} >= {"bearer_key"}
    closed = [entry for entry in entries(cluster) if entry["call"] == "audit.closed"]
    assert {entry["coordinator"] for entry in closed} == {"c-0", "c-1"}
    ends = {(entry["session"], entry["seq"]) for entry in closed}
    wait_until("the new sessions know the ends of the old ones", lambda: ends <= {
        (anchor["session"], anchor["seq"]) for entry in entries(cluster)
        for anchor in entry.get("anchors", ())})
    assert "whole and unchanged" in verify(cluster)
    assert "whole and unchanged" in verify(cluster, *files(cluster))
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files(cluster))
    wait_until("files and Redis have the same", lambda: sorted(
        line for path in files(cluster) for line in path.read_text().splitlines()) == sorted(
            cluster.cli("audit", "export").stdout.splitlines()))


def test_tampering_is_found_and_located(cluster, tmp_path):
    lines = cluster.cli("audit", "export").stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if '"CampaignService/SubmitCampaign"' in line)
    entry = json.loads(lines[at])
    place = f"session {entry['session']}"

    def verified(changed):
        path = tmp_path / "audit.jsonl"
        path.write_text("\n".join(changed) + "\n")
        return verify(cluster, path, code=1)
    assert f"audit.jsonl:{at + 1}: {place}, entry {entry['seq']} was changed" in verified(
        [line.replace('"principal":"file"', '"principal":"mallory"') if n == at else line
         for n, line in enumerate(lines)])
    assert f"{place}, entries {entry['seq']} to {entry['seq']} are missing" in verified(
        lines[:at] + lines[at + 1:])
    own = [n for n, line in enumerate(lines) if json.loads(line)["session"] == entry["session"]]
    assert f"{place} ends at entry {len(own) - 1}, but" in verified(
        [line for n, line in enumerate(lines) if n != own[-1]])
    swapped = list(lines)
    swapped[own[1]], swapped[own[2]] = lines[own[2]], lines[own[1]]
    assert "out of its order" in verified(swapped)
    # In Redis as well.
    redis = cluster.redis.client()
    number, _ = next((number, fields) for number, fields in redis.xrange(LOG)
                     if b"SubmitCampaign" in fields[b"l"])
    redis.xdel(LOG, number)
    assert "are missing" in verify(cluster, code=1)


def test_a_quarter_for_auditors(cluster):
    quarter = time.strftime("%Y-Q") + str((time.gmtime().tm_mon + 2) // 3)
    told = cluster.cli("audit", "report", "--quarter", quarter).stdout
    assert "file" in told and "FleetService/Stop" in told and "AccessService/CreateKey" in told
    assert "keys that are not used: 1" in told and "sealed" in told
    filed = cluster.cli("audit", "report", "--quarter", quarter, *files(cluster)).stdout
    assert "FleetService/Stop" in filed and "keys that are not used" not in filed
    assert "2026-Q4" in cluster.cli("audit", "report", check=False).stderr


def test_bad_input_is_named(cluster, tmp_path):
    assert cluster.cli("audit", "verify", tmp_path / "none", check=False).returncode == 4
    assert "offset" in cluster.cli("audit", "list", "--since", "noon", check=False).stderr
    (tmp_path / "x").write_text("nothing\n")
    assert "x:1: is no entry of the audit log" in verify(cluster, tmp_path / "x", code=1)
    api = cluster.client()
    for fields, field in (({"page_token": "x"}, "page_token"), ({"page_size": 1001}, "page_size")):
        with pytest.raises(ApiError) as refused:
            api.call("AccessService", "ListAudit", api.pb.ListAuditRequest(**fields))
        assert refused.value.fields == [field]
