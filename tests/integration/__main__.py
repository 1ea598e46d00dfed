"""python3 -m tests.integration REPORT MODULE...: runs modules of this folder; appends each result to the file REPORT, one JSON line, as soon as
it is known: what comes after may take this process along."""

import json
import sys
import time
import unittest
from pathlib import Path


class Collector(unittest.TestResult):
    def __init__(self, report: Path):
        super().__init__()
        self.report, self.began = report, time.monotonic()

    def add(self, name: str, passed: bool, output: str = "") -> None:
        with self.report.open("a") as file:
            file.write(json.dumps([f"integration: {name}", passed, output]) + "\n")
        print(f"{'ok' if passed else 'FAILED'} {name} in {time.monotonic() - self.began:.1f} s", flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.add(test.id(), True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.add(test.id(), False, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.add(test.id(), False, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.add(subtest.id(), False, self._exc_info_to_string(err, subtest))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.add(test.id(), False, "passed, although a failure is expected")


def main() -> int:
    result = Collector(Path(sys.argv[1]))
    unittest.defaultTestLoader.loadTestsFromNames([f"tests.integration.{name}" for name in sys.argv[2:]]).run(result)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
