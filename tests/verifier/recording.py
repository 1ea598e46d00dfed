"""A recording's directory."""

import re
import stat
from pathlib import Path

from tests.verifier.certificates import Signer, unix_time_of
from tests.verifier.chain import Chain, check_chain
from tests.verifier.encrypted import DataKeys, PlainStream, Records
from tests.verifier.file_claims import Claims
from tests.verifier.findings import BROKEN, INCOMPLETE, UNTRUSTED, Report
from tests.verifier.revocation import judge_revocation
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


def check_trust(signer: Signer | None, chain: Chain, trusted: list[Path], stamp_times: dict[int, int], report: Report, lists: list = ()) -> None:
    """Rule 6: at the earliest trusted stamp's time, otherwise at the genesis's word."""
    proven = report.facts["proven_time"] = {"begun_after_utc_us": None, "begun_before_utc_us": None, "ended_before_utc_us": None}
    note_stamped(proven, "begun_before_utc_us", list(stamp_times.values()))
    note_stamped(proven, "ended_before_utc_us", [stamp_times[chain.seal["seq"]]] if chain.seal and chain.seal["seq"] in stamp_times else [])
    if not trusted or signer is None or chain.genesis is None:
        return
    why = signer.leads_to(trusted, min(stamp_times.values(), default=unix_time_of(chain.genesis["utc"])))
    if why:
        report.add(UNTRUSTED, f"the certificate of {signer.subject} does not lead to a trusted one: {why}")
    elif not lists or tell_revocation(signer, trusted, lists, stamp_times.get(chain.entries[-1][1]["seq"]), report):
        proven["begun_after_utc_us"] = signer.valid_from() * 1000000


def note_stamped(proven: dict, key: str, times: list[int]) -> None:
    """The earliest time, in seconds, at which somebody else said that it was there."""
    known = [time * 1000000 for time in times] + [proven[key]] * (proven[key] is not None)
    proven[key] = min(known, default=None)


def tell_revocation(signer: Signer, trusted: list[Path], lists: list, stamped: int | None, report: Report) -> bool:
    """True: it may still be believed."""
    found = judge_revocation(signer, trusted, lists, stamped)
    if found:
        report.add(found[0], f"the certificate of {signer.subject}: {found[1]}")
    return found is None or found[0] != UNTRUSTED


def check_stamps(stamps: dict[str, bytes], chain: Chain, trusted: list[Path], report: Report) -> dict[int, int]:
    """Times of the trusted ones, by the entry they stamp."""
    times = {}
    for name, data in sorted(stamps.items()):
        seq = int(STAMP.fullmatch(name)[1])
        entry = chain.json_of(seq)
        if entry is None:
            report.add(BROKEN, f"{name} stamps an entry that is not there")
            continue
        times.update((seq, time) for time in check_stamp(name, data, entry, trusted, report))
    return times


def forms(name: str, is_final: bool) -> list[str]:
    """How a file may lie on the disk."""
    return [name, name + ".enc"] + ([] if is_final else [name + ".part", name + ".enc.part"])


class Contents:
    """How the files of a directory are read, with the archive key or without."""

    def __init__(self, folder: Path, here: set[str], chain: Chain, keys: DataKeys):
        self.folder, self.here, self.keys = folder, here, keys
        self.session = (chain.genesis or {}).get("session")
        self.opened: dict[int, bytes | None] = {}
        self.n_unread = 0

    def data_key(self, number: int) -> bytes | None:
        if number not in self.opened:
            sealed = self.folder / f"key-{number:03}.cms"
            self.opened[number] = self.keys.open(sealed) if plain_file(sealed) else None
        return self.opened[number]

    def check_encrypted(self, disk_name: str, name: str, claims: Claims) -> None:
        try:
            records = Records(self.folder / disk_name, name, disk_name.endswith(".part"), self.session)
            key = self.data_key(records.key_number) if records.header else b""
            if key is not None:
                claims.check(name, PlainStream(records.plain(key)))
            else:
                self.n_unread += 1
                claims.check_length(name, records.plain_bytes())
        except Malformed as error:
            claims.broken(f"{disk_name}: {error}", claims.entry_of(name))

    def check(self, disk_name: str, name: str, claims: Claims) -> None:
        if ".enc" in disk_name:
            self.check_encrypted(disk_name, name, claims)
            return
        with open(self.folder / disk_name, "rb") as stream:
            claims.check(name, stream)


def check_files(contents: Contents, claims: Claims, report: Report) -> set[str]:
    """Returns the names that no entry accounts for."""
    here, left = contents.here, set(contents.here)
    sealed_keys = {name for name in claims.names() if re.fullmatch(r"key-.*\.cms", name)}
    shredded = sealed_keys and not sealed_keys & here
    for name in sorted(claims.names()):
        found = [form for form in forms(name, name in claims.final) if form in here]
        left -= set(found[:1])
        if name in sealed_keys and shredded:
            continue
        if not found or not plain_file(contents.folder / found[0]):
            claims.missing(name)
        else:
            contents.check(found[0], name, claims)
    if shredded:
        report.add(INCOMPLETE, "contents shredded: every sealed key is gone, nobody can read them any more")
    elif contents.n_unread:
        report.add(INCOMPLETE, f"the contents of {contents.n_unread} files are encrypted and were not checked")
    return left


def check_recording(folder: Path, trusted: list[Path], report: Report, lists: list = (), keys: DataKeys = DataKeys([])) -> None:
    signer = read_signer(read_plain(folder / "certificate.pem"), report)
    chain = check_chain(read_plain(folder / "chain"), signer, report)
    claims = Claims(chain, report)
    here = {path.name for path in folder.iterdir()}
    stamps = {name for name in here if STAMP.fullmatch(name) and plain_file(folder / name)}
    lawful = plain_file(folder / "tombstone") and check_tombstone((folder / "tombstone").read_bytes(), chain, trusted, report, lists)
    if lawful:
        with open(folder / "certificate.pem", "rb") as stream:
            claims.check("certificate.pem", stream)
        check_remains(here - stamps - {"chain", "certificate.pem", "tombstone"}, report)
    else:
        for name in sorted(check_files(Contents(folder, here, chain, keys), claims, report) - stamps - {"chain", "tombstone"}):
            if chain.seal is not None:
                report.add(BROKEN, f"{name} lies in the recording, but no entry of the chain names it")
            else:
                report.add(INCOMPLETE, f"{name} lies in the recording, but no entry of the chain names it yet")
    times = check_stamps({name: (folder / name).read_bytes() for name in stamps}, chain, trusted, report)
    check_trust(signer, chain, trusted, times, report, lists)
