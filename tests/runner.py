"""tests/run: every step in order, one summary line at the end.

A step is a name and a function that returns a list of (test name, passed, what it printed)."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support import failures

ROOT = Path(__file__).resolve().parents[1]
FUZZ_SECONDS = 5
# One more than there are cores: tests wait a part of their time.
PARALLEL = (os.cpu_count() or 1) + 1


def run(command: list[str], **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, **options)


def single(name: str, command: list[str], **options) -> list:
    done = run(command, **options)
    return [(name, done.returncode == 0, done.stdout)]


def build(name: str, folder: str, options: list[str], env: dict | None = None, suites: set[str] | None = None) -> list:
    """All of it, or only what the tests of these suites need."""
    environment = {**os.environ, **(env or {})}
    if not (ROOT / folder / "build.ninja").exists():
        setup = run(["meson", "setup", folder, *options], env=environment)
        if setup.returncode != 0:
            return [(f"{name}: configure", False, setup.stdout)]
    done = run(["ninja", "-C", folder, *(needed(folder, suites) if suites else [])])
    return [(f"{name}: builds without warnings", done.returncode == 0 and "warning:" not in done.stdout, done.stdout)]


def needed(folder: str, suites: set[str]) -> list[str]:
    """The targets that tests of these suites are or start, and the fuzz targets for the suite "fuzz"."""
    def told(what: str) -> list:
        return json.loads((ROOT / folder / "meson-info" / f"intro-{what}.json").read_text())

    targets = {target["id"]: target for target in told("targets")}
    wanted = {target["id"] for target in targets.values() if "fuzz" in suites and target["name"].startswith("fuzz_")}
    for test in told("tests"):
        if suites & {suite.rpartition(":")[2] for suite in test["suite"]}:
            wanted.update(test["depends"])
    return sorted(os.path.relpath(file, ROOT / folder) for key in wanted for file in targets[key]["filename"])


def meson_test(name: str, folder: str, suite: list[str], env: dict | None = None) -> list:
    """Runs suites of a build folder and reads every single case from meson's log."""
    log = ROOT / folder / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    done = run(["meson", "test", "-C", folder, "--no-rebuild", "--timeout-multiplier", "5", "--num-processes", str(PARALLEL), *suite], env={**os.environ, **(env or {})})
    results = failures.of_meson(name, log) if log.exists() else []
    print(f"{name}: longest {failures.longest(log)}" if log.exists() else f"{name}: no log", flush=True)
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
    results = build("asan", "build/asan", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfuzzing=true"], {"CC": "clang"}, {"unit", "fuzz"})
    environment = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                   "LSAN_OPTIONS": f"suppressions={ROOT}/tests/support/lsan.supp:print_suppressions=0"}
    return results + (meson_test("asan", "build/asan", ["--suite", "unit"], environment) if results[0][1] else [])


def step_tsan() -> list:
    results = build("tsan", "build/tsan", ["-Db_sanitize=thread", "-Db_lundef=false"], {"CC": "clang"}, {"tsan"})
    environment = {"TSAN_OPTIONS": f"halt_on_error=1:suppressions={ROOT}/tests/support/tsan.supp"}
    return results + (meson_test("tsan", "build/tsan", ["--suite", "tsan"], environment) if results[0][1] else [])


def fuzz(target: Path) -> list:
    seeds = ROOT / "tests/fuzz/seeds" / target.name.removeprefix("fuzz_")
    scratch = ROOT / "build/asan" / f"corpus-{target.name}"
    scratch.mkdir(exist_ok=True)
    return single(f"fuzz: {target.name}", [str(target), f"-max_total_time={FUZZ_SECONDS}", "-rss_limit_mb=2048", "-timeout=10",
                                           f"-artifact_prefix={scratch}/found-", str(scratch), str(seeds)])


def step_fuzz() -> list:
    """Every fuzz target for some seconds, from its seeds: enough to replay what was found before and to see it alive."""
    targets = [path for path in sorted((ROOT / "build/asan/tests/fuzz").glob("fuzz_*")) if path.is_file() and os.access(path, os.X_OK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = sum(pool.map(fuzz, targets), [])
    return results or [("fuzz: targets were built", False, "no executable under build/asan/tests/fuzz")]


def integration(modules: list[str]) -> list:
    """In a process of its own, whose words are passed on."""
    with tempfile.NamedTemporaryFile("r", prefix="vitrine-results-") as report:
        process = subprocess.Popen([sys.executable, "-u", "-m", "tests.integration", report.name, *modules], cwd=ROOT, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        output = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            output += line
        results = [tuple(json.loads(line)) for line in report]
    if process.wait() != 0 and all(ok for _, ok, _ in results) or not results:
        results.append((f"integration: {', '.join(modules)}", False, output))
    return results


def step_integration() -> list:
    """Two at a time: what shares the one embedded installation, and what has labs of its own."""
    results = build("integration", "build/gcc", [])
    if not results[0][1]:
        return results
    shared, alone = [], []
    for path in sorted((ROOT / "tests/integration").glob("test_*.py")):
        (shared if "inst.shared()" in path.read_text() else alone).append(path.stem)
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(integration, (shared, alone)), results)


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
