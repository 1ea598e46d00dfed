"""The golden vectors of tests/golden: every verifier says of each what expected.json says, with and without certificates to trust.

Arguments: the `vitrine` program."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

from tests.verifier.__main__ import judge

PROGRAM = sys.argv[1]
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
TRUSTED = [GOLDEN / "keys" / name for name in ("ca.pem", "tsa-ca.pem")]


class Golden(unittest.TestCase):
    def test_second_verifier(self):
        for name, due in EXPECTED.items():
            with self.subTest(name):
                self.assertEqual(judge(GOLDEN / name, [], []).exit_code(), due["exit"])
                report = judge(GOLDEN / name, TRUSTED, [])
                self.assertEqual(report.exit_code(), due["exit_trusting"])
                self.assertEqual([finding.words() for finding in report.findings], due["findings"])
                for key in due.keys() & {"session", "head", "segments", "duration_us", "root", "leaves"}:
                    self.assertEqual(report.facts[key], due[key], key)

    def test_published_head(self):
        head = (GOLDEN / "published.head").read_bytes()
        self.assertEqual(judge(GOLDEN / "log", TRUSTED, [head]).exit_code(), 0)

    def test_product(self):
        for name, due in EXPECTED.items():
            if name == "log":
                continue
            for options, code in ([], due["exit"]), (["--ca", GOLDEN / "keys/ca.pem"], due["exit_trusting"]):
                with self.subTest(name, options=options):
                    done = subprocess.run([PROGRAM, "verify", "--json", *options, GOLDEN / name], stdout=subprocess.PIPE, check=False)
                    report = json.loads(done.stdout)
                    self.assertEqual(done.returncode, code, report)
                    self.assertEqual((report["session"], report["head"], report["duration_us"]), (due["session"], due["head"], due["duration_us"]))

    def test_keys_say_that_they_are_none(self):
        for key in (GOLDEN / "keys").glob("*.key"):
            self.assertIn("TEST KEY", key.read_text().splitlines()[0])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
