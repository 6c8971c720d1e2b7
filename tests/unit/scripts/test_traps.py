"""What is shipped has no traps."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_only_test_presets_have_traps():
    presets = json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
    trapped = {one["name"] for one in presets if "HIKYAKU_TRAP" in one.get("cacheVariables", {})}
    assert trapped == {"dev", "tsan", "coverage"}


def test_the_option_is_refused_in_hardened_builds():
    options = (ROOT / "cmake/options.cmake").read_text()
    assert re.search(r"if\(HIKYAKU_HARDEN AND HIKYAKU_TRAP\)\s+message\(FATAL_ERROR", options)

