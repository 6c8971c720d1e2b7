"""Runs a tool over our own C files as a build folder compiles them, on all cores."""

import json
import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tree

OWN = ("common", "coordinator", "worker", "cli")


def own_commands(build, folders=OWN):
    """(source, compiler's words, folder to run in), one for each of our own sources."""
    database = json.loads((Path(build) / "compile_commands.json").read_text())
    commands = {}
    for entry in database:
        source = Path(entry["file"])
        if not source.is_relative_to(tree.ROOT):
            continue
        relative = source.relative_to(tree.ROOT)
        if source.exists() and any(relative.is_relative_to(folder) for folder in folders):
            commands.setdefault(relative, (shlex.split(entry["command"]), entry["directory"]))
    return [(source, words, folder) for source, (words, folder) in sorted(commands.items())]


def run_all(check, commands):
    """Run (source, words, folder) each; print the output of those that fail and end."""
    def run(command):
        source, words, folder = command
        done = subprocess.run(words, cwd=folder, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return source, done.returncode, done.stdout

    findings = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, status, output in pool.map(run, commands):
            if status != 0:
                findings.append(f"{source}\n{output.rstrip()}")
    if not commands:
        findings.append("no source of our own in this build")
    tree.finish(check, findings)
