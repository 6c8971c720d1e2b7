"""hikyaku classify, and a worker with rules of its own that are changed while it runs.

HIKYAKU_BUILD names the build folder (build/dev).
"""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HIKYAKU_BUILD", ROOT / "build/dev"))
OK, BAD_FILE = 0, 4
RULES = ROOT / "deploy/rules/replies.yaml"
REPLIES = """note\ttext\tstage\tid\tprovider
a\t550 5.1.1 <u@example.com>: User unknown\trcpt\tone\t
b\t550 Unknown user u@docomo.ne.jp\tdata-end\ttwo\tdocomo.ne.jp
c\t421 4.7.28 unusual rate of mail\t\tthree\tgoogle\tand more
d\tHost or domain name not found\tsomewhere\tfour
"""


@pytest.fixture
def classify(tmp_path):
    def call(*words, code=OK, stdin=""):
        done = subprocess.run([BUILD / "bin/hikyaku", "classify", *map(str, words)], cwd=tmp_path,
                              input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done
    return call


def test_every_row_gets_class_blame_and_rule(classify, tmp_path):
    (tmp_path / "replies.tsv").write_text(REPLIES)
    rows = [line.split("\t") for line in classify("replies.tsv").stdout.splitlines()]
    assert rows[0] == ["id", "class", "blame", "rule"]
    assert [row[:3] for row in rows[1:]] == [
        ["one", "bad-mailbox", "recipient"], ["two", "filtered", "recipient"],
        ["three", "rate-limited", "path"], ["four", "bad-domain", "recipient"]]
    assert all(row[3] for row in rows[1:])
    assert classify("-", stdin=REPLIES).stdout == classify("replies.tsv").stdout
    assert classify("--rules", RULES, "replies.tsv").stdout == classify("replies.tsv").stdout


@pytest.mark.parametrize("content, told", [
    ("id\tstage\n1\trcpt\n", 'bad.tsv:1: has no column "text"'),
    ("id\ttext\n1\t550 no\n2\n", "bad.tsv:3: column 2 (text): is not there"),
    ("text\tid\n550 no\t\n", "bad.tsv:2: column 2 (id): is empty"),
])
def test_a_bad_row_is_named(classify, tmp_path, content, told):
    (tmp_path / "bad.tsv").write_text(content)
    assert told in classify("bad.tsv", code=BAD_FILE).stderr


def test_a_file_of_rules_is_checked(classify, tmp_path):
    (tmp_path / "replies.tsv").write_text(REPLIES)
    assert "cannot be read" in classify("none.tsv", code=BAD_FILE).stderr
    (tmp_path / "rules.yaml").write_text(
        "format: 1\nrules:\n  - {id: a, class: policy, blame: ip, text: '(', examples: 550 no}\n")
    told = classify("--rules", "rules.yaml", "replies.tsv", code=BAD_FILE)
    assert "rules.yaml:3:" in told.stderr and "rules[a].text: is no pattern" in told.stderr
    assert told.stdout == ""
