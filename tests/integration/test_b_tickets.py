"""The NLA door: a one-time password from the command line opens one desktop once. What comes again, wrong or too late is refused and written down."""

import json
import unittest

from tests.integration.test_a_corridor import running
from tests.support import installation as inst
from tests.support.desktop import Display, difference, screenshot, xfreerdp
from tests.support.installation import PATIENCE_S, wait_for

USER = "admin%demo-linux"


class Tickets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = inst.shared()

    def setUp(self):
        wait_for(lambda: not running(self.installation), 20, "earlier sessions have ended")
        self.installation.sql("DELETE FROM ticket")
        self.display = Display()
        self.addCleanup(self.display.close)

    def target_picture(self):
        return screenshot(*self.installation.demo_display("vnc"))

    def ticket(self) -> str:
        """The password stands alone on the last line."""
        return self.installation.vitrine("ticket", "create", "admin", "demo-linux").stdout.splitlines()[-1]

    def viewer(self, password: str, program: str = "xfreerdp3"):
        found = xfreerdp(self.display, self.installation.rdp_port, USER, password, "/sec:nla", program=program)
        self.addCleanup(found.close)
        return found

    def audit(self, action: str) -> dict:
        """Detail of the newest record."""
        return json.loads(self.installation.sql(f"SELECT detail FROM audit WHERE action = '{action}' ORDER BY number DESC LIMIT 1")[0][0])

    def opens_the_desktop(self, password: str, program: str) -> None:
        viewer = self.viewer(password, program)
        viewer.shows(self.target_picture)
        session = wait_for(lambda: running(self.installation), 10, f"a running session\n{self.installation.logs()}")[0]
        before = self.target_picture()
        self.display.move(300, 300, click=1)
        self.display.type_text(f"clear; echo {program} in {self.id().rsplit('.', 1)[-1]}\n")
        wait_for(lambda: difference(before, self.target_picture()) > 0.0005, 10, "the typed text at the target")
        viewer.shows(self.target_picture)
        viewer.close()
        self.assertEqual(self.installation.sql(f"SELECT login, target, door FROM session WHERE id = '{session}'"), [["admin", "demo-linux", "nla-ticket"]])
        self.assertEqual(self.audit("ticket-use")["session"], session)

    def is_refused(self, password: str, why: str) -> dict:
        """The viewer is told that the login failed, no session begins, and the audit trail says why."""
        sessions, refusals = (self.installation.sql(f"SELECT count(*) FROM {what}")[0][0] for what in ("session", "audit WHERE action = 'login-refused'"))
        viewer = self.viewer(password)
        viewer.process.wait(PATIENCE_S)
        self.assertIn("ERRCONNECT_AUTHENTICATION_FAILED", viewer.text())
        self.assertEqual(self.installation.sql("SELECT count(*) FROM session")[0][0], sessions)
        self.assertEqual(int(self.installation.sql("SELECT count(*) FROM audit WHERE action = 'login-refused'")[0][0]), int(refusals) + 1)
        detail = self.audit("login-refused")
        self.assertEqual((detail["why"], detail["typed"], detail["door"]), (why, USER, "nla-ticket"))
        return detail

    def test_opens_once(self):
        password = self.ticket()
        self.opens_the_desktop(password, "xfreerdp3")
        self.assertEqual(self.is_refused(password, "ticket-used")["ticket"], self.installation.sql("SELECT id FROM ticket")[0][0])

    def test_freerdp_2_opens_the_desktop(self):
        self.opens_the_desktop(self.ticket(), "xfreerdp")

    def test_wrong_password_leaves_the_ticket(self):
        password = self.ticket()
        self.is_refused(password[::-1], "no-ticket")
        self.opens_the_desktop(password, "xfreerdp3")

    def test_expired(self):
        password = self.ticket()
        self.installation.sql("UPDATE ticket SET expires_at = now()")
        self.is_refused(password, "ticket-expired")
        self.assertEqual(self.installation.sql("SELECT used_at IS NULL FROM ticket"), [["t"]])
