"""An evidence file: the four rules of "The evidence file"."""

import hashlib
import re
from pathlib import Path

from tests.verifier.box import find_box, read_archive, video_trouble
from tests.verifier.certificates import all_signers
from tests.verifier.chain import Chain, check_chain
from tests.verifier.file_claims import CHUNK_BYTES
from tests.verifier.findings import BROKEN, INCOMPLETE, NOTE, Report
from tests.verifier.manifest import check_signature, parse_manifest
from tests.verifier.node_log import Whom, check_head_trust, why_proof_fails
from tests.verifier.recording import STAMP, check_stamps, check_trust, note_stamped, read_signer
from tests.verifier.signed_lines import Malformed
from tests.verifier.stamps import check_stamp

REQUIRED = ("chain", "certificate.pem", "README.txt")
OUTSIDE_MANIFEST = ("manifest.json", "manifest.cms", "manifest.tsr")
SEGMENT_FILE = re.compile(r"seg-([0-9]{5,})\.[a-z0-9.-]+")
OMISSIBLE = re.compile(r"seg-[0-9]{5,}\.(?!mp4$)[a-z0-9.-]+")  # timelines, sealed keystrokes
PROOFS = {"log-genesis.json": "genesis", "log-seal.json": "seal"}


class Evidence:
    """The file, opened: archive entries and manifest."""

    def __init__(self, path: Path):
        self.path = path
        self.video_bytes, self.end = find_box(path)
        self.entries = read_archive(path, self.video_bytes, self.end)
        if list(self.entries)[:2] != ["manifest.json", "manifest.cms"]:
            raise Malformed("the archive does not begin with manifest.json and manifest.cms")
        self.manifest = parse_manifest(self.read("manifest.json"))

    def read(self, name: str) -> bytes:
        entry = self.entries[name]
        with open(self.path, "rb") as stream:
            stream.seek(entry.offset)
            return stream.read(entry.size)

    def sha256(self, offset: int, size: int) -> str:
        digest = hashlib.sha256()
        with open(self.path, "rb") as stream:
            stream.seek(offset)
            while size > 0 and (chunk := stream.read(min(CHUNK_BYTES, size))):
                digest.update(chunk)
                size -= len(chunk)
        return digest.hexdigest()


def where_of(chain: Chain, name: str) -> tuple:
    """Segment and span of a segment's own file."""
    found = [s for s in chain.segments if name.startswith("seg-") and any(file["name"] == name for file in s["files"])]
    return (found[0]["number"], found[0]["start_us"], found[0]["end_us"]) if found else ()


def check_listed(evidence: Evidence, chain: Chain, report: Report) -> None:
    """Rule 2: what the manifest says of its archive and its video."""
    manifest, listed = evidence.manifest, {}
    for file in manifest["files"]:
        if file["name"] in listed:
            report.add(BROKEN, f"the manifest lists {file['name']} twice")
        listed[file["name"]] = file
    here = [name for name in evidence.entries if name not in OUTSIDE_MANIFEST]
    for name in here:
        if name not in listed:
            report.add(BROKEN, f"{name} is in the file, but not in the manifest")
    for name, file in listed.items():
        entry = evidence.entries.get(name)
        if entry is None:
            report.add(BROKEN, f"{name} is in the manifest, but not in the file", *where_of(chain, name))
        elif (entry.size, evidence.sha256(entry.offset, entry.size)) != (file["bytes"], file["sha256"]):
            report.add(BROKEN, f"{name} is not what was signed: its hash differs", *where_of(chain, name))
    for name in REQUIRED:
        if name not in evidence.entries:
            report.add(BROKEN, f"{name} is missing")
    if (manifest["video_bytes"], manifest["video_sha256"]) != (evidence.video_bytes, evidence.sha256(0, evidence.video_bytes)):
        report.add(BROKEN, "the video is not what was signed: its length or hash differs")


