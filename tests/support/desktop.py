"""Displays, viewers and pictures: real programs under Xvfb, looked at with real screenshots."""

import json
import os
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy
from PIL import Image

from .archive import decrypt
from .installation import PATIENCE_S, SLOWNESS, wait_for


class Display:
    """An Xvfb of its own."""

    def __init__(self, width: int = 1280, height: int = 800):
        self.size = (width, height)
        reader, writer = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(writer,))
        os.close(writer)
        with os.fdopen(reader) as pipe:
            self.name = f":{int(pipe.readline())}"
        self.environment = {**os.environ, "DISPLAY": self.name}
        self.environment.pop("XAUTHORITY", None)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()

    def screenshot(self) -> numpy.ndarray:
        return screenshot(self.name, None)

    def type_text(self, text: str) -> None:
        """Types lines; each newline is the Return key (xdotool alone would send the Linefeed key, which RDP does not know)."""
        for line in text.splitlines(keepends=True):
            subprocess.run(["xdotool", "type", "--delay", "30", line.rstrip("\n")], env=self.environment, check=True, stdin=subprocess.DEVNULL)
            if line.endswith("\n"):
                self.key("Return")

    def key(self, *names: str) -> None:
        subprocess.run(["xdotool", "key", *names], env=self.environment, check=True, stdin=subprocess.DEVNULL)

    def move(self, x: int, y: int, click: int | None = None) -> None:
        command = ["xdotool", "mousemove", str(x), str(y)] + (["click", str(click)] if click else [])
        subprocess.run(command, env=self.environment, check=True, stdin=subprocess.DEVNULL)


def screenshot(display: str, authority: str | None) -> numpy.ndarray:
    """The root window's pixels as height x width x 3, without the cursor."""
    environment = {**os.environ, "DISPLAY": display}
    if authority:
        environment["XAUTHORITY"] = authority
    done = subprocess.run(["xwd", "-root", "-silent"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return read_xwd(done.stdout)


def read_xwd(data: bytes) -> numpy.ndarray:
    """XWD version 7, 24 bits in 32 (X11/XWDFile.h): big-endian header, then colour map, then rows."""
    header = numpy.frombuffer(data[:100], ">u4")
    header_size, width, height, bytes_per_line, colors = (int(header[i]) for i in (0, 4, 5, 12, 19))
    pixels = numpy.frombuffer(data, numpy.uint8, height * bytes_per_line, header_size + colors * 12)
    return pixels.reshape(height, bytes_per_line)[:, : width * 4].reshape(height, width, 4)[:, :, 2::-1].copy()


def save(picture: numpy.ndarray, path: str | Path) -> None:
    Image.fromarray(picture).save(path)


def difference(a: numpy.ndarray, b: numpy.ndarray, tolerance: int = 24) -> float:
    """Share of pixels that differ by more than `tolerance` in any colour; 1.0 for different sizes."""
    if a.shape != b.shape:
        return 1.0
    return float((numpy.abs(a.astype(int) - b.astype(int)).max(axis=2) > tolerance).mean())


class Viewer:
    """A client program on a display; its output is kept for error messages."""

    def __init__(self, display: Display, command: list[str], environment: dict | None = None, secret: str | None = None):
        self.display = display
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env={**display.environment, **(environment or {})}, stdin=subprocess.PIPE, stdout=self.output,
                                        stderr=subprocess.STDOUT)
        if secret is not None:
            self.process.stdin.write(secret.encode() + b"\n")
        self.process.stdin.close()

    def text(self) -> str:
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()

    def shows(self, target, seconds: float = 30, share: float = 0.01) -> None:
        """Waits until this viewer's display shows what `target()` returns, but for `share` of the pixels (cursors)."""
        last = {}

        def same():
            if self.process.poll() is not None:
                raise AssertionError(f"the viewer ended ({self.process.returncode}):\n{self.text()[-3000:]}")
            last["seen"], last["wanted"] = self.display.screenshot(), target()
            last["difference"] = difference(last["seen"], last["wanted"])
            return last["difference"] <= share

        try:
            wait_for(same, seconds, "the viewer shows the target's picture", 0.2)
        except AssertionError as error:
            folder = Path(tempfile.mkdtemp(prefix="vt-pictures-"))
            if "seen" in last:
                save(last["seen"], folder / "seen.png")
                save(last["wanted"], folder / "wanted.png")
            raise AssertionError(f"{error}; {last.get('difference', 1.0):.4f} of the pixels differ; pictures in {folder}\n{self.text()[-3000:]}") from error


def xfreerdp(display: Display, port: int, user: str, password: str, *options: str, program: str = "xfreerdp3", size: str = "1280x800") -> Viewer:
    """The password goes through standard input, as a careful person would do it."""
    return Viewer(display, [program, f"/v:127.0.0.1:{port}", f"/u:{user}", f"/size:{size}", "/from-stdin:force", "/cert:ignore" if program == "xfreerdp3"
                            else "/cert-ignore", "-decorations", "/log-level:INFO", *options], secret=password)


def vncviewer(display: Display, port: int, ca: Path, user: str, password: str) -> Viewer:
    return Viewer(display, ["xtigervncviewer", "-SecurityTypes", "X509Plain", f"-X509CA={ca}", "-FullScreen=1", "-RemoteResize=0", "-AlertOnFatalError=0",
                            "-ReconnectOnError=0", "-MenuKey=", f"127.0.0.1::{port}"], {"VNC_USERNAME": user, "VNC_PASSWORD": password})


def settled(look, before: numpy.ndarray | None = None, still: float = 0.4, seconds: float = 15) -> tuple[numpy.ndarray, float]:
    """What `look()` returns once that differs from `before` and has not changed for a while, and since which moment (time.monotonic) it shows that."""
    picture, since = look(), time.monotonic()
    deadline = since + seconds * SLOWNESS
    while before is not None and difference(before, picture) == 0 or time.monotonic() - since < still:
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds * SLOWNESS} s: a picture that changed and stands still")
        time.sleep(0.01)
        following = look()
        if difference(picture, following, 0) > 0:
            picture, since = following, time.monotonic()
    return picture, since


