"""No false alarm over honest recordings of every odd shape, each killed, recovered and resumed as well, plain and encrypted. VITRINE_LONG=1 makes it a thousand.

Arguments: the `vitrine` program and make_recordings."""

import json
import os
import sys
import unittest
from collections import Counter

from tests.verifier.lab import Lab, Whom

PROGRAM, MAKE_RECORDINGS = sys.argv[1:3]
PLAIN, ENCRYPTED = (500, 500) if os.environ.get("VITRINE_LONG") else (100, 100)
WHOLE, INCOMPLETE = 0, 5


class Honest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(PROGRAM, MAKE_RECORDINGS)
        cls.addClassCleanup(cls.lab.close)

    def judge(self, made: list[tuple], whom: Whom) -> Counter:
        seen = Counter()
        for (path, shape, ending), (product, report) in zip(made, self.lab.both_of([path for path, *_ in made], whom)):
            due = INCOMPLETE if ending == "killed" or has_tail(path) else WHOLE
            with self.subTest(shape=shape, ending=ending):
                self.assertEqual(product.code, due, product.words())
                self.assertEqual(report.exit_code(), due, [finding.words() for finding in report.findings])
                self.assertEqual([(gap["start_us"], gap["end_us"]) for gap in product.report["gaps"]], [(gap["start_us"], gap["end_us"]) for gap in report.facts["gaps"]])
                self.assertEqual((product.report["head"], product.report["segments"], product.report["duration_us"]),
                                 (report.facts["head"], report.facts["segments"], report.facts["duration_us"]))
            seen[shape, ending] += 1
        return seen

    def test_no_false_alarm(self):
        seen = self.judge(self.lab.record(PLAIN), Whom((self.lab.authority.pem("ca"),)))
        self.assertEqual(len(seen), 40, "every shape came to every ending")
        self.assertEqual(sum(seen.values()), PLAIN)

    def test_no_false_alarm_over_encrypted_ones(self):
        made = self.lab.record(ENCRYPTED, encrypted=True)
        seen = self.judge(made, Whom((self.lab.authority.pem("ca"),), archive_keys=(self.lab.authority.key("archive"),)))
        self.assertEqual(len(seen), 50, "every shape came to every ending")
        tails = sum(has_tail(path) for path, *_ in made)
        self.assertGreater(tails, 0, "a power cut left bytes that nobody could sign")
        for (path, shape, ending), (product, report) in zip(made, self.lab.both_of([path for path, *_ in made], Whom((self.lab.authority.pem("ca"),)))):
            with self.subTest("without the key", shape=shape, ending=ending):
                self.assertIn(product.code, (WHOLE, INCOMPLETE), product.words())
                self.assertEqual(report.exit_code(), product.code, [finding.words() for finding in report.findings])


def has_tail(path) -> bool:
    entries = [json.loads(line.partition(b" ")[2]) for line in (path / "chain").read_bytes().splitlines()]
    return any(file.get("tail_bytes") for entry in entries for file in entry.get("files", []))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