def exported_segments(evidence: Evidence, chain: Chain, report: Report) -> list[dict]:
    """Segments whose own files are parts, in the archive or said to be left out; consecutive, or it is broken."""
    manifest = evidence.manifest
    named = [item["name"] for key in ("parts", "files", "left_out") for item in manifest[key]]
    numbers = sorted({int(found[1]) for name in named if (found := SEGMENT_FILE.fullmatch(name))})
    segments = [s for s in chain.segments if s["number"] in numbers]
    if [s["number"] for s in segments] != numbers or (numbers and numbers != list(range(numbers[0], numbers[-1] + 1))):
        report.add(BROKEN, "the segments in the file are not consecutive segments of the recording")
    return segments


def check_parts(evidence: Evidence, segments: list[dict], report: Report) -> None:
    """Rule 3 for the video: the init segment of the first pictures, then every video, in order, without holes."""
    due, offset = [], 0
    for segment in segments:
        files = {file["name"]: file for file in segment["files"]}
        if segment["frames"]:
            init = [file for name, file in files.items() if name.startswith("init-")] if not due else []
            due += [(file, segment) for file in init + [file for name, file in files.items() if re.fullmatch(r"seg-\d+\.mp4", name)]]
    parts = evidence.manifest["parts"]
    if [part["name"] for part in parts] != [file["name"] for file, _ in due]:
        report.add(BROKEN, "the parts of the video are not the files of its segments, in their order")
        return
    for part, (file, segment) in zip(parts, due):
        where = (segment["number"], segment["start_us"], segment["end_us"])
        if part["offset"] != offset:
            report.add(BROKEN, f"{part['name']} does not lie where the part before it ends", *where)
        if (part["bytes"], part["sha256"]) != (file["bytes"], file["sha256"]):
            report.add(BROKEN, f"{part['name']} is not the file of the chain", *where)
        if evidence.sha256(part["offset"], part["bytes"]) != part["sha256"]:
            report.add(BROKEN, f"{part['name']} is not what was signed: its hash differs", *where)
        offset += part["bytes"]
    if offset != evidence.manifest["video_bytes"]:
        report.add(BROKEN, "the parts do not fill the video")


def check_files(evidence: Evidence, segments: list[dict], derived: bool, report: Report) -> None:
    """Rule 3 for the rest: every file of the segments is here or said to be left out, as the chain has it. In a derived file the recorded pictures must be left out, too."""
    manifest = evidence.manifest
    listed = {file["name"]: file for file in manifest["files"]}
    here = set(listed) | {part["name"] for part in manifest["parts"]}
    left_out = {item["name"] for item in manifest["left_out"]}
    due = {file["name"]: (file, segment) for segment in segments for file in segment["files"]}
    for name, (file, segment) in due.items():
        where = (segment["number"], segment["start_us"], segment["end_us"])
        if name in listed and (listed[name]["bytes"], listed[name]["sha256"]) != (file["bytes"], file["sha256"]):
            report.add(BROKEN, f"{name} is not the file of the chain", *where)
        if name not in here | left_out:
            report.add(BROKEN, f"{name} is missing, and not said to be left out", *where)
        if file.get("tail_bytes"):
            report.add(INCOMPLETE, f"the last {file['tail_bytes']} bytes of {name} are not signed, and not in the file", *where)
    for name in sorted(here | left_out):
        if re.match(r"(seg|init)-", name) and name not in due:
            report.add(BROKEN, f"{name} is no file of the segments in the file")
    for item in manifest["left_out"]:
        if derived:
            continue  # that is what derived means; one note says it
        if not OMISSIBLE.fullmatch(item["name"]):
            report.add(BROKEN, f"{item['name']} may not be left out")
        report.add(NOTE, f"{item['name']} was left out: {item['reason']}")


