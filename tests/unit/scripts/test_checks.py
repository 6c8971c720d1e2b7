"""Each check tells a small bad tree from a small good one."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CHECKS = ROOT / "scripts" / "checks"
# Put together here, so that the check of words does not find them in this file.
NOTE = "TO" + "DO"
REGISTRY = "pypi" + ".org"


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def run(check, *arguments):
    """(status, lines) of a check."""
    done = subprocess.run([CHECKS / check, *map(str, arguments)], capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout.splitlines()


def module(name, deps=""):
    return f"add_module({name}\n  SOURCES a.c # why\n  DEPS {deps}\n  PRIVATE_DEPS PkgConfig::X)\n"


@pytest.mark.parametrize("files, finding", [
    ({"common/mail/CMakeLists.txt": module("common_mail", "common_base"),
      "common/mail/a.c": '#include "common/base/text.h"\n#include <stdio.h>\n'}, None),
    ({"common/mail/CMakeLists.txt": module("common_mail"),
      "common/mail/a.c": '\n#include "common/base/text.h"\n'},
     "layers: common/mail/a.c:2: common/base/text.h: not in DEPS of common/mail/CMakeLists.txt"),
    ({"common/base/CMakeLists.txt": module("common_base", "common_mail"),
      "common/base/a.h": '#include "common/mail/a.h"\n'},
     "layers: common/base/a.h:1: common/mail/a.h: that arrow points up"),
    ({"worker/smtp/CMakeLists.txt": module("worker_smtp", "coordinator_api"),
      "worker/smtp/a.c": '#include "coordinator/api/a.h"\n'},
     "layers: worker/smtp/a.c:1: coordinator/api/a.h: "
     "coordinator, worker and cli never include each other"),
    ({"common/store/a.c": "#include <uv.h>\n"},
     "layers: common/store/a.c:1: uv.h: only common/net touches this library"),
    ({"common/net/a.c": "#include <uv.h>\n#include <zmq.h>\n"}, None),
    ({"common/mail/a.c": '#include "b.h"\n', "common/mail/b.h": "\n"},
     "layers: common/mail/a.c:1: b.h: includes are written from the root of the repository"),
    ({"worker/CMakeLists.txt": "add_program(hikyaku-worker SOURCES main.c DEPS worker_smtp)\n",
      "worker/main.c": '#include "worker/smtp/a.h"\n'}, None),
])
def test_layers(tmp_path, files, finding):
    write(tmp_path, files)
    assert run("layers", tmp_path) == ((1, [finding]) if finding else (0, []))


def test_rule_coverage(tmp_path):
    write(tmp_path, {
        "docs/rules.tsv": "S5\tdots\nS6\treplies\nS7\tretries\nT1\tTLS\nE8\tDSN\n",
        "tests/unit/a_test.c": "/* S5 to S6, T1 */ \"=E8=AB\"",
        "common/a.h": "/* @source RFC 5321, 4.5.2, 2.3.8;\n *          RFC 6376 */\n/* ZeroMQ RFC 32 */",
        "coordinator/b.c": "", "worker/b.c": "", "cli/b.c": ""})
    page = subprocess.run([ROOT / "scripts/rule_coverage", tmp_path], capture_output=True, text=True,
                          check=True).stdout
    assert "Tests cite 3 of 5 rules" in page
    assert "| S6 | replies | `unit/a_test.c` |" in page and "| E8 | DSN |\n" in page
    assert "| 5321 | 2.3.8 | `common/a.h` |" in page and "| 6376 |  | `common/a.h` |" in page
    assert "| 32 |" not in page


def test_sizes(tmp_path):
    write(tmp_path, {"common/a.c": "\n" * 600, "common/a.h": "\n" * 150, "tests/a.py": "\n" * 600,
                     "tests/data/a.c": "\n" * 9999})
    assert run("sizes", tmp_path) == (0, [])
    write(tmp_path, {"common/a.c": "\n" * 601, "common/a.h": "\n" * 151})
    assert run("sizes", tmp_path) == (1, [
        "sizes: common/a.c: 601 lines, at most 600: split it by noun",
        "sizes: common/a.h: 151 lines, at most 150: split it by noun"])


@pytest.mark.parametrize("line, is_bad", [
    ("/* all is done */", False), (f"/* {NOTE}: later */", True), ("METODOS", False),
    ("see /ho" + "me/me/x", True), ("/usr/bin/python3", False), (f"pip -i https://{REGISTRY}/", True),
    ("the path a/wo" + "rk/b", False),
])
def test_words(tmp_path, line, is_bad):
    write(tmp_path, {"common/a.c": f"\n{line}\n"})
    status, lines = run("words", tmp_path)
    assert status == (1 if is_bad else 0)
    assert len(lines) == (1 if is_bad else 0)
    assert not is_bad or lines[0].startswith("words: common/a.c:2: ")


GOOD_LUA = """#!lua name=x
local header, rows = KEYS[1], KEYS[2]
-- 'a' .. 1 in a comment is nothing
local now = redis.call('TIME')
redis.call('HSET', header, 'a', ARGV[1] .. 'x')
redis.call("SET", KEYS[3], string.format('%.0f', 7))
return redis.call('GET', rows)
"""


@pytest.mark.parametrize("old, new, line", [
    ("", "", None),
    ("#!lua name=x\n", "\n", 1),
    ("ARGV[1] .. 'x'", "1 .. 'x'", 5),
    ("ARGV[1] .. 'x'", "'x' .. tonumber(ARGV[1])", 5),
    ("ARGV[1] .. 'x'", "tonumber(ARGV[1]) .. 'x'", 5),
    ("ARGV[1] .. 'x'", "#ARGV .. 'x'", 5),
    ("'GET', rows", "'GET', ARGV[2]", 7),
    ("'GET', rows", "'GET', 'hk:' .. ARGV[2]", 7),
])
def test_lua(tmp_path, old, new, line):
    write(tmp_path, {"common/store/scripts/a.v1.lua": GOOD_LUA.replace(old, new, 1)})
    status, lines = run("lua", tmp_path)
    assert status == (0 if line is None else 1), lines
    assert line is None or lines[0].startswith(f"lua: common/store/scripts/a.v1.lua:{line}: ")


def compile_object(tmp_path, stem, source):
    folder = tmp_path / "common/base/CMakeFiles/common_base.dir"
    folder.mkdir(parents=True, exist_ok=True)
    (tmp_path / f"{stem}.c").write_text(source)
    subprocess.run(["gcc", "-c", tmp_path / f"{stem}.c", "-o", folder / f"{stem}.c.o"], check=True)


def test_symbols(tmp_path):
    assert run("symbols", tmp_path)[0] == 1  # nothing looked at is no success
    compile_object(tmp_path, "text", "int text_size; void text_of(void) {} static int other;\n"
                                     "int *text(void) { return &other; }\n")
    compile_object(tmp_path, "main", "int main(void) { return 0; }\n")
    assert run("symbols", tmp_path) == (0, [])
    compile_object(tmp_path, "arena", "void area_create(void) {}\n")
    assert run("symbols", tmp_path) == (1, [
        "symbols: common/base/CMakeFiles/common_base.dir/arena.c.o: "
        "area_create does not start with arena_"])
