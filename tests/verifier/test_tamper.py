"""The tamper matrix of recordings: every forgery is found by all verifiers, with the same exit code, named, and placed in time. VITRINE_LONG=1 flips more bits.

Arguments: the `vitrine` program and make_recordings."""

import gzip
import os
import random
import re
import shutil
import sys
import unittest
from pathlib import Path
from typing import Callable

from tests.verifier.matrix import BROKEN, INCOMPLETE, UNJUDGED, UNTRUSTED, WHOLE, Forgery, Matrix, flip, lines_of, put_lines, resign
from tests.verifier.writer import chain_entries, compact

FLIPS_PER_FILE = 60 if os.environ.get("VITRINE_LONG") else 6


LINE_MAX_BYTES = 65535
SIGNATURE_BYTES = 96  # in Base64, of a signature of 70 to 72 bytes, as nearly all are


class Recordings(Matrix):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.recording, *_), (cls.other, *_) = cls.lab.record(2, "plain", "resumed")
        (cls.unsealed, *_), = cls.lab.record(1, "plain", "killed")
        cls.entries = [entry for _, entry in chain_entries(cls.recording)]

    def judge(self, forgeries: list[Forgery], source: Path | None = None) -> None:
        super().judge(forgeries, source or self.recording)

    # ---- Bits ----

    def line_spans(self) -> list[tuple]:
        """Of each entry: from the entry before to its own time or end."""
        spans, before = [], 0
        for entry in self.entries:
            start = min(before, entry.get("start_us", before))
            spans.append((start, max(entry["t_us"], entry.get("end_us", 0))))
            before = entry["t_us"]
        return spans

    def chain_flips(self) -> list[Forgery]:
        """A bit in each key and each value of each kind of entry, in the signature, in the space and in the newline."""
        chosen, seen, offset = random.Random(4), set(), 0
        forgeries = []
        for number, line in enumerate(lines_of(self.recording)):
            places = [("space", line.index(b" "), 1), ("signature", 0, line.index(b" ")), ("newline", len(line) - 1, 1)]
            places += [(f"{part} {found[1].decode()}", found.start(part), len(found[part]))
                       for found in re.finditer(rb"\"(?P<key>\w+)\":(?P<value>\"(?:[^\"\\]|\\.)*\"|\d+)", line) for part in ("key", "value")]
            for name, at, length in places:
                if (self.entries[number]["kind"], name) in seen and not os.environ.get("VITRINE_LONG"):
                    continue
                seen.add((self.entries[number]["kind"], name))
                bit = (offset + at + chosen.randrange(length)) * 8 + chosen.randrange(8)
                forgeries.append(Forgery(f"flip bit {bit}: {name} of line {number + 1} ({self.entries[number]['kind']})", lambda folder, bit=bit: flip(folder / "chain", bit),
                                         (UNJUDGED, BROKEN, INCOMPLETE), self.line_spans()[number]))
            offset += len(line)
        return forgeries

    def test_bits_of_the_chain(self):
        self.judge([self.placed(forgery) for forgery in self.chain_flips()])

    @staticmethod
    def placed(forgery: Forgery) -> Forgery:
        """A changed version is told as such, and nothing else is claimed: no time either."""
        if "version" in forgery.name:
            forgery.span = None
        return forgery

    def test_bits_of_the_files(self):
        chosen, forgeries = random.Random(5), []
        for entry in self.entries:
            for file in entry.get("files", []) if entry["kind"] in ("genesis", "segment") else []:
                span = (entry["start_us"], entry["end_us"]) if entry["kind"] == "segment" and not file["name"].startswith("init-") else None
                bits = {chosen.randrange(file["bytes"] * 8) for _ in range(FLIPS_PER_FILE)}
                if file["name"].endswith(".mp4"):
                    bits |= set(self.box_bits(self.recording / file["name"], chosen))
                forgeries += [Forgery(f"flip bit {bit} of {file['name']}", lambda folder, name=file["name"], bit=bit: flip(folder / name, bit), span=span,
                                      says=re.escape(file["name"]) if span else "") for bit in bits]
        self.judge(forgeries)

    @staticmethod
    def box_bits(path: Path, chosen: random.Random) -> list[int]:
        """One in the header and one in the body of each kind of box, on any level (ISO/IEC 14496-12 4.2)."""
        data, seen, bits = path.read_bytes(), set(), []
        for found in re.finditer(rb"ftyp|moov|mvhd|trak|mdia|stsd|avc3|avcC|mvex|moof|mfhd|traf|tfhd|tfdt|trun|mdat", data):
            if found[0] in seen:
                continue
            seen.add(found[0])
            bits += [(found.start() - 4 + chosen.randrange(8)) * 8 + chosen.randrange(8), min(found.end() + chosen.randrange(8), len(data) - 1) * 8 + chosen.randrange(8)]
        return bits

    # ---- Whole entries and files ----

    def number_of(self, kind: str, nth: int = 0) -> int:
        return [number for number, entry in enumerate(self.entries) if entry["kind"] == kind][nth]

    def segment(self, number: int) -> tuple[int, int]:
        entry = next(e for e in self.entries if e["kind"] == "segment" and e["number"] == number)
        return entry["start_us"], entry["end_us"]

    def without(self, *numbers: int) -> Callable[[Path], None]:
        return lambda folder: put_lines(folder, [line for number, line in enumerate(lines_of(folder)) if number not in numbers])

    def exchanged(self, one: int, two: int) -> Callable[[Path], None]:
        def change(folder: Path) -> None:
            lines = lines_of(folder)
            lines[one], lines[two] = lines[two], lines[one]
            put_lines(folder, lines)
        return change

    def swap_files(self, one: str, two: str) -> Callable[[Path], None]:
        def change(folder: Path) -> None:
            (folder / one).rename(folder / "held")
            (folder / two).rename(folder / one)
            (folder / "held").rename(folder / two)
        return change

    def without_timeline_line(self, folder: Path) -> None:
        path = folder / "seg-00002.jsonl.gz"
        path.write_bytes(gzip.compress(b"".join(gzip.decompress(path.read_bytes()).splitlines(keepends=True)[1:])))

    def spliced(self, folder: Path) -> None:
        """Segment 2 with entry and files of another recording."""
        lines, others = lines_of(folder), lines_of(self.other)
        lines[self.number_of("segment", 1)] = others[self.number_of("segment", 1)]
        put_lines(folder, lines)
        for name in ("seg-00002.mp4", "seg-00002.jsonl.gz"):
            shutil.copy(self.other / name, folder / name)

    def repeated(self, folder: Path) -> None:
        lines = lines_of(folder)
        at = self.number_of("segment", 1)
        put_lines(folder, lines[:at + 1] + [lines[at]] + lines[at + 1:])

    def forged_gap(self, folder: Path) -> None:
        """A gap instead of segment 2, signed by a stranger's key."""
        lines, at = lines_of(folder), self.number_of("segment", 1)
        start, end = self.segment(2)
        text = compact({"kind": "gap", "seq": at, "prev": self.entries[at]["prev"], "t_us": self.entries[at]["t_us"], "utc": self.entries[at]["utc"],
                        "start_us": start, "end_us": end, "reason": "recorder-away", "detail": ""})
        lines[at] = self.stranger.line(text) + b"\n"
        put_lines(folder, lines)
        for name in ("seg-00002.mp4", "seg-00002.jsonl.gz"):
            (folder / name).unlink()

    def edited(self, folder: Path) -> None:
        put_lines(folder, [line.replace(b'"target":"web-01"', b'"target":"web-02"') for line in lines_of(folder)])

    def test_entries_and_files(self):
        segment, end = self.number_of("segment", 1), self.entries[-1]["t_us"]
        second = self.segment(2)
        near = (second[0], self.entries[segment + 1]["t_us"])
        self.judge([
            Forgery("segment entry dropped", self.without(segment), span=near),
            Forgery("segment's files dropped", lambda f: (f / "seg-00002.mp4").unlink(), span=second, says="seg-00002.mp4"),
            Forgery("segment dropped with its files", lambda f: (self.without(segment)(f), (f / "seg-00002.mp4").unlink(), (f / "seg-00002.jsonl.gz").unlink()), span=near),
            Forgery("segment repeated", self.repeated, span=near),
            Forgery("segments exchanged", self.exchanged(self.number_of("segment", 0), segment), span=(0, second[1])),
            Forgery("files of segments exchanged", self.swap_files("seg-00001.mp4", "seg-00002.mp4"), span=second, says="seg-0000[12].mp4"),
            Forgery("segment spliced from another recording", self.spliced, span=near),
            Forgery("timeline line removed", self.without_timeline_line, span=second, says="seg-00002.jsonl.gz"),
            Forgery("checkpoint dropped", self.without(self.number_of("checkpoint")), span=(0, second[1])),
            Forgery("gap dropped", self.without(self.number_of("gap")), span=(self.entries[self.number_of("gap")]["start_us"], end)),
            Forgery("gap forged", self.forged_gap, span=near),
            Forgery("target edited", self.edited),
            Forgery("genesis dropped", self.without(0)),
            Forgery("seal dropped", self.without(len(self.entries) - 1), codes=(INCOMPLETE,), says="not sealed"),
            Forgery("tail cut in the middle of a line", lambda f: os.truncate(f / "chain", (f / "chain").stat().st_size - 40), codes=(INCOMPLETE,)),
            Forgery("tail cut behind the first segment", lambda f: put_lines(f, lines_of(f)[:self.number_of("segment") + 1]), codes=(INCOMPLETE,)),
            Forgery("seal repeated", lambda f: put_lines(f, lines_of(f) + lines_of(f)[-1:])),
            Forgery("bytes behind the seal", lambda f: put_lines(f, lines_of(f) + [b"x"])),
            Forgery("empty line behind the seal", lambda f: put_lines(f, lines_of(f) + [b"\n"])),
            Forgery("video cut", lambda f: os.truncate(f / "seg-00003.mp4", 100), span=self.segment(3), says="seg-00003.mp4"),
            Forgery("video lengthened", lambda f: (f / "seg-00003.mp4").write_bytes((f / "seg-00003.mp4").read_bytes() + b"\0"), span=self.segment(3), says="seg-00003.mp4"),
            Forgery("file added", lambda f: (f / "seg-00099.mp4").write_bytes(b"x"), says="seg-00099.mp4"),
            Forgery("folder added", lambda f: (f / "extra").mkdir(), says="extra", page=False),
            Forgery("link in place of a file", lambda f: ((f / "seg-00001.mp4").rename(self.lab.folder / "held"), (f / "seg-00001.mp4").symlink_to(self.lab.folder / "held")),
                    span=self.segment(1), says="seg-00001.mp4", page=False),
            Forgery("chain removed", lambda f: (f / "chain").unlink()),
            Forgery("chain emptied", lambda f: (f / "chain").write_bytes(b"")),
        ])

    def test_other_keys(self):
        def later(entries: list[dict]) -> list[dict]:
            return [{**entry, "utc": entry["utc"].replace("2026", "2024")} for entry in entries]
        self.judge([
            Forgery("certificate replaced", lambda f: shutil.copy(self.stranger.pem("node"), f / "certificate.pem"), says="certificate|signature"),
            Forgery("certificate removed", lambda f: (f / "certificate.pem").unlink(), says="certificate.pem"),
            Forgery("signed anew by another key", lambda f: resign(f, self.stranger), (UNTRUSTED,)),
            Forgery("signed anew and backdated", lambda f: resign(f, self.stranger, later), (UNTRUSTED,)),
        ])

    def seal_of(self, line_bytes: int) -> Callable[[Path], None]:
        """Its line made so long by a key that means nothing, and signed by the node."""
        def longer(entries: list[dict]) -> list[dict]:
            seal = {**entries[-1], "note": ""}
            return [*entries[:-1], {**seal, "note": "x" * (line_bytes - SIGNATURE_BYTES - 1 - len(compact(seal)))}]

        def change(folder: Path) -> None:
            resign(folder, self.lab.authority, longer)
            while len(lines_of(folder)[-1]) != line_bytes + 1:
                resign(folder, self.lab.authority, longer)
        return change

    def seal_with(self, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
        """The seal's JSON changed and signed by the node: no two verifiers may read it in two ways."""
        def work(folder: Path) -> None:
            *lines, last = lines_of(folder)
            put_lines(folder, [*lines, self.lab.authority.line(change(last.partition(b" ")[2].rstrip(b"\n"))) + b"\n"])
        return work

    def test_odd_json(self):
        good = {"the greatest number": b"9007199254740991", "nothing": b"null", "a flag": b"true", "as deep as may be": b"[" * 31 + b"]" * 31, "brackets in a text": b'"' + b"[" * 40 + b'-1.5e3"', "a pair": b'"\\ud83d\\ude80"'}
        bad = {"a greater number": b"9007199254740992", "a fraction": b"1.5", "an exponent": b"1e3", "below nought": b"-1", "a signed nought": b"-0", "a key twice, deeper": b'{"a":1,"a":2}', "half a pair": b'"\\ud800"',
               "zero": b'"a\\u0000b"', "too deep": b"[" * 32 + b"]" * 32, "much too deep": b"[" * 9000 + b"]" * 9000, "a number in a list": b"[1,[2.0]]", "no number": b"NaN"}
        forms = {"no UTF-8": lambda text: text.replace(b'"kind"', b'"\xc0\x80":1,"kind"'), "a mark in front": lambda text: b"\xef\xbb\xbf" + text, "a key twice, written otherwise": lambda text: b'{"k\\u0069nd":"seal",' + text[1:]}

        def noted(value: bytes) -> Callable[[bytes], bytes]:
            return lambda text: b'{"note":' + value + b"," + text[1:]
        self.judge([Forgery(name, self.seal_with(noted(value)), (WHOLE,)) for name, value in good.items()])
        self.judge([Forgery(name, self.seal_with(noted(value)), says="line|entry") for name, value in bad.items()] + [Forgery(name, self.seal_with(change)) for name, change in forms.items()])

    def test_long_lines(self):
        self.judge([Forgery("the longest line", self.seal_of(LINE_MAX_BYTES), (WHOLE,)), Forgery("a byte too long", self.seal_of(LINE_MAX_BYTES + 1))])

    def test_unsealed(self):
        self.judge([
            Forgery("bits behind the last checkpoint of an unsealed one", lambda f: flip(f / "seg-00001.mp4", 77), span=(0, 10**6), says="seg-00001.mp4"),
            Forgery("open file shorter than its checkpoint", lambda f: os.truncate(f / "seg-00003.mp4.part", 10), says="seg-00003.mp4"),
            Forgery("bit before the last checkpoint", lambda f: flip(f / "seg-00003.mp4.part", 800), says="seg-00003.mp4"),
            Forgery("open file removed", lambda f: (f / "seg-00003.mp4.part").unlink(), says="seg-00003.mp4"),
        ], self.unsealed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
