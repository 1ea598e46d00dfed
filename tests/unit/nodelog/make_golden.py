#!/usr/bin/env python3
"""Makes tests/unit/nodelog/golden/: a node log written from docs/evidence-format.md and RFC 6962 alone, with hashlib and the openssl command.

Nothing of the product is used, so that product and page are held against each other. Signatures are random: run it only to change the content.
    tests/unit/nodelog/make_golden.py
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent / "golden"
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 13)
SESSIONS = ("0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a01", "0b0e5c1e-6f0a-4a8e-9a63-0f8d7f3c1a02")


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def tree(leaves: list[bytes]) -> bytes:
    """MTH of section 2.1."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0])
    k = largest_power_below(len(leaves))
    return sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [tree(leaves[k:])]
    return path(m - k, leaves[k:]) + [tree(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [tree(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], whole) + [tree(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [tree(leaves[:k])]


def vectors() -> str:
    """One vector a line; leaf i is the text "leaf i"."""
    leaves = [f"leaf {i}".encode() for i in range(max(SIZES))]
    lines = [f"root {n} {tree(leaves[:n]).hex()}" for n in (0, *SIZES)]
    for n in SIZES:
        lines += [" ".join(["path", str(n), str(m), *(h.hex() for h in path(m, leaves[:n]))]) for m in range(n)]
        lines += [" ".join(["consistency", str(m), str(n), *(h.hex() for h in subproof(m, leaves[:n], True))]) for m in range(1, n + 1)]
    return "\n".join(lines) + "\n"


def compact(value: dict) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def openssl(*arguments: str, data: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


def make_leaves() -> list[str]:
    first, second = SESSIONS
    subjects = [{"kind": "audit", "id": 1}, {"kind": "genesis", "session": first}, {"kind": "audit", "id": 2}, {"kind": "seal", "session": first},
                {"kind": "genesis", "session": second}, {"kind": "export", "session": first}, {"kind": "seal", "session": second},
                {"kind": "deletion", "session": second}]
    return [compact({"index": i, "node": "node1", "sha256": sha256(f"subject {i}".encode()).hex(), "utc": f"2027-05-01T12:00:{i:02}.123456Z", **subject})
            for i, subject in enumerate(subjects)]


def main() -> int:
    HERE.mkdir(exist_ok=True)
    (HERE / "merkle.txt").write_text(vectors())
    leaves = make_leaves()
    raw = [leaf.encode() for leaf in leaves]
    with tempfile.TemporaryDirectory() as scratch:
        key = os.path.join(scratch, "key.pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "36500", "-subj", "/CN=golden node1",
                "-addext", "keyUsage=critical,digitalSignature", "-keyout", key, "-out", str(HERE / "certificate.pem"))

        def head(size: int, second: int) -> str:
            text = compact({"node": "node1", "root": tree(raw[:size]).hex(), "size": size, "utc": f"2027-05-01T12:01:{second:02}.000000Z", "version": 1})
            return base64.b64encode(openssl("dgst", "-sha256", "-sign", key, data=text.encode())).decode() + " " + text

        heads = [head(3, 0), head(7, 1), head(8, 2)]
    (HERE / "leaves").write_text("".join(leaf + "\n" for leaf in leaves))
    (HERE / "heads").write_text("".join(line + "\n" for line in heads))
    for name, index in (("log-genesis.json", 1), ("log-seal.json", 3)):
        proof = {"head": heads[2], "index": index, "leaf": leaves[index], "path": [h.hex() for h in path(index, raw)], "size": 8}
        (HERE / name).write_text(compact(proof))
    (HERE / "consistency.json").write_text(compact({"first": heads[0], "path": [h.hex() for h in subproof(3, raw, True)], "second": heads[2]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
