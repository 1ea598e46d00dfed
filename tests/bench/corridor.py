"""tests/bench/corridor.py: what a person feels and what a session costs, measured through a whole installation.

    python3 -m tests.bench.corridor            (as root, from the project's root)

Prints one line per figure. Ratios of one run count; absolute milliseconds belong to the machine."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.integration.test_a_corridor import running
from tests.support import installation as inst
from tests.support.desktop import Display, Viewer, difference, screenshot, vncviewer, xfreerdp
from tests.support.installation import ROOT, wait_for

KEYS = 60
IDLE_SECONDS = 30
TERMINAL = (61, 80, 900, 500)


def tool() -> str:
    folder = ROOT / "build/bench"
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(folder), "--buildtype=release"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(folder), "--quiet", "tests/bench/typing_latency"], check=True)
    return str(folder / "tests/bench/typing_latency")


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


def latencies(display: Display, target) -> list[float]:
    display.move(400, 300, click=1)
    done = subprocess.run([tool(), *map(str, TERMINAL), str(KEYS)], env=display.environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=True)
    display.key("ctrl+u")
    return [int(line) / 1000 for line in done.stdout.split()]


def describe(name: str, values: list[float]) -> float:
    values = sorted(values)
    median = statistics.median(values)
    print(f"{name:58} p50 {median:7.1f} ms   p95 {values[int(len(values) * 0.95)]:7.1f} ms", flush=True)
    return median


def direct_vnc(display: Display, installation) -> Viewer:
    spec = installation.services()["demo-vnc"]["argv"]
    port = spec[spec.index("-rfbport") + 1]
    return Viewer(display, ["xtigervncviewer", "-SecurityTypes", "X509Vnc", f"-X509CA={installation.state}/etc/pki/service-ca.pem", "-FullScreen=1",
                            "-RemoteResize=0", "-AlertOnFatalError=0", "-MenuKey=", f"127.0.0.1::{port}"],
                  {"VNC_PASSWORD": (installation.state / "demo/vnc.password").read_text().strip()})


def main() -> int:
    installation = inst.shared()
    target = lambda: screenshot(*installation.demo_display("vnc"))
    ways = {
        "direct: TigerVNC to Xvnc": lambda d: direct_vnc(d, installation),
        "gateway: TigerVNC to Xvnc": lambda d: vncviewer(d, installation.vnc_port, installation.state / "etc/pki/service-ca.pem", "admin%demo-linux",
                                                         installation.admin_password),
        "gateway: xfreerdp3 (progressive) to Xvnc": lambda d: xfreerdp(d, installation.rdp_port, "admin%demo-linux", installation.admin_password, "/sec:tls",
                                                                       "/gfx:progressive"),
        "gateway: xfreerdp3 (AVC420) to Xvnc": lambda d: xfreerdp(d, installation.rdp_port, "admin%demo-linux", installation.admin_password, "/sec:tls", "/gfx:AVC420"),
    }
    medians = {}
    for name, start in ways.items():
        display = Display()
        began = time.monotonic()
        viewer = start(display)
        wait_for(lambda: difference(display.screenshot(), target()) < 0.02, 30, f"{name}: first picture\n{viewer.text()[-2000:]}", 0.01)
        print(f"{name + ', start of viewer to picture':58} {time.monotonic() - began:7.2f} s", flush=True)
        medians[name] = describe(f"{name}, key to picture", latencies(display, target))
        if name.startswith("gateway: xfreerdp3 (prog"):
            pids = session_pids(installation) + [installation.pid("recorder")]
            before = cpu_seconds(pids)
            time.sleep(IDLE_SECONDS)  # the measurement is this stretch of time
            print(f"{'idle session and recorder, share of one core':58} {(cpu_seconds(pids) - before) / IDLE_SECONDS * 100:7.2f} %", flush=True)
        viewer.close()
        display.close()
        wait_for(lambda: not running(installation), 20, "the session has ended")
    direct = medians["direct: TigerVNC to Xvnc"]
    for name, median in medians.items():
        print(f"{name:58} {median - direct:+7.1f} ms against direct, ratio {median / direct:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
