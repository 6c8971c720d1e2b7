"""docs/bounds.md names constants of the code and keys of the configuration, and no others."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/bounds.md").read_text()


def test_constants_stand_in_the_code():
    code = "\n".join(path.read_text() for folder in ("common", "coordinator", "worker")
                     for path in sorted((ROOT / folder).rglob("*.[ch]")))
    defined = set(re.findall(r"^#define ([A-Z][A-Z0-9_]+)", code, re.M))
    named = set(re.findall(r"`([A-Z][A-Z0-9_]{3,})`", PAGE))
    assert len(named) > 40
    assert not named - defined


def test_keys_stand_in_the_configuration():
    reference = (ROOT / "docs/configuration.md").read_text()
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", PAGE))
    assert len(named) > 10
    assert not {key for key in named if f"`{key}`" not in reference}
