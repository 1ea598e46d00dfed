"""What operators do and what accidents do: terminate, many at once, a killed recorder, garbage on the port, a second start."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import time
import unittest
from pathlib import Path

from tests.integration.test_a_corridor import running
from tests.support import installation as inst
from tests.support.desktop import Display, Recording, difference, screenshot, settled, xfreerdp
from tests.support.installation import PATIENCE_S, PROMPT_S, SLOWNESS, wait_for

GARBAGE = 10000


class Operations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = inst.shared()

    def setUp(self):
        wait_for(lambda: not running(self.installation), 20, "earlier sessions have ended")

    def viewer(self, display: Display, *options: str, size: str = "1280x800"):
        found = xfreerdp(display, self.installation.rdp_port, "admin%demo-linux", self.installation.admin_password, "/sec:tls", "/gfx:progressive", *options, size=size)
        self.addCleanup(found.close)
        return found

    def display(self, *size: int) -> Display:
        found = Display(*size)
        self.addCleanup(found.close)
        return found

    def target_picture(self):
        return screenshot(*self.installation.demo_display("vnc"))

    def one_session(self, display: Display):
        viewer = self.viewer(display)
        session = wait_for(lambda: running(self.installation), 30, f"a running session\n{self.installation.logs()}")[0]
        viewer.shows(self.target_picture)
        return viewer, session

    def sealed(self, session: str) -> Path:
        wait_for(lambda: self.installation.sql(f"SELECT 1 FROM recording WHERE session_id = '{session}' AND state = 'sealed'"), 30,
                 f"the recording is sealed\n{self.installation.logs()}")
        return self.installation.state / "store" / session

    def verify(self, recording: Path) -> str:
        done = self.installation.vitrine("verify", str(recording), "--certificate", str(self.installation.state / "etc/pki/evidence-ca.pem"),
                                    "--archive-key", str(self.installation.state / "etc/pki/archive.key"))
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_terminate_ends_the_viewer_within_a_second(self):
        viewer, session = self.one_session(self.display())
        began = time.monotonic()
        self.installation.vitrine("session", "terminate", session, "--reason", "maintenance window begins")
        asked = time.monotonic()
        viewer.process.wait(PATIENCE_S)
        ended = time.monotonic()
        print(f"[terminate: command {asked - began:.3f} s, client ended {ended - asked:.3f} s after it]")
        self.assertLess(ended - asked, PROMPT_S)
        self.assertIn("ERRINFO_", viewer.text())
        row = wait_for(lambda: self.installation.sql(f"SELECT end_reason FROM session WHERE id = '{session}' AND state = 'ended'"), 5, "the row says why")
        self.assertEqual(row[0][0], "terminated")
        self.verify(self.sealed(session))

    def test_session_process_is_caged(self):
        _, session = self.one_session(self.display())
        pids = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and self._is_session(p)]
        self.assertTrue(pids)
        gateway = self.installation.pid("gateway")
        uids = set()
        for pid in pids:
            status = Path(f"/proc/{pid}/status").read_text()
            self.assertRegex(status, r"Seccomp:\s+2")
            self.assertRegex(status, r"NoNewPrivs:\s+1")
            self.assertRegex(status, r"CapEff:\s+0000000000000000")
            self.assertRegex(status, r"CapPrm:\s+0000000000000000")
            self.assertRegex(status, r"CapAmb:\s+0000000000000000")
            uid = re.search(r"Uid:\s+(\d+)", status)[1]
            uids.add(uid)
            kinds = [os.readlink(f) for f in Path(f"/proc/{pid}/fd").iterdir()]
            unexpected = [kind for kind in kinds if not kind.startswith(("socket:", "anon_inode:", "/memfd:", "pipe:", "/dev/null", str(self.installation.state / "log")))]
            self.assertEqual(unexpected, [], "descriptors a session has no use for")
        gateway_uid = re.search(r"Uid:\s+(\d+)", Path(f"/proc/{gateway}/status").read_text())[1]
        if os.geteuid() == 0:
            self.assertEqual(len(uids), len(pids), "each session has a uid of its own")
            self.assertNotIn(gateway_uid, uids)

    def _is_session(self, process: Path) -> bool:
        try:
            return Path(os.readlink(process / "exe")).name == "vitrine-session" and str(self.installation.state) in os.readlink(process / "exe")
        except OSError:
            return False

    def test_sixteen_at_the_same_moment(self):
        display = self.display(1600, 1200)
        before = {row[0] for row in self.installation.sql("SELECT id FROM session")}
        began = time.monotonic()
        viewers = [self.viewer(display, size="640x480") for _ in range(16)]
        wait_for(lambda: len(running(self.installation)) == 16, 90,
                 f"sixteen running sessions\n{self.installation.sql('SELECT state, end_reason, end_detail FROM session')}\n{self.installation.logs()}")
        print(f"[sixteen sessions running after {time.monotonic() - began:.1f} s]")
        for viewer in viewers:
            viewer.close()
        new = [row[0] for row in self.installation.sql("SELECT id FROM session") if row[0] not in before]
        self.assertEqual(len(new), 16)
        for session in new:
            self.verify(self.sealed(session))

    def test_killed_recorder_leaves_a_signed_gap(self):
        display = self.display()
        viewer, session = self.one_session(display)
        pid = self.installation.pid("recorder")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: self.installation.pid("recorder") not in (pid, None), 20, "the supervisor starts the recorder again")
        before = self.target_picture()
        display.move(300, 300, click=1)

        def typing_arrives():
            display.type_text("clear; echo after-the-gap\n")
            return difference(before, self.target_picture()) > 0.0005

        wait_for(typing_arrives, 40, f"input works again after the recorder came back\n{self.installation.logs()}", 1.0)
        viewer.shows(self.target_picture)
        last = self.target_picture()
        viewer.close()
        recording = self.sealed(session)
        self.assertIn("gap", self.verify(recording).lower())
        self.assertIn(b'"gap"', (recording / "chain").read_bytes())
        self.assertLess(difference(Recording(recording, self.installation.state / "etc/pki/archive.key").last(), last, 48), 0.01)

    def test_deleted_by_order_of_two(self):
        viewer, session = self.one_session(self.display())
        viewer.close()
        recording = self.sealed(session)
        self.installation.vitrine("recording", "request-deletion", session, "--reason", "asked by the person")
        self.installation.sql(f"UPDATE deletion_order SET approved_by = 'admin', approved_at = now() WHERE session_id = '{session}'")
        wait_for(lambda: self.installation.sql(f"SELECT 1 FROM recording WHERE session_id = '{session}' AND state = 'deleted'"), 10,
                 f"the recorder hears of it and deletes\n{self.installation.log('recorder')[-2000:]}")
        self.assertLessEqual({path.name for path in recording.iterdir() if not path.name.startswith("ts-")}, {"chain", "certificate.pem", "tombstone"})
        done = self.installation.vitrine("verify", str(recording), "--certificate", str(self.installation.state / "etc/pki/evidence-ca.pem"),
                                    "--archive-key", str(self.installation.state / "etc/pki/archive.key"), check=False)
        self.assertEqual(done.returncode, 6, done.stdout)
        second = subprocess.run(["/usr/bin/python3", "-m", "tests.verifier", "--ca", str(self.installation.state / "etc/pki/evidence-ca.pem"), str(recording)],
                                cwd=inst.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(second.returncode, 6, second.stdout)
        self.assertIn("approved by admin: asked by the person", done.stdout)
        self.assertIn("approved_by", self.installation.vitrine("audit", "list", "--action", "recording-deleted", "--subject", session).stdout)

    def test_policy_of_a_grant(self):
        self.installation.vitrine("grant", "set", "admin", "demo-linux", "desktop", "--quality", "economy", "--banner", "Be good")
        self.installation.sql("UPDATE access_grant SET idle_limit_s = 4")
        self.addCleanup(self.installation.sql, "UPDATE access_grant SET idle_limit_s = 0, banner = '', quality = ''")
        viewer = self.viewer(self.display())
        session = wait_for(lambda: running(self.installation), 30, "a running session")[0]
        # The banner lies over the target's picture at first.
        with self.assertRaises(AssertionError):
            viewer.shows(self.target_picture, 1 / SLOWNESS)
        viewer.process.wait(PATIENCE_S)
        self.assertIn("ERRINFO_IDLE_TIMEOUT", viewer.text())
        row = wait_for(lambda: self.installation.sql(f"SELECT end_reason, ended_at - running_at BETWEEN '4 s' AND '60 s' FROM session"
                                                     f" WHERE id = '{session}' AND state = 'ended'"), 5, "the row says why")
        self.assertEqual(row[0], ["idle", "t"])
        recording = self.sealed(session)
        self.assertIn('"quality":"economy"', (recording / "chain").read_text().splitlines()[0])
        self.verify(recording)

    def test_sealed_keystrokes(self):
        """Typed through a real viewer: in nobody's timeline, provable by everybody, readable with the second key alone."""
        pki = self.installation.state / "etc/pki"
        self.installation.vitrine("grant", "set", "admin", "demo-linux", "desktop", "--keys", "sealed")
        self.addCleanup(self.installation.vitrine, "grant", "set", "admin", "demo-linux", "desktop", "--keys", "on")
        display = self.display()
        viewer, session = self.one_session(display)
        before = self.target_picture()
        display.type_text("echo xylophone\n")
        settled(self.target_picture, before)
        viewer.close()
        recording = self.sealed(session)
        timeline = self.installation.vitrine("timeline", session, "--jsonl").stdout
        self.assertIn('"opened"', timeline)
        self.assertNotIn('"key"', timeline)
        self.verify(recording)
        told = self.installation.vitrine("recording", "keys", session, "--key", str(pki / "keystrokes.key")).stdout
        typed = [json.loads(line).get("text", "") for line in told.splitlines() if '"down":true' in line]
        self.assertIn("echo xylophone", "".join(typed).replace("\r", "\n"))
        self.assertNotEqual(self.installation.vitrine("recording", "keys", session, "--key", str(pki / "archive.key"), check=False).returncode, 0)
        self.assertIn(session, self.installation.vitrine("audit", "list", "--action", "recording-keys").stdout)
        evidence = self.installation.state / "sealed.mp4"
        self.addCleanup(evidence.unlink, missing_ok=True)
        self.installation.vitrine("export", session, "-o", str(evidence))
        self.verify(evidence)
        second = subprocess.run(["/usr/bin/python3", "-m", "tests.verifier", "--ca", str(pki / "evidence-ca.pem"), str(evidence)],
                                cwd=inst.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(second.returncode, 0, second.stdout)
        self.assertIn(b"seg-00001.keys", evidence.read_bytes())

    def test_garbage_leaves_the_gateway_where_it_was(self):
        gateway = self.installation.pid("gateway")
        self._throw(500)
        before = self._rss_kib(gateway)
        began = time.monotonic()
        self._throw(GARBAGE)
        print(f"[{GARBAGE} bad connections in {time.monotonic() - began:.1f} s; gateway {before} KiB before, {self._rss_kib(gateway)} KiB after]")
        self.assertLess(self._rss_kib(gateway) - before, 2048)
        self.assertEqual(self.installation.pid("gateway"), gateway)
        self.one_session(self.display())

    def _throw(self, count: int) -> None:
        """Bad connections one after the other: silence, noise, half a request, a huge length; from several loopback addresses."""
        kinds = [b"", os.urandom(64), b"\x03\x00\x00\x13\x0e\xe0", b"\x03\x00\xff\xff" + b"A" * 100, b"GET / HTTP/1.1\r\n\r\n", struct.pack("<II", 0x7FFFFFFF, 0)]
        for number in range(count):
            with socket.socket() as sender:
                sender.bind((f"127.0.{number % 8}.{2 + number % 200}", 0))
                sender.settimeout(5)
                sender.connect(("127.0.0.1", self.installation.rdp_port if number % 4 else self.installation.vnc_port))
                try:
                    sender.send(kinds[number % len(kinds)])
                except OSError:
                    pass  # it may have closed already, as it should

    @staticmethod
    def _rss_kib(pid: int) -> int:
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])

    def test_no_secret_in_logs_arguments_or_recordings(self):
        viewer, session = self.one_session(self.display())
        demo = self.installation.state / "demo"
        secrets = [self.installation.admin_password, (demo / "vnc.password").read_text().strip(), (demo / "rdp.password").read_text().strip(),
                   (self.installation.state / "etc/pki/master.key").read_text().strip()]
        arguments = b"".join(self._read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
        viewer.close()
        self.sealed(session)
        texts = {path: path.read_bytes() for path in (self.installation.state / "log").iterdir()}
        texts |= {path: path.read_bytes() for path in (self.installation.state / "store").glob("*/*") if path.is_file()}
        texts["arguments of running processes"] = arguments
        for secret in secrets:
            for place, content in texts.items():
                self.assertNotIn(secret.encode(), content, f"a secret stands in {place}")

    @staticmethod
    def _read(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError:
            return b""

    def test_second_start_is_quick_and_says_what_is_busy(self):
        other = inst.Installation()
        self.addCleanup(other.remove)
        other.rdp_port = self.installation.rdp_port
        done = other.run(check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"port {self.installation.rdp_port}", done.stdout)
        gateway = self.installation.state / "app/bin/vitrine-gateway"
        busy = subprocess.run([str(gateway), "--config", str(self.installation.state / "etc/vitrine.yaml")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S, check=False)
        self.assertNotEqual(busy.returncode, 0)
        self.assertIn(str(self.installation.rdp_port), busy.stdout)
