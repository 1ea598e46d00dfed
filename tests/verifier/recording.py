"""A recording's directory."""

import re
import stat
from pathlib import Path

from tests.verifier.certificates import Signer, unix_time_of
from tests.verifier.chain import Chain, check_chain
from tests.verifier.encrypted import plain_bytes
from tests.verifier.file_claims import Claims
from tests.verifier.findings import BROKEN, INCOMPLETE, UNTRUSTED, Report
from tests.verifier.signed_lines import Malformed
from tests.verifier.stamps import check_stamp
from tests.verifier.tombstone import check_remains, check_tombstone

STAMP = re.compile(r"ts-(0|[1-9][0-9]*)\.tsr")


def plain_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def read_plain(path: Path) -> bytes:
    return path.read_bytes() if plain_file(path) else b""


def read_signer(data: bytes, report: Report) -> Signer | None:
    try:
        signer = Signer(data)
    except Malformed as error:
        report.add(BROKEN, f"certificate.pem: {error}: no signature can be checked")
        return None
    report.facts["signer"] = signer.subject
    return signer


def check_trust(signer: Signer | None, chain: Chain, trusted: list[Path], stamp_times: list[int], report: Report) -> None:
    """Rule 6: at the earliest trusted stamp's time, otherwise at the genesis's word."""
    if not trusted or signer is None or chain.genesis is None:
        return
    why = signer.leads_to(trusted, min(stamp_times, default=unix_time_of(chain.genesis["utc"])))
    if why:
        report.add(UNTRUSTED, f"the certificate of {signer.subject} does not lead to a trusted one: {why}")


def check_stamps(stamps: dict[str, bytes], chain: Chain, trusted: list[Path], report: Report) -> list[int]:
    """Times of the trusted ones."""
    times = []
    for name, data in sorted(stamps.items()):
        entry = chain.json_of(int(STAMP.fullmatch(name)[1]))
        if entry is None:
            report.add(BROKEN, f"{name} stamps an entry that is not there")
            continue
        times += check_stamp(name, data, entry, trusted, report)
    return times


def forms(name: str, is_final: bool) -> list[str]:
    """How a file may lie on the disk."""
    return [name, name + ".enc"] + ([] if is_final else [name + ".part", name + ".enc.part"])


def check_encrypted(path: Path, name: str, claims: Claims, report: Report) -> None:
    """Without the archive key only the length can be compared."""
    try:
        total = plain_bytes(path, path.name.endswith(".part"))
    except Malformed as error:
        report.add(BROKEN, f"{path.name}: {error}")
        return
    if name not in claims.final:
        return
    file, entry = claims.final[name]
    if total != file["bytes"] + file.get("tail_bytes", 0):
        claims.broken(f"{name} has {total} plain bytes, it was signed with {file['bytes']}", entry)


def check_files(folder: Path, here: set[str], claims: Claims, report: Report) -> set[str]:
    """Returns the names that no entry accounts for."""
    encrypted, left = False, set(here)
    sealed_keys = {name for name in claims.names() if name.startswith("key-")}
    shredded = sealed_keys and not sealed_keys & here
    for name in sorted(claims.names()):
        found = [form for form in forms(name, name in claims.final) if form in here]
        left -= set(found[:1])
        if name in sealed_keys and shredded:
            continue
        if not found or not plain_file(folder / found[0]):
            claims.missing(name)
        elif ".enc" in found[0]:
            encrypted = True
            check_encrypted(folder / found[0], name, claims, report)
        else:
            with open(folder / found[0], "rb") as stream:
                claims.check(name, stream)
    if shredded:
        report.add(INCOMPLETE, "contents shredded: every sealed key is gone, nobody can read them any more")
    elif encrypted:
        report.add(INCOMPLETE, "contents are encrypted and were not checked")
    return left


def check_recording(folder: Path, trusted: list[Path], report: Report) -> None:
    signer = read_signer(read_plain(folder / "certificate.pem"), report)
    chain = check_chain(read_plain(folder / "chain"), signer, report)
    claims = Claims(chain, report)
    here = {path.name for path in folder.iterdir()}
    stamps = {name for name in here if STAMP.fullmatch(name) and plain_file(folder / name)}
    lawful = plain_file(folder / "tombstone") and check_tombstone((folder / "tombstone").read_bytes(), chain, trusted, report)
    if lawful:
        with open(folder / "certificate.pem", "rb") as stream:
            claims.check("certificate.pem", stream)
        check_remains(here - stamps - {"chain", "certificate.pem", "tombstone"}, report)
    else:
        for name in sorted(check_files(folder, here, claims, report) - stamps - {"chain", "tombstone"}):
            if chain.seal is not None:
                report.add(BROKEN, f"{name} lies in the recording, but no entry of the chain names it")
            else:
                report.add(INCOMPLETE, f"{name} lies in the recording, but no entry of the chain names it yet")
    times = check_stamps({name: (folder / name).read_bytes() for name in stamps}, chain, trusted, report)
    check_trust(signer, chain, trusted, times, report)
