"""verify.html: built from its sources, and of the same mind as the second verifier about what it is shown. No network, from a file, in Chromium.

Arguments: the `vitrine` program and make_recordings."""

import json
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

from tests.verifier.__main__ import judge
from tests.verifier.lab import Lab
from tests.verifier.large import large_evidence
from tests.verifier.page import PAGE, Page
from tests.verifier.writer import gather, log_of

PROGRAM, MAKE_RECORDINGS = sys.argv[1:3]
BUILD = Path(__file__).resolve().parents[2] / "web/verify/build"
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
BIG_BYTES = 1 << 30
MEMORY_BYTES = 512 << 20  # of the page, whatever it reads


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(PROGRAM, MAKE_RECORDINGS)
        cls.addClassCleanup(cls.lab.close)
        cls.ca, cls.tsa = cls.lab.authority.pem("ca"), cls.lab.authority.pem("tsa-ca")
        cls.made = cls.lab.record(40)
        cls.recording = next(path for path, shape, ending in cls.made if (shape, ending) == ("plain", "resumed"))
        cls.log = log_of([cls.recording], cls.lab.authority)
        cls.evidence = gather(cls.recording, log=cls.log).write(cls.lab.folder / "evidence.mp4", cls.lab.authority, stamped=True)
        cls.page = Page()
        cls.addClassCleanup(cls.page.close)

    def setUp(self):
        self.page.open()

    def agree(self, path: Path, code: int, *trusted: Path) -> str:
        report = judge(path, list(trusted), [])
        self.assertEqual(report.exit_code(), code, [finding.words() for finding in report.findings])
        seen, words = self.page.judge(path)
        self.assertEqual(seen, code, words)
        return words

    def test_built(self):
        """The same bytes again: nothing of the machine or the moment is in the page, so a stranger can make it from the sources and compare."""
        again = self.lab.folder / "verify.html"
        subprocess.run([BUILD, again], check=True)
        self.assertEqual(again.read_bytes(), PAGE.read_bytes())

    def test_honest(self):
        self.page.trust(self.ca)
        for path, shape, ending in self.made:
            with self.subTest(shape=shape, ending=ending):
                self.agree(path, 5 if ending == "killed" else 0, self.ca)
        self.assertEqual(self.page.errors(), [])

    def test_golden(self):
        """Every golden vector, without and with certificates to trust."""
        expected = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
        for key, give in ("exit", ()), ("exit_trusting", ("ca", GOLDEN / "keys/ca.pem", GOLDEN / "keys/tsa-ca.pem")), ("exit_opened", ("key", GOLDEN / "keys/archive.key")):
            if give:
                self.page.give(*give)
            for name, due in expected.items():
                if key == "exit_opened" and key not in due:
                    continue
                with self.subTest(name, key=key):
                    code, words = self.page.judge(GOLDEN / name)
                    self.assertEqual(code, due[key], words)
                    for fact in ("head", "root", "session"):
                        self.assertIn(due.get(fact, ""), words)
        self.assertEqual(self.page.errors(), [])

    def test_words(self):
        words = self.agree(self.evidence, 0)
        for part in ("Whole", "Who signed is not proven", "its authority, CN=Test time stamps", "0.000 s to 4.250 s, the whole recording", "1 signed gap, 2.000 s", "by auditor"):
            self.assertIn(part, words)
        self.page.trust(self.ca, self.tsa)
        words = self.agree(self.evidence, 0, self.ca, self.tsa)
        for part in ("Proven", "Existed at", "under a head of 12 leaves", "begun after 2020-01-01 00:00:00 UTC (its signer’s certificate is no older) and before"):
            self.assertIn(part, words)
        self.assertNotIn("What is not proven", words)

    def test_part_of_a_recording(self):
        part = gather(self.recording, 2, 3, leave_out_timelines="kept back").write(self.lab.folder / "part.mp4", self.lab.authority)
        words = self.agree(part, 0)
        for wanted in ("segments 1, 4", "seg-00002.jsonl.gz was left out: kept back", "1.000 s to 2.250 s"):
            self.assertIn(wanted, words)

    def test_untrusted(self):
        self.page.trust(self.tsa)
        self.assertIn("Not trusted", self.agree(self.evidence, 4, self.tsa))

    def test_trusted_by_itself(self):
        node = self.lab.authority.pem("node")
        self.page.trust(node)
        self.agree(self.recording, 0, node)

    def test_forged(self):
        copy = self.lab.folder / "copy.mp4"
        data = self.evidence.read_bytes()
        for name, forged in {"bit of the video": data[:900] + bytes([data[900] ^ 1]) + data[901:], "tail cut": data[:-700], "footer cut": data[:-32], "other file": b"hello" * 100,
                             "bit of the footer": data[:-3] + b"9\n", "bytes behind": data + b"\0" * 8}.items():
            copy.write_bytes(forged)
            with self.subTest(name):
                self.agree(copy, judge(copy, [], []).exit_code())
                self.assertNotEqual(judge(copy, [], []).exit_code(), 0)

    def test_foreign_texts_stay_texts(self):
        export = gather(self.recording)
        export.manifest["purpose"] = "<img src=x onerror=document.title='run'><script>document.title='run'</script>"
        path = export.write(self.lab.folder / "texts.mp4", self.lab.authority)
        self.assertIn("<img src=x", self.agree(path, 0))
        self.assertEqual(self.page.driver.title, "Verify a Vitrine recording")

    def test_gigabyte(self):
        """Read in pieces: the page's process never holds what it reads."""
        path = large_evidence(self.recording, self.lab.folder / "large.mp4", self.lab.authority, BIG_BYTES)
        self.page.trust(self.ca)
        began = time.monotonic()
        words = self.agree(path, 0, self.ca)
        seconds, peak = time.monotonic() - began, self.page.memory_peak()
        print(f"verify.html: {path.stat().st_size / 1e6:.0f} MB, with the second verifier in {seconds:.1f} s; the page held {peak / 1e6:.0f} MB", file=sys.stderr)
        self.assertIn("Proven", words)
        self.assertLess(peak, MEMORY_BYTES)
        with open(path, "r+b") as file:
            file.seek(BIG_BYTES // 2)
            file.write(b"\1")
        self.assertIn("segment 16, ", self.agree(path, 3, self.ca))
        path.unlink()


if __name__ == "__main__":
    os.environ.setdefault("SE_OFFLINE", "true")
    unittest.main(argv=sys.argv[:1], verbosity=2)
