"""What the last lines of a run say about each way in which a test fails."""

import base64
import json
import tempfile
import unittest
from pathlib import Path

from tests.support import failures

PLAN = "1..3\n# Start of x tests\nok 1 /x/one\n"
ADDRESS = """=================================================================
==19276==ERROR: AddressSanitizer: heap-use-after-free on address 0x6030000003b1 at pc 0x55620d3bc763
WRITE of size 1 at 0x6030000003b1 thread T0
    #0 0x55620d3bc762 in bad /tmp/x/build/../t.c:12:67
    #1 0x7f53496d162d  (/lib/x86_64-linux-gnu/libglib-2.0.so.0+0x7d62d)
    #2 0x55620d3bc18d in main /tmp/x/build/../t.c:18:164
    #3 0x7f5349399249 in __libc_start_call_main csu/../sysdeps/nptl/libc_start_call_main.h:58:16
    #4 0x55620d2fe390 in later /tmp/x/build/../t.c:19:1
SUMMARY: AddressSanitizer: heap-use-after-free /tmp/x/build/../t.c:12:67 in bad
Shadow bytes around the buggy address:
  0x0c067fff8020: 00 00 00 00 fa fa 00 00 00 fa fa fa fd fd fd fa
"""
PYTHON = """test_a (__main__.A.test_a) ... ok
FAIL: test_b (__main__.A.test_b)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/usr/lib/python3.11/unittest/case.py", line 57, in testPartExecutor
  File "/tmp/x/p.py", line 6, in test_b
    self.assertEqual(1, 2, "one is two")
AssertionError: 1 != 2 : one is two

FAILED (failures=1)
"""


def of_meson(**program) -> list:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "testlog.json"
        log.write_text(json.dumps({"name": "vitrine:unit+tsan / ring", "result": "OK", "returncode": 0, "duration": 1.5, "stdout": "", **program}) + "\n")
        return failures.of_meson("unit", log)


def told(**program) -> list[str]:
    return failures.summary(of_meson(**program))


class Failures(unittest.TestCase):
    def test_cases_of_a_good_program(self):
        good = of_meson(stdout="1..3\nok 1 /x/one\nok 2 /x/two # SKIP slow\nok 3 /x/three\n")
        self.assertEqual(good, [("unit: ring /x/one", True, ""), ("unit: ring /x/three", True, "")])
        self.assertEqual(of_meson(), [("unit: ring", True, "")])
        self.assertEqual(of_meson(result="SKIP"), [])
        self.assertEqual(failures.summary(good), [])

    def test_failed_case(self):
        self.assertEqual(told(result="FAIL", stdout=PLAN + "not ok 2 /x/two\nok 3 /x/three\n"), ["FAILED unit: ring /x/two", "    not ok 2 /x/two"])

    def test_assertion(self):
        why = "ERROR:../t.c:8:bad: assertion failed (n == 60000): (54122 == 60000)"
        lines = told(result="ERROR", returncode=-6, stdout=PLAN + f"Bail out! {why}\n", stderr=f"**\n{why}\n")
        self.assertEqual(lines, ["FAILED unit: ring: ERROR, SIGABRT after 2 s, in the case after /x/one", f"    {why}"])

    def test_sanitizer(self):
        lines = told(result="ERROR", returncode=-6, stdout="1..2\n", stderr=ADDRESS)
        self.assertEqual(lines[0], "FAILED unit: ring: ERROR, SIGABRT after 2 s, in its first case")
        self.assertEqual(lines[3:], ["      in bad t.c:12", "      in main t.c:18", "      in __libc_start_call_main libc_start_call_main.h:58",
                                     "    SUMMARY: AddressSanitizer: heap-use-after-free /tmp/x/build/../t.c:12:67 in bad"])

    def test_leak_after_all_cases(self):
        lines = told(result="ERROR", returncode=1, stdout="1..1\nok 1 /x/one\n", stderr="Direct leak of 17 byte(s) in 1 object(s) allocated from:\n")
        self.assertEqual(lines, ["FAILED unit: ring: ERROR, status 1 after 2 s, after its last case",
                                 "    Direct leak of 17 byte(s) in 1 object(s) allocated from:"])

    def test_timeout(self):
        lines = told(result="TIMEOUT", returncode=-15, duration=180.2, stdout=PLAN, stderr="".join(f"line {n}\n" for n in range(50)))
        self.assertEqual(lines[0], "FAILED unit: ring: TIMEOUT after 180 s, in the case after /x/one")
        self.assertEqual(lines[5:], ["    line 49", "    1..3", "    # Start of x tests", "    ok 1 /x/one"])

    def test_python(self):
        self.assertEqual(told(result="FAIL", returncode=1, stderr=PYTHON)[1:],
                         ["    FAIL: test_b (__main__.A.test_b)", "      in test_b p.py:6", "    AssertionError: 1 != 2 : one is two"])

    def test_fuzzer(self):
        with tempfile.TemporaryDirectory() as folder:
            found = Path(folder) / "crash-1"
            found.write_bytes(b"\x00RFB")
            output = f"==9== ERROR: libFuzzer: deadly signal\n    #0 0x55 in LLVMFuzzerTestOneInput fuzz_x.c:3\nTest unit written to {found}\n"
            self.assertEqual(failures.essence(output)[-1], "Base64: " + base64.b64encode(b"\x00RFB").decode())
            self.assertEqual(sum(line.startswith("Base64") for line in failures.essence(output + "Base64: AFJGQg==\n")), 1)

    def test_build(self):
        output = "[1/9] Compiling C object\nFAILED: base/x.o\n../base/x.c:3:1: error: unknown type name 'gboolen'\nninja: build stopped: subcommand failed.\n"
        self.assertEqual(failures.essence(output), output.splitlines()[1:])

    def test_bounded(self):
        many = [(f"unit: case {n}", False, "\n".join(f"ERROR: {n} {m}" + "x" * 500 for m in range(100))) for n in range(100)]
        for amount in (1, 2, 7, 40, 59, 100):
            lines = failures.summary(many[:amount])
            self.assertLessEqual(len(lines), failures.LINES_OF_ALL + 1)
            self.assertEqual(sum(line.startswith("FAILED ") for line in lines), min(amount, failures.LINES_OF_ALL))
            self.assertLess(max(map(len, lines)), failures.LINE_CHARS + 20)
        self.assertEqual(lines[-1], "and 40 more")


if __name__ == "__main__":
    unittest.main()
