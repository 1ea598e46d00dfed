"""The watcher's day in a real browser: sees the session live, ends it with a reason, plays it back and seeks."""

import re
import time
import unittest
from pathlib import Path

from tests.integration.test_a_corridor import running
from tests.support import installation as inst
from tests.support.browser import Console
from tests.support.desktop import Display, difference, screenshot, xfreerdp
from tests.support.installation import PATIENCE_S, PROMPT_S, wait_for


class ConsoleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = inst.shared()
        cls.console = Console(cls.installation.web_port)
        cls.addClassCleanup(cls.console.close)

    def setUp(self):
        wait_for(lambda: not running(self.installation), 20, "earlier sessions have ended")
        self.display = Display()
        self.addCleanup(self.display.close)

    def target_picture(self):
        return screenshot(*self.installation.demo_display("vnc"))

    def start_session(self):
        viewer = xfreerdp(self.display, self.installation.rdp_port, "admin%demo-linux", self.installation.admin_password, "/sec:tls", "/gfx:progressive")
        self.addCleanup(viewer.close)
        session = wait_for(lambda: running(self.installation), 30, f"a running session\n{self.installation.logs()}")[0]
        viewer.shows(self.target_picture)
        return viewer, session

    def test_watch_end_and_play_back(self):
        console, installation = self.console, self.installation
        viewer, session = self.start_session()
        first = self.target_picture()
        console.log_in("admin", installation.admin_password)
        console.open(f"/sessions/{session}")
        console.wait("document.querySelector('canvas[data-state=live]') !== null", 15)
        wait_for(lambda: difference(console.picture("canvas"), self.target_picture(), 48) < 0.01, 10, "the live picture is the target's picture", 0.2)
        delays = [self._live_delay() for _ in range(5)]
        print(f"[live picture behind the target's own: {', '.join(f'{d * 1000:.0f} ms' for d in delays)}]")
        self.assertLess(sorted(delays)[2], PROMPT_S)
        second = self.target_picture()
        self.assertGreater(difference(first, second), 0.0001)

        console.click_text("End session")
        console.find("#reason").send_keys("end of the maintenance window")
        self.assertTrue(self._connected())
        # The browser says when the click reached the page: the driver's own time to make it is no part of anybody's wait.
        console.driver.execute_script("addEventListener('click', (event) => { window.clicked = performance.timeOrigin + event.timeStamp; }, {capture: true})")
        console.driver.find_element("css selector", "dialog button.danger").click()
        wait_for(lambda: not self._connected(), 10, "the client is cut", 0.002)
        cut = time.time()
        viewer.process.wait(PATIENCE_S)
        clicked = console.driver.execute_script("return window.clicked") / 1000
        print(f"[click on End session to client cut: {(cut - clicked) * 1000:.0f} ms, to the end of its process: {(time.time() - clicked) * 1000:.0f} ms]")
        self.assertLess(cut - clicked, PROMPT_S)
        self.assertIn("ERRINFO_", viewer.text())

        wait_for(lambda: installation.sql(f"SELECT 1 FROM recording WHERE session_id = '{session}' AND state = 'sealed'"), 30, "sealed")
        console.open(f"/play/{session}")
        console.wait("document.querySelector('video')?.readyState >= 2", 20)
        length = console.wait("document.querySelector('video').duration", 10)
        wait_for(lambda: difference(self._played_at(length - 0.2), second, 48) < 0.01, 15, "the end of the recording shows the last picture", 0.3)
        wait_for(lambda: difference(self._played_at(0.3), first, 48) < 0.02, 15, "the beginning shows the first picture", 0.3)
        self.assertEqual([error for error in console.errors() if "401" not in error and "favicon" not in error], [])
        actions = {row[0] for row in installation.sql(f"SELECT action FROM audit WHERE subject LIKE '%{session}%'")}
        self.assertTrue(any("terminate" in action for action in actions), actions)

    def _connected(self) -> bool:
        """Whether a viewer's end of an RDP connection is established, as the kernel's table says it: state 01, the gateway's port on the other side."""
        wanted = re.compile(rf"^\s*\d+: \S+ 0100007F:{self.installation.rdp_port:04X} 01 ", re.MULTILINE)
        return wanted.search(Path("/proc/net/tcp").read_text()) is not None

    def _live_delay(self) -> float:
        """From a change at the target's own display to the same change in the browser; both looked at in turns."""
        before_target, before_live = self.target_picture(), self.console.picture("canvas")
        self.display.move(300, 300, click=1)
        self.display.key("x")
        wait_for(lambda: difference(before_target, self.target_picture()) > 0, 5, "the key shows at the target", 0.002)
        seen = time.monotonic()
        wait_for(lambda: difference(before_live, self.console.picture("canvas"), 48) > 0, 5, "and in the browser", 0.002)
        return time.monotonic() - seen

    def _played_at(self, seconds: float):
        self.console.driver.execute_async_script("""const [seconds, done] = arguments; const video = document.querySelector('video');
            video.pause(); video.addEventListener('seeked', () => done(), {once: true}); video.currentTime = seconds;""", seconds)
        return self.console.picture("video")
