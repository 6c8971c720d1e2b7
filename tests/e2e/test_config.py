"""Configuration of the two programs, their key files, reload, and who is admitted to the bus."""

import os
import signal
import subprocess

import pytest
from local.cluster import Cluster, to_yaml
from local.process import wait_until
from mails import submit_campaign
from worlds import short_folder, world

OK, FAILED, BAD_FILE = 0, 1, 2
PROGRAMS = ["coordinator", "worker"]


@pytest.fixture(scope="module")
def idle(build):
    """Keys and good configuration of one coordinator and one worker; nothing runs."""
    with short_folder() as folder:
        cluster = Cluster(folder, build)
        cluster.nodes = {"coordinator": cluster.add_coordinator(), "worker": cluster.add_worker()}
        cluster.nodes["coordinator"].configuration["api"].pop("socket")
        yield cluster


def run(cluster, program, *words):
    return subprocess.run([cluster.binary(f"hikyaku-{program}"), *map(str, words)],
                          capture_output=True, text=True, timeout=60)


def check(cluster, program, configuration):
    path = cluster.folder / "tried.yaml"
    path.write_text(configuration if isinstance(configuration, str) else to_yaml(configuration))
    return run(cluster, program, "config", "check", path)


def changed(cluster, program, section, **keys):
    whole = dict(cluster.nodes[program].configuration)
    whole[section] = {**whole[section], **keys}
    return whole


@pytest.mark.parametrize("program", PROGRAMS)
def test_good_files_pass_and_the_reference_names_all_keys(idle, program):
    done = check(idle, program, idle.nodes[program].configuration)
    assert done.returncode == OK, done.stderr
    reference = run(idle, program, "config", "reference")
    assert reference.returncode == OK
    for key in ("store.endpoint", "bus.key_file", "durability", "log.level"):
        assert f"| `{key}` |" in reference.stdout
    for words in (["--help"], ["--version"]):
        assert run(idle, program, *words).returncode == OK


@pytest.mark.parametrize("program", PROGRAMS)
def test_mistakes_are_told_with_their_lines(idle, program):
    text = to_yaml(idle.nodes[program].configuration)
    line = len(text.splitlines()) + 1
    for mistake, told in (("nonsense: 3\n", "nonsense: unknown key"),
                          ("durabilty: disk\n", 'did you mean "durability"?'),
                          ("threads: many\n", "threads: "),
                          ("name: again\n", '"name" was already given in line 1')):
        done = check(idle, program, text + mistake)
        assert done.returncode == BAD_FILE
        assert f"tried.yaml:{line}:" in done.stderr and told in done.stderr, done.stderr
    done = check(idle, program, text + "log: {level: [\n")
    assert done.returncode == BAD_FILE and "tried.yaml:" in done.stderr
    # All at once, so that nobody mends one by one.
    done = check(idle, program, text + "one: 1\ntwo: 2\n")
    assert "one: unknown key" in done.stderr and "two: unknown key" in done.stderr
    # The program itself says the same, and does not start.
    done = run(idle, program, "--config", idle.folder / "tried.yaml")
    assert done.returncode == BAD_FILE and "one: unknown key" in done.stderr
    done = run(idle, program, "--config", idle.folder / "none.yaml")
    assert done.returncode == BAD_FILE and "none.yaml" in done.stderr


@pytest.mark.parametrize("program, section, key", [
    ("coordinator", "bus", "key_file"), ("coordinator", "api", "bearer_key_file"),
    ("coordinator", "store", "password_file"), ("worker", "bus", "key_file"),
    ("worker", "store", "password_file")])
def test_key_files_missing_or_open_to_others_are_refused(idle, program, section, key):
    missing = check(idle, program, changed(idle, program, section, **{key: "/nowhere/key"}))
    assert missing.returncode == BAD_FILE
    assert f"{section}.{key}: cannot be opened" in missing.stderr
    secret = idle.folder / "secret"
    secret.write_text("k" * 40 + "\n")
    for mode in (0o640, 0o604, 0o660):
        secret.chmod(mode)
        done = check(idle, program, changed(idle, program, section, **{key: str(secret)}))
        assert done.returncode == BAD_FILE and f"{section}.{key}" in done.stderr, done.stderr
        assert "k" * 40 not in done.stderr
    secret.chmod(0o600)
    os.chown(secret, 12345, -1)
    done = check(idle, program, changed(idle, program, section, **{key: str(secret)}))
    assert done.returncode == BAD_FILE, "a file of somebody else"
    secret.unlink()


def test_callers_keys_do_not_travel_in_clear(idle):
    for address in ("0.0.0.0:0", "192.0.2.2:8460", "[::]:8460"):
        done = check(idle, "coordinator", changed(idle, "coordinator", "api", listen=address))
        assert done.returncode == BAD_FILE and "api.listen" in done.stderr, done.stderr
        assert "certificate_file" in done.stderr
    for address in ("127.0.0.1:8460", "[::1]:8460"):
        done = check(idle, "coordinator", changed(idle, "coordinator", "api", listen=address))
        assert done.returncode == OK, done.stderr


# ---------------------------------------------------------------- running


