"""Sizes that keep files readable, and words and paths that must not be in the product."""

import re
import statistics
import subprocess
import sys

FILE_LINES, FILE_LINES_MAX = 300, 1000
FORBIDDEN = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "unfinished work does not get in"),
    (re.compile(r"(?<![\w.])/(work|farm)/"), "path of a machine"),
    (re.compile(r"https?://[a-z0-9.-]*(debian|npmjs|nodesource)"), "registry host"),
    (re.compile(r"\b(strcpy|strcat|sprintf|gets)\s*\("), "unbounded copy"),
]
SKIPPED = ("web/console/vendor/", "tests/lint/", "LICENSE")


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
        for number, line in enumerate(lines, 1):
            trouble += [f"{path}:{number}: {why}" for pattern, why in FORBIDDEN if pattern.search(line)]
    if sizes:
        print(f"{len(sizes)} source files, median {statistics.median(sizes):.0f} lines (aim {FILE_LINES}), longest {max(sizes)}")
    print("\n".join(trouble))
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
