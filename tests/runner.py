"""tests/run: every step in order, one summary line at the end.

A step is a name and a function that returns a list of (test name, passed, what it printed)."""

import argparse
import os
import subprocess
import sys
import time
import traceback
import unittest
from pathlib import Path

from tests.support import failures

ROOT = Path(__file__).resolve().parents[1]
FUZZ_SECONDS = 5


def run(command: list[str], **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, **options)


def single(name: str, command: list[str], **options) -> list:
    done = run(command, **options)
    return [(name, done.returncode == 0, done.stdout)]


def build(name: str, folder: str, options: list[str], env: dict | None = None) -> list:
    environment = {**os.environ, **(env or {})}
    if not (ROOT / folder / "build.ninja").exists():
        setup = run(["meson", "setup", folder, *options], env=environment)
        if setup.returncode != 0:
            return [(f"{name}: configure", False, setup.stdout)]
    done = run(["ninja", "-C", folder])
    return [(f"{name}: builds without warnings", done.returncode == 0 and "warning:" not in done.stdout, done.stdout)]


def meson_test(name: str, folder: str, suite: list[str], env: dict | None = None) -> list:
    """Runs suites of a build folder and reads every single case from meson's log."""
    log = ROOT / folder / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    done = run(["meson", "test", "-C", folder, "--no-rebuild", "--timeout-multiplier", "3", *suite], env={**os.environ, **(env or {})})
    results = failures.of_meson(name, log) if log.exists() else []
    if done.returncode != 0 and all(ok for _, ok, _ in results) or not results:
        results.append((f"{name}: meson test", False, done.stdout))
    return results


def step_lint() -> list:
    results = single("lint: includes go downward", [sys.executable, "-m", "tests.lint.includes"])
    results += single("lint: sizes and forbidden words", [sys.executable, "-m", "tests.lint.sources"])
    results += single("lint: what failed is named", [sys.executable, "-m", "unittest", "tests.lint.test_failures"])
    results += single("lint: configuration keys are explained", [sys.executable, "-m", "tests.lint.config_keys"])
    sources = run(["git", "ls-files", "*.c", "*.h"]).stdout.split()
    if sources:
        results += single("lint: clang-format", ["clang-format", "--dry-run", "-Werror", *sources])
    return results


def step_unit() -> list:
    results = build("unit", "build/gcc", [])
    return results + (meson_test("unit", "build/gcc", ["--suite", "unit", "--suite", "process", "--suite", "fuzz-seeds"]) if results[0][1] else [])


def step_asan() -> list:
    results = build("asan", "build/asan", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfuzzing=true"], {"CC": "clang"})
    environment = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                   "LSAN_OPTIONS": f"suppressions={ROOT}/tests/support/lsan.supp:print_suppressions=0"}
    return results + (meson_test("asan", "build/asan", ["--suite", "unit"], environment) if results[0][1] else [])


def step_tsan() -> list:
    results = build("tsan", "build/tsan", ["-Db_sanitize=thread", "-Db_lundef=false"], {"CC": "clang"})
    environment = {"TSAN_OPTIONS": f"halt_on_error=1:suppressions={ROOT}/tests/support/tsan.supp"}
    return results + (meson_test("tsan", "build/tsan", ["--suite", "tsan"], environment) if results[0][1] else [])


def step_fuzz() -> list:
    """Every fuzz target for some seconds, from its seeds: enough to replay what was found before and to see it alive."""
    results = []
    for target in sorted((ROOT / "build/asan/tests/fuzz").glob("fuzz_*")):
        if target.is_file() and os.access(target, os.X_OK):
            seeds = ROOT / "tests/fuzz/seeds" / target.name.removeprefix("fuzz_")
            scratch = ROOT / "build/asan" / f"corpus-{target.name}"
            scratch.mkdir(exist_ok=True)
            results += single(f"fuzz: {target.name}", [str(target), f"-max_total_time={FUZZ_SECONDS}", "-rss_limit_mb=2048", "-timeout=10",
                                                       f"-artifact_prefix={scratch}/found-", str(scratch), str(seeds)])
    return results or [("fuzz: targets were built", False, "no executable under build/asan/tests/fuzz")]


class Collector(unittest.TextTestResult):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.all: list = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.all.append((f"integration: {test.id()}", True, ""))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.all.append((f"integration: {test.id()}", False, self.failures[-1][1]))

    def addError(self, test, err):
        super().addError(test, err)
        self.all.append((f"integration: {test.id()}", False, self.errors[-1][1]))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.all.append((f"integration: {subtest.id()}", False, self._exc_info_to_string(err, subtest)))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.all.append((f"integration: {test.id()}", False, "passed, although a failure is expected"))


def integration(pattern: str) -> list:
    suite = unittest.defaultTestLoader.discover(str(ROOT / "tests/integration"), pattern, str(ROOT))
    return unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Collector).run(suite).all


def step_integration() -> list:
    results = build("integration", "build/gcc", [])
    return results + (integration("test_*.py") if results[0][1] else [])


STEPS = {"lint": step_lint, "unit": step_unit, "asan": step_asan, "tsan": step_tsan, "fuzz": step_fuzz, "integration": step_integration}


def report(results: list) -> None:
    for name, ok, output in results:
        if not ok:
            print(f"FAILED {name}\n{output[-6000:]}\n", flush=True)


def step(name: str) -> list:
    """What a step that broke left undone must not take the others' results along."""
    began = time.monotonic()
    try:
        results = STEPS[name]()
    except Exception:
        results = [(f"{name}: the step itself", False, traceback.format_exc())]
    report(results)
    print(f"-- {name}: {sum(ok for _, ok, _ in results)} of {len(results)} in {time.monotonic() - began:.0f} s", flush=True)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/run", description="Runs all tests of Vitrine.")
    parser.add_argument("--only", action="append", choices=STEPS, help="run this step only (may be repeated)")
    parser.add_argument("--list", action="store_true", help="name the steps")
    parser.add_argument("--release", choices=["debian13"], help="build and run the unit tests inside a tree of this release instead")
    options = parser.parse_args()
    if options.list:
        print("\n".join(STEPS))
        return 0
    if options.release:
        from tests.support import release
        results = release.check(options.release)
        report(results)
    else:
        results = []
        for name in options.only or STEPS:
            results += step(name)
    failed = [name for name, ok, _ in results if not ok]
    for line in failures.summary(results):
        print(line)
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed", flush=True)
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
