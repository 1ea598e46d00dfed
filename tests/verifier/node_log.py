"""The node's log: a Merkle tree as in RFC 6962 section 2.1, its signed heads, and proofs of inclusion."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests.verifier.certificates import Signer, all_signers, unix_time_of
from tests.verifier.findings import BROKEN, INCOMPLETE, NOTE, UNTRUSTED, Report, Unjudged
from tests.verifier.revocation import judge_revocation
from tests.verifier.signed_lines import HEX, Malformed, SignedLine, need, parse_json, parse_line

VERSION = 1
PROOF_MAX_BYTES = 65536
LINE_MAX_BYTES = 4096  # of leaves and heads
KINDS = {"genesis": {"session": "text", "sha256": "hex"}, "seal": {"session": "text", "sha256": "hex"}, "audit": {"id": "number", "sha256": "hex"},
         "deletion": {"session": "text", "sha256": "hex"}, "export": {"session": "text", "sha256": "hex"}}
ONCE = ("genesis", "seal", "audit")  # of a recording, or of a record


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows by a leaf at a time and knows its root at every size: the whole subtrees to the left, largest first."""

    def __init__(self):
        self.size, self.subtrees = 0, []

    def add(self, leaf: bytes) -> None:
        digest, size = leaf_hash(leaf), self.size
        while size & 1:
            digest, size = node_hash(self.subtrees.pop(), digest), size >> 1
        self.subtrees.append(digest)
        self.size += 1

    def root(self) -> str:
        if not self.subtrees:
            return hashlib.sha256().hexdigest()
        digest = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            digest = node_hash(left, digest)
        return digest.hex()


def root_by_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> str | None:
    """RFC 9162 section 2.1.3.2, which says how RFC 6962's audit path is followed; None when the path has not the right length."""
    digest, position, last = leaf_hash(leaf), index, size - 1
    for neighbour in path:
        if last == 0:
            return None
        if position & 1 or position == last:
            digest = node_hash(neighbour, digest)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            digest = node_hash(digest, neighbour)
        position, last = position >> 1, last >> 1
    return digest.hex() if last == 0 else None


def parse_head(data: bytes) -> SignedLine:
    if len(data) > LINE_MAX_BYTES:
        raise Malformed("the line is too long")
    line = parse_line(data)
    need(line.value, version="number")
    if line.value["version"] != VERSION:
        raise Unjudged(f"a tree head has version {line.value['version']}, this verifier knows {VERSION}")
    need(line.value, node="text", root="hex", size="number", utc="utc")
    return line


def parse_leaf(data: bytes, index: int) -> dict:
    if len(data) > LINE_MAX_BYTES:
        raise Malformed("the line is too long")
    leaf = parse_json(data)
    need(leaf, kind="text", index="number", utc="utc", node="text")
    if leaf["kind"] not in KINDS:
        raise Malformed(f"there is no kind of leaf called {leaf['kind']!r}")
    need(leaf, **KINDS[leaf["kind"]])
    if leaf["index"] != index:
        raise Malformed(f"it has index {leaf['index']}")
    return leaf


def signers_of(head: SignedLine, signers: list[Signer]) -> list[Signer]:
    """Under whose certificates it holds: more than one when a key was certified anew."""
    return [signer for signer in signers if signer.signed(head.signature, head.json_bytes)]


def read_heads(data: bytes, signers: list[Signer], report: Report, what: str) -> list[SignedLine]:
    """Those that hold under one of the signers."""
    heads, size = [], 0
    lines = data.split(b"\n")
    if lines.pop():
        report.add(INCOMPLETE, f"{what} is cut in the middle of line {len(lines) + 1}")
    for number, text in enumerate(lines, 1):
        try:
            head = parse_head(text)
        except Malformed as error:
            report.add(BROKEN, f"line {number} of {what} is not a tree head: {error}")
            continue
        if not signers_of(head, signers):
            report.add(BROKEN, f"the signature of the tree head in line {number} of {what} does not hold")
            continue
        if head.value["size"] < size:
            report.add(BROKEN, f"the tree head in line {number} of {what} covers less than the one before")
        size = head.value["size"]
        heads.append(head)
    return heads


