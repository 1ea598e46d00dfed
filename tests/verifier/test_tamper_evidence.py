"""The tamper matrix of evidence files, those that the product makes among them: every forgery is found by all verifiers, with the same exit code, named, and placed in time. VITRINE_LONG=1
flips more bits.

Arguments: the `vitrine` program, make_recordings and export_recording."""

import copy
import os
import random
import re
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Callable

from tests.verifier.authority import Authority
from tests.verifier.box import find_box, read_archive
from tests.verifier.lab import Whom
from tests.verifier.matrix import BROKEN, INCOMPLETE, UNJUDGED, UNTRUSTED, WHOLE, Forgery, Matrix
from tests.verifier.writer import Export, chain_entries, gather, log_of, sha256

LONG = bool(os.environ.get("VITRINE_LONG"))
FLIPS = 20 if LONG else 1
NOT_WHOLE = (UNJUDGED, BROKEN, UNTRUSTED, INCOMPLETE)


class Evidence(Matrix):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = cls.lab.authority
        (cls.recording, *_), (cls.other, *_) = cls.lab.record(2, "plain", "resumed")
        (cls.unsealed, *_), = cls.lab.record(1, "plain", "killed")
        (cls.encrypted, *_), = cls.lab.record(1, "plain", "resumed", encrypted=True)
        cls.trusted = Whom((cls.authority.pem("ca"), cls.authority.pem("tsa-ca")))
        cls.log = log_of([cls.recording, cls.other], cls.authority)
        cls.export = gather(cls.recording, log=cls.log)
        cls.evidence = cls.export.write(cls.lab.folder / "evidence.mp4", cls.authority, stamped=True)
        cls.spans = {file["name"]: (entry["start_us"], entry["end_us"]) for _, entry in chain_entries(cls.recording) if entry["kind"] == "segment" for file in entry["files"]
                     if file["name"].startswith("seg-")}

    @classmethod
    def product_export(cls, recording: Path, name: str, *options) -> Path:
        """As the console and `vitrine export` make it."""
        target = cls.lab.folder / name
        subprocess.run([sys.argv[3], recording, target, cls.authority.key("node"), cls.authority.pem("node"), *options], check=True)
        return target

    def judge(self, forgeries: list[Forgery], source: Path | None = None, whom: Whom | None = None) -> None:
        super().judge(forgeries, source or self.evidence, whom or self.trusted)

    # ---- Bits ----

    def areas(self, evidence: Path) -> list[tuple[str, int, int, tuple | None]]:
        """Every field and box: name, first byte, length, and the time it is of."""
        start, end = find_box(evidence)
        data, areas = evidence.read_bytes(), [("box size", start, 4), ("box type", start + 4, 4), ("usertype", start + 8, 16), ("footer", end - 32, 32)]
        entries = read_archive(evidence, start, end)
        for name, entry in entries.items():
            header = entry.offset - 512
            areas += [(f"{name}: header's {field}", header + at, size) for field, at, size in (("name", 0, 20), ("size", 124, 12), ("checksum", 148, 8), ("type", 156, 1), ("magic", 257, 8))]
            areas += [(f"{name}: content", entry.offset, entry.size)] if entry.size else []
            if entry.size % 512:
                areas.append((f"{name}: padding", entry.offset + entry.size, -entry.size % 512))
        areas.append(("end of the archive", entry.offset + entry.size + -entry.size % 512, 1024))
        manifest = entries["manifest.json"]
        text = data[manifest.offset:manifest.offset + manifest.size]
        areas += [(f"manifest: {found[1].decode()}", manifest.offset + found.start(2), len(found[2]))
                  for found in re.finditer(rb"\"(\w+)\":(\"[^\"]*\"|\d+|true|false|\[\])", text)][:: 1 if LONG else 3]
        return [(name, at, size, self.spans.get(name.removesuffix(": content"))) for name, at, size in areas] + self.boxes(data, start)

    def boxes(self, data: bytes, end: int) -> list[tuple[str, int, int, tuple | None]]:
        """Each kind of box in each part of the video."""
        found = []
        for part in self.export.manifest["parts"]:
            video, seen = data[part["offset"]:part["offset"] + part["bytes"]], set()
            for box in re.finditer(rb"ftyp|moov|trak|avcC|moof|tfdt|trun|mdat", video):
                if box[0] not in seen:
                    found.append((f"{part['name']}: {box[0].decode()}", part["offset"] + box.start() - 4, 24, self.spans.get(part["name"])))
                seen.add(box[0])
        return found

    def unsigned(self, evidence: Path) -> list[tuple[int, int]]:
        """What the page says CMS leaves unsigned: in the second half of each structure, the signer's identifier and the algorithm's name; the versions."""
        data, spans = evidence.read_bytes(), []
        start, end = find_box(evidence)
        entries = read_archive(evidence, start, end)
        for entry in (entries[name] for name in ("manifest.cms", "manifest.tsr") if name in entries):
            body = data[entry.offset:entry.offset + entry.size]
            issuer = body.rfind(bytes.fromhex("0603550403"))  # commonName, for the last time: that of the identifier
            algorithm = body.rfind(bytes.fromhex("06082a8648ce3d040302"))  # ecdsa-with-SHA256
            spans += [(entry.offset + issuer, entry.offset + issuer + 64), (entry.offset + algorithm, entry.offset + algorithm + 12)]
            spans += [(entry.offset + found.start(), entry.offset + found.end()) for found in re.finditer(rb"\x02\x01[\x01\x03]", body)]
        return spans

    def flips(self, evidence: Path, seed: int) -> list[Forgery]:
        chosen, unsigned, forgeries = random.Random(seed), self.unsigned(evidence), []
        for name, at, size, span in self.areas(evidence):
            for _ in range(FLIPS):
                byte, bit = at + chosen.randrange(size), chosen.randrange(8)
                if not any(first <= byte < last for first, last in unsigned):
                    forgeries.append(Forgery(f"{name}: bit {bit} of byte {byte}", lambda path, byte=byte, bit=bit: flip_bit(path, byte, bit), NOT_WHOLE, span,
                                             re.escape(name.partition(":")[0]) if span else ""))
        self.assertGreater(len(forgeries), 100)
        return forgeries

    def test_bits(self):
        self.judge(self.flips(self.evidence, 6))

    def test_bits_of_an_export_of_the_product(self):
        """Of the same recording."""
        made = self.product_export(self.recording, "product.mp4")
        self.judge(self.flips(made, 7), made)

    # ---- Manifests that are signed, but lie ----

    def lie(self, change: Callable[[Export], None], signer: Authority | None = None) -> Callable[[Path], None]:
        """A file whose manifest is signed anew over what it says now."""
        def forge(path: Path) -> None:
            export = copy.deepcopy(self.export)
            change(export)
            export.write(path, signer or self.authority)
        return forge

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
        self.judge([
            Forgery("video of a segment removed", self.lie(self.without_part), says="seg-0000|parts"),
            Forgery("timeline removed", self.lie(self.without("seg-00002.jsonl.gz")), span=self.spans["seg-00002.jsonl.gz"], says="seg-00002.jsonl.gz"),
            Forgery("timeline line removed", self.lie(self.replaced("seg-00002.jsonl.gz", b"")), span=self.spans["seg-00002.jsonl.gz"], says="seg-00002.jsonl.gz"),
            Forgery("chain of another recording", self.lie(self.spliced)),
            Forgery("chain cut before the seal", self.lie(self.replaced("chain", b"".join(chain.splitlines(keepends=True)[:-1])))),
            Forgery("chain removed", self.lie(self.without("chain"))),
            Forgery("certificate replaced", self.lie(self.replaced("certificate.pem", self.stranger.pem("node").read_bytes()))),
            Forgery("proof of another entry", self.lie(self.replaced("log-seal.json", self.export.archive["log-genesis.json"])), says="log-seal.json"),
            Forgery("proof's certificate removed", self.lie(self.without("log-certificate.pem"))),
            Forgery("says another session", self.lie(lambda e: e.manifest.update(session="00000000-0000-4000-8000-999999999999"))),
            Forgery("says another span", self.lie(lambda e: e.manifest.update(span={"start_us": 0, "end_us": 99}))),
            Forgery("says it is not whole", self.lie(lambda e: e.manifest.update(whole=False))),
            Forgery("says another head", self.lie(lambda e: e.manifest["chain"].update(head="0" * 64))),
            Forgery("part moved", self.lie(lambda e: e.manifest["parts"][1].update(offset=7))),
            Forgery("file listed that is not there", self.lie(lambda e: e.manifest["files"].append({"bytes": 1, "name": "extra.txt", "sha256": "0" * 64})), says="extra.txt"),
            Forgery("file there that is not listed", self.lie(lambda e: e.archive.update({"extra.txt": b"x"})), says="extra.txt"),
            Forgery("video said to be left out", self.lie(lambda e: e.manifest["left_out"].append({"name": "seg-00002.mp4", "reason": "because"}))),
            Forgery("unknown version", self.lie(lambda e: e.manifest.update(version=2)), (UNJUDGED,)),
            Forgery("signed by a stranger", self.lie(lambda e: None, self.stranger), (UNTRUSTED,)),
        ])

    # ---- Whole files ----

    def test_files(self):
        data, (start, _) = self.evidence.read_bytes(), find_box(self.evidence)
        self.judge([Forgery(name, lambda path, forged=forged: path.write_bytes(forged)) for name, forged in (
            ("tail cut", data[:-100]), ("footer cut", data[:-32]), ("box cut", data[:start]), ("bytes behind", data + b"\0" * 16), ("video cut", data[start - 500:]),
            ("box twice", data + data[start:]), ("empty", b""), ("a text", b"hello\n" * 50))])

    def test_honest(self):
        archive = ("--archive-key", self.archive_key())
        for name, path, code in (("whole", self.evidence, WHOLE), ("part", gather(self.recording, 2, 3, leave_out_timelines="policy").write(self.lab.folder / "part.mp4", self.authority), WHOLE),
                                 ("unsealed", gather(self.unsealed, 1, 2).write(self.lab.folder / "unsealed.mp4", self.authority), INCOMPLETE),
                                 ("of the product", self.product_export(self.recording, "own.mp4"), WHOLE), ("of an encrypted recording", self.product_export(self.encrypted, "opened.mp4", *archive), WHOLE),
                                 ("a span of it", self.product_export(self.encrypted, "span.mp4", *archive, "--from-us", "1200000", "--to-us", "1300000"), WHOLE),
                                 ("without timelines", self.product_export(self.recording, "silent.mp4", "--without-timelines", "policy"), WHOLE),
                                 ("of an unsealed one", self.product_export(self.unsealed, "running.mp4"), INCOMPLETE)):
            self.judge([Forgery(name, lambda path: None, (code,))], path)

    def archive_key(self) -> Path:
        key = self.authority.key("archive")
        key.chmod(0o600)
        return key

    def test_exports_of_every_shape(self):
        """Recordings of every shape, encrypted, recovered and cut off from power among them, as the product exports them."""
        made = [item for item in self.lab.record(50, encrypted=True) if item[1:] not in (("empty", "killed"),)]
        paths = []
        for number, (path, shape, ending) in enumerate(made):
            target = self.lab.folder / f"shape-{number}.mp4"
            done = subprocess.run([sys.argv[3], path, target, self.authority.key("node"), self.authority.pem("node"), "--archive-key", self.archive_key()], stderr=subprocess.PIPE, check=False)
            if done.returncode == 0:
                paths.append((target, shape, ending))
            else:
                self.assertIn(b"no finished segment", done.stderr, (shape, ending))
        self.assertGreater(len(paths), 35)
        for (path, shape, ending), (product, report) in zip(paths, self.lab.both_of([path for path, *_ in paths], self.trusted), strict=True):
            with self.subTest(shape=shape, ending=ending):
                allowed = (INCOMPLETE,) if ending == "killed" else (WHOLE, INCOMPLETE) if ending == "power-cut" else (WHOLE,)
                self.assertIn(product.code, allowed, product.words())
                self.assertEqual(report.exit_code(), product.code, [finding.words() for finding in report.findings])
                if shape in ("plain", "resized"):
                    code, words = self.browser.judge(path, self.trusted)
                    self.assertEqual(code, product.code, words)


def flip_bit(path: Path, byte: int, bit: int) -> None:
    with open(path, "r+b") as file:
        file.seek(byte)
        old = file.read(1)[0]
        file.seek(byte)
        file.write(bytes([old ^ 1 << bit]))


del Matrix  # it has no tests of its own

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
