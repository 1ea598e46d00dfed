"""An evidence file of any size that takes no room on the disk: its pictures are zeros."""

import hashlib
from pathlib import Path

from tests.verifier.authority import Authority
from tests.verifier.writer import Export, archive, boxed, chain_entries, compact, described, gather, sha256

SEGMENTS, SEGMENT_US = 32, 600_000_000
PIECE = bytes(1 << 20)


class Sparse:
    """A box `mdat` of zeros."""

    def __init__(self, size: int):
        self.size, self.header = size, size.to_bytes(4, "big") + b"mdat"

    def feed(self, *digests) -> None:
        left = self.size - len(self.header)
        for digest in digests:
            digest.update(self.header)
        while left > 0:
            for digest in digests:
                digest.update(PIECE[:left])
            left -= min(left, len(PIECE))


def chain_of(recording: Path, authority: Authority, init: dict, video: Sparse, digest: str) -> tuple[bytes, list[dict]]:
    """The recording's genesis, then long segments, then a seal."""
    genesis = chain_entries(recording)[0][1]
    entries = [genesis]
    for number in range(1, SEGMENTS + 1):
        end = number * SEGMENT_US
        entries.append({"kind": "segment", "t_us": end, "utc": genesis["utc"], "number": number, "start_us": end - SEGMENT_US, "end_us": end, "first_frame_us": end - SEGMENT_US,
                        "frames": 1, "width": 64, "height": 48, "codec": "avc3.42c01e",
                        "files": [{"bytes": video.size, "name": f"seg-{number:05}.mp4", "sha256": digest}, init]})
    entries.append({"kind": "seal", "t_us": end, "utc": genesis["utc"], "reason": "viewer-left", "detail": "", "segments": SEGMENTS, "frames": SEGMENTS,
                    "bytes": SEGMENTS * (video.size + init["bytes"]), "duration_us": end})
    lines, prev = [], "0" * 64
    for seq, entry in enumerate(entries):
        entry.update(seq=seq, prev=prev)
        prev = sha256(compact(entry))
        lines.append(authority.line(compact(entry)) + b"\n")
    return b"".join(lines), entries


def large_evidence(recording: Path, path: Path, authority: Authority, size: int) -> Path:
    """Whole evidence of about `size` bytes, in the name of a small recording."""
    init_bytes, video = (recording / "init-001.mp4").read_bytes(), Sparse(size // SEGMENTS)
    own, whole = hashlib.sha256(), hashlib.sha256(init_bytes)
    video.feed(own)
    for _ in range(SEGMENTS):
        video.feed(whole)
    init = described("init-001.mp4", init_bytes)
    chain, entries = chain_of(recording, authority, init, video, own.hexdigest())
    export = gather(recording)
    texts = {"chain": chain, "certificate.pem": export.archive["certificate.pem"], "README.txt": export.archive["README.txt"]}
    parts = [{**init, "offset": 0}] + [{"bytes": video.size, "name": f"seg-{number + 1:05}.mp4", "sha256": own.hexdigest(), "offset": len(init_bytes) + number * video.size}
                                       for number in range(SEGMENTS)]
    span = {"start_us": 0, "end_us": entries[-1]["t_us"]}
    video_bytes = len(init_bytes) + SEGMENTS * video.size
    manifest = {**export.manifest, "span": span, "asked": span, "chain": {"entries": len(entries), "head": sha256(compact(entries[-1])), "sealed": True}, "parts": parts,
                "files": [described(name, data) for name, data in texts.items()], "left_out": [], "video_bytes": video_bytes, "video_sha256": whole.hexdigest()}
    return write(Export(b"", texts, manifest), path, authority, init_bytes, video)


def write(export: Export, path: Path, authority: Authority, init_bytes: bytes, video: Sparse) -> Path:
    text = compact(export.manifest)
    with open(path, "wb") as file:
        file.write(init_bytes)
        for number in range(SEGMENTS):
            file.seek(len(init_bytes) + number * video.size)
            file.write(video.header)
        file.seek(export.manifest["video_bytes"])
        file.write(boxed(archive({"manifest.json": text, "manifest.cms": authority.cms(text), **export.archive})))
    return path
