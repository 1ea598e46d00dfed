"""The demo targets: a small Linux desktop by VNC (TigerVNC Xvnc) and one by RDP (FreeRDP's shadow server), each with a window manager and a terminal.

Both are reached by passwords that only the gateway knows."""

import os
import secrets
import subprocess
from pathlib import Path

from .layout import Layout, run_quiet

SIZE = "1280x800"


def _secret_file(layout: Layout, name: str) -> str:
    path = layout.demo / name
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(18)[:8] + "\n")  # RFB's VncAuth takes eight characters (RFC 6143 7.2.2)
        layout.own(path, "demo", 0o600)
    return path.read_text().strip()


def vnc_password(layout: Layout) -> str:
    return _secret_file(layout, "vnc.password")


def rdp_password(layout: Layout) -> str:
    return _secret_file(layout, "rdp.password")


def _binary_file(layout: Layout, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    layout.own(path, "demo", 0o600)


def _xauthority(layout: Layout, number: int) -> Path:
    path = layout.demo / f"display{number}.auth"
    if not path.exists():
        path.touch(mode=0o600)
        run_quiet(["xauth", "-f", str(path), "add", f":{number}", "MIT-MAGIC-COOKIE-1", secrets.token_hex(16)])
        layout.own(path, "demo", 0o600)
    return path


def _startup(layout: Layout, name: str, number: int, title: str) -> list[str]:
    """A script that starts the desktop's programs on a display and stays for as long as its window manager. The supervisor starts it only
    when the display is ready. The terminal comes after the window manager, which then gives it the focus: a window that was there before
    never gets it until somebody clicks, and the newcomer's first letters went nowhere."""
    script = layout.demo / f"{name}-session"
    script.write_text(
        "#!/bin/sh\n"
        "# Programs of the demo desktop; started when the display answers.\n"
        f"export DISPLAY=:{number} XAUTHORITY={layout.demo}/display{number}.auth HOME={layout.demo}\n"
        "xsetroot -solid '#24455c'\n"
        f"exec openbox --startup \"xterm -title '{title}' -geometry 100x28+60+60 -fa 'DejaVu Sans Mono' -fs 11\"\n")
    layout.own(script, "demo", 0o700)
    return [str(script)]


def create(layout: Layout, displays: tuple[int, int]) -> None:
    """Passwords and files of both targets; made once."""
    password_file = layout.demo / "vnc.passwd"
    if not password_file.exists():
        obfuscated = subprocess.run(["tigervncpasswd", "-f"], input=vnc_password(layout).encode() + b"\n", stdout=subprocess.PIPE, check=True).stdout
        _binary_file(layout, password_file, obfuscated)
    sam = layout.demo / "rdp.sam"
    if not sam.exists():
        digest = subprocess.run(["openssl", "dgst", "-md4", "-provider", "legacy", "-provider", "default", "-r"],
                                input=rdp_password(layout).encode("utf-16-le"), stdout=subprocess.PIPE, check=True).stdout
        _binary_file(layout, sam, f"demo:::{digest.split()[0].decode()}:::\n".encode())
    _shadow_certificate(layout)
    for number in displays:
        _xauthority(layout, number)


def _shadow_certificate(layout: Layout) -> None:
    """FreeRDP's shadow server looks for its certificate here, and makes one of its own when there is none."""
    folder = layout.demo / "freerdp" / "shadow"
    for directory in (folder.parent, folder):
        layout.directory(directory, "demo", 0o700)
    for source, name in (("demo.pem", "shadow.crt"), ("demo.key", "shadow.key")):
        _binary_file(layout, folder / name, (layout.pki / source).read_bytes())


def certificate_sha256(layout: Layout) -> str:
    """The pin by which the gateway knows both demo targets."""
    line = run_quiet(["openssl", "x509", "-in", str(layout.pki / "demo.pem"), "-noout", "-fingerprint", "-sha256"])
    return line.split("=", 1)[1].strip().replace(":", "").lower()


def services(layout: Layout, displays: tuple[int, int], vnc_port: int, rdp_port: int) -> list[dict]:
    vnc_display, rdp_display = displays
    environment = {"HOME": str(layout.demo), "XDG_CONFIG_HOME": str(layout.demo)}
    x_options = ["-geometry", SIZE, "-depth", "24", "-nolisten", "tcp", "-AlwaysShared", "-localhost", "yes", "-interface", "127.0.0.1",
                 # Everybody comes from the gateway's one address, and sixteen may come at the same moment.
                 "-BlacklistThreshold", "1000"]
    return [
        {"name": "demo-vnc", "role": "demo", "env": environment, "ready": {"display": True},
         "argv": ["Xvnc", f":{vnc_display}", *x_options, "-auth", str(_xauthority(layout, vnc_display)), "-rfbport", str(vnc_port),
                  "-SecurityTypes", "X509Vnc", "-PasswordFile", str(layout.demo / "vnc.passwd"),
                  "-X509Cert", str(layout.pki / "demo.pem"), "-X509Key", str(layout.pki / "demo.key")]},
        {"name": "demo-vnc-desktop", "role": "demo", "env": environment, "argv": _startup(layout, "vnc", vnc_display, "demo desktop (VNC)")},
        {"name": "demo-rdp-display", "role": "demo", "env": environment, "ready": {"display": True},
         "argv": ["Xvfb", f":{rdp_display}", "-screen", "0", f"{SIZE}x24", "-nolisten", "tcp", "-noreset", "-auth", str(_xauthority(layout, rdp_display))]},
        {"name": "demo-rdp-desktop", "role": "demo", "env": environment, "argv": _startup(layout, "rdp", rdp_display, "demo desktop (RDP)")},
        {"name": "demo-rdp", "role": "demo", "ready": {"port": rdp_port},
         "env": {**environment, "DISPLAY": f":{rdp_display}", "XAUTHORITY": str(_xauthority(layout, rdp_display))},
         "argv": ["freerdp-shadow-cli3", f"/port:{rdp_port}", "/bind-address:127.0.0.1", "/sec:nla", f"/sam-file:{layout.demo}/rdp.sam"]},
    ]
