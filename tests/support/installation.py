"""One embedded installation for a whole test run: packaging/run on free ports in a scratch directory, and what tests ask of it."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Where tests/run has built the programs that tests start directly.
BUILD = Path(os.environ.get("VITRINE_BUILD", ROOT / "build/gcc"))
# Tests name the seconds that something may take on a machine with nothing else to do; one may be slow and busy.
SLOWNESS = 4
# For the end of a program that is sure to end.
PATIENCE_S = 60
# For what must be prompt (one second is promised) and is measured on such a machine, too.
PROMPT_S = 10


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds: float, what: str, pause: float = 0.05):
    """Asks until `condition` returns something true, and returns that. For foreign programs that announce nothing. `seconds`: SLOWNESS times as
    long at most."""
    deadline = time.monotonic() + seconds * SLOWNESS
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds * SLOWNESS} s: {what}")
        time.sleep(pause)


class Installation:
    def __init__(self):
        self.state = Path(tempfile.mkdtemp(prefix="vt-", dir="/tmp"))
        os.chmod(self.state, 0o755)
        self.rdp_port, self.vnc_port, self.web_port = free_port(), free_port(), free_port()
        self.admin_password = None
        self.guide = ""

    def run(self, *words: str, check: bool = True, pass_fds=()) -> subprocess.CompletedProcess:
        done = subprocess.run([str(ROOT / "packaging/run"), "--state", str(self.state), "--rdp-port", str(self.rdp_port), "--vnc-port", str(self.vnc_port),
                               "--web-port", str(self.web_port), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, pass_fds=pass_fds)
        if check and done.returncode != 0:
            raise AssertionError(f"packaging/run {' '.join(words)} failed:\n{done.stdout}\n{self.logs()}")
        return done

    def start(self) -> float:
        began = time.monotonic()
        reader, writer = os.pipe()
        try:
            self.guide = self.run("--password-fd", str(writer), pass_fds=(writer,)).stdout
        finally:
            os.close(writer)
        with os.fdopen(reader) as pipe:
            word = pipe.read().strip()
        self.admin_password = word or self.admin_password
        return time.monotonic() - began

    def remove(self) -> None:
        self.run("--reset", check=False)
        shutil.rmtree(self.state, ignore_errors=True)

    def logs(self, lines: int = 25) -> str:
        text = ""
        for path in sorted((self.state / "log").glob("*.log")):
            text += f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) + "\n"
        return text

    def log(self, service: str) -> str:
        return (self.state / "log" / f"{service}.log").read_text(errors="replace")

    def status(self) -> dict:
        return json.loads((self.state / "run/status.json").read_text())

    def pid(self, service: str) -> int:
        return self.status()["services"][service]

    def vitrine(self, *words: str, check: bool = True, secret: str | None = None) -> subprocess.CompletedProcess:
        command = [str(self.state / "app/bin/vitrine"), "--config", str(self.state / "etc/vitrine.yaml"), *words]
        keep = ()
        if secret is not None:
            reader, writer = os.pipe()
            os.write(writer, secret.encode() + b"\n")
            os.close(writer)
            command += ["--password-fd", str(reader)]
            keep = (reader,)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, pass_fds=keep)
        for descriptor in keep:
            os.close(descriptor)
        if check and done.returncode != 0:
            raise AssertionError(f"vitrine {' '.join(words)} failed ({done.returncode}):\n{done.stdout}")
        return done

    def sql(self, query: str) -> list[list[str]]:
        done = subprocess.run(["psql", "-h", str(self.state / "run/db"), "-U", "postgres", "-d", "vitrine", "-AtF", "\t", "-c", query],
                              env={**os.environ, "PGOPTIONS": "-c search_path=vitrine"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def services(self) -> dict:
        return {spec["name"]: spec for spec in json.loads((self.state / "services.json").read_text())}

    def demo_display(self, kind: str) -> tuple[str, str]:
        """DISPLAY and XAUTHORITY of a demo target: "vnc" or "rdp"."""
        argv = self.services()["demo-vnc" if kind == "vnc" else "demo-rdp-display"]["argv"]
        return argv[1], argv[argv.index("-auth") + 1]


_shared = None


def shared() -> Installation:
    """The installation of this run; started at the first call, removed by tests/runner.py's process at exit."""
    global _shared
    if _shared is None:
        import atexit
        _shared = Installation()
        atexit.register(_shared.remove)
        _shared.first_start_seconds = _shared.start()
    return _shared