def check_leaf(text: bytes, index: int, nodes: set, met: set, report: Report) -> None:
    try:
        leaf = parse_leaf(text, index)
    except Malformed as error:
        report.add(BROKEN, f"leaf {index} is not one: {error}")
        return
    nodes.add(leaf["node"])
    once = (leaf["kind"], leaf.get("id", leaf.get("session"))) if leaf["kind"] in ONCE else None
    if once in met:
        report.add(BROKEN, f"leaf {index} enters audit record {once[1]} a second time" if once[0] == "audit" else f"leaf {index} is a second {once[0]} of recording {once[1]}")
    met.update({once} - {None})


def check_leaves(data: bytes, heads: list[SignedLine], report: Report) -> set:
    """Reads every leaf once and compares the roots on the way. Returns the nodes that leaves and heads name."""
    by_size: dict[int, list] = {}
    for head in heads:
        by_size.setdefault(head.value["size"], []).append(head)
    tree, nodes, met = Tree(), {head.value["node"] for head in heads}, set()
    lines = data.split(b"\n")
    if lines.pop():
        report.add(INCOMPLETE, f"the log is cut in the middle of leaf {len(lines)}")
    for index in range(len(lines) + 1):
        for head in by_size.pop(index, []):
            if head.value["root"] != tree.root():
                report.add(BROKEN, f"the first {index} leaves are not those of the tree head of {head.value['utc']}: leaves were changed, removed or backdated")
        if index < len(lines):
            check_leaf(lines[index], index, nodes, met, report)
            tree.add(lines[index])
    for size, missing in by_size.items():
        report.add(BROKEN, f"the tree head of {missing[0].value['utc']} covers {size} leaves, the log has {len(lines)}: its end was removed")
    report.facts.update(leaves=len(lines), root=tree.root())
    return nodes


