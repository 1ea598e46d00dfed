"""The RDP back alone, in its cage, against freerdp-shadow: pictures and typed text on a real display, and what wrong secrets get."""

import subprocess
import unittest
from pathlib import Path

import numpy

from tests.support.desktop import Display, difference
from tests.support.installation import PATIENCE_S, wait_for
from tests.support.shadow import Shadow

ROOT = Path(__file__).resolve().parents[2]
SIZE = (1024, 768)
SCANCODES = {**dict(zip("qwertyuiop", range(0x10, 0x1A))), **dict(zip("asdfghjkl", range(0x1E, 0x27))), **dict(zip("zxcvbnm", range(0x2C, 0x33))),
             " ": 0x39, "\n": 0x1C, "-": 0x0C}


def host_program() -> Path:
    for folder in ("build/gcc", "build"):
        program = ROOT / folder / "tests/unit/rdp/rdp_back_host"
        if program.exists():
            return program
    raise AssertionError("rdp_back_host is not built")


class Host:
    """One connection of the back."""

    def __init__(self, shadow: Shadow, password: str, pin: str | None = None):
        self.process = subprocess.Popen([str(host_program()), str(shadow.port), pin or shadow.pin, "demo", str(SIZE[0]), str(SIZE[1])],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.say(password)

    def say(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self, line: str, word: str) -> list[str]:
        self.say(line)
        words = self.process.stdout.readline().decode().split()
        if not words or words[0] != word:
            raise AssertionError(f"asked for {word}, got {words}")
        return words[1:]

    def picture(self) -> numpy.ndarray:
        width, height = (int(word) for word in self.answer("picture", "picture"))
        pixels = numpy.frombuffer(self.process.stdout.read(width * height * 4), numpy.uint8)
        return pixels.reshape(height, width, 4)[:, :, 2::-1]

    def type_text(self, text: str) -> None:
        for letter in text:
            self.say(f"key {SCANCODES[letter]} 0 1")
            self.say(f"key {SCANCODES[letter]} 0 0")

    def end(self) -> str:
        line = self.process.stdout.readline().decode().strip()
        self.process.wait(PATIENCE_S)
        return line

    def stop(self) -> str:
        self.say("stop")
        return self.end()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class RdpBack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.display = Display(*SIZE)
        cls.addClassCleanup(cls.display.close)
        # No blinking cursor: the pictures are compared.
        cls.terminal = subprocess.Popen(["xterm", "-uc", "-geometry", "100x40+20+20", "-e", "sh"], env=cls.display.environment, stdin=subprocess.DEVNULL)
        cls.addClassCleanup(cls.terminal.wait)
        cls.addClassCleanup(cls.terminal.terminate)
        wait_for(lambda: cls.display.screenshot().max() > 0, 20, "xterm is drawn")
        cls.shadows = {security: Shadow(cls.display, security) for security in ("tls", "nla")}
        for shadow in cls.shadows.values():
            cls.addClassCleanup(shadow.close)

    def connect(self, security: str, password: str = "demo-password", pin: str | None = None) -> Host:
        host = Host(self.shadows[security], password, pin)
        self.addCleanup(host.close)
        return host

    def shows_display(self, host: Host) -> None:
        wait_for(lambda: difference(host.picture(), self.display.screenshot()) < 0.001, 20, "the back's picture is the display's", 0.2)

    def works(self, security: str) -> None:
        host = self.connect(security)
        self.shows_display(host)
        before = self.display.screenshot()
        self.display.move(200, 200)
        host.type_text("echo typed through the back\n")
        wait_for(lambda: difference(before, self.display.screenshot()) > 0.0005, 10, "the typed text is on the display")
        self.shows_display(host)
        torn = int(host.answer("state", "state")[5])
        self.assertEqual(torn, 0, "frames whose canvas was not the picture")
        self.assertEqual(host.stop(), "end none")

    def test_tls(self):
        self.works("tls")

    def test_nla(self):
        self.works("nla")

    def test_wrong_password(self):
        end = self.connect("nla", password="not-the-password").end()
        self.assertTrue(end.startswith("end target-login "), end)
        self.assertNotIn("not-the-password", end)

    def test_wrong_certificate(self):
        end = self.connect("tls", pin="00" * 32).end()
        self.assertTrue(end.startswith("end target-certificate "), end)
        self.assertIn(self.shadows["tls"].pin.replace(":", "").lower(), end)

    def test_target_dies(self):
        shadow = Shadow(self.display, "tls")
        self.addCleanup(shadow.close)
        host = Host(shadow, "x")
        self.addCleanup(host.close)
        self.shows_display(host)
        shadow.process.kill()
        self.assertTrue(host.end().startswith("end target-closed "))
