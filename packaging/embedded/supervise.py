"""The embedded supervisor: starts services in order, restarts what dies, stops all in reverse order. What systemd does in production."""

import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

READY_SECONDS = 60
STOP_SECONDS = 20
# What dies again and again is started ever more slowly: PostgreSQL waits for the rest of a killed one to go, the gateway for PostgreSQL.
PAUSE_FIRST_S, PAUSE_MOST_S = 0.1, 5.0


class Service:
    def __init__(self, spec: dict, run: Path, log: Path):
        self.name, self.argv, self.spec = spec["name"], spec["argv"], spec
        self.log_path = log / f"{self.name}.log"
        self.notify_path = run / f"notify-{self.name}"
        self.process = self.notify = self.display = None
        self.starts: list[float] = []
        self.due: float | None = None  # dead, and to be started then

    def forget_words(self) -> None:
        """Takes away what earlier lives said: a queue that nobody empties holds up the eleventh, which waits in its READY=1 for ever."""
        try:
            while self.notify.recv(4096, socket.MSG_DONTWAIT):
                pass
        except BlockingIOError:
            pass

    def start(self) -> None:
        ready = self.spec.get("ready", {})
        if self.notify is not None:
            self.forget_words()
        if self.notify is None and ready.get("notify"):
            self.notify_path.unlink(missing_ok=True)
            self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self.notify.bind(str(self.notify_path))
            os.chmod(self.notify_path, 0o777)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", **self.spec.get("env", {})}
        if self.notify is not None:
            environment["NOTIFY_SOCKET"] = str(self.notify_path)
        argv, keep = list(self.argv), ()
        if ready.get("display"):
            # X servers write their number here once they answer.
            self.display, write_end = os.pipe()
            os.set_blocking(self.display, False)
            argv += ["-displayfd", str(write_end)]
            keep = (write_end,)
        self.starts.append(time.monotonic())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd="/",
                                            umask=0o027, pass_fds=keep, **self._credentials())
        for descriptor in keep:
            os.close(descriptor)

    def _credentials(self) -> dict:
        if self.spec.get("uid") is None:
            return {}
        return {"user": self.spec["uid"], "group": self.spec["gid"], "extra_groups": self.spec["groups"]}

    def is_ready(self) -> bool:
        """Looks at most 0.2 s: READY=1 (sd_notify), a display number, a port that accepts, or a step that ended well. True for services
        that have no such sign."""
        ready = self.spec.get("ready", {})
        if self.spec.get("once"):
            return self.process.wait() == 0
        if ready.get("notify"):
            readable = select.select([self.notify], [], [], 0.2)[0]
            return bool(readable) and b"READY=1" in self.notify.recv(4096)
        if ready.get("display"):
            return bool(select.select([self.display], [], [], 0.2)[0])
        if ready.get("port"):
            try:
                socket.create_connection(("127.0.0.1", ready["port"]), 0.2).close()
            except OSError:
                select.select([], [], [], 0.1)  # nothing announces a foreign program's port: ask again
                return False
        return True

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {last_lines(self.log_path)}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} was not ready within {READY_SECONDS} s: {last_lines(self.log_path)}")

    def pause_s(self) -> float:
        """Before the next start: none for the first deaths within a minute."""
        recent = len([t for t in self.starts if t > time.monotonic() - 60])
        return 0.0 if recent < 3 else min(PAUSE_FIRST_S * 2 ** (recent - 3), PAUSE_MOST_S)

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(getattr(signal, self.spec.get("stop_signal", "SIGTERM")))
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def last_lines(path: Path) -> str:
    return " | ".join(path.read_text(errors="replace").splitlines()[-3:])


def write_status(run: Path, services: list[Service], error: str | None = None) -> None:
    status = {"pid": os.getpid(), "error": error, "services": {s.name: s.process.pid if s.process else None for s in services}}
    scratch = run / "status.json.new"
    scratch.write_text(json.dumps(status))
    scratch.rename(run / "status.json")


def bury(services: list[Service]) -> bool:
    dead = [s for s in services if not s.spec.get("once") and s.process is not None and s.process.poll() is not None]
    for service in dead:
        pause_s = service.pause_s()
        print(f"supervisor: {service.name} ended with {service.process.returncode}" + (f", and is started in {pause_s:.1f} s" if pause_s else ""), flush=True)
        service.process, service.due = None, time.monotonic() + pause_s
    return bool(dead)


def raise_due(services: list[Service]) -> bool:
    due = [service for service in services if service.due is not None and service.due <= time.monotonic()]
    for service in due:
        service.due = None
        service.start()
    return bool(due)


def watch(services: list[Service], run: Path) -> None:
    """Sleeps until a signal arrives; restarts the dead, returns on SIGTERM or SIGINT."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno())
    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(reader, selectors.EVENT_READ)
    while not stopping:
        if bury(services) or raise_due(services):
            write_status(run, services)
            continue
        due = [service.due for service in services if service.due is not None]
        if selector.select(timeout=max(0.0, min(due) - time.monotonic()) if due else None):
            reader.recv(4096)


def main() -> int:
    run, log, specs = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())
    services: list[Service] = []
    error = None
    try:
        for spec in specs:
            service = Service(spec, run, log)
            services.append(service)
            service.start()
            service.wait_ready()
        write_status(run, services)
        watch(services, run)
    except (RuntimeError, OSError) as trouble:
        error = str(trouble)
        print(f"supervisor: {error}", flush=True)
    for service in reversed(services):
        service.stop()
    if error:
        write_status(run, [], error)
        return 1
    (run / "status.json").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
