"""No false alarm over honest recordings of every odd shape, each killed, recovered and resumed as well. VITRINE_LONG=1 makes it a thousand.

Arguments: the `vitrine` program and make_recordings."""

import os
import sys
import unittest
from collections import Counter

from tests.verifier.lab import Lab

PROGRAM, MAKE_RECORDINGS = sys.argv[1:3]
COUNT = 1000 if os.environ.get("VITRINE_LONG") else 200
WHOLE, INCOMPLETE = 0, 5


class Honest(unittest.TestCase):
    def test_no_false_alarm(self):
        lab = Lab(PROGRAM, MAKE_RECORDINGS)
        self.addCleanup(lab.close)
        made = lab.record(COUNT)
        verdicts = lab.each(lambda item: lab.both(item[0], lab.authority.pem("ca")), made)
        seen = Counter()
        for (path, shape, ending), (product, report) in zip(made, verdicts):
            due = INCOMPLETE if ending == "killed" else WHOLE
            with self.subTest(shape=shape, ending=ending):
                self.assertEqual(product.code, due, product.words())
                self.assertEqual(report.exit_code(), due, [finding.words() for finding in report.findings])
                self.assertEqual([(gap["start_us"], gap["end_us"]) for gap in product.report["gaps"]], [(gap["start_us"], gap["end_us"]) for gap in report.facts["gaps"]])
                self.assertEqual((product.report["head"], product.report["segments"], product.report["duration_us"]),
                                 (report.facts["head"], report.facts["segments"], report.facts["duration_us"]))
            seen[shape, ending] += 1
        self.assertEqual(len(seen), 40, "every shape came to every ending")
        self.assertEqual(sum(seen.values()), COUNT)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
