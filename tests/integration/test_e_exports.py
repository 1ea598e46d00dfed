"""What surrounds an export at the console: its page and its table, who may take timelines out, failures on record, and a service that is killed in the middle of a large one."""

import csv
import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from tests.support.console_lab import RECORDED, Client, Lab
from tests.support.installation import PATIENCE_S, wait_for
from tests.verifier.authority import Authority
from tests.verifier.writer import compact

SMALL, LARGE, DAMAGED = (f"{n * 8}-{n * 4}-4{n * 3}-8{n * 3}-{n * 12}" for n in "456")
SEGMENT_US = 1_000_000
MEBIBYTE = 1 << 20
# One after the other at low priority, this takes long enough to be interrupted.
LARGE_BYTES, LARGE_SEGMENTS = 16 * MEBIBYTE, 12


def box(kind: bytes, size: int) -> bytes:
    return (8 + size).to_bytes(4, "big") + kind + bytes(size)


class Recording:
    """A recording as docs/evidence-format.md has it, with pictures that are nothing but boxes."""

    def __init__(self, store: Path, session: str, authority: Authority):
        self.folder, self.session, self.authority = store / session, session, authority
        self.folder.mkdir()
        self.lines, self.previous, self.bytes = [], "0" * 64, 0
        certificate = self.put("certificate.pem", authority.pem("node").read_bytes())
        texts = {name: "" for name in ("account", "back", "door", "front", "quality", "target_address", "viewer_name")}
        self.add("genesis", 0, {**texts, "clock_us": 0, "files": [certificate], "node": "node1", "opened": "2026-06-01T08:00:00.000000Z", "session": session,
                                "target": "web-01", "user": "zoë", "version": 1, "viewer_address": "192.0.2.7"})

    def put(self, name: str, data: bytes) -> dict:
        (self.folder / name).write_bytes(data)
        return {"bytes": len(data), "name": name, "sha256": hashlib.sha256(data).hexdigest()}

    def add(self, kind: str, t_us: int, members: dict) -> None:
        text = compact({**members, "kind": kind, "prev": self.previous, "seq": len(self.lines), "t_us": t_us, "utc": f"2026-06-01T08:00:{t_us // 1_000_000:02}.000000Z"})
        self.lines.append(self.authority.line(text) + b"\n")
        self.previous = hashlib.sha256(text).hexdigest()

    def segment(self, number: int, video: bytes, events: list) -> None:
        start_us = (number - 1) * SEGMENT_US
        lines = "".join(json.dumps({"t_us": start_us + 500_000, "origin": "session", **event}) + "\n" for event in events).encode()
        files = [self.put(f"seg-{number:05}.mp4", video), self.put(f"seg-{number:05}.jsonl.gz", gzip.compress(lines)),
                 self.put("init-001.mp4", box(b"ftyp", 8) + box(b"moov", 100))]
        self.bytes += sum(file["bytes"] for file in files)
        self.add("segment", start_us + SEGMENT_US, {"codec": "avc1.42c01e", "end_us": start_us + SEGMENT_US, "files": files, "first_frame_us": start_us, "frames": 1,
                                                    "height": 480, "number": number, "start_us": start_us, "width": 640})

    def seal(self, segments: int) -> None:
        self.add("seal", segments * SEGMENT_US, {"bytes": self.bytes, "detail": "", "duration_us": segments * SEGMENT_US, "frames": segments, "reason": "viewer-left",
                                                 "segments": segments})
        (self.folder / "chain").write_bytes(b"".join(self.lines))


