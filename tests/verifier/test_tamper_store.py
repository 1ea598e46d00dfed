"""The tamper matrix of what lies in a store beside plain recordings: encrypted ones with the archive key and without, deleted ones, revoked signers, and the node's log.

Arguments: the `vitrine` program and make_recordings."""

import json
import os
import random
import shutil
import subprocess
import sys
import unittest
from datetime import datetime
from pathlib import Path
from typing import Callable

from tests.verifier.__main__ import judge
from tests.verifier.authority import Authority
from tests.verifier.encrypted import DataKeys, Records
from tests.verifier.lab import Whom
from tests.verifier.matrix import BROKEN, DELETED, INCOMPLETE, UNTRUSTED, WHOLE, Forgery, Matrix, flip, lines_of, put_lines
from tests.verifier.writer import Log, chain_entries, compact, gather, log_of, sha256

LONG = bool(os.environ.get("VITRINE_LONG"))
HEADER_BYTES, RECORD_HEADER_BYTES, TAG_BYTES = 24, 12, 16


class Encrypted(Matrix):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.recording, *_), (cls.other, *_) = cls.lab.record(2, "plain", "resumed", encrypted=True)
        cls.spans = {file["name"]: (entry["start_us"], entry["end_us"]) for _, entry in chain_entries(cls.recording) if entry["kind"] == "segment" for file in entry["files"]
                     if file["name"].startswith("seg-")}
        cls.with_key = Whom((cls.ca,), archive_keys=(cls.lab.authority.key("archive"),))

    def encrypted(self) -> list[Path]:
        return sorted(self.recording.glob("*.enc"))

    def records(self, path: Path) -> list[bytes]:
        data, at, found = path.read_bytes(), HEADER_BYTES, []
        while at < len(data):
            size = RECORD_HEADER_BYTES + int.from_bytes(data[at:at + 4], "big") + TAG_BYTES
            found.append(data[at:at + size])
            at += size
        return found

    def rewritten(self, name: str, change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
        def work(folder: Path) -> None:
            path = folder / name
            header = path.read_bytes()[:HEADER_BYTES]
            path.write_bytes(header + b"".join(change(self.records(path))))
        return work

    def test_bits(self):
        """In the header, a record's length, counter, ciphertext and tag of each file."""
        chosen, forgeries = random.Random(9), []
        for path in self.encrypted():
            size = path.stat().st_size
            places = {"magic": (0, 4), "version": (4, 2), "key number": (6, 2), "session": (8, 16), "length": (24, 4), "counter": (28, 8), "ciphertext": (36, 1), "tag": (size - 16, 16)}
            for place, (at, length) in places.items():
                for _ in range(4 if LONG else 1):
                    bit = (at + chosen.randrange(length)) * 8 + chosen.randrange(8)
                    forgeries.append(Forgery(f"flip bit {bit} of {path.name}: {place}", lambda f, name=path.name, bit=bit: flip(f / name, bit), (BROKEN, INCOMPLETE),
                                             self.spans[path.name.removesuffix(".enc")] if place != "key number" else None))
        self.judge(forgeries, self.recording, self.with_key)

    def test_records(self):
        video, span = "seg-00001.mp4.enc", self.spans["seg-00001.mp4"]
        both = {"span": span, "says": "seg-00001"}
        self.judge([
            Forgery("record dropped", self.rewritten(video, lambda records: records[:1] + records[2:]), **both),
            Forgery("last record dropped", self.rewritten(video, lambda records: records[:-1]), **both),
            Forgery("records exchanged", self.rewritten(video, lambda records: [records[1], records[0], *records[2:]]), **both),
            Forgery("record repeated", self.rewritten(video, lambda records: records[:1] + records), **both),
            Forgery("bytes behind", lambda f: (f / video).write_bytes((f / video).read_bytes() + b"\0" * 20), **both),
            Forgery("file of another session", lambda f: shutil.copy(self.other / video, f / video), **both),
            Forgery("file under another name", lambda f: shutil.copy(f / "seg-00002.mp4.enc", f / video), **both),
            Forgery("file dropped", lambda f: (f / video).unlink(), **both),
            Forgery("plain and encrypted", lambda f: (f / "seg-00001.mp4").write_bytes(b"x"), says="seg-00001.mp4"),
        ], self.recording, self.with_key)

    def test_keys(self):
        names = sorted(path.name for path in self.recording.glob("key-*.cms"))
        self.assertGreater(len(names), 1, "a recorder that comes back makes a new key")
        self.judge([
            Forgery("one sealed key removed", lambda f: (f / names[0]).unlink(), says=names[0]),
            Forgery("all sealed keys removed", lambda f: [(f / name).unlink() for name in names], (INCOMPLETE,), says="shredded"),
            Forgery("sealed key changed", lambda f: flip(f / names[0], 900), says=names[0]),
            Forgery("sealed key of another recording", lambda f: shutil.copy(self.other / names[0], f / names[0]), says=names[0]),
        ], self.recording, self.with_key)

    def test_without_key(self):
        """Chain, order and lengths can be judged; what cannot is told."""
        video, span = "seg-00001.mp4.enc", self.spans["seg-00001.mp4"]
        self.judge([
            Forgery("nothing", lambda f: None, (INCOMPLETE,), says="not checked"),
            Forgery("last record dropped", self.rewritten(video, lambda records: records[:-1]), span=span, says="seg-00001.mp4"),
            Forgery("bytes behind", lambda f: (f / video).write_bytes((f / video).read_bytes() + b"\0" * 20), span=span, says="seg-00001.mp4"),
            Forgery("file dropped", lambda f: (f / video).unlink(), span=span, says="seg-00001.mp4"),
            Forgery("file of another session", lambda f: shutil.copy(self.other / video, f / video), span=span, says="seg-00001.mp4"),
            Forgery("segment entry dropped", lambda f: put_lines(f, lines_of(f)[:2] + lines_of(f)[3:])),
        ], self.recording)
        stranger = Whom((self.ca,), archive_keys=(self.stranger.key("archive"),))
        self.judge([Forgery("another archive's key", lambda f: None, (INCOMPLETE,), says="not checked")], self.recording, stranger)

    def test_decrypted_by_hand(self):
        """With the commands and the layout of the page; judged like the encrypted one."""
        folder = self.copy(self.recording)
        keys = DataKeys([self.lab.authority.key("archive")])
        for path in sorted(folder.glob("*.enc")):
            records = Records(path, path.name.removesuffix(".enc"), False, None)
            path.with_name(path.name.removesuffix(".enc")).write_bytes(b"".join(records.plain(keys.open(folder / f"key-{records.key_number:03}.cms"))))
            path.unlink()
        self.judge([Forgery("nothing", lambda f: None, (WHOLE,))], folder)


class Deleted(Matrix):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.recording, *_), (cls.other, *_) = cls.lab.record(2, "plain", "sealed")

    def buried(self, folder: Path, authority: Authority | None = None, keep: tuple = (), signer: str = "node", **changes) -> None:
        """As the product leaves it: chain, certificate and tombstone."""
        entries = chain_entries(folder)
        stone = {"kind": "tombstone", "version": 1, "session": entries[0][1]["session"], "head": sha256(entries[-1][0]), "cause": "order", "class": "standard",
                 "reason": "case closed", "requested_by": "alice", "approved_by": "bob", "utc": "2026-07-01T00:00:00.000000Z", **changes}
        by = authority or self.lab.authority
        (folder / "tombstone").write_bytes(by.line(compact(stone), signer) + b"\n" + by.pem(signer).read_bytes())
        for path in folder.iterdir():
            if path.name not in ("chain", "certificate.pem", "tombstone", *keep):
                path.unlink()

    def test_tombstones(self):
        def edited(folder: Path) -> None:
            self.buried(folder)
            path = folder / "tombstone"
            path.write_bytes(path.read_bytes().replace(b'"requested_by":"alice"', b'"requested_by":"bobby"'))
        self.judge([
            Forgery("lawfully deleted", self.buried, (DELETED,)),
            Forgery("files removed without a tombstone", lambda f: (self.buried(f), (f / "tombstone").unlink()), says="seg-00001.mp4"),
            Forgery("requester edited", edited, says="tombstone"),
            Forgery("of another recording", lambda f: self.buried(f, session="00000000-0000-4000-8000-999999999999"), says="tombstone"),
            Forgery("of another state", lambda f: self.buried(f, head="0" * 64), says="tombstone"),
            Forgery("signed by a stranger", lambda f: self.buried(f, self.stranger), (UNTRUSTED,), says="tombstone"),
            Forgery("tombstone cut", lambda f: (self.buried(f), os.truncate(f / "tombstone", 60)), says="tombstone"),
            Forgery("tombstone without certificate", lambda f: (self.buried(f), (f / "tombstone").write_bytes((f / "tombstone").read_bytes().partition(b"\n")[0] + b"\n")), says="tombstone"),
            Forgery("deletion interrupted", lambda f: self.buried(f, keep=("seg-00001.mp4",)), (INCOMPLETE,), says="seg-00001.mp4"),
            Forgery("chain cut", lambda f: (self.buried(f), put_lines(f, lines_of(f)[:-2])), (BROKEN,), says="tombstone"),
            Forgery("certificate replaced", lambda f: (self.buried(f), shutil.copy(self.stranger.pem("node"), f / "certificate.pem"))),
        ], self.recording)

    def test_revoked(self):
        """No stamp lies over a tombstone: whatever the date of the revocation, somebody who took the key could have written it since."""
        by, erased = self.lab.authority, lambda folder: self.buried(folder, signer="eraser")
        by.issue("eraser", "ca", "node1")
        for name, lists, code, says in (("no list", (), DELETED, ""), ("revoked before", (by.revoke("eraser", "ca", datetime(2021, 1, 1)),), UNTRUSTED, "tombstone.*revoked"),
                                        ("revoked later", (by.revoke("eraser", "ca", datetime(2110, 1, 1)),), UNTRUSTED, "tombstone.*revoked"),
                                        ("another revoked", (by.revoke("tsa", "ca", datetime(2021, 1, 1)),), DELETED, "")):
            self.judge([Forgery(name, erased, (code,), says=says)], self.recording, Whom((self.ca,), lists))


