"""What the checks share: the repository's own files, and how findings are told."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def root_from_arguments():
    """The tree to look at: the one named on the command line, else this repository."""
    return Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT


def own_files(root, *suffixes):
    """Files below `root` that git would take, sorted; all files where there is no git."""
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
        capture_output=True, check=False)
    if listing.returncode == 0 and (root / ".git").exists():
        names = [name for name in listing.stdout.decode().split("\0") if name]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    return [Path(name) for name in sorted(set(names))
            if (not suffixes or Path(name).suffix in suffixes) and (root / name).is_file()]


def finish(check, findings):
    """Print each finding on a line and end the program."""
    for finding in findings:
        print(f"{check}: {finding}")
    sys.exit(1 if findings else 0)
