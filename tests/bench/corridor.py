"""tests/bench/corridor.py: what a person feels and what a session costs, measured through a whole installation.

    python3 -m tests.bench.corridor            (as root, from the project's root)

Prints one line per figure. Ratios of one run count; absolute milliseconds belong to the machine."""

import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.integration.test_a_corridor import running
from tests.support import installation as inst
from tests.support.desktop import Display, Viewer, difference, screenshot, vncviewer, xfreerdp
from tests.support.installation import ROOT, wait_for
from tests.support.shadow import Shadow

KEYS = 60
FIRST_PICTURES = 5
IDLE_SECONDS = 20
# The first line of the terminal: a small picture, so that looking at it takes little of the time that is measured.
TERMINAL = (62, 82, 900, 20)


def tool(name: str) -> str:
    folder = ROOT / "build/bench"
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(folder), "--buildtype=release"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(folder), "--quiet", f"tests/bench/{name}"], check=True, stdout=subprocess.DEVNULL)
    return str(folder / "tests/bench" / name)


def cpu_seconds(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def session_pids(installation) -> list[int]:
    """Session processes that have a viewer: those with a canvas mapped."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program = os.readlink(process / "exe")
            if program.startswith(str(installation.state)) and program.endswith("/vitrine-session") and "memfd:" in (process / "maps").read_text():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def latencies(display: Display) -> list[float]:
    display.move(400, 300, click=1)
    done = subprocess.run([tool("typing_latency"), *map(str, TERMINAL), str(KEYS)], env=display.environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=True)
    display.key("ctrl+u")
    return [int(line) / 1000 for line in done.stdout.split()]


def cost(installation, what: str) -> None:
    """CPU of the session's process, of recorder and gateway over a stretch of time; that stretch is the measurement."""
    pids = {"session": session_pids(installation), "recorder": [installation.pid("recorder")], "gateway": [installation.pid("gateway")]}
    before = {name: cpu_seconds(each) for name, each in pids.items()}
    time.sleep(IDLE_SECONDS)
    shares = {name: (cpu_seconds(each) - before[name]) / IDLE_SECONDS * 100 for name, each in pids.items()}
    print(f"{what + ', share of one core':58} session {shares['session']:.2f} %, recorder {shares['recorder']:.2f} %, gateway {shares['gateway']:.2f} %", flush=True)


def describe(name: str, values: list[float]) -> float:
    values = sorted(values)
    median = statistics.median(values)
    print(f"{name:58} p50 {median:7.1f} ms   p95 {values[int(len(values) * 0.95)]:7.1f} ms", flush=True)
    return median


class BigTarget:
    """An Xvnc of 1920x1080 with a terminal, registered at the gateway as "bench"."""

    SIZE = (1920, 1080)

    def __init__(self, installation):
        self.folder = Path(tempfile.mkdtemp(prefix="vt-bench-"))
        password = secrets.token_urlsafe(6)[:8]
        self.password = password
        (self.folder / "passwd").write_bytes(subprocess.run(["tigervncpasswd", "-f"], input=password.encode() + b"\n", stdout=subprocess.PIPE, check=True).stdout)
        self.port = inst.free_port()
        reader, writer = os.pipe()
        self.server = subprocess.Popen(["Xvnc", "-displayfd", str(writer), "-rfbport", str(self.port), "-geometry", "1920x1080", "-depth", "24", "-localhost",
                                        "-SecurityTypes", "VncAuth", "-PasswordFile", str(self.folder / "passwd"), "-AlwaysShared", "-nolisten", "tcp"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(writer,))
        os.close(writer)
        with os.fdopen(reader) as pipe:
            self.display = f":{int(pipe.readline())}"
        self.environment = {**os.environ, "DISPLAY": self.display}
        self.programs = [subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                         for command in (["openbox"], ["xterm", "-geometry", "100x28+60+60", "-fa", "DejaVu Sans Mono", "-fs", "11", "-e", "sh"],
                                         ["xclock", "-digital", "-update", "1", "-geometry", "+1200+60"])]
        # No pixel like those of a viewer that shows nothing yet.
        subprocess.run(["xsetroot", "-solid", "#24455c"], env=self.environment, check=True, stdin=subprocess.DEVNULL)
        subprocess.run(["xdotool", "search", "--sync", "--onlyvisible", "--class", "xterm"], env=self.environment, check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        installation.vitrine("target", "add", "bench", "--protocol", "vnc", "--host", "127.0.0.1", "--port", str(self.port), "--plain")
        installation.vitrine("account", "add", "bench", "desk", secret=password)
        installation.vitrine("grant", "add", "admin", "bench", "desk")

    def picture(self):
        return screenshot(self.display, None)

    def close(self) -> None:
        for process in [*self.programs, self.server]:
            process.terminate()
            process.wait()
        shutil.rmtree(self.folder)


def direct_vnc(display: Display, target: BigTarget) -> Viewer:
    return Viewer(display, ["xtigervncviewer", "-SecurityTypes", "VncAuth", "-FullScreen=1", "-RemoteResize=0", "-AlertOnFatalError=0", "-MenuKey=",
                            f"127.0.0.1::{target.port}"], {"VNC_PASSWORD": target.password})


def first_picture(start, target: BigTarget) -> float:
    """Seconds from the start of a viewer's process to the target's picture on its display."""
    display = Display(*target.SIZE)
    began = time.monotonic()
    viewer = start(display)
    done = subprocess.run([tool("first_picture"), display.name, target.display], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    said = viewer.text()[-2000:]
    viewer.close()
    display.close()
    if done.returncode != 0:
        raise AssertionError(f"no picture\n{said}")
    return int(done.stdout) / 1e6 - began


def first_pictures(installation, target: BigTarget, ways: dict) -> None:
    """Every way in turn, several times, so that a busy minute of the machine hits all of them; each gateway way beside its direct one."""
    tool("first_picture")
    seconds = {name: [] for name in ways}
    for _ in range(FIRST_PICTURES):
        for name, start in ways.items():
            seconds[name].append(first_picture(start, target))
            wait_for(lambda: not running(installation), 20, "the session has ended")
    for name, found in seconds.items():
        direct = statistics.median(seconds["direct: xfreerdp3 to freerdp-shadow" if "xfreerdp3" in name else "direct: TigerVNC to Xvnc"])
        median = statistics.median(found)
        print(f"{name + ', start of viewer to picture':58} p50 {median:7.2f} s   best {min(found):.2f} s   ratio to direct {median / direct:.2f}", flush=True)


def main() -> int:
    installation = inst.shared()
    target = BigTarget(installation)
    shadow = Shadow(target, "tls")
    ways = {
        "direct: xfreerdp3 to freerdp-shadow": lambda d: xfreerdp(d, shadow.port, "demo", "", "/sec:tls", "/gfx:progressive", size="1920x1080"),
        "direct: TigerVNC to Xvnc": lambda d: direct_vnc(d, target),
        "gateway: TigerVNC to Xvnc": lambda d: vncviewer(d, installation.vnc_port, installation.state / "etc/pki/service-ca.pem", "admin%bench",
                                                         installation.admin_password),
        "gateway: xfreerdp3 (progressive) to Xvnc": lambda d: xfreerdp(d, installation.rdp_port, "admin%bench", installation.admin_password, "/sec:tls",
                                                                       "/gfx:progressive", size="1920x1080"),
        "gateway: xfreerdp3 (AVC420) to Xvnc": lambda d: xfreerdp(d, installation.rdp_port, "admin%bench", installation.admin_password, "/sec:tls", "/gfx:AVC420", size="1920x1080"),
    }
    first_pictures(installation, target, ways)
    shadow.close()
    del ways["direct: xfreerdp3 to freerdp-shadow"]
    medians = {}
    for name, start in ways.items():
        display = Display(*target.SIZE)
        viewer = start(display)
        wait_for(lambda: difference(display.screenshot(), target.picture()) < 0.02, 30, f"{name}: first picture\n{viewer.text()[-2000:]}", 0.2)
        medians[name] = describe(f"{name}, key to picture", latencies(display))
        if name.startswith("gateway: xfreerdp3 (prog"):
            cost(installation, "a clock that ticks each second")
            target.programs.pop().terminate()
            cost(installation, "a screen where nothing changes")
        viewer.close()
        display.close()
        wait_for(lambda: not running(installation), 20, "the session has ended")
    target.close()
    direct = medians["direct: TigerVNC to Xvnc"]
    for name, median in medians.items():
        print(f"{name:58} {median - direct:+7.1f} ms against direct, ratio {median / direct:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