class Revoked(Matrix):
    """The stamps of these tests are of today."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.recording, *_), = cls.lab.record(1, "plain", "sealed")
        cls.entries = chain_entries(cls.recording)
        cls.trusted = (cls.ca, cls.lab.authority.pem("tsa-ca"))

    def stamped(self, at: int) -> Callable[[Path], None]:
        text, entry = self.entries[at]
        answer = self.lab.authority.stamp(text)
        return lambda folder: (folder / f"ts-{entry['seq']}.tsr").write_bytes(answer)

    def test_revocation(self):
        by = self.lab.authority
        early, late, doubted = by.revoke("node", "ca", datetime(2021, 1, 1)), by.revoke("node", "ca", datetime(2110, 1, 1)), by.revoke("node", "ca", datetime(2110, 1, 2), datetime(2021, 1, 1))
        sealed, earlier, nothing = self.stamped(-1), self.stamped(2), lambda folder: None
        for name, lists, cases in (
                ("revoked before", early, ((nothing, UNTRUSTED), (sealed, UNTRUSTED))), ("revoked after the stamp", late, ((nothing, UNTRUSTED), (sealed, WHOLE), (earlier, UNTRUSTED))),
                ("doubted since before", doubted, ((sealed, UNTRUSTED),)), ("a stranger's list", self.stranger.revoke("node", "ca", datetime(2021, 1, 1)), ((nothing, WHOLE), (sealed, WHOLE)))):
            self.judge([Forgery(f"{name}, case {number}", change, (code,), says="revoked" if code == UNTRUSTED else "") for number, (change, code) in enumerate(cases)],
                       self.recording, Whom(self.trusted, (lists,)))

    def test_log_proofs(self):
        """The heads of an evidence file's proofs, under a key of their own: the stamp over the manifest, which names the proofs, is over them, too."""
        by, folder = self.lab.authority, self.lab.folder
        by.issue("logger", "ca", "node1")
        made = gather(self.recording, log=log_of([self.recording], by, signer="logger"))
        files = {stamped: made.write(folder / f"stamped-{stamped}.mp4", by, stamped) for stamped in (False, True)}
        for name, lists, cases in (("no list", (), ((False, WHOLE), (True, WHOLE))), ("revoked before", (by.revoke("logger", "ca", datetime(2021, 1, 1)),), ((False, UNTRUSTED), (True, UNTRUSTED))),
                                   ("revoked after the stamp", (by.revoke("logger", "ca", datetime(2110, 1, 1)),), ((False, UNTRUSTED), (True, WHOLE)))):
            for stamped, code in cases:
                self.judge([Forgery(f"{name}, stamped {stamped}", lambda f: None, (code,), says="log's certificate.*revoked" if code == UNTRUSTED else "")], files[stamped], Whom(self.trusted, lists))