class ExportLab(Lab):
    def write_config(self) -> None:
        super().write_config()
        self.authority = Authority(self.work).make()
        self.authority.key("node").chmod(0o600)
        self.spool = self.work / "spool"
        self.spool.mkdir()
        self.configure()
        self.record(SMALL, 2, MEBIBYTE // 4)
        self.record(LARGE, LARGE_SEGMENTS, LARGE_BYTES)
        self.record(DAMAGED, 1, 1000)
        (self.store / DAMAGED / "seg-00001.mp4").write_bytes(box(b"mdat", 1001))

    def configure(self, **export: str) -> None:
        config = json.loads(self.config.read_text())
        config["export"] = {"private_key_file": str(self.authority.key("node")), "certificate_file": str(self.authority.pem("node")),
                            "ca_file": str(self.authority.pem("ca")), "spool_dir": str(self.spool), **export}
        self.config.write_text(json.dumps(config))

    def record(self, session: str, segments: int, video_bytes: int) -> None:
        recording = Recording(self.store, session, self.authority)
        for number in range(1, segments + 1):
            recording.segment(number, box(b"moof", 16) + box(b"mdat", video_bytes), [{"type": "title", "text": f"=window {number}"}])
        recording.seal(segments)
        self.sql(f"INSERT INTO recording (session_id, node, quality, state, started_at, closed_at) VALUES ('{session}', 'node1', 'standard', 'sealed',"
                 " '2026-06-01 08:00:00Z', now())")

    def verify(self, path: Path) -> dict:
        done = subprocess.run([self.build / "cli/vitrine", "verify", path, "--ca", self.authority.pem("ca"), "--json"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, check=False)
        return {**json.loads(done.stdout), "code": done.returncode}

    def trail(self, session: str) -> list[tuple[str, str]]:
        """(action, detail) of what was said about a session, oldest first."""
        rows = self.sql(f"SELECT action, detail FROM audit WHERE subject = '{session}' ORDER BY number").splitlines()
        return [tuple(row.split("|", 1)) for row in rows]


def setUpModule():
    Exports.lab = ExportLab()
    unittest.addModuleCleanup(Exports.lab.close)


class Exports(unittest.TestCase):
    lab: ExportLab

    def restart(self, **export: str) -> None:
        self.lab.stop()
        self.lab.configure(**export)
        self.lab.start()

    def ask(self, client: Client, session: str, **wish) -> str:
        status, _, body = client.ask("POST", f"/api/recordings/{session}/exports", {"reason": "case 7", **wish})
        self.assertEqual(status, 202, body)
        return json.loads(body)["id"]

    def state(self, client: Client, session: str, job: str) -> dict:
        return next(row for row in client.json(f"/api/recordings/{session}/exports")["exports"] if row["id"] == job)

    def ended(self, client: Client, session: str, job: str, state: str = "ready", seconds: int = 60) -> dict:
        return wait_for(lambda: (row := self.state(client, session, job))["state"] == state and row, seconds, f"the export is {state}")

    def test_companions(self):
        """Evidence, the page about it and the table of its events, each fetched by who may have them and noted."""
        client = Client(self.lab, "arthur")
        job = self.ask(client, SMALL, from_us=SEGMENT_US)
        row = self.ended(client, SMALL, job)
        self.assertTrue(row["certificate"])
        status, headers, evidence = client.ask("GET", f"/api/exports/{job}/evidence.mp4")
        self.assertEqual((status, headers["content-type"]), (200, "video/mp4"))
        status, headers, pdf = client.ask("GET", f"/api/exports/{job}/certificate.pdf")
        self.assertEqual((status, headers["content-type"], pdf[:5]), (200, "application/pdf", b"%PDF-"))
        page = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, stdout=subprocess.PIPE, check=True).stdout.decode()
        for words in ("PROVEN", "zoë", "192.0.2.7", "case 7", SMALL, hashlib.sha256(evidence).hexdigest(), "by arthur on",
                      f"sha256sum 'evidence-{SMALL[:8]}-{job[:8]}.mp4'"):
            self.assertIn(words, page)
        status, headers, table = client.ask("GET", f"/api/exports/{job}/timeline.csv")
        self.assertEqual((status, headers["content-type"]), (200, "text/csv; charset=utf-8"))
        rows = list(csv.reader(io.StringIO(table.decode(), newline="")))
        self.assertEqual(rows, [["time_utc", "seconds", "origin", "type", "text", "detail"],
                                ["2026-06-01T08:00:01.500000Z", "1.500000", "session", "title", "'=window 2", ""]])
        actions = [action for action, _ in self.lab.trail(SMALL)]
        for action in ("export-request", "export-finish", "export-download", "timeline-export"):
            self.assertIn(action, actions)
        client.ask("POST", f"/api/exports/{job}/cancel", {})
        wait_for(lambda: not list(self.lab.spool.glob(f"{job}*")), 10, "file and certificate have left the spool")
        self.assertEqual(client.ask("GET", f"/api/exports/{job}/certificate.pdf")[0], 409)

    def test_doors(self):
        job = self.ask(Client(self.lab, "ada"), SMALL)
        for name in ("evidence.mp4", "certificate.pdf", "timeline.csv"):
            self.assertEqual(Client(self.lab).ask("GET", f"/api/exports/{job}/{name}")[0], 401)
            self.assertEqual(Client(self.lab, "wendy").ask("GET", f"/api/exports/{job}/{name}")[0], 403)

    def test_policy(self):
        """Where only administrators may have them, an auditor's export leaves timelines out and says why, and an administrator's is not the auditor's."""
        self.restart(timelines="admin")
        self.addCleanup(self.restart)
        arthur, ada = Client(self.lab, "arthur"), Client(self.lab, "ada")
        mine, hers = self.ask(arthur, SMALL), self.ask(ada, SMALL)
        row = self.ended(arthur, SMALL, mine)
        self.assertEqual((row["without_timeline"], row["by_policy"]), (True, True))
        report = self.lab.verify(self.lab.spool / f"{mine}.mp4")
        self.assertEqual((report["code"], {file["reason"] for file in report["export"]["left_out"]}), (0, {"policy"}))
        self.assertEqual(arthur.ask("GET", f"/api/exports/{mine}/evidence.mp4")[0], 200)
        self.assertEqual(arthur.ask("GET", f"/api/exports/{mine}/timeline.csv")[0], 404)
        self.assertFalse(self.ended(ada, SMALL, hers)["without_timeline"])
        self.assertEqual(self.lab.verify(self.lab.spool / f"{hers}.mp4")["export"]["left_out"], [])
        for name in ("evidence.mp4", "certificate.pdf", "timeline.csv"):
            self.assertEqual(arthur.ask("GET", f"/api/exports/{hers}/{name}")[0], 403, name)
            self.assertEqual(ada.ask("GET", f"/api/exports/{hers}/{name}")[0], 200, name)
        self.assertFalse(arthur.json(f"/api/recordings/{SMALL}/exports")["timelines"])

    def test_failure_is_audited(self):
        client = Client(self.lab, "ada")
        row = self.ended(client, DAMAGED, self.ask(client, DAMAGED), "failed")
        self.assertIn("seg-00001.mp4 was changed or cut", row["detail"])
        action, detail = self.lab.trail(DAMAGED)[-1]
        self.assertEqual(action, "export-fail")
        self.assertIn("seg-00001.mp4 was changed or cut", detail)

    def part_of(self, job: str) -> int:
        try:
            return (self.lab.spool / f"{job}.mp4.part").stat().st_size
        except FileNotFoundError:
            return 0

    def stop_in_the_middle(self, client: Client) -> str:
        """Asks for the large export and freezes the service with some of it written."""
        job = self.ask(client, LARGE)
        deadline = time.monotonic() + PATIENCE_S
        while self.part_of(job) < 3 * LARGE_BYTES:
            self.assertLess(time.monotonic(), deadline, "the export begins")
            os.sched_yield()
        os.kill(self.lab.process.pid, signal.SIGSTOP)
        self.assertLess(self.part_of(job), LARGE_SEGMENTS * LARGE_BYTES, "it was frozen before its end")
        return job

    def test_killed_in_the_middle(self):
        """kill -9 with a part of the file written; the next service goes on with it and the file is proven."""
        job = self.stop_in_the_middle(Client(self.lab, "ada"))
        written = self.part_of(job)
        self.lab.process.kill()
        self.lab.process.wait()
        self.assertEqual(self.lab.sql(f"SELECT state FROM export_job WHERE id = '{job}'"), "running")
        inode = (self.lab.spool / f"{job}.mp4.part").stat().st_ino
        self.lab.start()
        row = self.ended(Client(self.lab, "ada"), LARGE, job)
        path = self.lab.spool / f"{job}.mp4"
        self.assertEqual((path.stat().st_ino, path.stat().st_size), (inode, row["total_bytes"]), "the same file was gone on with")
        self.assertGreater(row["total_bytes"], written)
        report = self.lab.verify(path)
        self.assertEqual((report["code"], report["verdict"], report["export"]["segments"]), (0, "proven", LARGE_SEGMENTS))

    def test_cancelled_in_the_middle(self):
        client = Client(self.lab, "ada")
        job = self.stop_in_the_middle(client)
        os.kill(self.lab.process.pid, signal.SIGCONT)
        self.assertEqual(client.ask("POST", f"/api/exports/{job}/cancel", {})[0], 200)
        wait_for(lambda: not list(self.lab.spool.glob(f"{job}*")), 20, "nothing is left in the spool")
        self.assertEqual(self.state(client, LARGE, job)["state"], "cancelled")
        self.assertIn("export-cancel", [action for action, _ in self.lab.trail(LARGE)])

    def test_seeded_recording_has_no_chain(self):
        """A recording whose chain is gone cannot be exported, and that is said."""
        client = Client(self.lab, "ada")
        row = self.ended(client, RECORDED, self.ask(client, RECORDED), "failed")
        self.assertIn("chain", row["detail"])


if __name__ == "__main__":
    unittest.main()
