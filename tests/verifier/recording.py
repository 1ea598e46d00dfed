"""A recording's directory."""

import re
import stat
from pathlib import Path

from tests.verifier.certificates import Signer, unix_time_of
from tests.verifier.chain import Chain, check_chain
from tests.verifier.file_claims import Claims
from tests.verifier.findings import BROKEN, INCOMPLETE, UNTRUSTED, Report
from tests.verifier.signed_lines import Malformed
from tests.verifier.stamps import check_stamp

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


def check_recording(folder: Path, trusted: list[Path], report: Report) -> None:
    signer = read_signer(read_plain(folder / "certificate.pem"), report)
    chain = check_chain(read_plain(folder / "chain"), signer, report)
    claims = Claims(chain, report)
    here = {path.name for path in folder.iterdir()}
    for name in sorted(claims.names()):
        found = [n for n in (name, name + ".part") if n in here and (n == name or name not in claims.final)]
        here -= set(found)
        if not found or not plain_file(folder / found[0]):
            claims.missing(name)
            continue
        with open(folder / found[0], "rb") as stream:
            claims.check(name, stream)
    stamps = {name for name in here if STAMP.fullmatch(name) and plain_file(folder / name)}
    for name in sorted(here - stamps - {"chain"}):
        if chain.seal is not None:
            report.add(BROKEN, f"{name} lies in the recording, but no entry of the chain names it")
        else:
            report.add(INCOMPLETE, f"{name} lies in the recording, but no entry of the chain names it yet")
    times = check_stamps({name: (folder / name).read_bytes() for name in stamps}, chain, trusted, report)
    check_trust(signer, chain, trusted, times, report)
