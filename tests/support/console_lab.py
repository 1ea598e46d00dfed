"""Everything the console's tests stand on: a private PostgreSQL with rows, a recording made by ffmpeg, a fake recorder, vitrine-web
itself, and a browser. Each lab has its own temporary directory and leaves nothing behind.

    python3 -m tests.support.console_lab      serves until Enter is pressed, for looking at it by hand"""

import http.client
import gzip
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.fake_recorder import FakeRecorder
from tests.support.installation import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = ROOT / "tests/support/pg_cluster"
PASSWORD = "correct horse battery"
RUNNING, OPENING, RECORDED = (f"{n * 8}-{n * 4}-4{n * 3}-8{n * 3}-{n * 12}" for n in "123")
# What the recording shows, four seconds each; the last at another size.
PARTS = [("red", 640, 360), ("lime", 640, 360), ("blue", 640, 360), ("yellow", 800, 600)]
PART_S = 4


def ffmpeg_part(folder: Path, colour: str, width: int, height: int, offset_s: int) -> tuple[bytes, bytes]:
    """One init and one media file of a plain colour, beginning at offset_s."""
    folder.mkdir()
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
         f"color=c={colour}:s={width}x{height}:r=10,format=rgb24,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-t", str(PART_S),
         "-output_ts_offset", str(offset_s), "-colorspace", "bt709", "-c:v", "libx264", "-profile:v", "baseline", "-g", "1000", "-f", "hls", "-hls_time", "100",
         "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", str(folder / "seg%d.m4s"),
         str(folder / "list.m3u8")], check=True, stdin=subprocess.DEVNULL)
    return (folder / "init.mp4").read_bytes(), (folder / "seg0.m4s").read_bytes()


def make_recording(store: Path, work: Path) -> str:
    """Writes files as a recorder would; returns the lines web_seed wants."""
    directory = store / RECORDED
    directory.mkdir(parents=True)
    lines, inits, before = [], 0, None
    for number, (colour, width, height) in enumerate(PARTS):
        init, media = ffmpeg_part(work / colour, colour, width, height, number * PART_S)
        if (width, height) != before:
            inits += 1
            (directory / f"init-{inits:03}.mp4").write_bytes(init)
        before = (width, height)
        name, timeline = f"seg-{number + 1:05}.mp4", f"seg-{number + 1:05}.jsonl.gz"
        (directory / name).write_bytes(media)
        start_us = number * PART_S * 1_000_000
        events = [{"t_us": start_us, "type": "size", "width": width, "height": height},
                  {"t_us": start_us + 1_500_000, "type": "title", "text": f"{colour} window"}]
        if number == 0:
            events.insert(0, {"t_us": 0, "type": "login", "user": "carol", "door": "password"})
            for place, key in enumerate(["l", "s", "Space", "-", "l", "Enter"]):
                events += [{"t_us": 2_000_000 + place * 100_000 + up * 40_000, "type": "key", "down": not up, "kind": "scancode", "code": 30,
                            "text": key} for up in (0, 1)]
            events.append({"t_us": 3_000_000, "type": "click", "button": "left", "down": True, "x": 10, "y": 20})
        (directory / timeline).write_bytes(gzip.compress("".join(json.dumps(event) + "\n" for event in events).encode()))
        lines.append(f"{name} init-{inits:03}.mp4 {timeline} {len(media)} {start_us} {PART_S * 1_000_000} {width} {height}\n")
    return "".join(lines)