def check_claims(evidence: Evidence, chain: Chain, segments: list[dict], report: Report) -> None:
    """What the manifest says about the recording."""
    manifest = evidence.manifest
    genesis = chain.genesis or {}
    span = {"start_us": segments[0]["start_us"], "end_us": segments[-1]["end_us"]} if segments else {"start_us": 0, "end_us": 0}
    true = {"session": genesis.get("session"), "span": span, "whole": chain.seal is not None and len(segments) == len(chain.segments),
            "chain": {"entries": chain.n_lines, "head": chain.head, "sealed": chain.seal is not None}}
    for key, value in true.items():
        said = manifest[key]
        if isinstance(value, dict):
            said = {name: said.get(name) for name in value}
        if said != value:
            report.add(BROKEN, f"the manifest's \"{key}\" is not that of the chain")
    if chain.seal is not None and not true["whole"]:
        missing = [str(s["number"]) for s in chain.segments if s not in segments]
        report.add(NOTE, f"not in the file: segments {', '.join(missing)} of the recording")


def check_proofs(evidence: Evidence, chain: Chain, whom: Whom, stamped: int | None, report: Report) -> None:
    """The manifest names the proofs, so they existed when its signature was stamped."""
    found = [name for name in PROOFS if name in evidence.entries]
    if not found:
        report.add(NOTE, "the file holds no proof that a node's log knows the recording")
        return
    signers = all_signers(evidence.read("log-certificate.pem") if "log-certificate.pem" in evidence.entries else b"")
    if not signers:
        report.add(BROKEN, "log-certificate.pem is missing or no certificate: the proofs cannot be checked")
        return
    for name in found:
        entry = chain.genesis if PROOFS[name] == "genesis" else chain.seal
        sha256 = chain.sha256_of(entry["seq"]) if entry else None
        why, head = why_proof_fails(evidence.read(name), signers, PROOFS[name], (chain.genesis or {}).get("session"), sha256)
        if why:
            report.add(BROKEN, f"the proof {name} does not hold: {why}")
            continue
        report.facts.setdefault("logged", []).append({"entry": PROOFS[name], **{key: head.value[key] for key in ("root", "size", "utc")}})
        check_head_trust(head, signers, whom, report, stamped)


def check_evidence(path: Path, trusted: list[Path], report: Report, lists: list = ()) -> None:
    try:
        evidence = Evidence(path)
    except Malformed as error:
        report.add(BROKEN, str(error))
        return
    manifest = evidence.manifest
    derived = manifest["kind"] == "derived"
    trouble = video_trouble(path, evidence.video_bytes)
    if trouble:
        report.add(BROKEN, trouble)
    report.facts.update({key: manifest[key] for key in ("kind", "created", "created_by", "purpose", "span", "operations", "source_sha256") if key in manifest})
    cms = evidence.read("manifest.cms")
    stamped = check_stamp("manifest.tsr", evidence.read("manifest.tsr"), cms, trusted, report) if "manifest.tsr" in evidence.entries else []
    check_signature(evidence.read("manifest.json"), cms, stamped, trusted, report, lists)
    signer = read_signer(evidence.read("certificate.pem") if "certificate.pem" in evidence.entries else b"", report)
    chain = check_chain(evidence.read("chain") if "chain" in evidence.entries else b"", signer, report)
    check_listed(evidence, chain, report)
    stamps = {name: evidence.read(name) for name in evidence.entries if STAMP.fullmatch(name)}
    check_trust(signer, chain, trusted, check_stamps(stamps, chain, trusted, report), report, lists)
    note_stamped(report.facts["proven_time"], "begun_before_utc_us", stamped)
    note_stamped(report.facts["proven_time"], "ended_before_utc_us", stamped if chain.seal else [])
    certificate = next((file for file in (chain.genesis or {}).get("files", []) if file["name"] == "certificate.pem"), None)
    if certificate and "certificate.pem" in evidence.entries and hashlib.sha256(evidence.read("certificate.pem")).hexdigest() != certificate["sha256"]:
        report.add(BROKEN, "certificate.pem is not the one the genesis names")
    segments = exported_segments(evidence, chain, report)
    if derived:
        report.add(NOTE, f"derived: the video is not the recorded one; made from {manifest['source_sha256']}")
    else:
        check_parts(evidence, segments, report)
    check_claims(evidence, chain, segments, report)
    check_files(evidence, segments, derived, report)
    check_proofs(evidence, chain, Whom(trusted, lists), min(stamped, default=None), report)
