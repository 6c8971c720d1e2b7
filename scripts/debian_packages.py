"""Which Debian packages our programs run with: used by `sbom` and `security-updates`."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

PROGRAMS = ("hikyaku", "hikyaku-coordinator", "hikyaku-worker")
# Not linked, yet part of what runs: compiled in, or read at run time.
ALSO_USED = ("uthash-dev", "tzdata")
LDD_LINE = re.compile(r"(?:=>\s+)?(/\S+)\s+\(0x[0-9a-f]+\)")
FIELDS = ("Package", "Version", "Architecture", "source:Package", "source:Version", "Homepage")


class Package(NamedTuple):
    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    homepage: str


def run(*command):
    """What a command prints, in English whatever the caller speaks."""
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    return done.stdout


def linked_libraries(program):
    """Real paths of all shared libraries that a program loads."""
    return {Path(path).resolve() for path in LDD_LINE.findall(run("ldd", str(program)))}


def owners_of(files):
    """File -> the package it came with. With a merged /usr, dpkg may know a file by either name."""
    by_name = {name: file for file in files for name in (str(file), str(file).removeprefix("/usr"))}
    # Exits with 1 as it does not know the other names.
    found = subprocess.run(["dpkg-query", "-S", *by_name], capture_output=True, text=True)
    pairs = (line.rsplit(": ", 1) for line in found.stdout.splitlines())
    owners = {by_name[name]: names.split(",")[0] for names, name in pairs if name in by_name}
    strangers = set(files) - owners.keys()
    if strangers:
        raise LookupError(f"{min(strangers)} belongs to no package")
    return owners


def describe_all(names):
    form = "\\t".join("${%s}" % field for field in FIELDS) + "\\n"
    lines = run("dpkg-query", "-W", "-f", form, *names).splitlines()
    return sorted(Package(*line.split("\t")) for line in lines)


def packages_of(programs):
    """Every package that the programs run with, by name."""
    libraries = set().union(*(linked_libraries(program) for program in programs))
    return describe_all({*owners_of(libraries).values(), *ALSO_USED})
