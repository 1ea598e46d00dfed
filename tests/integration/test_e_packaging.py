"""What `meson install` puts on a machine: units that systemd takes, users and folders with the right rights, a sample configuration."""

import os
import shutil
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from packaging.embedded.__main__ import free_displays
from tests.support.installation import BUILD

PREFIX = "usr/local"


def run(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


class Displays(unittest.TestCase):
    def test_two_installations_take_four(self):
        """The second one asks before the X servers of the first run."""
        found = []

        def second():
            with free_displays(folder) as displays:
                found.extend(displays)

        with tempfile.TemporaryDirectory(prefix="vitrine-x.") as name:
            folder, thread = Path(name), threading.Thread(target=second)
            with free_displays(folder) as displays:
                thread.start()
                thread.join(1)  # without a lock it has its answer by now
                for number in displays:
                    (folder / f".X11-unix/X{number}").touch()
            thread.join()
        self.assertEqual((displays, found), ((60, 61), [62, 63]))


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Path(tempfile.mkdtemp(prefix="vitrine-root."))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        done = run("meson", "install", "-C", str(BUILD), "--quiet", "--no-rebuild", "--destdir", str(cls.root))
        assert done.returncode == 0, done.stdout

    def test_units_are_taken_by_systemd(self):
        units = self.root / PREFIX / "lib/systemd/system"
        # What every unit depends on comes from the machine.
        for target in Path("/lib/systemd/system").glob("*.target"):
            shutil.copyfile(target, units / target.name)
        paths = sorted(str(path) for path in units.glob("vitrine-*.service"))
        self.assertEqual(len(paths), 3)
        done = run("systemd-analyze", "verify", "--man=no", f"--root={self.root}", *paths)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_a_wrong_unit_would_be_found(self):
        wrong = self.root / PREFIX / "lib/systemd/system/wrong.service"
        wrong.write_text("[Service]\nExecStart=/usr/local/bin/vitrine-web\nNoNewPrivilege=yes\n")
        self.addCleanup(wrong.unlink)
        self.assertIn("NoNewPrivilege", run("systemd-analyze", "verify", "--man=no", f"--root={self.root}", str(wrong)).stdout)

    @unittest.skipUnless(os.geteuid() == 0, "folders are given to other users: needs root")
    def test_users_and_folders(self):
        (self.root / "etc").mkdir(exist_ok=True)
        users = run("systemd-sysusers", f"--root={self.root}", str(self.root / PREFIX / "lib/sysusers.d/vitrine.conf"))
        self.assertEqual(users.returncode, 0, users.stdout)
        ids = {line.split(":")[0]: int(line.split(":")[2]) for line in (self.root / "etc/passwd").read_text().splitlines()}
        groups = {line.split(":")[0]: int(line.split(":")[2]) for line in (self.root / "etc/group").read_text().splitlines()}
        folders = run("systemd-tmpfiles", "--create", f"--root={self.root}", str(self.root / PREFIX / "lib/tmpfiles.d/vitrine.conf"))
        self.assertEqual(folders.returncode, 0, folders.stdout)
        store, sockets = (self.root / "var/lib/vitrine/store").stat(), (self.root / "run/vitrine/recorder").stat()
        self.assertEqual((store.st_uid, store.st_gid, oct(store.st_mode & 0o7777)), (ids["vitrine-rec"], groups["vitrine-web"], "0o2750"))
        self.assertEqual((sockets.st_uid, sockets.st_gid, oct(sockets.st_mode & 0o7777)), (ids["vitrine-rec"], groups["vitrine-gw"], "0o2750"))

    def test_sample_configuration_is_taken(self):
        sample = self.root / PREFIX / "share/doc/vitrine/vitrine.yaml"
        for program in ("gateway", "recorder", "web"):
            done = run(str(self.root / PREFIX / f"bin/vitrine-{program}"), "--check-config", "--config", str(sample))
            self.assertEqual((done.returncode, done.stdout), (0, f"{sample}: no mistake found\n"))

    def test_manuals_are_well_formed(self):
        pages = sorted(path.name for path in (self.root / PREFIX / "share/man").glob("man?/*"))
        self.assertEqual(pages, ["vitrine-export.1", "vitrine-gateway.8", "vitrine-recorder.8", "vitrine-session.8", "vitrine-verify.1", "vitrine-web.8",
                                 "vitrine.1", "vitrine.yaml.5"])
        for page in (self.root / PREFIX / "share/man").glob("man?/*"):
            warned = subprocess.run(["man", "--warnings", "-l", str(page)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
            self.assertEqual(warned.stderr, "", page.name)


if __name__ == "__main__":
    unittest.main()
