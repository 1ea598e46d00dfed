"""A session whose pictures are counted: a VNC target that paints one shade of grey after the other, each once the one before lies in the store; the smallest viewer
there is; and the count of shades that a recording lacks."""

import socket
import ssl
import struct
import subprocess
import threading
from pathlib import Path

from .desktop import Recording

WIDTH, HEIGHT = 160, 128
N_SHADES, STEP, FIRST = 40, 5, 20


def grey(number: int) -> int:
    """Grey g becomes Y = 16 + 219 g / 255 (BT.709, limited range)."""
    return ((FIRST + number % N_SHADES * STEP - 16) * 255 + 109) // 219


def receive(connection, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise ConnectionError("the other side has gone")
        data += piece
    return data


class ShadeTarget:
    """RFB 3.8 without security, raw, one client at a time (RFC 6143). It shows the next shade when `recorded()` has changed since the last one."""

    def __init__(self, recorded):
        self.recorded = recorded
        self.painted = 0  # shades shown so far to the client of now
        self.paused = threading.Event()
        self.still = threading.Event()  # set while paused, once the last shade lies in the store
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    self.greet(client)
                    self.painted = 0
                    self.paint_all(client)
                except (ConnectionError, OSError):
                    continue

    @staticmethod
    def greet(client: socket.socket) -> None:
        client.sendall(b"RFB 003.008\n")
        receive(client, 12)
        client.sendall(b"\x01\x01")  # one type: none
        receive(client, 1)
        client.sendall(struct.pack(">I", 0))
        receive(client, 1)
        client.sendall(struct.pack(">HHBBBBHHHBBB3xI", WIDTH, HEIGHT, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0, 6) + b"shades")

    def paint_all(self, client: socket.socket) -> None:
        before, wanted = None, False
        while True:
            client.settimeout(0.003)
            try:
                wanted |= self.read_message(client)
            except TimeoutError:
                pass
            now = self.recorded()
            if self.paused.is_set() and now != before:
                self.still.set()
            if not wanted or now == before or self.paused.is_set():
                continue
            client.settimeout(5)
            before, wanted = now, False
            self.painted += 1
            level = grey(self.painted - 1)
            client.sendall(struct.pack(">BxHHHHHi", 0, 1, 0, 0, WIDTH, HEIGHT, 0) + bytes((level, level, level, 0)) * (WIDTH * HEIGHT))

    @staticmethod
    def read_message(client: socket.socket) -> bool:
        """True: it asks for a picture."""
        kind = receive(client, 1)[0]
        client.settimeout(5)
        if kind == 0:
            receive(client, 19)
        elif kind == 2:
            receive(client, 4 * struct.unpack(">xH", receive(client, 3))[0])
        elif kind == 6:
            receive(client, struct.unpack(">3xI", receive(client, 7))[0])
        else:
            receive(client, {3: 9, 4: 7, 5: 5}[kind])
        return kind == 3

    def rest(self, seconds: float = 10) -> None:
        """Paints no more, and returns once the last shade lies in the store."""
        self.still.clear()
        self.paused.set()
        if not self.still.wait(seconds):
            raise AssertionError(f"shade {self.painted} did not reach the store within {seconds} s")

    def go_on(self) -> None:
        self.paused.clear()


class ThinViewer:
    """RFB 3.8 over VeNCrypt X509Plain: logs in and asks for nothing. What is recorded does not depend on it."""

    def __init__(self, port: int, ca: Path, user: str, password: str):
        self.connection = socket.create_connection(("127.0.0.1", port), 10)
        try:
            self.log_in(ca, user.encode(), password.encode())
        except BaseException:
            self.close()
            raise

    def log_in(self, ca: Path, user: bytes, password: bytes) -> None:
        plain = self.connection
        receive(plain, 12)
        plain.sendall(b"RFB 003.008\n")
        receive(plain, 2)
        plain.sendall(b"\x13")  # VeNCrypt
        receive(plain, 2)
        plain.sendall(b"\x00\x02")
        receive(plain, 6)
        plain.sendall(struct.pack(">I", 262))
        receive(plain, 1)
        self.connection = ssl.create_default_context(cafile=str(ca)).wrap_socket(plain, server_hostname="127.0.0.1")
        self.connection.sendall(struct.pack(">II", len(user), len(password)) + user + password)
        if struct.unpack(">I", receive(self.connection, 4))[0] != 0:
            raise ConnectionError(receive(self.connection, struct.unpack(">I", receive(self.connection, 4))[0]).decode())
        self.connection.sendall(b"\x01")  # shared

    def is_there(self) -> bool:
        """Whether the gateway still holds the connection."""
        self.connection.settimeout(0.001)
        try:
            while self.connection.recv(65536):
                pass
            return False
        except (TimeoutError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False

    def close(self) -> None:
        self.connection.close()


def stored_bytes(recording: Path) -> int:
    """Of video."""
    while True:
        try:
            return sum(path.stat().st_size for path in recording.glob("seg-*.mp4*"))
        except FileNotFoundError:  # renamed under our hands
            continue


def lumas(recording: Path, archive_key: Path) -> bytes:
    """One of each picture."""
    corner = subprocess.run(["ffmpeg", "-v", "error", "-i", "pipe:0", "-vsync", "passthrough", "-vf", "crop=2:2:0:0", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"],
                            input=Recording(recording, archive_key).joined, stdout=subprocess.PIPE, check=True)
    return corner.stdout[::6]


def lost_shades(recording: Path, archive_key: Path, painted: int) -> tuple[int, int]:
    """How many of the first `painted` shades are in no picture of the recording, and how many pictures it has."""
    following, lost = 0, 0
    pictures = lumas(recording, archive_key)
    for luma in pictures:
        shade = round((luma - FIRST) / STEP) % N_SHADES
        # The same again: a picture without changes, or an IDR behind a kill.
        if following and shade == (following - 1) % N_SHADES:
            continue
        skipped = (shade - following) % N_SHADES
        lost += skipped
        following += skipped + 1
    return lost + max(painted - following, 0), len(pictures)
