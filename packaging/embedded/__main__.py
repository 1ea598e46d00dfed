"""packaging/run: a whole Vitrine on this machine, in one command."""

import argparse
import fcntl
import json
import os
import secrets
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from . import database, demo, pki, settings
from .layout import Layout, run_quiet

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 90


def default_state() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/vitrine-embedded")
    return Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local/state")) / "vitrine"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="packaging/run", description="Installs what is needed, builds Vitrine and starts it on an embedded default: "
                                     "private PostgreSQL, gateway, recorder, web console and two demo targets. A second call keeps all data.")
    parser.add_argument("--stop", action="store_true", help="stop everything; data stays")
    parser.add_argument("--reset", action="store_true", help="stop everything and delete all data, recordings included")
    parser.add_argument("--status", action="store_true", help="say what runs")
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="address for viewers and browsers (default: loopback only)")
    parser.add_argument("--state", type=Path, default=default_state(), metavar="DIR", help="where data lies (default: %(default)s)")
    parser.add_argument("--rdp-port", type=int, default=3389, help="default: %(default)s")
    parser.add_argument("--vnc-port", type=int, default=5900, help="default: %(default)s")
    parser.add_argument("--web-port", type=int, default=8443, help="default: %(default)s")
    parser.add_argument("--password-fd", type=int, metavar="N", help="write the administrator's first password here instead of printing it")
    parser.add_argument("--no-demo", action="store_true", help="no demo targets")
    options = parser.parse_args()
    if len(str(options.state)) > 60:
        parser.error("--state: the path is too long for unix sockets; take one below 60 characters")
    options.state = options.state.absolute()
    return options


