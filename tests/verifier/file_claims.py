"""What a chain says about files: a final hash, and hashes of beginnings (checkpoints). Rule 4."""

import hashlib
from typing import BinaryIO

from tests.verifier.chain import Chain
from tests.verifier.findings import BROKEN, INCOMPLETE, Report

CHUNK_BYTES = 1 << 20


class Claims:
    def __init__(self, chain: Chain, report: Report):
        self.report = report
        self.final: dict[str, tuple] = {}  # name -> (file, entry)
        self.prefixes: dict[str, list] = {}
        position_us = 0  # where the open segment began
        for _, entry in chain.entries:
            for file in entry.get("files", []):
                if entry["kind"] == "checkpoint":
                    self.prefixes.setdefault(file["name"], []).append((file, {**entry, "start_us": position_us, "end_us": entry["t_us"]}))
                else:
                    self.add_final(file, entry)
            position_us = entry.get("end_us", position_us)

    def add_final(self, file: dict, entry: dict) -> None:
        if file["name"] not in self.final and file.get("tail_bytes"):
            self.prefixes.setdefault(file["name"], []).append((file, entry))  # the entry covers the first bytes only
        known = self.final.setdefault(file["name"], (file, entry))[0]
        if any(known.get(key, 0) != file.get(key, 0) for key in ("bytes", "sha256", "tail_bytes")):
            self.broken(f"two entries contradict each other about {file['name']}", entry)

    def names(self) -> set[str]:
        return set(self.final) | set(self.prefixes)

    def broken(self, text: str, entry: dict) -> None:
        start, end = (entry["start_us"], entry["end_us"]) if "start_us" in entry else (0, entry["t_us"])
        self.report.add(BROKEN, text, entry.get("number", 0), start, end)

    def entry_of(self, name: str) -> dict:
        return self.final[name][1] if name in self.final else self.prefixes[name][0][1]

    def missing(self, name: str) -> None:
        self.broken(f"{name} is missing or is not a plain file", self.entry_of(name))

    def check_length(self, name: str, total: int) -> None:
        """All that can be said of a file that nobody here can read."""
        if name not in self.final:
            for file, entry in self.prefixes[name]:
                if total < file["bytes"]:
                    self.broken(f"{name} has {total} plain bytes, entry {entry['seq']} (checkpoint) proves {file['bytes']}", entry)
            return
        file, entry = self.final[name]
        if total != file["bytes"] + file.get("tail_bytes", 0):
            self.broken(f"{name} has {total} plain bytes, it was signed with {file['bytes']}", entry)

    def check(self, name: str, stream: BinaryIO) -> None:
        """Reads the stream to its end, once."""
        digest, total, prefixes = hashlib.sha256(), 0, sorted(self.prefixes.get(name, []), key=lambda p: p[0]["bytes"])
        for file, entry in prefixes:
            total += feed(stream, digest, file["bytes"] - total)
            if total < file["bytes"]:
                self.broken(f"{name} has {total} bytes, entry {entry['seq']} ({entry['kind']}) proves {file['bytes']}", entry)
            elif digest.hexdigest() != file["sha256"]:
                self.broken(f"the first {total} bytes of {name} are not those of entry {entry['seq']} ({entry['kind']})", entry)
        total += feed(stream, digest, None)
        if name in self.final:
            file, entry = self.final[name]
            tail = file.get("tail_bytes", 0)
            if total != file["bytes"] + tail:
                self.broken(f"{name} has {total} bytes, it was signed with {file['bytes'] + tail}", entry)
            elif tail:
                self.report.add(INCOMPLETE, f"the last {tail} bytes of {name} are not signed: they were written before a crash that took their key",
                                entry["number"], entry["start_us"], entry["end_us"])
            elif digest.hexdigest() != file["sha256"]:
                self.broken(f"{name} is not what was signed: its hash differs", entry)


def feed(stream: BinaryIO, digest, limit: int | None) -> int:
    total = 0
    while limit is None or total < limit:
        chunk = stream.read(CHUNK_BYTES if limit is None else min(CHUNK_BYTES, limit - total))
        if not chunk:
            break
        digest.update(chunk)
        total += len(chunk)
    return total