def changed_area(before: numpy.ndarray, after: numpy.ndarray) -> tuple[slice, slice]:
    """Rows and columns around everything that differs: what a small change must be looked for in."""
    rows, columns = numpy.nonzero(numpy.abs(before.astype(int) - after.astype(int)).max(axis=2) > 24)
    assert rows.size, "nothing has changed"
    return slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)


class Recording:
    """A finished recording as it lies in the store, decoded by ffmpeg from init and segments; its seconds are those of the file's time stamps."""

    def __init__(self, folder: Path, archive_key: Path):
        segments = [decrypt(piece, archive_key) for piece in sorted(folder.glob("seg-*.mp4.enc*"))]
        self.joined = b"".join([(folder / "init-001.mp4").read_bytes(), *segments])
        line = (folder / "chain").read_bytes().split(b"\n")[0]
        self.genesis = json.loads(line.split(b" ", 1)[1])

    def second_of(self, monotonic: float) -> float:
        """Where a moment of this machine's monotonic clock (time.monotonic) lies in the recording."""
        return monotonic - self.genesis["clock_us"] / 1e6

    def second_of_utc(self, utc: float) -> float:
        """The same for a time of day (time.time), by the gateway's word of when it opened the session."""
        return utc - datetime.fromisoformat(self.genesis["opened"].replace("Z", "+00:00")).timestamp()

    def seconds(self) -> list[float]:
        """When each picture is shown."""
        done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0", "pipe:0"],
                              input=self.joined, stdout=subprocess.PIPE, check=True)
        return [float(line.strip(",")) for line in done.stdout.decode().split()]

    def pictures(self):
        """Pairs of second and picture, in order."""
        seconds = iter(self.seconds())
        with tempfile.TemporaryFile() as source:
            source.write(self.joined)
            source.seek(0)
            decoder = subprocess.Popen(["ffmpeg", "-v", "error", "-i", "pipe:0", "-vsync", "0", "-f", "image2pipe", "-c:v", "ppm", "-"], stdin=source,
                                       stdout=subprocess.PIPE)
        try:
            while header := decoder.stdout.readline():
                assert header == b"P6\n", header
                width, height = map(int, decoder.stdout.readline().split())
                decoder.stdout.readline()
                pixels = decoder.stdout.read(width * height * 3)
                yield next(seconds), numpy.frombuffer(pixels, numpy.uint8).reshape(height, width, 3)
        finally:
            decoder.stdout.close()
            decoder.wait()

    def at(self, second: float) -> numpy.ndarray:
        """What it shows at a second: the newest picture until then."""
        found = None
        for shown, picture in self.pictures():
            if shown <= second or found is None:
                found = picture
        assert found is not None, "no picture in the recording"
        return found

    def last(self) -> numpy.ndarray:
        return self.at(float("inf"))

    def first_shows(self, wanted: numpy.ndarray, area: tuple[slice, slice]) -> float | None:
        """Since which second it shows `wanted` within `area` without a break until its end."""
        since = None
        for second, picture in self.pictures():
            same = picture.shape == wanted.shape and difference(picture[area], wanted[area], 64) < 0.02
            since = (second if since is None else since) if same else None
        return since
