"""What was found, and the exit code it means ("Exit codes" of the page)."""

from dataclasses import dataclass, field

BROKEN, UNTRUSTED, INCOMPLETE, NOTE = "broken", "untrusted", "incomplete", "note"
EXIT_WHOLE, EXIT_UNJUDGED, EXIT_DELETED = 0, 1, 6
EXITS = {BROKEN: 3, UNTRUSTED: 4, INCOMPLETE: 5}


class Unjudged(Exception):
    """There is nothing this version of the page lets a verifier judge: not readable, not ours, or of another version."""


@dataclass
class Finding:
    kind: str
    text: str
    segment: int = 0
    start_us: int = 0
    end_us: int = 0

    def words(self) -> str:
        where = f"segment {self.segment}: " if self.segment else ""
        when = f"{self.start_us / 1e6:.3f} s to {self.end_us / 1e6:.3f} s: " if self.end_us else ""
        return f"{self.kind}: {where}{when}{self.text}"


@dataclass
class Report:
    findings: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)
    unjudged: str = ""
    deleted: bool = False

    def add(self, kind: str, text: str, segment: int = 0, start_us: int = 0, end_us: int = 0) -> None:
        self.findings.append(Finding(kind, text, segment, start_us, end_us))

    def exit_code(self) -> int:
        if self.unjudged:
            return EXIT_UNJUDGED
        found = {finding.kind for finding in self.findings}
        return next((code for kind, code in EXITS.items() if kind in found), EXIT_DELETED if self.deleted else EXIT_WHOLE)

    def verdict(self, trusted: bool) -> str:
        code = self.exit_code()
        if code == EXIT_UNJUDGED:
            return "unreadable"
        if code == EXIT_DELETED:
            return "deleted"
        return next((kind for kind, value in EXITS.items() if value == code), "proven" if trusted else "whole")
