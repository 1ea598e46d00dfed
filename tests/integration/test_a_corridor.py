"""The whole corridor with real programs: viewer, gateway, session, target, recorder, verifier. Pictures are compared, not log lines."""

import os
import subprocess
import time
import unittest

from tests.support import installation as inst
from tests.support.desktop import Display, Recording, changed_area, difference, screenshot, settled, vncviewer, xfreerdp
from tests.support.installation import PATIENCE_S, wait_for

GFX = ("+gfx",)
PAIRINGS = [
    # name, target, how the viewer is started
    ("xfreerdp3 with GFX to VNC", "demo-linux", lambda d, i, u: xfreerdp(d, i.rdp_port, u, i.admin_password, "/sec:tls", "/gfx:progressive")),
    ("xfreerdp3 with AVC420 to VNC", "demo-linux", lambda d, i, u: xfreerdp(d, i.rdp_port, u, i.admin_password, "/sec:tls", "/gfx:AVC420")),
    ("xfreerdp3 without GFX to VNC", "demo-linux", lambda d, i, u: xfreerdp(d, i.rdp_port, u, i.admin_password, "/sec:tls", "-gfx")),
    ("xfreerdp 2 to VNC", "demo-linux", lambda d, i, u: xfreerdp(d, i.rdp_port, u, i.admin_password, "/sec:tls", program="xfreerdp")),
    ("xfreerdp3 with GFX to RDP", "demo-rdp", lambda d, i, u: xfreerdp(d, i.rdp_port, u, i.admin_password, "/sec:tls", "/gfx:progressive")),
    ("TigerVNC to VNC", "demo-linux", lambda d, i, u: vncviewer(d, i.vnc_port, i.state / "etc/pki/service-ca.pem", u, i.admin_password)),
    ("TigerVNC to RDP", "demo-rdp", lambda d, i, u: vncviewer(d, i.vnc_port, i.state / "etc/pki/service-ca.pem", u, i.admin_password)),
]


def running(installation) -> list[str]:
    return [row[0] for row in installation.sql("SELECT id FROM session WHERE state = 'running'")]


class Corridor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = inst.shared()

    def target_picture(self, target: str):
        display, authority = self.installation.demo_display("vnc" if target == "demo-linux" else "rdp")
        return screenshot(display, authority)

    def corridor(self, name: str, target: str, start) -> None:
        """Type into the viewer, see it at the target, at the viewer, and in the sealed and verified recording."""
        installation = self.installation
        display = Display()
        self.addCleanup(display.close)
        viewer = start(display, installation, f"admin%{target}")
        self.addCleanup(viewer.close)
        viewer.shows(lambda: self.target_picture(target))
        session = wait_for(lambda: running(installation), 10, f"a running session\n{installation.logs()}")[0]
        first = self.target_picture(target)
        display.move(300, 300, click=1)
        display.move(1200, 700)
        display.type_text("clear\n")
        before, _ = settled(lambda: self.target_picture(target))
        display.type_text(f"echo {name} ABCxyz 0123456789\n")
        typed, typed_at = settled(lambda: self.target_picture(target), before)
        typed_utc = time.time() - (time.monotonic() - typed_at)
        viewer.shows(lambda: typed)
        viewer.close()
        wait_for(lambda: installation.sql(f"SELECT 1 FROM recording WHERE session_id = '{session}' AND state = 'sealed'"), 20,
                 f"the recording is sealed\n{installation.logs()}")
        recording = installation.state / "store" / session
        done = installation.vitrine("verify", str(recording), "--certificate", str(installation.state / "etc/pki/evidence-ca.pem"),
                                    "--archive-key", str(installation.state / "etc/pki/archive.key"))
        self.assertEqual(done.returncode, 0, done.stdout)
        recorded = Recording(recording, installation.state / "etc/pki/archive.key")
        self.assertLess(difference(recorded.at(0), first, 48), 0.01, "the recording does not begin with the target's picture")
        self.recorded_then(recorded, before, typed, typed_at, typed_utc)

    def recorded_then(self, recording: Recording, before, typed, typed_at: float, typed_utc: float) -> None:
        """The recording shows `typed` since the second in which it was seen at the target, by two clocks, and what was `before` until then."""
        area = changed_area(before, typed)
        second = recording.second_of(typed_at)
        self.assertAlmostEqual(recording.second_of_utc(typed_utc), second, delta=1.0)
        shown = recording.first_shows(typed, area)
        self.assertIsNotNone(shown, "the recording does not end with what was typed")
        self.assertAlmostEqual(shown, second, delta=0.5)
        print(f"[typed text in the recording {(shown - second) * 1000:+.0f} ms from when it was seen]")
        self.assertLess(difference(recording.last(), typed, 48), 0.01)
        self.assertGreater(difference(recording.at(second - 1.5)[area], typed[area], 64), 0.02, "the recording showed it before it was typed")

    def test_demo_terminals_have_the_focus(self):
        """A newcomer types without a click."""
        for kind, title in (("vnc", "demo desktop (VNC)"), ("rdp", "demo desktop (RDP)")):
            display, authority = self.installation.demo_display(kind)
            found = wait_for(lambda: subprocess.run(["xdotool", "getwindowfocus", "getwindowname"], env={**os.environ, "DISPLAY": display, "XAUTHORITY": authority},
                                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False).stdout.strip(),
                             10, "a window has the focus")
            self.assertEqual(found, title)

    def test_unknown_and_wrong_are_refused_alike(self):
        """A wrong password, an unknown user and a forbidden target: same text, nothing dialled."""
        installation = self.installation
        display = Display(640, 480)
        self.addCleanup(display.close)
        texts = set()
        sessions = len(installation.sql("SELECT id FROM session WHERE state = 'running'"))
        for user, password in (("admin%demo-linux", "wrong"), ("nobody%demo-linux", "wrong"), ("admin%no-such-target", installation.admin_password)):
            viewer = xfreerdp(display, installation.rdp_port, user, password, "/sec:tls", size="640x480")
            try:
                viewer.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.fail(f"{user} was not refused\n{viewer.text()[-2000:]}")
            found = [line.split("ERRINFO_")[1].split()[0].strip("[]():,") for line in viewer.text().splitlines() if "ERRINFO_" in line]
            texts.add(found[0] if found else "none")
            viewer.close()
        self.assertEqual(len(texts), 1, texts)
        self.assertNotIn("none", texts)
        self.assertEqual(len(installation.sql("SELECT id FROM session WHERE state = 'running'")), sessions)


def add_pairing(name: str, target: str, start) -> None:
    def test(self):
        try:
            self.corridor(name, target, start)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.installation.logs()}") from error

    test.__doc__ = name
    setattr(Corridor, "test_" + "".join(c if c.isalnum() else "_" for c in name), test)


for pairing in PAIRINGS:
    add_pairing(*pairing)
