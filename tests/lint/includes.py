"""Includes go downward only, and each outside library has one room. Reads every #include line of the product."""

import re
import subprocess
import sys

# A room may include itself and what is listed. The longest prefix names a file's room.
ROOMS = {
    "base": [],
    "ipc": ["base"],
    "recorder/ring": ["base"],
    "recorder/encode": ["base"],
    "recorder/crypt": ["base"],
    "recorder/lines": ["base"],
    "recorder/reader": ["base", "recorder/crypt", "recorder/lines"],
    "recorder/chain": ["base", "recorder/crypt", "recorder/reader", "recorder/stamp"],
    "recorder/nodelog": ["base", "recorder/chain", "recorder/reader"],
    "recorder/notary": ["base", "sql", "recorder/chain", "recorder/nodelog", "recorder/http_client", "recorder/stamp"],
    "recorder/http_client": ["base"],
    "recorder/stamp": ["base", "recorder/http_client"],
    "recorder/store": ["base"],
    "recorder/mux": ["base", "recorder/encode"],
    "sql": ["base"],
    "gateway/session": ["base", "ipc", "recorder/ring"],
    "gateway/rdp": ["base", "ipc", "recorder/encode", "gateway/session"],
    "gateway/vnc": ["base", "ipc", "gateway/session"],
    "gateway/worker": ["base", "ipc", "gateway/session"],
    "gateway/broker": ["base", "ipc", "sql", "gateway"],
    "gateway": ["base", "ipc", "sql", "gateway/broker"],
    "recorder": ["base", "ipc", "sql", "recorder/ring", "recorder/encode", "recorder/chain", "recorder/nodelog", "recorder/notary", "recorder/http_client", "recorder/stamp", "recorder/store", "recorder/mux", "recorder/crypt", "recorder/reader", "recorder/lines"],
    "evidence": ["base", "recorder/crypt", "recorder/reader", "recorder/chain", "recorder/nodelog", "recorder/stamp", "recorder/http_client"],
    "evidence/timeline": ["base", "evidence", "recorder/chain", "recorder/reader", "recorder/lines"],
    "evidence/certificate": ["base", "evidence", "recorder/chain"],
    "evidence/derive": ["base", "recorder/encode", "recorder/mux", "recorder/crypt", "recorder/reader", "recorder/chain", "evidence"],
    "web/http": ["base"],
    "web/live": ["base", "ipc", "web/http"],
    "web/export": ["base", "sql", "evidence", "evidence/derive", "evidence/certificate"],
    "web": ["base", "ipc", "sql", "web/http", "web/live", "web/routes", "web/export", "evidence", "evidence/derive", "evidence/timeline", "recorder/crypt", "recorder/reader", "recorder/lines", "recorder/chain", "recorder/nodelog", "recorder/stamp"],
    "web/routes": ["base", "ipc", "sql", "web/http", "web/live", "web", "web/export", "evidence", "evidence/derive", "evidence/timeline", "recorder/crypt", "recorder/reader", "recorder/lines", "recorder/chain", "recorder/nodelog", "recorder/stamp"],
    "cli": ["base", "ipc", "sql", "gateway/broker", "recorder/chain", "recorder/nodelog", "recorder/store", "recorder/crypt", "recorder/reader", "recorder/lines", "evidence", "recorder/stamp", "evidence/certificate", "evidence/derive", "evidence/timeline"],
}

# Header prefix of an outside library -> rooms that may use it. What is not listed (libc, GLib, OpenSSL, jansson) is free.
LIBRARIES = {
    "freerdp/": ["gateway/rdp"], "winpr/": ["gateway/rdp"], "rfb/": ["gateway/vnc"],
    "libpq-fe.h": ["sql"], "microhttpd.h": ["web/http"], "x264.h": ["recorder/encode"],
    "libavformat/": ["recorder/mux"], "libavcodec/": ["recorder/encode", "recorder/mux"], "libavutil/": ["recorder/encode", "recorder/mux"],
    "seccomp.h": ["gateway/worker", "recorder"], "cyaml/": ["base"], "sodium.h": ["base"],
    "xkbcommon/": ["gateway/session"], "pixman.h": ["gateway/session", "gateway/rdp", "gateway/vnc"],
    "cairo.h": ["gateway/session", "evidence/derive", "evidence/certificate"], "cairo-pdf.h": ["evidence/certificate"], "pango/": ["evidence/certificate"], "qrencode.h": ["evidence/certificate"], "curl/": ["recorder/http_client"], "archive.h": ["evidence"], "archive_entry.h": ["evidence"],
    "zlib.h": ["recorder/lines"],
}


def room_of(path: str) -> str | None:
    found = [room for room in ROOMS if path.startswith(room + "/")]
    return max(found, key=len) if found else None


def check(path: str) -> list[str]:
    room, trouble = room_of(path), []
    if room is None:
        return []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            ours = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            theirs = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            if ours:
                other = room_of(ours[1])
                if other is None:
                    trouble.append(f"{path}:{number}: \"{ours[1]}\" is in no room")
                elif other != room and other not in ROOMS[room]:
                    trouble.append(f"{path}:{number}: {room} may not include {other}")
            if theirs:
                for prefix, allowed in LIBRARIES.items():
                    if theirs[1].startswith(prefix) and room not in allowed:
                        trouble.append(f"{path}:{number}: <{theirs[1]}> belongs to {', '.join(allowed)}")
    return trouble


def main() -> int:
    paths = subprocess.run(["git", "ls-files", "*.c", "*.h"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    trouble = [line for path in paths if not path.startswith("tests/") for line in check(path)]
    print("\n".join(trouble))
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