class NodeLog(Matrix):
    """The log of a store, judged by `vitrine log verify` as well: that also compares recordings."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.recordings = [path for path, *_ in cls.lab.record(3, "one-picture", "sealed")]
        cls.log, _ = log_of(cls.recordings, cls.lab.authority)
        cls.store = cls.lab.folder / "store"
        cls.store.mkdir()
        for recording in cls.recordings:
            shutil.copytree(recording, cls.store / recording.name)
        cls.log.write(cls.store / "log")

    def product(self, store: Path, heads: list[Path], lists: tuple = ()) -> tuple[int, str]:
        options = [word for head in heads for word in ("--head", head)] + self.lab.together("--crl", lists)
        done = subprocess.run([self.lab.program, "log", "verify", "--no-database", "--json", "--store", store, "--ca", self.ca, *options], stdout=subprocess.PIPE, check=False)
        report = json.loads(done.stdout)
        return done.returncode, "; ".join(f"{finding['class']}: {finding['text']}" for finding in report["findings"])

    def judged(self, name: str, change: Callable[[Path], None], code: int, kept: tuple = (), says: str = "", page: bool = True, lists: tuple = ()) -> None:
        with self.subTest(name):
            store = self.copy(self.store)
            change(store / "log")
            heads = []
            for number, line in enumerate(kept):
                heads.append(self.lab.folder / f"kept-{store.name}-{number}")
                heads[-1].write_bytes(b"Jul  1 00:00:00 node1 vitrine: " * (number % 2) + line + b"\n")
            product, words = self.product(store, heads, lists)
            report = judge(store / "log", [self.ca], kept, lists)
            mine = "; ".join(finding.words() for finding in report.findings)
            self.assertEqual((product, report.exit_code()), (code, code), f"vitrine: {words}\nsecond: {mine}")
            for text in (words, mine) if says else ():
                self.assertRegex(text, says)
            if page:
                seen, shown = self.browser.judge(store / "log", Whom((self.ca,), lists, heads=tuple(heads)))
                self.assertEqual(seen, code, shown)
                self.assertRegex(shown, says or ".")
            shutil.rmtree(store)

    def put(self, file: str, data: bytes) -> Callable[[Path], None]:
        return lambda folder: (folder / file).write_bytes(data)

    def test_log(self):
        leaves, heads = b"".join(leaf + b"\n" for leaf in self.log.leaves), b"".join(head + b"\n" for head in self.log.heads)
        lines = leaves.splitlines(keepends=True)
        twice = Log(self.lab.authority)
        twice.leaves = [*self.log.leaves, compact({**json.loads(self.log.leaves[1]), "index": len(self.log.leaves)})]
        twice.sign()
        again = Log(self.lab.authority)
        again.leaves = [*self.log.leaves, compact({**json.loads(self.log.leaves[0]), "index": len(self.log.leaves), "sha256": "0" * 64})]
        again.sign()
        self.judged("audit record entered twice", twice.write, BROKEN, says="a second time")
        self.judged("second genesis of a recording", again.write, BROKEN, says="second genesis")
        self.judged("honest", lambda f: None, WHOLE)
        self.judged("honest, with heads kept elsewhere", lambda f: None, WHOLE, tuple(self.log.heads))
        for name, file, forged, code, says in (
                ("leaf removed", "leaves", b"".join(lines[:7] + lines[8:]), BROKEN, "leaves"), ("leaf changed", "leaves", leaves.replace(b'"id":', b'"id":9', 1), BROKEN, "leaves"),
                ("tail removed", "leaves", b"".join(lines[:-4]), BROKEN, "leaves"),
                ("leaf added", "leaves", leaves + lines[1].replace(b'"id":', b'"id":7').replace(b'"index":1', b'"index":%d' % len(lines)), INCOMPLETE, "not signed yet"),
                ("leaves exchanged", "leaves", b"".join(lines[:3] + [lines[4], lines[3]] + lines[5:]), BROKEN, "leaves"), ("last line cut", "leaves", leaves[:-5], BROKEN, ""),
                ("head removed", "heads", b"".join(heads.splitlines(keepends=True)[:-1]), INCOMPLETE, "not signed yet"), ("heads removed", "heads", b"", INCOMPLETE, ""),
                ("head changed", "heads", heads.replace(b'"size":6', b'"size":5'), BROKEN, ""), ("heads exchanged", "heads", b"".join(reversed(heads.splitlines(keepends=True))), BROKEN, "covers fewer|covers less"),
                ("certificate removed", "certificate.pem", b"", BROKEN, "certificate"), ("certificate replaced", "certificate.pem", self.stranger.pem("node").read_bytes(), BROKEN, "signature|tree head")):
            self.judged(name, self.put(file, forged), code, says=says)

    def test_long_lines(self):
        """The longest that are lines, and one byte more."""
        honest = b"".join(head + b"\n" for head in self.log.heads)
        for spare, code in ((0, WHOLE), (1, BROKEN)):
            by, log = self.lab.authority, Log(self.lab.authority)
            leaf = json.loads(self.log.leaves[-1])
            log.leaves = [*self.log.leaves[:-1], compact({**leaf, "note": "x" * (4096 + spare - len(compact({**leaf, "note": ""})))})]
            log.sign()
            self.judged(f"leaf of {4096 + spare} bytes", log.write, code)
            value = json.loads(self.log.heads[-1].partition(b" ")[2])
            line = next(line for line in (by.line(compact({**value, "note": "x" * (4096 + spare - 97 - len(compact({**value, "note": ""})))})) for _ in range(100)) if len(line) == 4096 + spare)
            self.judged(f"head of {4096 + spare} bytes", self.put("heads", honest + line + b"\n"), code)

    def test_every_leaf_is_guarded(self):
        """Bits of the leaves: each is under a head."""
        data, chosen = (self.store / "log/leaves").read_bytes(), random.Random(8)
        for number, bit in enumerate(chosen.sample(range(len(data) * 8), 400 if LONG else 30)):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            self.judged(f"bit {bit}", self.put("leaves", bytes(flipped)), BROKEN, page=number < 5)

    def test_deleted_recording_and_older_head(self):
        """Written anew by the node's owner, with the right key, without the second recording, which is removed as well, the log is whole in itself; a head that was published before tells."""
        session = self.recordings[1].name
        gone = [number for number, leaf in enumerate(self.log.leaves) if session.encode() in leaf]
        forged = Log(self.lab.authority)
        forged.leaves = [compact({**json.loads(leaf), "index": at}) for at, leaf in enumerate(leaf for number, leaf in enumerate(self.log.leaves) if number not in gone)]
        forged.sign()

        def change(folder: Path) -> None:
            forged.write(folder)
            shutil.rmtree(folder.parent / session)
        self.judged("removed without a trace", change, WHOLE)
        self.judged("with the newest head kept", change, BROKEN, (self.log.heads[-1],), says="was cut|its end was removed")
        self.judged("with an older head kept", change, BROKEN, (self.log.heads[3],), says="written anew|removed or backdated")

    def test_recording_removed(self):
        store = self.copy(self.store)
        shutil.rmtree(store / self.recordings[1].name)
        code, words = self.product(store, [])
        self.assertEqual(code, BROKEN)
        self.assertIn(self.recordings[1].name, words)

    def test_consistency(self):
        """A proof made by the product, and forgeries of it."""
        kept, out = self.lab.folder / "old.head", self.lab.folder / "proofs"
        out.mkdir()
        kept.write_bytes(self.log.heads[1] + b"\n")
        subprocess.run([self.lab.program, "log", "prove", "--store", self.store, "--since", kept, "-o", out], stdout=subprocess.DEVNULL, check=True)
        shutil.copy(self.store / "log/certificate.pem", out / "log-certificate.pem")
        path = out / "log-consistency.json"
        proof = json.loads(path.read_bytes())
        self.assertEqual(path.read_bytes(), self.log.consistency(self.log.heads[1], self.log.heads[-1]))
        self.proof_judged(out, WHOLE, "12 leaves")
        self.proof_judged(out, UNTRUSTED, "does not lead", Whom((self.stranger.pem("ca"),)))
        for name, forged, says in (
                ("another first head", {"first": self.log.heads[2].decode()}, "does not begin"), ("path cut", {"path": proof["path"][:-1]}, "does not begin"),
                ("path longer", {"path": proof["path"] + proof["path"][:1]}, "does not begin"), ("nodes exchanged", {"path": proof["path"][::-1]}, "does not begin"),
                ("head changed", {"second": proof["second"].replace('"size":', '"size":1')}, "signature"), ("heads exchanged", {"first": proof["second"], "second": proof["first"]}, "does not begin"),
                ("a stranger's head", {"second": self.stranger.line(self.log.heads[-1].partition(b" ")[2]).decode()}, "signature"), ("no path", {"path": "none"}, "path"),
                ("another node's head", {"first": self.lab.authority.line(self.log.heads[1].partition(b" ")[2].replace(b"node1", b"node2")).decode()}, "two nodes")):
            with self.subTest(name):
                path.write_text(json.dumps({**proof, **forged}), encoding="utf-8")
                self.proof_judged(out, BROKEN, says)

    def proof_judged(self, folder: Path, code: int, says: str, whom: Whom | None = None) -> None:
        """By the second verifier and the page."""
        whom = whom or Whom((self.ca,))
        report = judge(folder, list(whom.trusted))
        self.assertEqual(report.exit_code(), code, [finding.words() for finding in report.findings])
        seen, words = self.browser.judge(folder, whom)
        self.assertEqual(seen, code, words)
        self.assertRegex(words, says)

    def test_consistency_of_every_size(self):
        """From each size to each: trees of all shapes, and each of them with the path of another."""
        folder, log, n = self.lab.folder / "sizes", Log(self.lab.authority), 7
        for number in range(n):
            log.add("audit", id=number, sha256=sha256(b"row %d" % number))
        heads = [log.head_of(size) for size in range(n + 1)]
        for second in range(n + 1):
            for first in range(second + 1):
                with self.subTest(first=first, second=second):
                    log.write_consistency(folder, heads[first], heads[second])
                    self.proof_judged(folder, WHOLE, f"{first} leaves.*\n.*\n.*{second} leaves")
        empty = self.lab.authority.line(heads[0].partition(b" ")[2].replace(sha256(b"").encode(), b"0" * 64))
        for name, first, second, path in (("of a later one", 4, 7, 5), ("of an earlier one", 6, 7, 3), ("none", 3, 6, 6), ("of a wrong empty tree", 0, 5, 0)):
            with self.subTest(name):
                proof = json.loads(log.consistency(heads[path], heads[second]))
                (folder / "log-consistency.json").write_bytes(compact({**proof, "first": (empty if path == 0 else heads[first]).decode()}))
                self.proof_judged(folder, BROKEN, "does not begin")

    def keyed(self, *heads: tuple, certificates: tuple) -> Callable[[Path], None]:
        """The log with heads over (size, key, utc), and these certificates, the newest first."""
        def change(folder: Path) -> None:
            (folder / "heads").write_bytes(b"".join(self.log.head_of(*head) + b"\n" for head in heads))
            (folder / "certificate.pem").write_bytes(b"".join(self.lab.authority.pem(name).read_bytes() for name in certificates))
        return change

    def test_every_certificate(self):
        """Each that a head holds under leads to the CA, and was not revoked unless a newer head covers what it signed."""
        by, early, late, size = self.lab.authority, "2026-06-01T08:00:00.000000Z", "2026-06-03T08:00:00.000000Z", len(self.log.leaves)
        by.issue("node-before", "ca", "node1")
        by.issue("node-foreign", None, "node1")
        by.renew("node-before", "node-renewed", "ca", "node1", (datetime(2026, 6, 2), datetime(2100, 1, 1)))
        by.renew("node-before", "node-ended", "ca", "node1", (datetime(2026, 5, 1), datetime(2026, 6, 2)))
        rotated = self.keyed((6, "node-before", early), (size, "node", late), certificates=("node", "node-before"))
        revoked = {name: by.revoke(name, "ca", datetime(2026, 7, 1)) for name in ("node", "node-before")}
        self.judged("keys changed", rotated, WHOLE)
        self.judged("older heads by a stranger", self.keyed((6, "node-foreign", early), (size, "node", late), certificates=("node", "node-foreign")), UNTRUSTED, says="does not lead")
        self.judged("a stranger's certificate that signed nothing", self.keyed((6, "node", early), (size, "node", late), certificates=("node", "node-foreign")), WHOLE)
        self.judged("the key before revoked", rotated, WHOLE, lists=(revoked["node-before"],), says="covers what it signed")
        self.judged("the newest key revoked", rotated, UNTRUSTED, lists=(revoked["node"],), says="revoked")
        self.judged("a kept head under the key revoked", rotated, WHOLE, (self.log.head_of(12, "node-before", early),), lists=(revoked["node-before"],))
        self.judged("one key, certified anew", self.keyed((6, "node-before", early), (size, "node-before", late), certificates=("node-renewed", "node-ended")), WHOLE)
        self.judged("signed before it was certified", self.keyed((6, "node-before", early), (size, "node-before", late), certificates=("node-renewed",)), UNTRUSTED, says="does not lead")


del Matrix  # it has no tests of its own

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
