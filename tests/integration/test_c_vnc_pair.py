"""VNC front and back against other people's programs: TigerVNC's viewer on one side, TigerVNC's Xvnc on the other, our room between, without gateway
and recorder. What needs no whole installation is tried here: every way into a target, resizing, copies, bad logins."""

import hashlib
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.support.desktop import Display, Viewer, difference, screenshot, vncviewer
from tests.support.installation import BUILD, PATIENCE_S, wait_for

ROOT = Path(__file__).resolve().parents[2]
HOST = BUILD / "tests" / "unit" / "vnc" / "vnc_host"
PASSWORD = "geheim12"


def words(viewer: Viewer) -> str:
    """What the viewer said, without its line breaks."""
    return " ".join(viewer.text().split())


class Target:
    """A TigerVNC desktop with a terminal in it."""

    def __init__(self, folder: Path, security: str):
        self.folder = folder
        password = subprocess.run(["tigervncpasswd", "-f"], input=PASSWORD.encode() + b"\n", stdout=subprocess.PIPE, check=True).stdout
        (folder / "password").write_bytes(password)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=target",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
                       check=True, stderr=subprocess.DEVNULL)
        pem = (folder / "certificate.pem").read_text()
        self.sha256 = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
        reader, writer = os.pipe()
        self.log = (folder / "xvnc.log").open("w")
        self.process = subprocess.Popen(
            ["Xtigervnc", "-displayfd", str(writer), "-rfbport", "0", "-localhost", "-SecurityTypes", security, "-geometry", "1280x800", "-depth", "24",
             "-PasswordFile", folder / "password", "-X509Cert", folder / "certificate.pem", "-X509Key", folder / "key.pem", "-AlwaysShared"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, pass_fds=(writer,))
        os.close(writer)
        with os.fdopen(reader) as pipe:
            number = int(pipe.readline())
        self.display = f":{number}"
        self.environment = {**os.environ, "DISPLAY": self.display}
        self.port = self.listening_port()
        self.run("xsetroot", "-solid", "#204060")
        self.terminal = subprocess.Popen(["xterm", "-geometry", "100x40+60+60", "-fa", "monospace", "-fs", "10", "-e", "sh"], env=self.environment,
                                         stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=folder)

    def listening_port(self) -> int:
        """Xvnc takes any free port for -rfbport 0 only in some versions; its log tells."""
        text = wait_for(lambda: re.search(r"port (\d+)", (self.folder / "xvnc.log").read_text()), 10, "Xvnc listens")
        return int(text[1])

    def run(self, *command: str) -> str:
        return subprocess.run(command, env=self.environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout

    def picture(self):
        return screenshot(self.display, None)

    def close(self) -> None:
        for process in (self.terminal, self.process):
            process.terminate()
            process.wait()
        self.log.close()


class Pair(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="vt-vnc-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def target(self, security: str) -> Target:
        target = Target(self.folder, security)
        self.addCleanup(target.close)
        return target

    def host(self, target: Target, kind: str, password: str = PASSWORD, pin: str = "") -> tuple[subprocess.Popen, int]:
        host = subprocess.Popen([HOST, str(target.port), kind, password, pin, self.folder / "ca.pem"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                text=True)
        self.addCleanup(host.stdout.close)
        self.addCleanup(host.wait)
        self.addCleanup(host.terminate)
        return host, int(host.stdout.readline().split()[1])

    def viewer(self, port: int, password: str = "geheim") -> tuple[Display, Viewer]:
        display = Display()
        self.addCleanup(display.close)
        viewer = vncviewer(display, port, self.folder / "ca.pem", "alice%demo", password)
        self.addCleanup(viewer.close)
        return display, viewer

    def through(self, security: str, kind: str, password: str = PASSWORD) -> str:
        """Picture, typing, scrolling, an end by the viewer; returns what the core was asked."""
        target = self.target(security)
        host, port = self.host(target, kind, password, target.sha256 if kind == "x509" else "")
        display, viewer = self.viewer(port)
        viewer.shows(target.picture, share=0.002)
        display.move(300, 300)
        before = target.picture()
        display.type_text("seq 1 50; for i in 1 2 3 4 5 6; do sleep 0.1; echo $i; done; echo 'Xyz@{}|~' > typed.txt\n")
        wait_for(lambda: (self.folder / "typed.txt").exists(), 10, "the command ran at the target")
        self.assertEqual((self.folder / "typed.txt").read_text(), "Xyz@{}|~\n")
        self.assertGreater(difference(before, target.picture()), 0.001)
        viewer.shows(target.picture, share=0.002)
        viewer.close()
        story = host.communicate(timeout=PATIENCE_S)[0]
        self.assertIn("end viewer-left", story)
        return story

    def test_none(self):
        self.assertIn("copy ", self.through("None", "none", ""))  # the terminal scrolled: copies stayed copies

    def test_vnc_password(self):
        self.through("VncAuth", "vnc")

    def test_x509(self):
        self.through("X509Vnc", "x509")

    def test_x509_without_password(self):
        self.through("X509None", "x509")

    def test_wrong_target_password(self):
        target = self.target("X509Vnc")
        host, port = self.host(target, "x509", "falsch", target.sha256)
        _, viewer = self.viewer(port)
        wait_for(lambda: viewer.process.poll() is not None, 15, "the viewer ended")
        self.assertIn("The target did not accept the account", words(viewer))
        self.assertIn("back: target-login", host.communicate(timeout=PATIENCE_S)[0])

    def test_wrong_pin(self):
        target = self.target("X509Vnc")
        host, port = self.host(target, "x509", PASSWORD, "00" * 32)
        _, viewer = self.viewer(port)
        wait_for(lambda: viewer.process.poll() is not None, 15, "the viewer ended")
        self.assertIn("The target showed another certificate", words(viewer))
        self.assertIn("back: target-certificate", host.communicate(timeout=PATIENCE_S)[0])

    def test_wrong_viewer_password(self):
        target = self.target("None")
        host, port = self.host(target, "none")
        _, viewer = self.viewer(port, "falsch")
        wait_for(lambda: viewer.process.poll() is not None, 15, "the viewer ended")
        self.assertIn("Login refused: the name, the password or the target is not permitted.", words(viewer))
        host.terminate()
        self.assertNotIn("open ", host.communicate(timeout=PATIENCE_S)[0])  # nothing was dialled

    def test_resize_by_target(self):
        target = self.target("None")
        _, port = self.host(target, "none")
        display, viewer = self.viewer(port)
        viewer.shows(target.picture, share=0.002)
        target.run("xrandr", "-s", "1024x768")
        wait_for(lambda: target.picture().shape == (768, 1024, 3), 5, "the target's new size")
        # on a full screen the viewer puts the smaller desktop into the middle
        wait_for(lambda: difference(display.screenshot()[16:784, 128:1152], target.picture()) < 0.002, 15, "the viewer followed")

    def test_viewer_asks_for_a_size(self):
        target = self.target("None")
        _, port = self.host(target, "none")
        display = Display()
        self.addCleanup(display.close)
        viewer = Viewer(display, ["xtigervncviewer", "-SecurityTypes", "X509Plain", f"-X509CA={self.folder / 'ca.pem'}", "-RemoteResize=1",
                                  "-DesktopSize=900x700", "-ReconnectOnError=0", f"127.0.0.1::{port}"],
                        {"VNC_USERNAME": "alice%demo", "VNC_PASSWORD": "geheim"})
        self.addCleanup(viewer.close)
        wait_for(lambda: target.picture().shape == (700, 900, 3), 15, "the target took the viewer's size")
        place = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "TigerVNC", "getwindowgeometry", "--shell"], env=display.environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout
        x, y = (int(re.search(rf"^{axis}=(\d+)", place, re.M)[1]) for axis in "XY")
        wait_for(lambda: difference(display.screenshot()[y:y + 700, x:x + 900], target.picture()) < 0.002, 15, "the viewer shows it")

    def test_target_goes_away(self):
        target = self.target("None")
        host, port = self.host(target, "none")
        _, viewer = self.viewer(port)
        viewer.shows(target.picture, share=0.002)
        target.process.terminate()
        self.assertIn("back: target-closed", host.communicate(timeout=PATIENCE_S)[0])
        wait_for(lambda: viewer.process.poll() is not None, 10, "the viewer was let go")