def read_optional(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def check_log(folder: Path, trusted: list[Path], published: list[bytes], report: Report, lists: list = ()) -> None:
    signers = all_signers(read_optional(folder / "certificate.pem"))
    if not signers:
        report.add(BROKEN, "certificate.pem holds no certificate: no signature can be checked")
    heads = read_heads(read_optional(folder / "heads"), signers, report, "heads")
    known = [head for text in published for head in read_heads(text.rstrip(b"\n") + b"\n", signers, report, "a published head")]
    nodes = check_leaves((folder / "leaves").read_bytes(), heads + known, report)
    if len(nodes) > 1:
        report.add(BROKEN, f"the log is of more than one node: {', '.join(sorted(nodes))}")
    if not heads:
        report.add(INCOMPLETE, "the log has no head: nothing in it is signed")
    covered = max((head.value["size"] for head in heads), default=0)
    if heads and covered < report.facts["leaves"]:
        report.add(INCOMPLETE, f"{report.facts['leaves'] - covered} leaves behind the last tree head are not signed yet")
    if heads:
        check_trust(heads + known, heads[-1], signers, Whom(trusted, lists), report)


@dataclass
class Whom:
    trusted: list[Path]
    lists: list = ()


def check_trust(heads: list[SignedLine], newest: SignedLine, signers: list[Signer], whom: Whom, report: Report) -> None:
    """Each certificate that heads hold under, as of the earliest and the latest of them."""
    last = signers_of(newest, signers)[0]
    report.facts["log_signer"] = last.subject
    ends: dict[bytes, tuple] = {}
    for head in sorted(heads, key=lambda head: head.value["utc"]):
        first = signers_of(head, signers)[0].text
        ends[first] = (ends.get(first, (head,))[0], head)
    for text, (earliest, latest) in ends.items():
        if check_head_trust(earliest, signers, whom, report, covered=text != last.text) and latest is not earliest:
            check_head_trust(latest, signers, whom, report, covered=text != last.text)


def check_head_trust(head: SignedLine, signers: list[Signer], whom: Whom, report: Report, stamped: int | None = None, covered: bool = False) -> bool:
    """`stamped`: a trusted stamp shows that the head existed then; `covered`: a newer head under another key covers what this one does, so that a revocation takes nothing away. True:
    nothing was told."""
    if not whom.trusted:
        return True
    holders, when = signers_of(head, signers), unix_time_of(head.value["utc"])
    whose = f"the log's certificate, {holders[0].subject}"
    leading = [holder for holder in holders if not holder.leads_to(whom.trusted, when)]
    if not leading:
        report.add(UNTRUSTED, f"{whose}, does not lead to a trusted one: {holders[0].leads_to(whom.trusted, when)}")
        return False
    found = [judge_revocation(holder, whom.trusted, whom.lists, stamped) for holder in leading] if whom.lists else [None]
    told = next((item for item in found if item is None or item[0] != UNTRUSTED), found[0])
    if told is None:
        return True
    if told[0] == UNTRUSTED and covered:
        told = NOTE, f"{told[1]}; a newer head, under another certificate, covers what it signed"
    report.add(told[0], f"{whose}: {told[1]}")
    return False


def parse_proof(data: bytes) -> tuple[dict, SignedLine, dict]:
    proof = parse_json(data)
    need(proof, head="text", index="number", leaf="text", path="list", size="number")
    if not all(isinstance(item, str) and HEX.fullmatch(item) for item in proof["path"]):
        raise Malformed("its path is not a list of hashes")
    return proof, parse_head(proof["head"].encode()), parse_leaf(proof["leaf"].encode(), proof["index"])


def why_proof_fails(data: bytes, signers: list[Signer], kind: str, session: str, sha256: str | None) -> tuple[str, SignedLine | None]:
    """What is wrong with a proof that the log holds this entry (empty: nothing), and the head it leads to."""
    try:
        proof, head, leaf = parse_proof(data)
    except Malformed as error:
        return str(error), None
    if not signers_of(head, signers):
        return "the signature of its tree head does not hold", None
    if proof["size"] != head.value["size"] or proof["index"] >= proof["size"]:
        return "its size is not that of its tree head", None
    if root_by_path(proof["leaf"].encode(), proof["index"], proof["size"], [bytes.fromhex(item) for item in proof["path"]]) != head.value["root"]:
        return "leaf and path do not lead to the tree head", None
    if (leaf["node"], leaf["kind"], leaf.get("session"), leaf.get("sha256")) != (head.value["node"], kind, session, sha256):
        return "it speaks of something else", None
    return "", head


def consistent(first: int, first_root: str, second: int, second_root: str, path: list[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2, which says how RFC 6962's consistency proof is followed."""
    if first == second:
        return not path and first_root == second_root
    if first == 0 or first > second:
        return first == 0 and not path and first_root == Tree().root()
    nodes = list(path) if first & (first - 1) else [bytes.fromhex(first_root), *path]
    if not nodes:
        return False
    position, last, old, new = first - 1, second - 1, nodes[0], nodes[0]
    while position & 1:
        position, last = position >> 1, last >> 1
    for node in nodes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, node)
        position, last = position >> 1, last >> 1
    return last == 0 and (old.hex(), new.hex()) == (first_root, second_root)


def check_consistency(path: Path, trusted: list[Path], report: Report, lists: list = ()) -> None:
    """A proof of consistency as a file, the log's certificates beside it."""
    signers = all_signers(read_optional(path.with_name("log-certificate.pem")))
    try:
        proof = parse_json(path.read_bytes())
        need(proof, first="text", path="list", second="text")
        if not all(isinstance(item, str) and HEX.fullmatch(item) for item in proof["path"]):
            raise Malformed("its path is not a list of hashes")
        first, second = (parse_head(proof[key].encode()) for key in ("first", "second"))
    except Malformed as error:
        report.add(BROKEN, f"it is no proof of consistency: {error}")
        return
    old, new = first.value, second.value
    if not signers_of(first, signers) or not signers_of(second, signers):
        report.add(BROKEN, "the signature of a head does not hold under the certificates in log-certificate.pem")
    elif old["node"] != new["node"]:
        report.add(BROKEN, "the heads are of two nodes")
    elif not consistent(old["size"], old["root"], new["size"], new["root"], [bytes.fromhex(item) for item in proof["path"]]):
        report.add(BROKEN, "the second head's log does not begin with the first head's")
    else:
        report.facts.update(first=old["size"], second=new["size"], root=new["root"])
        check_trust([first, second], second, signers, Whom(trusted, lists), report)
