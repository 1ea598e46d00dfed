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

WORKERS = 4


@dataclass
class Verdict:
    """Of the product."""
    code: int
    report: dict

    def findings(self) -> list[dict]:
        return self.report.get("findings", [])

    def words(self) -> str:
        return "; ".join(f"{f['class']}: {f['text']} [{f['start_us']}..{f['end_us']}]" for f in self.findings())


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

    def record(self, count: int, *how: str, authority: Authority | None = None) -> list[tuple[Path, str, str]]:
        """(path, shape, ending) of each."""
        by = authority or self.authority
        done = subprocess.run([self.make_recordings, self.folder, by.key("node"), by.pem("node"), str(self.n_made), str(count), *how], stdout=subprocess.PIPE, text=True,
                              check=True)
        self.n_made += count
        made = [line.split() for line in done.stdout.splitlines()]
        return [(Path(path), shape, ending) for path, shape, ending in made]

    def product(self, path: Path, *trusted: Path) -> Verdict:
        options = []
        if trusted:
            together = self.folder / ("-".join(pem.stem for pem in trusted) + ".trusted")
            if not together.exists():
                together.write_bytes(b"".join(pem.read_bytes() for pem in trusted))
            options = ["--ca", str(together)]
        done = subprocess.run([self.program, "verify", "--json", *options, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode not in (0, 1, 3, 4, 5):
            raise AssertionError(f"vitrine verify ended with {done.returncode}: {done.stderr.decode()}")
        return Verdict(done.returncode, json.loads(done.stdout) if done.stdout else {})

    def both(self, path: Path, *trusted: Path) -> tuple[Verdict, Report]:
        return self.product(path, *trusted), judge(path, list(trusted), [])

    def each(self, work, items: list) -> list:
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(work, items))
