"""kill -9 of recorder, session process, gateway and PostgreSQL at random moments while a session is recorded: nothing that was recorded is lost, all of it verifies, and
the database says what the store says. VITRINE_KILLS=300 asks for more kills, VITRINE_SEED=7 for the same ones again."""

import hashlib
import json
import os
import random
import signal
import time
import unittest
from collections import Counter
from pathlib import Path

from tests.support import installation as inst
from tests.support.installation import wait_for
from tests.support.shades import ShadeTarget, ThinViewer, lost_shades, stored_bytes

KILLS = int(os.environ.get("VITRINE_KILLS", "12"))
SEED = int(os.environ.get("VITRINE_SEED", random.SystemRandom().randrange(1 << 32)))
VICTIMS = ("recorder", "session", "gateway", "postgres")


def children(pid: int) -> list[int]:
    try:
        return [int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()]
    except OSError:
        return []


class Kills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = inst.shared()
        cls.target = ShadeTarget(lambda: stored_bytes(cls.recording) if cls.recording else 0)
        cls.addClassCleanup(cls.target.close)
        run = cls.installation.vitrine
        run("target", "add", "shades", "--protocol", "vnc", "--host", "127.0.0.1", "--port", str(cls.target.port), "--plain")
        cls.addClassCleanup(run, "target", "remove", "shades", check=False)
        run("account", "add", "shades", "nobody", secret="unused")
        run("grant", "add", "admin", "shades", "nobody")

    recording: Path | None = None

    def setUp(self):
        self.random = random.Random(SEED)
        self.viewer = None
        self.session = ""
        self.kills = Counter()  # of each session
        self.painted: dict[str, int] = {}
        self.addCleanup(self.hang_up)

    # What runs

    def rows(self, query: str) -> list[list[str]]:
        """An answer of a database that may just have been killed."""
        answer = []

        def ask():
            try:
                answer[:] = [self.installation.sql(query)]
            except AssertionError:
                return False
            return True

        wait_for(ask, 30, f"the database answers\n{self.installation.logs()}", 0.1)
        return answer[0]

    def begin(self) -> None:
        """A new session that paints; tries again while something is coming back."""
        before = {row[0] for row in self.rows("SELECT id FROM session")}
        Kills.recording = None
        self.target.go_on()

        def connect():
            try:
                self.viewer = ThinViewer(self.installation.vnc_port, self.installation.state / "etc/pki/service-ca.pem", "admin%shades", self.installation.admin_password)
            except OSError:
                return False
            return True

        wait_for(connect, 60, f"a login succeeds\n{self.installation.logs()}", 0.2)
        self.session = wait_for(lambda: [row[0] for row in self.rows("SELECT id FROM session") if row[0] not in before], 20, "the session has a row")[0]
        Kills.recording = self.installation.state / "store" / self.session
        self.await_pictures()

    def await_pictures(self, more: int = 3) -> None:
        """They are recorded again, not only painted."""
        wanted = self.target.painted + more
        wait_for(lambda: self.target.painted >= wanted, 60, f"session {self.session} paints on\n{self.installation.logs()}", 0.01)

    def hang_up(self) -> None:
        if self.viewer is not None:
            self.viewer.close()
        self.viewer = None

    def end(self) -> None:
        """In order, with the last shade recorded."""
        self.target.rest()
        self.painted[self.session] = self.target.painted
        self.hang_up()
        self.await_sealed()

    def await_sealed(self) -> None:
        wait_for(lambda: self.rows(f"SELECT 1 FROM recording WHERE session_id = '{self.session}' AND state = 'sealed'"), 60,
                 f"recording {self.session} is sealed\n{self.installation.logs()}", 0.1)

    # What is killed

    def session_process(self) -> int:
        """The one that has a canvas; spare ones have none."""
        found = []
        for pid in children(self.installation.pid("gateway")):
            try:
                if any("vitrine-canvas" in os.readlink(link) or "memfd:" in os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()):
                    found.append(pid)
            except OSError:
                continue
        return found[0] if found else 0

    def kill(self, victim: str) -> None:
        # A service that was killed a moment ago may wait for its next start.
        pid = wait_for(lambda: self.session_process() if victim == "session" else self.installation.pid(victim), 30, f"there is a {victim} to kill")
        self.kills[self.session] += 1
        os.kill(pid, signal.SIGKILL)
        if victim != "session":
            wait_for(lambda: self.installation.pid(victim) not in (pid, None), 30, f"the supervisor starts the {victim} again\n{self.installation.logs()}", 0.02)

    def survive(self, victim: str) -> None:
        """Recorder and database come back under a session that goes on; gateway and session process end it, sealed."""
        if victim in ("recorder", "postgres"):
            self.await_pictures()
            self.assertTrue(self.viewer.is_there(), f"the session outlives the {victim}")
            return
        self.painted[self.session] = self.target.painted
        self.await_sealed()
        self.hang_up()

    def test_random_moments(self):
        print(f"[kills: seed {SEED}]", flush=True)
        done = Counter()
        for number in range(KILLS):
            if self.viewer is None:
                self.begin()
            # Each of them at least once, then as it comes.
            victim = VICTIMS[number] if number < len(VICTIMS) else self.random.choice(VICTIMS)
            time.sleep(self.random.uniform(0.05, 2.5))  # a random moment is what this is about
            survived = False
            with self.subTest(kill=number, victim=victim, session=self.session):
                self.kill(victim)
                self.survive(victim)
                survived = True
            done[victim] += 1
            if not survived:
                self.hang_up()
        if self.viewer is not None:
            self.end()
        lost, pictures = self.judge_all()
        print(f"[kills: {dict(done)} in {len(self.painted)} sessions, {pictures} pictures, {lost} lost]", flush=True)

    # What is left

    def judge_all(self) -> tuple[int, int]:
        total_lost, total_pictures = 0, 0
        for session, painted in self.painted.items():
            with self.subTest(judged=session):
                recording = self.installation.state / "store" / session
                entries = [json.loads(line.split(b" ", 1)[1]) for line in (recording / "chain").read_bytes().splitlines()]
                self.judge_signatures(recording)
                self.judge_rows(session, recording, entries)
                lost, pictures = lost_shades(recording, self.installation.state / "etc/pki/archive.key", painted)
                self.assertLessEqual(lost, self.kills[session])
                total_lost, total_pictures = total_lost + lost, total_pictures + pictures
        return total_lost, total_pictures

    def judge_signatures(self, recording: Path) -> None:
        done = self.installation.vitrine("verify", str(recording), "--ca", str(self.installation.state / "etc/pki/evidence-ca.pem"), "--archive-key",
                                         str(self.installation.state / "etc/pki/archive.key"), "--json", check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def judge_rows(self, session: str, recording: Path, entries: list[dict]) -> None:
        """Rows of the recording say what its chain says; the session has ended, and the audit trail knows that it was."""
        head = hashlib.sha256((recording / "chain").read_bytes().splitlines()[-1].split(b" ", 1)[1]).hexdigest()
        self.assertEqual(self.rows(f"SELECT state, head FROM recording WHERE session_id = '{session}'"), [["sealed", head]])
        signed = [[str(entry["number"]), str(entry["frames"]), str(entry["files"][0]["bytes"]), entry["files"][0]["sha256"]]
                  for entry in entries if entry["kind"] == "segment" and entry["frames"]]
        self.assertEqual(self.rows(f"SELECT number, frames, bytes, sha256 FROM segment WHERE session_id = '{session}' ORDER BY number"), signed)
        wait_for(lambda: self.rows(f"SELECT 1 FROM session WHERE id = '{session}' AND state = 'ended'"), 20, f"the row of session {session} says that it has ended")
        self.assertTrue(self.rows(f"SELECT 1 FROM audit WHERE subject = '{session}' AND action = 'session-open'"), "the audit trail knows of it")
