"""Builds and unit-tests a clean copy of this tree inside a fresh tree of another Debian release (mmdebstrap, chroot)."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUITES = {"debian13": "trixie"}


def debian_mirror() -> str:
    """The mirror this machine itself uses."""
    for path in sorted(Path("/etc/apt").glob("sources.list.d/*.sources")):
        for stanza in path.read_text().split("\n\n"):
            uri = re.search(r"^URIs:\s*(\S+)", stanza, re.M)
            if uri and re.search(r"^Suites:.*\b(bookworm|trixie)\b", stanza, re.M):
                return uri[1]
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt").glob("sources.list.d/*.list"))]:
        found = path.exists() and re.search(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(?:bookworm|trixie)\s", path.read_text(), re.M)
        if found:
            return found[1]
    raise SystemExit("tests/run: this machine has no Debian entry to derive a mirror from")


def check(release: str) -> list:
    suite, mirror = SUITES[release], debian_mirror()
    tree = Path(tempfile.mkdtemp(prefix="vitrine-release-", dir="/var/tmp"))
    tree.chmod(0o755)
    try:
        return _check_in(tree, suite, mirror, release)
    finally:
        for name in ("dev", "proc"):
            subprocess.run(["umount", "-l", str(tree / "root" / name)], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(tree, ignore_errors=True)


def _run(name: str, command: list[str], **options) -> tuple:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False, **options)
    return (name, done.returncode == 0, done.stdout[-8000:])


def _check_in(tree: Path, suite: str, mirror: str, release: str) -> list:
    root = tree / "root"
    results = [_run(f"{release}: base tree", ["mmdebstrap", "--variant=minbase", "--include=ca-certificates,python3", suite, str(root), mirror])]
    if not results[-1][1]:
        return results
    (root / "etc/apt/sources.list.d/backports.sources").write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: {suite}-backports\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")
    for name in ("apt/apt.conf.d", "resolv.conf", "hosts"):
        _copy_network(name, root)
    for name in ("dev", "proc"):
        subprocess.run(["mount", "--rbind" if name == "dev" else "--bind", f"/{name}", str(root / name)], check=True)
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD"], stdout=subprocess.PIPE, check=True).stdout
    (root / "vitrine").mkdir()
    subprocess.run(["tar", "-x", "-C", str(root / "vitrine")], input=archive, check=True)
    inside = ["chroot", str(root), "sh", "-ec"]
    results.append(_run(f"{release}: packages", [*inside, "cd /vitrine && packaging/install-deps build && packaging/install-deps unit"]))
    if results[-1][1]:
        results.append(_run(f"{release}: builds without warnings", [*inside, "cd /vitrine && meson setup build && ninja -C build"]))
    if results[-1][1]:
        results.append(_run(f"{release}: unit tests", [*inside, "cd /vitrine && TZ=UTC meson test -C build --suite unit --print-errorlogs --timeout-multiplier 3"]))
    return results


def _copy_network(name: str, root: Path) -> None:
    """How this machine reaches its mirror (proxies, names) holds inside the tree, too."""
    source, place = Path("/etc") / name, root / "etc" / name
    if source.is_dir():
        shutil.copytree(source, place, dirs_exist_ok=True)
    elif source.exists():
        place.unlink(missing_ok=True)
        shutil.copy(source, place)
