"""Writes evidence files and node logs from docs/evidence-format.md alone, beside the product's exporter: for golden files and for forgeries."""

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.verifier.authority import Authority
from tests.verifier.box import FOOTER_BYTES, HEADER_BYTES, USERTYPE
from tests.verifier.node_log import leaf_hash, node_hash

README = "This is a Vitrine evidence file. How to check it with openssl, tar and sha256sum: docs/checking-by-hand.md.\n"
CREATED = "2026-06-01T08:00:00.000000Z"


def compact(value: dict) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def described(name: str, data: bytes) -> dict:
    return {"bytes": len(data), "name": name, "sha256": sha256(data)}


def chain_entries(recording: Path) -> list[tuple[bytes, dict]]:
    """(JSON bytes, object) of each line."""
    texts = [line.partition(b" ")[2] for line in (recording / "chain").read_bytes().splitlines()]
    return [(text, json.loads(text)) for text in texts]


# ---- The node log ----

def subtree(hashes: list[bytes]) -> bytes:
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(subtree(hashes[:split]), subtree(hashes[split:]))


def audit_path(index: int, hashes: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1."""
    if len(hashes) <= 1:
        return []
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    if index < split:
        return audit_path(index, hashes[:split]) + [subtree(hashes[split:])]
    return audit_path(index - split, hashes[split:]) + [subtree(hashes[:split])]


def consistency_path(first: int, hashes: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2."""
    if first == len(hashes):
        return [] if whole else [subtree(hashes)]
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    if first <= split:
        return consistency_path(first, hashes[:split], whole) + [subtree(hashes[split:])]
    return consistency_path(first - split, hashes[split:], False) + [subtree(hashes[:split])]


@dataclass
class Log:
    authority: Authority
    node: str = "node1"
    leaves: list = field(default_factory=list)
    heads: list = field(default_factory=list)
    signer: str = "node"

    def add(self, kind: str, **keys) -> int:
        index = len(self.leaves)
        self.leaves.append(compact({"index": index, "kind": kind, "node": self.node, "utc": CREATED, **keys}))
        return index

    def sign(self) -> bytes:
        self.heads.append(self.head_of(len(self.leaves)))
        return self.heads[-1]

    def head_of(self, size: int, signer: str = "", utc: str = CREATED) -> bytes:
        root = subtree([leaf_hash(leaf) for leaf in self.leaves[:size]]).hex()
        return self.authority.line(compact({"node": self.node, "root": root, "size": size, "utc": utc, "version": 1}), signer or self.signer)

    def consistency(self, older: bytes, newer: bytes) -> bytes:
        """That the log of one head goes on from that of another."""
        first, second = (json.loads(head.partition(b" ")[2])["size"] for head in (older, newer))
        path = consistency_path(first, [leaf_hash(leaf) for leaf in self.leaves[:second]]) if first else []
        return compact({"first": older.decode(), "path": [item.hex() for item in path], "second": newer.decode()})

    def write_consistency(self, folder: Path, older: bytes, newer: bytes) -> None:
        """As `vitrine log prove --since` leaves it."""
        folder.mkdir(exist_ok=True)
        (folder / "log-consistency.json").write_bytes(self.consistency(older, newer))
        (folder / "log-certificate.pem").write_bytes(self.authority.pem(self.signer).read_bytes())

    def proof(self, index: int) -> bytes:
        """Under the newest head."""
        path = audit_path(index, [leaf_hash(leaf) for leaf in self.leaves])
        return compact({"head": self.heads[-1].decode(), "index": index, "leaf": self.leaves[index].decode(), "path": [item.hex() for item in path],
                        "size": len(self.leaves)})

    def write(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "leaves").write_bytes(b"".join(leaf + b"\n" for leaf in self.leaves))
        (folder / "heads").write_bytes(b"".join(head + b"\n" for head in self.heads))
        (folder / "certificate.pem").write_bytes(self.authority.pem(self.signer).read_bytes())


def log_of(recordings: list[Path], authority: Authority, audit_rows: int = 5, signer: str = "node") -> tuple[Log, dict]:
    """A log that knows the recordings, with audit rows between, and the indexes of (session, kind)."""
    log, indexes = Log(authority, signer=signer), {}
    for recording in recordings:
        for text, entry in chain_entries(recording):
            if entry["kind"] in ("genesis", "seal"):
                session = chain_entries(recording)[0][1]["session"]
                indexes[session, entry["kind"]] = log.add(entry["kind"], session=session, sha256=sha256(text))
                for _ in range(audit_rows):
                    log.add("audit", id=len(log.leaves), sha256=sha256(b"row %d" % len(log.leaves)))
                log.sign()
    return log, indexes


# ---- The evidence file ----

def archive(entries: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def boxed(tar: bytes) -> bytes:
    size = HEADER_BYTES + len(tar) + FOOTER_BYTES
    return size.to_bytes(4, "big") + b"uuid" + USERTYPE + tar + b"VITRINE-EVIDENCE-1 %012d\n" % size


@dataclass
class Export:
    """What a manifest is made of; tests change it between `gather` and `write` to forge."""
    video: bytes
    archive: dict
    manifest: dict

    def write(self, path: Path, authority: Authority, stamped: bool = False, signer: str = "node") -> Path:
        text = compact(self.manifest)
        cms = authority.cms(text, signer)
        entries = {"manifest.json": text, "manifest.cms": cms}
        if stamped:
            entries["manifest.tsr"] = authority.stamp(cms)
        path.write_bytes(self.video + boxed(archive({**entries, **self.archive})))
        return path


def covered(video: bytes, region: dict) -> bytes:
    """The pictures with a region filled with grey, by ffmpeg."""
    box = "drawbox=t=fill:c=0x5d5d5d:x={x}:y={y}:w={width}:h={height}".format(**region)
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "source.mp4", Path(folder) / "made.mp4"
        source.write_bytes(video)
        subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-vf", box, "-fps_mode", "passthrough", "-c:v", "libx264", "-qp", "24", "-bf", "0", "-movflags",
                        "empty_moov+default_base_moof+frag_every_frame", made], stdin=subprocess.DEVNULL, check=True)
        return made.read_bytes()


