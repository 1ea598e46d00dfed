"""The node log of a real installation: honest, it holds; whatever somebody with disk or database takes away or changes is named."""

import shutil
import tempfile
import unittest
from pathlib import Path

from tests.integration.test_a_corridor import running
from tests.support import installation as inst
from tests.support.desktop import Display, screenshot, xfreerdp
from tests.support.installation import wait_for
from tests.verifier.__main__ import judge


class NodeLog(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = inst.shared()
        cls.ca = str(cls.installation.state / "etc/pki/evidence-ca.pem")
        cls.session = cls.record()

    @classmethod
    def record(cls) -> str:
        """A short session, sealed."""
        installation = cls.installation
        wait_for(lambda: not running(installation), 20, "earlier sessions have ended")
        display = Display()
        viewer = xfreerdp(display, installation.rdp_port, "admin%demo-linux", installation.admin_password, "/sec:tls", "/gfx:progressive", size="1024x768")
        try:
            session = wait_for(lambda: running(installation), 30, "a running session")[0]
            viewer.shows(lambda: screenshot(*installation.demo_display("vnc")))
        finally:
            viewer.close()
            display.close()
        wait_for(lambda: installation.sql(f"SELECT 1 FROM recording WHERE session_id = '{session}' AND state = 'sealed'"), 30, "the recording is sealed")
        return session

    def verify(self, store: Path, *words: str):
        return self.installation.vitrine("log", "verify", "--store", str(store), "--ca", self.ca, *words, check=False)

    def settled(self) -> Path:
        """Waits until everything there is has a leaf under a signed head; the store."""
        store = self.installation.state / "store"
        wait_for(lambda: self.verify(store).returncode == 0, 40, f"the log covers everything:\n{self.verify(store).stdout}", pause=0.5)
        return store

    def copy(self) -> Path:
        """What an owner of the disk may do is done to a copy."""
        store = self.settled()
        place = Path(tempfile.mkdtemp(prefix="vitrine-log."))
        self.addCleanup(shutil.rmtree, place)
        shutil.copytree(store, place / "store")
        return place / "store"

    def test_a_removed_recording_is_named(self):
        store = self.copy()
        shutil.rmtree(store / self.session)
        found = self.verify(store, "--no-database")
        self.assertEqual(found.returncode, 3, found.stdout)
        self.assertIn(self.session, found.stdout)

    def test_an_older_log_does_not_fit_a_head_kept_elsewhere(self):
        store = self.copy()
        kept = store.parent / "kept"
        kept.write_text(self.installation.vitrine("log", "heads", "--raw", "--limit", "1").stdout)
        self.assertEqual(self.verify(store, "--no-database", "--head", str(kept)).returncode, 0)
        leaves, heads = (store / "log/leaves"), (store / "log/heads")
        # Back to the first head: recording and everything since taken out, as if it had never been.
        first = heads.read_text().splitlines()[0]
        size = int(first.split('"size":')[1].split(",")[0])
        leaves.write_text("".join(line + "\n" for line in leaves.read_text().splitlines()[:size]))
        heads.write_text(first + "\n")
        found = self.verify(store, "--no-database", "--head", str(kept))
        self.assertEqual(found.returncode, 3, found.stdout)

    def test_a_changed_audit_record_is_named(self):
        store = self.settled()
        number = self.installation.sql(f"SELECT number FROM audit WHERE subject = '{self.session}' ORDER BY number LIMIT 1")[0][0]
        change = "ALTER TABLE audit DISABLE TRIGGER audit_append_only; UPDATE audit SET actor = '{}' WHERE number = {}; ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_append_only"
        actor = self.installation.sql(f"SELECT actor FROM audit WHERE number = {number}")[0][0]
        self.installation.sql(change.format("mallory", number))
        try:
            found = self.verify(store)
        finally:
            self.installation.sql(change.format(actor, number))
        self.assertEqual(found.returncode, 3, found.stdout)
        self.assertIn(number, found.stdout)
        self.assertEqual(self.verify(store).returncode, 0)

    def test_proofs_of_a_recording_are_written(self):
        self.settled()
        place = Path(tempfile.mkdtemp(prefix="vitrine-proof."))
        self.addCleanup(shutil.rmtree, place)
        self.installation.vitrine("log", "prove", self.session, "--output", str(place))
        for name in ("log-genesis.json", "log-seal.json"):
            self.assertIn(self.session, (place / name).read_text())

    def test_the_log_goes_on_from_a_kept_head(self):
        store = self.settled()
        place = Path(tempfile.mkdtemp(prefix="vitrine-proof."))
        self.addCleanup(shutil.rmtree, place)
        kept = place / "kept"
        kept.write_text((store / "log/heads").read_text().splitlines()[0] + "\n")
        self.installation.vitrine("log", "prove", "--since", str(kept), "--output", str(place))
        report = judge(place / "log-consistency.json", [Path(self.ca)])
        self.assertEqual(report.exit_code(), 0, [finding.words() for finding in report.findings])
        self.assertGreater(report.facts["second"], report.facts["first"])


if __name__ == "__main__":
    unittest.main()
