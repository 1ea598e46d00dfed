"""The tamper matrix of evidence files and of the node log. Files: found by both verifiers with the same exit code, and a sample by the page; the log: by the second one.
VITRINE_LONG=1 flips more bits.

Arguments: the `vitrine` program and make_recordings."""

import copy
import os
import random
import re
import shutil
import sys
import unittest
from pathlib import Path
from typing import Callable

from tests.verifier.__main__ import judge
from tests.verifier.authority import Authority
from tests.verifier.box import find_box, read_archive
from tests.verifier.lab import Lab, Whom
from tests.verifier.page import Page
from tests.verifier.writer import Export, Log, gather, log_of, sha256

PROGRAM, MAKE_RECORDINGS = sys.argv[1:3]
LONG = bool(os.environ.get("VITRINE_LONG"))
FLIPS = 20 if LONG else 2
UNJUDGED, WHOLE, BROKEN, UNTRUSTED, INCOMPLETE = 1, 0, 3, 4, 5
PAGE_SAMPLE = 40


class Evidence(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(PROGRAM, MAKE_RECORDINGS)
        cls.addClassCleanup(cls.lab.close)
        cls.authority = cls.lab.authority
        (cls.recording, *_), (cls.other, *_) = cls.lab.record(2, "plain", "resumed")
        (cls.unsealed, *_), = cls.lab.record(1, "plain", "killed")
        stranger = cls.lab.folder / "stranger"
        stranger.mkdir()
        cls.stranger = Authority(stranger).make("Stranger")
        cls.trusted = (cls.authority.pem("ca"), cls.authority.pem("tsa-ca"))
        cls.log = log_of([cls.recording, cls.other], cls.authority)
        cls.export = gather(cls.recording, log=cls.log)
        cls.evidence = cls.export.write(cls.lab.folder / "evidence.mp4", cls.authority, stamped=True)
        cls.forged: list = []  # (path, code), for the page

    def both(self, name: str, path: Path, codes: tuple, says: str = "") -> None:
        with self.subTest(name):
            product, report = self.lab.both(path, *self.trusted)
            mine = "; ".join(finding.words() for finding in report.findings) + report.unjudged
            self.assertIn(product.code, codes, f"vitrine verify: {product.words()}\nsecond: {mine}")
            self.assertEqual(report.exit_code(), product.code, f"the verifiers differ\nvitrine: {product.words()}\nsecond: {mine}")
            if says:
                self.assertRegex(product.words(), says)
                self.assertRegex(mine, says)
            self.forged.append((name, path, product.code))

    # ---- Bits ----

    def areas(self) -> list[tuple[str, int, int]]:
        """Every field and box: name, first byte, length."""
        start, end = find_box(self.evidence)
        data, areas = self.evidence.read_bytes(), [("box size", start, 4), ("box type", start + 4, 4), ("usertype", start + 8, 16), ("footer", end - 32, 32)]
        entries = read_archive(self.evidence, start, end)
        for name, entry in entries.items():
            header = entry.offset - 512
            areas += [(f"{name}: header's {field}", header + at, size) for field, at, size in (("name", 0, 20), ("size", 124, 12), ("checksum", 148, 8), ("type", 156, 1), ("magic", 257, 8))]
            areas += [(f"{name}: content", entry.offset, entry.size)]
            if entry.size % 512:
                areas.append((f"{name}: padding", entry.offset + entry.size, -entry.size % 512))
        areas.append(("end of the archive", entry.offset + entry.size + -entry.size % 512, 1024))
        areas += [(f"video: {found[0].decode()}", found.start() - 4, 24) for found in re.finditer(rb"ftyp|moov|trak|avcC|moof|tfdt|trun|mdat", data[:start])][:24]
        manifest = entries["manifest.json"]
        text = data[manifest.offset:manifest.offset + manifest.size]
        areas += [(f"manifest: {found[1].decode()}", manifest.offset + found.start(2), len(found[2]))
                  for found in re.finditer(rb"\"(\w+)\":(\"[^\"]*\"|\d+|true|false|\[\])", text)][:: 1 if LONG else 3]
        return areas

    def unsigned(self) -> list[tuple[int, int]]:
        """What the page says CMS leaves unsigned: in the second half of each structure, the signer's identifier and the algorithm's name; the versions."""
        data, spans = self.evidence.read_bytes(), []
        start, end = find_box(self.evidence)
        for name in ("manifest.cms", "manifest.tsr"):
            entry = read_archive(self.evidence, start, end)[name]
            body = data[entry.offset:entry.offset + entry.size]
            issuer = body.rfind(bytes.fromhex("0603550403"))  # commonName, for the last time: that of the identifier
            algorithm = body.rfind(bytes.fromhex("06082a8648ce3d040302"))  # ecdsa-with-SHA256
            spans += [(entry.offset + issuer, entry.offset + issuer + 64), (entry.offset + algorithm, entry.offset + algorithm + 12)]
            spans += [(entry.offset + found.start(), entry.offset + found.end()) for found in re.finditer(rb"\x02\x01[\x01\x03]", body)]
        return spans

    def test_bits(self):
        chosen, data, unsigned, jobs = random.Random(6), self.evidence.read_bytes(), self.unsigned(), []
        for name, at, size in self.areas():
            for _ in range(FLIPS):
                byte, bit = at + chosen.randrange(size), chosen.randrange(8)
                if any(first <= byte < last for first, last in unsigned):
                    continue
                path = self.lab.folder / f"flip-{len(jobs)}.mp4"
                path.write_bytes(data[:byte] + bytes([data[byte] ^ 1 << bit]) + data[byte + 1:])
                jobs.append((f"{name}: bit {bit} of byte {byte}", path))
        self.assertGreater(len(jobs), 100)
        results = self.lab.both_of([path for _, path in jobs], Whom(self.trusted))
        for (name, path), (product, report) in zip(jobs, results):
            with self.subTest(name):
                mine = "; ".join(finding.words() for finding in report.findings) + report.unjudged
                self.assertNotEqual(product.code, WHOLE, f"vitrine verify did not see it; the second: {mine}")
                self.assertEqual(report.exit_code(), product.code, f"the verifiers differ\nvitrine: {product.words()}\nsecond: {mine}")
                self.forged.append((name, path, product.code))

    # ---- Manifests that are signed, but lie ----

    def lie(self, name: str, change: Callable[[Export], None], codes: tuple = (BROKEN,), says: str = "", signer: Authority | None = None) -> None:
        export = copy.deepcopy(self.export)
        change(export)
        path = self.lab.folder / f"{re.sub(r'[^a-z0-9]+', '-', name)}.mp4"
        self.both(name, export.write(path, signer or self.authority), codes, says)

    @staticmethod
    def without(name: str) -> Callable[[Export], None]:
        def change(export: Export) -> None:
            del export.archive[name]
            export.manifest["files"] = [file for file in export.manifest["files"] if file["name"] != name]
        return change

    @staticmethod
    def replaced(name: str, data: bytes) -> Callable[[Export], None]:
        def change(export: Export) -> None:
            export.archive[name] = data
            for file in export.manifest["files"]:
                if file["name"] == name:
                    file.update(bytes=len(data), sha256=sha256(data))
        return change

    @staticmethod
    def without_part(export: Export, number: int = 2) -> None:
        """The video cut and its parts made to fit: only the chain knows better."""
        parts, gone = [], export.manifest["parts"][number]
        export.video = export.video[:gone["offset"]] + export.video[gone["offset"] + gone["bytes"]:]
        for part in export.manifest["parts"]:
            if part is not gone:
                parts.append({**part, "offset": part["offset"] - (gone["bytes"] if part["offset"] > gone["offset"] else 0)})
        export.manifest.update(parts=parts, video_bytes=len(export.video), video_sha256=sha256(export.video))

    def spliced(self, export: Export) -> None:
        """All of another recording but the chain."""
        other = gather(self.other, log=self.log)
        for name in ("chain", "log-genesis.json", "log-seal.json"):
            self.replaced(name, other.archive[name])(export)

    def test_lies(self):
        chain = self.export.archive["chain"]
        self.lie("video of a segment removed", self.without_part, says="seg-0000|parts")
        self.lie("timeline removed", self.without("seg-00002.jsonl.gz"), says="seg-00002.jsonl.gz")
        self.lie("timeline line removed", self.replaced("seg-00002.jsonl.gz", b""), says="seg-00002.jsonl.gz")
        self.lie("chain of another recording", self.spliced)
        self.lie("chain cut before the seal", self.replaced("chain", b"".join(chain.splitlines(keepends=True)[:-1])))
        self.lie("chain removed", self.without("chain"))
        self.lie("certificate replaced", self.replaced("certificate.pem", self.stranger.pem("node").read_bytes()))
        self.lie("proof of another entry", self.replaced("log-seal.json", self.export.archive["log-genesis.json"]), says="log-seal.json")
        self.lie("proof's certificate removed", self.without("log-certificate.pem"))
        self.lie("says another session", lambda e: e.manifest.update(session="00000000-0000-4000-8000-999999999999"))
        self.lie("says another span", lambda e: e.manifest.update(span={"start_us": 0, "end_us": 99}))
        self.lie("says it is not whole", lambda e: e.manifest.update(whole=False))
        self.lie("says another head", lambda e: e.manifest["chain"].update(head="0" * 64))
        self.lie("part moved", lambda e: e.manifest["parts"][1].update(offset=7))
        self.lie("file listed that is not there", lambda e: e.manifest["files"].append({"bytes": 1, "name": "extra.txt", "sha256": "0" * 64}), says="extra.txt")
        self.lie("file there that is not listed", lambda e: e.archive.update({"extra.txt": b"x"}), says="extra.txt")
        self.lie("video said to be left out", lambda e: e.manifest["left_out"].append({"name": "seg-00002.mp4", "reason": "because"}))
        self.lie("unknown version", lambda e: e.manifest.update(version=2), (UNJUDGED,))
        self.lie("signed by a stranger", lambda e: None, (UNTRUSTED,), signer=self.stranger)

    # ---- Whole files ----

    def test_files(self):
        data = self.evidence.read_bytes()
        start, _ = find_box(self.evidence)
        for name, forged, codes in (
                ("tail cut", data[:-100], (BROKEN,)), ("footer cut", data[:-32], (BROKEN,)), ("box cut", data[:start], (BROKEN,)), ("bytes behind", data + b"\0" * 16, (BROKEN,)),
                ("video cut", data[start - 500:], (BROKEN,)), ("box twice", data + data[start:], (BROKEN,)), ("empty", b"", (BROKEN,)), ("a text", b"hello\n" * 50, (BROKEN,))):
            path = self.lab.folder / f"file-{name.replace(' ', '-')}.mp4"
            path.write_bytes(forged)
            self.both(name, path, codes)

    def test_honest(self):
        for name, path, code in (("whole", self.evidence, WHOLE),
                                 ("part", gather(self.recording, 2, 3, leave_out_timelines="policy").write(self.lab.folder / "part.mp4", self.authority), WHOLE),
                                 ("unsealed", gather(self.unsealed, 1, 2).write(self.lab.folder / "unsealed.mp4", self.authority), INCOMPLETE)):
            self.both(name, path, (code,))

    def test_z_page_is_of_the_same_mind(self):
        """Last, over a sample of what the tests before it made."""
        page = Page()
        self.addCleanup(page.close)
        page.trust(*self.trusted)
        self.assertGreater(len(self.forged), PAGE_SAMPLE)
        for name, path, code in random.Random(7).sample(self.forged, PAGE_SAMPLE):
            with self.subTest(name):
                seen, words = page.judge(path)
                self.assertEqual(seen, code, words)


class NodeLog(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(PROGRAM, MAKE_RECORDINGS)
        cls.addClassCleanup(cls.lab.close)
        cls.recordings = [path for path, *_ in cls.lab.record(3, "one-picture", "sealed")]
        cls.log, _ = log_of(cls.recordings, cls.lab.authority)
        cls.folder = cls.lab.folder / "log"
        cls.log.write(cls.folder)

    def judged(self, change: Callable[[Path], None], heads: list[bytes] = ()) -> tuple[int, str]:
        folder = shutil.copytree(self.folder, self.lab.folder / "log-copy")
        change(folder)
        report = judge(folder, [self.lab.authority.pem("ca")], list(heads))
        shutil.rmtree(folder)
        return report.exit_code(), "; ".join(finding.words() for finding in report.findings)

    def rewritten(self, leave_out: int, heads_from: int = 0) -> Log:
        """The whole log written anew without a leaf, with the right key: as by an owner of the node."""
        log = Log(self.lab.authority)
        log.leaves = [leaf.replace(b'"index":%d,' % number, b'"index":%d,' % (number - (number > leave_out))) for number, leaf in enumerate(self.log.leaves) if number != leave_out]
        log.sign()
        return log

    def test_log(self):
        self.assertEqual(self.judged(lambda f: None, self.log.heads), (WHOLE, ""))
        leaves = b"".join(leaf + b"\n" for leaf in self.log.leaves)
        heads = b"".join(head + b"\n" for head in self.log.heads)
        lines = leaves.splitlines(keepends=True)
        for name, file, forged, code in (
                ("leaf removed", "leaves", b"".join(lines[:7] + lines[8:]), BROKEN), ("leaf changed", "leaves", leaves.replace(b'"id":', b'"id":9', 1), BROKEN),
                ("tail removed", "leaves", b"".join(lines[:-4]), BROKEN), ("leaf added", "leaves", leaves + lines[0].replace(b'"index":0', b'"index":%d' % len(lines)), INCOMPLETE),
                ("leaves exchanged", "leaves", b"".join(lines[:3] + [lines[4], lines[3]] + lines[5:]), BROKEN), ("last line cut", "leaves", leaves[:-5], BROKEN),
                ("head removed", "heads", b"".join(heads.splitlines(keepends=True)[:-1]), INCOMPLETE), ("head changed", "heads", heads.replace(b'"size":6', b'"size":5'), BROKEN),
                ("heads exchanged", "heads", b"".join(reversed(heads.splitlines(keepends=True))), BROKEN), ("certificate removed", "certificate.pem", b"", BROKEN)):
            with self.subTest(name):
                found, words = self.judged(lambda f, file=file, forged=forged: (f / file).write_bytes(forged))
                self.assertEqual(found, code, words)

    def test_every_leaf_is_guarded(self):
        """Bits of the leaves: each is under a head."""
        data, chosen = (self.folder / "leaves").read_bytes(), random.Random(8)
        for bit in chosen.sample(range(len(data) * 8), 400 if LONG else 60):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            with self.subTest(bit=bit):
                self.assertEqual(self.judged(lambda f, flipped=bytes(flipped): (f / "leaves").write_bytes(flipped))[0], BROKEN)

    def test_deleted_recording_and_older_head(self):
        """Written anew without the second recording's genesis the log is whole in itself; a head that was published before tells."""
        second = next(number for number, leaf in enumerate(self.log.leaves) if b'"kind":"genesis"' in leaf and number > 0)
        forged = self.rewritten(second)
        self.assertEqual(self.judged(forged.write)[0], WHOLE)
        code, words = self.judged(forged.write, [self.log.heads[-1]])
        self.assertEqual(code, BROKEN, words)
        self.assertIn("its end was removed", words)
        code, words = self.judged(forged.write, [self.log.heads[2]])
        self.assertEqual(code, BROKEN, words)
        self.assertIn("leaves were changed, removed or backdated", words)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
