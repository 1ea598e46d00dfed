"""The golden vectors of tests/golden: every verifier says of each what expected.json says, with and without certificates to trust.

Arguments: the `vitrine` program."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tests.verifier.__main__ import judge

PROGRAM = sys.argv[1]
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
ARCHIVE_KEY = GOLDEN / "keys/archive.key"
TRUSTED = [GOLDEN / "keys" / name for name in ("ca.pem", "tsa-ca.pem")]


class Golden(unittest.TestCase):
    def test_second_verifier(self):
        for name, due in EXPECTED.items():
            with self.subTest(name):
                self.assertEqual(judge(GOLDEN / name, [], []).exit_code(), due["exit"])
                report = judge(GOLDEN / name, TRUSTED, [])
                self.assertEqual(report.exit_code(), due["exit_trusting"])
                self.assertEqual([finding.words() for finding in report.findings], due["findings"])
                opened = judge(GOLDEN / name, TRUSTED, archive_keys=[ARCHIVE_KEY])
                self.assertEqual(opened.exit_code(), due.get("exit_opened", due["exit_trusting"]))
                self.assertEqual([finding.words() for finding in opened.findings], due.get("findings_opened", due["findings"]))
                for key in due.keys() & {"session", "head", "segments", "duration_us", "root", "leaves", "proven_time"}:
                    self.assertEqual(report.facts[key], due[key], key)

    def test_published_head(self):
        head = (GOLDEN / "published.head").read_bytes()
        self.assertEqual(judge(GOLDEN / "log", TRUSTED, [head]).exit_code(), 0)

    def test_product(self):
        scratch = tempfile.TemporaryDirectory(prefix="vitrine-golden.")
        self.addCleanup(scratch.cleanup)
        key = Path(shutil.copy(ARCHIVE_KEY, scratch.name))
        key.chmod(0o600)  # git does not keep that, and the product insists
        ca = ["--ca", GOLDEN / "keys/ca.pem"]
        for name, due in EXPECTED.items():
            if "session" not in due:
                continue  # a log, a proof about it: `vitrine log verify` wants the store
            for options, code in ([], due["exit"]), (ca, due["exit_trusting"]), ([*ca, "--archive-key", key], due.get("exit_opened", due["exit_trusting"])):
                with self.subTest(name, options=options):
                    done = subprocess.run([PROGRAM, "verify", "--json", *options, GOLDEN / name], stdout=subprocess.PIPE, check=False)
                    report = json.loads(done.stdout)
                    self.assertEqual(done.returncode, code, report)
                    self.assertEqual((report["session"], report["head"], report["duration_us"]), (due["session"], due["head"], due["duration_us"]))

    def test_proven_time(self):
        """Between which times others than the node say that it was made."""
        whom = ["--ca", GOLDEN / "keys/ca.pem", "--tsa-ca", GOLDEN / "keys/tsa-ca.pem"]
        for name, due in EXPECTED.items():
            if "proven_time" not in due:
                continue
            with self.subTest(name):
                done = subprocess.run([PROGRAM, "verify", "--json", *whom, GOLDEN / name], stdout=subprocess.PIPE, check=False)
                self.assertEqual(json.loads(done.stdout)["proven_time"], due["proven_time"])

    def test_json_is_documented(self):
        """Every key that --json prints stands in docs/evidence.md, and the other way round."""
        text = (GOLDEN.parents[1] / "docs/evidence.md").read_text(encoding="utf-8").partition("`--json` prints")[2].partition("\n## ")[0]
        table = [line for line in text.splitlines() if line.startswith("| `")]
        rows = {name: re.findall(r"`(\w+)`", line.partition(" | ")[2]) for line in table for name in re.findall(r"`(\w+)`", line.partition(" | ")[0])}
        done = subprocess.run([PROGRAM, "verify", "--json", GOLDEN / "evidence.mp4", GOLDEN / "derived.mp4"], stdout=subprocess.PIPE, check=False)
        original, copy = json.loads(done.stdout)
        self.assertEqual(set(rows), set(original))
        for report in (original, copy):
            self.assertEqual(set(rows["export"]), set(report["export"]))
        self.assertEqual(rows["proven_time"], list(original["proven_time"]))
        self.assertEqual(rows["gaps"], list(original["gaps"][0]))
        self.assertLessEqual(set(original["findings"][0]), set(rows["findings"]))

    def test_words(self):
        """The first line of each verdict says what kind of case it is, and what is not there is named."""
        for name, code, parts in (("whole", 0, ("PROVEN:", "nothing is missing", "not recorded: 2.000 s", "begun after 2020-01-01T00:00:00Z (its signer's certificate is no older); that it is not younger")), ("part.mp4", 0, ("this is the named part", "2 of 4 segments")),
                                  ("unsealed", 5, ("has no proven end", "segment 3: 1.750 s to 2.250 s: seg-00003.mp4 is not closed")), ("encrypted", 5, ("name the key with --archive-key",)),
                                  ("power-cut.mp4", 5, ("has a proven end, but not everything that was written is signed", "what the findings below name", "segment 3: 1.750 s to 2.250 s: the last 23 bytes")),
                                  ("deleted", 6, ("DELETED: lawfully", "by order of alice, approved by bob: case closed")), ("derived.mp4", 0, ("DERIVED COPY",))):
            with self.subTest(name):
                done = subprocess.run([PROGRAM, "verify", "--ca", GOLDEN / "keys/ca.pem", GOLDEN / name], stdout=subprocess.PIPE, text=True, check=False)
                self.assertEqual(done.returncode, code)
                for part in parts:
                    self.assertIn(part, done.stdout)

    def test_keys_say_that_they_are_none(self):
        for key in (GOLDEN / "keys").glob("*.key"):
            self.assertIn("TEST KEY", key.read_text().splitlines()[0])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
