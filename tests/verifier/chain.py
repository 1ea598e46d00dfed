"""The signed entries: rules 1, 2, 3 and 5 of "What a verifier checks"."""

from dataclasses import dataclass, field

from tests.verifier.certificates import Signer
from tests.verifier.findings import BROKEN, INCOMPLETE, NOTE, Report, Unjudged
from tests.verifier.signed_lines import Malformed, SignedLine, need, parse_line

VERSION = 1
ZEROS = "0" * 64
COMMON = {"kind": "text", "seq": "number", "prev": "hex", "t_us": "number", "utc": "utc"}
# Recorders have counted only since some time, and a recorder that was killed took its counts along.
COUNTS = {"seen": "number", "coalesced": "number", "lost": "number"}
KINDS = {
    "genesis": {"version": "number", "session": "text", "node": "text", "user": "text", "viewer_address": "text", "viewer_name": "text", "target": "text",
                "target_address": "text", "account": "text", "front": "text", "back": "text", "door": "text", "quality": "text", "opened": "utc",
                "clock_us": "number", "files": "files"},
    "segment": {"number": "number", "start_us": "number", "end_us": "number", "first_frame_us": "number", "frames": "number",
                "width": "number", "height": "number", "codec": "text", "files": "files"},
    "checkpoint": {"number": "number", "frames": "number", "files": "files"},
    "gap": {"start_us": "number", "end_us": "number", "reason": "text", "detail": "text"},
    "seal": {"reason": "text", "detail": "text", "segments": "number", "frames": "number", "bytes": "number", "duration_us": "number"},
}
FAULT = "fault"  # the reason of a seal that recovery wrote


@dataclass
class Chain:
    """What the good lines of a chain say."""
    entries: list = field(default_factory=list)  # (SignedLine, its object), in order
    segments: list = field(default_factory=list)
    gaps: list = field(default_factory=list)
    genesis: dict | None = None
    seal: dict | None = None
    n_lines: int = 0

    @property
    def head(self) -> str:
        return self.entries[-1][0].sha256 if self.entries else ZEROS

    def sha256_of(self, seq: int) -> str | None:
        return next((line.sha256 for line, entry in self.entries if entry["seq"] == seq), None)

    def json_of(self, seq: int) -> bytes | None:
        return next((line.json_bytes for line, entry in self.entries if entry["seq"] == seq), None)


def parse_entry(data: bytes) -> tuple[SignedLine, dict]:
    line = parse_line(data)
    need(line.value, kind="text")
    if line.value["kind"] not in KINDS:
        raise Malformed(f"there is no kind of entry called {line.value['kind']!r}")
    if line.value["kind"] == "genesis":
        need(line.value, version="number")
        if line.value["version"] != VERSION:
            raise Unjudged(f"the recording has format version {line.value['version']}, this verifier knows {VERSION}")
    need(line.value, **COMMON, **KINDS[line.value["kind"]])
    if line.value["kind"] in ("segment", "seal"):
        need(line.value, **{key: kind for key, kind in COUNTS.items() if key in line.value})
    return line, line.value


