"""The program that is handed over: in a root directory that holds nothing else it says of every golden case what `vitrine verify` says.

Arguments: `vitrine` and `vitrine-verify`."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, STATIC = (Path(name).resolve() for name in sys.argv[1:3])
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
EMPTY_ROOT = ["unshare", "--map-root-user", "--net", "chroot"]  # no library, no network
SKIPPED = 77


class Static(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="vitrine-static."))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(STATIC, self.root / "vitrine-verify")
        shutil.copytree(GOLDEN, self.root / "golden")

    def said(self, *command) -> tuple[int, list]:
        done = subprocess.run([*map(str, command), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, cwd=self.root)
        self.assertTrue(done.stdout, done.stderr)
        return done.returncode, json.loads(done.stdout)

    def test_same_verdicts(self):
        cases = [f"golden/{name}" for name in json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8")) if name != "log"]
        for options in ([], ["--ca", "golden/keys/ca.pem", "--tsa-ca", "golden/keys/tsa-ca.pem"], ["--ca", "golden/keys/tsa-ca.pem"]):
            with self.subTest(options):
                handed_over = self.said(*EMPTY_ROOT, self.root, "/vitrine-verify", *options, *cases)
                self.assertEqual(handed_over, self.said(PROGRAM, "verify", *options, *cases))
                self.assertEqual(len(handed_over[1]), len(cases))

    def test_the_worst_of_several_counts(self):
        (self.root / "other.mp4").write_bytes(b"hello" * 100)
        for paths, code in ((["golden/whole"], 0), (["golden/whole", "golden/unsealed"], 5), (["golden/unsealed", "other.mp4", "golden/whole"], 3), (["golden/whole", "nothing"], 1)):
            self.assertEqual(self.said("./vitrine-verify", *paths)[0], code)


if __name__ == "__main__":
    if subprocess.run([*EMPTY_ROOT, "/", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("this machine gives no namespaces")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)