def derive(original: Export, video: bytes, operations: list[dict]) -> Export:
    """A copy with other pictures: nothing of the segments is in it, all of it is named."""
    manifest = {**original.manifest, "kind": "derived", "operations": operations, "source_sha256": original.manifest["video_sha256"], "parts": [],
                "video_bytes": len(video), "video_sha256": sha256(video)}
    gone = [file for file in original.manifest["parts"] + original.manifest["files"] if file["name"].startswith(("seg-", "init-", "key-"))]
    names = [file["name"] for file in gone]
    manifest["files"] = [file for file in original.manifest["files"] if file["name"] not in names]
    manifest["left_out"] = original.manifest["left_out"] + [{"name": name, "reason": "a derived copy"} for name in names]
    return Export(video, {name: data for name, data in original.archive.items() if name not in names}, manifest)


def proofs(recording: Path, log: Log, indexes: dict) -> dict[str, bytes]:
    session = chain_entries(recording)[0][1]["session"]
    found = {f"log-{kind}.json": log.proof(indexes[session, kind]) for kind in ("genesis", "seal") if (session, kind) in indexes}
    return {**found, "log-certificate.pem": log.authority.pem(log.signer).read_bytes()}


def gather(recording: Path, first: int = 1, last: int | None = None, leave_out_timelines: str = "", log: tuple | None = None) -> Export:
    """Segments `first` to `last` of a recording."""
    entries = chain_entries(recording)
    every = [entry for _, entry in entries if entry["kind"] == "segment"]
    segments = [s for s in every if first <= s["number"] <= (last or len(every))]
    sealed = entries[-1][1]["kind"] == "seal"
    video, parts, left_out, inits = b"", [], [], []
    files = {"chain": (recording / "chain").read_bytes(), "certificate.pem": (recording / "certificate.pem").read_bytes(), "README.txt": README.encode()}
    for segment in segments:
        names = [file["name"] for file in segment["files"]]
        for name in sorted(names, key=lambda n: not n.startswith("init-")):
            data = (recording / name).read_bytes()
            if name.startswith("seg-") and not name.endswith(".mp4"):
                if leave_out_timelines:
                    left_out.append({"name": name, "reason": leave_out_timelines})
                else:
                    files[name] = data
            elif name.startswith("init-") and parts:
                if name not in inits:
                    files[name] = data
            else:
                parts.append({**described(name, data), "offset": len(video)})
                video += data
            if name.startswith("init-"):
                inits.append(name)
    for stamp in sorted(recording.glob("ts-*.tsr")):
        files[stamp.name] = stamp.read_bytes()
    if log is not None:
        files.update(proofs(recording, *log))
    span = {"start_us": segments[0]["start_us"], "end_us": segments[-1]["end_us"]} if segments else {"start_us": 0, "end_us": 0}
    manifest = {"format": "vitrine-evidence", "version": 1, "kind": "original", "session": entries[0][1]["session"], "created": CREATED, "created_by": "auditor",
                "node": "node1", "purpose": "made for tests", "span": span, "asked": span, "whole": sealed and len(segments) == len(every),
                "chain": {"entries": len(entries), "head": sha256(entries[-1][0]), "sealed": sealed}, "video_bytes": len(video), "video_sha256": sha256(video),
                "parts": parts, "files": [described(name, data) for name, data in files.items()], "left_out": left_out}
    return Export(video, files, manifest)
