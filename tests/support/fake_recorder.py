"""A recorder's live socket for tests: plays prepared access units in a loop to whoever asks for a session it knows.

The left half of the picture has one colour, the right half moves. The time stamp of each unit is the time it was sent, in
microseconds UTC, so that a page can tell how old a picture is."""

import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

WATCH, OPEN, UNIT, END, REFRESH = 1, 2, 3, 4, 5
KEY = 1
WIDTH, HEIGHT, FPS = 640, 360, 15
COLOUR = (32, 96, 192)


def packet(kind: int, flags: int, payload: bytes) -> bytes:
    return struct.pack("<IHH", 4 + len(payload), kind, flags) + payload


def texts(payload: bytes) -> list[str]:
    """The fields of a message: each {u32 length, UTF-8}."""
    found, at = [], 0
    while at < len(payload):
        length = struct.unpack_from("<I", payload, at)[0]
        found.append(payload[at + 4:at + 4 + length].decode())
        at += 4 + length
    return found


def access_units(seconds: int) -> list[bytes]:
    """Annex B units of a test picture; the first is an IDR, the others are not."""
    picture = (f"color=c=0x{COLOUR[0]:02x}{COLOUR[1]:02x}{COLOUR[2]:02x}:s={WIDTH // 2}x{HEIGHT}:r={FPS}[a];"
               f"testsrc2=s={WIDTH // 2}x{HEIGHT}:r={FPS}[b];[a][b]hstack,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p")
    stream = subprocess.run(
        ["ffmpeg", "-v", "error", "-filter_complex", picture, "-t", str(seconds), "-c:v", "libx264", "-profile:v", "baseline",
         "-tune", "zerolatency", "-colorspace", "bt709", "-x264-params", "aud=1:repeat-headers=1:keyint=9999:scenecut=0:qp=20",
         "-f", "h264", "pipe:1"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
    delimiter = b"\x00\x00\x00\x01\x09"
    return [delimiter + unit for unit in stream.split(delimiter)[1:]]


def refresh_is_asked(link: socket.socket) -> bool:
    try:
        return link.recv(8, socket.MSG_DONTWAIT) == packet(REFRESH, 0, b"")
    except BlockingIOError:
        return False


class FakeRecorder:
    def __init__(self, path: Path, sessions: list[str]):
        self.sessions = sessions
        self.units = access_units(4)
        self.watched: list[str] = []
        self.watchers: list[tuple[str, str]] = []  # account and address, beside `watched`
        self.links: list[socket.socket] = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        path.chmod(0o666)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link: socket.socket) -> None:
        with link:
            head = link.recv(8, socket.MSG_WAITALL)
            if len(head) < 8:
                return
            length, kind, _ = struct.unpack("<IHH", head)
            session, *watcher = texts(link.recv(length - 4, socket.MSG_WAITALL))
            if kind != WATCH or session not in self.sessions:
                link.sendall(packet(END, 0, b"no-such-session"))
                return
            self.watched.append(session)
            self.watchers.append(tuple(watcher))
            self.links.append(link)
            try:
                self.play(link)
            except OSError:
                pass

    def play(self, link: socket.socket) -> None:
        link.sendall(packet(OPEN, 0, struct.pack("<II", WIDTH, HEIGHT) + b"avc1.42c01e"))
        due = time.monotonic()
        while True:
            for number, unit in enumerate(self.units):
                sent_us = time.time_ns() // 1000
                link.sendall(packet(UNIT, KEY if number == 0 else 0, struct.pack("<Q", sent_us) + unit))
                due += 1 / FPS
                time.sleep(max(0, due - time.monotonic()))
                if refresh_is_asked(link):
                    break

    def end_all(self, reason: bytes) -> None:
        """Ends what is being watched, as when the session ends."""
        self.sessions.clear()
        for link in self.links:
            try:
                link.sendall(packet(END, 0, reason))
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self) -> None:
        self.listener.close()
        for link in self.links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
