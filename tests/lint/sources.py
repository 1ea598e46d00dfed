"""Sizes that keep files readable, and words and paths that must not be in the product."""

import re
import statistics
import subprocess
import sys

FILE_LINES, FILE_LINES_MAX = 300, 1000
COLUMNS = 100
FORBIDDEN = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "unfinished work does not get in"),
    (re.compile(r"(?<![\w.])/(work|farm)/"), "path of a machine"),
    (re.compile(r"https?://[a-z0-9.-]*(debian|npmjs|nodesource)"), "registry host"),
    (re.compile(r"\b(strcpy|strcat|sprintf|gets)\s*\("), "unbounded copy"),
]
SKIPPED = ("web/console/vendor/", "tests/lint/", "LICENSE")


def too_wide(lines: list[str]) -> list[int]:
    """Lines of C beyond the width that clang-format keeps for code, comments included; tables it is told to leave alone are left alone."""
    found, formatted = [], True
    for number, line in enumerate(lines, 1):
        if "clang-format o" in line:
            formatted = "clang-format on" in line
        if formatted and len(line.rstrip("\n").expandtabs(8)) > COLUMNS:
            found.append(number)
    return found


def main() -> int:
    paths = subprocess.run(["git", "ls-files"], stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")
    trouble, sizes = [], []
    for path in filter(None, paths):
        if path.startswith(SKIPPED) or not re.search(r"\.(c|h|py|js|css|sql|md|build|def|html)$|/run$", path):
            continue
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
        if path.endswith(".c") and not path.startswith("tests/"):
            sizes.append(len(lines))
        if len(lines) > FILE_LINES_MAX and path.endswith((".c", ".h", ".js", ".py")):
            trouble.append(f"{path}: {len(lines)} lines; split it by job")
        if path.endswith((".c", ".h")):
            trouble += [f"{path}:{number}: more than {COLUMNS} columns" for number in too_wide(lines)]
        for number, line in enumerate(lines, 1):
            trouble += [f"{path}:{number}: {why}" for pattern, why in FORBIDDEN if pattern.search(line)]
    if sizes:
        print(f"{len(sizes)} source files, median {statistics.median(sizes):.0f} lines (aim {FILE_LINES}), longest {max(sizes)}")
    print("\n".join(trouble))
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
