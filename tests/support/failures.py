"""What failed and why, in few lines: picks the telling lines from the output of a test, and the cases from meson's log of its tests.

Whoever reads a run on another machine often sees its last lines only."""

import base64
import json
import re
import signal
from pathlib import Path

LINES_OF_ONE, LINES_OF_ALL, LINE_CHARS = 15, 60, 220
FRAMES_OF_ONE = 3
REPRODUCER_BYTES = 512

# A line that says what went wrong, by whoever may say it.
TELLING = re.compile("|".join([
    r"^(Bail out! |\*\* )?(ERROR|CRITICAL|FATAL-\w+):", r"^\*\* .*-?(ERROR|CRITICAL|WARNING) \*\*", r"^not ok ", r"^FATAL",  # GLib
    r"^==\d+==ERROR: ", r"^SUMMARY: ", r"^WARNING: ThreadSanitizer", r": runtime error: ", r"^(Direct|Indirect) leak of ",  # sanitizers
    r"^(READ|WRITE) of size ", r"^Sanitizer CHECK failed",
    r"ERROR: libFuzzer", r"^Base64: ", r"Test unit written to ",
    r"^(FAIL|ERROR): \w+", r"^[\w.]*(Error|Exception|Expired|Exit|Interrupt)\b(: |$)",  # unittest
    r"^FAILED: ", r":\d+:(\d+:)? (fatal )?(error|warning): ", r"undefined reference to", r"^ninja: ",  # a build
    r": Assertion `", r"^(pg_cluster|initdb|pg_ctl): "]))
FRAME = re.compile(r"^\s+#\d+ 0x[0-9a-f]+ in (\S+) (\S*?)([^/\s]+\.[ch]:\d+)")
PYTHON_FRAME = re.compile(r'^\s+File "(?!/usr/lib)(?:.*/)?([^/"]+\.py)", line (\d+), in (\w+)')
WRITTEN = re.compile(r"Test unit written to (\S+)")
CASE = re.compile(r"^(not ok|ok)\s+\d+\s+([^#]*?)\s*(?:#\s*(\w+).*)?$", re.I)


def essence(output: str, limit: int = LINES_OF_ONE) -> list[str]:
    """The lines that tell why, in their order; its last lines where none does."""
    kept: list[str] = []
    frames = 0
    for line in output.splitlines():
        frame, python = FRAME.match(line), PYTHON_FRAME.match(line)
        if TELLING.search(line):
            kept.append(line.removeprefix("Bail out! ").strip())
            frames = 0
        elif frame and kept and frames < FRAMES_OF_ONE:
            kept.append(f"  in {frame[1]} {frame[3]}")
            frames += 1
        elif python:
            kept.append(f"  in {python[3]} {python[1]}:{python[2]}")
    kept += _reproducers(output)
    kept = list(dict.fromkeys(filter(None, kept)))  # GLib says the same on both of its outputs
    if not kept:
        return [_short(line) for line in output.splitlines() if line.strip()][-min(8, limit):]
    if len(kept) > limit:
        last = limit // 3
        kept = [*kept[:limit - last - 1], f"({len(kept) - limit + 1} more)", *kept[-last:]] if limit > 2 else kept[:limit]
    return [_short(line) for line in kept]


def _short(line: str) -> str:
    return line if line.startswith("Base64: ") or len(line) <= LINE_CHARS else line[:LINE_CHARS] + "..."


def _reproducers(output: str) -> list[str]:
    """libFuzzer prints the smallest ones only; its file stays on a machine that is gone."""
    found = []
    for name in WRITTEN.findall(output):
        path = Path(name)
        if "Base64: " not in output and path.is_file() and path.stat().st_size <= REPRODUCER_BYTES:
            found.append("Base64: " + base64.b64encode(path.read_bytes()).decode())
    return found


def of_meson(step: str, log: Path) -> list[tuple[str, bool, str]]:
    """Every case of every program in meson's testlog.json, as (name, passed, output). A program that died has one more, which says how and
    where: of its cases the dead one printed nothing."""
    return [result for line in log.read_text(errors="replace").splitlines() for result in _of_program(step, json.loads(line))]


def longest(log: Path, amount: int = 6) -> str:
    """The programs that took longest."""
    programs = sorted(map(json.loads, log.read_text(errors="replace").splitlines()), key=lambda program: -program["duration"])
    return ", ".join(f"{program['name'].rpartition(' / ')[2]} {program['duration']:.0f} s" for program in programs[:amount])


def _of_program(step: str, program: dict) -> list[tuple[str, bool, str]]:
    name = f"{step}: {program['name'].rpartition(' / ')[2]}"
    output = (program.get("stderr") or "") + "\n" + (program.get("stdout") or "")
    cases = [(match[1].lower() == "ok", match[2], match[3]) for match in map(CASE.match, (program.get("stdout") or "").splitlines()) if match]
    results = [(f"{name} {case}", good, "" if good else output) for good, case, directive in cases if not directive]
    if program["result"] in ("OK", "EXPECTEDFAIL"):
        return results or [(name, True, "")]
    if program["result"] == "SKIP":
        return results
    if all(good for _, good, _ in results):
        results.append((f"{name}: {_end_of(program)}{_place(program, cases)}", False, output))
    return results


def _end_of(program: dict) -> str:
    status, seconds = program.get("returncode", 0), program.get("duration", 0)
    if program["result"] == "TIMEOUT":
        return f"TIMEOUT after {seconds:.0f} s"
    how = signal.Signals(-status).name if -status in set(signal.Signals) else f"status {status}"
    return f"{program['result']}, {how} after {seconds:.0f} s"


def _place(program: dict, cases: list) -> str:
    plan = re.search(r"^1\.\.(\d+)", program.get("stdout") or "", re.M)
    if not plan:
        return ""
    if len(cases) >= int(plan[1]):
        return ", after its last case"
    return f", in the case after {cases[-1][1]}" if cases else ", in its first case"


def summary(results: list[tuple[str, bool, str]]) -> list[str]:
    """What failed, in at most some LINES_OF_ALL lines however much it is."""
    failed = [(name, output) for name, passed, output in results if not passed]
    each = min(LINES_OF_ONE, LINES_OF_ALL // max(1, len(failed)) - 1)
    lines = []
    for name, output in failed[:LINES_OF_ALL]:
        lines.append(f"FAILED {_short(name)}")
        lines += [f"    {line}" for line in (essence(output, each) if each > 0 else [])]
    if len(failed) > LINES_OF_ALL:
        lines.append(f"and {len(failed) - LINES_OF_ALL} more")
    return lines
