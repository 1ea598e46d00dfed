"""docs/checking-by-hand.md is true: its commands, run literally on the golden vectors, print what it says; on a forgery they print something else.

--write puts what they print into the page, for the author of a new version to read."""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE, GOLDEN = ROOT / "docs/checking-by-hand.md", ROOT / "tests/golden"
BLOCK = re.compile(r"```sh\n(?P<commands>.*?)```\n\n```text\n(?P<printed>.*?)```\n", re.DOTALL)
MARK = "---- next block ----"


def run(folder: Path, page: str) -> list[str]:
    script = f"\necho '{MARK}'\n".join(found["commands"] for found in BLOCK.finditer(page))
    done = subprocess.run(["bash", "-c", script], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    return done.stdout.split(MARK + "\n")


def desk(folder: Path) -> Path:
    shutil.copy(GOLDEN / "evidence.mp4", folder)
    shutil.copy(GOLDEN / "keys/ca.pem", folder / "evidence-ca.pem")
    shutil.copy(GOLDEN / "keys/tsa-ca.pem", folder)
    shutil.copytree(GOLDEN / "whole", folder / "recording")
    return folder


class ByHand(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="vitrine-by-hand.")
        self.addCleanup(scratch.cleanup)
        self.folder = desk(Path(scratch.name))
        self.page = PAGE.read_text(encoding="utf-8")
        self.due = [found["printed"] for found in BLOCK.finditer(self.page)]

    def test_page_is_true(self):
        self.assertEqual(len(self.due), self.page.count("```sh\n"), "every block of commands is followed by what it prints")
        self.assertGreaterEqual(len(self.due), 8)
        for number, (printed, due) in enumerate(zip(run(self.folder, self.page), self.due, strict=True)):
            with self.subTest(block=number + 1):
                self.assertEqual(printed, due)

    def flipped(self, find: bytes, at: int = 0) -> list[str]:
        path = self.folder / "evidence.mp4"
        data = bytearray(path.read_bytes())
        place = data.rindex(find) + at
        data[place] ^= 4
        path.write_bytes(data)
        return run(self.folder, self.page)

    def test_video_bit(self):
        printed = self.flipped(b"mdat", 30)
        self.assertIn("video.mp4: FAILED", printed[2])

    def test_manifest_bit(self):
        self.assertNotEqual(self.flipped(b'"created_by":"', 15)[1], self.due[1])

    def test_chain_bit(self):
        printed = self.flipped(b'"target":"web-01"', 12)
        self.assertIn("FAILED", printed[2])
        self.assertIn("Verification failure", printed[3].replace("Verification Failure", "Verification failure"))

    def test_log_bit(self):
        self.assertNotEqual(self.flipped(b'"path":["', 12)[6], self.due[6])


def write() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        page = PAGE.read_text(encoding="utf-8")
        printed = iter(run(desk(Path(scratch)), page))
        PAGE.write_text(BLOCK.sub(lambda found: f"```sh\n{found['commands']}```\n\n```text\n{next(printed)}```\n", page), encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    else:
        unittest.main(verbosity=2)