@pytest.fixture(scope="module")
def running(build):
    with world(build) as cluster:
        cluster.start()
        yield cluster


def events_of(node, name):
    return [event for event in node.log() if event["event"] == name]


def reload(node, configuration, answer):
    """Write, SIGHUP, wait for one more of this event; returns the first: each file tells its own."""
    before = len(events_of(node, answer))
    node.path.write_text(to_yaml(configuration))
    node.process.signal(signal.SIGHUP)
    wait_until(f"{node.name} says {answer}", lambda: len(events_of(node, answer)) > before)
    return events_of(node, answer)[before]


@pytest.mark.parametrize("program", PROGRAMS)
def test_sighup_takes_what_may_change_and_refuses_the_rest(running, program):
    node = (running.coordinators if program == "coordinator" else running.workers)[0]
    good = dict(node.configuration)
    reload(node, {**good, "log": {"level": "debug"}}, "config.reloaded")
    refused = reload(node, {**good, "threads": 7}, "config.refused")
    assert "threads" in str(refused)
    refused = reload(node, {**good, "nonsense": 1}, "config.refused")
    assert "nonsense" in str(refused)
    reload(node, good, "config.reloaded")
    assert node.is_ready()
    campaign = submit_campaign(running.client(), f"after-{program}", ["one@example.test"])
    running.wait_campaign(campaign, ["COMPLETED"])


RULES = """format: 1
rules:
  - id: {id}
    class: policy
    blame: content
    examples: 550 no
"""


def rule_of_a_bounce(cluster, key):
    """Bounce somebody; returns the rule that says so."""
    client = cluster.client()
    campaign = submit_campaign(client, key, [f"r550.{key}@example.test"])
    cluster.wait_campaign(campaign, ["COMPLETED"])
    events, _ = client.all_events(campaign_ids=[campaign])
    return [event.rule_id for event in events if event.smtp_code == 550]


def test_reply_rules_are_read_again_and_a_mistake_changes_nothing(running):
    node = running.workers[0]
    good = dict(node.configuration)
    assert rule_of_a_bounce(running, "built-in") == ["iana-1.1"]
    rules = running.folder / "replies.yaml"
    rules.write_text(RULES.format(id="mine"))
    reload(node, {**good, "reply_rules": str(rules)}, "config.reloaded")
    assert rule_of_a_bounce(running, "mine") == ["mine"]
    rules.write_text(RULES.format(id="Not Mine"))
    refused = reload(node, {**good, "reply_rules": str(rules)}, "config.refused")
    assert "replies.yaml:3" in refused["field"] and "has no id" in refused["reason"]
    assert rule_of_a_bounce(running, "still-mine") == ["mine"]
    reload(node, good, "config.reloaded")
    assert rule_of_a_bounce(running, "built-in-again") == ["iana-1.1"]


def test_a_worker_that_is_not_admitted_is_refused_until_it_is(running):
    """K8."""
    coordinator = running.coordinators[0]
    running._keygen("curve", running.keys / "stranger.curve")
    stranger = running.add_worker(ips=(("127.0.0.19", "m9.shop.test"),))
    stranger.configuration["bus"]["key_file"] = str(running.keys / "stranger.curve")
    stranger.start(wait=False)
    wait_until("the stranger is told", lambda: events_of(stranger, "bus.not_admitted"))
    wait_until("so is the operator", lambda: events_of(coordinator, "bus.refused"))
    # Its address is leased meanwhile; then this alone is missing.
    wait_until("it says what it lacks", lambda: "coordinator" in stranger.get("/readyz")[1])
    assert stranger.get("/readyz")[0] == 503
    assert "w-1" not in [worker.name for worker in running.client().fleet().workers
                         if worker.state == "ready"]
    admitted = running.keys / "admitted.curve"
    admitted.write_text(admitted.read_text().rstrip("\n") + "\n" +
                        (running.keys / "stranger.curve.pub").read_text())
    coordinator.process.signal(signal.SIGHUP)
    stranger.wait_ready()


def test_a_worker_that_expects_another_coordinator_gets_nowhere(running):
    running._keygen("curve", running.keys / "other.curve")
    lost = running.add_worker(ips=(("127.0.0.20", "m8.shop.test"),))
    lost.configuration["bus"]["server_key_file"] = str(running.keys / "other.curve.pub")
    lost.start(wait=False)
    wait_until("it says why it is not ready", lambda: "coordinator" in lost.get("/readyz")[1])
    assert lost.get("/readyz")[0] == 503 and not events_of(lost, "link.welcome")


def test_keys_that_are_no_keys_end_the_program(running):
    path = running.keys / "broken.curve"
    path.touch(0o600)
    path.write_text("this is no key\n")
    node = running.add_worker()
    node.configuration["bus"]["key_file"] = str(path)
    node.start(wait=False)
    process = node.process
    wait_until("it ends", lambda: not process.is_alive())
    node.process = None
    assert process.child.returncode == FAILED
    assert "this is no key" not in process.tail()
    fatal = events_of(node, "process.fatal")[0]
    assert fatal["field"] == "bus.key_file", fatal