def supervisor_pid(layout: Layout) -> int | None:
    """The supervisor holds a lock for as long as it lives; the pid file alone may be stale."""
    path = layout.state / "supervisor.lock"
    if not path.exists():
        return None
    with open(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(path.read_text() or 0) or None
    return None


def stop(layout: Layout) -> bool:
    pid = supervisor_pid(layout)
    if pid is None:
        return False
    descriptor = os.pidfd_open(pid)
    signal.pidfd_send_signal(descriptor, signal.SIGTERM)
    ended = select.select([descriptor], [], [], STOP_SECONDS)[0]
    os.close(descriptor)
    if not ended:
        raise SystemExit(f"run: the supervisor (process {pid}) did not end within {STOP_SECONDS} s; see {layout.log}")
    return True


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def free_displays(folder: Path = Path("/tmp")):
    """Two X displays that are free. Another installation that starts waits for the end of this block, by which X servers have taken them."""
    sockets = folder / ".X11-unix"
    if not sockets.is_dir():
        sockets.mkdir(exist_ok=True)
        sockets.chmod(0o1777)
    lock = os.open(sockets, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        taken = {int(path.name[1:]) for path in sockets.glob("X*") if path.name[1:].isdigit()}
        taken |= {int(path.name[2:-5]) for path in folder.glob(".X*-lock") if path.name[2:-5].isdigit()}
        free = [number for number in range(60, 400) if number not in taken]
        yield free[0], free[1]
    finally:
        os.close(lock)


def check_ports(layout: Layout) -> None:
    for name, port in (("--rdp-port", layout.rdp_port), ("--vnc-port", layout.vnc_port), ("--web-port", layout.web_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((layout.listen, port))
            except OSError as error:
                raise SystemExit(f"run: port {port} on {layout.listen} cannot be used ({error.strerror}); choose another with {name}") from error


def install(layout: Layout) -> None:
    """Programs are copied out of the build folder: other users than the builder's must be able to run them."""
    scratch = layout.state / "app.new"
    shutil.rmtree(scratch, ignore_errors=True)
    run_quiet(["meson", "install", "-C", str(ROOT / "build/run"), "--quiet", "--no-rebuild", "--destdir", str(scratch)])
    prefix = next(scratch.glob("**/bin/vitrine-gateway")).parent.parent
    shutil.rmtree(layout.app, ignore_errors=True)
    prefix.rename(layout.app)
    shutil.rmtree(scratch, ignore_errors=True)


def daemons(layout: Layout) -> list[dict]:
    config = ["--config", str(layout.config)]
    listed = [{"name": name, "role": name, "ready": {"notify": True}, "argv": [layout.program(f"vitrine-{name}"), *config]}
              for name in ("recorder", "gateway", "web")]
    if layout.as_root:
        # The gateway gives each session process a uid of its own; it needs nothing else of root.
        gateway = next(spec for spec in listed if spec["name"] == "gateway")
        gateway["capabilities"] = "+setuid,+setgid,+kill"
    return listed


def finish_spec(layout: Layout, spec: dict) -> dict:
    role = spec.pop("role")
    if not layout.as_root:
        spec.pop("capabilities", None)
        return spec
    uid, gid = layout.uid_gid(role)
    capabilities = spec.pop("capabilities", None)
    if capabilities:
        spec["argv"] = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--init-groups", f"--inh-caps={capabilities}",
                        f"--ambient-caps={capabilities}", "--", *spec["argv"]]
    else:
        spec.update(uid=uid, gid=gid, groups=layout.groups(role))
    return spec


def start(layout: Layout, specs: list[dict], name: str) -> subprocess.Popen:
    path = layout.state / f"{name}.json"
    path.write_text(json.dumps([finish_spec(layout, spec) for spec in specs], indent=1))
    lock = os.open(layout.state / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    log = open(layout.log / "supervisor.log", "ab")
    (layout.run / "status.json").unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, str(Path(__file__).parent / "supervise.py"), str(layout.run), str(layout.log), str(path)],
                               stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, pass_fds=(lock,), cwd="/")
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(process.pid).encode(), 0)
    os.close(lock)  # the supervisor keeps it
    return process


def wait_started(layout: Layout, process: subprocess.Popen) -> dict:
    status = layout.run / "status.json"
    while not status.exists():
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    if not status.exists():
        raise SystemExit(f"run: the supervisor ended; see {layout.log}/supervisor.log")
    found = json.loads(status.read_text())
    if found["error"]:
        process.wait(STOP_SECONDS)
        raise SystemExit(f"run: {found['error']}\n     logs: {layout.log}")
    return found


def vitrine(layout: Layout, *words: str, secret: str | None = None) -> str:
    """Runs the command line as the administrator; a secret goes through a pipe, never through arguments."""
    if secret is None:
        return run_quiet([layout.program("vitrine"), "--config", str(layout.config), *words])
    reader, writer = os.pipe()
    os.write(writer, secret.encode() + b"\n")
    os.close(writer)
    try:
        return run_quiet([layout.program("vitrine"), "--config", str(layout.config), *words, "--password-fd", str(reader)], pass_fds=(reader,))
    finally:
        os.close(reader)


def write_command(layout: Layout) -> Path:
    """`vitrine` for this installation, without --config: what the guide and the README type."""
    path = layout.state / "vitrine"
    path.write_text(f'#!/bin/sh\nexec {shlex.join([str(layout.program("vitrine")), "--config", str(layout.config)])} "$@"\n')
    path.chmod(0o755)
    return path


def create_administrator(layout: Layout) -> str | None:
    marker = layout.etc / "administrator-created"
    if marker.exists():
        return None
    password = secrets.token_urlsafe(15)
    vitrine(layout, "user", "add", "admin", "--role", "admin", secret=password)
    marker.touch()
    return password


def register_demo(layout: Layout, vnc_port: int, rdp_port: int) -> None:
    """Ports of the demo targets are chosen anew at every start, so the targets are written anew too."""
    pin = demo.certificate_sha256(layout)
    known = vitrine(layout, "target", "list")
    for name, protocol, port, account, password in (("demo-linux", "vnc", vnc_port, "desktop", demo.vnc_password(layout)),
                                                    ("demo-rdp", "rdp", rdp_port, "demo", demo.rdp_password(layout))):
        if name in known.split():
            vitrine(layout, "target", "set", name, "--port", str(port))
            continue
        vitrine(layout, "target", "add", name, "--protocol", protocol, "--host", "127.0.0.1", "--port", str(port), "--certificate-sha256", pin)
        vitrine(layout, "account", "add", name, account, secret=password)
        vitrine(layout, "grant", "add", "admin", name, account)


def print_guide(layout: Layout, command: Path, password: str | None, seconds: float, with_demo: bool) -> None:
    host = "127.0.0.1" if layout.listen in ("0.0.0.0", "127.0.0.1") else layout.listen
    target = "demo-linux" if with_demo else "TARGET"
    print(f"""
Vitrine is running ({seconds:.1f} s to start).

  Remote Desktop (mstsc)   computer {host}:{layout.rdp_port}, user name admin%{target}
  FreeRDP                  xfreerdp3 /v:{host}:{layout.rdp_port} /u:admin%{target} /d: /from-stdin:force /sec:tls /cert:tofu /gfx
  VNC                      xtigervncviewer -SecurityTypes X509Plain -X509CA {layout.pki}/service-ca.pem {host}::{layout.vnc_port}
                           (user name admin%{target})""")
    if with_demo:
        print("  the other demo target    user name admin%demo-rdp (an RDP desktop)")
    print(f"""  Console                  https://{host}:{layout.web_port}/   user admin
  Recordings               {layout.store}
  Logs                     {layout.log}
  Command line             {command} --help
  Whom to trust            {layout.pki}/evidence-ca.pem   (for vitrine verify --ca)
""")
    if password is not None:
        print(f"  Password of admin, shown this once: {password}\n")
    else:
        print(f"  Password of admin forgotten? {command} user passwd admin\n")
    print("  packaging/run --stop ends everything, packaging/run --reset deletes it.")


def bring_up(layout: Layout, options: argparse.Namespace) -> None:
    began = time.monotonic()
    layout.create_users()
    layout.create_directories()
    check_ports(layout)
    install(layout)
    pki.create(layout)
    settings.write(layout)
    database.create_cluster(layout)
    database.create_database(layout)
    vnc_port, rdp_port = free_ports(2)
    specs = [database.service(layout), database.schema_step(layout)]
    with ExitStack() as until_started:
        if not options.no_demo:
            displays = until_started.enter_context(free_displays())
            demo.create(layout, displays)
            specs += demo.services(layout, displays, vnc_port, rdp_port)
        specs += daemons(layout)
        process = start(layout, specs, "services")
        wait_started(layout, process)
    password = create_administrator(layout)
    if not options.no_demo:
        register_demo(layout, vnc_port, rdp_port)
    if password is not None and options.password_fd is not None:
        os.write(options.password_fd, password.encode() + b"\n")
        password = None
    print_guide(layout, write_command(layout), password, time.monotonic() - began, not options.no_demo)


def main() -> int:
    options = arguments()
    layout = Layout(options.state, options.listen, options.rdp_port, options.vnc_port, options.web_port)
    if options.status:
        pid = supervisor_pid(layout)
        print(f"running (process {pid})" if pid else "not running")
        return 0 if pid else 1
    if options.stop or options.reset:
        print("stopped" if stop(layout) else "nothing was running")
        if options.reset:
            shutil.rmtree(layout.state, ignore_errors=True)
            shutil.rmtree(layout.keys, ignore_errors=True)
            print(f"deleted {layout.state}")
        return 0
    if supervisor_pid(layout) is not None:
        stop(layout)
    bring_up(layout, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
