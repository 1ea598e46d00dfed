"""Forgeries and who must find them: `vitrine verify`, the second verifier, and over a sample the page in a browser. Each finding is named and placed in time."""

import random
import re
import shutil
import sys
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from tests.verifier.authority import Authority
from tests.verifier.lab import Lab, Whom
from tests.verifier.page import Page
from tests.verifier.writer import chain_entries, compact, sha256

UNJUDGED, WHOLE, BROKEN, UNTRUSTED, INCOMPLETE, DELETED = 1, 0, 3, 4, 5, 6
PAGE_SAMPLE = 5  # of each group


@dataclass
class Forgery:
    name: str
    change: Callable[[Path], None]
    codes: tuple = (BROKEN,)
    span: tuple | None = None  # the forged time: a finding above a note must touch it
    says: str = ""  # what all must name
    page: bool = True  # False: a browser shows a page neither links nor empty folders


def lines_of(folder: Path) -> list[bytes]:
    return (folder / "chain").read_bytes().splitlines(keepends=True)


def put_lines(folder: Path, lines: list[bytes]) -> None:
    (folder / "chain").write_bytes(b"".join(lines))


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def resign(folder: Path, authority: Authority, change: Callable[[list[dict]], list[dict]] = lambda entries: entries) -> None:
    """Writes the whole chain anew with another key, as somebody would who has the disk but not the key."""
    certificate = authority.pem("node").read_bytes()
    (folder / "certificate.pem").write_bytes(certificate)
    lines, prev = [], "0" * 64
    for seq, entry in enumerate(change([entry for _, entry in chain_entries(folder)])):
        if entry["kind"] == "genesis":
            entry["files"] = [{"bytes": len(certificate), "name": "certificate.pem", "sha256": sha256(certificate)}]
        text = compact({**entry, "seq": seq, "prev": prev})
        prev = sha256(text)
        lines.append(authority.line(text) + b"\n")
    put_lines(folder, lines)


class Browser:
    """The page, told of somebody to trust only when that changes."""

    def __init__(self):
        self.page, self.whom = Page(), Whom()

    def judge(self, path: Path, whom: Whom) -> tuple[int, str]:
        if whom != self.whom:
            self.page.open()
            for chooser, files in ("ca", whom.trusted + whom.lists), ("key", whom.archive_keys), ("heads", whom.heads):
                if files:
                    self.page.give(chooser, *files)
            self.whom = whom
        return self.page.judge(path)


class Matrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(*sys.argv[1:3])
        cls.addClassCleanup(cls.lab.close)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.page.close)
        stranger = cls.lab.folder / "stranger"
        stranger.mkdir()
        cls.stranger = Authority(stranger).make("Stranger")
        cls.ca = cls.lab.authority.pem("ca")
        cls.n_copies = 0

    def copy(self, source: Path) -> Path:
        type(self).n_copies += 1
        target = self.lab.folder / f"copy-{type(self).n_copies}{source.suffix}"
        return Path(shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target))

    def judge(self, forgeries: list[Forgery], source: Path, whom: Whom | None = None) -> None:
        whom = whom or Whom((self.ca,))
        folders = [self.copy(source) for _ in forgeries]
        for folder, forgery in zip(folders, forgeries):
            forgery.change(folder)
        for_page = [number for number, forgery in enumerate(forgeries) if forgery.page]
        shown = set(random.Random(len(forgeries)).sample(for_page, min(PAGE_SAMPLE, len(for_page))))
        for number, (forgery, (product, report)) in enumerate(zip(forgeries, self.lab.both_of(folders, whom), strict=True)):
            with self.subTest(forgery.name):
                mine = [finding.words() for finding in report.findings]
                self.assertIn(product.code, forgery.codes, f"vitrine verify: {product.words()}")
                self.assertEqual(report.exit_code(), product.code, f"the verifiers differ\nvitrine: {product.words()}\nsecond: {mine}")
                self.assert_found(forgery, "vitrine", [(f["start_us"], f["end_us"], f["text"]) for f in product.findings() if f["class"] != "note"])
                self.assert_found(forgery, "second", [(f.start_us, f.end_us, f.text) for f in report.findings if f.kind != "note"])
                if number in shown:
                    code, words = self.browser.judge(folders[number], whom)
                    self.assertEqual(code, product.code, f"the page differs: {words}\nvitrine: {product.words()}")
                    self.assertRegex(words, forgery.says or ".")
        for folder in folders:
            shutil.rmtree(folder) if folder.is_dir() else folder.unlink()

    def assert_found(self, forgery: Forgery, who: str, findings: list[tuple]) -> None:
        if forgery.says:
            self.assertTrue(any(re.search(forgery.says, text) for *_, text in findings), f"{who} names it: {findings}")
        if forgery.span:
            start, end = forgery.span
            self.assertTrue(any(a <= end and b >= start for a, b, _ in findings), f"{who} places it between {start} and {end}: {findings}")
