"""`vitrine log` from the outside: what it proves, a stranger checks; what was cut or written anew it names, and so does the stranger.

Arguments: the program. The stranger is tests.verifier, written from docs/evidence-format.md alone."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tests.verifier.__main__ import judge
from tests.verifier.authority import Authority
from tests.verifier.writer import Log

PROGRAM = sys.argv[1]
SIZES = [1, 2, 3, 4, 7, 8, 13, 16, 21]


class NodeLog(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="vitrine-log."))
        self.addCleanup(shutil.rmtree, self.dir)
        (self.dir / "keys").mkdir()
        self.authority = Authority(self.dir / "keys").make()
        self.ca = self.authority.pem("ca")
        self.store = self.dir / "store"
        self.store.mkdir()
        self.log = Log(self.authority)
        self.grow(*SIZES)

    def grow(self, *sizes: int) -> None:
        for size in sizes:
            while len(self.log.leaves) < size:
                self.log.add("audit", id=len(self.log.leaves) + 1, sha256=f"{len(self.log.leaves):064x}")
            self.log.sign()
        self.log.write(self.store / "log")

    def kept(self, number: int) -> Path:
        """The head of SIZES[number], as it was kept elsewhere."""
        path = self.dir / f"head{number}"
        path.write_bytes(self.log.heads[number] + b"\n")
        return path

    def run_log(self, *words) -> tuple[int, str]:
        done = subprocess.run([PROGRAM, "log", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=30)
        return done.returncode, done.stdout

    def verify(self, *words, store: Path | None = None) -> tuple[int, str]:
        return self.run_log("verify", "--store", store or self.store, "--no-database", *words)

    def both(self, code: int, *heads: Path, text: str = "", store: Path | None = None) -> None:
        """The product and the stranger say the same of the log."""
        options = [word for head in heads for word in ("--head", head)]
        found, words = self.verify("--ca", self.ca, *options, store=store)
        self.assertEqual(found, code, words)
        self.assertIn(text, words)
        report = judge((store or self.store) / "log", [self.ca], [head.read_bytes() for head in heads])
        self.assertEqual(report.exit_code(), code, [finding.words() for finding in report.findings])

    def prove(self, *words) -> Path:
        place = self.dir / "proof"
        code, out = self.run_log("prove", "--store", self.store, "--output", place, *words)
        self.assertEqual(code, 0, out)
        return place / "log-consistency.json"

    def stranger(self, proof: Path) -> int:
        return judge(proof, [self.ca]).exit_code()

    def test_any_two_heads(self):
        for older in range(len(SIZES)):
            for newer in range(older, len(SIZES)):
                proof = self.prove("--since", self.kept(older), "--until", self.kept(newer))
                report = judge(proof, [self.ca])
                self.assertEqual((report.exit_code(), report.facts["first"], report.facts["second"]), (0, SIZES[older], SIZES[newer]),
                                 [finding.words() for finding in report.findings])

    def test_verify_points_to_the_command_for_a_log(self):
        done = subprocess.run([PROGRAM, "verify", str(self.store / "log")], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("'vitrine log verify --store'", done.stderr)

    def test_up_to_the_newest(self):
        kept = self.kept(3)
        self.grow(40)
        report = judge(self.prove("--since", kept), [self.ca])
        self.assertEqual((report.exit_code(), report.facts["second"]), (0, 40))
        code, out = self.run_log("prove", "--store", self.store, "--since", self.kept(5), "--until", kept, "--output", self.dir)
        self.assertEqual((code, "wrong order" in out), (1, True), out)
        self.assertEqual(self.run_log("prove", "--store", self.store, "--until", kept)[0], 2)

    def test_a_changed_proof_does_not_hold(self):
        proof = self.prove("--since", self.kept(4), "--until", self.kept(8))
        honest = json.loads(proof.read_text())
        self.assertGreater(len(honest["path"]), 2)
        changes = [{**honest, "path": [node if place != at else node[::-1] for place, node in enumerate(honest["path"])]} for at in range(len(honest["path"]))]
        changes += [{**honest, "path": honest["path"][:-1]}, {**honest, "path": [*honest["path"], honest["path"][0]]},
                    {**honest, "first": honest["second"], "second": honest["first"]}, {**honest, "first": self.log.heads[5].decode()}]
        for change in changes:
            proof.write_text(json.dumps(change))
            self.assertEqual(self.stranger(proof), 3, change)
        proof.write_text(json.dumps(honest))
        self.assertEqual(self.stranger(proof), 0)
        proof.with_name("log-certificate.pem").write_bytes(self.authority.pem("tsa").read_bytes())
        self.assertEqual(self.stranger(proof), 3)

    def test_older_log(self):
        """What an owner of the disk puts back: the log as it was, with the heads of then."""
        older = self.dir / "older"
        shutil.copytree(self.store, older)
        kept = self.kept(8)
        for name, count in ("leaves", SIZES[4]), ("heads", 5):
            path = older / "log" / name
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:count]))
        self.both(0, store=older)
        self.both(0, self.kept(2), store=older)
        self.both(3, kept, text="it was cut", store=older)
        code, out = self.run_log("prove", "--store", older, "--since", kept, "--output", self.dir)
        self.assertEqual((code, "newer than the log" in out), (1, True), out)

    def test_a_log_written_anew(self):
        """With the node's own key: it holds by itself, and only what was kept elsewhere shows it."""
        kept = self.kept(6)
        anew = Log(self.authority)
        for size in SIZES:
            while len(anew.leaves) < size:
                anew.add("audit", id=len(anew.leaves) + 1, sha256=f"{len(anew.leaves) ^ (len(anew.leaves) == 4):064x}")
            anew.sign()
        anew.write(self.store / "log")
        self.both(0)
        self.both(3, kept, text="changed or written anew")
        place = self.dir / "proof"
        place.mkdir()
        code, out = self.run_log("prove", "--store", self.store, "--since", kept, "--output", place)
        self.assertEqual((code, list(place.iterdir())), (3, []), out)
        self.assertIn("does not go on from the head", out)

    def test_heads_as_a_syslog_daemon_writes_them(self):
        kept = self.dir / "messages"
        kept.write_bytes(b"".join(b"Nov 22 17:00:00 gw1 vitrine-recorder[7]: node log head " + head + b"\n" for head in self.log.heads[2:6]) + b"Nov 22 17:00:01 gw1 sshd[9]: hello\n")
        code, out = self.verify("--ca", self.ca, "--head", kept)
        self.assertEqual((code, "PROVEN" in out), (0, True), out)
        self.assertRegex(out, r"kept heads +4")

    def test_words(self):
        """PROVEN wants both: whom to trust, and a head from elsewhere. What was not asked is said."""
        kept, ca = ("--head", self.kept(6)), ("--ca", self.ca)
        for options, first, parts in (((*ca, *kept), "PROVEN:", ()), (ca, "WHOLE:", ("--head",)), (kept, "WHOLE:", ("--ca", "with the heads that were kept elsewhere")), ((), "WHOLE:", ("--head", "--ca"))):
            code, out = self.verify(*options)
            line = out.splitlines()[0]
            self.assertEqual((code, line.split()[0]), (0, first), out)
            self.assertIn("Audit records were not compared.", line)
            for option in ("--head", "--ca"):
                self.assertEqual(option in line, option in parts, line)
            for part in parts:
                self.assertIn(part, line)

    def test_exit_codes(self):
        self.assertEqual(self.verify()[0], 0)
        self.assertEqual(self.verify("--ca", self.authority.pem("tsa-ca"))[0], 4)
        self.log.add("audit", id=99, sha256="0" * 64)
        self.log.write(self.store / "log")
        self.both(5, text="not signed yet")
        code, out = self.verify("--json")
        self.assertEqual((code, json.loads(out)["verdict"]), (5, "incomplete"))
        self.assertEqual(self.verify(store=self.dir)[0], 1)

    def test_a_rotated_key(self):
        """Heads of two keys of the node: one log, one proof across."""
        old = self.authority.pem("node").read_bytes()
        self.authority.issue("node", "ca", "node1 again")
        self.grow(30)
        (self.store / "log/certificate.pem").write_bytes(self.authority.pem("node").read_bytes() + old)
        self.both(0, self.kept(3))
        self.assertEqual(self.stranger(self.prove("--since", self.kept(3))), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