class Walk:
    """Goes through the lines once and keeps what the next line is measured against."""

    def __init__(self, signer: Signer | None, report: Report):
        self.signer, self.report, self.chain = signer, report, Chain()
        self.seq, self.prev, self.t_us, self.position_us = 0, ZEROS, 0, 0

    def broken(self, text: str, entry: dict | None = None) -> None:
        span = (entry["start_us"], entry["end_us"]) if entry and "start_us" in entry else (self.t_us, entry["t_us"] if entry else self.t_us)
        self.report.add(BROKEN, text, entry.get("number", 0) if entry else 0, *span)

    def line(self, data: bytes) -> None:
        where = f"line {self.chain.n_lines + 1} of the chain"
        self.chain.n_lines += 1
        try:
            line, entry = parse_entry(data)
        except Malformed as error:
            self.broken(f"{where} is not an entry: {error}")
            self.seq, self.prev = self.seq + 1, ""
            return
        name = f"entry {entry['seq']} ({entry['kind']}, {where})"
        if self.signer is None or not self.signer.signed(line.signature, line.json_bytes):
            self.broken(f"the signature of {name} does not hold", entry)
        if entry["seq"] != self.seq or (self.prev and entry["prev"] != self.prev):
            self.broken(f"{name} does not follow the one before it: entries were removed, added or exchanged", entry)
        if entry["t_us"] < self.t_us:
            self.broken(f"the time of {name} falls", entry)
        if self.chain.seal is not None:
            self.broken(f"{name} stands behind the seal", entry)
        self.seq, self.prev, self.t_us = entry["seq"] + 1, line.sha256, max(self.t_us, entry["t_us"])
        self.chain.entries.append((line, entry))
        getattr(self, entry["kind"])(entry, name)

    def genesis(self, entry: dict, name: str) -> None:
        if self.chain.n_lines != 1:
            self.broken(f"{name} does not stand first", entry)
        self.chain.genesis = self.chain.genesis or entry

    def span(self, entry: dict, name: str) -> None:
        if entry["start_us"] != self.position_us or entry["end_us"] < entry["start_us"]:
            self.broken(f"{name} does not begin where the one before it ended ({self.position_us / 1e6:.3f} s)", entry)
        self.position_us = entry["end_us"]

    def segment(self, entry: dict, name: str) -> None:
        if entry["number"] != len(self.chain.segments) + 1:
            self.broken(f"{name} is segment {entry['number']} where segment {len(self.chain.segments) + 1} is due", entry)
        self.span(entry, name)
        self.chain.segments.append(entry)

    def checkpoint(self, entry: dict, name: str) -> None:
        pass

    def gap(self, entry: dict, name: str) -> None:
        self.span(entry, name)
        self.chain.gaps.append(entry)
        length = (entry["end_us"] - entry["start_us"]) / 1e6
        self.report.add(NOTE, f"gap: nothing was recorded for {length:.3f} s ({entry['reason']})", 0, entry["start_us"], entry["end_us"])

    def seal(self, entry: dict, name: str) -> None:
        self.chain.seal = entry
        segments = self.chain.segments
        sums = {"segments": len(segments), "frames": sum(s["frames"] for s in segments), "bytes": sum(f["bytes"] for s in segments for f in s["files"]),
                "duration_us": self.position_us, **{key: sum(s.get(key, 0) for s in segments) for key in COUNTS if "seen" in entry}}
        for key, value in sums.items():
            if entry.get(key, 0) != value:
                self.broken(f"the seal says {entry.get(key, 0)} {key}, the entries say {value}", entry)
        if entry["reason"] == FAULT:
            self.report.add(NOTE, f"the recording ended by a fault: {entry['detail']}", 0, entry["t_us"], entry["t_us"])


def check_chain(data: bytes, signer: Signer | None, report: Report) -> Chain:
    walk = Walk(signer, report)
    lines = data.split(b"\n")
    cut = lines.pop()
    for line in lines:
        walk.line(line)
    chain = walk.chain
    if cut:
        if chain.seal is not None:
            walk.broken("bytes stand behind the seal")
        report.add(INCOMPLETE, f"the chain is cut in the middle of line {chain.n_lines + 1}", 0, walk.t_us, walk.t_us)
    if chain.genesis is None:
        walk.broken("the chain has no genesis entry")
    if chain.seal is None:
        report.add(INCOMPLETE, "the recording is not sealed: it still runs, or its end is missing", 0, walk.t_us, walk.t_us)
    genesis = chain.genesis or {}
    report.facts.update(session=genesis.get("session"), node=genesis.get("node"), user=genesis.get("user"), target=genesis.get("target"),
                        entries=len(chain.entries), segments=len(chain.segments), duration_us=walk.position_us, sealed=chain.seal is not None, head=chain.head,
                        gaps=[{"start_us": g["start_us"], "end_us": g["end_us"], "duration_us": g["end_us"] - g["start_us"], "reason": g["reason"]}
                              for g in chain.gaps])
    return chain
