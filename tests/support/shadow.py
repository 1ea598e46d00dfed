"""freerdp-shadow: an RDP target that shows an X display. Certificate, key and account lie in a folder of its own."""

import re
import socket
import subprocess
import tempfile
from pathlib import Path

from .installation import wait_for


class Shadow:
    """A running freerdp-shadow for a display; security is "tls" (no login) or "nla" (account and password)."""

    def __init__(self, display, security: str, account: str = "demo", password: str = "demo-password"):
        self.folder = tempfile.TemporaryDirectory(prefix="vt-shadow-")
        home = Path(self.folder.name)
        hashed = subprocess.run(["winpr-hash3", "-u", account, "-p", password, "-f", "sam"], stdout=subprocess.PIPE, check=True, text=True).stdout
        (home / "sam").write_text(hashed)
        (home / "sam").chmod(0o600)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = ["/sec:tls", "-auth"] if security == "tls" else ["/sec:nla", f"/sam-file:{home}/sam"]
        environment = {**display.environment, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        self.process = subprocess.Popen(["freerdp-shadow-cli3", f"/port:{self.port}", "/bind-address:127.0.0.1", *options, "/log-level:OFF"],
                                        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.listens, 20, "freerdp-shadow listens")
        shown = subprocess.run(["openssl", "x509", "-in", str(next(home.rglob("shadow.crt"))), "-noout", "-fingerprint", "-sha256"],
                               stdout=subprocess.PIPE, check=True, text=True).stdout
        self.pin = shown.strip().split("=")[1]

    def listens(self) -> bool:
        """Reads the table of sockets: a trial connection would be a session to it."""
        wanted = f"0100007F:{self.port:04X}"
        return any(re.match(rf"\s*\d+: {wanted} \S+ 0A ", line) for line in Path("/proc/net/tcp").read_text().splitlines())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()
