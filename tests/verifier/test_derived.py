"""Derived copies: three verifiers of one mind, the first line says what it is, and no lie of an honest signer passes for an original or for another recording's copy.

Arguments: the `vitrine` program and make_recordings."""

import copy
import re
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Callable

from tests.verifier.authority import Authority
from tests.verifier.evidence import Evidence
from tests.verifier.lab import Lab
from tests.verifier.page import Page
from tests.verifier.writer import Export, compact, covered, derive, gather, log_of, sha256

PROGRAM, MAKE_RECORDINGS = sys.argv[1:3]
WHOLE, BROKEN, UNTRUSTED, INCOMPLETE = 0, 3, 4, 5
COVER = {"operation": "cover", "x": 16, "y": 32, "width": 64, "height": 16, "start_us": 0, "end_us": 900000}
OPERATIONS = [COVER, {"operation": "mask", "start_us": 1000000, "end_us": 1500000}, {"operation": "transcode", "codec": "h264", "encoder": "libx264", "qp": 24}]


class Derived(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(PROGRAM, MAKE_RECORDINGS)
        cls.addClassCleanup(cls.lab.close)
        cls.authority = cls.lab.authority
        (cls.recording, *_), (cls.other, *_) = cls.lab.record(2, "plain", "resumed")
        (cls.unsealed, *_), = cls.lab.record(1, "plain", "killed")
        cls.trusted = (cls.authority.pem("ca"), cls.authority.pem("tsa-ca"))
        cls.log = log_of([cls.recording, cls.other], cls.authority)
        cls.original = gather(cls.recording, log=cls.log)
        cls.export = derive(cls.original, covered(cls.original.video, COVER), OPERATIONS)
        cls.copy = cls.export.write(cls.lab.folder / "copy.mp4", cls.authority, stamped=True)
        cls.judged: list = []  # (name, path, code), for the page

    def both(self, name: str, path, code: int, says: str = "") -> None:
        with self.subTest(name):
            product, report = self.lab.both(path, *self.trusted)
            mine = "; ".join(finding.words() for finding in report.findings) + report.unjudged
            self.assertEqual(product.code, code, f"vitrine verify: {product.words()}\nsecond: {mine}")
            self.assertEqual(report.exit_code(), code, f"vitrine verify: {product.words()}\nsecond: {mine}")
            if says:
                self.assertRegex(product.words(), says)
                self.assertRegex(mine, says)
            self.judged.append((name, path, code))

    def lie(self, name: str, change: Callable[[Export], None], says: str = "", code: int = BROKEN, signer: Authority | None = None) -> None:
        export = copy.deepcopy(self.export)
        change(export)
        self.both(name, export.write(self.lab.folder / f"{re.sub(r'[^a-z0-9]+', '-', name)}.mp4", signer or self.authority), code, says)

    def test_honest(self):
        unsealed = gather(self.unsealed, 1, 2)
        part = gather(self.recording, 2, 3)
        for name, path, code in (("copy", self.copy, WHOLE), ("unsealed", derive(unsealed, b"", []).write(self.lab.folder / "unsealed.mp4", self.authority), INCOMPLETE),
                                 ("part", derive(part, self.export.video, OPERATIONS).write(self.lab.folder / "part.mp4", self.authority), WHOLE)):
            self.both(name, path, code)

    def test_first_line(self):
        for command in ([PROGRAM, "verify"], [sys.executable, "-m", "tests.verifier"]):
            done = subprocess.run([*command, "--ca", str(self.trusted[0]), str(self.copy)], stdout=subprocess.PIPE, text=True, check=True)
            self.assertRegex(done.stdout.splitlines()[0], r"^DERIVED")
            self.assertNotIn("nothing is missing", done.stdout)
            self.assertIn("PROVEN: every byte of th", done.stdout)
            self.assertIn(self.original.manifest["video_sha256"], done.stdout)
        done = subprocess.run([PROGRAM, "verify", str(self.copy)], stdout=subprocess.PIPE, text=True, check=True)
        for words in ("64 x 16 pixels at 16, 32 covered with grey, 0.000 s to 0.900 s", "1.000 s to 1.500 s masked by a card", "all pictures encoded anew, QP 24",
                      "WHOLE: every byte of this copy"):
            self.assertIn(words, done.stdout)

    def test_worked_example(self):
        """What docs/evidence-format.md shows is what lies in tests/golden."""
        root = Path(__file__).resolve().parents[2]
        text = (root / "docs/evidence-format.md").read_text(encoding="utf-8")
        manifest = Evidence(root / "tests/golden/derived.mp4").manifest
        for key in ("operations", "source_sha256", "span", "video_bytes", "video_sha256"):
            shown = compact({key: manifest[key]}).decode()[1:-1]
            self.assertIn(shown, text.replace("},\n                   {", "},{"), key)
        shown = re.search(r"`head -c (\d+) evidence.mp4 \| sha256sum`", text)
        video = (root / "tests/golden/evidence.mp4").read_bytes()[:int(shown[1])]
        self.assertEqual(sha256(video), manifest["source_sha256"])

    def test_lies(self):
        other = gather(self.other, log=self.log)
        named = self.export.manifest["left_out"]
        self.lie("says it is the original", lambda e: e.manifest.update(kind="original"))
        self.lie("original with the copy's pictures as a part", lambda e: e.manifest.update(kind="original", left_out=[], parts=[
            {"bytes": len(e.video), "name": "seg-00001.mp4", "offset": 0, "sha256": e.manifest["video_sha256"]}]))
        self.lie("has parts", lambda e: e.manifest.update(parts=self.original.manifest["parts"]))
        self.lie("has no operations", lambda e: e.manifest.pop("operations"))
        self.lie("has no source", lambda e: e.manifest.pop("source_sha256"))
        self.lie("source is no hash", lambda e: e.manifest.update(source_sha256="unknown"))
        self.lie("says nothing of a segment in the middle", lambda e: e.manifest.update(left_out=[item for item in named if "00002" not in item["name"]]))
        self.lie("says nothing of the pictures", lambda e: e.manifest.update(left_out=[item for item in named if item["name"] != "seg-00002.mp4"]), "seg-00002.mp4")
        self.lie("says another span", lambda e: e.manifest.update(span={"start_us": 0, "end_us": 99}), "span")
        self.lie("says it is not whole", lambda e: e.manifest.update(whole=False), "whole")
        self.lie("says another session", lambda e: e.manifest.update(session="00000000-0000-4000-8000-999999999999"), "session")
        self.lie("chain of another recording", lambda e: e.archive.update(chain=other.archive["chain"]))
        self.lie("video changed", lambda e: setattr(e, "video", e.video[:-1] + bytes([e.video[-1] ^ 1])), "video")
        self.lie("timeline that is none", lambda e: (e.archive.update({"seg-00001.jsonl": b"{}\n"}), e.manifest["files"].append(
            {"bytes": 3, "name": "seg-00001.jsonl", "sha256": "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"})), "seg-00001.jsonl")
        stranger = self.lab.folder / "stranger"
        stranger.mkdir()
        self.lie("signed by a stranger", lambda e: None, code=UNTRUSTED, signer=Authority(stranger).make("Stranger"))

    def test_edited(self):
        """Without the key: whatever the manifest says, in as many characters."""
        data = self.copy.read_bytes()
        source = self.export.manifest["source_sha256"].encode()
        for name, old, new in (("operations", b'"end_us":900000', b'"end_us":900001'), ("source", source, source[::-1]), ("kind", b'"kind":"derived"', b'"kind":"origin" '),
                               ("operation", b'"operation":"mask"', b'"operation":"none"'), ("left out", b'"name":"seg-00001.mp4","reason"', b'"name":"seg-00009.mp4","reason"')):
            path = self.lab.folder / f"edited-{name.replace(' ', '-')}.mp4"
            self.assertEqual(data.count(old), 1, name)
            path.write_bytes(data.replace(old, new))
            self.both(name, path, BROKEN)

    def test_z_page(self):
        """Last, over all that the tests before it made."""
        page = Page()
        self.addCleanup(page.close)
        page.trust(*self.trusted)
        code, words = page.judge(self.copy)
        self.assertEqual(code, WHOLE, words)
        self.assertTrue(words.startswith("Derived copy: not the recorded video."), words)
        for text in ("64 × 16 pixels at 16, 32 covered with grey", "masked by a card", self.original.manifest["video_sha256"]):
            self.assertIn(text, words)
        for name, path, code in self.judged:
            with self.subTest(name):
                seen, words = page.judge(path)
                self.assertEqual(seen, code, words)
        self.assertEqual(page.errors(), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
