"""Adds up JUnit files and prints "N passed, N failed", the line that machines read.

usage: count_results.py FOLDER [PASSED FAILED], the numbers being those of other checks
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def count(path):
    """(passed, failed) of one file; skipped tests are neither."""
    passed = failed = 0
    for case in ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"} or case.get("status") == "fail":
            failed += 1
        elif "skipped" not in kinds and case.get("status") not in ("notrun", "disabled"):
            passed += 1
    return passed, failed


def main():
    passed, failed = (int(word) for word in (sys.argv[2:4] or ("0", "0")))
    for path in sorted(Path(sys.argv[1]).glob("*.xml")):
        more_passed, more_failed = count(path)
        passed += more_passed
        failed += more_failed
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed > 0 or passed == 0 else 0)


if __name__ == "__main__":
    main()
