"""Where everything of an embedded installation lies, who owns it and which ports it takes."""

import hashlib
import os
import pwd
import grp
import subprocess
from pathlib import Path

# One operating-system user per program, so that a program that falls can reach only what is its own.
USERS = {
    "db": "vitrine-db",
    "gateway": "vitrine-gw",
    "recorder": "vitrine-rec",
    "web": "vitrine-web",
    "demo": "vitrine-demo",
}
# Who may reach the database's socket; the demo targets, on whose desktops anybody may sit, are not among them.
GROUP = "vitrine"
# uids handed to session processes, one each; far from what useradd hands out.
SESSION_UID_BASE = 710000


class Layout:
    def __init__(self, state: Path, listen: str, rdp_port: int, vnc_port: int, web_port: int):
        self.state = state
        self.listen = listen
        self.rdp_port, self.vnc_port, self.web_port = rdp_port, vnc_port, web_port
        self.as_root = os.geteuid() == 0
        self.app = state / "app"
        self.etc = state / "etc"
        self.pki = state / "etc" / "pki"
        self.db = state / "db"
        self.run = state / "run"
        self.run_db, self.run_recorder, self.run_live = self.run / "db", self.run / "recorder", self.run / "live"
        self.keys = self._memory() / f"vitrine-keys-{hashlib.sha256(str(state).encode()).hexdigest()[:16]}"
        self.store = state / "store"
        self.export = state / "export"
        self.log = state / "log"
        self.demo = state / "demo"
        self.config = self.etc / "vitrine.yaml"

    @staticmethod
    def _memory() -> Path:
        """A folder that a power cut empties."""
        return Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path("/run")

    def program(self, name: str) -> str:
        return str(self.app / "bin" / name)

    def user(self, role: str) -> str:
        return USERS[role] if self.as_root else pwd.getpwuid(os.geteuid()).pw_name

    def uid_gid(self, role: str) -> tuple[int, int]:
        entry = pwd.getpwnam(self.user(role))
        return entry.pw_uid, entry.pw_gid

    def own(self, path: Path, role: str, mode: int, group: str | None = None) -> Path:
        """Gives a path to the user of `role` with these permission bits."""
        if self.as_root:
            uid, gid = self.uid_gid(role)
            os.chown(path, uid, grp.getgrnam(group).gr_gid if group else gid)
        os.chmod(path, mode)
        return path

    def directory(self, path: Path, role: str | None, mode: int, group: str | None = None) -> Path:
        path.mkdir(parents=True, exist_ok=True)
        if role is None:
            os.chmod(path, mode)
            return path
        return self.own(path, role, mode, group)

    def create_users(self) -> None:
        """System users without password, home or shell. Nothing happens when they exist or when we are not root."""
        if not self.as_root:
            return
        run_quiet(["groupadd", "--system", "--force", GROUP])
        for name in USERS.values():
            try:
                pwd.getpwnam(name)
            except KeyError:
                run_quiet(["useradd", "--system", "--user-group", "--no-create-home",
                           "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name])
        members = grp.getgrnam(GROUP).gr_mem
        for role, name in USERS.items():
            if (name in members) != (role != "demo"):
                run_quiet(["usermod", "--groups", "" if role == "demo" else GROUP, name])

    def groups(self, role: str) -> list[int]:
        """All groups of a role's process."""
        own = self.uid_gid(role)[1]
        return [own] if role == "demo" else [own, grp.getgrnam(GROUP).gr_gid]

    def create_directories(self) -> None:
        self.directory(self.state, None, 0o755)
        self.directory(self.etc, None, 0o755)
        self.directory(self.pki, None, 0o755)
        self.directory(self.db, "db", 0o700)
        # One folder for each listener and whom it listens to: whoever can reach the recorder's socket is the gateway to it, and the live
        # socket shows every session. setgid: a socket made there belongs to the group that may connect.
        self.directory(self.run, None, 0o750)
        if self.as_root:
            os.chown(self.run, 0, grp.getgrnam(GROUP).gr_gid)
        self.directory(self.run_db, "db", 0o2750, GROUP if self.as_root else None)
        self.directory(self.run_recorder, "recorder", 0o2750, USERS["gateway"] if self.as_root else None)
        self.directory(self.run_live, "recorder", 0o2750, USERS["web"] if self.as_root else None)
        # Data keys of running recordings: in memory, for the recorder alone.
        self.directory(self.keys, "recorder", 0o700)
        # The recorder writes, the web service reads; setgid hands new folders to the reader's group.
        self.directory(self.store, "recorder", 0o2750, USERS["web"] if self.as_root else None)
        self.directory(self.export, "web", 0o700)
        self.directory(self.log, None, 0o755)
        self.directory(self.demo, "demo", 0o700)


def run_quiet(command: list[str], **options) -> str:
    """Runs a command; on failure says which and shows what it printed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise SystemExit(f"run: '{' '.join(command[:3])} ...' failed:\n{done.stdout}")
    return done.stdout