def newest_build() -> Path:
    """The build folder whose vitrine-web was linked last: build/gcc of tests/run, or a developer's own."""
    found = [path for path in (*ROOT.glob("build*/web/vitrine-web"), *ROOT.glob("build/gcc/web/vitrine-web"))]
    if not found:
        raise RuntimeError("no build folder with web/vitrine-web: run meson setup build && ninja -C build")
    return max(found, key=lambda path: path.stat().st_mtime).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Lab:
    def __init__(self):
        self.build = newest_build()
        self.work = Path(tempfile.mkdtemp(prefix="vitrine-web."))
        self.work.chmod(0o711)
        self.store = self.work / "store"
        self.live_socket = self.work / "live"
        self.port = free_port()
        self.process = None
        self.recorder = None
        self.cluster = self.work / "pg"
        self.conninfo = subprocess.run([CLUSTER, "start", self.cluster], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        try:
            segments = make_recording(self.store, self.work)
            subprocess.run([self.build / "tests/unit/web/web_seed", f"{self.conninfo} user=postgres"], input=segments, text=True, check=True)
            self.recorder = FakeRecorder(self.live_socket, [RUNNING])
            self.write_config()
            self.start()
        except BaseException:
            self.close()
            raise

    def install_console(self) -> Path:
        """As an installation lays it out: the sources, and the page that the build makes of others."""
        console = Path(shutil.copytree(ROOT / "web/console", self.work / "console"))
        subprocess.run([ROOT / "web/verify/build", console / "verify.html"], check=True)
        return console

    def write_config(self) -> None:
        key, certificate = self.work / "key.pem", self.work / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out",
                        certificate], check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        key.chmod(0o600)
        self.config = self.work / "vitrine.yaml"
        self.config.write_text(json.dumps({
            "web": {"https": {"address": "127.0.0.1", "port": self.port}, "certificate_file": str(certificate),
                    "private_key_file": str(key), "console_dir": str(self.install_console())},
            "recorder": {"live_socket_path": str(self.live_socket), "store_dir": str(self.store)},
            "database": {"conninfo": self.conninfo}}))

    def start(self) -> None:
        """Waits for the service's own word that it serves (sd_notify)."""
        path = self.work / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            notify.settimeout(PATIENCE_S)
            self.process = subprocess.Popen([self.build / "web/vitrine-web", "--config", self.config],
                                            env={**os.environ, "NOTIFY_SOCKET": str(path)})
            assert b"READY=1" in notify.recv(256)
        path.unlink()

    def run_once(self, *words: str) -> tuple[int, str]:
        """Runs a second vitrine-web that is expected to end by itself."""
        done = subprocess.run([self.build / "web/vitrine-web", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S, check=False)
        return done.returncode, done.stdout

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=PATIENCE_S)
        self.process = None
        return status

    def sql(self, statement: str) -> str:
        return subprocess.run(["psql", "-XAtq", f"{self.conninfo} user=postgres", "-c", f"SET search_path = vitrine; {statement}"],
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def cluster_do(self, action: str) -> None:
        subprocess.run([CLUSTER, action, self.cluster], check=True)

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        if self.recorder is not None:
            self.recorder.close()
        subprocess.run([CLUSTER, "stop", self.cluster], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.work, ignore_errors=True)


class Client:
    """An HTTP client with the cookie and token of one login."""

    def __init__(self, lab: Lab, user: str | None = None):
        self.lab = lab
        self.context = ssl._create_unverified_context()
        self.cookie = self.csrf = None
        if user:
            status, _, body = self.ask("POST", "/api/login", {"user": user, "password": PASSWORD})
            assert status == 200, (status, body)
            self.csrf = json.loads(body)["csrf"]

    def ask(self, method: str, path: str, body: object = None, headers: dict | None = None) -> tuple[int, dict, bytes]:
        link = http.client.HTTPSConnection("127.0.0.1", self.lab.port, context=self.context, timeout=PATIENCE_S)
        sent = dict(headers or {})
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        if self.csrf:
            sent.setdefault("X-Vitrine-CSRF", self.csrf)
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            link.request(method, path, body, sent)
            answer = link.getresponse()
            content = answer.read()
        finally:
            link.close()
        if answer.getheader("Set-Cookie"):
            self.cookie = answer.getheader("Set-Cookie").split(";")[0]
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def json(self, path: str) -> dict:
        status, _, body = self.ask("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)


def browser(scheme: str = "light", size: str = "1360,900"):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--ignore-certificate-errors", "--disable-dev-shm-usage",
                 f"--window-size={size}", "--force-device-scale-factor=1"):
        options.add_argument(flag)
    if scheme == "dark":
        options.add_argument("--force-dark-mode")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    return driver


if __name__ == "__main__":
    lab = Lab()
    try:
        print(f"{lab.url('/')}   users alice wendy arthur ada, password: {PASSWORD}", flush=True)
        sys.stdin.readline()
    finally:
        lab.close()
