"""What the tests of the verifiers share: a made-up installation, honest recordings, and the two verifiers side by side."""

import json
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.verifier.__main__ import judge
from tests.verifier.authority import Authority
from tests.verifier.findings import Report

WORKERS = 2
PATHS_PER_CALL = 250
EXIT_CODES = {"proven": 0, "unreadable": 1, "broken": 3, "untrusted": 4, "incomplete": 5, "deleted": 6}


@dataclass
class Verdict:
    """Of the product."""
    code: int
    report: dict

    def findings(self) -> list[dict]:
        return self.report.get("findings", [])

    def words(self) -> str:
        return "; ".join(f"{f['class']}: {f['text']} [{f['start_us']}..{f['end_us']}]" for f in self.findings())


@dataclass
class Whom:
    """What a verifier is given beside the evidence."""
    trusted: tuple = ()
    lists: tuple = ()
    archive_keys: tuple = ()
    heads: tuple = ()  # files; for a node's log


class Lab:
    def __init__(self, program: str, make_recordings: str):
        self.program, self.make_recordings = program, make_recordings
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-verifier.", dir=memory if memory.is_dir() else None))
        keys = self.folder / "keys"
        keys.mkdir()
        self.authority = Authority(keys).make()
        self.n_made = 0

    def close(self) -> None:
        shutil.rmtree(self.folder)

    def record(self, count: int, *how: str, authority: Authority | None = None, encrypted: bool = False) -> list[tuple[Path, str, str]]:
        """(path, shape, ending) of each."""
        by = authority or self.authority
        archive = ["--archive", by.pem("archive")] if encrypted else []
        done = subprocess.run([self.make_recordings, *archive, self.folder, by.key("node"), by.pem("node"), str(self.n_made), str(count), *how], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"make_recordings ended with {done.returncode}: {done.stderr}")
        self.n_made += count
        made = [line.split() for line in done.stdout.splitlines()]
        return [(Path(path), shape, ending) for path, shape, ending in made]

    def together(self, option: str, paths: tuple) -> list:
        """Several PEM files as the one that the product takes."""
        if not paths:
            return []
        path = self.folder / ("-".join(f"{pem.parent.name}-{pem.stem}" for pem in paths) + option)
        if not path.exists():
            path.write_bytes(b"".join(pem.read_bytes() for pem in paths))
            path.chmod(0o600)
        return [option, path]

    def products(self, paths: list[Path], whom: Whom = Whom()) -> list[Verdict]:
        """What `vitrine verify` says, in one call."""
        options = self.together("--ca", whom.trusted) + self.together("--crl", whom.lists) + self.together("--archive-key", whom.archive_keys)
        done = subprocess.run([self.program, "verify", "--json", *options, *paths], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode not in EXIT_CODES.values():
            raise AssertionError(f"vitrine verify ended with {done.returncode}: {done.stderr.decode()}")
        reports = json.loads(done.stdout)
        return [Verdict(EXIT_CODES[report["verdict"]], report) for report in (reports if len(paths) > 1 else [reports])]

    def both_of(self, paths: list[Path], whom: Whom = Whom()) -> list[tuple[Verdict, Report]]:
        """Both verifiers about many, side by side."""
        calls = [paths[at:at + PATHS_PER_CALL] for at in range(0, len(paths), PATHS_PER_CALL)]
        with ThreadPoolExecutor(WORKERS) as pool:
            products = pool.map(lambda some: self.products(some, whom), calls)
            reports = [judge(path, list(whom.trusted), [], list(whom.lists), list(whom.archive_keys)) for path in paths]
            return list(zip((verdict for some in products for verdict in some), reports, strict=True))

    def both(self, path: Path, *trusted: Path) -> tuple[Verdict, Report]:
        return self.both_of([path], Whom(trusted))[0]
